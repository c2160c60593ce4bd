//! The DAO changes a parameter and moves the vault to its next version, each after its delay. Everything that the vault
//! knew stays, an order that waits is filled by the new code, and trading goes on.

use super::scene::{micro, the, Scene};
use cosmwasm_std::{to_json_binary, CosmosMsg, Event, WasmMsg};
use cw3::Vote;
use cw3_flex_multisig::msg::ExecuteMsg as Dao;
use firebreak_guardian::ContractError;
use firebreak_messages::derivatives_vault::{
    CollateralWithdrawn, ExecuteMsg as Vault, MigrateMsg, OrderFilled, VaultParameters,
};
use firebreak_messages::guardian::{
    Call, DelayClass, ExecuteMsg as Guardian, OperationExecuted, OperationScheduled, OperationStatus, Role,
};
use firebreak_risk::{Amount, SignedAmount, Size};
use firebreak_testing::{size, usd, Code, BTC, ETH};

const DAY: u64 = 86_400;

pub fn tell(scene: &mut Scene) {
    a_stranger_schedules_nothing(scene);
    let (fee, upgrade) = two_operations_are_scheduled(scene);
    the_parameter_changes(scene, &fee, &upgrade);
    the_vault_migrates(scene, &upgrade);
    trading_goes_on(scene);
}

fn schedule(scene: &Scene, call: Call, predecessor: Option<u64>) -> Guardian {
    let not_after = scene.now() + 3 * DAY;
    Guardian::Schedule { calls: vec![call], not_after, predecessor, description: "of the story".into() }
}

/// The fee that an order costs, raised by a quarter.
fn new_fee(scene: &Scene) -> Call {
    let parameters = VaultParameters { execution_fee: micro(250_000), ..scene.reads().parameters() };
    Call::Execute {
        contract: scene.chain().suite().derivatives_vault.to_string(),
        msg: to_json_binary(&Vault::Configure { parameters }).unwrap(),
        funds: vec![],
    }
}

fn next_version(scene: &Scene) -> Call {
    Call::Migrate {
        contract: scene.chain().suite().derivatives_vault.to_string(),
        code_id: scene.chain().next_vault(),
        msg: to_json_binary(&MigrateMsg {}).unwrap(),
    }
}

fn a_stranger_schedules_nothing(scene: &mut Scene) {
    let message = schedule(scene, new_fee(scene), None);
    let address = scene.chain().address("mallory").into();
    scene.refused("mallory", message).with(ContractError::NotHolder { role: Role::Proposer, address });
}

/// Returns the operations that change the fee and the code.
fn two_operations_are_scheduled(scene: &mut Scene) -> (OperationScheduled, OperationScheduled) {
    let message = schedule(scene, new_fee(scene), None);
    let fee = the::<OperationScheduled>(&dao_executes(scene, &message));
    assert_eq!((fee.class, fee.ready_at), (DelayClass::Roles, scene.now() + DAY));
    assert_eq!(fee.proposer, scene.chain().suite().dao.as_str());

    let message = schedule(scene, next_version(scene), Some(fee.operation));
    let upgrade = the::<OperationScheduled>(&dao_executes(scene, &message));
    assert_eq!((upgrade.class, upgrade.ready_at), (DelayClass::Code, scene.now() + 2 * DAY));
    (fee, upgrade)
}

/// One member proposes, another one agrees, and the multisig sends it.
fn dao_executes(scene: &mut Scene, message: &Guardian) -> Vec<Event> {
    let call: CosmosMsg = WasmMsg::Execute {
        contract_addr: scene.chain().suite().guardian.to_string(),
        msg: to_json_binary(message).unwrap(),
        funds: vec![],
    }
    .into();
    let (title, description) = ("a change".into(), String::new());
    let propose = Dao::Propose { title, description, msgs: vec![call], latest: None };
    let events = scene.done("dao-0", propose, Amount::ZERO);
    let proposal_id = events
        .iter()
        .flat_map(|event| &event.attributes)
        .find(|attribute| attribute.key == "proposal_id")
        .and_then(|attribute| attribute.value.parse().ok())
        .unwrap_or_else(|| panic!("the multisig named no proposal: {events:?}"));
    scene.refused("dao-0", Dao::Execute { proposal_id }).with("Proposal must have passed and not yet been executed");
    scene.done("dao-1", Dao::Vote { proposal_id, vote: Vote::Yes }, Amount::ZERO);
    scene.done("dao-0", Dao::Execute { proposal_id }, Amount::ZERO)
}

