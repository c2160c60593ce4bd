//! What is read of each contract, and what it must be.

use super::calls::ReadyCall;
use super::compare::{compare, Finding, NOTHING};
use super::Check;
use crate::deploy::address::Addresses;
use crate::deploy::artifact::Contract;
use crate::deploy::group;
use crate::deploy::plan::Plan;
use crate::deploy::reader::Reader;
use crate::error::ChainError;
use firebreak_messages::circuit_breaker::{GuardConfig, ObserversConfig};
use firebreak_messages::derivatives_vault::MarketConfig;
use firebreak_messages::guardian::{Role, RolesSetup};
use firebreak_messages::oracle::{FeedConfig, Feeder};
use firebreak_messages::{circuit_breaker, derivatives_vault, guardian, insurance_fund, oracle, FeedId, MarketId};
use serde::Serialize;
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Entries of one page; all five contracts give so many.
const PAGE: u32 = 32;

type Done = Result<(), ChainError>;

impl Check {
    fn compare(&mut self, part: &str, field: &str, wanted: &impl Serialize, found: &impl Serialize) -> bool {
        compare(&mut self.findings, part, field, wanted, found)
    }

    fn call(&mut self, part: &str, contract: &str, msg: &impl Serialize) {
        self.calls.extend(ReadyCall::new(part, contract, msg));
    }

    /// The answer, or a difference that says why there is none.
    fn read<T>(&mut self, part: &str, what: &str, answer: Result<T, ChainError>) -> Result<Option<T>, ChainError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error @ ChainError::Node { .. }) => Err(error),
            Err(error) => {
                let found = format!("cannot be read: {error}").replace('\n', " ");
                let (part, field) = (part.to_string(), what.to_string());
                self.findings.push(Finding { part, field, wanted: "an answer".into(), found });
                Ok(None)
            }
        }
    }

    /// A list whose order means nothing: one figure for each member of either side.
    fn compare_members(&mut self, part: &str, field: &str, wanted: &[String], found: &[String]) {
        let members: BTreeSet<&String> = wanted.iter().chain(found).collect();
        for member in members {
            let side = |list: &[String]| if list.contains(member) { member.clone() } else { NOTHING.into() };
            self.compare(part, field, &side(wanted), &side(found));
        }
    }

    /// Numbered parts: each that is wanted, then each that is only on the chain. `view` is what is compared of one.
    fn entries<K: Ord + Copy + std::fmt::Display, T, V: Serialize>(
        &mut self,
        kind: &str,
        wanted: &BTreeMap<K, T>,
        found: &BTreeMap<K, T>,
        view: impl Fn(&T) -> V,
        mut repair: impl FnMut(&mut Self, &str, K, &T),
    ) {
        for (id, config) in wanted {
            let part = format!("{kind} {id}");
            let matches = match found.get(id) {
                Some(on_chain) => self.compare(&part, "", &view(config), &view(on_chain)),
                None => self.compare(&part, "", &"as configured", &NOTHING),
            };
            if !matches {
                repair(self, &part, *id, config);
            }
        }
        for id in found.keys().filter(|id| !wanted.contains_key(id)) {
            self.compare(&format!("{kind} {id}"), "", &NOTHING, &"on the chain");
        }
    }
}

/// Codes, wasm admins and labels.
pub fn codes(reader: &impl Reader, plan: &Plan, addresses: &Addresses, check: &mut Check) -> Done {
    for contract in Contract::ALL {
        let (part, address) = (contract.name(), addresses.of(contract));
        let Some(record) = check.read(part, "contract", reader.contract(address))? else { continue };
        let Some(record) = record else {
            check.compare(part, "contract", &address, &NOTHING);
            continue;
        };
        let code = check.read(part, "code", reader.code(record.code_id))?.flatten();
        let found = code.map_or(NOTHING.into(), |code| code.checksum);
        let wanted = plan.artifacts.get(&contract).map(|artifact| artifact.checksum.to_string());
        check.compare(part, "code checksum", &wanted, &found);
        // The guardian administrates all five, itself included: an upgrade of any waits for its timelock.
        check.compare(part, "wasm admin", &addresses.guardian, &record.admin);
        let wanted = match contract {
            Contract::Guardian => plan.config.suite.label.clone(),
            child => format!("firebreak {}", child.name()),
        };
        check.compare(part, "label", &wanted, &record.label);
    }
    Ok(())
}

