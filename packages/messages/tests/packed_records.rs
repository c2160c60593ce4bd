//! The bytes of the hot records: what they are, and how long they can get. A change here is a change of the storage
//! format and needs a new version byte and a migration.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use firebreak_messages::circuit_breaker::{PostureRecord, Restriction};
use firebreak_messages::derivatives_vault::{
    Account, FreezeSnapshot, LiquidityProvider, LiquidityRequest, MarketClaim, MarketSettlement, MarketState, Order,
    OrderId, Pool, Position, Queue, ServedRound, Trigger, LP_REQUESTS_MAX, ORDERS_PER_ACCOUNT_MAX,
};
use firebreak_messages::guardian::{
    Incident, IncidentAction, IncidentStatus, CAUSES_MAX, CAUSE_MAX, INCIDENT_ACTIONS_MAX,
};
use firebreak_messages::oracle::{PriceRecord, Round, Validity, ROUNDS_KEPT};
use firebreak_messages::packed::{from_packed, to_packed, PackedError};
use firebreak_messages::{AccountId, MarketId, Source, MARKETS_PER_ACCOUNT_MAX};
use firebreak_risk::{
    Amount, BasisPoints, Bucket, CashIndex, Claim, Freeze, FreshDeposits, HourMinimum, JuniorPot, Level, Nominal,
    Outflow, OwnerFlow, Parked, ParkedQueue, Phase, PoolShares, PositionStake, Posture, Price, Ratio, Scale, Side,
    SignedAmount, SignedRatio, Size, ValueFloor, Vesting, PHASES_MAX, PRICE_MAX,
};
use serde::{de::DeserializeOwned, Serialize};
use std::fmt::Debug;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Vec<u8> {
    let bytes = to_packed("record", 1, value).unwrap();
    assert_eq!(&from_packed::<T>("record", 1, &bytes).unwrap(), value);
    bytes
}

fn stake(nominal: i128, basis: i128, epoch: u32) -> PositionStake {
    PositionStake { nominal: Nominal::from_atoms(nominal), basis: SignedAmount::from_atoms(basis), epoch }
}

/// The longest address of a Cosmos chain: 83-character prefixes exist in theory, 74 is a 32-byte address with a long one.
fn long_address() -> String {
    "a".repeat(90)
}

fn worst_side() -> Side {
    Side {
        scale: Scale::from_atoms(u128::MAX),
        cash_index: CashIndex::from_atoms(i128::MIN),
        nominal: Nominal::from_atoms(i128::MIN),
        basis: SignedAmount::from_atoms(i128::MIN),
        epoch: u32::MAX,
    }
}

fn worst_parked() -> Parked {
    let amount = Amount::from_atoms(u128::MAX);
    Parked { amount, waiting: amount, index: Ratio::ONE, epoch: u32::MAX }
}

/// The longest record of the outflow limiter: six hours of deposits wait, and each hour of the day was higher than the last.
fn worst_outflow() -> Outflow {
    let amount = Amount::from_atoms(u128::MAX);
    let bucket = Bucket { traders: amount, providers: amount, shared: amount, reserve: amount };
    let queue = ParkedQueue { waiting: amount, index: Ratio::ONE, epoch: u32::MAX, closed: Ratio::ONE, slot: u64::MAX };
    Outflow {
        updated_at: u64::MAX,
        hour: bucket,
        day: bucket,
        floor: ValueFloor { minima: vec![HourMinimum { hour: u64::MAX, value: amount }; 25] },
        fresh: vec![FreshDeposits { hour: u64::MAX, traders: amount, providers: amount }; 8],
        traders: queue.clone(),
        providers: queue,
    }
}

fn worst_claim() -> Claim {
    let most = Amount::from_atoms(u128::MAX);
    Claim { epoch: u32::MAX, owed: most, senior: most, junior: most, cut: Ratio::ONE }
}

