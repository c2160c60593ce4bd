//! Whether a configuration may cost anybody anything, by comparison with what is configured now.
//!
//! By the texts that the contracts write ([`written`](crate::written)). Whatever reads otherwise (another order, a space, a field more or less) counts as harmful.

use crate::written::{decimal, fields, inside};
use firebreak_messages::oracle::GAP_REST_SECONDS_MAX;
use std::cmp::Ordering;

/// Of a market's parameters those that bar new exposure and touch no position that is there: lower is tighter.
const TIGHTER_WHEN_LOWER: [&str; 5] =
    ["open_interest_max", "skew_max", "account_share_max", "cap_ramp_daily", "order_size_max"];
/// And higher is tighter.
const TIGHTER_WHEN_HIGHER: &str = "insurance_ratio_min";

/// Which way a limit on new exposure may move and still be harmless.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// What an operation of the shortest class does.
    Tighter,
    /// What a run does: the same, and more rounds behind a gap.
    Run,
    /// What an undo does: it gives back what its run took.
    Either,
}

/// Whether new parameters of a market differ from the present ones in nothing but limits on new exposure, and in these only in
/// this direction. Such limits, wherever they are, force nobody out of anything, and no other bound on a theft rests on them. A
/// run may also want more rounds behind a gap ([`rests_longer`]).
pub fn only_bars_exposure(new: &str, present: &str, direction: Direction) -> bool {
    differs_only(new, present, &|key, set, now| {
        is_limit(key, set, now, direction) || (key == "gap_rounds" && rests_longer(set, now, present, direction))
    })
}

/// Whether new parameters of the vault differ from the present ones in nothing but the shares that may leave in an hour and in a
/// day, and in these only in this direction. What the buckets hold at least stays, and every claim with it: an exit takes longer.
pub fn only_slows_exits(new: &str, present: &str, direction: Direction) -> bool {
    differs_only(new, present, &|key, set, now| {
        key == "outflow"
            && differs_only(set, now, &|key, set, now| {
                matches!(key, "hour_ratio" | "day_ratio") && moves(set, now, Ordering::Less, direction)
            })
    })
}

/// Whether both are objects with the same fields, and only those differ that may.
#[inline(never)]
fn differs_only(new: &str, present: &str, may: &dyn Fn(&str, &str, &str) -> bool) -> bool {
    let (Some(new), Some(present)) = (fields(new), fields(present)) else { return false };
    let harmless = |((key, new), (known, present)): (&(&str, &str), &(&str, &str))| {
        key == known && (new == present || may(key, new, present))
    };
    new.len() == present.len() && new.iter().zip(&present).all(harmless)
}

pub fn is_limit(key: &str, new: &str, present: &str, direction: Direction) -> bool {
    let tighter = if key == TIGHTER_WHEN_HIGHER {
        Ordering::Greater
    } else if TIGHTER_WHEN_LOWER.contains(&key) {
        Ordering::Less
    } else {
        return false;
    };
    moves(new, present, tighter, direction)
}

fn moves(new: &str, present: &str, tighter: Ordering, direction: Direction) -> bool {
    let (Some(new), Some(present)) = (decimal(new), decimal(present)) else { return false };
    direction == Direction::Either || new.cmp(&present) == tighter
}

