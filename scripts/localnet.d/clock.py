"""The chain's clock: a file that the node reads (clock.go), and the wait until blocks have got there."""

import mmap
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import rpc
from failure import WrongInput
from settings import Settings


@dataclass(frozen=True)
class Clock:
    """`ahead`: runs `seconds` ahead of the machine. `still`: stands at that unix second, each block 1 ms later."""

    mode: str
    seconds: int

    def now(self) -> float:
        return time.time() + self.seconds if self.mode == "ahead" else float(self.seconds)

    def text(self) -> str:
        return f"+{self.seconds}" if self.mode == "ahead" else str(self.seconds)

    def __str__(self) -> str:
        if self.mode == "still":
            return f"stands still at {self.seconds}"
        return f"{self.seconds} s ahead of the machine" if self.seconds else "the machine's"


MACHINE = Clock("ahead", 0)

# The year 2096: well inside of the node's block_time_tolerance (genesis.py), past which it would refuse its own blocks.
LATEST = 4_000_000_000


def parse(word: str) -> Clock:
    if word == "off":
        return MACHINE
    if not re.fullmatch(r"\+?\d{1,10}", word):
        raise WrongInput(f"{word!r} is no clock: wanted SECONDS, +SECONDS or off")
    return checked(Clock("ahead" if word.startswith("+") else "still", int(word)))


def checked(clock: Clock) -> Clock:
    if clock.now() > LATEST:
        raise WrongInput(f"the clock ends at {LATEST}, in the year 2096")
    return clock


def read(file: Path) -> Clock:
    try:
        return parse(file.read_text().strip())
    except FileNotFoundError:
        return MACHINE


def write(file: Path, clock: Clock) -> None:
    """By renaming: the node must never find half a number."""
    if clock == MACHINE:
        file.unlink(missing_ok=True)
        return
    new = file.with_name(file.name + ".new")
    new.write_text(clock.text() + "\n")
    os.replace(new, file)


def require_movable(settings: Settings) -> None:
    """Errors: WrongInput when the node was built without clock.go."""
    with open(settings.wasmd, "rb") as binary, mmap.mmap(binary.fileno(), 0, access=mmap.ACCESS_READ) as image:
        if image.find(b"LOCALNET_CLOCK") < 0:
            raise WrongInput(f"{settings.wasmd} has no movable clock; the node of `scripts/localnet build` has one")


def forward(settings: Settings, file: Path, seconds: int, alive: Callable[[], bool]) -> rpc.Block:
    """Moves the clock on, and waits like `move`."""
    old = read(file)
    began = old.seconds
    if old.mode == "still":
        # After a thousand blocks the chain's second is past the clock's: the next one counts from where the chain is.
        newest = rpc.wait_for_block(settings.rpc_port, lambda _: True, alive, 10)
        began = max(began, int(newest.seconds))
    return move(settings, file, checked(Clock(old.mode, began + seconds)), alive)


def move(settings: Settings, file: Path, new: Clock, alive: Callable[[], bool]) -> rpc.Block:
    """Sets the clock and waits for the block that has reached it. Errors: WrongInput for a time that has passed."""
    block = rpc.wait_for_block(settings.rpc_port, lambda _: True, alive, 10)
    target = new.now()
    # Block times never go back: the chain would stand until the clock has caught up with it.
    # A clock that stands has block times up to some seconds past it, by 1 ms a block: staying there is no way back.
    if target < block.seconds and not (new.mode == "still" and target >= read(file).now()):
        raise WrongInput(f"the clock cannot go back: {block} is later than {target:.3f}")
    write(file, new)
    return rpc.wait_for_block(settings.rpc_port, lambda block: block.seconds >= target, alive, 60)
