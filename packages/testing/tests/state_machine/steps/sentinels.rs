//! Keys that may do one small thing once, and signs of life.

use crate::machine::Machine;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::guardian::{ExecuteMsg, OperationExecuted, Sentinel, Tightening};
use firebreak_risk::{Amount, Level};
use firebreak_testing::*;

const SENTINEL: &str = "sentinel";

fn governed(m: &mut Machine, msg: &ExecuteMsg) -> bool {
    let call = m.world.call(Code::Guardian, msg);
    m.world.govern(vec![call]).0.is_ok_and(|outcome| outcome.has::<OperationExecuted>())
}

/// Anew when it has tripped; for the first time it is named, and accepts or not.
pub fn arm(m: &mut Machine) -> bool {
    named(m).is_some()
}

fn named(m: &mut Machine) -> Option<Tightening> {
    let scope = Scope::Market(m.market());
    let level = *m.dice.pick(&[Level::Guarded, Level::ReduceOnly]);
    let step = Tightening { scope, level, duration_seconds: m.dice.between(60, 3_600) as u64 };
    let address = m.world.address(SENTINEL).to_string();
    let sentinel = Sentinel { address, step: step.clone() };
    governed(m, &ExecuteMsg::SetSentinel(sentinel)).then_some(step)
}

pub fn remove(m: &mut Machine) -> bool {
    let address = m.world.address(SENTINEL).to_string();
    governed(m, &ExecuteMsg::RemoveSentinel { address })
}

/// Armed first, now and then: else a history rarely has one.
pub fn trip(m: &mut Machine) -> bool {
    if let Some(step) = m.dice.one_in(4).then(|| named(m)).flatten() {
        let _ = m.world.send(SENTINEL, Code::Guardian, &ExecuteMsg::AcceptSentinel(step), Amount::ZERO);
    }
    m.world.send(SENTINEL, Code::Guardian, &ExecuteMsg::Trip {}, Amount::ZERO).is_done()
}

pub fn heartbeat(m: &mut Machine) -> bool {
    let name = *m.dice.pick(&["council-0", "council-1", "canceller", SENTINEL]);
    m.world.send(name, Code::Guardian, &ExecuteMsg::Heartbeat {}, Amount::ZERO).is_done()
}
