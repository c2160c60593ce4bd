//! A fund on the embedded chain, with an owner, a registered vault and people with coins.

mod vault;

use cosmwasm_std::{coins, from_json, Addr, Coin, Uint128};
use cw_multi_test::{App, AppResponse, ContractWrapper, Executor, IntoAddr};
use firebreak_insurance_fund::{contract, ContractError};
use firebreak_messages::event::Fact;
use firebreak_messages::insurance_fund::*;
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, FundShares, Ratio};

pub const DENOM: &str = "uusdc";
pub const BTC: MarketId = MarketId(1);
pub const ETH: MarketId = MarketId(2);
pub const START: u128 = 1_000_000_000_000;
pub const DAY: u64 = 86_400;

pub fn amount(atoms: u128) -> Amount {
    Amount::from_atoms(atoms)
}

pub fn shares(atoms: u128) -> FundShares {
    FundShares::from_atoms(atoms)
}

pub fn config() -> FundConfig {
    FundConfig {
        cooldown_seconds: DAY,
        claim_window_seconds: DAY,
        fee_share_stakers: Ratio::percent(40),
        cover_share_max: Ratio::percent(100),
        cover_share_per_market_max: Ratio::percent(100),
        cover_window_seconds: 3_600,
        deductible_ratio: Ratio::ZERO,
        inject_share_max: Ratio::ONE,
        cover_hold_seconds: 0,
        stress_loss_ratio: Ratio::percent(5),
    }
}

pub fn deficit(market: MarketId, atoms: u128) -> MarketDeficit {
    MarketDeficit { market, amount: amount(atoms) }
}

pub struct Chain {
    pub app: App,
    pub fund: Addr,
    pub owner: Addr,
    pub vault: Addr,
    pub alice: Addr,
    pub bob: Addr,
}

impl Chain {
    pub fn new(config: FundConfig) -> Self {
        let people = ["owner", "vault", "alice", "bob"].map(|name| name.into_addr());
        let [owner, vault, alice, bob] = people.clone();
        let mut app = App::new(|router, _, storage| {
            for person in &people {
                let purse = vec![Coin::new(START, "uatom"), Coin::new(START, DENOM)];
                router.bank.init_balance(storage, person, purse).unwrap();
            }
        });
        let code = app.store_code(Box::new(
            ContractWrapper::new(contract::execute, contract::instantiate, contract::query)
                .with_migrate(contract::migrate),
        ));
        let msg =
            InstantiateMsg { owner: owner.to_string(), denom: DENOM.into(), vaults: vec![vault.to_string()], config };
        let fund = app.instantiate_contract(code, owner.clone(), &msg, &[], "fund", Some(owner.to_string())).unwrap();
        Self { app, fund, owner, vault, alice, bob }
    }

    pub fn send(&mut self, sender: &Addr, msg: &ExecuteMsg, funds: &[Coin]) -> Result<AppResponse, ContractError> {
        self.app
            .execute_contract(sender.clone(), self.fund.clone(), msg, funds)
            .map_err(|error| error.downcast::<ContractError>().unwrap())
    }

    pub fn with(&mut self, sender: &Addr, msg: &ExecuteMsg, atoms: u128) -> Result<AppResponse, ContractError> {
        self.send(sender, msg, &coins(atoms, DENOM))
    }

    pub fn add_first_loss(&mut self, atoms: u128) {
        let owner = self.owner.clone();
        self.with(&owner, &ExecuteMsg::AddFirstLoss {}, atoms).unwrap();
    }

    pub fn stake(&mut self, sender: &Addr, atoms: u128) -> FundShares {
        let response = self.with(sender, &ExecuteMsg::Stake { shares_min: shares(0) }, atoms).unwrap();
        only::<Staked>(&response).shares
    }

    pub fn request(&mut self, sender: &Addr, shares: FundShares) -> u64 {
        let response = self.send(sender, &ExecuteMsg::RequestUnstake { shares }, &[]).unwrap();
        only::<UnstakeRequested>(&response).request
    }

    pub fn claim(&mut self, sender: &Addr, request: u64) -> Result<AppResponse, ContractError> {
        self.send(sender, &ExecuteMsg::ClaimUnstake { request, amount_min: amount(0) }, &[])
    }

    pub fn cover(&mut self, deficits: Vec<MarketDeficit>) -> CoverResponse {
        let vault = self.vault.clone();
        let response = self.send(&vault, &ExecuteMsg::Cover { deficits }, &[]).unwrap();
        from_json(response.data.unwrap()).unwrap()
    }

    pub fn wait(&mut self, seconds: u64) {
        self.app.update_block(|block| {
            block.height += 1;
            block.time = block.time.plus_seconds(seconds);
        });
    }

    pub fn state(&self) -> FundResponse {
        self.app.wrap().query_wasm_smart(&self.fund, &QueryMsg::Fund {}).unwrap()
    }

    pub fn staker(&self, who: &Addr) -> StakerResponse {
        self.app.wrap().query_wasm_smart(&self.fund, &QueryMsg::Staker { address: who.to_string() }).unwrap()
    }

    pub fn coverable(&self, market: MarketId, atoms: u128) -> Amount {
        let question = QueryMsg::Coverable { market, amount: amount(atoms) };
        self.app.wrap().query_wasm_smart::<CoverableResponse>(&self.fund, &question).unwrap().amount
    }

    pub fn vaults(&self) -> Vec<String> {
        self.app.wrap().query_wasm_smart::<ConfigResponse>(&self.fund, &QueryMsg::Config {}).unwrap().vaults
    }

    pub fn coverage(&self) -> Result<CoverageResponse, String> {
        let answer = self.app.wrap().query_wasm_smart(&self.fund, &QueryMsg::Coverage {});
        answer.map_err(|error| error.to_string())
    }

    pub fn balance(&self, who: &Addr) -> u128 {
        self.app.wrap().query_balance(who, DENOM).unwrap().amount.u128()
    }

    /// Sends coins to the fund without a message.
    pub fn donate(&mut self, sender: &Addr, atoms: u128) {
        self.app.send_tokens(sender.clone(), self.fund.clone(), &coins(atoms, DENOM)).unwrap();
    }

    /// Asserts that a message is refused with exactly this error and moved nothing.
    pub fn refused(&mut self, sender: &Addr, msg: &ExecuteMsg, funds: &[Coin], wanted: ContractError) {
        let picture =
            |chain: &Self| (chain.state(), chain.staker(sender), chain.balance(sender), chain.balance(&chain.fund));
        let before = picture(self);
        assert_eq!(self.send(sender, msg, funds).unwrap_err(), wanted);
        assert_eq!(picture(self), before);
    }

    pub fn assert_solvent(&self) {
        let state = self.state();
        assert!(state.first_loss.atoms() + state.staked.atoms() <= self.balance(&self.fund));
    }
}

/// The only event of this kind.
pub fn only<F: Fact + std::fmt::Debug>(response: &AppResponse) -> F {
    let mut facts = F::all(&response.events);
    assert_eq!(facts.len(), 1, "{facts:?}");
    facts.remove(0)
}

pub fn uatom(atoms: u128) -> Coin {
    Coin { denom: "uatom".into(), amount: Uint128::new(atoms) }
}
