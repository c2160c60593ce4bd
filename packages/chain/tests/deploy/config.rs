use crate::files::{committed, folder, localnet, with_artifacts};
use cosmrs::AccountId;
use cosmwasm_std::{instantiate2_address, CanonicalAddr};
use firebreak_chain::deploy::{Config, Contract, Plan};
use firebreak_messages::circuit_breaker::RuleConfig;
use firebreak_messages::derivatives_vault::MarketConfig;
use firebreak_messages::guardian::QueryMsg;
use firebreak_risk::{MaxLoss, Ratio, Stolen};
use firebreak_testing::{price, usd, Code, Scale, Setup, WorldBuilder, BTC, ETH};

fn plan_error(config: &Config) -> String {
    Plan::new(config).map(|_| ()).unwrap_err().to_string()
}

/// The template with every placeholder filled in.
fn filled_template() -> String {
    let (mut filled, mut addresses) = (String::new(), 0u8);
    let text = committed("template.toml");
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("\"<") {
        let (placeholder, after) = after.split_once('>').unwrap();
        let value = match placeholder {
            "prefix" => "osmo".to_string(),
            _ if placeholder.starts_with("address:") => {
                addresses += 1;
                AccountId::new("osmo", &[addresses; 20]).unwrap().to_string()
            }
            // Such as nobody has: the rehearsal looks at their form.
            _ if placeholder.starts_with("33 bytes, hex") => {
                let last = placeholder.bytes().last().unwrap();
                format!("02{}", format!("{last:02x}").repeat(32))
            }
            other => other.to_string(),
        };
        filled += &format!("{before}\"{value}");
        rest = after;
    }
    filled + rest
}

#[test]
fn the_template_names_what_is_left_to_fill_in() {
    let config = with_artifacts(Config::parse(&committed("template.toml")).unwrap(), "template-empty");
    let error = plan_error(&config);
    assert_eq!(error, "key.address: must be an address that begins with <prefix>1, found \"<address:deployer>\"");
}

#[test]
fn the_filled_template_is_a_plan() {
    let config = with_artifacts(Config::parse(&filled_template()).unwrap(), "template-filled");
    let plan = Plan::new(&config).unwrap();
    assert!(plan.predicted.derivatives_vault.starts_with("osmo1"));
    // The vault may not ask the fund in a trade: it has the fund's figure for itself.
    assert_eq!(config.vault.stress_loss_ratio, config.fund.stress_loss_ratio);
}

/// Every field that the program knows is explained: the optional ones too, which a parse would not miss.
#[test]
fn the_template_shows_every_optional_field() {
    for optional in ["coin_type", "gas_adjustment", "env", "# file", "index", "# guardian", "# [[outside]]", "# admin"]
    {
        let wanted = format!("\n{optional}");
        assert!(committed("template.toml").contains(&wanted), "{optional}");
    }
}

#[test]
fn the_local_chain_has_the_figures_of_the_embedded_one() {
    let config = localnet("figures");
    let mut setup = Setup::default();
    setup.add_market(BTC, "BTC", price("60000"), &Scale::default());
    setup.add_market(ETH, "ETH", price("3000"), &Scale::default());
    assert_eq!(config.delays, setup.delays);
    assert_eq!(config.gas, setup.gas);
    assert_eq!(config.vault, setup.vault);
    assert_eq!(config.fund, setup.fund);
    assert_eq!(config.guards, setup.guards);
    assert_eq!(config.observers, setup.observers);
    assert_eq!(config.markets, setup.markets);
    assert_eq!(config.council.threshold, setup.council_threshold);
    let without_addresses = |mut feeds: Vec<firebreak_messages::oracle::FeedSetup>| {
        feeds.iter_mut().flat_map(|setup| &mut setup.config.feeders).for_each(|feeder| feeder.address.clear());
        feeds
    };
    assert_eq!(without_addresses(config.feeds), without_addresses(setup.feeds));
}

