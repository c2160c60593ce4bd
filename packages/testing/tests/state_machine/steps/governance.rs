//! Everything that only the timelock may: proposed by the DAO's multisig, voted, scheduled, executed after its delay.

use crate::machine::Machine;
use crate::steps::procedure::CANDIDATE;
use cosmwasm_std::Binary;
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, Scope, SignalConfig};
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::{Call, ExecuteMsg, Role};
use firebreak_messages::insurance_fund::ExecuteMsg as FundMsg;
use firebreak_messages::oracle::{ExecuteMsg as OracleMsg, HookConfig};
use firebreak_messages::Source;
use firebreak_risk::{Level, Phase, Posture, Ratio};
use firebreak_testing::*;
use serde::Serialize;

fn govern(m: &mut Machine, to: Code, msg: &impl Serialize) -> bool {
    use firebreak_messages::guardian::OperationExecuted;
    let call = m.world.call(to, msg);
    m.world.govern(vec![call]).0.is_ok_and(|outcome| outcome.has::<OperationExecuted>())
}

/// Another fee and another cap, both inside the bounds.
pub fn market(m: &mut Machine) -> bool {
    let market = m.market();
    let setup = m.world.setup().markets.iter().find(|setup| setup.market == market);
    let Some(mut config) = setup.map(|setup| setup.config.clone()) else { return false };
    config.taker_fee_ratio = Ratio::from_basis_points(m.dice.between(1, 20) as u32);
    let part = m.dice.between(50, 100) as i128;
    config.open_interest_max = firebreak_risk::Size::from_atoms(config.open_interest_max.atoms() * part / 100);
    govern(m, Code::Vault, &VaultMsg::ConfigureMarket { market, config })
}

pub fn vault(m: &mut Machine) -> bool {
    let mut parameters = m.world.setup().vault.clone();
    let share = m.dice.between(0, 50) as u32;
    parameters.insurance_fee_share = Ratio::percent(share);
    parameters.insurance_fee_share_max = Some(Ratio::percent(share + m.dice.between(0, 50) as u32));
    parameters.grace_seconds = m.dice.between(60, 3_600) as u64;
    parameters.withdrawal_margin_ratio = Ratio::percent(m.dice.between(0, 30) as u32);
    govern(m, Code::Vault, &VaultMsg::Configure { parameters })
}

pub fn contest(m: &mut Machine) -> bool {
    let market = m.market();
    let hours = m.dice.between(1, 260) as u64;
    // Mostly of no contested market, which is refused.
    if hours > 200 {
        return govern(m, Code::Vault, &VaultMsg::CutContested(market));
    }
    let until = m.world.now() + 3_600 * hours;
    govern(m, Code::Vault, &VaultMsg::ContestMarket { market, until })
}

/// There is no way back, so not often, and mostly the smaller market.
pub fn settle_market(m: &mut Machine) -> bool {
    if !m.dice.one_in(2) {
        return false;
    }
    let market = if m.dice.one_in(4) { BTC } else { ETH };
    let at = m.world.now() + m.world.setup().delays.code + m.dice.between(3_700, 9_000) as u64;
    govern(m, Code::Vault, &VaultMsg::SettleMarket { market, at })
}

pub fn settle_vault(m: &mut Machine) -> bool {
    if !m.dice.one_in(3) {
        return false;
    }
    let at = m.world.now() + m.world.setup().delays.code + m.dice.between(3_700, 9_000) as u64;
    govern(m, Code::Vault, &VaultMsg::SettleVault { at })
}

pub fn feed(m: &mut Machine) -> bool {
    let market = m.market();
    let setup = m.world.setup().feeds.iter().find(|setup| setup.feed == feed_of(market));
    let Some(mut config) = setup.map(|setup| setup.config.clone()) else { return false };
    config.dispersion_max = Ratio::from_basis_points(m.dice.between(50, 200) as u32);
    govern(m, Code::Oracle, &OracleMsg::SetFeed { feed: feed_of(market), config })
}

/// The hook as the bootstrap set it.
pub fn hook_of_now(m: &Machine) -> OracleMsg {
    let contract = m.world.addresses.circuit_breaker.to_string();
    OracleMsg::SetHook { hook: Some(HookConfig { contract, gas_limit: m.world.setup().gas.breaker }) }
}

/// Now and then nobody is told of prices, until somebody evaluates or the next operation.
pub fn hook(m: &mut Machine) -> bool {
    let msg = if m.dice.one_in(3) { OracleMsg::SetHook { hook: None } } else { hook_of_now(m) };
    govern(m, Code::Oracle, &msg)
}

