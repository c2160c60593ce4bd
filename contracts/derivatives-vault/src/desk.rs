//! The records that one message works on. Loaded once, changed in memory, saved once: a batch of orders shares them.

use crate::closed::{settle_closed_sides, SideKey};
use crate::error::ContractError;
use crate::settlement;
use crate::state::{ACCOUNTS, CLOSED_POTS, CLOSED_SIDES, CONFIG, MARKETS, MARKET_CONFIGS, POOL, THROTTLES};
use crate::validity::{price_use, PriceUse};
use crate::vesting::settle_claims;
use cosmwasm_std::{Deps, Env, Event, Storage};
use firebreak_messages::circuit_breaker::{
    effective_posture, layout as breaker_layout, EffectivePosture, PostureRecord,
};
use firebreak_messages::derivatives_vault::{
    Account, ClosedSide, MarketConfig, MarketState, Pool, ServedRound, StoredMarketConfig, VaultConfig, VaultPhase,
};
use firebreak_messages::oracle::{layout as oracle_layout, PriceRecord, Round, Validity};
use firebreak_messages::{time, AccountId, Action, MarketId, Reason};
use firebreak_risk::{
    accrue_funding, borrow_fee, carry_of, insurance_fee_share, market_value, price_move_effect, stress_loss,
    utilisation, Amount, CapRamp, ClosedPot, Level, MarketValue, OrderAccess, Posture, Price, Ratio, Rounding,
    SignedAmount, Size, Throttle,
};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// Units by which the equality of F9 may be off for each market that a step touched: one rounding each of the two sides, of
/// the convexity and of the trade's own figures. What the rounding of a side's index gives the pool, more than a unit from 10^12 nominal
/// units on, is computed with it and explained.
pub const EQUITY_TOLERANCE: u128 = 4;

/// One market with what other contracts say of it.
#[derive(Debug, Clone)]
pub struct OpenMarket {
    pub id: MarketId,
    pub config: MarketConfig,
    pub ramp: CapRamp,
    pub state: MarketState,
    /// `None`: unreadable, which is an invalid price.
    pub record: Option<PriceRecord>,
    pub validity: Validity,
    pub effective: EffectivePosture,
    /// too few rounds since a gap. Its price counts as soft-invalid, its mark stays, and nobody is liquidated at it.
    pub resting: bool,
    /// Epochs of vesting that ended with haircuts since the record was written.
    pub(crate) closed_pots: Vec<ClosedPot>,
    changed: bool,
    /// Loaded in the step that is not closed yet (F9).
    accrued: Cell<bool>,
}

