//! Records what operators looked at, when and why. It is shown to the organisation whose data it was.
//!
//! ```text
//! request ─► queue ─► one task ─► two statements for all of a quarter of a second
//! ```
//!
//! An organisation that was opened has one row for each time. One that was listed among others has one row for a
//! session, a page and an hour, with how often that was, so that a list of 50 costs one statement and no 50 rows each
//! time.
//!
//! **Invariant:** an answer leaves only after its reads are in the queue, and a full queue keeps answers back. A crash
//! loses what was read in the last quarter of a second, a clean stop nothing.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::Serialize;
use sqlx::QueryBuilder;
use sqlx::types::Json;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use uuid::Uuid;

use crate::db::{Db, Lists, Tx, note, read, row, scoped};
use crate::scope::{Platform, Scope, ViewKind};
use crate::timestamp::Timestamp;

/// One page that somebody got, with the data of one organisation on it, or of all.
#[derive(Clone, Debug)]
pub struct OperatorRead {
    pub read_id: Uuid,
    pub at: Timestamp,
    pub person_id: Uuid,
    pub session_id: Uuid,
    pub org_id: Option<Uuid>,
    pub shown: ViewKind,
    /// The pattern of the page's route; for an export of everything, with the filter that was asked for.
    pub page: String,
}

row! {
    /// One look at an organisation; or all looks of an hour, if it was only listed among others.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct AccessRecord {
        pub read_id: Uuid,
        /// When it was looked at first.
        pub at: Timestamp,
        pub person_id: Uuid,
        pub page: String,
        pub reason: Option<String>,
        pub listed: bool,
        pub times: i64,
        /// When it was looked at last, if that was more than once.
        pub last_at: Option<Timestamp>,
    }
}

/// Records reads without delaying the reader. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AccessRecorder(mpsc::Sender<Message>);

#[derive(Debug)]
enum Message {
    Reads(Vec<OperatorRead>),
    Flush(oneshot::Sender<()>),
}

/// How long a read waits for others before they are written together.
const EVERY: Duration = Duration::from_millis(250);

/// When this many reads wait, they are written at once; and this many answers may wait in the queue.
const MOST: usize = 500;

/// How long a page waits for a queue that is full.
const PATIENCE: Duration = Duration::from_secs(3);

impl AccessRecorder {
    /// Starts the task that writes. It ends, after writing what it has, when the last clone is dropped.
    pub fn open(db: &Db) -> Self {
        let (queue, waiting) = mpsc::channel(MOST);
        tokio::spawn(write_all(db.clone(), waiting));
        Self(queue)
    }

    /// Queues the reads of one answer; an error if the queue stays full for too long.
    pub async fn record(&self, reads: Vec<OperatorRead>) -> Result<(), sqlx::Error> {
        if reads.is_empty() {
            return Ok(());
        }
        let sent = self.0.send_timeout(Message::Reads(reads), PATIENCE).await;
        sent.map_err(|_full| sqlx::Error::PoolTimedOut)
    }

    /// Returns when everything taken so far is written; an error if a page would wait too long for that.
    pub async fn written(&self) -> Result<(), sqlx::Error> {
        timeout(PATIENCE, self.flush()).await.map_err(|_late| sqlx::Error::PoolTimedOut)
    }

    /// Returns when everything taken so far is written.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.0.send(Message::Flush(done)).await.is_ok() {
            let _ended_already = written.await;
        }
    }
}

async fn write_all(db: Db, mut waiting: mpsc::Receiver<Message>) {
    while let Some(first) = waiting.recv().await {
        let (mut reads, mut flushed) = (vec![], None);
        let (mut next, until) = (Some(first), Instant::now() + EVERY);
        while let Some(message) = next.take() {
            match message {
                Message::Reads(more) => reads.extend(more),
                Message::Flush(done) => flushed = Some(done),
            }
            if flushed.is_none() && reads.len() < MOST {
                next = timeout_at(until, waiting.recv()).await.ok().flatten();
            }
        }
        write_batch(&db, &reads).await;
        if let Some(done) = flushed {
            let _left_already = done.send(());
        }
    }
}

/// Tries again until the batch is written, the store is closed, or the error is one that does not pass.
async fn write_batch(db: &Db, reads: &[OperatorRead]) {
    while let Err(error) = insert(db, reads).await {
        tracing::error!(%error, number = reads.len(), "reads of operators could not be written down");
        if db.is_closed() || !crate::is_away(&error) {
            return;
        }
        sleep(Duration::from_secs(1)).await;
    }
}

#[derive(Serialize)]
struct OperatorReadRow<'a> {
    read_id: Uuid,
    at: i64,
    person_id: Uuid,
    session_id: Uuid,
    org_id: Option<Uuid>,
    page: &'a str,
    /// Hours since 1970, for rows that were listed.
    hour: Option<i64>,
    times: i64,
    last_at: i64,
}

