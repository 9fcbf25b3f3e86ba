//! `portal grant <email>`: a platform role from the server's shell, where nobody can sign in to give it.
//!
//! **Invariant:** nobody who belongs to an organisation gets a role by a typing mistake.

use std::io::{IsTerminal, Write, stderr, stdin};
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use domain::Grant;
use domain::grant::{GrantCommand, Term, length};
use domain::values::{Email, PersonId, Reason};
use projections::memberships;
use projections::people::Person;

use crate::app::App;
use crate::bus::{Envelope, Principal, Receipt};
use crate::cli::{RoleName, open, say, say_link};
use crate::clock;
use crate::config::Settings;
use crate::identity::links;
use crate::web::paths;

const DAY: i64 = 24 * 60 * 60;

/// More organisations than anybody reads.
const PLACES: i64 = 20;

#[derive(Args, Debug)]
pub struct GrantArguments {
    /// The e-mail address of whoever gets it
    email: Email,
    #[arg(long, value_enum, default_value = "superadmin")]
    role: RoleName,
    /// Why, for the history (10 to 500 characters)
    #[arg(long, default_value = "Granted from the server's shell")]
    reason: String,
    /// For how many days; without it, for good
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: Option<i64>,
    /// Do it without asking, for somebody who belongs to an organisation
    #[arg(long)]
    yes: bool,
}

pub async fn run(settings: Settings, arguments: GrantArguments) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let GrantArguments { email, role, reason, days, yes } = arguments;
    let reason: Reason = reason.parse()?;
    let app = open(settings).await?;
    let known = app.lookups.person(&email).await?;
    if let Some(person) = &known
        && belongs_somewhere(&app, person).await?
        && !yes
        && !agreed()
    {
        bail!("nothing was done: {email} belongs to an organisation; say --yes if it is them that you mean");
    }
    let command_id = clock::new_id();
    let prepared = links::prepare_password(&app, command_id, email.clone()).await;
    let (person, link) = prepared.map_err(anyhow::Error::from)?;
    let (token, beside) = link.unzip();
    let term = days.map_or(Term::FOR_GOOD, |days| Term::for_seconds(days * DAY));
    let give = GrantCommand::Give { role: role.into(), reason, term, at: clock::now().into() };
    let envelope = Envelope { command_id, beside, ..Envelope::new() };
    let receipt = app.bus.send::<Grant>(&Principal::Shell, person, give, envelope).await?;
    let held = days.map_or(String::new(), |days| format!(" for {}", length(days * DAY)));
    say(&format!("{email} holds the role now{held} (#{}).", receipt.position));
    sign_in(&app, &email, person, token, &receipt).await?;
    Ok(ExitCode::SUCCESS)
}

/// Says whom the address belongs to, and where they belong.
async fn belongs_somewhere(app: &App, person: &Person) -> anyhow::Result<bool> {
    let places = memberships::places(&app.db, person.person_id, PLACES).await?;
    let invited = memberships::invitations_of(&app.db, person.person_id).await?;
    let belongs = places.iter().map(|place| format!("{} of {}", place.role, place.name));
    let invited_to = invited.iter().map(|(org, role)| format!("invited to {org} as {role}"));
    let mut about: Vec<String> = belongs.chain(invited_to).collect();
    if about.is_empty() {
        about.push("in no organisation".to_owned());
    }
    let who = match &person.name {
        Some(name) => format!("{name} <{}>", person.email),
        None => person.email.clone(),
    };
    say(&format!("Found {who}: {}.", about.join(", ")));
    Ok(!invited.is_empty() || !places.is_empty())
}

/// Asks the person at the terminal. Without a terminal, nobody has agreed.
fn agreed() -> bool {
    if !stdin().is_terminal() {
        return false;
    }
    let _nobody_reads = write!(stderr(), "Give them a role over every organisation? [y/N] ");
    let mut answer = String::new();
    let read = stdin().read_line(&mut answer).is_ok();
    read && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Says how the new role holder signs in.
async fn sign_in(
    app: &App,
    email: &Email,
    person: PersonId,
    token: Option<String>,
    receipt: &Receipt,
) -> anyhow::Result<()> {
    let Some(mut token) = token else {
        say(&format!(
            "They sign in with the password that they have. If it is lost: portal reset-password {email}"
        ));
        return Ok(());
    };
    if receipt.sequence == 0 {
        // The role was held already, so nothing was written, and no link either.
        token = links::choose_password(app, person).await.map_err(anyhow::Error::from)?;
    }
    say_link(app, "Choose a password here (works once, for a day)", &paths::choose_password(&token));
    Ok(())
}
