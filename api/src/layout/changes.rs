//! Changes, field by field: the value before and the value after.

use std::collections::HashMap;

use maud::{Markup, html};
use projections::history::diff;
use projections::people;
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::web::error::Error;

/// A row for each field: its name, before, after.
pub async fn rows(app: &App, changes: &[diff::FieldChange]) -> Result<Vec<Vec<Markup>>, Error> {
    let names = names(app, changes).await?;
    let row = |change: &diff::FieldChange| {
        let path: Vec<String> = change.path.iter().map(|name| called(name, &names)).collect();
        vec![
            html! { (path.join(" › ")) },
            value(change.before.as_ref(), &names),
            value(change.after.as_ref(), &names),
        ]
    };
    Ok(changes.iter().map(row).collect())
}

/// The names of the people whose ids stand in these fields.
async fn names(app: &App, changes: &[diff::FieldChange]) -> Result<HashMap<Uuid, String>, Error> {
    let paths = changes.iter().flat_map(|change| change.path.iter().map(String::as_str));
    let values =
        changes.iter().flat_map(|change| [&change.before, &change.after]).flatten().filter_map(Value::as_str);
    let ids: Vec<Uuid> = paths.chain(values).filter_map(|text| text.parse().ok()).collect();
    Ok(people::names(&app.db, &ids).await?)
}

fn called(name: &str, names: &HashMap<Uuid, String>) -> String {
    let person = name.parse().ok().and_then(|id: Uuid| names.get(&id));
    person.cloned().unwrap_or_else(|| name.replace('_', " "))
}

fn value(value: Option<&Value>, names: &HashMap<Uuid, String>) -> Markup {
    html! {
        @match value {
            None | Some(Value::Null) => "–",
            Some(Value::String(text)) => { (names_or(text, names)) },
            Some(Value::Bool(yes)) => (if *yes { "yes" } else { "no" }),
            Some(other) => code.id { (other.to_string()) },
        }
    }
}

fn names_or(text: &str, names: &HashMap<Uuid, String>) -> String {
    let person = text.parse().ok().and_then(|id: Uuid| names.get(&id));
    person.cloned().unwrap_or_else(|| text.to_owned())
}
