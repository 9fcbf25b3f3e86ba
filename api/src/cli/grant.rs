//! `portal grant <email>`: a platform role from the server's shell, where nobody can sign in to give it.

use std::process::ExitCode;

use domain::Grant;
use domain::grant::{GrantCommand, Term, length};
use domain::values::{Email, Reason};

use crate::access::Issuer;
use crate::app::App;
use crate::bus::Envelope;
use crate::cli::{RoleName, say};
use crate::config::Settings;
use crate::{clock, links, paths};

const DAY: i64 = 24 * 60 * 60;

pub async fn run(
    settings: Settings,
    (email, role): (Email, RoleName),
    reason: &str,
    days: Option<i64>,
) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let reason: Reason = reason.parse()?;
    let app = App::open(settings).await?;
    let command_id = clock::new_id();
    let prepared = links::prepare_password(&app, command_id, email.clone()).await;
    let (person, link) = prepared.map_err(anyhow::Error::from)?;
    let (token, beside) = link.unzip();
    let term = days.map_or(Term::FOR_GOOD, |days| Term::for_seconds(days * DAY));
    let give = GrantCommand::Give { role: role.into(), reason, term, at: clock::now().into() };
    let envelope = Envelope { command_id, beside, ..Envelope::new() };
    let receipt = app.bus.send::<Grant>(&Issuer::Shell, person, give, envelope).await?;
    let held = days.map_or(String::new(), |days| format!(" for {}", length(days * DAY)));
    say(&format!("{email} holds the role now{held} (#{}).", receipt.position));
    if let Some(mut token) = token {
        if receipt.sequence == 0 {
            // It was so already, so nothing was written, and no link either.
            token = links::choose_password(&app, person).await.map_err(anyhow::Error::from)?;
        }
        say(&format!(
            "Choose a password here (works once, for a day):\n\n    {}\n",
            links::url(&app, &paths::choose_password(&token))
        ));
    }
    app.db.close().await;
    Ok(ExitCode::SUCCESS)
}
