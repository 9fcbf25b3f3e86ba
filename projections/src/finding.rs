//! The progress and the findings of whatever looks at everything: verifying, auditing, rebuilding.

/// The progress of a long job.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub done: i64,
    pub of: i64,
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    #[error("#{position}: {what}")]
    Event { position: i64, what: String },
    #[error("{table}: {what}")]
    Table { table: &'static str, what: String },
    #[error("the database is not as portal made it: {what}")]
    Wall { what: String },
}
