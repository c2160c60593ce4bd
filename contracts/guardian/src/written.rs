//! Messages and answers as the contracts write them, field by field: parsed as JSON the same cost this contract 15 kB more.

use firebreak_risk::SignedRatio;

/// The fields of an object, in their order, repeated ones included; `None`: no object.
pub fn fields(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut rest = text.strip_prefix('{')?.strip_suffix('}')?;
    let mut found = vec![];
    while !rest.is_empty() {
        let (key, value) = rest.strip_prefix('"')?.split_once("\":")?;
        let end = end_of_value(value);
        found.push((key, value.get(..end)?));
        // Behind the value a comma, or nothing.
        rest = value.get(end.saturating_add(1)..).unwrap_or_default();
    }
    Some(found)
}

/// What a list holds; `None`: no list.
pub fn items(text: &str) -> Option<Vec<&str>> {
    let mut rest = text.strip_prefix('[')?.strip_suffix(']')?;
    let mut found = vec![];
    while !rest.is_empty() {
        let end = end_of_value(rest);
        found.push(rest.get(..end)?);
        rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
    }
    Some(found)
}

/// Where a value ends: at a comma that is in no text, list or object, or with the text.
fn end_of_value(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0u32, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// The value under these keys, one inside the other.
pub fn inside<'a>(text: &'a str, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(text, |here, wanted| Some(fields(here)?.into_iter().find(|(key, _)| key == wanted)?.1))
}

/// Whether a message has this name and this one field, and what it would set is set already.
pub fn sets_nothing_new(msg: &str, name: &str, field: &str, present: Option<&str>) -> bool {
    let set = set_by(msg, name, field);
    set.is_some() && set == present
}

/// The one field of a message that has this name and this field.
#[inline(never)]
pub fn set_by<'a>(msg: &'a str, name: &str, field: &str) -> Option<&'a str> {
    let [(found, body)] = fields(msg)?[..] else { return None };
    let [(known, value)] = fields(body)?[..] else { return None };
    (found == name && known == field).then_some(value)
}

/// New parameters of a message that configures the vault.
pub fn parameters_of(msg: &str) -> Option<&str> {
    set_by(msg, "configure", "parameters")
}

/// Number and new parameters of a message that configures a market.
pub fn market_of(msg: &str) -> Option<(u16, &str)> {
    of_market(msg, "configure_market", "config")
}

/// The market and the other field of a message that has this name and these two.
#[inline(never)]
fn of_market<'a>(msg: &'a str, name: &str, field: &str) -> Option<(u16, &'a str)> {
    let [(found, body)] = fields(msg)?[..] else { return None };
    let [("market", market), (other, value)] = fields(body)?[..] else { return None };
    if found != name || other != field {
        return None;
    }
    Some((market.parse().ok()?, value))
}

/// Number and end of a message that contests a market's profits.
pub fn contest_of(msg: &str) -> Option<(u16, u64)> {
    let (market, until) = of_market(msg, "contest_market", "until")?;
    Some((market, until.parse().ok()?))
}

/// A number that is written as a text.
pub fn decimal(text: &str) -> Option<SignedRatio> {
    text.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cosmwasm_std::to_json_string;
    use firebreak_messages::derivatives_vault::ExecuteMsg;
    use firebreak_messages::MarketId;

    fn text(value: &ExecuteMsg) -> String {
        to_json_string(value).unwrap()
    }

    #[test]
    fn fields_end_where_no_text_list_or_object_is_open() {
        let text = r#"{"a":{"b":[1,{"c":","}],"d":"}"},"e":"\",\\","f":-1}"#;
        let wanted = [("a", r#"{"b":[1,{"c":","}],"d":"}"}"#), ("e", r#""\",\\""#), ("f", "-1")];
        assert_eq!(fields(text).unwrap(), wanted);
        assert_eq!(inside(text, &["a", "d"]), Some(r#""}""#));
        for path in [["a", "c"], ["e", "a"], ["g", "a"]] {
            assert_eq!(inside(text, &path), None);
        }
        assert!(fields("{}").unwrap().is_empty());
        for none in ["", "{", "1", "[1]", r#"{a:1}"#, r#"{"a"}"#] {
            assert_eq!(fields(none), None, "{none}");
        }
    }

    #[test]
    fn a_list_ends_its_items_where_no_text_list_or_object_is_open() {
        assert_eq!(items(r#"[{"a":[1,2]},"b,]",[3,4],5]"#).unwrap(), [r#"{"a":[1,2]}"#, r#""b,]""#, "[3,4]", "5"]);
        assert_eq!(items("[]").unwrap(), [""; 0]);
        for none in ["", "[", "{}", "1"] {
            assert_eq!(items(none), None, "{none}");
        }
    }

    #[test]
    fn a_message_that_contests_has_that_one_name_and_its_two_fields() {
        let step = text(&ExecuteMsg::ContestMarket { market: MarketId(7), until: 9 });
        assert_eq!(contest_of(&step), Some((7, 9)));
        for other in [
            r#"{"contest_markets":{"market":7,"until":9}}"#,
            r#"{"contest_market":{"market":70000,"until":9}}"#,
            r#"{"contest_market":{"market":7,"until":"9"}}"#,
            r#"{"contest_market":{"until":9,"market":7}}"#,
            r#"{"contest_market":{"market":7,"until":9,"more":1}}"#,
            r#"{"contest_market":{"market":7,"until":9},"more":1}"#,
        ] {
            assert_eq!(contest_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_message_that_says_what_is_so_already_sets_nothing() {
        let says = |msg: &str, present| sets_nothing_new(msg, "configure", "config", present);
        let msg = r#"{"configure":{"config":{"a":1}}}"#;
        assert!(says(msg, Some(r#"{"a":1}"#)));
        assert!(!says(msg, Some(r#"{"a":2}"#)) && !says(msg, None));
        for other in [
            "",
            r#"{"set":{"config":{"a":1}}}"#,
            r#"{"configure":{"other":{"a":1}}}"#,
            r#"{"configure":{"config":{"a":1},"more":1}}"#,
            r#"{"configure":{"config":{"a":1}},"more":1}"#,
        ] {
            assert!(!says(other, Some(r#"{"a":1}"#)) && !says(other, None), "{other}");
        }
    }
}
