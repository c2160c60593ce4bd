use super::*;
use crate::detect::{TIER_HOUR, TIER_YEAR};
use proptest::prelude::*;

const PARAMS: DetectorParams = DetectorParams::STANDARD;
const START: u64 = 1_700_000_000;

fn units(units: u64) -> Amount {
    Amount::from_units(units)
}

fn seen(at: u64, price: u32) -> Observation {
    Observation { at, price: Price::from_units(price), band: None, flow: None }
}

/// An hour of a quiet market of 100,000 with a band of two basis points and two orders a block; then the time.
fn quiet() -> (MarketDetectors, u64) {
    let mut market = MarketDetectors::default();
    let mut at = START;
    for block in 0..4_000u32 {
        at += 6;
        let even = block % 2 == 0;
        let flow =
            Flow { orders: 2, bought: units(if even { 9_000 } else { 0 }), sold: units(if even { 0 } else { 9_000 }) };
        let band = Some(Ratio::from_basis_points(2));
        let price = Price::from_units(100_000 + block % 3 * 10);
        market.update(&Observation { at, price, band, flow: Some(flow) }, &PARAMS).unwrap();
    }
    market.reset();
    (market, at)
}

#[test]
fn every_channel_speaks_for_itself_and_flow_never_for_the_hard_ones() {
    let run = |flow: Option<Flow>, band: Option<Ratio>, growth: u32| {
        let (mut market, mut at) = quiet();
        let mut price = 100_000;
        let mut evidence = MarketEvidence::default();
        for _ in 0..30 {
            at += 6;
            price += growth;
            let observation = Observation { at, price: Price::from_units(price), band, flow };
            evidence = market.update(&observation, &PARAMS).unwrap();
        }
        evidence
    };
    let flow = |orders, bought| Some(Flow { orders, bought: units(bought), sold: Amount::ZERO });
    let silent = run(None, None, 0);
    assert!(!silent.all.reaches(10));
    let orders = run(flow(40, 0), None, 0);
    assert!(orders.intensity.reaches(TIER_YEAR) && orders.all.reaches(TIER_HOUR) && !orders.hard.reaches(10));
    let siege = run(flow(2, 50_000), None, 0);
    assert!(siege.one_sided.reaches(10 * TIER_HOUR) && siege.all.reaches(TIER_HOUR) && !siege.hard.reaches(10));
    let torn = run(None, Some(Ratio::percent(2)), 0);
    assert!(torn.band.reaches(TIER_HOUR) && torn.hard.reaches(TIER_HOUR) && torn.price == silent.price);
    // 1,000 of 100,000 each block: ten times what it ever did.
    let (mut market, at) = quiet();
    let mut ramp = MarketEvidence::default();
    for block in 1..=3u32 {
        ramp = market.update(&seen(at + 6 * u64::from(block), 100_000 + 1_000 * block), &PARAMS).unwrap();
    }
    assert!(ramp.hard.reaches(TIER_YEAR), "{ramp:?}");
}

#[test]
fn time_must_not_fall_and_a_refusal_changes_nothing() {
    let (mut market, at) = quiet();
    let before = market;
    assert_eq!(
        market.update(&seen(at - 1, 100_000), &PARAMS),
        Err(RiskError::OutOfBounds {
            what: "time of a price",
            wanted: format!("not before {at}"),
            found: (at - 1).to_string()
        })
    );
    assert_eq!(market, before);
}

#[test]
fn a_price_that_replaces_another_of_its_time_is_a_move_of_one_block() {
    let ((mut same, at), (mut next, _)) = (quiet(), quiet());
    same.update(&seen(at, 150_000), &PARAMS).unwrap();
    next.update(&seen(at + 6, 150_000), &PARAMS).unwrap();
    assert_eq!(same.price, next.price);
    assert_ne!(same.price, quiet().0.price);
}

#[test]
fn a_gap_bets_nothing_and_a_slow_feed_is_measured_per_block() {
    let (mut market, at) = quiet();
    let before = market.price;
    market.update(&seen(at + 6 * 101, 150_000), &PARAMS).unwrap();
    assert_eq!(market.price, before);
    // 64 blocks: an eighth of the move.
    let (mut market, at) = quiet();
    market.update(&seen(at + 6 * 64, 108_000), &PARAMS).unwrap();
    assert_eq!(market.price.drift.recent[0], PICO / 100);
}

#[test]
fn the_shipped_figures_are_in_bounds_and_others_are_refused() {
    assert_eq!(PARAMS.checked(), Ok(PARAMS));
    let mut wrong = PARAMS;
    wrong.weights.price = 900_000;
    assert!(matches!(wrong.checked(), Err(RiskError::OutOfBounds { what: "the sum of weights", .. })));
    let mut wrong = PARAMS;
    wrong.price.drift.delayed.length = 0;
    assert!(matches!(wrong.checked(), Err(RiskError::OutOfBounds { what: "a detector's memory", .. })));
    let wrong = DetectorParams { block_seconds: 0, ..PARAMS };
    assert!(matches!(wrong.checked(), Err(RiskError::OutOfBounds { what: "a block's seconds", .. })));
}

