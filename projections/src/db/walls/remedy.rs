//! What puts back a part of the walls: the statement that its line stands for.
//!
//! **Invariant:** a start puts back rights, policies, row-level security, views and the state of triggers: a restore into
//! another cluster loses them, and nothing of the log depends on how. It never makes a function, a trigger or a constraint
//! again: that one is missing has to be explained first.

use sqlx::{Executor, PgConnection};

use super::{Difference, ROLES, STABLE_VIEWS, of_postgres};

/// Puts back what this user may, and says what that was and what is left.
pub(in crate::db) async fn put_back(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    conn.execute(include_str!("../../sql/walls/make_roles_postgres.sql")).await?;
    for difference in of_postgres(conn).await?.unwrap_or_default() {
        let Some(statement) = difference.remedy() else {
            tracing::error!("the database is not as portal made it: {difference}");
            continue;
        };
        match conn.execute(format!("set lock_timeout = '5s'; {statement}").as_str()).await {
            Ok(_) => {
                tracing::warn!("the database was not as portal made it, and this was put back: {difference}");
            }
            Err(why) => tracing::error!(
                "the database is not as portal made it: {difference}. This user can't put it back ({why}); whoever owns the \
                 database can: {statement}"
            ),
        }
    }
    Ok(())
}

impl Difference {
    /// What whoever owns the database would run; none where that would hide what somebody did.
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
