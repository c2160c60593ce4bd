//! Every ready procedure changes what its drill measures; the page shows both timelines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firebreak_risk::Level;
use firebreak_simulation::drill::{Course, Drill};

fn tightest(course: &Course) -> Option<Level> {
    course.lines.iter().map(|line| line.level).max()
}

fn changes_what_it_measures(drill: Drill) {
    let outcome = drill.run();
    let page = outcome.page();
    println!("{page}");
    let (without, with) = (&outcome.without, &outcome.with);
    assert!(without.lines.iter().any(|line| line.what.contains("nobody runs")) || drill == Drill::PriceCrash, "{page}");
    assert!(with.lines.iter().any(|line| line.what.contains("step 0 done")), "{page}");
    assert!(with.measured < without.measured, "{page}");
    assert!(tightest(with) >= tightest(without) && tightest(with) > Some(Level::Normal), "{page}");
    assert_eq!(drill.name().parse(), Ok(drill));
}

#[test]
fn a_compromised_oracle_pays_its_attacker_less() {
    changes_what_it_measures(Drill::OracleCompromise);
}

#[test]
fn a_crashed_market_takes_less_exposure() {
    changes_what_it_measures(Drill::PriceCrash);
}

#[test]
fn a_drained_pool_loses_less() {
    changes_what_it_measures(Drill::PoolDrain);
}

#[test]
fn a_quarantined_market_grows_less() {
    changes_what_it_measures(Drill::MarketQuarantine);
}

#[test]
fn who_was_cut_off_by_a_gap_is_not_liquidated() {
    changes_what_it_measures(Drill::ChainGap);
}

#[test]
fn a_wound_down_venue_is_left_by_everybody() {
    changes_what_it_measures(Drill::OrderlyWindDown);
}
