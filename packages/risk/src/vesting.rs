//! F17: realised profit vests exponentially, by an index that no clock tick and no touch rewrites.
//!
//! The unvested share of a unit is `X = 2^-t`, `t` in half-lives: a pure function of the market's **vesting clock**, so touching a
//! claim each block and touching it once give the same. The clock is one anchor; a contest puts the anchor into the future,
//! and until then time stands still for everybody who holds a claim of that market.
//!
//! A claim of profit `w` at `X_0` is two nominal amounts, `w/2 / X_0` each. The **senior** half is worth `n * X` and counts as
//! margin; the **junior** half is worth `n * X * H` and counts for nothing, so a haircut of it, a fall of `H`, makes nobody
//! liquidatable. What a haircut took from one nominal unit is summed up in `L` (`L = 1 - Y - G` of the index pair, with
//! `Y = X*H`): a claim compares it with the `L` it has seen.
//!
//! Claims are entered into **epochs** of 16 half-lives, which keep `X` away from its last digits, and vest through the next one
//! too: a claim entered just before a roll is not paid at the roll. After 32 half-lives everything has vested.
//!
//! ```text
//! epoch e: claims enter --16 half-lives--> epoch e+1: they vest on --16--> over: the rest (< 2^-16) vests
//! ```

use crate::error::{RiskError, RiskResult};
use crate::number::{mul_div, Rounding, ONE};
use crate::quantity::{Amount, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Half-lives in which claims enter an epoch; they vest for as many more.
pub const EPOCH_HALF_LIVES: u128 = 16;
/// The natural logarithm of 2.
const LN_2: u128 = 693_147_180_559_945_309;
/// Haircuts stop here: below it the nominal amounts of new claims would not fit. It takes three that take everything (each
/// leaves at least a ten-thousandth) within 16 half-lives to get there.
const KEPT_MIN: u128 = 1_000_000;
/// A single haircut leaves at least this share.
const KEPT_AT_ONCE_MIN: u128 = 100_000_000_000_000;

/// The junior halves of one epoch's claims.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JuniorPot {
    /// Sum of the claims' junior nominal amounts, exact.
    pub nominal: Amount,
    /// `1 - H`: the share that haircuts have taken.
    pub lost: Ratio,
    /// L: what haircuts have taken from one nominal unit.
    pub cut: Ratio,
}

/// The vesting of one market's realised profits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Vesting {
    /// Where the clock stood at `anchored_at`, in half-lives.
    pub phase: Ratio,
    /// Seconds. Later than now while the market is contested: the clock stands still until then.
    pub anchored_at: u64,
    /// The epoch that claims enter.
    pub epoch: u32,
    pub current: JuniorPot,
    /// The epoch before it.
    pub previous: JuniorPot,
}

/// One account's unvested profit in one market.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    pub epoch: u32,
    /// What is still to come, vested since the last settlement or not.
    pub owed: Amount,
    pub senior: Amount,
    pub junior: Amount,
    /// The L of its epoch that it has paid.
    pub cut: Ratio,
}

/// What an epoch with haircuts leaves behind when it is over, for claims that have not been touched since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedPot {
    pub epoch: u32,
    pub cut: Ratio,
}

impl JuniorPot {
    fn kept(&self) -> Ratio {
        Ratio::from_atoms(ONE.saturating_sub(self.lost.atoms()))
    }
}

impl Vesting {
    pub fn new(now: u64) -> Self {
        Self { anchored_at: now, ..Self::default() }
    }

    /// The clock stands still: somebody contests how profits of this market came about.
    pub fn is_contested(&self, now: u64) -> bool {
        self.anchored_at > now
    }

    /// No claim has anything in a pot.
    pub fn is_idle(&self) -> bool {
        self.current == JuniorPot::default() && self.previous == JuniorPot::default()
    }

    /// Half-lives that the clock has run. A half-life of 0 counts as a second.
    ///
    /// Rounding: down, by 10^-18 half-lives. Errors: [`RiskError::Overflow`]. Source: `docs/formulas.md#f17-vesting`.
    pub fn phase_at(&self, now: u64, half_life_seconds: u64) -> RiskResult<Ratio> {
        let run = u128::from(now.saturating_sub(self.anchored_at));
        let half_life = u128::from(half_life_seconds.max(1));
        self.phase.plus(Ratio::of(run, half_life, Rounding::Floor)?)
    }

