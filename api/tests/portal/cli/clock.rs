//! The program with another clock (libfaketime): nothing is recorded while it can't be right, and a log whose end is
//! stamped wrongly goes on.
//!
//! **Invariant:** only portal's own clock is another one: Postgres keeps the machine's, as on two machines.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::first_password;
use super::program::{Place, Running, Said, ask, run};

on_both_engines! {
    a_year_ahead_for_one_start_records_nothing,
    a_year_ahead_forgets_nothing_and_lets_nobody_in,
    an_hour_back_records_nothing,
    a_clock_that_is_set_while_portal_runs_stops_it_until_it_is_right,
}

fn a_year_ahead_for_one_start_records_nothing(place: &Place) {
    place.done(&["grant", "ana@example.com"]);
    refused(&under(place, "+365d", &["grant", "bob@example.com"]), why(place, "365 days", "365 days after"));
    let running = Running::new(with_clock(place, "+365d", &["serve"]));
    not_ready(&running, "365 days");
    drop(running);
    place.done(&["grant", "cem@example.com"]);
    assert!(place.done(&["verify"]).contains("2 events, each as it was written"));
}

/// What is over by the wrong clock is there again with the right one, and nobody gets a session of next year.
fn a_year_ahead_forgets_nothing_and_lets_nobody_in(place: &Place) {
    let granted = place.done(&["grant", "ana@example.com"]);
    let running = place.start(&["serve"]);
    let session = first_password(&granted, &running);
    running.terminate();
    let ahead = Running::new(with_clock(place, "+365d", &["serve"]));
    not_ready(&ahead, "365 days");
    let form = "email=ana%40example.com&password=correct+horse+battery+staple";
    let refused = ask(ahead.address, ("POST", "/login"), "", form).expect("an answer");
    assert!(refused.status == 503 && refused.text.contains("365 days"), "{}", refused.text);
    ahead.terminate();
    let running = place.start(&["serve"]);
    assert_eq!(ask(running.address, ("GET", "/account"), &session, "").expect("an answer").status, 200);
}

fn an_hour_back_records_nothing(place: &Place) {
    place.done(&["grant", "ana@example.com"]);
    refused(&under(place, "-1h", &["grant", "bob@example.com"]), why(place, "60 minutes", "is stamped"));
    let running = Running::new(with_clock(place, "-1h", &["serve"]));
    not_ready(&running, why(place, "60 minutes apart", "event #1 is stamped"));
    drop(running);
    place.done(&["grant", "bob@example.com"]);
}

fn a_clock_that_is_set_while_portal_runs_stops_it_until_it_is_right(place: &Place) {
    let file = place.file("offset");
    let set = |offset: &str| fs::write(&file, offset).expect("there is room for a line");
    set("+0");
    let mut command = with_clock(place, "+0", &["serve"]);
    command.env_remove("FAKETIME").env("FAKETIME_TIMESTAMP_FILE", &file).env("FAKETIME_NO_CACHE", "1");
    let running = Running::new(command);
    until(&running, "200");
    set("+10m");
    until(&running, why(place, "10 minutes apart", "set 10 minutes ahead"));
    set("+0");
    until(&running, "200");
}

/// SQLite has the clock of its process, so the log itself has to show that it was wrong.
#[test]
fn a_log_that_was_stamped_ahead_goes_on_at_the_real_clock() {
    let place = Place::sqlite();
    place.done(&["grant", "ana@example.com"]);
    let today = date(0);
    let in_a_year = date(365);
    let mut accepted = with_clock(&place, "+365d", &["grant", "bob@example.com"]);
    accepted.env("PORTAL_ACCEPT_CLOCK", &in_a_year);
    assert_eq!(run(accepted).code, Some(0));
    refused(&place.portal(&["grant", "cem@example.com"]), "event #2 is stamped");
    let found = place.portal(&["verify"]);
    assert!(found.code == Some(1) && found.out.contains("#2: is stamped"), "{found:?}");
    let accept = ["clock", "accept-jump", "--reason", "The clock was a year ahead for one night"];
    let asked = place.portal(&accept);
    assert!(asked.err.contains(&format!("--accept-clock {today}")), "{asked:?}");
    let said = place.done(&[&accept[..], &["--accept-clock", &today]].concat());
    assert!(said.contains("The next event, #3, goes back by"), "{said}");
    place.done(&["grant", "cem@example.com"]);
    place.done(&["grant", "dov@example.com"]);
    place.done(&["verify"]);
    let log = place.done(&["export"]);
    assert_eq!(log.matches("time_continues").count(), 1, "{log}");
    assert!(log.contains("The clock was a year ahead for one night"));
    let copy = Place::postgres();
    fs::write(copy.file("log.jsonl"), &log).expect("there is room");
    copy.done(&["import", "log.jsonl"]);
    copy.done(&["grant", "eve@example.com"]);
    copy.done(&["verify"]);
}

#[test]
fn two_machines_eight_minutes_apart_record_nothing_unless_that_is_allowed() {
    let place = Place::postgres();
    place.done(&["grant", "ana@example.com"]);
    for offset in ["+8m", "-8m"] {
        refused(&under(&place, offset, &["grant", "bob@example.com"]), "8 minutes apart");
        let running = Running::new(with_clock(&place, offset, &["serve"]));
        not_ready(&running, "8 minutes apart");
    }
    let mut allowed = with_clock(&place, "+8m", &["grant", "bob@example.com"]);
    allowed.env("PORTAL_CLOCK_TOLERANCE_MINUTES", "10");
    assert_eq!(run(allowed).code, Some(0));
}

/// What is said where the database has a clock of its own, and where it has not.
fn why<'a>(place: &Place, apart: &'a str, alone: &'a str) -> &'a str {
    if place.url.starts_with("postgres") { apart } else { alone }
}

fn with_clock(place: &Place, offset: &str, arguments: &[&str]) -> Command {
    let mut command = place.command(arguments);
    command.env("LD_PRELOAD", libfaketime()).env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

fn under(place: &Place, offset: &str, arguments: &[&str]) -> Said {
    run(with_clock(place, offset, arguments))
}

fn libfaketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("it is there").filter_map(Result::ok);
    let mut files = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    files.find(|file| file.exists()).expect("libfaketime: run scripts/setup")
}

/// The date (UTC) so many days from now.
fn date(days: i64) -> String {
    let said = Command::new("date").args(["-u", "-d", &format!("+{days} days"), "+%F"]).output();
    String::from_utf8(said.expect("there is date").stdout).expect("text").trim().to_owned()
}

fn refused(said: &Said, why: &str) {
    assert!(said.code == Some(1) && said.err.contains(why), "{why:?}: {said:?}");
}

fn not_ready(running: &Running, why: &str) {
    let answer = readyz(running);
    assert!(answer.starts_with("HTTP/1.0 503") && answer.contains(why), "{why:?}: {answer}");
}

fn until(running: &Running, said: &str) {
    let began = Instant::now();
    while !readyz(running).contains(said) {
        assert!(began.elapsed() < Duration::from_secs(20), "{said:?}: {}", readyz(running));
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn readyz(running: &Running) -> String {
    let mut socket = TcpStream::connect(running.address).expect("it listens");
    socket.write_all(b"GET /readyz HTTP/1.0\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    answer
}
