//! What tests and agents look at.

use crate::code::Code;
use crate::world::World;
use cosmwasm_std::Addr;
use firebreak_derivatives_vault::state as vault;
use firebreak_messages::circuit_breaker::{
    self, effective_posture, layout as breaker, EffectivePosture, PostureRecord,
};
use firebreak_messages::derivatives_vault::{
    Account, AccountResponse, LiquidityProvider, LossLedger, MarketResponse, MarketState, Pool, PoolResponse, QueryMsg,
    SolvencyResponse, StatusResponse,
};
use firebreak_messages::guardian::{Incident, IncidentsResponse, QueryMsg as GuardianQuery};
use firebreak_messages::insurance_fund::{FundResponse, QueryMsg as FundQuery};
use firebreak_messages::oracle::{layout as oracle, PriceRecord};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::Size;

impl World {
    /// Cash, positions, orders and health of an actor's first account.
    pub fn account(&self, name: &str) -> AccountResponse {
        self.query(Code::Vault, &QueryMsg::Account { account: self.account_id(name) })
    }

    /// The signed size of an actor's position; zero without one.
    pub fn position_size(&self, name: &str, market: MarketId) -> Size {
        let account = self.account(name);
        account.positions.iter().find(|position| position.market == market).map_or(Size::ZERO, |position| position.size)
    }

    pub fn market(&self, market: MarketId) -> MarketResponse {
        self.query(Code::Vault, &QueryMsg::Market { market })
    }

    pub fn pool(&self) -> PoolResponse {
        self.query(Code::Vault, &QueryMsg::Pool {})
    }

    pub fn status(&self, market: MarketId) -> StatusResponse {
        self.query(Code::Vault, &QueryMsg::Status { market })
    }

    pub fn breaker_status(&self, market: MarketId) -> circuit_breaker::StatusResponse {
        self.query(Code::Breaker, &circuit_breaker::QueryMsg::Status { market })
    }

    pub fn solvency(&self) -> SolvencyResponse {
        self.query(Code::Vault, &QueryMsg::Solvency {})
    }

    pub fn losses(&self) -> LossLedger {
        self.query(Code::Vault, &QueryMsg::Losses { market: None })
    }

    pub fn insurance(&self) -> FundResponse {
        self.query(Code::Insurance, &FundQuery::Fund {})
    }

    pub fn incidents(&self) -> Vec<Incident> {
        let mut incidents: Vec<Incident> = vec![];
        loop {
            let start_after = incidents.last().map(|incident| incident.incident);
            let page: IncidentsResponse =
                self.query(Code::Guardian, &GuardianQuery::Incidents { start_after, limit: Some(32) });
            if page.incidents.is_empty() {
                return incidents;
            }
            incidents.extend(page.incidents);
        }
    }

    pub fn provider(&self, name: &str) -> LiquidityProvider {
        let key = self.address(name).to_string();
        read(vault::PROVIDERS.may_load(&*self.storage(Code::Vault), key)).unwrap_or_default()
    }

    /// Whether a claim on the pool waits.
    pub fn claims_wait(&self) -> bool {
        let claimed = read(vault::CLAIMED.may_load(&*self.storage(Code::Vault)));
        claimed.is_some_and(|shares| !shares.is_zero())
    }

    /// An account's record, read raw as an off-chain keeper reads it. `None` when there is none.
    pub fn account_record(&self, account: &AccountId) -> Option<Account> {
        let key = (account.owner.clone(), account.subaccount);
        read(vault::ACCOUNTS.may_load(&*self.storage(Code::Vault), key))
    }

    /// Every account of the vault.
    pub fn account_records(&self) -> Vec<(AccountId, Account)> {
        let storage = self.storage(Code::Vault);
        let records = vault::ACCOUNTS.page(&*storage, None, usize::MAX).unwrap_or_else(|error| panic!("{error}"));
        records.into_iter().map(|((owner, subaccount), account)| (AccountId { owner, subaccount }, account)).collect()
    }

    pub fn pool_record(&self) -> Pool {
        read(vault::POOL.load(&*self.storage(Code::Vault)))
    }

    pub fn market_record(&self, market: MarketId) -> MarketState {
        read(vault::MARKETS.load(&*self.storage(Code::Vault), market.0))
    }

    pub fn loss_record(&self) -> LossLedger {
        read(vault::LOSSES.may_load(&*self.storage(Code::Vault))).unwrap_or_default()
    }

    pub fn price_record(&self, market: MarketId) -> Option<PriceRecord> {
        read(oracle::PRICES.may_load(&*self.storage(Code::Oracle), market.0))
    }

    pub fn posture_record(&self, market: MarketId) -> Option<PostureRecord> {
        read(breaker::POSTURES.may_load(&*self.storage(Code::Breaker), market.0))
    }

    pub fn posture_of_all(&self) -> Option<PostureRecord> {
        read(breaker::POSTURE_OF_ALL.may_load(&*self.storage(Code::Breaker)))
    }

    /// The posture of a market as the vault acts on it now.
    pub fn effective(&self, market: MarketId) -> EffectivePosture {
        let round = self.price_record(market).and_then(|record| record.latest().map(|round| round.round)).unwrap_or(0);
        effective_posture(self.posture_record(market).as_ref(), self.posture_of_all().as_ref(), round, self.now())
    }

    /// The wasm admin of a contract.
    pub fn admin_of(&self, code: Code) -> Option<Addr> {
        self.app.contract_data(self.addresses.of(code)).ok().and_then(|data| data.admin)
    }

    /// The markets that the World was built with.
    pub fn markets(&self) -> Vec<MarketId> {
        self.setup.markets.iter().map(|setup| setup.market).collect()
    }
}

#[track_caller]
fn read<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("a record cannot be read: {error}"))
}
