//! `/admin/orgs/{id}`: one organisation: overview, members, history.

pub mod then;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use domain::values::OrgId;
use domain::{Actor, Org};
use maud::{Markup, html};
use projections::event_log::StreamId;
use projections::links::Purpose;
use projections::memberships::{self, Invited, Member};
use projections::org_detail::{self, OrgDetail};
use projections::org_list::{ACTIVE, ARCHIVED, SUSPENDED};
use projections::{Timestamp, access_log, history, people};
use serde::Deserialize;
use uuid::Uuid;

use super::action::Action;
use super::as_of::{self, Asked};
use super::history::open_in_history;
use super::{Desk, Seen, org_tabs};
use crate::access::Operator;
use crate::app::App;
use crate::clock;
use crate::identity::links;
use crate::identity::session::{self, SetCookie};
use crate::jobs::retention;
use crate::pages::missing;
use crate::pages::names::Names;
use crate::ui::{self, Column, Section, Tone};
use crate::web::error::Error;
use crate::web::extract::{Path, Query};
use crate::web::paths;

/// People on the members tab, in each of its lists.
const MEMBERS: i64 = 500;

fn is_full<T>(list: &[T]) -> bool {
    i64::try_from(list.len()) == Ok(MEMBERS)
}

/// Events on a page of the history tab.
const EVENTS: i64 = 50;

