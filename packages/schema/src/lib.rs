//! JSON Schema of every contract: what client generators and integrators read. `schema/` holds one file for each contract;
//! a test compares it with what the messages say now.

use cosmwasm_schema::generate_api;
use std::path::PathBuf;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum SchemaError {
    #[error("the schema of {contract} cannot be rendered: {reason}")]
    Unrenderable { contract: &'static str, reason: String },
}

/// One contract's schema.
pub struct Schema {
    pub contract: &'static str,
    pub text: String,
}

macro_rules! schema_of {
    ($contract:literal, $module:ident) => {{
        use firebreak_messages::$module::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};
        let api = generate_api! {
            name: $contract,
            instantiate: InstantiateMsg,
            execute: ExecuteMsg,
            query: QueryMsg,
            migrate: MigrateMsg,
        }
        .render()
        .to_string()
        .map_err(|error| SchemaError::Unrenderable { contract: $contract, reason: error.to_string() })?;
        Schema { contract: $contract, text: api + "\n" }
    }};
}

/// The schemas of all five contracts, as the messages are now.
pub fn schemas() -> Result<Vec<Schema>, SchemaError> {
    Ok(vec![
        schema_of!("circuit-breaker", circuit_breaker),
        schema_of!("derivatives-vault", derivatives_vault),
        schema_of!("guardian", guardian),
        schema_of!("insurance-fund", insurance_fund),
        schema_of!("oracle", oracle),
    ])
}

/// Where a contract's schema is committed.
pub fn path_of(contract: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../../schema").join(contract).join(format!("{contract}.json"))
}
