//! F18 for the whole vault: claims fixed by id, paid in any order, one fraction for all of a class.

use crate::support::*;
use firebreak_derivatives_vault::{state, ContractError};
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::{AccountId, Action, Reason};
use firebreak_risk::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const HOUR: u64 = 3_600;
const PARKED: u64 = 400;
const REWARD: i128 = 10_000;

fn settlement(bench: &Bench) -> SettlementResponse {
    bench.query(QueryMsg::Settlement {})
}

fn announce(bench: &mut Bench) -> u64 {
    let at = bench.now() + HOUR + 60;
    bench.execute("owner", ExecuteMsg::SettleVault { at }, 0).unwrap();
    at
}

/// Rounds of both markets every 30 s until `until`.
fn live(bench: &mut Bench, until: u64, btc: &str) {
    while bench.now() < until {
        bench.set_time((bench.now() + 30).min(until));
        let now = bench.now();
        bench.publish(BTC, price(btc), Price::ZERO, now, Validity::Valid);
        bench.publish(ETH, price("3000"), Price::ZERO, now, Validity::Valid);
        bench.run(BTC);
        bench.run(ETH);
    }
}

fn fix(bench: &mut Bench, limit: u32) -> Result<Vec<cosmwasm_std::Event>, ContractError> {
    bench.execute("keeper", ExecuteMsg::SettleAccounts { limit }, 0)
}

/// Pass 1, in batches of these sizes and then of 50.
fn fix_all(bench: &mut Bench, batches: &[u32]) {
    let mut batches = batches.iter().copied();
    while settlement(bench).phase != VaultPhase::Paying {
        fix(bench, batches.next().unwrap_or(50)).unwrap();
    }
}

fn pay(bench: &mut Bench, accounts: &[AccountId]) -> Result<Vec<cosmwasm_std::Event>, ContractError> {
    bench.execute("anyone", ExecuteMsg::PaySettlement { accounts: accounts.to_vec() }, 0)
}

fn accounts(bench: &Bench) -> Vec<AccountId> {
    let page = state::ACCOUNTS.page(&bench.deps.storage, None, 10_000).unwrap();
    page.into_iter().map(|((owner, subaccount), _)| AccountId { owner, subaccount }).collect()
}

fn restricted(bench: &Bench, action: Action) -> ContractError {
    let SettlementResponse { phase, settlement, .. } = settlement(bench);
    let (level, allowed) = match phase {
        VaultPhase::Open => (Level::Normal, "reduce orders, cancels, collateral in and out"),
        VaultPhase::Settling => (
            Level::Settlement,
            "placing reduce orders, cancels, adding collateral, asking for withdrawals, liquidity requests",
        ),
        VaultPhase::Fixing | VaultPhase::Paying => (Level::Settlement, "settling accounts and paying them"),
    };
    let since = settlement.since;
    ContractError::Restricted { action, level, reason: Reason::Settlement, since, until: 0, allowed }
}

/// A small pool that a trader won more from than it has: 20 long at 60,000, settled at 100,000. What it realised at 90,000, before
/// the announcement, is principal by now.
fn short_vault(names: usize, realised: &str) -> Bench {
    short_vault_in(market_config("BTC", 1), names, realised)
}

fn short_vault_in(btc: MarketConfig, names: usize, realised: &str) -> Bench {
    let mut bench = Bench::without_pool(btc, market_config("ETH", 2));
    bench.provide("lp", 150_000).unwrap();
    for index in 0..names {
        bench.deposit(&format!("t{index}"), 1_000 + 37 * index as u64);
    }
    // What somebody parked before is principal like what stayed.
    bench.restrict_all(Level::Frozen, 10);
    bench.withdraw("t0", 0, units(PARKED)).unwrap();
    bench.advance(20);
    bench.deposit("whale", 250_000);
    bench.trade("whale", BTC, "20");
    bench.set_price(BTC, "90000");
    if realised != "0" {
        bench.trade("whale", BTC, realised);
    }
    bench
}