pub async fn overview(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    if let Some(at) = asked.read(&app).await? {
        return Ok(then::overview(&app, &operator, id, at).await?.into_response());
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

pub async fn members(
    State(app): State<App>,
    operator: Operator,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    if let Some(at) = asked.read(&app).await? {
        return Ok(then::members(&app, &operator, id, at).await?.into_response());
    }
    let (desk, forget) = arrive(&app, &operator, &headers, id, asked.seen()).await?;
    let org = load(&app, &operator, id).await?;
    let before = asked.before;
    let people = memberships::members(&app.db, &operator.scope(), id, MEMBERS).await?;
    let invited =
        memberships::invited(&app.db, &operator.scope(), id, (before.unwrap_or(i64::MAX), MEMBERS)).await?;
    let last = invited.last().filter(|_| is_full(&invited)).map(|last| last.position);
    let change = operator.identity.is_superadmin() && org.status == ACTIVE;
    let content = html! {
        (head(&org, &operator, Some(&paths::org_members(id))))
        (org_tabs(id, "Members", None))
        (ui::card("Members", members_table(&people)))
        @if is_full(&people) { p.hint { "The first " (people.len()) " of " (org.members) ", owners and admins before others." } }
        (ui::card("Open invitations", invitations_table(&org, &invited, change)))
        (ui::newest_first(&paths::org_members(id), before.is_some(), last))
    };
    let page = page(desk, &org, content);
    Ok((forget, page).into_response())
}

#[derive(Deserialize, Default)]
pub struct Before {
    /// Only events before this position.
    before: Option<i64>,
    /// The moment as of which it is shown; empty for now.
    #[serde(default)]
    at: String,
}

pub async fn history(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<Uuid>,
    Query(Before { before, at }): Query<Before>,
) -> Result<Markup, Error> {
    if let Some(at) = as_of::read(&app, &at).await? {
        return then::events(&app, &operator, (id, before), at).await;
    }
    let desk = Desk::open(&app, &operator, Seen::default()).await?;
    let org = load(&app, &operator, id).await?;
    let before = before.unwrap_or(i64::MAX);
    let events = history::of_org(&app.log, &operator.scope(), id, before, EVENTS).await?;
    let names = Names::of(&app, &operator.platform, &events).await?;
    let older = events.last().filter(|last| last.sequence > 1);
    let older = older.map(|last| format!("{}?before={}", paths::org_history(id), last.position));
    let newest = (before < i64::MAX).then(|| paths::org_history(id));
    let content = html! {
        (head(&org, &operator, Some(&paths::org_history(id))))
        (org_tabs(id, "History", None))
        p.aside { (open_in_history(id)) }
        (names.timeline(&events))
        (ui::pager(newest, older, &format!("{} events in all", org.sequence)))
    };
    Ok(page(desk, &org, content))
}

/// A page with what the request before has made: an invitation's link, shown this once.
async fn arrive<'a>(
    app: &'a App,
    operator: &'a Operator,
    headers: &HeaderMap,
    id: Uuid,
    seen: Seen,
) -> Result<(Desk<'a>, Option<SetCookie>), Error> {
    let mut desk = Desk::open(app, operator, seen).await?;
    let Some((token, forget)) = session::handed_over(app, headers) else { return Ok((desk, None)) };
    desk.also(&invitation_box(app, id, token).await);
    Ok((desk, Some(forget)))
}

/// The organisation, for somebody who may see all of them.
pub async fn load(app: &App, operator: &Operator, id: Uuid) -> Result<OrgDetail, Error> {
    match org_detail::get(&app.db, &operator.scope(), id).await? {
        Some(org) => Ok(org),
        None => Err(missing(app, &StreamId::of::<Org>(OrgId(id))).await?),
    }
}

pub(super) fn page(mut desk: Desk<'_>, org: &OrgDetail, content: Markup) -> Markup {
    desk.about(&StreamId::of::<Org>(OrgId(org.org_id)));
    desk.page(Section::Organisations, &org.name, &[("Organisations", paths::ADMIN_ORGS.to_owned())], content)
}

/// What every tab begins with; `here` is one that has a past.
pub(super) fn head(org: &OrgDetail, operator: &Operator, here: Option<&str>) -> Markup {
    let status = html! { (ui::badge(&org.status)) @if org.protected { " " (ui::badge("protected")) } };
    let actions = html! {
        @if operator.identity.is_superadmin() {
            @match org.status.as_str() {
                SUSPENDED => (ui::primary_link("Reinstate", &paths::org_action(org.org_id, Action::Reinstatement))),
                ARCHIVED => (ui::primary_link("Restore", &paths::org_action(org.org_id, Action::Restoration))),
                _ => {
                    (ui::button_link("Rename", &paths::org_action(org.org_id, Action::Name)))
                    (ui::button_link("Change slug", &paths::org_action(org.org_id, Action::Slug)))
                    (ui::button_link("Invite", &paths::org_action(org.org_id, Action::Invitations)))
                }
            }
        }
        @if let Some(here) = here { (as_of::control(here, None, &[])) }
    };
    ui::head(&org.name, Some(status), Some(ui::id(&org.slug)), ui::actions(actions))
}

/// Why the organisation does not work, where it does not.
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

/// How long something took, as people say it.
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
        @if change { p { a href=(paths::org_action(org.org_id, Action::Confirmation)) { "Confirm the suspension …" } } }
    }
}

