//! What a run is summed up in. The fields are those of the JSON object, in its order.
//!
//! Amounts are texts in micro-units of the settlement coin. *Honest* orders are those of agents that attack nobody:
//! all agents of these scenarios. An order counts once for each time that an agent tries to place it.

use firebreak_risk::{Amount, Level, SignedAmount};
use serde::Serialize;

/// One scenario or file, with the runs that were asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Name of the built-in scenario, or of the file without its ending.
    pub scenario: String,
    pub bars: u64,
    /// Simulated time from the first bar's opening to the last one's end, gaps included.
    pub seconds: u64,
    pub seed: u64,
    pub runs: Runs,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Runs {
    /// The breaker's rules enforced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected: Option<Figures>,
    /// The breaker's rules off; everything else alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unprotected: Option<Figures>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Orders that the vault took into a queue.
    pub orders_placed: u64,
    /// Orders filled.
    pub orders_executed: u64,
    /// Orders that the venue did not want: refused when placed, or dropped from the queue because of the posture or a
    /// cap; for lack of margin only while the level is above normal, since a posture asks for more of it, and never
    /// when it would have closed a position.
    pub orders_refused: u64,
    /// Notional, at the price of the moment, of every order that honest agents tried to place, closing orders included.
    pub honest_notional: Amount,
    /// The part of it that `orders_refused` counts.
    pub honest_notional_refused: Amount,
    /// Positions reduced or closed by a liquidation; one account may be liquidated several times.
    pub liquidations: u64,
    pub liquidated_notional: Amount,
    /// Losses beyond the margin of who made them, as the vault booked them.
    pub deficit: Amount,
    /// Who paid: adds up to `deficit` to the unit.
    pub paid_by: PaidBy,
    /// What the pool is worth to a depositor at the first and at the last price; money of providers who left is not
    /// in it. This and every other figure of the end is read after the keepers' last minute.
    pub pool_equity_start: SignedAmount,
    pub pool_equity_end: SignedAmount,
    /// First-loss tranche and stakes of the insurance fund.
    pub insurance_start: Amount,
    pub insurance_end: Amount,
    /// Seconds of the run at each level, as the vault acted on it.
    pub level_seconds: LevelSeconds,
    /// Restrictions added or extended, by rules and by the council.
    pub restrictions: u64,
    /// Incidents that the guardian recorded.
    pub incidents: u64,
    /// Longest time of an incident from its evidence to its first restriction; null without an incident. In a replay
    /// it is 0 by construction: the report that is the evidence, its evaluation and the restriction are one
    /// transaction. It says nothing of how fast a venue is whose feeders are late.
    pub time_to_contain_seconds: Option<u64>,
    pub invariant_checks: u64,
    pub invariant_violations: u64,
    /// Entry points of contracts called by messages: executes, replies, and contracts' queries of each other.
    pub contract_calls: u64,
    /// The only figure that differs from run to run with the same seed.
    pub calls_per_second: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PaidBy {
    pub own: Amount,
    pub insurance: Amount,
    pub pool: Amount,
    pub unvested_profit: Amount,
    pub deleveraging: Amount,
    pub residual: Amount,
}

impl PaidBy {
    /// The sum, in micro-units.
    pub fn total(&self) -> u128 {
        [self.own, self.insurance, self.pool, self.unvested_profit, self.deleveraging, self.residual]
            .iter()
            .map(|amount| amount.atoms())
            .sum()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LevelSeconds {
    pub normal: u64,
    pub guarded: u64,
    pub reduce_only: u64,
    pub frozen: u64,
    pub settlement: u64,
}

impl LevelSeconds {
    pub fn add(&mut self, level: Level, seconds: u64) {
        match level {
            Level::Normal => self.normal += seconds,
            Level::Guarded => self.guarded += seconds,
            Level::ReduceOnly => self.reduce_only += seconds,
            Level::Frozen => self.frozen += seconds,
            Level::Settlement => self.settlement += seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_object_has_the_promised_shape() {
        let runs = Runs { protected: Some(Figures::default()), unprotected: Some(Figures::default()) };
        let comparison = Comparison { scenario: "x".into(), bars: 1, seconds: 60, seed: 1, runs };
        let json = serde_json::to_value(&comparison).unwrap();
        let keys = |value: &serde_json::Value| {
            let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys.join(" ")
        };
        assert_eq!(keys(&json), "bars runs scenario seconds seed");
        assert_eq!(keys(&json["runs"]), "protected unprotected");
        let run = &json["runs"]["protected"];
        assert_eq!(
            keys(run),
            "calls_per_second contract_calls deficit honest_notional honest_notional_refused incidents insurance_end \
             insurance_start invariant_checks invariant_violations level_seconds liquidated_notional liquidations \
             orders_executed orders_placed orders_refused paid_by pool_equity_end pool_equity_start restrictions \
             time_to_contain_seconds"
        );
        assert_eq!(keys(&run["paid_by"]), "deleveraging insurance own pool residual unvested_profit");
        assert_eq!(keys(&run["level_seconds"]), "frozen guarded normal reduce_only settlement");
        assert_eq!(
            (&run["deficit"], &run["time_to_contain_seconds"]),
            (&serde_json::json!("0"), &serde_json::Value::Null)
        );
    }
}
