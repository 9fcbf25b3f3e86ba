//! Behind `PgBouncer`, the real one: portal says what it can't work with, and serves where it can.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use projections::testing;
use tempfile::TempDir;

use crate::cli::program::Place;

#[test]
fn a_pooler_that_shares_sessions_is_named_and_nothing_starts() {
    for (settings, told) in [
        ("pool_mode = transaction\nignore_startup_parameters = extra_float_digits", "which shares sessions"),
        ("pool_mode = transaction", "unsupported startup parameter"),
        ("pool_mode = session", "unsupported startup parameter"),
    ] {
        let pooler = Pooler::start(settings);
        let said = pooler.place.portal(&["serve"]);
        assert_eq!(said.code, Some(1), "{settings}: {said:?}");
        assert!(said.err.contains("DATABASE_URL leads to a pooler") && said.err.contains(told), "{said:?}");
    }
}

#[test]
fn behind_a_pooler_that_gives_each_a_session_portal_serves() {
    let pooler = Pooler::start("pool_mode = session\nignore_startup_parameters = extra_float_digits");
    let running = pooler.place.start(&["serve"]);
    crate::cli::program::ask(running.address, ("GET", "/login"), "", "").expect("an answer");
    pooler.place.done(&["verify"]);
    running.terminate();
}

/// A `PgBouncer` before a database of its own; it ends when dropped.
struct Pooler {
    place: Place,
    child: Child,
    _folder: TempDir,
}

impl Pooler {
    /// Waits until it listens, at a socket in a folder of its own.
    fn start(settings: &str) -> Self {
        let (url, mut place) = (testing::postgres_url(), Place::sqlite());
        let (server, database) = url.rsplit_once('/').expect("a URL has a path");
        let port = server.rsplit_once(':').expect("a port").1;
        // Not below TMPDIR, which may be closed to PgBouncer's user or too deep for the path of a socket.
        let home = tempfile::Builder::new().prefix("portal-").tempdir_in("/tmp").expect("there is room");
        let (folder, file) = (home.path(), home.path().join("pgbouncer.ini"));
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={port} user=test\n[pgbouncer]\nauth_type = any\n\
             unix_socket_dir = {}\n{settings}\n",
            folder.display()
        );
        fs::write(&file, text).expect("there is room");
        place.url = format!("postgres://test@localhost:6432/{database}?host={}", folder.display());
        let child = pgbouncer(folder).arg(&file).spawn().expect("PgBouncer is installed");
        let socket = folder.join(".s.PGSQL.6432");
        let pooler = Self { place, child, _folder: home };
        let since = Instant::now();
        while !socket.exists() {
            assert!(since.elapsed() < Duration::from_secs(20), "PgBouncer does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        pooler
    }
}

/// It does not run as root, and takes another user then, who must be able to make the socket.
fn pgbouncer(folder: &Path) -> Command {
    let mut command = Command::new("/usr/sbin/pgbouncer");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let id = Command::new("id").arg("-u").output().expect("there is id");
    if id.stdout == b"0\n" {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).expect("it is ours");
        command.args(["-u", "postgres"]);
    }
    command
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it ends");
    }
}
