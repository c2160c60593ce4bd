//! What `firebreak proposal` writes for a DAO of DAO DAO, sent as it is to the contracts that DAO DAO has published: core,
//! `dao-proposal-single`, `dao-pre-propose-single` and the voting module of a cw4 group.
//!
//! Their wasm is built by `scripts/build-wasm --dao-dao`, so this part runs when it is named: `tests/chain/run dao_dao`.

mod common;

use common::program::Rendered;
use common::{fact, Suite, PLENTY};
use cosmwasm_std::to_json_binary;
use firebreak_chain::{message, Localnet, Tx};
use firebreak_chain_tests::Codes;
use firebreak_messages::guardian::{DelayClass, OperationScheduled, OperationsResponse, QueryMsg};
use firebreak_risk::Amount;
use firebreak_testing::usd;
use serde_json::{json, Value};

/// Everything of a vote is in the same second, or the next.
const LATE_MAX: u64 = 1;
/// Atoms that the pre-propose module asks for.
const DEPOSIT: u128 = 5_000_000;

/// One DAO: `dao-0`, `dao-1` and `dao-2` weigh 1 each, two of them decide.
struct Dao {
    /// What acts: the proposer of the guardian.
    core: String,
    /// Where members vote.
    proposals: String,
    /// Where members propose: the module before it, if there is one.
    entrance: String,
}

impl Dao {
    #[track_caller]
    fn start(with_pre_propose: bool) -> (Suite, Self) {
        // Before the deployer's transactions are counted.
        let codes = {
            let _turn = common::turn();
            Codes::store_dao_dao(&mut Localnet::from_env().unwrap()).unwrap()
        };
        let mut dao = None;
        let suite = Suite::start_with(|net, msg| {
            let made = Self::make(net, &codes, with_pre_propose);
            msg.roles.proposers.push(made.core.clone());
            dao = Some(made);
        });
        (suite, dao.expect("the message was adjusted"))
    }

    #[track_caller]
    fn make(net: &mut Localnet, codes: &Codes, with_pre_propose: bool) -> Self {
        // The group is cw-plus's, of which chain tests have one.
        let group_code = Codes::store(net).unwrap().of("group");
        let module = |name: &str, msg: &Value| {
            let msg = to_json_binary(msg).unwrap();
            let admin = json!({ "core_module": {} });
            json!({ "code_id": codes.of(name), "msg": msg, "admin": admin, "funds": [], "label": name })
        };
        let members: Vec<_> =
            (0..3).map(|member| json!({ "addr": net.address(&format!("dao-{member}")), "weight": 1 })).collect();
        let group = json!({ "new": { "cw4_group_code_id": group_code, "initial_members": members } });
        let token = json!({ "token": { "denom": { "native": firebreak_chain::localnet::DENOM } } });
        let before = json!({
            "deposit_info": { "denom": token, "amount": DEPOSIT.to_string(), "refund_policy": "only_passed" },
            "submission_policy": { "specific": { "dao_members": true, "allowlist": [], "denylist": [] } },
            "extension": {},
        });
        let who = if with_pre_propose {
            json!({ "module_may_propose": { "info": module("dao_pre_propose_single", &before) } })
        } else {
            json!({ "anyone_may_propose": {} })
        };
        let votes = json!({
            "threshold": { "absolute_count": { "threshold": "2" } },
            "max_voting_period": { "time": 604_800 },
            "min_voting_period": null,
            "only_members_execute": true,
            "allow_revoting": false,
            "pre_propose_info": who,
            "close_proposal_on_execution_failure": true,
            "veto": null,
        });
        let core = json!({
            "admin": null, "name": "a DAO", "description": "of DAO DAO", "image_url": null,
            "automatically_add_cw20s": false, "automatically_add_cw721s": false,
            "voting_module_instantiate_info": module("dao_voting_cw4", &json!({ "group_contract": group })),
            "proposal_modules_instantiate_info": [module("dao_proposal_single", &votes)],
            "initial_items": null, "dao_uri": null,
        });
        let create = message::instantiate(&net.address("bob"), None, codes.of("dao_dao_core"), "a DAO", &core).unwrap();
        let created = net.send("bob", &[create], PLENTY).unwrap();
        let core = created.attribute("instantiate", "_contract_address").expect("an address").to_string();

        let ask = |contract: &str, question: Value| net.client.smart::<Value>(contract, &question).unwrap();
        let address = |found: &Value| found.as_str().unwrap_or_else(|| panic!("no address: {found}")).to_string();
        let modules = ask(&core, json!({ "proposal_modules": {} }));
        let proposals = address(&modules[0]["address"]);
        let policy = ask(&proposals, json!({ "proposal_creation_policy": {} }));
        let entrance = if with_pre_propose {
            address(&policy["module"]["addr"])
        } else {
            assert_eq!(policy, json!({ "anyone": {} }));
            proposals.clone()
        };
        Self { core, proposals, entrance }
    }

