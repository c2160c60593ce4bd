//! From accumulators that only grow to what happened since they were last read: a trade pays nothing to be watched.

use super::market::Flow;
use crate::error::RiskResult;
use crate::number::{mul_div, Rounding};
use crate::quantity::{Amount, PoolShares, Price, Ratio, SignedAmount, Size};
use serde::{Deserialize, Serialize};

/// Shares that a value is quoted for: enough digits for any pool.
const QUOTED_SHARES: u128 = 1_000_000_000_000;

/// What the breaker reads of a vault, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub totals: Totals,
    /// Notional of both sides of the market.
    pub open_interest: Amount,
    pub pool_cash: SignedAmount,
    pub pool_shares: PoolShares,
    /// What the insurance fund held when the vault last looked.
    pub fund: Amount,
    /// Losses that nobody has paid yet, and coins that are missing. Counts accounts whose cash is negative, solvent or not.
    pub uncovered: Amount,
    /// Coins that are missing.
    pub shortfall: Amount,
}

/// What is remembered between two readings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Trades and their notional, each account once a block.
    pub flow_trades: u64,
    pub flow_notional: Amount,
    /// Long less short open interest.
    pub skew: Size,
    pub liquidated_notional: Amount,
    /// Everything that the vault owes.
    pub owed: Amount,
}

impl Totals {
    /// Order flow from `before` to now. The pool is the counterparty of every trade, so what was bought above what was sold is what the
    /// skew has grown by, at the price.
    ///
    /// Units: quote. Rounding: down. Errors: [`crate::RiskError::Overflow`]. Deleveraging and trades beyond the accounts' caps move the
    /// skew without counted flow: the difference is cut to the turnover.
    pub fn flow_since(&self, before: &Self, price: Price) -> RiskResult<Flow> {
        let turnover = self.flow_notional.saturating_minus(before.flow_notional).atoms();
        let net = self.skew.minus(before.skew)?;
        let net_notional = net.notional(price, Rounding::Floor)?.atoms().min(turnover);
        let more = turnover.saturating_add(net_notional).checked_div(2).unwrap_or(0);
        let less = turnover.saturating_sub(more);
        let (bought, sold) = if net.is_short() { (less, more) } else { (more, less) };
        let trades = self.flow_trades.saturating_sub(before.flow_trades);
        Ok(Flow {
            orders: u32::try_from(trades).unwrap_or(u32::MAX),
            bought: Amount::from_atoms(bought),
            sold: Amount::from_atoms(sold),
        })
    }
}

impl Reading {
    /// What a fixed number of pool shares is worth, of realised cash alone: the equity of open positions needs every market's price.
    /// Zero without shares. Rounding: down. Errors: [`crate::RiskError::Overflow`].
    pub fn pool_share_value(&self) -> RiskResult<Amount> {
        if self.pool_shares.is_zero() {
            return Ok(Amount::ZERO);
        }
        let (cash, shares) = (self.pool_cash.positive_part().atoms(), self.pool_shares.atoms());
        mul_div(cash, QUOTED_SHARES, shares, Rounding::Floor, "the value of a pool share").map(Amount::from_atoms)
    }

    /// `|skew| * price / cash of the pool`, how much of the pool one side's surplus is a bet on.
    ///
    /// Rounding: up. Errors: [`crate::RiskError::Overflow`] in the notional; a pool without cash gives the largest ratio.
    pub fn concentration(&self, price: Price) -> RiskResult<Ratio> {
        let exposed = self.totals.skew.notional(price, Rounding::Ceil)?;
        Ok(super::solvency::share_of(exposed, self.pool_cash.positive_part()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn totals(trades: u64, notional: u64, skew: i32) -> Totals {
        Totals {
            flow_trades: trades,
            flow_notional: Amount::from_units(notional),
            skew: Size::from_units(skew),
            ..Totals::default()
        }
    }

    #[test]
    fn the_skew_tells_who_bought() {
        let before = totals(7, 1_000, 10);
        for (name, after, bought, sold) in [
            ("nothing", before, 0, 0),
            ("4 bought at 50", totals(8, 1_200, 14), 200, 0),
            ("4 sold at 50", totals(8, 1_200, 6), 0, 200),
            ("6 bought and 2 sold", totals(9, 1_400, 14), 300, 100),
            ("as much of both", totals(9, 1_400, 10), 200, 200),
            ("more skew than counted flow", totals(8, 1_100, 99), 100, 0),
            ("skew alone", totals(7, 1_000, 99), 0, 0),
        ] {
            let flow = after.flow_since(&before, Price::from_units(50)).unwrap();
            assert_eq!((flow.bought, flow.sold), (Amount::from_units(bought), Amount::from_units(sold)), "{name}");
            assert_eq!(u64::from(flow.orders), after.flow_trades - 7, "{name}");
        }
    }

    fn reading(skew: i32, cash: i128, shares: u128) -> Reading {
        Reading {
            totals: totals(0, 0, skew),
            open_interest: Amount::ZERO,
            pool_cash: SignedAmount::from_atoms(cash),
            pool_shares: PoolShares::from_atoms(shares),
            fund: Amount::ZERO,
            uncovered: Amount::ZERO,
            shortfall: Amount::ZERO,
        }
    }

    #[test]
    fn concentration_is_a_share_of_the_pool_and_counts_totals() {
        let price = Price::from_units(50);
        let unit = Amount::from_units(1).atoms() as i128;
        assert_eq!(reading(10, 2_000 * unit, 1).concentration(price), Ok(Ratio::percent(25)));
        assert_eq!(reading(-10, 2_000 * unit, 1).concentration(price), Ok(Ratio::percent(25)));
        assert_eq!(reading(0, -5, 1).concentration(price), Ok(Ratio::ZERO));
        assert_eq!(reading(1, -5, 1).concentration(price), Ok(Ratio::from_atoms(u128::MAX)));
        assert_eq!(reading(0, 6, 3).pool_share_value(), Ok(Amount::from_atoms(2 * QUOTED_SHARES)));
        assert_eq!(reading(0, 6, 0).pool_share_value(), Ok(Amount::ZERO));
    }

    proptest! {
        #[test]
        fn both_sides_add_up_to_the_turnover(a in 0u64..1 << 40, b in 0u64..1 << 40, skew: i32, price in 1u32..100_000) {
            let flow = totals(1, a + b, skew).flow_since(&totals(0, a, 0), Price::from_units(price)).unwrap();
            prop_assert_eq!(flow.bought.plus(flow.sold), Ok(Amount::from_units(b)));
        }
    }
}
