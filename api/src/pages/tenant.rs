//! `/org/{slug}/…`: what a customer sees of their own organisation.

pub mod roles;

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::history;
use projections::memberships::{self, Membership};
use projections::org_detail::{self, OrgDetail};
use projections::people as persons;
use projections::resource_types::{self, Held};
use serde::Deserialize;
use uuid::Uuid;

use crate::access::Member;
use crate::app::App;
use crate::identity::session::Identity;
use crate::pages::looks::Looks;
use crate::pages::names::Names;
use crate::ui::{self, Column, Tenant, Tone};
use crate::web::error::Error;
use crate::web::extract::Query;
use crate::web::paths;
use crate::{clock, pages};

/// Events on the dashboard.
const RECENT: i64 = 8;

/// Events of the activity at first, and at most.
const EVENTS: i64 = 50;
const MOST: i64 = 2_000;

/// People on the dashboard.
const SHOWN: i64 = 8;

/// People on their own page.
const PEOPLE: i64 = 500;

/// Events that a page tells of what was just done, at most.
const MOST_DONE: i64 = 20;

/// What was just done, by the sequence of its last event in the organisation's own stream.
#[derive(Deserialize, Clone, Copy, Debug, Default)]
pub struct Seen {
    seen: Option<i64>,
}

#[derive(Deserialize, Default)]
pub struct Shown {
    /// How many events. Not a place in the log: places count the events of everybody.
    show: Option<i64>,
    /// `operators`: what they looked at, for those who may know.
    of: Option<String>,
    /// Only looks before this one.
    before: Option<Uuid>,
}

pub async fn root(member: Member) -> Redirect {
    Redirect::to(&paths::dashboard(&member.membership.slug))
}

pub async fn dashboard(State(app): State<App>, member: Member) -> Result<Markup, Error> {
    let (scope, org_id) = (member.scope(), member.membership.org_id);
    note(&app, &member).await;
    let org = org_detail::get(&app.db, &scope, org_id).await?.ok_or(Error::NotFound)?;
    let people = memberships::members(&app.db, &scope, org_id, SHOWN).await?;
    let events = history::of_org(&app.log, &scope, org_id, i64::MAX, RECENT).await?;
    let types = resource_types::of_org(&app.db, &scope, org_id).await?;
    let types: Vec<Held> = types.into_iter().filter(Held::is_had).collect();
    let names = Names::told_in(&app, &member.membership, &events).await?;
    let slug = &member.membership.slug;
    let content = html! {
        (ui::head(&org.name, None, Some(html! { "You are " (with_article(&member.membership.role)) " here." }), html! {}))
        (standing(&org, people.len()))
        (ui::columns(
            ui::card_with("What changed lately", all("All activity", &paths::activity(slug)), names.story(&events)),
            html! {
                (ui::card_with("People", all("All members", &paths::people(slug)), faces(&people)))
                @if !types.is_empty() { (ui::card("What you can work with", in_force(&types))) }
            },
        ))
    };
    page(&app, &member, ("Dashboard", content)).await
}

/// Puts the organisation in front in the picker. No reason to refuse the page if the store can't be written to.
async fn note(app: &App, member: &Member) {
    if let Err(error) =
        persons::opened(&app.db, member.identity.person(), member.membership.org_id, clock::now()).await
    {
        tracing::warn!(%error, "a visit could not be noted");
    }
}

pub async fn people(State(app): State<App>, member: Member) -> Result<Markup, Error> {
    let people = memberships::members(&app.db, &member.scope(), member.membership.org_id, PEOPLE).await?;
    let columns = [Column::new("Name"), Column::new("E-mail"), Column::new("Role"), Column::new("Joined")];
    let rows: Vec<Vec<Markup>> = people.iter().map(row).collect();
    let line = html! { "Everybody who can open " (member.membership.name) "." };
    let content = html! {
        (ui::head("Members", None, Some(line), html! {}))
        (ui::table("Members", &columns, &rows))
    };
    page(&app, &member, ("Members", content)).await
}

pub async fn activity(
    State(app): State<App>,
    member: Member,
    Query(Shown { show, of, before }): Query<Shown>,
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
    page(&app, &member, ("Activity", content)).await
}

fn activity_tabs(member: &Member, here: &str) -> Markup {
    let slug = &member.membership.slug;
    let tabs = [("Changes", paths::activity(slug)), ("Operator access", paths::operator_access(slug))];
    html! {
        @if member.manages() { (ui::tabs(&tabs.map(|(label, href)| (label, href, label == here)))) }
    }
}

/// What people of the service looked at here, for those who answer for it.
async fn operator_access(app: &App, member: &Member, before: Option<Uuid>) -> Result<Markup, Error> {
    let looks = Looks::of(app, &member.scope(), member.membership.org_id, before).await?;
    let here = paths::operator_access(&member.membership.slug);
    let line = html! { "When people who run this service looked at the data of " (member.membership.name) ", newest first." };
    let content = html! {
        (ui::head("Activity", None, Some(line), html! {}))
        (activity_tabs(member, "Operator access"))
        (looks.table())
        (looks.pager(&here))
    };
    page(app, member, ("Operator access", content)).await
}