pub fn guardian(reader: &impl Reader, plan: &Plan, addresses: &Addresses, check: &mut Check) -> Done {
    use guardian::{CouncilResponse, ExecuteMsg, QueryMsg, RolesResponse};
    let (part, own, config) = ("guardian", &addresses.guardian, &plan.config);
    if let Some(found) = check.read::<RolesResponse>(part, "roles", reader.smart(own, &QueryMsg::Roles {}))? {
        roles(check, own, &config.roles, &found);
        if !check.compare(part, "delays", &config.delays, &found.delays) {
            check.call(part, own, &ExecuteMsg::SetDelays { delays: config.delays.clone() });
        }
        // Somebody is about to get a role.
        check.compare(part, "candidates", &Vec::<String>::new(), &found.candidates);
    }
    let council = check.read::<CouncilResponse>(part, "council", reader.smart(own, &QueryMsg::Council {}))?;
    if let Some(found) = council {
        let candidate = found.candidate.map(|candidate| candidate.config);
        let waits = candidate.as_ref() == Some(&config.council);
        // Once named, another group accepts by its own keys.
        if !check.compare(part, "council", &config.council, &found.config) && !waits {
            check.call(part, own, &ExecuteMsg::SetCouncil { council: config.council.clone() });
        }
        // Somebody is about to be the council.
        check.compare(part, "council candidate", &None::<guardian::CouncilConfig>, &candidate);
    }
    Ok(())
}

/// The council's group tells the guardian of other members. Others may be told too. The timelock can repair it only where it
/// owns the group.
pub fn group(reader: &impl Reader, plan: &Plan, addresses: &Addresses, check: &mut Check) -> Done {
    let (part, at, guardian) = ("council group", &plan.config.council.group, &addresses.guardian);
    let Some(hooks) = check.read(part, "hooks", group::hooks(reader, at))? else { return Ok(()) };
    let found = hooks.iter().find(|hook| *hook == guardian).map_or(NOTHING, String::as_str);
    if !check.compare(part, "hooks", guardian, &found) && group::admin(reader, at)?.as_ref() == Some(guardian) {
        check.call(part, at, &group::add_hook(guardian));
    }
    Ok(())
}

fn roles(check: &mut Check, own: &str, wanted: &RolesSetup, found: &guardian::RolesResponse) {
    use guardian::ExecuteMsg::{ProposeRole, RevokeRole};
    for (role, field, wanted, found) in [
        (Role::Proposer, "proposers", &wanted.proposers, &found.proposers),
        (Role::Canceller, "cancellers", &wanted.cancellers, &found.cancellers),
    ] {
        check.compare_members("guardian", field, wanted, found);
        for candidate in wanted.iter().filter(|address| !found.contains(address)) {
            check.call("guardian", own, &ProposeRole { role, candidate: candidate.clone(), replaces: None });
        }
        for address in found.iter().filter(|address| !wanted.contains(address)) {
            check.call("guardian", own, &RevokeRole { role, address: address.clone() });
        }
    }
}

