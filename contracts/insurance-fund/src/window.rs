//! F14's leaky bucket, for what the fund pays: capacity returns to its baseline little by little.
//!
//! A window with edges would pay its cap just before an edge and again just after it. Here the capacity that was used
//! comes back at `cap / window_seconds`, so there is no edge to wait for. The baseline itself grows no faster: coins
//! that come in count little by little, so a stake of a minute does not let out what others put in.

use cosmwasm_schema::cw_serde;
use firebreak_risk::{Amount, Ratio, RiskResult, Rounding};

/// What a bucket still allows. The order of fields is the packed format.
#[cw_serde]
#[derive(Copy, Default, Eq)]
pub struct Window {
    pub left: Amount,
    /// The bucket's size: follows the cap down at once, and up within a window.
    pub baseline: Amount,
    /// 0: never looked at.
    pub updated_at: u64,
}

/// What bounds a bucket now.
#[derive(Clone, Copy)]
pub struct WindowRule {
    /// Share of the fund that is the bucket's size.
    pub share: Ratio,
    pub window_seconds: u64,
}

impl WindowRule {
    fn cap(self, content: Amount) -> RiskResult<Amount> {
        content.times(self.share, Rounding::Floor)
    }

    /// The bucket at `now`, for a fund that has held `content` since the bucket was last looked at.
    ///
    /// Time brings the same to its size and to what is left of it: `cap * elapsed / window_seconds`, all of it after a
    /// window, at most the cap. Coins that left (paid out or unstaked) shrink both at once, and coming back they are
    /// new coins. Whoever adds coins brings the bucket to now first, or they would count for the time before they came.
    ///
    /// Units: settlement coin. Rounding: down, never more capacity than time has brought. Errors: overflow.
    pub fn at(self, window: Window, content: Amount, now: u64) -> RiskResult<Window> {
        let cap = self.cap(content)?;
        let elapsed = now.saturating_sub(window.updated_at);
        let brought = if elapsed >= self.window_seconds {
            cap
        } else {
            cap.times_fraction(elapsed.into(), self.window_seconds.into(), Rounding::Floor)?
        };
        let baseline = window.baseline.plus(brought)?.min(cap);
        let left = window.left.plus(brought)?.min(baseline);
        Ok(Window { left, baseline, updated_at: now })
    }

    /// A market's bucket from which nothing was drawn lately: its share of what the bucket of all markets has grown to.
    /// Not of the content, which coins of this second swell.
    ///
    /// Rounding: down.
    pub fn untouched(self, of_all: Self, all: Window, content: Amount) -> RiskResult<Window> {
        let grown = if of_all.share.is_zero() {
            Amount::ZERO
        } else {
            all.baseline.times_fraction(self.share.atoms(), of_all.share.atoms(), Rounding::Floor)?
        };
        let size = grown.min(self.cap(content)?);
        Ok(Window { left: size, baseline: size, updated_at: all.updated_at })
    }

    /// Seconds until a bucket as of now is full again, at the size that the fund allows, if nothing is drawn. Rounded
    /// up.
    pub fn seconds_to_full(self, window: Window, content: Amount) -> RiskResult<u64> {
        let cap = self.cap(content)?;
        if window.left >= cap {
            return Ok(0);
        }
        let missing = cap.minus(window.left)?;
        let seconds = Amount::from_atoms(self.window_seconds.into())
            .times_fraction(missing.atoms(), cap.atoms(), Rounding::Ceil)?
            .atoms();
        Ok(u64::try_from(seconds).unwrap_or(self.window_seconds))
    }
}