impl OpenMarket {
    /// Long minus short, true size.
    pub fn skew(&self) -> Result<Size, ContractError> {
        Ok(self.state.long.open_interest()?.plus(self.state.short.open_interest()?)?)
    }
    /// The price that positions are valued at: the latest usable round's.
    pub fn mark(&self) -> Price {
        self.state.mark_price
    }
    /// The cap of each side's open interest now.
    pub fn open_interest_cap(&self, now: u64) -> Result<Size, ContractError> {
        Ok(self.ramp.cap(self.config.open_interest_max, self.config.cap_ramp_daily, now)?)
    }
    /// What open interest asks of whoever opens, as a share of the notional (F4).
    pub fn open_interest_ratio(&self) -> Result<Ratio, ContractError> {
        Ok(self.config.margin.open_interest_ratio(self.state.larger_notional_at_mark()?)?)
    }
    pub fn rounds(&self) -> &[Round] {
        self.record.as_ref().map_or(&[], |record| record.rounds.as_slice())
    }
    pub fn last_round(&self) -> u64 {
        self.record.as_ref().and_then(PriceRecord::latest).map_or(0, |round| round.round)
    }
    /// Seconds since the last round that was valid when it was recorded; for ever when the ring has none.
    pub fn doubt_seconds(&self, now: u64) -> u64 {
        let last_valid = self.record.as_ref().and_then(PriceRecord::last_valid);
        last_valid.map_or(u64::MAX, |round| now.saturating_sub(round.published_at))
    }
    /// What the latest price is good for.
    pub fn price_use(&self, action: Action) -> PriceUse {
        price_use(action, self.validity)
    }
    /// Half-width of the latest round's band.
    pub fn band(&self) -> Price {
        self.record.as_ref().and_then(PriceRecord::latest).map_or(Price::ZERO, |round| round.band)
    }
    /// Errors: [`ContractError::PriceUnusable`] when the action is refused at the latest price's validity.
    pub fn ensure_valid_price(&self, action: Action, now: u64) -> Result<(), ContractError> {
        if self.price_use(action) != PriceUse::Refused {
            return Ok(());
        }
        let published_at = self.record.as_ref().and_then(PriceRecord::latest).map_or(0, |round| round.published_at);
        Err(ContractError::PriceUnusable { action, market: self.id, found: self.validity, published_at, now })
    }
    /// Nobody has restricted the market that far: the breaker has not seen the latest round, or cannot be read. Whoever relays a price may make the
    /// breaker's call fail, and anyone may evaluate the moment after.
    pub fn is_unwatched(&self) -> bool {
        matches!(self.effective.reason, Some(Reason::LeaseExpired | Reason::PostureMissing))
    }
    /// Its shelves of orders that raise exposure are worth a look: some kind of them is taken, or is once somebody evaluates.
    pub fn may_take_entries(&self) -> bool {
        let posture = &self.effective.posture;
        let closed = posture.exposure_raising == OrderAccess::None && posture.skew_raising == OrderAccess::None;
        self.validity == Validity::Valid && (!closed || self.is_unwatched())
    }
    pub fn mark_changed(&mut self) {
        self.changed = true;
    }
    /// What everybody closes at, once the market is settled.
    pub fn settled_price(&self) -> Option<Price> {
        self.state.settlement.as_ref().and_then(|settlement| settlement.price)
    }
    /// Somebody has a position that a price can still move.
    pub fn is_exposed(&self) -> Result<bool, ContractError> {
        Ok(self.settled_price().is_none() && self.state.has_open_interest()?)
    }
    /// F9's parts; all positions of a settled market close at one price, so no skew has a premium to pay on its way out.
    pub fn value(&self) -> Result<MarketValue, ContractError> {
        let value = market_value(&self.state.long, &self.state.short, self.mark(), self.config.skew_scale)?;
        let convexity = if self.settled_price().is_some() { Amount::ZERO } else { value.convexity };
        Ok(MarketValue { convexity, ..value })
    }
    fn liability(&self) -> Result<SignedAmount, ContractError> {
        let open = self.value()?.liability()?;
        Ok(open.plus_amount(self.state.closed_owed)?.minus_amount(self.state.closed_due)?)
    }
}

/// What the equality of F9 compares: where a step started, and what the step itself says it changed.
#[derive(Debug, Clone, Default)]
struct Step {
    cash: SignedAmount,
    liabilities: BTreeMap<u16, SignedAmount>,
    expected: SignedAmount,
}

pub struct Desk {
    pub config: VaultConfig,
    pub pool: Pool,
    pub now: u64,
    pub height: u64,
    pub events: Vec<Event>,
    /// Of the throttled markets that this message liquidates.
    pub throttles: BTreeMap<u16, Throttle>,
    all: Option<PostureRecord>,
    markets: BTreeMap<u16, OpenMarket>,
    accounts: BTreeMap<AccountId, Account>,
    changed_accounts: BTreeSet<AccountId>,
    closed_sides: Vec<(SideKey, ClosedSide)>,
    step: Step,
}

/// What a refused order undoes, an account that cannot be liquidated, a step of the waterfall that cannot be computed.
pub struct Savepoint {
    pool: Pool,
    /// Of every loaded market: state, and whether it was to be written.
    markets: Vec<(u16, MarketState, bool)>,
    account: Option<Account>,
    closed_sides: Vec<(SideKey, ClosedSide)>,
    throttles: BTreeMap<u16, Throttle>,
    step: Step,
    events: usize,
}

impl Desk {
    pub fn open(deps: Deps, env: &Env) -> Result<Self, ContractError> {
        let mut desk = Self::open_without_posture(deps, env)?;
        desk.all = breaker_layout::POSTURE_OF_ALL.query(&deps.querier, &desk.config.circuit_breaker);
        Ok(desk)
    }

