//! First prices, a provider, first-loss capital, a staker, three traders. Then a day passes.

use super::scene::{the, Scene};
use firebreak_messages::derivatives_vault::{CollateralAdded, ExecuteMsg as Vault, LiquidityProvided};
use firebreak_messages::event::Fact;
use firebreak_messages::insurance_fund::{ExecuteMsg as Fund, FirstLossAdded, Staked};
use firebreak_messages::oracle::{RoundPublished, Validity};
use firebreak_risk::{FundShares, Level, PoolShares};
use firebreak_testing::{price, usd, BTC};

pub fn tell(scene: &mut Scene) {
    prices_come_in(scene);
    capital_comes_in(scene);
    traders_come_in(scene);
    // What the fund pays within a window of a day counts fresh coins little by little.
    scene.advance(86_400);
}

fn prices_come_in(scene: &mut Scene) {
    assert_eq!(scene.reads().status(BTC).price, None);
    let events = scene.price("60000", "3000");
    let rounds = RoundPublished::all(&events);
    let found: Vec<_> = rounds.iter().map(|round| (round.feed.0, round.round, round.price, round.validity)).collect();
    assert_eq!(found, [(1, 1, price("60000"), Validity::Valid), (2, 1, price("3000"), Validity::Valid)]);
    assert_eq!(super::enforced(&events), []);
    assert_eq!(scene.reads().status(BTC).effective.posture.level, Level::Normal);
}

fn capital_comes_in(scene: &mut Scene) {
    let events = scene.done("lp", Vault::ProvideLiquidity { shares_min: PoolShares::ZERO }, usd(1_000_000));
    let provided = the::<LiquidityProvided>(&events);
    assert_eq!(provided.amount, usd(1_000_000));
    assert_eq!(scene.reads().pool().pool.shares, provided.shares);

    let events = scene.done("treasury", Fund::AddFirstLoss {}, usd(1_000));
    assert_eq!(the::<FirstLossAdded>(&events).first_loss, usd(1_000));
    let events = scene.done("lp", Fund::Stake { shares_min: FundShares::ZERO }, usd(1_500));
    assert_eq!(the::<Staked>(&events).amount, usd(1_500));
    assert_eq!(scene.reads().coins(&scene.chain().suite().insurance_fund), usd(2_500));
}

fn traders_come_in(scene: &mut Scene) {
    for (actor, collateral) in [("alice", 20_000), ("bob", 20_000), ("carol", 6_000)] {
        let before = scene.reads().coins_of(actor);
        let message = Vault::AddCollateral { account: None, subaccount: 0 };
        let events = scene.done(actor, message, usd(collateral));
        let added = the::<CollateralAdded>(&events);
        assert_eq!((added.account, added.amount), (scene.account(actor), usd(collateral)));
        assert_eq!(before.atoms() - scene.reads().coins_of(actor).atoms(), usd(collateral).atoms());
    }
    let vault = scene.reads().coins(&scene.chain().suite().derivatives_vault);
    assert_eq!(vault, usd(1_046_000));
}
