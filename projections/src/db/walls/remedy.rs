//! Puts back parts of the walls: finds the statement that restores each of them.
//!
//! **Invariant:** a start puts back rights, policies, row-level security, views and the state of triggers: a restore into
//! another cluster loses them, and nothing of the log depends on how. It never makes a function, a trigger or a constraint
//! again: that one is missing has to be explained first.

use std::collections::BTreeMap;

use sqlx::{Executor, PgConnection};

use super::{Difference, NEWER, ROLES, STABLE_VIEWS, of_postgres};

/// Puts back what this user may, logs what was put back and what is left, and returns what was put back.
pub(in crate::db) async fn put_back(conn: &mut PgConnection) -> Result<Vec<Difference>, sqlx::Error> {
    conn.execute(include_str!("../../sql/walls/make_roles_postgres.sql")).await?;
    let Some(before) = of_postgres(conn).await? else {
        tracing::warn!("{NEWER}");
        return Ok(vec![]);
    };
    let mut refused = BTreeMap::new();
    for difference in &before {
        let Some(statement) = difference.remedy() else { continue };
        if let Err(why) = conn.execute(format!("set lock_timeout = '{LOCKED}'; {statement}").as_str()).await {
            let is_locked = why
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
                .is_some_and(|code| code == "55P03");
            refused.insert(difference.to_string(), (statement, why));
            if is_locked {
                break; // whoever reads the one holds the others as well, and everybody else waits behind us
            }
        }
    }
    let after = if before.is_empty() { vec![] } else { of_postgres(conn).await?.unwrap_or_default() };
    for left in &after {
        if let Some((statement, why)) = refused.get(&left.to_string()) {
            tracing::error!(
                "the database is not as portal made it: {left}. It was not put back ({why}); the next start tries again, \
                 and whoever owns the database can: {statement}"
            );
        } else {
            tracing::error!("the database is not as portal made it: {left}");
        }
    }
    conn.execute("reset lock_timeout").await?;
    let put_back: Vec<Difference> = before.into_iter().filter(|it| !after.contains(it)).collect();
    for difference in &put_back {
        tracing::warn!("the database was not as portal made it, and this was put back: {difference}");
    }
    Ok(put_back)
}

/// The longest wait for the lock of a table. It is short because everybody else queues behind whoever waits for one.
const LOCKED: &str = "200ms";

impl Difference {
    /// The statement that the owner of the database would run; none if that would hide what somebody did.
    fn remedy(&self) -> Option<String> {
        let (table, words): (_, Vec<&str>) = (&self.table, self.what.split(' ').collect());
        match (words.as_slice(), self.must.as_deref()) {
            (["rights", "of", role, "on", rest @ ..], must) if ROLES.contains(role) => {
                let on = if rest.len() > 1 { "schema public" } else { table };
                let give = must.map(|verbs| format!("; grant {verbs} on {on} to {role}"));
                Some(format!("revoke all on {on} from {role}{}", give.unwrap_or_default()))
            }
            (["row-level", "security", ..], Some("on")) => {
                Some(format!("alter table {table} enable row level security"))
            }
            (["policy", name, ..], None) => Some(format!("drop policy {name} on {table}")),
            (["policy", name, ..], Some(must)) => {
                let (command, rest) = must.split_once(" by ")?;
                let (role, using) = rest.split_once(", using ")?;
                let anew = format!("create policy {name} on {table} for {command} to {role} using ({using})");
                Some(format!("drop policy if exists {name} on {table}; {anew}"))
            }
            (["trigger", name, ..], Some(must)) => {
                let same = must.strip_prefix("always: ")? == self.is.as_deref()?.split_once(": ")?.1;
                same.then(|| format!("alter table {table} enable always trigger {name}"))
            }
            (["view", ..], Some(_)) => Some(STABLE_VIEWS.to_owned()),
            _ => None,
        }
    }
}
