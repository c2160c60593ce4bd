//! 2025-10-10: bitcoin fell by 13.1 % (112,000 to 97,300) and solana by 26 % (185 to 137) within twelve minutes. Where liquidations
//! found nobody, a queue closed winners by rank, profit times leverage, whole and at the price at which the loser was bankrupt: 34,983
//! fills on 19,337 accounts, $45M to $51.7M more taken from winners than was missing, and hedged books lost one leg of two.
//!
//! "Unprotected" is a model of that queue on the same book and for the same bill: what fund and pool's cap leave. It is played twice: at the
//! price that pays all of it, as there, and at the price that the suite takes, so that who pays can be compared alone. The model
//! leaves out fees and skew, which are below a thousandth. Protected: the suite deleverages the whole side by its index.

use firebreak_incidents::*;
use firebreak_messages::derivatives_vault::{Deleveraged, LossBooked, Payer, PositionResponse};
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, Price, Rounding, SignedRatio, Size};
use firebreak_testing::*;

const SOL: MarketId = MarketId(5);
/// Size of the book's accounts, as names: bitcoin size, solana size, collateral, bitcoin price at entry.
struct Entry {
    name: String,
    btc: &'static str,
    sol: Option<&'static str>,
    collateral: u64,
    at: &'static str,
}

fn book() -> Vec<Entry> {
    let mut book = vec![];
    let mut add = |kind: &str, count: usize, at, btc, sol, collateral: u64| {
        for index in 0..count {
            let (name, collateral) = (format!("{kind}-{index}"), collateral + 20_000 * index as u64);
            book.push(Entry { name, btc, sol, collateral, at });
        }
    };
    // Shorts of 3 to 5 million, from many prices, from 15 to twice their margin.
    add("early", 4, "98500", "-30", None, 1_400_000);
    add("late", 5, "118000", "-40", None, 500_000);
    add("careful", 5, "115000", "-35", None, 3_000_000);
    add("bold", 6, "112000", "-36", None, 260_000);
    // Short bitcoin against as much risk long in solana.
    add("hedged", 6, "112000", "-44", Some("13300"), 450_000);
    // Longs that never were in danger, and the ones that are gone: about seventeen times leveraged.
    add("calm", 3, "112000", "9", None, 1_000_000);
    add("gone", 12, "112000", "44", None, 290_000);
    book
}

/// An account as it stood in the crash, before anybody was liquidated or closed.
struct Held {
    name: String,
    btc: Size,
    equity: f64,
    maintenance: f64,
    btc_maintenance: f64,
    btc_pnl: f64,
    notional: f64,
    /// Notional of what it is long.
    long: f64,
}

fn held(world: &World, name: &str) -> Held {
    let account = world.account(name);
    let value = |atoms: i128| atoms as f64 / 1e6;
    let btc = account.positions.iter().find(|position| position.market == BTC).expect("everybody has bitcoin");
    let notional = |position: &PositionResponse| {
        position.size.notional(position.price, Rounding::Ceil).expect("figures fit").atoms() as f64 / 1e6
    };
    Held {
        name: name.into(),
        btc: btc.size,
        equity: value(account.equity.atoms()),
        maintenance: value(account.maintenance_margin.atoms() as i128),
        btc_maintenance: value(btc.maintenance_margin.atoms() as i128),
        btc_pnl: value(btc.pnl.atoms()),
        notional: account.positions.iter().map(notional).sum(),
        long: account.positions.iter().filter(|position| position.size.is_long()).map(notional).sum(),
    }
}

/// What a way of closing did to the winners.
#[derive(Debug, Default)]
struct Toll {
    /// Largest share of its equity that anybody gave, in basis points.
    worst: i64,
    /// Accounts whose position was closed whole.
    closed: usize,
    /// Accounts with less equity above maintenance margin than before.
    nearer: usize,
    /// Hedged accounts that lost the whole leg, and those that are liquidatable when both prices fall by another fifth.
    unhedged: usize,
    stricken: usize,
}

/// Closes `size` of the winners' bitcoin, the first in the rank first, each at `given` a unit worse than the mark.
fn queue(winners: &[Held], size: f64, given: f64) -> Toll {
    let rank = |held: &Held| {
        let entry_value = held.notional + held.btc_pnl;
        held.btc_pnl / entry_value * held.notional / held.equity
    };
    let mut order: Vec<&Held> = winners.iter().collect();
    order.sort_by(|one, other| rank(other).total_cmp(&rank(one)));
    let (mut left, mut toll) = (size, Toll::default());
    for held in order {
        let has = held.btc.magnitude() as f64 / 1e18;
        let taken = has.min(left);
        left -= taken;
        if taken == 0.0 {
            break;
        }
        let (gives, frees) = (taken * given, taken / has * held.btc_maintenance);
        toll.worst = toll.worst.max((gives / held.equity * 10_000.0).round() as i64);
        toll.nearer += usize::from(gives > frees);
        if taken == has {
            toll.closed += 1;
            let hedged = held.name.starts_with("hedged");
            toll.unhedged += usize::from(hedged);
            let left = held.equity - gives - held.long / 5.0;
            toll.stricken += usize::from(hedged && left < (held.maintenance - held.btc_maintenance) * 0.8);
        }
    }
    toll
}

