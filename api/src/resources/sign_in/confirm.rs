//! The page "Confirm that it is you". It appears at any URL that does something sensitive, between the form or link and
//! what it does.

use axum::http::HeaderName;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use projections::people;
use serde::Deserialize;

use crate::app::App;
use crate::bus::PROOF_MINUTES;
use crate::identity::session::Identity;
use crate::identity::sudo::{Means, PendingForm};
use crate::layout::form::Errors;
use crate::ui::{self, Field, FieldKind};
use crate::web::error::Error;
use crate::web::extract::Form;
use crate::web::paths;

/// The page that carries the form in hidden fields and asks for a proof. It sends both to where the form was sent before.
pub async fn page(
    app: &App,
    identity: &Identity,
    pending: &PendingForm,
    wrong: Option<&str>,
) -> Result<Markup, Error> {
    let person = people::by_id(&app.db, identity.person()).await?.ok_or(Error::NotFound)?;
    let means = Means::of(app, &person).await?;
    let field = match means {
        Means { code: true, .. } => "sudo_code",
        Means { password: true, .. } => "sudo_password",
        Means { .. } => "",
    };
    let errors = wrong.map(|wrong| Errors::one(field, wrong)).unwrap_or_default();
    let below =
        html! { "You are asked again when you last confirmed more than " (PROOF_MINUTES) " minutes ago." };
    let content = html! {
        h1 { "Confirm that it is you" }
        @if !pending.what.is_empty() { p { "You are about to " strong { (pending.what) } "." } }
        p { "This is a sensitive action. " (with_what(means)) }
        (errors.summary())
        form.form method="post" action=[pending.action] data-once {
            @for (name, value) in &pending.fields { input type="hidden" name=(name) value=(value); }
            @for (name, value) in [("sudo_what", &pending.what), ("sudo_back", &pending.back)] {
                input type="hidden" name=(name) value=(value);
            }
            @if means.code { (code(&errors)) } @else if means.password { (password(identity, &errors)) }
            @if means.code || means.password { (ui::submit("Confirm and go on")) }
            @if means.passkey { (passkey("Confirm with a passkey")) }
            a.button.quiet href=(pending.back) { "Cancel" }
        }
    };
    Ok(ui::plain_with("Confirm that it is you", content, below))
}

fn with_what(means: Means) -> &'static str {
    match means {
        Means { code: true, passkey: true, .. } => {
            "Enter a code from your app, or use a passkey, to continue."
        }
        Means { code: true, .. } => "Enter a code from your app to continue.",
        Means { passkey: true, .. } => "Confirm with your passkey to continue.",
        Means { password: true, .. } => "Confirm your password to continue.",
        Means { .. } => {
            "You have no password and no passkey here to confirm it with. Sign out, come in again the way you came, and do it once more."
        }
    }
}

fn password(identity: &Identity, errors: &Errors) -> Markup {
    let field =
        Field::new("sudo_password", "Password").kind(FieldKind::Password).autocomplete("current-password");
    html! {
        input type="hidden" autocomplete="username" value=(identity.session.email);
        (field.error(errors.of("sudo_password")).focused())
    }
}

fn code(errors: &Errors) -> Markup {
    let field = Field::new("sudo_code", "Code").autocomplete("one-time-code").max(40);
    let help = "Without your telephone, use one of your recovery codes: each works once.";
    html! { (field.error(errors.of("sudo_code")).help(help).focused()) }
}

/// The fields and the button with which a form carries a passkey as the proof.
pub fn passkey(label: &str) -> Markup {
    html! {
        input type="hidden" name="sudo_handle" data-passkey-handle;
        input type="hidden" name="sudo_passkey" data-passkey-credential;
        (ui::passkey_button(label, paths::PASSKEYS_PROOF))
    }
}

#[derive(Deserialize)]
pub struct ConfirmationForm {
    next: String,
    #[serde(default)]
    back: String,
}

/// Receives the proof for a link; the gate has checked it by now. The browser then follows the link, and since that is a
/// download, this page stays on the screen.
pub async fn confirmed(
    _: Identity,
    Form(ConfirmationForm { next, back }): Form<ConfirmationForm>,
) -> Result<Response, Error> {
    let next = paths::local(&next).ok_or(Error::NotFound)?;
    let back = paths::local(&back).unwrap_or(paths::ROOT);
    let content = html! {
        h1 { "Confirmed" }
        p { "Your download starts by itself. If it does not, " a href=(next) { "download it here" } "." }
        p { (ui::button_link("Back", back)) }
    };
    let refresh = (HeaderName::from_static("refresh"), format!("0; url={next}"));
    Ok(([refresh], ui::plain_with("Confirmed", content, html! {})).into_response())
}
