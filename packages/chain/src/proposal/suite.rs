//! The suite that a proposal is for: asked of a chain, or read from a file.

use super::error::ProposalError;
use crate::deploy::{Addresses, Reader};
use cosmrs::AccountId;
use cosmwasm_std::to_json_string;
use firebreak_messages::derivatives_vault::{MarketResponse, MarketsResponse, QueryMsg as VaultQuery};
use firebreak_messages::guardian::{Delays, QueryMsg, RolesResponse, SuiteResponse};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What has to be known of a suite to render a proposal to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownSuite {
    pub at: Addresses,
    pub delays: Delays,
    /// Empty: not known, so nothing is compared with it.
    #[serde(default)]
    pub proposers: Vec<String>,
    /// What the vault answers about its markets. Empty: not known, so nothing that is configured counts as tighter than now.
    #[serde(default)]
    pub markets: Vec<MarketResponse>,
}

impl KnownSuite {
    /// Errors: [`ProposalError::Chain`].
    pub fn ask(reader: &impl Reader, guardian: &str) -> Result<Self, ProposalError> {
        let chain = |error| ProposalError::Chain { doing: "asking the guardian", error };
        let suite: SuiteResponse = reader.smart(guardian, &QueryMsg::Suite {}).map_err(chain)?;
        let RolesResponse { proposers, delays, .. } = reader.smart(guardian, &QueryMsg::Roles {}).map_err(chain)?;
        // One page holds all markets.
        let question = VaultQuery::Markets { start_after: None, limit: Some(32) };
        let asking = |error| ProposalError::Chain { doing: "asking the vault", error };
        let MarketsResponse { markets } = reader.smart(&suite.derivatives_vault, &question).map_err(asking)?;
        Ok(Self { at: Addresses::new(guardian.into(), suite), delays, proposers, markets })
    }

    /// Errors: [`ProposalError::Unreadable`].
    pub fn read(file: &Path) -> Result<Self, ProposalError> {
        let unreadable =
            |cause: String| ProposalError::Unreadable { file: file.display().to_string(), cause: one_line(&cause) };
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))
    }

    /// Errors: [`ProposalError::NoProposer`].
    pub fn ensure_proposer(&self, address: &str) -> Result<(), ProposalError> {
        if self.proposers.is_empty() || self.proposers.iter().any(|proposer| proposer == address) {
            return Ok(());
        }
        Err(ProposalError::NoProposer { proposer: address.into(), wanted: self.proposers.join(", ") })
    }

    pub fn contracts(&self) -> SuiteResponse {
        let Addresses { oracle, circuit_breaker, insurance_fund, derivatives_vault, .. } = self.at.clone();
        SuiteResponse { oracle, circuit_breaker, insurance_fund, derivatives_vault }
    }

    /// What the vault answers about a market, as it writes it; nothing when there is none, or none is known.
    pub(super) fn market_now(&self, market: u16) -> String {
        let known = self.markets.iter().find(|known| known.market.0 == market);
        known.and_then(|known| to_json_string(known).ok()).unwrap_or_default()
    }

    /// What the chain's addresses begin with.
    ///
    /// Errors: [`ProposalError::Address`].
    pub fn prefix(&self) -> Result<String, ProposalError> {
        let guardian = &self.at.guardian;
        let parsed: AccountId =
            guardian.parse().map_err(|_| ProposalError::Address { what: "the guardian", found: guardian.clone() })?;
        Ok(parsed.prefix().into())
    }
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
