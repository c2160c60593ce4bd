//! Reads.

use crate::class::{delay, Known};
use crate::error::ContractError;
use crate::execute::live;
use crate::state::{
    Ballot, CouncilCandidate, SentinelRecord, ARMED, BALLOT, COUNCIL, COUNCIL_CANDIDATE, DELAYS, INCIDENTS, OPERATIONS,
    PLAYBOOKS, ROLES, RUNS, SENTINELS, SUITE, WITNESSES,
};
use crate::{incident, max_loss, playbook, powers, weights};
use cosmwasm_std::{to_json_binary, Binary, Deps, Env, Order};
use cw_storage_plus::Bound;
use firebreak_messages::guardian::{
    Acceptance, Call, CandidateResponse, ClassOfResponse, CouncilCandidateResponse, CouncilResponse,
    IncidentTimesResponse, IncidentsResponse, Operation, OperationsResponse, PendingAction, PlaybooksResponse,
    QueryMsg, RolesResponse, RunsResponse, Sentinel, SentinelResponse, SentinelsResponse, WitnessesResponse,
};
use firebreak_messages::time::now;

const LIMIT_DEFAULT: u32 = 16;
const LIMIT_MAX: u32 = 32;

pub fn query(deps: Deps, env: &Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    Ok(match msg {
        QueryMsg::Suite {} => to_json_binary(&SUITE.load(deps.storage)?),
        QueryMsg::Roles {} => to_json_binary(&roles(deps)?),
        QueryMsg::Operation { operation } => to_json_binary(&one_operation(deps, operation)?),
        QueryMsg::Operations { start_after, limit } => to_json_binary(&operations(deps, start_after, limit)?),
        QueryMsg::ClassOf { call } => to_json_binary(&class_of(deps, env, &call)?),
        QueryMsg::Council {} => to_json_binary(&council(deps, env)?),
        QueryMsg::Incident { incident } => to_json_binary(&incident::load(deps.storage, incident)?),
        QueryMsg::Incidents { start_after, limit } => to_json_binary(&incidents(deps, start_after, limit)?),
        QueryMsg::IncidentTimes { incident } => to_json_binary(&incident_times(deps, incident)?),
        QueryMsg::Playbooks {} => to_json_binary(&playbooks(deps, env)?),
        QueryMsg::Powers {} => to_json_binary(&powers::powers(deps, env)?),
        QueryMsg::Sentinels {} => to_json_binary(&sentinels(deps)?),
        QueryMsg::Witnesses { operation } => to_json_binary(&WitnessesResponse {
            witnesses: WITNESSES.may_load(deps.storage, operation)?.unwrap_or_default(),
        }),
        QueryMsg::MaxLoss { stolen, horizon_seconds } => {
            to_json_binary(&max_loss::bound(deps, env, stolen, horizon_seconds)?)
        }
        QueryMsg::Runs { start_after, limit } => to_json_binary(&runs(deps, start_after, limit)?),
    }?)
}

fn roles(deps: Deps) -> Result<RolesResponse, ContractError> {
    let roles = ROLES.load(deps.storage)?;
    let candidates = roles
        .candidates
        .into_iter()
        .map(|candidate| CandidateResponse {
            role: candidate.role,
            candidate: candidate.candidate,
            replaces: candidate.replaces,
            effective_at: candidate.effective_at,
            expires_at: candidate.expires_at,
        })
        .collect();
    let delays = DELAYS.load(deps.storage)?;
    Ok(RolesResponse { proposers: roles.proposers, cancellers: roles.cancellers, candidates, delays })
}

fn one_operation(deps: Deps, operation: u64) -> Result<Operation, ContractError> {
    OPERATIONS.may_load(deps.storage, operation)?.ok_or(ContractError::UnknownOperation { operation })
}

fn operations(deps: Deps, start_after: Option<u64>, limit: Option<u32>) -> Result<OperationsResponse, ContractError> {
    let operations = OPERATIONS
        .range(deps.storage, start_after.map(Bound::exclusive), None, Order::Ascending)
        .take(page(limit))
        .map(|entry| entry.map(|(_, operation)| operation))
        .collect::<Result<_, _>>()?;
    Ok(OperationsResponse { operations })
}