#[test]
fn a_rise_speaks_upwards_and_a_fall_downwards() {
    for upwards in [true, false] {
        let (mut market, at) = quiet();
        for block in 1..=3u32 {
            let price = if upwards { 100_000 + 1_000 * block } else { 100_000 - 1_000 * block };
            market.update(&seen(at + 6 * u64::from(block), price), &PARAMS).unwrap();
        }
        let drift = market.price.drift;
        assert_eq!((drift.up > drift.down, drift.down > drift.up), (upwards, !upwards), "{drift:?}");
    }
}

#[test]
fn figures_of_flow_that_make_no_sense_are_refused() {
    let refused = |change: fn(&mut DetectorParams)| {
        let mut wrong = PARAMS;
        change(&mut wrong);
        wrong.checked().unwrap_err().to_string()
    };
    for change in [(|wrong| wrong.intensity.baseline_length = 0) as fn(&mut DetectorParams), |wrong| {
        wrong.intensity.baseline_min = 0
    }] {
        assert!(refused(change).contains("a baseline"));
    }
    for change in [
        (|wrong| wrong.one_sided.share_max = 499_999) as fn(&mut DetectorParams),
        |wrong| wrong.one_sided.share_max = 900_001,
        |wrong| wrong.one_sided.stake = MILLION,
    ] {
        assert!(refused(change).contains("the share of one side"));
    }
    for share_max in [500_000, 900_000] {
        let mut right = PARAMS;
        right.one_sided.share_max = share_max;
        assert_eq!(right.checked(), Ok(right));
    }
}

#[test]
fn the_wagers_of_every_channel_share_all_of_it() {
    let shares = |wagers: &[Wager]| wagers.iter().map(|wager| wager.weight).collect::<Vec<_>>();
    assert_eq!(shares(&PARAMS.band.wagers), [500_000, 500_000]);
    let price = shares(&PARAMS.price.shock.wagers).iter().sum::<u32>() + PARAMS.price.drift.wager.weight;
    assert_eq!(price, MILLION);
    let weights = PARAMS.weights;
    assert_eq!(weights.price + weights.band + weights.intensity + weights.one_sided, MILLION);
}

/// Every number at its longest: five varints of 10 bytes for a `u64`, 19 for a `u128`.
const BYTES_MAX: usize = 1 + 10 + 19 + (4 * 10) + (5 * 10) + (4 * 10) + (4 * 10) + 20;

#[test]
fn the_state_of_a_market_is_small() {
    let (market, _) = quiet();
    let bytes = postcard::to_allocvec(&market).unwrap();
    println!("detectors of one market: {} bytes, at most {BYTES_MAX}", bytes.len());
    assert!(bytes.len() <= 130, "{}", bytes.len());
    assert_eq!(postcard::from_bytes::<MarketDetectors>(&bytes).unwrap(), market);
}

proptest! {
    #[test]
    fn nothing_overflows_and_the_state_is_bounded(
        rounds in prop::collection::vec(
            (1u64..u64::MAX >> 8, 1u128..u128::MAX, any::<u128>(), any::<u32>(), any::<u128>(), any::<u128>()), 1..40,
        ),
    ) {
        let mut market = MarketDetectors::default();
        let mut at = 0u64;
        for (elapsed, price, band, orders, bought, sold) in rounds {
            at += elapsed;
            let observation = Observation {
                at,
                price: Price::from_atoms(price),
                band: Some(Ratio::from_atoms(band)),
                flow: Some(Flow { orders, bought: Amount::from_atoms(bought), sold: Amount::from_atoms(sold) }),
            };
            let evidence = market.update(&observation, &PARAMS).unwrap();
            prop_assert!(evidence.hard <= evidence.all);
            prop_assert!(postcard::to_allocvec(&market).unwrap().len() <= BYTES_MAX);
        }
    }

    /// One e-value of every channel is at most the largest and at least the weighted largest of them.
    #[test]
    fn the_fused_evidence_is_a_mean(orders in 0u32..60, bought in 0u64..50_000, growth in 0u32..300) {
        let (mut market, mut at) = quiet();
        for block in 1..20u32 {
            at += 6;
            let flow = Flow { orders, bought: units(bought), sold: units(1_000) };
            let price = Price::from_units(100_000 + growth * block);
            let observation = Observation { at, price, band: Some(Ratio::from_basis_points(growth)), flow: Some(flow) };
            let evidence = market.update(&observation, &PARAMS).unwrap();
            let channels = [evidence.price, evidence.band, evidence.intensity, evidence.one_sided];
            prop_assert!(evidence.all <= *channels.iter().max().unwrap());
            prop_assert!(evidence.all.0 + 1 >= evidence.price.0 / 10 * 7);
        }
    }
}
