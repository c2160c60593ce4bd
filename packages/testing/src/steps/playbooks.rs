//! Procedures: playbooks approved by the DAO, run by the council or a signal; incidents and their end.

use crate::code::Code;
use crate::ledger::Nature;
use crate::outcome::Attempt;
use crate::setup::feed;
use crate::units::{feed_of, usd};
use crate::world::World;
use firebreak_messages::guardian::{
    Closing, CouncilAction, ExecuteMsg, IncidentTimesResponse, Playbook, PlaybookResponse, PlaybooksResponse, QueryMsg,
    Run, RunsResponse, SuiteResponse, Template,
};
use firebreak_messages::oracle::{FeedConfig, FeedSetup};
use firebreak_messages::MarketId;
use firebreak_risk::Amount;

/// Approvals of a World hold for half a year.
const APPROVAL_SECONDS: u64 = 15_552_000;

impl World {
    /// The ready procedures of a market, rendered from what the suite was bootstrapped with. The fallback feeders are
    /// called `fallback-0` and so on.
    pub fn templates(&self, market: MarketId) -> Vec<Playbook> {
        let suite: SuiteResponse = self.query(Code::Guardian, &QueryMsg::Suite {});
        let found = self.setup.markets.iter().find(|setup| setup.market == market);
        let setup = found.unwrap_or_else(|| panic!("there is no market {market}"));
        let found = self.setup.feeds.iter().find(|setup| setup.feed == feed_of(market));
        let feed = found.unwrap_or_else(|| panic!("market {market} has no feed"));
        let template = Template {
            suite: &suite,
            parameters: &self.setup.vault,
            market: setup,
            feed,
            fallback: &self.fallback_of(feed),
            inject: usd(10_000),
            not_after: self.now() + APPROVAL_SECONDS,
            step_gas_limit: 250_000,
        };
        template.playbooks().unwrap_or_else(|error| panic!("{error}"))
    }

    /// One of [`Self::templates`].
    pub fn template(&self, market: MarketId, name: &str) -> Playbook {
        let found = self.templates(market).into_iter().find(|playbook| playbook.name == name);
        found.unwrap_or_else(|| panic!("there is no template {name:?}"))
    }

    fn fallback_of(&self, setup: &FeedSetup) -> FeedConfig {
        let mut config = feed(&setup.config.symbol, setup.config.feeders.len());
        for (index, feeder) in config.feeders.iter_mut().enumerate() {
            feeder.address = self.address(&format!("fallback-{index}")).into();
        }
        FeedConfig { feeders: config.feeders, ..setup.config.clone() }
    }

    /// The DAO approves playbooks in one operation; its delay passes.
    pub fn approve(&mut self, playbooks: Vec<Playbook>) -> Attempt {
        let calls = playbooks.into_iter().map(|playbook| self.call(Code::Guardian, &ExecuteMsg::SetPlaybook(playbook)));
        let calls = calls.collect();
        self.govern(calls)
    }

    /// As many council members as it takes run a playbook.
    pub fn run_playbook(&mut self, name: &str) -> Attempt {
        self.council_decides(&CouncilAction::Run { playbook: name.into() })
    }

    /// Anyone undoes a run that is due.
    pub fn undo(&mut self, run: u64) -> Attempt {
        self.send_as_anyone(&ExecuteMsg::Undo { run })
    }

    /// Anyone brings an incident's status up to the breaker's records.
    pub fn advance_incident(&mut self, incident: u64) -> Attempt {
        self.send_as_anyone(&ExecuteMsg::Advance { incident })
    }

    /// The council closes an incident.
    pub fn close_incident(&mut self, incident: u64, false_alarm: bool) -> Attempt {
        self.council_decides(&CouncilAction::Close(Closing {
            incident,
            false_alarm,
            post_mortem: None,
            began_at: None,
        }))
    }

    fn send_as_anyone(&mut self, msg: &ExecuteMsg) -> Attempt {
        let (sender, guardian) = (self.address("keeper"), self.addresses.guardian.clone());
        self.transact(&sender, &guardian, msg, Amount::ZERO, Nature::Any)
    }

    pub fn playbooks(&self) -> Vec<PlaybookResponse> {
        self.query::<PlaybooksResponse>(Code::Guardian, &QueryMsg::Playbooks {}).playbooks
    }

    /// The first 32 runs.
    pub fn runs(&self) -> Vec<Run> {
        let query = QueryMsg::Runs { start_after: None, limit: Some(32) };
        self.query::<RunsResponse>(Code::Guardian, &query).runs
    }

    pub fn incident_times(&self, incident: u64) -> IncidentTimesResponse {
        self.query(Code::Guardian, &QueryMsg::IncidentTimes { incident })
    }
}
