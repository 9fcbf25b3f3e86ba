//! A running server, and a client that writes bytes and reads what comes back.
//!
//! **Invariant:** nothing waits without an end: a server that hangs fails its test.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use api::server::{self, Edge, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::routes::routes;

/// More than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(10);

pub(crate) const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
pub(crate) const JSON: &str = "Content-Type: application/json; charset=utf-8\r\n";
pub(crate) const FORM_FROM_EVIL: &str = "Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\n";

pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The product's server with routes of the tests' own.
pub(crate) struct Server {
    address: SocketAddr,
    /// Notified when somebody is in `/wait`.
    pub(crate) entered: Arc<Notify>,
    /// Lets them out.
    pub(crate) leave: Arc<Notify>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<anyhow::Result<()>>,
}

impl Server {
    pub(crate) async fn default() -> Self {
        Self::start(Limits::default()).await
    }

    pub(crate) async fn start(limits: Limits) -> Self {
        Self::start_at(limits, &Edge::default()).await
    }

    pub(crate) async fn start_at(limits: Limits, edge: &Edge) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let app = server::layers(
            routes(Arc::clone(&entered), Arc::clone(&leave)),
            &limits,
            edge,
            api::reply::render,
        );
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server::serve(listener, app, limits, async {
            let _ = stopped.await;
        }));
        Self { address, entered, leave, stop: Some(stop), serving }
    }

    pub(crate) fn stop(&mut self) {
        self.stop.take().expect("a server stops once").send(()).expect("it is running");
    }

    pub(crate) async fn ended(self) {
        timeout(LONG, self.serving).await.expect("it ends in time").expect("no panic").expect("no error");
    }

    pub(crate) async fn open(&self, bytes: &str) -> TcpStream {
        let mut socket = TcpStream::connect(self.address).await.expect("it listens");
        socket.write_all(bytes.as_bytes()).await.expect("it reads");
        socket
    }

    /// Opens from another address of this machine.
    pub(crate) async fn open_from(&self, address: Ipv4Addr, bytes: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((address, 0).into()).expect("all of 127.0.0.0/8 is this machine");
        let mut socket = socket.connect(self.address).await.expect("it listens");
        socket.write_all(bytes.as_bytes()).await.expect("it reads");
        socket
    }

    pub(crate) async fn send(&self, bytes: &str) -> Answer {
        let mut socket = self.open(bytes).await;
        Answer::parse(&rest(&mut socket).await)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n")).await
    }

    pub(crate) async fn post(&self, path: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let head = format!("POST {path} HTTP/1.0\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\r\n");
        self.send(&format!("{head}{body}")).await
    }

    /// Until a connection is let in again; the end of an earlier one takes a moment to be noticed.
    pub(crate) async fn until_admitted(&self) {
        let admitted = async {
            loop {
                let mut socket = self.open("").await;
                let asked = socket.write_all(b"GET /livez HTTP/1.0\r\n\r\n").await;
                let mut answer = String::new();
                if asked.is_ok() && socket.read_to_string(&mut answer).await.is_ok_and(|read| read > 0) {
                    break;
                }
                tokio::time::sleep(ms(10)).await;
            }
        };
        timeout(LONG, admitted).await.expect("a place comes free");
    }

    pub(crate) async fn until_refused(&self) {
        let refused = async {
            while TcpStream::connect(self.address).await.is_ok() {
                tokio::time::sleep(ms(10)).await;
            }
        };
        timeout(LONG, refused).await.expect("it stops listening");
    }
}

/// Everything until the other side closes; nothing, if it was closed with a reset.
pub(crate) async fn rest(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(LONG, socket.read_to_end(&mut bytes)).await.expect("the server closes in time");
    read.map(|_| String::from_utf8(bytes).expect("answers are UTF-8")).unwrap_or_default()
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    fn parse(answer: &str) -> Self {
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { status, headers, body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.0 == name).map(|header| header.1.as_str())
    }

    /// A page with a status and a text, which shows the request id.
    pub(crate) fn is_page(&self, status: u16, text: &str) {
        assert_eq!((self.status, self.header("content-type")), (status, Some("text/html; charset=utf-8")));
        self.tells(text);
    }

    pub(crate) fn is_problem(&self, status: u16, text: &str) {
        assert_eq!((self.status, self.header("content-type")), (status, Some("application/problem+json")));
        let problem: serde_json::Value = serde_json::from_str(&self.body).expect("a problem is JSON");
        assert_eq!(problem["status"], status);
        self.tells(text);
    }

    fn tells(&self, text: &str) {
        assert!(self.body.contains(text), "{text:?} in {}", self.body);
        let id = self.header("x-request-id").expect("every answer has a request id");
        assert!(self.body.contains(id), "{id} in {}", self.body);
    }

    pub(crate) fn is_secure(&self, what: &str) {
        for (name, value) in SECURITY_HEADERS {
            assert!(
                self.header(name).is_some_and(|found| found.starts_with(value)),
                "{name} of {what}: {self:?}"
            );
        }
    }
}

const SECURITY_HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "accelerometer=()"),
    ("x-request-id", "0"),
];
