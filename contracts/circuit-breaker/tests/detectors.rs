//! The detectors in the breaker: what shadow writes down, what the vault's figures lead to, what a market's records weigh.
use crate::setup::{empty_market, guard_of, pool, price, Setup, BTC, BTC_FEED, ETH, ETH_FEED, HOUR};
use firebreak_circuit_breaker::state::RULES;
use firebreak_messages::circuit_breaker::{
    effective_posture, CageConfig, EvaluationFailed, ExecuteMsg, GuardConfig, JournalEntry, MarketSetup,
    RestrictionAdded, RuleConfig, RuleMode, RuleTripped, JOURNAL_MAX,
};
use firebreak_messages::derivatives_vault::{MarketState, Pool};
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::{Reason, RuleId, Source};
use firebreak_risk::detect::{CageParams, Totals};
use firebreak_risk::{Amount, BasisPoints, Level, LpExit, PositionStake, Price, Ratio, SignedAmount, Size};
use proptest::prelude::*;

/// What observers attest is no part of a price series.
fn rules() -> impl Iterator<Item = RuleId> {
    RuleId::ALL.into_iter().filter(|rule| ![RuleId::Observers, RuleId::Silence].contains(rule))
}

fn config(mode: RuleMode) -> GuardConfig {
    let params = CageParams::standard(Ratio::percent(8));
    GuardConfig {
        cage: Some(CageConfig { mode, params }),
        ..guard_of(BTC_FEED, rules().map(|rule| RuleConfig::standard(rule, mode)).collect())
    }
}

fn only(rule: RuleId) -> GuardConfig {
    guard_of(BTC_FEED, vec![RuleConfig::standard(rule, RuleMode::Enforce)])
}

fn with(config: GuardConfig) -> Setup {
    let eth = GuardConfig { feed: ETH_FEED, rules: vec![], cage: None, ..config.clone() };
    let mut setup =
        Setup::with_markets(vec![MarketSetup { market: BTC, config }, MarketSetup { market: ETH, config: eth }])
            .unwrap();
    setup.set_vault(BTC, &empty_market(), &pool());
    setup
}

/// So much long and nothing short, at a price of 10,000.
fn longs(units: i32) -> MarketState {
    open(units, 0)
}

/// So much long and so much short, at a price of 10,000.
fn open(long: i32, short: i32) -> MarketState {
    let mut state = empty_market();
    for (side, units) in [(&mut state.long, long), (&mut state.short, -short)] {
        if units != 0 {
            let cost = SignedAmount::from_atoms(i128::from(units) * 10_000_000_000);
            side.enter(&mut PositionStake::default(), Size::from_units(units), cost).unwrap();
        }
    }
    state
}

#[derive(Debug, Clone)]
struct Round {
    elapsed: u64,
    /// Change of the price, hundredths of a percent.
    change: i32,
    validity: Validity,
    vault: Option<(u64, u64, u16)>,
}

fn round() -> impl Strategy<Value = Round> {
    let change = prop_oneof![6 => -20i32..20, 2 => -150i32..150, 1 => -900i32..900];
    let validity =
        prop_oneof![9 => Just(Validity::Valid), 1 => Just(Validity::SoftInvalid), 1 => Just(Validity::Invalid)];
    let elapsed = prop_oneof![8 => 5u64..7, 1 => 60u64..4_000];
    let vault = prop::option::weighted(0.4, (0u64..200_000, 0u64..30_000, 0u16..900));
    (elapsed, change, validity, vault).prop_map(|(elapsed, change, validity, vault)| Round {
        elapsed,
        change,
        validity,
        vault,
    })
}

