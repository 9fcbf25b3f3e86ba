//! `portal forget-second-factor <email>`: the way back for whoever lost their telephone, their recovery codes and their
//! passkeys.

use std::process::ExitCode;

use domain::values::{Email, PersonId};
use projections::{passkeys, second_factors, sessions};

use crate::cli::{open, say};
use crate::config::Settings;
use crate::identity::account_log::{self, AccountEvent};
use crate::identity::client::Client;

/// Removes the second factor and ends every session: somebody else may have found the telephone.
pub async fn forget(settings: Settings, email: Email) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let app = open(settings).await?;
    let person = app.lookups.person(&email).await?;
    let person = person.ok_or_else(|| anyhow::anyhow!("nobody here has the address {email}"))?;
    let id = PersonId(person.person_id);
    for passkey in passkeys::of_person(&app.db, id).await? {
        passkeys::remove(&app.db, id, &passkey.credential_id).await?;
    }
    second_factors::remove(&app.db, id).await?;
    let (what, nobody) = (
        AccountEvent::SecondFactorRemoved.with("with every passkey, from the server's shell"),
        Client::default(),
    );
    account_log::note(&app, id, what, &nobody, None).await;
    sessions::end_all(&app.db, id).await?;
    say(&format!(
        "{email} signs in with their password alone from now on, and should set up a new second factor."
    ));
    Ok(ExitCode::SUCCESS)
}
