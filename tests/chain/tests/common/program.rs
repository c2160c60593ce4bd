//! `firebreak proposal` as it is called, and the node's own command line, to which its files are given.

use super::Suite;
use firebreak_messages::guardian::{DelayClass, Operation, OperationStatus};
use firebreak_simulation::timeline::utc;
use serde::de::DeserializeOwned;
use serde_json::{json, Value};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What was written for one request.
pub struct Rendered {
    /// The file of `--out`: what is to be sent, and nothing else.
    pub file: PathBuf,
    /// What is in it.
    pub message: Value,
    /// The file of `--json`.
    pub found: Value,
}

impl Suite {
    /// `firebreak proposal` with the addresses, the delays and the time of this chain's node.
    #[track_caller]
    pub fn rendered(&self, request: &Value, arguments: &[&str]) -> Rendered {
        let folder = home().join("proposals");
        std::fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| folder.join(name).display().to_string();
        let (asked, config, out, all) =
            (path("request.json"), path("suite.toml"), path("message.json"), path("all.json"));
        std::fs::write(&config, self.configuration()).unwrap();
        std::fs::write(&asked, request.to_string()).unwrap();
        let words = ["firebreak", "proposal", &asked, "--config", &config, "--out", &out, "--json", &all];
        let code = firebreak_simulation::cli::run(words.iter().chain(arguments).map(OsString::from));
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
        let read = |file: &str| serde_json::from_str::<Value>(&std::fs::read_to_string(file).unwrap()).unwrap();
        let (message, found) = (read(&out), read(&all));
        assert_eq!(found["message"], message);
        assert_eq!(found["proposal"]["guardian"], self.at.guardian.as_str());
        Rendered { file: out.into(), message, found }
    }

    /// The committed configuration of the local chain, for this chain and this suite.
    fn configuration(&self) -> String {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/localnet.toml");
        let network = self.wasmd.localnet.client.network();
        let with = |text: String, from: &str, to: &str| {
            assert!(text.contains(from), "deploy/localnet.toml has no line {from}");
            text.replacen(from, to, 1)
        };
        let text = std::fs::read_to_string(file).unwrap();
        let text = with(text, "rpc = \"http://127.0.0.1:26657\"", &format!("rpc = \"{}\"", network.rpc));
        let text = with(text, "chain_id = \"local-1\"", &format!("chain_id = \"{}\"", network.chain_id));
        with(text, "[suite]", &format!("[suite]\nguardian = \"{}\"", self.at.guardian))
    }

    /// `wasmd tx WORDS`, signed with a key of the node's own keyring and put into a block; gives its hash. These tests sign
    /// with that key in no other way: the client counts the transactions that it has sent itself.
    #[track_caller]
    pub fn node_tx(&self, key: &str, words: &[&str]) -> String {
        let network = self.wasmd.localnet.client.network();
        let fixed = ["--chain-id", &network.chain_id, "--keyring-backend", "test", "--gas", "auto", "--yes"];
        let output = Command::new(variable("LOCALNET_WASMD"))
            .arg("--home")
            .arg(home())
            .arg("tx")
            .args(words)
            .args(["--from", key, "--gas-adjustment", "1.5", "--node", &variable("LOCALNET_NODE"), "--output", "json"])
            .args(fixed)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "tx {words:?}: {}", text(&output.stderr));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["code"], json!(0), "tx {words:?}: {answer}");
        answer["txhash"].as_str().expect("a transaction has a hash").into()
    }
}

impl Rendered {
    /// A figure of the proposal, as the program found it.
    #[track_caller]
    pub fn of<T: DeserializeOwned>(&self, name: &str) -> T {
        serde_json::from_value(self.found["proposal"][name].clone()).unwrap()
    }

    /// What the guardian holds is what was printed, as later as the vote was executed than was expected.
    #[track_caller]
    pub fn is_scheduled_as(&self, record: &Operation, proposer: &str, seconds_late_max: u64) {
        assert_eq!((record.status, record.proposer.as_str()), (OperationStatus::Scheduled, proposer));
        let (at, passes_at) = (record.scheduled_at, self.of::<u64>("passes_at"));
        assert!((passes_at..=passes_at + seconds_late_max).contains(&at), "at {at}, expected at {passes_at}");
        assert_eq!(self.of::<DelayClass>("class"), record.class);
        assert_eq!(self.of::<u64>("delay_seconds"), record.ready_at - at);
        assert_eq!(self.of::<u64>("ready_at") + (at - passes_at), record.ready_at);
        assert_eq!(self.of::<u64>("not_after"), record.not_after);
        assert_eq!(self.of::<String>("title"), record.description);
        assert!((self.of::<u64>("passes_from")..=self.of("passes_until")).contains(&at));

        // In plain words the same.
        let page = self.found["page"].as_str().expect("a page");
        let (delay, ready_at) = (record.ready_at - at, record.ready_at - (at - passes_at));
        let waits = if delay % 86_400 == 0 { format!("{} d", delay / 86_400) } else { format!("{} h", delay / 3_600) };
        for line in [
            format!("class      {}: it waits {waits} after the vote has been executed", record.class),
            format!("earliest   {} UTC, if the vote is executed at {}\n", utc(ready_at), utc(passes_at)),
            format!("latest     {} UTC; ", utc(record.not_after)),
        ] {
            assert!(page.contains(&line), "wanted the line\n  {line}\nfound\n{page}");
        }
    }
}

fn home() -> PathBuf {
    variable("LOCALNET_HOME").into()
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: scripts/localnet env prints it"))
}
