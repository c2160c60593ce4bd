//! The insurance fund's own actors.

use crate::code::Code;
use crate::outcome::Attempt;
use crate::world::{World, DENOM};
use cosmwasm_std::{instantiate2_address, to_json_binary, Addr, Api, WasmMsg};
use cw_multi_test::Executor;
use firebreak_messages::derivatives_vault;
use firebreak_messages::insurance_fund::ExecuteMsg;
use firebreak_risk::{Amount, FundShares};

impl World {
    /// Adds to the first-loss tranche. Coins are created as needed.
    pub fn add_first_loss(&mut self, name: &str, amount: Amount) -> Attempt {
        self.top_up_wallet(name, amount);
        self.send(name, Code::Insurance, &ExecuteMsg::AddFirstLoss {}, amount)
    }

    pub fn stake(&mut self, name: &str, amount: Amount) -> Attempt {
        self.top_up_wallet(name, amount);
        self.send(name, Code::Insurance, &ExecuteMsg::Stake { shares_min: FundShares::ZERO }, amount)
    }

    /// A vault beside the suite's, of the same code and coin and with no business: created when it is first asked for.
    pub fn another_vault(&mut self) -> Addr {
        let (deployer, code_id, salt) = (self.address("deployer"), self.code_id(Code::Vault), b"another vault");
        let code = self.app.wrap().query_wasm_code_info(code_id).unwrap_or_else(|error| panic!("{error}"));
        let creator = self.app.api().addr_canonicalize(deployer.as_str()).unwrap_or_else(|error| panic!("{error}"));
        let address =
            instantiate2_address(code.checksum.as_slice(), &creator, salt).unwrap_or_else(|error| panic!("{error}"));
        let address = self.app.api().addr_humanize(&address).unwrap_or_else(|error| panic!("{error}"));
        if self.app.contract_data(&address).is_err() {
            let suite = &self.addresses;
            let msg = derivatives_vault::InstantiateMsg {
                owner: suite.guardian.to_string(),
                denom: DENOM.into(),
                oracle: suite.oracle.to_string(),
                circuit_breaker: suite.circuit_breaker.to_string(),
                insurance_fund: suite.insurance_fund.to_string(),
                parameters: self.setup.vault.clone(),
                markets: vec![],
            };
            let msg = to_json_binary(&msg).unwrap_or_else(|error| panic!("{error}"));
            let label = "another vault".to_string();
            let create = WasmMsg::Instantiate2 { admin: None, code_id, label, msg, funds: vec![], salt: salt.into() };
            self.app.execute(deployer, create.into()).unwrap_or_else(|error| panic!("{error:#}"));
            self.meter.take();
        }
        address
    }

    /// Anyone sends the vault's accrued fees to the fund.
    pub fn sweep_fees(&mut self) -> Attempt {
        self.send("keeper", Code::Vault, &derivatives_vault::ExecuteMsg::SweepFees {}, Amount::ZERO)
    }
}