/// R-31, `market` the present parameters. Behind a gap nothing can be lost that a freeze would keep: reductions fill, increases and
/// whatever takes money out at the doubtful price wait, liquidation too, for ten minutes at most. Fewer rounds (an undo) liquidate a few seconds sooner
/// at prices that are true, or are the thief's already.
///
/// Only where the rule is on, or a gap is as long as the longest rest. Else rounds that come slower than a short gap would
/// each begin another rest, and the market would rest for as long as the run holds.
fn rests_longer(new: &str, present: &str, market: &str, direction: Direction) -> bool {
    let number = |text: &str| text.parse::<u64>().ok();
    let (Some(new), Some(present)) = (number(new), number(present)) else { return false };
    let gap = inside(market, &["gap_seconds"]).and_then(number).unwrap_or_default();
    // Both ways: an undo that takes back what was harmful is no proof that its run was not, and is all that is left to see of it.
    let known = new.min(present) >= 2 || gap >= GAP_REST_SECONDS_MAX;
    known && (direction == Direction::Either || (direction == Direction::Run && new > present))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::written::{market_of, parameters_of};
    use cosmwasm_std::to_json_string;
    use firebreak_messages::derivatives_vault::{ExecuteMsg, MarketConfig, VaultParameters};
    use firebreak_messages::{FeedId, MarketId};
    use firebreak_risk::{Amount, FundingParams, LiquidationParams, MarginParams, OutflowParams, Ratio, Size};

    fn config() -> MarketConfig {
        let size = Size::from_units(100);
        MarketConfig {
            symbol: "BTC".into(),
            feed: FeedId(1),
            skew_scale: Size::from_units(1_000_000),
            margin: MarginParams {
                initial_margin_ratio: Ratio::percent(5),
                initial_margin_slope: Ratio::ONE,
                maintenance_scalar: Ratio::percent(50),
                margin_min: Amount::from_units(5),
                open_interest_low: Amount::from_units(1),
                open_interest_high: Amount::from_units(2),
            },
            funding: FundingParams {
                velocity_max: Ratio::ONE,
                rate_max: Ratio::percent(10),
                borrow_low: Ratio::ZERO,
                borrow_high: Ratio::ZERO,
                borrow_kink: Ratio::percent(80),
            },
            liquidation: LiquidationParams {
                buffer: Ratio::percent(10),
                penalty_ratio: Ratio::percent(1),
                keeper_share: Ratio::percent(30),
                keeper_min: Amount::from_units(1),
                keeper_max: Amount::from_units(200),
                size_min: Size::from_units(1),
                throttle_seconds: 60,
                throttle_multiplier: Ratio::percent(5),
                throttle_relief_skew: Ratio::percent(1),
                keeper_growth_seconds: 0,
            },
            taker_fee_ratio: Ratio::percent(1),
            open_interest_max: size,
            skew_max: size,
            account_share_max: Ratio::percent(50),
            cap_ramp_daily: Ratio::percent(25),
            insurance_ratio_min: Ratio::percent(1),
            order_size_max: size,
            gap_seconds: 600,
            gap_rounds: 2,
            limit_band_ratio: Ratio::percent(1),
            vesting_half_life_seconds: 86_400,
            pool_loss_max: Amount::from_units(1_000),
        }
    }

    fn text(value: &impl serde::Serialize) -> String {
        to_json_string(value).unwrap()
    }

    /// In the direction of a run, and of an undo. That of an operation is a run's, but for rounds behind a gap.
    fn judged(change: impl FnOnce(&mut MarketConfig)) -> (bool, bool) {
        judged_from(&config(), change)
    }

    fn judged_from(present: &MarketConfig, change: impl FnOnce(&mut MarketConfig)) -> (bool, bool) {
        let mut new = present.clone();
        change(&mut new);
        let same_rounds = new.gap_rounds == present.gap_rounds;
        let (new, present) = (text(&new), text(present));
        let of = |direction| only_bars_exposure(&new, &present, direction);
        assert_eq!(of(Direction::Tighter), of(Direction::Run) && same_rounds);
        (of(Direction::Run), of(Direction::Either))
    }

    #[test]
    fn limits_on_new_exposure_may_tighten_in_a_run_and_come_back_in_an_undo() {
        let (half, twice) = (Size::from_units(50), Size::from_units(200));
        assert_eq!(judged(|_| {}), (true, true));
        let tighter: [fn(&mut MarketConfig); 6] = [
            |config| config.open_interest_max = Size::from_atoms(1),
            |config| config.skew_max = Size::from_units(99),
            |config| config.account_share_max = Ratio::percent(9),
            |config| config.cap_ramp_daily = Ratio::from_atoms(1),
            |config| config.order_size_max = Size::from_atoms(1),
            |config| config.insurance_ratio_min = Ratio::percent(10),
        ];
        for change in tighter {
            assert_eq!(judged(change), (true, true));
        }
        assert_eq!(
            judged(|config| (config.open_interest_max, config.order_size_max) = (half, Size::from_units(9))),
            (true, true)
        );
        let wider: [fn(&mut MarketConfig); 6] = [
            |config| config.open_interest_max = Size::from_units(1_000),
            |config| config.skew_max = Size::from_units(101),
            |config| config.account_share_max = Ratio::percent(100),
            |config| config.cap_ramp_daily = Ratio::percent(26),
            |config| config.order_size_max = Size::from_units(1_000),
            |config| config.insurance_ratio_min = Ratio::ZERO,
        ];
        for change in wider {
            assert_eq!(judged(change), (false, true));
        }
        // One tighter, one wider.
        assert_eq!(judged(|config| (config.open_interest_max, config.order_size_max) = (half, twice)), (false, true));
    }

    #[test]
    fn any_other_change_of_a_market_counts_as_harmful_either_way() {
        let changes: [fn(&mut MarketConfig); 22] = [
            |config| config.symbol = "ETH".into(),
            |config| config.feed = FeedId(2),
            |config| config.skew_scale = Size::from_units(2_000_000),
            |config| config.margin.initial_margin_ratio = Ratio::percent(4),
            |config| config.margin.initial_margin_ratio = Ratio::percent(6),
            |config| config.margin.maintenance_scalar = Ratio::percent(51),
            |config| config.margin.margin_min = Amount::from_units(6),
            |config| config.margin.open_interest_high = Amount::from_units(3),
            |config| config.funding.rate_max = Ratio::percent(11),
            |config| config.funding.borrow_high = Ratio::percent(1),
            |config| config.liquidation.penalty_ratio = Ratio::percent(2),
            |config| config.liquidation.keeper_share = Ratio::percent(31),
            |config| config.liquidation.throttle_seconds = 0,
            |config| config.taker_fee_ratio = Ratio::percent(2),
            |config| config.gap_seconds = 601,
            // With more rounds behind it.
            |config| (config.gap_seconds, config.gap_rounds) = (300, 6),
            |config| config.limit_band_ratio = Ratio::ZERO,
            |config| config.vesting_half_life_seconds = 0,
            |config| config.vesting_half_life_seconds = 604_800,
            |config| config.pool_loss_max = Amount::ZERO,
            |config| config.pool_loss_max = Amount::from_units(1_001),
            // With a tighter cap beside it.
            |config| (config.order_size_max, config.taker_fee_ratio) = (Size::from_units(1), Ratio::percent(2)),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            assert_eq!(judged(change), (false, false), "{index}");
        }
    }

    // R-31
    #[test]
    fn more_rounds_behind_a_gap_are_harmless_in_a_run_where_the_rule_is_on_or_gaps_are_as_long_as_the_rest() {
        for (gap_seconds, present, new, wanted) in [
            (600, 2, 6, (true, true)),
            (600, 2, 3, (true, true)),
            (600, 0, 6, (true, true)),
            (600, 6, 2, (false, true)),
            (600, 2, 0, (false, true)),
            (120, 3, 6, (true, true)),
            (120, 6, 3, (false, true)),
            (599, 2, 6, (true, true)),
            // Off, or as good as off: every round that comes later than the gap would begin another rest.
            (599, 1, 6, (false, false)),
            (599, 0, 6, (false, false)),
            (1, 1, 2, (false, false)),
            // Nor is what a run left judged better than the run.
            (120, 0, 6, (false, false)),
            (120, 6, 0, (false, false)),
            (599, 6, 1, (false, false)),
            (599, 6, 2, (false, true)),
        ] {
            let present = MarketConfig { gap_seconds, gap_rounds: present, ..config() };
            assert_eq!(judged_from(&present, |config| config.gap_rounds = new), wanted, "{gap_seconds} {new}");
        }
        // With a tighter cap, and with a wider one.
        assert_eq!(
            judged(|config| (config.gap_rounds, config.order_size_max) = (6, Size::from_units(9))),
            (true, true)
        );
        assert_eq!(
            judged(|config| (config.gap_rounds, config.order_size_max) = (6, Size::from_units(900))),
            (false, true)
        );
        assert_eq!(judged(|config| (config.gap_rounds, config.taker_fee_ratio) = (6, Ratio::ZERO)), (false, false));
        let text = |rounds: &str| format!(r#"{{"gap_seconds":600,"gap_rounds":{rounds}}}"#);
        for (rounds, harmless) in [("3", true), (r#""3""#, false), ("-3", false), ("3.0", false), ("null", false)] {
            assert_eq!(only_bars_exposure(&text(rounds), &text("2"), Direction::Run), harmless, "{rounds}");
        }
    }

    fn parameters() -> VaultParameters {
        VaultParameters {
            execution_fee: Amount::from_units(1),
            order_delay_seconds: 10,
            lp_cooldown_seconds: 3_600,
            lp_claim_window_seconds: 900,
            uncollected_share: Ratio::ZERO,
            deposit_move: Ratio::ZERO,
            insurance_fee_share: Ratio::percent(10),
            insurance_fee_share_max: None,
            stress_loss_ratio: Ratio::percent(5),
            reserve_ratio: Ratio::percent(10),
            withdrawal_margin_ratio: Ratio::percent(10),
            grace_seconds: 600,
            cover_gas_limit: 500_000,
            outflow: OutflowParams {
                hour_min: Amount::from_units(100),
                hour_ratio: Ratio::percent(5),
                day_min: Amount::from_units(300),
                day_ratio: Ratio::percent(15),
                deposit_delay_seconds: 3_600,
                small_exit_max: Amount::from_units(10),
            },
        }
    }

    /// In the direction of a run, and of an undo.
    fn slowed(change: impl FnOnce(&mut VaultParameters)) -> (bool, bool) {
        let mut new = parameters();
        change(&mut new);
        let msg = text(&ExecuteMsg::Configure { parameters: new });
        let of = |direction| only_slows_exits(parameters_of(&msg).unwrap(), &text(&parameters()), direction);
        assert_eq!(of(Direction::Run), of(Direction::Tighter));
        (of(Direction::Run), of(Direction::Either))
    }

    // R-17
    #[test]
    fn shares_that_may_leave_fall_in_a_run_and_come_back_in_an_undo() {
        assert_eq!(slowed(|_| {}), (true, true));
        let fewer: [fn(&mut OutflowParams); 3] = [
            |outflow| (outflow.hour_ratio, outflow.day_ratio) = (Ratio::ZERO, Ratio::ZERO),
            |outflow| outflow.hour_ratio = Ratio::percent(4),
            |outflow| outflow.day_ratio = Ratio::percent(14),
        ];
        for change in fewer {
            assert_eq!(slowed(|parameters| change(&mut parameters.outflow)), (true, true));
        }
        let more: [fn(&mut OutflowParams); 3] = [
            |outflow| outflow.hour_ratio = Ratio::percent(6),
            |outflow| outflow.day_ratio = Ratio::ONE,
            |outflow| (outflow.hour_ratio, outflow.day_ratio) = (Ratio::ZERO, Ratio::percent(16)),
        ];
        for change in more {
            assert_eq!(slowed(|parameters| change(&mut parameters.outflow)), (false, true));
        }
    }

    // R-17
    #[test]
    fn any_other_change_of_the_vaults_parameters_counts_as_harmful_either_way() {
        let changes: [fn(&mut VaultParameters); 18] = [
            |parameters| parameters.execution_fee = Amount::from_units(2),
            |parameters| parameters.order_delay_seconds = 11,
            |parameters| parameters.lp_cooldown_seconds = 7_200,
            |parameters| parameters.lp_claim_window_seconds = 60,
            |parameters| parameters.uncollected_share = Ratio::percent(1),
            |parameters| parameters.deposit_move = Ratio::percent(1),
            |parameters| parameters.insurance_fee_share = Ratio::percent(11),
            |parameters| parameters.insurance_fee_share_max = Some(Ratio::ONE),
            |parameters| parameters.stress_loss_ratio = Ratio::percent(6),
            |parameters| parameters.reserve_ratio = Ratio::percent(11),
            |parameters| parameters.withdrawal_margin_ratio = Ratio::percent(90),
            |parameters| parameters.grace_seconds = 0,
            |parameters| parameters.cover_gas_limit = 100_000,
            |parameters| parameters.outflow.hour_min = Amount::from_atoms(1),
            |parameters| parameters.outflow.day_min = Amount::from_units(301),
            |parameters| parameters.outflow.deposit_delay_seconds = 600,
            |parameters| parameters.outflow.small_exit_max = Amount::ZERO,
            // With smaller shares beside it.
            |parameters| (parameters.outflow.hour_ratio, parameters.grace_seconds) = (Ratio::ZERO, 601),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            assert_eq!(slowed(change), (false, false), "{index}");
        }
        let present = r#"{"grace_seconds":5,"outflow":{"hour_ratio":"0.5"}}"#;
        for (new, harmless) in [
            (r#"{"grace_seconds":5,"outflow":{"hour_ratio":"0.4"}}"#, true),
            (r#"{"outflow":{"hour_ratio":"0.4"},"grace_seconds":5}"#, false),
            (r#"{"grace_seconds":5,"outflow":{}}"#, false),
            (r#"{"grace_seconds":5,"outflow":{"hour_ratio":"0.4","more":1}}"#, false),
            (r#"{"grace_seconds":5,"outflow":{"hour_ratio":"0.4"},"outflow":{"hour_ratio":"0.4"}}"#, false),
            (r#"{"grace_seconds":5,"outflow":{"hour_ratio": "0.4"}}"#, false),
            (r#"{"grace_seconds":5,"outflow":{"hour_ratio":0.4}}"#, false),
            (r#"{"grace_seconds":5,"outflow":null}"#, false),
            ("", false),
        ] {
            assert_eq!(only_slows_exits(new, present, Direction::Run), harmless, "{new}");
            assert!(!only_slows_exits(new, "", Direction::Either), "{new}");
        }
        // No field of the vault's is a limit of a market, nor the other way round.
        let market = r#"{"order_size_max":"9"}"#;
        assert!(!only_slows_exits(market, r#"{"order_size_max":"10"}"#, Direction::Run));
        assert!(!only_bars_exposure(r#"{"hour_ratio":"0.4"}"#, r#"{"hour_ratio":"0.5"}"#, Direction::Run));
    }

    #[test]
    fn a_message_that_configures_the_vault_has_that_one_name_and_its_one_field() {
        let step = text(&ExecuteMsg::Configure { parameters: parameters() });
        assert_eq!(parameters_of(&step), Some(text(&parameters()).as_str()));
        for other in [
            r#"{"configures":{"parameters":{}}}"#,
            r#"{"configure":{"config":{}}}"#,
            r#"{"configure":{"parameters":{},"more":1}}"#,
            r#"{"configure":{"parameters":{}},"more":1}"#,
            r#"{"configure":{}}"#,
        ] {
            assert_eq!(parameters_of(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_missing_repeated_unknown_or_written_otherwise_counts_as_harmful() {
        let present = r#"{"order_size_max":"10","gap_seconds":5}"#;
        for (new, harmless) in [
            (r#"{"order_size_max":"9","gap_seconds":5}"#, true),
            (r#"{"order_size_max":"9.5","gap_seconds":5}"#, true),
            (r#"{ "order_size_max":"9","gap_seconds":5}"#, false),
            (r#"{"order_size_max": "9","gap_seconds":5}"#, false),
            (r#"{"order_size_max":"9"}"#, false),
            (r#"{"gap_seconds":5,"order_size_max":"9"}"#, false),
            (r#"{"order_size_max":"9","order_size_max":"9"}"#, false),
            (r#"{"order_size_max":"9","gap_seconds":5,"more":1}"#, false),
            (r#"{"order_size_max":9,"gap_seconds":5}"#, false),
            (r#"{"order_size_max":"nine","gap_seconds":5}"#, false),
            (r#"{"order_size_max":"9","gap_seconds":"5"}"#, false),
            (r#"{"order_size_max":null,"gap_seconds":5}"#, false),
            (r#"{"order_size_max":"9","gap_seconds":5"#, false),
            (r#"{"order_size_max":"9","gap_seconds":5}}"#, false),
            (r#"{"order_size_max":"9,"gap_seconds":5}"#, false),
            (r#"{"order_size_max":"9","gap_seconds":5,}"#, true), // No message: nobody parses it.
            ("[]", false),
            ("{}", false),
            ("", false),
        ] {
            assert_eq!(only_bars_exposure(new, present, Direction::Tighter), harmless, "{new}");
        }
        assert!(!only_bars_exposure("", "", Direction::Either));
    }

    #[test]
    fn a_message_that_configures_a_market_has_that_one_name_and_its_two_fields() {
        let step = text(&ExecuteMsg::ConfigureMarket { market: MarketId(7), config: config() });
        assert_eq!(market_of(&step), Some((7, text(&config()).as_str())));
        for other in [
            r#"{"configure_markets":{"market":7,"config":{}}}"#,
            r#"{"configure_market":{"market":70000,"config":{}}}"#,
            r#"{"configure_market":{"config":{},"market":7}}"#,
            r#"{"configure_market":{"market":7,"config":{},"more":1}}"#,
            r#"{"configure_market":{"market":7,"config":{}},"more":1}"#,
        ] {
            assert_eq!(market_of(other), None, "{other}");
        }
    }
}
