"""What a chain is made with: read from the environment at `up`, kept in its folder for every later command."""

import dataclasses
import json
import os
import re
from pathlib import Path

from failure import Failure, WrongInput

DENOM = "ustake"
SETTLEMENT_DENOM = "uusd"

# The best-known BIP39 test phrase: the same addresses every time.
MNEMONIC = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

# Every name keeps its place: the place is the key's index, and so its address.
KEY_NAMES = (
    "val deployer alice bob carol keeper feeder-0 feeder-1 feeder-2 council-0 council-1 council-2 "
    "dao-0 dao-1 dao-2 canceller treasury lp mallory"
).split()

# Each key has so much of both coins.
FUNDS = 10**15
STAKE = 10**14

# Contracts see the height as decimal text, which costs gas by the digit. From here on it always has seven of them,
# so the gas of a message does not depend on how long the chain has been up.
FIRST_HEIGHT = 1_000_000


def cache_folder() -> Path:
    """Where builds and, unless LOCALNET says otherwise, chains live: outside of the checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "firebreak"


@dataclasses.dataclass
class Settings:
    chain_id: str
    offset: int
    commit: str
    voting_seconds: int
    key_names: list[str]
    upload: list[str]
    instantiate: str
    max_gas: int
    log_level: str
    wasmd: str
    addresses: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def rpc_port(self) -> int:
        return 26657 + self.offset

    @property
    def p2p_port(self) -> int:
        return 26656 + self.offset

    @property
    def grpc_port(self) -> int:
        return 9090 + self.offset


def chain_id() -> str:
    return checked("CHAIN_ID", "local-1", r"[A-Za-z][A-Za-z0-9-]{0,47}", "letters, digits and hyphens")


def from_environment(wasmd: str) -> Settings:
    """Errors: WrongInput names the variable that is wrong."""
    upload = [word for word in re.split(r"[, ]+", os.environ.get("UPLOAD", "")) if word]
    if upload == ["everybody"]:
        upload = []
    key_names = KEY_NAMES + os.environ.get("KEYS", "").split()
    for name in key_names:
        if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            raise WrongInput(f"KEYS: {name!r} is no name of a key (lower-case letters, digits, hyphens)")
        if key_names.count(name) > 1:
            raise WrongInput(f"KEYS: {name} is there twice")
    for word in upload:
        if word not in key_names and not re.fullmatch(r"wasm1[02-9ac-hj-np-z]{38,58}", word):
            raise WrongInput(f"UPLOAD: {word!r} is neither an address nor the name of a key")
    offset = int(checked("OFFSET", "0", r"\d{1,5}", "a whole number"))
    if offset > 30000:
        raise WrongInput("OFFSET is at most 30000")
    voting = checked("VOTING", "10s", r"[1-9]\d{0,8}s", "whole seconds, such as 10s")
    if voting == "1s":
        raise WrongInput("VOTING is at least 2s: an expedited vote must be shorter than an ordinary one")
    return Settings(
        chain_id=chain_id(),
        offset=offset,
        commit=checked("COMMIT", "200ms", r"[1-9]\d*(ms|s)", "a time, such as 200ms"),
        voting_seconds=int(voting[:-1]),
        key_names=key_names,
        upload=upload,
        instantiate=checked(
            "INSTANTIATE", "uploader" if upload else "everybody", "everybody|uploader|nobody", "one of these three"
        ),
        max_gas=int(checked("MAX_GAS", "-1", r"-1|[1-9]\d{0,17}", "a number above 0, or -1")),
        log_level=checked("LOG", "warn", "debug|info|warn|error", "debug, info, warn or error"),
        wasmd=wasmd,
    )


def checked(variable: str, default: str, pattern: str, wanted: str) -> str:
    value = os.environ.get(variable) or default
    if not re.fullmatch(pattern, value):
        raise WrongInput(f"{variable} is {value!r}, wanted: {wanted} ({pattern})")
    return value


@dataclasses.dataclass
class Folder:
    """The folder of one chain, and the names of what is in it."""

    path: Path

    @property
    def home(self) -> Path:
        return self.path / "home"

    @property
    def clock(self) -> Path:
        return self.path / "clock"

    @property
    def pid(self) -> Path:
        return self.path / "pid"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def log(self) -> Path:
        return self.path / "node.log"

    @property
    def marker(self) -> Path:
        return self.path / ".localnet"

    @property
    def settings(self) -> Path:
        return self.path / "settings.json"

    def save(self, settings: Settings) -> None:
        self.settings.write_text(json.dumps(dataclasses.asdict(settings), indent=1) + "\n")

    def load(self) -> Settings:
        """The settings of the chain made here. Errors: Failure when there is none."""
        try:
            return Settings(**json.loads(self.settings.read_text()))
        except FileNotFoundError:
            raise Failure(f"no chain in {self.path}: `scripts/localnet up` makes one") from None
        except (ValueError, TypeError):
            raise Failure(f"{self.settings} is damaged or of another version: `scripts/localnet up` again") from None


def folder() -> Folder:
    named = os.environ.get("LOCALNET")
    return Folder(Path(named).absolute() if named else cache_folder() / "localnet" / chain_id())