impl<'a> OperatorReadRow<'a> {
    fn of(read: &'a OperatorRead) -> Self {
        let OperatorRead { read_id, at, person_id, session_id, org_id, shown, page } = read;
        let (read_id, person_id, session_id) = (*read_id, *person_id, *session_id);
        let hour = (*shown == ViewKind::Listed && org_id.is_some()).then(|| at.micros() / MICROS_PER_HOUR);
        let (at, org_id) = (at.micros(), *org_id);
        Self { read_id, at, person_id, session_id, org_id, page, hour, times: 1, last_at: at }
    }
}

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// Splits reads into those that get a row each and those that are counted. The counted rows are distinct and in the same
/// order in every process, so that no two processes deadlock.
fn sort(reads: &[OperatorRead]) -> (Vec<OperatorReadRow<'_>>, Vec<OperatorReadRow<'_>>) {
    let (mut opened, mut listed) = (vec![], BTreeMap::<_, OperatorReadRow<'_>>::new());
    for row in reads.iter().map(OperatorReadRow::of) {
        let Some(hour) = row.hour else {
            opened.push(row);
            continue;
        };
        let key = (row.org_id, row.session_id, row.page, hour);
        match listed.get_mut(&key) {
            Some(before) => {
                before.times += 1;
                before.last_at = row.at.max(before.last_at);
            }
            None => drop(listed.insert(key, row)),
        }
    }
    (opened, listed.into_values().collect())
}

/// Writes both. An opened row is written once, however often this is tried. A listed row may be counted once too often if
/// the answer of the store was lost.
async fn insert(db: &Db, reads: &[OperatorRead]) -> Result<(), sqlx::Error> {
    let (opened, listed) = sort(reads);
    if reads.is_empty() {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    match &mut tx {
        Tx::Postgres(tx) => {
            let insert = sqlx::query(include_str!("sql/operator_reads/record_postgres.sql"));
            insert.bind(Json(&opened)).execute(&mut **tx).await?;
            let count = sqlx::query(include_str!("sql/operator_reads/record_listed_postgres.sql"));
            count.bind(Json(&listed)).execute(&mut **tx).await?;
        }
        Tx::Sqlite(tx) => {
            let insert = sqlx::query(include_str!("sql/operator_reads/record_sqlite.sql"));
            insert.bind(Json(&opened)).execute(&mut **tx).await?;
            let count = sqlx::query(include_str!("sql/operator_reads/record_listed_sqlite.sql"));
            count.bind(Json(&listed)).execute(&mut **tx).await?;
        }
    }
    tx.commit().await
}

/// The last looks at one organisation before one of them, newest first, at most `limit`.
pub async fn of_org(
    db: &Db,
    scope: &Scope,
    org_id: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AccessRecord>, sqlx::Error> {
    scoped!(db, scope, org_id, |conn| {
        sqlx::query_as(include_str!("sql/operator_reads/of_org.sql"))
            .bind(org_id)
            .bind(before.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(conn)
            .await
    })
}

/// The last exports of the history before one of them, newest first, at most `limit`. What was asked for stands behind
/// the pattern of the route.
pub async fn exports(
    db: &Db,
    _: &Platform,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AccessRecord>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_as(include_str!("sql/operator_reads/exports.sql"))
            .bind(before.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(pool)
            .await
    })
}

/// When each of these people last read anything through the platform scope; who never did is missing.
pub async fn last_used(
    db: &Db,
    _: &Platform,
    people: &[Uuid],
) -> Result<HashMap<Uuid, Timestamp>, sqlx::Error> {
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, Option<Timestamp>)> = read!(db, |pool| {
        let mut query = QueryBuilder::new(include_str!("sql/operator_reads/last_used.sql"));
        Lists::push_one_of(&mut query, people.iter().copied());
        query.build_query_as().fetch_all(pool).await
    })?;
    Ok(rows.into_iter().filter_map(|(person, at)| Some((person, at?))).collect())
}

/// A session of an operator that looks at an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorVisit {
    pub session_id: Uuid,
    pub org_id: Uuid,
}

/// Sets the reason why a session looks at an organisation, valid until a moment. Without a reason, it is removed.
pub async fn set_reason(
    db: &Db,
    OperatorVisit { session_id, org_id }: OperatorVisit,
    reason: Option<&str>,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), sqlx::Error> {
    note!(db, |conn| {
        sqlx::query(include_str!("sql/operator_reads/set_reason.sql"))
            .bind(session_id)
            .bind(org_id)
            .bind(reason.unwrap_or_default())
            .bind(if reason.is_some() { until } else { now })
            .execute(conn)
            .await
            .map(drop)
    })
}

/// The reason why this session looks at an organisation, if one was given and is still valid.
pub async fn reason(
    db: &Db,
    OperatorVisit { session_id, org_id }: OperatorVisit,
    now: Timestamp,
) -> Result<Option<String>, sqlx::Error> {
    read!(db, |pool| {
        sqlx::query_scalar(include_str!("sql/operator_reads/reason.sql"))
            .bind(session_id)
            .bind(org_id)
            .bind(now)
            .fetch_optional(pool)
            .await
    })
}

/// Removes reasons that are no longer valid. The reads for which they were given keep a copy.
pub async fn sweep(db: &Db, now: Timestamp) -> Result<(), sqlx::Error> {
    note!(db, |conn| {
        sqlx::query(include_str!("sql/operator_reads/sweep.sql")).bind(now).execute(conn).await.map(drop)
    })
}
