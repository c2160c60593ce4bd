//! Paying deficits.

use crate::check::{Done, Payment};
use crate::error::ContractError;
use crate::state::{Fund, MarketWindow, StoredConfig, MARKET_WINDOWS};
use crate::window::{Window, WindowRule};
use cosmwasm_std::{to_json_binary, Env, MessageInfo, Response, Storage};
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::insurance_fund::layout::COVERED;
use firebreak_messages::insurance_fund::{CoverResponse, DeficitCovered, FundConfig, Injected, MarketDeficit};
use firebreak_messages::time::now;
use firebreak_messages::{MarketId, MARKETS_MAX};
use firebreak_risk::{Amount, Ratio, RiskResult, Rounding};

/// Pays each deficit less the deductible, in order, up to what the fund holds, what the window of all markets allows and what the market's
/// own window allows; first loss first, then stakers, whose shares lose value together.
///
/// Being short, a deficit of zero and a market named twice are answers. What is paid goes to the sender, a registered
/// vault: there is no field for a receiver, so a wrong one cannot be named.
///
/// Errors: [`ContractError::NotRegistered`], [`ContractError::OutOfBounds`] of more than [`MARKETS_MAX`] deficits.
pub fn cover(
    storage: &mut dyn Storage,
    env: &Env,
    config: &StoredConfig,
    fund: Fund,
    info: &MessageInfo,
    deficits: Vec<MarketDeficit>,
) -> Result<Done, ContractError> {
    let vault = info.sender.to_string();
    if !config.vaults.contains(&vault) {
        return Err(ContractError::NotRegistered { found: vault });
    }
    if deficits.len() > MARKETS_MAX {
        return Err(ContractError::OutOfBounds {
            what: "deficits",
            wanted: format!("at most {MARKETS_MAX}"),
            found: deficits.len().to_string(),
        });
    }
    let mut till = Till::open(storage, &config.config, fund, &vault, now(env))?;
    let mut response = Response::new();
    let (mut paid, mut total) = (Vec::with_capacity(deficits.len()), Amount::ZERO);
    // Bounded by MARKETS_MAX above.
    for MarketDeficit { market, amount: asked } in deficits {
        let Parts { from_first_loss, from_stakers } = till.pay(market, asked)?;
        let amount = from_first_loss.plus(from_stakers)?;
        total = total.plus(amount)?;
        paid.push(MarketDeficit { market, amount });
        response =
            response.add_event(DeficitCovered { vault: vault.clone(), market, asked, from_first_loss, from_stakers });
    }
    let mut fund = till.fund;
    fund.window = till.all;
    let markets: Vec<MarketWindow> = till.markets.into_iter().filter(|record| !record.window.is_full()).collect();
    MARKET_WINDOWS.save(storage, vault.clone(), &markets)?;
    let covered = COVERED.load(storage)?.plus(total)?;
    COVERED.save(storage, &covered)?;
    if !total.is_zero() {
        fund.last_cover_at = now(env);
    }
    let response = response.set_data(to_json_binary(&CoverResponse { paid, total })?);
    Ok(Done { fund, pay: Some(Payment { to: vault, amount: total, msg: None }), response })
}

/// Brings the window of all markets to now, with what the fund held until now. Asked before any message that adds
/// coins: else a stake of a minute would count like one of a week, and lift the cap on what others put in.
///
/// The first coins of all have nothing before them to protect: they count at once.
pub fn keep_window(config: &FundConfig, fund: &mut Fund, now: u64) -> Result<(), ContractError> {
    let content = fund.content()?;
    if !fund.window.is_new() || !content.is_zero() {
        fund.window = of_all(config).at(fund.window, content, now)?;
        fund.inject_window = of_injections(config).at(fund.inject_window, fund.first_loss, now)?;
    }
    Ok(())
}

