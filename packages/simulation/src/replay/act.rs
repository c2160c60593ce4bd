//! Everybody acts: feeders, keepers, traders, providers. Decisions come from [`crate::agents`]; here they become
//! messages.

use super::venue::{ratio_of, size_of};
use super::{Pending, Replay};
use crate::agents::{Account, Decision, MarketView, ProviderDecision, ProviderView, Work};
use crate::prices::Point;
use firebreak_chain::keeper;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::{AccountResponse, LiquidityWithdrawn, OrderPlaced, QueryMsg};
use firebreak_messages::oracle::Validity;
use firebreak_risk::{Amount, PoolShares, Price, Rounding, SignedAmount, Size, MICRO};
use firebreak_testing::{Attempt, Code, Refusal};

impl Replay<'_> {
    /// Every feeder reports; the last one's transaction publishes the round and evaluates it.
    pub(super) fn report(&mut self, point: Point) {
        // Two bars may begin within one second; a second report of it would be outrun by the first.
        if point.at <= self.published_at {
            return;
        }
        self.price = point.price;
        let attempt = self.world.report(&[(self.market, point.price)]);
        if self.took(attempt) {
            self.published_at = point.at;
        }
        self.look_at_level();
    }

    /// Asks the vault about the accounts in doubt and plans what to send.
    pub(super) fn let_keepers_look(&mut self, view: &MarketView, horizon: u64) {
        for number in self.mirror.in_doubt(view.price, self.validity(), view.now) {
            self.look_at(number);
        }
        let mut unhealthy: Vec<usize> =
            (0..self.traders.len()).filter(|number| self.mirror.held(*number).is_liquidatable).collect();
        let slack = |number: &usize| self.mirror.held(*number).slack_at(view.price);
        unhealthy.sort_by(|one, other| slack(one).total_cmp(&slack(other)));
        let delay = self.world.setup().vault.order_delay_seconds;
        let ripe = self.pending.values().filter(|order| order.placed_at + delay <= self.published_at).count();
        self.keepers.plan(view.now, horizon, &unhealthy, ripe);
        if view.now >= self.sweep_at {
            self.sweep_at = view.now + self.plan.parameters.venue.sweep_interval_seconds;
            let attempt = self.world.sweep_fees();
            self.took(attempt);
            self.step_down();
        }
    }

    /// A keeper says it as often as fees are swept, while the fund covers less than half of its stress loss (F13). Without protection
    /// nobody does.
    fn step_down(&mut self) {
        let fund = self.world.addresses.insurance_fund.to_string();
        let errand = keeper::step_down(&self.world.querier(), &fund).ok().flatten();
        if let Some(errand) = errand.filter(|_| self.plan.protected) {
            let attempt = self.world.send(&keeper_name(0), Code::Guardian, &errand.msg, Amount::ZERO);
            self.took(attempt);
        }
    }

    /// A keeper's message arrives.
    pub(super) fn work(&mut self, work: Work) {
        match work {
            Work::Liquidate { keeper, accounts } => {
                let ids = accounts.iter().map(|number| self.world.account_id(&self.traders[*number].0.name)).collect();
                let attempt = self.world.liquidate_by(&keeper_name(keeper), ids);
                self.took(attempt);
                for number in accounts {
                    self.look_at(number);
                }
            }
            Work::Execute { keeper, limit } => {
                let attempt = self.world.execute_by(&keeper_name(keeper), self.market, limit);
                self.took(attempt);
            }
        }
    }

    /// The vault's own answer about an account. While a price is unusable there may be none: the last one stays.
    pub(super) fn look_at(&mut self, number: usize) {
        let account = self.world.account_id(&self.traders[number].0.name);
        if let Ok(answer) = self.world.try_query::<AccountResponse>(Code::Vault, &QueryMsg::Account { account }) {
            self.mirror.see(number, &answer, self.validity(), self.world.now());
        }
    }

    /// Of the market's price, now.
    fn validity(&self) -> Validity {
        self.world.price_record(self.market).map_or(Validity::Invalid, |record| record.validity(self.world.now()))
    }

    pub(super) fn let_traders_act(&mut self, view: &MarketView) {
        let interval = self.plan.parameters.run.decision_interval_seconds;
        for number in 0..self.traders.len() {
            let (actor, trader) = &mut self.traders[number];
            if view.now < actor.next_decision {
                continue;
            }
            actor.next_decision = view.now + interval;
            let held = self.mirror.held(number);
            let is_waiting = self.pending.values().any(|order| order.trader == number);
            let account = Account { size: held.units(), equity: held.equity_at(view.price), is_waiting };
            match trader.decide(view, &account) {
                Decision::Nothing => {}
                Decision::Open { deposit, notional, is_long } => {
                    let size = size_of(notional, self.price);
                    let size = if is_long { size } else { opposite(size) };
                    self.deposit(number, deposit);
                    self.order(number, size, self.plan.parameters.traders.bound_open, false);
                }
                Decision::Close => {
                    let bound = self.plan.parameters.traders.bound_close;
                    self.order(number, opposite(held.size), bound, true);
                }
            }
        }
    }

    fn deposit(&mut self, number: usize, units: f64) {
        let amount = Amount::from_atoms((units * MICRO as f64) as u128);
        if amount.is_zero() {
            return;
        }
        let name = self.traders[number].0.name.clone();
        let attempt = self.world.add_collateral(&name, amount);
        self.took(attempt);
        self.look_at(number);
    }

    fn order(&mut self, number: usize, size: Size, slippage: f64, reduce_only: bool) {
        let notional = size.notional(self.price, Rounding::Floor).unwrap_or(Amount::ZERO);
        self.first_orders[number].get_or_insert(self.world.now());
        self.figures.honest_notional = sum(self.figures.honest_notional, notional);
        let bound = bound(self.price, size, slippage);
        let name = self.traders[number].0.name.clone();
        match self.world.place_bounded(&name, self.market, size, bound, reduce_only).0 {
            Ok(outcome) => {
                self.figures.orders_placed += 1;
                for fact in outcome.facts::<OrderPlaced>() {
                    let pending = Pending { trader: number, placed_at: outcome.now, notional };
                    self.pending.insert(fact.order, pending);
                }
            }
            Err(refusal) => {
                // A posture asks for more initial margin. Who is too poor to close, or too poor at normal, is refused
                // by no posture.
                if !lacks_margin(&refusal) || !(reduce_only || self.is_normal()) {
                    self.refuse(notional);
                }
            }
        }
    }

    pub(super) fn refuse(&mut self, notional: Amount) {
        self.figures.orders_refused += 1;
        self.figures.honest_notional_refused = sum(self.figures.honest_notional_refused, notional);
    }

    pub(super) fn let_providers_act(&mut self, view: &MarketView) {
        self.pay_claims();
        let interval = self.plan.parameters.providers.decision_interval_seconds;
        let mut share_value = None;
        for number in 0..self.providers.len() {
            if view.now < self.providers[number].0.next_decision {
                continue;
            }
            self.providers[number].0.next_decision = view.now + interval;
            let share_value = *share_value.get_or_insert_with(|| self.share_value());
            let name = self.providers[number].0.name.clone();
            let record = self.world.provider(&name);
            if record.requests.iter().any(|one| one.claim.is_some()) {
                continue;
            }
            let request = record.requests.first().map(|one| (one.request, one.matures_at, one.expires_at));
            let provider_view = ProviderView { has_shares: !record.shares.is_zero(), share_value, request };
            match self.providers[number].1.decide(view, &provider_view) {
                ProviderDecision::Nothing => {}
                ProviderDecision::Request => {
                    let attempt = self.world.request_withdrawal(&name, record.shares);
                    self.took(attempt);
                }
                ProviderDecision::Claim { request } => {
                    let attempt = self.world.claim_withdrawal(&name, request);
                    self.took(attempt);
                }
                ProviderDecision::TakeBack { request } => {
                    let attempt = self.world.cancel_withdrawal(&name, request);
                    self.took(attempt);
                }
                ProviderDecision::Return => {
                    let amount = std::mem::take(&mut self.withdrawn[number]);
                    let attempt = self.world.provide(&name, amount);
                    if self.took(attempt) {
                        self.liquidity.brought_back = sum(self.liquidity.brought_back, amount);
                    }
                }
            }
        }
    }

    /// Claims wait for a price after them, and while exits queue; a keeper tries at every price.
    fn pay_claims(&mut self) {
        if !self.world.claims_wait() {
            return;
        }
        if let Ok(outcome) = self.world.execute_claims().0 {
            for fact in outcome.facts::<LiquidityWithdrawn>() {
                let of = |name: &str| self.world.address(name).as_str() == fact.provider;
                if let Some(number) = self.providers.iter().position(|one| of(&one.0.name)) {
                    self.withdrawn[number] = sum(self.withdrawn[number], fact.amount);
                }
                self.liquidity.taken_out = sum(self.liquidity.taken_out, fact.amount);
            }
            self.absorb(&outcome);
        }
    }

    /// Units of the settlement coin for one share, if the pool can be valued now.
    fn share_value(&self) -> Option<f64> {
        let response = self.world.pool();
        let value = response.value?.withdraw;
        let shares = response.pool.shares;
        (shares > PoolShares::ZERO).then(|| value.atoms() as f64 / shares.atoms() as f64)
    }

    pub(super) fn pool_equity(&self) -> SignedAmount {
        let response = self.world.pool();
        response.value.map_or(response.pool.cash, |value| value.deposit)
    }

    pub(super) fn insurance(&self) -> Amount {
        let fund = self.world.insurance();
        sum(fund.first_loss, fund.staked)
    }

    /// Takes in what a message did; whether it went through. Refusals of keepers and providers are part of life.
    pub(super) fn took(&mut self, attempt: Attempt) -> bool {
        match attempt.0 {
            Ok(outcome) => {
                self.absorb(&outcome);
                true
            }
            Err(_) => false,
        }
    }
}

fn lacks_margin(refusal: &Refusal) -> bool {
    use ContractError::{InsufficientCash, MarginTooLow};
    matches!(refusal.error_as::<ContractError>(), Some(MarginTooLow { .. } | InsufficientCash { .. }))
}

fn keeper_name(index: usize) -> String {
    format!("keeper-{index}")
}

fn opposite(size: Size) -> Size {
    size.negated().unwrap_or(Size::ZERO)
}

/// The price moved against the taker of `size` by a share of itself.
fn bound(price: Price, size: Size, share: f64) -> Price {
    let room = price.times(ratio_of(share), Rounding::Floor).unwrap_or(Price::ZERO);
    let bound = if size.is_short() { price.minus(room) } else { price.plus(room) };
    bound.unwrap_or(price)
}

/// Sums of notionals stay far below 128 bits; a sum that did not would stop growing.
pub(super) fn sum(one: Amount, other: Amount) -> Amount {
    Amount::from_atoms(one.atoms().saturating_add(other.atoms()))
}
