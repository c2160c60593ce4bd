//! The suite as wasm on the node of `scripts/localnet`.

use crate::chain::{Chain, Message, Refused};
use crate::codes::Codes;
use crate::config;
use cosmwasm_std::{
    coin, from_json, instantiate2_address, to_json_vec, Addr, Api, BalanceResponse, BankQuery, Binary, ContractResult,
    Empty, Event, Querier, QuerierResult, QuerierWrapper, QueryRequest, SystemError, SystemResult, WasmQuery,
};
use cw4::Member;
use cw_multi_test::MockApiBech32;
use cw_utils::{Duration, Threshold};
use firebreak_chain::deploy::{self, DeployError};
use firebreak_chain::{message, ChainError, Gas, Localnet, Tx};
use firebreak_messages::guardian::{
    InstantiateMsg, QueryMsg, RolesSetup, SuiteBootstrapped, SuiteCodes, SuiteResponse,
};
use firebreak_risk::Amount;
use firebreak_testing::Addresses;
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::error::Error;
use std::path::PathBuf;

/// More than any step of a test uses; fees are zero on this chain. A given limit also gets a refused transaction into a
/// block, where a simulation would refuse it before.
pub const GAS: Gas = Gas::Limit(20_000_000);

/// One suite of contracts on the local chain.
pub struct Wasmd {
    pub localnet: Localnet,
    pub codes: Codes,
    suite: Addresses,
    now: u64,
}

impl Wasmd {
    /// Deploys `deploy/localnet.toml` as a protocol's team does, with the self-check at its end, on a chain that has just
    /// been made.
    pub fn deploy() -> Result<Self, Box<dyn Error>> {
        let mut localnet = Localnet::from_env()?;
        let mut config = config::load()?;
        config.network = localnet.client.network().clone();
        // Goes away with the chain.
        config.state = PathBuf::from(std::env::var("LOCALNET_HOME")?).join("deploy.state.json");
        let signer = config.key.signer(&config.network)?;
        let deployed = deploy::run(&mut localnet.client, &signer, &config, &mut |line| println!("{line}"))?;
        assert!(deployed.check.passed(), "the self-check failed: {:?}", deployed.check);
        let codes = Codes::store(&mut localnet)?;
        let outside = |name: &str| deployed.outside.get(name).ok_or(format!("{name} was not created"));
        let suite = addresses(&deployed.addresses, outside("council")?, outside("dao-group")?, outside("dao")?);
        let now = localnet.now()?;
        Ok(Self { localnet, codes, suite, now })
    }

    /// One more suite on a chain that may have some already: the same figures, its own council and DAO, a bootstrap
    /// message that may be changed. Suites of different salts live side by side.
    ///
    /// Errors: the bootstrap's refusal.
    pub fn deploy_with(salt: &str, adjust: impl FnOnce(&mut InstantiateMsg)) -> Result<Self, ChainError> {
        let mut localnet = Localnet::from_env()?;
        let codes = Codes::store(&mut localnet)?;
        let council_group = group(&mut localnet, &codes, "council")?;
        let dao_group = group(&mut localnet, &codes, "dao")?;
        let dao = multisig(&mut localnet, &codes, &dao_group)?;
        let msg = bootstrap_message(&localnet, &codes, &council_group, &dao);
        let mut msg = msg.unwrap_or_else(|error| panic!("{error}"));
        adjust(&mut msg);
        let tx = bootstrap(&mut localnet, &codes, salt, &msg)?;
        let guardian = guardian_of(&tx);
        // As `deploy::run` does: open confirmations are void when members change.
        let hook = cw4_group::msg::ExecuteMsg::AddHook { addr: guardian.clone() };
        localnet.execute("deployer", &council_group, &hook, 0, GAS)?;
        let children: SuiteResponse = localnet.client.smart(&guardian, &QueryMsg::Suite {})?;
        let suite = addresses(&deploy::Addresses::new(guardian, children), &council_group, &dao_group, &dao);
        let now = localnet.now()?;
        Ok(Self { localnet, codes, suite, now })
    }

