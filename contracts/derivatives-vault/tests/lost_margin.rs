//! Margin that an order waits with may be lost in another market. Whether it fills is then what was there before its price, and no choice of
//! its owner once that is known: coins that come later are none for it, and taking them out again takes nothing back.

use crate::support::*;
use firebreak_derivatives_vault::state::ACCOUNTS as ACCOUNTS_STORED;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_risk::*;

const ACCOUNTS: [u8; 2] = [0, 1];

struct Eve {
    bench: Bench,
    paid: i128,
}

impl Eve {
    /// Against a pool of ten million, at the fees of the template and without funding.
    fn new() -> Self {
        let config = |symbol, feed| {
            let config = market_config(symbol, feed);
            MarketConfig {
                taker_fee_ratio: Ratio::from_basis_points(5),
                funding: FundingParams { velocity_max: Ratio::ZERO, rate_max: Ratio::ZERO, ..config.funding },
                ..config
            }
        };
        let mut bench = Bench::without_pool(config("BTC", 1), config("ETH", 2));
        bench.provide("lp", 10_000_000).unwrap();
        Self { bench, paid: 0 }
    }

    fn pay(&mut self, number: u8, amount: Amount) {
        self.bench.deposit_to(&subaccount("eve", number), amount);
        self.paid += amount.atoms() as i128;
    }

    /// With the fewest coins that it is taken with.
    fn place(&mut self, number: u8, request: &OrderRequest) {
        self.pay(number, units(1));
        let request = OrderRequest { subaccount: number, ..request.clone() };
        if let Err(refusal) = self.bench.place_request("eve", request.clone()) {
            let ContractError::MarginTooLow { wanted, found, .. } = refusal else { panic!("{refusal}") };
            self.pay(number, wanted.signed().unwrap().minus(found).unwrap().positive_part());
            self.bench.place_request("eve", request).unwrap();
        }
    }

    fn publish(&mut self, btc: u32, eth: u32) {
        self.bench.advance(15);
        for (market, units) in [(BTC, btc), (ETH, eth)] {
            self.bench.publish(market, Price::from_units(units), Price::ZERO, self.bench.now(), Validity::Valid);
        }
    }

    fn play(&mut self, number: u8, trick: Trick) {
        let much = units(100_000);
        match trick {
            Trick::Nothing => {}
            Trick::Adds => self.pay(number, much),
            Trick::ToAndFro => {
                // What stays is four times what the stop holds, and what its other position asks: so it is less than what came.
                self.pay(number, much.plus(much).unwrap());
                self.bench.withdraw("eve", number, much).unwrap();
            }
        }
    }

    /// What she has more than she paid once she has closed everything at the prices of now; in whole units.
    fn leave(mut self) -> i128 {
        for number in ACCOUNTS {
            self.pay(number, units(300_000));
            for held in self.bench.account_of(&subaccount("eve", number)).positions {
                let size = held.size.negated().unwrap();
                self.bench.place_in("eve", number, held.market, size, any_price(&size.to_string()), true).unwrap();
            }
        }
        self.bench.advance(15);
        self.bench.refresh();
        for market in [ETH, BTC] {
            self.bench.run_as("eve", market);
        }
        let accounts = ACCOUNTS.map(|number| self.bench.account_of(&subaccount("eve", number)));
        assert!(accounts.iter().all(|account| account.positions.is_empty()));
        let cash: i128 = accounts.iter().map(|account| account.cash.atoms()).sum();
        (self.bench.wallet("eve") + cash - self.paid) / 1_000_000
    }
}

/// What eve does once she knows the price behind the trigger.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Trick {
    Nothing,
    Adds,
    /// Pays in, and takes a half of it out again.
    ToAndFro,
}

/// Two accounts, one long `held` of BTC and one short, one with a stop that buys 100 ETH at 3,030 and one with a stop that sells as much there.
/// BTC goes to `btc`, ETH to 3,031, and then, as eve knows, to `next`. Returns how many positions were liquidated, what filled and what was
/// dropped, and her gain.
fn stops(held: &str, btc: u32, trick: Trick, next: u32) -> (usize, usize, Vec<DropReason>, i128) {
    let mut eve = Eve::new();
    let sizes = [held.to_owned(), format!("-{held}")];
    for (number, text) in ACCOUNTS.into_iter().zip(&sizes) {
        eve.place(number, &market_order(BTC, text, any_price(text)));
    }
    eve.publish(60_000, 3_000);
    assert_eq!(OrderFilled::all(&eve.bench.run(BTC)).len(), 2);
    for (number, text) in ACCOUNTS.into_iter().zip(["100", "-100"]) {
        eve.place(number, &resting(ETH, text, any_price(text), Trigger::Above(price("3030"))));
    }
    eve.publish(btc, 3_000);
    let accounts = ACCOUNTS.map(|number| subaccount("eve", number)).to_vec();
    let events = eve.bench.execute("keeper", ExecuteMsg::Liquidate { accounts }, 0).unwrap();
    let liquidated = PositionLiquidated::all(&events).len();
    eve.publish(btc, 3_031);
    for number in ACCOUNTS {
        eve.play(number, trick);
    }
    let events = eve.bench.run(ETH);
    eve.publish(btc, next);
    eve.bench.run(ETH);
    (liquidated, OrderFilled::all(&events).len(), reasons(&events), eve.leave())
}

