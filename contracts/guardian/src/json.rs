//! Which message a JSON body holds, before anything else is believed of it.

use crate::error::ContractError;
use cosmwasm_std::{from_json, Binary};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// Number of keys of an object, repeated ones counted, and the first of them.
struct Keys(usize, Option<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Count;
        impl<'de> Visitor<'de> for Count {
            type Value = Keys;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let (mut keys, mut first) = (0usize, None);
                while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                    keys = keys.saturating_add(1);
                    first = first.or(Some(key));
                }
                Ok(Keys(keys, first))
            }
        }
        deserializer.deserialize_map(Count)
    }
}

/// A message with a second key could be one thing to this contract and another to its receiver, so its class would be a
/// guess. What is no object at all is left to its class: nobody here knows it, so it is the slowest.
///
/// Errors: [`ContractError::SeveralMessages`].
pub fn ensure_one_message(msg: &Binary) -> Result<(), ContractError> {
    match from_json::<Keys>(msg) {
        Ok(Keys(found, _)) if found > 1 => Err(ContractError::SeveralMessages { found }),
        Ok(Keys(..)) | Err(_) => Ok(()),
    }
}

/// The name of the one message that a body holds, whatever its fields are: those are read by its receiver. `None`: no message.
pub fn message_name(msg: &Binary) -> Option<String> {
    match from_json::<Keys>(msg) {
        Ok(Keys(1, name)) => name,
        Ok(Keys(..)) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_is_a_message_two_are_not() {
        for (text, found) in [
            (r#"{"set_hook":{"hook":null}}"#, None),
            (r#"{}"#, None),
            (r#""unit""#, None),
            ("not json", None),
            (r#"{"set_hook":{"hook":null},"set_feed":{"feed":1}}"#, Some(2)),
            (r#"{"a":{},"a":{}}"#, Some(2)),
            (r#" { "a" : [1, {"b": "c"}], "\u0061" : 0.5e3 , "c": true } "#, Some(3)),
        ] {
            let wanted = found.map_or(Ok(()), |found| Err(ContractError::SeveralMessages { found }));
            assert_eq!(ensure_one_message(&Binary::from(text.as_bytes())), wanted, "{text}");
        }
    }
}
