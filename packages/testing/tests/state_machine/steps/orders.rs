//! Orders that rest until a trigger, batches, cancel-all.

use crate::machine::Machine;
use firebreak_messages::derivatives_vault::{ExecuteMsg, OrderRequest, Trigger};
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, Price, Ratio, Rounding, Size};
use firebreak_testing::*;

/// The last price, up to 5 % higher or lower.
fn near(m: &mut Machine, market: MarketId) -> Price {
    let last = m.world.last_price(market);
    let bps = m.dice.between(-500, 500);
    let by = last.times(Ratio::from_basis_points(bps.unsigned_abs() as u32), Rounding::Floor).unwrap_or(Price::ZERO);
    if bps < 0 { last.minus(by) } else { last.plus(by) }.unwrap_or(last)
}

fn expiry(m: &mut Machine) -> Option<u64> {
    let ends = m.world.now() + m.dice.between(20, 20_000) as u64;
    m.dice.one_in(3).then_some(ends)
}

fn request(m: &mut Machine, size: Size, market: MarketId, reduce_only: bool) -> OrderRequest {
    let price_bound = m.world.bound(market, size, Ratio::percent(if reduce_only { 50 } else { 10 }));
    let expires_at = expiry(m);
    OrderRequest { expires_at, ..OrderRequest::market(0, market, size, price_bound, reduce_only) }
}

/// What would reduce the position, if there is one.
fn opposite(m: &mut Machine, name: &str, market: MarketId) -> Size {
    let held = m.world.position_size(name, market);
    Size::from_atoms(-held.atoms() * i128::from(m.dice.between(20, 120)) / 100)
}

fn send(m: &mut Machine, name: &str, order: OrderRequest) -> bool {
    m.world.send(name, Code::Vault, &ExecuteMsg::PlaceOrder(order), Amount::ZERO).is_done()
}

pub fn limit(m: &mut Machine) -> bool {
    let (name, market) = (m.trader(), m.market());
    let reduce_only = m.dice.one_in(2);
    let size = if reduce_only { opposite(m, &name, market) } else { m.size(market) };
    let price_bound = near(m, market);
    let order = OrderRequest { price_bound, trigger: Some(Trigger::Limit), ..request(m, size, market, reduce_only) };
    send(m, &name, order)
}

pub fn stop(m: &mut Machine) -> bool {
    let (name, market) = (m.trader(), m.market());
    let reduce_only = !m.dice.one_in(3);
    let size = if reduce_only { opposite(m, &name, market) } else { m.size(market) };
    let at = near(m, market);
    let trigger = Some(if m.dice.one_in(2) { Trigger::Above(at) } else { Trigger::Below(at) });
    let order = OrderRequest { trigger, ..request(m, size, market, reduce_only) };
    send(m, &name, order)
}

pub fn on_health(m: &mut Machine) -> bool {
    let (name, market) = (m.trader(), m.market());
    let size = opposite(m, &name, market);
    let ratio = Ratio::percent(m.dice.between(105, 400) as u32);
    let order = OrderRequest { trigger: Some(Trigger::Health(ratio)), ..request(m, size, market, true) };
    send(m, &name, order)
}

/// An entry with its stop, or several entries; all or none.
pub fn batch(m: &mut Machine) -> bool {
    let name = m.trader();
    let number = m.dice.between(1, 4);
    let mut orders = vec![];
    for _ in 0..number {
        let market = m.market();
        let size = m.size(market);
        let mut order = request(m, size, market, false);
        if m.dice.one_in(2) {
            order.price_bound = near(m, market);
            order.trigger = Some(Trigger::Limit);
        }
        orders.push(order);
    }
    m.world.send(&name, Code::Vault, &ExecuteMsg::PlaceOrders { orders }, Amount::ZERO).is_done()
}

pub fn cancel_all(m: &mut Machine) -> bool {
    let name = m.trader();
    let market = if m.dice.one_in(2) { Some(m.market()) } else { None };
    m.world.send(&name, Code::Vault, &ExecuteMsg::CancelOrders { subaccount: 0, market }, Amount::ZERO).is_done()
}
