//! What each stored code runs.

use crate::code::Code;
use cosmwasm_std::Empty;
use cw_multi_test::{Contract, ContractWrapper};

/// The contracts' own entry points, as the chain calls them.
pub(crate) fn contract(code: Code) -> Box<dyn Contract<Empty>> {
    match code {
        Code::Oracle => {
            use firebreak_oracle::contract::{execute, instantiate, migrate, query, reply};
            Box::new(ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_migrate(migrate))
        }
        Code::Breaker => {
            use firebreak_circuit_breaker::contract::{execute, instantiate, migrate, query, reply};
            Box::new(ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_migrate(migrate))
        }
        Code::Insurance => {
            use firebreak_insurance_fund::contract::{execute, instantiate, migrate, query};
            Box::new(ContractWrapper::new(execute, instantiate, query).with_migrate(migrate))
        }
        Code::Guardian => {
            use firebreak_guardian::contract::{execute, instantiate, migrate, query, reply};
            Box::new(ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_migrate(migrate))
        }
        Code::Vault => {
            use firebreak_derivatives_vault::contract::{execute, instantiate, migrate, query, reply};
            Box::new(ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_migrate(migrate))
        }
        Code::Group => {
            use cw4_group::contract::{execute, instantiate, query};
            Box::new(ContractWrapper::new(execute, instantiate, query))
        }
        Code::Multisig => {
            use cw3_flex_multisig::contract::{execute, instantiate, query};
            Box::new(ContractWrapper::new(execute, instantiate, query))
        }
    }
}
