//! A trader's life: wait, open, hold, close or be liquidated, pause, come back or not.
//!
//! ```text
//! pausing --entry rule--> ordering --filled--> holding --exit rule--> ordering (close) --filled--> pausing
//!                            |                     |                                                  ^
//!                            +--dropped: retry     +------------------ liquidated --------------------+
//! ```
//!
//! The trader learns where it stands from its account: a position is there or it is not.

use super::dip_buyer::DipRule;
use super::exits::ExitRule;
use super::taker::TakerRule;
use super::{draw_leverage, exponential, MarketView};
use crate::parameters::Parameters;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// What a trader knows of its own account.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Account {
    /// Base units, long is positive.
    pub size: f64,
    /// Units of the settlement coin.
    pub equity: f64,
    /// An order waits.
    pub is_waiting: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    Nothing,
    /// Adds `deposit` (units of the settlement coin, maybe 0) and orders `notional` worth, on the long or the short
    /// side.
    Open {
        deposit: f64,
        notional: f64,
        is_long: bool,
    },
    /// Orders the whole position closed.
    Close,
}

/// When a trader opens, and on which side.
#[derive(Debug, Clone)]
enum Entry {
    Taker(TakerRule),
    Dip(DipRule),
}

#[derive(Debug, Clone)]
pub struct Trader {
    rng: ChaCha8Rng,
    entry: Entry,
    exit: ExitRule,
    /// Collateral with which it comes, units of the settlement coin.
    collateral: f64,
    leverage: f64,
    equity_used: f64,
    pause_seconds_mean: u64,
    retry_seconds: u64,
    returns_after_ruin: f64,
    /// Not before this; `None` is never again.
    may_order_at: Option<u64>,
    /// Equity when the position was opened; `None` without a position.
    stake: Option<f64>,
}

/// Equity left of the stake below which a closed position was a ruin.
const RUIN: f64 = 0.3;
/// A position below this many quote units is nobody's.
const DUST: f64 = 1.0;

impl Trader {
    pub fn draw(parameters: &Parameters, mut rng: ChaCha8Rng, starts_at: u64, seconds: u64) -> Self {
        let traders = &parameters.traders;
        let kind: f64 = rng.gen();
        let collateral = {
            let (min, max) = ((traders.collateral_min as f64).ln(), (traders.collateral_max as f64).ln());
            super::uniform(&mut rng, min, max).exp()
        };
        let leverage = draw_leverage(&mut rng, &traders.leverage);
        let window = (seconds as f64 * traders.entry_window_share) as u64;
        let first_entry = rng.gen_range(0..=window.min(traders.entry_window_seconds_max));
        let entry = if kind < traders.longs {
            Entry::Taker(TakerRule { is_long: true })
        } else if kind < traders.longs + traders.shorts {
            Entry::Taker(TakerRule { is_long: false })
        } else {
            Entry::Dip(DipRule::draw(&parameters.dip_buyers, &mut rng))
        };
        Self {
            exit: ExitRule::draw(traders, &mut rng),
            entry,
            collateral,
            leverage,
            equity_used: traders.equity_used,
            pause_seconds_mean: traders.pause_seconds_mean,
            retry_seconds: traders.retry_seconds,
            returns_after_ruin: traders.returns_after_ruin,
            may_order_at: Some(starts_at + first_entry),
            stake: None,
            rng,
        }
    }

    /// What to do now. A decision to order is remembered: the next one comes after the retry time at the earliest.
    pub fn decide(&mut self, market: &MarketView, account: &Account) -> Decision {
        if account.is_waiting {
            return Decision::Nothing;
        }
        if account.size.abs() * market.price >= DUST {
            return self.hold(market, account);
        }
        if let Some(stake) = self.stake.take() {
            self.rest(market.now, account.equity < RUIN * stake);
        }
        let wants = match &self.entry {
            Entry::Taker(rule) => Some(rule.is_long),
            Entry::Dip(rule) => rule.buys(market).then_some(true),
        };
        match (wants, self.may_order_at) {
            (Some(is_long), Some(at)) if market.now >= at => {
                self.may_order_at = Some(market.now + self.retry_seconds);
                let deposit = (self.collateral - account.equity).max(0.0);
                // Profits stay in the account; they are not staked again.
                let notional = self.collateral * self.equity_used * self.leverage;
                Decision::Open { deposit, notional, is_long }
            }
            _ => Decision::Nothing,
        }
    }

