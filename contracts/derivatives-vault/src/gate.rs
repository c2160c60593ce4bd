//! Before dispatch: what a message does to risk, and which coins it may bring.

use crate::desk::Desk;
use crate::error::ContractError;
use crate::state::SETTLEMENT;
use cosmwasm_std::{Coin, Deps, MessageInfo};
use firebreak_messages::circuit_breaker::EffectivePosture;
use firebreak_messages::derivatives_vault::{ExecuteMsg, OrderRequest, VaultPhase};
use firebreak_messages::{Action, Reason};
use firebreak_risk::{Amount, ExitClass, Level, LpExit, OrderAccess, OrderExecution};

/// What a message does to risk. Exhaustive: a new message does not compile until somebody decides how it behaves in a
/// crisis. An order that is not declared reduce-only counts as one that raises exposure, until its fill shows otherwise.
#[inline(never)]
pub fn action(msg: &ExecuteMsg) -> Action {
    match msg {
        ExecuteMsg::PlaceOrder(order) => action_of_orders(std::slice::from_ref(order)),
        ExecuteMsg::PlaceOrders { orders } => action_of_orders(orders),
        ExecuteMsg::CancelOrder { .. } | ExecuteMsg::CancelOrders { .. } => Action::Cancel,
        ExecuteMsg::ExecuteOrders { .. } => Action::ExecuteOrders,
        ExecuteMsg::AddCollateral { .. } => Action::AddCollateral,
        ExecuteMsg::WithdrawCollateral { .. } => Action::WithdrawCollateral,
        ExecuteMsg::Liquidate { .. } => Action::Liquidate,
        ExecuteMsg::ProvideLiquidity { .. } => Action::ProvideLiquidity,
        // A claim waits like an order: asking for it depends on no price and no posture.
        ExecuteMsg::RequestLiquidityWithdrawal { .. }
        | ExecuteMsg::CancelLiquidityWithdrawal { .. }
        | ExecuteMsg::ClaimLiquidityWithdrawal { .. } => Action::RequestLiquidityWithdrawal,
        ExecuteMsg::ExecuteClaims { .. } => Action::ClaimLiquidityWithdrawal,
        ExecuteMsg::CollectParked(_) => Action::CollectParked,
        ExecuteMsg::CancelParked(_) => Action::Cancel,
        ExecuteMsg::SweepFees {} => Action::SweepFees,
        ExecuteMsg::Recapitalize {} => Action::Recapitalize,
        ExecuteMsg::ReportBreach {} => Action::ReportBreach,
        ExecuteMsg::ConfigureMarket { .. }
        | ExecuteMsg::ContestMarket { .. }
        | ExecuteMsg::CutContested(_)
        | ExecuteMsg::Configure { .. }
        | ExecuteMsg::SettleMarket { .. }
        | ExecuteMsg::SettleVault { .. } => Action::Configure,
        ExecuteMsg::SettleAccounts { .. } | ExecuteMsg::PaySettlement { .. } => Action::Settle,
    }
}

fn action_of_orders(orders: &[OrderRequest]) -> Action {
    if orders.iter().all(|order| order.reduce_only) {
        Action::ReduceExposure
    } else {
        Action::IncreaseExposure
    }
}

/// Messages that pay somebody's equity out of the vault. Keepers' and the fund's fees are not equity.
#[inline(never)]
pub fn pays_equity(msg: &ExecuteMsg) -> bool {
    match action(msg) {
        Action::WithdrawCollateral | Action::ClaimLiquidityWithdrawal | Action::CollectParked => true,
        Action::IncreaseExposure
        | Action::ReduceExposure
        | Action::Cancel
        | Action::ExecuteOrders
        | Action::AddCollateral
        | Action::Liquidate
        | Action::ProvideLiquidity
        | Action::RequestLiquidityWithdrawal
        | Action::SweepFees
        | Action::Recapitalize
        | Action::Settle
        | Action::ReportBreach
        | Action::Configure => false,
    }
}

/// Refuses what a vault that is being settled as a whole does not take any more. A new kind of action is refused until somebody
/// adds it here. A contest and its ruling are for the time before pass 1: once it has counted somebody's profit, a cut would take from those
/// behind its cursor alone.
#[inline(never)]
pub fn ensure_phase(deps: Deps, desk: &Desk, msg: &ExecuteMsg) -> Result<(), ContractError> {
    let action = action(msg);
    let allowed = match desk.config.phase {
        VaultPhase::Open => action != Action::Settle,
        // No equity leaves the vault, fees of keepers do; everything that makes accounts safer goes on.
        VaultPhase::Settling => {
            matches!(
                action,
                Action::IncreaseExposure
                    | Action::ReduceExposure
                    | Action::Cancel
                    | Action::ExecuteOrders
                    | Action::AddCollateral
                    | Action::Liquidate
                    | Action::RequestLiquidityWithdrawal
                    | Action::Recapitalize
                    | Action::ReportBreach
                    | Action::Settle
            ) || matches!(msg, ExecuteMsg::ContestMarket { .. } | ExecuteMsg::CutContested(_))
        }
        // An account that appeared behind the cursor would have no claim.
        VaultPhase::Fixing => matches!(action, Action::Settle | Action::Recapitalize | Action::ReportBreach),
        VaultPhase::Paying => matches!(action, Action::Settle | Action::SweepFees | Action::ReportBreach),
    };
    if allowed {
        return Ok(());
    }
    Err(phase_refuses(deps, desk, action))
}

