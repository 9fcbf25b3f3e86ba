//! Finds the organisations that have a text in their name, slug, id or owner's address.
//!
//! A rare text is looked up in indexes of parts, three letters each, and gives the organisations themselves. A common
//! one would give half of all; the list is then walked in its order until the page is full, which is soon. Where
//! neither is quick, because all who have it stand together, they stand together by how their names begin, and the
//! index of names leads there.
//!
//! **Invariant:** whatever way is taken, the answer is the same.

use std::collections::HashSet;

use uuid::Uuid;

use super::OrgListFilter;
use crate::db::{Db, Engine};
use crate::like::{LONGEST, like_pattern};

/// The most organisations that a search lists one by one.
pub(super) const MANY: usize = 500;

/// A text to look for, in the form in which it is compared: lower case.
#[derive(Debug)]
pub(super) struct SearchTerm {
    pub(super) text: String,
    pub(super) pattern: String,
}

/// The result of the first look-up: which organisations have the text, or how to find them.
#[derive(Debug)]
pub(super) enum FoundOrgs {
    /// These organisations have the text, and no others.
    These(Vec<Uuid>),
    /// All organisations whose names begin with the text have it, and these.
    Beginning(Vec<Uuid>),
    /// More than [`MANY`] have it. `owned` are those whose owner's address has it, unless they are too many as well.
    Many { owned: Option<Vec<Uuid>> },
}

impl SearchTerm {
    /// Returns nothing if there is no text to look for.
    pub(super) fn of(filter: &OrgListFilter) -> Option<Self> {
        let text: String = filter.text.as_deref()?.trim().to_lowercase().chars().take(LONGEST).collect();
        let pattern = like_pattern(&text);
        (!text.is_empty()).then_some(Self { text, pattern })
    }

    /// Says whether nothing can match, because no stored text contains control characters.
    pub(super) fn is_impossible(&self) -> bool {
        self.text.chars().any(char::is_control)
    }

    /// The first text that sorts after all texts that begin with this one.
    pub(super) fn end(&self) -> String {
        let mut end = self.text.clone();
        while let Some(last) = end.pop() {
            if let Some(next) = (last..=char::MAX).nth(1) {
                end.push(next);
                return end;
            }
        }
        char::MAX.to_string().repeat(LONGEST)
    }

    /// The text as one phrase in the query language of FTS5.
    fn phrase(&self) -> String {
        format!("\"{}\"", self.text.replace('"', "\"\""))
    }

    /// Says whether the text is too short for an index of three-letter parts.
    fn is_short(&self) -> bool {
        self.text.chars().nth(2).is_none()
    }
}

/// Looks the text up, reading only enough to know which way is quick.
pub(super) async fn find(
    db: &Db,
    filter: &OrgListFilter,
    term: &SearchTerm,
) -> Result<FoundOrgs, sqlx::Error> {
    let limit = i64::try_from(MANY + 1).unwrap_or(i64::MAX);
    let statement = match (&db.0, term.is_short()) {
        (Engine::Postgres { .. }, true) => include_str!("../sql/org_list/found_short_postgres.sql"),
        (Engine::Postgres { .. }, false) => include_str!("../sql/org_list/found_postgres.sql"),
        (Engine::Sqlite { .. }, true) => include_str!("../sql/org_list/found_short_sqlite.sql"),
        (Engine::Sqlite { .. }, false) => include_str!("../sql/org_list/found_sqlite.sql"),
    };
    let statement = statement.replace("{filter}", &filter.condition());
    macro_rules! query {
        () => {
            sqlx::query_as(&statement).bind(&term.text).bind(term.end()).bind(&term.pattern).bind(limit)
        };
    }
    let found: Vec<(i32, i64, String)> = match &db.0 {
        // The statement is planned anew each time, because the best plan depends on the text.
        Engine::Postgres { pool, .. } => query!().persistent(false).fetch_all(pool).await?,
        Engine::Sqlite { reader, .. } if term.is_short() => query!().fetch_all(reader).await?,
        Engine::Sqlite { reader, .. } => query!().bind(term.phrase()).fetch_all(reader).await?,
    };
    Ok(judge(&found))
}

fn judge(found: &[(i32, i64, String)]) -> FoundOrgs {
    match [1, 2, 3].map(|part| few(found, part)) {
        [Some(beginning), Some(inside), Some(owned)] => {
            FoundOrgs::These((&(&beginning | &inside) | &owned).into_iter().collect())
        }
        [None, Some(inside), Some(owned)] => FoundOrgs::Beginning((&inside | &owned).into_iter().collect()),
        [_, _, owned] => FoundOrgs::Many { owned: owned.map(|owned| owned.into_iter().collect()) },
    }
}

/// The ids of one part of the result, unless there are too many.
fn few(found: &[(i32, i64, String)], part: i32) -> Option<HashSet<Uuid>> {
    let (_, number, ids) = found.iter().find(|(which, ..)| *which == part)?;
    let few = usize::try_from(*number).is_ok_and(|number| number <= MANY);
    few.then(|| ids.split(',').filter_map(|id| id.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_begin_with_a_text_sort_before_its_end() {
        for (text, expected) in
            [("acme", "acmf"), ("a\u{10ffff}", "b"), ("\u{d7ff}", "\u{e000}"), ("z~", "z\u{7f}")]
        {
            let filter = OrgListFilter { text: Some(text.to_owned()), ..OrgListFilter::default() };
            assert_eq!(SearchTerm::of(&filter).expect("a text").end(), expected, "{text:?}");
        }
    }
}
