//! `portal recover [slug]`: makes an organisation active again that was stopped by mistake, although nobody can sign in to
//! do so.

use std::process::ExitCode;

use domain::Org;
use domain::org::LifecycleCommand;
use domain::values::{OrgId, Slug};
use projections::org_detail::{self, SlugHolder};
use projections::org_list::{ACTIVE, ARCHIVED};

use super::{open, say};
use crate::app::App;
use crate::bus::{Envelope, Principal};
use crate::config::Settings;

pub async fn run(settings: Settings, slug: Option<Slug>) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let app = open(settings).await?;
    let stopped = match &slug {
        Some(slug) => named(&app, slug).await?,
        None => org_detail::stopped(&app.db).await?,
    };
    if stopped.is_empty() {
        say("Nothing to recover: every protected organisation works.");
    }
    for org in stopped {
        recover(&app, &org).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn named(app: &App, slug: &Slug) -> anyhow::Result<Vec<SlugHolder>> {
    let holder = org_detail::holder(&app.db, slug.as_str()).await?;
    Ok(vec![holder.ok_or_else(|| anyhow::anyhow!("no organisation has, or had, the slug {slug}"))?])
}

/// Makes the organisation active again, with as many commands as that takes. The history says that it was done from the
/// server's shell.
async fn recover(app: &App, org: &SlugHolder) -> anyhow::Result<()> {
    if org.status == ACTIVE {
        say(&format!("{} works already.", org.name));
        return Ok(());
    }
    let restore = (org.status == ARCHIVED).then_some(LifecycleCommand::Restore);
    for command in restore.into_iter().chain([LifecycleCommand::Reinstate]) {
        app.bus.send::<Org>(&Principal::Shell, OrgId(org.org_id), command, Envelope::new()).await?;
    }
    say(&format!("{} works again.", org.name));
    Ok(())
}
