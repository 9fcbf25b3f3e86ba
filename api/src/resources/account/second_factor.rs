//! `/account/second-factor`: codes from an app besides the password, and the recovery codes that go with them.
//!
//! **Invariant:** nothing is stored before its owner has shown that their app makes the right codes: until then the
//! secret is in their own form.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use fast_qr::QRBuilder;
use fast_qr::convert::svg::SvgBuilder;
use maud::{Markup, PreEscaped, html};
use projections::second_factors::{self, Totp};
use projections::{passkeys, sessions};
use serde::Deserialize;

use crate::app::App;
use crate::bus::sensitive::Act;
use crate::identity::account_log::AccountEvent;
use crate::identity::client::Client;
use crate::identity::second_factor::{self, CODES, Confirmed, Enrolment};
use crate::identity::session::Identity;
use crate::identity::sudo;
use crate::layout::form::{Errors, again};
use crate::ui::{self, Field, Tone};
use crate::web::error::Error;
use crate::web::extract::{Form, Nothing};
use crate::web::paths;
use crate::{clock, layout};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentForm {
    secret: String,
    code: String,
}

pub async fn show(State(app): State<App>, identity: Identity) -> Result<Markup, Error> {
    let totp = second_factors::of_person(&app.db, identity.person()).await?;
    let has_passkey = !passkeys::of_person(&app.db, identity.person()).await?.is_empty();
    let content = html! {
        (ui::head("Second factor", totp.as_ref().map(|_| ui::badge("on")), None, html! {}))
        @if identity.withheld { (wanted(has_passkey)) }
        @match &totp {
            Some(totp) => { (recovery(totp)) (removal()) }
            None if identity.withheld && has_passkey => (show_passkey()),
            None => (invitation()),
        }
        p { a href=(paths::ACCOUNT) { "Your account" } }
    };
    document(&app, &identity, "Second factor", content).await
}

/// A new secret, as a picture and in letters. Nothing is kept of it here.
pub async fn begin(State(app): State<App>, identity: Identity, _: Form<Nothing>) -> Result<Response, Error> {
    may_change(&app, &identity).await?;
    sudo::ask(&identity, Act::SetUpSecondFactor)?;
    if second_factors::of_person(&app.db, identity.person()).await?.is_some() {
        return Ok(Redirect::to(paths::SECOND_FACTOR).into_response());
    }
    Ok(secret(&app, &identity, &Enrolment::new()?, &Errors::default()).await?.into_response())
}

/// Shares the secret with whoever shows a code of it; every other session of theirs ends.
pub async fn confirm(
    State(app): State<App>,
    identity: Identity,
    client: Client,
    Form(shown): Form<EnrolmentForm>,
) -> Result<Response, Error> {
    may_change(&app, &identity).await?;
    sudo::ask(&identity, Act::SetUpSecondFactor)?;
    app.throttle.code(identity.person(), client.address, None).await?;
    let Some(enrolment) = Enrolment::of(&shown.secret) else {
        return Ok(Redirect::to(paths::SECOND_FACTOR).into_response());
    };
    match enrolment.confirm(&app, &identity, &shown.code).await? {
        Confirmed::WrongCode => {
            let wrong = "this is not the code that the app shows now; check the clock of your telephone";
            Ok(again(secret(&app, &identity, &enrolment, &Errors::one("code", wrong)).await?))
        }
        Confirmed::Before => Ok(Redirect::to(paths::SECOND_FACTOR).into_response()),
        Confirmed::Now(codes) => {
            // The codes are shown even if something fails now, since nobody could show them again.
            let proven = sessions::prove(&app.db, identity.session.session_id, clock::now(), true).await;
            if let Err(error) = proven {
                tracing::warn!(%error, "a session could not be told that a second factor was shown");
            }
            identity
                .note(&app, AccountEvent::SecondFactorAdded.with("and all other sessions ended"), &client)
                .await;
            let done = "The second factor is on. All other sessions were ended.";
            Ok(codes_once(&app, &identity, done, &codes).await?.into_response())
        }
    }
}

pub async fn renew_codes(
    State(app): State<App>,
    identity: Identity,
    client: Client,
    _: Form<Nothing>,
) -> Result<Response, Error> {
    sudo::ask(&identity, Act::RenewRecoveryCodes)?;
    if second_factors::of_person(&app.db, identity.person()).await?.is_none() {
        return Ok(Redirect::to(paths::SECOND_FACTOR).into_response());
    }
    let codes = second_factor::replace_codes(&app, identity.person()).await?;
    identity.note(&app, AccountEvent::RecoveryCodesMade.with(""), &client).await;
    let done = "These are new. None of the earlier codes works any more.";
    Ok(codes_once(&app, &identity, done, &codes).await?.into_response())
}

pub async fn remove(
    State(app): State<App>,
    identity: Identity,
    client: Client,
    _: Form<Nothing>,
) -> Result<Redirect, Error> {
    may_change(&app, &identity).await?;
    sudo::ask(&identity, Act::RemoveSecondFactor)?;
    second_factors::remove(&app.db, identity.person()).await?;
    identity.note(&app, AccountEvent::SecondFactorRemoved.with(""), &client).await;
    Ok(Redirect::to("/account?done=second-factor"))
}

/// Answers the form that showed a passkey. The proof came with the form, and was noted on its way here.
pub async fn shown(_: Identity, _: Form<Nothing>) -> Redirect {
    Redirect::to(paths::ADMIN_ORGS)
}

