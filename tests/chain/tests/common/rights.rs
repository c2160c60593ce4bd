//! Every message that is somebody's right, as a stranger sends it, and the words that refuse it.

use super::{refusal, Suite, PLENTY};
use firebreak_chain_tests::Message;
use firebreak_circuit_breaker::ContractError as BreakerError;
use firebreak_derivatives_vault::ContractError as VaultError;
use firebreak_guardian::ContractError as GuardianError;
use firebreak_insurance_fund::ContractError as FundError;
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, ObserversConfig, Scope};
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::{
    CouncilAction, ExecuteMsg as GuardianMsg, InstantiateMsg, Playbook, Role, Sentinel, Step, Tightening,
};
use firebreak_messages::insurance_fund::{ExecuteMsg as FundMsg, MarketDeficit};
use firebreak_messages::oracle::{ExecuteMsg as OracleMsg, FeedReport};
use firebreak_messages::{FeedId, MarketId, RuleId, Source};
use firebreak_oracle::ContractError as OracleError;
use firebreak_risk::{Amount, Level, Ratio};
use firebreak_testing::{price, usd};

/// The sender's address in a refusal that names it.
const SENDER: &str = "{sender}";

/// A message and its refusal, in which [`SENDER`] stands for who sent it.
pub struct Row {
    message: Message,
    refused: String,
}

/// Whether a message is only for whoever holds a role. Exhaustive: a new message does not compile here until somebody
/// decides, and one that is for a holder gets its row below.
fn is_a_right(message: &Message) -> bool {
    match message {
        Message::Guardian(message) => match message {
            GuardianMsg::Schedule { .. }
            | GuardianMsg::Cancel { .. }
            | GuardianMsg::Confirm { .. }
            | GuardianMsg::Signal { .. }
            | GuardianMsg::ProposeRole { .. }
            | GuardianMsg::AcceptRole { .. }
            | GuardianMsg::RevokeRole { .. }
            | GuardianMsg::SetDelays { .. }
            | GuardianMsg::SetCouncil { .. }
            | GuardianMsg::AcceptCouncil(_)
            | GuardianMsg::AcceptSentinel(_)
            | GuardianMsg::RunCalls { .. }
            | GuardianMsg::SetPlaybook(_)
            | GuardianMsg::SetSentinel(_)
            | GuardianMsg::RemoveSentinel { .. }
            | GuardianMsg::Trip {}
            | GuardianMsg::Heartbeat {}
            | GuardianMsg::CheckWitnesses { .. }
            | GuardianMsg::RemovePlaybook { .. } => true,
            // The members' hook does nothing for strangers, and is never refused.
            GuardianMsg::Execute { .. }
            | GuardianMsg::CompleteRole { .. }
            | GuardianMsg::Undo { .. }
            | GuardianMsg::Advance { .. }
            | GuardianMsg::StepDown {}
            | GuardianMsg::Witness { .. }
            | GuardianMsg::MemberChangedHook { .. } => false,
        },
        Message::Oracle(message) => match message {
            OracleMsg::Report { .. }
            | OracleMsg::SetFeed { .. }
            | OracleMsg::PromoteFallback { .. }
            | OracleMsg::DemoteFallback { .. }
            | OracleMsg::SetHook { .. } => true,
            // Whoever relays or asks: the signatures and the contract that is read are what counts.
            OracleMsg::ReportSigned { .. } | OracleMsg::Pull { .. } => false,
        },
        Message::Breaker(message) => match message {
            BreakerMsg::SetMarket { .. }
            | BreakerMsg::Restrict { .. }
            | BreakerMsg::Lift { .. }
            | BreakerMsg::SetObservers { .. }
            | BreakerMsg::SetGuardian { .. } => true,
            // Whoever relays or asks: the signatures, and the guardian's own record, are what counts.
            BreakerMsg::Evaluate { .. } | BreakerMsg::Attest { .. } | BreakerMsg::Judge { .. } => false,
        },
        Message::Insurance(message) => match message {
            FundMsg::Cover { .. }
            | FundMsg::Inject { .. }
            | FundMsg::RegisterVault { .. }
            | FundMsg::UnregisterVault { .. }
            | FundMsg::Configure { .. } => true,
            FundMsg::AddFirstLoss {}
            | FundMsg::Stake { .. }
            | FundMsg::RequestUnstake { .. }
            | FundMsg::CancelUnstake { .. }
            | FundMsg::ClaimUnstake { .. }
            | FundMsg::ReceiveFees {} => false,
        },
        Message::Vault(message) => match message {
            VaultMsg::ConfigureMarket { .. }
            | VaultMsg::ContestMarket { .. }
            | VaultMsg::CutContested(_)
            | VaultMsg::Configure { .. }
            | VaultMsg::SettleMarket { .. }
            | VaultMsg::SettleVault { .. } => true,
            VaultMsg::PlaceOrder { .. }
            | VaultMsg::PlaceOrders { .. }
            | VaultMsg::CancelOrder { .. }
            | VaultMsg::CancelOrders { .. }
            | VaultMsg::ExecuteOrders { .. }
            | VaultMsg::AddCollateral { .. }
            | VaultMsg::WithdrawCollateral { .. }
            | VaultMsg::Liquidate { .. }
            | VaultMsg::ProvideLiquidity { .. }
            | VaultMsg::RequestLiquidityWithdrawal { .. }
            | VaultMsg::CancelLiquidityWithdrawal { .. }
            | VaultMsg::ClaimLiquidityWithdrawal { .. }
            | VaultMsg::ExecuteClaims { .. }
            | VaultMsg::CollectParked(_)
            | VaultMsg::CancelParked(_)
            | VaultMsg::SweepFees {}
            | VaultMsg::ReportBreach {}
            | VaultMsg::Recapitalize {}
            | VaultMsg::SettleAccounts { .. }
            | VaultMsg::PaySettlement { .. } => false,
        },
        Message::Dao(_) => false,
    }
}