    /// Stops the clock until `until`; a time that has passed starts it again. Also what a change of the half-life needs: what
    /// has run, ran at the old one.
    ///
    /// Errors: as [`Self::phase_at`].
    pub fn stop_until(&mut self, now: u64, half_life_seconds: u64, until: u64) -> RiskResult<()> {
        self.phase = self.phase_at(now, half_life_seconds)?;
        self.anchored_at = until.max(now);
        Ok(())
    }

    /// Brings the epoch to the clock. Returns the epochs that are over and had haircuts: keep them, claims may still refer to
    /// them.
    ///
    /// Errors: [`RiskError::Overflow`].
    pub fn roll(&mut self, now: u64, half_life_seconds: u64) -> RiskResult<Vec<ClosedPot>> {
        let half_lives = self.phase_at(now, half_life_seconds)?.atoms().checked_div(ONE).unwrap_or(0);
        let epoch = half_lives.checked_div(EPOCH_HALF_LIVES).unwrap_or(0);
        let epoch = u32::try_from(epoch).map_err(|_| RiskError::Overflow { what: "an epoch of vesting" })?;
        let mut closed = vec![];
        // After two rolls both pots are empty.
        for _ in 0..2 {
            if self.epoch >= epoch {
                return Ok(closed);
            }
            let over = std::mem::replace(&mut self.previous, std::mem::take(&mut self.current));
            if !over.cut.is_zero() {
                closed.push(ClosedPot { epoch: self.epoch.saturating_sub(1), cut: over.cut });
            }
            self.epoch = self.epoch.saturating_add(1);
        }
        self.epoch = self.epoch.max(epoch);
        Ok(closed)
    }

    /// Adds a profit to a claim that has just been settled (an empty one is new). Call it after [`Self::roll`].
    ///
    /// A claim of the epoch before moves over with what it has left. Rounding: the senior half down by a unit where the profit
    /// is odd; its nominal amount up, so it vests later rather than sooner, by less than a unit; the junior one down: a haircut takes
    /// by the nominal amount, and must not take what the claim does not have.
    /// Errors: [`RiskError::Overflow`]; nothing has changed then. Source: `docs/formulas.md#f17-vesting`.
    pub fn add(&mut self, claim: &mut Claim, profit: Amount, now: u64, half_life_seconds: u64) -> RiskResult<()> {
        let share = self.unvested_share(self.epoch, now, half_life_seconds)?;
        let senior = Amount::from_atoms(profit.atoms().checked_div(2).unwrap_or(0));
        let junior = profit.minus(senior)?;
        let mut vesting = self.clone();
        let mut held = claim.clone();
        if held.epoch != self.epoch {
            let (senior, junior) = self.unvested_parts(&held, now, half_life_seconds)?;
            let junior = junior.min(held.owed);
            vesting.take_out(&held, Amount::ZERO)?;
            held = Claim { epoch: self.epoch, owed: held.owed, cut: self.current.cut, ..Claim::default() };
            vesting.put_in(&mut held, senior, junior, share)?;
        }
        vesting.put_in(&mut held, senior, junior, share)?;
        held.cut = self.current.cut;
        held.owed = held.owed.plus(profit)?;
        *claim = held;
        *self = vesting;
        Ok(())
    }

    /// Takes haircuts off the claim, and what has vested since the last time out of it. What is left is unvested; a claim with
    /// at most one unit left vests at once and is over: `owed` is zero then and the caller forgets it.
    ///
    /// `closed_cut` is the L of the claim's epoch where that is over (0 where it had no haircut).
    /// Rounding: haircuts and what stays unvested up. Errors: [`RiskError::Overflow`].
    /// Source: `docs/formulas.md#f17-vesting`.
    pub fn settle(
        &mut self,
        claim: &mut Claim,
        closed_cut: Ratio,
        now: u64,
        half_life_seconds: u64,
    ) -> RiskResult<Amount> {
        let cut = self.pot(claim.epoch).map_or(closed_cut, |pot| pot.cut).max(claim.cut);
        let lost = claim.junior.times(cut.minus(claim.cut)?, Rounding::Ceil)?;
        let owed = claim.owed.saturating_minus(lost);
        let (senior, junior) = self.unvested_parts(claim, now, half_life_seconds)?;
        let unvested = senior.plus(junior)?.min(owed);
        if unvested <= Amount::from_atoms(1) {
            self.take_out(claim, Amount::ZERO)?;
            *claim = Claim::default();
            return Ok(owed);
        }
        claim.cut = cut;
        claim.owed = unvested;
        owed.minus(unvested)
    }

