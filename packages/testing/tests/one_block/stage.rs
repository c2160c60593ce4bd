//! Where the attack plays: one market at its widest legal swing, others' positions that make the skew, victims with the least
//! margin, and three colluding accounts that also own pool shares.

use firebreak_derivatives_vault::{state, ContractError};
use firebreak_messages::derivatives_vault::{ExecuteMsg, OrderFilled, OrderPlaced};
use firebreak_messages::AccountId;
use firebreak_risk::{Amount, PoolShares, Price, Ratio, Size};
use firebreak_testing::*;

pub const EVES: [&str; 3] = ["eve-0", "eve-1", "eve-2"];
pub const VICTIMS: [&str; 2] = ["victim-0", "victim-1"];
/// Largest open interest of a side, units of base; the scale is 10,000, so a swing from cap to cap moves an exit price by 2.5 %,
/// which is the maintenance margin: the most that the configuration admits.
pub const CAP: i64 = 125;
const SCALE: i64 = 10_000;
/// What each attacker has in its wallet.
const PURSE: u64 = 100_000_000;

/// What the vault runs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// As shipped, at this taker fee in hundredths of a percent.
    Shipped { fee: u32 },
    /// The seeded bug: no fee, orders fill in the block that places them, and what they move counts for liquidations at once. `cap` is the open interest's, which a
    /// configuration could not set above [`CAP`].
    Immediate { cap: i64 },
}

/// How others stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Book {
    /// Others' open interest.
    pub long: i64,
    pub short: i64,
    /// Sizes of the two victims.
    pub victims: [i64; 2],
    /// The price's way since the victims opened, in hundredths of a percent; then it stands still.
    pub drift: i32,
}

pub struct Stage {
    pub world: World,
    pub rules: Rules,
    start: Moment,
}

pub fn base(units: i64) -> Size {
    Size::from_atoms(i128::from(units) * 1_000_000_000_000_000_000)
}

impl Stage {
    pub fn new(rules: Rules, book: Book) -> Self {
        let fee = match rules {
            Rules::Shipped { fee } => fee,
            Rules::Immediate { .. } => 0,
        };
        let world = WorldBuilder::empty()
            .market(BTC, "BTC", price("60000"), |market| {
                market.skew_scale = base(SCALE);
                market.open_interest_max = base(CAP);
                market.order_size_max = base(CAP);
                market.taker_fee_ratio = Ratio::from_basis_points(fee);
                // Funding moves with time, and this is about one block.
                market.funding.velocity_max = Ratio::ZERO;
            })
            .pool(usd(20_000_000))
            .insurance(usd(500_000))
            .checking(Checking::CheapOnly)
            .build();
        let mut stage = Self { start: world.moment(), world, rules };
        stage.set_the_scene(book);
        stage.start = stage.world.moment();
        stage
    }

    fn set_the_scene(&mut self, book: Book) {
        if let Rules::Immediate { cap } = self.rules {
            let mut storage = self.world.storage_mut(Code::Vault);
            let mut stored = state::MARKET_CONFIGS.load(&*storage, BTC.0).unwrap();
            stored.config.open_interest_max = base(cap);
            stored.config.skew_max = base(cap);
            stored.config.order_size_max = base(cap);
            stored.ramp.from = base(cap);
            state::MARKET_CONFIGS.save(&mut *storage, BTC.0, &stored).unwrap();
        }
        for name in EVES {
            self.world.fund(name, usd(PURSE));
        }
        for (name, units) in [("whale-long", book.long), ("whale-short", -book.short)] {
            self.world.add_collateral(name, usd(3_000_000)).done();
            if units != 0 {
                self.world.open(name, BTC, base(units)).fact::<OrderFilled>();
            }
        }
        for (name, units) in VICTIMS.iter().zip(book.victims) {
            if units != 0 {
                self.place_with_least_margin(name, base(units), false);
                self.world.fill(BTC, price("60000")).fact::<OrderFilled>();
            }
        }
        // In steps too small for the breaker.
        let steps = book.drift.abs() / 40;
        for step in 1..=steps {
            let bps = (book.drift / steps) * step;
            let at = Price::from_atoms(6_000_000_000_000_000_000 * (10_000 + i128::from(bps)) as u128);
            self.world.advance(300);
            self.world.price(BTC, at).done();
        }
        for (name, amount) in [("eve-0", 4_000_000), ("eve-1", 500_000)] {
            self.world.provide(name, usd(amount)).done();
            let half = PoolShares::from_atoms(self.world.provider(name).shares.atoms() / 2);
            self.world.request_withdrawal(name, half).done();
        }
        self.world.advance(self.world.setup().vault.lp_cooldown_seconds);
        self.world.refresh().done();
    }

    pub fn back_to_the_start(&mut self) {
        self.world.go_back_to(&self.start);
    }

    pub fn accounts(&self, names: &[&str]) -> Vec<AccountId> {
        names.iter().map(|name| self.world.account_id(name)).collect()
    }

    /// Collateral out of an attacker's purse: a World's own step would create the coins that are missing.
    pub fn deposit(&mut self, name: &str, amount: Amount) -> bool {
        let msg = ExecuteMsg::AddCollateral { account: None, subaccount: 0 };
        self.world.send(name, Code::Vault, &msg, amount).is_done()
    }

