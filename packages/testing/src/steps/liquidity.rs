//! Liquidity providers.

use crate::code::Code;
use crate::outcome::Attempt;
use crate::world::World;
use firebreak_messages::derivatives_vault::{ExecuteMsg, CLAIMS_BATCH_MAX};
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

    /// Places the claim of a matured request. It waits; [`Self::execute_claims`] pays it.
    pub fn claim_withdrawal(&mut self, name: &str, request: u64) -> Attempt {
        self.claim_at_least(name, request, Amount::ZERO)
    }

    pub fn claim_at_least(&mut self, name: &str, request: u64, amount_min: Amount) -> Attempt {
        let fee = self.setup.vault.execution_fee;
        self.top_up_wallet(name, fee);
        self.send(name, Code::Vault, &ExecuteMsg::ClaimLiquidityWithdrawal { request, amount_min }, fee)
    }

    /// The keeper executes the claims that are eligible, behind the orders that are due.
    pub fn execute_claims(&mut self) -> Attempt {
        for market in self.markets() {
            // In a market that is frozen nothing is due.
            let _ = self.execute(market);
        }
        self.execute_claims_alone()
    }

    /// Refused while an order is due.
    pub fn execute_claims_alone(&mut self) -> Attempt {
        self.send("keeper", Code::Vault, &ExecuteMsg::ExecuteClaims { limit: CLAIMS_BATCH_MAX }, Amount::ZERO)
    }

    /// Waits for the delay of a claim, reports the last prices again and executes.
    pub fn pay_claims(&mut self) -> Attempt {
        self.advance(self.setup.vault.order_delay_seconds);
        self.refresh().and(|| self.execute_claims())
    }

    /// Requests, waits for the cool-down, claims, waits for a price after that, and is paid.
    pub fn leave_pool(&mut self, name: &str, shares: PoolShares) -> Attempt {
        let request = self.provider(name).next_request;
        self.request_withdrawal(name, shares).and(|| {
            self.advance(self.setup.vault.lp_cooldown_seconds);
            self.claim_withdrawal(name, request).and(|| self.pay_claims())
        })
    }
}
