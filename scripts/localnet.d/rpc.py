"""The node's RPC, as far as this program needs it."""

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from failure import Failure

# A proxy of the environment has no business with a listener on this machine.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Block:
    height: int
    seconds: float
    """Unix time, to the microsecond."""

    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self.seconds, timezone.utc)
        return f"block {self.height} at {self.seconds:.3f} ({moment:%Y-%m-%d %H:%M:%S} UTC)"


def newest_block(port: int) -> Block | None:
    """None while the node does not answer or has no block yet."""
    try:
        with OPENER.open(f"http://127.0.0.1:{port}/status", timeout=5) as answer:
            sync = json.load(answer)["result"]["sync_info"]
    except (OSError, ValueError, KeyError):
        return None
    height = int(sync["latest_block_height"])
    return Block(height, unix_seconds(sync["latest_block_time"])) if height > 0 else None


def unix_seconds(text: str) -> float:
    """Of an RFC 3339 time in UTC, whose fraction has up to nine digits; Python reads six at most."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc)
    return moment.timestamp() + float(f"0.{fraction or 0}")


def wait_for_block(port: int, reached: Callable[[Block], bool], alive: Callable[[], bool], seconds: float) -> Block:
    """The first newest block that satisfies `reached`. Errors: Failure when the node ends or `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        block = newest_block(port)
        if block and reached(block):
            return block
        if not alive():
            raise Failure("the node has ended")
        time.sleep(0.01)
    raise Failure(f"no such block within {seconds:g} s")