    /// The half that counts as margin. Of a settled claim. Rounding: down.
    ///
    /// Errors: [`RiskError::Overflow`].
    pub fn margin_of(&self, claim: &Claim, now: u64, half_life_seconds: u64) -> RiskResult<Amount> {
        let share = self.unvested_share(claim.epoch, now, half_life_seconds)?;
        Ok(claim.senior.times(share, Rounding::Floor)?.min(claim.owed))
    }

    /// Pays up to `amount` of the owner's own deficit out of a settled claim (F11, step 1). Returns what it paid.
    ///
    /// The senior half first: it is margin, so a realised loss neither adds to equity nor takes from it, and what a ruling may cut (F17) does not
    /// leave through losses to another hand. The junior half pays what is still owed then.
    ///
    /// Rounding: what the junior half is worth up, so that what is left is never less; nominal amounts that stay as in [`Self::add`], the
    /// senior up and the junior down. Errors: [`RiskError::Overflow`].
    pub fn pay_own(
        &mut self,
        claim: &mut Claim,
        amount: Amount,
        now: u64,
        half_life_seconds: u64,
    ) -> RiskResult<Amount> {
        let paid = amount.min(claim.owed);
        let left = claim.owed.minus(paid)?;
        if left.is_zero() {
            self.take_out(claim, Amount::ZERO)?;
            *claim = Claim::default();
            return Ok(paid);
        }
        let (_, junior_worth) = self.unvested_parts(claim, now, half_life_seconds)?;
        let part = |nominal: Amount, left: Amount, of: Amount, rounding| {
            if left >= of {
                return Ok(nominal);
            }
            nominal.times_fraction(left.atoms(), of.atoms(), rounding)
        };
        let senior_worth = claim.owed.saturating_minus(junior_worth);
        let senior = part(claim.senior, senior_worth.saturating_minus(paid), senior_worth, Rounding::Ceil)?;
        let junior = part(claim.junior, left, junior_worth, Rounding::Floor)?;
        self.take_out(claim, junior)?;
        *claim = Claim { owed: left, senior, junior, ..claim.clone() };
        Ok(paid)
    }

    /// Takes up to `wanted` off the junior halves of all claims of the market, in proportion to what is unvested (F11, step 4).
    /// Returns what they give, to the unit. Each claim loses at least its part when it is settled, and has it: no junior nominal amount
    /// is worth more than what the claim is owed, whatever was rounded since it was entered. So what is reserved never falls below the
    /// sum of the claims, but for the last digits of `X` (10^-18 of a nominal amount).
    ///
    /// A haircut leaves at least a ten-thousandth, and takes nothing more once the epoch's `H` is 10^-12. Rounding: what is given
    /// down. Errors: [`RiskError::Overflow`]; nothing has changed then. Source: `docs/formulas.md#f17-vesting`.
    pub fn haircut(&mut self, wanted: Amount, now: u64, half_life_seconds: u64) -> RiskResult<Amount> {
        let what = "a haircut";
        let previous_epoch = self.epoch.saturating_sub(1);
        let mut shares = vec![];
        let mut total = Amount::ZERO;
        for (pot, epoch) in [(&self.current, self.epoch), (&self.previous, previous_epoch)] {
            let share = self.unvested_share(epoch, now, half_life_seconds)?;
            let worth = pot.nominal.times(share, Rounding::Floor)?.times(pot.kept(), Rounding::Floor)?;
            total = total.plus(worth)?;
            shares.push(share);
        }
        let wanted = wanted.min(total);
        if wanted.is_zero() {
            return Ok(Amount::ZERO);
        }
        let kept_share = Ratio::of(total.minus(wanted)?.atoms(), total.atoms(), Rounding::Ceil)?;
        let kept_share = kept_share.max(Ratio::from_atoms(KEPT_AT_ONCE_MIN));
        let mut vesting = self.clone();
        let mut given = Amount::ZERO;
        for (pot, share) in [&mut vesting.current, &mut vesting.previous].into_iter().zip(shares) {
            if pot.nominal.is_zero() {
                continue;
            }
            let before = pot.kept();
            let after = before.times(kept_share, Rounding::Ceil)?.max(Ratio::from_atoms(KEPT_MIN)).min(before);
            let fall = before.minus(after)?.times(share, Rounding::Floor)?;
            given = given.plus(pot.nominal.times(fall, Rounding::Floor)?)?;
            pot.cut = pot.cut.plus(fall)?;
            pot.lost = Ratio::from_atoms(ONE.checked_sub(after.atoms()).ok_or(RiskError::Overflow { what })?);
        }
        *self = vesting;
        // The total is rounded down twice, so a part of it may come out a unit larger.
        Ok(given.min(wanted))
    }

