//! Nomad, 2022-08-01, $190M: an upgrade marked the zero root as proven. A message that nobody had proven has root zero, so every message
//! was accepted; hundreds copied the first thief.
//!
//! Unprotected: a model of that inbox. Protected: the suite as it ships, asked with the zero and the empty value of everything that
//! authorises: each message is refused and nothing moves.

use firebreak_incidents::*;
use firebreak_messages::guardian::{CouncilAction, ExecuteMsg as GuardianMsg, Role};
use firebreak_messages::insurance_fund::ExecuteMsg as FundMsg;
use firebreak_risk::{Amount, FundShares};
use firebreak_testing::*;
use serde_json::json;
use std::collections::BTreeMap;

/// Root by message, and since when a root counts; both zero where nobody wrote.
#[derive(Default)]
struct Inbox {
    roots: BTreeMap<&'static str, u64>,
    accepted: BTreeMap<u64, bool>,
}

impl Inbox {
    fn process(&self, message: &'static str) -> bool {
        let root = self.roots.get(message).copied().unwrap_or_default();
        self.accepted.get(&root).copied().unwrap_or_default()
    }
}

#[test]
fn what_nobody_wrote_authorises_nothing() {
    //
    let mut inbox = Inbox::default();
    let unproven = ["pay eve", "pay everybody", ""];
    let accepted = |inbox: &Inbox| unproven.iter().filter(|message| inbox.process(message)).count();
    assert_eq!(accepted(&inbox), 0);
    inbox.accepted.insert(0, true); // the upgrade
    let taken = accepted(&inbox);
    assert_eq!(taken, unproven.len());

    let mut world = World::builder().trader("alice", usd(10_000)).build();
    world.fund("eve", usd(1_000));
    let nonce = world.council().nonce;
    let confirm = |action| GuardianMsg::Confirm { action, nonce };
    let messages = [
        (Code::Guardian, json!(GuardianMsg::Execute { operation: 0 })),
        (Code::Guardian, json!(GuardianMsg::RunCalls { operation: 0 })),
        (Code::Guardian, json!(GuardianMsg::CheckWitnesses { accounts: vec![] })),
        (Code::Guardian, json!(GuardianMsg::Undo { run: 0 })),
        (Code::Guardian, json!(GuardianMsg::Advance { incident: 0 })),
        (Code::Guardian, json!(GuardianMsg::CompleteRole { role: Role::Proposer })),
        (Code::Guardian, json!(GuardianMsg::AcceptRole { role: Role::Canceller })),
        (Code::Guardian, json!(GuardianMsg::Trip {})),
        (Code::Guardian, json!(confirm(CouncilAction::Run { playbook: String::new() }))),
        (Code::Guardian, json!({ "schedule": { "calls": [], "not_after": 0, "predecessor": 0, "description": "" } })),
        (Code::Insurance, json!(FundMsg::Cover { deficits: vec![] })),
        (Code::Insurance, json!(FundMsg::ClaimUnstake { request: 0, amount_min: Amount::ZERO })),
        (Code::Insurance, json!(FundMsg::RequestUnstake { shares: FundShares::ZERO })),
        (Code::Vault, json!({ "withdraw_collateral": { "subaccount": 0, "amount": "0" } })),
        (Code::Vault, json!({ "claim_liquidity_withdrawal": { "request": 0, "amount_min": "0" } })),
        (Code::Vault, json!({ "pay_settlement": { "accounts": [] } })),
        (Code::Vault, json!({ "settle_accounts": { "limit": 0 } })),
        (Code::Breaker, json!({ "restrict": { "scope": "all", "source": "council", "phases": [], "incident": 0 } })),
        (Code::Oracle, json!({ "set_hook": { "hook": null } })),
    ];
    let picture = |world: &World| {
        (
            world.pool_record(),
            world.insurance(),
            world.council().nonce,
            world.account("alice").cash,
            world.balance("eve"),
        )
    };
    let before = picture(&world);
    let mut refused = 0;
    for (code, message) in &messages {
        let attempt = world.send("eve", *code, message, Amount::ZERO);
        assert!(!attempt.is_done(), "{message} is taken");
        refused += 1;
        assert_eq!(picture(&world), before, "{message}");
    }
    figures(
        "Nomad 2022-08-01, zero is trusted",
        &format!("{taken} of {} unproven messages accepted", unproven.len()),
        &format!("{} messages with nothing in them, {refused} refused, nothing moved", messages.len()),
    );
}
