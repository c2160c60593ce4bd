//! The guardian's flags of lending markets derived from Compound, and of others that took their form: one message sets a flag to true or
//! to false, and whether the guardian may say false is a check in each setter, which one of several lacks. A stolen pause key then
//! re-opens what an incident had closed, or closes what keeps the venue solvent.
//!
//! Unprotected: a model of two such flags. Protected: the council of the suite as it ships, with all its keys stolen, in the middle of an
//! incident: nothing that it can send permits more than before, and liquidation goes on.

use firebreak_guardian::ContractError as GuardianError;
use firebreak_incidents::*;
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, Scope};
use firebreak_messages::derivatives_vault::PositionLiquidated;
use firebreak_messages::guardian::CouncilAction;
use firebreak_messages::Source;
use firebreak_risk::{Amount, Level};
use firebreak_testing::*;

const HOUR: u64 = 3_600;

#[derive(Default)]
struct Flags {
    borrowing_paused: bool,
    seizing_paused: bool,
}

impl Flags {
    /// The check that says "only the admin may end it".
    fn pause_borrowing(&mut self, sender: &str, paused: bool) {
        if sender == "admin" || (sender == "guardian" && paused) {
            self.borrowing_paused = paused;
        }
    }
    /// The setter without it.
    fn pause_seizing(&mut self, sender: &str, paused: bool) {
        if sender == "admin" || sender == "guardian" {
            self.seizing_paused = paused;
        }
    }
}

#[test]
fn a_stolen_council_opens_nothing_and_stops_no_liquidation() {
    //
    let mut flags = Flags::default();
    flags.pause_borrowing("guardian", true);
    flags.pause_borrowing("guardian", false);
    assert!(flags.borrowing_paused, "this setter has the check");
    flags.pause_seizing("guardian", true);
    let first = flags.seizing_paused;
    assert!(first, "liquidations are off, by the guardian alone");
    flags.pause_seizing("guardian", false);
    let then = flags.seizing_paused;
    assert!(!then, "and what an incident had closed is open");

    let mut world = World::builder().trader("alice", usd(6_000)).build();
    world.open("alice", BTC, size("1")).done();
    let (scope, of_market) = (Scope::All, Scope::Market(BTC));
    world.council_restrict(scope, Level::ReduceOnly, 12 * HOUR).done();
    let until = world.effective(BTC).until;
    let before = world.effective(BTC).posture;
    // There is no word for open.
    let refused = |level: Level| GuardianError::OutOfBounds {
        what: "level",
        wanted: "guarded, reduce-only or frozen".into(),
        found: level.to_string(),
    };
    for level in [Level::Normal, Level::Settlement] {
        let action = CouncilAction::restrict(scope, level, HOUR);
        world.council_decides(&action).refused_with(refused(level));
    }
    // A milder or a shorter one, of all or of the market, ends nothing.
    let mut loosened = 0;
    for (scope, level, seconds) in
        [(scope, Level::Guarded, 60), (scope, Level::ReduceOnly, 1), (of_market, Level::Guarded, 1)]
    {
        world.council_restrict(scope, level, seconds).done();
        loosened += usize::from(!world.effective(BTC).posture.is_at_least_as_tight_as(before));
    }
    assert_eq!(loosened, 0);
    assert_eq!(world.effective(BTC).until, until);
    for member in ["council-0", "council-1", "canceller"] {
        let lift = BreakerMsg::Lift { scope, source: Source::Council };
        assert!(!world.send(member, Code::Breaker, &lift, Amount::ZERO).is_done());
    }
    // And below a freeze, which ends within a day, no level of its turns liquidation off.
    world.price(BTC, price("55200")).done();
    let liquidated = world.liquidate("alice").facts::<PositionLiquidated>();
    assert!(!liquidated.is_empty());
    let hours = (until - world.now()) / HOUR;
    let word = |paused: bool| if paused { "off" } else { "on" };
    figures(
        "Compound's flags, both ways",
        &format!("one stolen key turns liquidations {}, and {} again what an incident closed", word(first), word(then)),
        &format!(
            "{loosened} loosened, {hours} of 12 hours left as before, {} position liquidated meanwhile",
            liquidated.len()
        ),
    );
}
