//! Messages that only the owner, a feeder, the breaker or a registered vault may send, by everybody else.

use crate::machine::Machine;
use cosmwasm_std::Binary;
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, Scope};
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::{ExecuteMsg as GuardianMsg, Role};
use firebreak_messages::insurance_fund::{ExecuteMsg as FundMsg, MarketDeficit};
use firebreak_messages::oracle::{ExecuteMsg as OracleMsg, FeedReport, SignedReport};
use firebreak_messages::{RuleId, Source};
use firebreak_risk::{Amount, Level, Ratio};
use firebreak_testing::*;

/// Panics when one is not refused.
pub fn refused(m: &mut Machine) -> bool {
    let setup = m.world.setup().clone();
    let (market, stranger) = (m.market(), m.world.address("mallory").to_string());
    let feed = feed_of(market);
    let names = ["mallory", "trader-1", "keeper", "lp", "council-0", "dao-0", "feeder-0"];
    let name = *m.dice.pick(&names);
    let (vault, now) = (m.world.addresses.derivatives_vault.to_string(), m.world.now());
    let attempt = match m.dice.below(18) {
        0 => {
            let config = setup.markets[0].config.clone();
            m.world.send(name, Code::Vault, &VaultMsg::ConfigureMarket { market, config }, Amount::ZERO)
        }
        1 => m.world.send(name, Code::Vault, &VaultMsg::Configure { parameters: setup.vault.clone() }, Amount::ZERO),
        2 => m.world.send(name, Code::Vault, &VaultMsg::ContestMarket { market, until: now + 60 }, Amount::ZERO),
        3 => {
            let reports = vec![FeedReport { feed, price: price("1"), published_at: now }];
            m.world.send("mallory", Code::Oracle, &OracleMsg::Report { reports }, Amount::ZERO)
        }
        4 => {
            let report = SignedReport {
                feed,
                round: u64::MAX,
                published_at: now,
                expires_at: now,
                observations: Binary::default(),
            };
            let msg = match now % 5 {
                0 => OracleMsg::SetHook { hook: None },
                1 => OracleMsg::PromoteFallback { feed },
                2 => OracleMsg::DemoteFallback { feed },
                3 => OracleMsg::Pull { feed, feeder: 0 },
                _ => OracleMsg::ReportSigned { reports: vec![report] },
            };
            m.world.send(name, Code::Oracle, &msg, Amount::ZERO)
        }
        5 => {
            let config = setup.feeds[0].config.clone();
            m.world.send(name, Code::Oracle, &OracleMsg::SetFeed { feed, config }, Amount::ZERO)
        }
        6 => {
            let config = setup.guards[0].config.clone();
            m.world.send(name, Code::Breaker, &BreakerMsg::SetMarket { market, config }, Amount::ZERO)
        }
        7 => {
            let msg = BreakerMsg::Lift { scope: Scope::All, source: Source::Council };
            m.world.send(name, Code::Breaker, &msg, Amount::ZERO)
        }
        8 => {
            let msg = BreakerMsg::Restrict { scope: Scope::All, source: Source::Council, phases: vec![], incident: 0 };
            m.world.send(name, Code::Breaker, &msg, Amount::ZERO)
        }
        9 => m.world.send(name, Code::Breaker, &BreakerMsg::SetGuardian { guardian: None }, Amount::ZERO),
        10 => {
            let deficits = vec![MarketDeficit { market, amount: usd(1) }];
            m.world.send(name, Code::Insurance, &FundMsg::Cover { deficits }, Amount::ZERO)
        }
        11 => m.world.send(name, Code::Insurance, &FundMsg::Inject { vault, amount: usd(1) }, Amount::ZERO),
        12 => m.world.send(name, Code::Insurance, &FundMsg::RegisterVault { vault: stranger }, Amount::ZERO),
        13 => m.world.send(name, Code::Insurance, &FundMsg::Configure { config: setup.fund.clone() }, Amount::ZERO),
        14 => {
            let (rule, level, moved) = (RuleId::Band, Level::ReduceOnly, Ratio::ONE);
            let msg = GuardianMsg::Signal { market, rule, level, moved, observed_at: now };
            m.world.send(name, Code::Guardian, &msg, Amount::ZERO)
        }
        15 => m.world.send(name, Code::Vault, &VaultMsg::SettleVault { at: now + 7_200 }, Amount::ZERO),
        16 => m.world.send(name, Code::Vault, &VaultMsg::SettleMarket { market, at: now + 7_200 }, Amount::ZERO),
        _ => {
            let msg = match m.dice.below(5) {
                0 => GuardianMsg::ProposeRole { role: Role::Proposer, candidate: stranger, replaces: None },
                1 => GuardianMsg::SetDelays { delays: setup.delays.clone() },
                2 => GuardianMsg::RunCalls { operation: 1 },
                3 => GuardianMsg::RevokeRole { role: Role::Canceller, address: stranger },
                _ => GuardianMsg::Cancel { operation: 1 },
            };
            m.world.send(name, Code::Guardian, &msg, Amount::ZERO)
        }
    };
    let _ = attempt.refusal();
    true
}