fn danger(org: &OrgDetail) -> Markup {
    let path = |action: Action| paths::org_action(org.org_id, action);
    let suspend = (
        "Suspend",
        "Members are kept out from their next request on. Nothing is lost.",
        path(Action::Suspension),
        "Suspend …",
    );
    let archive = (
        "Archive",
        "Gone for its members and from the list. It can be restored whole.",
        path(Action::Archive),
        "Archive …",
    );
    let protect = (
        "Protect",
        "Suspending and archiving will want the slug typed.",
        path(Action::Protection),
        "Protect …",
    );
    let unprotect = (
        "Lift the protection",
        "Suspending and archiving won't want the slug typed any more.",
        path(Action::Unprotection),
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

/// How far the first owner has got, each step with its time.
async fn onboarding(app: &App, operator: &Operator, org: &OrgDetail) -> Result<Markup, Error> {
    let owner = memberships::first_owner(&app.db, &operator.scope(), org.org_id).await?;
    let owner = owner.as_ref();
    let waiting = memberships::first_owner_invited(&app.db, &operator.scope(), org.org_id).await?;
    // What was measured long ago is forgotten, and the time of the next measurement is not the answer.
    let folded =
        app.projector.folded_at(org.position).await?.filter(|at| *at > retention::fold_times_since());
    // What was imported became readable here long after it happened elsewhere.
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

async fn facts(app: &App, org: &OrgDetail) -> Result<Markup, Error> {
    let by = match org.created_by.parse::<Actor>() {
        Ok(Actor::Person(person)) => people::by_id(&app.db, person)
            .await?
            .map_or_else(|| "somebody erased".to_owned(), |p| p.called().to_owned()),
        Ok(Actor::Shell | Actor::Setup | Actor::Timer) | Err(_) => "the server".to_owned(),
    };
    Ok(ui::facts(&[
        ("Id", ui::copyable(&org.org_id.to_string())),
        ("Slug", ui::id(&org.slug)),
        ("Members", html! { (org.members) }),
        ("Created", html! { (ui::time(org.created_at.into())) " by " (by) }),
        ("Last change", ui::time(org.changed_at.into())),
        ("First event", ui::position(org.position)),
    ]))
}

/// The link that the request before has made, if it still opens an invitation of this organisation.
async fn invitation_box(app: &App, id: Uuid, token: &str) -> Markup {
    match links::open(app, token, Purpose::Invitation).await {
        Ok(link) if link.org_id == Some(id) => ui::link_box(
            "Invitation link – pass it on now",
            &links::url(app, &format!("/invitations/{token}")),
        ),
        _ => html! {},
    }
}

fn members_table(people: &[Member]) -> Markup {
    if people.is_empty() {
        return ui::empty("Nobody has joined yet.", html! { "Whoever follows an invitation appears here." });
    }
    let columns = [Column::new("Name"), Column::new("E-mail"), Column::new("Role"), Column::new("Joined")];
    let row = |member: &Member| {
        vec![
            html! { span.person { (ui::monogram(member.name.as_deref().unwrap_or("?"), "person")) (member.name.as_deref().unwrap_or("–")) } },
            html! { (member.email.as_deref().unwrap_or("erased")) },
            ui::badge(&member.role),
            ui::time(member.joined_at.into()),
        ]
    };
    ui::table("Members", &columns, &people.iter().map(row).collect::<Vec<_>>())
}

fn invitations_table(org: &OrgDetail, invited: &[Invited], change: bool) -> Markup {
    if invited.is_empty() {
        return ui::empty(
            "No open invitations.",
            html! {
                @if change { a href=(paths::org_action(org.org_id, Action::Invitations)) { "Invite somebody" } "." }
            },
        );
    }
    let columns = [
        Column::new("E-mail"),
        Column::new("Role"),
        Column::new("Invited"),
        Column::new("Expires"),
        Column::new("").numeric(),
    ];
    let row = |invited: &Invited| {
        let expired = invited.expires_at <= clock::now();
        vec![
            html! { (invited.email.as_deref().unwrap_or("erased")) },
            ui::badge(&invited.role),
            ui::time(invited.invited_at.into()),
            html! { (ui::time(invited.expires_at.into())) @if expired { " " (ui::badge("expired")) } },
            html! { @if change { (invitation_buttons(org, invited)) } },
        ]
    };
    ui::table("Open invitations", &columns, &invited.iter().map(row).collect::<Vec<_>>())
}

fn invitation_buttons(org: &OrgDetail, invited: &Invited) -> Markup {
    let button = |action: String, label: &str| {
        html! {
            form.inline method="post" action=(action) data-once {
                (ui::envelope(&clock::new_id().to_string(), None))
                button.link type="submit" { (label) }
            }
        }
    };
    html! {
        span.row-actions {
            (button(paths::invitation_link(org.org_id, invited.invitation_id), "New link"))
            (button(paths::invitation_withdrawal(org.org_id, invited.invitation_id), "Withdraw"))
        }
    }
}
