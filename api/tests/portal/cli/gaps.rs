//! A log in which an event is missing, from the shell: every command says which one, and `portal verify` lists everything else
//! that is wrong.

use projections::testing;

use super::program::{Place, Said};
use super::proof::{SEALS, sealed_demo};

on_both_engines! {
    verify_lists_what_is_wrong_with_a_log_that_has_a_gap,
    whoever_goes_on_behind_a_gap_is_told_what_to_do,
    there_is_no_evidence_of_a_log_that_has_a_gap,
    a_start_names_the_walls_that_do_not_stand,
}

fn verify_lists_what_is_wrong_with_a_log_that_has_a_gap(place: &Place) {
    sealed_demo(place);
    tamper(place, &copied_to(100));
    tamper(place, "update events set event_version = '7' where position = 9");
    tamper(place, "delete from events where position = 5");
    // A start puts triggers back that are off, so whoever only reads comes first.
    for command in ["audit", "verify"] {
        let said = place.portal(&[command, "--checkpoint", "checkpoints.txt", "--key", "seal.pub"]);
        assert_eq!(said.code, Some(1), "{command}: {said:?}");
        for finding in [
            "✗ #5: is missing; the log goes on at #6\n",
            "✗ #9: was changed",
            "✗ #63: is missing; the log goes on at #100\n",
            "✗ #100: was changed",
            "✗ the database is not as portal made it: ",
            "trigger events_",
        ] {
            assert!(said.out.contains(finding), "{command}: {finding}: {said:?}");
        }
    }
}

fn whoever_goes_on_behind_a_gap_is_told_what_to_do(place: &Place) {
    sealed_demo(place);
    tamper(place, &copied_to(i64::MAX));
    let seal = [&["seal"], &SEALS[..]].concat();
    for command in [&["export", "out.jsonl"], &["replay"][..], &["rebuild"], &seal, &["serve"], &["migrate"]]
    {
        let said = place.portal(command);
        let sentence = format!("#63 is missing: the log goes on at #{}", i64::MAX);
        assert!(said.code == Some(1) && said.err.contains(&sentence), "{command:?}: {said:?}");
        assert!(said.err.contains("`portal verify`") && said.err.contains("docs/RECOVERY.md"), "{said:?}");
    }
    for command in ["audit", "verify"] {
        let said = place.portal(&[command]);
        assert!(said.code == Some(1) && said.out.contains("✗ #63: is missing"), "{command}: {said:?}");
        assert!(said.out.contains("✗ #9223372036854775807: was changed"), "{command}: {said:?}");
    }
}

fn there_is_no_evidence_of_a_log_that_has_a_gap(place: &Place) {
    sealed_demo(place);
    tamper(place, "delete from events where position = 9");
    for position in ["3", "9", "60"] {
        let said = place.portal(&["evidence", position]);
        let sentence = format!(
            "#{position} can't be proven: the log is not what was signed, and `portal verify` says where"
        );
        assert!(said.code == Some(1) && said.err.contains(&sentence), "{said:?}");
    }
}

fn a_start_names_the_walls_that_do_not_stand(place: &Place) {
    place.done(&["migrate"]);
    let whole = place.portal(&["migrate"]);
    assert!(!whole.err.contains("as portal made it"), "{whole:?}");
    let change = if place.url.starts_with("sqlite") {
        "drop trigger events_no_update; create trigger more after insert on events begin select 1; end"
    } else {
        "drop trigger events_no_change on events;
         create trigger more after insert on events for each row execute function event_log_refuse();
         alter table events disable trigger more"
    };
    testing::execute(&place.url, change);
    let said = place.portal(&["migrate"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let named: [&str; 2] = if place.url.starts_with("sqlite") {
        ["trigger events_no_update is missing", "trigger more is not portal's"]
    } else {
        ["trigger events_no_change on events is missing", "trigger more on events is not portal's"]
    };
    for wall in named {
        assert!(said.err.contains(&format!("the database is not as portal made it: {wall}")), "{said:?}");
    }
    if place.url.starts_with("sqlite") {
        testing::execute(&place.url, "drop table copied");
        let Said { code, err, .. } = place.portal(&["migrate"]);
        assert!(code == Some(0) && err.contains("table copied is missing"), "{err}");
    }
}

/// Changes the log as whoever owns the database can, with the triggers off.
fn tamper(place: &Place, statement: &str) {
    let off = if place.url.starts_with("sqlite") {
        "drop trigger if exists events_no_update; drop trigger if exists events_no_delete;
         drop trigger if exists events_in_order; drop trigger if exists events_in_sequence;
         drop trigger if exists events_in_time"
    } else {
        "alter table events disable trigger all"
    };
    testing::execute(&place.url, format!("{off}; {statement}").leak());
}

/// A copy of the third event at another position.
fn copied_to(position: i64) -> String {
    format!(
        "insert into events select {position}, aggregate_type, 'copy', 1, event_type, event_version, payload, metadata,
                recorded_at, leaf_hash
         from events where position = 3"
    )
}
