//! What one order did to many organisations, and which of them refused.
//!
//! **Invariant:** nothing is kept of an order as a whole. What it did stands in the log, what refused in the access log, both
//! under its id as correlation.

use std::collections::{BTreeMap, HashMap};

use domain::AnyEvent;
use domain::org::{LifecycleEvent, OrgEvent};
use domain::values::OrgId;
use maud::{Markup, html};
use projections::access_log::{self, Refused};
use projections::event_log::Recorded;
use projections::history::together;
use projections::org_detail;
use uuid::Uuid;

use crate::access::Operator;
use crate::app::App;
use crate::clock;
use crate::layout::names::Names;
use crate::ui::{self, Column, Tone};
use crate::web::error::Error;
use crate::web::paths;

/// The most refusals of one order that are read. Refusals of the same form sent again count too.
const REFUSALS: i64 = 500;

/// An order to many organisations, and what came of it.
pub struct BulkResult {
    correlation: Uuid,
    /// Oldest first.
    pub events: Vec<Recorded>,
    /// The last refusal of each organisation to which nothing was done.
    pub refused: BTreeMap<Uuid, Refused>,
    /// The names of the organisations above.
    names: HashMap<Uuid, String>,
}

/// Says what the viewer just did to many organisations, with the link that reverts all of it.
pub async fn notice(app: &App, operator: &Operator, correlation: Uuid) -> Result<Markup, Error> {
    let done = BulkResult::load(app, operator, correlation).await?;
    let undo = ui::undo(&paths::bulk_revert(correlation), &clock::new_id().to_string());
    let tone = if done.refused.is_empty() { Tone::Good } else { Tone::Warning };
    Ok(ui::note(
        tone,
        html! {
            p { "You " (done.told()) "." @if let Some(refused) = done.refused_in_short() { " " (refused) } }
            (undo)
        },
    ))
}

impl BulkResult {
    pub async fn load(app: &App, operator: &Operator, correlation: Uuid) -> Result<Self, Error> {
        let events = together::events(&app.log, &operator.platform, correlation).await?;
        if events.is_empty() {
            return Err(Error::NotFound);
        }
        let refusals = access_log::of_correlation(&app.db, &operator.platform, correlation, REFUSALS).await?;
        let of_org = |refused: Refused| {
            let id = refused.target.strip_prefix("org:")?.parse().ok()?;
            Some((id, refused))
        };
        let mut refused: BTreeMap<Uuid, Refused> = refusals.into_iter().filter_map(of_org).collect();
        let mut done = Self { correlation, events, refused: BTreeMap::new(), names: HashMap::new() };
        for (org, _) in done.orgs() {
            refused.remove(&org.0);
        }
        let ids: Vec<Uuid> = refused.keys().copied().collect();
        done.names = org_detail::names_shown(&app.db, &operator.platform, &ids).await?;
        done.refused = refused;
        Ok(done)
    }

    /// What was done to each organisation.
    pub fn orgs(&self) -> Vec<(OrgId, Vec<&Recorded>)> {
        let mut orgs: Vec<(OrgId, Vec<&Recorded>)> = vec![];
        for event in &self.events {
            let Ok(AnyEvent::Org(id, _)) = event.decode() else { continue };
            match orgs.iter_mut().find(|(org, _)| *org == id) {
                Some((_, events)) => events.push(event),
                None => orgs.push((id, vec![event])),
            }
        }
        orgs
    }

    /// What was done, in words: "suspended 12 organisations".
    pub fn told(&self) -> String {
        let orgs = self.orgs();
        let first = |events: &[&Recorded]| events.first().and_then(|event| event.decode().ok());
        let all = |is: fn(&OrgEvent) -> bool| {
            orgs.iter()
                .all(|(_, events)| matches!(first(events), Some(AnyEvent::Org(_, event)) if is(&event)))
        };
        let did = if all(|event| matches!(event, OrgEvent::Lifecycle(LifecycleEvent::OrgSuspended { .. }))) {
            "suspended"
        } else if all(|event| matches!(event, OrgEvent::Lifecycle(LifecycleEvent::OrgReinstated {}))) {
            "reinstated"
        } else {
            "changed"
        };
        format!("{did} {}", counted(orgs.len()))
    }

    pub fn title(&self) -> String {
        let told = self.told();
        format!("{}{}", told[..1].to_uppercase(), &told[1..])
    }

    /// The line that says who gave the order, and when.
    pub fn origin(&self, names: &Names) -> Markup {
        let first = self.events.first();
        let actor = first.and_then(|event| event.metadata().ok()).map(|metadata| metadata.actor);
        html! {
            @if let Some((event, actor)) = first.zip(actor) {
                "One order by " (names.actor(actor)) ", " (ui::time(event.recorded_at.into()))
                ". Each organisation has an event of its own."
            }
        }
    }

    pub fn way_back(&self, operator: &Operator) -> Markup {
        html! {
            @if operator.identity.is_superadmin() {
                (ui::button_link("Revert all of it", &paths::bulk_revert(self.correlation)))
            }
        }
    }

    pub fn name(&self, org: &Uuid) -> &str {
        self.names.get(org).map_or("an organisation", String::as_str)
    }

    /// The refusals in short: "1 was refused: Acme (it is archived)."
    pub fn refused_in_short(&self) -> Option<String> {
        let told = self.refused.iter().map(|(org, it)| format!("{} ({})", self.name(org), it.refusal));
        let told = told.collect::<Vec<_>>().join(", ");
        match self.refused.len() {
            0 => None,
            1 => Some(format!("1 was refused: {told}.")),
            number => Some(format!("{number} were refused: {told}.")),
        }
    }

    pub fn refusals(&self) -> Markup {
        let columns = [Column::new("Organisation"), Column::new("Why").wide(), Column::new("When")];
        let row = |(org, it): (&Uuid, &Refused)| {
            vec![
                html! { a href=(paths::org(*org)) { (self.name(org)) } },
                html! { (it.refusal) },
                ui::exact_time(it.at.into()),
            ]
        };
        ui::table("What was refused", &columns, &self.refused.iter().map(row).collect::<Vec<_>>())
    }
}

/// A number of organisations in words: "1 organisation", "12 organisations".
pub fn counted(number: usize) -> String {
    if number == 1 { "1 organisation".to_owned() } else { format!("{number} organisations") }
}
