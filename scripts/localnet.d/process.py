"""The node's process.

A running node holds a lock on a file of its folder, inherited at its start. So whether it runs is never a guess: a
recycled process id holds no lock, and a node that crashed has let go of it.
"""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable

import rpc
from failure import Failure
from settings import Folder, Settings


def try_lock(folder: Folder) -> int | None:
    """A file descriptor that holds the folder's lock; None when the node, or another `up`, has it."""
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return None
        raise
    return descriptor


def take_lock(folder: Folder) -> int:
    """For a node to be started. Errors: Failure when one runs, or is being started."""
    for _ in range(10):  # a `status` looks by holding it for a moment
        lock = try_lock(folder)
        if lock is not None:
            folder.pid.unlink(missing_ok=True)  # of a node that crashed
            return lock
        time.sleep(0.02)
    raise Failure(f"already running: pid {pid(folder)}, {folder.path}")


def pid(folder: Folder) -> int | None:
    """Of the running node; None when it does not run."""
    if not folder.lock.exists():
        return None
    free = try_lock(folder)
    if free is not None:
        os.close(free)
        return None
    try:
        return int(folder.pid.read_text())
    except (FileNotFoundError, ValueError):
        raise Failure(f"{folder.path} is being set up by another `localnet up`") from None


def alive(folder: Folder) -> Callable[[], bool]:
    return lambda: pid(folder) is not None


def start(folder: Folder, settings: Settings, lock: int) -> rpc.Block:
    """Starts the node, which takes over `lock`, and waits for its next block. Errors: Failure with the log's end."""
    require_free_ports(settings)
    with open(folder.log, "ab") as log:
        child = subprocess.Popen(
            [settings.wasmd, "start", "--home", str(folder.home), "--log_no_color"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, "LOCALNET_CLOCK": str(folder.clock)},
            pass_fds=(lock,), start_new_session=True,
        )
    folder.pid.write_text(f"{child.pid}\n")
    os.close(lock)
    seen: list[int] = []

    def next_block(block: rpc.Block) -> bool:
        # A node that goes on answers with its last block before it makes one.
        seen.append(block.height)
        return block.height > seen[0]

    try:
        return rpc.wait_for_block(settings.rpc_port, next_block, lambda: child.poll() is None, 60)
    except BaseException as error:
        child.kill()
        child.wait()
        folder.pid.unlink(missing_ok=True)
        if isinstance(error, Failure):
            raise Failure(f"{error}; the end of {folder.log}:\n{log_end(folder)}") from None
        raise


def log_end(folder: Folder) -> str:
    return "\n".join(folder.log.read_text(errors="replace").splitlines()[-10:])


def stop(folder: Folder) -> str:
    """What was done, as a sentence. SIGTERM lets the node close its database; SIGKILL comes after 15 s."""
    running = pid(folder)
    if running is None:
        return "not running"
    for sign, word, seconds in ((signal.SIGTERM, "stopped", 15), (signal.SIGKILL, "killed", 5)):
        try:
            os.kill(running, sign)
        except ProcessLookupError:
            pass  # it ended by itself just now
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if pid(folder) is None:
                folder.pid.unlink(missing_ok=True)
                return f"{word} pid {running}"
            time.sleep(0.05)
    raise Failure(f"pid {running} does not end")


def require_free_ports(settings: Settings) -> None:
    for port in (settings.rpc_port, settings.p2p_port, settings.grpc_port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise Failure(f"port {port} is taken: stop what uses it, or set OFFSET") from None
