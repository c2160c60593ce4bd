//! `firebreak deploy`.

use super::VIOLATED;
use clap::Args;
use comfy_table::{presets, CellAlignment, Table};
use firebreak_chain::deploy::{self, Check, Config, DeployError, Deployed, Estimate};
use firebreak_chain::{Client, Network};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct DeployArgs {
    /// What is to be on the chain; deploy/template.toml explains every field.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Prints the steps that are left, their addresses and their cost; needs no key and sends nothing.
    #[arg(long, conflicts_with = "check")]
    pub dry_run: bool,
    /// Only compares the chain with the configuration; needs no key and sends nothing.
    #[arg(long)]
    pub check: bool,
    /// Another node than the configuration's.
    #[arg(long, value_name = "URL")]
    pub rpc: Option<String>,
    /// Another state file than the configuration's.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Writes what was done and found as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// A deployment's configuration, for another node than its own where one is named.
pub(super) fn configured(file: &Path, rpc: Option<&str>) -> Result<Config, DeployError> {
    let mut config = Config::load(file)?;
    if let Some(rpc) = rpc {
        config.network.rpc = rpc.into();
    }
    Ok(config)
}

pub fn run(args: &DeployArgs) -> Result<ExitCode, DeployError> {
    let mut config = configured(&args.config, args.rpc.as_deref())?;
    if let Some(state) = &args.state {
        config.state.clone_from(state);
    }
    let connect = |network: &Network| {
        Client::connect(network.clone()).map_err(|error| DeployError::Chain { doing: "connecting".into(), error })
    };
    // What can be found wrong without a node is found first.
    deploy::Plan::new(&config)?;
    if args.dry_run {
        let estimate = deploy::dry_run(&connect(&config.network)?, &config)?;
        println!("{}", plan_table(&estimate, &config.network)?);
        write(args.json.as_deref(), &json!({ "steps": estimate.steps, "gas": estimate.gas() }))?;
        return estimate.possible().map(|()| ExitCode::SUCCESS);
    }
    let deployed = if args.check {
        deploy::check_only(&connect(&config.network)?, &config)?
    } else {
        let signer = config.key.signer(&config.network)?;
        deploy::run(&mut connect(&config.network)?, &signer, &config, &mut |line| println!("{line}"))?
    };
    print_deployed(&deployed);
    write(args.json.as_deref(), &json!({ "chain_id": config.network.chain_id, "deployed": deployed }))?;
    Ok(if deployed.check.passed() { ExitCode::SUCCESS } else { ExitCode::from(VIOLATED) })
}

fn plan_table(estimate: &Estimate, network: &Network) -> Result<Table, DeployError> {
    let mut table = table(["step", "result", "gas, about"]);
    for step in &estimate.steps {
        let gas = if step.gas == 0 { String::new() } else { step.gas.to_string() };
        table.add_row([step.what.clone(), step.result.clone(), gas]);
    }
    let fee = format!("fee: {}{}", estimate.fee(network)?, network.gas_denom);
    table.add_row(["all".into(), fee, estimate.gas().to_string()]);
    align_right(&mut table, 2);
    Ok(table)
}

fn print_deployed(deployed: &Deployed) {
    let mut places = table(["contract", "code", "address"]);
    for contract in deploy::Contract::ALL {
        let code = deployed.codes.get(&contract).map(u64::to_string).unwrap_or_default();
        places.add_row([contract.name().to_string(), code, deployed.addresses.of(contract).to_string()]);
    }
    for (name, address) in &deployed.outside {
        places.add_row([name.clone(), String::new(), address.clone()]);
    }
    println!("{places}");
    match deployed.transactions.len() {
        0 => println!("no transaction was sent"),
        1 => println!("1 transaction was sent"),
        several => println!("{several} transactions were sent"),
    }
    print_check(&deployed.check);
}

fn print_check(check: &Check) {
    let mut parts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for finding in &check.findings {
        let (figures, differ) = parts.entry(&finding.part).or_default();
        *figures += 1;
        *differ += usize::from(!finding.matches());
    }
    let mut summary = table(["checked", "figures", "differ"]);
    for (part, (figures, differ)) in parts {
        summary.add_row([part.to_string(), figures.to_string(), differ.to_string()]);
    }
    align_right(&mut summary, 1);
    align_right(&mut summary, 2);
    println!("{summary}");
    if check.passed() {
        println!("the chain is as configured");
        return;
    }
    let mut differences = table(["part", "field", "wanted", "found"]);
    for finding in check.differences() {
        differences.add_row([&finding.part, &finding.field, &finding.wanted, &finding.found]);
    }
    println!("{differences}");
    if !check.calls.is_empty() {
        println!("calls for the timelock, which alone may change this now (entries of `calls` in `schedule`):");
        for ready in &check.calls {
            let call = serde_json::to_string(&ready.call).unwrap_or_default();
            println!("{}: {}\n  {call}", ready.part, ready.msg);
        }
    }
    eprintln!("error: the chain is not as configured; figures that differ: {}", check.differences().count());
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_header(header);
    table
}

fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn write(path: Option<&Path>, value: &serde_json::Value) -> Result<(), DeployError> {
    let Some(path) = path else { return Ok(()) };
    let unwritable = |cause: String| DeployError::Unwritable { file: path.display().to_string(), cause };
    let text = serde_json::to_string_pretty(value).map_err(|error| unwritable(error.to_string()))?;
    std::fs::write(path, text + "\n").map_err(|error| unwritable(error.to_string()))
}
