//! The council: k of n members tighten at once.

use crate::code::Code;
use crate::ledger::Nature;
use crate::outcome::Attempt;
use crate::world::World;
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

    pub fn council(&self) -> CouncilResponse {
        self.query(Code::Guardian, &QueryMsg::Council {})
    }
}
