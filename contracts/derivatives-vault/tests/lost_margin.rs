//! A known limit (SECURITY.md): margin that an order waits with may be lost in another market, and then its owner chooses, once its price is
//! known, whether it fills. What it costs, and that no liquidation is needed for it.

use crate::support::*;
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

/// Two accounts, one long `held` of BTC and one short, one with a stop that buys 100 ETH at 3,030 and one with a stop that sells as much there.
/// BTC goes to `btc`, ETH to 3,031, and then, as eve knows, to `next`: she adds coins or she does not. Returns how many accounts were
/// liquidated, and her gain.
fn stops(held: &str, btc: u32, adds: bool, next: u32) -> (usize, i128) {
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
    if adds {
        eve.pay(1, units(100_000));
    }
    let events = eve.bench.run(ETH);
    let wanted = if adds { (2, vec![]) } else { (1, vec![DropReason::Margin]) };
    assert_eq!((OrderFilled::all(&events).len(), reasons(&events)), wanted);
    eve.publish(btc, next);
    (liquidated, eve.leave())
}

#[test]
fn a_margin_lost_in_another_market_leaves_a_choice_at_a_known_price() {
    // R-32, as far as it is not kept: of a known move of one per cent of 303,000 she has the first figure, or loses the second.
    for (held, btc, liquidated, [chosen, fees]) in [("1.5", 64_800, 0, [2_521, 790]), ("3", 68_000, 1, [1_028, 2_283])]
    {
        assert_eq!(stops(held, btc, false, 3_061), (liquidated, chosen), "{held} BTC, and ETH rises");
        assert_eq!(stops(held, btc, true, 3_001), (liquidated, -fees), "{held} BTC, and ETH falls");
    }
}