/// An operator who has to show a second factor and hasn't, in this session, can't give themselves another one: it
/// might be somebody who knows no more than their password.
pub(super) async fn may_change(app: &App, identity: &Identity) -> Result<(), Error> {
    let person = identity.person();
    let free = !identity.withheld
        || (second_factors::of_person(&app.db, person).await?.is_none()
            && passkeys::of_person(&app.db, person).await?.is_empty());
    let first = "Sign out, and sign in with the second factor that you have. Then you can change it.";
    if free { Ok(()) } else { Err(Error::Forbidden(first.to_owned())) }
}

fn wanted(has_passkey: bool) -> Markup {
    ui::note(
        Tone::Warning,
        html! {
            p { strong { "The operator console requires a second factor." } " Whoever knows your password could otherwise change every organisation." }
            @if has_passkey { p { "You signed in with a password only. Show your passkey as well, and the console opens." } }
            @else { p { "Set one up here, or add a passkey to " a href=(paths::ACCOUNT) { "your account" } ". Then go on to the " a href=(paths::ADMIN_ORGS) { "console" } "." } }
        },
    )
}

/// An empty form that carries the proof. The gate takes the proof out and notes it before this page's handler runs.
fn show_passkey() -> Markup {
    html! {
        form method="post" action=(paths::SECOND_FACTOR_SHOWN) data-needs-passkeys hidden {
            input type="hidden" name="sudo_what" value="open the operator console";
            input type="hidden" name="sudo_back" value=(paths::SECOND_FACTOR);
            (crate::resources::sign_in::confirm::passkey("Show your passkey"))
        }
    }
}

fn invitation() -> Markup {
    ui::card(
        "Codes from an app",
        html! {
            p { "An app on your telephone shows six digits that change every 30 seconds. Signing in then asks for them after your password, so that somebody who only knows your password can't sign in." }
            p { "Any app for one-time passwords will do. You need it for the next step." }
            form method="post" action=(paths::SECOND_FACTOR_SECRET) { (ui::submit("Set up codes")) }
        },
    )
}

fn recovery(totp: &Totp) -> Markup {
    let left = format!("{} of {CODES}", totp.codes_left);
    ui::card(
        "Codes from an app",
        html! {
            (ui::facts(&[("On since", ui::time(totp.created_at.into())), ("Recovery codes left", html! { (left) })]))
            p { "With a recovery code you sign in when your telephone is not at hand. Each works once." }
            form method="post" action=(paths::SECOND_FACTOR_CODES) data-once { (ui::submit_plain("Make new recovery codes")) }
        },
    )
}

fn removal() -> Markup {
    ui::card(
        "Turn it off",
        html! {
            p { "Signing in will ask for your password only. Secret and recovery codes are deleted." }
            form method="post" action=(paths::SECOND_FACTOR_REMOVAL) data-once { (ui::submit_danger("Turn off the second factor")) }
        },
    )
}

async fn secret(
    app: &App,
    identity: &Identity,
    enrolment: &Enrolment,
    errors: &Errors,
) -> Result<Markup, Error> {
    let text = enrolment.text();
    let picture = picture(&enrolment.url(&identity.session.email)?)?;
    let content = html! {
        (ui::head("Set up codes", None, None, html! {}))
        (errors.summary())
        (ui::card("1. Show this to your app", html! {
            div.qr role="img" aria-label="The secret below as a QR code" { (picture) }
            p { "Without a camera, type this into the app:" }
            p { (ui::copyable(&text)) }
        }))
        (ui::card("2. Type what it shows", html! {
            form.form method="post" action=(paths::SECOND_FACTOR) data-once {
                input type="hidden" name="secret" value=(text);
                (Field::new("code", "Code").autocomplete("one-time-code").error(errors.of("code")).max(10)
                    .help("Six digits. It shows that the app has the secret; only then is anything changed."))
                (ui::form_actions(ui::submit("Turn on the second factor"), Some(paths::SECOND_FACTOR)))
            }
        }))
    };
    document(app, identity, "Set up codes", content).await
}

/// The page that shows the recovery codes, once.
async fn codes_once(app: &App, identity: &Identity, done: &str, codes: &[String]) -> Result<Markup, Error> {
    let lines = codes.join("\n");
    let file =
        format!("Recovery codes of portal for {}. Each works once.\n\n{lines}\n", identity.session.email);
    let href = format!("data:text/plain;charset=utf-8,{}", percent_encode(&file));
    let content = html! {
        (ui::head("Recovery codes", None, None, html! {}))
        (ui::note(Tone::Good, html! { (done) }))
        (ui::card("Keep these codes apart from your telephone", html! {
            p { "Each signs you in once, in place of a code from the app. They are shown now and never again." }
            ul.codes { @for code in codes { li { code { (code) } } } }
            div.actions {
                a.button href=(href) download="portal-recovery-codes.txt" { "Download as a file" }
                button.button type="button" data-copy=(lines) hidden { "Copy all" }
            }
        }))
        p { (ui::primary_link("I have saved them", paths::ACCOUNT)) }
    };
    document(app, identity, "Recovery codes", content).await
}

fn percent_encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn picture(url: &str) -> Result<Markup, Error> {
    let code = QRBuilder::new(url).build().map_err(|error| anyhow::anyhow!("{error:?}"))?;
    Ok(PreEscaped(SvgBuilder::default().to_str(&code)))
}

async fn document(app: &App, identity: &Identity, title: &str, content: Markup) -> Result<Markup, Error> {
    let choices = layout::choices(app, identity).await?;
    Ok(ui::plain_wide(title, Some(&layout::viewer(identity, &choices)), content))
}