#[test]
fn each_phase_takes_what_it_should_and_nothing_else() {
    let mut bench = Bench::new();
    bench.deposit("alice", 10_000);
    bench.trade("alice", BTC, "0.1");
    assert_eq!(fix(&mut bench, 1), Err(restricted(&bench, Action::Settle)));
    assert_eq!(pay(&mut bench, &[account("alice")]), Err(restricted(&bench, Action::Settle)));
    let at = bench.now() + HOUR;
    let stranger = bench.execute("alice", ExecuteMsg::SettleVault { at }, 0);
    let (wanted, found) = (address("owner"), address("alice"));
    assert_eq!(stranger, Err(ContractError::Unauthorized { wanted, found }));

    let at = announce(&mut bench);
    let out = bench.withdraw("alice", 0, units(1));
    assert_eq!(out, Err(restricted(&bench, Action::WithdrawCollateral)));
    let sweep = bench.execute("keeper", ExecuteMsg::SweepFees {}, 0);
    assert_eq!(sweep, Err(restricted(&bench, Action::SweepFees)));
    let provide = bench.provide("lp", 1);
    assert_eq!(provide, Err(restricted(&bench, Action::ProvideLiquidity)));
    let again = bench.execute("owner", ExecuteMsg::SettleVault { at }, 0);
    assert_eq!(again, Err(restricted(&bench, Action::Configure)));
    assert_eq!(fix(&mut bench, 1), Err(ContractError::MarketNotSettled { market: BTC, at }));
    bench.deposit("alice", 1);
    bench.place_with("alice", BTC, "-0.1", any_price("-1"), true).unwrap();
    live(&mut bench, at, "60000");

    fix(&mut bench, 1).unwrap();
    assert_eq!(settlement(&bench).phase, VaultPhase::Fixing);
    let add = bench.execute("alice", ExecuteMsg::AddCollateral { account: None, subaccount: 0 }, 1);
    assert_eq!(add, Err(restricted(&bench, Action::AddCollateral)));
    assert_eq!(pay(&mut bench, &[account("alice")]), Err(restricted(&bench, Action::Settle)));
    let run = bench.execute("keeper", ExecuteMsg::ExecuteOrders { market: BTC, limit: 1 }, 0);
    assert_eq!(run, Err(restricted(&bench, Action::ExecuteOrders)));
    bench.execute("dao", ExecuteMsg::Recapitalize {}, 5).unwrap();

    fix(&mut bench, 50).unwrap();
    assert_eq!(settlement(&bench).phase, VaultPhase::Paying);
    assert_eq!(fix(&mut bench, 1), Err(restricted(&bench, Action::Settle)));
    let recapitalize = bench.execute("dao", ExecuteMsg::Recapitalize {}, 5);
    assert_eq!(recapitalize, Err(restricted(&bench, Action::Recapitalize)));
    for (limit, found) in [(0, "0"), (51, "51")] {
        let mut fresh = Bench::new();
        let at = announce(&mut fresh);
        live(&mut fresh, at, "60000");
        let wanted = "1 to 50".to_owned();
        let refused = ContractError::OutOfBounds { what: "limit", wanted, found: found.into() };
        assert_eq!(fix(&mut fresh, limit), Err(refused));
    }
    let refused = |found: usize| {
        Err(ContractError::OutOfBounds { what: "accounts", wanted: "1 to 50".into(), found: found.to_string() })
    };
    assert_eq!(pay(&mut bench, &[]), refused(0));
    assert_eq!(pay(&mut bench, &vec![account("alice"); 51]), refused(51));
}

