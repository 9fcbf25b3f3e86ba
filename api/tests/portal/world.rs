//! The whole system in this process, on a database of its own, and the past that a test begins with.
//!
//! *Given* is what the world is told: organisations, people, commands from the server's shell. *Then* is the answer that
//! somebody gets, and what the log has since.
//!
//! **Invariant:** nobody here signs in with a password unless that is what is tested: sessions are started in the store.

use std::sync::Arc;

use api::app::{App, AppState};
use api::bus::{Envelope, Principal};
use api::cli::serve;
use api::config::Settings;
use api::credentials::secrets::Secrets;
use api::identity::links;
use api::identity::session::Token;
use api::server::Limits;
use api::signer::SealOutcome;
use api::{clock, routes};
use axum::Router;
use domain::grant::{GrantCommand, PlatformRole, Term};
use domain::org::{InvitationCommand, Invitee, LifecycleCommand, OrgCommand, Role};
use domain::values::{InvitationId, OrgId, PersonId};
use domain::{Grant, Org};
use projections::event_log::Recorded;
use projections::sessions::{self, Session};
use projections::{people, testing};
use tempfile::TempDir;

use crate::client::Client;

/// Runs tests of the shape `async fn (World)` on both engines, in modules named after them.
macro_rules! engines {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $test() {
                    Box::pin(super::$test(crate::world::World::on_sqlite().await)).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test]
                async fn $test() {
                    Box::pin(super::$test(crate::world::World::on_postgres().await)).await;
                }
            )*
        }
    };
}

/// A password that nobody minds.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) struct World {
    pub(crate) app: App,
    router: Router,
    /// Goes away with the world.
    folder: Option<Arc<TempDir>>,
}

impl World {
    pub(crate) async fn on_sqlite() -> Self {
        let (folder, url) = testing::sqlite();
        Self::open(url, Some(Arc::new(folder))).await
    }

    pub(crate) async fn on_postgres() -> Self {
        Self::at(testing::postgres().await).await
    }

    /// On a Postgres database, however it is reached.
    pub(crate) async fn at(url: String) -> Self {
        Self::open(url, None).await
    }

    async fn open(database_url: String, folder: Option<Arc<TempDir>>) -> Self {
        let settings = Settings {
            database_url,
            listen: "127.0.0.1:8080".parse().expect("an address"),
            health_listen: None,
            public_url: None,
            trusted_origins: vec![],
            trusted_proxies: vec![],
            forwarded_header: api::config::ForwardedHeader::default(),
            connections_per_address: 128,
            log: api::log::LogFormat::Pretty,
            session_idle_hours: 12,
            session_days: 7,
            require_second_factor: false,
            grant_approval: false,
            grant_max_days: None,
            keep_operator_reads_days: 730,
            keep_refusals_days: 365,
            keep_account_log_days: 365,
            clock_tolerance_minutes: 5,
            accept_clock: None,
            seal_key: None,
            seal_log: None,
            audit_seconds: 60,
            seal_policy: None,
            seal_copies: vec![],
            seal_seconds: 1,
            seal_other_logs: vec![],
            secrets_key: vec![],
        };
        let app = App::open(settings).await.expect("an empty database opens");
        Self { router: router(&app), app, folder }
    }

    /// A process that starts on a database that is there already.
    pub(crate) async fn started_again(settings: Settings) -> Self {
        let app = App::open(settings).await.expect("a database that was closed opens");
        Self { router: router(&app), app, folder: None }
    }

