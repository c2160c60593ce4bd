//! The published table: every set of keys, those with equal answers in one row.

use crate::stage::*;
use crate::{all_sets, approved, ALL_SIX, CRASH};
use firebreak_risk::{MaxLoss, Stolen};
use firebreak_testing::*;

const NAMES: [&str; 6] = ["proposers", "cancellers", "council", "sentinels", "feeders", "observers"];
const SETS: u8 = 1 << NAMES.len();

/// Sets that share what must be there, whatever else of what may be there is.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Family {
    must: u8,
    may: u8,
}

impl Family {
    fn holds(self, set: u8) -> bool {
        set & !self.may == self.must
    }

    fn members(self) -> impl Iterator<Item = u8> {
        (0..SETS).filter(move |set| self.holds(*set))
    }

    fn text(self) -> String {
        let names = |keys: u8, between: &str| {
            let named = NAMES.iter().enumerate().filter(|(bit, _)| keys & (1 << bit) != 0);
            named.map(|(_, name)| *name).collect::<Vec<_>>().join(between)
        };
        let must = if self.must == 0 { "nothing".into() } else { format!("**{}**", names(self.must, " + ")) };
        if self.may == 0 {
            must
        } else {
            format!("{must} ({})", names(self.may, ", "))
        }
    }
}

/// As few families as a greedy choice finds that hold these sets, and no other ones.
fn families(sets: &[u8]) -> Vec<Family> {
    let all = (0..SETS).flat_map(|may| (0..SETS).map(move |must| Family { must, may }));
    let within: Vec<_> =
        all.filter(|one| one.must & one.may == 0 && one.members().all(|set| sets.contains(&set))).collect();
    let (mut left, mut chosen) = (sets.to_vec(), vec![]);
    while !left.is_empty() {
        let new = |one: &Family| (one.members().filter(|set| left.contains(set)).count(), std::cmp::Reverse(one.must));
        let best = *within.iter().max_by_key(|one| new(one)).expect("a set is a family of itself");
        left.retain(|set| !best.holds(*set));
        chosen.push(best);
    }
    chosen
}

/// Shares of what there is within an hour, a day, a week and for ever, of these what leaves, and for ever the waits.
fn cells(world: &World, stolen: Stolen) -> String {
    let found = [Some(HOUR), Some(DAY), Some(7 * DAY), None].map(|horizon| bound(world, stolen, horizon));
    for (earlier, later) in [(0, 1), (1, 2)] {
        assert!(found[earlier].total <= found[later].total, "{stolen:?}");
    }
    let share = |part: firebreak_risk::Amount, whole: &MaxLoss| {
        format!("{:.1}", 100.0 * part.atoms() as f64 / whole.value.atoms() as f64)
    };
    let total = found.iter().map(|bound| share(bound.total, bound)).collect::<Vec<_>>().join(" | ");
    let leaves = found.iter().map(|bound| share(bound.leaves, bound)).collect::<Vec<_>>().join(" / ");
    let hours = |seconds: u64| if seconds > 400 * DAY { "no end".into() } else { format!("{} h", seconds / HOUR) };
    let MaxLoss { frozen_seconds, trader_exit_seconds, provider_exit_seconds, .. } = found[3];
    let waits = [frozen_seconds, trader_exit_seconds, provider_exit_seconds].map(hours).join(" | ");
    format!("{total} | {leaves} | {waits} |")
}

/// The rows of a suite in the order in which their first set appears.
fn rows(world: &World) -> Vec<String> {
    let mut groups: Vec<(String, Vec<u8>)> = vec![];
    for (set, stolen) in (0u8..).zip(all_sets()) {
        let cells = cells(world, stolen);
        match groups.iter_mut().find(|(found, _)| *found == cells) {
            Some((_, sets)) => sets.push(set),
            None => groups.push((cells, vec![set])),
        }
    }
    let named = |sets: &[u8]| families(sets).into_iter().map(Family::text).collect::<Vec<_>>().join("; ");
    groups.into_iter().map(|(cells, sets)| format!("| {} | {cells}", named(&sets))).collect()
}

//
#[test]
fn the_published_tables_are_what_the_suite_answers_for_every_set_of_keys() {
    let page = include_str!("../../../../docs/max-loss.md");
    let mut missing = 0;
    for playbooks in [CRASH, ALL_SIX] {
        let world = approved(playbooks);
        let rows = rows(&world);
        for row in &rows {
            println!("{row}");
        }
        // Consecutive, so that no row of another answer stands between.
        missing += usize::from(!page.contains(&format!("|---|\n{}\n\n", rows.join("\n"))));
    }
    assert_eq!(missing, 0, "docs/max-loss.md has other rows");
}

#[test]
fn families_hold_their_sets_and_no_other_ones() {
    for (sets, text) in [
        (vec![0], vec!["nothing"]),
        (vec![0, 1], vec!["nothing (proposers)"]),
        (vec![4, 5, 6], vec!["**council** (cancellers)", "**council** (proposers)"]),
        (vec![7], vec!["**proposers + cancellers + council**"]),
        ((0..SETS).collect(), vec!["nothing (proposers, cancellers, council, sentinels, feeders, observers)"]),
    ] {
        let found = families(&sets);
        let held: Vec<u8> = (0..SETS).filter(|set| found.iter().any(|one| one.holds(*set))).collect();
        assert_eq!(held, sets);
        assert_eq!(found.into_iter().map(Family::text).collect::<Vec<_>>(), text);
    }
}