#[test]
fn no_choice_at_a_known_price_is_left_by_margin_that_another_market_has_lost() {
    // With coins that come late it was one: of a known move of one per cent of 303,000 she had 2,521 or lost 790 where nobody was liquidated,
    // and 1,028 or 2,283 where one was.
    for (held, btc, liquidated, rises, falls) in [("1.5", 64_800, 0, 2_521, -3_505), ("3", 68_000, 1, 1_028, -4_998)] {
        for trick in [Trick::Nothing, Trick::Adds, Trick::ToAndFro] {
            let wanted = (liquidated, 1, vec![DropReason::Margin]);
            for (next, gain) in [(3_061, rises), (3_001, falls)] {
                let (liquidated, filled, dropped, found) = stops(held, btc, trick, next);
                assert_eq!((liquidated, filled, dropped), wanted, "{held} BTC, {trick:?}");
                assert_eq!(found, gain, "{held} BTC, {trick:?}, ETH to {next}");
            }
        }
    }
}

#[test]
fn nor_does_anything_that_is_added_late_take_an_order_back() {
    // BTC has hardly moved, so both stops have what they need.
    for trick in [Trick::Nothing, Trick::Adds, Trick::ToAndFro] {
        let (_, filled, dropped, _) = stops("1.5", 60_100, trick, 3_031);
        assert_eq!((filled, dropped), (2, vec![]), "{trick:?}");
    }
}

#[test]
fn what_came_before_the_price_counts_whole() {
    // As if an order had been placed with it: the delay before the price is published, and not a second less.
    for (before, reason) in [(10, vec![]), (9, vec![DropReason::Margin])] {
        let mut eve = Eve::new();
        eve.place(0, &market_order(BTC, "1.5", any_price("1.5")));
        eve.publish(60_000, 3_000);
        eve.bench.run(BTC);
        eve.place(0, &resting(ETH, "100", any_price("100"), Trigger::Above(price("3030"))));
        eve.publish(54_000, 3_000);
        eve.bench.advance(60);
        eve.pay(0, units(100_000));
        eve.bench.advance(before);
        for (market, units) in [(BTC, 54_000), (ETH, 3_031)] {
            eve.bench.publish(market, Price::from_units(units), Price::ZERO, eve.bench.now(), Validity::Valid);
        }
        assert_eq!(reasons(&eve.bench.run(ETH)), reason, "{before} seconds before");
    }
}

#[test]
fn what_another_order_was_placed_with_is_neither_late_nor_free() {
    // an order of BTC comes with its own coins five seconds before the price of a stop in ETH, and is executed before it.
    let mut eve = Eve::new();
    eve.place(0, &resting(ETH, "100", any_price("100"), Trigger::Above(price("3030"))));
    eve.publish(60_000, 3_000);
    eve.place(0, &market_order(BTC, "10", any_price("10")));
    eve.bench.advance(5);
    eve.bench.publish(ETH, price("3031"), Price::ZERO, eve.bench.now(), Validity::Valid);
    eve.bench.advance(5);
    eve.bench.publish(BTC, price("60000"), Price::ZERO, eve.bench.now(), Validity::Valid);
    assert_eq!(OrderFilled::all(&eve.bench.run(BTC)).len(), 1);
    let events = eve.bench.run(ETH);
    assert_eq!((OrderFilled::all(&events).len(), reasons(&events)), (1, vec![]));
}

#[test]
fn who_has_no_order_waiting_remembers_no_coins() {
    let mut eve = Eve::new();
    let of = |eve: &Eve| ACCOUNTS_STORED.load(&eve.bench.deps.storage, (address("eve"), 0)).unwrap().recent.len();
    eve.pay(0, units(100_000));
    assert_eq!(of(&eve), 0);
    eve.place(0, &market_order(BTC, "1", any_price("1")));
    for _ in 0..20 {
        eve.bench.advance(1);
        eve.pay(0, units(1));
    }
    assert_eq!(of(&eve), RECENT_COINS_MAX);
    eve.publish(60_000, 3_000);
    eve.bench.run(BTC);
    assert_eq!(of(&eve), 0);
    // Nor longer than any report may be old.
    eve.place(0, &resting(ETH, "1", any_price("1"), Trigger::Above(price("3030"))));
    eve.bench.advance(1);
    eve.pay(0, units(1));
    assert_eq!(of(&eve), 1);
    eve.bench.advance(RECENT_COINS_SECONDS);
    eve.pay(0, units(1));
    assert_eq!(of(&eve), 1);
}