    /// One message of a named key to any contract.
    pub fn execute(
        &mut self,
        actor: &str,
        contract: &str,
        msg: &impl Serialize,
        coins: Amount,
    ) -> Result<Tx, ChainError> {
        self.localnet.execute(actor, contract, msg, coins.atoms(), GAS)
    }

    /// A query of any contract. Panics when it is refused.
    #[track_caller]
    pub fn ask<T: DeserializeOwned>(&self, contract: &Addr, msg: &impl Serialize) -> T {
        self.localnet.client.smart(contract.as_str(), msg).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The wasm admin of a contract.
    pub fn admin_of(&self, contract: &Addr) -> Result<String, ChainError> {
        Ok(self.localnet.client.contract(contract.as_str())?.map(|info| info.admin).unwrap_or_default())
    }
}

fn addresses(at: &deploy::Addresses, council_group: &str, dao_group: &str, dao: &str) -> Addresses {
    Addresses {
        guardian: Addr::unchecked(&at.guardian),
        oracle: Addr::unchecked(&at.oracle),
        circuit_breaker: Addr::unchecked(&at.circuit_breaker),
        insurance_fund: Addr::unchecked(&at.insurance_fund),
        derivatives_vault: Addr::unchecked(&at.derivatives_vault),
        council_group: Addr::unchecked(council_group),
        dao_group: Addr::unchecked(dao_group),
        dao: Addr::unchecked(dao),
    }
}

/// Members are the keys `council-0..2` and `dao-0..2`, one vote each.
fn group(localnet: &mut Localnet, codes: &Codes, name: &str) -> Result<String, ChainError> {
    let member = |index: usize| Member { addr: localnet.address(&format!("{name}-{index}")), weight: 1 };
    let admin = Some(localnet.address("deployer"));
    let msg = cw4_group::msg::InstantiateMsg { admin, members: (0..3).map(member).collect() };
    instantiate(localnet, codes.of("group"), name, &msg)
}

fn multisig(localnet: &mut Localnet, codes: &Codes, dao_group: &str) -> Result<String, ChainError> {
    let msg = cw3_flex_multisig::msg::InstantiateMsg {
        group_addr: dao_group.into(),
        threshold: Threshold::AbsoluteCount { weight: 2 },
        max_voting_period: Duration::Time(604_800),
        executor: None,
        proposal_deposit: None,
    };
    instantiate(localnet, codes.of("multisig"), "dao", &msg)
}

fn instantiate(localnet: &mut Localnet, code_id: u64, label: &str, msg: &impl Serialize) -> Result<String, ChainError> {
    let create = message::instantiate(&localnet.address("deployer"), None, code_id, label, msg)?;
    Ok(first_contract(&localnet.send("deployer", &[create], GAS)?))
}

/// The configuration's figures, with the DAO as the only proposer.
fn bootstrap_message(
    localnet: &Localnet,
    codes: &Codes,
    council_group: &str,
    dao: &str,
) -> Result<InstantiateMsg, DeployError> {
    let suite = SuiteCodes {
        oracle: codes.of("oracle"),
        circuit_breaker: codes.of("circuit_breaker"),
        insurance_fund: codes.of("insurance_fund"),
        derivatives_vault: codes.of("derivatives_vault"),
    };
    let roles = RolesSetup { proposers: vec![dao.into()], cancellers: vec![localnet.address("canceller")] };
    Ok(config::setup(&config::load()?).message(suite, council_group, roles))
}

/// The guardian at its predicted address with itself as admin.
pub fn bootstrap(localnet: &mut Localnet, codes: &Codes, salt: &str, msg: &InstantiateMsg) -> Result<Tx, ChainError> {
    let code_id = codes.of("guardian");
    let deployer = localnet.address("deployer");
    let address = predicted(localnet, code_id, &deployer, salt)?;
    let create = message::instantiate2(&deployer, &address, code_id, "firebreak guardian", msg, salt.as_bytes())?;
    localnet.send("deployer", &[create], GAS)
}

fn predicted(localnet: &Localnet, code_id: u64, creator: &str, salt: &str) -> Result<String, ChainError> {
    let api = MockApiBech32::new("wasm");
    let code = localnet.client.code(code_id)?.unwrap_or_else(|| panic!("there is no code {code_id}"));
    let creator = api.addr_canonicalize(creator).unwrap_or_else(|error| panic!("{error}"));
    let address = instantiate2_address(&code.data_hash, &creator, salt.as_bytes());
    let address = address.unwrap_or_else(|error| panic!("{error}"));
    Ok(api.addr_humanize(&address).unwrap_or_else(|error| panic!("{error}")).into())
}

fn first_contract(tx: &Tx) -> String {
    let address = tx.attribute("instantiate", "_contract_address");
    address.unwrap_or_else(|| panic!("the chain named no contract")).into()
}

fn guardian_of(tx: &Tx) -> String {
    // The guardian is instantiated first, its children after it.
    assert!(tx.has::<SuiteBootstrapped>(), "no suite was bootstrapped: {:?}", tx.events);
    first_contract(tx)
}

impl Chain for Wasmd {
    fn suite(&self) -> &Addresses {
        &self.suite
    }