pub fn oracle(reader: &impl Reader, plan: &Plan, addresses: &Addresses, check: &mut Check) -> Done {
    use oracle::{ConfigResponse, ExecuteMsg, FeedsResponse, HookConfig, QueryMsg};
    let (part, own, config) = ("oracle", &addresses.oracle, &plan.config);
    if let Some(found) = check.read::<ConfigResponse>(part, "config", reader.smart(own, &QueryMsg::Config {}))? {
        check.compare(part, "owner", &addresses.guardian, &found.owner);
        let hook = Some(HookConfig { contract: addresses.circuit_breaker.clone(), gas_limit: config.gas.breaker });
        if !check.compare(part, "hook", &hook, &found.hook) {
            check.call(part, own, &ExecuteMsg::SetHook { hook });
        }
    }
    let found = pages(|start_after: Option<FeedId>| {
        let page: FeedsResponse = reader.smart(own, &QueryMsg::Feeds { start_after, limit: Some(PAGE) })?;
        Ok(page.feeds.into_iter().map(|feed| (feed.feed, feed.config)).collect())
    });
    let Some(found) = check.read(part, "feeds", found)? else { return Ok(()) };
    let wanted = config.feeds.iter().map(|setup| (setup.feed, setup.config.clone())).collect();
    check.entries("feed", &wanted, &found, feeders_by_address, |check, part, feed, config| {
        check.call(part, own, &ExecuteMsg::SetFeed { feed, config: config.clone() });
    });
    Ok(())
}

pub fn breaker(reader: &impl Reader, plan: &Plan, addresses: &Addresses, check: &mut Check) -> Done {
    use circuit_breaker::{ConfigResponse, ExecuteMsg, MarketsResponse, ObserversResponse, QueryMsg, SignalConfig};
    let (part, own, config) = ("circuit-breaker", &addresses.circuit_breaker, &plan.config);
    if let Some(found) = check.read::<ConfigResponse>(part, "config", reader.smart(own, &QueryMsg::Config {}))? {
        check.compare(part, "owner", &addresses.guardian, &found.owner);
        check.compare(part, "oracle", &addresses.oracle, &found.oracle);
        check.compare(part, "vault", &Some(&addresses.derivatives_vault), &found.vault);
        let signal = SignalConfig { contract: addresses.guardian.clone(), gas_limit: config.gas.guardian };
        if !check.compare(part, "guardian", &Some(&signal), &found.guardian) {
            check.call(part, own, &ExecuteMsg::SetGuardian { guardian: Some(signal) });
        }
    }
    let found = check.read::<ObserversResponse>(part, "observers", reader.smart(own, &QueryMsg::Observers {}))?;
    if let Some(found) = found {
        // As they are, in their order: an attestation names a place in it. Trust and nonces are theirs and no configuration.
        let mut wanted = config.observers.clone();
        // The breaker keeps keys in lower case.
        wanted.observers.iter_mut().for_each(|observer| observer.public_key.make_ascii_lowercase());
        let observers = found.observers.into_iter().map(|status| status.config).collect();
        let found = ObserversConfig { heartbeat_seconds: found.heartbeat_seconds, observers };
        if !check.compare(part, "observers", &wanted, &found) {
            check.call(part, own, &ExecuteMsg::SetObservers { config: config.observers.clone() });
        }
    }
    let found = pages(|start_after: Option<MarketId>| {
        let page: MarketsResponse = reader.smart(own, &QueryMsg::Markets { start_after, limit: Some(PAGE) })?;
        Ok(page.markets.into_iter().map(|setup| (setup.market, setup.config)).collect())
    });
    let Some(found) = check.read(part, "guards", found)? else { return Ok(()) };
    let wanted = config.guards.iter().map(|setup| (setup.market, setup.config.clone())).collect();
    check.entries("guard", &wanted, &found, GuardConfig::clone, |check, part, market, config| {
        check.call(part, own, &ExecuteMsg::SetMarket { market, config: config.clone() });
    });
    Ok(())
}

