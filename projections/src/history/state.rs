//! The state of an aggregate before and after one of its events, as far as the two differ.
//!
//! **Invariant:** both states are folded by the aggregate itself from its own events, so they are what it decided on.

use cqrs_es::Aggregate;
use domain::{Decider, Grant, Org, ResourceType};
use serde_json::{Map, Value};

use crate::event_log::{self, EventLog, ReadError, Recorded};

/// The states before and after an event, each as its fields by name. People that are the same in both are left out.
pub async fn around(log: &EventLog, event: &Recorded) -> Result<(Value, Value), ReadError> {
    match event.aggregate_type.as_str() {
        Org::TYPE => folded::<Org>(log, event).await,
        Grant::TYPE => folded::<Grant>(log, event).await,
        ResourceType::TYPE => folded::<ResourceType>(log, event).await,
        _ => event.decode().map(|_| (Value::Null, Value::Null)).map_err(ReadError::from),
    }
}

async fn folded<A: Decider>(log: &EventLog, event: &Recorded) -> Result<(Value, Value), ReadError> {
    let before: A = event_log::as_of(log, &event.stream(), event.sequence - 1).await?;
    let mut aggregate = before.clone();
    aggregate.apply(event.event::<A>()?);
    // Comparing a hundred thousand people takes a while, so it does not run on the threads that serve requests.
    let compared = tokio::task::spawn_blocking(move || {
        let (before, after) = A::apart(before, aggregate);
        (facets(&before), facets(&after))
    });
    Ok(compared.await.unwrap_or_default())
}

fn facets<A: Aggregate>(aggregate: &A) -> Value {
    // A state that can't be shown is shown as empty; the page shows the event itself as well.
    Value::Object(serde_json::to_value(aggregate).map(fields).unwrap_or_default())
}

/// The fields of a state. The status of the aggregate becomes one of them, and so does its status before it was archived.
fn fields(state: Value) -> Map<String, Value> {
    let state = match state {
        Value::Object(members) if members.len() == 1 => members,
        Value::Object(members) => return members,
        Value::String(situation) => return Map::from_iter([(SITUATION.to_owned(), situation.into())]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return Map::new(),
    };
    let Some((situation, inside)) = state.into_iter().next() else { return Map::new() };
    let mut parts = if let Value::Array(parts) = inside { parts } else { vec![inside] }.into_iter();
    let mut members = parts.next().map(fields).unwrap_or_default();
    members.extend(parts.next().map(|reason| ("reason".to_owned(), reason)));
    if let Some(before) = members.insert(SITUATION.to_owned(), situation.into()) {
        members.insert("before that".to_owned(), before);
    }
    members
}

const SITUATION: &str = "situation";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_situation_is_a_field_like_others() {
        assert_eq!(Value::Object(fields(json!("Unborn"))), json!({"situation": "Unborn"}));
        let suspended = json!({"Suspended": [{"name": "Acme", "slug": "acme"}, "Unpaid"]});
        let expected = json!({"situation": "Suspended", "name": "Acme", "slug": "acme", "reason": "Unpaid"});
        assert_eq!(Value::Object(fields(suspended)), expected);
        let archived = json!({"Archived": {"Active": {"name": "Acme", "slug": "acme"}}});
        let expected =
            json!({"situation": "Archived", "before that": "Active", "name": "Acme", "slug": "acme"});
        assert_eq!(Value::Object(fields(archived)), expected);
        assert_eq!(
            Value::Object(fields(json!({"roles": {}, "requests": []}))),
            json!({"roles": {}, "requests": []})
        );
    }
}
