"""Builds the node from the Go module proxy, pinned by go.mod and go.sum, with a movable clock.

The clock (clock.go) is for tests that have to wait for days: one line of cometbft, checked to be as expected, is
made to ask it for the time. Everything else of the node is what the module proxy has.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import settings
from failure import Failure

HERE = Path(__file__).resolve().parent
VERSION = "0.70.3"
PACKAGE = "github.com/CosmWasm/wasmd/cmd/wasmd"
COMETBFT = "github.com/cometbft/cometbft"
VERSION_VARIABLES = "github.com/cosmos/cosmos-sdk/version"

# What of cometbft's types/time/time.go is replaced by what.
MACHINE_CLOCK = "return Canonical(time.Now())"
MOVABLE_CLOCK = "return Canonical(localnetNow())"


def binary() -> Path:
    """Where the node is, or will be. A changed pin, clock or recipe is another file."""
    recipe = [HERE / name for name in ("go.mod", "go.sum", "clock.go", "build.py")]
    machine = f"{sys.platform} {platform.machine()}".encode()
    digest = hashlib.sha256(b"\0".join([machine, *(file.read_bytes() for file in recipe)]))
    return settings.cache_folder() / "wasmd" / f"{VERSION}-{digest.hexdigest()[:12]}" / "wasmd"


def build() -> Path:
    """The node, built unless it is there. Errors: Failure when a tool is missing or the build fails."""
    wanted = binary()
    cache = settings.cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "wasmd.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.exists():
            compile_node(cache, wanted)
    return wanted


def compile_node(cache: Path, wanted: Path) -> None:
    go = Go(cache)
    source = cache / "wasmd-src"
    source.mkdir(exist_ok=True)
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(HERE / name, source / name)
    print("localnet: building wasmd, once; 8 minutes of CPU", file=sys.stderr)
    copy_cometbft(go, source)
    go("mod", "edit", "-replace", f"{COMETBFT}=./cometbft", folder=source)
    unfinished = wanted.parent.with_name(wanted.parent.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    beside = "@loader_path" if sys.platform == "darwin" else "$ORIGIN"
    linker = [
        "-s", "-w", f"-extldflags=-Wl,-rpath,{beside}",
        f"-X {VERSION_VARIABLES}.Name=wasm", f"-X {VERSION_VARIABLES}.AppName=wasmd",
        f"-X {VERSION_VARIABLES}.Version={VERSION}",
    ]
    go("build", "-mod=readonly", "-modcacherw", "-ldflags", " ".join(linker), "-o", str(unfinished / "wasmd"), PACKAGE,
       folder=source)
    copy_wasmvm(go, source, unfinished)
    require_version(unfinished / "wasmd")
    shutil.rmtree(wanted.parent, ignore_errors=True)
    unfinished.rename(wanted.parent)


class Go:
    """The go command, with the module and build caches beside everything else that is cached."""

    def __init__(self, cache: Path):
        for tool in ("go", os.environ.get("CC", "gcc").split()[0]):
            if not shutil.which(tool):
                raise Failure(f"{tool} is needed to build the node, and is not installed")
        # A GOPROXY, GOFLAGS or cache folder that the user has set holds; a go.work around the checkout does not.
        self.environment = {
            "GOMODCACHE": str(cache / "go/mod"), "GOCACHE": str(cache / "go/build"), **os.environ,
            "GOWORK": "off", "CGO_ENABLED": "1",
        }

    def __call__(self, *words: str, folder: Path) -> str:
        done = subprocess.run(["go", *words], cwd=folder, env=self.environment, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Failure(f"`go {' '.join(words[:2])}` failed, see above")
        return done.stdout


def copy_cometbft(go: Go, source: Path) -> None:
    """The module as go.sum has it, but for its clock. (Go's own -overlay refuses files of the module cache.)"""
    module = json.loads(go("mod", "download", "-modcacherw", "-json", COMETBFT, folder=source))
    copy = source / "cometbft"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(module["Dir"], copy)
    for folder, _, files in os.walk(copy):  # the module cache may be read-only, and the copy with it
        os.chmod(folder, 0o755)
        for file in files:
            os.chmod(os.path.join(folder, file), 0o644)
    clock = copy / "types/time/time.go"
    text = clock.read_text()
    if text.count(MACHINE_CLOCK) != 1:
        raise Failure(f"cometbft {module['Version']} has no single `{MACHINE_CLOCK}` in types/time/time.go")
    clock.write_text(text.replace(MACHINE_CLOCK, MOVABLE_CLOCK))
    shutil.copyfile(HERE / "clock.go", copy / "types/time/localnet.go")


def copy_wasmvm(go: Go, source: Path, target: Path) -> None:
    """The shared library goes beside the node: the module cache may be cleaned then."""
    module = json.loads(go("list", "-mod=readonly", "-m", "-json", "github.com/CosmWasm/wasmvm/v3", folder=source))
    machine = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    name = "libwasmvm.dylib" if sys.platform == "darwin" else f"libwasmvm.{machine}.so"
    library = Path(module["Dir"]) / "internal/api" / name
    if not library.exists():
        raise Failure(f"wasmvm {module['Version']} has no {name}")
    shutil.copyfile(library, target / name)


def require_version(node: Path) -> None:
    done = subprocess.run([str(node), "version"], capture_output=True, text=True)
    if done.stdout.strip() != VERSION:
        raise Failure(f"the node that was built says {done.stdout.strip() or done.stderr.strip()!r}, wanted {VERSION}")
