//! How a feed's sources stand after a round: who strayed, who was silent, who is back.

use crate::state::{PendingReport, Progress};
use cosmwasm_std::Event;
use firebreak_messages::oracle::{
    FeedConfig, FeedRules, Misconduct, Round, SourceQuarantined, SourceReturned, REPORT_SPREAD_MAX_SECONDS,
    STRAY_SPREADS,
};
use firebreak_messages::FeedId;
use firebreak_risk::{quarantine_misconduct, Price, RiskResult, Rounding, Standing, StandingRules};

fn standing_rules(rules: &FeedRules) -> Option<StandingRules> {
    let any = rules.stray_reports > 0 || rules.silent_rounds > 0;
    any.then_some(StandingRules {
        stray_reports: rules.stray_reports,
        silent_rounds: rules.silent_rounds,
        return_reports: rules.return_reports,
    })
}

/// Judges every report that came near the round's time, counted or in shadow, and then everybody's standing. `spread` is that of
/// the reports: a source strays when it is alone, not when all disagree.
///
/// A signed round carries whom its relayer chose: a source with a key is not silent for being left out, nor is one whose own report waits.
///
/// Bounded by the feeders. Errors: those of the arithmetic.
#[inline(never)] // A chain admits 100 locals in a function.
pub fn after_round(
    feed: FeedId,
    config: &FeedConfig,
    progress: &mut Progress,
    reports: &[PendingReport],
    round: &Round,
    spread: Price,
) -> RiskResult<Vec<Event>> {
    let Some(rules) = standing_rules(&config.rules) else { return Ok(vec![]) };
    let before = round.round.saturating_sub(1);
    progress.standings.resize(config.feeders.len(), Standing::new(before));
    let mut events = Vec::new();
    for report in reports {
        if heard(&mut progress.standings, &config.rules, rules, report, round, spread)? {
            events.push(returned(feed, config, report.feeder, round.round));
        }
    }
    // Nothing waits after a round of plain reports.
    for report in &progress.waiting {
        if heard_beside(&mut progress.standings, &config.rules, rules, report, round, spread)? {
            events.push(returned(feed, config, report.feeder, round.round));
        }
    }
    if progress.signed.recorded == round.round {
        for (standing, feeder) in progress.standings.iter_mut().zip(&config.feeders) {
            if !feeder.public_key.is_empty() {
                standing.present(round.round);
            }
        }
    }
    let weights: Vec<u32> = config.feeders.iter().map(|feeder| feeder.weight).collect();
    for (place, why) in quarantine_misconduct(&mut progress.standings, &weights, config.quorum, round.round, rules) {
        let feeder = config.feeders.get(place).map(|feeder| feeder.address.clone()).unwrap_or_default();
        let cause = match why {
            firebreak_risk::Misconduct::Strayed => Misconduct::Strayed,
            firebreak_risk::Misconduct::Silent => Misconduct::Silent,
        };
        events.push(SourceQuarantined { feed, feeder, cause, round: round.round }.into());
    }
    Ok(events)
}

/// A report that came just after its round was published: it counts for how its source stands, or whoever is always the last of a
/// quorum's reporters would count as silent. Returns the events, and whether anything is to be stored.
pub fn after_late_report(
    feed: FeedId,
    config: &FeedConfig,
    progress: &mut Progress,
    report: &PendingReport,
    round: &Round,
) -> RiskResult<(Option<Event>, bool)> {
    let Some(rules) = standing_rules(&config.rules) else { return Ok((None, false)) };
    let before = progress.standings.get(usize::from(report.feeder)).copied();
    let returns = heard_beside(&mut progress.standings, &config.rules, rules, report, round, round.band)?;
    let changed = progress.standings.get(usize::from(report.feeder)).copied() != before;
    Ok((returns.then(|| returned(feed, config, report.feeder, round.round)), changed))
}

/// A report that is no part of the round: of another time it says that its source is there, and is no stray, for the price may have
/// moved in between. A newer one is judged by its own round.
#[inline(never)] // A chain admits 100 locals in a function.
fn heard_beside(
    standings: &mut [Standing],
    feed_rules: &FeedRules,
    rules: StandingRules,
    report: &PendingReport,
    round: &Round,
    spread: Price,
) -> RiskResult<bool> {
    let newer = report.published_at > round.published_at;
    let older = report.published_at < round.published_at;
    if newer || (older && strays(feed_rules, report, round, spread)?) {
        if let Some(standing) = standings.get_mut(usize::from(report.feeder)).filter(|_| is_near(report, round)) {
            standing.present(round.round);
        }
        return Ok(false);
    }
    heard(standings, feed_rules, rules, report, round, spread)
}

fn heard(
    standings: &mut [Standing],
    feed_rules: &FeedRules,
    rules: StandingRules,
    report: &PendingReport,
    round: &Round,
    spread: Price,
) -> RiskResult<bool> {
    let Some(standing) = standings.get_mut(usize::from(report.feeder)) else { return Ok(false) };
    if !is_near(report, round) {
        return Ok(false);
    }
    let strays = strays(feed_rules, report, round, spread)?;
    Ok(standing.heard(round.round, strays, rules))
}

fn is_near(report: &PendingReport, round: &Round) -> bool {
    report.published_at.abs_diff(round.published_at) <= REPORT_SPREAD_MAX_SECONDS
}

fn strays(feed_rules: &FeedRules, report: &PendingReport, round: &Round, spread: Price) -> RiskResult<bool> {
    if feed_rules.stray_reports == 0 {
        return Ok(false);
    }
    let distance = report.price.distance(round.price);
    let alone = spread.atoms().saturating_mul(STRAY_SPREADS) < distance.atoms();
    Ok(alone && distance > round.price.times(feed_rules.stray_ratio, Rounding::Ceil)?)
}

fn returned(feed: FeedId, config: &FeedConfig, place: u8, round: u64) -> Event {
    let feeder = config.feeders.get(usize::from(place)).map(|feeder| feeder.address.clone()).unwrap_or_default();
    SourceReturned { feed, feeder, round }.into()
}
