//! Parameters: set by the owner, which is the guardian, which has a timelock.

use crate::check::Done;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::exit_reserve;
use crate::state::{CONFIG, MARKETS, MARKET_CONFIGS};
use crate::validate;
use crate::waterfall::cut_unvested;
use cosmwasm_std::{Deps, DepsMut, Env, Event, MessageInfo, Response};
use firebreak_messages::derivatives_vault::{
    ContestedCut, MarketConfig, MarketConfigured, MarketContested, MarketState, StoredMarketConfig, VaultConfig,
    VaultParameters, CONTEST_MAX_SECONDS,
};
use firebreak_messages::{time, MarketId, MARKETS_MAX};
use firebreak_risk::{Amount, CapRamp, Price, Ratio, Side, SignedRatio, Vesting};

pub(super) fn ensure_owner(config: &VaultConfig, info: &MessageInfo) -> Result<(), ContractError> {
    if info.sender.as_str() == config.owner {
        return Ok(());
    }
    Err(ContractError::Unauthorized { wanted: config.owner.clone(), found: info.sender.to_string() })
}

#[inline(never)]
pub fn configure(
    deps: DepsMut,
    env: &Env,
    info: MessageInfo,
    parameters: VaultParameters,
) -> Result<Response, ContractError> {
    let mut config = CONFIG.load(deps.storage)?;
    ensure_owner(&config, &info)?;
    let parameters = validate::vault_parameters(parameters)?;
    exit_reserve::keep(deps.storage, time::now(env), &config.parameters, &parameters)?;
    config.parameters = parameters;
    CONFIG.save(deps.storage, &config)?;
    Ok(Response::new())
}

#[inline(never)]
pub fn configure_market(
    mut deps: DepsMut,
    env: &Env,
    info: MessageInfo,
    market: MarketId,
    config: MarketConfig,
) -> Result<Response, ContractError> {
    ensure_owner(&CONFIG.load(deps.storage)?, &info)?;
    if MARKET_CONFIGS.has(deps.storage, market.0) {
        // What has run until now is charged by the parameters under which it ran.
        let mut desk = Desk::open(deps.as_ref(), env)?;
        desk.load_market(deps.as_ref(), market)?;
        let now = desk.now;
        let open = desk.market_mut(market)?;
        let until = open.state.vesting.anchored_at;
        open.state.vesting.stop_until(now, open.config.vesting_half_life_seconds, until)?;
        open.mark_changed();
        desk.close_step()?;
        desk.save(deps.branch().storage)?;
    }
    let event = set_market(deps, env, market, config, Opening::Ramped)?;
    Ok(Response::new().add_event(event))
}

/// Stops the vesting of a market's realised profits until a time, or starts it again. What was paid out stays paid out.
#[inline(never)]
pub fn contest_market(
    deps: Deps,
    mut desk: Desk,
    info: MessageInfo,
    market: MarketId,
    until: u64,
) -> Result<Done, ContractError> {
    ensure_owner(&desk.config, &info)?;
    let latest = desk.now.saturating_add(CONTEST_MAX_SECONDS);
    if until > latest {
        let wanted = format!("at most {latest}");
        return Err(ContractError::OutOfBounds { what: "until", wanted, found: until.to_string() });
    }
    desk.load_market(deps, market)?;
    let now = desk.now;
    let open = desk.market_mut(market)?;
    // Who contests for a short time does not end a longer contest; a time that is over does.
    let until = if until > now { until.max(open.state.vesting.anchored_at) } else { now };
    open.state.vesting.stop_until(now, open.config.vesting_half_life_seconds, until)?;
    open.mark_changed();
    desk.events.push(MarketContested { market, until }.into());
    Ok(Done::new(desk))
}

/// The ruling on a contested market: what no margin counts of its unvested profit is the pool's.
///
/// Errors: [`ContractError::OutOfBounds`] where it is not contested.
#[inline(never)]
pub fn cut_contested(deps: Deps, mut desk: Desk, info: MessageInfo, market: MarketId) -> Result<Done, ContractError> {
    ensure_owner(&desk.config, &info)?;
    desk.load_market(deps, market)?;
    let (now, all) = (desk.now, desk.pool.unvested);
    let ends_at = desk.market(market)?.state.vesting.anchored_at;
    if ends_at <= now {
        let (what, wanted) = ("end of the contest", "to come".into());
        return Err(ContractError::OutOfBounds { what, wanted, found: ends_at.to_string() });
    }
    let amount = cut_unvested(&mut desk, market, all)?;
    desk.events.push(ContestedCut { market, amount }.into());
    Ok(Done::new(desk))
}

/// How a new market's cap starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// With the vault itself, when nobody's money is in it.
    Full,
    /// At zero, next to other markets' money.
    Ramped,
}

/// Adds a market or replaces its parameters. A raised cap ramps from where it stands, a lower one acts at once.
///
/// A market keeps its feed for good, here and at the breaker: whose word a price is, is changed at the oracle (`SetFeed`).
///
/// Errors: another feed; a skew scale that changes under open interest, which would move every position's value without a
/// price; parameters out of bounds.
#[inline(never)]
pub fn set_market(
    deps: DepsMut,
    env: &Env,
    id: MarketId,
    config: MarketConfig,
    opening: Opening,
) -> Result<Event, ContractError> {
    let config = validate::market_config(config)?;
    let now = time::now(env);
    let target = config.open_interest_max;
    let ramp = if let Some(stored) = MARKET_CONFIGS.may_load(deps.storage, id.0)? {
        let before = stored.config;
        let state = MARKETS.load(deps.storage, id.0)?;
        let open = state.has_open_interest()?;
        if let Some(settlement) = state.settlement {
            return Err(ContractError::SettlementScheduled { market: id, at: settlement.at });
        }
        if before.feed != config.feed {
            return Err(ContractError::FeedFixed { market: id, wanted: before.feed, found: config.feed });
        }
        if open && before.skew_scale != config.skew_scale {
            return Err(ContractError::MarketInUse { market: id, what: "the skew scale" });
        }
        // What the cap has reached was reached at the pace of before.
        stored.ramp.towards(before.open_interest_max, before.cap_ramp_daily, target, now)?
    } else {
        let mut vault = CONFIG.load(deps.storage)?;
        if vault.markets.len() >= MARKETS_MAX {
            return Err(ContractError::TooManyMarkets { max: MARKETS_MAX });
        }
        vault.markets.push(id);
        vault.markets.sort_unstable();
        CONFIG.save(deps.storage, &vault)?;
        let state = MarketState {
            long: Side::new(),
            short: Side::new(),
            funding_rate: SignedRatio::ZERO,
            borrow_rate: Ratio::ZERO,
            accrued_at: now,
            mark_price: Price::ZERO,
            mark_round: 0,
            mark_skew: firebreak_risk::Size::ZERO,
            traded_notional: Amount::ZERO,
            liquidated_notional: Amount::ZERO,
            flow_trades: 0,
            flow_notional: Amount::ZERO,
            open_notional: Amount::ZERO,
            vesting: Vesting::new(time::now(env)),
            settlement: None,
            health_cursor: 0,
            closed_owed: Amount::ZERO,
            closed_due: Amount::ZERO,
            freeze: None,
        };
        MARKETS.save(deps.storage, id.0, &state)?;
        match opening {
            Opening::Full => CapRamp { from: target, since: now },
            Opening::Ramped => CapRamp::from_zero(now),
        }
    };
    let symbol = config.symbol.clone();
    MARKET_CONFIGS.save(deps.storage, id.0, &StoredMarketConfig { config, ramp })?;
    Ok(MarketConfigured { market: id, symbol }.into())
}
