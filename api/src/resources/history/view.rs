//! The query of the history as its URL has it, and the filter that it stands for.
//!
//! **Invariant:** everything that was typed stays, and what can't be understood has a sentence beside its field.

use chrono::{DateTime, Datelike, Utc};
use domain::Actor;
use domain::event::EVENT_TYPES;
use projections::history::{self, HistoryFilter, Only, PagePlace, filter};
use projections::org_list::{self, OrgListOrder};
use projections::{Timestamp, org_detail, people};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Operator;
use crate::app::App;
use crate::clock;
use crate::layout::form::{self, Errors};
use crate::web::error::Error;
use crate::web::paths;

/// The whole state of the history page, as its URL has it.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(default)]
pub struct HistoryQuery {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub q: String,
    /// `org`, `grant` or `resource_type`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// `today`, or a number of days.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last: String,
    /// `reverts` or `reverted`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub only: String,
    /// A part of an address or name, `shell`, `setup` or `timer`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub actor: String,
    /// The first letters of an event type.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub event: String,
    /// An id, a slug, or a part of a name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub org: String,
    /// The id of the thing that the events are about.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub correlation: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub to: String,
    /// Show only events before this position.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub before: String,
    /// Show only events after this position.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub after: String,
}

/// The most people that one part of a name may match.
const PEOPLE: usize = 20;

/// How many organisations are named if a part of a name matches several.
const NAMED: usize = 5;

impl HistoryQuery {
    pub fn query(&self) -> String {
        serde_html_form::to_string(self).unwrap_or_default()
    }

    pub fn url(&self) -> String {
        self.at(paths::ADMIN_HISTORY)
    }

    /// The address of another page with the same filters.
    pub fn at(&self, path: &str) -> String {
        let query = self.query();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The same filters from the newest event on, without a place in the list.
    #[must_use]
    pub fn newest(&self) -> Self {
        Self { before: String::new(), after: String::new(), ..self.clone() }
    }

    /// The place in the list where the page begins.
    pub fn place(&self, errors: &mut Errors) -> PagePlace {
        let mut read = |typed: &str| {
            let position = typed.parse().ok().filter(|position: &i64| *position >= 0);
            if position.is_none() {
                errors.add(
                    "",
                    format!("“{typed:.30}” is no position in the history. Start from the newest event."),
                );
            }
            position
        };
        match (self.after.as_str(), self.before.as_str()) {
            ("", "") => PagePlace::Newest,
            ("", before) => read(before).map_or(PagePlace::Newest, PagePlace::Before),
            (after, _) => read(after).map_or(PagePlace::Newest, PagePlace::After),
        }
    }

    /// The filter that the query asks for. What is wrong with it is noted beside its field.
    pub async fn filter(
        &self,
        app: &App,
        operator: &Operator,
    ) -> Result<Result<HistoryFilter, Errors>, Error> {
        let mut errors = Errors::default();
        let text = Some(self.q.trim().to_owned()).filter(|text| !text.is_empty());
        let mut filter = HistoryFilter { text, ..HistoryFilter::default() };
        filter.types = self.types(&mut errors);
        filter.only = self.only(&mut errors);
        self.times(&mut filter, &mut errors);
        filter.actors = self.actors(app, operator, &mut errors).await?;
        filter.org = self.org(app, operator, &mut errors).await?;
        self.subject(app, &mut filter, &mut errors).await?;
        Ok(if errors.is_empty() { Ok(filter) } else { Err(errors) })
    }

    fn types(&self, errors: &mut Errors) -> Option<Vec<&'static str>> {
        let (kind, event) = (self.kind.trim(), self.event.trim());
        if kind.is_empty() && event.is_empty() {
            return None;
        }
        if !kind.is_empty() && !EVENT_TYPES.iter().any(|(known, _)| *known == kind) {
            errors.add("kind", "there are events of organisations (org), of roles (grant) and of resource types (resource_type)");
            return None;
        }
        let types = filter::types(kind, event);
        if types.is_empty() {
            errors.add(
                "event",
                "no type of event begins like this; try Org, Member, Superadmin or ResourceType",
            );
        }
        Some(types)
    }

    fn only(&self, errors: &mut Errors) -> Option<Only> {
        match self.only.as_str() {
            "" => None,
            "reverts" => Some(Only::Reverts),
            "reverted" => Some(Only::Reverted),
            _ => {
                errors.add("only", "choose reverts, reverted, or nothing for all events");
                None
            }
        }
    }

    fn times(&self, filter: &mut HistoryFilter, errors: &mut Errors) {
        let now = clock::now();
        let recent = match self.last.as_str() {
            "" => None,
            "today" => {
                DateTime::<Utc>::from(now).date_naive().and_hms_opt(0, 0, 0).map(|at| at.and_utc().into())
            }
            days => {
                let days = days.parse().ok().filter(|days| (1..=3650).contains(days));
                if days.is_none() {
                    errors.add("last", "choose today, or a number of days from 1 to 3650");
                }
                days.map(|days| clock::after(-chrono::Duration::days(days)))
            }
        };
        let from = moment("from", &self.from, now, errors);
        filter.to = moment("to", &self.to, now, errors);
        filter.from = from.max(recent);
        if let (Some(from), Some(to)) = (filter.from, filter.to)
            && from >= to
        {
            errors.add("to", "the end must be later than the beginning");
        }
    }

