//! What actors do, one file per capability.

mod council;
mod drill;
mod governance;
mod insurance;
mod liquidity;
mod observers;
mod playbooks;
mod prices;
mod reads;
mod trading;

pub use observers::{observers, sign_as_observer, Saying};
