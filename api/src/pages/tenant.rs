//! `/org/{slug}/…`: what a customer sees of their own organisation.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use projections::memberships::{self, Membership};
use projections::{history, org_detail};

use crate::access::Member;
use crate::app::App;
use crate::error::Error;
use crate::pages::names::Names;
use crate::session::Identity;
use crate::ui::{self, Tenant, Tone};
use crate::{pages, paths};

/// Events on the dashboard.
const RECENT: i64 = 8;

/// People named on the dashboard.
const SHOWN: i64 = 8;

pub async fn root(member: Member) -> Redirect {
    Redirect::to(&paths::dashboard(&member.membership.slug))
}

pub async fn dashboard(State(app): State<App>, member: Member) -> Result<Markup, Error> {
    let (scope, org_id) = (member.scope(), member.membership.org_id);
    let org = org_detail::get(&app.db, &scope, org_id).await?.ok_or(Error::NotFound)?;
    let people = memberships::members(&app.db, &scope, org_id, SHOWN).await?;
    let events = history::of_org(&app.log, &scope, org_id, i64::MAX, RECENT).await?;
    let names = Names::of(&app, &events).await?;
    let membership = &member.membership;
    let content = html! {
        (ui::head(&org.name, Some(ui::badge(&org.status)), Some(html! { "You are " (membership.role) " here." }), html! {}))
        (ui::stats(&[
            ui::stat("Members", &org.members.to_string(), None),
            ui::stat("Since", &org.created_at.format("%Y-%m-%d").to_string(), None),
        ]))
        (ui::columns(
            ui::card("What changed lately", names.story(&events)),
            html! {
                (ui::card("People", html! {
                    ul.people { @for person in &people {
                        li { (ui::monogram(person.name.as_deref().unwrap_or("?"), "person")) " "
                             (person.name.as_deref().or(person.email.as_deref()).unwrap_or("somebody")) " " (ui::badge(&person.role)) }
                    } }
                }))
                (ui::card("This organisation", ui::facts(&[("Name", html! { (org.name) }), ("Address", ui::id(&org.slug))])))
            },
        ))
    };
    frame(&app, &member.identity, membership, ("Dashboard", content)).await
}

/// What members of a suspended organisation get, whatever they asked for.
pub async fn suspended(app: &App, identity: &Identity, membership: &Membership) -> Result<Response, Error> {
    let reason = membership.reason.as_deref().unwrap_or("no reason was given");
    let content = html! {
        h1 { (membership.name) " is suspended" }
        (ui::note(Tone::Warning, html! { p { (reason) } }))
        p { "Nothing was lost. As soon as the organisation is reinstated, everything is here again. Ask whoever runs this service about the reason." }
        p { (ui::button_link("Your other organisations", paths::SELECT)) }
    };
    let choices = pages::choices(app, identity).await?;
    let page = ui::plain_wide("Suspended", Some(&pages::viewer(identity, &choices)), content);
    Ok((StatusCode::FORBIDDEN, page).into_response())
}

async fn frame(
    app: &App,
    identity: &Identity,
    membership: &Membership,
    (title, content): (&str, Markup),
) -> Result<Markup, Error> {
    let choices = pages::choices(app, identity).await?;
    let viewer = pages::viewer(identity, &choices);
    let tenant =
        Tenant { title, org: &membership.name, slug: &membership.slug, viewer: &viewer, notice: None };
    Ok(tenant.render(content))
}
