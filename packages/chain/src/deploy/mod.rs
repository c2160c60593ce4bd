//! Puts the suite on a chain, and says whether it is there as configured.
//!
//! ```no_run
//! use firebreak_chain::{deploy, Client};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = deploy::Config::load("deploy/localnet.toml".as_ref())?;
//! let signer = config.key.signer(&config.network)?;
//! let mut client = Client::connect(config.network.clone())?;
//! let deployed = deploy::run(&mut client, &signer, &config, &mut |line| println!("{line}"))?;
//! assert!(deployed.check.passed());
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//! config + artifacts -> plan: checked offline, addresses predicted
//!     -> codes -> outside contracts -> guardian, which creates the other four, in one transaction
//!     -> the council's group told of the guardian, where the deployer may -> self-check
//! ```
//!
//! Every address follows from the deployer, a salt and the codes' checksums, so all are known before the first
//! transaction, and each step can be found again on the chain when the state file does not know of it.

pub(crate) mod address;
mod artifact;
mod check;
mod codes;
mod config;
mod error;
mod estimate;
mod group;
mod key;
mod plan;
mod reader;
mod rehearsal;
mod run;
mod state;

pub use address::Addresses;
pub use artifact::{Artifact, Contract};
pub use check::{check, Check, Finding, ReadyCall};
pub use config::{ArtifactSource, Config, InstantiatePermission, OutsideContract, SuiteConfig};
pub use error::DeployError;
pub use estimate::{Estimate, Step};
pub use key::KeySource;
pub use plan::{Plan, PlannedContract};
pub use reader::{Access, CodeRecord, ContractRecord, Reader};
pub use run::{check_only, dry_run, run, Deployed, Sent};
pub use state::{Created, State, StoredCode};
