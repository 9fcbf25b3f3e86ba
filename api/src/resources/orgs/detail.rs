//! `/admin/orgs/{id}`: one organisation at a glance, and what can be done to it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use projections::memberships::{self};
use projections::org_detail::OrgDetail;
use projections::org_list::{ACTIVE, ARCHIVED, SUSPENDED};
use projections::{Timestamp, access_log, history};
use uuid::Uuid;

use super::action::OrgAction;
use crate::access::Operator;
use crate::app::App;
use crate::jobs::retention;
use crate::layout::as_of::AsOfQuery;
use crate::layout::names::Names;
use crate::resources::orgs::page::{arrive, facts, head, load, org_tabs, page};
use crate::ui::{self, Tone};
use crate::web::error::Error;
use crate::web::extract::{Path, Query};
use crate::web::paths;

pub async fn overview(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
    Query(asked): Query<AsOfQuery>,
) -> Result<Response, Error> {
    if let Some(at) = asked.read(&app).await? {
        return Ok(super::as_of::overview(&app, &operator, id, at).await?.into_response());
    }
    let (desk, forget) = arrive(&app, &operator, &headers, id, asked.seen()).await?;
    let org = load(&app, &operator, id).await?;
    let events = history::of_org(&app.log, &operator.scope(), id, i64::MAX, 8).await?;
    let names = Names::of(&app, &operator.platform, &events).await?;
    let content = html! {
        (head(&org, &operator, Some(&paths::org(id))))
        (org_tabs(id, "Overview", None))
        (ui::columns(
            html! {
                (standing(&app, &operator, &org).await?)
                (ui::card("Latest", names.timeline(&events)))
                @if operator.identity.is_superadmin() { (danger(&org)) }
            },
            html! {
                (ui::card("First owner", onboarding(&app, &operator, &org).await?))
                (ui::card("Facts", facts(&app, &org).await?))
            },
        ))
    };
    let page = page(desk, &org, content);
    Ok((forget, page).into_response())
}

/// The notice of why the organisation is not active, if so.
async fn standing(app: &App, operator: &Operator, org: &OrgDetail) -> Result<Markup, Error> {
    let change = operator.identity.is_superadmin();
    let first =
        access_log::first_refused_at(&app.db, &operator.platform, org.org_id, org.status_position).await?;
    let quick = first.map(|at| at.signed_duration_since(*org.status_at).num_milliseconds());
    let reason = org.reason.as_deref().unwrap_or("no reason was given");
    Ok(html! {
        @if org.status == SUSPENDED {
            (ui::note(Tone::Warning, html! {
                p { "Suspended " (ui::time(org.status_at.into())) ": " (reason) }
                p.hint { @match quick {
                    Some(ms) => { "The first request of a member was refused " (after(ms)) " later." }
                    None => "No member has asked for anything since.",
                } }
                @if let Some(at) = org.reinstate_at { (timer(org, at, change)) }
            }))
        } @else if org.status == ARCHIVED {
            (ui::note(Tone::Info, html! { "Archived " (ui::time(org.status_at.into())) ": " (reason) }))
        }
    })
}

/// A duration in words.
fn after(ms: i64) -> String {
    match ms {
        0..2_000 => format!("{ms} ms"),
        2_000..120_000 => format!("{} seconds", ms / 1000),
        _ => format!("{} minutes", ms / 60_000),
    }
}

fn timer(org: &OrgDetail, at: Timestamp, change: bool) -> Markup {
    html! {
        p { strong { "It is reinstated by itself " (ui::time(at.into())) } ", unless a superadmin confirms the suspension from a new sign-in." }
        @if change { p { a href=(paths::org_action(org.org_id, OrgAction::Confirmation)) { "Confirm the suspension …" } } }
    }
}

fn danger(org: &OrgDetail) -> Markup {
    let path = |action: OrgAction| paths::org_action(org.org_id, action);
    let suspend = (
        "Suspend",
        "Members are kept out from their next request on. Nothing is lost.",
        path(OrgAction::Suspension),
        "Suspend …",
    );
    let archive = (
        "Archive",
        "Gone for its members and from the list. It can be restored whole.",
        path(OrgAction::Archive),
        "Archive …",
    );
    let protect = (
        "Protect",
        "Suspending and archiving will ask for the slug.",
        path(OrgAction::Protection),
        "Protect …",
    );
    let unprotect = (
        "Lift the protection",
        "Suspending and archiving will no longer ask for the slug.",
        path(OrgAction::Unprotection),
        "Lift …",
    );
    let items: Vec<_> = [
        (org.status == ACTIVE).then_some(suspend),
        (org.status != ARCHIVED).then_some(if org.protected { unprotect } else { protect }),
        (org.status != ARCHIVED).then_some(archive),
    ]
    .into_iter()
    .flatten()
    .collect();
    if items.is_empty() {
        html! {}
    } else {
        ui::danger(&items)
    }
}

/// How far the first owner has got, with the time of each step.
async fn onboarding(app: &App, operator: &Operator, org: &OrgDetail) -> Result<Markup, Error> {
    let owner = memberships::first_owner(&app.db, &operator.scope(), org.org_id).await?;
    let owner = owner.as_ref();
    let waiting = memberships::first_owner_invited(&app.db, &operator.scope(), org.org_id).await?;
    // Old measurements are deleted. Where that happened, a later measurement must not be taken for the answer.
    let folded =
        app.projector.folded_at(org.position).await?.filter(|at| *at > retention::fold_times_since());
    // Imported events became readable here long after they happened elsewhere, so the time says nothing for them.
    let took = folded.map(|at| at.signed_duration_since(*org.created_at).num_milliseconds());
    let took = took.filter(|ms| *ms < 60_000);
    let sent = projections::links::first_sent_at(&app.db, &operator.platform, org.org_id)
        .await?
        .or(owner.map(|owner| owner.joined_at));
    let at = |at: Timestamp| DateTime::<Utc>::from(at);
    let steps = [
        ("Recorded", Some(at(org.created_at)), None),
        ("Readable", folded.or(Some(org.created_at)).map(at), took.map(|ms| format!("after {ms} ms"))),
        ("Invitation link made", sent.map(at), waiting.and_then(|w| w.email.clone())),
        ("Owner joined", owner.map(|o| at(o.joined_at)), owner.and_then(|o| o.email.clone())),
        ("Owner signed in", owner.and_then(|o| o.first_sign_in_at).map(at), None),
    ];
    Ok(ui::steps(&steps))
}
