//! The shipped playbooks of one market as a request for `firebreak proposal`, rendered from what the suite answers now.

use crate::error::ChainError;
use crate::keeper::Questions;
use crate::proposal::{Request, RequestedCall};
use firebreak_messages::derivatives_vault::{ConfigResponse, MarketResponse, MarketSetup, QueryMsg as VaultQuery};
use firebreak_messages::guardian::{ExecuteMsg, Playbook, QueryMsg, SuiteResponse, Template};
use firebreak_messages::oracle::{FeedConfig, FeedResponse, FeedSetup, QueryMsg as OracleQuery};
use firebreak_messages::MarketId;
use firebreak_risk::Amount;

/// The one that needs other sources of a price.
const WANTS_SOURCES: &str = "oracle-compromise";

/// What nobody can ask the suite.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub market: MarketId,
    /// Who says the price when the feed's own feeders cannot be trusted and it names no fallback.
    pub fallback: Option<FeedConfig>,
    /// First-loss coins that a crash sends into the pool; zero: none.
    pub inject: Amount,
    /// Last second of the approvals.
    pub not_after: u64,
    /// Gas of each step.
    pub step_gas_limit: u64,
}

/// One operation that approves all of them; without `oracle-compromise` where neither the feed nor the choice names other sources.
///
/// Errors: [`ChainError`].
pub fn request(chain: &impl Questions, guardian: &str, choice: &Choice) -> Result<Request, ChainError> {
    let suite: SuiteResponse = chain.ask(guardian, &QueryMsg::Suite {})?;
    let vault = &suite.derivatives_vault;
    let ConfigResponse { config } = chain.ask(vault, &VaultQuery::Config {})?;
    let MarketResponse { market, config: of_market, .. } =
        chain.ask(vault, &VaultQuery::Market { market: choice.market })?;
    let FeedResponse { feed, config: of_feed } =
        chain.ask(&suite.oracle, &OracleQuery::Feed { feed: of_market.feed })?;
    let has_sources = of_feed.fallback.is_some() || choice.fallback.is_some();
    let symbol = of_market.symbol.clone();
    let template = Template {
        suite: &suite,
        parameters: &config.parameters,
        market: &MarketSetup { market, config: of_market },
        fallback: choice.fallback.as_ref().unwrap_or(&of_feed),
        feed: &FeedSetup { feed, config: of_feed.clone() },
        inject: choice.inject,
        not_after: choice.not_after,
        step_gas_limit: choice.step_gas_limit,
    };
    let playbooks = template.playbooks().map_err(|error| ChainError::unreadable("a playbook", error))?;
    let playbooks: Vec<Playbook> =
        playbooks.into_iter().filter(|playbook| has_sources || playbook.name != WANTS_SOURCES).collect();
    let names: Vec<&str> = playbooks.iter().map(|playbook| playbook.name.as_str()).collect();
    let (title, description) = (format!("Playbooks for {symbol}"), format!("Approves {}.", names.join(", ")));
    let calls = playbooks.into_iter().map(call).collect::<Result<_, ChainError>>()?;
    Ok(Request { title, description, calls, predecessor: None })
}

fn call(playbook: Playbook) -> Result<RequestedCall, ChainError> {
    let msg = serde_json::to_value(ExecuteMsg::SetPlaybook(playbook));
    let msg = msg.map_err(|error| ChainError::unreadable("a playbook", error))?;
    Ok(RequestedCall { contract: "guardian".into(), msg, funds: vec![], migrate_to: None })
}
