//! F13: how much of a trading fee is the insurance fund's.

use crate::support::*;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_risk::*;

/// From a tenth to half of a fee; the fund should hold a tenth of all open interest.
fn premium() -> VaultParameters {
    VaultParameters {
        insurance_fee_share: Ratio::percent(10),
        insurance_fee_share_max: Some(Ratio::percent(50)),
        stress_loss_ratio: Ratio::percent(10),
        ..parameters()
    }
}

fn configure(bench: &mut Bench, parameters: VaultParameters) -> Result<(), ContractError> {
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).map(|_| ())
}

/// A vault that has seen so much of its fund.
fn bench(fund: u64) -> Bench {
    let mut bench = Bench::new();
    configure(&mut bench, premium()).unwrap();
    bench.deposit("alice", 100_000);
    bench.deposit("bob", 100_000);
    *bench.bank.entry(address("fund")).or_default() += units(fund).atoms();
    bench.donate(0);
    bench.execute("anyone", ExecuteMsg::SweepFees {}, 0).unwrap();
    bench
}

fn ratio(text: &str) -> Ratio {
    text.parse().unwrap()
}

fn filled(bench: &mut Bench, name: &str, text: &str) -> OrderFilled {
    let events = bench.trade(name, BTC, text);
    let filled = events.iter().find_map(|event| OrderFilled::try_from(event).ok());
    filled.unwrap_or_else(|| panic!("{:?}", reasons(&events)))
}

#[test]
fn a_thin_fund_takes_a_larger_share_of_the_fee_and_a_full_one_the_least() {
    for (held, share) in [
        (0, "0.5"),
        // 60,000 open: 6,000 of stress.
        (1_500, "0.4"),
        (3_000, "0.3"),
        (6_000, "0.1"),
        (600_000, "0.1"),
    ] {
        let mut bench = bench(held);
        assert_eq!(bench.pool().insurance_fee_share, ratio(if held == 0 { "0.5" } else { "0.1" }), "nothing is open");
        let before = bench.pool().pool;
        let filled = filled(&mut bench, "alice", "1");
        let after = bench.pool().pool;
        assert_eq!(after.open_notional, units(60_000), "the trade pays by the risk that it leaves behind");
        assert_eq!(filled.insurance, filled.fee.times(ratio(share), Rounding::Floor).unwrap(), "{held}");
        assert_eq!(after.insurance_fees.minus(before.insurance_fees), Ok(filled.insurance));
        let rest = filled.fee.minus(filled.insurance).unwrap();
        assert_eq!(after.cash.minus(before.cash), rest.signed(), "the rest is the pool's, to the unit");
        bench.check();
    }
}

#[test]
fn what_the_fund_is_owed_counts_before_it_is_swept_and_the_way_out_lowers_the_share() {
    let mut bench = bench(0);
    let mut share = bench.pool().insurance_fee_share;
    for round in 0..20 {
        let (before, size) = (bench.pool().pool, if round % 2 == 0 { "1" } else { "-0.9" });
        let filled = filled(&mut bench, "alice", size);
        let held = before.insurance_size.plus(before.insurance_fees).unwrap();
        let stress = stress_loss(bench.pool().pool.open_notional, Ratio::percent(10)).unwrap();
        let wanted = insurance_fee_share(Ratio::percent(10), Ratio::percent(50), held, stress).unwrap();
        assert_eq!(filled.insurance, filled.fee.times(wanted, Rounding::Floor).unwrap());
        assert!(round == 0 || (wanted < share) == (round % 2 == 1), "{wanted} after {share}");
        share = wanted;
    }
    let before = bench.pool().insurance_fee_share;
    bench.execute("anyone", ExecuteMsg::SweepFees {}, 0).unwrap();
    assert_eq!(bench.pool().insurance_fee_share, before, "a sweep only moves what counts already");
    bench.check();
}

#[test]
fn without_a_larger_share_every_fund_gets_the_same() {
    for held in [0, 100, 600_000] {
        let mut bench = bench(held);
        configure(&mut bench, VaultParameters { insurance_fee_share_max: None, ..premium() }).unwrap();
        let filled = filled(&mut bench, "alice", "1");
        assert_eq!(filled.insurance, filled.fee.times(Ratio::percent(10), Rounding::Floor).unwrap());
    }
}

#[test]
fn shares_that_cross_or_exceed_the_fee_are_refused() {
    let mut bench = bench(0);
    let bounds = |what: &'static str, wanted: &str, found: &str| {
        Err(ContractError::OutOfBounds { what, wanted: wanted.into(), found: found.into() })
    };
    let above = VaultParameters { insurance_fee_share: Ratio::percent(51), ..premium() };
    assert_eq!(configure(&mut bench, above), bounds("insurance_fee_share", "at most 0.5", "0.51"));
    let all = VaultParameters { insurance_fee_share_max: Some(Ratio::percent(101)), ..premium() };
    assert_eq!(configure(&mut bench, all), bounds("insurance_fee_share_max", "at most 1", "1.01"));
    let fixed =
        VaultParameters { insurance_fee_share: Ratio::percent(101), insurance_fee_share_max: None, ..premium() };
    assert_eq!(configure(&mut bench, fixed), bounds("insurance_fee_share", "at most 1", "1.01"));
    let stress = VaultParameters { stress_loss_ratio: Ratio::percent(101), ..premium() };
    assert_eq!(configure(&mut bench, stress), bounds("stress_loss_ratio", "at most 1", "1.01"));
    let same = VaultParameters { insurance_fee_share: Ratio::percent(50), ..premium() };
    assert_eq!(configure(&mut bench, same), Ok(()));
}
