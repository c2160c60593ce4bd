use crate::files::localnet;
use firebreak_chain::deploy::{Addresses, Created, State, StoredCode};

fn addresses(guardian: &str) -> Addresses {
    let same = || guardian.to_string();
    Addresses {
        guardian: same(),
        oracle: same(),
        circuit_breaker: same(),
        insurance_fund: same(),
        derivatives_vault: same(),
    }
}

#[test]
fn a_state_reads_back_as_it_was_written() {
    let config = localnet("state");
    let mut state = State::load(&config).unwrap();
    assert!(state.suite.is_none() && state.codes.is_empty());
    let code = StoredCode { code_id: 7, checksum: "00ff".into(), tx: Some("AB".into()) };
    state.codes.insert("firebreak_oracle.wasm".into(), code);
    state.outside.insert("dao".into(), Created { address: "wasm1dao".into(), tx: None });
    state.suite = Some(addresses("wasm1guardian"));
    state.save(&config.state).unwrap();
    assert_eq!(State::load(&config).unwrap(), state);
    // Nothing is left beside it.
    let files = std::fs::read_dir(config.state.parent().unwrap()).unwrap();
    assert!(files.filter_map(Result::ok).all(|file| !file.file_name().to_string_lossy().ends_with(".new")));
}

#[test]
fn a_state_of_another_deployment_is_refused() {
    let config = localnet("other-state");
    State::load(&config).unwrap().save(&config.state).unwrap();

    let mut other = config.clone();
    other.network.chain_id = "other-1".into();
    let refused = State::load(&other).unwrap_err().to_string();
    assert!(refused.contains("the chain is local-1 there and other-1 here"), "{refused}");

    let mut other = config.clone();
    other.key.address = "wasm1kng7tv83qesgvv2ze7hxlw4urfrjk8vq20s4yq".into();
    assert!(State::load(&other).unwrap_err().to_string().contains("the deployer is"));

    let mut other = config.clone();
    other.suite.salt = "another".into();
    assert!(State::load(&other).unwrap_err().to_string().contains("the salt is firebreak there and another here"));

    // A parameter is no other deployment: what it must be is compared with the chain.
    let mut other = config.clone();
    other.vault.order_delay_seconds += 1;
    assert!(State::load(&other).is_ok());
}

#[test]
fn a_damaged_state_is_refused() {
    let config = localnet("damaged-state");
    for text in ["", "{", "{\"version\": 1}", "[]"] {
        std::fs::write(&config.state, text).unwrap();
        let refused = State::load(&config).unwrap_err().to_string();
        assert!(refused.contains("state.json: cannot be read"), "{text:?}: {refused}");
    }
}

#[test]
fn a_state_that_cannot_be_written_is_an_error() {
    let config = localnet("unwritable-state");
    let refused = State::load(&config).unwrap().save(&config.state.join("below-a-file")).unwrap_err().to_string();
    assert!(refused.contains("cannot be written"), "{refused}");
}
