//! Everything that handlers share. Cheap to clone.

use std::ops::Deref;
use std::sync::Arc;

use chrono::TimeDelta;
use projections::{AccessRecorder, Db, EventLog, Lookups, Projector, steady};
use tokio::sync::watch;

use crate::audited::Audited;
use crate::bus::Bus;
use crate::config::Settings;
use crate::credentials::passwords::Passwords;
use crate::credentials::secrets::Secrets;
use crate::credentials::throttle::Throttle;
use crate::maintenance::Maintenance;
use crate::readiness::Readiness;
use crate::signer::CheckpointSigner;

#[derive(Clone)]
pub struct App(Arc<AppState>);

#[derive(Clone)]
pub struct AppState {
    pub settings: Arc<Settings>,
    pub db: Db,
    pub log: EventLog,
    pub projector: Projector,
    pub bus: Bus,
    pub lookups: Lookups,
    /// Records what operators look at.
    pub recorder: AccessRecorder,
    pub passwords: Arc<Passwords>,
    /// Seals and opens the secrets of second factors.
    pub secrets: Arc<Secrets>,
    pub throttle: Throttle,
    pub upkeep: Maintenance,
    /// True where the links of a demonstration sign people in.
    pub demonstration: bool,
    pub readiness: Arc<Readiness>,
    /// The state of the auditor, if this process serves.
    pub audited: Arc<Audited>,
    /// Signs checkpoints, where this process serves and has a key.
    pub sealer: Option<Arc<CheckpointSigner>>,
    /// Turns true when the server is told to stop: for answers that would go on for ever.
    pub stopping: Arc<watch::Sender<bool>>,
}

impl App {
    /// Opens the database, brings schema and read models up to date, and starts what runs beside the requests.
    pub async fn open(settings: Settings) -> anyhow::Result<Self> {
        steady::tolerate(TimeDelta::minutes(settings.clock_tolerance_minutes));
        let secrets = Arc::new(Secrets::of(&settings)?);
        let db = Db::open(&settings.database_url).await?;
        let log = EventLog::open_by(db.clone(), settings.clock_rules()).await?;
        let projector = Projector::start(log.clone()).await?;
        let bus = Bus::new(db.clone(), log.clone(), projector.clone(), settings.grant_policy());
        let (lookups, recorder) = (Lookups::open(&db), AccessRecorder::open(&db));
        let (passwords, throttle) = (Arc::new(Passwords::new()?), Throttle::new(&db));
        let settings = Arc::new(settings);
        let stopping = Arc::new(watch::Sender::new(false));
        let shared = AppState {
            settings,
            db,
            log,
            projector,
            bus,
            lookups,
            recorder,
            passwords,
            secrets,
            throttle,
            upkeep: Maintenance::default(),
            demonstration: false,
            readiness: Arc::default(),
            audited: Arc::default(),
            sealer: None,
            stopping,
        };
        let app = Self::from(shared);
        // A process that starts a new log remembers that it was empty, and so may sign what follows.
        if app.log.last_position().await? == 0
            && let Some(sealer) = CheckpointSigner::of(&app.settings)?
        {
            sealer.begin(&app.db).await?;
        }
        Ok(app)
    }

    /// Makes the same app with links that sign in whoever has them. Use it only for a database that is thrown away.
    #[must_use]
    pub fn demonstrating(self) -> Self {
        AppState { demonstration: true, ..AppState::clone(&self) }.into()
    }

    /// Makes the same app with the part that signs checkpoints, if the settings want that.
    pub fn sealing(self) -> anyhow::Result<Self> {
        let sealer = CheckpointSigner::of(&self.settings)?.map(Arc::new);
        Ok(AppState { sealer, ..AppState::clone(&self) }.into())
    }
}

impl From<AppState> for App {
    fn from(shared: AppState) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for App {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.0
    }
}
