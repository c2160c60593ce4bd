//! What `firebreak proposal` writes, submitted as it is: its file for x/gov by the node's own command line, its message to
//! a multisig by a member. The guardian's answer is what was printed before the vote.

mod common;

use common::governance::{dao_vote, proposal_id};
use common::program::Rendered;
use common::{fact, Suite};
use cosmrs::proto::cosmos::gov::v1::ProposalStatus;
use firebreak_guardian::ContractError as GuardianError;
use firebreak_messages::derivatives_vault::MarketContested;
use firebreak_messages::guardian::{DelayClass, OperationScheduled, OperationsResponse, QueryMsg};
use serde_json::{json, Value};

/// Seconds of a vote on this chain, and of an expedited one.
const VOTING: u64 = 10;
const EXPEDITED: u64 = 5;
/// A second until the block behind the vote, and one for the blocks of the deposit and the votes before it.
const LATE_MAX: u64 = 2;

fn slower_orders(suite: &Suite) -> Value {
    let configure = json!({ "configure": { "parameters": suite.slower_orders() } });
    json!({
        "title": "Slower orders", "description": "Why, and where to read more.",
        "calls": [{ "contract": "derivatives-vault", "msg": configure }],
    })
}

/// Rendered for a vote that begins now.
#[track_caller]
fn for_gov(suite: &Suite, gov: &str, voting: u64, more: &[&str]) -> Rendered {
    let passes_at = (suite.now() + voting).to_string();
    let arguments = [&["--to", "x-gov", "--dao", gov, "--passes-at", passes_at.as_str()], more].concat();
    suite.rendered(&slower_orders(suite), &arguments)
}

/// The file as it is, by somebody who has nothing to do with the suite; the number that the chain gives it.
#[track_caller]
fn submitted(suite: &Suite, rendered: &Rendered) -> u64 {
    let hash = suite.node_tx("carol", &["gov", "submit-proposal", &rendered.file.display().to_string()]);
    let tx = suite.committed(&hash).unwrap();
    tx.number("submit_proposal", "proposal_id").expect("the chain names its proposal")
}

#[track_caller]
fn status(suite: &Suite, proposal: u64) -> ProposalStatus {
    suite.wasmd.localnet.proposal(proposal).unwrap().status()
}

/// The validator has all the stake.
#[track_caller]
fn votes(suite: &Suite, proposal: u64, vote: &str) {
    assert_eq!(status(suite, proposal), ProposalStatus::VotingPeriod);
    let hash = suite.node_tx("val", &["gov", "vote", &proposal.to_string(), vote]);
    suite.committed(&hash).unwrap();
}

#[track_caller]
fn nothing_is_scheduled(suite: &Suite) {
    let question = QueryMsg::Operations { start_after: None, limit: None };
    let found: OperationsResponse = suite.query(&suite.at.guardian, &question);
    assert_eq!(found.operations, vec![]);
}

