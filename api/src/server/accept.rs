//! The accept loop, from the listening socket to the last connection's end.
//!
//! **Invariant:** only the signal to stop ends the loop: errors of `accept` (out of descriptors, a client gone before
//! its turn) are waited out.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection::Accepted;
use super::connection_limiter::ConnectionLimiter;
use super::{Limits, connection};
use crate::metrics;

/// The pause after an error: long enough for descriptors to come free, short enough that nobody notices.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(200);

/// The pause after a connection was told to close: long enough for it to do so.
const ROOM_MADE: Duration = Duration::from_millis(5);

/// Serves `app` until `shutdown` is ready, then lets requests under way finish within the grace.
///
/// Answers without an end (event streams) have to end themselves on the same signal, or they use up the grace.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let limits = Arc::new(limits);
    let limiter = ConnectionLimiter::new(&limits);
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {},
            (stream, peer) = accept(&listener, &limiter) => match limiter.admit(peer.ip()) {
                Ok((place, made_room)) => {
                    metrics::connection_opened(made_room);
                    let (app, limits, stopping) = (app.clone(), Arc::clone(&limits), stopping.clone());
                    connections.spawn(async move {
                        connection::run(Accepted { stream, peer }, app, &limits, stopping, place).await;
                    });
                },
                Err(limit) => refuse(peer, limit),
            },
        }
    }
    drop(listener);
    stop.send_replace(true);
    finish(connections, limits.grace).await;
    Ok(())
}

/// The next connection. Safe to drop half-way: then nothing was accepted yet. Where the system gives no more (it is out of
/// descriptors), a connection that waits makes room as well.
async fn accept(listener: &TcpListener, limiter: &ConnectionLimiter) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                let made_room = limiter.make_room();
                if made_room {
                    tracing::debug!(%error, "closed a connection to accept another one");
                    tokio::time::sleep(ROOM_MADE).await;
                } else {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
            }
        }
    }
}

fn refuse(peer: SocketAddr, limit: &'static str) {
    tracing::debug!(%peer, limit, "closed a connection at once: limit reached");
    metrics::connection_refused(limit);
}

async fn finish(mut connections: JoinSet<()>, grace: Duration) {
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, all_ended).await.is_err() {
        tracing::warn!(open = connections.len(), "closed connections that did not finish in time");
        connections.shutdown().await;
    }
}