    #[track_caller]
    fn votes(&self, suite: &mut Suite, member: &str, vote: &str) {
        suite.send(member, &self.proposals, &json!({ "vote": { "proposal_id": 1, "vote": vote } }));
    }

    #[track_caller]
    fn status(&self, suite: &Suite) -> Value {
        let found: Value = suite.query(&self.proposals, &json!({ "proposal": { "proposal_id": 1 } }));
        found["proposal"]["status"].clone()
    }

    /// Two members vote, one executes what passed; whoever is too early or no member does not.
    #[track_caller]
    fn passes(&self, suite: &mut Suite) -> Tx {
        self.votes(suite, "dao-0", "yes");
        suite.refused("dao-0", &self.proposals, &execute()).says("proposal is not in 'passed' state");
        let vote = json!({ "vote": { "proposal_id": 1, "vote": "yes" } });
        suite.refused("mallory", &self.proposals, &vote).says("not registered to vote");
        self.votes(suite, "dao-1", "yes");
        assert_eq!(self.status(suite), json!("passed"));
        suite.refused("mallory", &self.proposals, &execute()).says("unauthorized");
        nothing_is_scheduled(suite);
        suite.send("dao-0", &self.proposals, &execute())
    }
}

fn execute() -> Value {
    json!({ "execute": { "proposal_id": 1 } })
}

#[track_caller]
fn rendered(suite: &Suite, dao: &Dao, to: &str, more: &[&str]) -> Rendered {
    let configure = json!({ "configure": { "parameters": suite.slower_orders() } });
    let call = json!({ "contract": "derivatives-vault", "msg": configure });
    let request = json!({ "title": "Slower orders", "description": "Why.", "calls": [call] });
    suite.rendered(&request, &[&["--to", to, "--dao", &dao.core], more].concat())
}

#[track_caller]
fn nothing_is_scheduled(suite: &Suite) {
    let question = QueryMsg::Operations { start_after: None, limit: None };
    let found: OperationsResponse = suite.query(&suite.at.guardian, &question);
    assert_eq!(found.operations, vec![]);
}

/// The core is the proposer, everything is as it was printed, and it waits as long.
#[track_caller]
fn is_what_was_printed(suite: &mut Suite, dao: &Dao, rendered: &Rendered, executed: &Tx) {
    assert_eq!(dao.status(suite), json!("executed"));
    let scheduled: OperationScheduled = fact(executed);
    assert_eq!((scheduled.operation, scheduled.proposer.as_str()), (1, dao.core.as_str()));
    assert_eq!((scheduled.class, rendered.of("dry_run")), (DelayClass::Roles, true));
    rendered.is_scheduled_as(&suite.operation(1), &dao.core, LATE_MAX);
    let wanted = suite.slower_orders();
    assert_ne!(suite.parameters(), wanted);
    suite.waits_and_is_executed_by_anyone(1);
    assert_eq!(suite.parameters(), wanted);
}