fn worst_vesting() -> Vesting {
    let pot = JuniorPot { nominal: Amount::from_atoms(u128::MAX), lost: Ratio::ONE, cut: Ratio::ONE };
    Vesting {
        phase: Ratio::from_atoms(u128::MAX),
        anchored_at: u64::MAX,
        epoch: u32::MAX,
        current: pot.clone(),
        previous: pot,
    }
}

fn worst_phase() -> Phase {
    let posture = Posture { initial_margin_factor: BasisPoints(u16::MAX), ..Posture::preset(Level::Settlement) };
    Phase { until: u64::MAX, posture }
}

#[test]
fn an_account_with_one_position_has_these_bytes() {
    let account = Account {
        cash: SignedAmount::from_atoms(1_000_000),
        positions: vec![Position {
            market: MarketId(1),
            stake: stake(1_000_000_000_000_000_000, 60_000_000_000, 0),
            opened_height: 5,
            scale: Scale::ONE,
        }],
        orders: vec![OrderId { market: MarketId(1), queue: Queue::Increase, sequence: 7 }],
        margin_held: Amount::from_atoms(300),
        claims: vec![],
        served_height: 6,
        served: vec![ServedRound {
            market: MarketId(1),
            round: 9,
            price: Price::from_units(1),
            counted: Amount::from_atoms(400),
        }],
        lost_in: None,
    };
    // version | zigzag varint of cash | 1 position: market, nominal, basis, epoch, height, scale | 1 order: market, queue, sequence |
    // margin held | 0 claims | height | 1 served: market, round, price, counted | no market
    assert_eq!(
        hex(&round_trip(&account)),
        "0180897a01018080a0f6f4acdbe01b80e0ba84bf030005808090bbbad6adf00d01010107ac020006010109808090bbbad6adf00d900300"
    );
}

#[test]
fn a_round_and_a_posture_have_these_bytes() {
    let record = PriceRecord {
        age_max_seconds: 60,
        age_limit_seconds: 600,
        rounds: vec![Round {
            round: 5,
            price: Price::from_units(2),
            band: Price::ZERO,
            published_at: 1_000,
            recorded_height: 9,
            validity: Validity::Valid,
        }],
    };
    assert_eq!(hex(&round_trip(&record)), "013cd80401058080a0f6f4acdbe01b00e8070900");
    let phases = vec![Phase { until: 300, posture: Posture::preset(Level::Guarded) }];
    let restriction = Restriction { source: Source::Band, since: 100, phases, incident: 3 };
    let record =
        PostureRecord { evaluated_round: 5, restrictions: vec![restriction], freeze: Freeze { since: 7, until: 9 } };
    assert_eq!(hex(&round_trip(&record)), "010501006401ac02010100009875e807882788270001030709");
}

