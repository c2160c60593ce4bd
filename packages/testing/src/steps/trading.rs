//! Orders, collateral, liquidations.

use crate::code::Code;
use crate::outcome::Attempt;
use crate::world::World;
use firebreak_messages::derivatives_vault::{ExecuteMsg, OrderId, OrderRequest, BATCH_MAX};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{Amount, Price, Ratio, Rounding, Size};

/// How far from the last price an order's bound lies where a test gives none.
const BOUND: Ratio = Ratio::percent(10);

impl World {
    /// An order whose bound is 10 % away. It waits.
    pub fn place(&mut self, name: &str, market: MarketId, size: Size) -> Attempt {
        let bound = self.bound(market, size, BOUND);
        self.place_bounded(name, market, size, bound, false)
    }

    /// A reduce-only order whose bound is 50 % away. It waits.
    pub fn place_reduce(&mut self, name: &str, market: MarketId, size: Size) -> Attempt {
        let bound = self.bound(market, size, Ratio::percent(50));
        self.place_bounded(name, market, size, bound, true)
    }

    pub fn place_bounded(
        &mut self,
        name: &str,
        market: MarketId,
        size: Size,
        price_bound: Price,
        reduce_only: bool,
    ) -> Attempt {
        let msg = ExecuteMsg::PlaceOrder(OrderRequest::market(0, market, size, price_bound, reduce_only));
        self.send(name, Code::Vault, &msg, Amount::ZERO)
    }

    /// The last price moved by a share of itself against the taker of `size`.
    pub fn bound(&self, market: MarketId, size: Size, slippage: Ratio) -> Price {
        let price = self.last_price(market);
        let room = price.times(slippage, Rounding::Floor).unwrap_or(Price::ZERO);
        let bound = if size.is_short() { price.minus(room) } else { price.plus(room) };
        bound.unwrap_or(price)
    }

    pub fn cancel(&mut self, name: &str, order: OrderId) -> Attempt {
        self.send(name, Code::Vault, &ExecuteMsg::CancelOrder { order }, Amount::ZERO)
    }

    /// The keeper executes what is eligible.
    pub fn execute(&mut self, market: MarketId) -> Attempt {
        self.execute_by("keeper", market, BATCH_MAX)
    }

    pub fn execute_by(&mut self, name: &str, market: MarketId, limit: u32) -> Attempt {
        self.send(name, Code::Vault, &ExecuteMsg::ExecuteOrders { market, limit }, Amount::ZERO)
    }

    /// Places an order, waits until a price may fill it, reports the last price again and executes.
    pub fn open(&mut self, name: &str, market: MarketId, size: Size) -> Attempt {
        self.open_at(name, market, size, self.last_price(market))
    }

    /// The same with a new price.
    pub fn open_at(&mut self, name: &str, market: MarketId, size: Size, price: Price) -> Attempt {
        self.place(name, market, size).and(|| self.fill(market, price))
    }

    /// Closes the whole position, at the last price.
    pub fn close(&mut self, name: &str, market: MarketId) -> Attempt {
        self.close_at(name, market, self.last_price(market))
    }

    pub fn close_at(&mut self, name: &str, market: MarketId, price: Price) -> Attempt {
        let size = self.position_size(name, market);
        let opposite = size.negated().unwrap_or(Size::ZERO);
        self.place_reduce(name, market, opposite).and(|| self.fill(market, price))
    }

    /// Waits for the order delay, reports a price, executes.
    pub fn fill(&mut self, market: MarketId, price: Price) -> Attempt {
        self.advance(self.setup.vault.order_delay_seconds);
        self.price(market, price).and(|| self.execute(market))
    }

    /// Adds collateral to the actor's first account. Coins are created as needed.
    pub fn add_collateral(&mut self, name: &str, amount: Amount) -> Attempt {
        self.top_up_wallet(name, amount);
        self.send(name, Code::Vault, &ExecuteMsg::AddCollateral { account: None, subaccount: 0 }, amount)
    }

    pub fn withdraw(&mut self, name: &str, amount: Amount) -> Attempt {
        self.send(name, Code::Vault, &ExecuteMsg::WithdrawCollateral { subaccount: 0, amount }, Amount::ZERO)
    }

    /// The keeper tries to liquidate an actor's first account.
    pub fn liquidate(&mut self, name: &str) -> Attempt {
        let account = self.account_id(name);
        self.liquidate_by("keeper", vec![account])
    }

    pub fn liquidate_by(&mut self, keeper: &str, accounts: Vec<AccountId>) -> Attempt {
        self.send(keeper, Code::Vault, &ExecuteMsg::Liquidate { accounts }, Amount::ZERO)
    }

    /// Makes sure that the actor's wallet holds at least this much.
    pub(crate) fn top_up_wallet(&mut self, name: &str, amount: Amount) {
        let missing = amount.saturating_minus(self.balance(name));
        if !missing.is_zero() {
            self.fund(name, missing);
        }
    }
}
