//! One file per capability.

mod cover;
mod income;
mod owner;
mod stake;
mod unstake;

pub use cover::{cover, coverable, inject, keep_window};
pub use income::{add_first_loss, receive_fees};
pub use owner::{configure, ensure_owner, register, register_first_vaults, unregister};
pub use stake::stake;
pub use unstake::{cancel, claim, request};
