use crate::files::{committed, localnet};
use firebreak_chain::deploy::Config;

const PHRASE: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

fn refusal(config: &Config) -> String {
    let error = config.key.signer(&config.network).unwrap_err();
    let both = format!("{error} {error:?}");
    assert!(!both.contains("abandon"), "{both}");
    error.to_string()
}

fn with_file(name: &str, phrase: &str, mode: u32) -> Config {
    use std::os::unix::fs::PermissionsExt;
    let mut config = localnet(name);
    let file = config.artifacts.folder.join("deployer.phrase");
    std::fs::write(&file, phrase).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    config.key.env = None;
    config.key.file = Some(file);
    config
}

#[test]
fn a_private_file_gives_the_deployer() {
    let config = with_file("key-file", &format!("{PHRASE}\n"), 0o600);
    let signer = config.key.signer(&config.network).unwrap();
    assert_eq!(signer.address(), config.key.address);
    assert!(!format!("{signer:?} {config:?}").contains("abandon"));
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    for mode in [0o640, 0o604, 0o660, 0o644] {
        let refused = refusal(&with_file("key-open", PHRASE, mode));
        assert!(refused.contains(&format!("others can read it (mode {mode:o})")), "{refused}");
    }
}

#[test]
fn another_account_is_refused() {
    let mut config = with_file("key-other", PHRASE, 0o600);
    config.key.index = 2;
    let refused = refusal(&config);
    assert!(refused.contains("account 2 of the key is wasm1kng7tv83qesgvv2ze7hxlw4urfrjk8vq20s4yq"), "{refused}");
}

#[test]
fn a_phrase_is_never_repeated() {
    let broken = PHRASE.replace("about", "abandon");
    assert!(refusal(&with_file("key-broken", &broken, 0o600)).contains("the key's phrase cannot be read"));
    assert!(refusal(&with_file("key-word", "abandon nonsense", 0o600)).contains("the key's phrase cannot be read"));

    // In the wrong place of the configuration.
    let mut config = localnet("key-wrong-place");
    config.key.env = Some(PHRASE.into());
    assert_eq!(refusal(&config), "key.env: must be the name of an environment variable");
    config.key.env = None;
    config.key.file = Some(PHRASE.into());
    assert_eq!(refusal(&config), "key.file: must be the path of a file");
    let text = committed("localnet.toml");
    let lines = [format!("phrase = \"{PHRASE}\""), format!("index = \"{PHRASE}\"")];
    for line in lines {
        let refused = Config::parse(&text.replace("index = 1", &line)).unwrap_err();
        assert!(!refused.contains("abandon") && refused.contains("key"), "{refused}");
    }
    let table = text.replace("[key]", &format!("key = \"{PHRASE}\"\n[keys]"));
    let refused = Config::parse(&table.replacen("key = ", "x = 1\nkey = ", 1)).unwrap_err();
    assert!(!refused.contains("abandon"), "{refused}");
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    let mut config = localnet("key-unset");
    config.key.env = Some("FIREBREAK_TEST_UNSET".into());
    assert_eq!(refusal(&config), "the deployer's phrase is wanted in the variable FIREBREAK_TEST_UNSET");
    config.key.file = Some("deployer.phrase".into());
    assert_eq!(refusal(&config), "key: wanted one of env and file, found both");
}
