//! Any URL that does something grave: "confirm that it is you", between a form and what it does.

use maud::{Markup, html};
use projections::people;

use crate::app::App;
use crate::error::Error;
use crate::pages::form::Errors;
use crate::session::Identity;
use crate::sudo::{Kept, MINUTES};
use crate::ui::{self, Field, Kind};

/// The form that was sent, invisible, and what proves its sender. It is sent to where it was sent before.
pub async fn page(app: &App, identity: &Identity, kept: &Kept, wrong: Option<&str>) -> Result<Markup, Error> {
    let person = people::by_id(&app.db, identity.person()).await?.ok_or(Error::NotFound)?;
    let errors = wrong.map(|wrong| Errors::one("sudo_password", wrong)).unwrap_or_default();
    let has_password = person.password_hash.is_some();
    let below = html! { "What is grave asks for this again when the last time is more than " (MINUTES) " minutes ago." };
    let content = html! {
        h1 { "Confirm that it is you" }
        p {
            @if kept.what.is_empty() { "You are about to do something grave." }
            @else { "You are about to " strong { (kept.what) } "." }
            @if has_password { " Confirm that it is you, and it goes on." }
        }
        (errors.summary())
        form.form method="post" data-once {
            @for (name, value) in &kept.fields { input type="hidden" name=(name) value=(value); }
            @for (name, value) in [("sudo_what", &kept.what), ("sudo_back", &kept.back)] {
                input type="hidden" name=(name) value=(value);
            }
            @if has_password { (password(identity, &errors)) }
            @else { (nothing_to_prove_with()) }
            @if has_password { (ui::form_actions(ui::submit("Confirm and go on"), Some(&kept.back))) }
            @else { (ui::button_link("Cancel", &kept.back)) }
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

fn nothing_to_prove_with() -> Markup {
    html! {
        p { "You have no password here to confirm it with. Sign out, come in again the way you came, and do it once more." }
    }
}
