//! What stolen keys can cost at most: figures of vault, fund and guardian, as they are now, for `firebreak_risk::max_loss`.
//!
//! A query only.

use crate::changes::is_stale;
use crate::error::ContractError;
use crate::harm::Direction;
use crate::json::message_name;
use crate::present::{answer, only_tightens, text, told};
use crate::state::{Approved, ARMED, COUNCIL, COUNCIL_CANDIDATE, DELAYS, PLAYBOOKS, SENTINELS, SUITE};
use crate::written::{decimal, inside, items, parameters_of, sets_nothing_new};
use cosmwasm_std::{from_json, to_json_binary, Deps, Env};
use firebreak_messages::guardian::{CouncilConfig, SignalTrigger, Step, SuiteResponse};
use firebreak_messages::time::now;
use firebreak_messages::{derivatives_vault, insurance_fund, RuleId};
use firebreak_risk::{
    max_loss, skew_premium, Amount, Barriers, Injection, Level, MaxLoss, OutflowParams, Playbooks, Price, Ratio,
    RiskError, SignedAmount, SignedRatio, Size, Stakes, Stolen, REACTION_SECONDS,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Of each answer what is needed; the rest is not read.
#[derive(Deserialize)]
struct VaultConfigAnswer {
    config: VaultFigures,
}
#[derive(Deserialize)]
struct VaultFigures {
    parameters: VaultLimits,
}
#[derive(Deserialize)]
struct VaultLimits {
    outflow: OutflowParams,
    lp_cooldown_seconds: u64,
    uncollected_share: Ratio,
}
#[derive(Deserialize)]
struct PoolAnswer {
    pool: PoolFigures,
    value: Option<PoolWorth>,
}
#[derive(Deserialize)]
struct PoolWorth {
    withdraw: SignedAmount,
}
#[derive(Deserialize)]
struct PoolFigures {
    cash: SignedAmount,
    traders_cash: SignedAmount,
    receivable: Amount,
    escrow: Amount,
    insurance_fees: Amount,
    parked: Amount,
    unvested: Amount,
}
#[derive(Deserialize)]
struct FundConfigAnswer {
    config: FundLimits,
}
#[derive(Deserialize)]
struct FundLimits {
    cover_share_max: Ratio,
    cover_window_seconds: u64,
    inject_share_max: Ratio,
}
#[derive(Deserialize)]
struct FundAnswer {
    first_loss: Amount,
    staked: Amount,
}

/// Errors: a contract that cannot be asked, overflow.
pub fn bound(deps: Deps, env: &Env, stolen: Stolen, horizon: Option<u64>) -> Result<MaxLoss, ContractError> {
    let SuiteResponse { derivatives_vault: vault, insurance_fund: fund, .. } = SUITE.load(deps.storage)?;
    use derivatives_vault::QueryMsg as Vault;
    use insurance_fund::QueryMsg as Fund;
    let VaultLimits { mut outflow, lp_cooldown_seconds, uncollected_share } =
        ask::<VaultConfigAnswer>(deps, &vault, &Vault::Config {})?.config.parameters;
    let PoolAnswer { pool, value } = ask(deps, &vault, &Vault::Pool {})?;
    let limits = ask::<FundConfigAnswer>(deps, &fund, &Fund::Config {})?.config;
    let held: FundAnswer = ask(deps, &fund, &Fund::Fund {})?;
    let (delays, council) = (DELAYS.load(deps.storage)?, COUNCIL.load(deps.storage)?);
    // One page holds all markets.
    let markets = answer(deps, &vault, to_json_binary(&Vault::Markets { start_after: None, limit: Some(32) })?);
    let (mut half_life_seconds, mut premiums, mut count) = (None, Amount::ZERO, 0u64);
    for market in inside(&markets, &["markets"]).and_then(items).ok_or_else(|| unreadable(&markets))? {
        let MarketFigures { half_life, premium } = MarketFigures::of(market)?;
        half_life_seconds = Some(half_life_seconds.map_or(half_life, |least: u64| least.min(half_life)));
        premiums = premiums.plus(premium)?;
        count = count.saturating_add(1);
    }
    let present = (outflow.hour_ratio, outflow.day_ratio);
    let repair = |delay: u64| if stolen.cancellers { u64::MAX } else { delay.saturating_add(REACTION_SECONDS) };
    // Back from its floor the limiter is more than one step.
    let mut exits = Exits { present, widest: present, held_seconds: 0, repair_seconds: repair(delays.code) };
    let playbooks = Present { deps, vault, fund }.playbooks(now(env), stolen, &mut exits)?;
    // What an undo gives back may be more than what its run has left of it now.
    (outflow.hour_ratio, outflow.day_ratio) = exits.widest;
    let sentinels = SENTINELS.may_load(deps.storage)?.unwrap_or_default();
    // Below this level exits do not queue.
    let queues = sentinels.iter().filter(|record| record.step.level >= Level::ReduceOnly);
    // A named one is as good as armed: its own acceptance is all that is missing. So with a council that may take over at any time.
    let moment = now(env);
    let queues = queues.filter(|record| record.armed || record.may_accept(moment));
    let queues = queues.map(|record| record.step.duration_seconds);
    let candidate = COUNCIL_CANDIDATE.may_load(deps.storage)?.filter(|candidate| moment < candidate.expires_at);
    let seconds = |of: &CouncilConfig| (of.frozen_seconds_max, of.restriction_seconds_max);
    let (frozen, restricted) = seconds(&council);
    let (later_frozen, later_restricted) = candidate.map_or((0, 0), |candidate| seconds(&candidate.config));
    let own = pool.cash.minus_amount(pool.receivable)?.positive_part();
    let worth = value.map(|value| value.withdraw.positive_part()).unwrap_or_default();
    let stakes = Stakes {
        pool: own,
        open_gains: own.saturating_minus(worth),
        premiums,
        collateral: collateral(&pool)?,
        fees: pool.escrow.plus(pool.insurance_fees)?,
        first_loss: held.first_loss,
        staked: held.staked,
    };
    let barriers = Barriers {
        outflow,
        half_life_seconds: half_life_seconds.unwrap_or_default(),
        lp_cooldown_seconds,
        uncollected_share,
        parameters_delay: delays.parameters,
        roles_delay: delays.roles,
        cover_share: limits.cover_share_max,
        inject_share: limits.inject_share_max,
        cover_window_seconds: limits.cover_window_seconds,
        markets: count,
        sentinel_seconds: queues.fold(0, u64::saturating_add),
        council_freezes: frozen.max(later_frozen) > 0,
        council_restricts: restricted.max(later_restricted) > 0,
        playbooks,
    };
    let mut found = max_loss(&stakes, &barriers, stolen, horizon)?;
    if exits.held_seconds > 0 {
        // Run after run the undo moves on, and behind a feed that was set it waits for a delay of `roles`.
        let seconds = horizon.unwrap_or_else(|| repair(delays.roles));
        let held = seconds.saturating_add(exits.held_seconds.max(delays.roles));
        for exit in [&mut found.trader_exit_seconds, &mut found.provider_exit_seconds] {
            *exit = exit.saturating_add(held);
        }
    }
    Ok(found)
}

/// What playbooks that only slow exits do to the limiter: the shares that may leave in an hour and in a day.
struct Exits {
    present: (Ratio, Ratio),
    /// Of the present ones and those that a run or an undo sets, each.
    widest: (Ratio, Ratio),
    /// How long the limiter may stay as a run has left it: until its undo, or where there is none until the DAO gives it back. 0: as it is.
    held_seconds: u64,
    repair_seconds: u64,
}

impl Exits {
    /// Whether new parameters of the vault set another limiter than the present one; `None`: they cannot be read.
    #[inline(never)]
    fn change(&mut self, parameters: &str) -> Option<bool> {
        let share = |name| {
            let share = inside(parameters, &["outflow", name]).and_then(decimal)?;
            u128::try_from(share.atoms()).ok().map(Ratio::from_atoms)
        };
        let (hour, day) = (share("hour_ratio")?, share("day_ratio")?);
        self.widest = (self.widest.0.max(hour), self.widest.1.max(day));
        Some((hour, day) != self.present)
    }

    /// Of one playbook: whether its run, and whether its undo, sets another limiter than the present one; `None`: it sets none.
    fn note(&mut self, run: Option<bool>, undo: Option<bool>, undo_after_seconds: u64) {
        let held = match (run.unwrap_or_default(), undo) {
            (false, None | Some(false)) => return,
            // Before a run, and after it. An undo that sets it to something else again gives nothing back.
            (true, Some(false)) | (false, Some(true)) => undo_after_seconds,
            (true, None | Some(true)) => self.repair_seconds,
        };
        self.held_seconds = self.held_seconds.max(held);
    }
}

fn ask<T: DeserializeOwned>(deps: Deps, contract: &str, question: &impl Serialize) -> Result<T, ContractError> {
    Ok(deps.querier.query_wasm_smart(contract, question)?)
}

/// By the text that the vault writes: parsed as JSON a market's few figures cost this contract 14 kB.
struct MarketFigures {
    half_life: u64,
    premium: Amount,
}

impl MarketFigures {
    /// Errors: a text that is not as the vault writes it.
    #[inline(never)]
    fn of(market: &str) -> Result<Self, ContractError> {
        let number = |path: &[&str]| inside(market, path).and_then(decimal).map(SignedRatio::atoms);
        let half_life = inside(market, &["config", "vesting_half_life_seconds"]).and_then(|text| text.parse().ok());
        let (scale, skew) = (number(&["config", "skew_scale"]), number(&["skew"]));
        let price = number(&["state", "mark_price"]).and_then(|price| u128::try_from(price).ok());
        let (Some(half_life), Some(scale), Some(skew), Some(price)) = (half_life, scale, skew, price) else {
            return Err(unreadable(market));
        };
        // One that has been settled owes its skew nothing any more.
        let settled = number(&["state", "settlement", "price"]).is_some();
        let premium = if settled {
            Amount::ZERO
        } else {
            skew_premium(Price::from_atoms(price), Size::from_atoms(skew), Size::from_atoms(scale))?
        };
        Ok(Self { half_life, premium })
    }
}

fn unreadable(found: &str) -> ContractError {
    RiskError::Parse { wanted: "a market as the vault writes it", found: found.into() }.into()
}

/// Of accounts that owe nothing, with what is theirs later.
fn collateral(pool: &PoolFigures) -> Result<Amount, ContractError> {
    let cash = pool.traders_cash.plus_amount(pool.receivable)?.positive_part();
    Ok(cash.plus(pool.unvested)?.plus(pool.parked)?)
}

/// What the suite is configured to now.
struct Present<'a> {
    deps: Deps<'a>,
    vault: String,
    fund: String,
}

