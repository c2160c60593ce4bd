//! `firebreak keeper`.

use super::deploy::configured;
use clap::Args;
use firebreak_chain::deploy::{DeployError, State};
use firebreak_chain::{keeper, ChainError, Client};
use firebreak_messages::guardian::{QueryMsg, SuiteResponse};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct KeeperArgs {
    /// A deployment's configuration: its node is asked.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Another node than the configuration's.
    #[arg(long, value_name = "URL")]
    pub rpc: Option<String>,
}

/// The node, the guardian and the newest block's second.
pub(super) fn connect(args: &KeeperArgs) -> Result<(Client, String, u64), DeployError> {
    let config = configured(&args.config, args.rpc.as_deref())?;
    let guardian = match config.suite.guardian.clone() {
        Some(guardian) => guardian,
        None => State::load(&config)?.suite.map(|at| at.guardian).ok_or_else(|| {
            let wrong = "names no guardian, and its state file knows of none: deploy it first".into();
            DeployError::Config { file: args.config.display().to_string(), wrong }
        })?,
    };
    let client = Client::connect(config.network.clone()).map_err(chain("connecting"))?;
    let now = client.block().map_err(chain("asking for the newest block"))?.seconds();
    Ok((client, guardian, now))
}

fn chain(doing: &str) -> impl Fn(ChainError) -> DeployError {
    let doing = doing.to_string();
    move |error| DeployError::Chain { doing: doing.clone(), error }
}

/// Prints one line of JSON for each message that guardian and vault wait for: contract, msg, why. Needs no key and sends nothing: whoever
/// has one sends them as they are, from a scheduler.
pub fn run(args: &KeeperArgs) -> Result<ExitCode, DeployError> {
    let (client, guardian, now) = connect(args)?;
    for keeper::Errand { why, msg } in
        keeper::errands(&client, &guardian, now).map_err(chain("looking for a keeper's errands"))?
    {
        println!("{}", json!({ "contract": guardian, "msg": msg, "why": why }));
    }
    let freezes = "looking for markets that are frozen";
    let SuiteResponse { derivatives_vault, .. } =
        client.smart(&guardian, &QueryMsg::Suite {}).map_err(chain(freezes))?;
    for msg in keeper::freezes(&client, &derivatives_vault, now).map_err(chain(freezes))? {
        let why = "the market is frozen: keeps what positions were worth before";
        println!("{}", json!({ "contract": derivatives_vault, "msg": msg, "why": why }));
    }
    Ok(ExitCode::SUCCESS)
}
