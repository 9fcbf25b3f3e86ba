//! Any URL that does something grave: "confirm that it is you", between a form and what it does.

use maud::{Markup, html};
use projections::{passkeys as stored, people};

use crate::app::App;
use crate::error::Error;
use crate::pages::form::Errors;
use crate::session::Identity;
use crate::sudo::{Kept, MINUTES};
use crate::ui::{self, Field, Kind};
use crate::{passkeys, paths};

/// The form that was sent, invisible, and what proves its sender. It is sent to where it was sent before.
pub async fn page(app: &App, identity: &Identity, kept: &Kept, wrong: Option<&str>) -> Result<Markup, Error> {
    let person = people::by_id(&app.db, identity.person()).await?.ok_or(Error::NotFound)?;
    let has_password = person.password_hash.is_some();
    let has_passkey = passkeys::are_possible(&app.settings)
        && !stored::of_person(&app.db, identity.person()).await?.is_empty();
    let field = if has_password { "sudo_password" } else { "" };
    let errors = wrong.map(|wrong| Errors::one(field, wrong)).unwrap_or_default();
    let below = html! { "What is grave asks for this again when the last time is more than " (MINUTES) " minutes ago." };
    let content = html! {
        h1 { "Confirm that it is you" }
        p {
            @if kept.what.is_empty() { "You are about to do something grave." }
            @else { "You are about to " strong { (kept.what) } "." }
            @if has_password || has_passkey { " Confirm that it is you, and it goes on." }
        }
        (errors.summary())
        form.form method="post" data-once {
            @for (name, value) in &kept.fields { input type="hidden" name=(name) value=(value); }
            @for (name, value) in [("sudo_what", &kept.what), ("sudo_back", &kept.back)] {
                input type="hidden" name=(name) value=(value);
            }
            @if has_password { (password(identity, &errors)) }
            @if !has_password && !has_passkey { (nothing_to_prove_with()) }
            @if has_password { (ui::submit("Confirm and go on")) }
            @if has_passkey { (passkey("Confirm with a passkey")) }
            a.button.quiet href=(kept.back) { "Cancel" }
        }
    };
    Ok(ui::plain_with("Confirm that it is you", content, below))
}

fn password(identity: &Identity, errors: &Errors) -> Markup {
    let field = Field::new("sudo_password", "Password").kind(Kind::Password).autocomplete("current-password");
    html! {
        input type="hidden" autocomplete="username" value=(identity.session.email);
        (field.error(errors.of("sudo_password")).focused())
    }
}

/// What a form needs to carry a passkey as the proof.
pub fn passkey(label: &str) -> Markup {
    html! {
        input type="hidden" name="sudo_handle" data-passkey-handle;
        input type="hidden" name="sudo_passkey" data-passkey-credential;
        (ui::passkey_button(label, paths::PASSKEYS_PROOF))
    }
}

fn nothing_to_prove_with() -> Markup {
    html! {
        p { "You have no password and no passkey here to confirm it with. Sign out, come in again the way you came, and do it once more." }
    }
}