#[test]
fn a_solvent_vault_pays_everybody_everything() {
    let mut bench = Bench::new();
    bench.fund = Fund::Honest(0);
    for (name, text) in [("alice", "1"), ("bob", "-0.5")] {
        bench.deposit(name, 20_000);
        bench.trade(name, BTC, text);
    }
    bench
        .execute("lp", ExecuteMsg::RequestLiquidityWithdrawal { shares: PoolShares::from_atoms(1_000_000_000) }, 0)
        .unwrap();
    bench.provide("second", 1_000_000).unwrap();
    bench.place_with("alice", BTC, "-1", any_price("-1"), true).unwrap();
    // One that rests is given back by the pass itself.
    bench.place_request("bob", limit(BTC, "-1", "90000")).unwrap();
    let at = announce(&mut bench);
    // Its own round came before the window: it fills, as ever.
    live(&mut bench, at - HOUR - 30, "60000");
    assert!(bench.account("alice").positions.is_empty());
    let alice = bench.account("alice").cash;
    live(&mut bench, at, "62000");
    fix_all(&mut bench, &[1]);
    let record = settlement(&bench).settlement;
    let pool = bench.pool().pool;
    assert_eq!(record.accounts, 2);
    assert_eq!(record.principal_payable, record.principal);
    assert_eq!(record.profit_payable, record.profit);
    assert_eq!(pool.traders_cash, record.principal.plus(record.profit).unwrap().signed().unwrap());
    assert_eq!(record.liquidity_payable.signed().unwrap(), pool.cash);
    assert_eq!((pool.escrow, pool.receivable), (Amount::ZERO, Amount::ZERO));

    let held = bench.bank[&address(VAULT)];
    let everybody = ["lp", "second", "alice", "bob"].map(account);
    let events = pay(&mut bench, &everybody).unwrap();
    assert_eq!(SettlementPaid::all(&events).len(), 4);
    // Again, and for somebody who never was here: nothing.
    let again = [everybody.to_vec(), vec![account("nobody")]].concat();
    assert!(SettlementPaid::all(&pay(&mut bench, &again).unwrap()).is_empty());
    assert_eq!(bench.wallet("alice"), alice.atoms() - REWARD);
    let shares = bench.wallet("lp") as f64 / bench.wallet("second") as f64;
    assert!((9.9..10.1).contains(&shares), "{shares}");
    let paid: i128 = ["lp", "second", "alice", "bob"].map(|name| bench.wallet(name)).iter().sum();
    let paid = paid.unsigned_abs();
    assert_eq!(paid, settlement(&bench).settlement.paid.atoms());
    // What is left is the fund's, and less than a unit for each payment.
    bench.execute("keeper", ExecuteMsg::SweepFees {}, 0).unwrap();
    assert_eq!(held - paid - bench.bank[&address("fund")], bench.bank[&address(VAULT)]);
    assert!(bench.bank[&address(VAULT)] <= 4, "{}", bench.bank[&address(VAULT)]);
    assert!(accounts(&bench).is_empty());
}

//
#[test]
fn three_hundred_accounts_of_a_short_vault_get_the_same_fraction() {
    for (realised, cuts_principal) in [("0", false), ("-12", true)] {
        let mut bench = short_vault(300, realised);
        let at = announce(&mut bench);
        live(&mut bench, at, "100000");
        let held = bench.bank[&address(VAULT)];
        fix_all(&mut bench, &[7, 1, 50]);
        let record = settlement(&bench).settlement;
        assert_eq!(record.accounts, 301);
        assert_eq!(record.liquidity_payable, Amount::ZERO);
        assert_eq!(record.fees_payable, Amount::ZERO);
        assert_eq!(record.principal_payable < record.principal, cuts_principal, "{record:?}");
        assert!(record.profit_payable < record.profit, "{record:?}");
        let claims: BTreeMap<AccountId, (u128, u128)> = AccountSettled::all(&bench.events)
            .into_iter()
            .map(|fact| (fact.account, (fact.principal.atoms(), fact.profit.atoms())))
            .collect();
        for chunk in accounts(&bench).chunks(50) {
            pay(&mut bench, chunk).unwrap();
        }
        pay(&mut bench, &[account("lp")]).unwrap();
        let mut claims = claims;
        claims.get_mut(&account("t0")).unwrap().0 += units(PARKED).atoms();
        assert_eq!(claims.values().map(|claim| claim.0).sum::<u128>(), record.principal.atoms());
        assert_eq!(claims.values().map(|claim| claim.1).sum::<u128>(), record.profit.atoms());
        let floor = |claim: u128, payable: Amount, total: Amount| claim * payable.atoms() / total.atoms();
        let mut paid = 0;
        for (id, (principal, profit)) in claims {
            let wanted = floor(principal, record.principal_payable, record.principal)
                + floor(profit, record.profit_payable, record.profit);
            assert_eq!(bench.bank.get(&id.owner).copied().unwrap_or(0), wanted, "{id}");
            paid += wanted;
        }
        assert!(paid <= held - bench.bank[&address("keeper")] + 1_000_000, "{paid} of {held}");
        // All that was there is paid, less a unit for each claim and class.
        assert!(bench.bank[&address(VAULT)] <= 700, "{}", bench.bank[&address(VAULT)]);
        assert_eq!((bench.wallet("lp"), bench.pool().pool.parked), (0, Amount::ZERO));
        assert!(accounts(&bench).is_empty());
    }
}