    /// X for claims of an epoch: zero once it is over.
    fn unvested_share(&self, epoch: u32, now: u64, half_life_seconds: u64) -> RiskResult<Ratio> {
        let began = u128::from(epoch).saturating_mul(EPOCH_HALF_LIVES).saturating_mul(ONE);
        let run = self.phase_at(now, half_life_seconds)?.atoms().saturating_sub(began);
        half_to_the(Ratio::from_atoms(run))
    }

    /// What of a claim has not vested, after haircuts: senior and junior. Rounding: up.
    fn unvested_parts(&self, claim: &Claim, now: u64, half_life_seconds: u64) -> RiskResult<(Amount, Amount)> {
        let Some(pot) = self.pot(claim.epoch) else { return Ok((Amount::ZERO, Amount::ZERO)) };
        let share = self.unvested_share(claim.epoch, now, half_life_seconds)?;
        let senior = claim.senior.times(share, Rounding::Ceil)?;
        Ok((senior, claim.junior.times(share.times(pot.kept(), Rounding::Ceil)?, Rounding::Ceil)?))
    }

    fn put_in(&mut self, claim: &mut Claim, senior: Amount, junior: Amount, share: Ratio) -> RiskResult<()> {
        let what = "a claim's nominal amount";
        let nominal = |amount: Amount, rounding| mul_div(amount.atoms(), ONE, share.atoms(), rounding, what);
        let senior = nominal(senior, Rounding::Ceil)?;
        let junior = nominal(junior, Rounding::Floor)?;
        let junior = mul_div(junior, ONE, self.current.kept().atoms(), Rounding::Floor, what)?;
        claim.senior = claim.senior.plus(Amount::from_atoms(senior))?;
        claim.junior = claim.junior.plus(Amount::from_atoms(junior))?;
        self.current.nominal = self.current.nominal.plus(Amount::from_atoms(junior))?;
        Ok(())
    }

    /// Takes the claim's junior part out of its pot, all but `kept`. A pot that is over has no sum any more.
    fn take_out(&mut self, claim: &Claim, kept: Amount) -> RiskResult<()> {
        let out = claim.junior.minus(kept)?;
        if let Some(pot) = self.pot_mut(claim.epoch) {
            pot.nominal = pot.nominal.minus(out)?;
        }
        Ok(())
    }

    fn pot(&self, epoch: u32) -> Option<&JuniorPot> {
        if epoch == self.epoch {
            Some(&self.current)
        } else if epoch.checked_add(1) == Some(self.epoch) {
            Some(&self.previous)
        } else {
            None
        }
    }

    fn pot_mut(&mut self, epoch: u32) -> Option<&mut JuniorPot> {
        if epoch == self.epoch {
            Some(&mut self.current)
        } else if epoch.checked_add(1) == Some(self.epoch) {
            Some(&mut self.previous)
        } else {
            None
        }
    }
}

/// `2^-half_lives`; zero from 32 on.
///
/// Rounding: to within 30 atoms of 10^-18. Errors: [`RiskError::Overflow`].
fn half_to_the(half_lives: Ratio) -> RiskResult<Ratio> {
    let what = "an unvested share";
    let overflow = || RiskError::Overflow { what };
    let whole = half_lives.atoms().checked_div(ONE).unwrap_or(0);
    if whole >= EPOCH_HALF_LIVES.saturating_mul(2) {
        return Ok(Ratio::ZERO);
    }
    // e^-y as its series, y = fraction * ln 2 < 0.7: the terms fall by more than half each, so some 20 of them count.
    let y = mul_div(half_lives.atoms().checked_rem(ONE).unwrap_or(0), LN_2, ONE, Rounding::Floor, what)?;
    let (mut plus, mut minus, mut term, mut index) = (ONE, 0u128, ONE, 1u128);
    while term > 0 {
        term = mul_div(term, y, ONE.saturating_mul(index), Rounding::Floor, what)?;
        let sum = if index.checked_rem(2) == Some(1) { &mut minus } else { &mut plus };
        *sum = sum.checked_add(term).ok_or_else(overflow)?;
        index = index.saturating_add(1);
    }
    let fraction = plus.saturating_sub(minus);
    let shift = u32::try_from(whole).map_err(|_| overflow())?;
    fraction.checked_shr(shift).map(Ratio::from_atoms).ok_or_else(overflow)
}

#[cfg(test)]
mod tests;
