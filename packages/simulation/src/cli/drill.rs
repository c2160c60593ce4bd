//! `firebreak drill`.

use crate::drill::Drill;
use crate::error::InputError;
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct DrillArgs {
    /// A playbook: oracle-compromise, price-crash, pool-drain, market-quarantine, chain-gap, orderly-wind-down; or all.
    #[arg(value_name = "NAME")]
    pub name: String,
}

pub fn run(args: &DrillArgs) -> Result<ExitCode, InputError> {
    let drills = if args.name == "all" { Drill::ALL.to_vec() } else { vec![args.name.parse()?] };
    for drill in drills {
        println!("{}", drill.run().page());
    }
    Ok(ExitCode::SUCCESS)
}