    /// Adds exactly what the order lacks, as often as it takes, and places it.
    pub fn place_with_least_margin(&mut self, name: &str, size: Size, reduce_only: bool) -> bool {
        let bound = self.world.bound(BTC, size, Ratio::percent(50));
        for _ in 0..4 {
            let refusal = match self.world.place_bounded(name, BTC, size, bound, reduce_only).0 {
                Ok(_) => return true,
                Err(refusal) => refusal,
            };
            let lacking = match refusal.error_as::<ContractError>() {
                Some(ContractError::MarginTooLow { wanted, found, .. }) => wanted.atoms() as i128 - found.atoms(),
                Some(ContractError::InsufficientCash { wanted, found, .. }) => wanted.atoms() as i128 - found.atoms(),
                _ => return false,
            };
            // Victims and whales come with what they need, attackers with their purse.
            let lacking = Amount::from_atoms(lacking.max(1) as u128);
            if !EVES.contains(&name) {
                self.world.add_collateral(name, lacking).done();
            } else if !self.deposit(name, lacking) {
                return false;
            }
        }
        false
    }

    /// The seeded bug's fill: the order is made old enough for the round that is there already.
    pub fn fill_at_once(&mut self, name: &str, size: Size) {
        let bound = self.world.bound(BTC, size, Ratio::percent(50));
        let Ok(placed) = self.world.place_bounded(name, BTC, size, bound, false).0 else { return };
        let id = placed.fact::<OrderPlaced>().order;
        let delay = self.world.setup().vault.order_delay_seconds;
        let mut storage = self.world.storage_mut(Code::Vault);
        let mut order = state::ORDERS.load(&*storage, id.key()).unwrap();
        order.placed_at -= delay + 60;
        order.placed_height -= 1;
        order.placed_round -= 1;
        state::ORDERS.save(&mut *storage, id.key(), &order).unwrap();
        drop(storage);
        let _ = self.world.execute_by(name, BTC, 50);
        // And liquidations are judged at the skew of now, which the fill has just moved.
        let mut storage = self.world.storage_mut(Code::Vault);
        let mut market = state::MARKETS.load(&*storage, BTC.0).unwrap();
        market.mark_skew = market.long.open_interest().unwrap().plus(market.short.open_interest().unwrap()).unwrap();
        state::MARKETS.save(&mut *storage, BTC.0, &market).unwrap();
    }

    /// What the attackers have once they left: orders filled or cancelled, positions closed at the same price, the bankrupt
    /// liquidated, wallets and accounts counted, pool shares at `shares_at`. Leaves the World where leaving left it.
    pub fn worth_after_leaving(&mut self) -> Worth {
        for name in EVES {
            // The least margin has no room for the fee of the order that closes.
            self.deposit(name, usd(1));
        }
        let world = &mut self.world;
        let _ = world.execute_by(EVES[0], BTC, 50);
        for name in EVES {
            for order in world.account(name).orders {
                let _ = world.cancel(name, order);
            }
        }
        let price = world.last_price(BTC);
        let _ = world.fill(BTC, price);
        // What was claimed is paid; the fee for it comes back to whoever executes.
        let _ = world.send(EVES[0], Code::Vault, &ExecuteMsg::ExecuteClaims { limit: 10 }, Amount::ZERO);
        // Again where the others' leaving had to come first: below zero nobody reduces.
        for _ in 0..3 {
            for name in EVES {
                let size = world.position_size(name, BTC);
                if !size.is_zero() {
                    let _ = world.place_reduce(name, BTC, size.negated().unwrap());
                }
            }
            world.advance(world.setup().vault.order_delay_seconds);
            world.report(&[(BTC, price)]).done();
            let _ = world.execute_by(EVES[0], BTC, 50);
            let all = EVES.map(|name| world.account_id(name)).to_vec();
            let _ = world.liquidate_by(EVES[0], all);
            if EVES.iter().all(|name| world.position_size(name, BTC).is_zero()) {
                break;
            }
        }
        let mut coins = 0;
        for name in EVES {
            let account = world.account(name);
            assert!(account.positions.is_empty(), "{name} is still in: {account:?}");
            let held = account.cash.positive_part().atoms() + account.unvested.atoms();
            coins += world.balance(name).atoms() as i128 + held as i128;
        }
        let pool = world.pool();
        let value = pool.value.unwrap();
        let shares: u128 = EVES
            .iter()
            .map(|name| world.provider(name))
            .map(|of| of.shares.atoms() + of.requests.iter().map(|request| request.shares.atoms()).sum::<u128>())
            .sum();
        let shares = PoolShares::from_atoms(shares);
        let at = |value| firebreak_risk::amount_for_shares(shares, value, pool.pool.shares).unwrap().atoms() as i128;
        Worth { fair: coins + at(value.deposit), paid: coins + at(value.withdraw) }
    }
}

/// Atoms of the settlement coin: with pool shares at what the pool is worth, and at what it pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worth {
    pub fair: i128,
    pub paid: i128,
}
