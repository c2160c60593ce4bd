//! Puts the suite on the chain: codes, council and DAO, then everything else in the guardian's one transaction.

use crate::builder::Wrap;
use crate::code::{Code, CODES};
use crate::contracts::contract;
use crate::meter::{Meter, Usage};
use crate::metered::{Metered, Switch};
use crate::names::Names;
use crate::setup::Setup;
use crate::world::{Addresses, Chain};
use cosmwasm_std::{instantiate2_address, to_json_binary, Addr, Api, Binary, Empty, WasmMsg};
use cw4::Member;
use cw_multi_test::error::AnyResult;
use cw_multi_test::{Contract, Executor, MockApiBech32};
use cw_utils::{Duration, Threshold};
use firebreak_messages::guardian::{InstantiateMsg, QueryMsg, RolesSetup, SuiteCodes, SuiteResponse};

pub(crate) const API: fn() -> MockApiBech32 = || MockApiBech32::new("wasm");
const DEPLOYER: &str = "deployer";
/// Council and DAO members are called `council-0`, `dao-0` and so on.
const COUNCIL_MEMBERS: usize = 3;
pub(crate) const DAO_MEMBERS: usize = 3;
const DAO_THRESHOLD: u64 = 2;

/// What is there before the suite.
pub(crate) struct Outside {
    council_group: Addr,
    dao_group: Addr,
    dao: Addr,
}

pub(crate) fn store_codes(
    app: &mut Chain,
    names: &Names,
    meter: &Meter,
    switches: &[Switch; CODES],
    metered: bool,
    mut wraps: Vec<(Code, Wrap)>,
) -> [u64; CODES] {
    Code::ALL.map(|code| {
        let (meter, switch) = (meter.clone(), switches[code as usize].clone());
        let (around, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut wraps).into_iter().partition(|(of, _)| *of == code);
        wraps = others;
        let inner = around.into_iter().fold(contract(code), |inner, (_, wrap)| wrap(inner));
        let wrapped = Metered { inner, code, meter, switch };
        let stored: Box<dyn Contract<Empty>> = if metered { Box::new(wrapped) } else { wrapped.inner };
        app.store_code_with_creator(names.address(DEPLOYER), stored)
    })
}

/// The council's and the DAO's groups, and the DAO's multisig.
pub(crate) fn found(app: &mut Chain, names: &Names, codes: &[u64; CODES]) -> AnyResult<Outside> {
    let deployer = names.address(DEPLOYER);
    let mut group = |name: &str, members: usize| {
        let member = |index: usize| Member { addr: names.address(&format!("{name}-{index}")).into(), weight: 1 };
        let msg = cw4_group::msg::InstantiateMsg {
            admin: Some(deployer.to_string()),
            members: (0..members).map(member).collect(),
        };
        app.instantiate_contract(codes[Code::Group as usize], deployer.clone(), &msg, &[], name, None)
    };
    let council_group = group("council", COUNCIL_MEMBERS)?;
    let dao_group = group("dao", DAO_MEMBERS)?;
    let msg = cw3_flex_multisig::msg::InstantiateMsg {
        group_addr: dao_group.to_string(),
        threshold: Threshold::AbsoluteCount { weight: DAO_THRESHOLD },
        max_voting_period: Duration::Time(604_800),
        executor: None,
        proposal_deposit: None,
    };
    let dao = app.instantiate_contract(codes[Code::Multisig as usize], deployer.clone(), &msg, &[], "dao", None)?;
    Ok(Outside { council_group, dao_group, dao })
}

/// Instantiates the guardian at its predicted address with itself as admin, unless another admin is asked for.
pub(crate) fn suite(
    app: &mut Chain,
    names: &Names,
    meter: &Meter,
    codes: &[u64; CODES],
    setup: &Setup,
    outside: Outside,
    admin: Option<&str>,
) -> AnyResult<(Addresses, Usage)> {
    let deployer = names.address(DEPLOYER);
    let code_id = codes[Code::Guardian as usize];
    let salt = Binary::from(b"guardian");
    let checksum = app.wrap().query_wasm_code_info(code_id)?.checksum;
    let creator = app.api().addr_canonicalize(deployer.as_str())?;
    let guardian = app.api().addr_humanize(&instantiate2_address(checksum.as_slice(), &creator, &salt)?)?;
    let admin = admin.map_or(guardian.clone(), |name| names.address(name));
    let msg = to_json_binary(&message(setup, names, codes, &outside))?;
    meter.take();
    meter.count(|usage| usage.message_bytes = msg.len() as u64);
    let create = WasmMsg::Instantiate2 {
        admin: Some(admin.into()),
        code_id,
        label: "firebreak guardian".into(),
        msg,
        funds: vec![],
        salt,
    };
    app.execute(deployer, create.into())?;
    let usage = meter.take();
    let suite: SuiteResponse = app.wrap().query_wasm_smart(&guardian, &QueryMsg::Suite {})?;
    let Outside { council_group, dao_group, dao } = outside;
    // The group tells the guardian of other members, who then void every open confirmation.
    let hook = cw4_group::msg::ExecuteMsg::AddHook { addr: guardian.to_string() };
    app.execute_contract(names.address(DEPLOYER), council_group.clone(), &hook, &[])?;
    meter.take();
    let addresses = Addresses {
        guardian,
        oracle: Addr::unchecked(suite.oracle),
        circuit_breaker: Addr::unchecked(suite.circuit_breaker),
        insurance_fund: Addr::unchecked(suite.insurance_fund),
        derivatives_vault: Addr::unchecked(suite.derivatives_vault),
        council_group,
        dao_group,
        dao,
    };
    Ok((addresses, usage))
}

fn message(setup: &Setup, names: &Names, codes: &[u64; CODES], outside: &Outside) -> InstantiateMsg {
    let suite = SuiteCodes {
        oracle: codes[Code::Oracle as usize],
        circuit_breaker: codes[Code::Breaker as usize],
        insurance_fund: codes[Code::Insurance as usize],
        derivatives_vault: codes[Code::Vault as usize],
    };
    let dao = outside.dao.to_string();
    let roles = RolesSetup {
        proposers: std::iter::once(dao).chain(setup.more_proposers.clone()).collect(),
        cancellers: vec![names.address("canceller").into()],
    };
    setup.message(suite, outside.council_group.as_str(), roles)
}