/// The refusal of [`ensure_phase`].
pub fn phase_refuses(deps: Deps, desk: &Desk, action: Action) -> ContractError {
    let (level, allowed) = match desk.config.phase {
        VaultPhase::Open => (Level::Normal, still_allowed(Level::Normal)),
        VaultPhase::Settling => (Level::Settlement, still_allowed(Level::Settlement)),
        VaultPhase::Fixing | VaultPhase::Paying => (Level::Settlement, "settling accounts and paying them"),
    };
    let since = SETTLEMENT.may_load(deps.storage).ok().flatten().map_or(0, |settlement| settlement.since);
    ContractError::Restricted { action, level, reason: Reason::Settlement, since, until: 0, allowed }
}

/// Refuses an action that a posture does not allow, naming level, cause, since, until and what stays allowed.
#[inline(never)]
pub fn ensure_allows(effective: &EffectivePosture, action: Action) -> Result<(), ContractError> {
    let posture = &effective.posture;
    let allowed = match action {
        // At least one kind of order that raises exposure is taken; the fill decides which kind this one is.
        Action::IncreaseExposure => {
            posture.exposure_raising != OrderAccess::None || posture.skew_raising != OrderAccess::None
        }
        Action::ExecuteOrders => posture.order_execution == OrderExecution::Open,
        Action::CollectParked => posture.outflow_factor.0 > 0,
        Action::ClaimLiquidityWithdrawal => posture.lp_exit == LpExit::Open && posture.outflow_factor.0 > 0,
        // A withdrawal is taken at every level; what may not leave now is parked.
        Action::WithdrawCollateral => true,
        // Adding collateral stays open at every level: it needs no price, and it is the one thing a trader can still do to be
        // safe. Reduce orders and cancels are taken at every level too; at `Frozen` they wait, since the price they would
        // settle at is what is in doubt. Liquidation asks each market's posture for itself.
        Action::ReduceExposure
        | Action::Cancel
        | Action::AddCollateral
        | Action::Liquidate
        | Action::RequestLiquidityWithdrawal
        | Action::SweepFees
        | Action::Recapitalize
        | Action::Settle
        | Action::ReportBreach
        | Action::Configure => true,
        Action::ProvideLiquidity => posture.level < Level::Frozen,
    };
    if allowed {
        return Ok(());
    }
    Err(restricted(effective, action))
}

/// The refusal of a posture.
#[inline(never)]
pub fn restricted(effective: &EffectivePosture, action: Action) -> ContractError {
    let level = effective.posture.level;
    ContractError::Restricted {
        action,
        level,
        reason: effective.reason.unwrap_or(Reason::PostureMissing),
        since: effective.since,
        until: effective.until,
        allowed: still_allowed(level),
    }
}

/// Refuses to raise exposure while a check is broken in stored state.
#[inline(never)]
pub fn ensure_no_breach(action: Action, since: u64) -> Result<(), ContractError> {
    if action == Action::IncreaseExposure && since > 0 {
        return Err(ContractError::Breached { action, since });
    }
    Ok(())
}

/// What people may do at a level, for refusals.
pub fn still_allowed(level: Level) -> &'static str {
    match level {
        Level::Normal | Level::Guarded => "reduce orders, cancels, collateral in and out",
        Level::ReduceOnly => "reduce orders, cancels, collateral in and out, liquidity requests",
        Level::Frozen | Level::Settlement => {
            "placing reduce orders, cancels, adding collateral, asking for withdrawals, liquidity requests"
        }
    }
}

