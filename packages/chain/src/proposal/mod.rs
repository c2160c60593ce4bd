//! Ready proposals: what a DAO votes on so that the guardian's timelock does something.
//!
//! ```text
//! request (calls in plain JSON) -> calls -> the guardian's own classes -> schedule -> x/gov, cw3 or DAO DAO
//! ```
//! Class and delay come from the guardian's code, which is a library here: there is no second list of messages. What depends on
//! what is configured now is compared with the vault's answers at the rendering; the guardian compares again.

mod error;
mod form;
mod request;
mod suite;

pub use error::ProposalError;
pub use form::{gov_account, Form};
pub use request::{Request, RequestedCall};
pub use suite::KnownSuite;

use cosmwasm_std::testing::MockApi;
use firebreak_guardian::class::{Known, Window};
use firebreak_messages::guardian::{DelayClass, ExecuteMsg, CALLS_MAX, DESCRIPTION_MAX};
use serde::Serialize;

/// Between the first `not_after` that the guardian takes and the one of a proposal that names none: a vote may pass so much
/// later than planned. Seconds.
const ROOM_SECONDS: u64 = 1_209_600;

/// One call, for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Described {
    /// `derivatives-vault`, or an address that the suite does not know.
    pub contract: String,
    pub address: String,
    /// `configure_market`, or `migrate`.
    pub message: String,
    pub class: DelayClass,
    pub delay_seconds: u64,
    pub reason: &'static str,
    /// Each figure of the message: where it stands, and what it is.
    pub figures: Vec<(String, String)>,
}

/// What the guardian is asked, and when it does what. Times are seconds since 1970.
#[derive(Debug, Clone, Serialize)]
pub struct Proposal {
    pub title: String,
    pub description: String,
    pub guardian: String,
    /// Of the slowest call: all wait for it.
    pub class: DelayClass,
    pub delay_seconds: u64,
    pub calls: Vec<Described>,
    /// When the vote is expected to have passed.
    pub passes_at: u64,
    /// The earliest execution.
    pub ready_at: u64,
    pub not_after: u64,
    /// The guardian takes the message if the vote is executed between these two.
    pub passes_from: u64,
    pub passes_until: u64,
    /// Whether anyone may name accounts that the change must not make liquidatable.
    pub dry_run: bool,
    /// Whether it is held up for a `roles` delay after an operation that configured the vault (R-19).
    pub sets_feed: bool,
    pub schedule: ExecuteMsg,
}

impl Proposal {
    /// Renders a request as if the vote passed at `passes_at`. `not_after`: the last second of an execution.
    ///
    /// Errors: [`ProposalError::Call`] for a message that its contract does not have, [`ProposalError::Guardian`] for what the
    /// guardian refuses, [`ProposalError::Bounds`].
    pub fn new(
        request: &Request,
        suite: &KnownSuite,
        passes_at: u64,
        not_after: Option<u64>,
    ) -> Result<Self, ProposalError> {
        bounded("calls", request.calls.len() as u64, 1, CALLS_MAX as u64)?;
        bounded("bytes of the title", request.title.len() as u64, 1, DESCRIPTION_MAX as u64)?;
        let known = Known::new(suite.at.guardian.clone(), suite.contracts(), suite.delays.clone(), passes_at);
        // The api wants a prefix that lives as long as the program; a program renders one proposal.
        let api = MockApi::default().with_prefix(Box::leak(suite.prefix()?.into_boxed_str()));
        let (mut calls, mut described, mut class) = (vec![], vec![], DelayClass::Parameters);
        for (at, requested) in request.calls.iter().enumerate() {
            let read = requested.read(at + 1, suite)?;
            let classified = known
                .classify(&api, &|contract, market| suite.present_now(contract, market), &read.call)
                .map_err(ProposalError::Guardian)?;
            class = class.max(classified.class);
            described.push(Described {
                contract: read.contract,
                address: read.address,
                message: read.message,
                class: classified.class,
                delay_seconds: known.delay(classified.class),
                reason: classified.reason,
                figures: read.figures,
            });
            calls.push(read.call);
        }
        let Window { ready_at, first, last } = known.window(class, &calls).map_err(ProposalError::Guardian)?;
        let not_after = not_after.unwrap_or(first.saturating_add(ROOM_SECONDS).min(last));
        bounded("not-after", not_after, first, last)?;
        Ok(Self {
            title: request.title.clone(),
            description: request.description.clone(),
            guardian: suite.at.guardian.clone(),
            class,
            delay_seconds: known.delay(class),
            calls: described,
            passes_at,
            ready_at,
            not_after,
            passes_from: passes_at.saturating_sub(last - not_after),
            passes_until: passes_at.saturating_add(not_after - first),
            dry_run: calls.iter().any(|call| known.configures_vault(call)),
            sets_feed: calls.iter().any(|call| known.sets_feed(call)),
            schedule: ExecuteMsg::Schedule {
                calls,
                not_after,
                predecessor: request.predecessor,
                description: request.title.clone(),
            },
        })
    }
}

/// Errors: [`ProposalError::Bounds`].
fn bounded(what: &'static str, found: u64, min: u64, max: u64) -> Result<(), ProposalError> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    Err(ProposalError::Bounds { what, min, max, found })
}