    fn address(&self, actor: &str) -> Addr {
        Addr::unchecked(self.localnet.address(actor))
    }

    fn send(&mut self, actor: &str, message: &Message, coins: Amount) -> Result<Vec<Event>, Refused> {
        let contract = self.suite.of(message.code()).to_string();
        match self.execute(actor, &contract, message, coins) {
            Ok(tx) => Ok(tx.events),
            Err(error) => Err(refused(error)),
        }
    }

    /// All of them are in the mempool before the first one is waited for.
    fn send_each(&mut self, messages: &[(String, Message)]) -> Result<Vec<Event>, Refused> {
        let mut hashes = vec![];
        for (actor, message) in messages {
            let contract = self.suite.of(message.code()).as_str();
            let signer = self.localnet.address(actor);
            let execute = message::execute(&signer, contract, message, &[]).map_err(refused)?;
            hashes.push(self.localnet.submit(actor, &[execute], GAS).map_err(refused)?);
        }
        let mut events = vec![];
        for hash in hashes {
            events.extend(self.localnet.client.committed(&hash).map_err(refused)?.events);
        }
        Ok(events)
    }

    fn querier(&self) -> QuerierWrapper<'_> {
        QuerierWrapper::new(self)
    }

    fn now(&self) -> u64 {
        self.now
    }

    fn advance(&mut self, seconds: u64) {
        let found = self.localnet.now().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found, self.now, "the clock moved by itself: is the chain started with a standing clock?");
        self.now += seconds;
        self.localnet.advance_to(self.now).unwrap_or_else(|error| panic!("{error}"));
    }

    fn next_vault(&self) -> u64 {
        self.codes.of("next_vault")
    }
}

/// Panics when it was not the chain that refused.
fn refused(error: ChainError) -> Refused {
    match error {
        ChainError::Refused { log, .. } => Refused { text: log },
        error => panic!("{error}"),
    }
}

/// What the story reads, answered by the node.
impl Querier for Wasmd {
    fn raw_query(&self, request: &[u8]) -> QuerierResult {
        let request: QueryRequest<Empty> = match from_json(request) {
            Ok(request) => request,
            Err(error) => {
                let error = SystemError::InvalidRequest { error: error.to_string(), request: request.into() };
                return SystemResult::Err(error);
            }
        };
        let client = &self.localnet.client;
        let answer = match request {
            QueryRequest::Wasm(WasmQuery::Smart { contract_addr, msg }) => client.smart_bytes(&contract_addr, &msg),
            QueryRequest::Wasm(WasmQuery::Raw { contract_addr, key }) => {
                client.raw(&contract_addr, &key).map(Option::unwrap_or_default)
            }
            QueryRequest::Bank(BankQuery::Balance { address, denom }) => {
                client.balance(&address, &denom).map(|atoms| {
                    let balance = BalanceResponse::new(coin(atoms, denom));
                    to_json_vec(&balance).unwrap_or_else(|error| panic!("{error}"))
                })
            }
            other => return SystemResult::Err(SystemError::UnsupportedRequest { kind: format!("{other:?}") }),
        };
        SystemResult::Ok(match answer {
            Ok(bytes) => ContractResult::Ok(Binary::from(bytes)),
            Err(error) => ContractResult::Err(error.to_string()),
        })
    }
}
