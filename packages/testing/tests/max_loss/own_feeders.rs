//! Thieves who wait the timelock out and name feeders of their own, whom nobody cancels.

use crate::settlement::{end_at, her_price};
use crate::stage::*;
use crate::thieves::{both_sides, both_sides_and_the_pool, long_as_far_as_it_goes};
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::{Call, OperationScheduled};
use firebreak_messages::oracle::{ExecuteMsg as OracleMsg, FeedConfig, Feeder};
use firebreak_testing::*;

pub fn hers(index: usize) -> String {
    format!("thief-feeder-{index}")
}

/// Every feed as it is, said by others.
pub fn named(world: &World) -> Vec<Call> {
    let feeds = world.setup().feeds.clone();
    let calls = feeds.into_iter().map(|setup| {
        let feeders = setup.config.feeders.iter().enumerate();
        let feeders =
            feeders.map(|(index, feeder)| Feeder { address: world.address(&hers(index)).into(), ..feeder.clone() });
        let config = FeedConfig { feeders: feeders.collect(), ..setup.config.clone() };
        world.call(Code::Oracle, &OracleMsg::SetFeed { feed: setup.feed, config })
    });
    calls.collect()
}

/// After a `roles` delay the price is hers. From then on who is called a feeder is one of hers. When.
pub fn install(world: &mut World) -> u64 {
    let calls = named(world);
    let scheduled = world.schedule(calls).fact::<OperationScheduled>();
    world.advance_to(scheduled.ready_at);
    world.execute_operation(scheduled.operation).done();
    let set_at = world.now();
    // The honest ones are strangers now.
    assert!(!world.refresh().is_done());
    for index in 0..world.setup().feeders {
        world.replace(&format!("feeder-{index}"), &hers(index));
    }
    world.refresh().done();
    set_at
}

/// Proposers and cancellers: what stolen feeders do, a delay later.
pub fn and_the_pool(world: &mut World, seconds: u64) {
    let until = world.now() + seconds;
    install(world);
    let left = until - world.now();
    both_sides_and_the_pool(world, left);
}

/// Proposers and cancellers: the same up to a long position, and the end of the vault, scheduled before anything else, at her price.
pub fn and_the_end(world: &mut World, seconds: u64) {
    let until = world.now() + seconds;
    let at = until - HOUR;
    let end = world.call(Code::Vault, &VaultMsg::SettleVault { at });
    let end = world.schedule(vec![end]).fact::<OperationScheduled>();
    install(world);
    both_sides(world, seconds);
    long_as_far_as_it_goes(world, end.ready_at);
    // The feeds are a `roles` delay old by then.
    world.advance_to(end.ready_at + 2 * HOUR);
    world.refresh().done();
    world.execute_operation(end.operation).done();
    let hers = her_price(world);
    end_at(world, at, hers);
}