/// A procedure that the council would run.
fn playbook(now: u64) -> Playbook {
    let freeze = Tightening { scope: Scope::All, level: Level::Frozen, duration_seconds: 60 };
    Playbook {
        name: "freeze".into(),
        signals: vec![],
        council: true,
        steps: vec![Step::Restrict(freeze)],
        undo: vec![],
        undo_after_seconds: 0,
        undo_when_resolved: false,
        runs_max: 1,
        window_seconds: 86_400,
        cool_down_seconds: 3_600,
        not_after: now + 86_400,
        step_gas_limit: 250_000,
    }
}

/// One row for each right of each contract.
pub fn what_nobody_may(suite: &Suite) -> Vec<Row> {
    let (sender, setup) = (SENDER.to_string(), &suite.bootstrap);
    let (guardian, breaker) = (suite.at.guardian.to_string(), suite.at.circuit_breaker.to_string());
    let stranger = suite.address("mallory");
    let (market, feed) = (MarketId(1), FeedId(1));
    let role = Role::Proposer;

    let unauthorized = GuardianError::Unauthorized { wanted: guardian.clone(), found: sender.clone() }.to_string();
    let not_breaker = GuardianError::Unauthorized { wanted: breaker, found: sender.clone() }.to_string();
    let not_proposer = GuardianError::NotHolder { role, address: sender.clone() }.to_string();
    let not_canceller = GuardianError::NotHolder { role: Role::Canceller, address: sender.clone() }.to_string();
    let not_member = GuardianError::NotMember { found: sender.clone() }.to_string();
    let action = CouncilAction::restrict(Scope::All, Level::Frozen, 60);
    let nonce = suite.council().nonce;
    let signal = GuardianMsg::Signal {
        market,
        rule: RuleId::Band,
        level: Level::ReduceOnly,
        moved: Ratio::ONE,
        observed_at: suite.now(),
    };
    let step = Tightening { scope: Scope::All, level: Level::Guarded, duration_seconds: 60 };
    let sentinel = Sentinel { address: stranger.clone(), step: step.clone() };
    let guardian_rows: Vec<(GuardianMsg, String)> = vec![
        (suite.scheduling(vec![suite.migration(&guardian, 1)]), not_proposer),
        (GuardianMsg::Cancel { operation: 1 }, not_canceller),
        (GuardianMsg::Confirm { action, nonce }, not_member),
        (signal, not_breaker),
        (GuardianMsg::ProposeRole { role, candidate: stranger.clone(), replaces: None }, unauthorized.clone()),
        (GuardianMsg::AcceptRole { role }, GuardianError::NoCandidate { role }.to_string()),
        (GuardianMsg::RevokeRole { role, address: suite.at.dao.to_string() }, unauthorized.clone()),
        (GuardianMsg::SetDelays { delays: setup.delays.clone() }, unauthorized.clone()),
        (GuardianMsg::SetCouncil { council: setup.council.clone() }, unauthorized.clone()),
        (
            GuardianMsg::AcceptCouncil(setup.council.clone()),
            GuardianError::NoCouncilCandidate { expires_at: 0 }.to_string(),
        ),
        (GuardianMsg::RunCalls { operation: 1 }, unauthorized.clone()),
        (GuardianMsg::SetPlaybook(playbook(suite.now())), unauthorized.clone()),
        (GuardianMsg::RemovePlaybook { playbook: "freeze".into() }, unauthorized.clone()),
        (GuardianMsg::SetSentinel(sentinel), unauthorized.clone()),
        (GuardianMsg::RemoveSentinel { address: stranger.clone() }, unauthorized.clone()),
        (GuardianMsg::CheckWitnesses { accounts: vec![] }, unauthorized),
        (GuardianMsg::Trip {}, GuardianError::NotSentinel { found: sender.clone() }.to_string()),
        (GuardianMsg::AcceptSentinel(step), GuardianError::NotNamed { found: sender.clone() }.to_string()),
        (GuardianMsg::Heartbeat {}, GuardianError::NoHeartbeat { found: sender.clone() }.to_string()),
    ];

    let unauthorized = OracleError::Unauthorized { wanted: guardian.clone(), found: sender.clone() }.to_string();
    let report = FeedReport { feed, price: price("1"), published_at: suite.now() };
    let oracle_rows: Vec<(OracleMsg, String)> = vec![
        (
            OracleMsg::Report { reports: vec![report] },
            OracleError::NotFeeder { feed, sender: sender.clone() }.to_string(),
        ),
        (OracleMsg::SetFeed { feed, config: setup.feeds[0].config.clone() }, unauthorized.clone()),
        (OracleMsg::PromoteFallback { feed }, unauthorized.clone()),
        (OracleMsg::DemoteFallback { feed }, unauthorized.clone()),
        (OracleMsg::SetHook { hook: None }, unauthorized),
    ];

    let unauthorized = BreakerError::Unauthorized { wanted: guardian.clone(), found: sender.clone() }.to_string();
    let restrict = BreakerMsg::Restrict { scope: Scope::All, source: Source::Governance, phases: vec![], incident: 0 };
    let breaker_rows: Vec<(BreakerMsg, String)> = vec![
        (BreakerMsg::SetMarket { market, config: setup.guards[0].config.clone() }, unauthorized.clone()),
        (restrict, unauthorized.clone()),
        (BreakerMsg::Lift { scope: Scope::All, source: Source::Council }, unauthorized.clone()),
        (
            BreakerMsg::SetObservers { config: ObserversConfig { heartbeat_seconds: 600, observers: vec![] } },
            unauthorized.clone(),
        ),
        (BreakerMsg::SetGuardian { guardian: None }, unauthorized),
    ];

    let unauthorized = FundError::Unauthorized { wanted: guardian.clone(), found: sender.clone() }.to_string();
    let cover = FundMsg::Cover { deficits: vec![MarketDeficit { market, amount: usd(1) }] };
    let vault = suite.at.derivatives_vault.to_string();
    let fund_rows: Vec<(FundMsg, String)> = vec![
        (cover, FundError::NotRegistered { found: sender.clone() }.to_string()),
        (FundMsg::Inject { vault: vault.clone(), amount: usd(1) }, unauthorized.clone()),
        (FundMsg::RegisterVault { vault: stranger }, unauthorized.clone()),
        (FundMsg::UnregisterVault { vault }, unauthorized.clone()),
        (FundMsg::Configure { config: setup.fund.clone() }, unauthorized),
    ];

    let unauthorized = VaultError::Unauthorized { wanted: guardian, found: sender }.to_string();
    let vault_rows: Vec<(VaultMsg, String)> = vec![
        (VaultMsg::ConfigureMarket { market, config: setup.markets[0].config.clone() }, unauthorized.clone()),
        (VaultMsg::ContestMarket { market, until: 0 }, unauthorized.clone()),
        (VaultMsg::CutContested(market), unauthorized.clone()),
        (VaultMsg::Configure { parameters: setup.vault.clone() }, unauthorized),
    ];

    let mut rows = vec![];
    rows.extend(guardian_rows.into_iter().map(row));
    rows.extend(oracle_rows.into_iter().map(row));
    rows.extend(breaker_rows.into_iter().map(row));
    rows.extend(fund_rows.into_iter().map(row));
    rows.extend(vault_rows.into_iter().map(row));
    assert!(rows.iter().all(|row| is_a_right(&row.message)));
    rows
}

