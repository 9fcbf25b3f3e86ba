//! Extracts the texts of an event that can be searched: names, slugs, reasons, labels, codes.
//!
//! **Invariant:** ids and times are no words. They are found by their own filters, and would fill the index of parts.

use chrono::DateTime;
use serde_json::Value;
use uuid::Uuid;

/// The texts of a payload in lower case, one on each line. A damaged payload has none.
pub(super) fn of(payload: &str) -> String {
    let mut words = vec![];
    if let Ok(payload) = serde_json::from_str(payload) {
        collect(&payload, &mut words);
    }
    words.join("\n")
}

fn collect(value: &Value, words: &mut Vec<String>) {
    match value {
        // NUL is replaced, since no text column takes it and the history must never park an event.
        Value::String(text) if is_typed(text) => words.push(text.to_lowercase().replace('\0', " ")),
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        Value::Object(members) => members.values().for_each(|member| collect(member, words)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_typed(text: &str) -> bool {
    text.parse::<Uuid>().is_err() && DateTime::parse_from_rfc3339(text).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_typed_is_searched() {
        let id = Uuid::from_u128(7);
        let payload = format!(
            r#"{{"MemberInvited":{{"person":"{id}","role":"Owner","expires_at":"2026-01-01T00:00:00Z","n":1}}}}"#
        );
        assert_eq!(of(&payload), "owner");
        assert_eq!(of(r#"{"OrgCreated":{"name":"ÜNÏ Söhne","slug":"uni"}}"#), "ünï söhne\nuni");
        assert_eq!(of("damaged"), "");
        assert_eq!(of(r#"{"OrgCreated":{"name":"Ac\u0000me"}}"#), "ac me");
    }
}