// a DAO of DAO DAO waits as everybody does.
#[test]
#[ignore = "needs a local chain and the contracts of DAO DAO: tests/chain/run dao_dao"]
fn a_message_to_the_proposal_module_is_voted_for_scheduled_by_the_core_and_executed_when_it_said() {
    let (mut suite, dao) = Dao::start(false);
    let rendered = rendered(&suite, &dao, "dao-dao", &[]);
    suite.send("dao-0", &dao.entrance, &rendered.message);
    let executed = dao.passes(&mut suite);
    is_what_was_printed(&mut suite, &dao, &rendered, &executed);
}

#[test]
#[ignore = "needs a local chain and the contracts of DAO DAO: tests/chain/run dao_dao"]
fn a_message_to_the_pre_propose_module_goes_with_its_deposit_and_does_the_same() {
    let (mut suite, dao) = Dao::start(true);
    // The message that is for a DAO without that module is refused by one that has it.
    let direct = rendered(&suite, &dao, "dao-dao", &[]);
    suite.refused("dao-0", &dao.proposals, &direct.message).says("unauthorized");

    let rendered = rendered(&suite, &dao, "dao-dao-pre-propose", &[]);
    let deposit = Amount::from_atoms(DEPOSIT);
    assert_eq!(deposit, usd(5));
    suite.refused("dao-0", &dao.entrance, &rendered.message).says("No funds sent");
    let stranger = suite.attempt("mallory", &dao.entrance, &rendered.message, deposit, PLENTY);
    common::refusal(stranger).says("not allowed to submit proposals");
    let held = |suite: &Suite| {
        let (address, denom) = (suite.address("dao-0"), firebreak_chain::localnet::DENOM);
        suite.wasmd.localnet.client.balance(&address, denom).unwrap()
    };
    let before = held(&suite);
    suite.pay("dao-0", &dao.entrance, &rendered.message, deposit);
    assert_eq!(held(&suite), before - DEPOSIT);
    let executed = dao.passes(&mut suite);
    assert_eq!(held(&suite), before);
    is_what_was_printed(&mut suite, &dao, &rendered, &executed);
}

#[test]
#[ignore = "needs a local chain and the contracts of DAO DAO: tests/chain/run dao_dao"]
fn what_the_dao_rejects_or_executes_too_late_schedules_nothing() {
    let (mut suite, dao) = Dao::start(false);
    let before = suite.storage(&suite.at.guardian);
    let rejected = rendered(&suite, &dao, "dao-dao", &[]);
    suite.send("dao-0", &dao.entrance, &rejected.message);
    for member in ["dao-0", "dao-1"] {
        dao.votes(&mut suite, member, "no");
    }
    assert_eq!(dao.status(&suite), json!("rejected"));
    suite.refused("dao-0", &dao.proposals, &execute()).says("proposal is not in 'passed' state");
    assert_eq!(suite.storage(&suite.at.guardian), before);

    // The last second of the printed window has passed: the DAO's vote stands, the guardian's answer is a refusal.
    let (mut suite, dao) = {
        drop(suite);
        Dao::start(false)
    };
    let wide = rendered(&suite, &dao, "dao-dao", &[]);
    let first = wide.of::<u64>("not_after") - (wide.of::<u64>("passes_until") - wide.of::<u64>("passes_at"));
    let not_after = (first + 60).to_string();
    let narrow = rendered(&suite, &dao, "dao-dao", &["--not-after", &not_after]);
    assert_eq!(narrow.of::<u64>("passes_until"), narrow.of::<u64>("passes_at") + 60);
    suite.send("dao-0", &dao.entrance, &narrow.message);
    suite.advance_to(narrow.of::<u64>("passes_until") + 1);
    assert!(!dao.passes(&mut suite).has::<OperationScheduled>());
    assert_eq!(dao.status(&suite), json!("execution_failed"));
    nothing_is_scheduled(&suite);
}
