//! The limiter's record and its operations.

use super::owner::matures_at;
use super::queue::slot_of;
use super::{Bucket, ExitClass, OutflowFactors, OutflowParams, OwnerFlow, Parked, ParkedQueue, ValueFloor, DAY, HOUR};
use crate::error::RiskResult;
use crate::number::Rounding;
use crate::posture::BasisPoints;
use crate::quantity::Amount;
use serde::{Deserialize, Serialize};

/// Deposits of one hour that have not raised capacity yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshDeposits {
    pub hour: u64,
    pub traders: Amount,
    pub providers: Amount,
}

/// When somebody comes or leaves, and what the vault owes to everybody until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Seconds of block time.
    pub now: u64,
    pub value: Amount,
}

/// What becomes of an exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    pub paid: Amount,
    pub parked: Amount,
}

/// Everything of the limiter but its owners and exits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outflow {
    pub updated_at: u64,
    pub hour: Bucket,
    pub day: Bucket,
    pub floor: ValueFloor,
    /// Oldest first. Bounds: one for each hour of the longest delay, and two.
    pub fresh: Vec<FreshDeposits>,
    pub traders: ParkedQueue,
    pub providers: ParkedQueue,
}

/// Buckets at rest.
struct Rest {
    hour: Bucket,
    day: Bucket,
}

impl Outflow {
    pub fn queue(&self, class: ExitClass) -> &ParkedQueue {
        match class {
            ExitClass::Traders => &self.traders,
            ExitClass::Providers => &self.providers,
        }
    }

    fn queue_mut(&mut self, class: ExitClass) -> &mut ParkedQueue {
        match class {
            ExitClass::Traders => &mut self.traders,
            ExitClass::Providers => &mut self.providers,
        }
    }

    /// Coins come in. They raise capacity after the delay, and until then a trader may take them out for nothing.
    ///
    /// Errors: [`RiskError::Overflow`](crate::RiskError::Overflow). Source: `docs/formulas.md#f14-outflow`.
    pub fn deposit(
        &mut self,
        class: ExitClass,
        owner: &mut OwnerFlow,
        amount: Amount,
        at: Moment,
        parameters: &OutflowParams,
    ) -> RiskResult<()> {
        self.advance(at, parameters)?;
        if owner.since == 0 {
            owner.since = at.now;
        }
        match class {
            ExitClass::Traders => owner.deposit(self, amount, at.now),
            // Liquidity cannot leave within the delay.
            ExitClass::Providers => self.add_fresh(at.now.checked_div(HOUR).unwrap_or(0), Amount::ZERO, amount),
        }
    }

    /// Splits an exit into what is paid now and what is to be parked ([`Self::park`]).
    ///
    /// Paid are, in this order: the owner's deposits that have not raised capacity; what the class's capacity and the shared one
    /// allow in the hour and in the day, unless others wait already; for a small exit of an owner that is no longer
    /// new, its part of the reserve. Nothing at a factor of zero.
    ///
    /// Units: settlement coin. Rounding: capacity down. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow). Source: `docs/formulas.md#f14-outflow`.
    pub fn leave(
        &mut self,
        class: ExitClass,
        owner: &mut OwnerFlow,
        amount: Amount,
        factors: OutflowFactors,
        at: Moment,
        parameters: &OutflowParams,
    ) -> RiskResult<Exit> {
        let rest = self.advance(at, parameters)?;
        self.serve(&rest, class, factors.queue, at.now)?;
        let mut left = amount;
        if factors.own > BasisPoints(0) {
            if class == ExitClass::Traders {
                left = left.minus(owner.take_fresh(self, left))?;
            }
            if self.queue(class).waiting.is_zero() {
                left = left.minus(self.take(&rest, class, left, factors.own)?)?;
            }
            if !left.is_zero() && amount <= parameters.small_exit_max {
                left = left.minus(self.take_reserve(&rest, owner, left, factors.own, at.now, parameters)?)?;
            }
        }
        Ok(Exit { paid: amount.minus(left)?, parked: left })
    }

    /// Puts what was not paid into the queue.
    pub fn park(&mut self, class: ExitClass, parked: &mut Parked, amount: Amount, now: u64) -> RiskResult<()> {
        self.queue_mut(class).enter(parked, amount, now)
    }

    /// Serves the queue if its slot is due and pays the exit what of it is served. An exit that is restricted more than its
    /// queue is paid its part of that; the rest waits again, and so does its capacity.
    ///
    /// The caller refuses a factor of zero. Units: settlement coin. Rounding: down. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow),
    /// [`RiskError::DivisionByZero`](crate::RiskError::DivisionByZero) for a queue's factor of zero with something served before. Source: `docs/formulas.md#f14-outflow`.
    pub fn collect(
        &mut self,
        class: ExitClass,
        parked: &mut Parked,
        factors: OutflowFactors,
        at: Moment,
        parameters: &OutflowParams,
    ) -> RiskResult<Amount> {
        let rest = self.advance(at, parameters)?;
        self.serve(&rest, class, factors.queue, at.now)?;
        let ready = self.queue(class).ready(parked)?;
        let own = factors.own.min(factors.queue);
        let paid = ready.times_fraction(u128::from(own.0), u128::from(factors.queue.0), Rounding::Floor)?;
        let back = ready.minus(paid)?;
        self.queue_mut(class).collect(parked, paid, back)?;
        for bucket in [&mut self.hour, &mut self.day] {
            let own = bucket.own(class);
            *own = own.plus(back)?;
        }
        Ok(paid)
    }

