//! The slots of one scope: one for each source, so that their number is bounded and nobody can fill them.

use firebreak_messages::circuit_breaker::{
    EffectivePosture, LevelText, PostureRecord, Restriction, RestrictionAdded, Scope,
};
use firebreak_messages::Source;
use firebreak_risk::{merge_phases, phase_at, Level, Phase};

/// The level that a source holds now; `Normal` when it holds nothing.
pub fn level_of(record: &PostureRecord, source: Source, now: u64) -> Level {
    record
        .restrictions
        .iter()
        .find(|slot| slot.source == source)
        .and_then(|slot| phase_at(&slot.phases, now))
        .map_or(Level::Normal, |phase| phase.posture.level)
}

/// The joined level of a record.
pub fn level(record: &PostureRecord, now: u64) -> Level {
    record.effective(EffectivePosture::NORMAL, now).posture.level
}

/// Joins phases into their source's slot: at every time from now on at least as tight as before. Ended slots are
/// dropped on the way, as the record is written anyway.
pub fn add(
    record: &mut PostureRecord,
    scope: Scope,
    source: Source,
    phases: &[Phase],
    incident: u64,
    now: u64,
) -> RestrictionAdded {
    let level_before = level(record, now);
    prune(record, now);
    let held = record.restrictions.iter().position(|slot| slot.source == source);
    // Taken out and put back at the end: an index that cannot be wrong is one that is not kept.
    let slot = held.map(|place| record.restrictions.remove(place));
    let before: &[Phase] = slot.as_ref().map_or(&[], |slot| &slot.phases);
    let merged = Restriction {
        source,
        since: slot.as_ref().map_or(now, |slot| slot.since),
        phases: merge_phases(before, phases, now),
        // A reflex knows no incident: the guardian opens it afterwards.
        incident: if incident == 0 { slot.as_ref().map_or(0, |slot| slot.incident) } else { incident },
    };
    let ends_at = merged.phases.last().map_or(now, |phase| phase.until);
    let until = phase_at(&merged.phases, now).map_or(now, |phase| phase.until);
    let incident = merged.incident;
    if !merged.phases.is_empty() {
        record.restrictions.push(merged);
    }
    note_freeze(record, now);
    RestrictionAdded {
        scope,
        source,
        level_before: LevelText(level_before),
        level: LevelText(level(record, now)),
        until,
        ends_at,
        incident,
    }
}

/// Keeps when the scope was last frozen, after every change of its restrictions.
pub fn note_freeze(record: &mut PostureRecord, now: u64) {
    record.freeze = record.freeze.after(record.restrictions.iter().map(|slot| slot.phases.as_slice()), now);
}

/// Drops slots whose last phase has ended. Expiry itself is computed when read: this only frees space.
pub fn prune(record: &mut PostureRecord, now: u64) {
    record.restrictions.retain(|slot| phase_at(&slot.phases, now).is_some());
}
