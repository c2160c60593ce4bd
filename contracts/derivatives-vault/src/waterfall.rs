//! F11: who pays a deficit. Own margin and own unvested profit have paid before; then the insurance fund, the pool up to its cap, the
//! junior half of the market's unvested profit, the winning side (F12), and the pool for the rest.
//!
//! The pool has paid all of it when the fund is asked: what others pay is added back here, in the reply, and one ledger entry for
//! each step adds up to the deficit to the unit.

use crate::closed::roll_if_used_up;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::state::MARKET_LOSSES;
use crate::trade::recount;
use cosmwasm_std::DepsMut;
use firebreak_messages::derivatives_vault::{
    Deleveraged, LossBooked, LossLedger, Payer, VaultPhase, LOSS_WINDOW_SECONDS,
};
use firebreak_messages::MarketId;
use firebreak_risk::{asked_of_winners, deleverage, Amount, Rounding, Shortfall, SignedAmount, Size};
use serde::{Deserialize, Serialize};

/// What the liquidation of one account left unpaid of one side of a market. Sides are kept apart: a long and a short of the same size
/// would net to nothing, and nobody would be deleveraged for either. So are accounts: what the winners give for each is bounded by what
/// was closed of it, however many come in one message. Travels packed in the cover's payload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deficit {
    pub market: MarketId,
    /// The liquidated side.
    pub short: bool,
    pub amount: Amount,
    /// Paid by what the owner had parked and by its unvested profit, on top of `amount`.
    pub own: Amount,
    /// What of `own + amount` had left as cash; the rest was only owed to the pool.
    pub paid_out: Amount,
    /// What was closed, a magnitude.
    pub size: Size,
}

impl Deficit {
    pub fn side(&self) -> (MarketId, bool) {
        (self.market, self.short)
    }
}

/// A position that a liquidation closed, wholly or in part.
pub struct Lost {
    pub market: MarketId,
    pub short: bool,
    pub loss: Amount,
    pub size: Size,
}

impl Lost {
    /// A position that its market's settlement closed: all of the market closes at that price, so nobody is deleveraged for it.
    pub fn settled((market, pnl): (MarketId, SignedAmount)) -> Self {
        Self { market, short: false, loss: pnl.negative_part(), size: Size::ZERO }
    }
}

/// Splits an account's deficit over what it lost in each position since entry; the rounding goes to the largest, and so does what its
/// own claims paid.
pub fn split(deficit: Amount, own: Amount, lost: &[Lost], deficits: &mut Vec<Deficit>) -> Result<(), ContractError> {
    let total = lost.iter().try_fold(Amount::ZERO, |sum, lost| sum.plus(lost.loss))?;
    let largest = lost.iter().enumerate().max_by_key(|(_, lost)| lost.loss).map(|(index, _)| index);
    let mut rest = deficit;
    let mut largest_lost = None;
    for (index, lost) in lost.iter().enumerate() {
        if Some(index) == largest {
            largest_lost = Some(lost);
        } else if !total.is_zero() {
            let share = deficit.times_fraction(lost.loss.atoms(), total.atoms(), Rounding::Floor)?;
            rest = rest.minus(share)?;
            add(deficits, lost, share, Amount::ZERO)?;
        }
    }
    match largest_lost {
        Some(lost) => add(deficits, lost, rest, own),
        // The caller names a market for every deficit.
        None => Ok(()),
    }
}

/// Those of a market's side stand together, in the order in which their accounts came. Bounded by the accounts of a message and their markets.
fn add(deficits: &mut Vec<Deficit>, lost: &Lost, amount: Amount, own: Amount) -> Result<(), ContractError> {
    if amount.is_zero() && own.is_zero() {
        return Ok(());
    }
    let paid_out = amount.plus(own)?.saturating_minus(lost.loss);
    let (market, short, size) = (lost.market, lost.short, lost.size);
    let deficit = Deficit { market, short, amount, own, paid_out, size };
    let index = deficits.iter().position(|before| before.side() > deficit.side());
    deficits.insert(index.unwrap_or(deficits.len()), deficit);
    Ok(())
}

