//! Compares two states, field by field.
//!
//! **Invariant:** a field that is the same in both gives no change, and a field that only one has gives a change without
//! the other side.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// The path of field names to the value.
    pub path: Vec<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Every field that differs, in the order of their names. Lists are compared as a whole.
pub fn diff(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = vec![];
    compare(&[], Some(before), Some(after), &mut changes);
    changes
}

fn compare(path: &[String], before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    let members = |side: Option<&Value>| side.map_or(Some(Map::new()), |value| value.as_object().cloned());
    if let (Some(left), Some(right), false) =
        (members(before), members(after), path.is_empty() && before.is_none())
        && !(left.is_empty() && right.is_empty())
    {
        let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
        for name in names {
            let path = [path, std::slice::from_ref(name)].concat();
            compare(&path, left.get(name), right.get(name), changes);
        }
        return;
    }
    changes.push(FieldChange { path: path.to_vec(), before: before.cloned(), after: after.cloned() });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(before: Value, after: Value) -> Vec<String> {
        let side = |value: &Option<Value>| value.as_ref().map_or("–".to_owned(), Value::to_string);
        let line =
            |it: &FieldChange| format!("{}: {} → {}", it.path.join("."), side(&it.before), side(&it.after));
        diff(&before, &after).iter().map(line).collect()
    }

    #[test]
    fn what_is_the_same_is_not_told() {
        assert_eq!(told(json!({"a": 1, "b": {"c": [1]}}), json!({"b": {"c": [1]}, "a": 1})), [""; 0]);
    }

    #[test]
    fn a_field_is_named_by_the_way_to_it() {
        let before = json!({"name": "Acme", "members": {"ana": "Owner"}, "roles": ["x"]});
        let after = json!({"name": "Apex", "members": {"ana": "Owner", "bo": "Member"}, "roles": ["x", "y"]});
        let expected =
            [r#"members.bo: – → "Member""#, r#"name: "Acme" → "Apex""#, r#"roles: ["x"] → ["x","y"]"#];
        assert_eq!(told(before, after), expected);
    }

    #[test]
    fn what_comes_or_goes_whole_is_told_field_by_field() {
        let expected = ["a.b: 1 → –", "a.c: 2 → –"];
        assert_eq!(told(json!({"a": {"b": 1, "c": 2}}), json!({})), expected);
        assert_eq!(told(json!({"a": {}}), json!({})), ["a: {} → –"]);
        assert_eq!(told(json!({"a": null}), json!({"a": {"b": 1}})), [r#"a: null → {"b":1}"#]);
    }
}
