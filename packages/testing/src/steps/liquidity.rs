//! Liquidity providers.

use crate::code::Code;
use crate::outcome::Attempt;
use crate::world::World;
use firebreak_messages::derivatives_vault::ExecuteMsg;
use firebreak_risk::{Amount, PoolShares};

impl World {
    /// Buys pool shares at whatever they cost. Coins are created as needed.
    pub fn provide(&mut self, name: &str, amount: Amount) -> Attempt {
        self.provide_at_least(name, amount, PoolShares::ZERO)
    }

    pub fn provide_at_least(&mut self, name: &str, amount: Amount, shares_min: PoolShares) -> Attempt {
        self.top_up_wallet(name, amount);
        self.send(name, Code::Vault, &ExecuteMsg::ProvideLiquidity { shares_min }, amount)
    }

    pub fn request_withdrawal(&mut self, name: &str, shares: PoolShares) -> Attempt {
        self.send(name, Code::Vault, &ExecuteMsg::RequestLiquidityWithdrawal { shares }, Amount::ZERO)
    }

    pub fn cancel_withdrawal(&mut self, name: &str, request: u64) -> Attempt {
        self.send(name, Code::Vault, &ExecuteMsg::CancelLiquidityWithdrawal { request }, Amount::ZERO)
    }

    pub fn claim_withdrawal(&mut self, name: &str, request: u64) -> Attempt {
        self.claim_at_least(name, request, Amount::ZERO)
    }

    pub fn claim_at_least(&mut self, name: &str, request: u64, amount_min: Amount) -> Attempt {
        self.send(name, Code::Vault, &ExecuteMsg::ClaimLiquidityWithdrawal { request, amount_min }, Amount::ZERO)
    }

    /// Requests, waits for the cool-down with a fresh price at its end, claims.
    pub fn leave_pool(&mut self, name: &str, shares: PoolShares) -> Attempt {
        let request = self.provider(name).next_request;
        self.request_withdrawal(name, shares).and(|| {
            self.advance(self.setup.vault.lp_cooldown_seconds);
            self.refresh().and(|| self.claim_withdrawal(name, request))
        })
    }
}
