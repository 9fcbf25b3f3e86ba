//! Lists in statements: however many values there are, they travel as one parameter.
//!
//! **Invariant:** no statement has a parameter for each value of a list. Engines limit how many a statement may have
//! (65,535 and 32,766), and there is nothing that an organisation could not have more of.

use sqlx::postgres::PgHasArrayType;
use sqlx::{Database, Encode, Postgres, QueryBuilder, Sqlite, Type};
use uuid::Uuid;

/// A type whose values may be passed in a list.
pub(crate) trait ListElement:
    Ord + Send + serde::Serialize + PgHasArrayType + Type<Postgres> + for<'q> Encode<'q, Postgres> + 'static
{
    /// How SQLite reads one element of a JSON array ("value") as what its column holds.
    const OF_JSON: &'static str;
}

impl ListElement for Uuid {
    const OF_JSON: &'static str = "unhex(value, '-')";
}

impl ListElement for i64 {
    const OF_JSON: &'static str = "value";
}

impl ListElement for String {
    const OF_JSON: &'static str = "value";
}

/// An engine that takes a list as one parameter.
pub(crate) trait Lists: Database {
    /// Asks whether the column whose name was pushed last has one of these values. Repeated ones are sent once.
    fn push_one_of<T: ListElement>(query: &mut QueryBuilder<'_, Self>, values: impl IntoIterator<Item = T>);
}

impl Lists for Postgres {
    fn push_one_of<T: ListElement>(query: &mut QueryBuilder<'_, Self>, values: impl IntoIterator<Item = T>) {
        // The array is encoded when it is bound, so nothing is borrowed from here.
        query.push(" = any(").push_bind(distinct(values)).push(")");
    }
}

impl Lists for Sqlite {
    fn push_one_of<T: ListElement>(query: &mut QueryBuilder<'_, Self>, values: impl IntoIterator<Item = T>) {
        let json = serde_json::to_string(&distinct(values)).expect("ids, numbers and texts are JSON");
        query.push(" in (select ").push(T::OF_JSON).push(" from json_each(").push_bind(json).push("))");
    }
}

/// Returns each value once, in order.
pub(crate) fn distinct<T: ListElement>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_unstable();
    values.dedup();
    values
}