fn row<M: Into<Message>>((message, refused): (M, String)) -> Row {
    Row { message: message.into(), refused }
}

impl Suite {
    /// Sends every row in its own transaction, all of them at once; each must be refused in its own words.
    #[track_caller]
    pub fn all_refused(&mut self, name: &str, rows: &[Row]) {
        let address = self.address(name);
        let send = |row: &Row| {
            let contract = self.at.of(row.message.code()).clone();
            self.submit(name, contract, &row.message, Amount::ZERO, PLENTY)
        };
        let hashes: Vec<_> = rows.iter().map(send).collect();
        for (row, hash) in rows.iter().zip(hashes) {
            refusal(self.committed(&hash)).says(row.refused.replace(SENDER, &address));
        }
    }
}

/// Bootstraps that leave out who may do something, or how many it takes, each with its refusal.
pub fn bootstraps_of_nothing(usual: &InstantiateMsg) -> Vec<(&'static str, InstantiateMsg, String)> {
    let out_of_bounds = |what, wanted: &str, found: &str| {
        GuardianError::OutOfBounds { what, wanted: wanted.into(), found: found.into() }.to_string()
    };
    let of_oracle = |what, wanted: &str, found: &str| {
        OracleError::OutOfBounds { what, wanted: wanted.into(), found: found.into() }.to_string()
    };
    let but = |change: &dyn Fn(&mut InstantiateMsg)| {
        let mut msg = usual.clone();
        change(&mut msg);
        msg
    };
    vec![
        ("no proposer", but(&|msg| msg.roles.proposers.clear()), out_of_bounds("proposers", "1 to 8", "0")),
        ("no canceller", but(&|msg| msg.roles.cancellers.clear()), out_of_bounds("cancellers", "1 to 8", "0")),
        ("no threshold", but(&|msg| msg.council.threshold = 0), out_of_bounds("threshold", "1 to 3", "0")),
        ("no delay", but(&|msg| msg.delays.parameters = 0), out_of_bounds("parameters", "3600 to 2592000", "0")),
        ("no feeder", but(&|msg| msg.feeds[0].config.feeders.clear()), of_oracle("feeders", "between 3 and 15", "0")),
        (
            "no quorum",
            but(&|msg| msg.feeds[0].config.quorum = 0),
            of_oracle("quorum", "above two thirds of the weight 3 and at most all of it", "0"),
        ),
    ]
}
