//! Traders, with their first account each, and the keeper.

use super::{fact, Suite};
use firebreak_chain::Tx;
use firebreak_messages::derivatives_vault::{
    AccountResponse, ExecuteMsg, OrderFilled, OrderRequest, QueryMsg, BATCH_MAX,
};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{Amount, Ratio, Rounding, Size};
use firebreak_testing::account_of;

impl Suite {
    pub fn account_id(&self, name: &str) -> AccountId {
        account_of(&self.address(name))
    }

    #[track_caller]
    pub fn account(&self, name: &str) -> AccountResponse {
        self.query(&self.at.derivatives_vault, &QueryMsg::Account { account: self.account_id(name) })
    }

    /// Signed; zero without a position.
    #[track_caller]
    pub fn position(&self, name: &str, market: MarketId) -> Size {
        let positions = self.account(name).positions;
        positions.iter().find(|position| position.market == market).map_or(Size::ZERO, |position| position.size)
    }

    #[track_caller]
    pub fn add_collateral(&mut self, name: &str, amount: Amount) -> Tx {
        let vault = self.at.derivatives_vault.clone();
        self.pay(name, &vault, &ExecuteMsg::AddCollateral { account: None, subaccount: 0 }, amount)
    }

    /// An order whose bound lies half the price away.
    pub fn order(&self, market: MarketId, size: Size, reduce_only: bool) -> ExecuteMsg {
        let price = self.last_price(market);
        let room = price.times(Ratio::percent(50), Rounding::Floor).unwrap();
        let price_bound = if size.is_short() { price.minus(room) } else { price.plus(room) };
        ExecuteMsg::PlaceOrder(OrderRequest::market(0, market, size, price_bound.unwrap(), reduce_only))
    }

    /// Places an order, waits until a price may fill it, reports the last price again and executes.
    #[track_caller]
    pub fn trade(&mut self, name: &str, market: MarketId, size: Size, reduce_only: bool) -> OrderFilled {
        let (vault, order) = (self.at.derivatives_vault.clone(), self.order(market, size, reduce_only));
        self.send(name, &vault, &order);
        fact(&self.fill(market))
    }

    #[track_caller]
    pub fn open(&mut self, name: &str, market: MarketId, size: Size) -> OrderFilled {
        self.trade(name, market, size, false)
    }

    #[track_caller]
    pub fn close(&mut self, name: &str, market: MarketId) -> OrderFilled {
        let size = self.position(name, market).negated().unwrap();
        self.trade(name, market, size, true)
    }

    /// Waits for the order delay, reports the last price, and the keeper executes.
    #[track_caller]
    pub fn fill(&mut self, market: MarketId) -> Tx {
        self.advance(self.bootstrap.vault.order_delay_seconds);
        self.price(market, self.last_price(market));
        self.execute_orders(market)
    }

    #[track_caller]
    pub fn execute_orders(&mut self, market: MarketId) -> Tx {
        let vault = self.at.derivatives_vault.clone();
        self.send("keeper", &vault, &ExecuteMsg::ExecuteOrders { market, limit: BATCH_MAX })
    }
}