#[test]
fn a_bankrupt_account_is_the_funds_then_the_pools_and_counts_nothing() {
    let mut bench = Bench::new();
    bench.fund = Fund::Honest(500);
    bench.deposit("poor", 5_000);
    bench.deposit("rich", 50_000);
    bench.trade("poor", BTC, "1");
    bench.trade("rich", BTC, "-1");
    let at = announce(&mut bench);
    live(&mut bench, at, "50000");
    fix_all(&mut bench, &[]);
    let (ledger, record) = (bench.losses(), settlement(&bench).settlement);
    assert_eq!(ledger.insurance, units(500));
    assert!(ledger.pool > units(4_000) && ledger.pool < units(5_000), "{ledger:?}");
    // 10,000 less the half of the skew's premium that its trade moved, fees and funding.
    assert!(record.profit > units(9_900) && record.profit < units(10_100), "{record:?}");
    pay(&mut bench, &[account("poor"), account("rich")]).unwrap();
    assert_eq!(bench.wallet("poor"), 0);
    assert!(bench.wallet("rich") > 59_000_000_000);
}

//
#[test]
fn coins_that_a_fault_took_are_missing_to_all_of_a_class_alike() {
    for reported in [false, true] {
        let mut bench = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
        bench.provide("lp", 100_000).unwrap();
        let names: Vec<String> = (0..8).map(|index| format!("t{index}")).collect();
        for name in &names {
            bench.deposit(name, 10_000);
        }
        // More than the pool has: providers get nothing, and everybody else three quarters.
        let take = |bench: &mut Bench| {
            *bench.bank.get_mut(&address(VAULT)).unwrap() -= units(120_000).atoms();
            bench.broken = true;
            bench.donate(0);
        };
        if reported {
            take(&mut bench);
            bench.execute("anyone", ExecuteMsg::ReportBreach {}, 0).unwrap();
        }
        let at = announce(&mut bench);
        live(&mut bench, at, "60000");
        if !reported {
            take(&mut bench);
            let refused = fix(&mut bench, 50).unwrap_err();
            assert!(matches!(refused, ContractError::CoinsMissing { .. }), "{refused}");
            bench.execute("anyone", ExecuteMsg::ReportBreach {}, 0).unwrap();
        }
        fix(&mut bench, 3).unwrap();
        // In the middle of pass 1 too.
        bench.execute("anyone", ExecuteMsg::ReportBreach {}, 0).unwrap();
        fix_all(&mut bench, &[]);
        let (record, pool) = (settlement(&bench).settlement, bench.pool().pool);
        assert_eq!((record.liquidity_payable, pool.shortfall), (Amount::ZERO, Amount::ZERO));
        assert_eq!(record.principal.minus(record.principal_payable), Ok(units(20_000)));
        assert_eq!(record.principal_payable.atoms(), bench.bank[&address(VAULT)]);
        bench.execute("anyone", ExecuteMsg::ReportBreach {}, 0).unwrap();
        bench.broken = false;
        for name in &names {
            pay(&mut bench, &[account(name)]).unwrap();
        }
        pay(&mut bench, &[account("lp")]).unwrap();
        let all: Vec<i128> = names.iter().map(|name| bench.wallet(name)).collect();
        // 60,000 less what the keeper has for eight accounts, of 80,000.
        assert!(all.iter().all(|paid| *paid == all[0] && *paid > 7_490_000_000 && *paid < 7_500_000_000), "{all:?}");
        assert_eq!(bench.wallet("lp"), 0);
        assert!(bench.bank[&address(VAULT)] <= 8, "{}", bench.bank[&address(VAULT)]);
    }
}

//
#[test]
fn the_last_short_that_was_deleveraged_to_nothing_leaves_the_longs_what_they_have() {
    let mut bench = Bench::new();
    bench.fund = Fund::Honest(0);
    for (name, text) in [("alice", "1"), ("bob", "0.5"), ("dust", "-0.000000000000000001")] {
        bench.deposit(name, 20_000);
        bench.trade(name, BTC, text);
    }
    // Deleveraging took half of the short side: the true size of one atom rounds to zero, the stake is still there.
    let mut stored = state::MARKETS.load(&bench.deps.storage, BTC.0).unwrap();
    assert_eq!(stored.short.nominal, Nominal::from_atoms(-1));
    stored.short.scale = Scale::from_atoms(Scale::ONE.atoms() / 2);
    state::MARKETS.save(&mut bench.deps.storage, BTC.0, &stored).unwrap();
    let at = announce(&mut bench);
    live(&mut bench, at, "62000");
    // Whoever's turn it is first.
    fix_all(&mut bench, &[1, 1, 1]);
    let stored = state::MARKETS.load(&bench.deps.storage, BTC.0).unwrap();
    assert_eq!((stored.long.nominal, stored.short.nominal), (Nominal::ZERO, Nominal::ZERO));
    assert_eq!((stored.long.epoch, stored.short.epoch), (1, 1));
    pay(&mut bench, &["alice", "bob", "dust"].map(account)).unwrap();
    assert!(bench.wallet("alice") > 21_000_000_000);
}

