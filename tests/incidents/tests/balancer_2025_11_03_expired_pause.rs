//! Balancer, 2025-11-03, about $120M: the windows in which its older pools could be paused had run out years before, so nobody could stop
//! what everybody saw.
//!
//! Unprotected: the suite with a council that may not freeze any more, as after such a window. Protected: the suite as it ships, a year
//! after anybody was heard of (R-30: the pause expires, the ability to pause does not).

use firebreak_incidents::*;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, ParkedId};
use firebreak_risk::{Amount, Level};
use firebreak_testing::*;

const HOUR: u64 = 3_600;
const YEAR: u64 = 366 * 86_400;

/// What `eve` takes out within six hours of an account that should not be hers, seen by all after ten minutes.
fn taken(window_is_over: bool) -> i128 {
    let mut world = World::builder()
        .trader("eve", usd(3_000_000))
        .vault(|vault| {
            (vault.outflow.hour_min, vault.outflow.hour_ratio) = (usd(100_000), ratio("0.05"));
            (vault.outflow.day_min, vault.outflow.day_ratio) = (usd(300_000), ratio("0.15"));
        })
        .build();
    world.advance(YEAR);
    world.refresh().done();
    let (before, mut frozen) = (world.balance("eve").atoms() as i128, false);
    for _ in 0..36 {
        let _ = world.withdraw("eve", usd(400_000));
        let parked = VaultMsg::CollectParked(ParkedId { account: world.account_id("eve"), liquidity: false });
        let _ = world.send("keeper", Code::Vault, &parked, Amount::ZERO);
        world.advance(600);
        world.refresh().done();
        if !window_is_over && !frozen {
            world.council_restrict(Scope::All, Level::Frozen, 6 * HOUR).done();
            frozen = true;
        }
    }
    world.balance("eve").atoms() as i128 - before
}

#[test]
fn a_year_of_silence_takes_no_pause_away() {
    //
    let (unstopped, stopped) = (taken(true), taken(false));
    assert!(stopped > 0 && 2 * stopped < unstopped, "{stopped} {unstopped}");
    figures(
        "Balancer 2025-11-03, expired pause",
        &format!("{} left within six hours", units(unstopped)),
        &format!("{} left before the freeze, 0 after it", units(stopped)),
    );
}