fn market_crash(pool_loss_max: Amount) -> (World, Vec<Entry>) {
    let scale = Scale {
        skew_scale: 20_000_000_000,
        open_interest_max: 200_000_000,
        order_size_max: 200_000_000,
        order_size_min: 50,
    };
    let mut world = WorldBuilder::empty()
        .scaled_market(BTC, "BTC", price("98500"), &scale)
        .scaled_market(SOL, "SOL", price("185"), &scale)
        .with_market(BTC, |market| market.pool_loss_max = pool_loss_max)
        .guards(Guards::Off)
        .checking(Checking::Every(20))
        .insurance(usd(500_000))
        .pool(usd(100_000_000))
        .build();
    let book = book();
    let mut at = "98500";
    for entry in &book {
        if entry.at != at {
            at = entry.at;
            world.report(&[(BTC, price(at)), (SOL, price("185"))]).done();
            world.next_block();
        }
        world.add_collateral(&entry.name, usd(entry.collateral)).done();
        world.open(&entry.name, BTC, size(entry.btc)).done();
        if let Some(sol) = entry.sol {
            world.refresh().done();
            world.open(&entry.name, SOL, size(sol)).done();
        }
        assert_eq!(world.position_size(&entry.name, BTC), size(entry.btc), "{}", entry.name);
    }
    world.report(&[(BTC, price("97300")), (SOL, price("137"))]).done();
    world.next_block();
    (world, book)
}

/// What the shorts' positions are worth together at the mark.
fn worth_of_shorts(world: &World, book: &[Entry]) -> i128 {
    let side = world.market_record(BTC).short;
    let stake = |entry: &Entry| {
        let account = world.account_record(&world.account_id(&entry.name)).expect("it has a record");
        account.positions.into_iter().find(|position| position.market == BTC).expect("it has bitcoin").stake
    };
    let shorts = book.iter().filter(|entry| entry.btc.starts_with('-'));
    shorts.map(|entry| side.value_of(&stake(entry), price("97300")).expect("figures fit").atoms()).sum()
}

fn paid(losses: &[LossBooked], payer: Payer) -> Amount {
    let of = losses.iter().filter(|loss| loss.payer == payer);
    of.fold(Amount::ZERO, |sum, loss| sum.plus(loss.amount).expect("figures fit"))
}

/// F12's `P * (1 + K/S)`, rounded against the shorts.
fn fair_price(world: &World) -> Price {
    let (scale, skew) = (world.setup().markets[0].config.skew_scale, world.market(BTC).skew);
    let premium = SignedRatio::from_atoms(skew.atoms() * 1_000_000_000_000 / (scale.atoms() / 1_000_000));
    price("97300").scaled(premium, Rounding::Ceil).expect("figures fit")
}