/// First-loss coins for a registered vault's pool, up to what the tranche and both windows allow; being short is an answer.
///
/// Errors: [`ContractError::NotRegistered`].
pub fn inject(
    env: &Env,
    config: &StoredConfig,
    mut fund: Fund,
    vault: String,
    asked: Amount,
) -> Result<Done, ContractError> {
    if !config.vaults.contains(&vault) {
        return Err(ContractError::NotRegistered { found: vault });
    }
    keep_window(&config.config, &mut fund, now(env))?;
    let amount = asked.min(fund.first_loss).min(fund.window.left).min(fund.inject_window.left);
    fund.window.pay(amount)?;
    fund.inject_window.pay(amount)?;
    fund.first_loss = fund.first_loss.minus(amount)?;
    let fact = Injected { vault: vault.clone(), asked, amount, first_loss: fund.first_loss };
    let msg = Some(to_json_binary(&VaultMsg::Recapitalize {})?);
    Ok(Done { fund, pay: Some(Payment { to: vault, amount, msg }), response: Response::new().add_event(fact) })
}

fn of_injections(config: &FundConfig) -> WindowRule {
    WindowRule { share: config.inject_share_max, window_seconds: config.cover_window_seconds }
}

fn of_all(config: &FundConfig) -> WindowRule {
    WindowRule { share: config.cover_share_max, window_seconds: config.cover_window_seconds }
}

/// What [`cover`] would pay to this vault now for one deficit.
pub fn coverable(
    storage: &dyn Storage,
    config: &FundConfig,
    fund: Fund,
    vault: &str,
    now: u64,
    deficit: MarketDeficit,
) -> Result<Amount, ContractError> {
    let mut till = Till::open(storage, config, fund, vault, now)?;
    let Parts { from_first_loss, from_stakers } = till.pay(deficit.market, deficit.amount)?;
    Ok(from_first_loss.plus(from_stakers)?)
}

/// The records that one cover works on, brought to now.
struct Till {
    fund: Fund,
    all: Window,
    markets: Vec<MarketWindow>,
    /// What a market has that drew nothing lately.
    untouched: Window,
    deductible: Ratio,
}

struct Parts {
    from_first_loss: Amount,
    from_stakers: Amount,
}

impl Till {
    fn open(
        storage: &dyn Storage,
        config: &FundConfig,
        fund: Fund,
        vault: &str,
        now: u64,
    ) -> Result<Self, ContractError> {
        let content = fund.content()?;
        let of_all = of_all(config);
        let of_market = WindowRule { share: config.cover_share_per_market_max, ..of_all };
        let all = of_all.at(fund.window, content, now)?;
        let mut markets = MARKET_WINDOWS.may_load(storage, vault.into())?.unwrap_or_default();
        // Bounded by MARKETS_MAX.
        for record in &mut markets {
            record.window = of_market.at(record.window, content, now)?;
        }
        markets.retain(|record| !record.window.is_full());
        Ok(Self {
            all,
            markets,
            untouched: of_market.untouched(of_all, all, content)?,
            deductible: config.deductible_ratio,
            fund,
        })
    }

    fn pay(&mut self, market: MarketId, asked: Amount) -> RiskResult<Parts> {
        let untouched = self.untouched;
        let position = self.markets.iter().position(|record| record.market == market);
        if position.is_none() {
            // The bound: a vault has at most MARKETS_MAX markets, so only a broken one gets here, and gets nothing.
            if self.markets.len() >= MARKETS_MAX {
                return Ok(Parts { from_first_loss: Amount::ZERO, from_stakers: Amount::ZERO });
            }
            self.markets.push(MarketWindow { market, window: untouched });
        }
        let record = match position {
            Some(position) => self.markets.get_mut(position),
            None => self.markets.last_mut(),
        };
        let Some(MarketWindow { window, .. }) = record else {
            return Ok(Parts { from_first_loss: Amount::ZERO, from_stakers: Amount::ZERO });
        };
        let insured = asked.minus(asked.times(self.deductible, Rounding::Ceil)?)?;
        let amount = insured.min(self.fund.content()?).min(self.all.left).min(window.left);
        self.all.pay(amount)?;
        window.pay(amount)?;
        let from_first_loss = amount.min(self.fund.first_loss);
        let from_stakers = amount.minus(from_first_loss)?;
        self.fund.first_loss = self.fund.first_loss.minus(from_first_loss)?;
        self.fund.staked = self.fund.staked.minus(from_stakers)?;
        Ok(Parts { from_first_loss, from_stakers })
    }
}