    /// For replies, which only book what a callee answered: whoever asks for a posture all the same finds `ReduceOnly`.
    pub fn open_without_posture(deps: Deps, env: &Env) -> Result<Self, ContractError> {
        let config = CONFIG.load(deps.storage)?;
        let pool = POOL.load(deps.storage)?;
        let step = Step { cash: pool.cash, ..Step::default() };
        Ok(Self {
            config,
            pool,
            now: time::now(env),
            height: env.block.height,
            events: vec![],
            throttles: BTreeMap::new(),
            all: None,
            markets: BTreeMap::new(),
            accounts: BTreeMap::new(),
            changed_accounts: BTreeSet::new(),
            closed_sides: vec![],
            step,
        })
    }

    /// The join of restrictions of scope `All`; a record that cannot be read is `ReduceOnly`.
    pub fn effective_of_all(&self) -> EffectivePosture {
        match &self.all {
            Some(all) => all.effective(EffectivePosture::NORMAL, self.now),
            None => EffectivePosture::NORMAL.joined(Posture::preset(Level::ReduceOnly), Reason::PostureMissing, 0, 0),
        }
    }

    /// Loads a market, reads its price and posture raw, accrues funding at the old skew and moves the mark.
    pub fn load_market(&mut self, deps: Deps, id: MarketId) -> Result<(), ContractError> {
        if self.markets.contains_key(&id.0) {
            return Ok(());
        }
        let posture = breaker_layout::POSTURES.query(&deps.querier, &self.config.circuit_breaker, id.0);
        self.load_market_under(deps, id, posture)
    }

    /// The same to look at it, for a message that does not write it; without its posture for one that does not ask it: whoever asks all the
    /// same finds `ReduceOnly`.
    pub fn view_market(&mut self, deps: Deps, id: MarketId, with_posture: bool) -> Result<(), ContractError> {
        if self.markets.contains_key(&id.0) {
            return Ok(());
        }
        if with_posture {
            self.load_market(deps, id)?;
        } else {
            self.load_market_under(deps, id, None)?;
        }
        // Whether the market is frozen may not be known here. What loading alone changed is not written, or a mark of now would stand where a
        // grace wants that of the freeze; the next load finds the same again.
        self.market_mut(id)?.changed = false;
        Ok(())
    }

    fn load_market_under(
        &mut self,
        deps: Deps,
        id: MarketId,
        posture: Option<PostureRecord>,
    ) -> Result<(), ContractError> {
        let unknown = || ContractError::UnknownMarket { market: id };
        let StoredMarketConfig { config, ramp } = MARKET_CONFIGS.may_load(deps.storage, id.0)?.ok_or_else(unknown)?;
        let state = MARKETS.may_load(deps.storage, id.0)?.ok_or_else(unknown)?;
        let record = oracle_layout::PRICES.query(&deps.querier, &self.config.oracle, config.feed.0);
        let mut validity = record.as_ref().map_or(Validity::Invalid, |record| record.validity(self.now));
        let gap = (config.gap_seconds, config.gap_rounds);
        let mut resting = record.as_ref().is_some_and(|record| record.rests_behind_gap(gap.0, gap.1, self.now));
        if resting {
            validity = validity.max(Validity::SoftInvalid);
        }
        let round = record.as_ref().and_then(PriceRecord::latest).map_or(0, |round| round.round);
        let mut effective = effective_posture(posture.as_ref(), self.all.as_ref(), round, self.now);
        if let Some(settlement) = &state.settlement {
            effective = settlement::joined(effective, settlement, self.now);
            if settlement.price.is_some() {
                // Nothing asks the feed of a settled market any more.
                validity = Validity::Valid;
                resting = false;
            }
        }
        let closed_pots = vec![];
        let mut market = OpenMarket {
            id,
            config,
            ramp,
            state,
            record,
            validity,
            effective,
            resting,
            closed_pots,
            changed: false,
            accrued: Cell::new(true),
        };
        market.feel_freeze([posture.as_ref(), self.all.as_ref()], self.config.parameters.grace_seconds, self.now);
        self.step.liabilities.insert(id.0, market.liability()?);
        let used = self.utilisation()?;
        let explained = accrue(&mut market, used, self.now)?;
        if !market.state.vesting.is_idle() {
            market.roll_vesting(self.now)?;
        }
        self.step.expected = self.step.expected.plus(explained)?;
        self.markets.insert(id.0, market);
        Ok(())
    }

