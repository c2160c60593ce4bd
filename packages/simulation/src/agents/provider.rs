//! Liquidity providers who flee: they ask for their money back when the pool has lost or the price has fallen too
//! much for their taste, claim when it matures, and come back a day later.

use super::{uniform, MarketView};
use crate::parameters::Providers;
use rand_chacha::ChaCha8Rng;

/// What a provider knows of itself and of the pool.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderView {
    pub has_shares: bool,
    /// Units of the settlement coin for one share, now; `None` while nobody can tell.
    pub share_value: Option<f64>,
    /// Its waiting request: number, when it matures, when it expires.
    pub request: Option<(u64, u64, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderDecision {
    Nothing,
    /// Asks for all its shares.
    Request,
    Claim {
        request: u64,
    },
    /// Its window has passed: the shares are active again when they are asked for.
    TakeBack {
        request: u64,
    },
    /// Provides again what it took out.
    Return,
}

#[derive(Debug, Clone)]
pub struct Provider {
    share_loss: f64,
    price_fall: f64,
    return_seconds: u64,
    /// Highest value of a share since it came.
    best: f64,
    left_at: Option<u64>,
}

impl Provider {
    pub fn draw(parameters: &Providers, mut rng: ChaCha8Rng) -> Self {
        Self {
            share_loss: uniform(&mut rng, parameters.share_loss_min, parameters.share_loss_max),
            price_fall: uniform(&mut rng, parameters.price_fall_min, parameters.price_fall_max),
            return_seconds: parameters.return_seconds,
            best: 0.0,
            left_at: None,
        }
    }

    pub fn decide(&mut self, market: &MarketView, view: &ProviderView) -> ProviderDecision {
        if let Some((request, matures_at, expires_at)) = view.request {
            return if market.now > expires_at {
                ProviderDecision::TakeBack { request }
            } else if market.now >= matures_at {
                ProviderDecision::Claim { request }
            } else {
                ProviderDecision::Nothing
            };
        }
        let price_fell = market.price <= market.day_high * (1.0 - self.price_fall);
        if !view.has_shares {
            let left_at = *self.left_at.get_or_insert(market.now);
            let is_calm = !price_fell && market.now >= left_at + self.return_seconds;
            return if is_calm { ProviderDecision::Return } else { ProviderDecision::Nothing };
        }
        if self.left_at.take().is_some() {
            self.best = 0.0;
        }
        let Some(value) = view.share_value else { return ProviderDecision::Nothing };
        self.best = self.best.max(value);
        if price_fell || value <= self.best * (1.0 - self.share_loss) {
            return ProviderDecision::Request;
        }
        ProviderDecision::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> Provider {
        Provider { share_loss: 0.02, price_fall: 0.3, return_seconds: 100, best: 0.0, left_at: None }
    }

    fn market(now: u64, price: f64) -> MarketView {
        MarketView { now, price, recent_high: 100.0, day_high: 100.0 }
    }

    fn holding(share_value: f64) -> ProviderView {
        ProviderView { has_shares: true, share_value: Some(share_value), request: None }
    }

    #[test]
    fn it_flees_from_a_loss_of_the_pool_and_from_a_fall_of_the_price() {
        let mut one = provider();
        assert_eq!(one.decide(&market(0, 100.0), &holding(1.0)), ProviderDecision::Nothing);
        assert_eq!(one.decide(&market(1, 100.0), &holding(0.99)), ProviderDecision::Nothing);
        assert_eq!(one.decide(&market(2, 100.0), &holding(0.98)), ProviderDecision::Request);
        assert_eq!(provider().decide(&market(0, 70.0), &holding(1.0)), ProviderDecision::Request);
    }

    #[test]
    fn it_claims_within_the_window_and_comes_back_when_it_is_calm() {
        let mut one = provider();
        let waiting = ProviderView { has_shares: false, share_value: Some(1.0), request: Some((4, 50, 60)) };
        assert_eq!(one.decide(&market(49, 100.0), &waiting), ProviderDecision::Nothing);
        assert_eq!(one.decide(&market(50, 100.0), &waiting), ProviderDecision::Claim { request: 4 });
        assert_eq!(one.decide(&market(61, 100.0), &waiting), ProviderDecision::TakeBack { request: 4 });
        let gone = ProviderView { has_shares: false, share_value: Some(1.0), request: None };
        assert_eq!(one.decide(&market(70, 100.0), &gone), ProviderDecision::Nothing);
        assert_eq!(one.decide(&market(170, 60.0), &gone), ProviderDecision::Nothing);
        assert_eq!(one.decide(&market(171, 100.0), &gone), ProviderDecision::Return);
    }
}
