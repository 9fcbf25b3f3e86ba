//! Reads a file of resource types.
//!
//! ```json
//! {"resource_types": [{"code": "project", "label": "Project", "description": "What people work on together",
//!                      "actions": ["create", "read"], "spread": "everywhere", "active": true}]}
//! ```
//!
//! **Invariant:** all the mistakes in a file are reported at once, each with its place.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use domain::resource_type::{Action, Actions, RolloutPolicy};
use domain::values::{Description, Label, ResourceCode};
use serde_json::{Map, Value};

/// What the file wants one resource type to be. What it doesn't say is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WantedResourceType {
    pub code: ResourceCode,
    pub label: Label,
    pub description: Option<Description>,
    pub actions: Actions,
    pub spread: RolloutPolicy,
    pub active: Option<bool>,
}

/// Gives the types in their order, or everything that is wrong with the file.
pub(super) fn read(text: &str) -> Result<Vec<WantedResourceType>, Vec<String>> {
    let json: Value = serde_json::from_str(text).map_err(|why| vec![format!("this is not JSON: {why}")])?;
    let mut reader = ReferenceDataReader::default();
    let types = reader.file(&json).unwrap_or_default();
    if reader.mistakes.is_empty() { Ok(types) } else { Err(reader.mistakes) }
}

const FIELDS: [&str; 6] = ["code", "label", "description", "actions", "spread", "active"];

#[derive(Default)]
struct ReferenceDataReader {
    mistakes: Vec<String>,
    /// The place in the file where each code stands.
    codes: HashMap<ResourceCode, String>,
}

impl ReferenceDataReader {
    fn file(&mut self, json: &Value) -> Option<Vec<WantedResourceType>> {
        let fields = self.object("the file", json, &["resource_types"])?;
        let types = self.list("resource_types", fields.get("resource_types"))?;
        let read = |(index, json)| self.wanted(&format!("resource_types[{index}]"), json);
        Some(types.iter().enumerate().filter_map(read).collect())
    }

    fn wanted(&mut self, at: &str, json: &Value) -> Option<WantedResourceType> {
        let fields = self.object(at, json, &FIELDS)?;
        let place = |name| format!("{at}.{name}");
        let code = self.code(at, fields.get("code"));
        let label = self.text(&place("label"), fields.get("label"));
        let description =
            fields.get("description").and_then(|json| self.text(&place("description"), Some(json)));
        let actions = self.actions(&place("actions"), fields.get("actions"));
        let spread = self.spread(&place("spread"), fields.get("spread"));
        let active = fields.get("active").and_then(|json| self.active(&place("active"), json));
        Some(WantedResourceType {
            code: code?,
            label: label?,
            description,
            actions: actions?,
            spread: spread?,
            active,
        })
    }

    fn code(&mut self, at: &str, json: Option<&Value>) -> Option<ResourceCode> {
        let place = format!("{at}.code");
        let code: ResourceCode = self.text(&place, json)?;
        if let Some(before) = self.codes.get(&code).cloned() {
            return self.wrong(&place, format!("{code} stands in {before} already"));
        }
        self.codes.insert(code.clone(), at.to_owned());
        Some(code)
    }

    fn actions(&mut self, at: &str, json: Option<&Value>) -> Option<Actions> {
        let list = self.list(at, json)?;
        let read = |(index, json)| self.text::<Action>(&format!("{at}[{index}]"), Some(json));
        let actions: Vec<Option<Action>> = list.iter().enumerate().map(read).collect();
        let actions: Vec<Action> = actions.into_iter().collect::<Option<_>>()?;
        Actions::of(actions).or_else(|| self.wrong(at, "name at least one action"))
    }

    fn spread(&mut self, at: &str, json: Option<&Value>) -> Option<RolloutPolicy> {
        let text: String = self.text(at, json)?;
        text.parse().ok().or_else(|| self.wrong(at, "it is one of everywhere, new_only and opt_in"))
    }

    fn active(&mut self, at: &str, json: &Value) -> Option<bool> {
        json.as_bool().or_else(|| self.wrong(at, "it is true or false"))
    }