/// Anyone executes what is ready.
fn execute(scene: &mut Scene, operation: u64) {
    let events = scene.done("keeper", Guardian::Execute { operation }, Amount::ZERO);
    assert_eq!(the::<OperationExecuted>(&events).operation, operation);
}

fn not_ready(scene: &mut Scene, scheduled: &OperationScheduled) {
    let (operation, ready_at, now) = (scheduled.operation, scheduled.ready_at, scene.now());
    let early = ContractError::NotReady { operation, ready_at, now };
    scene.refused("keeper", Guardian::Execute { operation }).with(early);
}

fn the_parameter_changes(scene: &mut Scene, fee: &OperationScheduled, upgrade: &OperationScheduled) {
    scene.advance_to(fee.ready_at - 1);
    not_ready(scene, fee);
    scene.advance(1);
    assert_eq!(scene.reads().parameters().execution_fee, micro(200_000));
    execute(scene, fee.operation);
    assert_eq!(scene.reads().parameters().execution_fee, micro(250_000));
    not_ready(scene, upgrade);
}

fn the_vault_migrates(scene: &mut Scene, upgrade: &OperationScheduled) {
    scene.advance_to(upgrade.ready_at);
    scene.price("50500", "3000");
    scene.place("mallory", BTC, "1", "51000");
    let (before, version) = (state(scene), version(scene));
    assert_eq!(version, "0.1.0");
    execute(scene, upgrade.operation);
    assert_eq!((state(scene), self::version(scene).as_str()), (before, "0.2.0"));
    let statuses: Vec<_> = scene.reads().operations().iter().map(|operation| operation.status).collect();
    assert_eq!(statuses, [OperationStatus::Executed; 2]);
}

fn version(scene: &Scene) -> String {
    scene.reads().version(scene.chain().suite().of(Code::Vault))
}

/// Every record that the vault keeps, and its coins.
fn state(scene: &Scene) -> impl PartialEq + std::fmt::Debug {
    let reads = scene.reads();
    let markets = [BTC, ETH].map(|market| (reads.market_record(market), reads.orders(market)));
    let coins = reads.coins(scene.chain().suite().of(Code::Vault));
    let records = (reads.accounts(), markets, reads.pool_record(), reads.providers(), reads.losses());
    (records, reads.parameters(), coins)
}

fn trading_goes_on(scene: &mut Scene) {
    let keeper = scene.reads().coins_of("keeper");
    scene.place_reduce("alice", BTC, "-0.5", "45000");
    scene.place_reduce("alice", ETH, "-2", "2700");
    scene.advance(10);
    scene.price("50500", "3000");
    let events = scene.execute(BTC);
    let filled: Vec<_> = firebreak_messages::event::Fact::all(&events);
    let filled: Vec<_> = filled.into_iter().map(|filled: OrderFilled| (filled.account, filled.size_after)).collect();
    // Reduce orders first. The other one was placed under the old code.
    assert_eq!(filled, [(scene.account("alice"), Size::ZERO), (scene.account("mallory"), size("12"))]);
    scene.execute(ETH);
    // Three orders at the new fee.
    assert_eq!(scene.reads().coins_of("keeper").atoms() - keeper.atoms(), 750_000);

    // Alice is flat, and takes out everything that she has.
    let alice = scene.reads().account("alice");
    assert_eq!((alice.positions, alice.orders), (vec![], vec![]));
    let (amount, coins) = (alice.cash.positive_part(), scene.reads().coins_of("alice"));
    assert!(usd(5_000) < amount, "{amount}");
    let events = scene.done("alice", Vault::WithdrawCollateral { subaccount: 0, amount }, Amount::ZERO);
    assert_eq!(the::<CollateralWithdrawn>(&events).cash, SignedAmount::ZERO);
    assert_eq!(scene.reads().coins_of("alice").atoms() - coins.atoms(), amount.atoms());
}
