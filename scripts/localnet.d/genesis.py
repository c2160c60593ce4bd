"""A fresh home for the node: keys, genesis, configuration."""

import hashlib
import json
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import clock
import toml_edit
from failure import Failure
from settings import DENOM, FIRST_HEIGHT, FUNDS, MNEMONIC, SETTLEMENT_DENOM, STAKE, Folder, Settings, cache_folder

# 100 years. cometbft refuses a block that is more than this ahead of the machine's clock; the default is a minute.
BLOCK_TIME_TOLERANCE = "876000h"


def make(folder: Folder, settings: Settings, start: clock.Clock) -> None:
    """Fills `folder.home` and the addresses of `settings`. Errors: Failure with what the node said."""
    node = Node(settings.wasmd, folder.home)
    # With the phrase the validator's consensus key is the same every time, too.
    node("init", "val", "--recover", "--chain-id", settings.chain_id, "--default-denom", DENOM,
         "--initial-height", str(FIRST_HEIGHT), typed=MNEMONIC)
    settings.addresses = add_keys(node, settings.key_names)
    edit_genesis(folder.home / "config/genesis.json", settings, start)
    accounts = [
        {"address": address, "coins": [{"denom": denom, "amount": str(FUNDS)} for denom in (DENOM, SETTLEMENT_DENOM)]}
        for address in settings.addresses.values()
    ]
    file = folder.path / "accounts.json"
    file.write_text(json.dumps(accounts))
    node("genesis", "bulk-add-genesis-account", str(file))
    node("genesis", "gentx", "val", f"{STAKE}{DENOM}", "--chain-id", settings.chain_id, "--keyring-backend", "test")
    node("genesis", "collect-gentxs")
    node("genesis", "validate")
    configure(folder.home / "config", settings)


class Node:
    """The node's command line, on one home."""

    def __init__(self, wasmd: str, home: Path):
        self.wasmd, self.home = wasmd, home

    def __call__(self, *words: str, typed: str = "") -> str:
        done = subprocess.run(
            [self.wasmd, "--home", str(self.home), *words], input=typed + "\n", capture_output=True, text=True
        )
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()
            raise Failure(f"`wasmd {' '.join(words[:2])}` failed: {said[0]}")
        return done.stdout


def add_keys(node: Node, names: list[str]) -> dict[str, str]:
    """Name to address. Adding a key takes the node 0.2 s, so a set of keys is made once and copied from then on."""
    tag = hashlib.sha256(" ".join(names).encode()).hexdigest()[:12]
    kept = cache_folder() / "localnet-keys" / tag
    if not kept.exists():
        for index, name in enumerate(names):
            node("keys", "add", name, "--recover", "--index", str(index), "--keyring-backend", "test", typed=MNEMONIC)
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_name(f"{tag}.{node.home.parent.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(node.home / "keyring-test", unfinished)
        try:
            unfinished.rename(kept)
        except OSError:  # another chain was faster
            shutil.rmtree(unfinished)
    else:
        shutil.copytree(kept, node.home / "keyring-test", dirs_exist_ok=True)
    listed = json.loads(node("keys", "list", "--keyring-backend", "test", "--output", "json"))
    addresses = {key["name"]: key["address"] for key in listed}
    return {name: addresses[name] for name in names}


def edit_genesis(file: Path, settings: Settings, start: clock.Clock) -> None:
    genesis = json.loads(file.read_text())
    if start.mode == "still":
        moment = datetime.fromtimestamp(start.seconds, timezone.utc)
        genesis["genesis_time"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    genesis["consensus"]["params"]["block"]["max_gas"] = str(settings.max_gas)
    state = genesis["app_state"]
    state["gov"]["params"].update(
        voting_period=f"{settings.voting_seconds}s",
        expedited_voting_period=f"{settings.voting_seconds // 2}s",
        max_deposit_period=f"{settings.voting_seconds}s",
        min_deposit=[{"denom": DENOM, "amount": "1000000"}],
        expedited_min_deposit=[{"denom": DENOM, "amount": "5000000"}],
    )
    state["staking"]["params"]["bond_denom"] = DENOM
    state["mint"]["params"]["mint_denom"] = DENOM
    state["wasm"]["params"] = {
        "code_upload_access": upload_access(settings),
        "instantiate_default_permission": {
            "everybody": "Everybody", "uploader": "AnyOfAddresses", "nobody": "Nobody"
        }[settings.instantiate],
    }
    file.write_text(json.dumps(genesis, indent=1))


def upload_access(settings: Settings) -> dict:
    if not settings.upload:
        return {"permission": "Everybody", "addresses": []}
    addresses = [settings.addresses.get(word, word) for word in settings.upload]
    return {"permission": "AnyOfAddresses", "addresses": addresses}


def configure(config: Path, settings: Settings) -> None:
    """Nothing listens but RPC, gRPC and the (unused) p2p port, all on the loopback interface."""
    toml_edit.edit(config / "config.toml", {
        ("", "log_level"): settings.log_level,
        ("rpc", "laddr"): f"tcp://127.0.0.1:{settings.rpc_port}",
        ("rpc", "pprof_laddr"): "",
        ("rpc", "max_body_bytes"): 8_000_000,  # a code of 3 MB in base64 and hexadecimal
        ("p2p", "laddr"): f"tcp://127.0.0.1:{settings.p2p_port}",
        ("p2p", "pex"): False,
        ("mempool", "size"): 20_000,
        ("mempool", "max_tx_bytes"): 4_000_000,
        ("consensus", "timeout_commit"): settings.commit,
        ("consensus", "timeout_propose"): "1s",
        ("consensus", "block_time_tolerance"): BLOCK_TIME_TOLERANCE,
    })
    toml_edit.edit(config / "app.toml", {
        ("", "minimum-gas-prices"): f"0{DENOM}",
        ("", "pruning"): "nothing",
        ("api", "enable"): False,
        # Without it the node also leaves out the services behind the RPC's abci_query, such as simulating gas.
        ("grpc", "enable"): True,
        ("grpc", "address"): f"127.0.0.1:{settings.grpc_port}",
        ("grpc-web", "enable"): False,
        ("state-sync", "snapshot-interval"): 0,
        ("wasm", "query_gas_limit"): 300_000_000,
    })
    toml_edit.edit(config / "client.toml", {
        ("", "chain-id"): settings.chain_id,
        ("", "keyring-backend"): "test",
        ("", "node"): f"tcp://127.0.0.1:{settings.rpc_port}",
        ("", "output"): "json",
    })
