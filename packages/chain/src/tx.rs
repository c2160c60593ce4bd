//! A transaction that is in a block.

use cosmwasm_std::Event;
use firebreak_messages::event::Fact;

#[derive(Debug, Clone)]
pub struct Tx {
    pub hash: String,
    pub height: u64,
    pub gas_used: u64,
    pub gas_wanted: u64,
    /// Of all its messages, in order; those of fees and signatures included.
    pub events: Vec<Event>,
}

impl Tx {
    /// Every fact of a type, in order.
    pub fn facts<T: Fact>(&self) -> Vec<T> {
        T::all(&self.events)
    }

    pub fn has<T: Fact>(&self) -> bool {
        !self.facts::<T>().is_empty()
    }

    /// The first attribute of this name in an event of this type.
    pub fn attribute(&self, event: &str, key: &str) -> Option<&str> {
        self.events
            .iter()
            .filter(|found| found.ty == event)
            .flat_map(|found| &found.attributes)
            .find(|attribute| attribute.key == key)
            .map(|attribute| attribute.value.as_str())
    }

    pub fn number(&self, event: &str, key: &str) -> Option<u64> {
        self.attribute(event, key)?.parse().ok()
    }
}
