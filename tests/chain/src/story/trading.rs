//! Orders wait for their price, are filled in a batch, missed by their bound, cancelled; free collateral is taken out.

use super::scene::{micro, the, Scene};
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::{
    CancelRequested, CollateralWithdrawn, DropReason, ExecuteMsg as Vault, OrderDropped, OrderFilled, OrderId,
};
use firebreak_messages::event::Fact;
use firebreak_risk::{Amount, SignedAmount};
use firebreak_testing::{price, size, usd, BTC, ETH};

pub fn tell(scene: &mut Scene) {
    scene.price("60000", "3000");
    let late = place_orders(scene);
    nothing_executes_before_its_price(scene);
    scene.advance(10);
    scene.price("60000", "3000");
    bitcoin_orders_fill(scene, late);
    ether_orders_fill(scene);
    collateral_is_withdrawn(scene);
}

/// Returns the order whose bound will be missed.
fn place_orders(scene: &mut Scene) -> OrderId {
    scene.place("alice", BTC, "1", "60300");
    scene.place("bob", BTC, "-0.5", "59700");
    scene.place("carol", BTC, "1.5", "60300");
    let late = scene.place("alice", BTC, "1", "59900");
    scene.place("bob", ETH, "-10", "2985");
    let order = scene.place("bob", ETH, "5", "3015");
    let events = scene.done("bob", Vault::CancelOrder { order }, Amount::ZERO);
    assert_eq!(the::<CancelRequested>(&events).order, order);
    assert_eq!((scene.reads().orders(BTC).len(), scene.reads().orders(ETH).len()), (4, 2));
    // Of another one's order nobody disposes.
    let stranger = ContractError::Unauthorized {
        wanted: scene.chain().address("alice").into(),
        found: scene.chain().address("mallory").into(),
    };
    scene.refused("mallory", Vault::CancelOrder { order: late }).with(stranger);
    late
}

fn nothing_executes_before_its_price(scene: &mut Scene) {
    let keeper = scene.reads().coins_of("keeper");
    let events = scene.execute(BTC);
    assert_eq!((OrderFilled::all(&events), OrderDropped::all(&events)), (vec![], vec![]));
    assert_eq!(scene.reads().coins_of("keeper"), keeper);
}

fn bitcoin_orders_fill(scene: &mut Scene, late: OrderId) {
    let keeper = scene.reads().coins_of("keeper");
    let events = scene.execute(BTC);
    let filled: Vec<_> = OrderFilled::all(&events)
        .into_iter()
        .map(|filled| (filled.account, filled.size_after, filled.fill_price, filled.fee))
        .collect();
    // 60000 * (1 + (skew + size / 2) / 50000) at a skew of 0, 1 and 0.5; the fee is 0.05 % of |size| * price.
    let wanted = [
        (scene.account("alice"), size("1"), price("60000.6"), micro(30_000_300)),
        (scene.account("bob"), size("-0.5"), price("60000.9"), micro(15_000_225)),
        (scene.account("carol"), size("1.5"), price("60001.5"), micro(45_001_125)),
    ];
    assert_eq!(filled, wanted);
    let dropped = the::<OrderDropped>(&events);
    assert_eq!((dropped.order, dropped.reason), (late, DropReason::BoundMissed));
    // Four orders left the queue, 0.2 for each.
    assert_eq!(scene.reads().coins_of("keeper").atoms() - keeper.atoms(), 800_000);
}

fn ether_orders_fill(scene: &mut Scene) {
    let events = scene.execute(ETH);
    // The skew scale is 1,000,000 ETH: 3000 * (1 - 5 / 1000000).
    let filled = the::<OrderFilled>(&events);
    assert_eq!((filled.size, filled.fill_price), (size("-10"), price("2999.985")));
    assert_eq!(the::<OrderDropped>(&events).reason, DropReason::Canceled);
    assert_eq!((scene.reads().orders(BTC).len(), scene.reads().orders(ETH).len()), (0, 0));
}

fn collateral_is_withdrawn(scene: &mut Scene) {
    let before = scene.reads().coins_of("alice");
    let events = scene.done("alice", Vault::WithdrawCollateral { subaccount: 0, amount: usd(5_000) }, Amount::ZERO);
    assert_eq!(the::<CollateralWithdrawn>(&events).amount, usd(5_000));
    assert_eq!(scene.reads().coins_of("alice").atoms() - before.atoms(), usd(5_000).atoms());

    // A tenth of the notional must stay, and carol trades 90,000. She has 6,000 less the fees of the trade (45.001125) and of
    // its execution (0.2), less what closing would cost (45), less the 1,000 that she asks for.
    let account = scene.account("carol");
    let wanted =
        ContractError::MarginTooLow { account, wanted: usd(9_000), found: SignedAmount::from_atoms(4_909_798_875) };
    scene.refused("carol", Vault::WithdrawCollateral { subaccount: 0, amount: usd(1_000) }).with(wanted);
}
