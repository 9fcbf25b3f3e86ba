//! Rows of read models, written many at a time.
//!
//! **Invariant:** the list of columns stands once, in [`table!`]: reading and writing a row use the same one.

use std::collections::HashMap;

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Postgres, QueryBuilder, Sqlite};
use uuid::Uuid;

use crate::db::{Db, Tx, read};

/// A row that is written by its key.
pub(crate) trait Table: Sized {
    const COLUMNS: usize;

    /// One array for each column: the same statement for any number of rows, so it is prepared once.
    fn postgres<'a>(rows: &[Self]) -> Query<'a, Postgres, PgArguments>;

    /// One value for each column and row.
    fn sqlite(rows: &[Self]) -> QueryBuilder<'_, Sqlite>;
}

/// Values that one statement can carry on SQLite.
pub(crate) const SQLITE_VALUES: usize = 32_000;

/// Inserts rows, or replaces those whose keys are there. No key may be there twice.
pub(crate) async fn upsert<R: Table>(tx: &mut Tx, rows: &[R]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    match tx {
        Tx::Postgres(tx) => R::postgres(rows).execute(&mut **tx).await.map(drop),
        Tx::Sqlite(tx) => {
            for rows in rows.chunks(SQLITE_VALUES / R::COLUMNS) {
                R::sqlite(rows).build().persistent(rows.len() == 1).execute(&mut **tx).await?;
            }
            Ok(())
        }
    }
}

/// Ids with names, from a statement that ends in the name of the id's column.
pub(crate) async fn names(
    db: &Db,
    statement: &'static str,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, String)> = read!(db, |pool| {
        let mut query = QueryBuilder::new(statement);
        let mut list = query.push(" in (").separated(", ");
        for id in ids {
            list.push_bind(*id);
        }
        query.push(")").build_query_as().fetch_all(pool).await
    })?;
    Ok(rows.into_iter().collect())
}

/// A row type that is also a table: `table! { #[…] pub struct Row in "name" by "key, columns" { pub column: Type, … } }`.
macro_rules! table {
    (
        $(#[$meta:meta])*
        pub struct $name:ident in $table:literal by $key:literal {
            $($(#[$field_meta:meta])* pub $field:ident: $type:ty),* $(,)?
        }
    ) => {
        $crate::db::row! { $(#[$meta])* pub struct $name { $($(#[$field_meta])* pub $field: $type),* } }

        impl $name {
            const INTO: &'static str = concat!("insert into ", $table, " (", $crate::table::list!($($field),*), ") ");
            const REPLACING: &'static str =
                concat!(" on conflict (", $key, ") do update set ", $crate::table::excluded!($($field),*));
        }

        impl $crate::table::Table for $name {
            const COLUMNS: usize = [$(stringify!($field)),*].len();

            fn postgres<'a>(rows: &[Self]) -> sqlx::query::Query<'a, sqlx::Postgres, sqlx::postgres::PgArguments> {
                static STATEMENT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
                    let arrays: Vec<String> = (1..=$name::COLUMNS).map(|n| format!("${n}")).collect();
                    format!("{}select * from unnest({}){}", $name::INTO, arrays.join(", "), $name::REPLACING)
                });
                sqlx::query(&STATEMENT)$(.bind(rows.iter().map(|row| row.$field.clone()).collect::<Vec<$type>>()))*
            }

            fn sqlite(rows: &[Self]) -> sqlx::QueryBuilder<'_, sqlx::Sqlite> {
                let mut query = sqlx::QueryBuilder::new(Self::INTO);
                query.push_values(rows, |mut values, row| {
                    $(values.push_bind(row.$field.clone());)*
                });
                query.push(Self::REPLACING);
                query
            }
        }
    };
}
pub(crate) use table;

/// `a, b, c`
macro_rules! list {
    ($first:ident $(, $more:ident)*) => { concat!(stringify!($first) $(, ", ", stringify!($more))*) };
}
pub(crate) use list;

/// `a = excluded.a, b = excluded.b`
macro_rules! excluded {
    ($first:ident $(, $more:ident)*) => {
        concat!(stringify!($first), " = excluded.", stringify!($first)
            $(, ", ", stringify!($more), " = excluded.", stringify!($more))*)
    };
}
pub(crate) use excluded;

/// Rows whose key is one of `keys`, from a statement that ends in the name of the column.
macro_rules! rows_of {
    ($tx:expr, $statement:literal, $keys:expr) => {{
        let keys: Vec<uuid::Uuid> = $keys;
        match $tx {
            _ if keys.is_empty() => vec![],
            $crate::db::Tx::Postgres(tx) => {
                let statement = concat!(include_str!($statement), " = any($1)");
                sqlx::query_as(statement).bind(keys).fetch_all(&mut **tx).await?
            }
            $crate::db::Tx::Sqlite(tx) => {
                let mut found = Vec::with_capacity(keys.len());
                for keys in keys.chunks($crate::table::SQLITE_VALUES) {
                    let mut query = sqlx::QueryBuilder::new(concat!(include_str!($statement), " in ("));
                    let mut list = query.separated(", ");
                    for key in keys {
                        list.push_bind(*key);
                    }
                    query.push(")");
                    found.extend(
                        query.build_query_as().persistent(keys.len() == 1).fetch_all(&mut **tx).await?,
                    );
                }
                found
            }
        }
    }};
}
pub(crate) use rows_of;
