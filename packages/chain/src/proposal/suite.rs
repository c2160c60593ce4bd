//! The suite that a proposal is for: asked of a chain, or read from a file.

use super::error::ProposalError;
use crate::deploy::{Addresses, Reader};
use cosmrs::AccountId;
use cosmwasm_std::to_json_string;
use firebreak_messages::derivatives_vault::{
    ConfigResponse, MarketResponse, MarketsResponse, QueryMsg as VaultQuery, VaultParameters,
};
use firebreak_messages::guardian::{Delays, QueryMsg, RolesResponse, SuiteResponse};
use firebreak_messages::insurance_fund::{self, FundConfig, QueryMsg as FundQuery};
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
    /// What the vault answers about its markets. Empty: not known, so what is configured counts as more than one step.
    #[serde(default)]
    pub markets: Vec<MarketResponse>,
    /// Parameters of the vault and of the fund. Absent: as with markets.
    #[serde(default)]
    pub vault: Option<VaultParameters>,
    #[serde(default)]
    pub fund: Option<FundConfig>,
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
        let ConfigResponse { config } =
            reader.smart(&suite.derivatives_vault, &VaultQuery::Config {}).map_err(asking)?;
        let asking = |error| ProposalError::Chain { doing: "asking the fund", error };
        let fund: insurance_fund::ConfigResponse =
            reader.smart(&suite.insurance_fund, &FundQuery::Config {}).map_err(asking)?;
        let (vault, fund) = (Some(config.parameters), Some(fund.config));
        Ok(Self { at: Addresses::new(guardian.into(), suite), delays, proposers, markets, vault, fund })
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

    /// What a contract answers about a market or its own configuration, as it writes it, as far as classes depend on it; nothing when it
    /// is not known.
    pub(super) fn present_now(&self, contract: &str, market: Option<u16>) -> String {
        let text = if let Some(market) = market {
            let market = self.markets.iter().find(|known| known.market.0 == market);
            market.and_then(|market| to_json_string(market).ok())
        } else if contract == self.at.insurance_fund {
            let config = self.fund.as_ref().and_then(|fund| to_json_string(fund).ok());
            config.map(|config| format!(r#"{{"config":{config}}}"#))
        } else {
            let parameters = self.vault.as_ref().and_then(|vault| to_json_string(vault).ok());
            parameters.map(|parameters| format!(r#"{{"config":{{"parameters":{parameters}}}}}"#))
        };
        text.unwrap_or_default()
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
