//! Typed events: written with `Into<cosmwasm_std::Event>`, read back with `TryFrom<&cosmwasm_std::Event>`. Nobody types an
//! attribute key twice.

use cosmwasm_std::Event;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EventError {
    #[error("event {found:?} is not {wanted:?}")]
    Type { wanted: &'static str, found: String },
    #[error("event {event:?} has no attribute {key:?}")]
    Missing { event: &'static str, key: &'static str },
    #[error("attribute {key:?} of event {event:?} cannot be read from {found:?}")]
    Unreadable { event: &'static str, key: &'static str, found: String },
}

/// A fact with a name and typed attributes.
pub trait Fact: Sized + for<'a> TryFrom<&'a Event, Error = EventError> + Into<Event> {
    const NAME: &'static str;

    /// Every fact of this type in a list of events, in order.
    fn all(events: &[Event]) -> Vec<Self> {
        events.iter().filter_map(|event| Self::try_from(event).ok()).collect()
    }
}

/// The chain puts `wasm-` before the type of a contract's event.
pub fn bare_type(event: &Event) -> &str {
    event.ty.strip_prefix("wasm-").unwrap_or(&event.ty)
}

/// Declares event structs. Every field's type writes itself with `Display` and reads itself back with `FromStr`.
#[macro_export]
macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident = $text:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type),* }

        impl From<$name> for cosmwasm_std::Event {
            fn from(fact: $name) -> Self {
                cosmwasm_std::Event::new($text)$(.add_attribute(stringify!($field), fact.$field.to_string()))*
            }
        }

        impl TryFrom<&cosmwasm_std::Event> for $name {
            type Error = $crate::event::EventError;
            fn try_from(event: &cosmwasm_std::Event) -> Result<Self, Self::Error> {
                use $crate::event::EventError;
                if $crate::event::bare_type(event) != $text {
                    return Err(EventError::Type { wanted: $text, found: event.ty.clone() });
                }
                Ok(Self {
                    $($field: {
                        let key = stringify!($field);
                        let text = event
                            .attributes
                            .iter()
                            .find(|attribute| attribute.key == key)
                            .map(|attribute| attribute.value.as_str())
                            .ok_or(EventError::Missing { event: $text, key })?;
                        text.parse::<$type>()
                            .map_err(|_| EventError::Unreadable { event: $text, key, found: text.into() })?
                    }),*
                })
            }
        }

        impl $crate::event::Fact for $name {
            const NAME: &'static str = $text;
        }
    )+};
}
