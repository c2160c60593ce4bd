//! The command line of `firebreak proposal` and `firebreak drill`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firebreak_messages::derivatives_vault::{MarketResponse, MarketsResponse, QueryMsg};
use firebreak_testing::{Code, World};
use serde_json::{json, Value};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

fn firebreak(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_firebreak")).args(arguments).output().unwrap()
}

/// A path of one test alone, under the folder that cargo gives: tests run side by side.
fn path(name: &str) -> String {
    static PATHS: AtomicUsize = AtomicUsize::new(0);
    let number = PATHS.fetch_add(1, Ordering::Relaxed);
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{number}-{name}")).display().to_string()
}

fn file(name: &str, content: &Value) -> String {
    let path = path(name);
    std::fs::write(&path, content.to_string()).unwrap();
    path
}

fn address(of: &str) -> String {
    use cosmwasm_std::testing::MockApi;
    MockApi::default().with_prefix("cosmos").addr_make(of).into_string()
}

fn suite(proposers: &[String], markets: &[MarketResponse]) -> String {
    let at = json!({
        "guardian": address("guardian"), "oracle": address("oracle"), "circuit_breaker": address("breaker"),
        "insurance_fund": address("fund"), "derivatives_vault": address("vault"),
    });
    let delays = json!({ "parameters": 3_600, "roles": 86_400, "code": 172_800 });
    file("suite.json", &json!({ "at": at, "delays": delays, "proposers": proposers, "markets": markets }))
}

/// As a vault answers.
fn markets() -> Vec<MarketResponse> {
    let question = QueryMsg::Markets { start_after: None, limit: None };
    World::builder().build().query::<MarketsResponse>(Code::Vault, &question).markets
}

fn contest() -> Value {
    json!({ "contract": "derivatives-vault", "msg": { "contest_market": { "market": 1, "until": 1_700_009_000 } } })
}

fn request(name: &str, calls: Value) -> String {
    file(name, &json!({ "title": "Contest bitcoin", "description": "Why.", "calls": calls }))
}

fn rendered(to: &str, calls: Value) -> (String, Value) {
    rendered_for(to, calls, &markets())
}