#[test]
fn what_has_not_vested_is_profit_and_what_has_is_principal() {
    let vesting = |symbol, feed| MarketConfig { vesting_half_life_seconds: 21_600, ..market_config(symbol, feed) };
    let mut bench = Bench::without_pool(vesting("BTC", 1), vesting("ETH", 2));
    bench.provide("lp", 50_000).unwrap();
    bench.deposit("winner", 100_000);
    bench.trade("winner", BTC, "4");
    bench.set_price(BTC, "70000");
    bench.trade("winner", BTC, "-4");
    let won = bench.pool().pool.unvested;
    // 4 * 10,000 and a little: the premium is larger at the higher price. The pool is left with a fifth of what it had.
    assert!(won > units(40_000) && won < units(40_100), "{won}");
    let cash = bench.account("winner").cash;
    bench.set_time(bench.now() + 21_600 - HOUR - 60);
    bench.refresh();
    let at = announce(&mut bench);
    live(&mut bench, at, "70000");
    fix_all(&mut bench, &[]);
    let fact = &AccountSettled::all(&bench.events)[0];
    let half = won.atoms() / 2;
    // A second or two around the half-life.
    assert!(fact.profit.atoms().abs_diff(half) < half / 500, "{fact:?} {half}");
    let reward = Amount::from_atoms(REWARD.unsigned_abs());
    let all = cash.plus_amount(won).unwrap().minus_amount(reward).unwrap();
    assert_eq!(fact.principal.plus(fact.profit).unwrap().signed().unwrap(), all);
    let pool = bench.pool().pool;
    assert_eq!((pool.unvested, pool.traders_cash), (Amount::ZERO, all));
    pay(&mut bench, &[account("winner"), account("lp")]).unwrap();
    assert_eq!(bench.wallet("winner"), all.atoms());
    assert!(bench.wallet("lp") > 10_000_000_000);
}

