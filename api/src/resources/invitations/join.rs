//! `/invitations/{token}`: joining an organisation.
//!
//! **Invariant:** the token only names the invitation. Organisation, role and person come from the log.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Org;
use domain::org::{InvitationCommand, OrgError};
use domain::values::{InvitationId, OrgId, PersonId, PersonName};
use maud::{Markup, html};
use projections::event_log::{CompanionRows, Joined, StreamId};
use projections::links::LinkPurpose;
use projections::memberships::{self, InvitationRow, OPEN};
use projections::org_detail::{self, OrgDetail};
use projections::org_list::ACTIVE;
use projections::people::{self, Person};
use projections::{Scope, Tenant};
use serde::Deserialize;

use crate::app::App;
use crate::bus::{Envelope, Principal, Receipt, SendError};
use crate::clock;
use crate::identity::account_log::{self, AccountEvent};
use crate::identity::client::{Browser, Client};
use crate::identity::session::{Identity, Visitor};
use crate::identity::{links, second_factor};
use crate::layout::form::new_password;
use crate::layout::form::{Errors, again};
use crate::layout::missing;
use crate::ui::{self, Field};
use crate::web::error::Error;
use crate::web::extract::{Form, Path};
use crate::web::paths;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct JoinForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
}

/// Everything that an invitation page knows.
struct OpenInvitation {
    invitation: InvitationRow,
    org: OrgDetail,
    person: Person,
}

pub async fn form(
    State(app): State<App>,
    Visitor(visitor): Visitor,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    match look_up(&app, &token).await {
        Ok(invited) => {
            let (typed, errors) = (JoinForm::default(), Errors::default());
            Ok(page(&invited, &token, visitor.as_ref(), &typed, &errors).into_response())
        }
        Err(Error::NotFound) => settled(&app, visitor.as_ref(), &token).await,
        Err(error) => Err(error),
    }
}

pub async fn submit(
    State(app): State<App>,
    Visitor(visitor): Visitor,
    browser: Browser,
    Path(token): Path<String>,
    Form(typed): Form<JoinForm>,
) -> Result<Response, Error> {
    let invited = match look_up(&app, &token).await {
        Err(Error::NotFound) => return settled(&app, visitor.as_ref(), &token).await,
        found => found?,
    };
    let person = PersonId(invited.person.person_id);
    let is_signed_in = visitor.as_ref().is_some_and(|identity| identity.person() == person);
    let sign_in_first = Redirect::to(&paths::login_then(&format!("/invitations/{token}"))).into_response();
    if invited.person.password_hash.is_some() && !is_signed_in {
        return Ok(sign_in_first);
    }
    let mut beside = None;
    if invited.person.password_hash.is_none() {
        app.throttle.link_form(&token).await?;
        let mut errors = Errors::default();
        let name = errors.parse::<PersonName>("name", &typed.name);
        let about = [&*invited.person.email, &typed.name, &invited.org.name];
        if let Err(weak) = app.passwords.judge(&typed.password, &about).await? {
            errors.add("password", weak);
        }
        let (Some(name), true) = (name, errors.is_empty()) else {
            return Ok(again(page(&invited, &token, visitor.as_ref(), &typed, &errors)));
        };
        let password_hash = app.passwords.hash(typed.password).await?;
        beside = Some(CompanionRows::Joined(Joined { person, name, password_hash }));
    }
    match accept(&app, &invited, &browser.client, beside).await {
        // Somebody was quicker and has chosen a password for this account.
        Err(SendError::PasswordChosen) => return Ok(sign_in_first),
        accepted => accepted?,
    };
    let dashboard = paths::dashboard(&invited.org.slug);
    if invited.person.password_hash.is_some() {
        return Ok(Redirect::to(&dashboard).into_response()); // signed in before, and nothing new was proven
    }
    account_log::note(
        &app,
        person,
        AccountEvent::PasswordChosen.with("by an invitation"),
        &browser.client,
        None,
    )
    .await;
    second_factor::enter(&app, person, &browser, &dashboard).await.map_err(Error::but_password_is_set)
}

/// Joins by one command, with the name and password that the person has chosen, if they had none.
async fn accept(
    app: &App,
    invited: &OpenInvitation,
    client: &Client,
    beside: Option<CompanionRows>,
) -> Result<Receipt, SendError<OrgError>> {
    let person = PersonId(invited.person.person_id);
    let invitation = InvitationId(invited.invitation.invitation_id);
    let command = InvitationCommand::AcceptInvitation { invitation, person, at: clock::now().into() };
    let principal = Principal::Person { person, grant: None, proven_at: None };
    let envelope = Envelope { address: client.address, beside, ..Envelope::new() };
    app.bus.send::<Org>(&principal, OrgId(invited.org.org_id), command, envelope).await
}

