//! `/admin/orgs/new`: creates a customer's organisation in one form.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Org;
use domain::org::{Invitee, LifecycleCommand, OrgError, Role};
use domain::values::{Email, InvitationId, OrgId, OrgName, Slug};
use maud::{Markup, html};
use projections::org_detail;
use serde::Deserialize;
use serde_json::json;

use crate::access::{Operator, Write};
use crate::app::App;
use crate::bus::{Envelope, Refusal};
use crate::clock;
use crate::identity::{links, session};
use crate::layout::AfterCommand;
use crate::layout::console::ConsolePage;
use crate::layout::form::{Errors, again};
use crate::layout::refused::{About, FormReader, Refused};
use crate::ui::{self, Field, FieldKind, Section};
use crate::web::error::Error;
use crate::web::extract::{Json, Query};
use crate::web::paths;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct NewOrg {
    name: String,
    #[serde(default)]
    slug: String,
    owner_email: String,
}

/// The form after parsing.
struct Parsed {
    name: OrgName,
    slug: Slug,
    owner: Email,
}

pub async fn form(State(app): State<App>, operator: Operator) -> Result<Markup, Error> {
    page(&app, &operator, &Write::new(NewOrg::default(), None), &Errors::default()).await
}

pub async fn submit(
    State(app): State<App>,
    operator: Operator,
    write: Write<NewOrg>,
) -> Result<Response, Error> {
    let Parsed { name, slug, owner } = match parse(&write.input) {
        Ok(parsed) => parsed,
        Err(errors) => return Ok(again(page(&app, &operator, &write, &errors).await?)),
    };
    // The organisation and its invitation have the id of the command that makes them.
    let (org, invitation) = (OrgId(write.command_id), InvitationId(write.command_id));
    let (person, token, beside) = links::prepare_invitation(&app, org, invitation, owner).await?;
    let expires_at = clock::after(chrono::Duration::days(links::INVITATION_DAYS)).into();
    let owner = Some(Invitee { invitation, person, role: Role::Owner, expires_at });
    let envelope = Envelope { beside: Some(beside), ..write.envelope() };
    let command = LifecycleCommand::Create { name, slug, owner };
    match app.bus.send::<Org>(&operator.principal(), org, command, envelope).await {
        Ok(receipt) => {
            let to = paths::seen(&paths::org(org.0), receipt.seen());
            Ok((session::hand_over(&app, &token), Redirect::to(&to)).into_response())
        }
        Err(refusal) => {
            let field = |why: &Refusal<OrgError>| match why {
                Refusal::Taken { .. } => "slug",
                Refusal::AddressTaken => "owner_email",
                Refusal::Rule(_) | Refusal::Stale { .. } | Refusal::LastOne => "",
            };
            let (reader, about) = (FormReader::Operator(&operator), About::of("this organisation"));
            let refused = Refused::of(&app, reader, about, refusal, field).await?;
            Ok((refused.status, page(&app, &operator, &write, &refused.errors).await?).into_response())
        }
    }
}

/// Parses the form. An empty slug is proposed from the name, as the script does while one types.
fn parse(typed: &NewOrg) -> Result<Parsed, Errors> {
    let mut errors = Errors::default();
    let name = errors.parse::<OrgName>("name", &typed.name);
    let slug = match typed.slug.trim() {
        "" => Slug::propose(&typed.name).or_else(|| {
            errors.add("slug", "type a slug; none can be made from this name");
            None
        }),
        slug => errors.parse::<Slug>("slug", slug),
    };
    let owner = errors.parse::<Email>("owner_email", &typed.owner_email);
    match (name, slug, owner) {
        (Some(name), Some(slug), Some(owner)) => Ok(Parsed { name, slug, owner }),
        _ => Err(errors),
    }
}

#[derive(Deserialize, Default)]
pub struct SlugQuery {
    #[serde(default)]
    name: String,
    #[serde(default)]
    slug: String,
}

/// Answers the script while one types: a slug for a name, and whether a slug is free.
pub async fn slug(
    State(app): State<App>,
    operator: Operator,
    Query(SlugQuery { name, slug }): Query<SlugQuery>,
) -> Result<impl IntoResponse, Error> {
    let parsed = match slug.trim() {
        "" => Slug::propose(&name).ok_or_else(|| "type a slug; none can be made from this name".to_owned()),
        typed => typed.parse::<Slug>().map_err(|error| error.to_string()),
    };
    let holder = match &parsed {
        Ok(slug) => org_detail::holder_shown(&app.db, &operator.platform, slug.as_str()).await?,
        Err(_) => None,
    };
    let held = holder.map(|held| format!("this slug belongs to “{}”", held.name));
    let (slug, error) = match parsed {
        Ok(slug) => (Some(slug), held),
        Err(error) => (None, Some(error)),
    };
    Ok(Json(json!({ "slug": slug, "error": error })))
}

async fn page(
    app: &App,
    operator: &Operator,
    write: &Write<NewOrg>,
    errors: &Errors,
) -> Result<Markup, Error> {
    let desk = ConsolePage::open(app, operator, AfterCommand::default()).await?;
    let content = html! {
        (ui::head("New organisation", None, None, html! {}))
        (ui::columns(fields(write, errors), ui::card("What this records", html! {
            ul {
                li { "The organisation, with its name and slug. The slug is its own for ever." }
                li { "An invitation for its first owner, valid for " (links::INVITATION_DAYS) " days." }
            }
            p { "You don't become a member. The link for the owner is shown on the next page." }
        })))
    };
    let crumbs = [("Organisations", paths::ADMIN_ORGS.to_owned())];
    Ok(desk.page(Section::Organisations, "New organisation", &crumbs, content))
}

fn fields(write: &Write<NewOrg>, errors: &Errors) -> Markup {
    let typed = &write.input;
    html! {
        form.form method="post" action=(paths::ADMIN_ORGS) data-once {
            (errors.summary())
            (write.hidden())
            (Field::new("name", "Name").value(&typed.name).error(errors.of("name")).max(200)
                .help("What people call it, in any script."))
            (Field::new("slug", "Slug").value(&typed.slug).error(errors.of("slug")).max(40).optional()
                .help("Its address is /org/ and this: 3 to 40 of a–z, 0–9 and hyphens. Left empty, it is made from the name.")
                .data(&[("slug-source", "name")]))
            (Field::new("owner_email", "First owner's e-mail address").kind(FieldKind::Email).value(&typed.owner_email)
                .error(errors.of("owner_email")).max(254))
            (ui::form_actions(ui::submit("Create organisation"), Some(paths::ADMIN_ORGS)))
        }
    }
}
