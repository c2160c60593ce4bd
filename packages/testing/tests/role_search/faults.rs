//! Seeded bugs: a faulty contract around the real one. The search must find each.

use cosmwasm_std::{
    from_json, to_json_vec, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Order, Reply, Response, Storage,
};
use cw_multi_test::error::AnyResult;
use cw_multi_test::Contract;
use firebreak_circuit_breaker::state::{Spent, CONFIG, COUNCIL_SPENT, FROZEN_SPENT, PROCEDURE_SPENT};
use firebreak_derivatives_vault::state::OUTFLOW;
use firebreak_guardian::state::{COUNCIL_CANDIDATE, EXECUTING, OPERATIONS};
use firebreak_messages::circuit_breaker::layout::{POSTURES, POSTURE_OF_ALL};
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, PostureRecord, Scope};
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::{ExecuteMsg as GuardianMsg, Operation, Role};
use firebreak_messages::{MarketId, Source};
use firebreak_risk::{Level, LiquidationAccess, Phase, TimeBudget, COUNCIL_BUDGET};
use firebreak_testing::*;

const DAY: u64 = 86_400;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Guardian: an operation is executed as if it were a day later.
    ExecutesEarly,
    /// Guardian: what was approved stays approved for ever.
    NeverExpires,
    /// Guardian: who cancels is told so, and nothing is cancelled.
    CancelsNothing,
    /// Guardian: a proposer who was revoked stays one.
    RevokesNothing,
    /// Guardian: who accepted a role gets it at once.
    CompletesEarly,
    /// Guardian: one member's acceptance makes another group the council.
    SeatsEarly,
    /// Guardian: an undo is taken as if it were a week later.
    UndoesEarly,
    /// Guardian: confirmations outlive a change of members.
    KeepsConfirmations,
    /// Guardian: an operation that ran is taken for one that runs.
    StaysExecuting,
    /// Guardian: what a playbook's run has changed is forgotten at once, so that another one does as it likes.
    ForgetsChanges,
    /// Breaker: a source's new restriction takes the place of its old one.
    Replaces,
    /// Breaker: anyone may lift.
    AnyoneLifts,
    /// Breaker: no time that is restricted is counted.
    CountsNothing,
    /// Breaker: restrictions last thirty days longer.
    LastsLonger,
    /// Breaker: who runs a procedure uses the council's days up.
    OneAccount,
    /// Breaker: reduce-only makes liquidation wait, as a freeze does.
    OneFlag,
    /// Vault: what may leave is full again after every withdrawal.
    RefillsAtOnce,
}

impl Fault {
    pub fn code(self) -> Code {
        match self {
            Self::ExecutesEarly
            | Self::NeverExpires
            | Self::CompletesEarly
            | Self::SeatsEarly
            | Self::CancelsNothing
            | Self::RevokesNothing
            | Self::UndoesEarly
            | Self::KeepsConfirmations
            | Self::StaysExecuting
            | Self::ForgetsChanges => Code::Guardian,
            Self::Replaces
            | Self::AnyoneLifts
            | Self::CountsNothing
            | Self::LastsLonger
            | Self::OneAccount
            | Self::OneFlag => Code::Breaker,
            Self::RefillsAtOnce => Code::Vault,
        }
    }
}

pub fn around(inner: Box<dyn Contract<Empty>>, fault: Fault) -> Box<dyn Contract<Empty>> {
    Box::new(Faulty { inner, fault })
}

struct Faulty {
    inner: Box<dyn Contract<Empty>>,
    fault: Fault,
}

impl Faulty {
    fn guardian(&self, mut deps: DepsMut, mut env: Env, info: MessageInfo, mut msg: Vec<u8>) -> AnyResult<Response> {
        if self.fault == Fault::ForgetsChanges {
            let keys = deps.storage.range(None, None, Order::Ascending).map(|(key, _)| key);
            let noted = keys.filter(|key| key.windows(10).any(|part| part == b"changed_by"));
            let noted: Vec<Vec<u8>> = noted.collect();
            noted.iter().for_each(|key| deps.storage.remove(key));
        }
        use GuardianMsg::{AcceptCouncil, Cancel, CompleteRole, Execute, MemberChangedHook, RevokeRole, Undo};
        match (self.fault, from_json(&msg)?) {
            (Fault::ExecutesEarly, Execute { .. }) | (Fault::CompletesEarly, CompleteRole { .. }) => {
                env.block.time = env.block.time.plus_days(1)
            }
            (Fault::NeverExpires, Execute { operation }) => {
                let before = OPERATIONS.load(deps.storage, operation)?;
                OPERATIONS.save(deps.storage, operation, &Operation { not_after: u64::MAX, ..before })?;
            }
            (Fault::SeatsEarly, AcceptCouncil(_)) => {
                let mut candidate = COUNCIL_CANDIDATE.load(deps.storage)?;
                candidate.config.threshold = 1;
                COUNCIL_CANDIDATE.save(deps.storage, &candidate)?;
                msg = to_json_vec(&AcceptCouncil(candidate.config))?;
            }
            (Fault::UndoesEarly, Undo { .. }) => env.block.time = env.block.time.plus_days(7),
            (Fault::CancelsNothing, Cancel { operation }) => {
                let before = OPERATIONS.load(deps.storage, operation)?;
                let response = self.inner.execute(deps.branch(), env, info, msg)?;
                OPERATIONS.save(deps.storage, operation, &before)?;
                return Ok(response);
            }
            (Fault::KeepsConfirmations, MemberChangedHook { .. })
            | (Fault::RevokesNothing, RevokeRole { role: Role::Proposer, .. }) => return Ok(Response::new()),
            _ => {}
        }
        self.inner.execute(deps, env, info, msg)
    }