// x/gov is a DAO like another.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_file_for_the_chains_governance_is_deposited_on_voted_for_scheduled_and_executed_when_it_said() {
    let (mut suite, gov) = Suite::start_with_gov();
    let wanted = suite.slower_orders();
    let rendered = for_gov(&suite, &gov, VOTING, &["--deposit", "400000ustake"]);
    assert_eq!((rendered.of::<DelayClass>("class"), rendered.of("dry_run")), (DelayClass::Roles, true));
    let proposal = submitted(&suite, &rendered);

    // Less than the deposit that is asked for: others add to it before there is a vote.
    assert_eq!(status(&suite, proposal), ProposalStatus::DepositPeriod);
    let hash = suite.node_tx("bob", &["gov", "deposit", &proposal.to_string(), "600000ustake"]);
    suite.committed(&hash).unwrap();
    let found = suite.wasmd.localnet.proposal(proposal).unwrap();
    assert_eq!((found.title.as_str(), found.summary.as_str()), ("Slower orders", "Why, and where to read more."));
    votes(&suite, proposal, "yes");
    nothing_is_scheduled(&suite);

    let passed = suite.net().decided(proposal).unwrap();
    assert_eq!((passed.status, passed.failed_reason.as_str()), (ProposalStatus::Passed, ""));
    rendered.is_scheduled_as(&suite.operation(1), &gov, LATE_MAX);
    suite.waits_and_is_executed_by_anyone(1);
    assert_eq!(suite.parameters(), wanted);
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn what_the_chains_governance_rejects_schedules_nothing_and_an_expedited_vote_is_one() {
    let (mut suite, gov) = Suite::start_with_gov();
    let before = suite.storage(&suite.at.guardian);
    let rendered = for_gov(&suite, &gov, VOTING, &["--deposit", "1000000ustake"]);
    let rejected = submitted(&suite, &rendered);
    votes(&suite, rejected, "no");
    assert_eq!(suite.net().decided(rejected).unwrap().status, ProposalStatus::Rejected);
    assert_eq!(suite.storage(&suite.at.guardian), before);
    nothing_is_scheduled(&suite);

    let rendered = for_gov(&suite, &gov, EXPEDITED, &["--deposit", "5000000ustake", "--expedited"]);
    let proposal = submitted(&suite, &rendered);
    assert!(suite.wasmd.localnet.proposal(proposal).unwrap().expedited);
    votes(&suite, proposal, "yes");
    suite.net().decided(proposal).unwrap().ensure().unwrap();
    rendered.is_scheduled_as(&suite.operation(1), &gov, LATE_MAX);
}

/// The window that is printed is the guardian's: a vote that ends behind it has passed for nothing.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_vote_that_ends_behind_the_printed_window_fails() {
    let (mut suite, gov) = Suite::start_with_gov();
    let wide = for_gov(&suite, &gov, 0, &["--deposit", "1000000ustake"]);
    let first = wide.of::<u64>("not_after") - (wide.of::<u64>("passes_until") - wide.of::<u64>("passes_at"));
    let narrow = for_gov(&suite, &gov, 0, &["--deposit", "1000000ustake", "--not-after", &first.to_string()]);
    let until: u64 = narrow.of("passes_until");
    assert_eq!(until, narrow.of::<u64>("passes_at"));
    let proposal = submitted(&suite, &narrow);
    votes(&suite, proposal, "yes");

    let passed = suite.net().decided(proposal).unwrap();
    assert_eq!(passed.status, ProposalStatus::Failed);
    let late = suite.now() - until;
    assert!((VOTING..=VOTING + LATE_MAX).contains(&late), "{late}");
    // For a vote that is executed so much later, both bounds are.
    let last = first + narrow.of::<u64>("passes_at") - narrow.of::<u64>("passes_from");
    let refused = GuardianError::OutOfBounds {
        what: "not_after",
        wanted: format!("{} to {}", first + late, last + late),
        found: first.to_string(),
    };
    assert!(passed.failed_reason.contains(&refused.to_string()), "{refused}\n{}", passed.failed_reason);
    nothing_is_scheduled(&suite);
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_message_to_a_multisig_is_sent_as_it_is_and_does_what_was_printed() {
    let mut suite = Suite::start();
    let dao = suite.at.dao.to_string();
    let until = suite.now() + 3 * 86_400;
    let call = json!({ "contract": "derivatives-vault", "msg": { "contest_market": { "market": 1, "until": until } } });
    let request = json!({ "title": "Contest bitcoin", "description": "Why.", "calls": [call] });
    let rendered = suite.rendered(&request, &["--to", "cw3", "--dao", &dao]);
    assert_eq!(rendered.of::<DelayClass>("class"), DelayClass::Parameters);

    let proposal_id = proposal_id(&suite.send("dao-0", &dao, &rendered.message));
    suite.send("dao-1", &dao, &dao_vote(proposal_id));
    let execute = cw3_flex_multisig::msg::ExecuteMsg::Execute { proposal_id };
    let scheduled: OperationScheduled = fact(&suite.send("dao-0", &dao, &execute));
    rendered.is_scheduled_as(&suite.operation(scheduled.operation), &dao, LATE_MAX);
    suite.advance_to(scheduled.ready_at);
    let executed = suite.execute_operation("mallory", scheduled.operation);
    assert_eq!(fact::<MarketContested>(&executed).until, until);
}