pub fn fund(reader: &impl Reader, plan: &Plan, addresses: &Addresses, check: &mut Check) -> Done {
    use insurance_fund::{ConfigResponse, ExecuteMsg, QueryMsg};
    let (part, own, config) = ("insurance-fund", &addresses.insurance_fund, &plan.config);
    let found = check.read::<ConfigResponse>(part, "config", reader.smart(own, &QueryMsg::Config {}))?;
    let Some(found) = found else { return Ok(()) };
    check.compare(part, "owner", &addresses.guardian, &found.owner);
    check.compare(part, "denom", &config.suite.denom, &found.denom);
    // A vault more in this list is somebody who may take the fund's coins.
    let vault = &addresses.derivatives_vault;
    check.compare_members(part, "vaults", std::slice::from_ref(vault), &found.vaults);
    if !found.vaults.contains(vault) {
        check.call(part, own, &ExecuteMsg::RegisterVault { vault: vault.clone() });
    }
    for other in found.vaults.iter().filter(|found| *found != vault) {
        check.call(part, own, &ExecuteMsg::UnregisterVault { vault: other.clone() });
    }
    if !check.compare(part, "config", &config.fund, &found.config) {
        check.call(part, own, &ExecuteMsg::Configure { config: config.fund.clone() });
    }
    Ok(())
}

pub fn vault(reader: &impl Reader, plan: &Plan, addresses: &Addresses, check: &mut Check) -> Done {
    use derivatives_vault::{ConfigResponse, ExecuteMsg, MarketsResponse, QueryMsg};
    let (part, own, config) = ("derivatives-vault", &addresses.derivatives_vault, &plan.config);
    if let Some(found) = check.read::<ConfigResponse>(part, "config", reader.smart(own, &QueryMsg::Config {}))? {
        let found = found.config;
        for (field, wanted, found) in [
            ("owner", &addresses.guardian, &found.owner),
            ("denom", &config.suite.denom, &found.denom),
            ("oracle", &addresses.oracle, &found.oracle),
            ("circuit_breaker", &addresses.circuit_breaker, &found.circuit_breaker),
            ("insurance_fund", &addresses.insurance_fund, &found.insurance_fund),
        ] {
            check.compare(part, field, wanted, found);
        }
        if !check.compare(part, "parameters", &config.vault, &found.parameters) {
            check.call(part, own, &ExecuteMsg::Configure { parameters: config.vault.clone() });
        }
    }
    let found = pages(|start_after: Option<MarketId>| {
        let page: MarketsResponse = reader.smart(own, &QueryMsg::Markets { start_after, limit: Some(PAGE) })?;
        Ok(page.markets.into_iter().map(|market| (market.market, market.config)).collect())
    });
    let Some(found) = check.read(part, "markets", found)? else { return Ok(()) };
    let wanted = config.markets.iter().map(|setup| (setup.market, setup.config.clone())).collect();
    check.entries("market", &wanted, &found, MarketConfig::clone, |check, part, market, config| {
        check.call(part, own, &ExecuteMsg::ConfigureMarket { market, config: config.clone() });
    });
    Ok(())
}

/// Every entry of a paged query.
fn pages<K: Ord + Copy, T>(
    mut page: impl FnMut(Option<K>) -> Result<Vec<(K, T)>, ChainError>,
) -> Result<BTreeMap<K, T>, ChainError> {
    let mut all = BTreeMap::new();
    loop {
        let last = all.last_key_value().map(|(key, _)| *key);
        let entries = page(last)?;
        // An answer that does not move on would be asked for again and again.
        let moves_on = entries.iter().any(|(key, _)| last.is_none_or(|last| *key > last));
        all.extend(entries);
        if !moves_on {
            return Ok(all);
        }
    }
}

/// The order of feeders means nothing: each is a figure of its own, its weight, or what else it is with it.
fn feeders_by_address(config: &FeedConfig) -> Value {
    let mut view = serde_json::to_value(config).unwrap_or_default();
    let figure = |feeder: &Feeder| -> Value {
        if feeder.public_key.is_empty() && feeder.pyth_id.is_empty() {
            return feeder.weight.into();
        }
        json!({ "weight": feeder.weight, "public_key": feeder.public_key, "pyth_id": feeder.pyth_id })
    };
    let feeders: serde_json::Map<String, Value> =
        config.feeders.iter().map(|feeder| (feeder.address.clone(), figure(feeder))).collect();
    view["feeders"] = feeders.into();
    view
}
