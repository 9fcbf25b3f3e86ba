//! Rows of read models, written many at a time.
//!
//! **Invariant:** the list of columns stands once, in [`table!`]: reading, writing and comparing a row use the same one.

use sqlx::{Postgres, QueryBuilder, Sqlite};

use crate::db::Tx;

/// A row that is written by its key.
pub(crate) trait Table: Sized {
    /// Values that one statement can carry, on the engine that carries the fewest (SQLite).
    const VALUES: usize = 32_000;
    const COLUMNS: usize;

    fn postgres(rows: &[Self]) -> QueryBuilder<'_, Postgres>;
    fn sqlite(rows: &[Self]) -> QueryBuilder<'_, Sqlite>;
}

/// Inserts rows, or replaces those whose keys are there.
pub(crate) async fn upsert<R: Table>(tx: &mut Tx, rows: &[R]) -> Result<(), sqlx::Error> {
    for rows in rows.chunks(R::VALUES / R::COLUMNS) {
        match tx {
            Tx::Postgres(tx) => {
                R::postgres(rows).build().persistent(rows.len() == 1).execute(&mut **tx).await?;
            }
            Tx::Sqlite(tx) => {
                R::sqlite(rows).build().persistent(rows.len() == 1).execute(&mut **tx).await?;
            }
        }
    }
    Ok(())
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
            fn values<'a, D: sqlx::Database>(rows: &'a [Self]) -> sqlx::QueryBuilder<'a, D>
            where
                $($type: sqlx::Encode<'a, D> + sqlx::Type<D>,)*
            {
                let columns = [$(stringify!($field)),*];
                let mut query = sqlx::QueryBuilder::new(concat!("insert into ", $table, " ("));
                query.push(columns.join(", ")).push(") ");
                query.push_values(rows, |mut values, row| {
                    $(values.push_bind(row.$field.clone());)*
                });
                query.push(concat!(" on conflict (", $key, ") do update set "));
                let mut list = query.separated(", ");
                for column in columns {
                    list.push(column).push_unseparated(" = excluded.").push_unseparated(column);
                }
                query
            }
        }

        impl $crate::table::Table for $name {
            const COLUMNS: usize = [$(stringify!($field)),*].len();

            fn postgres(rows: &[Self]) -> sqlx::QueryBuilder<'_, sqlx::Postgres> {
                Self::values(rows)
            }

            fn sqlite(rows: &[Self]) -> sqlx::QueryBuilder<'_, sqlx::Sqlite> {
                Self::values(rows)
            }
        }
    };
}
pub(crate) use table;

/// Rows whose key is one of `keys`, from a statement that ends in `… in (`.
macro_rules! rows_of {
    ($tx:expr, $statement:literal, $keys:expr) => {{
        let keys: Vec<_> = $keys;
        let mut found = Vec::with_capacity(keys.len());
        for keys in keys.chunks(1000) {
            $crate::db::on!($tx, |conn| {
                let mut query = sqlx::QueryBuilder::new(include_str!($statement));
                let mut list = query.separated(", ");
                for key in keys {
                    list.push_bind(*key);
                }
                query.push(")");
                found.extend(query.build_query_as().persistent(keys.len() == 1).fetch_all(conn).await?);
            });
        }
        found
    }};
}
pub(crate) use rows_of;
