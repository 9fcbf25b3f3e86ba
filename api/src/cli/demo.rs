//! `portal demo`: the cast of `fixtures/demo.jsonl` on a throw-away database, with a link to sign in as each of them.

use std::io::BufReader;
use std::process::ExitCode;

use domain::values::PersonId;
use projections::{people, transfer};

use crate::app::App;
use crate::cli::{say, serve};
use crate::config::Settings;
use crate::{links, log};

const CAST: &str = include_str!("../../../fixtures/demo.jsonl");

/// The database that is thrown away.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_dir_all(&self.0);
    }
}

pub async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    log::init(settings.log)?;
    let folder = Folder(std::env::temp_dir().join(format!("portal-demo-{}", std::process::id())));
    std::fs::create_dir_all(&folder.0)?;
    let (listener, mut settings) = serve::bind(settings).await?;
    settings.database_url = format!("sqlite://{}", folder.0.join("demo.db").display());
    let app = App::open(settings).await?;
    transfer::import(&app.log, BufReader::new(CAST.as_bytes()), |_| ()).await?;
    app.projector.catch_up().await?;
    say("Everything you do here is thrown away when you stop this. Sign in as:\n");
    for person in people::all(&app.db).await? {
        let token = links::sign_in(&app, PersonId(person.person_id)).await.map_err(anyhow::Error::from)?;
        say(&format!("    {:<42} {}", person.called(), links::url(&app, &format!("/sign-in/{token}"))));
    }
    say("");
    serve::serve(app, listener).await
}