    async fn actors(
        &self,
        app: &App,
        operator: &Operator,
        errors: &mut Errors,
    ) -> Result<Option<Vec<String>>, Error> {
        let typed = self.actor.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        let id: Option<Uuid> = typed.strip_prefix("person:").unwrap_or(typed).parse().ok();
        if let Some(id) = id {
            return Ok(Some(vec![format!("person:{id}")]));
        }
        if let Ok(actor) = typed.to_lowercase().parse::<Actor>() {
            return Ok(Some(vec![actor.to_string()]));
        }
        let limit = i64::try_from(PEOPLE + 1).unwrap_or(i64::MAX);
        let found = people::found(&app.db, &operator.platform, typed, limit).await?;
        if found.is_empty() {
            errors.add(
                "actor",
                "nobody has this in their address or name; the server itself is shell, setup or timer",
            );
        } else if found.len() > PEOPLE {
            errors.add("actor", format!("this fits more than {PEOPLE} people; type more of the address"));
        }
        Ok(Some(found.iter().map(|id| format!("person:{id}")).collect()))
    }

    async fn org(&self, app: &App, operator: &Operator, errors: &mut Errors) -> Result<Option<Uuid>, Error> {
        let typed = self.org.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        if let Ok(id) = typed.parse::<Uuid>() {
            if !org_detail::names(&app.db, &[id]).await?.contains_key(&id) {
                errors.add("org", "there is no organisation with this id");
            }
            return Ok(Some(id));
        }
        if let Some(holder) = org_detail::holder(&app.db, &typed.to_lowercase()).await? {
            return Ok(Some(holder.org_id));
        }
        let filter =
            org_list::OrgListFilter { text: Some(typed.to_owned()), ..org_list::OrgListFilter::default() };
        let page =
            org_list::page(&app.db, &operator.platform, &filter, &OrgListOrder::default(), NAMED).await?;
        match page.rows.as_slice() {
            [] => errors
                .add("org", "no organisation has this in its name; archived ones are found by slug or id"),
            [one] => return Ok(Some(one.org_id)),
            several => {
                let names: Vec<String> =
                    several.iter().map(|org| format!("{} ({})", org.name, org.slug)).collect();
                let more = if page.more_after { " and others" } else { "" };
                errors.add("org", format!("this fits {}{more}; type the slug of one", names.join(", ")));
            }
        }
        Ok(None)
    }

    /// Reads the ids that somebody pasted: what the events are about, and the correlation.
    async fn subject(&self, app: &App, filter: &mut HistoryFilter, errors: &mut Errors) -> Result<(), Error> {
        let (about, correlation) = (self.about.trim(), self.correlation.trim());
        let id: Option<Uuid> = about.parse().ok();
        let known = match id {
            Some(id) => org_detail::names(&app.db, &[id]).await?.contains_key(&id),
            None => false,
        };
        if let Some(id) = id.filter(|id| known && filter.org.is_none_or(|org| org == *id)) {
            filter.org = Some(id);
        } else if !about.is_empty() {
            let stream = id.map_or_else(|| about.to_lowercase(), |id| id.to_string());
            filter.stream = Some(stream.clone());
            let of_it = HistoryFilter { stream: Some(stream), ..HistoryFilter::default() };
            if !known && !history::is_any(&app.log, &of_it).await? {
                errors.add("about", "there is no event about anything with this id");
            }
        }
        if !correlation.is_empty() {
            filter.correlation = correlation.parse().ok();
            let of_it = HistoryFilter { correlation: filter.correlation, ..HistoryFilter::default() };
            if filter.correlation.is_none() {
                errors
                    .add("correlation", "this is no id; one looks like 01a12eea-1f6e-74d4-b96f-58da6d4a8512");
            } else if !history::is_any(&app.log, &of_it).await? {
                errors.add("correlation", "nothing in the history has this correlation id");
            }
        }
        Ok(())
    }
}

fn moment(field: &'static str, typed: &str, now: Timestamp, errors: &mut Errors) -> Option<Timestamp> {
    let typed = typed.trim();
    if typed.is_empty() {
        return None;
    }
    let day = || form::utc(&format!("{typed} 00:00"));
    let at = DateTime::parse_from_rfc3339(typed)
        .map(|at| at.to_utc())
        .ok()
        .or_else(|| form::utc(typed))
        .or_else(day);
    let Some(at) = at.filter(|at| (1970..=9999).contains(&at.year())).map(Timestamp::from) else {
        errors.add(field, "give a time like 2026-11-23 10:00, in UTC");
        return None;
    };
    if at > now {
        errors.add(field, "this moment has not come yet, so nothing has happened then");
    }
    Some(at)
}
