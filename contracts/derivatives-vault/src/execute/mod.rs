//! One capability a file. Handlers change the desk and say what to send; the entry point checks and stores.

mod cancel_order;
mod claims;
mod collateral;
mod configure;
mod due;
mod execute_orders;
mod fill;
mod liquidate;
mod liquidity;
mod parked;
mod place_order;
mod report_breach;
mod settle_market;
mod settle_vault;
mod sweep_fees;
mod turn;

pub use cancel_order::{cancel_order, cancel_orders};
pub use claims::{claim_withdrawal, execute_claims};
pub use collateral::{add_collateral, withdraw_collateral};
pub use configure::{configure, configure_market, contest_market, cut_contested, set_market, Opening};
pub use execute_orders::execute_orders;
pub use liquidate::liquidate;
pub use liquidity::{cancel_withdrawal, provide_liquidity, recapitalize, request_withdrawal, value_pool};
pub use parked::{cancel_parked, collect_parked};
pub use place_order::place_orders;
pub use report_breach::{report_breach, solvency};
pub use settle_market::{advance_settlement, schedule_market};
pub use settle_vault::{pay_settlement, schedule_vault, settle_accounts};
pub use sweep_fees::sweep_fees;
