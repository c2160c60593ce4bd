//! What three colluding accounts may do within a block, and how a random attack is drawn.

use crate::stage::{base, Rules, Stage, Worth, CAP, EVES, VICTIMS};
use firebreak_messages::derivatives_vault::{ExecuteMsg, BATCH_MAX};
use firebreak_risk::{Amount, PoolShares, Ratio, Rounding, Size};
use firebreak_testing::*;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// Hundredths of a base unit.
    Place {
        who: usize,
        size: i64,
        reduce_only: bool,
        least_margin: bool,
    },
    /// Executes what the price of this block may fill.
    Execute {
        who: usize,
        limit: u32,
    },
    /// Only where a seeded bug allows it.
    FillAtOnce {
        who: usize,
        size: i64,
    },
    Cancel {
        who: usize,
    },
    AddCollateral {
        who: usize,
        to: usize,
        units: u64,
    },
    /// Hundredths of the account's cash.
    Withdraw {
        who: usize,
        share: u32,
    },
    Liquidate {
        who: usize,
        victims: bool,
    },
    Provide {
        who: usize,
        units: u64,
    },
    RequestExit {
        who: usize,
        share: u32,
    },
    TakeBackExit {
        who: usize,
    },
    Claim {
        who: usize,
    },
    ExecuteClaims {
        who: usize,
    },
    SweepFees,
}

impl Action {
    /// Kinds that the rules as shipped have.
    pub const KINDS: [&'static str; 12] = [
        "place",
        "execute",
        "cancel",
        "add collateral",
        "withdraw",
        "liquidate",
        "provide",
        "request exit",
        "take back exit",
        "claim",
        "execute claims",
        "sweep fees",
    ];

    pub fn kind(&self) -> &'static str {
        match self {
            Self::Place { .. } => "place",
            Self::Execute { .. } => "execute",
            Self::FillAtOnce { .. } => "fill at once",
            Self::Cancel { .. } => "cancel",
            Self::AddCollateral { .. } => "add collateral",
            Self::Withdraw { .. } => "withdraw",
            Self::Liquidate { .. } => "liquidate",
            Self::Provide { .. } => "provide",
            Self::RequestExit { .. } => "request exit",
            Self::TakeBackExit { .. } => "take back exit",
            Self::Claim { .. } => "claim",
            Self::ExecuteClaims { .. } => "execute claims",
            Self::SweepFees => "sweep fees",
        }
    }
}

/// Orders placed a block before, then up to six actions in one block.
#[derive(Debug, Clone, PartialEq)]
pub struct Attack {
    pub prepared: Vec<Action>,
    pub block: Vec<Action>,
}

/// How the actions of an attack are drawn.
pub trait Draws {
    fn attack(&mut self, rules: Rules) -> Attack;
    fn who(&mut self) -> usize;
    fn size(&mut self, most: i64) -> i64;
    fn order(&mut self, most: i64) -> Action;
    fn action(&mut self, rules: Rules) -> Action;
}

impl Draws for Dice {
    fn who(&mut self) -> usize {
        self.below(EVES.len() as u64) as usize
    }

    /// Hundredths of a base unit, both signs; now and then as much as a side takes, or dust.
    fn size(&mut self, most: i64) -> i64 {
        let magnitude = match self.below(8) {
            0 => most * 100,
            1 => 1,
            _ => 1 + self.below(most as u64 * 100) as i64,
        };
        if self.below(2) == 0 {
            magnitude
        } else {
            -magnitude
        }
    }

    fn order(&mut self, most: i64) -> Action {
        Action::Place {
            who: self.who(),
            size: self.size(most),
            reduce_only: self.below(4) == 0,
            least_margin: self.below(4) != 0,
        }
    }

    fn action(&mut self, rules: Rules) -> Action {
        let who = self.who();
        if let Rules::Immediate { cap } = rules {
            if self.below(2) == 0 {
                return Action::FillAtOnce { who, size: self.size(cap) };
            }
        }
        match self.below(16) {
            0..=1 => self.order(CAP),
            2..=4 => Action::Execute { who, limit: if self.below(3) == 0 { 1 } else { BATCH_MAX } },
            5 => Action::Cancel { who },
            6 => Action::AddCollateral { who, to: self.who(), units: 1 + self.below(500_000) },
            7..=8 => Action::Withdraw { who, share: 1 + self.below(100) as u32 },
            9..=11 => Action::Liquidate { who, victims: self.below(3) != 0 },
            12 => Action::Provide { who, units: 1 + self.below(5_000_000) },
            13 => Action::RequestExit { who, share: 1 + self.below(100) as u32 },
            14 => Action::Claim { who },
            _ => match self.below(3) {
                0 => Action::TakeBackExit { who },
                1 => Action::ExecuteClaims { who },
                _ => Action::SweepFees,
            },
        }
    }

