//! Small runs of the whole thing: contracts, agents, figures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firebreak_risk::{Amount, Price};
use firebreak_simulation::figures::Figures;
use firebreak_simulation::parameters::Parameters;
use firebreak_simulation::prices::{Bar, Series};
use firebreak_simulation::replay::{run, Plan, Run};
use firebreak_simulation::scenarios::Scenario;
use firebreak_simulation::timeline::Happened;

fn of(series: &Series, parameters: &Parameters, protected: bool, seed: u64) -> Run {
    let plan = Plan {
        series,
        parameters,
        market: "BTC",
        protected,
        slow_keepers: true,
        seed,
        traders: parameters.run.traders,
    };
    run(&plan, |_| {}).unwrap()
}

/// The committed agents, but every message checks every account.
fn strict() -> Parameters {
    let mut parameters = Parameters::committed().unwrap();
    parameters.run.check_all_accounts_every = 1;
    parameters
}

/// Everything but the wall clock.
fn timeless(run: &Run) -> Run {
    Run { figures: Figures { calls_per_second: 0, ..run.figures.clone() }, ..run.clone() }
}

/// Quiet minutes, a fall of a third within two of them, quiet minutes.
fn crash() -> Series {
    let closes = (0..60u64).map(|minute| match minute {
        0..=39 => 10_000,
        40 => 8_200,
        41 => 6_700,
        _ => 6_800,
    });
    bars_of("crash", closes)
}

/// A bar a minute.
fn bars_of(name: &str, closes: impl Iterator<Item = u32>) -> Series {
    let price = Price::from_units;
    let bar = |minute: u64, open: u32, close: u32| Bar {
        at: 1_600_000_000 + 60 * minute,
        open: price(open),
        high: price(open.max(close) + 2),
        low: price(open.min(close) - 2),
        close: price(close),
    };
    let mut open = 10_000;
    let mut bars = vec![];
    for (minute, close) in (0..).zip(closes) {
        bars.push(bar(minute, open, close));
        open = close;
    }
    Series::new(name.into(), bars)
}

#[test]
fn a_small_crash_adds_up_in_both_runs() {
    let (series, parameters) = (crash(), strict());
    let (protected, unprotected) = (of(&series, &parameters, true, 3), of(&series, &parameters, false, 3));
    for run in [&protected, &unprotected] {
        let figures = &run.figures;
        assert_eq!(figures.paid_by.total(), figures.deficit.atoms());
        assert!(figures.deficit > Amount::ZERO, "a third within two minutes and slow keepers: somebody cannot pay");
        assert_eq!((figures.invariant_violations, &run.violations), (0, &vec![]));
        assert!(figures.invariant_checks > 1_000 && figures.liquidations > 0);
        let levels = &figures.level_seconds;
        let total = levels.normal + levels.guarded + levels.reduce_only + levels.frozen + levels.settlement;
        assert_eq!(total, series.seconds());
        assert!(figures.orders_executed <= figures.orders_placed);
        assert!(figures.honest_notional_refused <= figures.honest_notional);
    }
    // The same people want the same at first.
    assert_eq!(protected.first_orders, unprotected.first_orders);
    assert!(protected.first_orders.iter().flatten().count() > 30);
    // Restrictions come in one run only, and nothing is refused in the other.
    assert!(protected.figures.restrictions > 0 && protected.figures.incidents == 1);
    assert_eq!(protected.figures.time_to_contain_seconds, Some(0));
    let free = &unprotected.figures;
    assert_eq!((free.restrictions, free.incidents, free.time_to_contain_seconds), (0, 0, None));
    assert_eq!((free.orders_refused, free.level_seconds.normal), (0, series.seconds()));
    let detected = protected.timeline.lines.iter().any(|line| matches!(line.what, Happened::Detected { .. }));
    assert!(detected && protected.timeline.lines.iter().any(|line| matches!(line.what, Happened::Covered { .. })));
}

#[test]
fn one_seed_gives_the_same_figures_and_another_one_others() {
    let (series, parameters) = (crash(), Parameters::committed().unwrap());
    let one = of(&series, &parameters, true, 3);
    assert_eq!(timeless(&one), timeless(&of(&series, &parameters, true, 3)));
    assert_ne!(timeless(&one), timeless(&of(&series, &parameters, true, 4)));
}

// F13
#[test]
fn a_keeper_steps_leverage_down_while_the_fund_is_thin_where_the_venue_is_protected() {
    let series = bars_of("calm", std::iter::repeat_n(10_000, 130));
    let guarded = |insurance: u64, protected: bool| {
        let mut parameters = Parameters::committed().unwrap();
        parameters.venue.insurance = insurance;
        of(&series, &parameters, protected, 3).figures.level_seconds.guarded
    };
    // A keeper looks each hour, and what it says holds for one.
    let thin = guarded(1_000, true);
    assert!(thin >= 3_600, "{thin}");
    assert_eq!([guarded(1_000, false), guarded(500_000, true)], [0, 0]);
}

#[test]
fn gap_stress_leaves_deficits_where_nothing_protects() {
    let series = Scenario::GapStress.series(1);
    let run = of(&series, &Parameters::committed().unwrap(), false, 1);
    assert!(run.figures.deficit > Amount::ZERO);
    assert_eq!(run.figures.paid_by.total(), run.figures.deficit.atoms());
    assert_eq!(run.figures.invariant_violations, 0);
}
