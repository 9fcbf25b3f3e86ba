//! The operators' accesses to one organisation: the same table for operators and for its owners.

use maud::{Markup, html};
use projections::Scope;
use projections::operator_reads::{self, AccessRecord};
use uuid::Uuid;

use crate::app::App;
use crate::layout::names::Names;
use crate::ui::{self, Column};
use crate::web::error::Error;
use crate::web::paths;

/// Pages of the console, by the patterns of their routes, in words that an organisation's owner understands.
const PAGES: &[(&str, &str)] = &[
    (paths::ADMIN, "The list of organisations"),
    (paths::ADMIN_ORGS, "The list of organisations"),
    (paths::ADMIN_ORGS_NEW, "The form for a new organisation"),
    (paths::ADMIN_ORGS_SLUG, "Whether a slug is free"),
    (paths::ADMIN_ORG, "Overview"),
    (paths::ADMIN_ORG_MEMBERS, "Members and invitations"),
    (paths::ADMIN_ORG_MEMBER, "A form that changes a member"),
    (paths::ADMIN_ORG_HISTORY, "History"),
    (paths::ADMIN_HISTORY, "The history of all organisations"),
    (paths::ADMIN_HISTORY_EXPORT, "The history, as a file"),
    (paths::ADMIN_HISTORY_EXPORTS, "The list of exports"),
    (paths::ADMIN_HISTORY_TAIL, "The number of new events in the history"),
    (paths::ADMIN_HISTORY_REFUSED, "The list of refused commands"),
    (paths::ADMIN_HISTORY_SIGN_INS, "The list of sign-ins"),
    (paths::ADMIN_HISTORY_SEARCHES, "Saved searches of the history"),
    (paths::ADMIN_HISTORY_SEARCHES_REMOVAL, "Saved searches of the history"),
    (paths::ADMIN_HISTORY_READ_MODELS, "Checks of the history"),
    (paths::ADMIN_HISTORY_VERIFICATION, "Checks of the history"),
    (paths::ADMIN_HISTORY_REBUILD, "Checks of the history"),
    (paths::ADMIN_HISTORY_PROOF, "Proofs of the history"),
    (paths::ADMIN_HISTORY_PROOF_KEY, "Proofs of the history"),
    (paths::ADMIN_HISTORY_PROOF_CHECKPOINT, "Proofs of the history"),
    (paths::ADMIN_HISTORY_PROOF_CHECKPOINTS, "Proofs of the history"),
    (paths::ADMIN_EVENT, "An event of the history"),
    (paths::ADMIN_EVIDENCE, "An event of the history, with its proof"),
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
    (paths::ADMIN_REFERENCE, "Resource types of all organisations"),
    (paths::ADMIN_REFERENCE_NEW, "The form for a new resource type"),
    (paths::ADMIN_REFERENCE_COMPARE, "Resource types, compared"),
    (paths::ADMIN_RESOURCE_TYPE, "A resource type"),
    (paths::ADMIN_RESOURCE_CHANGE, "A form that changes a resource type"),
    (paths::ADMIN_SUPERADMINS, "The list of superadmins"),
    (paths::ADMIN_SUPERADMINS_NEW, "The form for a new superadmin"),
    (paths::ADMIN_GRANT_REQUEST, "A request to become superadmin"),
    (paths::ADMIN_REVOCATION, "A form that revokes a platform role"),
];

/// The name of a console page that shows data of organisations.
pub fn page_name(pattern: &str) -> Option<&'static str> {
    let pattern = pattern.split('?').next().unwrap_or_default(); // an export says what was asked for
    PAGES.iter().find(|(page, _)| *page == pattern).map(|(_, name)| *name)
}

/// How many entries are on a page.
const SHOWN: i64 = 50;

/// One page of the accesses to an organisation, newest first.
pub struct AccessRecords {
    rows: Vec<AccessRecord>,
    names: Names,
    /// True if there are newer entries than these.
    later: bool,
}

impl AccessRecords {
    pub async fn of(app: &App, scope: &Scope, org_id: Uuid, before: Option<Uuid>) -> Result<Self, Error> {
        let looks = operator_reads::of_org(&app.db, scope, org_id, before, SHOWN).await?;
        let people: Vec<Uuid> = looks.iter().map(|look| look.person_id).collect();
        let names = Names::of_people(app, &people).await?;
        Ok(Self { rows: looks, names, later: before.is_some() })
    }

    pub fn table(&self) -> Markup {
        if self.rows.is_empty() {
            let next = html! { "Whenever somebody who runs this service looks at data of this organisation, it is listed here." };
            return ui::empty("No operator has opened this organisation yet.", next);
        }
        let columns = [
            Column::new("Who"),
            Column::new("How"),
            Column::new("Page"),
            Column::new("When"),
            Column::new("Why"),
        ];
        let rows: Vec<Vec<Markup>> = self.rows.iter().map(|look| self.row(look)).collect();
        ui::table("Operator access", &columns, &rows)
    }

    fn row(&self, look: &AccessRecord) -> Vec<Markup> {
        let who = self.names.person(look.person_id);
        vec![
            html! { span.person { (ui::monogram(&who, "person")) (who) } },
            how(look),
            html! { (page_name(&look.page).unwrap_or("A page that is gone by now")) },
            html! {
                (ui::exact_time(look.at.into()))
                @if let Some(last) = look.last_at.filter(|_| look.times > 1) {
                    span.hint { " to " (ui::exact_time(last.into())) }
                }
            },
            html! { (look.reason.as_deref().unwrap_or("–")) },
        ]
    }

    /// Links to the older entries, and back to the newest.
    pub fn pager(&self, here: &str) -> Markup {
        let full = i64::try_from(self.rows.len()).unwrap_or(i64::MAX) == SHOWN;
        let last = self.rows.last().filter(|_| full).map(|look| look.read_id);
        ui::newest_first(here, self.later, last)
    }
}

/// How the organisation was shown: opened by itself, listed among others, or exported; and how often within an hour.
fn how(look: &AccessRecord) -> Markup {
    let exported = look.page.starts_with(paths::ADMIN_HISTORY_EXPORT)
        && page_name(&look.page) == page_name(paths::ADMIN_HISTORY_EXPORT);
    let word = match (exported, look.listed) {
        (true, _) => "Exported",
        (false, true) => "Listed",
        (false, false) => "Opened",
    };
    html! { (word) @if look.times > 1 { span.hint { " " (ui::number(look.times)) " times" } } }
}
