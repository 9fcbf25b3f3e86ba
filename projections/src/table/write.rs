//! Writing many rows at once.

use std::fmt::Write;

use sqlx::encode::{Encode, IsNull};
use sqlx::postgres::PgArgumentBuffer;
use sqlx::{PgConnection, Postgres, SqliteConnection};

use super::{Shape, Table};
use crate::db::Tx;

/// What happens to a row whose key is there already.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OnConflict {
    /// The new row replaces it.
    Replace,
    /// The numbers of the new row are added to it.
    Add,
}

/// One statement for Postgres that writes to several tables, since every statement costs a round trip.
#[derive(Default)]
pub(crate) struct CombinedStatement {
    text: String,
    parameters: usize,
}

impl CombinedStatement {
    /// Inserts rows, if there are any, each bound as [`Table::arrays`] does.
    pub(crate) fn upsert<R: Table>(&mut self, rows: &[R], conflict: OnConflict) {
        if rows.is_empty() {
            return;
        }
        let first = self.parameters + 1;
        self.parameters += R::SHAPE.columns.len();
        let arrays: Vec<String> = (first..=self.parameters).map(|n| format!("${n}")).collect();
        let insert = format!("insert into {} select * from unnest({})", into::<R>(), arrays.join(", "));
        let start = if self.text.is_empty() { "with" } else { "," };
        let (name, ending) = (R::SHAPE.name, on_conflict::<R>(conflict));
        write!(self.text, "{start} new_{name} as ({insert}{ending})")
            .expect("a String takes whatever is written");
    }

    /// Takes rows away, if there are any, each bound as [`Table::arrays`] does.
    pub(crate) fn remove<R: Table>(&mut self, rows: &[R]) {
        if rows.is_empty() {
            return;
        }
        let first = self.parameters + 1;
        let Shape { name, key, columns } = R::SHAPE;
        self.parameters += columns.len();
        let arrays: Vec<String> = (first..=self.parameters).map(|n| format!("${n}")).collect();
        let (arrays, columns) = (arrays.join(", "), columns.join(", "));
        let start = if self.text.is_empty() { "with" } else { "," };
        write!(
            self.text,
            "{start} gone_{name} as (delete from {name} where ({key}) in \
             (select {key} from unnest({arrays}) as gone ({columns})))"
        )
        .expect("a String takes whatever is written");
    }

    pub(super) fn text(mut self) -> String {
        self.text.push_str(" select 1");
        self.text
    }
}

/// Takes rows away on SQLite.
pub(crate) async fn remove<R: Table>(conn: &mut SqliteConnection, rows: Vec<R>) -> Result<(), sqlx::Error> {
    let Shape { name, key, columns } = R::SHAPE;
    let place = |part: &str| columns.iter().position(|column| *column == part).map_or(0, |place| place + 1);
    let values: Vec<String> = key.split(", ").map(|part| format!("column{}", place(part))).collect();
    let row = vec!["?"; columns.len()].join(", ");
    let statement =
        format!("delete from {name} where ({key}) in (select {} from (values ({row})))", values.join(", "));
    for gone in rows {
        gone.values(sqlx::query(&statement)).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Inserts rows on SQLite.
pub(crate) async fn upsert<R: Table>(
    conn: &mut SqliteConnection,
    rows: Vec<R>,
    conflict: OnConflict,
) -> Result<(), sqlx::Error> {
    values(conn, rows, &on_conflict::<R>(conflict)).await
}

fn on_conflict<R: Table>(conflict: OnConflict) -> String {
    let Shape { name, key, columns } = R::SHAPE;
    let set = |column: &&str| match conflict {
        OnConflict::Add if *column != key => format!("{column} = {name}.{column} + excluded.{column}"),
        OnConflict::Add | OnConflict::Replace => format!("{column} = excluded.{column}"),
    };
    let changed: Vec<String> = columns.iter().map(set).collect();
    format!(" on conflict ({key}) do update set {}", changed.join(", "))
}

/// Inserts rows into tables that this transaction made and that have none of their keys.
pub(crate) async fn insert<R: Table>(tx: &mut Tx, rows: Vec<R>) -> Result<(), sqlx::Error> {
    match tx {
        _ if rows.is_empty() => Ok(()),
        Tx::Postgres(tx) => copy(tx, &rows).await,
        Tx::Sqlite(tx) => values(tx, rows, "").await,
    }
}

/// The target of an insert: `table (column, …)`.
fn into<R: Table>() -> String {
    format!("{} ({})", R::SHAPE.name, R::SHAPE.columns.join(", "))
}

/// Rows that one statement carries on SQLite: few enough that its text is short, and stays prepared.
const ROWS: usize = 50;

async fn values<R: Table>(
    conn: &mut SqliteConnection,
    rows: Vec<R>,
    ending: &str,
) -> Result<(), sqlx::Error> {
    let value = format!("({})", vec!["?"; R::SHAPE.columns.len()].join(", "));
    let statement = |rows: usize| {
        format!("insert into {} values {}{ending}", into::<R>(), vec![value.as_str(); rows].join(", "))
    };
    let (whole, mut rows) = (statement(ROWS), rows.into_iter());
    while rows.len() > 0 {
        let number = rows.len().min(ROWS);
        let part;
        let text = if number == ROWS {
            &whole
        } else {
            part = statement(number);
            &part
        };
        let query = sqlx::query(text).persistent(number == ROWS || number == 1);
        rows.by_ref().take(number).fold(query, |query, row| row.values(query)).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Writes rows by COPY in its binary format (<https://www.postgresql.org/docs/current/sql-copy.html>). The rows are frozen,
/// which is right because nobody else sees the table before all its rows are there.
async fn copy<R: Table>(conn: &mut PgConnection, rows: &[R]) -> Result<(), sqlx::Error> {
    let statement = format!("copy {} from stdin with (format binary, freeze)", into::<R>());
    let mut bytes = PgArgumentBuffer::default();
    bytes.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    let columns = i16::try_from(R::SHAPE.columns.len()).expect("a table has fewer columns");
    for row in rows {
        bytes.extend_from_slice(&columns.to_be_bytes());
        row.copied(&mut Tuple(&mut bytes));
    }
    bytes.extend_from_slice(&(-1_i16).to_be_bytes());
    let mut copy = conn.copy_in_raw(&statement).await?;
    copy.send(bytes.as_slice()).await?;
    copy.finish().await.map(drop)
}

/// The values of one row for COPY: each with its length in front.
pub(crate) struct Tuple<'a>(&'a mut PgArgumentBuffer);

impl Tuple<'_> {
    pub(crate) fn add<'q>(&mut self, value: &impl Encode<'q, Postgres>) {
        let start = self.0.len();
        self.0.extend_from_slice(&(-1_i32).to_be_bytes());
        let end = start + size_of::<i32>();
        if let IsNull::No = value.encode_by_ref(self.0).expect("columns of read models are of plain types") {
            let length = i32::try_from(self.0.len() - end).expect("a value is shorter than 2 GiB");
            self.0[start..end].copy_from_slice(&length.to_be_bytes());
        }
    }
}