    fn attack(&mut self, rules: Rules) -> Attack {
        let number = self.below(4);
        let prepare = |dice: &mut Self| match dice.below(5) {
            0 => Action::Claim { who: dice.who() },
            _ => dice.order(CAP),
        };
        let prepared = (0..number).map(|_| prepare(self)).collect();
        let block = (0..=self.below(6)).map(|_| self.action(rules)).collect();
        Attack { prepared, block }
    }
}

fn hundredths(size: i64) -> Size {
    Size::from_atoms(base(size).atoms() / 100)
}

impl Stage {
    /// Whether the action went through.
    pub fn act(&mut self, action: Action) -> bool {
        let world = &mut self.world;
        match action {
            Action::Place { who, size, reduce_only, least_margin } => {
                let size = hundredths(size);
                if least_margin {
                    return self.place_with_least_margin(EVES[who], size, reduce_only);
                }
                let bound = world.bound(BTC, size, Ratio::percent(50));
                world.place_bounded(EVES[who], BTC, size, bound, reduce_only).is_done()
            }
            Action::Execute { who, limit } => world.execute_by(EVES[who], BTC, limit).is_done(),
            Action::FillAtOnce { who, size } => {
                // Rich enough for whatever it wants to open.
                self.deposit(EVES[who], usd(10_000_000));
                self.fill_at_once(EVES[who], hundredths(size));
                true
            }
            Action::Cancel { who } => {
                let orders = world.account(EVES[who]).orders;
                orders.into_iter().filter(|order| world.cancel(EVES[who], *order).is_done()).count() > 0
            }
            Action::AddCollateral { who, to, units } => {
                let account = world.account_id(EVES[to]);
                let msg = ExecuteMsg::AddCollateral { account: Some(account), subaccount: 0 };
                world.send(EVES[who], Code::Vault, &msg, usd(units)).is_done()
            }
            Action::Withdraw { who, share } => {
                let cash = world.account(EVES[who]).cash.positive_part();
                let amount = cash.times(Ratio::percent(share), Rounding::Floor).unwrap();
                world.withdraw(EVES[who], amount).is_done()
            }
            Action::Liquidate { who, victims } => {
                let names: Vec<&str> = if victims { VICTIMS.to_vec() } else { EVES.to_vec() };
                let mut accounts = self.accounts(&names);
                accounts.extend(self.accounts(&["whale-long", "whale-short"]));
                self.world.liquidate_by(EVES[who], accounts).is_done()
            }
            Action::Provide { who, units } => {
                let msg = ExecuteMsg::ProvideLiquidity { shares_min: PoolShares::ZERO };
                world.send(EVES[who], Code::Vault, &msg, usd(units)).is_done()
            }
            Action::RequestExit { who, share } => {
                let shares = world.provider(EVES[who]).shares.atoms();
                let part = PoolShares::from_atoms(shares * u128::from(share) / 100);
                world.request_withdrawal(EVES[who], part).is_done()
            }
            Action::TakeBackExit { who } => {
                let first = world.provider(EVES[who]).requests.first().map_or(0, |request| request.request);
                world.cancel_withdrawal(EVES[who], first).is_done()
            }
            Action::Claim { who } => {
                let first = world.provider(EVES[who]).requests.first().map_or(0, |request| request.request);
                let msg = ExecuteMsg::ClaimLiquidityWithdrawal { request: first, amount_min: Amount::ZERO };
                let fee = world.setup().vault.execution_fee;
                world.send(EVES[who], Code::Vault, &msg, fee).is_done()
            }
            Action::ExecuteClaims { who } => {
                world.send(EVES[who], Code::Vault, &ExecuteMsg::ExecuteClaims { limit: 10 }, Amount::ZERO).is_done()
            }
            Action::SweepFees => world.sweep_fees().is_done(),
        }
    }

    /// Plays an attack from the start of the stage. Returns what the attackers are worth after leaving, and the kinds of the
    /// block's actions that went through.
    pub fn play(&mut self, attack: &Attack) -> (Worth, Vec<&'static str>) {
        self.back_to_the_start();
        for action in &attack.prepared {
            self.act(*action);
        }
        self.world.advance(self.world.setup().vault.order_delay_seconds);
        let price = self.world.last_price(BTC);
        self.world.report(&[(BTC, price)]).done();
        let block = self.world.height();
        let taken = attack.block.iter().filter(|action| self.act(**action)).map(Action::kind).collect();
        assert_eq!(self.world.height(), block);
        (self.worth_after_leaving(), taken)
    }
}
