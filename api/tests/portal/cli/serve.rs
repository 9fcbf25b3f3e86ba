//! `portal serve`: how it stops, and that it goes on.

use std::process::Command;
use std::thread;
use std::time::Duration;

use super::program::{Place, Running, ask};
use super::{create, first_password};

on_both_engines! {
    serve_stops_within_a_second,
    what_was_acknowledged_is_there_after_a_stop,
}

/// Nobody reads its log any more: a collector ended, or a terminal was closed.
#[test]
fn serve_goes_on_where_nobody_reads_its_log() {
    let place = Place::sqlite();
    let portal = place.command(&["serve"]);
    let mut shell = Command::new("bash");
    shell.args(["-c", "exec \"$0\" \"$@\" 2> >(exit 0)"]).arg(portal.get_program()).args(portal.get_args());
    let mut shell = place.here(shell);
    shell.env("RUST_LOG", "trace");
    let running = Running::new(shell);
    for _ in 0..20 {
        let answer = ask(running.address, ("GET", "/login"), "", "").expect("it answers");
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

fn serve_stops_within_a_second(place: &Place) {
    let running = place.start(&["serve"]);
    assert!(running.said.iter().any(|line| line.contains("/setup/")), "{:?}", running.said);
    let idle = std::net::TcpStream::connect(running.address).expect("it listens");
    let (status, took) = running.terminate();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(1), "{took:?}");
    drop(idle);
}

fn what_was_acknowledged_is_there_after_a_stop(place: &Place) {
    place.done(&["migrate"]);
    let granted = place.done(&["grant", "eve@example.com"]);
    let running = place.start(&["serve"]);
    let session = first_password(&granted, &running);
    let callers: Vec<_> = (0_u128..4)
        .map(|caller| {
            let (address, session) = (running.address, session.clone());
            let numbers = (0_u128..).map(move |number| (caller << 32) + number);
            thread::spawn(move || numbers.take_while(|n| create(address, &session, *n)).collect::<Vec<_>>())
        })
        .collect();
    thread::sleep(Duration::from_millis(500));
    let (status, _) = running.terminate();
    assert_eq!(status.code(), Some(0));
    let acknowledged: Vec<u128> = callers.into_iter().flat_map(|c| c.join().expect("no panic")).collect();
    assert!(acknowledged.len() > 4, "there was load: {acknowledged:?}");
    let export = place.done(&["export"]);
    for number in acknowledged {
        assert!(export.contains(&format!("\"slug\":\"org-{number}\"")), "{number}");
    }
    place.done(&["verify"]);
}