#[test]
fn a_whole_side_gives_a_little_where_a_queue_takes_all_from_the_first() {
    //
    let (mut world, book) = market_crash(usd(500_000));
    // The same crash where the pool pays for everything, and nobody is deleveraged.
    let (mut lavish, _) = market_crash(usd(100_000_000));
    for world in [&mut world, &mut lavish] {
        // Brings the mark to the price of now.
        world.execute(BTC).done();
        world.execute(SOL).done();
    }
    let stand = |world: &World, kind: fn(&Entry) -> bool| -> Vec<Held> {
        book.iter().filter(|entry| kind(entry)).map(|entry| held(world, &entry.name)).collect()
    };
    let stays: fn(&Entry) -> bool = |entry| !entry.name.starts_with("gone");
    let wins: fn(&Entry) -> bool = |entry| entry.btc.starts_with('-');
    let (before, winners) = (stand(&world, stays), stand(&world, wins));
    let distance = |world: &World, name: &str| {
        let account = world.account(name);
        account.equity.minus_amount(account.maintenance_margin).expect("figures fit").atoms()
    };
    let distances: Vec<i128> = before.iter().map(|held| distance(&world, &held.name)).collect();
    let worth = worth_of_shorts(&world, &book);

    let (mut done, mut losses, mut by_size): (Vec<Deleveraged>, Vec<LossBooked>, _) = (vec![], vec![], Amount::ZERO);
    let gone: Vec<_> = (0..12).map(|index| world.account_id(&format!("gone-{index}"))).collect();
    for chunk in gone.chunks(4) {
        let outcome = world.liquidate_by("keeper", chunk.to_vec()).done();
        let fair = fair_price(&world);
        for event in outcome.facts::<Deleveraged>() {
            let concession = event.price.minus(fair).expect("shorts pay more");
            by_size =
                by_size.plus(event.size.notional(concession, Rounding::Floor).expect("figures fit")).expect("fits");
            done.push(event);
        }
        losses.extend(outcome.facts::<LossBooked>());
    }

    // Every step of the waterfall was needed, and they add up.
    let ledger = world.losses();
    assert_eq!((ledger.insurance, ledger.pool), (usd(500_000), usd(500_000)));
    assert!(!ledger.deleveraging.is_zero() && !ledger.residual.is_zero());
    // Transfer = ledger, to the unit: what the events say, what was booked, and size by size what the price was worse than fair.
    let told = done.iter().fold(Amount::ZERO, |sum, event| sum.plus(event.amount).expect("figures fit"));
    assert_eq!((told, paid(&losses, Payer::Deleveraging)), (ledger.deleveraging, ledger.deleveraging));
    assert!(by_size.atoms().abs_diff(told.atoms()) <= done.len() as u128, "{by_size} and {told}");
    // And what the accounts gave: their positions are worth that much less at the mark, but for one rounding each.
    let given: i128 = done
        .iter()
        .map(|event| {
            let worse = event.price.distance(price("97300"));
            event.size.notional(worse, Rounding::Floor).expect("figures fit").atoms() as i128
        })
        .sum();
    let fell = worth - worth_of_shorts(&world, &book);
    assert!((fell - given).abs() <= 2 * (winners.len() + done.len()) as i128, "{fell} of {given}");

    // Nobody is nearer to liquidation than without it, the other side included; of the side that gave, nobody nearer than before, hedged
    // accounts included. (What was liquidated takes its skew off the market, and with it from who stays: by itself, deleveraged or not.)
    for chunk in gone.chunks(4) {
        lavish.liquidate_by("keeper", chunk.to_vec()).done();
    }
    assert!(lavish.losses().deleveraging.is_zero());
    for (held, before) in before.iter().zip(&distances) {
        let after = distance(&world, &held.name);
        let without = if held.btc.is_short() { *before } else { distance(&lavish, &held.name) };
        assert!(after >= without, "{}: {after} from {before}, {without} without", held.name);
    }
    let mut toll = Toll::default();
    for held in &winners {
        let after = world.account(&held.name);
        let gave = held.equity - after.equity.atoms() as f64 / 1e6;
        toll.worst = toll.worst.max((gave / held.equity * 10_000.0).round() as i64);
        toll.closed += usize::from(after.positions.iter().all(|position| position.market != BTC));
    }
    assert_eq!((toll.closed, toll.nearer), (0, 0));

    // The queue, for the same bill and at the same size.
    let closed: f64 = done.iter().map(|event| event.size.magnitude() as f64 / 1e18).sum();
    let bill = ledger.deleveraging.plus(ledger.residual).expect("figures fit").atoms() as f64 / 1e6;
    let same = queue(&winners, closed, ledger.deleveraging.atoms() as f64 / 1e6 / closed);
    let whole = queue(&winners, closed, bill / closed);
    assert!(whole.nearer >= 10 && whole.closed >= 9, "{whole:?}");
    assert!(whole.worst > toll.worst * 3 && same.worst * 10 > toll.worst * 15, "{toll:?} {same:?} {whole:?}");
    assert_eq!((whole.unhedged, same.unhedged), (6, 6), "the hedges are first in the rank");

    // Both fall on, by another fifth: half a hedge still hedges.
    world.report(&[(BTC, price("77840")), (SOL, price("109.6"))]).done();
    world.next_block();
    let hedges = winners.iter().filter(|held| held.name.starts_with("hedged"));
    toll.stricken = hedges.filter(|held| world.account(&held.name).liquidatable).count();
    assert_eq!((toll.stricken, whole.stricken), (0, 6));
    assert!(same.stricken > 0, "{same:?}");
    figures(
        "2025-10-10, deleveraging",
        &format!(
            "worst account gives {}.{:02} % of its equity, {} closed whole ({} of 6 hedges), {} nearer to liquidation; at the suite's price {}.{:02} %",
            whole.worst / 100, whole.worst % 100, whole.closed, whole.unhedged, whole.nearer, same.worst / 100, same.worst % 100
        ),
        &format!(
            "worst account gives {}.{:02} %, 0 closed whole, 0 nearer; the side gives {}, the pool bears {} as the last payer",
            toll.worst / 100, toll.worst % 100, units(ledger.deleveraging.atoms() as i128), units(ledger.residual.atoms() as i128)
        ),
    );
}
