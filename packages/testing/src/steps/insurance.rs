//! The insurance fund's own actors.

use crate::code::Code;
use crate::outcome::Attempt;
use crate::world::World;
use firebreak_messages::derivatives_vault;
use firebreak_messages::insurance_fund::ExecuteMsg;
use firebreak_risk::{Amount, FundShares};

impl World {
    /// Adds to the first-loss tranche. Coins are created as needed.
    pub fn add_first_loss(&mut self, name: &str, amount: Amount) -> Attempt {
        self.top_up_wallet(name, amount);
        self.send(name, Code::Insurance, &ExecuteMsg::AddFirstLoss {}, amount)
    }

    pub fn stake(&mut self, name: &str, amount: Amount) -> Attempt {
        self.top_up_wallet(name, amount);
        self.send(name, Code::Insurance, &ExecuteMsg::Stake { shares_min: FundShares::ZERO }, amount)
    }

    /// Anyone sends the vault's accrued fees to the fund.
    pub fn sweep_fees(&mut self) -> Attempt {
        self.send("keeper", Code::Vault, &derivatives_vault::ExecuteMsg::SweepFees {}, Amount::ZERO)
    }
}
