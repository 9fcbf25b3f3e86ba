//! What happens by itself because its time has come.
//!
//! ```text
//! every second ─► what is due? ─► command ─► bus
//!                 (read models)   (its id is made of the event that set the time)
//! ```
//!
//! **Invariant:** nothing is remembered here. What is due is asked anew, so a process that was away, or a second one,
//! carries out each thing once; and whoever asks meanwhile is answered by the time itself, not by whether this ran.

use std::time::Duration;

use domain::Org;
use domain::org::OrgCommand;
use domain::values::OrgId;
use projections::{Timestamp, org_detail};

use crate::access::Issuer;
use crate::app::App;
use crate::bus::Envelope;
use crate::clock;
use crate::error::Error;

/// How late something may be.
const PACE: Duration = Duration::from_secs(1);

/// Goes on until the database is closed.
pub async fn run(app: App) {
    let mut tick = tokio::time::interval(PACE);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = act(&app, clock::now()).await {
            tracing::warn!(?error, "what is due could not be done; it is tried again");
        }
    }
}

/// Does everything that is due by `now`, source by source.
pub async fn act(app: &App, now: Timestamp) -> Result<(), Error> {
    reinstate(app, now).await
}

/// Protected organisations whose suspension nobody confirmed.
async fn reinstate(app: &App, now: Timestamp) -> Result<(), Error> {
    for due in org_detail::due(&app.db, now).await? {
        let command = OrgCommand::ReinstateOnTime { at: now.into() };
        let envelope = caused_by("reinstatement", due.status_position);
        // Somebody may be quicker: then there is nothing left to do, and a rule or the sequence says so.
        if let Err(error) = app.bus.send::<Org>(&Issuer::Timer, OrgId(due.org_id), command, envelope).await {
            tracing::warn!(%error, org = %due.org_id, "not reinstated");
        }
    }
    Ok(())
}

/// A command that follows from the event at `position`: the same one in every process.
fn caused_by(what: &str, position: i64) -> Envelope {
    Envelope { command_id: clock::id_of(what, position), causation: Some(position), ..Envelope::new() }
}
