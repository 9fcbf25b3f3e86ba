//! `portal import --reference-data FILE`: the resource types that a file wants.
//!
//! **Invariant:** nothing is done that was not listed in words before, and a file with a mistake changes nothing. What the
//! file doesn't name stays as it is.

mod file;
mod plan;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use cqrs_es::EventStore;
use domain::ResourceType;
use domain::values::{Reason, ResourceCode};
use projections::event_log::Loaded;

use self::file::WantedResourceType;
use self::plan::PlanStep;
use crate::app::App;
use crate::bus::{Envelope, Principal};
use crate::cli::{open, say};
use crate::config::Settings;

/// What has to be done about one resource type, decided on the sequence that its stream had then.
struct ResourceTypePlan {
    code: ResourceCode,
    sequence: i64,
    steps: Vec<PlanStep>,
}

pub async fn run(settings: Settings, path: &Path, yes: bool) -> anyhow::Result<ExitCode> {
    crate::log::init(settings.log)?;
    let name = path.display().to_string();
    let text = fs::read_to_string(path).with_context(|| name.clone())?;
    let wanted = file::read(&text).map_err(|mistakes| {
        anyhow::anyhow!("{name}: nothing was done, for there are mistakes:\n  {}", mistakes.join("\n  "))
    })?;
    let app = open(settings).await?;
    let plans = plan(&app, &wanted, &reason(path)).await?;
    tell(&plans);
    if plans.iter().all(|plan| plan.steps.is_empty()) {
        say("Everything is so already.");
    } else if yes {
        let events = carry_out(&app, plans).await?;
        let position = app.projector.position().await?;
        say(&format!("{events} events were written; the read models stand at #{position}."));
    } else {
        say("Nothing was done yet. To do it, say the same with --yes.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Why a type is deactivated, for the history.
fn reason(path: &Path) -> Reason {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let named = format!("Not active in the file {name}").parse();
    named.or_else(|_| "Not active in a file of reference data".parse()).expect("a reason of the right length")
}

async fn plan(
    app: &App,
    wanted: &[WantedResourceType],
    reason: &Reason,
) -> anyhow::Result<Vec<ResourceTypePlan>> {
    let mut plans = vec![];
    for wanted in wanted {
        let present: Loaded<ResourceType> =
            EventStore::<ResourceType>::load_aggregate(&app.log, wanted.code.as_str()).await?;
        let steps = plan::steps(wanted, &present.aggregate, reason);
        plans.push(ResourceTypePlan { code: wanted.code.clone(), sequence: present.sequence, steps });
    }
    Ok(plans)
}

fn tell(plans: &[ResourceTypePlan]) {
    for step in plans.iter().flat_map(|plan| &plan.steps) {
        say(&step.said);
    }
    match plans.iter().filter(|plan| plan.steps.is_empty()).count() {
        0 => {}
        1 => say("= 1 as it is"),
        number => say(&format!("= {number} as they are")),
    }
}

/// Carries out the plans and gives the number of events. A type that somebody changed since the plan was shown is left
/// alone.
async fn carry_out(app: &App, plans: Vec<ResourceTypePlan>) -> anyhow::Result<usize> {
    let mut events = 0;
    for ResourceTypePlan { code, mut sequence, steps } in plans {
        for PlanStep { said, command } in steps {
            let envelope = Envelope { expected_sequence: Some(sequence), ..Envelope::new() };
            let sent = app.bus.send::<ResourceType>(&Principal::Shell, code.clone(), command, envelope).await;
            let undone = || format!("“{said}” was not done, nor what follows it; say it again to go on");
            sequence = sent.with_context(undone)?.sequence;
            events += 1;
        }
    }
    Ok(events)
}