/// A vault with a contested profit, settled and not counted yet.
fn contested_vault() -> Bench {
    let vesting = |symbol, feed| MarketConfig { vesting_half_life_seconds: 21_600, ..market_config(symbol, feed) };
    let mut bench = Bench::without_pool(vesting("BTC", 1), vesting("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench.deposit("thief", 250_000);
    bench.trade("thief", BTC, "20");
    bench.set_price(BTC, "66000");
    bench.refresh();
    bench.trade("thief", BTC, "-20");
    let at = announce(&mut bench);
    // Found out after the announcement only.
    let until = bench.now() + 14 * 86_400;
    let contest = bench.execute("owner", ExecuteMsg::ContestMarket { market: BTC, until }, 0).unwrap();
    assert_eq!(MarketContested::all(&contest), [MarketContested { market: BTC, until }]);
    live(&mut bench, at, "66000");
    bench
}

//
#[test]
fn a_vault_that_is_being_settled_takes_a_ruling_until_it_counts_the_first_account() {
    let cut = |bench: &mut Bench| bench.execute("owner", ExecuteMsg::CutContested(BTC), 0);
    let mut paid = vec![];
    for ruled in [false, true] {
        let mut bench = contested_vault();
        let before = bench.account("thief");
        if ruled {
            let taken = ContestedCut::all(&cut(&mut bench).unwrap())[0].amount;
            // The junior half, all but a ten-thousandth of it, is the providers'.
            let junior = before.unvested.atoms() / 2;
            assert!(taken.atoms() <= junior && taken.atoms() >= junior - junior / 10_000 - 2, "{taken} of {junior}");
        }
        let unvested = bench.account("thief").unvested;
        fix(&mut bench, 1).unwrap();
        let fact = &AccountSettled::all(&bench.events)[0];
        assert!(fact.profit.atoms().abs_diff(unvested.atoms()) <= 1, "{fact:?} {unvested}");
        // What one account was counted at, the others are counted at too.
        let until = bench.now() + HOUR;
        assert_eq!(cut(&mut bench), Err(restricted(&bench, Action::Configure)));
        let contest = bench.execute("owner", ExecuteMsg::ContestMarket { market: BTC, until }, 0);
        assert_eq!(contest, Err(restricted(&bench, Action::Configure)));
        fix_all(&mut bench, &[]);
        assert_eq!(cut(&mut bench), Err(restricted(&bench, Action::Configure)));
        pay(&mut bench, &[account("thief"), account("lp")]).unwrap();
        paid.push((before.unvested, bench.wallet("thief"), bench.wallet("lp")));
        // Nothing is left of the vault but what is the fund's, to the last unit of rounding.
        let pool = bench.pool().pool;
        assert_eq!((pool.unvested, pool.traders_cash), (Amount::ZERO, SignedAmount::ZERO));
        assert!(pool.cash.positive_part() <= Amount::from_atoms(2), "{pool:?}");
    }
    let (half, moved) = (paid[0].0.atoms() as i128 / 2, paid[0].1 - paid[1].1);
    assert!(moved <= half + 1 && moved >= half - half / 10_000 - 2, "{paid:?}");
    assert!(moved > 58_000_000_000, "{paid:?}");
    assert!((paid[1].2 - paid[0].2 - moved).abs() <= 2, "{paid:?}");
}

#[test]
fn somebody_who_cannot_be_paid_holds_up_nobody_and_a_touch_makes_no_principal_of_profit() {
    let mut bench = short_vault(3, "0");
    let at = announce(&mut bench);
    live(&mut bench, at - 30, "100000");
    // The last message that may touch the account before its claim is fixed.
    bench.set_time(at);
    bench.publish(BTC, price("100000"), Price::ZERO, at, Validity::Valid);
    bench.publish(ETH, price("3000"), Price::ZERO, at, Validity::Valid);
    bench.run(BTC);
    bench.run(ETH);
    bench.deposit("whale", 1);
    let refused = bench.place_with("whale", BTC, "-1", any_price("-1"), true);
    let gone = ContractError::NothingToReduce { account: account("whale"), market: BTC, size: size("-1") };
    assert_eq!(refused, Err(gone));
    fix_all(&mut bench, &[2]);
    let record = settlement(&bench).settlement;
    let whale = AccountSettled::all(&bench.events).into_iter().find(|fact| fact.account == account("whale")).unwrap();
    // 20 * 40,000 less what buying 20 cost above the price.
    assert!(whale.profit > units(790_000), "{whale:?}");
    assert_eq!(record.principal_payable, record.principal);
    // Everybody but the first.
    for id in accounts(&bench).iter().skip(1) {
        pay(&mut bench, std::slice::from_ref(id)).unwrap();
    }
    assert_eq!(accounts(&bench).len(), 1);
}

/// Whoever is touched between the market's price and the first batch of the pass has realised by then. Where profit vests it stays profit;
/// where it does not, nobody can tell it from what had been realised before.
#[test]
fn a_touch_before_the_pass_makes_principal_of_profit_only_where_profit_does_not_vest() {
    for half_life in [0, 60, 21_600] {
        let settled = |touched: bool| {
            let btc = MarketConfig { vesting_half_life_seconds: half_life, ..market_config("BTC", 1) };
            let mut bench = short_vault_in(btc, 3, "0");
            let at = announce(&mut bench);
            live(&mut bench, at, "100000");
            if touched {
                bench.liquidate(&["whale"]).unwrap();
            }
            fix_all(&mut bench, &[]);
            let facts = AccountSettled::all(&bench.events);
            facts.into_iter().find(|fact| fact.account == account("whale")).unwrap()
        };
        let (left_alone, touched) = (settled(false), settled(true));
        assert!(left_alone.profit > units(790_000), "{half_life}: {left_alone:?}");
        if half_life == 0 {
            assert_eq!((touched.profit, touched.principal > units(790_000)), (Amount::ZERO, true), "{touched:?}");
        } else {
            assert_eq!((touched.profit, touched.principal), (left_alone.profit, left_alone.principal), "{half_life}");
        }
    }
}

/// Two providers of a million, of whom bob has left but for what is parked, and ten BTC long.
fn with_parked_liquidity() -> Bench {
    let mut config = market_config("BTC", 1);
    config.funding.velocity_max = Ratio::ZERO;
    let mut bench = Bench::without_pool(config, market_config("ETH", 2));
    for name in ["bob", "lp"] {
        bench.provide(name, 1_000_000).unwrap();
    }
    bench.deposit("alice", 300_000);
    bench.trade("alice", BTC, "10");
    let shares = bench.provider("bob").shares;
    bench.request("bob", shares);
    bench.advance(86_400);
    let outflow = OutflowParams { hour_min: units(100_000), day_min: units(2_000_000), ..parameters().outflow };
    let parameters = VaultParameters { outflow, deposit_move: Ratio::percent(1), ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench.refresh();
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    assert_eq!(LiquidityWithdrawn::all(&bench.pay_claims().unwrap()).len(), 1);
    assert!(bench.pool().pool.parked > units(500_000));
    bench
}

/// What is taken back while the vault is being settled is a deposit like any other: at the deposit value, once the markets have their
/// price, and not before.
#[test]
fn liquidity_that_is_taken_back_while_settling_costs_what_a_deposit_costs() {
    let taken = ExecuteMsg::CancelParked(ParkedId { account: account("bob"), liquidity: true });
    // What bob has in the end at a price of the settlement, taken back so many seconds before the window ends.
    let ends = |settled_at: &str, before: Option<u64>| {
        let mut bench = with_parked_liquidity();
        let at = announce(&mut bench);
        if let Some(before) = before {
            live(&mut bench, at - before, settled_at);
            let parked = bench.pool().pool.parked;
            let (value, supply) = (bench.pool().value.unwrap().deposit, bench.pool().pool.shares);
            let given = &LiquidityProvided::all(&bench.execute("bob", taken.clone(), 0).unwrap())[0];
            assert_eq!(given.amount, parked);
            assert_eq!(Ok(given.shares), shares_for_deposit(parked, value, supply));
        }
        live(&mut bench, at, settled_at);
        fix_all(&mut bench, &[]);
        let mut ids = accounts(&bench);
        ids.extend([account("bob"), account("lp")]);
        pay(&mut bench, &ids).unwrap();
        bench.wallet("bob")
    };
    for settled_at in ["57000", "60000", "63000"] {
        let stayed = ends(settled_at, None);
        // With the price there is nothing left to bet on.
        let late = ends(settled_at, Some(0));
        assert!(late <= stayed && late > stayed - 1_000_000, "{settled_at}: {late} {stayed}");
    }
    // Before, it would be a bet on the settlement: from its announcement on exits of providers wait, and so do entries.
    for before in [HOUR + 30, HOUR / 2] {
        let mut bench = with_parked_liquidity();
        let at = announce(&mut bench);
        live(&mut bench, at - before, "60000");
        let refused = bench.execute("bob", taken.clone(), 0).unwrap_err();
        let ContractError::InMarket { market: BTC, refusal } = refused else { panic!("{refused}") };
        let wanted = if before > HOUR { Level::ReduceOnly } else { Level::Settlement };
        let named = matches!(*refusal, ContractError::Restricted { action: Action::ProvideLiquidity, level, .. } if level == wanted);
        assert!(named, "{refusal}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    //
    #[test]
    fn any_batches_and_any_order_pay_the_same(
        batches in proptest::collection::vec(1u32..9, 0..20),
        order in Just((0..17usize).collect::<Vec<_>>()).prop_shuffle(),
        chunk in 1usize..7,
    ) {
        let settle = |batches: &[u32], order: &[usize], chunk: usize| {
            let mut bench = short_vault(15, "-12");
            let at = announce(&mut bench);
            live(&mut bench, at, "100000");
            fix_all(&mut bench, batches);
            let mut ids = accounts(&bench);
            ids.push(account("lp"));
            assert_eq!(ids.len(), order.len());
            let ids: Vec<AccountId> = order.iter().map(|index| ids[*index].clone()).collect();
            for chunk in ids.chunks(chunk) {
                pay(&mut bench, chunk).unwrap();
            }
            bench.bank
        };
        let straight: Vec<usize> = (0..17).collect();
        prop_assert_eq!(settle(&batches, &order, chunk), settle(&[50], &straight, 17));
    }
}

//
#[test]
fn a_bankruptcy_halfway_through_the_pass_cuts_nobody_more_than_the_others() {
    let settle = |batches: &[u32]| {
        let vesting = |symbol, feed| MarketConfig {
            vesting_half_life_seconds: 86_400,
            pool_loss_max: Amount::ZERO,
            ..market_config(symbol, feed)
        };
        let mut bench = Bench::without_pool(vesting("BTC", 1), vesting("ETH", 2));
        bench.provide("lp", 1_000_000).unwrap();
        let names: Vec<String> = (0..12).map(|index| format!("w{index}")).collect();
        for name in &names {
            bench.deposit(name, 10_000);
            bench.trade(name, BTC, "0.5");
        }
        bench.set_price(BTC, "63000");
        for name in &names {
            bench.trade(name, BTC, "-0.5");
        }
        for name in ["poor0", "poor1", "poor2"] {
            bench.deposit(name, 7_000);
            bench.trade(name, BTC, "1");
        }
        assert!(bench.pool().pool.unvested > units(15_000));
        let at = announce(&mut bench);
        live(&mut bench, at, "50000");
        fix_all(&mut bench, batches);
        let ids = accounts(&bench);
        pay(&mut bench, &ids).unwrap();
        let ledger = bench.losses();
        assert!(ledger.deficit > units(15_000), "{ledger:?}");
        assert_eq!((ledger.unvested_profit, ledger.deleveraging), (Amount::ZERO, Amount::ZERO));
        (names.iter().map(|name| bench.wallet(name)).collect::<Vec<_>>(), bench.wallet("poor0"))
    };
    let at_once = settle(&[50]);
    assert_eq!(at_once, settle(&[1; 15]));
    assert_eq!(at_once, settle(&[4, 3, 8]));
    assert_eq!(at_once.1, 0);
    // Equal histories but for a skew that moved a little: nobody lost a haircut.
    assert!(at_once.0.iter().all(|paid| *paid > 11_300_000_000), "{at_once:?}");
}

#[test]
fn a_haircut_of_a_thousand_profits_of_a_unit_leaves_enough_for_every_claim() {
    // the last account is settled too. Each fill's nominal amounts are rounded, so what they are rounded to adds up.
    let config = |symbol: &str, feed: u16| MarketConfig {
        vesting_half_life_seconds: 6 * HOUR,
        pool_loss_max: Amount::ZERO,
        ..market_config(symbol, feed)
    };
    let mut bench = Bench::without_pool(config("BTC", 1), config("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench.deposit("carol", 20_000);
    bench.trade("carol", BTC, "1");
    bench.set_price(BTC, "62000");
    bench.trade("carol", BTC, "-1");
    bench.set_price(BTC, "60000");
    bench.deposit("alice", 40_000);
    bench.trade("alice", BTC, "10");
    let names: Vec<String> = (0..10).map(|index| format!("t{index}")).collect();
    for name in &names {
        bench.deposit(name, 1_000);
        bench.trade(name, BTC, "0.01");
    }
    bench.set_price(BTC, "60025");
    // A claim of at most a unit would vest at once.
    for name in &names {
        bench.trade(name, BTC, "-0.000001");
    }
    bench.quick = true;
    for _ in 0..10 {
        for name in &names {
            for _ in 0..10 {
                bench.place_with(name, BTC, "-0.0000001", any_price("-1"), true).unwrap();
            }
        }
        bench.advance(15);
        bench.refresh();
        let events = bench.run(BTC);
        for fill in OrderFilled::all(&events) {
            assert_eq!(fill.realised_pnl, SignedAmount::from_atoms(1), "{fill:?}");
        }
        bench.run(BTC);
    }
    for name in &names {
        let unvested = bench.account(name).unvested.atoms();
        assert!((100..=125).contains(&unvested), "a unit for each fill: {unvested}");
    }
    bench.set_price(BTC, "55000");
    bench.liquidate(&["alice"]).unwrap();
    assert!(bench.losses().unvested_profit > units(900));
    let at = announce(&mut bench);
    live(&mut bench, at, "55000");
    fix_all(&mut bench, &[1]);
    let all = accounts(&bench);
    pay(&mut bench, &all).unwrap();
    assert!(bench.wallet("carol") > 20_850_000_000, "{}", bench.wallet("carol"));
    bench.quick = false;
    bench.check();
}
