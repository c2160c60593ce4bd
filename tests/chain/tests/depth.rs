//! A chain bounds how deep contracts call each other, and whoever sends a message chooses how deep the suite is called.
//! At every depth up to the bound a message does all that it does at the top, or nothing.

mod common;

use common::prices::BEAT_SECONDS;
use common::{fact, refusal, Suite, PLENTY};
use cosmwasm_std::{to_json_binary, Empty};
use firebreak_chain::{ChainError, Tx};
use firebreak_messages::circuit_breaker::{
    ExecuteMsg as BreakerMsg, RestrictionAdded, RuleTripped, Scope, SignalFailed,
};
use firebreak_messages::derivatives_vault::{
    CoverFailed, ExecuteMsg as VaultMsg, LossBooked, LossLedger, OrderRequest, Payer, PositionLiquidated,
    QueryMsg as VaultQuery,
};
use firebreak_messages::guardian::{
    Call, ExecuteMsg as GuardianMsg, IncidentOpened, Playbook, PlaybookStarted, PlaybookStep, SignalTrigger, Step,
    StepOutcome, Tightening,
};
use firebreak_messages::insurance_fund::{ExecuteMsg as FundMsg, Injected};
use firebreak_messages::oracle::{
    ExecuteMsg as OracleMsg, FeedReport, HookFailed, HookHealthResponse, QueryMsg as OracleQuery, RoundPublished,
};
use firebreak_messages::AccountId;
use firebreak_oracle::ContractError as OracleError;
use firebreak_risk::{Amount, Level, Price};
use firebreak_testing::{feed_of, price, size, usd, BTC};
use serde::Serialize;
use serde_json::json;

/// How many contracts deep wasmd lets a message answer; the outermost contract is at 0.
const DEPTH_MAX: u32 = 100;
/// wasmd's own words.
const TOO_DEEP: &str = "max call depth exceeded";
/// So many depths below the bound are tried: more than the suite's longest chain of calls.
const DEPTHS: u32 = 8;

/// Calls a contract at this depth, through as many calls of `nest` one inside the other.
fn send_at(
    suite: &mut Suite,
    nest: &str,
    depth: u32,
    contract: impl AsRef<str>,
    msg: &impl Serialize,
) -> Result<Tx, ChainError> {
    let msg = to_json_binary(msg).unwrap();
    let nested = json!({"nest": {"levels": depth - 1, "contract": contract.as_ref(), "msg": msg}});
    suite.attempt("keeper", nest, &nested, Amount::ZERO, PLENTY)
}

/// The vault answers one level below its own, the fund one more, and so does the vault's reply: where the fund cannot
/// answer, nor can the vault. Nobody spares the fund by nesting a liquidation.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_nested_liquidation_is_covered_by_the_fund_or_does_not_happen() {
    let mut suite = Suite::start();
    let vault = suite.at.derivatives_vault.clone();
    let nest = suite.instantiate("nest", &Empty {});
    let deepest = DEPTH_MAX - 2;
    let taken = deepest - DEPTHS + 1..=deepest;
    let owner = suite.address("alice");
    let accounts: Vec<AccountId> =
        (0u8..).zip(taken.clone()).map(|(subaccount, _)| AccountId { owner: owner.clone(), subaccount }).collect();
    for account in &accounts {
        let subaccount = account.subaccount;
        suite.pay("alice", &vault, &VaultMsg::AddCollateral { account: None, subaccount }, usd(800));
        let order = OrderRequest::market(subaccount, BTC, size("0.2"), price("90000"), false);
        suite.send("alice", &vault, &VaultMsg::PlaceOrder(order));
    }
    suite.fill(BTC);
    // A gap of 10 % through a margin of 6.7 %.
    suite.price(BTC, price("54000"));

    let liquidate = |account: &AccountId| VaultMsg::Liquidate { accounts: vec![account.clone()] };
    let before = suite.storage(&vault);
    for depth in deepest + 1..=DEPTH_MAX + 2 {
        refusal(send_at(&mut suite, &nest, depth, &vault, &liquidate(&accounts[0]))).says(TOO_DEEP);
        assert_eq!(suite.storage(&vault), before, "depth {depth}");
    }
    for (depth, account) in taken.rev().zip(&accounts) {
        let liquidated = send_at(&mut suite, &nest, depth, &vault, &liquidate(account)).unwrap();
        assert!(fact::<PositionLiquidated>(&liquidated).size_after.is_zero());
        let booked: LossBooked = fact(&liquidated);
        assert_eq!((booked.payer, liquidated.facts::<CoverFailed>()), (Payer::Insurance, vec![]), "depth {depth}");
        assert!(booked.amount > usd(300), "{}", booked.amount);
        println!("a liquidation at depth {depth}: the fund paid {}, {} gas", booked.amount, liquidated.gas_used);
    }
    let ledger: LossLedger = suite.query(&vault, &VaultQuery::Losses { market: None });
    assert_eq!((ledger.cover_failures, ledger.pool), (0, Amount::ZERO));
    assert_eq!(ledger.insurance, ledger.deficit);
}

