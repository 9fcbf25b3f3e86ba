//! `/org/{slug}/dashboard`: what a customer sees first of their own organisation.

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use projections::history;
use projections::memberships::{self};
use projections::org_detail::{self, OrgDetail};
use projections::people as persons;
use projections::resource_types::{self, OrgResourceType};

use crate::access::Member;
use crate::app::App;
use crate::clock;
use crate::layout::names::Names;
use crate::layout::tenant::page;
use crate::ui::{self, Tone};
use crate::web::error::Error;
use crate::web::paths;

/// How many events the dashboard shows.
const RECENT: i64 = 8;

/// How many people the dashboard shows.
const SHOWN: i64 = 8;

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
    let types: Vec<OrgResourceType> = types.into_iter().filter(OrgResourceType::is_enabled).collect();
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
    page(&app, &member, "Dashboard", content).await
}

/// Puts the organisation first in the picker. If that can't be written, the page is shown all the same.
async fn note(app: &App, member: &Member) {
    if let Err(error) =
        persons::opened(&app.db, member.identity.person(), member.membership.org_id, clock::now()).await
    {
        tracing::warn!(%error, "a visit could not be noted");
    }
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

/// The role with its article: "an owner", "a member".
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
                @let name = person.called();
                li { (ui::monogram(name, "person")) span.who { (name) } (ui::role(&person.role)) }
            }
        }
    }
}

/// The list of resource types that the organisation has.
fn in_force(types: &[OrgResourceType]) -> Markup {
    html! {
        ul.people {
            @for held in types {
                li { span.who title=[Some(&held.description).filter(|text| !text.is_empty())] { (held.label) } (ui::id(&held.code)) }
            }
        }
    }
}
