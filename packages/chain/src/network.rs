//! Which chain, and what gas costs there.

use crate::error::ChainError;
use cosmwasm_std::{Decimal, Uint128};
use serde::{Deserialize, Serialize};

/// A chain with the wasm module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// `http://` or `https://` address of a CometBFT RPC.
    pub rpc: String,
    pub chain_id: String,
    /// Bech32 prefix of accounts.
    pub prefix: String,
    /// SLIP-44 number of the keys.
    #[serde(default = "Network::cosmos_coin_type")]
    pub coin_type: u32,
    /// Coin that pays for gas.
    pub gas_denom: String,
    /// Price of one unit of gas in `gas_denom`, a decimal number.
    pub gas_price: String,
    /// Gas asked for, as a multiple of what a simulation used.
    #[serde(default = "Network::usual_adjustment")]
    pub gas_adjustment: f64,
}

impl Network {
    fn cosmos_coin_type() -> u32 {
        118
    }

    fn usual_adjustment() -> f64 {
        1.4
    }

    /// What so much gas costs, rounded up.
    ///
    /// Errors: [`ChainError::GasPrice`].
    pub fn fee(&self, gas: u64) -> Result<u128, ChainError> {
        let wrong = || ChainError::GasPrice { denom: self.gas_denom.clone(), found: self.gas_price.clone() };
        let price: Decimal = self.gas_price.parse().map_err(|_| wrong())?;
        let fee = Uint128::from(gas).checked_mul_ceil(price).map_err(|_| wrong())?;
        Ok(fee.u128())
    }

    /// Gas to ask for when a simulation used so much.
    pub fn with_adjustment(&self, used: u64) -> u64 {
        (used as f64 * self.gas_adjustment).ceil() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(gas_price: &str) -> Network {
        Network {
            rpc: "http://127.0.0.1:26657".into(),
            chain_id: "local-1".into(),
            prefix: "wasm".into(),
            coin_type: 118,
            gas_denom: "ustake".into(),
            gas_price: gas_price.into(),
            gas_adjustment: 1.5,
        }
    }

    #[test]
    fn a_fee_is_rounded_up_and_free_gas_is_free() {
        for (price, gas, wanted) in [("0", 1_000_000, 0), ("0.025", 100_001, 2_501), ("1", 7, 7), ("0.0001", 1, 1)] {
            assert_eq!(network(price).fee(gas).unwrap(), wanted, "{price}");
        }
    }

    #[test]
    fn a_price_that_is_no_number_is_named() {
        for found in ["", "0.025ustake", "-1"] {
            let error = network(found).fee(1).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("a gas price is a decimal number of ustake, such as 0.025: found {found}")
            );
        }
    }

    #[test]
    fn gas_is_asked_for_with_room() {
        assert_eq!(network("0").with_adjustment(100_001), 150_002);
    }
}
