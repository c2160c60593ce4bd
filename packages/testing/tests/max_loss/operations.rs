//! Harmful operations that a thief with the proposers' keys might schedule.

use crate::own_feeders::named;
use crate::stage::*;
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, Scope};
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, MarketConfig};
use firebreak_messages::guardian::{Call, Delays, ExecuteMsg, OperationScheduled};
use firebreak_messages::insurance_fund::{ConfigResponse, ExecuteMsg as FundMsg, FundConfig, QueryMsg as FundQuery};
use firebreak_messages::Source;
use firebreak_risk::{Amount, Level, Phase, Posture, Ratio, Size};
use firebreak_testing::*;

pub use crate::own_feeders::hers;

/// What the thief remembers of an operation.
#[derive(Debug, Clone, Copy)]
pub struct Scheduled {
    pub operation: u64,
    pub ready_at: u64,
    pub names_feeders: bool,
}

/// One of them, if the guardian takes it.
pub fn any(world: &mut World, dice: &mut Dice) -> Option<Scheduled> {
    let (calls, names_feeders) = match dice.below(16) {
        0 | 1 => (named(world), true),
        2..=4 => (vec![inject(world, usd(*dice.pick(&[10_000, 100_000, 1_000_000])))], false),
        5..=7 => (vec![market(world, dice)], false),
        8..=10 => (vec![vault(world, dice)], false),
        11 => (vec![fund(world)], false),
        12 | 13 => (vec![breaker(world, dice)], false),
        14 => (vec![guardian(world, dice)], false),
        _ => (vec![market(world, dice), inject(world, usd(1_000_000)), vault(world, dice)], false),
    };
    let scheduled = world.schedule(calls).0.ok()?;
    let OperationScheduled { operation, ready_at, .. } = scheduled.fact();
    Some(Scheduled { operation, ready_at, names_feeders })
}

fn inject(world: &World, amount: Amount) -> Call {
    let vault = world.addresses.derivatives_vault.to_string();
    world.call(Code::Insurance, &FundMsg::Inject { vault, amount })
}

fn market(world: &World, dice: &mut Dice) -> Call {
    let id = *dice.pick(&[BTC, ETH]);
    let mut config: MarketConfig = world.market(id).config;
    match dice.below(6) {
        0 => {
            (config.margin.initial_margin_ratio, config.margin.maintenance_scalar) = (Ratio::ONE, ratio("0.99"));
            (config.liquidation.penalty_ratio, config.vesting_half_life_seconds) = (ratio("0.98"), 0);
        }
        1 => config.vesting_half_life_seconds = 0,
        2 => config.taker_fee_ratio = ratio("0.049"),
        3 => (config.funding.velocity_max, config.funding.rate_max) = (ratio("3"), ratio("1")),
        4 => config.open_interest_max = Size::from_atoms(1),
        _ => config.insurance_ratio_min = Ratio::ONE,
    }
    world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: id, config })
}

fn vault(world: &World, dice: &mut Dice) -> Call {
    let now = world.now();
    let msg = match dice.below(5) {
        0 => {
            let mut parameters = world.setup().vault.clone();
            (parameters.outflow.hour_ratio, parameters.outflow.day_ratio) = (Ratio::ONE, Ratio::ONE);
            VaultMsg::Configure { parameters }
        }
        1 => {
            let mut parameters = world.setup().vault.clone();
            (parameters.lp_cooldown_seconds, parameters.uncollected_share) = (60, Ratio::ONE);
            VaultMsg::Configure { parameters }
        }
        2 => VaultMsg::ContestMarket { market: BTC, until: now + 7 * DAY },
        3 => VaultMsg::CutContested(BTC),
        _ => VaultMsg::SettleVault { at: now + world.setup().delays.code + 3 * HOUR },
    };
    world.call(Code::Vault, &msg)
}

fn fund(world: &World) -> Call {
    let found: ConfigResponse = world.query(Code::Insurance, &FundQuery::Config {});
    let config = FundConfig { cover_share_max: Ratio::ONE, inject_share_max: Ratio::ONE, ..found.config };
    world.call(Code::Insurance, &FundMsg::Configure { config })
}

fn breaker(world: &World, dice: &mut Dice) -> Call {
    let phases = |level, seconds| vec![Phase { until: world.now() + seconds, posture: Posture::preset(level) }];
    let restrict = |phases| BreakerMsg::Restrict { scope: Scope::All, source: Source::Governance, phases, incident: 0 };
    let msg = match dice.below(4) {
        0 => restrict(phases(Level::ReduceOnly, 6 * DAY)),
        1 => restrict(phases(Level::Frozen, DAY)),
        2 => BreakerMsg::Lift { scope: Scope::All, source: *dice.pick(&[Source::Council, Source::Procedure]) },
        _ => {
            let mut guard = world.setup().guards[0].clone();
            guard.config.rules.clear();
            BreakerMsg::SetMarket { market: guard.market, config: guard.config }
        }
    };
    world.call(Code::Breaker, &msg)
}

fn guardian(world: &World, dice: &mut Dice) -> Call {
    let msg = match dice.below(3) {
        0 => ExecuteMsg::SetDelays { delays: Delays { parameters: HOUR, roles: DAY, code: DAY } },
        1 => ExecuteMsg::RemovePlaybook { playbook: "price-crash".into() },
        _ => ExecuteMsg::SetPlaybook(world.template(BTC, "orderly-wind-down")),
    };
    world.call(Code::Guardian, &msg)
}