    /// The same world with other settings.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::clone(&self.app.settings);
        change(&mut settings);
        let bus = self.app.bus.clone().under(settings.grant_policy());
        let secrets = Arc::new(Secrets::of(&settings).expect("keys that can be read"));
        let app =
            App::from(AppState { settings: Arc::new(settings), bus, secrets, ..AppState::clone(&self.app) });
        let app = app.sealing().expect("a key that can be read");
        Self { router: router(&app), app, folder: self.folder.clone() }
    }

    /// The same world as a demonstration.
    pub(crate) fn demonstrating(&self) -> Self {
        let app = self.app.clone().demonstrating();
        Self { router: router(&app), app, folder: self.folder.clone() }
    }

    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.router.clone())
    }

    /// A superadmin.
    pub(crate) async fn operator(&self) -> Client {
        self.granted("ana@example.com", PlatformRole::Superadmin).await
    }

    pub(crate) async fn auditor(&self) -> Client {
        self.granted("aud@example.com", PlatformRole::Auditor).await
    }

    pub(crate) async fn owner(&self, org: OrgId) -> Client {
        self.joined(org, "olga@example.com", Role::Owner).await
    }

    pub(crate) async fn member(&self, org: OrgId) -> Client {
        self.joined(org, "mike@example.com", Role::Member).await
    }

    /// Somebody who is signed in, and owns an organisation that nobody else is in.
    pub(crate) async fn stranger(&self) -> Client {
        let elsewhere = self.org("elsewhere").await;
        self.joined(elsewhere, "stranger@example.com", Role::Owner).await
    }

    /// Somebody who belongs nowhere yet, signed in.
    pub(crate) async fn somebody(&self, email: &str) -> Client {
        let person = self.person(email).await;
        self.signed_in(person).await
    }

    pub(crate) async fn granted(&self, email: &str, role: PlatformRole) -> Client {
        let person = self.person(email).await;
        let reason = "Given by the test".parse().expect("a reason");
        let give = GrantCommand::Give { role, reason, term: Term::FOR_GOOD, at: clock::now().into() };
        self.grant(person, give).await;
        self.signed_in(person).await
    }

    pub(crate) async fn joined(&self, org: OrgId, email: &str, role: Role) -> Client {
        let person = self.person(email).await;
        self.admitted(org, person, role).await;
        self.signed_in(person).await
    }

    /// Makes somebody a member.
    pub(crate) async fn admitted(&self, org: OrgId, person: PersonId, role: Role) {
        let invitation = self.invited(org, person, role).await;
        let accept = OrgCommand::Invitation(InvitationCommand::AcceptInvitation {
            invitation,
            person,
            at: clock::now().into(),
        });
        let principal = Principal::Person { person, grant: None, proven_at: None };
        self.app.bus.send::<Org>(&principal, org, accept, Envelope::new()).await.expect("joins");
    }

    pub(crate) async fn person(&self, email: &str) -> PersonId {
        let email = email.parse().expect("an address");
        let person = people::ensure(&self.app.db, PersonId(clock::new_id()), &email, clock::now()).await;
        PersonId(person.expect("stored").person_id)
    }

    /// The name of somebody, if they have one.
    pub(crate) async fn called(&self, person: PersonId) -> Option<String> {
        people::by_id(&self.app.db, person).await.expect("readable").and_then(|person| person.name)
    }

    /// Somebody with [`PASSWORD`], not signed in.
    pub(crate) async fn with_password(&self, email: &str) -> PersonId {
        let person = self.person(email).await;
        let hash = self.app.passwords.hash(PASSWORD.to_owned()).await.expect("hashes");
        testing::set_password(&self.app.db, person, &hash).await.expect("stored");
        person
    }

    pub(crate) async fn signed_in(&self, person: PersonId) -> Client {
        let day = chrono::Duration::days(1);
        self.signed_in_until(person, day, day).await
    }

    /// A session that ends so far from now, when idle and in any case.
    pub(crate) async fn signed_in_until(
        &self,
        person: PersonId,
        idle: chrono::Duration,
        expires: chrono::Duration,
    ) -> Client {
        let (now, token) = (clock::now(), Token::new().expect("random"));
        let session = Session {
            session_id: clock::new_id(),
            person_id: person.0,
            created_at: now,
            last_seen_at: now,
            idle_at: clock::after(idle),
            expires_at: clock::after(expires),
            proven_at: now,
            two_factors: false,
            address: None,
            agent: None,
        };
        sessions::start(&self.app.db, &session, &token.hash, None).await.expect("stored");
        let client = self.anonymous().being(person);
        let name = if self.app.settings.tls() { "__Host-portal" } else { "portal" };
        client.keep(name, &token.plain);
        client
    }

    /// An organisation with this slug and name, and nobody in it.
    pub(crate) async fn org(&self, slug: &str) -> OrgId {
        let id = OrgId(clock::new_id());
        let name = format!("{}{} Ltd", slug[..1].to_uppercase(), &slug[1..]);
        let (name, slug) = (name.parse().expect("a name"), slug.parse().expect("a slug"));
        self.given(id, OrgCommand::Lifecycle(LifecycleCommand::Create { name, slug, owner: None })).await;
        id
    }

    pub(crate) async fn invited(&self, org: OrgId, person: PersonId, role: Role) -> InvitationId {
        let (invitation, expires_at) =
            (InvitationId(clock::new_id()), clock::after(chrono::Duration::days(7)).into());
        self.given(
            org,
            OrgCommand::Invitation(InvitationCommand::Invite(Invitee {
                invitation,
                person,
                role,
                expires_at,
            })),
        )
        .await;
        invitation
    }

    /// The address of a link into an organisation.
    pub(crate) async fn link(&self, org: OrgId, invitation: InvitationId, person: PersonId) -> String {
        let token = links::invitation(&self.app, org, invitation, person).await.expect("stored");
        format!("/invitations/{token}")
    }

    /// Carries out a command as the server's shell.
    pub(crate) async fn given(&self, org: OrgId, command: OrgCommand) {
        let done = self.app.bus.send::<Org>(&Principal::Shell, org, command, Envelope::new()).await;
        assert!(!done.expect("carried out").still_updating);
    }

    pub(crate) async fn suspended(&self, org: OrgId, reason: &str) {
        let reason = reason.parse().expect("a reason");
        self.given(org, OrgCommand::Lifecycle(LifecycleCommand::Suspend { reason, confirmed: None })).await;
    }

    pub(crate) async fn archived(&self, org: OrgId) {
        let reason = "They left for good".parse().expect("a reason");
        self.given(org, OrgCommand::Lifecycle(LifecycleCommand::Archive { reason, confirmed: None })).await;
    }

    pub(crate) async fn grant(&self, person: PersonId, command: GrantCommand) {
        let done = self.app.bus.send::<Grant>(&Principal::Shell, person, command, Envelope::new()).await;
        assert!(!done.expect("carried out").still_updating);
    }

    pub(crate) async fn revoked(&self, person: PersonId, role: PlatformRole) {
        let reason = "Revoked by the test".parse().expect("a reason");
        self.grant(person, GrantCommand::Revoke { role, reason }).await;
    }

    /// A checkpoint now, where the world has a key.
    pub(crate) async fn seal(&self) -> anyhow::Result<SealOutcome> {
        self.app.sealer.as_ref().expect("it has a key").seal(&self.app.db).await
    }

    /// Changes a text in the payload of events, as whoever owns the database could.
    pub(crate) fn change(&self, [from, to]: [&str; 2]) {
        let (open, text, json) = match self.app.db.engine() {
            "sqlite" => ("drop trigger if exists events_no_update", "payload", ""),
            _ => ("alter table events disable trigger events_no_change", "payload::text", "::json"),
        };
        let change = format!(
            "{open}; update events set payload = replace({text}, '{from}', '{to}'){json} where {text} like '%{from}%'"
        );
        testing::execute(&self.app.settings.database_url, change.leak());
    }

    /// Where the log ends.
    pub(crate) async fn position(&self) -> i64 {
        self.app.log.last_position().await.expect("readable")
    }

    pub(crate) async fn last_event(&self) -> Recorded {
        let last = self.position().await;
        self.app.log.tail(last - 1, 1).await.expect("readable").pop().expect("an event")
    }

    /// What happened after a position, by the names of the events.
    pub(crate) async fn since(&self, position: i64) -> Vec<String> {
        let events = self.app.log.tail(position, 1000).await.expect("no gap");
        events.into_iter().map(|event| event.event_type).collect()
    }

    /// The log's own proof that every read model is what it says.
    pub(crate) async fn verify(&self) {
        let report = self.app.projector.verify(|_| ()).await.expect("verifies");
        assert_eq!(report.findings, []);
    }
}

fn router(app: &App) -> Router {
    let edge = serve::edge(&app.settings).expect("the settings are well-formed");
    routes::app(app, &Limits::default(), &edge)
}
