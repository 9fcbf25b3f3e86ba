//! `portal replay`: the history as sentences.

use std::time::Instant;

use super::import_demo;
use super::program::Place;

fn the_history_is_told_in_sentences(place: &Place) {
    import_demo(place);
    let told = place.done(&["replay"]);
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines.len() > 20 && lines[0].starts_with("#1  "), "{told}");
    assert!(told.contains(" created ") && told.contains(" suspended "), "{told}");
    let some = place.done(&["replay", "--from", "3", "--to", "5"]);
    assert_eq!(some.lines().collect::<Vec<_>>(), lines[2..5]);
    assert_eq!(place.done(&["replay", "--from", "999999"]), "");
}

fn it_goes_step_by_step_and_at_a_speed(place: &Place) {
    import_demo(place);
    let one = place.done(&["replay", "--step"]); // nobody types: the end of the input
    assert_eq!(one.lines().count(), 1, "{one}");
    let started = Instant::now();
    place.done(&["replay", "--to", "4", "--speed", "1000000000x"]);
    assert!(started.elapsed().as_secs() < 10);
    for wrong in ["0", "-1", "fast", "inf"] {
        let said = place.portal(&["replay", &format!("--speed={wrong}")]);
        assert_eq!(said.code, Some(2));
        assert!(said.err.contains("give a number above zero"), "{}", said.err);
    }
}

on_both_engines! {
    the_history_is_told_in_sentences,
    it_goes_step_by_step_and_at_a_speed,
}
