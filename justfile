# Every task of the project. `just ci` is what CI runs.

default:
    @just --list

# Formatting, lints, tests, replay: what CI runs.
ci:
    .ci/run

fmt:
    cargo fmt --all

lint:
    cargo clippy --workspace --all-targets -- -D warnings

test:
    cargo test --workspace

# Replays the built-in crash, with and without protection.
replay *ARGS:
    cargo run --release -p firebreak -- replay {{ARGS}}

# Rewrites the JSON Schema of every contract.
schema:
    cargo run -p firebreak-schema

# Rewrites the committed snapshots (gas, events) after a change that is meant.
snapshots:
    FIREBREAK_UPDATE_SNAPSHOTS=1 cargo test --workspace

# The contracts as wasm.
wasm:
    scripts/build-wasm --install --tests

# Everything that needs a real chain, on a wasmd of its own.
chain *ARGS:
    tests/chain/run {{ARGS}}

# Lists which requirements of the incident catalogue have a tagged test.
coverage:
    grep -rhoE '// R-[0-9]+' contracts packages tests --include='*.rs' | sort | uniq -c | sort -k4 -V

# Mutation tests, by hand: `just mutants risk`, `just mutants vault`. Hours; goes on where it was interrupted.
mutants *ARGS:
    scripts/mutants {{ARGS}}

# Licences and sources of dependencies (needs cargo-deny).
deny:
    cargo deny check bans licenses sources
