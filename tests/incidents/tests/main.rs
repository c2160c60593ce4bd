//! One file for each incident; its header says what happened, where that is told, and what "unprotected" stands for.

mod aave_2026_03_10_parameters_apart;
mod balancer_2025_11_03_expired_pause;
mod compound_2020_11_26_one_venue;
mod compound_flags_that_go_both_ways;
mod dango_2026_04_13_negative_donation;
mod deleveraging_2025_10_10_crash;
mod drift_2026_04_01_every_key;
mod dydx_2023_11_17_crowd_of_wallets;
mod euler_2023_03_13_donation;
mod gmx_2025_07_09_reentry_and_pool_value;
mod hyperliquid_2025_03_12_whale_withdraws_its_margin;
mod hyperliquid_2025_03_26_thin_token_left_to_the_pool;
mod kiloex_2025_04_14_forwarder;
mod levana_2023_12_stale_prices;
mod mango_2022_10_11_thin_market_pump;
mod mars_2025_12_14_loop_in_one_block;
mod nomad_2022_08_01_zero_is_trusted;
mod osmosis_queue_of_messages;
mod synthetix_sip_65_wedge;
mod venus_2022_05_12_feed_at_its_floor;
