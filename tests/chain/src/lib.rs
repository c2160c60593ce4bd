//! Tests of the suite as wasm on a real chain, and the story that runs there and on the embedded chain alike.
//!
//! - [`story`]: what happens, chapter by chapter, told over the trait [`Chain`]. Each chapter asserts its own facts.
//! - [`Embedded`] and [`Wasmd`]: the two chains. The embedded one is the World of `firebreak-testing`, which checks the
//!   suite's invariants after every step; the other one is a wasmd node of `scripts/localnet` with the built wasm on it.
//! - [`Summary`]: everything that is left at the end, without what must differ (addresses of contracts, code ids, heights).
//!
//! Both run at the same seconds of block time: the node's clock stands still and only [`Chain::advance`] moves it.
//!
//! `cargo test -p firebreak-chain-tests` tells the story on the embedded chain; `tests/chain/run` starts a node and runs the
//! tests that need one (they are `#[ignore]`d).

pub mod actors;
mod chain;
mod codes;
pub mod config;
mod embedded;
mod journal;
mod reads;
pub mod story;
mod summary;
mod wasmd;

pub use chain::{Chain, Message, Refused};
pub use codes::Codes;
pub use embedded::Embedded;
pub use journal::{Journal, Step};
pub use reads::Reads;
pub use summary::Summary;
pub use wasmd::Wasmd;
