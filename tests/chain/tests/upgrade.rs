//! Code changes through the timelock and in no other way; and no change of code gives anybody a right.

mod common;

use common::rights::{bootstraps_of_nothing, what_nobody_may};
use common::state::differences;
use common::{fact, refusal, Suite};
use cosmrs::proto::cosmos::base::query::v1beta1::PageRequest;
use cosmrs::proto::cosmos::gov::v1::ProposalStatus;
use cosmrs::proto::cosmwasm::wasm::v1::{
    MsgClearAdmin, MsgSudoContract, MsgUpdateAdmin, QueryContractsByCodeRequest, QueryContractsByCodeResponse,
};
use cosmrs::Any;
use cosmwasm_std::Empty;
use firebreak_chain::message;
use firebreak_guardian::ContractError as GuardianError;
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, QueryMsg as BreakerQuery, RuleTripped, Scope};
use firebreak_messages::derivatives_vault::{
    ConfigResponse, ExecuteMsg as VaultMsg, QueryMsg as VaultQuery, VaultParameters,
};
use firebreak_messages::guardian::{
    CouncilAction, DelayClass, ExecuteMsg, IncidentOpened, OperationExecuted, OperationFailed, OperationStatus,
    QueryMsg, Role, RolesResponse,
};
use firebreak_messages::insurance_fund::{
    ConfigResponse as FundResponse, ExecuteMsg as FundMsg, QueryMsg as FundQuery,
};
use firebreak_messages::oracle::{ExecuteMsg as OracleMsg, HookFailed, HookSkipped};
use firebreak_messages::Reason;
use firebreak_risk::Level;
use firebreak_testing::{price, size, usd, BTC};

/// What wasmd says to who is not a contract's admin.
const NOT_ADMIN: [&str; 3] =
    ["can not migrate: unauthorized", "can not modify contract: unauthorized", "can not modify contract: unauthorized"];