/// Loads what the link opens, as long as the invitation is open and the organisation is active.
async fn look_up(app: &App, token: &str) -> Result<OpenInvitation, Error> {
    let link = links::open(app, token, LinkPurpose::Invitation).await?;
    let id = link.invitation_id.ok_or(Error::NotFound)?;
    let Some(invitation) = memberships::invitation(&app.db, id).await? else {
        let org = OrgId(link.org_id.ok_or(Error::NotFound)?);
        return Err(missing(app, &StreamId::of::<Org>(org)).await?);
    };
    if invitation.status != OPEN || invitation.expires_at <= clock::now() {
        return Err(Error::NotFound);
    }
    let scope = Scope::Tenant(Tenant::invited(&invitation));
    let org = org_detail::get(&app.db, &scope, invitation.org_id).await?.ok_or(Error::NotFound)?;
    if org.status != ACTIVE {
        return Err(Error::NotFound); // why it does not work is not for somebody who is not in it
    }
    let person = people::by_id(&app.db, PersonId(invitation.person_id)).await?.ok_or(Error::NotFound)?;
    Ok(OpenInvitation { invitation, org, person })
}

/// Answers a link that opens no invitation. Somebody who joined by it goes on to the organisation. Everybody else reads the
/// same text, whether there ever was such a link or not.
async fn settled(app: &App, visitor: Option<&Identity>, token: &str) -> Result<Response, Error> {
    if let Some(identity) = visitor
        && let Some(slug) = joined(app, identity, token).await?
    {
        return Ok(Redirect::to(&paths::dashboard(&slug)).into_response());
    }
    let content = html! {
        h1 { "This link opens nothing" }
        p { "An invitation works once, and for " (links::INVITATION_DAYS) " days. If you have joined already, go on to your organisation. Otherwise ask whoever invited you for a new link." }
        (ui::primary_link(if visitor.is_some() { "Go on" } else { "Sign in" }, paths::ROOT))
    };
    Ok((StatusCode::NOT_FOUND, ui::plain("This link opens nothing", content)).into_response())
}

/// The dashboard of the organisation that the visitor has joined by this invitation, if it was theirs.
async fn joined(app: &App, identity: &Identity, token: &str) -> Result<Option<String>, Error> {
    let link = links::any(app, token, LinkPurpose::Invitation).await?;
    let Some(org) = link.filter(|link| link.person_id == Some(identity.session.person_id)) else {
        return Ok(None);
    };
    let memberships = memberships::of_person(&app.db, identity.session.person_id, "", 100).await?;
    Ok(memberships.into_iter().find(|m| Some(m.org_id) == org.org_id).map(|m| m.slug))
}

fn page(
    invited: &OpenInvitation,
    token: &str,
    visitor: Option<&Identity>,
    typed: &JoinForm,
    errors: &Errors,
) -> Markup {
    let OpenInvitation { invitation, org, person } = invited;
    let joined = html! { "Join " (org.name) };
    let content = html! {
        h1 { (joined) }
        p { "You were invited to " strong { (org.name) } " as " strong { (invitation.role) } ", with the address " strong { (person.email) } "." }
        (errors.summary())
        @match visitor {
            Some(identity) if identity.session.person_id == person.person_id => {
                form method="post" data-once { (ui::submit(&format!("Join {}", org.name))) }
            }
            Some(identity) => {
                p { "You are signed in as " strong { (identity.session.email) } ". Sign out, then open this link again." }
                form method="post" action=(paths::LOGOUT) { (ui::submit("Sign out")) }
            }
            None if person.password_hash.is_some() => {
                p { "You have an account already." }
                p { (ui::primary_link("Sign in to join", &paths::login_then(&format!("/invitations/{token}")))) }
            }
            None => (new_account(org, person, typed, errors)),
        }
    };
    ui::plain(&format!("Join {}", org.name), content)
}

fn new_account(org: &OrgDetail, person: &Person, typed: &JoinForm, errors: &Errors) -> Markup {
    let name = if typed.name.is_empty() { person.name.as_deref().unwrap_or("") } else { &typed.name };
    html! {
        form method="post" data-once {
            input type="hidden" autocomplete="username" value=(person.email);
            (Field::new("name", "Your name").value(name).error(errors.of("name")).autocomplete("name").max(100))
            (new_password(errors))
            (ui::submit(&format!("Join {}", org.name)))
        }
    }
}
