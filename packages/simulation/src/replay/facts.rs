//! Reads the contracts' events into figures and timeline.

use super::act::sum;
use super::{Replay, Run};
use crate::figures::PaidBy;
use firebreak_messages::circuit_breaker::{RestrictionAdded, RuleMode, RuleTripped};
use firebreak_messages::derivatives_vault::{DropReason, LossBooked, OrderDropped, OrderFilled, PositionLiquidated};
use firebreak_messages::event::{bare_type, Fact};
use firebreak_messages::AccountId;
use firebreak_testing::Outcome;
use std::time::Instant;

impl Replay<'_> {
    pub(super) fn absorb(&mut self, outcome: &Outcome) {
        let now = outcome.now;
        for event in &outcome.events {
            match bare_type(event) {
                OrderFilled::NAME => self.filled(OrderFilled::try_from(event).ok()),
                OrderDropped::NAME => self.dropped(OrderDropped::try_from(event).ok()),
                PositionLiquidated::NAME => self.liquidated(now, PositionLiquidated::try_from(event).ok()),
                LossBooked::NAME => {
                    if let Ok(fact) = LossBooked::try_from(event) {
                        self.timeline.covered(now, fact.payer, fact.amount.atoms());
                    }
                }
                RuleTripped::NAME => {
                    if let Some(fact) = RuleTripped::try_from(event).ok().filter(|fact| fact.mode == RuleMode::Enforce)
                    {
                        self.timeline.tripped(now, &fact);
                    }
                }
                RestrictionAdded::NAME => self.figures.restrictions += 1,
                _ => {}
            }
        }
    }

    fn filled(&mut self, fact: Option<OrderFilled>) {
        let Some(fact) = fact else { return };
        self.figures.orders_executed += 1;
        self.pending.remove(&fact.order);
        self.look_at_owner(&fact.account);
    }

    fn dropped(&mut self, fact: Option<OrderDropped>) {
        let Some(fact) = fact else { return };
        let Some(pending) = self.pending.remove(&fact.order) else { return };
        let is_refusal = match fact.reason {
            DropReason::Restricted | DropReason::Cap => true,
            // A posture multiplies initial margin and caps leverage: that is a refusal too.
            DropReason::Margin => !self.is_normal(),
            DropReason::BoundMissed
            | DropReason::Canceled
            | DropReason::NothingToReduce
            | DropReason::RoundMissed
            | DropReason::Computation
            | DropReason::PriceUnusable
            | DropReason::Settled
            | DropReason::Expired
            | DropReason::AnotherPrice => false,
        };
        if is_refusal {
            self.refuse(pending.notional);
        }
        self.look_at_owner(&fact.account);
    }

    fn liquidated(&mut self, now: u64, fact: Option<PositionLiquidated>) {
        let Some(fact) = fact else { return };
        if fact.size_closed.is_zero() {
            return;
        }
        self.figures.liquidations += 1;
        self.figures.liquidated_notional = sum(self.figures.liquidated_notional, fact.notional);
        self.timeline.liquidated(now, fact.notional.atoms());
        self.look_at_owner(&fact.account);
    }

    fn look_at_owner(&mut self, account: &AccountId) {
        if let Some(number) = self.mirror.number_of(&account.owner) {
            self.look_at(number);
        }
    }

    /// Everything that the contracts themselves add up.
    pub(super) fn sum_up(mut self, started: Instant) -> Run {
        for number in 0..self.traders.len() {
            self.look_at(number);
        }
        let liquidatable = (0..self.traders.len()).filter(|number| self.mirror.held(*number).is_liquidatable).count();
        let losses = self.world.loss_record();
        let incidents = self.world.incidents();
        self.figures.deficit = losses.deficit;
        self.figures.paid_by = PaidBy {
            own: losses.own,
            insurance: losses.insurance,
            pool: losses.pool,
            unvested_profit: losses.unvested_profit,
            deleveraging: losses.deleveraging,
            residual: losses.residual,
        };
        self.figures.pool_equity_end = self.pool_equity();
        self.figures.insurance_end = self.insurance();
        self.figures.incidents = incidents.len() as u64;
        self.figures.time_to_contain_seconds =
            incidents.iter().map(|incident| incident.contained_at.saturating_sub(incident.detected_at)).max();
        let tally = self.world.tally();
        self.figures.invariant_checks = tally.checks;
        self.figures.invariant_violations = tally.violations;
        let violations = tally.kept.iter().map(ToString::to_string).collect();
        let calls = self.world.totals().calls;
        self.figures.contract_calls = calls;
        self.figures.calls_per_second = (calls as f64 / started.elapsed().as_secs_f64().max(1e-9)) as u64;
        Run {
            figures: self.figures,
            timeline: self.timeline,
            violations,
            first_orders: self.first_orders,
            liquidity: self.liquidity,
            liquidatable,
        }
    }
}
