//! How much time messages may take from a market: accounts per market that restrictions of every scope draw on.

use crate::error::ContractError;
use crate::state::{Spent, COUNCIL_BUDGET, COUNCIL_SPENT, FROZEN_BUDGET, FROZEN_SPENT, PROCEDURE_SPENT};
use cosmwasm_std::Storage;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::PackedItem;
use firebreak_risk::{BudgetRule, TimeBudget};

/// One budget of every market.
pub struct Account {
    rule: BudgetRule,
    spent: PackedItem<Spent>,
}

pub const FROZEN: Account = Account { rule: FROZEN_BUDGET, spent: FROZEN_SPENT };
pub const COUNCIL: Account = Account { rule: COUNCIL_BUDGET, spent: COUNCIL_SPENT };
/// An account of its own: who provokes playbooks must not spend the council's.
pub const PROCEDURE: Account = Account { rule: COUNCIL_BUDGET, spent: PROCEDURE_SPENT };

/// The account that is short, and how far it reaches.
pub struct Short {
    pub scope: Scope,
    pub granted_until: u64,
}

impl Account {
    /// Spends `[now, end)` for a scope: all of it, or nothing and the account that reaches least far.
    ///
    /// Scope `All` draws on every market's account. With an account of its own only, a market would be restricted once
    /// by its own name and once more by everybody's.
    pub fn spend(
        &self,
        storage: &mut dyn Storage,
        scope: Scope,
        now: u64,
        end: u64,
    ) -> Result<Option<Short>, ContractError> {
        let mut spent = self.spent.may_load(storage)?.unwrap_or_default();
        let mut short: Option<Short> = None;
        let mut draw = |of: Scope, budget: &mut TimeBudget| -> Result<(), ContractError> {
            let grant = budget.grant(&self.rule, now, end)?;
            if grant.until < end && short.as_ref().is_none_or(|short| grant.until < short.granted_until) {
                short = Some(Short { scope: of, granted_until: grant.until });
            }
            *budget = grant.budget;
            Ok(())
        };
        match scope {
            Scope::All => {
                draw(scope, &mut spent.of_all)?;
                // Bounded by MARKETS_MAX: only a market that exists has an account.
                for (market, budget) in &mut spent.of_markets {
                    draw(Scope::Market(*market), budget)?;
                }
            }
            Scope::Market(market) => match spent.of_markets.iter_mut().find(|(of, _)| *of == market) {
                Some((_, budget)) => draw(scope, budget)?,
                None => {
                    let mut budget = spent.of_all.clone();
                    draw(scope, &mut budget)?;
                    spent.of_markets.push((market, budget));
                }
            },
        }
        if short.is_none() {
            self.spent.save(storage, &spent)?;
        }
        Ok(short)
    }
}
