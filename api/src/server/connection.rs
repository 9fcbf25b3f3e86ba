//! One connection, from the first byte to the close.
//!
//! **Invariant:** an answer that was written arrives: a connection is not dropped while bytes from the other side are
//! unread, since the kernel would then reset it and throw the answer away.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use super::Limits;
use super::connection_limiter::ConnectionPlace;
use super::watched::{AnswerBody, Watch};
use crate::web::request::PeerAddr;

/// The longest head of a request: more than any browser sends, and little enough to hold a thousand times.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// How long the other side gets to stop sending what nobody reads any more.
const LINGER: Duration = Duration::from_secs(2);

/// A connection that was accepted, and who made it.
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
}

pub(super) async fn run(
    Accepted { stream, peer }: Accepted,
    app: Router,
    limits: &Limits,
    stopping: watch::Receiver<bool>,
    place: ConnectionPlace,
) {
    let watch = Watch::new(place.progress());
    tokio::select! {
        () = serve(Accepted { stream, peer }, app, limits, stopping, watch) => {}
        () = place.closed() => tracing::debug!(%peer, "closed a connection to make room for another one"),
    }
}

async fn serve(
    Accepted { stream, peer }: Accepted,
    app: Router,
    limits: &Limits,
    mut stopping: watch::Receiver<bool>,
    watch: Watch,
) {
    // Sending without delay only saves time, so a socket that can't do it is served all the same.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.write_timeout));
    let socket = watch.clone().socket(Box::pin(stream));
    let service = service_fn(move |request| Box::pin(handle(app.clone(), peer, request, watch.clone())));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(socket), service);

    let by_itself = tokio::select! {
        ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => Some(ended),
        () = stopped(&mut stopping) => None,
    };
    let ended = if let Some(ended) = by_itself {
        ended
    } else {
        Pin::new(&mut connection).graceful_shutdown();
        poll_fn(|cx| connection.poll_without_shutdown(cx)).await
    };
    match ended {
        // Hyper itself has answered what isn't HTTP or has too long a head.
        Err(error) if !error.is_parse() => tracing::debug!(%peer, %error, "a connection broke"),
        _ => linger(connection.into_parts().io.into_inner(), stopping).await,
    }
}

async fn handle(
    app: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
    watch: Watch,
) -> Result<Response<AnswerBody>, Infallible> {
    if !watch.request_begins() {
        return pending().await; // the connection is closed any moment
    }
    let mut request = request.map(|body| watch.request(body));
    request.extensions_mut().insert(PeerAddr(peer));
    Ok(app.oneshot(request).await?.map(|body| watch.answer(body)))
}

/// Says goodbye, then reads on for a moment, as a body that was refused unread is often still on its way.
async fn linger(mut stream: impl AsyncRead + AsyncWrite + Unpin, mut stopping: watch::Receiver<bool>) {
    let drained = async {
        let mut waste = [0; 8192];
        stream.shutdown().await?;
        while stream.read(&mut waste).await? > 0 {}
        std::io::Result::Ok(())
    };
    tokio::select! {
        _ = tokio::time::timeout(LINGER, drained) => {},
        () = stopped(&mut stopping) => {},
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error says that the accept loop is gone, which means to stop as well.
    let _ = stopping.wait_for(|stop| *stop).await;
}