// the condition of docs/max-loss.md. A suite with the template's figures and all six ready procedures.
#[test]
fn no_single_role_of_a_suite_like_the_template_takes_everything() {
    const DAY: u64 = 86_400;
    let config = Config::parse(&filled_template()).unwrap();
    assert!(config.fund.cover_share_max < Ratio::ONE);
    assert!(config.markets.iter().all(|setup| setup.config.vesting_half_life_seconds > 0));
    let of_template = config.markets[0].config.clone();
    let mut world = WorldBuilder::empty()
        .market(BTC, "BTC", price("60000"), |market| *market = MarketConfig { feed: market.feed, ..of_template })
        .vault(|vault| *vault = config.vault)
        .fund(|fund| *fund = config.fund)
        .setup(|setup| setup.delays = config.delays)
        .pool(usd(10_000_000))
        .insurance(usd(1_000_000))
        .trader("alice", usd(3_000_000))
        .build();
    let playbooks = world.templates(BTC);
    assert_eq!(playbooks.len(), 6);
    world.approve(playbooks).done();
    for role in 0..6 {
        let mut flags = [false; 6];
        flags[role] = true;
        let [proposers, cancellers, council, sentinels, feeders, observers] = flags;
        let stolen = Stolen { proposers, cancellers, council, sentinels, feeders, observers };
        for horizon_seconds in [Some(3_600), Some(DAY), Some(7 * DAY), Some(30 * DAY), None] {
            let found: MaxLoss = world.query(Code::Guardian, &QueryMsg::MaxLoss { stolen, horizon_seconds });
            let (total, value) = (found.total, found.value);
            assert!(total < value, "{stolen:?} {horizon_seconds:?}: {total} of {value}");
        }
    }
}

/// `firebreak detect` and `calibrate` measure the shipped rules: what docs/detection.md says of them is true of these files.
#[test]
fn the_rules_of_both_files_are_the_measured_ones() {
    for config in [localnet("rules"), Config::parse(&filled_template()).unwrap()] {
        let rules: Vec<&RuleConfig> = config.guards.iter().flat_map(|guard| &guard.config.rules).collect();
        assert!(rules.len() >= 14);
        for rule in rules {
            assert_eq!(*rule, RuleConfig::standard(rule.rule, rule.mode));
        }
    }
}

/// A name, what to replace, by what, and what the refusal must say.
type Wrong = (&'static str, &'static str, &'static str, &'static str);

#[test]
fn a_text_that_is_no_configuration_names_the_field() {
    let text = committed("localnet.toml");
    let cases: [Wrong; 9] = [
        ("syntax", "[delays]", "[delays", "line"),
        ("unknown", "quorum = 3", "quorum = 3\nquorums = 4", "feeds[0].config.quorums: there is no such field"),
        (
            "unknown inside",
            "buffer = \"0.1\"",
            "buffer = \"0.1\"\nbuffers = 1",
            "markets[0].config.liquidation.buffers",
        ),
        ("missing", "lp_cooldown_seconds = 3600\n", "", "vault: missing field `lp_cooldown_seconds`"),
        ("type", "age_max_seconds = 60", "age_max_seconds = \"soon\"", "feeds[0].config.age_max_seconds: invalid type"),
        ("decimal", "reserve_ratio = \"0.1\"", "reserve_ratio = \"lots\"", "vault.reserve_ratio"),
        (
            "level",
            "level = \"guarded\"",
            "level = \"shut\"",
            "guards[0].config.rules[0].ladder[0].level: unknown variant",
        ),
        ("permission", "\"chain-default\"", "\"anyone\"", "suite.instantiate_permission: unknown variant"),
        ("negative", "threshold = 2\n", "threshold = -2\n", "council.threshold: invalid value"),
    ];
    for (name, from, to, wanted) in cases {
        assert!(text.contains(from), "{name}");
        let error = Config::parse(&text.replacen(from, to, 1)).unwrap_err();
        assert!(error.contains(wanted), "{name}: {error}");
        assert_eq!(error.lines().count(), 1, "{name}: {error}");
    }
}

#[test]
fn values_that_the_contracts_would_refuse_are_refused_before_anything_is_sent() {
    let text = committed("localnet.toml");
    let canceller = "wasm1ts3l06wtqkcmpp0utraetfq7tgjrh4j9d0c6r4";
    let cases: [Wrong; 17] = [
        ("prefix", "prefix = \"wasm\"", "prefix = \"osmo\"", "key.address: must be an address that begins with osmo1"),
        (
            "address",
            canceller,
            "wasm1ts3l06wtqkcmpp0utraetfq7tgjrh4j9d0c6r5",
            "roles.cancellers[0]: must be an address",
        ),
        ("reference", "\"@dao\"", "\"@nobody\"", "roles.proposers[0]: there is no outside contract nobody"),
        ("overlap", canceller, "wasm10d07y265gmmuvt4z0w9aw880jnsr700js7zslc", "R-26"),
        ("quorum", "quorum = 3", "quorum = 2", "feed 1: quorum must be above two thirds"),
        ("symbol", "symbol = \"ETH/USD\"", "symbol = \"\"", "feed 2: bytes of a symbol"),
        ("ladder", "threshold = \"1.5\"", "threshold = \"0.5\"", "guard 1: threshold must be above 0 and growing"),
        ("margin", "maintenance_scalar = \"0.5\"", "maintenance_scalar = \"1\"", "market 1: margin.maintenance_scalar"),
        (
            "caps",
            "open_interest_max = \"133.333333\"",
            "open_interest_max = \"5000\"",
            "market 1: 2 * open_interest_max",
        ),
        ("delay", "order_delay_seconds = 10", "order_delay_seconds = 6", "vault: order_delay_seconds must be 7 to 300"),
        ("timelock", "code = 172800", "code = 3600", "guardian: code must be 172800"),
        ("window", "claim_window_seconds = 172800", "claim_window_seconds = 700000", "fund: claim_window_seconds"),
        ("gas", "breaker = 1800000", "breaker = 600000", "guardian: gas of the breaker must be at least 1210000"),
        ("guarded feed", "feed = 2\nskew", "feed = 1\nskew", "market 2 must have the same feed in guards and vault"),
        (
            "observers",
            "heartbeat_seconds = 600",
            "heartbeat_seconds = 10",
            "observers: heartbeat_seconds must be between",
        ),
        (
            "observer",
            "observers = []",
            "observers = [{ public_key = \"02aa\", source = \"a\", weight = 1 }]",
            "observers: public_key of an observer must be 33 bytes",
        ),
        ("gas price", "gas_price = \"0\"", "gas_price = \"free\"", "network.gas_price"),
    ];
    for (name, from, to, wanted) in cases {
        assert!(text.contains(from), "{name}");
        let config = with_artifacts(Config::parse(&text.replacen(from, to, 1)).unwrap(), "refused-values");
        let error = plan_error(&config);
        assert!(error.contains(wanted), "{name}: {error}");
    }
}

