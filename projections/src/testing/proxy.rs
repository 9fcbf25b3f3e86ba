//! A network between portal and Postgres that can be slow, stop, break, and lose an answer.
//!
//! **Invariant:** what is passed on is passed on whole and in order, as TCP does: only time and endings differ.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A proxy between portal and Postgres. Dropping it ends every connection.
pub struct Proxy {
    /// The URL of the same database through this network.
    pub url: String,
    network: Arc<Network>,
}

#[derive(Default)]
struct Network {
    /// The delay in microseconds, each way.
    delay: AtomicU64,
    /// While true, new connections are refused and open ones end.
    broken: watch::Sender<bool>,
    /// While true, nothing is passed on.
    stopped: watch::Sender<bool>,
    /// Once a connection has said this text, the answer to its next commit is lost.
    lose_commit_after: Mutex<Option<&'static str>>,
    /// If true, the whole network breaks when the answer is lost.
    breaks_then: AtomicBool,
    /// The next connection that says this text gets no more answers, and is not closed either.
    swallow_after: Mutex<Option<&'static str>>,
}

impl Proxy {
    /// A network in front of the server of a database of [`postgres`](super::postgres).
    pub async fn before(url: &str) -> Self {
        let server = url.split_once('@').and_then(|(_, rest)| rest.split_once('/')).expect("a URL of ours").0;
        let server = server.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it listens").to_string();
        let (url, network) = (url.replacen(&server, &address, 1), Arc::<Network>::default());
        let listening = network.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connect(client, server.clone(), listening.clone()));
            }
        });
        Self { url, network }
    }

    /// From now on everything takes this long, each way.
    pub fn delay(&self, delay: Duration) {
        self.network.delay.store(u64::try_from(delay.as_micros()).unwrap_or(u64::MAX), SeqCst);
    }

    /// Passes nothing on until it is told to go on.
    pub fn stop(&self, stopped: bool) {
        self.network.stopped.send_replace(stopped);
    }

    /// Ends every connection and refuses new ones, until it is mended.
    pub fn break_off(&self, broken: bool) {
        self.network.broken.send_replace(broken);
    }

    /// Loses the answer to the next commit of a transaction that has said `text`, and that connection with it. With
    /// `breaks`, the whole network breaks too.
    pub fn lose_commit_after(&self, text: &'static str, breaks: bool) {
        self.network.breaks_then.store(breaks, SeqCst);
        *self.network.lost() = Some(text);
    }

    /// Once a connection has said `text`, it gets no more answers, and is not closed either.
    pub fn swallow_after(&self, text: &'static str) {
        *self.network.swallow_after.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }

    /// Says whether the answer has been lost.
    pub fn has_lost_it(&self) -> bool {
        self.network.lost().is_none()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.break_off(true);
    }
}

impl Network {
    fn lost(&self) -> std::sync::MutexGuard<'_, Option<&'static str>> {
        self.lose_commit_after.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether a connection that says this gets no answers from now on.
    fn swallows(&self, said: &str) -> bool {
        let mut after = self.swallow_after.lock().unwrap_or_else(PoisonError::into_inner);
        after.take_if(|text| said.contains(*text)).is_some()
    }

    async fn until_broken(&self) {
        let mut broken = self.broken.subscribe();
        let _or_gone = broken.wait_for(|broken| *broken).await;
    }

    /// Waits as long as this network takes.
    async fn passes(&self) {
        tokio::time::sleep(Duration::from_micros(self.delay.load(SeqCst))).await;
        let mut stopped = self.stopped.subscribe();
        let _or_gone = stopped.wait_for(|stopped| !*stopped).await;
    }
}

async fn connect(client: TcpStream, server: String, network: Arc<Network>) {
    if *network.broken.borrow() {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    let _only_slower = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let loses = AtomicBool::new(false);
    tokio::select! {
        () = ask(from_client, to_server, &network, &loses) => {}
        () = answer(from_server, to_client, &network, &loses) => {}
        () = network.until_broken() => {}
    }
}

/// Passes on what portal says, and notes when it sends the commit whose answer is to be lost.
async fn ask(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, network: &Network, loses: &AtomicBool) {
    let (mut buffer, mut has_said) = (vec![0; 64 * 1024], false);
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let said = String::from_utf8_lossy(&buffer[..length]).to_ascii_lowercase();
        let awaited = *network.lost();
        has_said |= awaited.is_some_and(|text| said.contains(text));
        if has_said && said.contains("commit\0") && network.lost().take().is_some() {
            loses.store(true, SeqCst);
        }
        network.passes().await;
        if network.swallows(&said) {
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Passes on what Postgres answers, and stops when an answer is to be lost.
async fn answer(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, network: &Network, loses: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if loses.load(SeqCst) {
            if network.breaks_then.load(SeqCst) {
                network.broken.send_replace(true);
            }
            return;
        }
        network.passes().await;
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
