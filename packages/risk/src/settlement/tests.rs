use super::*;
use proptest::prelude::*;

const END: u64 = 10_000_000;
const START: u64 = END - SETTLEMENT_WINDOW_SECONDS;

fn price(units: u32) -> Price {
    Price::from_units(units)
}

fn window(rounds: &[(u64, u32)]) -> SettlementWindow {
    let mut window = SettlementWindow::default();
    for (at, units) in rounds {
        window.observe(price(*units), *at, END).unwrap();
    }
    window
}

/// A round every `step` seconds from `from` on, until `until`.
fn every(step: u64, from: u64, until: u64, units: u32) -> Vec<(u64, u32)> {
    (0..).map(|n| from + n * step).take_while(|at| *at < until).map(|at| (at, units)).collect()
}

#[test]
fn the_price_is_the_median_of_minute_means() {
    let half = START + SETTLEMENT_WINDOW_SECONDS / 2;
    for (name, rounds, wanted) in [
        ("one price", every(5, START - 3, END, 100), Some(100)),
        // 31 minutes at 100, 29 at 150
        (
            "a rise late in the window",
            [every(5, START, half + 60, 100), every(5, half + 60, END, 150)].concat(),
            Some(100),
        ),
        // 29 minutes at 100, 31 at 150
        ("a rise early in it", [every(5, START, half - 60, 100), every(5, half - 60, END, 150)].concat(), Some(150)),
        // each minute: 50 s at 100, 10 s at 160: mean 110
        (
            "a spike in every minute",
            (0..60).flat_map(|m| [(START + 60 * m, 100), (START + 60 * m + 50, 160)]).collect(),
            Some(110),
        ),
        // A round every two minutes covers 60 s of 120: exactly half. Every 125 s: 29 rounds of 60 s.
        ("half covered", every(120, START, END, 100), Some(100)),
        ("less than half covered", every(125, START, END, 100), None),
        ("one silent round", vec![(START, 100)], None),
        ("nothing", vec![], None),
        // What was before the window counts only for what it reaches into it, and what is after it for nothing.
        ("before it", every(5, START - 4_000, START, 100), None),
        ("after it", every(5, END + 1, END + 4_000, 100), None),
    ] {
        assert_eq!(window(&rounds).price(END), Ok(wanted.map(price)), "{name}");
    }
}

#[test]
fn a_round_counts_for_at_most_sixty_seconds_and_only_inside() {
    for (name, rounds, wanted) in [
        ("the gap's rest belongs to nobody", vec![(START, 100), (START + 600, 200)], 60),
        ("two rounds in a minute", vec![(START, 100), (START + 10, 200), (START + 40, 300)], 40),
        ("in force at the start", vec![(START - 30, 100), (START + 100, 200)], 30),
        ("out of force at the start", vec![(START - 60, 100), (START + 100, 200)], 0),
        ("repeated and older rounds", vec![(START + 20, 100), (START + 20, 200), (START, 300), (START + 30, 100)], 10),
    ] {
        assert_eq!(window(&rounds).covered_seconds(), wanted, "{name}");
    }
    // The last one counts until the end: 20 s of the last minute.
    let mut rounds = every(60, START, END - 60, 100);
    rounds.push((END - 20, 300));
    let window = window(&rounds);
    assert_eq!(window.covered_seconds(), 3_540);
    assert_eq!(window.price(END), Ok(Some(price(100))));
    assert_eq!(window.minutes.len(), 59);
}

#[test]
fn a_round_of_the_last_second_is_seen_and_one_after_it_is_not() {
    let mut window = SettlementWindow::default();
    for (at, wanted) in [(END - 1, true), (END - 1, false), (END, true), (END, false), (END + 1, false)] {
        assert_eq!(window.observe(price(100), at, END), Ok(wanted), "{at}");
    }
    assert_eq!((window.last_published_at, window.covered_seconds()), (END, 1));
}

