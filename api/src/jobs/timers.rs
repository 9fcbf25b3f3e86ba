//! Actions that are due at a time which an earlier event has set.
//!
//! ```text
//! every second, ─► what is due? ─► command ─► bus
//! and when a      (read models)    (its id is made of the event that set the time)
//! grant begins
//! or is over
//! ```
//!
//! **Invariant:** nothing is remembered here. What is due is asked anew, so a process that was away, or a second one,
//! carries out each thing once; and whoever asks meanwhile is answered by the time itself, not by whether this ran.

use std::time::Duration;

use domain::grant::GrantCommand;
use domain::org::LifecycleCommand;
use domain::values::{OrgId, PersonId};
use domain::{Grant, Org};
use projections::{Timestamp, grants, org_detail};

use crate::app::App;
use crate::bus::{Envelope, Principal};
use crate::clock;
use crate::web::error::Error;

/// How late an action may be, if nothing else announces its time.
const PACE: Duration = Duration::from_secs(1);

/// How many grants are handled at a time.
const GRANTS: i64 = 100;

/// Runs as long as the process does.
pub async fn run(app: App) {
    loop {
        tokio::time::sleep(pause(&app).await).await;
        if let Err(error) = act(&app, clock::at_the_earliest()).await {
            tracing::warn!(?error, "what is due could not be done; it is tried again");
        }
    }
}

/// The time until the next grant begins or ends, but never long: other processes may give one meanwhile. An overdue action
/// failed before, and is tried again at the usual pace.
async fn pause(app: &App) -> Duration {
    let next = grants::next_due(&app.db).await.ok().flatten();
    let until = next.and_then(|next| next.signed_duration_since(*clock::now()).to_std().ok());
    until.map_or(PACE, |until| until.min(PACE))
}

/// Does everything that is due by `now`, source by source.
pub async fn act(app: &App, now: Timestamp) -> Result<(), Error> {
    begin_and_end(app, now).await?;
    reinstate(app, now).await
}

/// Records that grants have begun or ended. They have already by the time itself; this is how the history says so.
async fn begin_and_end(app: &App, now: Timestamp) -> Result<(), Error> {
    for due in grants::due(&app.db, now, GRANTS).await? {
        let role = due.role.parse().map_err(anyhow::Error::from)?;
        let (command, what) = if due.over {
            (GrantCommand::Expire { role, at: now.into() }, "expiry")
        } else {
            (GrantCommand::Start { role, at: now.into() }, "start")
        };
        let envelope = caused_by(what, due.position);
        let person = PersonId(due.person_id);
        if let Err(error) = app.bus.send::<Grant>(&Principal::Timer, person, command, envelope).await {
            tracing::warn!(%error, person = %due.person_id, what, "not recorded");
        }
    }
    Ok(())
}

/// Reinstates protected organisations whose suspension nobody confirmed.
async fn reinstate(app: &App, now: Timestamp) -> Result<(), Error> {
    for due in org_detail::due(&app.db, now).await? {
        let command = LifecycleCommand::ReinstateOnTime { at: now.into() };
        let envelope = caused_by("reinstatement", due.status_position);
        // If somebody was quicker, there is nothing left to do, and a rule or the sequence refuses it.
        if let Err(error) = app.bus.send::<Org>(&Principal::Timer, OrgId(due.org_id), command, envelope).await
        {
            tracing::warn!(%error, org = %due.org_id, "not reinstated");
        }
    }
    Ok(())
}

/// A command that follows from the event at `position`: the same one in every process.
fn caused_by(what: &str, position: i64) -> Envelope {
    Envelope { command_id: clock::id_of(what, position), causation: Some(position), ..Envelope::new() }
}
