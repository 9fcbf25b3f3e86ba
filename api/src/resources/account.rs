//! `/account`: who I am, how I sign in, and where I am signed in.

pub mod activity;
pub mod passkeys;
pub mod second_factor;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::values::PersonName;
use maud::{Markup, html};
use projections::grants::{self, GrantListed};
use projections::second_factors::Totp;
use projections::sessions::{self, Session};
use projections::{known_devices, memberships, people, second_factors};
use serde::Deserialize;
use uuid::Uuid;

use crate::access::RouteRequirement::SignedIn;
use crate::access::routes::Routes;
use crate::app::App;
use crate::credentials::passwords::Asker;
use crate::identity::account_log::{AccountEvent, By};
use crate::identity::client::{Browser, Client};
use crate::identity::session::{self, Identity};
use crate::layout::form::new_password;
use crate::layout::form::{Errors, again};
use crate::layout::names::Names;
use crate::resources::grants::list::until;
use crate::ui::{self, Column, Field, FieldKind, Tone};
use crate::web::error::Error;
use crate::web::extract::{Form, Query};
use crate::web::paths;
use crate::{clock, layout};

#[derive(Deserialize, Default)]
pub struct AccountQuery {
    #[serde(default)]
    done: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameForm {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordChangeForm {
    current: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionsForm {
    /// The session to end; without it, all but the present one.
    session: Option<Uuid>,
}

pub fn routes(routes: Routes) -> Routes {
    routes
        .get(paths::ACCOUNT, SignedIn, show)
        .post(paths::ACCOUNT_NAME, SignedIn, rename)
        .post(paths::ACCOUNT_PASSWORD, SignedIn, change_password)
        .post(paths::ACCOUNT_SESSIONS, SignedIn, end_sessions)
        .get(paths::ACCOUNT_ACTIVITY, SignedIn, activity::show)
        .get(paths::SECOND_FACTOR, SignedIn, second_factor::show)
        .post(paths::SECOND_FACTOR, SignedIn, second_factor::confirm)
        .post(paths::SECOND_FACTOR_SECRET, SignedIn, second_factor::begin)
        .post(paths::SECOND_FACTOR_CODES, SignedIn, second_factor::renew_codes)
        .post(paths::SECOND_FACTOR_SHOWN, SignedIn, second_factor::shown)
        .post(paths::SECOND_FACTOR_REMOVAL, SignedIn, second_factor::remove)
        .post(paths::PASSKEYS, SignedIn, passkeys::add)
        .post(paths::PASSKEYS_QUESTION, SignedIn, passkeys::question)
        .post(paths::PASSKEYS_PROOF, SignedIn, passkeys::proof)
        .post(paths::PASSKEYS_REMOVAL, SignedIn, passkeys::remove)
}

pub async fn show(
    State(app): State<App>,
    identity: Identity,
    Query(AccountQuery { done }): Query<AccountQuery>,
) -> Result<Markup, Error> {
    page(&app, &identity, &done, &Errors::default()).await
}

pub async fn rename(
    State(app): State<App>,
    identity: Identity,
    Form(typed): Form<NameForm>,
) -> Result<Response, Error> {
    match typed.name.parse::<PersonName>() {
        Ok(name) => {
            people::set_name(&app.db, identity.person(), &name).await?;
            Ok(Redirect::to("/account?done=name").into_response())
        }
        Err(error) => Ok(again(page(&app, &identity, "", &Errors::one("name", error)).await?)),
    }
}

/// Changes the password. Every other session ends, and this one gets a new cookie.
pub async fn change_password(
    State(app): State<App>,
    identity: Identity,
    browser: Browser,
    Form(typed): Form<PasswordChangeForm>,
) -> Result<Response, Error> {
    app.throttle.confirmation(identity.person()).await?;
    let person = people::by_id(&app.db, identity.person()).await?.ok_or(Error::NotFound)?;
    let mut errors = Errors::default();
    if !app.passwords.verify(Asker::Known, typed.current, person.password_hash.clone()).await? {
        errors.add("current", "this is not your password");
        identity
            .note(&app, AccountEvent::ConfirmationFailed.with("to change the password"), &browser.client)
            .await;
    }
    if let Err(weak) = app.passwords.judge(&typed.password, &[&person.email, person.called()]).await? {
        errors.add("password", weak);
    }
    if !errors.is_empty() {
        return Ok(again(page(&app, &identity, "", &errors).await?));
    }
    let hash = app.passwords.hash(typed.password).await?;
    let replaces = person.password_hash.as_deref().unwrap_or_default();
    if !people::change_password(&app.db, identity.person(), replaces, &hash).await? {
        let errors = Errors::one("current", "your password was changed at this very moment");
        return Ok(again(page(&app, &identity, "", &errors).await?));
    }
    identity
        .note(&app, AccountEvent::PasswordChanged.with("and all other sessions ended"), &browser.client)
        .await;
    let (two_factors, proven_at) = (identity.session.two_factors, identity.session.proven_at);
    let by = By::NewPassword { two_factors, proven_at };
    let cookies = session::start(&app, identity.person(), by, &browser).await;
    let cookies = cookies.map_err(Error::but_password_is_set)?;
    let forgotten = known_devices::forget_others(&app.db, identity.person(), &cookies.device).await;
    forgotten.map_err(|error| Error::from(error).but_password_is_set())?;
    Ok((cookies, Redirect::to("/account?done=password")).into_response())
}

pub async fn end_sessions(
    State(app): State<App>,
    identity: Identity,
    client: Client,
    Form(SessionsForm { session }): Form<SessionsForm>,
) -> Result<Redirect, Error> {
    let which = if session.is_some() { "one" } else { "all others" };
    match session {
        Some(session) => sessions::end(&app.db, identity.person(), session).await?,
        None => sessions::end_others(&app.db, identity.person(), identity.session.session_id).await?,
    }
    identity.note(&app, AccountEvent::SessionsEnded.with(which), &client).await;
    Ok(Redirect::to("/account?done=sessions"))
}

async fn page(app: &App, identity: &Identity, done: &str, errors: &Errors) -> Result<Markup, Error> {
    let open = sessions::of_person(&app.db, identity.person(), clock::now()).await?;
    let memberships = memberships::of_person(&app.db, identity.session.person_id, "", 100).await?;
    let default = memberships.iter().find(|m| Some(m.org_id) == identity.session.default_org_id);
    let content = html! {
        h1 { "Your account" }
        @match done {
            "name" => (ui::note(Tone::Good, html! { "You changed your name." })),
            "password" => (ui::note(Tone::Good, html! { "You changed your password. All other sessions were ended." })),
            "second-factor" => (ui::note(Tone::Good, html! { "You turned off the second factor." })),
            "passkey" => (ui::note(Tone::Good, html! { "You added a passkey. Next time, sign in with it." })),
            "passkey-removed" => (ui::note(Tone::Good, html! { "You removed a passkey." })),
            "sessions" => (ui::note(Tone::Good, html! { "Ended." })),
            _ => {},
        }
        (errors.summary())
        (ui::card("Profile", html! {
            (ui::facts(&[("E-mail address", html! { (identity.session.email) })]))
            form method="post" action=(paths::ACCOUNT_NAME) data-once {
                (Field::new("name", "Name").value(identity.session.name.as_deref().unwrap_or("")).error(errors.of("name")).autocomplete("name").max(100))
                (ui::submit_plain("Save name"))
            }
        }))
        (ui::card("Organisations", html! {
            p { @match default {
                Some(default) => { "After signing in you go straight to " strong { (default.name) } "." },
                None => "After signing in you choose an organisation, if you belong to more than one.",
            } }
            p { a href=(paths::SELECT) { "Your organisations" } }
        }))
        (roles_card(app, identity).await?)
        (password_card(errors))
        (second_factor_card(second_factors::of_person(&app.db, identity.person()).await?.as_ref()))
        (passkeys::card(app, identity, errors).await?)
        (sessions_card(&open, identity))
        (activity::card(app, identity).await?)
    };
    let choices = layout::choices(app, identity).await?;
    Ok(ui::plain_wide("Your account", Some(&layout::viewer(identity, &choices)), content))
}

/// The platform roles of the viewer: until when, by whom and why. Empty for most people.
async fn roles_card(app: &App, identity: &Identity) -> Result<Markup, Error> {
    let (grants, now) = (grants::of_oneself(&app.db, identity.session.person_id).await?, clock::now());
    let held: Vec<&GrantListed> = grants.iter().filter(|grant| grant.is_held(now)).collect();
    if held.is_empty() {
        return Ok(html! {});
    }
    let by = Names::of_actors(app, &held.iter().map(|grant| grant.granted_by.as_str()).collect::<Vec<_>>())
        .await?;
    let give_up = |grant: &GrantListed| {
        html! {
            @if identity.is_superadmin() { a href=(paths::revocation(grant.person_id, &grant.role)) { "Give up this role …" } }
            @else { "A superadmin can take it back." }
        }
    };
    Ok(ui::card(
        "Platform roles",
        html! {
            p { "These roles apply to all organisations, not only to those you belong to." }
            @for grant in held {
                (ui::facts(&[
                    ("Role", ui::badge(&grant.role)),
                    ("Time", until(grant, now)),
                    ("Reason", html! { (grant.reason) }),
                    ("Granted by", html! { (by.actor_text(&grant.granted_by)) ", " (ui::time(grant.granted_at.into())) }),
                    ("No longer needed?", give_up(grant)),
                ]))
            }
        },
    ))
}

fn password_card(errors: &Errors) -> Markup {
    ui::card(
        "Password",
        html! {
            form method="post" action=(paths::ACCOUNT_PASSWORD) data-once {
                (Field::new("current", "Current password").kind(FieldKind::Password).autocomplete("current-password").error(errors.of("current")))
                (Field { label: "New password", ..new_password(errors) })
                (ui::submit_plain("Change password"))
            }
        },
    )
}

fn second_factor_card(totp: Option<&Totp>) -> Markup {
    let (state, what, change) = match totp {
        Some(_) => (
            "on",
            "After your password, signing in asks for a code from your app.",
            "Recovery codes, turning it off",
        ),
        None => (
            "off",
            "With a second factor, sign-in also asks for a code from your telephone. Your password alone is not enough.",
            "Set up a second factor",
        ),
    };
    let content = html! {
        p { (what) }
        p { a href=(paths::SECOND_FACTOR) { (change) } }
    };
    ui::card_with("Second factor", ui::badge(state), content)
}

fn sessions_card(open: &[Session], identity: &Identity) -> Markup {
    let columns =
        [Column::new("Where"), Column::new("Signed in"), Column::new("Last used"), Column::actions()];
    let rows: Vec<Vec<Markup>> = open.iter().map(|session| session_row(session, identity)).collect();
    ui::card(
        "Sessions",
        html! {
            (ui::table("Where you are signed in", &columns, &rows))
            @if open.len() > 1 {
                form method="post" action=(paths::ACCOUNT_SESSIONS) { (ui::submit_plain("End all other sessions")) }
            }
        },
    )
}

fn session_row(session: &Session, identity: &Identity) -> Vec<Markup> {
    let here = session.session_id == identity.session.session_id;
    vec![
        html! {
            span title=[session.agent.as_deref()] { (activity::browser(session.agent.as_deref())) }
            @if let Some(address) = &session.address { " " (ui::id(address)) }
        },
        ui::time(session.created_at.into()),
        ui::time(session.last_seen_at.into()),
        html! {
            @if here { (ui::badge("this one")) }
            @else {
                form.inline method="post" action=(paths::ACCOUNT_SESSIONS) {
                    input type="hidden" name="session" value=(session.session_id);
                    button.link type="submit" { "End" }
                }
            }
        },
    ]
}
