//! The venue of a run: the whole suite, bootstrapped by the guardian, with one market at the series' first price.

use super::Plan;
use crate::error::InputError;
use crate::parameters::Venue;
use crate::prices::as_float;
use firebreak_messages::derivatives_vault::MarketConfig;
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, Price, Ratio, Size, ONE};
use firebreak_testing::{Checking, Guards, World, WorldBuilder, BTC};

/// Seconds between the bootstrap and the first bar.
const LEAD_SECONDS: u64 = 600;
/// Largest size that the contracts take, in base units.
const SIZE_MAX: f64 = 1e13;

pub(super) fn provider_name(index: usize) -> String {
    format!("provider-{index}")
}

pub(super) fn set_up(plan: &Plan<'_>) -> Result<(World, MarketId), InputError> {
    let (parameters, series) = (plan.parameters, plan.series);
    // The market's name is the plan's; its number is the World's first.
    let market = BTC;
    let price = series.bars.first().map_or(Price::ZERO, |bar| bar.open);
    let guards = if plan.protected { Guards::Enforced } else { Guards::Off };
    let mut world = WorldBuilder::empty()
        .market(market, plan.market, price, |config| scale(config, &parameters.venue, price))
        .vault(|vault| vault.reserve_ratio = ratio_of(parameters.venue.reserve_ratio))
        .guards(guards)
        .pool(Amount::ZERO)
        .insurance(Amount::from_units(parameters.venue.insurance))
        .start_at(series.starts_at().saturating_sub(LEAD_SECONDS))
        .block_seconds(parameters.run.block_seconds)
        .checking(Checking::Every(parameters.run.check_all_accounts_every))
        .recording_violations()
        .try_build()
        .map_err(|error| InputError::Venue { price, cause: format!("{}", error.root_cause()) })?;
    let each = Amount::from_units(parameters.venue.pool / u64::from(parameters.providers.count));
    for index in 0..parameters.providers.count as usize {
        if let Err(refusal) = world.provide(&provider_name(index), each).0 {
            return Err(InputError::Venue { price, cause: refusal.to_string() });
        }
    }
    Ok((world, market))
}

/// The venue's figures in quote units become sizes at the first price.
fn scale(config: &mut MarketConfig, venue: &Venue, price: Price) {
    config.skew_scale = size_of(venue.skew_scale as f64, price);
    config.open_interest_max = size_of(venue.open_interest_max as f64, price);
    config.skew_max = config.open_interest_max;
    config.order_size_max = size_of(venue.order_size_max as f64, price);
}

/// A share from a parameter file as the contracts count it.
pub(super) fn ratio_of(share: f64) -> Ratio {
    Ratio::from_atoms((share * ONE as f64) as u128)
}

/// Base units that an amount of quote units buys, positive. Floats are exact enough for what an agent or a scale wants.
pub(super) fn size_of(quote: f64, price: Price) -> Size {
    let units = (quote / as_float(price)).min(SIZE_MAX);
    Size::from_atoms((units * 1e9) as i128 * (ONE as i128 / 1_000_000_000))
}
