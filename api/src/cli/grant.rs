//! `portal grant <email>`: a platform role from the server's shell, where nobody can sign in to give it.

use std::process::ExitCode;

use domain::Grant;
use domain::grant::GrantCommand;
use domain::values::{Email, PersonId, Reason};
use projections::people;

use crate::access::Issuer;
use crate::app::App;
use crate::bus::Envelope;
use crate::cli::{RoleName, say};
use crate::config::Settings;
use crate::{clock, links, paths};

pub async fn run(settings: Settings, email: Email, role: RoleName, reason: &str) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let reason: Reason = reason.parse()?;
    let app = App::open(settings).await?;
    let person = people::ensure(&app.db, PersonId(clock::new_id()), &email, clock::now()).await?;
    let id = PersonId(person.person_id);
    let give = GrantCommand::Give { role: role.into(), reason };
    let receipt = app.bus.send::<Grant>(&Issuer::Shell, id, give, Envelope::new()).await?;
    say(&format!("{email} holds the role now (#{}).", receipt.position));
    if person.password_hash.is_none() {
        let token = links::choose_password(&app, id).await.map_err(anyhow::Error::from)?;
        say(&format!(
            "Choose a password here (works once, for a day):\n\n    {}\n",
            links::url(&app, &paths::choose_password(&token))
        ));
    }
    app.db.close().await;
    Ok(ExitCode::SUCCESS)
}