#[test]
fn hot_records_stay_short_at_their_worst_values() {
    let account = Account {
        cash: SignedAmount::from_atoms(i128::MIN),
        positions: vec![
            Position {
                market: MarketId(u16::MAX),
                stake: stake(i128::MIN, i128::MIN, u32::MAX),
                opened_height: u64::MAX,
                scale: Scale::from_atoms(u128::MAX),
            };
            MARKETS_PER_ACCOUNT_MAX
        ],
        orders: vec![
            OrderId { market: MarketId(u16::MAX), queue: Queue::IncreaseLimit, sequence: u64::MAX };
            ORDERS_PER_ACCOUNT_MAX
        ],
        margin_held: Amount::from_atoms(u128::MAX),
        claims: vec![MarketClaim { market: MarketId(u16::MAX), claim: worst_claim() }; MARKETS_PER_ACCOUNT_MAX],
        served_height: u64::MAX,
        served: vec![
            ServedRound {
                market: MarketId(u16::MAX),
                round: u64::MAX,
                price: PRICE_MAX,
                counted: Amount::from_atoms(u128::MAX)
            };
            MARKETS_PER_ACCOUNT_MAX
        ],
        lost_in: Some(MarketId(u16::MAX)),
    };
    let market = MarketState {
        long: worst_side(),
        short: worst_side(),
        funding_rate: SignedRatio::from_atoms(i128::MIN),
        borrow_rate: Ratio::from_atoms(u128::MAX),
        accrued_at: u64::MAX,
        mark_price: PRICE_MAX,
        mark_round: u64::MAX,
        mark_skew: Size::from_atoms(i128::MIN),
        traded_notional: Amount::from_atoms(u128::MAX),
        liquidated_notional: Amount::from_atoms(u128::MAX),
        open_notional: Amount::from_atoms(u128::MAX),
        vesting: worst_vesting(),
        settlement: Some(MarketSettlement { since: u64::MAX, at: u64::MAX, misses: u8::MAX, price: Some(PRICE_MAX) }),
        health_cursor: u64::MAX,
        closed_owed: Amount::from_atoms(u128::MAX),
        closed_due: Amount::from_atoms(u128::MAX),
        freeze: Some(FreezeSnapshot {
            ends_at: u64::MAX,
            mark_price: PRICE_MAX,
            band: PRICE_MAX,
            long: worst_side(),
            short: worst_side(),
        }),
        flow_trades: u64::MAX,
        flow_notional: Amount::from_atoms(u128::MAX),
    };
    let pool = Pool {
        cash: SignedAmount::from_atoms(i128::MIN),
        traders_cash: SignedAmount::from_atoms(i128::MIN),
        receivable: Amount::from_atoms(u128::MAX),
        escrow: Amount::from_atoms(u128::MAX),
        insurance_fees: Amount::from_atoms(u128::MAX),
        parked: Amount::from_atoms(u128::MAX),
        shares: PoolShares::from_atoms(u128::MAX),
        shares_leaving: PoolShares::from_atoms(u128::MAX),
        open_notional: Amount::from_atoms(u128::MAX),
        next_order: u64::MAX,
        unvested: Amount::from_atoms(u128::MAX),
        insurance_size: Amount::from_atoms(u128::MAX),
        breached_since: u64::MAX,
        shortfall: Amount::from_atoms(u128::MAX),
    };
    let order = Order {
        account: AccountId { owner: long_address(), subaccount: u8::MAX },
        size: Size::from_atoms(i128::MIN),
        price_bound: PRICE_MAX,
        placed_at: u64::MAX,
        placed_height: u64::MAX,
        placed_round: u64::MAX,
        execution_fee: Amount::from_atoms(u128::MAX),
        margin_held: Amount::from_atoms(u128::MAX),
        cancel_requested_at: Some(u64::MAX),
        trigger: Some(Trigger::Above(PRICE_MAX)),
        trigger_price: PRICE_MAX,
        expires_at: Some(u64::MAX),
        position: Some(u64::MAX),
        passed_over_height: u64::MAX,
    };
    let round = Round {
        round: u64::MAX,
        price: PRICE_MAX,
        band: PRICE_MAX,
        published_at: u64::MAX,
        recorded_height: u64::MAX,
        validity: Validity::Invalid,
    };
    let prices =
        PriceRecord { age_max_seconds: u64::MAX, age_limit_seconds: u64::MAX, rounds: vec![round; ROUNDS_KEPT] };
    let postures = PostureRecord {
        evaluated_round: u64::MAX,
        restrictions: Source::ALL
            .map(|source| Restriction {
                source,
                since: u64::MAX,
                phases: vec![worst_phase(); PHASES_MAX],
                incident: u64::MAX,
            })
            .to_vec(),
        freeze: Freeze { since: u64::MAX, until: u64::MAX },
    };
    let request = LiquidityRequest {
        request: u64::MAX,
        shares: PoolShares::from_atoms(u128::MAX),
        matures_at: u64::MAX,
        expires_at: u64::MAX,
        claim: Some(u64::MAX),
    };
    let provider = LiquidityProvider {
        shares: PoolShares::from_atoms(u128::MAX),
        requests: vec![request; LP_REQUESTS_MAX],
        next_request: u64::MAX,
        last_deposit_height: u64::MAX,
        parked: worst_parked(),
    };
    let amount = Amount::from_atoms(u128::MAX);
    let owner =
        OwnerFlow { since: u64::MAX, fresh: amount, fresh_hour: u64::MAX, small_used: amount, small_at: u64::MAX };
    for (name, found, wanted) in [
        ("account", round_trip(&account).len(), 1849),
        ("market", round_trip(&market).len(), 738),
        ("pool", round_trip(&pool).len(), 249),
        ("order", round_trip(&order).len(), 270),
        ("prices", round_trip(&prices).len(), 510),
        ("postures", round_trip(&postures).len(), 1632),
        ("provider", round_trip(&provider).len(), 333),
        ("parked", round_trip(&worst_parked()).len(), 53),
        ("owner", round_trip(&owner).len(), 69),
        ("outflow", round_trip(&worst_outflow()).len(), 1378),
    ] {
        assert_eq!(found, wanted, "{name}");
    }
}

