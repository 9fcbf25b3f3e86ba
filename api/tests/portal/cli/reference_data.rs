//! `portal import --reference-data FILE`: told first, done with `--yes`, and done once.

use std::fs;

use super::program::{Place, Said, ask, repository};

on_both_engines! {
    a_file_is_told_first_and_done_with_yes,
    a_second_time_it_is_so_already,
    each_difference_is_one_event_by_the_shell,
    what_the_file_does_not_name_is_left_alone,
    a_file_with_mistakes_does_nothing_at_all,
}

const TOLD: &str = "\
+ project: defined; label Project; description “What people work on together”; actions create, list, read, update, delete; spread everywhere
+ document.template: defined; label Document template; description “The letterhead and the words that every document begins with”; actions list, read, update; spread new_only
+ time_entry: defined; label Time entry; description –; actions create, list, read; spread opt_in
− time_entry: deactivated
";

fn a_file_is_told_first_and_done_with_yes(place: &Place) {
    assert_eq!(
        import(place, &[]),
        format!("{TOLD}Nothing was done yet. To do it, say the same with --yes.\n")
    );
    assert_eq!(events(place), [""; 0]);
    let done = "4 events were written; the read models stand at #4.\n";
    assert_eq!(import(place, &["--yes"]), format!("{TOLD}{done}"));
    let defined = "ResourceTypeDefined";
    assert_eq!(events(place), [defined, defined, defined, "ResourceTypeDeactivated"]);
    assert!(place.done(&["export"]).contains("Not active in the file reference-data.json"));
    place.done(&["verify"]);
}

fn a_second_time_it_is_so_already(place: &Place) {
    import(place, &["--yes"]);
    for again in [&["--yes"][..], &[]] {
        assert_eq!(import(place, again), "= 3 as they are\nEverything is so already.\n");
    }
    assert_eq!(events(place).len(), 4);
}

fn each_difference_is_one_event_by_the_shell(place: &Place) {
    import(place, &["--yes"]);
    let changed = r#"{"resource_types": [
        {"code": "project", "label": "Undertaking", "actions": ["read"], "spread": "opt_in", "active": false},
        {"code": "time_entry", "label": "Hour", "actions": ["create", "list", "read"], "spread": "opt_in", "active": true},
        {"code": "document.template", "label": "Document template", "actions": ["list", "read", "update"], "spread": "new_only"}
    ]}"#;
    let said = written(place, changed, &["--yes"]);
    assert_eq!(
        said.out,
        "~ project: label Project → Undertaking\n\
         ~ project: actions create, list, read, update, delete → read\n\
         ~ project: spread everywhere → opt_in\n\
         − project: deactivated\n\
         + time_entry: reactivated\n\
         ~ time_entry: label Time entry → Hour\n\
         = 1 as it is\n\
         6 events were written; the read models stand at #10.\n"
    );
    let expected = ["Relabelled", "ActionsSet", "SpreadChanged", "Deactivated", "Reactivated", "Relabelled"];
    assert_eq!(events(place)[4..], expected.map(|event| format!("ResourceType{event}")));
    let export = place.done(&["export"]);
    assert_eq!(export.matches("\"actor\":\"shell\"").count(), 10, "{export}");
    place.done(&["verify"]);
}

/// Somebody else's types stay, and a server that is started afterwards has the file's.
fn what_the_file_does_not_name_is_left_alone(place: &Place) {
    let invoice = r#"{"resource_types": [{"code": "invoice", "label": "Invoice", "actions": ["read"], "spread": "everywhere"}]}"#;
    assert_eq!(written(place, invoice, &["--yes"]).code, Some(0));
    let said = import(place, &["--yes"]);
    assert!(said.starts_with(TOLD) && !said.contains("invoice"), "{said}");
    let granted = place.done(&["grant", "eve@example.com"]);
    let running = place.start(&["serve"]);
    let session = super::first_password(&granted, &running);
    let list = ask(running.address, ("GET", "/admin/reference-data"), &session, "").expect("an answer");
    for label in ["Invoice", "Project", "Document template", "Time entry"] {
        assert!(list.text.contains(label), "{label} in {}", list.text);
    }
}

fn a_file_with_mistakes_does_nothing_at_all(place: &Place) {
    place.done(&["migrate"]);
    let wrong = r#"{"resource_types": [
        {"code": "project", "label": "Project", "actions": ["read"], "spread": "everywhere"},
        {"code": "project", "label": "Project", "actions": [], "spread": "everywhere"},
        {"code": "compare", "label": "Project", "actions": ["read"], "spread": "everywhere", "colour": 1}
    ]}"#;
    let said = written(place, wrong, &["--yes"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    for mistake in [
        "types.json: nothing was done, for there are mistakes:\n",
        "resource_types[1].code: project stands in resource_types[0] already\n",
        "resource_types[1].actions: name at least one action\n",
        "resource_types[2]: there is no field \"colour\"; there is code, ",
        "resource_types[2].code: this code is reserved; choose another\n",
    ] {
        assert!(said.err.contains(mistake), "{mistake} in {}", said.err);
    }
    assert!(written(place, "{\"resource_types\": [", &["--yes"]).err.contains("this is not JSON: EOF"));
    let said = place.portal(&["import", "--reference-data", "nowhere.json"]);
    assert!(said.code == Some(1) && said.err.contains("nowhere.json: No such file"), "{}", said.err);
    assert_eq!(events(place), [""; 0]);
}

#[test]
fn one_file_at_a_time_and_yes_to_something() {
    let place = Place::sqlite();
    for (arguments, told) in [
        (&["import", "all.jsonl", "--reference-data", "types.json"][..], "cannot be used with"),
        (&["import", "--yes"], "--reference-data <FILE>"),
    ] {
        let said = place.portal(arguments);
        assert!(said.code == Some(2) && said.err.contains(told), "{said:?}");
    }
}

/// Takes in the example of the repository; gives what was said.
fn import(place: &Place, more: &[&str]) -> String {
    let file = repository("fixtures/reference-data.json");
    place.done(&[&["import", "--reference-data", &file.to_string_lossy()], more].concat())
}

/// Takes in a file with this content.
fn written(place: &Place, content: &str, more: &[&str]) -> Said {
    fs::write(place.file("types.json"), content).expect("room");
    place.portal(&[&["import", "--reference-data", "types.json"], more].concat())
}

/// The types of all events there are.
fn events(place: &Place) -> Vec<String> {
    let export = place.done(&["export"]);
    let events = export.lines().filter_map(|line| line.split("\"event_type\":\"").nth(1));
    events.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}