fn class_of(deps: Deps, env: &Env, call: &Call) -> Result<ClassOfResponse, ContractError> {
    let known = Known::load(deps.storage, env)?;
    let classified = known.class_now(deps, call)?;
    let delay_seconds = delay(&known.delays, classified.class);
    Ok(ClassOfResponse { class: classified.class, delay_seconds, reason: classified.reason.into() })
}

fn council(deps: Deps, env: &Env) -> Result<CouncilResponse, ContractError> {
    let (config, Ballot { nonce, epoch, pending }) = (COUNCIL.load(deps.storage)?, BALLOT.load(deps.storage)?);
    let now = now(env);
    let pending = live(pending, now)
        .into_iter()
        .map(|raised| PendingAction {
            action: raised.action,
            confirmations: raised.confirmations,
            expires_at: raised.expires_at,
        })
        .collect();
    let candidate = COUNCIL_CANDIDATE.may_load(deps.storage)?.filter(|candidate| now < candidate.expires_at);
    let candidate = candidate.map(|CouncilCandidate { config, accepted, expires_at }| {
        let weight_of = |member: &str| weights::of(&deps.querier, &config.group, member);
        // Bounded by CONFIRMATIONS_MAX.
        let accepted = accepted.into_iter().map(|member| Acceptance { weight: weight_of(&member), member }).collect();
        CouncilCandidateResponse { config, accepted, expires_at }
    });
    let hooked = weights::tells(&deps.querier, &config.group, env.contract.address.as_str());
    Ok(CouncilResponse { config, nonce, epoch, pending, hooked, candidate })
}

fn incidents(deps: Deps, start_after: Option<u64>, limit: Option<u32>) -> Result<IncidentsResponse, ContractError> {
    let page = INCIDENTS.page(deps.storage, start_after, page(limit))?;
    Ok(IncidentsResponse { incidents: page.into_iter().map(|(_, incident)| incident).collect() })
}

fn incident_times(deps: Deps, incident: u64) -> Result<IncidentTimesResponse, ContractError> {
    let record = incident::load(deps.storage, incident)?;
    // 0 is never.
    let between = |start: u64, end: u64| (start > 0 && end > 0).then(|| end.saturating_sub(start));
    Ok(IncidentTimesResponse {
        incident,
        time_to_detect: record.detected_at.saturating_sub(record.began_at),
        time_to_contain: between(record.detected_at, record.contained_at),
        time_to_ease: between(record.contained_at, record.recovering_at),
        time_to_recover: between(record.contained_at, record.closed_at),
    })
}

fn playbooks(deps: Deps, env: &Env) -> Result<PlaybooksResponse, ContractError> {
    // Bounded by PLAYBOOKS_MAX.
    let playbooks = ARMED
        .may_load(deps.storage)?
        .unwrap_or_default()
        .into_iter()
        .map(|armed| playbook::described(deps.storage, PLAYBOOKS.load(deps.storage, armed.playbook)?, now(env)))
        .collect::<Result<_, _>>()?;
    Ok(PlaybooksResponse { playbooks })
}

fn sentinels(deps: Deps) -> Result<SentinelsResponse, ContractError> {
    let sentinels = SENTINELS.may_load(deps.storage)?.unwrap_or_default();
    let described = |record: SentinelRecord| SentinelResponse {
        sentinel: Sentinel { address: record.address, step: record.step },
        armed: record.armed,
        accept_until: record.accept_until,
        tripped_at: record.tripped_at,
    };
    Ok(SentinelsResponse { sentinels: sentinels.into_iter().map(described).collect() })
}

fn runs(deps: Deps, start_after: Option<u64>, limit: Option<u32>) -> Result<RunsResponse, ContractError> {
    let page = RUNS.page(deps.storage, start_after, page(limit))?;
    Ok(RunsResponse { runs: page.into_iter().map(|(_, run)| run).collect() })
}

fn page(limit: Option<u32>) -> usize {
    usize::try_from(limit.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX)).unwrap_or_default()
}
