//! The server: what stands between a socket and a handler.
//!
//! ```text
//! socket ─► accept loop ─► connection (hyper) ─► layers ─► route ─► handler
//!           caps            header timeout        the list below
//! ```
//!
//! **Invariant:** whatever a client does or fails to do, it holds a bounded amount of the process for a bounded time,
//! and every answer to a request, refusals as well, carries a request id and the security headers. (Bytes that aren't a
//! request get an empty 400, 414 or 431 from hyper, before there is anything to go through the layers.)

mod accept;
mod connection;
mod connection_limiter;
mod edge;
mod gather;
mod origins;
mod watched;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use tower_http::trace::TraceLayer;

pub use accept::serve;
pub use connection_limiter::one_client;
pub use origins::TrustedOrigins;

use crate::metrics;
use crate::web::extract;

/// How much of the process one client, and all of them together, may hold.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The longest time from the opening of a connection, or the end of a request, to the end of the next request's head.
    pub header_timeout: Duration,
    /// The longest time in which no byte of the body comes.
    pub body_timeout: Duration,
    /// The longest time from the head of the request, through its body, to the head of the answer.
    pub request_timeout: Duration,
    /// The longest time in which the other side takes no byte of the answer.
    pub write_timeout: Duration,
    /// The longest body, in bytes.
    pub max_body: usize,
    pub max_connections: usize,
    /// The limit for one IPv4 address or IPv6 /64 network. A proxy in front counts as one address, so it needs more.
    pub max_connections_per_address: usize,
    /// Further requests are answered with 503 at once, except health, metrics and assets.
    pub max_requests_in_flight: usize,
    /// How long requests under way may go on after the signal to stop.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            max_body: 1024 * 1024,
            max_connections: 1024,
            max_connections_per_address: 128,
            max_requests_in_flight: 256,
            grace: Duration::from_secs(30),
        }
    }
}

/// How browsers reach the product, as far as answers depend on it.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    /// True if browsers reach it by HTTPS, so that they may be told to insist on that.
    pub tls: bool,
    pub trusted_origins: TrustedOrigins,
    /// Requests that change something, until they are done. It includes those whose clients have left.
    pub running: TaskTracker,
}

/// Puts everything that every request goes through around the finished router, outermost first. Routes added later
/// would go without.
///
/// `render` turns refusals into what their readers are shown.
pub fn layers<F, R>(router: Router, limits: &Limits, edge: &Edge, render: F) -> Router
where
    F: Fn(axum::extract::Request, Next) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response> + Send + 'static,
{
    let handling = edge::Handling {
        slots: Arc::new(Semaphore::new(limits.max_requests_in_flight)),
        patience: limits.request_timeout,
        running: edge.running.clone(),
    };
    let gathering = gather::Gathering::new(limits.request_timeout);
    router.layer(
        ServiceBuilder::new()
            .layer(from_fn(edge::identify))
            .layer(
                TraceLayer::new_for_http()
                    .make_span_with(edge::span)
                    .on_request(())
                    .on_response(edge::answered)
                    .on_failure(()),
            )
            .layer(from_fn(metrics::measure))
            .layer(from_fn_with_state(edge.tls, edge::secure))
            .layer(from_fn(render))
            .layer(CatchPanicLayer::custom(edge::panicked))
            .layer(from_fn(extract::refuse_unreadable))
            .layer(from_fn(origins::explain))
            .layer(edge.trusted_origins.guard())
            .layer(RequestBodyLimitLayer::new(limits.max_body))
            .layer(RequestBodyTimeoutLayer::new(limits.body_timeout))
            .map_request(|request: Request<_>| request.map(Body::new))
            .layer(from_fn_with_state(gathering, gather::gather))
            .layer(from_fn_with_state(handling, edge::handle)),
    )
}
