//! A feed that follows another one while it is promoted. Only some histories begin with one.

use crate::machine::Machine;
use crate::watch::FALLBACK;
use firebreak_messages::guardian::OperationExecuted;
use firebreak_messages::oracle::{ExecuteMsg, FeedReport};
use firebreak_risk::{Amount, Price};
use firebreak_testing::*;

fn governed(m: &mut Machine, msg: &ExecuteMsg) -> bool {
    let call = m.world.call(Code::Oracle, msg);
    m.world.govern(vec![call]).0.is_ok_and(|outcome| outcome.has::<OperationExecuted>())
}

/// All feeders say a price of the fallback.
fn say(m: &mut Machine, price: Price) -> bool {
    let published_at = m.world.now();
    let msg = ExecuteMsg::Report { reports: vec![FeedReport { feed: FALLBACK, price, published_at }] };
    let said =
        (0..3).all(|feeder| m.world.send(&format!("feeder-{feeder}"), Code::Oracle, &msg, Amount::ZERO).is_done());
    m.world.next_block();
    said
}

fn has_one(m: &Machine) -> bool {
    m.world.setup().feeds.iter().any(|setup| setup.feed == FALLBACK)
}

/// Some rounds on it, with keepers at work.
pub fn promote(m: &mut Machine) -> bool {
    if !has_one(m) {
        return false;
    }
    let at = m.moved(BTC, 50);
    say(m, at);
    let promoted = governed(m, &ExecuteMsg::PromoteFallback { feed: feed_of(BTC) });
    for _ in 0..6 {
        let at = m.moved(BTC, 100);
        say(m, at);
        let _ = m.world.execute(BTC);
        let trader = m.trader();
        let _ = m.world.liquidate(&trader);
    }
    promoted
}

/// Promoted first when it is not: else few histories have anything to end.
pub fn demote(m: &mut Machine) -> bool {
    let msg = ExecuteMsg::DemoteFallback { feed: feed_of(BTC) };
    has_one(m) && (governed(m, &msg) || (promote(m) && governed(m, &msg)))
}