const NEXT_VERSION: &str = "0.2.0";

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_guardian_with_another_admin_than_itself_is_refused_with_its_whole_suite() {
    let mut suite = Suite::start();
    let (deployer, code_id) = (suite.address("deployer"), suite.wasmd.codes.of("guardian"));
    let guardians = |suite: &Suite| {
        let pagination = Some(PageRequest { limit: 10_000, ..PageRequest::default() });
        let query = QueryContractsByCodeRequest { code_id, pagination };
        let path = "/cosmwasm.wasm.v1.Query/ContractsByCode";
        let found: QueryContractsByCodeResponse = suite.wasmd.localnet.client.module(path, &query).unwrap();
        found.contracts
    };
    let before = guardians(&suite);
    for (admin, found) in [(deployer.as_str(), deployer.as_str()), ("", "nobody")] {
        let msg = suite.bootstrap.clone();
        let create = message::instantiate2(&deployer, admin, code_id, "guardian", &msg, b"a foreign admin").unwrap();
        let answer = suite.net().send("deployer", &[create], common::PLENTY);
        refusal(answer).says(GuardianError::AdminNotSelf { found: found.into() });
    }
    assert_eq!(guardians(&suite), before);
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn the_deployer_can_neither_migrate_a_contract_nor_change_its_admin() {
    let mut suite = Suite::start();
    for (name, contract, code_id) in suite.contracts() {
        let before = suite.record(&contract);
        assert_eq!(before.admin, suite.at.guardian.as_str(), "{name}");
        for sender in ["deployer", "mallory"] {
            let address = suite.address(sender);
            let attempts = [
                message::migrate(&address, &contract, code_id, &Empty {}).unwrap(),
                any(&MsgUpdateAdmin {
                    sender: address.clone(),
                    new_admin: suite.address("treasury"),
                    contract: contract.clone(),
                }),
                any(&MsgClearAdmin { sender: address.clone(), contract: contract.clone() }),
            ];
            for (attempt, wanted) in attempts.into_iter().zip(NOT_ADMIN) {
                refusal(suite.net().send(sender, &[attempt], common::PLENTY)).says(wanted);
            }
        }
        assert_eq!(suite.record(&contract), before, "{name}");
    }
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn the_guardian_upgrades_itself_through_its_timelock_and_keeps_its_state() {
    let mut suite = Suite::start();
    let guardian = suite.at.guardian.clone();
    let next = suite.wasmd.codes.of("next_guardian");
    // Something in every drawer: a council that acted, an incident, a confirmation that waits, an operation that waits.
    let action = |level| CouncilAction::restrict(Scope::All, level, 600);
    suite.confirm("council-0", &action(Level::Guarded));
    suite.confirm("council-1", &action(Level::Guarded));
    suite.confirm("council-2", &action(Level::ReduceOnly));
    let wanted = VaultParameters { order_delay_seconds: 12, ..suite.bootstrap.vault.clone() };
    let upgrade = suite.schedule(vec![suite.migration(&guardian, next)]);
    let change = suite.call(&suite.at.derivatives_vault, &VaultMsg::Configure { parameters: wanted.clone() });
    let change = suite.schedule(vec![change]);
    assert_eq!((upgrade.class, upgrade.ready_at), (DelayClass::Code, suite.operation(1).scheduled_at + 172_800));

    suite.advance_to(upgrade.ready_at - 1);
    let not_ready = GuardianError::NotReady { operation: 1, ready_at: upgrade.ready_at, now: upgrade.ready_at - 1 };
    suite.refused("deployer", &guardian, &ExecuteMsg::Execute { operation: 1 }).says(not_ready);
    let before = suite.storage(&guardian);
    suite.advance_to(upgrade.ready_at);
    let executed = suite.execute_operation("mallory", upgrade.operation);
    assert_eq!(fact::<OperationExecuted>(&executed), OperationExecuted { operation: 1 });

    // The old code's operation was replied to in the new code.
    assert_eq!(suite.operation(1).status, OperationStatus::Executed);
    let record = suite.record(&guardian);
    assert_eq!((record.code_id, record.admin.as_str()), (next, guardian.as_str()));
    assert_eq!(suite.version(&guardian), NEXT_VERSION);
    let changed = differences(&before, &suite.storage(&guardian));
    let operation = firebreak_guardian::state::OPERATIONS.key(1).to_vec();
    assert_eq!(changed, [operation, b"contract_info".to_vec()].map(hex));
    assert_eq!(suite.council().nonce, 1);

    // The suite works: what waited is executed, the council acts under the next nonce, a rule that trips is heard.
    suite.execute_operation("keeper", change.operation);
    assert_eq!(
        suite.query::<ConfigResponse>(&suite.at.derivatives_vault, &VaultQuery::Config {}).config.parameters,
        wanted
    );
    suite.refresh();
    suite.confirm("council-0", &action(Level::ReduceOnly));
    let acted = suite.confirm("council-1", &action(Level::ReduceOnly));
    assert_eq!((suite.council().nonce, fact::<IncidentOpened>(&acted).incident), (2, 2));
    let tripped = suite.price(BTC, price("56400"));
    assert!(tripped.has::<RuleTripped>());
    assert_eq!(fact::<IncidentOpened>(&tripped).incident, 3);

    // And it is nobody's but its own still.
    let deployer = suite.address("deployer");
    let back = message::migrate(&deployer, guardian.as_str(), suite.wasmd.codes.of("guardian"), &Empty {}).unwrap();
    refusal(suite.net().send("deployer", &[back], common::PLENTY)).says(NOT_ADMIN[0]);
}

/// A new code is asked for a reply before the operation is over: one that has none undoes its own migration. One that
/// replies and then does nothing would be accepted; only the two days before it protect from that.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_guardian_does_not_become_code_that_cannot_answer() {
    let mut suite = Suite::start();
    let (guardian, burner) = (suite.at.guardian.clone(), suite.wasmd.codes.of("burner"));
    let scheduled = suite.schedule(vec![suite.migration(&guardian, burner)]);
    suite.advance_to(scheduled.ready_at);
    let (record, before) = (suite.record(&guardian), suite.storage(&guardian));
    suite
        .refused("keeper", &guardian, &ExecuteMsg::Execute { operation: scheduled.operation })
        .says("Missing export reply");
    assert_eq!((suite.record(&guardian), suite.storage(&guardian)), (record, before));
}

/// Chain governance is above the suite: wasmd lets the gov account migrate any contract and name any admin, whoever the
/// admin is. No contract can take that away, so a suite is as safe from its chain's voters as everything else there:
/// its timelock does not bind them.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn the_chains_own_governance_is_above_the_timelock() {
    let mut suite = Suite::start();
    let (gov, vault) = (suite.net().gov().unwrap(), suite.at.derivatives_vault.clone());
    let (next, before) = (suite.wasmd.codes.of("next_vault"), suite.storage(&vault));
    let migrate = message::migrate(&gov, vault.as_str(), next, &Empty {}).unwrap();
    suite.net().govern("migrate the vault", vec![migrate]).unwrap().ensure().unwrap();
    assert_eq!((suite.record(&vault).code_id, suite.version(&vault).as_str()), (next, NEXT_VERSION));
    assert_eq!(differences(&before, &suite.storage(&vault)), [hex(b"contract_info".to_vec())]);

    let new_admin = suite.address("treasury");
    let admin = MsgUpdateAdmin { sender: gov.clone(), new_admin: new_admin.clone(), contract: vault.to_string() };
    suite.net().govern("give the vault away", vec![any(&admin)]).unwrap().ensure().unwrap();
    assert_eq!(suite.record(&vault).admin, new_admin);

    // No contract of the suite has a message for the chain itself.
    for (name, contract, _) in suite.contracts() {
        let sudo = any(&MsgSudoContract { authority: gov.clone(), contract, msg: b"{}".to_vec() });
        let passed = suite.net().govern("sudo", vec![sudo]).unwrap();
        assert_eq!(passed.status, ProposalStatus::Failed, "{name}");
        assert!(passed.failed_reason.contains("Missing export sudo"), "{name}: {}", passed.failed_reason);
    }
}

