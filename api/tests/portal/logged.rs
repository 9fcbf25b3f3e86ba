//! The real program, for what its log says to whoever runs it.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};

struct Logged {
    child: Child,
    address: SocketAddr,
    /// What it said before it listened.
    told: Vec<String>,
    log: Lines<BufReader<ChildStderr>>,
}

impl Logged {
    /// Starts `portal` with these settings and waits until it listens.
    async fn start(database_url: &str, settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_portal"))
            .env("DATABASE_URL", database_url)
            .env("PORTAL_LISTEN", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .env("RUST_LOG", "warn,api::cli=info")
            .env("NO_COLOR", "1")
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was built");
        let mut log = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let mut told = vec![];
        let address = async {
            loop {
                let line = log.next_line().await.expect("readable").expect("it goes on");
                if let Some((_, url)) = line.split_once("listening on http://") {
                    return url.split_whitespace().next().and_then(|at| at.parse().ok()).expect("an address");
                }
                told.push(line);
            }
        };
        let address =
            tokio::time::timeout(Duration::from_secs(20), address).await.expect("it starts in time");
        Self { child, address, told, log }
    }

    fn told_of(&self, part: &str) -> bool {
        self.told.iter().any(|line| line.contains(part))
    }

    /// Asks with one header, and waits for the answer.
    async fn ask(&self, header: &str) {
        let mut socket = TcpStream::connect(("127.0.0.1", self.address.port())).await.expect("it listens");
        let head = format!("GET /setup/0 HTTP/1.0\r\n{header}\r\n\r\n");
        socket.write_all(head.as_bytes()).await.expect("it reads");
        socket.read_to_end(&mut vec![]).await.expect("an answer");
    }

    /// What else it said, once it was killed.
    async fn rest(mut self) -> Vec<String> {
        self.child.kill().await.expect("it runs");
        let mut rest = vec![];
        while let Some(line) = self.log.next_line().await.expect("readable") {
            rest.push(line);
        }
        rest
    }
}

/// A proxy that nobody told us of.
#[tokio::test]
async fn forwarded_headers_that_are_not_believed_are_told_of_once() {
    let (_folder, url) = projections::testing::sqlite();
    let portal = Logged::start(&url, &[("PORTAL_PUBLIC_URL", "https://portal.example")]).await;
    assert!(portal.told_of("PORTAL_TRUSTED_PROXIES names none"), "{:?}", portal.told);
    for header in ["x-forwarded-for: 1.2.3.4", "forwarded: for=1.2.3.4", "x-forwarded-for: 1.2.3.4"] {
        portal.ask(header).await;
    }
    let rest = portal.rest().await;
    let told: Vec<_> = rest.iter().filter(|line| line.contains("is not believed")).collect();
    assert_eq!(told.len(), 1, "{rest:?}");
    assert!(told[0].contains("PORTAL_TRUSTED_PROXIES=127.0.0.1"), "{told:?}");
}

#[tokio::test]
async fn plain_http_for_other_machines_is_told_of_at_the_start() {
    for (listen, told) in [("0.0.0.0:0", true), ("127.0.0.1:0", false)] {
        let (_folder, url) = projections::testing::sqlite();
        let portal = Logged::start(&url, &[("PORTAL_LISTEN", listen)]).await;
        assert_eq!(portal.told_of("by plain HTTP"), told, "{listen}: {:?}", portal.told);
    }
}