    fn text<T: FromStr<Err: Display>>(&mut self, at: &str, json: Option<&Value>) -> Option<T> {
        let Some(json) = json else { return self.wrong(at, "it is missing") };
        let Some(text) = json.as_str() else { return self.wrong(at, "it must be text") };
        text.parse().map_or_else(|why| self.wrong(at, why), Some)
    }

    fn list<'a>(&mut self, at: &str, json: Option<&'a Value>) -> Option<&'a Vec<Value>> {
        let Some(json) = json else { return self.wrong(at, "it is missing") };
        json.as_array().or_else(|| self.wrong(at, "it must be a list"))
    }

    fn object<'a>(&mut self, at: &str, json: &'a Value, known: &[&str]) -> Option<&'a Map<String, Value>> {
        let Some(fields) = json.as_object() else { return self.wrong(at, "it must be an object") };
        for unknown in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            let sentence = format!("there is no field {unknown:?}; there is {}", known.join(", "));
            self.mistakes.push(format!("{at}: {sentence}"));
        }
        Some(fields)
    }

    /// Notes a mistake and gives nothing, since this part of the file can't be read further.
    fn wrong<T>(&mut self, at: &str, why: impl Display) -> Option<T> {
        self.mistakes.push(format!("{at}: {why}"));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: &str =
        r#"{"code": "project", "label": "Project", "actions": ["read"], "spread": "everywhere"}"#;

    fn file(types: &[&str]) -> String {
        format!(r#"{{"resource_types": [{}]}}"#, types.join(","))
    }

    fn mistakes(text: &str) -> Vec<String> {
        read(text).expect_err("it is refused")
    }

    #[test]
    fn what_a_file_does_not_say_is_not_wanted() {
        let types = read(&file(&[PROJECT])).expect("it is right");
        assert_eq!(types.len(), 1);
        assert_eq!(
            (types[0].code.as_str(), &types[0].description, types[0].active),
            ("project", &None, None)
        );
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let wrong = r#"{"code": "p", "label": 7, "actions": ["read", "fly", 1], "spread": "nowhere", "active": "yes", "colour": "red"}"#;
        assert_eq!(
            mistakes(&file(&[PROJECT, wrong, "[]"])),
            [
                r#"resource_types[1]: there is no field "colour"; there is code, label, description, actions, spread, active"#,
                "resource_types[1].code: a code has 2 to 64 characters",
                "resource_types[1].label: it must be text",
                "resource_types[1].actions[1]: an action is one of create, list, read, update and delete",
                "resource_types[1].actions[2]: it must be text",
                "resource_types[1].spread: it is one of everywhere, new_only and opt_in",
                "resource_types[1].active: it is true or false",
                "resource_types[2]: it must be an object",
            ]
        );
    }

    #[test]
    fn what_must_be_there_is_missed() {
        let said = mistakes(&file(&[r#"{"description": null}"#, r#"{"actions": []}"#]));
        for (place, sentence) in [
            ("resource_types[0].code", "it is missing"),
            ("resource_types[0].label", "it is missing"),
            ("resource_types[0].description", "it must be text"),
            ("resource_types[0].actions", "it is missing"),
            ("resource_types[0].spread", "it is missing"),
            ("resource_types[1].actions", "name at least one action"),
        ] {
            assert!(said.contains(&format!("{place}: {sentence}")), "{place} in {said:?}");
        }
    }

    #[test]
    fn a_code_stands_in_a_file_once() {
        let again = PROJECT.replace("\"project\"", "\" Project \"");
        let said = mistakes(&file(&[PROJECT, &again]));
        assert_eq!(said, ["resource_types[1].code: project stands in resource_types[0] already"]);
    }

    #[test]
    fn another_file_is_refused() {
        for (text, sentence) in [
            ("", "this is not JSON: EOF"),
            ("{", "this is not JSON: EOF"),
            ("[]", "the file: it must be an object"),
            ("{}", "resource_types: it is missing"),
            (r#"{"resource_types": {}}"#, "resource_types: it must be a list"),
            (r#"{"resource_types": [], "roles": []}"#, "the file: there is no field \"roles\""),
        ] {
            let said = mistakes(text);
            assert!(said.len() == 1 && said[0].starts_with(sentence), "{text}: {said:?}");
        }
    }
}