/// A suite where `nest` is the third feeder of BTC, at quiet prices.
fn nested_feeder() -> (Suite, String) {
    nested_feeder_beside(|_| vec![])
}

/// The same with what else is decided together.
fn nested_feeder_beside(more: impl FnOnce(&Suite) -> Vec<Call>) -> (Suite, String) {
    let mut suite = Suite::start();
    let nest = suite.instantiate("nest", &Empty {});
    let feed = feed_of(BTC);
    let setup = suite.bootstrap.feeds.iter().find(|setup| setup.feed == feed).expect("BTC has a feed");
    let mut config = setup.config.clone();
    config.feeders[2].address = nest.clone();
    let call = suite.call(&suite.at.oracle, &OracleMsg::SetFeed { feed, config });
    let more = more(&suite);
    suite.govern(std::iter::once(call).chain(more).collect());
    for _ in 0..2 {
        others_report(&mut suite, price("60000"));
        report_at(&mut suite, &nest, 1, price("60000")).unwrap();
    }
    assert_eq!(suite.level(BTC), (Level::Normal, None));
    (suite, nest)
}

/// Five seconds pass and all but `nest` report.
fn others_report(suite: &mut Suite, price: Price) {
    suite.advance(BEAT_SECONDS);
    let hashes = [0, 1].map(|feeder| suite.submit_report(feeder, &[(BTC, price)], PLENTY));
    for hash in hashes {
        suite.committed(&hash).unwrap();
    }
}

/// `nest` reports, which completes the round, with the oracle at this depth.
fn report_at(suite: &mut Suite, nest: &str, depth: u32, price: Price) -> Result<Tx, ChainError> {
    let report = FeedReport { feed: feed_of(BTC), price, published_at: suite.now() };
    let oracle = suite.at.oracle.clone();
    send_at(suite, nest, depth, &oracle, &OracleMsg::Report { reports: vec![report] })
}

/// The oracle's own words while it has some: the breaker failed below it. From `DEPTH_MAX` on it cannot answer at all.
fn price_refused(suite: &Suite, depth: u32) -> String {
    if depth < DEPTH_MAX {
        OracleError::TooDeep { callee: suite.at.circuit_breaker.to_string() }.to_string()
    } else {
        TOO_DEEP.into()
    }
}

/// Nobody records a price past the breaker: where it could not call the guardian, and so not restrict, there is no price.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_nested_price_that_trips_a_rule_restricts_or_is_not_recorded() {
    // The oracle, the breaker and the guardian answer, each a level below the one before.
    let deepest = DEPTH_MAX - 3;
    for accepted in (deepest - DEPTHS + 1..=deepest).rev() {
        let (mut suite, nest) = nested_feeder();
        let (oracle, breaker) = (suite.at.oracle.clone(), suite.at.circuit_breaker.clone());
        // 6 % within seconds.
        others_report(&mut suite, price("56400"));
        let before = (suite.storage(&oracle), suite.storage(&breaker));
        if accepted == deepest {
            for depth in deepest + 1..=DEPTH_MAX + 2 {
                let reported = report_at(&mut suite, &nest, depth, price("56400"));
                refusal(reported).says(price_refused(&suite, depth));
                assert_eq!((suite.storage(&oracle), suite.storage(&breaker)), before, "depth {depth}");
            }
        }
        // The same price from less deep, by the same sender.
        let reported = report_at(&mut suite, &nest, accepted, price("56400")).unwrap();
        assert_eq!(fact::<RoundPublished>(&reported).price, price("56400"));
        assert!(reported.has::<RuleTripped>() && reported.has::<RestrictionAdded>(), "depth {accepted}");
        assert_eq!((reported.facts::<HookFailed>(), suite.level(BTC).0), (vec![], Level::ReduceOnly));
        // The guardian opens the incident at once, or the breaker keeps its signal.
        let heard = reported.facts::<IncidentOpened>().len();
        assert_eq!(heard + reported.facts::<SignalFailed>().len(), 1, "depth {accepted}");
        println!("a trip at depth {accepted}: {heard} incident at once, {} gas", reported.gas_used);
    }
}

