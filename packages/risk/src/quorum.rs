//! What a quorum of signed reports says about the quorums that were not relayed.
//!
//! Whoever relays chooses which of the signatures it passes on. The choice is worth nothing when the band of the round that it
//! makes holds the median of every other choice: an order fills at the worse edge, whichever was made.

use crate::error::{RiskError, RiskResult};
use crate::median::Weighted;
use crate::quantity::Price;

/// Half-width around `median` that holds the median of every subset of the signers that weighs at least `quorum`, whatever the
/// signers say that are not among `values`.
///
/// `weight_total` is what all signers weigh who might have been relayed. Those that were not weigh `u`; a median of a quorum has
/// half of the quorum's weight up to it and from it on, of which they can be `u` at most. So the lowest median is not below
/// the first value up to which `quorum / 2 - u` lies, and the highest not above the last from which on more than that lies.
/// With a quorum above two thirds `u` is below half of it, so both are values that were relayed.
///
/// Units: those of prices. Rounding: none; the bound is exact for divisible weights and never too narrow. Errors:
/// [`RiskError::OutOfBounds`] when the values weigh less than the quorum or the quorum is not above two thirds of the total;
/// [`RiskError::Overflow`] of the weights. Source: own, for F15.
///
/// ```
/// # use firebreak_risk::*;
/// let signed = [99, 100, 105].map(|units| Weighted { value: Price::from_units(units), weight: 1 });
/// // Of three signers everything is known: there is no other quorum.
/// assert_eq!(quorum_cover(&signed, 3, 3, Price::from_units(100))?, Price::ZERO);
/// // With a fourth one unheard, 99 or 105 could have been the median.
/// assert_eq!(quorum_cover(&signed, 4, 3, Price::from_units(100))?, Price::from_units(5));
/// # Ok::<(), RiskError>(())
/// ```
pub fn quorum_cover(values: &[Weighted<Price>], weight_total: u64, quorum: u64, median: Price) -> RiskResult<Price> {
    let overflow = || RiskError::Overflow { what: "a cover of medians" };
    let (total, quorum) = (u128::from(weight_total), u128::from(quorum));
    let known = values.iter().fold(0u128, |sum, one| sum.saturating_add(u128::from(one.weight)));
    let unheard = total.checked_sub(known).filter(|_| known >= quorum).ok_or_else(|| RiskError::OutOfBounds {
        what: "weight of the signed values",
        wanted: format!("between {quorum} and {total}"),
        found: known.to_string(),
    })?;
    if quorum.saturating_mul(3) <= total.saturating_mul(2) {
        let wanted = format!("above two thirds of {total}");
        return Err(RiskError::OutOfBounds { what: "quorum", wanted, found: quorum.to_string() });
    }
    let mut sorted = values.to_vec();
    sorted.sort_by_key(|one| one.value);
    let reaching = |ordered: &mut dyn Iterator<Item = &Weighted<Price>>, strictly: bool| {
        let mut doubled = unheard.saturating_mul(2);
        for one in ordered {
            doubled = doubled.saturating_add(u128::from(one.weight).saturating_mul(2));
            if doubled > quorum || (doubled == quorum && !strictly) {
                return Some(one.value);
            }
        }
        None
    };
    let low = reaching(&mut sorted.iter(), false).ok_or_else(overflow)?;
    let high = reaching(&mut sorted.iter().rev(), true).ok_or_else(overflow)?;
    Ok(low.distance(median).max(high.distance(median)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::median::weighted_median;
    use proptest::prelude::*;

    fn weighted(values: &[(u32, u64)]) -> Vec<Weighted<Price>> {
        values.iter().map(|(units, weight)| Weighted { value: Price::from_units(*units), weight: *weight }).collect()
    }

    #[test]
    fn the_cover_is_as_wide_as_the_unheard_can_move_the_median() {
        for (name, values, total, quorum, cover) in [
            ("one signer", vec![(100, 1)], 1, 1, 0),
            ("all of three", vec![(99, 1), (100, 1), (130, 1)], 3, 3, 0),
            ("all of four, any three: 100 or 101", vec![(90, 1), (100, 1), (101, 1), (130, 1)], 4, 3, 1),
            ("three of four: a fourth at either end", vec![(99, 1), (100, 1), (130, 1)], 4, 3, 30),
            // Of seven with a quorum of five, two unheard: one more from either end decides.
            ("five of seven", vec![(97, 1), (99, 1), (100, 1), (102, 1), (500, 1)], 7, 5, 400),
            (
                "six of seven: one liar is out of reach",
                vec![(97, 1), (99, 1), (100, 1), (101, 1), (102, 1), (500, 1)],
                7,
                5,
                2,
            ),
            (
                "four of five: half of a quorum is a median from below and none from above",
                vec![(90, 1), (98, 1), (100, 1), (150, 1), (180, 1)],
                5,
                4,
                2,
            ),
            ("a heavy one", vec![(90, 1), (100, 5), (110, 1)], 7, 6, 0),
        ] {
            let values = weighted(&values);
            let median = weighted_median(&values).unwrap();
            assert_eq!(quorum_cover(&values, total, quorum, median), Ok(Price::from_units(cover)), "{name}");
        }
    }

    #[test]
    fn too_little_weight_and_too_small_a_quorum_are_refused() {
        let values = weighted(&[(100, 1), (101, 1)]);
        let refused = |what, wanted: &str, found: &str| {
            Err(RiskError::OutOfBounds { what, wanted: wanted.into(), found: found.into() })
        };
        let median = Price::from_units(100);
        let what = "weight of the signed values";
        assert_eq!(quorum_cover(&values, 3, 3, median), refused(what, "between 3 and 3", "2"));
        assert_eq!(quorum_cover(&values, 1, 1, median), refused(what, "between 1 and 1", "2"));
        assert_eq!(quorum_cover(&values, 3, 2, median), refused("quorum", "above two thirds of 3", "2"));
    }

    /// Signers with prices and weights, a quorum above two thirds, and two choices among them.
    #[derive(Debug, Clone)]
    struct Choices {
        signers: Vec<(u32, u64)>,
        quorum: u64,
        one: Vec<bool>,
        other: Vec<bool>,
    }

    fn choices() -> impl Strategy<Value = Choices> {
        (1usize..=15)
            .prop_flat_map(|n| {
                let signer = (prop_oneof![3 => 990u32..1_010, 1 => 1u32..1_000_000], 1u64..=9);
                let chosen = || prop::collection::vec(prop::bool::weighted(0.8), n);
                (prop::collection::vec(signer, n), 0u64..=100, chosen(), chosen())
            })
            .prop_map(|(signers, share, one, other)| {
                let total: u64 = signers.iter().map(|signer| signer.1).sum();
                let least = total * 2 / 3 + 1;
                Choices { signers, quorum: least + (total - least) * share / 100, one, other }
            })
    }

    /// The chosen ones, and as many of the rest as a quorum still needs.
    fn quorum_of(signers: &[(u32, u64)], quorum: u64, chosen: &[bool]) -> Vec<(u32, u64)> {
        let (mut taken, rest): (Vec<_>, Vec<_>) = signers.iter().zip(chosen).partition(|(_, chosen)| **chosen);
        for one in rest {
            if taken.iter().map(|(signer, _)| signer.1).sum::<u64>() < quorum {
                taken.push(one);
            }
        }
        taken.into_iter().map(|(signer, _)| *signer).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        // R-51: a relayer that chooses among signatures gains nothing.
        #[test]
        fn the_band_of_one_choice_holds_the_median_of_every_other(choices in choices()) {
            let Choices { signers, quorum, one, other } = choices;
            let total: u64 = signers.iter().map(|signer| signer.1).sum();
            let relayed = weighted(&quorum_of(&signers, quorum, &one));
            let instead = weighted(&quorum_of(&signers, quorum, &other));
            let median = weighted_median(&relayed).unwrap();
            let cover = quorum_cover(&relayed, total, quorum, median).unwrap();
            prop_assert!(weighted_median(&instead).unwrap().distance(median) <= cover);
        }

        /// With everybody relayed, liars of less than the weight that a quorum spares do not reach the cover.
        #[test]
        fn with_all_relayed_few_liars_do_not_widen_the_cover(honest in prop::collection::vec(990u32..1_010, 3..=10), lie in 1u32..1_000_000) {
            let n = honest.len() as u64 + 1;
            let signers: Vec<(u32, u64)> = honest.iter().copied().chain([lie]).map(|units| (units, 1)).collect();
            let values = weighted(&signers);
            let median = weighted_median(&values).unwrap();
            let cover = quorum_cover(&values, n, n - 1, median).unwrap();
            let (low, high) = (honest.iter().min().unwrap(), honest.iter().max().unwrap());
            prop_assert!(cover <= Price::from_units(high - low), "{cover}");
        }
    }
}
