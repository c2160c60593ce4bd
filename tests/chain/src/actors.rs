//! Who acts: the funded keys of `scripts/localnet`, which the embedded chain uses too.

use cosmwasm_std::Addr;
use firebreak_chain::{Network, Signer};

/// The public test phrase of `scripts/localnet`; its keys hold nothing anywhere else.
const PHRASE: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

/// In the order of the keys' indexes, as `scripts/localnet keys` prints them.
pub const NAMES: [&str; 19] = [
    "val",
    "deployer",
    "alice",
    "bob",
    "carol",
    "keeper",
    "feeder-0",
    "feeder-1",
    "feeder-2",
    "council-0",
    "council-1",
    "council-2",
    "dao-0",
    "dao-1",
    "dao-2",
    "canceller",
    "treasury",
    "lp",
    "mallory",
];

/// What every one of them has at the start, in micro-units of the settlement coin.
pub const COINS: u128 = 1_000_000_000_000_000;

/// Everybody's name and address.
pub fn all() -> Vec<(&'static str, Addr)> {
    let network = Network {
        rpc: String::new(),
        chain_id: String::new(),
        prefix: "wasm".into(),
        coin_type: 118,
        gas_denom: String::new(),
        gas_price: "0".into(),
        gas_adjustment: 1.0,
    };
    let address = |index: usize| {
        let signer = Signer::from_phrase(PHRASE, index as u32, &network).unwrap_or_else(|error| panic!("{error}"));
        Addr::unchecked(signer.address())
    };
    NAMES.iter().enumerate().map(|(index, name)| (*name, address(index))).collect()
}