/// What each deficit gets of what the fund paid: in proportion, and what rounding leaves to the first that still lack it.
pub fn shares(insurance: Amount, deficits: &[Deficit]) -> Result<Vec<Amount>, ContractError> {
    let asked = deficits.iter().try_fold(Amount::ZERO, |sum, deficit| sum.plus(deficit.amount))?;
    let mut shares = Vec::with_capacity(deficits.len());
    let mut left = insurance;
    for deficit in deficits {
        let share = insurance.times_fraction(deficit.amount.atoms(), asked.atoms(), Rounding::Floor)?;
        left = left.minus(share)?;
        shares.push(share);
    }
    for (share, deficit) in shares.iter_mut().zip(deficits) {
        let more = deficit.amount.saturating_minus(*share).min(left);
        left = left.minus(more)?;
        *share = share.plus(more)?;
    }
    Ok(shares)
}

/// Books the deficits of one side, after the fund has paid their `shares` of them. The pool has paid all of it: where a step cannot be computed, or a
/// record cannot be read, it stays the payer of the rest. An error would undo the liquidation, and with it everybody's of the same batch.
#[inline(never)]
pub fn book(
    deps: &mut DepsMut,
    desk: &mut Desk,
    total: &mut LossLedger,
    deficits: &[Deficit],
    shares: &mut std::slice::Iter<Amount>,
) -> Result<(), ContractError> {
    let Some(first) = deficits.first() else { return Ok(()) };
    // Of all of them together but the sizes, which the winners are asked for one by one. All amounts of a message fit.
    let mut all = Deficit { amount: Amount::ZERO, own: Amount::ZERO, paid_out: Amount::ZERO, ..*first };
    let mut insurance = Amount::ZERO;
    for (deficit, share) in deficits.iter().zip(shares) {
        let of = [deficit.amount, deficit.own, deficit.paid_out, *share];
        let sums = [&mut all.amount, &mut all.own, &mut all.paid_out, &mut insurance];
        for (sum, more) in sums.into_iter().zip(of) {
            *sum = sum.plus(more)?;
        }
    }
    let (savepoint, before) = (desk.savepoint(None), total.clone());
    if book_in_steps(deps, desk, total, &all, deficits, insurance).is_ok() {
        return Ok(());
    }
    desk.roll_back(None, savepoint);
    *total = before;
    let rest = all.amount.minus(insurance)?;
    note(desk, total, None, &all, &[(Payer::Own, all.own), (Payer::Insurance, insurance), (Payer::Residual, rest)])
}

/// Each step closes its own equality of F9.
#[inline(never)]
fn book_in_steps(
    deps: &mut DepsMut,
    desk: &mut Desk,
    total: &mut LossLedger,
    deficit: &Deficit,
    parts: &[Deficit],
    insurance: Amount,
) -> Result<(), ContractError> {
    let market = deficit.market;
    desk.view_market(deps.as_ref(), market, false)?;
    desk.close_step()?;
    let mut losses = MARKET_LOSSES.may_load(deps.storage, market.0)?.unwrap_or_default();
    let mut rest = deficit.amount.minus(insurance)?;

    // The cap fills up again little by little within a window.
    let max = desk.market(market)?.config.pool_loss_max;
    let elapsed = desk.now.saturating_sub(losses.pool_used_at).min(LOSS_WINDOW_SECONDS);
    let back = max.times_fraction(elapsed.into(), LOSS_WINDOW_SECONDS.into(), Rounding::Floor)?;
    let used = losses.pool_used.saturating_minus(back);
    let pool = rest.min(max.saturating_minus(used));
    losses.pool_used = used.plus(pool)?;
    losses.pool_used_at = desk.now;
    rest = rest.minus(pool)?;

    // Where the whole vault is being settled, claims that are not fixed yet must not pay what those before them did not: what the pool
    // lacks is taken from all of a class by one fraction.
    let all_settled = desk.config.phase >= VaultPhase::Fixing;
    let unvested = if rest.is_zero() || all_settled { Amount::ZERO } else { cut_unvested(desk, market, rest)? };
    rest = rest.minus(unvested)?;
    let deleveraging = if rest.is_zero() { Amount::ZERO } else { deleverage_winners(desk, parts, deficit, rest)? };
    rest = rest.minus(deleveraging)?;

    let steps = [
        (Payer::Own, deficit.own),
        (Payer::Insurance, insurance),
        (Payer::Pool, pool),
        (Payer::UnvestedProfit, unvested),
        (Payer::Deleveraging, deleveraging),
        (Payer::Residual, rest),
    ];
    note(desk, total, Some(&mut losses.ledger), deficit, &steps)?;
    desk.close_step()?;
    MARKET_LOSSES.save(deps.storage, market.0, &losses)?;
    Ok(())
}

