//! What operators looked at of one organisation: the same table for them and for whoever owns it.

use maud::{Markup, html};
use projections::Scope;
use projections::operator_reads::{self, Look};
use uuid::Uuid;

use crate::app::App;
use crate::error::Error;
use crate::pages::names::Names;
use crate::paths;
use crate::ui::{self, Column};

/// Pages that show one organisation, by the patterns of their routes, in words that its owner understands.
const PAGES: &[(&str, &str)] = &[
    (paths::ADMIN_ORG, "Overview"),
    (paths::ADMIN_ORG_MEMBERS, "Members and invitations"),
    (paths::ADMIN_ORG_HISTORY, "History"),
    (paths::ADMIN_HISTORY, "The history of all, for this organisation"),
    (paths::ADMIN_HISTORY_EXPORT, "An export of the history"),
    (paths::ADMIN_HISTORY_TAIL, "The history of all, while it goes on"),
    (paths::ADMIN_EVENT, "An event of the history"),
    (paths::ADMIN_ORG_ACCESS, "Operator access"),
    (paths::ADMIN_ORG_REASON, "Operator access, to say why"),
    (paths::ADMIN_ORG_TYPES, "Resource types"),
    (paths::ADMIN_ORG_CHOICE, "A resource type, to choose it or not"),
    (paths::ADMIN_ORG_ACTION, "A form that changes the organisation"),
    (paths::ADMIN_ORGS_SUSPENSION, "A form that suspends several organisations"),
    (paths::ADMIN_ORGS_REINSTATEMENT, "A form that reinstates several organisations"),
    (paths::ADMIN_REVERT, "An event of the history, to undo it"),
    (paths::ADMIN_BULK, "What was done to several organisations together"),
    (paths::ADMIN_BULK_REVERT, "What was done to several organisations, to undo it"),
    (paths::ADMIN_ORG_LINK, "An invitation, to renew its link"),
    (paths::ADMIN_ORG_WITHDRAWAL, "An invitation, to withdraw it"),
];

/// What a page that shows one organisation is called.
pub fn page_name(pattern: &str) -> Option<&'static str> {
    let pattern = pattern.split('?').next().unwrap_or_default(); // an export says what was asked for
    PAGES.iter().find(|(page, _)| *page == pattern).map(|(_, name)| *name)
}

/// Looks on a page.
const SHOWN: i64 = 50;

/// One page of looks at an organisation, newest first.
pub struct Looks {
    rows: Vec<Look>,
    names: Names,
    /// Whether these are not the newest.
    later: bool,
}

impl Looks {
    pub async fn of(app: &App, scope: &Scope, org_id: Uuid, before: Option<Uuid>) -> Result<Self, Error> {
        let looks = operator_reads::of_org(&app.db, scope, org_id, before, SHOWN).await?;
        let people: Vec<Uuid> = looks.iter().map(|look| look.person_id).collect();
        let names = Names::of_people(app, &people).await?;
        Ok(Self { rows: looks, names, later: before.is_some() })
    }

    pub fn table(&self) -> Markup {
        if self.rows.is_empty() {
            let next = html! { "As soon as somebody who runs this service opens a page about this organisation, it stands here." };
            return ui::empty("Nobody has looked.", next);
        }
        let columns = [Column::new("Who"), Column::new("Looked at"), Column::new("When"), Column::new("Why")];
        let rows: Vec<Vec<Markup>> = self.rows.iter().map(|look| self.row(look)).collect();
        ui::table("Operator access", &columns, &rows)
    }

    fn row(&self, look: &Look) -> Vec<Markup> {
        let who = self.names.person(look.person_id);
        vec![
            html! { span.person { (ui::monogram(&who, "person")) (who) } },
            html! { (page_name(&look.page).unwrap_or("A page that is gone by now")) },
            ui::exact_time(look.at.into()),
            html! { (look.reason.as_deref().unwrap_or("–")) },
        ]
    }

    /// The way to the looks before these, and back to the newest.
    pub fn pager(&self, here: &str) -> Markup {
        let full = i64::try_from(self.rows.len()).unwrap_or(i64::MAX) == SHOWN;
        let last = self.rows.last().filter(|_| full).map(|look| look.read_id);
        ui::newest_first(here, self.later, last)
    }
}
