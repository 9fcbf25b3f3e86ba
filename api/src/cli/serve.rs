//! `portal serve`: everything until a signal to stop.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use projections::{challenges, grants, known_devices, operator_reads, sessions};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::cli::say;
use crate::config::Settings;
use crate::credentials::secrets;
use crate::identity::{links, session};
use crate::jobs::consumers::{self, Consumer};
use crate::jobs::{auditor, beside, retention, signing, timers};
use crate::server::{self, Edge, Limits};
use crate::{clock, log, metrics, routes};

pub async fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    log::init(settings.log)?;
    let (listener, settings) = bind(settings).await?;
    for doubt in settings.doubts() {
        tracing::warn!("{doubt}");
    }
    let app = App::open(settings).await?;
    secrets::warn_of_none(&app.settings, &app.db);
    secrets::seal_all(&app.db, &app.secrets).await?;
    if !grants::any_superadmin(&app.db, clock::now()).await? {
        let token = links::first_start(&app).await.map_err(anyhow::Error::from)?;
        let url = links::url(&app, &format!("/setup/{token}"));
        say(&format!(
            "This portal is empty. Become its first superadmin here (works once, for a day):\n\n    {url}\n"
        ));
    }
    serve(app, listener).await
}

/// Listens before anything else, so that links carry the port that was really given.
pub async fn bind(mut settings: Settings) -> anyhow::Result<(TcpListener, Settings)> {
    let listener = listen("PORTAL_LISTEN", settings.listen).await?;
    settings.listen = listener.local_addr()?;
    Ok((listener, settings))
}

pub(super) async fn listen(name: &str, at: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(at).await.map_err(|why| anyhow::anyhow!("{name}: can't listen on {at}: {why}"))
}

/// How long a stop waits for what operators read to be written down.
const FLUSH: Duration = Duration::from_secs(5);

/// Serves until a signal, then finishes what is under way.
pub async fn serve(app: App, listener: TcpListener) -> anyhow::Result<ExitCode> {
    let stop = stop()?;
    metrics::install()?;
    let edge = edge(&app.settings)?;
    let app = app.sealing()?;
    consumers::register(&app).await?;
    let limits =
        Limits { max_connections_per_address: app.settings.connections_per_address, ..Limits::default() };
    let (router, running, grace) = (routes::app(&app, &limits, &edge), edge.running.clone(), limits.grace);
    serve_health(&app, &limits).await?;
    beside::run("housekeeping", &app, housekeeping);
    beside::run("throttle", &app, forget_attempts);
    beside::run("timers", &app, timers::run);
    beside::run("audit", &app, auditor::run);
    for consumer in Consumer::ALL {
        beside::run(consumer.name(), &app, move |app| consumers::run(app, consumer));
    }
    if let Some(sealer) = app.sealer.clone() {
        beside::run("sealing", &app, move |app| signing::run(app, sealer.clone()));
    }
    tracing::info!(engine = app.db.engine(), "listening on http://{}", listener.local_addr()?);
    say(&format!("portal is at {}", app.settings.public_url()));
    let stopping = app.stopping.clone();
    let stop = async move {
        stop.await;
        stopping.send_replace(true);
    };
    server::serve(listener, router, limits, stop).await?;
    running.close();
    if tokio::time::timeout(grace, running.wait()).await.is_err() {
        tracing::warn!(running = running.len(), "stopped before everything that was asked for was done");
    }
    if tokio::time::timeout(FLUSH, app.recorder.flush()).await.is_err() {
        tracing::error!("what operators read last could not be written down");
    }
    if let Err(error) = app.projector.leave().await {
        tracing::warn!(%error, "the other processes will think for a minute that this one runs");
    }
    app.db.close().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Answers what machines ask on a listener of its own, where the settings name one: no crowd at the other one keeps them
/// out there. It goes on until the process ends.
async fn serve_health(app: &App, limits: &Limits) -> anyhow::Result<()> {
    let Some(at) = app.settings.health_listen else { return Ok(()) };
    let listener = listen("PORTAL_HEALTH_LISTEN", at).await?;
    tracing::info!("health and metrics are on http://{}", listener.local_addr()?);
    let (router, limits) = (routes::health(app, limits), limits.clone());
    tokio::spawn(server::serve(listener, router, limits, std::future::pending()));
    Ok(())
}

/// How browsers reach the portal. Its own pages are trusted by the public URL, whatever a proxy makes of `Host`.
pub fn edge(settings: &Settings) -> anyhow::Result<Edge> {
    let trusted = settings.trusted_origins.iter().cloned().chain([settings.public_url()]);
    let trusted_origins = trusted.collect::<Vec<_>>().join(",").parse()?;
    Ok(Edge { tls: settings.tls(), trusted_origins, ..Edge::default() })
}

/// SIGTERM or Ctrl-C, from the moment that this returns.
pub(super) fn stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Removes expired attempts soon after they stop counting. While the clock is wrong, nothing is removed.
async fn forget_attempts(app: App) {
    let mut each_minute = tokio::time::interval(Duration::from_mins(1));
    loop {
        each_minute.tick().await;
        if app.readiness.ask(&app.log).await.is_err() {
            continue;
        }
        if let Err(error) = app.throttle.sweep().await {
            tracing::warn!(%error, "counts of attempts could not be removed");
        }
        if let Err(error) = challenges::sweep(&app.db, clock::now()).await {
            tracing::warn!(%error, "sign-ins that nobody finished could not be removed");
        }
    }
}

/// Does what has to be done now and then, as long as the clock is right: what is deleted by a wrong clock is gone for good.
async fn housekeeping(app: App) {
    let mut hourly = tokio::time::interval(Duration::from_hours(1));
    loop {
        hourly.tick().await;
        if let Err(why) = app.readiness.ask(&app.log).await {
            tracing::error!(why, "nothing can be recorded, and nothing is forgotten");
            continue;
        }
        if let Err(error) = sessions::sweep(&app.db, clock::now()).await {
            tracing::warn!(%error, "ended sessions could not be removed");
        }
        let long_ago = clock::after(-chrono::Duration::days(session::DEVICE_DAYS));
        if let Err(error) = known_devices::sweep(&app.db, long_ago).await {
            tracing::warn!(%error, "devices that nobody uses any more could not be forgotten");
        }
        if let Err(error) = operator_reads::sweep(&app.db, clock::now()).await {
            tracing::warn!(%error, "reasons that no longer hold could not be removed");
        }
        retention::sweep(&app).await;
    }
}
