//! Facts are written as events and read back as the same facts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use cosmwasm_std::Event;
use firebreak_messages::circuit_breaker::{LevelText, RestrictionAdded, Scope};
use firebreak_messages::derivatives_vault::{DropReason, LossBooked, OrderDropped, OrderFilled, OrderId, Payer, Queue};
use firebreak_messages::event::{EventError, Fact};
use firebreak_messages::{AccountId, Action, MarketId, Reason, Source};
use firebreak_risk::{Amount, Level, Price, SignedAmount, Size};

fn filled() -> OrderFilled {
    OrderFilled {
        order: OrderId { market: MarketId(3), queue: Queue::Reduce, sequence: 12 },
        account: AccountId { owner: "wasm1alice".into(), subaccount: 2 },
        size: "-1.5".parse().unwrap(),
        size_after: Size::ZERO,
        fill_price: Price::from_units(100),
        fee: Amount::from_units(1),
        realised_pnl: SignedAmount::from_atoms(-5),
        round: 9,
        insurance: Amount::from_atoms(3),
    }
}

#[test]
fn a_fact_round_trips_through_an_event() {
    let event: Event = filled().into();
    assert_eq!(event.ty, OrderFilled::NAME);
    assert_eq!(OrderFilled::try_from(&event).unwrap(), filled());
    let mut on_chain = event;
    on_chain.ty = format!("wasm-{}", on_chain.ty);
    assert_eq!(OrderFilled::try_from(&on_chain).unwrap(), filled());
    assert_eq!(OrderFilled::all(&[on_chain.clone(), Event::new("transfer"), on_chain]).len(), 2);
}

#[test]
fn an_event_that_is_not_the_fact_says_why() {
    let event: Event = filled().into();
    let other = LossBooked::try_from(&event);
    assert_eq!(other, Err(EventError::Type { wanted: "loss_booked", found: "order_filled".into() }));
    let mut short = event.clone();
    short.attributes.retain(|attribute| attribute.key != "fee");
    assert_eq!(OrderFilled::try_from(&short), Err(EventError::Missing { event: "order_filled", key: "fee" }));
    let mut wrong = event;
    wrong.attributes.iter_mut().find(|attribute| attribute.key == "fee").unwrap().value = "-1".into();
    let found = "-1".to_owned();
    assert_eq!(OrderFilled::try_from(&wrong), Err(EventError::Unreadable { event: "order_filled", key: "fee", found }));
}

#[test]
fn facts_of_every_vocabulary_round_trip() {
    let restricted = RestrictionAdded {
        scope: Scope::All,
        source: Source::Council,
        level_before: LevelText(Level::Normal),
        level: LevelText(Level::Frozen),
        until: 5,
        ends_at: 7,
        incident: 1,
    };
    let event: Event = restricted.clone().into();
    assert_eq!(RestrictionAdded::try_from(&event).unwrap(), restricted);
    let dropped = OrderDropped {
        order: filled().order,
        account: filled().account,
        reason: DropReason::BoundMissed,
        size: Size::from_units(2),
    };
    let event: Event = dropped.clone().into();
    assert_eq!(OrderDropped::try_from(&event).unwrap(), dropped);
    let booked = LossBooked { market: MarketId(1), payer: Payer::UnvestedProfit, amount: Amount::from_units(3) };
    let event: Event = booked.clone().into();
    assert_eq!(LossBooked::try_from(&event).unwrap(), booked);
    assert_eq!("withdraw-collateral".parse::<Action>().unwrap(), Action::WithdrawCollateral);
    assert_eq!("lease-expired".parse::<Reason>().unwrap(), Reason::LeaseExpired);
    assert!("nothing".parse::<Action>().is_err());
}
