//! F14's leaky bucket, for what the fund pays: capacity returns to its baseline little by little.
//!
//! A window with edges would pay its cap just before an edge and again just after it. Here the capacity that was used
//! comes back at `baseline / window_seconds`, so there is no edge to wait for.

use cosmwasm_schema::cw_serde;
use firebreak_risk::{Amount, Ratio, RiskResult, Rounding};

/// What a bucket still allows. The order of fields is the packed format.
#[cw_serde]
#[derive(Copy, Default, Eq)]
pub struct Window {
    pub left: Amount,
    /// Cap at the window's start, which is the first payment after the bucket was full.
    pub baseline: Amount,
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

    /// A bucket from which nothing was drawn lately: it follows what the fund holds.
    pub fn full(self, content: Amount, now: u64) -> RiskResult<Window> {
        let cap = self.cap(content)?;
        Ok(Window { left: cap, baseline: cap, updated_at: now })
    }

    /// The bucket at `now`, for a fund that holds `content`.
    ///
    /// While it is in use its size is the smaller of the cap at the window's start and the cap of now: coins that come
    /// in after a loss do not refill it at once, coins that left (paid out or unstaked) shrink it at once.
    ///
    /// Units: settlement coin. Rounding: down, never more capacity than time has brought. Errors: overflow.
    pub fn at(self, window: Window, content: Amount, now: u64) -> RiskResult<Window> {
        let size = window.baseline.min(self.cap(content)?);
        let elapsed = now.saturating_sub(window.updated_at);
        let returned = if elapsed >= self.window_seconds {
            size
        } else {
            size.times_fraction(elapsed.into(), self.window_seconds.into(), Rounding::Floor)?
        };
        let left = window.left.plus(returned)?.min(size);
        if left == size {
            return self.full(content, now);
        }
        Ok(Window { left, baseline: window.baseline, updated_at: now })
    }

    /// Seconds until a bucket as of now is full again, if nothing is drawn. Rounded up.
    pub fn seconds_to_full(self, window: Window, content: Amount) -> RiskResult<u64> {
        let size = window.baseline.min(self.cap(content)?);
        if window.left >= size {
            return Ok(0);
        }
        let missing = size.minus(window.left)?;
        let seconds = Amount::from_atoms(self.window_seconds.into())
            .times_fraction(missing.atoms(), size.atoms(), Rounding::Ceil)?
            .atoms();
        Ok(u64::try_from(seconds).unwrap_or(self.window_seconds))
    }
}

impl Window {
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

    #[test]
    fn capacity_comes_back_little_by_little() {
        let mut window = RULE.full(amount(1_000), 0).unwrap();
        assert_eq!(window.left, amount(500)); // 50 % of 1000
        window.pay(amount(500)).unwrap();
        let content = amount(500); // 1000 - 500
        for (now, left) in [(0, 0), (1_800, 125), (3_599, 249), (3_600, 250)] {
            // size = min(500, 50 % of 500) = 250; 250 * now / 3600, down
            assert_eq!(RULE.at(window, content, now).unwrap().left, amount(left), "{now}");
        }
    }

    #[test]
    fn new_coins_do_not_refill_a_used_bucket() {
        let mut window = RULE.full(amount(1_000), 0).unwrap();
        window.pay(amount(400)).unwrap();
        assert_eq!(RULE.at(window, amount(100_600), 0).unwrap().left, amount(100));
        // Full again after a window, and only then as large as the fund now allows.
        let later = RULE.at(window, amount(100_600), 3_600).unwrap();
        assert_eq!((later.left, later.is_full()), (amount(50_300), true));
    }

    #[test]
    fn the_end_that_is_announced_is_when_it_is_full() {
        let mut window = RULE.full(amount(1_000), 0).unwrap();
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
            let mut window = RULE.full(content, now).unwrap();
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
