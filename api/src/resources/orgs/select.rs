//! `/organisations/select`: choosing an organisation, and the one that opens after signing in.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::values::PersonId;
use maud::{Markup, html};
use projections::memberships::{self, Membership};
use projections::org_list::SUSPENDED;
use projections::people;
use serde::Deserialize;
use uuid::Uuid;

use crate::app::App;
use crate::identity::session::Identity;
use crate::layout;
use crate::ui::{self, ChoiceCard};
use crate::web::error::Error;
use crate::web::extract::{Form, Query};
use crate::web::paths;

/// Organisations on the page; more are found by searching.
const SHOWN: i64 = 50;

#[derive(Deserialize, Default)]
pub struct OrgSearch {
    #[serde(default)]
    q: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultOrgForm {
    /// The slug of the organisation; empty to choose anew after each sign-in.
    slug: String,
}

pub async fn select(
    State(app): State<App>,
    identity: Identity,
    Query(OrgSearch { q }): Query<OrgSearch>,
) -> Result<Response, Error> {
    let found = memberships::of_person(&app.db, identity.session.person_id, &q, SHOWN).await?;
    // Somebody with only one organisation has no choice to make.
    if let ([only], true) = (found.as_slice(), q.is_empty() && identity.grant.is_none()) {
        return Ok(Redirect::to(&paths::dashboard(&only.slug)).into_response());
    }
    let content =
        if found.is_empty() && q.is_empty() { nowhere(&identity) } else { picker(&identity, &found, &q) };
    let viewer = layout::viewer(&identity, &[]);
    Ok(ui::plain_wide("Choose an organisation", Some(&viewer), content).into_response())
}

/// Sets the organisation that opens after signing in.
pub async fn set_default(
    State(app): State<App>,
    identity: Identity,
    Form(DefaultOrgForm { slug }): Form<DefaultOrgForm>,
) -> Result<Redirect, Error> {
    let org_id = match slug.as_str() {
        "" => None,
        slug => Some(belongs(&app, identity.person(), slug).await?),
    };
    people::set_default_org(&app.db, identity.person(), org_id).await?;
    Ok(Redirect::to(paths::SELECT))
}

async fn belongs(app: &App, person: PersonId, slug: &str) -> Result<Uuid, Error> {
    let membership = memberships::by_slug(&app.db, person.0, slug).await?;
    membership.map(|membership| membership.org_id).ok_or(Error::NotFound)
}

fn nowhere(identity: &Identity) -> Markup {
    html! {
        div.picker {
            h1 { "No organisation yet" }
            @if identity.grant.is_some() { (ui::console_card(paths::ADMIN_ORGS)) }
            (ui::empty("You don't belong to an organisation.", html! {
                "If you were invited, open the link you got. Otherwise ask whoever runs your organisation to invite "
                strong { (identity.session.email) } "."
            }))
        }
    }
}

fn picker(identity: &Identity, found: &[Membership], q: &str) -> Markup {
    let cards: Vec<Markup> = found.iter().map(|membership| card(identity, membership)).collect();
    html! {
        div.picker {
            h1 { "Choose an organisation" }
            @if identity.grant.is_some() { (ui::console_card(paths::ADMIN_ORGS)) }
            (ui::FilterBar { action: paths::SELECT, label: "Name or slug", q, filters: &[], hidden: &[], more: None }.render())
            (ui::results(html! {
                @if cards.is_empty() { (ui::empty("Nothing found.", html! { "None of your organisations has that in its name." })) }
                @else { (ui::choices(&cards)) }
            }))
        }
    }
}

fn card(identity: &Identity, membership: &Membership) -> Markup {
    let blocked = (membership.status == SUSPENDED)
        .then(|| format!("Suspended: {}", membership.reason.as_deref().unwrap_or("no reason was given")));
    let card = ChoiceCard {
        href: &paths::dashboard(&membership.slug),
        name: &membership.name,
        slug: &membership.slug,
        role: &membership.role,
        status: &membership.status,
        blocked: blocked.as_deref(),
        opened_at: membership.opened_at.map(Into::into),
    };
    ui::choice_card(&card, default_switch(identity, membership))
}

/// Says if this organisation opens after signing in, with the button that changes that.
fn default_switch(identity: &Identity, membership: &Membership) -> Markup {
    let is_default = identity.session.default_org_id == Some(membership.org_id);
    html! {
        form.choice-default method="post" action=(paths::DEFAULT_ORG) {
            input type="hidden" name="slug" value=(if is_default { "" } else { &membership.slug });
            @if is_default {
                (ui::badge("default"))
                button.button.quiet type="submit" { "Ask instead" }
            } @else {
                button.button.quiet type="submit" {
                    "Open by default" span.visually-hidden { ": " (membership.name) }
                }
            }
        }
    }
}
