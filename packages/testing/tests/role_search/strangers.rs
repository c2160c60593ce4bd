//! Messages that somebody's role is needed for, by everybody who does not have it: refused in every state.

use crate::scene::{CODE, DAY, HOUR, QUARANTINE};
use crate::steps::SEATS;
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, Scope};
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::{CouncilAction, ExecuteMsg as GuardianMsg, Role, Sentinel, Tightening};
use firebreak_messages::insurance_fund::{ExecuteMsg as FundMsg, MarketDeficit};
use firebreak_messages::oracle::{ExecuteMsg as OracleMsg, FeedReport};
use firebreak_messages::{RuleId, Source};
use firebreak_risk::{Amount, Level, Phase, Posture, Ratio};
use firebreak_testing::*;
use serde::Serialize;
use serde_json::{to_value, Value};

/// Who tries, one of them in each state in turn.
const WHO: [&str; 6] = ["mallory", "council-0", "sentinel", "canceller", "proposer-2", "feeder-0"];
/// How contracts say that it is not the sender's to do.
const REFUSALS: [&str; 10] = [
    "Unauthorized",
    "NotCandidate",
    "NoCandidate",
    "NoCouncilCandidate",
    "NotHolder",
    "NotMember",
    "NotSentinel",
    "NotNamed",
    "NotFeeder",
    "NotRegistered",
];

/// A message, and who may send it all the same.
pub type Privilege = (Code, Value, &'static [&'static str]);

/// Written once for a scene: what they say does not matter, whose they are does.
pub fn privileges(world: &World, operation: u64) -> Vec<Privilege> {
    fn of(code: Code, msg: &impl Serialize, holders: &'static [&'static str]) -> Privilege {
        (code, to_value(msg).unwrap_or_else(|error| panic!("{error}")), holders)
    }
    let (setup, now, stranger) = (world.setup().clone(), world.now(), world.address("mallory").to_string());
    let (feed, vault) = (feed_of(BTC), world.addresses.derivatives_vault.to_string());
    let guardian = |msg: GuardianMsg| of(Code::Guardian, &msg, &[]);
    let breaker = |msg: BreakerMsg| of(Code::Breaker, &msg, &[]);
    let to_vault = |msg: VaultMsg| of(Code::Vault, &msg, &[]);
    let oracle = |msg: OracleMsg| of(Code::Oracle, &msg, &[]);
    let fund = |msg: FundMsg| of(Code::Insurance, &msg, &[]);
    let (scope, level) = (Scope::All, Level::ReduceOnly);
    let lift = BreakerMsg::Lift { scope: Scope::Market(BTC), source: Source::Council };
    let calls = vec![world.call(Code::Breaker, &lift)];
    let schedule = GuardianMsg::Schedule {
        calls,
        not_after: now + 20 * DAY + CODE,
        predecessor: None,
        description: "mine".into(),
    };
    let confirm =
        GuardianMsg::Confirm { action: CouncilAction::restrict(scope, level, HOUR), nonce: world.council().nonce };
    let phases = vec![Phase { until: now + DAY, posture: Posture::preset(level) }];
    let step = Tightening { scope, level, duration_seconds: HOUR };
    let reports = vec![FeedReport { feed, price: price("1"), published_at: now }];
    vec![
        of(Code::Guardian, &schedule, &["proposer-2"]),
        of(Code::Guardian, &GuardianMsg::Cancel { operation }, &["canceller"]),
        of(Code::Guardian, &confirm, &["council-0"]),
        of(Code::Guardian, &GuardianMsg::Trip {}, &["sentinel"]),
        of(Code::Oracle, &OracleMsg::Report { reports }, &["feeder-0"]),
        guardian(GuardianMsg::Signal { market: BTC, rule: RuleId::Band, level, moved: Ratio::ONE, observed_at: now }),
        guardian(GuardianMsg::SetDelays { delays: setup.delays.clone() }),
        guardian(GuardianMsg::SetCouncil { council: world.council().config }),
        of(Code::Guardian, &GuardianMsg::AcceptCouncil(world.council().config), &SEATS),
        guardian(GuardianMsg::AcceptSentinel(step.clone())),
        guardian(GuardianMsg::RunCalls { operation }),
        guardian(GuardianMsg::SetPlaybook(world.template(BTC, QUARANTINE))),
        guardian(GuardianMsg::RemovePlaybook { playbook: QUARANTINE.into() }),
        guardian(GuardianMsg::SetSentinel(Sentinel { address: stranger.clone(), step })),
        guardian(GuardianMsg::RemoveSentinel { address: world.address("sentinel").into() }),
        guardian(GuardianMsg::ProposeRole { role: Role::Proposer, candidate: stranger.clone(), replaces: None }),
        guardian(GuardianMsg::AcceptRole { role: Role::Canceller }),
        guardian(GuardianMsg::RevokeRole { role: Role::Canceller, address: world.address("canceller").into() }),
        guardian(GuardianMsg::CheckWitnesses { accounts: vec![] }),
        breaker(lift),
        breaker(BreakerMsg::Restrict { scope, source: Source::Council, phases, incident: 0 }),
        breaker(BreakerMsg::SetMarket { market: BTC, config: setup.guards[0].config.clone() }),
        breaker(BreakerMsg::SetGuardian { guardian: None }),
        breaker(BreakerMsg::SetObservers { config: setup.observers.clone() }),
        to_vault(VaultMsg::ConfigureMarket { market: BTC, config: setup.markets[0].config.clone() }),
        to_vault(VaultMsg::Configure { parameters: setup.vault.clone() }),
        to_vault(VaultMsg::ContestMarket { market: BTC, until: now + DAY }),
        to_vault(VaultMsg::SettleMarket { market: BTC, at: now + DAY }),
        to_vault(VaultMsg::SettleVault { at: now + DAY }),
        oracle(OracleMsg::SetFeed { feed, config: setup.feeds[0].config.clone() }),
        oracle(OracleMsg::SetHook { hook: None }),
        oracle(OracleMsg::PromoteFallback { feed }),
        oracle(OracleMsg::DemoteFallback { feed }),
        fund(FundMsg::Configure { config: setup.fund.clone() }),
        fund(FundMsg::Inject { vault, amount: usd(1) }),
        fund(FundMsg::RegisterVault { vault: stranger.clone() }),
        fund(FundMsg::UnregisterVault { vault: stranger }),
        fund(FundMsg::Cover { deficits: vec![MarketDeficit { market: BTC, amount: usd(1) }] }),
    ]
}

/// How many were refused.
pub fn refused(world: &mut World, privileges: &[Privilege], state: usize) -> Result<u64, String> {
    let who = WHO[state % WHO.len()];
    let mut refused = 0;
    let nonce = world.council().nonce;
    for (code, msg, _) in privileges.iter().filter(|(_, _, holders)| !holders.contains(&who)) {
        let mut msg = msg.clone();
        if let Some(confirm) = msg.get_mut("confirm") {
            confirm["nonce"] = nonce.into();
        }
        let name = || msg.as_object().and_then(|msg| msg.keys().next().cloned()).unwrap_or_default();
        match world.send(who, *code, &msg, Amount::ZERO).0 {
            Ok(_) => return Err(format!("1: {who} was obeyed: {}", name())),
            Err(refusal) => {
                let found = format!("{:?}", refusal.error.root_cause());
                if !REFUSALS.iter().any(|wanted| found.starts_with(wanted)) {
                    return Err(format!("1: {who} was refused {} for another reason: {found}", name()));
                }
            }
        }
        refused += 1;
    }
    Ok(refused)
}
