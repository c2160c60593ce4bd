//! What attestations amount to: the weighted form of "the (f+1)-th largest of n".

/// Signers, and declared data sources, without which nothing but a small step is taken.
pub const QUORUM_MIN: usize = 3;
/// Of the weight, so many thirds may lie: nothing counts that not more than a third attests.
const LIARS_DIVISOR: u64 = 3;

/// One observer's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attested {
    pub severity: u8,
    /// What its word is worth by now.
    pub weight: u32,
    /// What it was given: as a part of this it is bounded, whatever it has gained since.
    pub registered: u32,
    /// Number of its data source: equal for observers that look at the same one.
    pub source: u8,
}

/// All observers' weight, of those too who say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Electorate {
    pub weight: u64,
    pub registered: u64,
}

/// The highest severity that observers attest who are at least [`QUORUM_MIN`], of as many sources, and together more than a third of all
/// weight, and of the registered weight too: what an observer has gained takes power from others and makes no quorum of a third of
/// the keys. With equal weights that is the (f+1)-th largest of `n`, `f` being a third: whatever `f` observers say together, one honest
/// observer has said as much, or nothing counts.
///
/// Bounds: a severity is at most 255, `attested` a handful. Errors: none.
pub fn quorum_severity(attested: &[Attested], all: Electorate) -> u8 {
    let mut severities: Vec<u8> = attested.iter().map(|one| one.severity).collect();
    severities.sort_unstable();
    severities.dedup();
    let counts = |severity: &u8| {
        let agreeing = || attested.iter().filter(|one| one.severity >= *severity);
        let more_than_a_third = |of: fn(&Attested) -> u32, all: u64| {
            let sum = agreeing().fold(0u64, |sum, one| sum.saturating_add(of(one).into()));
            sum.saturating_mul(LIARS_DIVISOR) > all
        };
        let mut sources: Vec<u8> = agreeing().map(|one| one.source).collect();
        sources.sort_unstable();
        sources.dedup();
        agreeing().count() >= QUORUM_MIN
            && sources.len() >= QUORUM_MIN
            && more_than_a_third(|one| one.weight, all.weight)
            && more_than_a_third(|one| one.registered, all.registered)
    };
    severities.into_iter().rev().find(|severity| *severity > 0 && counts(severity)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(words: &[(u8, u32, u8)]) -> Vec<Attested> {
        words
            .iter()
            .map(|&(severity, weight, source)| Attested { severity, weight, registered: weight, source })
            .collect()
    }

    /// Where everybody's word is worth what it was given.
    fn of(weight: u64) -> Electorate {
        Electorate { weight, registered: weight }
    }

    //
    #[test]
    fn three_observers_of_three_sources_and_more_than_a_third() {
        for (name, words, total, severity) in [
            ("nobody", vec![], 4, 0),
            ("one alone", vec![(2, 1, 0)], 4, 0),
            ("two", vec![(2, 1, 0), (2, 1, 1)], 4, 0),
            ("three", vec![(2, 1, 0), (2, 1, 1), (2, 1, 2)], 4, 2),
            ("three of two sources", vec![(2, 1, 0), (2, 1, 1), (2, 1, 1)], 4, 0),
            ("the third says less", vec![(2, 1, 0), (2, 1, 1), (1, 1, 2)], 4, 1),
            ("three of ten are not more than a third", vec![(2, 1, 0), (2, 1, 1), (2, 1, 2)], 10, 0),
            ("four of ten are", vec![(2, 1, 0), (2, 1, 1), (2, 1, 2), (2, 1, 3)], 10, 2),
            ("exactly a third is not more", vec![(2, 1, 0), (2, 1, 1), (2, 1, 2)], 9, 0),
            ("weight counts", vec![(2, 5, 0), (2, 1, 1), (2, 1, 2)], 10, 2),
            ("nothing is wrong", vec![(0, 1, 0), (0, 1, 1), (0, 1, 2)], 3, 0),
        ] {
            assert_eq!(quorum_severity(&all(&words), of(total)), severity, "{name}");
        }
    }

    //
    #[test]
    fn trust_alone_makes_no_quorum_and_without_trust_there_is_none() {
        let three = |weight| [0, 1, 2].map(|source| Attested { severity: 2, weight, registered: 100, source });
        // Nine alike: three of them are a third, also when their word is worth twice as much.
        assert_eq!(quorum_severity(&three(200), Electorate { weight: 1_200, registered: 900 }), 0);
        // Of eight they are more than a third, unless their word is worth a quarter.
        assert_eq!(quorum_severity(&three(100), Electorate { weight: 800, registered: 800 }), 2);
        assert_eq!(quorum_severity(&three(25), Electorate { weight: 575, registered: 800 }), 0);
    }

    proptest! {
        /// Liars of at most a third of the weight never get more counted than an honest observer has said.
        #[test]
        fn colluding_observers_alone_move_nothing(
            words in prop::collection::vec((0u8..3, 1u32..100, 25u32..=200, 0u8..16, any::<bool>()), 1..16),
        ) {
            let attested: Vec<Attested> = words
                .iter()
                .map(|&(severity, registered, trust, source, _)| Attested { severity, weight: registered * trust, registered, source })
                .collect();
            let registered: u64 = words.iter().map(|word| u64::from(word.1)).sum();
            let lying: u64 = words.iter().filter(|word| word.4).map(|word| u64::from(word.1)).sum();
            // Of the registered weight, whatever they have gained.
            prop_assume!(lying * 3 <= registered);
            let honest = words.iter().filter(|word| !word.4).map(|word| word.0).max().unwrap_or(0);
            let weight = attested.iter().map(|one| u64::from(one.weight)).sum();
            let everybody = Electorate { weight, registered };
            prop_assert!(quorum_severity(&attested, everybody) <= honest);
        }

        #[test]
        fn a_word_more_never_counts_less(
            words in prop::collection::vec((0u8..3, 1u32..100, 0u8..16), 1..15), more in (0u8..3, 1u32..100, 0u8..16),
        ) {
            let before = all(&words);
            let mut after = before.clone();
            after.push(all(&[more])[0]);
            prop_assert!(quorum_severity(&after, of(500)) >= quorum_severity(&before, of(500)));
        }
    }
}
