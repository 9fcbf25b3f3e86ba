//! `portal audit`: by somebody who may read and nothing else, beside whoever serves, on a standby, and for ever.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use projections::testing::{self, proxy::Proxy};

use super::first_checkpoint::begin_to_seal;
use super::import_demo;
use super::program::{Place, Said, lines, repository, run};
use super::proof::{SEALS, make_key};

on_both_engines! {
    whoever_may_read_finds_what_was_changed,
}

fn whoever_may_read_finds_what_was_changed(place: &Place) {
    import_demo(place);
    make_key(place);
    begin_to_seal(place, &SEALS);
    let running = place.start(&["serve"]);
    let reader = reader(place);
    let audit = || -> Said {
        let mut command = place.command(&["audit", "--checkpoint", "checkpoints.txt", "--key", "seal.pub"]);
        command.env("DATABASE_URL", &reader);
        run(command)
    };
    let said = audit();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.ends_with(" UTC: 62 events, of which the first 62 are what was signed.\n"), "{said:?}");
    let change = if place.url.starts_with("sqlite") {
        "drop trigger events_no_update; update events set event_version = '7' where position = 9"
    } else {
        "alter table events disable trigger all; update events set event_version = '7' where position = 9"
    };
    testing::execute(&place.url, change);
    let said = audit();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out.contains("✗ #9: was changed: its hash is not the hash of what stands there"),
        "{said:?}"
    );
    assert!(said.out.contains("✗ the database is not as portal made it: trigger events_"), "{said:?}");
    drop(running);
}

