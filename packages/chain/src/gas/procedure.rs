//! The council, the DAO and its timelock, and a breaker that is dead.

use super::bench::{fact, price, Bench, To, BTC};
use super::error::GasError;
use super::row::Payer::{Anyone, Council, Dao, Feeder};
use crate::Tx;
use cosmwasm_std::{to_json_binary, Binary};
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, Scope};
use firebreak_messages::derivatives_vault::{ConfigResponse, ExecuteMsg as VaultMsg, QueryMsg};
use firebreak_messages::guardian::{
    ActionConfirmed, Call, CouncilAction, CouncilResponse, ExecuteMsg, IncidentOpened, OperationExecuted,
    OperationScheduled, QueryMsg as GuardianQuery,
};
use firebreak_messages::oracle::{HookFailed, HookSkipped, RoundPublished};
use firebreak_messages::Source;
use firebreak_risk::{Amount, Level};
use serde::Serialize;
use serde_json::json;

pub(super) fn council(bench: &mut Bench) -> Result<(), GasError> {
    let action = CouncilAction::restrict(Scope::All, Level::ReduceOnly, 3_600);
    let council: CouncilResponse = bench.net.client.smart(&bench.addresses.guardian, &GuardianQuery::Council {})?;
    let confirm = ExecuteMsg::Confirm { action, nonce: council.nonce };
    let by = |member: &'static str| (member, To::Guardian, Amount::ZERO);
    bench.measure::<ActionConfirmed>("confirm, first of two", Council, by("council-0"), &confirm)?;
    bench.measure::<IncidentOpened>("confirm, restricts all markets", Council, by("council-1"), &confirm)?;
    Ok(())
}

/// A parameter of the vault, the end of a restriction, then a migration: the breaker becomes a contract that burns all gas.
pub(super) fn timelock(bench: &mut Bench) -> Result<(), GasError> {
    let config: ConfigResponse = bench.net.client.smart(&bench.addresses.vault, &QueryMsg::Config {})?;
    let parameters = call(bench, To::Vault, &VaultMsg::Configure { parameters: config.config.parameters })?;
    let lift = call(bench, To::Breaker, &BreakerMsg::Lift { scope: Scope::Market(BTC), source: Source::Band })?;
    let migrate = Call::Migrate {
        contract: bench.addresses.breaker.clone(),
        code_id: bench.codes.burner,
        msg: Binary::from(b"{}"),
    };
    let parameters = schedule(bench, vec![parameters], true)?;
    let lift = schedule(bench, vec![lift], false)?;
    let migrate = schedule(bench, vec![migrate], false)?;
    for (row, operation) in [
        ("execute an operation: configure the vault", parameters),
        ("execute an operation: lift a restriction", lift),
        ("execute an operation: migrate the breaker", migrate),
    ] {
        bench.net.advance_to(operation.ready_at)?;
        let message = ExecuteMsg::Execute { operation: operation.operation };
        bench.measure::<OperationExecuted>(row, Anyone, ("keeper", To::Guardian, Amount::ZERO), &message)?;
    }
    Ok(())
}

/// The breaker burns whatever it is given; the price stands, and from the fourth report on it is not called.
pub(super) fn dead_breaker(bench: &mut Bench) -> Result<(), GasError> {
    for row in ["first", "second", "third", "fourth", "fifth"] {
        bench.net.advance(10)?;
        let prices = [(BTC, price("60000")?)];
        bench.price_by_two(&prices)?;
        let report = bench.report(&prices)?;
        let tx = bench.act("feeder-2", To::Oracle, &report, Amount::ZERO)?;
        fact::<RoundPublished>(row, &tx)?;
        match row {
            "fourth" | "fifth" => drop(fact::<HookSkipped>(row, &tx)?),
            _ => drop(fact::<HookFailed>(row, &tx)?),
        }
        bench.note(&format!("report that publishes, dead breaker, {row}"), Feeder, tx.gas_used);
    }
    Ok(())
}

fn call(bench: &Bench, to: To, msg: &impl Serialize) -> Result<Call, GasError> {
    let msg = to_json_binary(msg).map_err(|error| GasError::step("call", error))?;
    Ok(Call::Execute { contract: bench.address(to).to_string(), msg, funds: vec![] })
}

/// The DAO proposes, votes and schedules.
fn schedule(bench: &mut Bench, calls: Vec<Call>, noted: bool) -> Result<OperationScheduled, GasError> {
    let schedule = ExecuteMsg::Schedule {
        calls,
        not_after: bench.now()? + 259_200,
        predecessor: None,
        description: "A change of the venue, proposed by its DAO.".into(),
    };
    let msg = to_json_binary(&schedule).map_err(|error| GasError::step("schedule", error))?;
    let guardian = bench.address(To::Guardian);
    let propose = json!({"propose": {
        "title": "A change", "description": "", "latest": null,
        "msgs": [{"wasm": {"execute": {"contract_addr": guardian, "msg": msg, "funds": []}}}],
    }});
    let mut step = |row: &str, member: &str, msg: &serde_json::Value| -> Result<Tx, GasError> {
        let tx = bench.act(member, To::Dao, msg, Amount::ZERO)?;
        if noted {
            bench.note(row, Dao, tx.gas_used);
        }
        Ok(tx)
    };
    let proposed = step("multisig proposes a schedule", "dao-0", &propose)?;
    let proposal = proposed.number("wasm", "proposal_id");
    let proposal = proposal.ok_or_else(|| GasError::step("propose", "the multisig named no proposal"))?;
    step("multisig votes", "dao-1", &json!({"vote": {"proposal_id": proposal, "vote": "yes"}}))?;
    let tx = step("multisig executes a schedule", "dao-0", &json!({"execute": {"proposal_id": proposal}}))?;
    fact("schedule", &tx)
}
