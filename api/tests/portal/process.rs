//! The real program as a process of its own, to be killed.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::wire::Wire;

pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    said: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts `portal` and waits until it listens.
    pub(crate) async fn start(program: &str, database_url: &str) -> Self {
        let mut child = Command::new(program)
            .env("DATABASE_URL", database_url)
            .env("PORTAL_LISTEN", "127.0.0.1:0")
            .env("PORTAL_CONNECTIONS_PER_ADDRESS", "1000")
            .env("RUST_LOG", "warn,api::cli=info")
            .env("NO_COLOR", "1")
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was built");
        let said = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let log = child.stderr.take().expect("it is piped");
        let (address, mut log) = listening(log).await;
        tokio::spawn(async move { tokio::io::copy(&mut log, &mut tokio::io::sink()).await }); // or it would wait for a reader
        Self { child, address, said }
    }

    /// The first line said that contains `part`.
    pub(crate) async fn says(&mut self, part: &str) -> String {
        let line = async {
            loop {
                let line = self.said.next_line().await.expect("readable").expect("it goes on");
                if line.contains(part) {
                    return line.trim().to_owned();
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), line).await.expect("it is said in time")
    }

    /// Somebody who has just become the first superadmin.
    pub(crate) async fn first_superadmin(&mut self) -> Wire {
        let url = self.says("/setup/").await;
        let path = url.split_once("/setup/").expect("a link").1;
        let mut wire = Wire::new(self.address);
        let form = "name=Ana&email=ana%40example.com&password=correct+horse+battery+staple";
        let answer = wire.post(&format!("/setup/{path}"), form).await.expect("an answer");
        assert_eq!(answer.status, 303, "{}", answer.body);
        wire
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// The most memory that it ever held, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("it runs");
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells");
        most.trim_end_matches("kB").trim().parse().expect("a number")
    }

    pub(crate) async fn signal(&self, name: &str) {
        signal(name, self.pid()).await;
    }

    /// A signal to stop, and its end.
    pub(crate) async fn stop(mut self) {
        self.signal("TERM").await;
        assert!(self.child.wait().await.expect("it ends").success());
    }

    /// `kill -9`, and its end.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it runs");
    }
}

pub(crate) async fn signal(name: &str, pid: u32) {
    let told = Command::new("kill").args(["-s", name, &pid.to_string()]).status().await;
    assert!(told.expect("kill is there").success(), "{name}");
}

async fn listening(log: ChildStderr) -> (SocketAddr, ChildStderr) {
    let mut lines = BufReader::new(log).lines();
    let mut told = vec![];
    let address = async {
        while let Some(line) = lines.next_line().await.expect("readable") {
            if let Some((_, url)) = line.split_once("listening on http://") {
                return url.split_whitespace().next().and_then(|at| at.parse().ok()).expect("an address");
            }
            told.push(line);
        }
        panic!("it did not start: {told:#?}")
    };
    let address = tokio::time::timeout(Duration::from_secs(20), address).await.expect("it starts in time");
    (address, lines.into_inner().into_inner())
}
