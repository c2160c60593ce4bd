//! `firebreak playbooks`.

use super::keeper;
use clap::Args;
use firebreak_chain::deploy::DeployError;
use firebreak_chain::playbooks::{request, Choice};
use firebreak_messages::MarketId;
use firebreak_risk::Amount;
use std::path::PathBuf;
use std::process::ExitCode;

const DAY: u64 = 86_400;

#[derive(Debug, Args)]
pub struct PlaybooksArgs {
    #[command(flatten)]
    pub at: keeper::KeeperArgs,
    /// Number of the market.
    #[arg(long, value_name = "NUMBER")]
    pub market: u16,
    /// A file with the configuration of a feed: who says the price when the feed's own feeders cannot be trusted and it names no fallback. Without
    /// either there is no `oracle-compromise`.
    #[arg(long, value_name = "FILE")]
    pub fallback: Option<PathBuf>,
    /// First-loss coins that a crash sends into the pool, whole coins.
    #[arg(long, value_name = "COINS", default_value_t = 0)]
    pub inject: u64,
    /// Days that the approvals hold, at most 366.
    #[arg(long, value_name = "DAYS", default_value_t = 180)]
    pub days: u64,
    /// Gas of each step.
    #[arg(long, value_name = "GAS", default_value_t = 400_000)]
    pub step_gas_limit: u64,
}

/// Prints the request; `firebreak proposal` makes a DAO's message of it.
pub fn run(args: &PlaybooksArgs) -> Result<ExitCode, DeployError> {
    let fallback = args.fallback.as_ref().map(|file| {
        let wrong = |wrong: String| DeployError::Config { file: file.display().to_string(), wrong };
        let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
    });
    let fallback = fallback.transpose()?;
    let (client, guardian, now) = keeper::connect(&args.at)?;
    let choice = Choice {
        market: MarketId(args.market),
        fallback,
        inject: Amount::from_units(args.inject),
        not_after: now.saturating_add(args.days.saturating_mul(DAY)),
        step_gas_limit: args.step_gas_limit,
    };
    let doing = "asking the suite for what playbooks are rendered from".to_string();
    let request = request(&client, &guardian, &choice).map_err(|error| DeployError::Chain { doing, error })?;
    println!("{:#}", serde_json::json!(request));
    Ok(ExitCode::SUCCESS)
}
