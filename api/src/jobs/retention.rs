//! How long data is kept that only grows and is no history: one table, with a reason for each line.
//!
//! **Invariant:** the event log is not in it. What is removed goes in steps of `STEP` of the oldest rows, each a
//! statement of its own with a pause behind it, so that nobody waits for them.

use std::time::Duration;

use projections::retention::{RetainedRows, forget};
use projections::{StoreError, Timestamp};

use crate::app::App;
use crate::clock;
use crate::config::Settings;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct RetentionRule {
    pub kept: RetainedRows,
    /// The setting that says how long, where there is one.
    pub setting: Option<&'static str>,
    /// How many days rows are kept, unless the setting says otherwise.
    pub days: i64,
    pub because: &'static str,
}

pub const TABLE: [RetentionRule; 5] = [
    RetentionRule {
        kept: RetainedRows::OperatorReads,
        setting: Some("PORTAL_KEEP_OPERATOR_READS_DAYS"),
        days: 730,
        because: "an organisation asks who looked at it, also about the year before the last audit",
    },
    RetentionRule {
        kept: RetainedRows::Refusals,
        setting: Some("PORTAL_KEEP_REFUSALS_DAYS"),
        days: 365,
        because: "an attack is often found months after it began; nothing follows from what was refused",
    },
    RetentionRule {
        kept: RetainedRows::AccountLog,
        setting: Some("PORTAL_KEEP_ACCOUNT_LOG_DAYS"),
        days: 365,
        because: "people look for a sign-in that was not theirs; addresses of people are not kept longer than that needs",
    },
    RetentionRule {
        kept: RetainedRows::Links,
        setting: None,
        days: 90,
        because: "counted from its end: until then its page says that it was used or is too old, and later what it says of any link",
    },
    RetentionRule {
        kept: RetainedRows::FoldTimes,
        setting: None,
        days: 90,
        because: "they measure how quick reading follows writing, which is asked soon after",
    },
];

/// How many rows one statement deletes at most.
const STEP: i64 = 500;

/// How many statements one sweep runs for a table at most. What is left waits for the next hour.
const STEPS: usize = 400;

/// A pause between two statements, so that writers get their turn.
const PAUSE: Duration = Duration::from_millis(20);

/// How many days this portal keeps such rows.
pub fn days(settings: &Settings, line: &RetentionRule) -> i64 {
    match line.kept {
        RetainedRows::OperatorReads => settings.keep_operator_reads_days,
        RetainedRows::Refusals => settings.keep_refusals_days,
        RetainedRows::AccountLog => settings.keep_account_log_days,
        RetainedRows::Links | RetainedRows::FoldTimes => line.days,
    }
}

/// The moment since which the times of folding are known. Older ones were deleted.
pub fn fold_times_since() -> Timestamp {
    let line = TABLE.iter().find(|line| line.kept == RetainedRows::FoldTimes);
    clock::after(-chrono::Duration::days(line.map_or(0, |line| line.days)))
}

/// Deletes what was kept long enough.
pub async fn sweep(app: &App) {
    for line in &TABLE {
        match sweep_one(app, line).await {
            Ok(0) => {}
            Ok(rows) => {
                tracing::info!(rows, table = line.kept.table(), "forgotten, since it was kept long enough");
            }
            Err(error) => tracing::warn!(%error, table = line.kept.table(), "could not be swept"),
        }
    }
}

async fn sweep_one(app: &App, line: &RetentionRule) -> Result<u64, StoreError> {
    let before = clock::after(-chrono::Duration::days(days(&app.settings, line)));
    let mut rows = 0;
    for _ in 0..STEPS {
        let gone = forget(&app.db, line.kept, before, STEP).await?;
        rows += gone;
        if gone < STEP.unsigned_abs() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(rows)
}

/// The table as the documentation shows it.
pub fn as_markdown() -> String {
    let row = |line: &RetentionRule| {
        let setting = line.setting.map_or_else(|| "–".to_owned(), |setting| format!("`{setting}`"));
        format!("| `{}` | {} days | {setting} | {} |\n", line.kept.table(), line.days, line.because)
    };
    let rows: Vec<String> = TABLE.iter().map(row).collect();
    format!("| table | kept for | setting | because |\n| --- | --- | --- | --- |\n{}", rows.concat())
}
