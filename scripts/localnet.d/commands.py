"""One function per command."""

import os
import re
import shlex
import shutil
import sys
import time

import build
import clock
import genesis
import process
import rpc
import settings
from failure import Failure, WrongInput
from settings import Folder, Settings


def run(words: list[str], usage: str) -> None:
    command, arguments = (words[0], words[1:]) if words else ("", [])
    if command in ("help", "-h", "--help"):
        print(usage.strip())
        return
    if command not in COMMANDS:
        raise WrongInput(f"{command!r} is no command: " + " | ".join([*COMMANDS, "help"]))
    COMMANDS[command](arguments)


def nothing_more(command: str, arguments: list[str]) -> None:
    if arguments:
        raise WrongInput(f"{command} takes no {arguments[0]!r}")


def build_command(arguments: list[str]) -> None:
    nothing_more("build", arguments)
    print(build.build())


def up(arguments: list[str]) -> None:
    began = time.monotonic()
    start_clock = clock.MACHINE
    if arguments:
        if len(arguments) != 2 or arguments[0] != "--clock":
            raise WrongInput("up takes nothing, or --clock SECONDS")
        start_clock = clock.parse(arguments[1])
        if start_clock.mode != "still":
            raise WrongInput("--clock takes a unix second at which the clock stands; `warp` moves it later")
    folder = settings.folder()
    new = settings.from_environment("")
    require_ours(folder)
    require_same_chain(folder, new)
    new.wasmd = node()
    if arguments:
        clock.require_movable(new)
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.marker.touch()
    lock = process.take_lock(folder)
    process.require_free_ports(new)
    for old in (folder.log, folder.clock, folder.settings, folder.home):
        shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    clock.write(folder.clock, start_clock)
    genesis.make(folder, new, start_clock)
    folder.save(new)
    report("up", folder, new, process.start(folder, new, lock), began)


def require_ours(folder: Folder) -> None:
    """`up` deletes only what an earlier `up` made."""
    if not folder.path.exists() or folder.marker.exists():
        return
    if not folder.path.is_dir() or any(folder.path.iterdir()):
        raise WrongInput(f"{folder.path} is not empty and was not made by localnet: it is left alone")


def require_same_chain(folder: Folder, new: Settings) -> None:
    """`env` exports LOCALNET: a second chain made in that shell must not take the place of the first."""
    if folder.settings.exists() and (old := folder.load().chain_id) != new.chain_id:
        raise WrongInput(f"{folder.path} holds {old}, not {new.chain_id}: set CHAIN_ID={old}, or another LOCALNET")


def node() -> str:
    named = os.environ.get("WASMD")
    if not named:
        return str(build.build())
    found = shutil.which(named)
    if not found:
        raise WrongInput(f"WASMD is {named!r}: no such program")
    return os.path.abspath(found)


def start(arguments: list[str]) -> None:
    nothing_more("start", arguments)
    began = time.monotonic()
    folder = settings.folder()
    kept = folder.load()
    lock = process.take_lock(folder)
    report("started", folder, kept, process.start(folder, kept, lock), began)


def report(word: str, folder: Folder, made: Settings, block: rpc.Block, began: float) -> None:
    seconds = time.monotonic() - began
    print(f"{word}: {running(folder, made)}, {block}, {seconds:.1f} s")


def running(folder: Folder, made: Settings) -> str:
    return f"{made.chain_id}, pid {process.pid(folder)}, http://127.0.0.1:{made.rpc_port}"


def down(arguments: list[str]) -> None:
    nothing_more("down", arguments)
    print(process.stop(settings.folder()))


def status(arguments: list[str]) -> None:
    nothing_more("status", arguments)
    folder = settings.folder()
    if process.pid(folder) is None:
        print("not running")
        sys.exit(1)
    made = folder.load()
    block = rpc.newest_block(made.rpc_port) or "no block yet"
    print(f"running: {running(folder, made)}, {block}, clock: {clock.read(folder.clock)}")


def env(arguments: list[str]) -> None:
    nothing_more("env", arguments)
    folder = settings.folder()
    made = folder.load()
    values = {
        "LOCALNET": folder.path,
        "LOCALNET_CHAIN_ID": made.chain_id,
        "LOCALNET_RPC": f"http://127.0.0.1:{made.rpc_port}",
        "LOCALNET_NODE": f"tcp://127.0.0.1:{made.rpc_port}",
        "LOCALNET_DENOM": settings.DENOM,
        "LOCALNET_SETTLEMENT_DENOM": settings.SETTLEMENT_DENOM,
        "LOCALNET_WASMD": made.wasmd,
        "LOCALNET_HOME": folder.home,
        "LOCALNET_CLOCK": folder.clock,
        "LOCALNET_KEYS": " ".join(f"{name}={index}" for index, name in enumerate(made.key_names)),
        "LOCALNET_MNEMONIC": settings.MNEMONIC,
    }
    for name, value in values.items():
        print(f"export {name}={shlex.quote(str(value))}")


def keys(arguments: list[str]) -> None:
    nothing_more("keys", arguments)
    made = settings.folder().load()
    for index, name in enumerate(made.key_names):
        print(f"{name:<12} {index:>3}  {made.addresses[name]}")


def warp(arguments: list[str]) -> None:
    if len(arguments) != 1 or not re.fullmatch(r"[1-9]\d{0,9}", arguments[0]):
        raise WrongInput("warp takes how many seconds to move forward, a whole number above 0")
    folder, made = movable()
    print(clock.forward(made, folder.clock, int(arguments[0]), process.alive(folder)))


def clock_command(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise WrongInput("clock takes nothing, SECONDS, +SECONDS or off")
    if not arguments:
        folder = settings.folder()
        made = folder.load()
        print(f"{clock.read(folder.clock)}; {rpc.newest_block(made.rpc_port) or 'the node does not answer'}")
        return
    new = clock.parse(arguments[0])
    folder, made = movable()
    print(clock.move(made, folder.clock, new, process.alive(folder)))


def movable() -> tuple[Folder, Settings]:
    folder = settings.folder()
    made = folder.load()
    clock.require_movable(made)
    if process.pid(folder) is None:
        raise Failure("not running")
    return folder, made


COMMANDS = {
    "up": up, "down": down, "start": start, "status": status, "env": env, "keys": keys,
    "warp": warp, "clock": clock_command, "build": build_command,
}
