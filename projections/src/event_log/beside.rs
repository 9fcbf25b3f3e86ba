//! What must be there together with events and can't be among them: whom they invite, and the link that was made.
//!
//! **Invariant:** written in the transaction of the events, or not at all. A refused command leaves no trace.

use std::collections::HashMap;

use domain::values::{Email, PersonId};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::Append;
use super::check::{Known, Verdict};
use crate::db::{Tx, on};
use crate::links::Link;

/// Somebody who is invited, and the link that invites them.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Whom the events name.
    pub person: PersonId,
    /// Their address. If it is somebody else's at the time of the append, or they have another, the append is refused.
    pub email: Email,
    pub token_hash: [u8; 32],
    pub link: Link,
}

/// Who has the addresses that a batch is about, and which addresses the people have whom it names.
pub(super) async fn read(tx: &mut Tx, batch: &[&Append]) -> Result<HashMap<String, Uuid>, sqlx::Error> {
    let invited = invited(batch);
    if invited.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, Uuid)> = on!(tx, |conn| {
        let mut query = QueryBuilder::new(include_str!("../sql/event_log/addresses.sql"));
        let mut list = query.separated(", ");
        for (address, _) in &invited {
            list.push_bind(*address);
        }
        query.push(") or person_id in (");
        let mut list = query.separated(", ");
        for (_, person) in &invited {
            list.push_bind(*person);
        }
        query.push(")").build_query_as().persistent(false).fetch_all(conn).await?
    });
    Ok(rows.into_iter().collect())
}

fn invited<'a>(batch: &[&'a Append]) -> Vec<(&'a str, Uuid)> {
    let besides = batch.iter().filter_map(|append| append.beside.as_ref());
    besides.map(|beside| (beside.email.as_str(), beside.person.0)).collect()
}

/// Writes what stands beside the appends that pass. A repeated one brings another link to the same invitation.
pub(super) async fn write(
    tx: &mut Tx,
    batch: &[&Append],
    verdicts: &[Verdict],
    known: &Known,
) -> Result<(), sqlx::Error> {
    let besides = passed(batch, verdicts);
    if besides.is_empty() {
        return Ok(());
    }
    on!(tx, |conn| {
        let mut people = QueryBuilder::new(include_str!("../sql/event_log/insert_people.sql"));
        people.push_values(&besides, |mut values, beside| {
            values.push_bind(beside.person.0).push_bind(beside.email.as_str()).push_bind(known.now);
        });
        people.push(" on conflict do nothing").build().persistent(false).execute(&mut *conn).await?;
        let mut links = QueryBuilder::new(include_str!("../sql/event_log/insert_links.sql"));
        links.push_values(&besides, |mut values, Beside { person, token_hash, link, .. }| {
            values.push_bind(token_hash.as_slice()).push_bind(link.purpose.as_str()).push_bind(person.0);
            values.push_bind(link.org_id).push_bind(link.invitation_id);
            values.push_bind(link.created_at).push_bind(link.expires_at);
        });
        links.build().persistent(false).execute(conn).await?;
    });
    Ok(())
}

fn passed<'a>(batch: &[&'a Append], verdicts: &[Verdict]) -> Vec<&'a Beside> {
    let passed = batch.iter().zip(verdicts).filter(|(_, verdict)| !matches!(verdict, Verdict::Refuse(_)));
    passed.filter_map(|(append, _)| append.beside.as_ref()).collect()
}
