//! Nothing of its own: `scripts/build-wasm --dao-dao` builds what the manifest names.
