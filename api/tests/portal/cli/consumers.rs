//! What consumers do outside is done for every event, also where the process is killed, and never by folding anew.

use std::fs::{self, File};
use std::time::{Duration, Instant};

use super::first_password;
use super::program::{Place, Running, ask};

on_both_engines! {
    every_owner_who_joins_is_told_although_the_process_is_killed,
    folding_everything_again_tells_nobody_again,
}

/// Serves with its log in a file, where it stands after what earlier ones wrote.
fn serve(place: &Place) -> Running {
    let log = File::options().append(true).create(true).open(place.file("log.jsonl")).expect("a file");
    let mut command = place.command(&["serve"]);
    command.env("PORTAL_LOG", "json");
    Running::with_log(command, log.into())
}

fn every_owner_who_joins_is_told_although_the_process_is_killed(place: &Place) {
    place.done(&["migrate"]);
    let granted = place.done(&["grant", "eve@example.com"]);
    let mut running = serve(place);
    let session = first_password(&granted, &running);
    for number in 0..6_u64 {
        owner_joins(&running, &session, number.into());
        std::thread::sleep(Duration::from_millis(number * 150));
        drop(running); // killed, before, while or after the consumer acts
        running = serve(place);
    }
    told(place, 6);
}

fn folding_everything_again_tells_nobody_again(place: &Place) {
    place.done(&["migrate"]);
    let granted = place.done(&["grant", "eve@example.com"]);
    let running = serve(place);
    let session = first_password(&granted, &running);
    owner_joins(&running, &session, 0);
    told(place, 1);
    running.terminate();
    place.done(&["rebuild"]);
    let running = serve(place);
    owner_joins(&running, &session, 1);
    told(place, 2);
    assert_eq!(lines(place).len(), 2, "in the order of positions, and each once");
}

/// Waits until the log says of so many people that they have joined.
fn told(place: &Place, people: usize) {
    let begun = Instant::now();
    loop {
        let mut positions: Vec<i64> = lines(place).iter().map(position).collect();
        positions.sort_unstable();
        positions.dedup();
        if positions.len() == people {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{positions:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn lines(place: &Place) -> Vec<serde_json::Value> {
    let log = fs::read_to_string(place.file("log.jsonl")).expect("it was written");
    let lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
    lines.filter(|line: &serde_json::Value| line["message"] == "owner joined").collect()
}

fn position(line: &serde_json::Value) -> i64 {
    assert!(line["org"].is_string() && line["person"].is_string() && line["joined_at"].is_string(), "{line}");
    line["position"].as_i64().expect("a number")
}

/// Makes an organisation, whose first owner follows the link to it.
fn owner_joins(running: &Running, session: &str, number: u128) {
    let id = uuid::Uuid::from_u128(number);
    let form =
        format!("command_id={id}&name=Org+{number}&slug=org-{number}&owner_email=o{number}%40example.com");
    let made = ask(running.address, ("POST", "/admin/orgs"), session, &form).expect("an answer");
    // The link is shown once, to the browser that made it.
    let cookies = format!("{session}; {}", made.session());
    let page =
        ask(running.address, ("GET", &format!("/admin/orgs/{id}")), &cookies, "").expect("an answer").text;
    let (_, rest) = page.split_once("/invitations/").expect("a link");
    let path = format!("/invitations/{}", rest.get(..64).expect("a whole one"));
    let form = "name=Otto&password=correct+horse+battery+staple";
    let joined = ask(running.address, ("POST", &path), "", form).expect("an answer");
    assert_eq!(joined.status, 303, "{}", joined.text);
}
