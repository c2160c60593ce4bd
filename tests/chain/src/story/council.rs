//! Two of three council members restrict every market for half an hour. It ends by itself.

use super::liquidity;
use super::scene::{order_of, the, Scene};
use firebreak_derivatives_vault::ContractError as VaultError;
use firebreak_guardian::ContractError as GuardianError;
use firebreak_messages::circuit_breaker::{RestrictionAdded, Scope};
use firebreak_messages::derivatives_vault::OrderFilled;
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::{ActionConfirmed, CouncilAction, ExecuteMsg as Guardian, IncidentOpened};
use firebreak_messages::{Action, Reason, Source};
use firebreak_risk::{Amount, Level};
use firebreak_testing::{size, BTC, ETH};

const SECONDS: u64 = 1_800;

pub fn tell(scene: &mut Scene, request: &liquidity::Request) {
    scene.price("50000", "3000");
    let action = CouncilAction::restrict(Scope::All, Level::ReduceOnly, SECONDS);
    let nonce = scene.reads().council().nonce;
    let confirm = Guardian::Confirm { action, nonce };
    let stranger = GuardianError::NotMember { found: scene.chain().address("mallory").into() };
    scene.refused("mallory", confirm.clone()).with(stranger);

    one_member_is_not_enough(scene, &confirm);
    two_members_restrict(scene, &confirm, nonce);
    liquidity::claim_in_vain(scene, request);
    positions_can_be_closed(scene);
    the_restriction_ends(scene);
}

fn one_member_is_not_enough(scene: &mut Scene, confirm: &Guardian) {
    let events = scene.done("council-0", confirm.clone(), Amount::ZERO);
    let confirmed = the::<ActionConfirmed>(&events);
    assert_eq!(confirmed.weight, 1);
    assert_eq!(IncidentOpened::all(&events), []);
    assert_eq!(scene.reads().status(BTC).effective.posture.level, Level::Normal);
}

fn two_members_restrict(scene: &mut Scene, confirm: &Guardian, nonce: u64) {
    let events = scene.done("council-1", confirm.clone(), Amount::ZERO);
    let opened = the::<IncidentOpened>(&events);
    let until = scene.now() + SECONDS;
    let added = the::<RestrictionAdded>(&events);
    assert_eq!((added.scope, added.source, added.incident), (Scope::All, Source::Council, opened.incident));
    assert_eq!((added.level.0, added.until), (Level::ReduceOnly, until));

    // Acting voids what was confirmed before.
    let stale = GuardianError::StaleNonce { wanted: nonce + 1, found: nonce };
    scene.refused("council-2", confirm.clone()).with(stale);
    for market in [BTC, ETH] {
        let refusal = VaultError::Restricted {
            action: Action::IncreaseExposure,
            level: Level::ReduceOnly,
            reason: Reason::Council,
            since: scene.now(),
            until,
            allowed: "reduce orders, cancels, collateral in and out, liquidity requests",
        };
        scene.refused("alice", order_of(market, "1", "60000", false)).with(refusal);
    }
}

fn positions_can_be_closed(scene: &mut Scene) {
    scene.place_reduce("alice", ETH, "-1", "2900");
    scene.advance(10);
    scene.price("50000", "3000");
    let filled = the::<OrderFilled>(&scene.execute(ETH));
    assert_eq!((filled.account, filled.size_after), (scene.account("alice"), size("0")));
}

fn the_restriction_ends(scene: &mut Scene) {
    let until = scene.reads().status(BTC).effective.until;
    scene.advance_to(until - 1);
    assert_eq!(scene.reads().status(BTC).effective.posture.level, Level::ReduceOnly);
    scene.advance(1);
    scene.price("50000", "3000");
    for market in [BTC, ETH] {
        assert_eq!(scene.reads().status(market).effective.posture.level, Level::Normal);
    }
    scene.place("alice", ETH, "2", "3015");
    scene.advance(10);
    scene.price("50000", "3000");
    assert_eq!(the::<OrderFilled>(&scene.execute(ETH)).size_after, size("2"));
}
