//! What an observer's word is worth after verdicts: what is gained by warning first, and what nobody gains.

use crate::observers::{incident, Watch};
use crate::setup::{BTC, HOUR};
use firebreak_circuit_breaker::ContractError;
use firebreak_messages::circuit_breaker::{Attested, ExecuteMsg, ObserversJudged, RuleMode};
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::{Incident, IncidentStatus};

const CONFIRMED: IncidentStatus = IncidentStatus::Resolved;
const REFUTED: IncidentStatus = IncidentStatus::FalseAlarm;

/// How many warnings a verdict counted; a refusal is none.
fn judged(watch: &mut Watch, id: u64) -> u32 {
    let anyone = watch.setup.anyone.clone();
    match watch.setup.send(&anyone, &ExecuteMsg::Judge { incident: id }, &[]) {
        Ok(events) => ObserversJudged::all(&events)[0].judged,
        Err(ContractError::NoVerdict { incident }) if incident == id => 0,
        Err(error) => panic!("{error}"),
    }
}

fn weights(watch: &Watch) -> Vec<u32> {
    watch.known().observers.iter().map(|one| one.weight).collect()
}

/// An incident that a rule of the price found.
fn keep(watch: &mut Watch, id: u64, status: IncidentStatus, from: u64, to: u64) {
    watch
        .setup
        .keep_incident(&Incident { causes: vec!["velocity".into()], ..incident(id, Some(BTC), status, from, to) });
}

//
#[test]
fn who_warns_of_what_everybody_sees_gains_nothing() {
    let mut watch = Watch::new(9, RuleMode::Enforce);
    let three = [(0, 2), (1, 2), (2, 2)];
    for id in 1..=4 {
        let from = watch.setup.now();
        // In the second of the detection, and later.
        watch.say(&three);
        watch.setup.advance(60);
        watch.say(&three);
        keep(&mut watch, id, CONFIRMED, from, from + 600);
        assert_eq!(judged(&mut watch, id), 0);
        watch.setup.advance(2 * HOUR);
    }
    assert_eq!(weights(&watch), [100; 9]);
    assert_eq!(Attested::all(&watch.say(&three))[0].severity, 0);
}

//
#[test]
fn a_third_of_the_keys_is_no_quorum_however_right_it_was() {
    let mut watch = Watch::new(9, RuleMode::Enforce);
    let three = [(0, 2), (1, 2), (2, 2)];
    for id in 1..=4 {
        watch.say(&three);
        watch.setup.advance(60);
        let from = watch.setup.now();
        keep(&mut watch, id, CONFIRMED, from, from + 600);
        assert_eq!(judged(&mut watch, id), 3);
        watch.setup.advance(2 * HOUR);
    }
    // Half of all weight, and a third of what was registered.
    assert_eq!(weights(&watch), [200, 200, 200, 100, 100, 100, 100, 100, 100]);
    assert_eq!(Attested::all(&watch.say(&three))[0].severity, 0);
    assert_eq!(Attested::all(&watch.say(&[(3, 2)]))[0].severity, 2);
}

#[test]
fn who_warns_again_later_is_judged_all_the_same() {
    let mut watch = Watch::new(4, RuleMode::Enforce);
    let from = watch.setup.now();
    watch.say(&[(0, 2)]);
    // Over by time after an hour; the council finds out later.
    watch.setup.advance(2 * HOUR);
    for _ in 0..6 {
        watch.say(&[(0, 2)]);
        watch.setup.advance(HOUR);
    }
    keep(&mut watch, 1, REFUTED, from, from + HOUR);
    assert_eq!(judged(&mut watch, 1), 1);
    assert_eq!(weights(&watch), [50, 100, 100, 100]);
}

#[test]
fn verdicts_come_in_any_order_and_a_warning_counts_for_one() {
    let mut watch = Watch::new(4, RuleMode::Enforce);
    let first = watch.setup.now();
    watch.say(&[(0, 2)]);
    watch.setup.advance(2 * HOUR);
    watch.say(&[(1, 2)]);
    watch.setup.advance(60);
    let second = watch.setup.now();
    keep(&mut watch, 2, CONFIRMED, second, second + 60);
    assert_eq!(judged(&mut watch, 2), 1);
    // The earlier incident is judged after the later one.
    keep(&mut watch, 1, REFUTED, first, first + 60);
    assert_eq!(judged(&mut watch, 1), 1);
    assert_eq!(weights(&watch), [50, 125, 100, 100]);
    // Another one about the same warning.
    keep(&mut watch, 3, CONFIRMED, second + 30, second + 60);
    assert_eq!(judged(&mut watch, 3), 0);
    assert_eq!(weights(&watch), [50, 125, 100, 100]);
}

//
#[test]
fn silence_between_merged_warnings_earns_nothing_and_hides_nothing() {
    for (status, gain) in [(CONFIRMED, 0), (REFUTED, 1)] {
        let mut watch = Watch::new(4, RuleMode::Enforce);
        watch.say(&[(0, 2)]);
        watch.setup.advance(HOUR);
        let from = watch.setup.now();
        // Four more, each on its own: the first two become one, with the incident between them.
        for _ in 0..4 {
            watch.setup.advance(HOUR);
            watch.say(&[(0, 2)]);
        }
        keep(&mut watch, 1, status, from, from + 60);
        assert_eq!(judged(&mut watch, 1), gain);
    }
}