    /// Takes the part that was not served back, at most `wanted`. Uses no capacity, and frees the others' turn.
    pub fn take_back(&mut self, class: ExitClass, parked: &mut Parked, wanted: Amount) -> RiskResult<Amount> {
        self.queue_mut(class).take_back(parked, wanted)
    }

    /// Takes whatever is owed of a parked exit, at most `wanted`, served parts last: for a deficit of its own account (F11).
    pub fn seize(&mut self, class: ExitClass, parked: &mut Parked, wanted: Amount) -> RiskResult<Amount> {
        let unserved = self.take_back(class, parked, wanted)?;
        let served = wanted.minus(unserved)?.min(parked.amount.minus(parked.waiting.min(parked.amount))?);
        self.queue_mut(class).collect(parked, served, Amount::ZERO)?;
        unserved.plus(served)
    }

    /// Capacity for a class now: of the hour and of the day, each with its shared part. For queries.
    pub fn capacity(
        &self,
        class: ExitClass,
        factor: BasisPoints,
        at: Moment,
        parameters: &OutflowParams,
    ) -> RiskResult<Amount> {
        let mut now = self.clone();
        let rest = now.advance(at, parameters)?;
        now.usable(&rest, class, factor).map(|(usable, _, _)| usable)
    }

    fn advance(&mut self, at: Moment, parameters: &OutflowParams) -> RiskResult<Rest> {
        let baselines = parameters.baselines(self.floor.observe(at.now, at.value))?;
        let rest = Rest { hour: Bucket::full(baselines.hour)?, day: Bucket::full(baselines.day)? };
        // Each deposit raises capacity when it matures, and flows off from then on: not from when somebody looks.
        while let Some(first) = self.fresh.first() {
            let matures_at = matures_at(first.hour, parameters.deposit_delay_seconds);
            if matures_at > at.now {
                break;
            }
            self.leak(&rest, matures_at)?;
            let first = self.fresh.remove(0);
            for bucket in [&mut self.hour, &mut self.day] {
                bucket.traders = bucket.traders.plus(first.traders)?;
                bucket.providers = bucket.providers.plus(first.providers)?;
            }
        }
        self.leak(&rest, at.now)?;
        Ok(rest)
    }

    fn leak(&mut self, rest: &Rest, now: u64) -> RiskResult<()> {
        let elapsed = now.saturating_sub(self.updated_at);
        self.updated_at = now.max(self.updated_at);
        self.hour.leak(&rest.hour, elapsed, HOUR)?;
        self.day.leak(&rest.day, elapsed, DAY)
    }

    fn serve(&mut self, rest: &Rest, class: ExitClass, factor: BasisPoints, now: u64) -> RiskResult<()> {
        let (waiting, slot) = (self.queue(class).waiting, self.queue(class).slot);
        if waiting.is_zero() || slot_of(now) <= slot || factor == BasisPoints(0) {
            return Ok(());
        }
        let granted = self.take(rest, class, waiting, factor)?;
        let queue = self.queue_mut(class);
        queue.slot = slot_of(now);
        queue.serve(granted)
    }

    fn usable(&self, rest: &Rest, class: ExitClass, factor: BasisPoints) -> RiskResult<(Amount, Amount, Amount)> {
        let hour = self.hour.usable(&rest.hour, class, factor)?;
        let day = self.day.usable(&rest.day, class, factor)?;
        Ok((hour.0.plus(hour.1)?.min(day.0.plus(day.1)?), hour.0, day.0))
    }

    fn take(&mut self, rest: &Rest, class: ExitClass, wanted: Amount, factor: BasisPoints) -> RiskResult<Amount> {
        let (usable, own_hour, own_day) = self.usable(rest, class, factor)?;
        let granted = usable.min(wanted);
        self.hour.charge(class, granted, own_hour)?;
        self.day.charge(class, granted, own_day)?;
        Ok(granted)
    }

    fn take_reserve(
        &mut self,
        rest: &Rest,
        owner: &mut OwnerFlow,
        wanted: Amount,
        factor: BasisPoints,
        now: u64,
        parameters: &OutflowParams,
    ) -> RiskResult<Amount> {
        let hour = self.hour.usable_reserve(&rest.hour, factor)?;
        let day = self.day.usable_reserve(&rest.day, factor)?;
        let granted = wanted.min(hour).min(day).min(owner.small_left(now, parameters)?);
        owner.small_used = owner.small_used.plus(granted)?;
        self.hour.reserve = self.hour.reserve.minus(granted)?;
        self.day.reserve = self.day.reserve.minus(granted)?;
        Ok(granted)
    }

    pub(super) fn add_fresh(&mut self, hour: u64, traders: Amount, providers: Amount) -> RiskResult<()> {
        match self.fresh.last_mut() {
            Some(last) if last.hour >= hour => {
                last.traders = last.traders.plus(traders)?;
                last.providers = last.providers.plus(providers)?;
            }
            _ => self.fresh.push(FreshDeposits { hour, traders, providers }),
        }
        Ok(())
    }

    /// Takes traders' deposits of an hour out again; nothing when they have been credited.
    pub(super) fn take_fresh(&mut self, hour: u64, wanted: Amount) -> Amount {
        let Some(found) = self.fresh.iter_mut().find(|fresh| fresh.hour == hour) else { return Amount::ZERO };
        let taken = found.traders.min(wanted);
        found.traders = found.traders.saturating_minus(taken);
        taken
    }
}
