//! Which kinds of things does the product have, and which organisations have them?
//!
//! **Invariant:** which organisation has a type is computed where it is asked, from one row of the type and one of the
//! organisation: a change of policy writes one row, however many organisations there are.

use std::collections::HashMap;

use cqrs_es::Aggregate;
use domain::org::{ChoiceEvent, OrgEvent};
use domain::resource_type::{Action, Definition, ResourceTypeEvent, RolloutPolicy};
use domain::{AnyEvent, ResourceType};
use uuid::Uuid;

use crate::db::{Db, read, row, scoped};
use crate::fold::{Entry, FoldError, begun_before};
use crate::org_detail::OrgDetail;
use crate::scope::{Platform, Scope};
use crate::table::{ById, ChangeableRow, Rows, key_of, table};
use crate::timestamp::Timestamp;

table! {
    /// A resource type as it is now.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ResourceTypeRow in resource_type by "code" {
        pub code: String,
        /// A UUID made from the code.
        pub type_id: Uuid,
        pub label: String,
        pub description: String,
        /// The actions, with commas between them.
        pub actions: String,
        pub spread: String,
        pub active: bool,
        /// Why it is deactivated.
        pub reason: Option<String>,
        /// The last sequence of its stream. A form sends it back, to notice that the type has changed since.
        pub sequence: i64,
        /// Position of its first event.
        pub position: i64,
        /// The position from which its policy counts: organisations created after it are new.
        pub spread_position: i64,
        pub defined_at: Timestamp,
        pub changed_at: Timestamp,
        pub changed_by: String,
    }
}

table! {
    /// What one organisation chose about one type, or chose once and dropped.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ChoiceRow in org_resource_choice by "org_id, code" {
        pub org_id: Uuid,
        pub code: String,
        pub choice: Option<String>,
        /// Position of the first event about it.
        pub position: i64,
        /// Position of the last event about it.
        pub chosen_position: i64,
        pub chosen_at: Timestamp,
        pub chosen_by: String,
    }
}

row! {
    /// How many organisations there are, how many of them have a type, and how many chose for themselves; archived ones
    /// don't count.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Reach {
        pub organisations: i64,
        pub reached: i64,
        pub opted_in: i64,
        pub opted_out: i64,
    }
}

row! {
    /// A type as one organisation sees it.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct OrgResourceType {
        pub code: String,
        pub label: String,
        pub description: String,
        pub actions: String,
        pub spread: String,
        pub spread_position: i64,
        /// Position of the organisation's first event.
        pub created_position: i64,
        pub choice: Option<String>,
        pub chosen_position: Option<i64>,
        pub chosen_at: Option<Timestamp>,
        pub chosen_by: Option<String>,
    }
}

impl OrgResourceType {
    /// The type as an organisation sees it, given its choice if it made one.
    pub(crate) fn of(row: &ResourceTypeRow, org: &OrgDetail, chosen: Option<&ChoiceRow>) -> Self {
        Self {
            code: row.code.clone(),
            label: row.label.clone(),
            description: row.description.clone(),
            actions: row.actions.clone(),
            spread: row.spread.clone(),
            spread_position: row.spread_position,
            created_position: org.position,
            choice: chosen.and_then(|chosen| chosen.choice.clone()),
            chosen_position: chosen.map(|chosen| chosen.chosen_position),
            chosen_at: chosen.map(|chosen| chosen.chosen_at),
            chosen_by: chosen.map(|chosen| chosen.chosen_by.clone()),
        }
    }

    /// The actions that are possible with things of the type.
    pub fn verbs(&self) -> impl Iterator<Item = Action> {
        verbs(&self.actions)
    }

    /// Says whether the organisation has the type.
    pub fn is_enabled(&self) -> bool {
        let choice = self.choice.as_deref().and_then(|choice| choice.parse().ok());
        let spread: Option<RolloutPolicy> = self.spread.parse().ok();
        spread.is_some_and(|spread| spread.reaches(self.created_position, self.spread_position, choice))
    }

    /// Says why the organisation has the type or not: `policy` or `choice`.
    pub fn because(&self) -> &'static str {
        if self.choice.is_some() { "choice" } else { "policy" }
    }
}

/// Reads actions from the text in read models, which has commas between them.
pub fn verbs(text: &str) -> impl Iterator<Item = Action> {
    text.split(", ").filter_map(|verb| verb.parse().ok())
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

/// The hash of the last event of each resource type. They change when a type is defined or changed, and also if the
/// database was restored to an earlier moment and went on differently.
pub async fn last_hashes(db: &Db) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    let hashes: Vec<Option<Vec<u8>>> = read!(db, |pool| {
        sqlx::query_scalar(include_str!("sql/resource_types/last_hashes.sql")).fetch_all(pool).await
    })?;
    Ok(hashes.into_iter().map(Option::unwrap_or_default).collect())
}

