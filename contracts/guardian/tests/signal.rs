//! Signals of the breaker become incidents.

use crate::common::*;
use cosmwasm_std::Addr;
use firebreak_guardian::ContractError;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::*;
use firebreak_risk::Level;

#[test]
fn the_first_signal_opens_an_incident() {
    let mut chain = Chain::new();
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    let observed_at = chain.now() - 4;
    let msg = chain.signal_msg(BTC, Level::Guarded, observed_at);
    let opened = only::<IncidentOpened>(&chain.send(&breaker, &msg).unwrap());
    let wanted =
        IncidentOpened { incident: 1, scope: Scope::Market(BTC), cause: "band".into(), detected_at: observed_at };
    assert_eq!(opened, wanted);
    let wanted = Incident {
        incident: 1,
        market: Some(BTC),
        causes: vec!["band".into()],
        status: IncidentStatus::Contained,
        began_at: observed_at,
        detected_at: observed_at,
        contained_at: observed_at + 4,
        recovering_at: 0,
        closed_at: 0,
        last_signal_at: observed_at + 4,
        signals: 1,
        level_max: Level::Guarded,
        actions: vec![],
        paid_before: None,
        paid: None,
        post_mortem: None,
    };
    assert_eq!(chain.incident(1), wanted);
}

#[test]
fn an_incident_goes_on_until_an_hour_is_quiet() {
    let mut chain = Chain::new();
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    let start = chain.now();
    for level in [Level::Guarded, Level::ReduceOnly, Level::Guarded] {
        let msg = chain.signal_msg(BTC, level, chain.now());
        chain.send(&breaker, &msg).unwrap();
        chain.wait(HOUR - 1);
    }
    let incident = chain.incident(1);
    assert_eq!((incident.signals, incident.level_max), (3, Level::ReduceOnly));
    assert_eq!((incident.detected_at, incident.last_signal_at), (start, start + 2 * (HOUR - 1)));
    // One second more since the last signal: a new one.
    chain.wait(1);
    let msg = chain.signal_msg(BTC, Level::Guarded, chain.now());
    let response = chain.send(&breaker, &msg).unwrap();
    assert_eq!(only::<IncidentOpened>(&response).incident, 2);
    assert_eq!(chain.incident(1), incident);
}

#[test]
fn markets_have_incidents_of_their_own() {
    let mut chain = Chain::new();
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    for (market, opened) in [(BTC, 1), (ETH, 1), (BTC, 0)] {
        let msg = chain.signal_msg(market, Level::Guarded, chain.now());
        let response = chain.send(&breaker, &msg).unwrap();
        assert_eq!(IncidentOpened::all(&response.events).len(), opened);
    }
    assert_eq!((chain.incident(1).market, chain.incident(2).market), (Some(BTC), Some(ETH)));
    let page = |start_after, limit| {
        let page: IncidentsResponse = chain.ask(QueryMsg::Incidents { start_after, limit });
        page.incidents.into_iter().map(|incident| incident.incident).collect::<Vec<_>>()
    };
    assert_eq!((page(None, None), page(None, Some(1)), page(Some(1), None)), (vec![1, 2], vec![1], vec![2]));
    assert_eq!(page(Some(2), None), Vec::<u64>::new());
}

#[test]
fn nothing_is_contained_before_it_is_detected() {
    let mut chain = Chain::new();
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    let msg = chain.signal_msg(BTC, Level::Guarded, chain.now() + 2);
    chain.send(&breaker, &msg).unwrap();
    let incident = chain.incident(1);
    assert_eq!((incident.detected_at, incident.contained_at), (chain.now(), chain.now()));
}

#[test]
fn only_the_breaker_signals() {
    let mut chain = Chain::new();
    let msg = chain.signal_msg(BTC, Level::Guarded, chain.now());
    let wanted = chain.suite.circuit_breaker.clone();
    let oracle = Addr::unchecked(chain.suite.oracle.clone());
    for stranger in [chain.alice.clone(), chain.dao.clone(), chain.guardian.clone(), oracle] {
        let wanted = ContractError::Unauthorized { wanted: wanted.clone(), found: stranger.to_string() };
        chain.refused(&stranger, &msg, wanted);
    }
}