/// Writes who paid into the ledgers, and says so.
fn note(
    desk: &mut Desk,
    total: &mut LossLedger,
    of_market: Option<&mut LossLedger>,
    deficit: &Deficit,
    steps: &[(Payer, Amount)],
) -> Result<(), ContractError> {
    let uncollected = deficit.amount.plus(deficit.own)?.minus(deficit.paid_out)?;
    for ledger in of_market.into_iter().chain([total]) {
        for (payer, amount) in steps {
            ledger.book(*payer, *amount)?;
        }
        ledger.uncollected = ledger.uncollected.plus(uncollected)?;
        ledger.paid_out = ledger.paid_out.plus(deficit.paid_out)?;
    }
    for (payer, amount) in steps.iter().filter(|(_, amount)| !amount.is_zero()) {
        desk.events.push(LossBooked { market: deficit.market, payer: *payer, amount: *amount }.into());
    }
    Ok(())
}

/// Step 4: a haircut of the junior halves, which no margin counts.
#[inline(never)]
pub fn cut_unvested(desk: &mut Desk, market: MarketId, wanted: Amount) -> Result<Amount, ContractError> {
    let now = desk.now;
    let open = desk.market_mut(market)?;
    let given = open.state.vesting.haircut(wanted, now, open.config.vesting_half_life_seconds)?;
    if !given.is_zero() {
        open.mark_changed();
        desk.pool.unvested = desk.pool.unvested.minus(given)?;
        desk.pool_receives(given)?;
    }
    Ok(given)
}

/// Step 5: the other side closes as much as was liquidated, for each account at most what that frees. One event for the whole side.
#[inline(never)]
fn deleverage_winners(
    desk: &mut Desk,
    parts: &[Deficit],
    deficit: &Deficit,
    rest: Amount,
) -> Result<Amount, ContractError> {
    let (market, short) = (deficit.market, !deficit.short);
    let paid = deficit.amount.minus(rest)?;
    let open = desk.market_mut(market)?;
    let terms = open.deleverage_terms(short)?;
    let side = open.side_mut(short);
    let shortfalls = parts.iter().map(|part| Shortfall { amount: part.amount, size: part.size });
    let asked = asked_of_winners(side, shortfalls, paid, &terms);
    // Figures that do not fit must not keep a deficit from being booked: the next payer pays.
    let Ok(Some(done)) = asked.and_then(|asked| deleverage(side, asked.size, asked.amount, &terms)) else {
        return Ok(Amount::ZERO);
    };
    open.mark_changed();
    let scale = open.side_mut(short).scale;
    desk.explain(done.effect)?;
    let (size, price, amount) = (done.size_closed, done.price, done.transfer);
    desk.events.push(Deleveraged { market, short, size, price, amount, scale }.into());
    recount(desk, market)?;
    desk.close_step()?;
    roll_if_used_up(desk, market, short)?;
    Ok(amount)
}
