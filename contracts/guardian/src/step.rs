//! How far parameters go in one operation (R-27). Those that belong together are one message, and one limit holds for all of them: else
//! whoever may not move a ratio moves the time that it is counted over.
//!
//! What goes further waits in the slowest class, and so does what cannot be compared: the form is a text as the contracts write it, as in
//! [`written`](crate::written). Judged when it is scheduled, and again at the execution if the timelock has configured the same since: what has become
//! a long step is not executed at all then, or several steps would add up behind an old operation that takes all of them back at once. Not for what
//! a run has tightened: whoever may run a playbook would hold the timelock up.

use crate::harm::{is_limit, Direction};
use crate::written::{decimal, fields, inside, market_of, parameters_of, set_by};
use std::cmp::Ordering;

/// A figure moves by this part of itself at most: a quarter. From nothing there is no step.
const STEP_DIVISOR: u128 = 4;
/// The cap ramps at the vault (R-19), so no step of it takes effect at once.
const RAMPED: &str = "open_interest_max";

/// Whether a message that configures vault, market or fund goes one step from what is configured now. `now`: what its contract answers
/// about the market, or about its own configuration. `None`: no such message.
#[inline(never)]
pub fn is_one_step(msg: &str, now: &str) -> Option<bool> {
    let (new, path): (_, &[&str]) = if let Some((_, config)) = market_of(msg) {
        (config, &["config"])
    } else if let Some(parameters) = parameters_of(msg) {
        (parameters, &["config", "parameters"])
    } else {
        (set_by(msg, "configure", "config")?, &["config"])
    };
    Some(inside(now, path).is_some_and(|present| is_within(new, present)))
}

/// Whether every figure is within the step, and all else as it is. A limit on new exposure may tighten as far as it will: it takes nothing
/// from anybody, and goes as far in the shortest class.
fn is_within(new: &str, present: &str) -> bool {
    let (Some(new), Some(present)) = (fields(new), fields(present)) else { return false };
    let near = |((key, new), (known, present)): (&(&str, &str), &(&str, &str))| {
        key == known
            && (new == present
                || is_limit(key, new, present, Direction::Tighter)
                || is_near(key, new, present)
                || is_within(new, present))
    };
    new.len() == present.len() && new.iter().zip(&present).all(near)
}

fn is_near(key: &str, new: &str, present: &str) -> bool {
    let (Some((new, unit)), Some((present, same))) = (figure(new), figure(present)) else { return false };
    let moved = match new.cmp(&present) {
        Ordering::Greater if key == RAMPED => return true,
        _ => new.abs_diff(present),
    };
    unit == same && moved <= present.unsigned_abs().checked_div(STEP_DIVISOR).unwrap_or_default().max(unit)
}