#[test]
fn a_shortage_takes_the_last_class_first() {
    let row = |principal, profit, liquidity, fees| Payable {
        principal: Amount::from_atoms(principal),
        profit: Amount::from_atoms(profit),
        liquidity: Amount::from_atoms(liquidity),
        fees: Amount::from_atoms(fees),
    };
    // Claims: principal 100, profit 40, fees 10.
    for (name, pool_cash, wanted) in [
        ("a rich pool", 7, row(100, 40, 7, 10)),
        ("nothing for providers", 0, row(100, 40, 0, 10)),
        ("fees are cut", -6, row(100, 40, 0, 4)),
        ("and profit", -30, row(100, 20, 0, 0)),
        ("and principal", -75, row(75, 0, 0, 0)),
        ("and all of it", -150, row(0, 0, 0, 0)),
        ("more than there is", -151, row(0, 0, 0, 0)),
    ] {
        let claims = [100, 40, 10].map(Amount::from_atoms);
        let found = payable(claims[0], claims[1], claims[2], SignedAmount::from_atoms(pool_cash));
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn a_claim_is_paid_its_share_rounded_down() {
    for (name, claim, payable, total, wanted) in [
        ("all", 7, 100, 100, 7),
        ("two thirds of 10", 10, 200, 300, 6), // 6.67
        ("nothing there", 10, 0, 300, 0),
        ("no claims", 0, 0, 0, 0),
    ] {
        let [claim, payable, total] = [claim, payable, total].map(Amount::from_atoms);
        assert_eq!(share_of_class(claim, payable, total), Ok(Amount::from_atoms(wanted)), "{name}");
    }
}

#[test]
fn worked_example_of_the_settlement() {
    let rounds = [every(5, START, START + 1_500, 100), every(5, START + 1_500, END, 150)].concat();
    let mut pumped = rounds.clone();
    pumped.push((END - 1, 900));
    assert_eq!(window(&rounds).price(END), Ok(Some(price(150))));
    assert_eq!(window(&pumped).price(END), Ok(Some(price(150))));
    let claims = [800, 200, 10].map(Amount::from_units);
    let paid = payable(claims[0], claims[1], claims[2], Amount::from_units(60).signed().unwrap().negated().unwrap());
    assert_eq!((paid.principal, paid.profit, paid.fees), (claims[0], Amount::from_units(150), Amount::ZERO));
    let part = share_of_class(Amount::from_units(30), paid.profit, claims[1]);
    assert_eq!(part, Ok(Amount::from_atoms(22_500_000)));
}

proptest! {
    #[test]
    fn the_price_lies_among_the_rounds_and_the_window_stays_bounded(
        steps in proptest::collection::vec((1u64..200, 1u32..1_000), 1..400),
    ) {
        let mut at = START - 100;
        let mut window = SettlementWindow::default();
        let (mut low, mut high) = (u32::MAX, 0);
        for (step, units) in steps {
            at += step;
            if window.observe(price(units), at, END).unwrap() {
                (low, high) = (low.min(units), high.max(units));
            }
        }
        prop_assert!(window.minutes.len() <= 60);
        prop_assert!(window.covered_seconds() <= SETTLEMENT_WINDOW_SECONDS);
        prop_assert!(window.minutes.iter().all(|minute| minute.seconds <= 60));
        if let Some(found) = window.price(END).unwrap() {
            prop_assert!(found >= price(low) && found <= price(high));
        }
    }

    #[test]
    fn seeing_rounds_in_any_batches_gives_the_same_price(
        steps in proptest::collection::vec((1u64..30, 1u32..1_000), 50..300),
        seen_again in 1usize..8,
    ) {
        let mut at = START;
        let rounds: Vec<(u64, u32)> = steps.into_iter().map(|(step, units)| { at += step; (at, units) }).collect();
        let once = window(&rounds);
        let mut again = SettlementWindow::default();
        // Each look finds the last eight rounds, as the oracle's ring has them.
        for end in (0..rounds.len()).step_by(seen_again).chain([rounds.len() - 1]) {
            for (at, units) in &rounds[end.saturating_sub(7)..=end] {
                again.observe(price(*units), *at, END).unwrap();
            }
        }
        prop_assert_eq!(once, again);
    }

    //
    #[test]
    fn the_parts_of_a_class_never_exceed_it_and_equal_claims_get_the_same(
        claims in proptest::collection::vec(0u64..1_000_000_000, 1..60),
        cut in 0u128..=100,
    ) {
        let total: u128 = claims.iter().map(|claim| u128::from(*claim)).sum();
        let payable = total * cut / 100;
        let part = |claim: u64| {
            share_of_class(Amount::from_atoms(claim.into()), Amount::from_atoms(payable), Amount::from_atoms(total)).unwrap()
        };
        let paid: u128 = claims.iter().map(|claim| part(*claim).atoms()).sum();
        prop_assert!(paid <= payable);
        prop_assert!(paid + claims.len() as u128 >= payable);
    }
}