#[test]
fn every_market_needs_a_feed_and_a_guard() {
    let mut config = localnet("no-guard");
    config.guards.pop();
    assert!(plan_error(&config).contains("market 2 has no guard"), "{}", plan_error(&config));
    let mut config = localnet("no-feed");
    config.feeds.pop();
    assert_eq!(plan_error(&config), "market 2: its feed 2 is not among the feeds");
}

#[test]
fn artifacts_must_be_what_the_checksum_file_says() {
    let config = localnet("artifacts");
    let oracle = config.artifacts.folder.join("firebreak_oracle.wasm");

    std::fs::write(&oracle, b"\0asm something else").unwrap();
    let error = plan_error(&config);
    assert!(error.contains("firebreak_oracle.wasm: wanted ") && error.contains("checksums.txt, found "), "{error}");

    std::fs::write(&oracle, b"no wasm").unwrap();
    assert!(plan_error(&config).contains("wanted a wasm module"));

    std::fs::write(&oracle, [b"\0asm".as_slice(), &vec![0; 900_000]].concat()).unwrap();
    assert!(
        plan_error(&config).contains("wanted at most 819200, found 900004") || plan_error(&config).contains("at most")
    );

    std::fs::remove_file(&oracle).unwrap();
    assert!(plan_error(&config).contains("firebreak_oracle.wasm: cannot be read"));

    let config = localnet("artifacts-unlisted");
    let listed = std::fs::read_to_string(&config.artifacts.checksums).unwrap();
    let without: String =
        listed.lines().filter(|line| !line.contains("oracle")).map(|line| format!("{line}\n")).collect();
    std::fs::write(&config.artifacts.checksums, without).unwrap();
    assert!(plan_error(&config).contains("wanted a line in"), "{}", plan_error(&config));
}

#[test]
fn the_guardian_is_predicted_as_the_chain_computes_it() {
    let config = localnet("predicted");
    let plan = Plan::new(&config).unwrap();
    let deployer: AccountId = config.key.address.parse().unwrap();
    let creator = CanonicalAddr::from(deployer.to_bytes());
    let checksum = plan.artifacts[&Contract::Guardian].checksum;
    let canonical = instantiate2_address(checksum.as_slice(), &creator, b"firebreak").unwrap();
    assert_eq!(plan.predicted.guardian, AccountId::new("wasm", &canonical).unwrap().to_string());

    // Deployer, salt and code each decide it.
    let mut other = config.clone();
    other.suite.salt = "another".into();
    assert_ne!(Plan::new(&other).unwrap().predicted, plan.predicted);
    let mut other = config;
    other.key.address = "wasm1kng7tv83qesgvv2ze7hxlw4urfrjk8vq20s4yq".into();
    assert_ne!(Plan::new(&other).unwrap().predicted, plan.predicted);
}

#[test]
fn paths_are_relative_to_the_file() {
    let folder = folder("paths");
    let file = folder.join("mine.toml");
    std::fs::write(&file, committed("localnet.toml")).unwrap();
    let config = Config::load(&file).unwrap();
    assert_eq!(config.state, folder.join("localnet.state.json"));
    assert_eq!(config.artifacts.folder, folder.join("../artifacts"));
    let error = Config::load(&folder.join("other.toml")).unwrap_err().to_string();
    assert!(error.contains("other.toml: cannot be read"), "{error}");
}