/// A figure, and the least step of its kind: one of a whole number, as of seconds or rounds; none of a decimal, in atoms.
fn figure(text: &str) -> Option<(i128, u128)> {
    match decimal(text) {
        Some(decimal) => Some((decimal.atoms(), 0)),
        None => Some((text.parse::<u64>().ok()?.into(), 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::compared;

    const VAULT: &str = r#"{"config":{"parameters":{"fee":"100","seconds":3,"inner":{"share":"0.04"}},"more":1}}"#;

    fn step(msg: &str) -> Option<bool> {
        let now = match compared(msg) {
            Some(None) => VAULT,
            Some(Some(7)) => r#"{"market":7,"config":{"open_interest_max":"8","skew_max":"8","feed":1,"name":"a"}}"#,
            _ => "",
        };
        is_one_step(msg, now)
    }

    // R-27
    #[test]
    fn every_figure_moves_by_a_quarter_or_by_one_and_all_else_stays() {
        let set = |fee: &str, seconds: &str, share: &str| {
            let inner = format!(r#"{{"share":"{share}"}}"#);
            step(&format!(r#"{{"configure":{{"parameters":{{"fee":"{fee}","seconds":{seconds},"inner":{inner}}}}}}}"#))
        };
        for (fee, seconds, share, wanted) in [
            ("100", "3", "0.04", true),
            ("125", "4", "0.05", true),
            ("75", "2", "0.03", true),
            ("125.000000000000000001", "3", "0.04", false),
            ("126", "3", "0.04", false),
            ("74", "3", "0.04", false),
            ("100", "5", "0.04", false),
            ("100", "1", "0.04", false),
            ("100", "3", "0.050000000000000001", false),
            ("100", "3", "0.029999999999999999", false),
            ("-100", "3", "0.04", false),
            ("100", "\"3\"", "0.04", false),
            ("100", "null", "0.04", false),
            ("100", "3.0", "0.04", false),
            ("a", "3", "0.04", false),
        ] {
            assert_eq!(set(fee, seconds, share), Some(wanted), "{fee} {seconds} {share}");
        }
    }

    // R-27
    #[test]
    fn what_is_not_written_as_the_contracts_write_it_is_no_step() {
        let set = |parameters: &str| step(&format!(r#"{{"configure":{{"parameters":{parameters}}}}}"#));
        for other in [
            r#"{"fee":"100","seconds":3}"#,
            r#"{"fee":"100","seconds":3,"inner":{}}"#,
            r#"{"seconds":3,"fee":"100","inner":{"share":"0.04"}}"#,
            r#"{"fee":"100","seconds":3,"inner":{"share":"0.04"},"more":1}"#,
            r#"{"fee":"100","fee":"100","inner":{"share":"0.04"}}"#,
            r#"{"fee": "100","seconds":3,"inner":{"share":"0.04"}}"#,
            r#"{"fee":100,"seconds":3,"inner":{"share":"0.04"}}"#,
            "1",
            "{}",
        ] {
            assert_eq!(set(other), Some(false), "{other}");
        }
        for other in ["", "{}", r#"{"configure":{}}"#, r#"{"settle_vault":{"at":1}}"#, r#"{"configure":{"a":1,"b":2}}"#]
        {
            assert_eq!(step(other), None, "{other}");
        }
        // A fund's form, of what is no fund.
        assert_eq!(step(r#"{"configure":{"config":{"fee":"100"}}}"#), Some(false));
    }

    // R-19, R-27
    #[test]
    fn a_cap_that_ramps_rises_and_limits_tighten_as_far_as_they_will() {
        let market = |number: u16, cap: &str, skew: &str| {
            let config = format!(r#"{{"open_interest_max":"{cap}","skew_max":"{skew}","feed":1,"name":"a"}}"#);
            step(&format!(r#"{{"configure_market":{{"market":{number},"config":{config}}}}}"#))
        };
        assert_eq!(market(7, "8", "10"), Some(true));
        assert_eq!(market(7, "800", "0.000000000000000001"), Some(true));
        assert_eq!(market(7, "0.000000000000000001", "8"), Some(true));
        assert_eq!(market(7, "8", "11"), Some(false));
        // A market that there is not yet.
        assert_eq!(market(8, "8", "8"), Some(false));
        let named = r#"{"open_interest_max":"8","skew_max":"8","feed":1,"name":"b"}"#;
        assert_eq!(step(&format!(r#"{{"configure_market":{{"market":7,"config":{named}}}}}"#)), Some(false));
    }

    #[test]
    fn a_figure_near_the_end_of_its_range_is_compared_all_the_same() {
        let most = "170141183460469231731";
        assert!(is_near("a", &format!("\"{most}\""), &format!("\"{most}\"")));
        assert!(!is_near("a", &format!("\"{most}\""), "\"-1\"") && !is_near("a", &u64::MAX.to_string(), "1"));
        // Beyond it nothing is read, so nothing is near.
        assert!(!is_near("a", "\"340282366920938463463\"", "\"340282366920938463463\""));
    }
}