fn rendered_for(to: &str, calls: Value, markets: &[MarketResponse]) -> (String, Value) {
    let out = path("out.json");
    let request = request(&format!("request-{to}.json"), calls);
    let output = firebreak(&[
        "proposal",
        &request,
        "--suite",
        &suite(&[], markets),
        "--to",
        to,
        "--passes-at",
        "1700000000",
        "--out",
        &out,
        "--deposit",
        "10000000ustake",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let message = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    (String::from_utf8(output.stdout).unwrap(), message)
}

/// The `schedule` inside of a message to a multisig.
fn schedule_of(msgs: &Value) -> Value {
    let execute = &msgs[0]["wasm"]["execute"];
    assert_eq!(execute["contract_addr"], address("guardian"));
    let body = cosmwasm_std::Binary::from_base64(execute["msg"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn a_proposal_says_what_it_does_how_long_it_waits_and_when_it_may_be_executed() {
    let hook = json!({ "contract": "oracle", "msg": { "set_hook": { "hook": null } } });
    let (page, message) = rendered("cw3", json!([contest(), hook]));
    for line in [
        "1. derivatives-vault contest_market: a contest of a market's profits (parameters, 1 h)",
        "     market = 1",
        "2. oracle set_hook: who is told of prices (roles, 1 d)",
        "class      roles: it waits 1 d after the vote has been executed",
        "earliest   2023-11-15 22:13:20 UTC, if the vote is executed at 2023-11-14 22:13:20",
        "latest     2023-11-29 22:13:21 UTC;",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    assert!(!page.contains("dry run"), "{page}");
    let propose = &message["propose"];
    assert_eq!((&propose["title"], &propose["description"]), (&json!("Contest bitcoin"), &json!("Why.")));
    let schedule = schedule_of(&propose["msgs"]);
    assert_eq!(schedule["schedule"]["not_after"], 1_700_000_000u64 + 86_400 + 1 + 14 * 86_400);
    assert_eq!(schedule["schedule"]["calls"].as_array().unwrap().len(), 2);
}

//
#[test]
fn what_cannot_be_compared_with_the_markets_of_now_counts_as_a_loosening() {
    let (page, _) = rendered_for("cw3", json!([contest()]), &[]);
    let line = "1. derivatives-vault contest_market: a contest of a market's profits (roles, 1 d)";
    assert!(page.contains(line), "{page}");
}

#[test]
fn the_three_bodies_get_the_same_schedule_each_in_its_own_form() {
    let (_, cw3) = rendered("cw3", json!([contest()]));
    let (_, dao) = rendered("dao-dao", json!([contest()]));
    let (_, before) = rendered("dao-dao-pre-propose", json!([contest()]));
    let (_, gov) = rendered("x-gov", json!([contest()]));
    let wanted = schedule_of(&cw3["propose"]["msgs"]);
    assert_eq!(cw3["propose"]["latest"], Value::Null);
    assert_eq!(schedule_of(&dao["propose"]["msgs"]), wanted);
    assert_eq!(dao["propose"]["proposer"], Value::Null);
    assert_eq!(schedule_of(&before["propose"]["msg"]["propose"]["msgs"]), wanted);
    let message = &gov["messages"][0];
    assert_eq!(message["@type"], "/cosmwasm.wasm.v1.MsgExecuteContract");
    assert_eq!(message["sender"], "cosmos10d07y265gmmuvt4z0w9aw880jnsr700j6zn9kn");
    assert_eq!((&message["msg"], &gov["deposit"]), (&wanted, &json!("10000000ustake")));
}

#[test]
fn what_a_contract_or_the_guardian_would_refuse_is_one_line_and_exit_code_2() {
    let (known, markets) = ([address("somebody")], markets());
    let to_vault = |msg: Value| json!([{ "contract": "derivatives-vault", "msg": msg }]);
    let restrict = json!({ "restrict": { "scope": "all", "source": "council", "phases": [], "incident": 0 } });
    let own = json!([{ "contract": "guardian", "msg": { "trip": {} } }]);
    let cases: [(&str, Value, &[&str], &str); 8] = [
        ("no calls", json!([]), &[], "calls must be 1 to 8, found 0"),
        ("message", to_vault(json!({ "drain": {} })), &[], "call 1: derivatives-vault drain: unknown variant"),
        (
            "field",
            to_vault(json!({ "contest_market": { "market": 1, "until": 5, "now": true } })),
            &[],
            "call 1: derivatives-vault contest_market: there is no field now",
        ),
        ("two keys", to_vault(json!({ "a": {}, "b": {} })), &[], "call 1: msg must be an object with one key"),
        ("own", own, &[], "the guardian would refuse it: the guardian does not call its own trip"),
        (
            "source",
            json!([{ "contract": "circuit-breaker", "msg": restrict }]),
            &[],
            "the guardian would refuse it: a scheduled restriction is of source governance",
        ),
        ("not-after", json!([contest()]), &["--not-after", "1700003600"], "not-after must be 1700003601 to"),
        ("gov", json!([contest()]), &["--to", "x-gov"], "is no proposer of the guardian"),
    ];
    for (name, calls, more, wanted) in cases {
        let request = request(&format!("wrong-{}.json", name.replace(' ', "-")), calls);
        let suite = suite(&known, &markets);
        let mut arguments = vec!["proposal", &request, "--suite", &suite, "--passes-at", "1700000000"];
        arguments.extend(more);
        if !more.contains(&"--to") {
            arguments.extend(["--to", "cw3"]);
        }
        let output = firebreak(&arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{name}: {error}");
        assert!(error.contains(wanted) && output.stdout.is_empty(), "{name}: {error}");
    }
}

#[test]
fn a_proposer_that_the_guardian_does_not_know_is_refused() {
    let (request, suite) = (request("stranger.json", json!([contest()])), suite(&[address("dao")], &[]));
    let common = ["proposal", &request, "--suite", &suite, "--to", "cw3", "--dao"];
    for (dao, passes) in [(address("dao"), true), (address("stranger"), false)] {
        let output = firebreak(&[&common, [dao.as_str()].as_slice()].concat());
        assert_eq!(output.status.success(), passes, "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_configuration_of_the_vault_names_its_dry_run_and_a_migration_waits_longest() {
    let at = json!({ "settle_market": { "market": 1, "at": 1_800_000_000 } });
    let (page, _) = rendered("cw3", json!([{ "contract": "derivatives-vault", "msg": at }]));
    assert!(page.contains("the end of a market (code, 2 d)") && page.contains("dry run"), "{page}");
    let (page, message) = rendered("cw3", json!([{ "contract": "guardian", "migrate_to": 7, "msg": {} }]));
    assert!(page.contains("1. guardian migrate: a migration (code, 2 d)\n     code = 7"), "{page}");
    let call = &schedule_of(&message["propose"]["msgs"])["schedule"]["calls"][0];
    assert_eq!((&call["migrate"]["contract"], &call["migrate"]["code_id"]), (&json!(address("guardian")), &json!(7)));
}

//
#[test]
fn a_feed_says_what_it_waits_for_beside_its_delay() {
    let promotion = json!({ "contract": "oracle", "msg": { "promote_fallback": { "feed": 1 } } });
    let (page, message) = rendered("cw3", json!([promotion]));
    for line in [
        "feed       it says who says a price: the guardian refuses it for a roles delay after an operation\n",
        "           that configured the vault and did more than tighten\n",
        "earliest   2023-11-15 22:13:20 UTC, if the vote is executed at 2023-11-14 22:13:20",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    // Room for that delay and an hour, then two weeks.
    let schedule = schedule_of(&message["propose"]["msgs"]);
    assert_eq!(schedule["schedule"]["not_after"], 1_700_000_000u64 + 2 * 86_400 + 3_600 + 14 * 86_400);
    let (page, _) = rendered("cw3", json!([contest()]));
    assert!(!page.contains("feed  "), "{page}");
}

#[test]
fn a_drill_shows_two_timelines_and_what_the_procedure_changed() {
    let output = firebreak(&["drill", "market-quarantine"]);
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for wanted in ["without the procedure", "with the procedure", "the council runs it: step 0 done, step 1 done"] {
        assert!(page.contains(wanted), "{wanted}\n{page}");
    }
    let output = firebreak(&["drill", "tea-time"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{error}");
    assert!(error.contains("there is no drill \"tea-time\"; there are oracle-compromise, price-crash"), "{error}");
}
