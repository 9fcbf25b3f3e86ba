//! A disk that hangs: what is read from it keeps neither pages nor the end of a process waiting, and is named.
//!
//! A pipe into which nobody writes stands for a disk that is gone.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::first_checkpoint::begin_to_seal;
use super::program::{Place, Running, Said, ask, run};
use super::proof::{SEALS, make_key};
use super::{create, first_password};

on_both_engines! {
    a_checkpoint_log_that_hangs_keeps_neither_pages_nor_the_end_waiting,
}

/// A portal that serves and seals, with a session of its superadmin; its log goes to `log.txt`.
fn sealing(place: &Place) -> (Running, String) {
    make_key(place);
    let granted = place.done(&[&["grant", "eve@example.com"], &SEALS[..]].concat());
    let log = fs::File::create(place.file("log.txt")).expect("room");
    let running = Running::with_log(place.command(&[&["serve"], &SEALS[..]].concat()), Stdio::from(log));
    let session = first_password(&granted, &running);
    let began = Instant::now();
    while !fs::read_to_string(place.file("checkpoints.txt")).is_ok_and(|text| text.contains("\n1\n")) {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing was sealed");
        thread::sleep(Duration::from_millis(50));
    }
    (running, session)
}

/// Puts a pipe in the place of a file.
fn hang(place: &Place, name: &str) {
    let file = place.file(name);
    if file.exists() {
        fs::rename(&file, place.file("kept")).expect("it is there");
    }
    let made = Command::new("mkfifo").arg(file).status().expect("mkfifo is there");
    assert!(made.success());
}

/// How often the log says something.
fn said(place: &Place, what: &str) -> usize {
    fs::read_to_string(place.file("log.txt")).expect("text").matches(what).count()
}

fn a_checkpoint_log_that_hangs_keeps_neither_pages_nor_the_end_waiting(place: &Place) {
    let (running, session) = sealing(place);
    hang(place, "checkpoints.txt");
    let address = running.address;
    let asked = [
        ("/admin/history/1", 200),
        ("/admin/history/proof", 200),
        ("/admin/history/proof/checkpoints", 503),
        ("/admin/history/proof/checkpoint?at=0", 503),
        ("/admin/history/1/evidence", 503),
    ]
    .map(|(page, status)| {
        let session = session.clone();
        thread::spawn(move || {
            let began = Instant::now();
            let answer = ask(address, ("GET", page), &session, "");
            (page, status, answer, began.elapsed())
        })
    });
    // The end begins while all of them may still wait.
    thread::sleep(Duration::from_secs(4));
    let (ended, took) = running.terminate();
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert_eq!(ended.code(), Some(0));
    for asked in asked {
        let (page, status, answer, took) = asked.join().expect("no panic");
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, status, "{page}: {}", answer.text);
        assert!(answer.text.contains("gives no answer"), "{page}: {}", answer.text);
        assert!(took < Duration::from_secs(4), "{page}: {took:?}");
    }
    assert_eq!(said(place, "stopped"), 1);
}

#[test]
fn a_log_that_hangs_is_told_once_a_minute() {
    let place = Place::sqlite();
    let (running, session) = sealing(&place);
    hang(&place, "checkpoints.txt");
    assert!(create(running.address, &session, 7), "nobody who works has to wait for it");
    let began = Instant::now();
    let told = || said(&place, "the log is not sealed");
    while told() == 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "it is told");
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(Duration::from_secs(12));
    assert_eq!(told(), 1);
    drop(running);
}

/// Whatever ends by itself, or within `seconds` by force: then there is no code.
fn within(seconds: &str, place: &Place, arguments: &[&str]) -> Said {
    let portal = place.command(arguments);
    let mut command = Command::new("timeout");
    command.args(["-s", "KILL", seconds]).arg(portal.get_program()).args(arguments).stdin(Stdio::null());
    run(place.here(command))
}

#[test]
fn what_hangs_at_the_start_is_named_and_ends_it() {
    let cases: &[(&[&str], &str)] = &[
        (&["serve", "--seal-key", "seal.key", "--seal-log", "gone"], "PORTAL_SEAL_LOG: gone: "),
        (&["seal", "--seal-key", "seal.key", "--seal-log", "gone"], "PORTAL_SEAL_LOG: gone: "),
        (&["serve", "--seal-key", "gone", "--seal-log", "checkpoints.txt"], "PORTAL_SEAL_KEY: gone: "),
        (
            &["seal", "--seal-key", "seal.key", "--seal-log", "checkpoints.txt", "--seal-policy", "gone"],
            "PORTAL_SEAL_POLICY: gone: ",
        ),
        (&["serve", "--secrets-key", "gone"], "PORTAL_SECRETS_KEY: gone: "),
        (&["verify", "--checkpoint", "gone", "--key", "seal.pub"], "--checkpoint: gone: "),
        (&["verify", "--checkpoint", "checkpoints.txt", "--key", "gone"], "--key: gone: "),
        (
            &["verify", "--from", "out.jsonl", "--checkpoint", "gone", "--key", "seal.pub"],
            "--checkpoint: gone: ",
        ),
        (&["evidence", "1", "--seal-key", "seal.key", "--seal-log", "gone"], "PORTAL_SEAL_LOG: gone: "),
        (&["keys", "gone", "--public"], "gone: "),
        (
            &["witness", "--key", "gone", "--logs", "seal.pub", "--memory", "memory", "--begin"],
            "PORTAL_WITNESS_KEY: gone: ",
        ),
        (&["witness", "--key", "w.key", "--logs", "gone", "--memory", "memory", "--begin"], "gone: "),
    ];
    thread::scope(|scope| {
        for (arguments, named) in cases {
            scope.spawn(move || {
                let place = Place::sqlite();
                make_key(&place);
                place.done(&["keys", "w.key", "--witness"]);
                place.done(&["grant", "eve@example.com"]);
                place.done(&["export", "out.jsonl"]);
                begin_to_seal(&place, &SEALS);
                hang(&place, "gone");
                let began = Instant::now();
                let said = within("20", &place, arguments);
                assert_eq!(said.code, Some(1), "{arguments:?}: {said:?}");
                let is_named = said.err.contains(named) && said.err.contains("gives no answer");
                assert!(is_named, "{arguments:?}: {said:?}");
                assert!(began.elapsed() < Duration::from_secs(15), "{arguments:?}");
            });
        }
    });
}

/// In the middle of opening a file, nothing else of a command goes on.
#[test]
fn a_command_that_hangs_is_ended_by_whoever_gives_up() {
    let place = Place::sqlite();
    hang(&place, "gone");
    let mut import = place.command(&["import", "gone"]).spawn().expect("it was built");
    thread::sleep(Duration::from_secs(2));
    let began = Instant::now();
    let told = Command::new("kill").args(["-INT", &import.id().to_string()]).status();
    assert!(told.expect("there is kill").success());
    let ended = loop {
        match import.try_wait().expect("it is our child") {
            Some(ended) => break ended.code(),
            None if began.elapsed() > Duration::from_secs(20) => break None,
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    import.kill().ok();
    assert_eq!(ended, Some(130), "{:?}", began.elapsed());
}
