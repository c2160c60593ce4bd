//! A Pyth contract as a source: what it says is taken as a report, whatever is no price is refused.

use crate::setup::{config, feeder, price, Setup, FEED};
use cosmwasm_std::{Addr, Binary, Deps, DepsMut, Env, MessageInfo, Response, StdError, StdResult};
use cw_multi_test::{App, ContractWrapper, Executor};
use cw_storage_plus::Item;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::{ExecuteMsg, FeedSetup, ReportIgnored};
use firebreak_messages::FeedId;
use firebreak_oracle::ContractError;
use firebreak_risk::{Price, RiskError};
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};

const ID: &str = "e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43";
const IDS: [&str; 3] = [
    ID,
    "ff61491a931112ddf1bd8147cd1b641375f79f5825126d665480874634fd0ace",
    "ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d",
];

/// A contract that answers Pyth's query with what it was told.
const ANSWER: Item<String> = Item::new("answer");
/// The one price that it knows.
const KNOWN: Item<String> = Item::new("known");

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Query {
    PriceFeed { id: String },
}

fn instantiate(deps: DepsMut, _: Env, _: MessageInfo, id: String) -> StdResult<Response> {
    KNOWN.save(deps.storage, &id)?;
    Ok(Response::new())
}
fn execute(deps: DepsMut, _: Env, _: MessageInfo, answer: String) -> StdResult<Response> {
    ANSWER.save(deps.storage, &answer)?;
    Ok(Response::new())
}
fn query(deps: Deps, _: Env, Query::PriceFeed { id }: Query) -> StdResult<Binary> {
    if id != KNOWN.load(deps.storage)? {
        return Err(StdError::not_found("price feed"));
    }
    Ok(Binary::from(ANSWER.load(deps.storage)?.as_bytes()))
}

struct WithPyth {
    setup: Setup,
    pyth: Addr,
}

/// Feeders 0 and 1 report by message, 2 is Pyth, all needed.
fn with_pyth() -> WithPyth {
    let mut app = App::default();
    let owner = app.api().addr_make("pyth-owner");
    let code = app.store_code(Box::new(ContractWrapper::new(execute, instantiate, query)));
    let pyth = app.instantiate_contract(code, owner, &ID, &[], "pyth", None).unwrap();
    let mut config = config(&app, &[1, 1, 1], 3);
    config.feeders[2].address = pyth.to_string();
    config.feeders[2].pyth_id = ID.to_uppercase();
    let setup = Setup::with_feeds(app, vec![FeedSetup { feed: FEED, config }]).unwrap();
    WithPyth { setup, pyth }
}

fn answer(price: &str, conf: &str, expo: i64, publish_time: u64) -> Value {
    answer_of(ID, price, conf, expo, publish_time)
}

fn answer_of(id: &str, price: &str, conf: &str, expo: i64, publish_time: u64) -> Value {
    let figure = json!({ "price": price, "conf": conf, "expo": expo, "publish_time": publish_time });
    json!({ "price_feed": { "id": id, "price": figure, "ema_price": figure } })
}

impl WithPyth {
    fn says(&mut self, answer: &Value) {
        let sender = feeder(&self.setup.app, 0);
        self.setup.app.execute_contract(sender, self.pyth.clone(), &answer.to_string(), &[]).unwrap();
    }

    fn pull(&mut self) -> Result<Vec<cosmwasm_std::Event>, ContractError> {
        let anyone = self.setup.app.api().addr_make("anyone");
        self.setup.send(&anyone, &ExecuteMsg::Pull { feed: FEED, feeder: 2 }, &[])
    }
}

#[test]
fn what_pyth_says_is_one_report_of_the_round() {
    let mut world = with_pyth();
    let now = world.setup.now();
    world.setup.report(0, 60_000, now).unwrap();
    world.setup.report(1, 60_002, now).unwrap();
    world.says(&answer("6000100000000", "150000000", -8, now - 2));
    world.pull().unwrap();
    let round = world.setup.price();
    assert_eq!((round.round, round.price, round.published_at), (1, price(60_001), now));
    assert_eq!(round.band, price(1), "the reports' spread; two of three name no confidence");
    // The same again is no news.
    assert_eq!(ReportIgnored::all(&world.pull().unwrap()).len(), 1);
    assert_eq!(world.setup.price().round, 1);
}