    fn hold(&mut self, market: &MarketView, account: &Account) -> Decision {
        let stake = match self.stake {
            Some(stake) => stake,
            None => {
                self.exit.begin(market.now, &mut self.rng);
                *self.stake.insert(account.equity.max(DUST))
            }
        };
        let asked_lately = self.may_order_at.is_some_and(|at| market.now < at);
        if asked_lately || !self.exit.is_due(market.now, account.equity, stake) {
            return Decision::Nothing;
        }
        self.may_order_at = Some(market.now + self.retry_seconds);
        Decision::Close
    }

    fn rest(&mut self, now: u64, is_ruined: bool) {
        let comes_back = !is_ruined || self.rng.gen_bool(self.returns_after_ruin.clamp(0.0, 1.0));
        let pause = exponential(&mut self.rng, self.pause_seconds_mean);
        self.may_order_at = comes_back.then_some(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::stream;

    fn parameters() -> Parameters {
        Parameters::committed().unwrap()
    }

    fn trader(entry: Entry) -> Trader {
        let mut trader = Trader::draw(&parameters(), stream(1, 0), 0, 172_800);
        trader.entry = entry;
        trader.collateral = 1_000.0;
        trader.leverage = 10.0;
        trader.may_order_at = Some(0);
        trader.exit = ExitRule::fixed(3_600, 0.8, Some(0.5));
        trader.returns_after_ruin = 0.0;
        trader
    }

    fn view(now: u64, price: f64) -> MarketView {
        MarketView { now, price, recent_high: 100.0, day_high: 100.0 }
    }

    const LONG: Entry = Entry::Taker(TakerRule { is_long: true });

    #[test]
    fn it_brings_its_collateral_and_orders_its_leverage_once_in_a_retry_time() {
        let mut trader = trader(LONG);
        let none = Account::default();
        let open = Decision::Open { deposit: 1_000.0, notional: 9_500.0, is_long: true };
        assert_eq!(trader.decide(&view(10, 100.0), &none), open);
        assert_eq!(trader.decide(&view(310, 100.0), &none), Decision::Nothing);
        // Refused or dropped: it tries again, with what is in the account already.
        let open = Decision::Open { deposit: 100.0, notional: 9_500.0, is_long: true };
        assert_eq!(trader.decide(&view(910, 100.0), &Account { equity: 900.0, ..none }), open);
        assert_eq!(trader.decide(&view(2_000, 100.0), &Account { is_waiting: true, ..none }), Decision::Nothing);
    }

    #[test]
    fn it_closes_at_its_profit_at_its_stop_and_when_its_time_is_over() {
        for (name, now, equity, wanted) in [
            ("neither", 1_000, 1_300.0, Decision::Nothing),
            ("profit", 1_000, 1_800.0, Decision::Close),
            ("stop", 1_000, 500.0, Decision::Close),
            ("time", 3_600, 1_000.0, Decision::Close),
        ] {
            let mut trader = trader(LONG);
            let account = |equity| Account { size: 95.0, equity, is_waiting: false };
            assert_eq!(trader.decide(&view(0, 100.0), &account(1_000.0)), Decision::Nothing, "{name}");
            assert_eq!(trader.decide(&view(now, 100.0), &account(equity)), wanted, "{name}");
        }
    }

    #[test]
    fn who_was_ruined_and_does_not_come_back_never_orders_again() {
        let mut trader = trader(LONG);
        let account = Account { size: 95.0, equity: 1_000.0, is_waiting: false };
        assert_eq!(trader.decide(&view(0, 100.0), &account), Decision::Nothing);
        let liquidated = Account { size: 0.0, equity: 10.0, is_waiting: false };
        assert_eq!(trader.decide(&view(10, 90.0), &liquidated), Decision::Nothing);
        assert_eq!(trader.decide(&view(u64::MAX / 2, 90.0), &liquidated), Decision::Nothing);
    }

    #[test]
    fn a_dip_buyer_waits_for_its_fall() {
        let mut trader = trader(Entry::Dip(DipRule { fall: 0.1 }));
        assert_eq!(trader.decide(&view(10, 91.0), &Account::default()), Decision::Nothing);
        let open = Decision::Open { deposit: 1_000.0, notional: 9_500.0, is_long: true };
        assert_eq!(trader.decide(&view(20, 90.0), &Account::default()), open);
    }
}
