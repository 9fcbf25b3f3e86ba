//! Which kinds of things does the product have, and which organisations have them?
//!
//! **Invariant:** which organisation has a type is computed where it is asked, from one row of the type and one of the
//! organisation: a change of policy writes one row, however many organisations there are.

use std::collections::HashMap;

use domain::Fact;
use domain::resource_type::{Definition, ResourceTypeEvent};
use uuid::Uuid;

use crate::db::{Db, read, row};
use crate::projector::{Entry, FoldError, begun_before};
use crate::scope::Platform;
use crate::table::{Found, Rows, key_of, table};
use crate::timestamp::Timestamp;

table! {
    /// A resource type as it is now.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ResourceTypeRow in resource_type by "code" {
        pub code: String,
        /// Made of the code.
        pub type_id: Uuid,
        pub label: String,
        pub description: String,
        /// With commas between them.
        pub actions: String,
        pub spread: String,
        pub active: bool,
        /// Why it is deactivated.
        pub reason: Option<String>,
        /// Of its stream: what a form expects not to have moved.
        pub sequence: i64,
        /// Of its first event.
        pub position: i64,
        /// Of the event that gave it its spread: who is new is new after this.
        pub spread_position: i64,
        pub defined_at: Timestamp,
        pub changed_at: Timestamp,
        pub changed_by: String,
    }
}

row! {
    /// How many organisations a type would reach by each policy, and how many there are; archived ones don't count.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Reach {
        pub organisations: i64,
        /// Created after the type got the policy that it has.
        pub new: i64,
    }
}

/// All resource types, active ones first and by their codes.
pub async fn all(db: &Db, _: &Platform) -> Result<Vec<ResourceTypeRow>, sqlx::Error> {
    read!(db, |pool| sqlx::query_as(include_str!("sql/resource_types/all.sql")).fetch_all(pool).await)
}

/// One resource type.
pub async fn get(db: &Db, _: &Platform, code: &str) -> Result<Option<ResourceTypeRow>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/resource_types/get.sql")).bind(code).fetch_optional(pool).await
    })
}

/// How many organisations there are, and how many of them were created after a position.
pub async fn reach(db: &Db, platform: &Platform, decided: i64) -> Result<Reach, sqlx::Error> {
    platform.lists();
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/resource_types/reach.sql")).bind(decided).fetch_one(pool).await
    })
}

impl Found for ResourceTypeRow {
    const BY_ID: &'static str = include_str!("sql/resource_types/get_many.sql");

    fn id(&self) -> (Uuid, i64) {
        (self.type_id, 0)
    }

    fn aggregate(&self) -> Uuid {
        self.type_id
    }
}

pub(crate) async fn fold(rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
    let found: Vec<ResourceTypeRow> = rows.find(begun_before(entries)).await?;
    let mut types: HashMap<String, ResourceTypeRow> =
        found.into_iter().map(|row| (row.code.clone(), row)).collect();
    for entry in entries {
        let Fact::ResourceType(code, event) = entry.fact()? else { continue };
        let row = match (types.remove(code.as_str()), event) {
            (_, ResourceTypeEvent::ResourceTypeDefined(definition)) => {
                ResourceTypeRow::new(code.as_str(), definition, entry)?
            }
            (Some(row), _) => row.after(event, entry)?,
            (None, _) => return Err(entry.poison("a resource type begins with ResourceTypeDefined")),
        };
        types.insert(row.code.clone(), row);
    }
    rows.put(types.into_values().collect());
    Ok(())
}

impl ResourceTypeRow {
    fn new(code: &str, definition: &Definition, entry: &Entry) -> Result<Self, FoldError> {
        let (position, at) = (entry.recorded.position, entry.recorded.recorded_at);
        Ok(Self {
            code: code.to_owned(),
            type_id: key_of(code),
            label: definition.label.to_string(),
            description: definition.description.to_string(),
            actions: definition.actions.to_string(),
            spread: definition.spread.as_str().to_owned(),
            active: true,
            reason: None,
            sequence: entry.recorded.sequence,
            position,
            spread_position: position,
            defined_at: at,
            changed_at: at,
            changed_by: entry.metadata()?.actor.to_string(),
        })
    }

    fn after(mut self, event: &ResourceTypeEvent, entry: &Entry) -> Result<Self, FoldError> {
        use ResourceTypeEvent as E;
        self.sequence = entry.recorded.sequence;
        self.changed_at = entry.recorded.recorded_at;
        self.changed_by = entry.metadata()?.actor.to_string();
        Ok(match event {
            E::ResourceTypeDefined(_) => self,
            E::ResourceTypeRelabelled { label } => Self { label: label.to_string(), ..self },
            E::ResourceTypeDescribed { description } => Self { description: description.to_string(), ..self },
            E::ResourceTypeActionsSet { actions } => Self { actions: actions.to_string(), ..self },
            E::ResourceTypeSpreadChanged { spread } => {
                let spread_position = entry.recorded.position;
                Self { spread: spread.as_str().to_owned(), spread_position, ..self }
            }
            E::ResourceTypeDeactivated { reason } => {
                Self { active: false, reason: Some(reason.to_string()), ..self }
            }
            E::ResourceTypeReactivated {} => Self { active: true, reason: None, ..self },
        })
    }
}
