//! Why a database could not be opened.

use std::path::PathBuf;

/// Why a database could not be opened. The text is shown to whoever started the program.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("DATABASE_URL must start with sqlite:// or postgres://, not {0:?}")]
    UnknownEngine(String),
    #[error("DATABASE_URL must name a file, like sqlite://data/portal.db, and nothing behind it, not {0:?}")]
    NoFile(String),
    #[error("{} is in use by another process; stop it first (SQLite has one process at a time)", .0.display())]
    InUse(PathBuf),
    #[error(
        "{} has another name as well (a hard link), by which a second process could open it, and both would lose what \
         they write; remove the other name, or use a copy of the file",
        .0.display()
    )]
    Linked(PathBuf),
    #[error("can't open {}: {why}", .path.display())]
    File { path: PathBuf, why: std::io::Error },
    #[error(
        "{} is damaged, or was put in the place of another file whose -wal stands beside it: {why}. Copy all of them away \
         before you change anything; docs/RECOVERY.md says how a backup is restored",
        .database.display()
    )]
    Damaged { database: PathBuf, why: String },
    #[error(
        "row-level security hides the events from this user, who would see an empty log: let it see all rows (alter role … \
         bypassrls)"
    )]
    Hidden,
    #[error("this Postgres is a standby, which nothing can be written to; only portal audit works there")]
    Standby,
    #[error("this database does not keep what it acknowledged: {0}")]
    NotDurable(String),
    #[error(
        "a newer version of portal changed this database in a way that this one can't live with (it needs feature level \
         {least}, this is {ours}); start the newer version"
    )]
    NewerSchema { least: i64, ours: i64 },
    #[error(
        "DATABASE_URL leads to a pooler ({0}). portal keeps its role, its time limits, prepared statements and \
         notifications in its sessions, and has a pool of its own: connect to Postgres itself. PgBouncer is fine with \
         pool_mode = session and ignore_startup_parameters = extra_float_digits"
    )]
    Pooler(String),
    #[error("the schema can't be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("DATABASE_URL: {0}")]
    Database(#[from] sqlx::Error),
}
