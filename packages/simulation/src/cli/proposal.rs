//! `firebreak proposal`.

use crate::timeline::utc;
use clap::{Args, ValueEnum};
use firebreak_chain::deploy::{Config, DeployError, State};
use firebreak_chain::proposal::{Form, KnownSuite, Proposal, ProposalError, Request};
use firebreak_chain::Client;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Figures of one call that are printed; the JSON has them all.
const FIGURES_MAX: usize = 40;

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("where").required(true).args(["config", "suite"])))]
pub struct ProposalArgs {
    /// What it is to do: title, description, calls. docs/proposals.md shows one.
    #[arg(value_name = "FILE")]
    pub request: PathBuf,
    /// A deployment's configuration: its node is asked for the guardian's addresses and delays.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The same without a node: a file with `at`, `delays`, `proposers` and `markets`, as --json writes it.
    #[arg(long, value_name = "FILE")]
    pub suite: Option<PathBuf>,
    /// Who votes.
    #[arg(long = "to", value_enum)]
    pub to: Body,
    /// The DAO's address, to compare with the guardian's proposers.
    #[arg(long, value_name = "ADDRESS")]
    pub dao: Option<String>,
    /// When the vote is expected to have passed, seconds since 1970; now by default.
    #[arg(long, value_name = "SECONDS")]
    pub passes_at: Option<u64>,
    /// Last second of an execution; two weeks behind the first that is allowed by default.
    #[arg(long, value_name = "SECONDS")]
    pub not_after: Option<u64>,
    /// Deposit of a proposal of x/gov.
    #[arg(long, value_name = "COINS", default_value = "")]
    pub deposit: String,
    /// An expedited proposal of x/gov.
    #[arg(long)]
    pub expedited: bool,
    /// Writes only the message that is to be sent.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Writes everything that was found: classes, times, the suite, the message, the page that people read.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Body {
    /// x/gov v1: a file for `tx gov submit-proposal`.
    XGov,
    /// cw3-fixed-multisig or cw3-flex-multisig.
    Cw3,
    /// dao-proposal-single.
    DaoDao,
    /// dao-pre-propose-single, where a DAO has one.
    DaoDaoPrePropose,
}

pub fn run(args: &ProposalArgs) -> Result<ExitCode, ProposalError> {
    // What can be found wrong without a node is found first.
    let request = Request::read(&args.request)?;
    let (suite, now) = known(args)?;
    if let Some(dao) = &args.dao {
        suite.ensure_proposer(dao)?;
    }
    let proposal = Proposal::new(&request, &suite, args.passes_at.unwrap_or(now), args.not_after)?;
    let message = form(args).render(&proposal, &suite)?;
    let page = page(&proposal);
    println!("{page}");
    let text = pretty(&message)?;
    match &args.out {
        Some(file) => write(file, &text)?,
        None => println!("{text}"),
    }
    if let Some(file) = &args.json {
        let all = json!({ "proposal": proposal, "suite": suite, "message": message, "page": page });
        write(file, &pretty(&all)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn form(args: &ProposalArgs) -> Form {
    match args.to {
        Body::XGov => Form::Gov { deposit: args.deposit.clone(), expedited: args.expedited },
        Body::Cw3 => Form::Cw3,
        Body::DaoDao => Form::DaoDao,
        Body::DaoDaoPrePropose => Form::DaoDaoPrePropose,
    }
}

/// The suite, and what time it is: the chain's where there is one.
fn known(args: &ProposalArgs) -> Result<(KnownSuite, u64), ProposalError> {
    if let Some(file) = &args.suite {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default();
        return Ok((KnownSuite::read(file)?, now));
    }
    let file = args.config.clone().unwrap_or_default();
    let config = Config::load(&file)?;
    let guardian = match config.suite.guardian.clone() {
        Some(guardian) => guardian,
        None => State::load(&config)?.suite.map(|at| at.guardian).ok_or_else(|| {
            let wrong = "names no guardian, and its state file knows of none: deploy it first".into();
            DeployError::Config { file: file.display().to_string(), wrong }
        })?,
    };
    let chain = |error| ProposalError::Chain { doing: "connecting", error };
    let client = Client::connect(config.network.clone()).map_err(chain)?;
    let now = client.block().map_err(chain)?.seconds();
    Ok((KnownSuite::ask(&client, &guardian)?, now))
}

/// What people read before they vote.
fn page(proposal: &Proposal) -> String {
    let Proposal { title, calls, class, delay_seconds, ready_at, not_after, .. } = proposal;
    let mut lines = vec![title.clone(), String::new()];
    for (index, call) in calls.iter().enumerate() {
        lines.push(format!(
            "{}. {} {}: {} ({}, {})",
            index + 1,
            call.contract,
            call.message,
            call.reason,
            call.class,
            duration(call.delay_seconds)
        ));
        lines.extend(call.figures.iter().take(FIGURES_MAX).map(|(name, figure)| format!("     {name} = {figure}")));
        if call.figures.len() > FIGURES_MAX {
            lines.push(format!("     and {} more", call.figures.len() - FIGURES_MAX));
        }
    }
    lines.push(String::new());
    lines.push(format!("class      {class}: it waits {} after the vote has been executed", duration(*delay_seconds)));
    lines.push(format!("earliest   {} UTC, if the vote is executed at {}", utc(*ready_at), utc(proposal.passes_at)));
    lines.push(format!("latest     {} UTC; a canceller may stop it until it is executed, by anyone", utc(*not_after)));
    lines.push(format!(
        "the vote   may be executed from {} to {} UTC; the guardian refuses it sooner or later",
        utc(proposal.passes_from),
        utc(proposal.passes_until)
    ));
    if proposal.dry_run {
        lines.push("dry run    it configures the vault: it fails while it makes a named account liquidatable,".into());
        lines.push(
            "           for a roles delay after the earliest execution; and it waits as long after a new feed".into(),
        );
    }
    if proposal.sets_feed {
        lines.push(
            "feed       it says who says a price: the guardian refuses it for a roles delay after an operation".into(),
        );
        lines.push("           that configured the vault and did more than tighten".into());
    }
    lines.join("\n") + "\n"
}

fn duration(seconds: u64) -> String {
    match seconds {
        0 => "at once".into(),
        _ if seconds.is_multiple_of(86_400) => format!("{} d", seconds / 86_400),
        _ if seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        _ => format!("{seconds} s"),
    }
}

fn pretty(value: &serde_json::Value) -> Result<String, ProposalError> {
    serde_json::to_string_pretty(value)
        .map_err(|error| ProposalError::Unwritable { file: "the message".into(), cause: error.to_string() })
}

fn write(file: &Path, text: &str) -> Result<(), ProposalError> {
    std::fs::write(file, format!("{text}\n"))
        .map_err(|error| ProposalError::Unwritable { file: file.display().to_string(), cause: error.to_string() })
}
