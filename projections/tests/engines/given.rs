//! Stores, appends and values that the tests begin with.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use cqrs_es::EventStore;
use domain::grant::{GrantCommand, GrantEvent, Granted, PlatformRole, Revoked};
use domain::org::{InvitationCommand, Invitee, LifecycleEvent, OrgCommand, OrgEvent, Role};
use domain::values::{InvitationId, OrgId, OrgName, PersonId, Reason, Slug};
use domain::{Actor, Decider, Grant, Metadata, Org};
use projections::event_log::{Append, AppendError, Appended, Authority, Draft, Recorded, StreamId};
use projections::projector::{Finding, VerifyReport};
use projections::{Db, EventLog, OpenError, Platform, Projector, Timestamp, grants, testing};
use sqlx::{Connection, Executor, PgConnection, Row, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Outcome<T = ()> = Result<T, Error>;

/// A new, empty store of one engine, with everything that one process runs on it.
pub(crate) struct Store {
    pub(crate) log: EventLog,
    pub(crate) projector: Projector,
    pub(crate) url: String,
    folder: Option<TempDir>,
}

impl Store {
    pub(crate) async fn sqlite() -> Outcome<Self> {
        let (folder, url) = testing::sqlite();
        Self::open(url, Some(folder)).await
    }

    pub(crate) async fn postgres() -> Outcome<Self> {
        Self::open(testing::postgres().await, None).await
    }

    /// A store on Postgres whose database owner is no superuser and can't create roles.
    pub(crate) async fn postgres_of_plain_owner() -> Outcome<Self> {
        let _first_start_makes_the_roles = Self::postgres().await?;
        let url = testing::postgres().await;
        let name = url.rsplit('/').next().ok_or("a URL has a path")?;
        let mut superuser = PgConnection::connect(&url).await?;
        let own = format!(
            "create role {name} login; grant portal_app, portal_tenant, portal_reader to {name};
             alter database {name} owner to {name}"
        );
        superuser.execute(own.as_str()).await?;
        Self::open(url.replacen("//test@", &format!("//{name}@"), 1), None).await
    }

    /// A store on an existing Postgres database.
    pub(crate) async fn at(url: String) -> Outcome<Self> {
        Self::open(url, None).await
    }

    async fn open(url: String, folder: Option<TempDir>) -> Outcome<Self> {
        let log = EventLog::open(Db::open(&url).await?).await?;
        let projector = Projector::start(log.clone()).await?;
        Ok(Self { log, projector, url, folder })
    }

    /// Another empty store of the same engine.
    pub(crate) async fn fresh(&self) -> Outcome<Self> {
        if self.is_postgres() { Self::postgres().await } else { Self::sqlite().await }
    }

    /// Stops the store, and starts it again on the same database.
    pub(crate) async fn reopened(self) -> Outcome<Self> {
        self.db().close().await;
        Self::open(self.url, self.folder).await
    }

    /// The store, opened once more.
    pub(crate) async fn opened_again(&self) -> Result<Db, OpenError> {
        Db::open(&self.url).await
    }

    /// What a second process on the same database would run. SQLite has one process: there it is a second projector.
    pub(crate) async fn another_process(&self) -> Outcome<(EventLog, Projector)> {
        let log = if self.is_postgres() {
            EventLog::open(Db::open(&self.url).await?).await?
        } else {
            self.log.clone()
        };
        Ok((log.clone(), Projector::start(log).await?))
    }

    pub(crate) fn db(&self) -> &Db {
        self.log.db()
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.folder.is_none()
    }

    /// A connection of our own, past everything that the crate does: as whoever owns the database.
    pub(crate) async fn raw(&self) -> Outcome<Raw> {
        Ok(match self.url.strip_prefix("sqlite://") {
            Some(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                Raw::Sqlite(SqliteConnection::connect_with(&options).await?)
            }
            None => Raw::Postgres(PgConnection::connect(&self.url).await?),
        })
    }

    /// A connection of our own with the rights that portal has.
    pub(crate) async fn raw_as_portal(&self) -> Outcome<Raw> {
        let mut raw = self.raw().await?;
        if self.is_postgres() {
            raw.run("set role portal_app").await?;
        }
        Ok(raw)
    }

    /// Changes what stands in the database, as somebody would who can switch off the triggers.
    pub(crate) async fn tamper(&self, statement: &str) -> Outcome {
        let mut raw = self.raw().await?;
        if self.is_postgres() {
            raw.run("alter table events disable trigger all").await?;
        } else {
            raw.run("drop trigger events_no_update").await?;
            raw.run("drop trigger events_no_delete").await?;
        }
        self.tamper_again(statement).await
    }

    /// Like [`Self::tamper`], once the triggers are off.
    pub(crate) async fn tamper_again(&self, statement: &str) -> Outcome {
        let changed = self.raw().await?.run(statement).await?;
        assert_eq!(changed, 1, "{statement}");
        Ok(())
    }

    pub(crate) async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.log.append(append).await
    }

    /// Loads, decides, appends.
    pub(crate) async fn carry_out<A: Decider>(
        &self,
        id: A::Id,
        command: impl Into<A::Command>,
    ) -> Outcome<Appended> {
        Ok(self.append(self.decided::<A>(id, command.into()).await?).await?)
    }

    /// Loads and decides.
    pub(crate) async fn decided<A: Decider>(&self, id: A::Id, command: A::Command) -> Outcome<Append> {
        let loaded = EventStore::<A>::load_aggregate(&self.log, &id.to_string()).await?;
        let events = loaded.aggregate.decide(command)?;
        Ok(append::<A>(id, loaded.sequence, &events))
    }

    /// A new organisation, readable.
    pub(crate) async fn org(&self, name: &str, slug: &str) -> Outcome<OrgId> {
        let id = OrgId(id());
        let appended = self.append(append::<Org>(id, 0, &[created(name, slug)])).await?;
        self.folded_to(appended.last_position).await?;
        Ok(id)
    }

    /// A new superadmin, readable.
    pub(crate) async fn superadmin(&self) -> Outcome<PersonId> {
        let id = PersonId(id());
        let appended = self.append(append::<Grant>(id, 0, &[superadmin_granted()])).await?;
        self.folded_to(appended.last_position).await?;
        Ok(id)
    }

    /// The platform scope of a new superadmin.
    pub(crate) async fn platform(&self) -> Outcome<Platform> {
        let person = self.superadmin().await?;
        let grant =
            grants::active(self.db(), person.0, noon(0)).await?.ok_or("a superadmin has an active grant")?;
        Ok(Platform::of(&grant))
    }

    pub(crate) async fn folded_to(&self, position: i64) -> Outcome {
        Ok(self.projector.wait_for(position, Duration::from_secs(10)).await?)
    }

    /// Waits until everything in the log is readable.
    pub(crate) async fn folded(&self) -> Outcome {
        self.folded_to(self.log.last_position().await?).await
    }

    /// The whole log.
    pub(crate) async fn events(&self) -> Outcome<Vec<Recorded>> {
        Ok(self.log.tail(0, i64::MAX).await?)
    }

    /// What is wrong with the log and what was made of it. Tests that write past the triggers switch them off: what that
    /// says of the walls stands in `description.rs`.
    pub(crate) async fn verified(&self) -> Outcome<VerifyReport> {
        let mut report = self.projector.verify(|_| ()).await?;
        report.findings.retain(|finding| !matches!(finding, Finding::Wall { .. }));
        Ok(report)
    }

    /// Everything is as the log says.
    pub(crate) async fn assert_sound(&self) -> Outcome {
        self.folded().await?;
        let report = self.verified().await?;
        assert_eq!(report.findings, [], "of {} events", report.events);
        Ok(())
    }
}

