//! What the story and its summary look at: contracts' answers, records read raw, balances.

use crate::chain::Chain;
use cosmwasm_std::{Addr, QuerierWrapper};
use firebreak_derivatives_vault::state as vault;
use firebreak_messages::circuit_breaker::{layout as breaker, PostureRecord};
use firebreak_messages::derivatives_vault::{
    Account, AccountResponse, AccountsResponse, LiquidityProvider, LiquidityProvidersResponse, LossLedger, MarketState,
    OrderResponse, OrdersResponse, Pool, PoolResponse, QueryMsg as VaultQuery, SolvencyResponse, StatusResponse,
    VaultParameters,
};
use firebreak_messages::guardian::{
    CouncilResponse, Incident, IncidentsResponse, Operation, OperationsResponse, QueryMsg as GuardianQuery,
};
use firebreak_messages::insurance_fund::{FundResponse, QueryMsg as FundQuery, StakersResponse};
use firebreak_messages::oracle::{layout as oracle, PriceRecord};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{Amount, Size};
use firebreak_testing::{feed_of, Addresses, DENOM};
use serde::de::DeserializeOwned;
use serde::Serialize;

/// The largest page that every contract gives.
const PAGE: Option<u32> = Some(32);

/// Reads of one suite. They panic when a contract does not answer: the story asks for nothing that is not there.
pub struct Reads<'a> {
    chain: &'a dyn Chain,
    querier: QuerierWrapper<'a>,
    suite: &'a Addresses,
}

impl<'a> Reads<'a> {
    pub fn of(chain: &'a dyn Chain) -> Self {
        Self { chain, querier: chain.querier(), suite: chain.suite() }
    }

    #[track_caller]
    pub fn smart<T: DeserializeOwned>(&self, contract: &Addr, query: &impl Serialize) -> T {
        self.querier.query_wasm_smart(contract, query).unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn vault<T: DeserializeOwned>(&self, query: &VaultQuery) -> T {
        self.smart(&self.suite.derivatives_vault, query)
    }

    #[track_caller]
    fn guardian<T: DeserializeOwned>(&self, query: &GuardianQuery) -> T {
        self.smart(&self.suite.guardian, query)
    }

    pub fn coins(&self, holder: &Addr) -> Amount {
        let coin = self.querier.query_balance(holder, DENOM).unwrap_or_else(|error| panic!("{error}"));
        Amount::from_atoms(coin.amount.u128())
    }

    pub fn coins_of(&self, actor: &str) -> Amount {
        self.coins(&self.chain.address(actor))
    }

    /// The version that a contract records.
    pub fn version(&self, contract: &Addr) -> String {
        let found = cw2::query_contract_info(&self.querier, contract);
        found.unwrap_or_else(|error| panic!("{error}")).version
    }

    /// An actor's first account.
    pub fn account_id(&self, actor: &str) -> AccountId {
        AccountId { owner: self.chain.address(actor).into(), subaccount: 0 }
    }

    pub fn account(&self, actor: &str) -> AccountResponse {
        self.vault(&VaultQuery::Account { account: self.account_id(actor) })
    }

    /// An actor's position; zero without one.
    pub fn position(&self, actor: &str, market: MarketId) -> Size {
        let positions = self.account(actor).positions;
        positions.iter().find(|position| position.market == market).map_or(Size::ZERO, |position| position.size)
    }

    /// Every account of the vault with its record.
    pub fn accounts(&self) -> Vec<(AccountId, Account)> {
        let mut found: Vec<(AccountId, Account)> = vec![];
        loop {
            let start_after = found.last().map(|(id, _)| id.clone());
            let page: AccountsResponse = self.vault(&VaultQuery::Accounts { start_after, limit: PAGE });
            if page.accounts.is_empty() {
                return found;
            }
            for id in page.accounts {
                let key = (id.owner.clone(), id.subaccount);
                let record = vault::ACCOUNTS.query(&self.querier, self.suite.derivatives_vault.as_str(), key);
                let record = record.unwrap_or_else(|| panic!("account {id} has no record"));
                found.push((id, record));
            }
        }
    }

    /// A market's waiting orders.
    pub fn orders(&self, market: MarketId) -> Vec<OrderResponse> {
        self.vault::<OrdersResponse>(&VaultQuery::Orders { market, start_after: None, limit: Some(50) }).orders
    }

    pub fn status(&self, market: MarketId) -> StatusResponse {
        self.vault(&VaultQuery::Status { market })
    }

    pub fn parameters(&self) -> VaultParameters {
        self.vault::<firebreak_messages::derivatives_vault::ConfigResponse>(&VaultQuery::Config {}).config.parameters
    }

    pub fn pool(&self) -> PoolResponse {
        self.vault(&VaultQuery::Pool {})
    }

    pub fn losses(&self) -> LossLedger {
        self.vault(&VaultQuery::Losses { market: None })
    }

    pub fn solvency(&self) -> SolvencyResponse {
        self.vault(&VaultQuery::Solvency {})
    }

    pub fn providers(&self) -> Vec<(String, LiquidityProvider)> {
        let page: LiquidityProvidersResponse =
            self.vault(&VaultQuery::LiquidityProviders { start_after: None, limit: PAGE });
        page.providers.into_iter().map(|found| (found.address, found.provider)).collect()
    }

    pub fn fund(&self) -> FundResponse {
        self.smart(&self.suite.insurance_fund, &FundQuery::Fund {})
    }

    pub fn stakers(&self) -> StakersResponse {
        self.smart(&self.suite.insurance_fund, &FundQuery::Stakers { start_after: None, limit: PAGE })
    }

    pub fn council(&self) -> CouncilResponse {
        self.guardian(&GuardianQuery::Council {})
    }

    pub fn incidents(&self) -> Vec<Incident> {
        self.guardian::<IncidentsResponse>(&GuardianQuery::Incidents { start_after: None, limit: PAGE }).incidents
    }

    pub fn operations(&self) -> Vec<Operation> {
        self.guardian::<OperationsResponse>(&GuardianQuery::Operations { start_after: None, limit: PAGE }).operations
    }

    /// The packed records that others read raw.
    pub fn pool_record(&self) -> Option<Pool> {
        vault::POOL.query(&self.querier, self.suite.derivatives_vault.as_str())
    }

    pub fn market_record(&self, market: MarketId) -> Option<MarketState> {
        vault::MARKETS.query(&self.querier, self.suite.derivatives_vault.as_str(), market.0)
    }

    pub fn price_record(&self, market: MarketId) -> Option<PriceRecord> {
        oracle::PRICES.query(&self.querier, self.suite.oracle.as_str(), feed_of(market).0)
    }

    pub fn posture_record(&self, market: MarketId) -> Option<PostureRecord> {
        breaker::POSTURES.query(&self.querier, self.suite.circuit_breaker.as_str(), market.0)
    }

    pub fn posture_of_all(&self) -> Option<PostureRecord> {
        breaker::POSTURE_OF_ALL.query(&self.querier, self.suite.circuit_breaker.as_str())
    }
}
