//! What the server knows of every request, as extensions of the request.
//!
//! **Invariant:** nothing here is read from a header.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Weak;

use uuid::Uuid;

/// Names one request in answers, log lines and events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The other end of the connection: a client or the proxy in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

tokio::task_local! {
    /// Alive as long as somebody waits for the answer.
    pub(crate) static CLIENT: Weak<()>;
}

/// The client of the request that this task handles, if the request changes something. It is gone once the client no longer
/// waits, so that long work which has changed nothing yet can stop.
pub fn client() -> Option<Weak<()>> {
    CLIENT.try_with(Weak::clone).ok()
}
