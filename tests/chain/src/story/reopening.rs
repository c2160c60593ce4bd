//! The market opens again by itself: a quarter of the order size, half of it, all of it. Nobody is asked.

use super::scene::{the, Scene};
use firebreak_messages::derivatives_vault::{
    CollateralWithdrawn, DropReason, ExecuteMsg as Vault, OrderDropped, OrderFilled,
};
use firebreak_messages::event::Fact;
use firebreak_risk::{Amount, BasisPoints, Level, Size};
use firebreak_testing::{size, usd, BTC};

/// More than a quarter and less than half of the largest order, 33.3 BTC.
const LARGE: &str = "9";
/// 0.4 % from the price: near enough for a market that takes limit orders only.
const NEAR: &str = "50200";
const FAR: &str = "51000";

pub fn tell(scene: &mut Scene) {
    scene.done("mallory", Vault::AddCollateral { account: None, subaccount: 0 }, usd(200_000));
    let closed_until = scene.reads().status(BTC).effective.until;

    at(scene, closed_until, Level::Guarded, BasisPoints(2_500));
    let (filled, dropped) = orders(scene, &[(LARGE, NEAR), ("1", FAR), ("1", NEAR)]);
    assert_eq!(filled, [size("1")]);
    assert_eq!(dropped, [DropReason::Cap, DropReason::Restricted]);

    at(scene, closed_until + 300, Level::Guarded, BasisPoints(5_000));
    let (filled, dropped) = orders(scene, &[(LARGE, NEAR), ("1", FAR)]);
    assert_eq!((filled, dropped), (vec![size("9")], vec![DropReason::Restricted]));

    at(scene, closed_until + 600, Level::Normal, BasisPoints::ONE);
    let (filled, dropped) = orders(scene, &[("1", FAR)]);
    assert_eq!((filled, dropped), (vec![size("1")], vec![]));
    profits_are_taken(scene);
}

/// A phase begins: the price has not moved since the last one, and the posture is another one.
fn at(scene: &mut Scene, moment: u64, level: Level, order_size_factor: BasisPoints) {
    scene.advance_to(moment - 1);
    let before = scene.reads().status(BTC).effective.posture;
    scene.advance(1);
    let events = scene.price("50000", "3000");
    assert_eq!(super::enforced(&events), []);
    let after = scene.reads().status(BTC).effective.posture;
    assert_ne!(before, after);
    assert_eq!((after.level, after.order_size_factor), (level, order_size_factor));
}

/// Buys at these sizes and bounds; what was filled and why the others were not.
fn orders(scene: &mut Scene, orders: &[(&str, &str)]) -> (Vec<Size>, Vec<DropReason>) {
    for (size, bound) in orders {
        scene.place("mallory", BTC, size, bound);
    }
    scene.advance(10);
    scene.price("50000", "3000");
    let events = scene.execute(BTC);
    let filled = OrderFilled::all(&events).into_iter().map(|filled| filled.size).collect();
    let dropped = OrderDropped::all(&events).into_iter().map(|dropped| dropped.reason).collect();
    (filled, dropped)
}

/// Bob was short all the time: he closes, and takes more out than he put in.
fn profits_are_taken(scene: &mut Scene) {
    scene.place_reduce("bob", BTC, "0.4", "55000");
    scene.advance(10);
    scene.price("50000", "3000");
    let filled = the::<OrderFilled>(&scene.execute(BTC));
    assert_eq!((filled.account, filled.size_after), (scene.account("bob"), size("0")));
    let amount = usd(21_000);
    let events = scene.done("bob", Vault::WithdrawCollateral { subaccount: 0, amount }, Amount::ZERO);
    assert_eq!(the::<CollateralWithdrawn>(&events).account, scene.account("bob"));
}