    /// F3: how much of the pool's coins backs open interest.
    fn utilisation(&self) -> Result<Ratio, ContractError> {
        let reserved = self.pool.open_notional.times(self.config.parameters.reserve_ratio, Rounding::Ceil)?;
        Ok(utilisation(reserved, self.pool.cash.minus_amount(self.pool.receivable)?)?)
    }

    /// F13: the insurance fund's share of a trading fee, by what it held when it was last asked and what it is owed since, against a
    /// stress of all markets' open interest as it is now: a trade pays by the risk that it leaves behind.
    pub fn insurance_fee_share(&self) -> Result<Ratio, ContractError> {
        let parameters = &self.config.parameters;
        let least = parameters.insurance_fee_share;
        let held = self.pool.insurance_size.plus(self.pool.insurance_fees)?;
        let stress = stress_loss(self.pool.open_notional, parameters.stress_loss_ratio)?;
        Ok(insurance_fee_share(least, parameters.insurance_fee_share_max.unwrap_or(least), held, stress)?)
    }

    pub fn market(&self, id: MarketId) -> Result<&OpenMarket, ContractError> {
        self.markets.get(&id.0).ok_or(ContractError::UnknownMarket { market: id })
    }

    pub fn market_mut(&mut self, id: MarketId) -> Result<&mut OpenMarket, ContractError> {
        self.markets.get_mut(&id.0).ok_or(ContractError::UnknownMarket { market: id })
    }

    /// Loads an account and every market it has a position or a claim in (at most `MARKETS_PER_ACCOUNT_MAX`), and pays what has
    /// vested into its cash. What it holds in settled markets closes.
    pub fn load_account(&mut self, deps: Deps, id: &AccountId) -> Result<(), ContractError> {
        self.load_account_record(deps, id)?;
        let account = self.account(id);
        let claims = account.claims.iter().map(|held| held.market);
        for market in account.positions.iter().map(|position| position.market).chain(claims) {
            self.load_market(deps, market)?;
        }
        settle_claims(self, deps, id)?;
        settle_closed_sides(self, deps, id)?;
        let account = self.account(id);
        let settled = |market| self.market(market).is_ok_and(|market| market.settled_price().is_some());
        // In a vault that is being settled as a whole, pass 1 closes positions and nobody else.
        if self.config.phase < VaultPhase::Fixing && account.positions.iter().any(|held| settled(held.market)) {
            settlement::settle_positions(self, id, false)?;
        }
        Ok(())
    }

    /// Loads an account without its markets: enough for what needs no health.
    pub fn load_account_record(&mut self, deps: Deps, id: &AccountId) -> Result<(), ContractError> {
        self.load_stored_account(deps.storage, id)
    }

    /// The same for a caller that holds the storage alone.
    pub fn load_stored_account(&mut self, storage: &dyn Storage, id: &AccountId) -> Result<(), ContractError> {
        if !self.accounts.contains_key(id) {
            let account = ACCOUNTS.may_load(storage, (id.owner.clone(), id.subaccount))?.unwrap_or_default();
            self.accounts.insert(id.clone(), account);
        }
        Ok(())
    }

    /// A copy: accounts change through [`Self::put_account`], so that a refused order leaves nothing behind.
    pub fn account(&self, id: &AccountId) -> Account {
        self.accounts.get(id).cloned().unwrap_or_default()
    }

    /// Puts a changed account back and keeps the sums over all accounts. What served it in an earlier block is forgotten.
    pub fn put_account(&mut self, id: &AccountId, mut account: Account) -> Result<(), ContractError> {
        if account.served_height != self.height {
            account.served_height = 0;
            account.served.clear();
        }
        if !account.cash.is_negative() {
            account.lost_in = None;
        }
        let before = self.accounts.get(id).map_or(SignedAmount::ZERO, |account| account.cash);
        self.pool.traders_cash = self.pool.traders_cash.plus(account.cash)?.minus(before)?;
        self.pool.receivable =
            self.pool.receivable.plus(account.cash.negative_part())?.minus(before.negative_part())?;
        self.accounts.insert(id.clone(), account);
        self.changed_accounts.insert(id.clone());
        Ok(())
    }