fn standing(org: &OrgDetail, shown: usize) -> Markup {
    let since = html! { (ui::date(org.created_at.into())) };
    html! {
        (ui::facts_row(&[
            ("Status", ui::badge(&org.status)),
            ("Members", html! { (org.members) }),
            ("Customer since", since),
            ("Address", ui::id(&paths::dashboard(&org.slug))),
        ]))
        @if shown < 2 {
            (ui::note(Tone::Info, html! { "You are the first here. Whoever runs this service invites the others: tell them the addresses and roles." }))
        }
    }
}

/// "an owner", "a member".
fn with_article(role: &str) -> String {
    let article = if role.starts_with(['a', 'o']) { "an" } else { "a" };
    format!("{article} {role}")
}

fn all(label: &str, href: &str) -> Markup {
    html! { a href=(href) { (label) } }
}

fn faces(people: &[memberships::Member]) -> Markup {
    html! {
        ul.people {
            @for person in people {
                @let name = called(person);
                li { (ui::monogram(name, "person")) span.who { (name) } (ui::badge(&person.role)) }
            }
        }
    }
}

/// The resource types that the organisation has.
fn in_force(types: &[Held]) -> Markup {
    html! {
        ul.people {
            @for held in types {
                li { span.who title=[Some(&held.description).filter(|text| !text.is_empty())] { (held.label) } (ui::id(&held.code)) }
            }
        }
    }
}

fn row(person: &memberships::Member) -> Vec<Markup> {
    vec![
        html! { span.person { (ui::monogram(called(person), "person")) (called(person)) } },
        html! { (person.email.as_deref().unwrap_or("–")) },
        ui::badge(&person.role),
        ui::time(person.joined_at.into()),
    ]
}

fn called(person: &memberships::Member) -> &str {
    person.name.as_deref().or(person.email.as_deref()).unwrap_or("Somebody")
}

/// What members of a suspended organisation get, whatever they asked for.
pub async fn suspended(app: &App, identity: &Identity, membership: &Membership) -> Result<Markup, Error> {
    let reason = membership.reason.as_deref().unwrap_or("no reason was given");
    let choices = pages::choices(app, identity).await?;
    let content = html! {
        div.picker {
            h1 { (membership.name) " is suspended" }
            (ui::note(Tone::Warning, html! { p { (reason) } }))
            p { "Nothing was lost. As soon as the organisation is reinstated, everything is here again. Ask whoever runs this service about the reason." }
            @if !choices.is_empty() { p { (ui::button_link("Your other organisations", paths::SELECT)) } }
        }
    };
    Ok(ui::plain_wide("Suspended", Some(&pages::viewer(identity, &choices)), content))
}

async fn page(app: &App, member: &Member, titled: (&str, Markup)) -> Result<Markup, Error> {
    page_after(app, member, Seen::default(), titled).await
}

/// A page that says first what was just done.
async fn page_after(
    app: &App,
    member: &Member,
    Seen { seen }: Seen,
    (title, content): (&str, Markup),
) -> Result<Markup, Error> {
    let Membership { name: org, slug, .. } = &member.membership;
    let notice = match seen {
        Some(sequence) => notice(app, member, sequence).await?,
        None => None,
    };
    let choices = pages::choices(app, &member.identity).await?;
    let viewer = pages::viewer(&member.identity, &choices);
    Ok(Tenant { title, org, slug, viewer: &viewer, notice }.render(content))
}

/// What the viewer did in the command that gave this event of the organisation; nothing if it was somebody else's.
async fn notice(app: &App, member: &Member, sequence: i64) -> Result<Option<Markup>, Error> {
    if sequence == 0 {
        return Ok(Some(pages::nothing_changed()));
    }
    let (scope, org_id) = (member.scope(), member.membership.org_id);
    let lately = history::of_org(&app.log, &scope, org_id, i64::MAX, MOST_DONE).await?;
    let command = |event: &Recorded| Some(event.metadata().ok()?.command);
    let done = lately.iter().find(|event| event.sequence == sequence);
    let mine = |event: &&Recorded| {
        event.metadata().is_ok_and(|it| it.actor.person() == Some(member.identity.person()))
    };
    let Some(done) = done.filter(mine).and_then(command) else { return Ok(None) };
    let told: Vec<Recorded> = lately.into_iter().filter(|event| command(event) == Some(done)).rev().collect();
    let names = Names::told_in(app, &member.membership, &told).await?;
    let line = |event: &Recorded| Some(html! { p { (names.told("You", &event.fact().ok()?)) } });
    Ok(Some(ui::note(Tone::Good, html! { @for line in told.iter().filter_map(line) { (line) } })))
}
