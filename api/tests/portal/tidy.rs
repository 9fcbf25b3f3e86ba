//! The house rules that no lint knows, as a test.
//!
//! **Invariant:** one run names every offence with its reason, so that nobody mends them one at a time.

mod statements;
mod tree;

use std::collections::BTreeSet;

use statements::{
    statements_about_tenants_are_scoped, statements_are_used, statements_open_with_what_they_do,
};
use tree::{File, Offence, ROOT, Tree};

/// Longer files hold two topics.
const MOST_LINES: usize = 400;

/// Paths of the machine where a thing was written mean nothing on any other. In halves, or this file would offend.
const PRIVATE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("../sha", "red")];

/// What must not be finished later.
const UNFINISHED: &[&str] = &[concat!("todo", "!"), concat!("unimplemented", "!"), concat!("FIX", "ME")];

type Rule = fn(&Tree) -> Vec<Offence>;

const RULES: &[Rule] = &[
    sources_open_with_what_they_are,
    sources_have_one_topic,
    modules_are_named_after_themselves,
    nothing_is_left_for_later,
    only_projections_speak_sql,
    only_pages_speak_html,
    routes_have_one_table,
    dependencies_have_a_home,
    both_engines_migrate_in_the_same_steps,
    statements_open_with_what_they_do,
    statements_are_used,
    statements_about_tenants_are_scoped,
    stored_events_have_examples,
    nothing_names_a_private_path,
];

#[test]
fn the_house_rules_hold() {
    let tree = Tree::read();
    assert!(tree.rust().count() > 3, "found no sources below {ROOT}");
    let offences: Vec<String> =
        RULES.iter().flat_map(|rule| rule(&tree)).map(|o| format!("  {}: {}", o.place, o.reason)).collect();
    assert!(offences.is_empty(), "{} offences\n{}\n", offences.len(), offences.join("\n"));
}

fn sources_open_with_what_they_are(tree: &Tree) -> Vec<Offence> {
    let silent = tree.rust().filter(|file| !file.text.starts_with("//!"));
    silent.map(|file| file.offence("a file opens with //!: what it is and its one invariant")).collect()
}

fn sources_have_one_topic(tree: &Tree) -> Vec<Offence> {
    let lines = |file: &File| file.text.lines().count();
    tree.rust()
        .filter(|file| lines(file) > MOST_LINES)
        .map(|file| file.offence(format!("{} lines; over {MOST_LINES} it holds two topics", lines(file))))
        .collect()
}

fn modules_are_named_after_themselves(tree: &Tree) -> Vec<Offence> {
    tree.rust()
        .filter(|file| file.path.ends_with("/mod.rs"))
        .map(|file| file.offence("write name.rs beside the folder name/, so that an editor's tabs differ"))
        .collect()
}

fn nothing_is_left_for_later(tree: &Tree) -> Vec<Offence> {
    let reason = |word| format!("{word} is a plan, not code: finish it, or take it out");
    UNFINISHED.iter().flat_map(|word| lines_with(tree.rust(), word, &reason(word))).collect()
}

fn only_projections_speak_sql(tree: &Tree) -> Vec<Offence> {
    let elsewhere = || tree.code().filter(|file| !file.path.starts_with("projections/"));
    let reason = "SQL has one home, projections/; ask it for what the page needs";
    ["sqlx::", "use sqlx;"].iter().flat_map(|word| code_with(elsewhere(), word, reason)).collect()
}

fn only_pages_speak_html(tree: &Tree) -> Vec<Offence> {
    let homes = ["api/src/ui", "api/src/layout", "api/src/resources"];
    let at_home = |file: &File| homes.iter().any(|home| file.path.starts_with(home));
    let elsewhere = tree.code().filter(|file| !at_home(file));
    code_with(
        elsewhere,
        concat!("html", "!"),
        "markup stands in api/src/ui, api/src/layout and api/src/resources",
    )
}

/// The compiler's side of the two rules above; `deny.toml` has them once more, for whole trees of dependencies.
/// Whoever adds a route elsewhere, past the gate, is also told by clippy.
fn routes_have_one_table(tree: &Tree) -> Vec<Offence> {
    let homes = ["api/src/routes.rs", "api/src/access/routes.rs"];
    let elsewhere = || {
        tree.code().filter(|file| file.path.starts_with("api/src/") && !homes.contains(&file.path.as_str()))
    };
    let reason = "a route is a line of its room in api/src/resources, with what it requires of whoever asks";
    [".route(", ".route_service(", ".nest(", ".nest_service(", ".fallback(", ".fallback_service("]
        .iter()
        .flat_map(|word| code_with(elsewhere(), word, reason))
        .collect()
}

fn dependencies_have_a_home(tree: &Tree) -> Vec<Offence> {
    let homes = [
        ("sqlx", "projections"),
        ("postgres-es", "projections"),
        ("axum", "api"),
        ("maud", "api"),
        ("hyper", "api"),
    ];
    let elsewhere = |(dependency, home): (&str, &str)| {
        let names_it =
            |line: &str| line.strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '=']));
        let reason = format!("{dependency} has one home, {home}/");
        tree.manifests()
            .filter(|file| !file.path.starts_with(home))
            .flat_map(|file| file.lines_where(&reason, names_it))
            .collect::<Vec<_>>()
    };
    homes.into_iter().flat_map(elsewhere).collect()
}

fn both_engines_migrate_in_the_same_steps(tree: &Tree) -> Vec<Offence> {
    let steps = |engine: &str| -> BTreeSet<&str> {
        let folder = format!("migrations/{engine}/");
        tree.0.iter().filter_map(|file| file.path.strip_prefix(folder.as_str())).collect()
    };
    let lacking = |engine: &str, twin: &str| -> Vec<Offence> {
        let absent = &steps(twin) - &steps(engine);
        let reason = format!("migrations/{twin} has this step; both engines migrate in the same ones");
        absent
            .iter()
            .map(|step| Offence::new(format!("migrations/{engine}/{step}"), reason.clone()))
            .collect()
    };
    [lacking("sqlite", "postgres"), lacking("postgres", "sqlite")].concat()
}

/// Whatever was stored once must be readable for ever; `domain/tests/rules` reads these examples.
fn stored_events_have_examples(tree: &Tree) -> Vec<Offence> {
    let known = tree.known_events();
    if known.is_empty() {
        return vec![Offence::new(
            "domain/src/event.rs".to_owned(),
            "the list EVENT_TYPES is not where this rule reads it".into(),
        )];
    }
    known
        .into_iter()
        .map(|(aggregate, event)| (format!("fixtures/events/{aggregate}.jsonl"), event))
        .filter(|(path, event)| !tree.text(path).contains(&format!("\"{event}\"")))
        .map(|(path, event)| Offence::new(path, format!("no example of a stored {event}")))
        .collect()
}

fn nothing_names_a_private_path(tree: &Tree) -> Vec<Offence> {
    let reason = "a path of somebody's machine";
    PRIVATE_PATHS.iter().flat_map(|path| lines_with(tree.0.iter(), path, reason)).collect()
}

/// Comments count.
fn lines_with<'a>(files: impl Iterator<Item = &'a File>, word: &str, reason: &str) -> Vec<Offence> {
    files.flat_map(|file| file.lines_where(reason, |line| line.contains(word))).collect()
}

/// Comments may mention the word.
fn code_with<'a>(files: impl Iterator<Item = &'a File>, word: &str, reason: &str) -> Vec<Offence> {
    let is_code = |line: &str| !line.trim_start().starts_with("//") && line.contains(word);
    files.flat_map(|file| file.lines_where(reason, is_code)).collect()
}