    /// Notes that a round's price served the account in this block, and what its trades of the block have counted for.
    pub fn serve(
        &mut self,
        id: &AccountId,
        market: MarketId,
        (round, price): (u64, Price),
        counted: Amount,
    ) -> Result<(), ContractError> {
        let mut account = self.account(id);
        if account.served_height != self.height {
            account.served_height = self.height;
            account.served.clear();
        }
        account.served.retain(|served| served.market != market);
        account.served.push(ServedRound { market, round, price, counted });
        self.put_account(id, account)
    }

    /// How this block has served the account in a market.
    pub fn served<'a>(&self, account: &'a Account, market: MarketId) -> Option<&'a ServedRound> {
        let of_now = account.served_height == self.height;
        account.served.iter().find(|served| of_now && served.market == market)
    }

    /// What the pool earned or lost by this message's own figures: the right-hand side of the equality of F9.
    pub fn explain(&mut self, change: SignedAmount) -> Result<(), ContractError> {
        self.step.expected = self.step.expected.plus(change)?;
        Ok(())
    }

    /// Cash for the pool, explained to the equality: fees, liquidity, covers.
    pub fn pool_receives(&mut self, amount: Amount) -> Result<(), ContractError> {
        self.pool.cash = self.pool.cash.plus_amount(amount)?;
        self.explain(amount.signed()?)
    }

    /// Cash out of the pool, explained to the equality: liquidity that leaves, deficits, the keeper's floor.
    pub fn pool_pays(&mut self, amount: Amount) -> Result<(), ContractError> {
        self.pool.cash = self.pool.cash.minus_amount(amount)?;
        self.explain(amount.signed()?.negated()?)
    }

    /// Compares the change of the pool's equity since the last call with what was explained: the tolerance is for each market that the
    /// step has accrued or moved, whatever else is loaded.
    pub fn close_step(&mut self) -> Result<(), ContractError> {
        let mut found = self.pool.cash.minus(self.step.cash)?;
        let (mut liabilities, mut touched) = (BTreeMap::new(), 0u128);
        for (id, market) in &self.markets {
            let before = self.step.liabilities.get(id).copied().unwrap_or(SignedAmount::ZERO);
            let after = market.liability()?;
            found = found.minus(after.minus(before)?)?;
            touched = touched.saturating_add(u128::from(market.accrued.take() || after != before));
            liabilities.insert(*id, after);
        }
        let tolerance = EQUITY_TOLERANCE.saturating_mul(touched.max(1));
        if found.minus(self.step.expected)?.magnitude().atoms() > tolerance {
            return Err(ContractError::EquityMismatch { wanted: self.step.expected, found });
        }
        self.step = Step { cash: self.pool.cash, liabilities, expected: SignedAmount::ZERO };
        Ok(())
    }

    /// Of every market, and of the one account that is to change, if any.
    pub fn savepoint(&self, account: Option<&AccountId>) -> Savepoint {
        let states = self.markets.iter().map(|(id, market)| (*id, market.state.clone(), market.changed));
        Savepoint {
            pool: self.pool.clone(),
            markets: states.collect(),
            account: account.and_then(|account| self.accounts.get(account).cloned()),
            closed_sides: self.closed_sides.clone(),
            throttles: self.throttles.clone(),
            step: self.step.clone(),
            events: self.events.len(),
        }
    }

    /// Undoes what changed since, in every market: a fill may have moved claims of all of them. What was loaded in between is
    /// forgotten: loading it accrues the same again.
    pub fn roll_back(&mut self, id: Option<&AccountId>, savepoint: Savepoint) {
        self.pool = savepoint.pool;
        let mut loaded = std::mem::take(&mut self.markets);
        for (id, state, changed) in savepoint.markets {
            if let Some(market) = loaded.remove(&id) {
                self.markets.insert(id, OpenMarket { state, changed, ..market });
            }
        }
        match (id, savepoint.account) {
            (Some(id), Some(account)) => drop(self.accounts.insert(id.clone(), account)),
            (Some(id), None) => drop(self.accounts.remove(id)),
            (None, _) => {}
        }
        self.closed_sides = savepoint.closed_sides;
        self.throttles = savepoint.throttles;
        self.step = savepoint.step;
        self.events.truncate(savepoint.events);
    }

    /// A closed epoch that this message has touched.
    pub(crate) fn closed(&self, key: SideKey) -> Option<ClosedSide> {
        self.closed_sides.iter().find(|(found, _)| *found == key).map(|(_, closed)| closed.clone())
    }

    pub(crate) fn put_closed(&mut self, key: SideKey, closed: ClosedSide) {
        self.closed_sides.retain(|(found, _)| *found != key);
        self.closed_sides.push((key, closed));
    }

    /// Writes what changed.
    pub fn save(&self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        POOL.save(storage, &self.pool)?;
        for (id, market) in self.markets.iter().filter(|(_, market)| market.changed) {
            MARKETS.save(storage, *id, &market.state)?;
            for pot in &market.closed_pots {
                CLOSED_POTS.save(storage, (*id, pot.epoch), &pot.cut)?;
            }
        }
        for (id, throttle) in &self.throttles {
            THROTTLES.save(storage, *id, throttle)?;
        }
        for (key, closed) in &self.closed_sides {
            if closed.nominal.is_zero() {
                CLOSED_SIDES.remove(storage, *key);
            } else {
                CLOSED_SIDES.save(storage, *key, closed)?;
            }
        }
        for (id, account) in self.accounts.iter().filter(|(id, _)| self.changed_accounts.contains(*id)) {
            let key = (id.owner.clone(), id.subaccount);
            if *account == Account::default() {
                ACCOUNTS.remove(storage, key);
            } else {
                ACCOUNTS.save(storage, key, account)?;
            }
        }
        Ok(())
    }
}

