//! Invariant 3: no sequence of evaluations and restrictions permits more than before, at any time.

use crate::setup::{price, Setup, BTC, BTC_FEED};
use firebreak_messages::circuit_breaker::{EffectivePosture, ExecuteMsg, Scope};
use firebreak_messages::oracle::Validity;
use firebreak_messages::Source;
use firebreak_risk::{Level, Phase, Posture, PHASES_MAX};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Price { units: u32, validity: Validity, evaluate: bool },
    Restrict { scope: Scope, source: Source, phases: Vec<(u64, Level)> },
}

fn step() -> impl Strategy<Value = Step> {
    let validity = prop_oneof![
        6 => Just(Validity::Valid),
        1 => Just(Validity::SoftInvalid),
        1 => Just(Validity::Invalid)
    ];
    let price = (9_000u32..11_000, validity, prop::bool::weighted(0.8))
        .prop_map(|(units, validity, evaluate)| Step::Price { units, validity, evaluate });
    let scope = prop_oneof![Just(Scope::All), Just(Scope::Market(BTC))];
    let source = prop::sample::select(Source::ALL.to_vec());
    let level = prop::sample::select(vec![Level::Guarded, Level::ReduceOnly, Level::Frozen]);
    let phases = prop::collection::vec((1u64..2_000, level), 1..5);
    prop_oneof![
        2 => (1u64..700).prop_map(Step::Wait),
        5 => price,
        2 => (scope, source, phases).prop_map(|(scope, source, phases)| Step::Restrict { scope, source, phases }),
    ]
}

/// The market's posture at `at`, without the lease: that one is for evaluations to renew.
fn posture(setup: &Setup, at: u64) -> Posture {
    let market = setup.record(BTC).effective(EffectivePosture::NORMAL, at);
    setup.record_of_all().effective(market, at).posture
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_but_time_loosens(steps in prop::collection::vec(step(), 1..40)) {
        let mut setup = Setup::new();
        for step in steps {
            let now = setup.now();
            let times: Vec<u64> = (0..150).map(|step| now + step * 53).collect();
            let before: Vec<Posture> = times.iter().map(|at| posture(&setup, *at)).collect();
            match step {
                Step::Wait(seconds) => {
                    setup.advance(seconds);
                    continue;
                }
                Step::Price { units, validity, evaluate } => {
                    setup.publish_price(BTC_FEED, price(units), validity);
                    if evaluate {
                        setup.evaluate(&[BTC_FEED]);
                    }
                }
                Step::Restrict { scope, source, phases } => {
                    let mut until = now;
                    let phases = phases
                        .into_iter()
                        .map(|(seconds, level)| {
                            until += seconds;
                            Phase { until, posture: Posture::preset(level) }
                        })
                        .collect();
                    // Refused or not: both may only tighten.
                    let _ = setup.as_owner(&ExecuteMsg::Restrict { scope, source, phases, incident: 1 });
                }
            }
            for (at, before) in times.iter().zip(before) {
                let after = posture(&setup, *at);
                prop_assert!(after.is_at_least_as_tight_as(before), "at {at}: {after:?} after {before:?}");
            }
            for record in [setup.record(BTC), setup.record_of_all()] {
                // One slot a source, bounded phases, reflexes no further than reduce-only.
                let mut sources: Vec<Source> = record.restrictions.iter().map(|slot| slot.source).collect();
                sources.sort_unstable();
                sources.dedup();
                prop_assert_eq!(sources.len(), record.restrictions.len());
                for slot in &record.restrictions {
                    prop_assert!(!slot.phases.is_empty() && slot.phases.len() <= PHASES_MAX);
                    let reflex = slot.source.is_reflex();
                    prop_assert!(slot.phases.iter().all(|p| !reflex || p.posture.level <= Level::ReduceOnly));
                }
            }
            setup.advance(5);
        }
    }
}