fn incident() -> Incident {
    Incident {
        incident: 1,
        market: Some(MarketId(1)),
        causes: vec!["band".into(), "velocity".into()],
        status: IncidentStatus::Contained,
        began_at: 100,
        detected_at: 100,
        contained_at: 104,
        recovering_at: 0,
        closed_at: 0,
        last_signal_at: 104,
        signals: 2,
        level_max: Level::Guarded,
        actions: vec![],
        paid_before: None,
        paid: None,
        post_mortem: None,
    }
}

#[test]
fn an_incident_is_these_bytes_and_no_longer_than_its_bounds() {
    let wanted = "01010101020462616e640876656c6f6369747901646468000068020100000000";
    assert_eq!(hex(&round_trip(&incident())), wanted);
    let action = IncidentAction {
        at: u64::MAX,
        source: Source::Governance,
        level: Level::Settlement,
        until: u64::MAX,
        run: u64::MAX,
    };
    let worst = Incident {
        incident: u64::MAX,
        market: Some(MarketId(u16::MAX)),
        causes: vec!["c".repeat(CAUSE_MAX); CAUSES_MAX],
        status: IncidentStatus::FalseAlarm,
        began_at: u64::MAX,
        detected_at: u64::MAX,
        contained_at: u64::MAX,
        recovering_at: u64::MAX,
        closed_at: u64::MAX,
        last_signal_at: u64::MAX,
        signals: u64::MAX,
        level_max: Level::Settlement,
        actions: vec![action; INCIDENT_ACTIONS_MAX],
        paid_before: Some(Amount::from_atoms(u128::MAX)),
        paid: Some(Amount::from_atoms(u128::MAX)),
        post_mortem: Some([255; 32].into()),
    };
    assert_eq!(round_trip(&worst).len(), 1195);
}

#[test]
fn a_record_of_another_version_or_length_is_refused() {
    let bytes = to_packed("pool", 1, &Pool::default()).unwrap();
    let wrong_version = from_packed::<Pool>("pool", 2, &bytes);
    assert_eq!(wrong_version, Err(PackedError::Version { what: "pool".into(), wanted: 2, found: 1 }));
    let mut longer = bytes.clone();
    longer.push(0);
    let malformed = |length| Err(PackedError::Malformed { what: "pool".into(), length });
    assert_eq!(from_packed::<Pool>("pool", 1, &longer), malformed(bytes.len() + 1));
    assert_eq!(from_packed::<Pool>("pool", 1, &bytes[..bytes.len() - 1]), malformed(bytes.len() - 1));
    assert_eq!(from_packed::<Pool>("pool", 1, &[]), malformed(0));
}