/// Accrues funding at the old skew (F2) and the borrow fee at the rate of before (F3), and moves the mark to the latest usable
/// price. Returns what all of it does to the pool's equity, from open interest, rates and prices alone.
fn accrue(market: &mut OpenMarket, used: Ratio, now: u64) -> Result<SignedAmount, ContractError> {
    if market.settled_price().is_some() {
        return Ok(SignedAmount::ZERO);
    }
    let usable = market
        .record
        .as_ref()
        .and_then(|record| match record.validity(now) {
            Validity::Valid | Validity::SoftInvalid => record.latest(),
            // Positions whose price is invalid count at the last valid one, whoever touched the market then.
            Validity::Invalid => record.last_valid(),
        })
        .map(|round| (round.price, round.round));
    let mut explained = SignedAmount::ZERO;
    let skew = market.skew()?;
    if let Some((price, round)) = usable {
        // Behind a gap the mark stays until enough rounds agree that the world is where the first one says it is.
        if round > market.state.mark_round && !market.resting {
            if !market.state.mark_price.is_zero() {
                let moved = price_move_effect(market.state.mark_price, price, skew, market.config.skew_scale)?;
                explained = explained.plus(moved)?;
            }
            market.state.mark_price = price;
            market.state.mark_round = round;
            market.state.mark_skew = skew;
        }
    }
    let elapsed = now.saturating_sub(market.state.accrued_at);
    // Without a mark there has never been a position, so there is nothing to charge.
    if elapsed > 0 && !market.mark().is_zero() {
        let step = accrue_funding(
            market.state.funding_rate,
            skew,
            market.config.skew_scale,
            &market.config.funding,
            market.mark(),
            elapsed,
        )?;
        let borrow = borrow_fee(market.state.borrow_rate, market.mark(), elapsed)?;
        let (long, short) = (market.state.long.open_interest()?, market.state.short.open_interest()?);
        let gift_of_long = market.state.long.accrue(step.per_unit.plus(borrow)?.negated()?)?;
        let gift_of_short = market.state.short.accrue(step.per_unit.minus(borrow)?)?;
        market.state.funding_rate = step.rate;
        // What longs pay more than shorts receive is the pool's, and so is what both pay for its coins.
        explained = explained.plus(carry_of(long, short, step.per_unit, borrow)?)?;
        explained = explained.plus_amount(gift_of_long.plus(gift_of_short)?)?;
    }
    // From now on: whoever moves the utilisation changes what comes, not what has run.
    market.state.borrow_rate = market.config.funding.borrow_rate(used)?;
    market.state.accrued_at = now;
    Ok(explained)
}