/// a migration with an empty message changes no stored byte of any contract, so nothing is authorised that was
/// not before. (Where a later version brings new parameters, as limits of outflow, their defaults have to be shown to
/// authorise nothing with that version.)
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn no_migration_gives_anybody_a_right() {
    let mut suite = Suite::start();
    let rows = what_nobody_may(&suite);
    suite.all_refused("mallory", &rows);
    suite.all_refused("deployer", &rows);

    let migrations = suite.contracts().map(|(_, contract, code_id)| suite.migration(contract, code_id));
    let scheduled = suite.schedule(migrations.to_vec());
    let before = suite.contracts().map(|(_, contract, _)| suite.storage(contract));
    suite.advance_to(scheduled.ready_at);
    suite.execute_operation("keeper", scheduled.operation);
    let executed = firebreak_guardian::state::OPERATIONS.key(1).to_vec();
    for ((name, contract, _), before) in suite.contracts().into_iter().zip(before) {
        let wanted = if name == "guardian" { vec![hex(executed.clone())] } else { vec![] };
        assert_eq!(differences(&before, &suite.storage(contract)), wanted, "{name}");
    }

    suite.all_refused("mallory", &rows);
    suite.all_refused("deployer", &rows);
}

/// nobody in a role is nobody, never everybody.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn what_is_unset_or_empty_authorises_nothing() {
    let mut suite = Suite::start();
    let (deployer, code_id) = (suite.address("deployer"), suite.wasmd.codes.of("guardian"));
    for (what, msg, wanted) in bootstraps_of_nothing(&suite.bootstrap) {
        let create = message::instantiate2(&deployer, &deployer, code_id, what, &msg, what.as_bytes()).unwrap();
        refusal(suite.net().send("deployer", &[create], common::PLENTY)).says(wanted);
    }

    // The last holder of a role stays, whatever an operation says.
    for (role, address) in [(Role::Proposer, suite.at.dao.to_string()), (Role::Canceller, suite.address("canceller"))] {
        let revoke = suite.call(&suite.at.guardian, &ExecuteMsg::RevokeRole { role, address });
        let executed = suite.govern(vec![revoke]);
        assert!(executed.has::<OperationFailed>() && !executed.has::<OperationExecuted>());
    }
    let roles: RolesResponse = suite.query(&suite.at.guardian, &QueryMsg::Roles {});
    assert_eq!((roles.proposers, roles.cancellers), (vec![suite.at.dao.to_string()], vec![suite.address("canceller")]));

    // Nobody is told of prices, nobody of trips, nobody draws on the fund.
    let vault = suite.at.derivatives_vault.to_string();
    let calls = vec![
        suite.call(&suite.at.oracle, &OracleMsg::SetHook { hook: None }),
        suite.call(&suite.at.circuit_breaker, &BreakerMsg::SetGuardian { guardian: None }),
        suite.call(&suite.at.insurance_fund, &FundMsg::UnregisterVault { vault }),
    ];
    assert!(suite.govern(calls).has::<OperationExecuted>());
    let fund: FundResponse = suite.query(&suite.at.insurance_fund, &FundQuery::Config {});
    assert_eq!(fund.vaults, Vec::<String>::new());
    suite.all_refused("mallory", &what_nobody_may(&suite));

    // A price that no breaker saw opens nothing: the market is reduce-only until somebody, and anybody may, asks it.
    suite.add_collateral("alice", usd(10_000));
    let published = suite.refresh();
    assert!(!published.has::<HookFailed>() && !published.has::<HookSkipped>());
    assert_eq!(suite.level(BTC), (Level::ReduceOnly, Some(Reason::LeaseExpired)));
    let order = suite.order(BTC, size("0.1"), false);
    let vault = suite.at.derivatives_vault.clone();
    suite.refused("alice", &vault, &order).says("increase-exposure is not allowed at reduce-only (cause lease-expired");
    let breaker = suite.at.circuit_breaker.clone();
    let feeds = suite.bootstrap.feeds.iter().map(|setup| setup.feed).collect();
    suite.send("mallory", &breaker, &BreakerMsg::Evaluate { feeds });
    assert_eq!(suite.level(BTC), (Level::Normal, None));

    // A trip restricts though nobody hears of it.
    suite.price(BTC, price("56400"));
    let feeds = suite.bootstrap.feeds.iter().map(|setup| setup.feed).collect();
    let evaluated = suite.send("mallory", &breaker, &BreakerMsg::Evaluate { feeds });
    assert!(evaluated.has::<RuleTripped>() && !evaluated.has::<IncidentOpened>());
    assert_eq!(suite.level(BTC).0, Level::ReduceOnly);
    let config: firebreak_messages::circuit_breaker::ConfigResponse = suite.query(&breaker, &BreakerQuery::Config {});
    assert_eq!(config.guardian, None);
}

fn any(message: &impl cosmrs::proto::prost::Name) -> Any {
    Any::from_msg(message).unwrap()
}

fn hex(key: Vec<u8>) -> String {
    cosmwasm_std::HexBinary::from(key).to_hex()
}