#[test]
fn pyths_confidence_is_one_vote_for_the_band() {
    let mut world = with_pyth();
    // Two more of its kind: each with a price identifier of its own.
    let code = world.setup.app.store_code(Box::new(ContractWrapper::new(execute, instantiate, query)));
    let mut config = config(&world.setup.app, &[1, 1, 1], 3);
    let mut contracts = vec![];
    for (number, feeder) in config.feeders.iter_mut().enumerate() {
        let owner = world.setup.owner.clone();
        let id = IDS[number].to_string();
        let pyth = world.setup.app.instantiate_contract(code, owner, &id, &[], "pyth", None).unwrap();
        (feeder.address, feeder.pyth_id) = (pyth.to_string(), id);
        contracts.push(pyth);
    }
    let owner = world.setup.owner.clone();
    world.setup.send(&owner, &ExecuteMsg::SetFeed { feed: FEED, config }, &[]).unwrap();
    let now = world.setup.now();
    let says = |world: &mut WithPyth, number: u8, price: &str, conf: &str, expo: i64| {
        let answer = answer_of(IDS[usize::from(number)], price, conf, expo, now);
        let (sender, pyth) = (feeder(&world.setup.app, 0), contracts[usize::from(number)].clone());
        world.setup.app.execute_contract(sender, pyth, &answer.to_string(), &[]).unwrap();
        let anyone = feeder(&world.setup.app, 7);
        world.setup.send(&anyone, &ExecuteMsg::Pull { feed: FEED, feeder: number }, &[])
    };
    assert!(says(&mut world, 0, "600000000000000000001", "15", -1).is_err(), "beyond 64 bits");
    // A third of a unit of the last decimal is rounded up in the band and down in the price.
    says(&mut world, 0, "60001", "15", -19).unwrap();
    says(&mut world, 1, "60001", "0", -19).unwrap();
    assert_eq!(world.setup.record().rounds, vec![]);
    says(&mut world, 2, "60001", "4000", -19).unwrap();
    assert_eq!((world.setup.price().price, world.setup.price().band), (Price::from_atoms(6_000), Price::from_atoms(2)));
}

// a negative price is refused, and so is whatever is no price of this feed.
#[test]
fn what_is_no_price_is_refused_and_nothing_moves() {
    let mut world = with_pyth();
    let now = world.setup.now();
    let pyth = world.pyth.to_string();
    let unusable = |wanted: &'static str, found: &str| ContractError::SourceUnusable {
        source_contract: pyth.clone(),
        wanted,
        found: found.into(),
    };
    let mut other = answer("1", "1", 0, now);
    other["price_feed"]["id"] = "00".repeat(32).into();
    let mut before_1970 = answer("1", "1", 0, now);
    before_1970["price_feed"]["price"]["publish_time"] = (-1).into();
    let overflow = ContractError::Risk(RiskError::Overflow { what: "a price and its exponent" });
    for (name, answer, error) in [
        ("negative", answer("-6000100000000", "1", -8, now), unusable("a price above 0", "-6000100000000")),
        ("zero", answer("0", "1", -8, now), unusable("a price above 0", "0")),
        ("no number", answer("much", "1", -8, now), unusable("a price above 0", "much")),
        ("negative confidence", answer("1", "-1", -8, now), unusable("a confidence of 64 bits", "-1")),
        ("another feed", other, unusable("the price feed that was asked for", &"00".repeat(32))),
        ("another time", before_1970, unusable("a time after 1970", "-1")),
        ("no answer of Pyth's", json!({ "price": "1" }), unusable("a price feed", "no such answer")),
        ("beyond all prices", answer("1", "1", 30, now), overflow),
        (
            "stale",
            answer("6000100000000", "1", -8, now - 61),
            ContractError::StaleReport { feed: FEED, age_seconds: 61, age_max_seconds: 60 },
        ),
        (
            "from the future",
            answer("6000100000000", "1", -8, now + 3),
            ContractError::FutureReport { feed: FEED, published_at: now + 3, latest_accepted: now + 2 },
        ),
    ] {
        world.says(&answer);
        assert_eq!(world.pull(), Err(error), "{name}");
    }
    let bounds = answer("1", "1", -19, now);
    world.says(&bounds);
    assert!(matches!(world.pull(), Err(ContractError::Risk(RiskError::OutOfBounds { what: "price", .. }))));
    world.setup.report(0, 1, now).unwrap();
    world.setup.report(1, 1, now).unwrap();
    assert_eq!(world.setup.record().rounds, vec![]);
}

#[test]
fn only_a_source_on_chain_is_pulled_and_it_does_not_report_by_message() {
    let mut world = with_pyth();
    let now = world.setup.now();
    let anyone = feeder(&world.setup.app, 7);
    for feeder in [0, 3] {
        let refused = world.setup.send(&anyone, &ExecuteMsg::Pull { feed: FEED, feeder }, &[]);
        assert_eq!(refused, Err(ContractError::NotPulled { feed: FEED, feeder }));
    }
    let unknown = world.setup.send(&anyone, &ExecuteMsg::Pull { feed: FeedId(9), feeder: 2 }, &[]);
    assert_eq!(unknown, Err(ContractError::UnknownFeed { feed: FeedId(9) }));
    let reports = vec![firebreak_messages::oracle::FeedReport { feed: FEED, price: price(1), published_at: now }];
    let pyth = world.pyth.clone();
    assert_eq!(
        world.setup.send(&pyth, &ExecuteMsg::Report { reports }, &[]),
        Err(ContractError::NotFeeder { feed: FEED, sender: pyth.to_string() })
    );
}
