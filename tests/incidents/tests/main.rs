//! One file for each incident; its header says what happened, where that is told, and what "unprotected" stands for.

mod dango_2026_04_13_negative_donation;
mod deleveraging_2025_10_10_crash;
mod dydx_2023_11_17_crowd_of_wallets;
mod gmx_2025_07_09_reentry_and_pool_value;
mod hyperliquid_2025_03_12_whale_withdraws_its_margin;
mod hyperliquid_2025_03_26_thin_token_left_to_the_pool;
mod levana_2023_12_stale_prices;
mod mango_2022_10_11_thin_market_pump;
mod mars_2025_12_14_loop_in_one_block;
