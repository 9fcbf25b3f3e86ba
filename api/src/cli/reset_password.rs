//! `portal reset-password <email>`: the way back for whoever lost their password.

use std::process::ExitCode;

use domain::values::{Email, PersonId};
use projections::{passkeys, second_factors};

use crate::cli::{open, say, say_link};
use crate::config::Settings;
use crate::identity::links;
use crate::web::paths;

/// Makes a link. Nothing changes until the link is used.
pub async fn run(settings: Settings, email: Email) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let app = open(settings).await?;
    let person = app.lookups.person(&email).await?;
    let person = person.ok_or_else(|| anyhow::anyhow!("nobody here has the address {email}"))?;
    let id = PersonId(person.person_id);
    let token = match &person.password_hash {
        Some(_) => links::new_password(&app, id).await,
        None => links::choose_password(&app, id).await,
    };
    let path = paths::choose_password(&token.map_err(anyhow::Error::from)?);
    say_link(&app, &format!("With this link, {email} chooses a new password (works once, for a day)"), &path);
    say("What they have now works until then. With the new password, every session of theirs ends.");
    let has_second = second_factors::of_person(&app.db, id).await?.is_some();
    if has_second || !passkeys::of_person(&app.db, id).await?.is_empty() {
        say(&format!(
            "Their second factor stays as it is; `portal forget-second-factor {email}` takes it away if it is lost too."
        ));
    }
    Ok(ExitCode::SUCCESS)
}
