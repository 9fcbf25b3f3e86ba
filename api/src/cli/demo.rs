//! `portal demo`: the cast of `fixtures/demo.jsonl` on a throw-away database, with a link to sign in as each of them.

use std::io::BufReader;
use std::process::ExitCode;

use domain::values::PersonId;
use projections::org_list::ACTIVE;
use projections::people::Person;
use projections::{grants, memberships, people, private, transfer};

use crate::app::App;
use crate::cli::{say, serve};
use crate::config::Settings;
use crate::identity::links;
use crate::web::error::Error;
use crate::{clock, log};

const CAST: &str = include_str!("../../../fixtures/demo.jsonl");

/// More organisations than anybody in the cast belongs to.
const MEMBERSHIPS: i64 = 20;

/// The database that is thrown away.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_dir_all(&self.0);
    }
}

pub async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    log::init_quietly(settings.log)?; // or the links would scroll away
    // The name is one that nobody can have taken before.
    let folder = Folder(std::env::temp_dir().join(format!("portal-demo-{}", clock::new_id())));
    private::folder(&folder.0)?;
    let (listener, mut settings) = serve::bind(settings).await?;
    settings.database_url = format!("sqlite://{}", folder.0.join("demo.db").display());
    let app = App::open(settings).await?;
    transfer::import(&app.log, BufReader::new(CAST.as_bytes()), |_| ()).await?;
    app.projector.catch_up().await?;
    say("Everything you do here is thrown away when you stop this. Sign in as:\n");
    for person in people::after(&app.db, None, 1000).await? {
        let token = links::sign_in(&app, PersonId(person.person_id)).await?;
        say(&format!(
            "{}\n    {}",
            introduction(&app, &person).await?,
            links::url(&app, &format!("/sign-in/{token}"))
        ));
    }
    say("");
    serve::serve(app.demonstrating(), listener).await
}

/// Introduces a person of the cast: "Ana, superadmin, owner of Dreamineering".
async fn introduction(app: &App, person: &Person) -> Result<String, Error> {
    let grant = grants::active(&app.db, person.person_id, clock::now()).await?;
    let role = grant.map(|grant| grant.role().as_str().to_owned());
    let member = memberships::of_person(&app.db, person.person_id, "", MEMBERSHIPS).await?;
    let member = member.into_iter().map(|m| match m.status.as_str() {
        ACTIVE => format!("{} of {}", m.role, m.name),
        status => format!("{} of {} ({status})", m.role, m.name),
    });
    let invited = memberships::invitations_of(&app.db, person.person_id).await?;
    let invited = invited.into_iter().map(|(org, role)| format!("invited to {org} as {role}"));
    let mut parts: Vec<String> = role.into_iter().chain(member).chain(invited).collect();
    if parts.is_empty() {
        parts.push("without an organisation".to_owned());
    }
    parts.insert(0, person.called().to_owned());
    Ok(parts.join(", "))
}