/// How many organisations have a type.
pub async fn reach(db: &Db, platform: &Platform, row: &ResourceTypeRow) -> Result<Reach, sqlx::Error> {
    platform.lists([]);
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/resource_types/reach.sql"))
            .bind(&row.code)
            .bind(&row.spread)
            .bind(row.spread_position)
            .fetch_one(pool)
            .await
    })
}

/// How many organisations there are.
pub async fn organisations(db: &Db, platform: &Platform) -> Result<i64, sqlx::Error> {
    platform.lists([]);
    read!(db, |pool| {
        sqlx::query_scalar(include_str!("sql/resource_types/organisations.sql")).fetch_one(pool).await
    })
}

/// The active types, by their codes, as one organisation sees them: those that it has, and those that it could have.
pub async fn of_org(db: &Db, scope: &Scope, org_id: Uuid) -> Result<Vec<OrgResourceType>, sqlx::Error> {
    scoped!(db, scope, org_id, |conn| {
        sqlx::query_as(include_str!("sql/resource_types/of_org.sql")).bind(org_id).fetch_all(conn).await
    })
}

impl ChangeableRow for ResourceTypeRow {
    const BY_ID: ById = ById::Column(include_str!("sql/resource_types/get_many.sql"));

    fn id(&self) -> (Uuid, u128) {
        (self.type_id, 0)
    }

    fn aggregate(&self) -> Uuid {
        self.type_id
    }
}

impl ChangeableRow for ChoiceRow {
    const BY_ID: ById = ById::Column(include_str!("sql/resource_types/choices.sql"));

    fn id(&self) -> (Uuid, u128) {
        (self.org_id, u128::from(self.position.unsigned_abs()))
    }

    fn aggregate(&self) -> Uuid {
        self.org_id
    }
}

pub(crate) async fn fold(rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
    let (about_types, of_orgs): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().partition(|entry| entry.recorded.aggregate_type == ResourceType::TYPE);
    fold_types(rows, &about_types).await?;
    fold_choices(rows, &of_orgs).await
}

async fn fold_types(rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
    let found: Vec<ResourceTypeRow> = rows.find(begun_before(entries)).await?;
    let mut types: HashMap<String, ResourceTypeRow> =
        found.into_iter().map(|row| (row.code.clone(), row)).collect();
    for entry in entries {
        let AnyEvent::ResourceType(code, event) = entry.event()? else { continue };
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

async fn fold_choices(rows: &mut Rows<'_>, entries: &[&Entry]) -> Result<(), FoldError> {
    let mut chosen = vec![];
    for entry in entries {
        let (code, choice) = match entry.event()? {
            AnyEvent::Org(_, OrgEvent::Choice(ChoiceEvent::ResourceTypeChosen { code, choice })) => {
                (code, Some(*choice))
            }
            AnyEvent::Org(_, OrgEvent::Choice(ChoiceEvent::ResourceTypeChoiceDropped { code })) => {
                (code, None)
            }
            AnyEvent::Org(..) | AnyEvent::Grant(..) | AnyEvent::ResourceType(..) => continue,
        };
        chosen.push((*entry, key_of(&entry.recorded.aggregate_id), code.to_string(), choice));
    }
    let found: Vec<ChoiceRow> = rows.find(chosen.iter().map(|(_, org_id, ..)| *org_id).collect()).await?;
    let mut choices: HashMap<(Uuid, String), ChoiceRow> =
        found.into_iter().map(|row| ((row.org_id, row.code.clone()), row)).collect();
    for (entry, org_id, code, choice) in chosen {
        let before = choices.get(&(org_id, code.clone())).map(|row| row.position);
        let row = ChoiceRow {
            org_id,
            code: code.clone(),
            choice: choice.map(|choice| choice.as_str().to_owned()),
            position: before.unwrap_or(entry.recorded.position),
            chosen_position: entry.recorded.position,
            chosen_at: entry.recorded.recorded_at,
            chosen_by: entry.metadata()?.actor.to_string(),
        };
        choices.insert((org_id, code), row);
    }
    rows.put(choices.into_values().collect());
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
            E::ResourceTypeSpreadChanged { spread, since } => {
                let spread_position = since.unwrap_or(entry.recorded.position);
                Self { spread: spread.as_str().to_owned(), spread_position, ..self }
            }
            E::ResourceTypeDeactivated { reason } => {
                Self { active: false, reason: Some(reason.to_string()), ..self }
            }
            E::ResourceTypeReactivated {} => Self { active: true, reason: None, ..self },
        })
    }
}