    fn breaker(&self, mut deps: DepsMut, env: Env, mut info: MessageInfo, msg: Vec<u8>) -> AnyResult<Response> {
        let now = env.block.time.seconds();
        let (scope, source) = match from_json(&msg)? {
            BreakerMsg::Restrict { scope, source, .. } => (scope, source),
            BreakerMsg::Lift { .. } if self.fault == Fault::AnyoneLifts => {
                info.sender = CONFIG.load(deps.storage)?.owner;
                return self.inner.execute(deps, env, info, msg);
            }
            _ => return self.inner.execute(deps, env, info, msg),
        };
        if self.fault == Fault::Replaces {
            let lift = to_json_vec(&BreakerMsg::Lift { scope, source })?;
            self.inner.execute(deps.branch(), env.clone(), info.clone(), lift)?;
        }
        let response = self.inner.execute(deps.branch(), env, info, msg)?;
        let nothing = Spent::default();
        match self.fault {
            Fault::CountsNothing => {
                for spent in [FROZEN_SPENT, COUNCIL_SPENT, PROCEDURE_SPENT] {
                    spent.save(deps.storage, &nothing)?;
                }
            }
            Fault::OneAccount if source == Source::Procedure => {
                let all = TimeBudget::default().grant(&COUNCIL_BUDGET, now, now + 7 * DAY)?.budget;
                let of_markets = [BTC, ETH].map(|market| (market, all.clone())).to_vec();
                COUNCIL_SPENT.save(deps.storage, &Spent { of_all: all, of_markets })?;
            }
            Fault::LastsLonger => change(deps.storage, scope, |phase| phase.until += 30 * DAY)?,
            Fault::OneFlag => change(deps.storage, scope, |phase| {
                if phase.posture.level >= Level::ReduceOnly {
                    phase.posture.liquidation = LiquidationAccess::Waits;
                }
            })?,
            _ => {}
        }
        Ok(response)
    }

    fn vault(&self, mut deps: DepsMut, env: Env, info: MessageInfo, msg: Vec<u8>) -> AnyResult<Response> {
        if !matches!(from_json(&msg)?, VaultMsg::WithdrawCollateral { .. }) {
            return self.inner.execute(deps, env, info, msg);
        }
        let response = self.inner.execute(deps.branch(), env, info, msg)?;
        if let Some(mut outflow) = OUTFLOW.may_load(deps.storage)? {
            (outflow.hour.traders, outflow.day.traders) = (usd(1_000_000), usd(1_000_000));
            OUTFLOW.save(deps.storage, &outflow)?;
        }
        Ok(response)
    }
}

fn change(storage: &mut dyn Storage, scope: Scope, change: impl Fn(&mut Phase)) -> AnyResult<()> {
    let changed = |mut record: PostureRecord| {
        record.restrictions.iter_mut().flat_map(|slot| &mut slot.phases).for_each(&change);
        record
    };
    match scope {
        Scope::All => {
            let record = POSTURE_OF_ALL.load(storage)?;
            POSTURE_OF_ALL.save(storage, &changed(record))?;
        }
        Scope::Market(MarketId(market)) => {
            let record = POSTURES.load(storage, market)?;
            POSTURES.save(storage, market, &changed(record))?;
        }
    }
    Ok(())
}

impl Contract<Empty> for Faulty {
    fn instantiate(&self, deps: DepsMut, env: Env, info: MessageInfo, msg: Vec<u8>) -> AnyResult<Response> {
        self.inner.instantiate(deps, env, info, msg)
    }

    fn execute(&self, deps: DepsMut, env: Env, info: MessageInfo, msg: Vec<u8>) -> AnyResult<Response> {
        match self.fault.code() {
            Code::Guardian => self.guardian(deps, env, info, msg),
            Code::Breaker => self.breaker(deps, env, info, msg),
            _ => self.vault(deps, env, info, msg),
        }
    }

    fn query(&self, deps: Deps, env: Env, msg: Vec<u8>) -> AnyResult<Binary> {
        self.inner.query(deps, env, msg)
    }

    fn reply(&self, mut deps: DepsMut, env: Env, msg: Reply) -> AnyResult<Response> {
        let executing = match self.fault {
            Fault::StaysExecuting => EXECUTING.may_load(deps.storage)?,
            _ => None,
        };
        let response = self.inner.reply(deps.branch(), env, msg)?;
        if let Some(executing) = executing {
            EXECUTING.save(deps.storage, &executing)?;
        }
        Ok(response)
    }

    fn sudo(&self, deps: DepsMut, env: Env, msg: Vec<u8>) -> AnyResult<Response> {
        self.inner.sudo(deps, env, msg)
    }

    fn migrate(&self, deps: DepsMut, env: Env, msg: Vec<u8>) -> AnyResult<Response> {
        self.inner.migrate(deps, env, msg)
    }
}
