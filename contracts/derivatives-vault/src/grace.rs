//! after a freeze users act first. Until the grace after it is over nobody adds exposure, and nobody is liquidated who was
//! healthy at the prices and indices of the freeze.
//!
//! What positions were worth then is in the market's own record: the first message that loads the market while its freeze is felt takes
//! it out of the record as it stands, before it moves the mark, and stores it. A record that nobody wrote during the freeze is the snapshot
//! itself, but for a price of before the freeze that nobody has moved the mark to yet: the ring knows it for eight rounds, in which anybody
//! may store it, with an order, an attempt to liquidate or a batch of no orders, which is taken at every level for this.
//! No position needs a note: exposure cannot be raised until the grace is over, by who has one of them in no market at all (else the old
//! price would keep new risk elsewhere from being liquidated), and what a reduction realises is cash on both sides of
//! the comparison.
//!
//! What the pool bears for it is what prices do, within a grace, to positions that were healthy at the freeze and can only get smaller.

use crate::desk::{Desk, OpenMarket};
use crate::error::ContractError;
use crate::health::{evaluate, PositionView, Purpose};
use firebreak_messages::circuit_breaker::PostureRecord;
use firebreak_messages::derivatives_vault::{Account, FreezeSnapshot, Position};
use firebreak_messages::oracle::{Round, Validity};
use firebreak_messages::Reason;
use firebreak_risk::{AccountHealth, Level, Posture, Price};

impl OpenMarket {
    /// Keeps the snapshot while a freeze of the market or of all markets is felt, and forgets it afterwards. Nothing has accrued yet. A
    /// freeze that begins before the grace of the last one is over continues it. Of postures that cannot be read nothing new is known: a
    /// grace ends by itself then.
    pub(crate) fn feel_freeze(&mut self, postures: [Option<&PostureRecord>; 2], grace_seconds: u64, now: u64) {
        let kept = self.state.freeze.take();
        let (mut since, mut ends_at) = (u64::MAX, 0);
        for freeze in postures.into_iter().flatten().map(|posture| posture.freeze) {
            if freeze.is_felt(grace_seconds, now) {
                since = since.min(freeze.since);
                ends_at = ends_at.max(freeze.grace_ends_at(grace_seconds));
            }
        }
        let known = postures.iter().all(Option::is_some);
        let snapshot = if ends_at > 0 {
            let kept = kept.filter(|kept| since <= kept.ends_at).unwrap_or_else(|| {
                // Whatever message this is: the ring forgets in eight rounds what it was.
                self.mark_changed();
                self.as_it_stands(since)
            });
            // What cannot be read may be what holds it.
            let ends_at = if known { ends_at } else { ends_at.max(kept.ends_at) };
            FreezeSnapshot { ends_at, ..kept }
        } else {
            let Some(kept) = kept.filter(|kept| !known && now < kept.ends_at) else { return };
            since = 0;
            kept
        };
        let reduce_only = Posture::preset(Level::ReduceOnly);
        self.effective = self.effective.clone().joined(reduce_only, Reason::Grace, since, snapshot.ends_at);
        self.state.freeze = Some(snapshot);
    }

    /// At the last price of before `since` that the mark has moved to, or would have, had anybody asked.
    fn as_it_stands(&self, since: u64) -> FreezeSnapshot {
        let state = &self.state;
        let known = |round: &&Round| {
            let later = !self.resting && round.round > state.mark_round;
            later && round.validity == Validity::Valid && round.published_at < since
        };
        let later = self.rounds().iter().filter(known).max_by_key(|round| round.round);
        let round = later.or_else(|| self.rounds().iter().find(|round| round.round == state.mark_round));
        FreezeSnapshot {
            ends_at: 0,
            mark_price: later.map_or(state.mark_price, |round| round.price),
            band: round.map_or(Price::ZERO, |round| round.band),
            long: state.long.clone(),
            short: state.short.clone(),
        }
    }

    /// What a position of before the freeze is judged at. An epoch of its side that began since has nobody who was there.
    pub(crate) fn at_freeze(&self, position: &Position) -> Option<&FreezeSnapshot> {
        let then = self.state.freeze.as_ref().filter(|_| self.settled_price().is_none())?;
        let side = if position.stake.nominal.atoms() < 0 { &then.short } else { &then.long };
        (side.epoch == position.stake.epoch).then_some(then)
    }
}

/// A market of the account's positions in which a freeze is felt: the account may be judged at a price of then.
pub fn felt_by<'a>(desk: &'a Desk, account: &Account) -> Option<&'a OpenMarket> {
    let mut markets = account.positions.iter().filter_map(|position| desk.market(position.market).ok());
    markets.find(|market| market.state.freeze.is_some())
}

/// The health by which an account is liquidated: as it is, and where that is not enough, as it was at the freeze that one of its markets
/// still feels. What its other markets are now counts both times.
pub fn evaluate_for_liquidation(
    desk: &Desk,
    account: &Account,
) -> Result<(AccountHealth, Vec<PositionView>), ContractError> {
    let (now, views) = evaluate(desk, account, Purpose::Liquidation, None)?;
    if now.is_liquidatable() && felt_by(desk, account).is_some() {
        let (then, _) = evaluate(desk, account, Purpose::AtFreeze, None)?;
        if !then.is_liquidatable() {
            return Ok((then, views));
        }
    }
    Ok((now, views))
}

/// Nobody may liquidate the account now, whatever it is at the mark: a freeze is felt, or it is at the price at which the skew was another.
pub fn is_spared(desk: &Desk, account: &Account) -> Result<bool, ContractError> {
    Ok(!evaluate_for_liquidation(desk, account)?.0.is_liquidatable())
}
