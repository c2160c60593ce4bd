//! F13: while the insurance fund covers less than half of a stress loss of the open interest, leverage steps down; by anyone, for an
//! hour, and no longer than it is true.

use firebreak_guardian::ContractError as GuardianError;
use firebreak_messages::circuit_breaker::{RestrictionAdded, Scope};
use firebreak_messages::derivatives_vault::OrderFilled;
use firebreak_messages::guardian::{
    CouncilAction, CoverageThin, ExecuteMsg, IncidentAdvanced, IncidentStatus, COVERAGE_STEP_SECONDS,
};
use firebreak_messages::insurance_fund::{CoverageResponse, QueryMsg as FundQuery};
use firebreak_messages::Source;
use firebreak_risk::{Amount, Level, Ratio, Rounding};
use firebreak_testing::*;

fn step_down(world: &mut World) -> Attempt {
    world.send("anyone", Code::Guardian, &ExecuteMsg::StepDown {}, Amount::ZERO)
}

fn coverage(world: &World) -> CoverageResponse {
    world.query(Code::Insurance, &FundQuery::Coverage {})
}

/// A fund that covers half of the stress of 60,000 of open interest, 3,000, or a unit less.
fn venue(first_loss: Amount) -> World {
    let mut world = World::builder().without_fees().insurance(first_loss).trader("alice", usd(20_000)).build();
    world.open("alice", BTC, size("1")).done();
    world.refresh().done();
    world
}

#[test]
fn a_thin_fund_steps_leverage_down_for_an_hour_and_as_long_as_it_is_thin() {
    let mut world = venue(usd(1_000));
    let thin = coverage(&world);
    assert!(thin.ratio.unwrap() < ratio("0.5"), "{thin:?}");
    let before = world.effective(BTC).posture.leverage_max;
    let outcome = step_down(&mut world).done();
    let until = outcome.now + COVERAGE_STEP_SECONDS;
    assert_eq!(outcome.fact::<CoverageThin>(), CoverageThin { content: thin.content, target: thin.target, until });
    assert_eq!(outcome.fact::<RestrictionAdded>().source, Source::Procedure);
    for market in [BTC, ETH] {
        let posture = world.effective(market).posture;
        assert_eq!(posture.level, Level::Guarded);
        assert!(posture.leverage_max < before);
    }
    // The way out is open, and nobody is nearer to liquidation.
    assert!(!world.account("alice").liquidatable);
    // Renewed while it is true.
    world.advance(COVERAGE_STEP_SECONDS / 2);
    world.refresh().done();
    step_down(&mut world).done();
    world.advance(COVERAGE_STEP_SECONDS - 60);
    world.refresh().done();
    assert_eq!(world.effective(BTC).posture.level, Level::Guarded);
    // Thick again: nobody renews it, and it ends.
    world.add_first_loss("dao-0", usd(5_000)).done();
    let CoverageResponse { content, target, .. } = coverage(&world);
    step_down(&mut world).refused_with(GuardianError::CoverageSuffices { content, target });
    world.advance(120);
    world.refresh().done();
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
}

#[test]
fn nobody_restricts_a_venue_whose_fund_covers_half_of_its_stress() {
    for (first_loss, done) in [(usd(1_500), false), (Amount::from_atoms(1_499_000_000), true)] {
        let mut world = venue(first_loss);
        let CoverageResponse { content, target, .. } = coverage(&world);
        let attempt = step_down(&mut world);
        assert_eq!(attempt.is_done(), done, "{content} of {target}");
    }
    // Without open interest there is nothing to cover.
    let mut world = World::builder().insurance(Amount::ZERO).build();
    let (content, target) = (Amount::ZERO, Amount::ZERO);
    step_down(&mut world).refused_with(GuardianError::CoverageSuffices { content, target });
}

#[test]
fn who_renews_the_step_keeps_no_incident_open() {
    for level in [Level::Guarded, Level::ReduceOnly] {
        let mut world = venue(usd(1_000));
        world.council_decides(&CouncilAction::restrict(Scope::All, level, COVERAGE_STEP_SECONDS)).done();
        let incident = world.incidents()[0].incident;
        for _ in 0..3 {
            world.advance(COVERAGE_STEP_SECONDS / 2);
            world.refresh().done();
            step_down(&mut world).done();
            if world.now() < world.incidents()[0].actions[0].until {
                // Its own restriction is in force.
                world.advance_incident(incident).done();
                assert_eq!(world.incidents()[0].status, IncidentStatus::Contained);
            }
        }
        assert_eq!(world.effective(BTC).posture.level, Level::Guarded);
        let advanced = world.advance_incident(incident).done().facts::<IncidentAdvanced>();
        let statuses: Vec<_> = advanced.iter().map(|fact| fact.status).collect();
        assert_eq!(statuses, [IncidentStatus::Recovering, IncidentStatus::Resolved], "{level:?}");
    }
}

/// Fifty trades there and back on a fund that covers a tenth of its stress: its coverage before and after, and what the pool earned.
fn worked_off(share_max: Option<Ratio>) -> (Ratio, Ratio, Amount) {
    let mut world = World::builder()
        .vault(|vault| vault.insurance_fee_share_max = share_max)
        .insurance(usd(300))
        .trader("alice", usd(20_000))
        .trader("bob", usd(20_000))
        .build();
    world.sweep_fees().done();
    world.open("alice", BTC, size("1")).done();
    let before = coverage(&world).ratio.unwrap();
    let mut to_the_pool = Amount::ZERO;
    for round in 0..50 {
        world.refresh().done();
        let filled = world.open("bob", BTC, size(if round % 2 == 0 { "2" } else { "-2" })).done().fact::<OrderFilled>();
        to_the_pool = to_the_pool.plus(filled.fee.minus(filled.insurance).unwrap()).unwrap();
    }
    world.sweep_fees().done();
    (before, coverage(&world).ratio.unwrap(), to_the_pool)
}

// F13: the premium follows the risk. Both are traded at the same prices and fees.
#[test]
fn a_thin_fund_recovers_faster_with_a_premium_by_risk_and_the_fees_are_the_same() {
    let (fixed, by_risk) = (worked_off(None), worked_off(Some(ratio("0.5"))));
    let (gain, more) = (fixed.1.minus(fixed.0).unwrap(), by_risk.1.minus(by_risk.0).unwrap());
    println!(
        "coverage {} to {} at a fixed share, {} to {} by risk; pool {} and {}",
        fixed.0, fixed.1, by_risk.0, by_risk.1, fixed.2, by_risk.2
    );
    assert!(more > gain.times(Ratio::percent(300), Rounding::Ceil).unwrap(), "{more} against {gain}");
    assert!(by_risk.2 < fixed.2, "the pool pays for it");
}