pub fn rules(m: &mut Machine) -> bool {
    let market = m.market();
    let setup = m.world.setup().guards.iter().find(|setup| setup.market == market);
    let Some(mut config) = setup.map(|setup| setup.config.clone()) else { return false };
    config.rules[0].window_seconds = 60 * m.dice.between(2, 20) as u64;
    govern(m, Code::Breaker, &BreakerMsg::SetMarket { market, config })
}

/// Other people hear less of silence; keys stay, and with them what is known of them.
pub fn observers(m: &mut Machine) -> bool {
    let mut config = crate::watch::observers();
    config.heartbeat_seconds = 60 * m.dice.between(1, 100) as u64;
    govern(m, Code::Breaker, &BreakerMsg::SetObservers { config })
}

pub fn restrict(m: &mut Machine) -> bool {
    let scope = Scope::Market(m.market());
    // The delay comes first.
    let until = m.world.now() + m.world.setup().delays.code + m.dice.between(100, 20_000) as u64;
    let phases = vec![Phase { until, posture: Posture::preset(Level::Guarded) }];
    govern(m, Code::Breaker, &BreakerMsg::Restrict { scope, source: Source::Governance, phases, incident: 0 })
}

pub fn lift(m: &mut Machine) -> bool {
    let market = m.market();
    let scope = if m.dice.one_in(3) { Scope::All } else { Scope::Market(market) };
    let source = *m.dice.pick(&[Source::Council, Source::Governance, Source::Band]);
    govern(m, Code::Breaker, &BreakerMsg::Lift { scope, source })
}

pub fn signal(m: &mut Machine) -> bool {
    let contract = m.world.addresses.guardian.to_string();
    let guardian = Some(SignalConfig { contract, gas_limit: m.world.setup().gas.guardian });
    govern(m, Code::Breaker, &BreakerMsg::SetGuardian { guardian })
}

pub fn fund(m: &mut Machine) -> bool {
    let mut config = m.world.setup().fund.clone();
    config.fee_share_stakers = Ratio::percent(m.dice.between(0, 100) as u32);
    govern(m, Code::Insurance, &FundMsg::Configure { config })
}

pub fn inject(m: &mut Machine) -> bool {
    let vault = m.world.addresses.derivatives_vault.to_string();
    let amount = usd(m.dice.between(1, 10_000) as u64);
    govern(m, Code::Insurance, &FundMsg::Inject { vault, amount })
}

pub fn register(m: &mut Machine) -> bool {
    let vault = m.world.another_vault().to_string();
    govern(m, Code::Insurance, &FundMsg::RegisterVault { vault })
}

pub fn unregister(m: &mut Machine) -> bool {
    let vault = m.world.another_vault().to_string();
    govern(m, Code::Insurance, &FundMsg::UnregisterVault { vault })
}

pub fn propose_role(m: &mut Machine) -> bool {
    let candidate = m.world.address(CANDIDATE).to_string();
    govern(m, Code::Guardian, &ExecuteMsg::ProposeRole { role: Role::Proposer, candidate, replaces: None })
}

pub fn revoke_role(m: &mut Machine) -> bool {
    let address = m.world.address(CANDIDATE).to_string();
    govern(m, Code::Guardian, &ExecuteMsg::RevokeRole { role: Role::Proposer, address })
}

pub fn delays(m: &mut Machine) -> bool {
    let delays = m.world.setup().delays.clone();
    govern(m, Code::Guardian, &ExecuteMsg::SetDelays { delays })
}

pub fn council(m: &mut Machine) -> bool {
    if m.world.is_broken(Code::Guardian) {
        return false;
    }
    let council = m.world.council().config;
    govern(m, Code::Guardian, &ExecuteMsg::SetCouncil { council })
}

/// Mostly the same people, so that whoever sends the council's messages sends them after the takeover too.
pub fn another_council(m: &mut Machine) -> bool {
    if m.world.is_broken(Code::Guardian) {
        return false;
    }
    let hooked = !m.dice.one_in(4);
    let group = m.world.another_group(&["council-0", "council-1", "council-2", "council-4"], hooked).to_string();
    let council = firebreak_messages::guardian::CouncilConfig { group, ..m.world.council().config };
    govern(m, Code::Guardian, &ExecuteMsg::SetCouncil { council })
}

/// Each contract to the code that it has: what must survive is the state.
pub fn migrate(m: &mut Machine) -> bool {
    use firebreak_messages::guardian::OperationExecuted;
    let code = *m.dice.pick(&[Code::Oracle, Code::Breaker, Code::Insurance, Code::Vault, Code::Guardian]);
    let contract = m.world.addresses.of(code).to_string();
    let call = Call::Migrate { contract, code_id: m.world.code_id(code), msg: Binary::from(b"{}") };
    m.world.govern(vec![call]).0.is_ok_and(|outcome| outcome.has::<OperationExecuted>())
}
