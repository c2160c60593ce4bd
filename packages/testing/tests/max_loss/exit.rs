//! The honest ones who want to trade, and out: what they try, hour after hour, and since when they could.

use crate::stage::*;
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, OrderFilled, ParkedId};
use firebreak_risk::{Amount, Level, PoolShares};
use firebreak_testing::*;

/// How long somebody waited: seconds from the beginning to the last try that failed, a little less than the truth.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waited {
    pub failed: u64,
    pub over: bool,
}

impl Waited {
    fn tried(&mut self, now: u64, went: bool) {
        if !self.over {
            self.over = went;
            self.failed = if went { self.failed } else { now };
        }
    }
}

/// A trader with a position and free collateral, and a provider who asked at the beginning.
pub struct Honest {
    begun: u64,
    /// The longest time without a fill, and the last one.
    pub frozen: u64,
    filled_at: u64,
    waits_for_fill: bool,
    pub trader: Waited,
    asked: bool,
    wallets: [Amount; 2],
    pub provider: Waited,
}

impl Honest {
    pub fn begin(world: &mut World) -> Self {
        ask(world);
        let (now, wallets) = (world.now(), ["alice", "lp"].map(|name| world.balance(name)));
        Self {
            begun: now,
            frozen: 0,
            filled_at: now,
            waits_for_fill: false,
            trader: Waited::default(),
            asked: false,
            wallets,
            provider: Waited::default(),
        }
    }

    /// Everybody tries at this moment and, where it needs a price after it, at the next ones.
    pub fn try_all(&mut self, world: &mut World, spoken: bool) {
        if spoken {
            let _ = world.refresh();
        }
        let at = world.now() - self.begun;
        let out = self.takes_out(world);
        self.trader.tried(at, out);
        self.claims(world);
        if !self.waits_for_fill {
            self.waits_for_fill = world.place_reduce("alice", BTC, size("-0.01")).is_done();
        }
        world.advance(world.setup().vault.order_delay_seconds);
        let (mut filled, mut paid) = (false, self.provider.over);
        for round in 0..ROUNDS {
            if spoken {
                let _ = world.refresh();
            }
            filled |= world.execute(BTC).0.is_ok_and(|outcome| outcome.has::<OrderFilled>());
            paid |= self.is_paid(world);
            // No round changes what a level bars.
            let level = world.effective(BTC).posture.level;
            let barred = !spoken || level >= Level::Frozen || (filled && level >= Level::ReduceOnly);
            if (filled && paid) || (round > 0 && barred) {
                break;
            }
        }
        if filled {
            (self.filled_at, self.waits_for_fill) = (world.now(), false);
        }
        self.frozen = self.frozen.max(world.now() - self.filled_at);
        self.provider.tried(at, paid);
    }

    pub fn is_over(&self) -> bool {
        self.trader.over && self.provider.over
    }

    fn takes_out(&mut self, world: &mut World) -> bool {
        if self.trader.over {
            return true;
        }
        self.asked = self.asked || world.withdraw("alice", usd(5_000)).is_done();
        if world.balance("alice") <= self.wallets[0] {
            collect(world, "alice", false);
        }
        world.balance("alice") > self.wallets[0]
    }

    /// As soon as the request is mature, and anew when it was returned.
    fn claims(&mut self, world: &mut World) {
        let now = world.now();
        match world.provider("lp").requests.first() {
            Some(request) if request.claim.is_none() && request.matures_at <= now && now <= request.expires_at => {
                let _ = world.claim_withdrawal("lp", request.request);
            }
            Some(request) if request.claim.is_none() && now > request.expires_at => {
                let _ = world.cancel_withdrawal("lp", request.request);
                ask(world);
            }
            Some(_) => {}
            None if self.provider.over => {}
            None => ask(world),
        }
    }

    fn is_paid(&self, world: &mut World) -> bool {
        let _ = world.execute_claims();
        collect(world, "lp", true);
        // More than a fee that came back.
        self.provider.over || world.balance("lp") > self.wallets[1].plus(usd(1_000)).unwrap()
    }
}

/// A hundredth: what open interest needs of the pool's coins stays.
fn ask(world: &mut World) {
    let shares = PoolShares::from_atoms(world.provider("lp").shares.atoms() / 100);
    let _ = world.request_withdrawal("lp", shares);
}

fn collect(world: &mut World, name: &str, liquidity: bool) {
    let id = ParkedId { account: world.account_id(name), liquidity };
    let _ = world.send("keeper", Code::Vault, &VaultMsg::CollectParked(id), Amount::ZERO);
}

/// After a gap some fresh rounds must come before everything goes on, where a procedure has asked for it.
const ROUNDS: u32 = 10;
/// Between two tries.
pub const TRY_SECONDS: u64 = HOUR;
