//! One file a capability.

mod configure;
mod report;

pub use configure::{set_feed, set_feed_as_owner, set_hook};
pub use report::report;
