use crate::machine::{trader, Machine, TRADERS};
use firebreak_messages::derivatives_vault::{
    CollateralWithdrawn, ExecuteMsg, OrderFilled, ParkedId, PositionLiquidated, BATCH_MAX,
};
use firebreak_risk::Amount;
use firebreak_testing::*;

/// Through to the fill.
pub fn open(m: &mut Machine) -> bool {
    let (name, market) = (m.trader(), m.market());
    let size = m.size(market);
    m.world.open(&name, market, size).0.is_ok_and(|outcome| outcome.has::<OrderFilled>())
}

pub fn close(m: &mut Machine) -> bool {
    let (name, market) = (m.trader(), m.market());
    m.world.close(&name, market).0.is_ok_and(|outcome| outcome.has::<OrderFilled>())
}

pub fn place(m: &mut Machine) -> bool {
    let (name, market) = (m.trader(), m.market());
    let size = m.size(market);
    m.world.place(&name, market, size).is_done()
}

pub fn place_reduce(m: &mut Machine) -> bool {
    let (name, market) = (m.trader(), m.market());
    let held = m.world.position_size(&name, market);
    let part = m.dice.between(1, 150) as i128;
    let size = firebreak_risk::Size::from_atoms(-held.atoms() * part / 100);
    m.world.place_reduce(&name, market, size).is_done()
}

pub fn cancel(m: &mut Machine) -> bool {
    let name = m.trader();
    let orders = m.world.account(&name).orders;
    if orders.is_empty() {
        return false;
    }
    let order = *m.dice.pick(&orders);
    m.world.cancel(&name, order).is_done()
}

pub fn execute(m: &mut Machine) -> bool {
    let market = m.market();
    let limit = if m.dice.one_in(3) { m.dice.between(1, 3) as u32 } else { BATCH_MAX };
    m.world.execute_by("keeper", market, limit).0.is_ok_and(|outcome| outcome.has::<OrderFilled>())
}

pub fn add_collateral(m: &mut Machine) -> bool {
    let (name, amount) = (m.trader(), m.dice.between(1, 20_000) as u64);
    m.world.add_collateral(&name, usd(amount)).is_done()
}

pub fn add_to_another(m: &mut Machine) -> bool {
    let (name, amount) = (m.trader(), usd(m.dice.between(1, 500) as u64));
    m.world.fund("friend", amount);
    let account = Some(m.world.account_id(&name));
    m.world.send("friend", Code::Vault, &ExecuteMsg::AddCollateral { account, subaccount: 0 }, amount).is_done()
}

pub fn withdraw(m: &mut Machine) -> bool {
    let name = m.trader();
    let cash = m.world.account(&name).cash.positive_part();
    let amount = m.part_of(cash);
    m.world.withdraw(&name, amount).0.is_ok_and(|outcome| outcome.has::<CollateralWithdrawn>())
}

/// All traders at once, or the one whose turn it is.
pub fn liquidate(m: &mut Machine) -> bool {
    let accounts = if m.dice.one_in(2) {
        (0..TRADERS).map(|index| m.world.account_id(&trader(index))).collect()
    } else {
        let name = m.trader();
        vec![m.world.account_id(&name)]
    };
    m.world.liquidate_by("keeper", accounts).0.is_ok_and(|outcome| outcome.has::<PositionLiquidated>())
}

fn parked(m: &mut Machine) -> (String, ParkedId) {
    let liquidity = m.dice.one_in(3);
    let name = if liquidity { m.provider() } else { m.trader() };
    let id = ParkedId { account: m.world.account_id(&name), liquidity };
    (name, id)
}

pub fn collect_parked(m: &mut Machine) -> bool {
    let (_, id) = parked(m);
    m.world.send("anyone", Code::Vault, &ExecuteMsg::CollectParked(id), Amount::ZERO).is_done()
}

pub fn cancel_parked(m: &mut Machine) -> bool {
    let (name, id) = parked(m);
    m.world.send(&name, Code::Vault, &ExecuteMsg::CancelParked(id), Amount::ZERO).is_done()
}