/// Coins of the settlement denom that came with the message, or a refusal of anything else.
#[inline(never)]
pub fn payment(msg: &ExecuteMsg, info: &MessageInfo, denom: &str) -> Result<Amount, ContractError> {
    match msg {
        ExecuteMsg::AddCollateral { .. } | ExecuteMsg::ProvideLiquidity { .. } | ExecuteMsg::Recapitalize {} => {
            one_coin(&info.funds, denom)
        }
        ExecuteMsg::PlaceOrder(_) | ExecuteMsg::PlaceOrders { .. } | ExecuteMsg::ClaimLiquidityWithdrawal { .. }
            if !info.funds.is_empty() =>
        {
            one_coin(&info.funds, denom)
        }
        ExecuteMsg::PlaceOrder(_)
        | ExecuteMsg::PlaceOrders { .. }
        | ExecuteMsg::CancelOrder { .. }
        | ExecuteMsg::CancelOrders { .. }
        | ExecuteMsg::ExecuteOrders { .. }
        | ExecuteMsg::WithdrawCollateral { .. }
        | ExecuteMsg::Liquidate { .. }
        | ExecuteMsg::RequestLiquidityWithdrawal { .. }
        | ExecuteMsg::CancelLiquidityWithdrawal { .. }
        | ExecuteMsg::ClaimLiquidityWithdrawal { .. }
        | ExecuteMsg::ExecuteClaims { .. }
        | ExecuteMsg::CollectParked(_)
        | ExecuteMsg::CancelParked(_)
        | ExecuteMsg::SweepFees {}
        | ExecuteMsg::ReportBreach {}
        | ExecuteMsg::ConfigureMarket { .. }
        | ExecuteMsg::ContestMarket { .. }
        | ExecuteMsg::CutContested(_)
        | ExecuteMsg::Configure { .. }
        | ExecuteMsg::SettleMarket { .. }
        | ExecuteMsg::SettleVault { .. }
        | ExecuteMsg::SettleAccounts { .. }
        | ExecuteMsg::PaySettlement { .. } => no_coins(&info.funds),
    }
}

/// Whose coins come in, as what, and how many of them: the outflow limiter counts them. An execution fee is escrowed and leaves
/// the vault with a keeper: it is nobody's deposit.
#[inline(never)]
pub fn inflow(
    msg: &ExecuteMsg,
    info: &MessageInfo,
    paid: Amount,
    execution_fee: Amount,
) -> Option<(ExitClass, String, Amount)> {
    let (class, owner, orders) = match msg {
        ExecuteMsg::AddCollateral { account: Some(account), .. } => (ExitClass::Traders, account.owner.as_str(), 0),
        ExecuteMsg::AddCollateral { account: None, .. } => (ExitClass::Traders, info.sender.as_str(), 0),
        ExecuteMsg::PlaceOrder(_) => (ExitClass::Traders, info.sender.as_str(), 1),
        ExecuteMsg::PlaceOrders { orders } => (ExitClass::Traders, info.sender.as_str(), orders.len() as u128),
        ExecuteMsg::ProvideLiquidity { .. } => (ExitClass::Providers, info.sender.as_str(), 0),
        ExecuteMsg::CancelOrder { .. }
        | ExecuteMsg::CancelOrders { .. }
        | ExecuteMsg::ExecuteOrders { .. }
        | ExecuteMsg::WithdrawCollateral { .. }
        | ExecuteMsg::Liquidate { .. }
        | ExecuteMsg::RequestLiquidityWithdrawal { .. }
        | ExecuteMsg::CancelLiquidityWithdrawal { .. }
        | ExecuteMsg::ClaimLiquidityWithdrawal { .. }
        | ExecuteMsg::ExecuteClaims { .. }
        | ExecuteMsg::CollectParked(_)
        | ExecuteMsg::CancelParked(_)
        | ExecuteMsg::SweepFees {}
        | ExecuteMsg::Recapitalize {}
        | ExecuteMsg::ReportBreach {}
        | ExecuteMsg::ConfigureMarket { .. }
        | ExecuteMsg::ContestMarket { .. }
        | ExecuteMsg::CutContested(_)
        | ExecuteMsg::Configure { .. }
        | ExecuteMsg::SettleMarket { .. }
        | ExecuteMsg::SettleVault { .. }
        | ExecuteMsg::SettleAccounts { .. }
        | ExecuteMsg::PaySettlement { .. } => return None,
    };
    let fees = Amount::from_atoms(execution_fee.atoms().saturating_mul(orders));
    let counts = paid.saturating_minus(fees);
    (!counts.is_zero()).then(|| (class, owner.to_owned(), counts))
}

fn one_coin(funds: &[Coin], denom: &str) -> Result<Amount, ContractError> {
    match funds {
        [coin] if coin.denom == denom && !coin.amount.is_zero() => Ok(Amount::from_atoms(coin.amount.u128())),
        _ => Err(ContractError::WrongFunds { wanted: denom.into(), found: written(funds) }),
    }
}

pub fn no_coins(funds: &[Coin]) -> Result<Amount, ContractError> {
    if funds.is_empty() {
        return Ok(Amount::ZERO);
    }
    Err(ContractError::UnexpectedFunds { found: written(funds) })
}

fn written(funds: &[Coin]) -> String {
    if funds.is_empty() {
        return "nothing".into();
    }
    funds.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
