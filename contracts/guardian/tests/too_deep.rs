//! A step that fails because the transaction called too deep. The embedded chain has no bound on depth, so the replies are told here.

use crate::common::*;
use cosmwasm_std::testing::{message_info, mock_dependencies, mock_env, MockApi, MockQuerier, MockStorage};
use cosmwasm_std::{Addr, Binary, Env, OwnedDeps, Reply, Response, SubMsg, SubMsgResponse, SubMsgResult};
use firebreak_guardian::contract::{execute as send, reply};
use firebreak_guardian::state::{Approved, Armed, ARMED, DELAYS, INCIDENTS, NEXT_INCIDENT, PLAYBOOKS, RUNS, SUITE};
use firebreak_guardian::ContractError;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::guardian::*;
use firebreak_messages::RuleId;
use firebreak_risk::{Level, Ratio};

const TOO_DEEP: &str = "codespace: wasm, code: 30";

struct Bench {
    deps: OwnedDeps<MockStorage, MockApi, MockQuerier>,
    env: Env,
}

impl Bench {
    /// A playbook that restricts and injects, and takes a guard back, waits for signals.
    fn new() -> Self {
        let (mut deps, env) = (mock_dependencies(), mock_env());
        let named = |name: &str| name.to_string();
        let suite = SuiteResponse {
            oracle: named("oracle"),
            circuit_breaker: named("breaker"),
            insurance_fund: named("fund"),
            derivatives_vault: named("vault"),
        };
        let injects = step(raw("fund", r#"{"inject":{"vault":"vault","amount":"5"}}"#));
        let playbook = Playbook {
            signals: vec![SignalTrigger { market: None, rule: None, level: Level::Guarded }],
            undo: vec![step(execute("breaker", &set_market(7)))],
            not_after: u64::MAX,
            ..playbook("crash", vec![restricts(Scope::Market(BTC), Level::Guarded, HOUR), injects])
        };
        SUITE.save(&mut deps.storage, &suite).unwrap();
        DELAYS.save(&mut deps.storage, &delays()).unwrap();
        NEXT_INCIDENT.save(&mut deps.storage, &1).unwrap();
        let armed = Armed { playbook: playbook.name.clone(), signals: playbook.signals.clone() };
        ARMED.save(&mut deps.storage, &vec![armed]).unwrap();
        PLAYBOOKS.save(&mut deps.storage, playbook.name.clone(), &Approved { playbook, approved_at: 1 }).unwrap();
        Self { deps, env }
    }

    fn send(&mut self, msg: ExecuteMsg) -> Vec<SubMsg> {
        send(self.deps.as_mut(), self.env.clone(), message_info(&Addr::unchecked("breaker"), &[]), msg)
            .unwrap()
            .messages
    }

    /// The two steps of a run that a signal started.
    fn signal(&mut self) -> Vec<SubMsg> {
        let steps = self.send(ExecuteMsg::Signal {
            market: BTC,
            rule: RuleId::Band,
            level: Level::ReduceOnly,
            moved: Ratio::ZERO,
            observed_at: 1,
        });
        assert_eq!(steps.len(), 2);
        steps
    }

    fn reply(&mut self, step: &SubMsg, result: SubMsgResult) -> Result<Response, ContractError> {
        let told = Reply { id: step.id, payload: step.payload.clone(), gas_used: 0, result };
        reply(self.deps.as_mut(), self.env.clone(), told)
    }

    fn succeeds(&mut self, step: &SubMsg) {
        #[allow(deprecated)]
        let result = SubMsgResponse { events: vec![], data: None::<Binary>, msg_responses: vec![] };
        self.reply(step, SubMsgResult::Ok(result)).unwrap();
    }

    fn fails(&mut self, step: &SubMsg, error: &str) -> Result<(), ContractError> {
        self.reply(step, SubMsgResult::Err(error.into())).map(|_| ())
    }

    fn run(&self) -> Run {
        RUNS.load(&self.deps.storage, 1).unwrap()
    }
}

// The chain undoes what a refused reply belongs to: the signal, which the breaker keeps and sends again.
#[test]
fn a_run_that_a_signal_started_too_deep_is_refused_as_a_whole() {
    let mut bench = Bench::new();
    let steps = bench.signal();
    bench.succeeds(&steps[0]);
    assert_eq!(bench.fails(&steps[1], TOO_DEEP), Err(ContractError::TooDeep { run: 1, step: 1 }));
    // Whichever step it is.
    let mut bench = Bench::new();
    let steps = bench.signal();
    assert_eq!(bench.fails(&steps[0], TOO_DEEP), Err(ContractError::TooDeep { run: 1, step: 0 }));
}

// R-24
#[test]
fn a_step_that_fails_for_any_other_reason_undoes_nothing_else() {
    // What a contract says, gas, another module's error 30, other errors of the chain and longer texts.
    for error in [
        "codespace: wasm, code: 5",
        "codespace: sdk, code: 11",
        "codespace: sdk, code: 30",
        "codespace: wasm, code: 3",
        "codespace: wasm, code: 300",
        "dispatch: codespace: wasm, code: 30",
        "",
    ] {
        let mut bench = Bench::new();
        let steps = bench.signal();
        bench.succeeds(&steps[0]);
        assert_eq!(bench.fails(&steps[1], error), Ok(()), "{error}");
        assert_eq!(bench.run().steps, [StepOutcome::Done, StepOutcome::Failed], "{error}");
        assert_eq!(INCIDENTS.load(&bench.deps.storage, 1).unwrap().status, IncidentStatus::Contained);
    }
}

#[test]
fn an_undo_that_is_called_too_deep_is_refused_and_may_be_called_again() {
    let mut bench = Bench::new();
    let steps = bench.signal();
    for step in &steps {
        bench.succeeds(step);
    }
    assert_eq!(bench.run().status, RunStatus::Active);
    bench.env.block.time = cosmwasm_std::Timestamp::from_seconds(bench.run().undo_at);
    let undo = bench.send(ExecuteMsg::Undo { run: 1 });
    let before = bench.run();
    assert_eq!(bench.fails(&undo[0], TOO_DEEP), Err(ContractError::TooDeep { run: 1, step: 0 }));
    assert_eq!(bench.run(), before);
    bench.succeeds(&undo[0]);
    assert_eq!((bench.run().status, bench.run().undo), (RunStatus::Ended, vec![StepOutcome::Done]));
}