/// A connection that no rule of this crate applies to.
pub(crate) enum Raw {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Raw {
    /// Runs a statement and tells how many rows it changed.
    pub(crate) async fn run(&mut self, statement: &str) -> Result<u64, sqlx::Error> {
        match self {
            Self::Postgres(conn) => conn.execute(statement).await.map(|d| d.rows_affected()),
            Self::Sqlite(conn) => conn.execute(statement).await.map(|d| d.rows_affected()),
        }
    }

    /// The one number that a query gives.
    pub(crate) async fn number(&mut self, query: &str) -> Result<i64, sqlx::Error> {
        match self {
            Self::Postgres(conn) => conn.fetch_one(query).await?.try_get(0),
            Self::Sqlite(conn) => conn.fetch_one(query).await?.try_get(0),
        }
    }
}

/// A new id: different in every call, scattered like a random one, the same in every run.
pub(crate) fn id() -> Uuid {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
    Uuid::from_u128(number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

/// An append of a command of its own, by the shell.
pub(crate) fn append<A: Decider>(id: A::Id, after: i64, events: &[A::Event]) -> Append {
    Append {
        stream: StreamId::of::<A>(id),
        after,
        events: events.iter().map(Draft::of::<A>).collect(),
        metadata: Metadata::new(Actor::Shell, self::id()),
        fingerprint: [7; 32],
        authority: None,
        beside: None,
    }
}

/// The first event of an organisation of its own.
pub(crate) fn creation(name: &str, slug: &str) -> Append {
    append::<Org>(OrgId(id()), 0, &[created(name, slug)])
}

pub(crate) fn created(name: &str, slug: &str) -> OrgEvent {
    OrgEvent::Lifecycle(LifecycleEvent::OrgCreated { name: org_name(name), slug: self::slug(slug) })
}

pub(crate) fn renamed(name: &str) -> OrgEvent {
    OrgEvent::Lifecycle(LifecycleEvent::OrgRenamed { name: org_name(name) })
}

pub(crate) fn org_name(name: &str) -> OrgName {
    name.parse().expect("a name")
}

pub(crate) fn slug(slug: &str) -> Slug {
    slug.parse().expect("a slug")
}

pub(crate) fn reason() -> Reason {
    "because a test wants it".parse().expect("a reason")
}

pub(crate) fn superadmin_granted() -> GrantEvent {
    GrantEvent::SuperadminGranted(Granted::for_good(reason()))
}

/// A grant with an end, which does not count for the guard.
pub(crate) fn superadmin_until(until: impl Into<DateTime<Utc>>) -> GrantEvent {
    let until = Some(until.into());
    GrantEvent::SuperadminGranted(Granted { until, ..Granted::for_good(reason()) })
}

/// The authority of somebody whose stream has one event.
pub(crate) fn authority(person: PersonId) -> Authority {
    Authority { stream: StreamId::of::<Grant>(person), sequence: 1, from: None, until: None }
}

pub(crate) fn superadmin_revoked() -> GrantEvent {
    GrantEvent::SuperadminRevoked(Revoked::for_good(reason()))
}

pub(crate) fn revoke_superadmin() -> GrantCommand {
    GrantCommand::Revoke { role: PlatformRole::Superadmin, reason: reason() }
}

pub(crate) fn invitee(person: PersonId, role: Role) -> Invitee {
    Invitee { invitation: InvitationId(id()), person, role, expires_at: day(30) }
}

pub(crate) fn invite(invitee: &Invitee) -> OrgCommand {
    OrgCommand::Invitation(InvitationCommand::Invite(invitee.clone()))
}

pub(crate) fn accept(invitee: &Invitee) -> OrgCommand {
    OrgCommand::Invitation(InvitationCommand::AcceptInvitation {
        invitation: invitee.invitation,
        person: invitee.person,
        at: day(1),
    })
}

/// A moment, this many days after the beginning of the tests' calendar.
pub(crate) fn day(number: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + number * 86_400, 0).expect("a moment")
}

pub(crate) fn noon(number: i64) -> Timestamp {
    Timestamp::from(day(number) + chrono::Duration::hours(12))
}
