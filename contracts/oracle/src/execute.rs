//! One file a capability.

mod configure;
mod fallback;
mod follow;
mod pull;
mod report;
mod signed;

pub use configure::{set_feed, set_feed_as_owner, set_hook};
pub use fallback::{demote, promote};
pub use follow::stand_by;
pub use pull::pull;
pub use report::report;
pub use signed::report_signed;