impl Window {
    /// Nothing was ever held, so nothing was drawn and nobody's coins are to be kept from anybody.
    pub fn is_new(self) -> bool {
        self.updated_at == 0
    }
    /// Nothing was drawn that time has not brought back.
    pub fn is_full(self) -> bool {
        self.left == self.baseline
    }
    /// Takes a payment out; the caller paid no more than `left`.
    pub fn pay(&mut self, amount: Amount) -> RiskResult<()> {
        self.left = self.left.minus(amount)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULE: WindowRule = WindowRule { share: Ratio::percent(50), window_seconds: 3_600 };

    fn amount(atoms: u128) -> Amount {
        Amount::from_atoms(atoms)
    }

    fn full(content: u128) -> Window {
        let cap = RULE.cap(amount(content)).unwrap();
        Window { left: cap, baseline: cap, updated_at: 0 }
    }

    #[test]
    fn capacity_comes_back_little_by_little() {
        let mut window = full(1_000);
        assert_eq!(window.left, amount(500)); // 50 % of 1000
        window.pay(amount(500)).unwrap();
        let content = amount(500); // 1000 - 500
        for (now, left) in [(0, 0), (1_800, 125), (3_599, 249), (3_600, 250)] {
            // cap = 50 % of 500 = 250; 250 * now / 3600, down
            assert_eq!(RULE.at(window, content, now).unwrap().left, amount(left), "{now}");
        }
    }

    #[test]
    fn new_coins_do_not_refill_a_used_bucket() {
        let mut window = full(1_000);
        window.pay(amount(400)).unwrap();
        assert_eq!(RULE.at(window, amount(100_600), 0).unwrap().left, amount(100));
        // Full again after a window, and only then as large as the fund now allows.
        let later = RULE.at(window, amount(100_600), 3_600).unwrap();
        assert_eq!((later.left, later.is_full()), (amount(50_300), true));
    }

    #[test]
    fn a_full_bucket_grows_with_time_and_shrinks_at_once() {
        let window = full(1_000);
        for (content, now, left) in [
            (10_000, 0, 500),       // the cap is 5000 now, no time has passed
            (10_000, 360, 1_000),   // 500 + 5000 * 360 / 3600
            (10_000, 3_240, 5_000), // 500 + 4500
            (10_000, 9_999, 5_000),
            (800, 0, 400),
        ] {
            let grown = RULE.at(window, amount(content), now).unwrap();
            assert_eq!((grown.left, grown.is_full()), (amount(left), true), "{content} at {now}");
        }
        // Out and in again: what comes back is new.
        let low = RULE.at(window, amount(200), 5).unwrap();
        assert_eq!(RULE.at(low, amount(1_000), 5).unwrap().left, amount(100));
    }

    #[test]
    fn a_markets_untouched_bucket_is_its_share_of_the_grown_one() {
        let of_market = WindowRule { share: Ratio::percent(20), ..RULE };
        let all = full(1_000);
        let size = |content| of_market.untouched(RULE, all, amount(content)).unwrap().left;
        assert_eq!(size(1_000), amount(200)); // 500 * 20 % / 50 %
        assert_eq!(size(1_000_000), amount(200));
        assert_eq!(size(600), amount(120)); // 20 % of 600
        let never = WindowRule { share: Ratio::ZERO, ..RULE };
        assert_eq!(never.untouched(never, all, amount(1_000)).unwrap().left, Amount::ZERO);
    }

    #[test]
    fn the_end_that_is_announced_is_when_it_is_full() {
        let mut window = full(1_000);
        window.pay(amount(123)).unwrap();
        let seconds = RULE.seconds_to_full(window, amount(877)).unwrap();
        assert!(!RULE.at(window, amount(877), seconds - 1).unwrap().is_full());
        assert!(RULE.at(window, amount(877), seconds).unwrap().is_full());
    }

    proptest! {
        /// However a vault splits its asking over time, a window of time pays at most the bucket and what came back.
        #[test]
        fn no_timing_pays_more_than_the_bucket_and_its_refill(
            steps in proptest::collection::vec((0u64..2_000, 0u128..2_000_000), 1..40)
        ) {
            let start = amount(1_000_000);
            let (mut content, mut now, mut paid) = (start, 0u64, Amount::ZERO);
            let mut window = full(1_000_000);
            let cap = window.left;
            for (wait, asked) in steps {
                now += wait;
                window = RULE.at(window, content, now).unwrap();
                let pay = amount(asked).min(window.left).min(content);
                window.pay(pay).unwrap();
                content = content.minus(pay).unwrap();
                paid = paid.plus(pay).unwrap();
                let refill = cap.times_fraction(now.into(), 3_600, Rounding::Ceil).unwrap();
                prop_assert!(paid <= cap.plus(refill).unwrap(), "{paid} by {now}");
            }
        }
    }
}
