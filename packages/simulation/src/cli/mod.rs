//! The command line. An error is one line on standard error. Exit code 2: a wrong input; 1: a violated invariant, a missed bar, or a
//! chain that refuses or is not as configured.

mod calibrate;
mod deploy;
mod detect;
mod drill;
mod gas;
mod keeper;
mod playbooks;
mod proposal;
mod replay;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// Exit code of a wrong input.
const WRONG_INPUT: u8 = 2;
/// Exit code of a run in which an invariant was violated, and of a chain that is not as it should be.
const VIOLATED: u8 = 1;

/// Codified incident response for an on-chain derivatives venue.
#[derive(Debug, Parser)]
#[command(name = "firebreak", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replays prices through the very contracts, with agents, with the breaker and without it.
    Replay(replay::ReplayArgs),
    /// Puts the suite on a chain, or goes on where it stopped, and checks every role, parameter and code.
    Deploy(deploy::DeployArgs),
    /// Runs the detectors over a price file: alarms, levels, uptime, what restricting the market costs an attacker.
    Detect(detect::DetectArgs),
    /// Measures false alarms and delays of every detector in model markets, healthy, sick and attacked.
    Calibrate(calibrate::CalibrateArgs),
    /// Renders a proposal for a DAO: the message, how long it waits, when it may be executed, and what it does.
    Proposal(proposal::ProposalArgs),
    /// One trouble, met without its procedure and with it, on an embedded chain.
    Drill(drill::DrillArgs),
    /// Prints the shipped playbooks of a market as a request for `proposal`, from what a deployment answers now.
    Playbooks(playbooks::PlaybooksArgs),
    /// Prints what keepers should send to the guardian now: accounts as witnesses of a change, the step down for a thin fund.
    Keeper(keeper::KeeperArgs),
    /// Measures what every message costs on a local chain, against the committed figures.
    Gas(gas::GasArgs),
}

pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// The program with these arguments, its own name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let text = error.to_string();
            eprintln!("{}", text.lines().next().unwrap_or("error: the command line cannot be read"));
            return ExitCode::from(WRONG_INPUT);
        }
        Err(help) => {
            print!("{help}");
            return ExitCode::SUCCESS;
        }
    };
    let outcome = match &cli.command {
        Command::Replay(args) => replay::run(args).map_err(|error| (WRONG_INPUT, error.to_string())),
        Command::Detect(args) => detect::run(args).map_err(|error| (WRONG_INPUT, error.to_string())),
        Command::Calibrate(args) => calibrate::run(args).map_err(|error| (WRONG_INPUT, error.to_string())),
        Command::Deploy(args) => deploy::run(args)
            .map_err(|error| (if error.is_wrong_input() { WRONG_INPUT } else { VIOLATED }, error.to_string())),
        Command::Drill(args) => drill::run(args).map_err(|error| (WRONG_INPUT, error.to_string())),
        Command::Proposal(args) => proposal::run(args)
            .map_err(|error| (if error.is_wrong_input() { WRONG_INPUT } else { VIOLATED }, error.to_string())),
        Command::Playbooks(args) => playbooks::run(args)
            .map_err(|error| (if error.is_wrong_input() { WRONG_INPUT } else { VIOLATED }, error.to_string())),
        Command::Keeper(args) => keeper::run(args)
            .map_err(|error| (if error.is_wrong_input() { WRONG_INPUT } else { VIOLATED }, error.to_string())),
        Command::Gas(args) => gas::run(args)
            .map_err(|error| (if error.is_wrong_input() { WRONG_INPUT } else { VIOLATED }, error.to_string())),
    };
    match outcome {
        Ok(code) => code,
        Err((code, error)) => {
            // A chain's own words may be longer than a line.
            eprintln!("error: {}", error.split_whitespace().collect::<Vec<_>>().join(" "));
            ExitCode::from(code)
        }
    }
}