/// Waits for any signal of the market, restricts it and sends the fund's coins to the pool: the fund calls the vault, one level below its own.
fn injects(suite: &Suite) -> Vec<Call> {
    let msg = FundMsg::Inject { vault: suite.at.derivatives_vault.to_string(), amount: usd(1_000) };
    let scope = Scope::Market(BTC);
    let playbook = Playbook {
        name: "inject".into(),
        signals: vec![SignalTrigger { market: Some(BTC), rule: None, level: Level::Guarded }],
        council: false,
        steps: vec![
            Step::Restrict(Tightening { scope, level: Level::Guarded, duration_seconds: 600 }),
            Step::Call { contract: suite.at.insurance_fund.to_string(), msg: to_json_binary(&msg).unwrap() },
        ],
        undo: vec![],
        undo_after_seconds: 0,
        undo_when_resolved: false,
        runs_max: 1,
        window_seconds: 86_400,
        cool_down_seconds: 3_600,
        not_after: suite.now() + 30 * 86_400,
        step_gas_limit: 400_000,
    };
    vec![suite.call(&suite.at.guardian, &GuardianMsg::SetPlaybook(playbook))]
}

/// Whoever nests a price does not choose which steps of a run are done: all of them are, at once or after the breaker's next signal.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_run_that_a_nested_price_starts_is_done_whole_or_later() {
    // Oracle, breaker, guardian and step answer a level below each other; the fund's call of the vault one more.
    let whole = DEPTH_MAX - 5;
    for depth in whole..=DEPTH_MAX - 3 {
        let (mut suite, nest) = nested_feeder_beside(injects);
        let guardian = suite.at.guardian.clone();
        others_report(&mut suite, price("56400"));
        let before = suite.storage(&guardian);
        let mut reported = report_at(&mut suite, &nest, depth, price("56400")).unwrap();
        if depth > whole {
            assert_eq!(reported.facts::<SignalFailed>().len(), 1, "depth {depth}");
            assert!(!reported.has::<PlaybookStep>() && suite.level(BTC).0 == Level::ReduceOnly, "depth {depth}");
            assert_eq!(suite.storage(&guardian), before, "depth {depth}");
            // The next price after a minute, from the top.
            suite.advance(60);
            others_report(&mut suite, price("56400"));
            reported = report_at(&mut suite, &nest, 1, price("56400")).unwrap();
        }
        assert_eq!(reported.facts::<SignalFailed>(), vec![], "depth {depth}");
        assert!(reported.has::<IncidentOpened>() && reported.has::<PlaybookStarted>(), "depth {depth}");
        let outcomes: Vec<_> = reported.facts::<PlaybookStep>().into_iter().map(|step| step.outcome).collect();
        assert_eq!(outcomes, [StepOutcome::Done; 2], "depth {depth}");
        assert_eq!(fact::<Injected>(&reported).amount, usd(1_000));
        println!("a trip at depth {depth}: the run is whole, {} gas", reported.gas_used);
    }
}

/// A quiet price has nothing to say to the guardian: it is recorded and evaluated one level deeper.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_nested_quiet_price_is_evaluated_or_is_not_recorded() {
    let (mut suite, nest) = nested_feeder();
    let oracle = suite.at.oracle.clone();
    others_report(&mut suite, price("60100"));
    let before = suite.storage(&oracle);
    for depth in DEPTH_MAX - 1..=DEPTH_MAX + 2 {
        let reported = report_at(&mut suite, &nest, depth, price("60100"));
        refusal(reported).says(price_refused(&suite, depth));
        assert_eq!(suite.storage(&oracle), before, "depth {depth}");
    }
    let reported = report_at(&mut suite, &nest, DEPTH_MAX - 2, price("60100")).unwrap();
    assert_eq!(fact::<RoundPublished>(&reported).price, price("60100"));
    assert_eq!((reported.facts::<HookFailed>(), suite.level(BTC)), (vec![], (Level::Normal, None)));
    let health: HookHealthResponse = suite.query(&oracle, &OracleQuery::HookHealth {});
    assert_eq!(health, HookHealthResponse::default());

    // Whoever evaluates too deep to be answered has evaluated nothing.
    let breaker = suite.at.circuit_breaker.clone();
    let evaluate = BreakerMsg::Evaluate { feeds: vec![feed_of(BTC)] };
    let before = suite.storage(&breaker);
    refusal(send_at(&mut suite, &nest, DEPTH_MAX, &breaker, &evaluate)).says(TOO_DEEP);
    assert_eq!(suite.storage(&breaker), before);
}
