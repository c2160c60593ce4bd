//! The story of one venue: capital, trading, a crash, and what the suite makes of it.
//!
//! Every chapter takes the scene as the one before it has left it and asserts its own facts, figures and refusals. The
//! figures follow from the parameters of two markets, bitcoin at 60,000 and ether at 3,000: 20x, maintenance half of that,
//! a taker fee of 0.05 %, a skew scale of 50,000 BTC (one bitcoin of skew moves the fill price by 0.002 %).

mod capital;
mod council;
mod crash;
mod governance;
mod liquidation;
mod liquidity;
mod reopening;
mod scene;
mod trading;

pub use scene::Scene;

use crate::chain::Chain;
use crate::summary::Summary;
use cosmwasm_std::Event;
use firebreak_messages::circuit_breaker::{RuleMode, RuleTripped};
use firebreak_messages::event::Fact;

/// Block time at which the story begins and the suite is bootstrapped, seconds since 1970.
pub const BEGIN: u64 = 1_700_000_000;

/// Tells it. Panics where the chain does otherwise.
pub fn tell(chain: &mut dyn Chain) -> Summary {
    // Both chains tell it with the same figures. A clock that stands is a millisecond on with each block: a thousand blocks
    // before the story are a second too many.
    assert_eq!(chain.now(), BEGIN, "the story begins at a fixed second");
    let mut scene = Scene::new(chain);
    scene.chapter("capital", capital::tell);
    scene.chapter("trading", trading::tell);
    scene.chapter("crash", crash::tell);
    scene.chapter("liquidation", liquidation::tell);
    let requests = scene.chapter("a provider asks to leave", |scene| [(); 2].map(|()| liquidity::request(scene)));
    scene.chapter("re-opening", reopening::tell);
    scene.chapter("the provider leaves", |scene| liquidity::claim(scene, &requests[0]));
    scene.chapter("council", |scene| council::tell(scene, &requests[1]));
    scene.chapter("governance", governance::tell);
    scene.end()
}

/// What restricting rules answered; the others only write down what they would have.
fn enforced(events: &[Event]) -> Vec<RuleTripped> {
    RuleTripped::all(events).into_iter().filter(|tripped| tripped.mode == RuleMode::Enforce).collect()
}
