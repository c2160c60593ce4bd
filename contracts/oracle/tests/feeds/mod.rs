//! What makes a feed more than its feeders' median: rules about rounds and sources, a fallback, legs, sources on chain, a window.

mod bounds;
mod composite;
mod fallback;
mod pull;
mod quarantine;
mod rings;
mod rules;
mod window;
