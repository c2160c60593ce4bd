//! What a keeper knows of accounts without asking the chain each time.
//!
//! An account is asked for when an event says that it changed, when the price has moved so far against it that it may
//! be unhealthy, when the price's validity is another one than then, and once an hour because of funding. In between
//! its equity is carried along with the price: `equity + size * (price - price then)`. Whether an account may be
//! liquidated is always the vault's own answer.
//!
//! *Price then* is the price of the answer, never the reported one: after a jump the round is invalid and the vault
//! still reckons at the last valid price. An equity of that price carried along from the reported one would hide the
//! whole jump until the hour is over.

use crate::prices::as_float;
use firebreak_messages::derivatives_vault::AccountResponse;
use firebreak_messages::oracle::Validity;
use firebreak_risk::{Price, Size, MICRO, ONE};
use std::collections::HashMap;

/// Accounts whose distance to maintenance margin is below this share of their notional are asked for. It covers what
/// the estimate leaves out: the premium of the skew (at most 0.3 % at the caps of `agents.toml`) and an hour's
/// funding.
const DOUBT: f64 = 0.005;
/// An account is asked for again after this, seconds.
const AGE_MAX: u64 = 3_600;

/// One account as it was last seen.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Held {
    pub size: Size,
    /// Base units.
    units: f64,
    /// Units of the settlement coin.
    equity: f64,
    maintenance: f64,
    /// At which the vault reckoned both; 0 without a position, where no price matters.
    price: f64,
    /// Of the market's price then: it decides how the vault judges the account. `None` before the first answer.
    validity: Option<Validity>,
    seen_at: u64,
    pub is_liquidatable: bool,
}

impl Held {
    pub fn units(&self) -> f64 {
        self.units
    }

    /// Equity at another price, units of the settlement coin.
    pub fn equity_at(&self, price: f64) -> f64 {
        self.equity + self.units * (price - self.price)
    }

    /// Distance to liquidation at another price; negative is beyond it.
    pub fn slack_at(&self, price: f64) -> f64 {
        let maintenance = if self.price > 0.0 { self.maintenance * price / self.price } else { 0.0 };
        self.equity_at(price) - maintenance
    }

    fn is_in_doubt(&self, price: f64, validity: Validity, now: u64) -> bool {
        !self.size.is_zero()
            && (self.slack_at(price) < DOUBT * self.units.abs() * price
                || self.validity != Some(validity)
                || now >= self.seen_at + AGE_MAX)
    }
}

/// The accounts of one run, by their traders' numbers.
#[derive(Debug, Default)]
pub struct Mirror {
    held: Vec<Held>,
    numbers: HashMap<String, usize>,
}

impl Mirror {
    /// `owners` in order of their numbers.
    pub fn new(owners: impl IntoIterator<Item = String>) -> Self {
        let numbers: HashMap<String, usize> =
            owners.into_iter().enumerate().map(|(number, owner)| (owner, number)).collect();
        Self { held: vec![Held::default(); numbers.len()], numbers }
    }

    pub fn number_of(&self, owner: &str) -> Option<usize> {
        self.numbers.get(owner).copied()
    }

    pub fn held(&self, number: usize) -> Held {
        self.held.get(number).copied().unwrap_or_default()
    }

    /// Takes the vault's answer in, given while the market's price had this validity.
    pub fn see(&mut self, number: usize, account: &AccountResponse, validity: Validity, now: u64) {
        let (size, price) =
            account.positions.first().map_or((Size::ZERO, Price::ZERO), |position| (position.size, position.price));
        if let Some(held) = self.held.get_mut(number) {
            *held = Held {
                size,
                units: size.atoms() as f64 / ONE as f64,
                equity: account.equity.atoms() as f64 / MICRO as f64,
                maintenance: account.maintenance_margin.atoms() as f64 / MICRO as f64,
                price: as_float(price),
                validity: Some(validity),
                seen_at: now,
                is_liquidatable: account.liquidatable,
            };
        }
    }

    /// Accounts that must be asked for at this price of this validity.
    pub fn in_doubt(&self, price: f64, validity: Validity, now: u64) -> Vec<usize> {
        (0..self.held.len()).filter(|number| self.held[*number].is_in_doubt(price, validity, now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firebreak_messages::derivatives_vault::PositionResponse;
    use firebreak_messages::{AccountId, MarketId};
    use firebreak_risk::{Amount, SignedAmount};

    fn answer(size: i32, equity: u64, maintenance: u64) -> AccountResponse {
        let position = PositionResponse {
            market: MarketId(1),
            size: Size::from_units(size),
            pnl: SignedAmount::ZERO,
            price: Price::from_units(100),
            initial_margin: Amount::ZERO,
            maintenance_margin: Amount::from_units(maintenance),
            liquidation_price: None,
        };
        AccountResponse {
            account: AccountId { owner: "alice".into(), subaccount: 0 },
            cash: SignedAmount::ZERO,
            positions: if size == 0 { vec![] } else { vec![position] },
            orders: vec![],
            margin_held: Amount::ZERO,
            unvested: Amount::ZERO,
            equity: Amount::from_units(equity).signed().unwrap(),
            initial_margin: Amount::ZERO,
            maintenance_margin: Amount::from_units(maintenance),
            liquidatable: false,
        }
    }

    #[test]
    fn an_account_is_asked_for_shortly_before_it_becomes_unhealthy() {
        // Ten long at 100 with 100 of equity and 25 of maintenance margin: unhealthy at about 92.3.
        let mut mirror = Mirror::new(["alice".to_string(), "bob".to_string()]);
        mirror.see(0, &answer(10, 100, 25), Validity::Valid, 0);
        mirror.see(1, &answer(0, 100, 0), Validity::Valid, 0);
        assert_eq!(mirror.number_of("alice"), Some(0));
        assert_eq!(mirror.in_doubt(100.0, Validity::Valid, 10), Vec::<usize>::new());
        assert_eq!(mirror.in_doubt(93.0, Validity::Valid, 10), Vec::<usize>::new());
        assert_eq!(mirror.in_doubt(92.7, Validity::Valid, 10), vec![0]);
        assert!(mirror.held(0).slack_at(92.7) > 0.0 && mirror.held(0).slack_at(92.2) < 0.0);
        // And once an hour; an account without a position never.
        assert_eq!(mirror.in_doubt(100.0, Validity::Valid, 3_600), vec![0]);
    }
    #[test]
    fn an_answer_at_the_last_valid_price_does_not_hide_a_jump() {
        // The feeders report 60, which is a jump: the vault still answers at 100, where the account is healthy.
        let mut mirror = Mirror::new(["alice".to_string()]);
        mirror.see(0, &answer(10, 100, 25), Validity::Invalid, 0);
        assert_eq!(mirror.held(0).equity_at(60.0), -300.0);
        assert_eq!(mirror.in_doubt(60.0, Validity::Invalid, 15), vec![0]);
        assert_eq!(mirror.in_doubt(60.0, Validity::Valid, 15), vec![0]);
    }

    #[test]
    fn whoever_holds_a_position_is_asked_for_when_the_validity_changes() {
        let mut mirror = Mirror::new(["alice".to_string(), "bob".to_string()]);
        mirror.see(0, &answer(10, 100, 25), Validity::Valid, 0);
        mirror.see(1, &answer(0, 100, 0), Validity::Valid, 0);
        for (validity, wanted) in
            [(Validity::Valid, vec![]), (Validity::SoftInvalid, vec![0]), (Validity::Invalid, vec![0])]
        {
            assert_eq!(mirror.in_doubt(100.0, validity, 15), wanted);
        }
    }
}