fn without_mode(entries: Vec<JournalEntry>) -> Vec<JournalEntry> {
    entries.into_iter().map(|entry| JournalEntry { mode: RuleMode::Off, ..entry }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The shadow log equals what enforce would have done: every restriction, to the second, and every entry of the journal.
    #[test]
    fn shadow_writes_down_what_enforce_does(rounds in prop::collection::vec(round(), 1..120)) {
        let mut enforcing = with(config(RuleMode::Enforce));
        let mut shadow = with(config(RuleMode::Shadow));
        let mut atoms = price(10_000).atoms();
        let (mut state, mut money): (MarketState, Pool) = (longs(100), pool());
        for round in rounds {
            atoms = atoms * (10_000 + round.change) as u128 / 10_000;
            if let Some((flow, liquidated, lost)) = round.vault {
                state.flow_trades += flow / 5_000;
                state.flow_notional = state.flow_notional.plus(Amount::from_units(flow)).unwrap();
                state.liquidated_notional = state.liquidated_notional.plus(Amount::from_units(liquidated)).unwrap();
                money.cash = SignedAmount::from_atoms(money.cash.atoms() / 10_000 * (10_000 - i128::from(lost)));
            }
            for setup in [&mut enforcing, &mut shadow] {
                setup.set_vault(BTC, &state, &money);
                setup.publish_price(BTC_FEED, Price::from_atoms(atoms), round.validity);
                setup.evaluate(&[BTC_FEED]);
            }
            prop_assert_eq!(shadow.evidence(BTC).would_restrict, enforcing.status(BTC).restrictions);
            prop_assert_eq!(shadow.record(BTC).restrictions, vec![]);
            let journals = [&enforcing, &shadow].map(|setup| without_mode(setup.journal(BTC).entries));
            prop_assert_eq!(&journals[0], &journals[1]);
            prop_assert!(journals[0].len() <= JOURNAL_MAX);
            enforcing.advance(round.elapsed);
            shadow.advance(round.elapsed);
        }
        prop_assert_eq!(shadow.signals(), vec![]);
    }

    /// Whatever was seen: without news every restriction ends, and no reflex closes a market further than reduce-only.
    #[test]
    fn restrictions_always_end(rounds in prop::collection::vec(round(), 1..60)) {
        let mut setup = with(config(RuleMode::Enforce));
        let mut atoms = price(10_000).atoms();
        for round in rounds {
            atoms = atoms * (10_000 + round.change) as u128 / 10_000;
            setup.publish_price(BTC_FEED, Price::from_atoms(atoms), round.validity);
            setup.evaluate(&[BTC_FEED]);
            let last = setup.status(BTC).restrictions.iter().map(|restriction| restriction.ends_at).max().unwrap_or(0);
            // An hour at most for an answer, six times to live for the cage.
            prop_assert!(last <= setup.now() + 6 * HOUR);
            prop_assert!(setup.level(BTC) <= Level::ReduceOnly);
            setup.advance(round.elapsed);
        }
        setup.advance(6 * HOUR);
        prop_assert_eq!(setup.status(BTC).restrictions, vec![]);
    }
}

// nineteen wallets count as one, because the index is of the market's totals.
#[test]
fn a_one_sided_book_is_guarded_and_no_more() {
    let mut setup = with(only(RuleId::Concentration));
    setup.round(BTC_FEED, 10_000);
    // Longs of 4.9 millions against a pool of ten.
    setup.set_vault(BTC, &longs(490), &pool());
    setup.round(BTC_FEED, 10_000);
    assert_eq!(setup.level(BTC), Level::Normal);
    setup.set_vault(BTC, &longs(500), &pool());
    let events = setup.round(BTC_FEED, 10_000);
    assert_eq!(RuleTripped::all(&events)[0].moved, Ratio::percent(50));
    let status = setup.status(BTC);
    assert_eq!((status.posture.level, status.restrictions[0].source), (Level::Guarded, Source::Flow));
    let reason =
        setup.record(BTC).effective(firebreak_messages::circuit_breaker::EffectivePosture::NORMAL, setup.now());
    assert_eq!(reason.reason, Some(Reason::Flow));
    // It stays as one-sided as it is: answered once, and over by itself.
    let ends_at = status.restrictions[0].ends_at;
    while setup.now() < ends_at {
        assert_eq!(RestrictionAdded::all(&setup.round(BTC_FEED, 10_000)), vec![]);
    }
    assert_eq!(setup.level(BTC), Level::Normal);
    // However much more: the ladder has no further step.
    setup.set_vault(BTC, &longs(5_000), &pool());
    assert_eq!(RestrictionAdded::all(&setup.round(BTC_FEED, 10_000)), vec![]);
}

// what counts is what the pool bets against, and not what its traders bet against each other.
#[test]
fn a_book_of_as_many_shorts_as_longs_is_not_one_sided() {
    for (long, short, percent) in [(10, 10, 0), (600, 600, 0), (600, 100, 50), (100, 600, 50), (0, 490, 49)] {
        let mut setup = with(only(RuleId::Concentration));
        setup.round(BTC_FEED, 10_000);
        setup.set_vault(BTC, &open(long, short), &pool());
        setup.round(BTC_FEED, 10_000);
        let evidence = setup.evidence(BTC);
        assert_eq!(evidence.rules[0].score, Ratio::percent(percent), "{long} long, {short} short");
        let level = if percent < 50 { Level::Normal } else { Level::Guarded };
        assert_eq!(setup.level(BTC), level, "{long} long, {short} short");
    }
}

/// What the breaker remembers of the vault.
fn totals(setup: &Setup) -> Totals {
    let storage = setup.app.contract_storage(&setup.breaker);
    RULES.load(&*storage, BTC.0).unwrap().book.totals.unwrap()
}

//
#[test]
fn who_closes_a_long_or_opens_a_short_sells_and_who_does_the_reverse_buys() {
    let turnover = Amount::from_units(100_000);
    for (name, after, sold) in [
        ("a long of 5 is closed and a short of 5 opened", (5, 15), true),
        ("a long of 10 is closed", (0, 10), true),
        ("a short of 10 is opened", (10, 20), true),
        ("a long of 5 is opened and a short of 5 closed", (15, 5), false),
        ("a short of 10 is closed", (10, 0), false),
    ] {
        let mut setup = with(only(RuleId::Flow));
        setup.set_vault(BTC, &open(10, 10), &pool());
        setup.round(BTC_FEED, 10_000);
        let before = totals(&setup);
        let mut state = open(after.0, after.1);
        (state.flow_trades, state.flow_notional) = (2, turnover);
        setup.set_vault(BTC, &state, &pool());
        setup.round(BTC_FEED, 10_000);
        let flow = totals(&setup).flow_since(&before, price(10_000)).unwrap();
        let wanted = if sold { (Amount::ZERO, turnover) } else { (turnover, Amount::ZERO) };
        assert_eq!((flow.bought, flow.sold), wanted, "{name}");
    }
    // As much bought as sold: a long of 5 and a short of 5 are opened.
    let mut setup = with(only(RuleId::Flow));
    setup.set_vault(BTC, &open(10, 10), &pool());
    setup.round(BTC_FEED, 10_000);
    let before = totals(&setup);
    let mut state = open(15, 15);
    (state.flow_trades, state.flow_notional) = (2, turnover);
    setup.set_vault(BTC, &state, &pool());
    setup.round(BTC_FEED, 10_000);
    let flow = totals(&setup).flow_since(&before, price(10_000)).unwrap();
    assert_eq!((flow.bought, flow.sold), (Amount::from_units(50_000), Amount::from_units(50_000)));
}

// whoever moves money in and out makes trade more careful, and nobody's exit slower: the vault limits those by itself.
#[test]
fn money_that_leaves_never_makes_an_exit_slower() {
    let mut setup = with(only(RuleId::Outflow));
    setup.round(BTC_FEED, 10_000);
    let mut trips = 0;
    for step in 0..400 {
        let cash = if step % 2 == 0 { 7_000_000_000_000 } else { 10_000_000_000_000 };
        setup.set_vault(BTC, &empty_market(), &Pool { cash: SignedAmount::from_atoms(cash), ..pool() });
        trips += RuleTripped::all(&setup.round(BTC_FEED, 10_000)).len();
        let posture = setup.status(BTC).posture;
        assert!(posture.level <= Level::Guarded);
        assert_eq!((posture.outflow_factor, posture.lp_exit), (BasisPoints::ONE, LpExit::Open));
    }
    // Five minutes each, and only while the money is out.
    assert!((1..=7).contains(&trips), "{trips}");
}

#[test]
fn money_rules_read_the_vault_and_answer_by_shares() {
    let units = Amount::from_units;
    for (rule, state, money, level) in [
        (
            RuleId::Liquidations,
            MarketState { liquidated_notional: units(52_631), ..empty_market() },
            pool(),
            Level::Normal,
        ),
        (
            RuleId::Liquidations,
            MarketState { liquidated_notional: units(52_632), ..empty_market() },
            pool(),
            Level::Guarded,
        ),
        (
            RuleId::Liquidations,
            MarketState { liquidated_notional: units(176_471), ..empty_market() },
            pool(),
            Level::ReduceOnly,
        ),
        (
            RuleId::PoolDrawdown,
            empty_market(),
            Pool { cash: SignedAmount::from_atoms(5_000_000_000_000), ..pool() },
            Level::Guarded,
        ),
        (RuleId::FundDrawdown, empty_market(), Pool { insurance_size: units(1), ..pool() }, Level::Guarded),
        (RuleId::BadDebt, empty_market(), Pool { receivable: units(900_000), ..pool() }, Level::Guarded),
        (RuleId::BadDebt, empty_market(), Pool { shortfall: units(300_000), ..pool() }, Level::ReduceOnly),
    ] {
        let mut setup = with(only(rule));
        setup.round(BTC_FEED, 10_000);
        assert_eq!(setup.level(BTC), Level::Normal, "{rule}");
        setup.set_vault(BTC, &state, &money);
        setup.round(BTC_FEED, 10_000);
        assert_eq!(setup.level(BTC), level, "{rule}");
        assert_eq!(setup.level(ETH), Level::Normal, "{rule}");
    }
}

#[test]
fn a_rule_that_cannot_be_computed_holds_its_markets_lease_and_stops_no_other_rule() {
    let rule = |rule| RuleConfig::standard(rule, RuleMode::Enforce);
    let config = guard_of(BTC_FEED, vec![rule(RuleId::Liquidations), rule(RuleId::HourMove)]);
    let eth = GuardConfig { feed: ETH_FEED, ..guard_of(ETH_FEED, vec![]) };
    let mut setup = Setup::with_markets(vec![
        MarketSetup { market: BTC, config: config.clone() },
        MarketSetup { market: ETH, config: eth },
    ])
    .unwrap();
    // The vault has no such market: nothing to read.
    setup.publish(BTC_FEED, 10_000);
    setup.publish(ETH_FEED, 1_000);
    let since = setup.now();
    let events = setup.evaluate(&[BTC_FEED, ETH_FEED]);
    let failed = |failures_in_a_row| EvaluationFailed { market: BTC, failing_since: since, failures_in_a_row };
    assert_eq!(EvaluationFailed::all(&events), vec![failed(1)]);
    assert_eq!(setup.evidence(BTC).failing, vec![RuleId::Liquidations]);
    setup.advance(6);
    // The other rule answers all the same, and is not asked twice for the same round.
    setup.publish(BTC_FEED, 9_700);
    let events = setup.evaluate(&[BTC_FEED]);
    assert_eq!(EvaluationFailed::all(&events), vec![failed(2)]);
    let tripped: Vec<_> = RuleTripped::all(&events).into_iter().map(|fact| (fact.rule, fact.level.0)).collect();
    assert_eq!(tripped, vec![(RuleId::HourMove, Level::Guarded)]);
    assert_eq!(RuleTripped::all(&setup.evaluate(&[BTC_FEED])), vec![]);
    let effective = |setup: &Setup, market, round| {
        effective_posture(Some(&setup.record(market)), Some(&setup.record_of_all()), round, setup.now())
    };
    assert_eq!(setup.record(BTC).evaluated_round, 0);
    assert_eq!(effective(&setup, BTC, 2).posture.level, Level::ReduceOnly);
    assert_eq!(effective(&setup, ETH, 1).posture.level, Level::Normal);
    // Readable again: the same rounds go to the rule that missed them, and the lease is renewed.
    setup.set_vault(BTC, &empty_market(), &pool());
    assert_eq!(RuleTripped::all(&setup.evaluate(&[BTC_FEED])), vec![]);
    assert_eq!((setup.record(BTC).evaluated_round, setup.status(BTC).failures_in_a_row), (2, 0));
    assert_eq!(effective(&setup, BTC, 2).posture.level, Level::Guarded);
}

#[test]
fn a_message_in_which_a_rule_has_missed_a_round_renews_no_lease_beyond_it() {
    // A move of 410 times the price, in shares of a margin of one atom, is past every number.
    let mut setup = with(GuardConfig { maintenance_margin_ratio: Ratio::from_atoms(1), ..only(RuleId::Velocity) });
    setup.round(BTC_FEED, 100);
    setup.publish(BTC_FEED, 41_100);
    setup.advance(6);
    setup.publish(BTC_FEED, 100);
    // The second round it cannot compute, the third it can.
    let events = setup.evaluate(&[BTC_FEED]);
    let failed = EvaluationFailed { market: BTC, failing_since: setup.now(), failures_in_a_row: 1 };
    assert_eq!(EvaluationFailed::all(&events), vec![failed]);
    assert_eq!((setup.record(BTC).evaluated_round, setup.evidence(BTC).failing), (1, vec![]));
    let effective = effective_posture(Some(&setup.record(BTC)), Some(&setup.record_of_all()), 3, setup.now());
    assert_eq!(effective.reason, Some(Reason::LeaseExpired));
    // It is not asked about it for ever: the next message goes on.
    setup.advance(6);
    setup.publish(BTC_FEED, 100);
    assert_eq!(EvaluationFailed::all(&setup.evaluate(&[BTC_FEED])), vec![]);
    assert_eq!((setup.record(BTC).evaluated_round, setup.status(BTC).failures_in_a_row), (4, 0));
}

#[test]
fn a_rule_that_failed_at_several_rounds_is_given_every_one_of_them_again() {
    // Guarded from half of the pool on. The vault cannot be read: neither at the first round nor at the second, third and fourth.
    let bitcoin = MarketSetup { market: BTC, config: only(RuleId::Concentration) };
    for apart in [false, true] {
        let mut setup = Setup::with_markets(vec![bitcoin.clone()]).unwrap();
        for units in [10_000, 11_000, 10_000, 10_100] {
            setup.publish(BTC_FEED, units);
            if apart {
                assert_eq!(EvaluationFailed::all(&setup.evaluate(&[BTC_FEED])).len(), 1);
            }
            setup.advance(5);
        }
        if !apart {
            assert_eq!(EvaluationFailed::all(&setup.evaluate(&[BTC_FEED])).len(), 1);
        }
        assert_eq!((setup.record(BTC).evaluated_round, setup.evidence(BTC).failing), (0, vec![RuleId::Concentration]));
        // 49 % at the first price, 53.9 % at the second.
        setup.set_vault(BTC, &longs(490), &pool());
        let events = setup.evaluate(&[BTC_FEED]);
        let tripped: Vec<_> = RuleTripped::all(&events).into_iter().map(|fact| (fact.round, fact.moved)).collect();
        assert_eq!(tripped, vec![(2, Ratio::from_atoms(539_000_000_000_000_000))]);
        assert_eq!((setup.record(BTC).evaluated_round, setup.status(BTC).failures_in_a_row), (4, 0));
        let evidence = setup.evidence(BTC);
        // The last one's: 49 longs of a hundred at 10,100.
        assert_eq!((evidence.rules[0].score, evidence.failing), (Ratio::from_atoms(494_900_000_000_000_000), vec![]));
        // And no other message gives any of them to it once more.
        assert_eq!(RuleTripped::all(&setup.evaluate(&[BTC_FEED])), vec![]);
    }
}

#[test]
fn a_shadow_rule_that_cannot_be_computed_holds_nothing_up() {
    let config = guard_of(BTC_FEED, vec![RuleConfig::standard(RuleId::Liquidations, RuleMode::Shadow)]);
    let mut setup = Setup::with_markets(vec![MarketSetup { market: BTC, config }]).unwrap();
    setup.publish(BTC_FEED, 10_000);
    assert_eq!(EvaluationFailed::all(&setup.evaluate(&[BTC_FEED])), vec![]);
    assert_eq!((setup.record(BTC).evaluated_round, setup.evidence(BTC).failing), (1, vec![RuleId::Liquidations]));
}

#[test]
fn the_cage_tightens_margin_at_once_and_comes_back_step_by_step_without_a_message() {
    let params = CageParams::standard(Ratio::percent(5));
    let config =
        GuardConfig { cage: Some(CageConfig { mode: RuleMode::Enforce, params }), ..guard_of(BTC_FEED, vec![]) };
    let mut setup = with(config);
    setup.calm(BTC_FEED, 10_000);
    assert_eq!(setup.status(BTC).posture, firebreak_risk::Posture::NORMAL);
    // A quarter of a percent to and fro, each block: nothing that any alarm minds.
    for step in 0..200 {
        setup.round(BTC_FEED, if step % 2 == 0 { 10_025 } else { 10_000 });
    }
    let tight = setup.status(BTC).posture;
    assert!(tight.initial_margin_factor > BasisPoints(15_000) && tight.leverage_max < 900, "{tight:?}");
    assert_eq!((tight.level, setup.status(BTC).restrictions[0].source), (Level::Normal, Source::Cage));
    assert_eq!((setup.signals(), setup.journal(BTC).entries), (vec![], vec![]));
    let mut before = tight;
    for _ in 0..6 {
        setup.advance(params.ttl_seconds);
        let now = setup.status(BTC).posture;
        assert!(before.is_at_least_as_tight_as(now));
        assert!(
            now.initial_margin_factor.0 + params.factor_step.0 >= before.initial_margin_factor.0
                || now.initial_margin_factor == BasisPoints::ONE
        );
        before = now;
    }
    assert_eq!(before, firebreak_risk::Posture::NORMAL);
}

#[test]
fn a_cage_that_is_switched_on_while_it_is_tight_holds_from_the_next_round_on() {
    let params = CageParams::standard(Ratio::percent(5));
    let config = |mode| GuardConfig { cage: Some(CageConfig { mode, params }), ..guard_of(BTC_FEED, vec![]) };
    let mut setup = with(config(RuleMode::Shadow));
    setup.calm(BTC_FEED, 10_000);
    for step in 0..200 {
        setup.round(BTC_FEED, if step % 2 == 0 { 10_025 } else { 10_000 });
    }
    assert_eq!(setup.status(BTC).posture, firebreak_risk::Posture::NORMAL);
    let message = ExecuteMsg::SetMarket { market: BTC, config: config(RuleMode::Enforce) };
    setup.as_owner(&message).unwrap();
    setup.round(BTC_FEED, 10_000);
    assert!(setup.status(BTC).posture.initial_margin_factor > BasisPoints(15_000));
    // Held: later rounds that change nothing write nothing.
    assert_eq!(RestrictionAdded::all(&setup.round(BTC_FEED, 10_000)), vec![]);
}

#[test]
fn evidence_of_a_shock_restricts_in_the_same_message_and_is_kept_for_the_post_mortem() {
    let mut setup = with(only(RuleId::Surprise));
    for step in 0..600 {
        setup.round(BTC_FEED, 10_000 + step % 3);
    }
    // One percent a block, three blocks in a row, where a block moved a hundredth: a year's evidence.
    let mut reached = vec![];
    for units in [10_100, 10_201, 10_303] {
        setup.round(BTC_FEED, units);
        reached.push(setup.level(BTC));
    }
    assert_eq!(reached.last(), Some(&Level::ReduceOnly), "{reached:?}");
    let entry = setup.journal(BTC).entries.last().unwrap().clone();
    assert_eq!((entry.rule, entry.mode, entry.level), (RuleId::Surprise, RuleMode::Enforce, Level::ReduceOnly));
    assert!(entry.evidence.hard >= 5_256_000 && entry.evidence.one_sided == 0, "{entry:?}");
    assert_eq!(setup.signals().len(), reached.iter().filter(|level| **level > Level::Normal).count().min(2));
}

/// Length of the longest value whose key names `part`.
fn longest(setup: &Setup, part: &str) -> usize {
    let matches = |key: &[u8]| key.windows(part.len()).any(|window| window == part.as_bytes());
    setup.storage().iter().filter(|(key, _)| matches(key)).map(|(_, value)| value.len()).max().unwrap_or(0)
}

// What a price update writes does not depend on how long the market has been open.
#[test]
fn the_records_of_a_market_with_eight_rules_are_bounded() {
    let eight = [
        RuleId::Band,
        RuleId::Velocity,
        RuleId::Surprise,
        RuleId::Flow,
        RuleId::HourMove,
        RuleId::DayMove,
        RuleId::Liquidations,
        RuleId::Concentration,
    ];
    let config = GuardConfig {
        rules: eight.map(|rule| RuleConfig::standard(rule, RuleMode::Enforce)).to_vec(),
        ..config(RuleMode::Enforce)
    };
    let mut setup = with(config);
    let mut state = longs(400);
    let mut most = [[0usize; 3]; 2];
    for step in 0..4_000u64 {
        state.liquidated_notional = Amount::from_units(step * 997);
        state.flow_notional = Amount::from_units(step * 20_011);
        state.flow_trades = step * 3;
        setup.set_vault(BTC, &state, &pool());
        let atoms = 60_000_123_456_789_012_345_678 + u128::from(step * 7_919 % 1_000) * 3_000_000_000_000_000_003;
        setup.publish_price(BTC_FEED, Price::from_atoms(atoms), Validity::Valid);
        setup.evaluate(&[BTC_FEED]);
        setup.advance(if step % 50 == 0 { 1_201 } else { 6 });
        let half = usize::from(step >= 2_000);
        for (place, part) in ["rules", "posture", "journal"].into_iter().enumerate() {
            most[half][place] = most[half][place].max(longest(&setup, part));
        }
    }
    println!("bytes of a market with eight rules (rules, posture, journal): {most:?}");
    for (place, most_bytes) in [1_200, 900, 1_200].into_iter().enumerate() {
        assert!(most[0][place] <= most_bytes && most[1][place] <= most_bytes, "{most:?}");
    }
    // The first half has filled every ring.
    assert!(most[1][0] <= most[0][0] + 64, "{most:?}");
}
