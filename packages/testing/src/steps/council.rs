//! The council: k of n members tighten at once.

use crate::code::Code;
use crate::ledger::Nature;
use crate::outcome::Attempt;
use crate::world::World;
use cosmwasm_std::Addr;
use cw4::Member;
use cw_multi_test::Executor;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::guardian::{CouncilAction, CouncilResponse, ExecuteMsg, QueryMsg};
use firebreak_risk::{Amount, Level};

impl World {
    /// As many members confirm as it takes, one transaction each, in the same block.
    pub fn council_restrict(&mut self, scope: Scope, level: Level, duration_seconds: u64) -> Attempt {
        let action = CouncilAction::restrict(scope, level, duration_seconds);
        self.council_decides(&action)
    }

    /// As many members as it takes confirm an action.
    pub fn council_decides(&mut self, action: &CouncilAction) -> Attempt {
        let council = self.council();
        let mut attempt = self.nothing();
        for member in 0..council.config.threshold {
            attempt = attempt.and(|| self.confirm(&format!("council-{member}"), action, council.nonce));
        }
        attempt
    }

    /// One member (`council-0`, ..) confirms an action.
    pub fn confirm(&mut self, member: &str, action: &CouncilAction, nonce: u64) -> Attempt {
        let sender = self.address(member);
        let guardian = self.addresses.guardian.clone();
        let msg = ExecuteMsg::Confirm { action: action.clone(), nonce };
        self.transact(&sender, &guardian, &msg, Amount::ZERO, Nature::TightensOnly)
    }

    /// Another cw4 group of members with weight 1, administered by the deployer, with the guardian among its hooks or not.
    pub fn another_group(&mut self, members: &[&str], hooked: bool) -> Addr {
        let (deployer, code_id) = (self.address("deployer"), self.code_id(Code::Group));
        let member = |name: &&str| Member { addr: self.address(name).into(), weight: 1 };
        let members = members.iter().map(member).collect();
        let msg = cw4_group::msg::InstantiateMsg { admin: Some(deployer.to_string()), members };
        let group = self.app.instantiate_contract(code_id, deployer, &msg, &[], "another group", None);
        let group = group.unwrap_or_else(|error| panic!("{error:#}"));
        self.meter.take();
        if hooked {
            self.hook(&group);
        }
        group
    }

    /// A group tells the guardian of other members from now on.
    pub fn hook(&mut self, group: &Addr) {
        let hook = cw4_group::msg::ExecuteMsg::AddHook { addr: self.addresses.guardian.to_string() };
        self.transact(&self.address("deployer"), group, &hook, Amount::ZERO, Nature::Any).done();
    }

    /// A member of the group that is to be the council accepts what the guardian shows of it.
    pub fn accept_council(&mut self, member: &str) -> Attempt {
        let shown = self.council();
        let council = shown.candidate.map_or(shown.config, |candidate| candidate.config);
        self.send(member, Code::Guardian, &ExecuteMsg::AcceptCouncil(council), Amount::ZERO)
    }

    pub fn council(&self) -> CouncilResponse {
        self.query(Code::Guardian, &QueryMsg::Council {})
    }
}
