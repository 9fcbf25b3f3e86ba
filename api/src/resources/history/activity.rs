//! `/org/{slug}/activity`: what happened to a customer's own organisation, and what operators looked at there.

use axum::extract::State;
use maud::{Markup, html};
use projections::history;
use serde::Deserialize;
use uuid::Uuid;

use crate::access::Member;
use crate::app::App;
use crate::layout::names::Names;
use crate::layout::operator_access::AccessRecords;
use crate::layout::tenant::page;
use crate::ui::{self};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;

/// How many events the activity shows at first, and at most.
const EVENTS: i64 = 50;

const MOST: i64 = 2_000;

#[derive(Deserialize, Default)]
pub struct OrgActivityQuery {
    /// How many events to show. This is no place in the log: places count the events of all organisations.
    show: Option<i64>,
    /// `operators` shows the operators' accesses, for those who may see them.
    of: Option<String>,
    /// Show only accesses before this one.
    before: Option<Uuid>,
}

pub async fn activity(
    State(app): State<App>,
    member: Member,
    Query(OrgActivityQuery { show, of, before }): Query<OrgActivityQuery>,
) -> Result<Markup, Error> {
    if of.as_deref() == Some("operators") && member.manages() {
        return operator_access(&app, &member, before).await;
    }
    let shown = show.unwrap_or(EVENTS).clamp(EVENTS, MOST);
    let events =
        history::of_org(&app.log, &member.scope(), member.membership.org_id, i64::MAX, shown).await?;
    let names = Names::told_in(&app, &member.membership, &events).await?;
    let here = paths::activity(&member.membership.slug);
    let rest = events.last().filter(|last| last.sequence > 1 && shown < MOST);
    let content = html! {
        (ui::head("Activity", None, Some(html! { "What happened to this organisation, newest first." }), html! {}))
        (activity_tabs(&member, "Changes"))
        (names.story(&events))
        @if rest.is_some() { p { (ui::button_link("Show more", &format!("{here}?show={}", shown * 4))) } }
    };
    page(&app, &member, "Activity", content).await
}

fn activity_tabs(member: &Member, here: &str) -> Markup {
    let slug = &member.membership.slug;
    let tabs = [("Changes", paths::activity(slug)), ("Operator access", paths::operator_access(slug))];
    html! {
        @if member.manages() { (ui::tabs(&tabs.map(|(label, href)| (label, href, label == here)))) }
    }
}

/// The operators' accesses to this organisation, for its owners and admins.
async fn operator_access(app: &App, member: &Member, before: Option<Uuid>) -> Result<Markup, Error> {
    let looks = AccessRecords::of(app, &member.scope(), member.membership.org_id, before).await?;
    let here = paths::operator_access(&member.membership.slug);
    let line = html! { "When people who run this service looked at the data of " (member.membership.name) ", newest first." };
    let content = html! {
        (ui::head("Activity", None, Some(line), html! {}))
        (activity_tabs(member, "Operator access"))
        (looks.table())
        (looks.pager(&here))
    };
    page(app, member, "Operator access", content).await
}
