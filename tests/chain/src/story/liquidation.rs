//! A long is liquidated in part, then the price gaps and what is left of it loses more than it has: the insurance fund
//! pays what it holds, the pool the rest.

use super::scene::{micro, the, Scene};
use firebreak_messages::derivatives_vault::{
    AccountHealthy, ExecuteMsg as Vault, FeesSwept, LossBooked, LossLedger, Payer, PositionLiquidated,
};
use firebreak_messages::event::Fact;
use firebreak_messages::insurance_fund::{DeficitCovered, FeesReceived};
use firebreak_messages::RuleId;
use firebreak_risk::{Amount, Ratio, Rounding, SignedAmount, Size};
use firebreak_testing::{size, usd, BTC};

pub fn tell(scene: &mut Scene) {
    let left = a_part_is_liquidated(scene);
    scene.advance(10);
    let events = scene.price("50000", "3000");
    let rules: Vec<RuleId> = super::enforced(&events).iter().map(|tripped| tripped.rule).collect();
    assert_eq!(rules, [RuleId::Band, RuleId::Velocity]);
    the_rest_is_a_deficit(scene, left);
    fees_fill_the_fund_again(scene);
}

/// Returns what is left of the position.
fn a_part_is_liquidated(scene: &mut Scene) -> Size {
    // 90,000 of notional at 5 % less: 4,500 of 6,000 are gone, and 2.5 % of 85,500 must stay.
    assert!(scene.reads().account("carol").liquidatable);
    let keeper = scene.reads().coins_of("keeper");
    let events = scene.liquidate(&["carol", "alice"]);
    let done = the::<PositionLiquidated>(&events);
    assert_eq!((&done.account, done.market), (&scene.account("carol"), BTC));
    assert_eq!(done.size_closed.plus(done.size_after), Ok(size("1.5")));
    assert!(Size::ZERO < done.size_after && done.size_after < size("1.5"), "{done:?}");
    // One per cent of what was closed; three tenths of that are the keeper's.
    assert_eq!(done.notional.times(Ratio::percent(1), Rounding::Ceil), Ok(done.penalty));
    assert_eq!(done.penalty.times(Ratio::percent(30), Rounding::Floor), Ok(done.keeper_fee));
    assert_eq!(scene.reads().coins_of("keeper").atoms() - keeper.atoms(), done.keeper_fee.atoms());
    assert_eq!(the::<AccountHealthy>(&events).account, scene.account("alice"));

    let carol = scene.reads().account("carol");
    assert!(!carol.liquidatable);
    // Healthy with a tenth to spare, and not with more than it takes.
    let buffered = carol.maintenance_margin.times(Ratio::percent(110), Rounding::Ceil).unwrap();
    let spare = carol.equity.minus_amount(buffered).unwrap();
    // Judged at the skew of the mark, before what was closed left it: at the skew of now it is a little less.
    assert!((-1_000_000..10).contains(&spare.atoms()), "{spare} of equity beyond maintenance margin and buffer");
    done.size_after
}

fn the_rest_is_a_deficit(scene: &mut Scene, left: Size) {
    let cash = scene.reads().account("carol").cash;
    let events = scene.liquidate(&["carol"]);
    let done = the::<PositionLiquidated>(&events);
    assert_eq!((done.size_closed, done.size_after, done.penalty), (left, Size::ZERO, Amount::ZERO));
    // The floor of a keeper's fee: a bankrupt account is somebody's business too.
    assert_eq!(done.keeper_fee, usd(1));
    let deficit = cash.plus(done.realised_pnl).unwrap().negative_part();
    assert!(usd(2_500) < deficit, "{deficit}");

    let covered = the::<DeficitCovered>(&events);
    assert_eq!((covered.market, covered.asked), (BTC, deficit));
    assert_eq!((covered.from_first_loss, covered.from_stakers), (usd(1_000), usd(1_500)));
    let from_pool = micro(deficit.atoms() - usd(2_500).atoms());
    let booked: Vec<_> = LossBooked::all(&events).into_iter().map(|loss| (loss.payer, loss.amount)).collect();
    assert_eq!(booked, [(Payer::Insurance, usd(2_500)), (Payer::Pool, from_pool)]);
    // All of it was a loss of carol's that she could not pay: the pool's mark falls, no coins leave.
    let uncollected = deficit;
    let wanted = LossLedger { deficit, insurance: usd(2_500), pool: from_pool, uncollected, ..LossLedger::default() };
    assert_eq!(scene.reads().losses(), wanted);

    let carol = scene.reads().account("carol");
    assert_eq!((carol.cash, carol.positions), (SignedAmount::ZERO, vec![]));
    assert_eq!(scene.reads().coins(&scene.chain().suite().insurance_fund), Amount::ZERO);
}

fn fees_fill_the_fund_again(scene: &mut Scene) {
    let owed = scene.reads().pool().pool.insurance_fees;
    let events = scene.done("keeper", Vault::SweepFees {}, Amount::ZERO);
    assert_eq!(the::<FeesSwept>(&events).amount, owed);
    let received = the::<FeesReceived>(&events);
    // The loss has used the stakers' tranche up, and with it their shares: all of it is first loss.
    assert_eq!((received.to_stakers, received.to_first_loss), (Amount::ZERO, owed));
    assert_eq!(scene.reads().coins(&scene.chain().suite().insurance_fund), owed);
}