/// The database as somebody reaches it who may read what an audit reads.
fn reader(place: &Place) -> String {
    if place.url.starts_with("sqlite") {
        return place.url.clone();
    }
    let name = place.url.rsplit('/').next().expect("a URL has a path");
    let (role, read) =
        (format!("reads_{name}"), "events, seal, seal_contradiction, copied, _sqlx_migrations");
    testing::execute(
        &place.url,
        format!("create role {role} login; grant select on {read} to {role}").leak(),
    );
    let url = place.url.replacen("//test@", &format!("//{role}@"), 1);
    let mut blind = place.command(&["audit"]);
    blind.env("DATABASE_URL", &url);
    let said = run(blind);
    assert!(said.code == Some(1) && said.err.contains("row-level security hides the events"), "{said:?}");
    testing::execute(&place.url, format!("alter role {role} bypassrls").leak());
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_goes_on_after_an_outage_on_postgres() {
    let place = Place::postgres();
    import_demo(&place);
    let network = Proxy::before(&place.url).await;
    let mut command = place.command(&["audit", "--watch"]);
    command.env("DATABASE_URL", &network.url).env("PORTAL_AUDIT_SECONDS", "1");
    let mut watching = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it was built");
    let said = lines(watching.stdout.take().expect("it is piped"));
    until(&said, " UTC: 62 events");
    network.break_off(true);
    until(&said, "✗ Nothing could be looked at");
    network.break_off(false);
    until(&said, " UTC: 62 events");
    watching.kill().expect("it goes on");
    watching.wait().expect("it was killed");
}

/// A pipe into which nobody writes stands for a disk that is gone.
#[test]
fn checkpoints_that_hang_end_an_audit_with_a_sentence() {
    let place = Place::sqlite();
    import_demo(&place);
    make_key(&place);
    let made = Command::new("mkfifo").arg(place.file("gone.txt")).status().expect("mkfifo is there");
    assert!(made.success());
    let said = place.portal(&["audit", "--checkpoint", "gone.txt", "--key", "seal.pub"]);
    assert!(said.code == Some(1) && said.err.contains("gives no answer within 5 seconds"), "{said:?}");
}

/// What is signed while it watches is added to the files that it was given.
#[test]
fn a_watch_reads_what_is_signed_meanwhile_on_postgres() {
    let place = Place::postgres();
    import_demo(&place);
    make_key(&place);
    begin_to_seal(&place, &SEALS);
    std::fs::copy(place.file("checkpoints.txt"), place.file("copied.txt")).expect("it was written");
    let mut command = place.command(&["audit", "--watch", "--checkpoint", "copied.txt", "--key", "seal.pub"]);
    command.env("PORTAL_AUDIT_SECONDS", "1").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut watching = command.spawn().expect("it was built");
    let said = lines(watching.stdout.take().expect("it is piped"));
    until(&said, "of which the first 62 are what was signed");
    place.done(&["grant", "olga@example.com"]);
    place.done(&[&["seal"], &SEALS[..]].concat());
    std::fs::copy(place.file("checkpoints.txt"), place.file("copied.txt")).expect("it was written");
    testing::execute(&place.url, "delete from seal");
    until(&said, "63 events, of which the first 63 are what was signed");
    // Whoever takes that file away does not blind it.
    std::fs::remove_file(place.file("copied.txt")).expect("it was written");
    until(&said, "copied.txt: No such file");
    testing::execute(
        &place.url,
        "alter table events disable trigger all; update events set event_version = '7' where position = 9",
    );
    until(&said, "✗ #9: was changed");
    watching.kill().expect("it goes on");
    watching.wait().expect("it was killed");
}

/// Waits for a line that says this.
fn until(said: &Receiver<String>, what: &str) {
    while !said.recv_timeout(Duration::from_secs(30)).expect("it goes on").contains(what) {}
}

/// A standby has what was signed a moment later: until then it is behind, and nobody removed anything.
#[test]
fn an_audit_works_on_a_standby() {
    let servers = Servers::new();
    let primary = Place::of(&servers.primary);
    primary.done(&["migrate"]);
    import_demo(&primary);
    make_key(&primary);
    begin_to_seal(&primary, &SEALS);
    let standby = Place::of(&servers.standby);
    servers.caught_up();
    for file in ["checkpoints.txt", "seal.pub"] {
        std::fs::copy(primary.file(file), standby.file(file)).expect("it was written");
    }
    let named = ["--checkpoint", "checkpoints.txt", "--key", "seal.pub"];
    let told = standby.done(&[&["audit"], &named[..]].concat());
    assert!(told.ends_with(" UTC: 62 events, of which the first 62 are what was signed.\n"), "{told}");
    for writes in ["verify", "export", "rebuild"] {
        let said = standby.portal(&[writes]);
        assert!(
            said.code == Some(1) && said.err.contains("only portal audit works there"),
            "{writes}: {said:?}"
        );
    }
    // It stands still, while something more happens and is signed.
    testing::execute(&servers.standby, "select pg_wal_replay_pause()");
    primary.done(&["grant", "olga@example.com"]);
    primary.done(&[&["seal"], &SEALS[..]].concat());
    std::fs::copy(primary.file("checkpoints.txt"), standby.file("checkpoints.txt")).expect("it was written");
    let told = standby.done(&[&["audit"], &named[..]].concat());
    assert!(
        told.starts_with("This standby has ") && told.contains(" less than were signed: it is behind."),
        "{told}"
    );
    testing::execute(&servers.standby, "select pg_wal_replay_resume()");
    servers.caught_up();
    let told = standby.done(&[&["audit"], &named[..]].concat());
    assert!(!told.contains("behind"), "{told}");
}

/// A server of its own with a standby beside it; both end with this.
struct Servers {
    script: Child,
    primary: String,
    standby: String,
}

impl Servers {
    fn new() -> Self {
        let mut script = Command::new(repository("scripts/with-postgres"));
        script.args(["--standby", "sh", "-c"]);
        script.arg("echo $PORTAL_TEST_POSTGRES_URL; echo $PORTAL_TEST_STANDBY_URL; cat");
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = script.spawn().expect("it is there");
        let mut said = BufReader::new(script.stdout.take().expect("it is piped")).lines();
        let mut url = || said.next().expect("it starts").expect("text");
        let (primary, standby) = (url(), url());
        Self { script, primary, standby }
    }

    /// Waits until the standby has everything that was written.
    fn caught_up(&self) {
        let began = Instant::now();
        let ask = |url: &str, what: &str| {
            let psql = Command::new("psql").args([url, "-Atc", what]).output().expect("it is in the PATH");
            String::from_utf8(psql.stdout).expect("text").trim().to_owned()
        };
        let written = ask(&self.primary, "select pg_current_wal_lsn()");
        let has = format!("select pg_last_wal_replay_lsn() >= '{written}'");
        while ask(&self.standby, &has) != "t" {
            assert!(began.elapsed() < Duration::from_secs(30), "it does not catch up");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        let _it_ends_with_its_input = self.script.wait();
    }
}
