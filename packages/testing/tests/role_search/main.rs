//! An exhaustive search over the real contracts: guardian, breaker, vault, fund and oracle, every sequence of steps of every role up to
//! a stated depth, from three starts, with time that passes between them. What is checked: [`judge`] after every step; from every state, whether
//! it is covered (`covers`); [`strangers`] in every state that is gone on from.
//!
//! A sample only: whether everything goes on ([`goes_on`]) is done from each state one step from a start, and further away from one
//! state in 100 (in 500 a step deeper), picked by the state's fingerprint.
//!
//! Out of reach: from the calm start nobody accepts a role or completes one within three steps, nor completes one within four; in the midst of an
//! incident nobody accepts one within three, while an acceptance of before the start is completed. All other steps are taken from each start
//! (`finds_nothing` asserts the list). What takes more than the depth behind a start is not searched.
//!
//! `cargo test -p firebreak-testing --test role_search -- --nocapture` prints the figures; `--ignored` goes a step deeper.

mod faults;
mod goes_on;
mod judge;
mod past;
mod scene;
mod search;
mod steps;
mod strangers;
mod view;

use faults::Fault;
use firebreak_testing::usd;
use scene::{calm, midst, two_runs, Scene};
use search::search;
use steps::{Step, STEPS};

/// `far`: steps that take more than the depth to get to, from this start.
fn finds_nothing(name: &str, mut scene: Scene, depth: usize, every: u64, far: &[Step]) {
    let figures = search(&mut scene, depth, every).unwrap_or_else(|finding| panic!("{name}: {finding}"));
    println!("{name}: {figures}");
    // A search whose steps were refused would show nothing.
    let never = STEPS.iter().zip(figures.taken).filter(|(_, times)| *times == 0);
    assert_eq!(never.map(|(step, _)| step).collect::<Vec<_>>(), far.iter().collect::<Vec<_>>());
    assert!(figures.went_on > 100 && figures.left >= usd(600_000).atoms(), "{figures}");
}

//
#[test]
fn no_order_of_steps_does_harm_in_a_calm_venue() {
    finds_nothing("calm", calm(None), 3, 100, &[Step::Accept, Step::Complete]);
}

//
#[test]
fn no_order_of_steps_does_harm_in_the_midst_of_an_incident() {
    finds_nothing("midst", midst(None), 3, 100, &[Step::Accept]);
}

//
#[test]
fn no_order_of_steps_does_harm_while_two_procedures_hold() {
    finds_nothing("two runs", two_runs(None), 3, 100, &[]);
}

#[test]
#[ignore = "a long run, a step deeper"]
fn long_calm() {
    finds_nothing("calm", calm(None), 4, 500, &[Step::Complete]);
}

#[test]
#[ignore = "a long run, a step deeper"]
fn long_midst() {
    finds_nothing("midst", midst(None), 4, 500, &[]);
}

#[test]
#[ignore = "a long run, a step deeper"]
fn long_two_runs() {
    finds_nothing("two runs", two_runs(None), 4, 500, &[]);
}

#[test]
fn seeded_bugs_of_the_contracts_are_found() {
    type Start = fn(Option<Fault>) -> Scene;
    let cases: [(Fault, Start, &str); 17] = [
        (Fault::ExecutesEarly, calm, "2: an operation ran"),
        (Fault::NeverExpires, midst, "2: an operation ran 694"),
        (Fault::CancelsNothing, midst, "2: an operation ran after it was cancelled"),
        (Fault::RevokesNothing, midst, "1: not those hold a role who should"),
        (Fault::CompletesEarly, midst, "2: a role was taken"),
        (Fault::SeatsEarly, calm, "1: another council took over before its members had accepted"),
        (Fault::UndoesEarly, midst, "1: the limits of market 1 are looser: a run was undone before its time"),
        (Fault::KeepsConfirmations, midst, "1: less than the council's threshold"),
        (Fault::StaysExecuting, calm, "4: "),
        (
            Fault::ForgetsChanges,
            two_runs,
            "1: the limits of market 1 are looser: price-crash does what market-quarantine holds",
        ),
        (Fault::Replaces, calm, "1: market 1 is looser"),
        (Fault::AnyoneLifts, calm, "1: mallory was obeyed: lift"),
        (Fault::CountsNothing, midst, "3: "),
        (Fault::LastsLonger, calm, "3: left alone it is not normal within a week"),
        (Fault::OneAccount, calm, "5: the council cannot act"),
        (Fault::OneFlag, calm, "7: "),
        (Fault::RefillsAtOnce, calm, "6: "),
    ];
    for (fault, start, wanted) in cases {
        match search(&mut start(Some(fault)), 2, u64::MAX) {
            Ok(figures) => panic!("{fault:?} is not found: {figures}"),
            Err(finding) => {
                println!("{fault:?}: {finding}");
                assert!(finding.what.starts_with(wanted), "{fault:?}: {finding}");
            }
        }
    }
}
