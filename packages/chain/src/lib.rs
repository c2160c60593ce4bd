//! The suite on a real chain: a client that signs by itself, and what is built on it.
//!
//! ```no_run
//! use firebreak_chain::{message, ChainError, Client, Gas, Network, Signer};
//!
//! fn sweep(network: Network, phrase: &str, vault: &str) -> Result<u64, ChainError> {
//!     let mut client = Client::connect(network)?;
//!     let signer = Signer::from_phrase(phrase, 0, client.network())?;
//!     let msg = firebreak_messages::derivatives_vault::ExecuteMsg::SweepFees {};
//!     let tx = client.send(&signer, &[message::execute(signer.address(), vault, &msg, &[])?], Gas::Simulated)?;
//!     Ok(tx.gas_used)
//! }
//! ```

mod client;
pub mod deploy;
mod error;
pub mod gas;
pub mod keeper;
pub mod localnet;
pub mod message;
mod network;
pub mod playbooks;
pub mod proposal;
mod signer;
mod tx;

pub use client::{Block, Client, Gas};
pub use error::ChainError;
pub use localnet::Localnet;
pub use network::Network;
pub use signer::Signer;
pub use tx::Tx;