impl Present<'_> {
    /// What the playbooks can do that the thief may run: the council's, with the feeders' keys those that a signal starts (who lies about a
    /// price has honest observers cry), with the observers' those that theirs does.
    /// One that has ended, or a call whose target the timelock has configured since, does nothing any more: nor does the undo of an active
    /// run that an operation voided, which had to carry the normal configuration. What is configured counts as that.
    fn playbooks(&self, now: u64, stolen: Stolen, exits: &mut Exits) -> Result<Playbooks, ContractError> {
        let storage = self.deps.storage;
        let mut found = Playbooks::default();
        // Bounded by PLAYBOOKS_MAX times STEPS_MAX.
        for armed in ARMED.may_load(storage)?.unwrap_or_default() {
            let Approved { playbook, approved_at } = PLAYBOOKS.load(storage, armed.playbook)?;
            let signaled =
                playbook.signals.iter().any(|signal| stolen.feeders || (stolen.observers && is_of_observers(signal)));
            let started = (stolen.council && playbook.council) || signaled;
            let started = started && now <= playbook.not_after;
            let injection = Injection {
                amount: Amount::ZERO,
                runs: playbook.runs_max.into(),
                window_seconds: playbook.window_seconds,
                cool_down_seconds: playbook.cool_down_seconds,
            };
            let (mut run, mut undo) = (None, None);
            for (steps, direction, set) in
                [(playbook.steps, Direction::Run, &mut run), (playbook.undo, Direction::Either, &mut undo)]
            {
                for step in steps {
                    if is_stale(storage, &step, approved_at)? {
                        continue;
                    }
                    if started {
                        *set = self.add(&mut found, exits, step, direction, injection)?.or(*set);
                    } else if direction == Direction::Either {
                        // A run may be in force, whoever started it, and anyone undoes it when it is due.
                        limiter_of(exits, &self.vault, &step);
                    }
                }
            }
            exits.note(run, undo, playbook.undo_after_seconds);
        }
        Ok(found)
    }

    /// Whether the step sets another limiter than the present one, where that is all it does; `None`: it sets none.
    #[inline(never)]
    fn add(
        &self,
        found: &mut Playbooks,
        exits: &mut Exits,
        step: Step,
        direction: Direction,
        injection: Injection,
    ) -> Result<Option<bool>, ContractError> {
        let notice = |found: Option<u64>, seconds: u64| Some(found.map_or(seconds, |least| least.min(seconds)));
        match step {
            Step::Restrict(step) => {
                found.restrict = true;
                found.freeze |= step.level >= Level::Frozen;
            }
            Step::Settle { notice_seconds, .. } => {
                found.settle_notice_seconds = notice(found.settle_notice_seconds, notice_seconds);
            }
            Step::Call { contract, msg } if contract == self.fund => match from_json(&msg) {
                Ok(insurance_fund::ExecuteMsg::Inject { amount, .. }) => {
                    found.injections.push(Injection { amount, ..injection });
                }
                Ok(_) | Err(_) => {
                    let answer = told(self.deps, &self.fund, None);
                    let config = inside(&answer, &["config"]);
                    found.configure_fund |= !sets_nothing_new(text(&msg), "configure", "config", config);
                }
            },
            Step::Call { ref contract, ref msg } if *contract == self.vault => {
                if only_tightens(self.deps, &self.vault, msg, direction) {
                    return Ok(limiter_of(exits, &self.vault, &step));
                }
                found.configure_vault = true;
                // With a time of its own, which may be over.
                if message_name(msg).is_some_and(|name| name.starts_with("settle_")) {
                    found.settle_notice_seconds = notice(found.settle_notice_seconds, 0);
                }
            }
            // It delays profits, and takes none and no margin.
            Step::Contest { .. } | Step::Call { .. } => {}
        }
        Ok(None)
    }
}

/// Whether a quorum of observers brings this signal about: by what it says, or by saying nothing.
fn is_of_observers(signal: &SignalTrigger) -> bool {
    matches!(signal.rule, None | Some(RuleId::Observers | RuleId::Silence))
}

/// Whether a step sets another limiter than the present one; `None`: it sets none.
fn limiter_of(exits: &mut Exits, vault: &str, step: &Step) -> Option<bool> {
    match step {
        Step::Call { contract, msg } if contract == vault => exits.change(parameters_of(text(msg))?),
        _ => None,
    }
}
