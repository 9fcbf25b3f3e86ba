//! `portal audit`: by somebody who may read and nothing else, beside whoever serves.

use projections::testing;

use super::first_checkpoint::begin_to_seal;
use super::import_demo;
use super::program::{Place, Said, run};
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
    let (role, read) = (format!("reads_{name}"), "events, seal, seal_contradiction, _sqlx_migrations");
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
