//! The house rules that no lint knows, as a test.
//!
//! **Invariant:** one run names every offence with its reason, so that nobody mends them one at a time.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Longer files hold two topics.
const MOST_LINES: usize = 400;

/// Made by tools, or of no interest to readers.
const NOT_OURS: &[&str] = &[".git", "target", "node_modules", "pictures", "data"];

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
    let at_home =
        |file: &File| ["api/src/ui", "api/src/pages"].iter().any(|home| file.path.starts_with(home));
    let elsewhere = tree.code().filter(|file| !at_home(file));
    code_with(elsewhere, concat!("html", "!"), "markup has two homes, api/src/ui and api/src/pages")
}

/// The compiler's side of the two rules above; `deny.toml` has them once more, for whole trees of dependencies.
/// Whoever adds a route elsewhere, past the gate, is also told by clippy.
fn routes_have_one_table(tree: &Tree) -> Vec<Offence> {
    let elsewhere =
        || tree.code().filter(|file| file.path.starts_with("api/src/") && file.path != "api/src/routes.rs");
    let reason = "a route is a line of the table in api/src/routes.rs, with what it needs of whoever asks";
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

fn statements_open_with_what_they_do(tree: &Tree) -> Vec<Offence> {
    let silent = tree.statements().filter(|file| !file.text.starts_with("--"));
    silent.map(|file| file.offence("a statement opens with -- what it does, and what $1… are")).collect()
}

/// By its path as a literal, with or without the ending, for the sake of macros that add it.
fn statements_are_used(tree: &Tree) -> Vec<Offence> {
    let used = |file: &File| {
        let name = file.path.trim_start_matches("projections/src/sql/");
        let endings = [format!("{name}\""), format!("{}\"", name.trim_end_matches(".sql"))];
        tree.rust()
            .filter(|source| source.path.starts_with("projections/"))
            .any(|source| endings.iter().any(|ending| source.text.contains(ending.as_str())))
    };
    let unused = tree.statements().filter(|file| !used(file));
    unused.map(|file| file.offence("no include_str! names this statement: take it out")).collect()
}

/// What reads or writes rows of organisations and not by `scoped!`, with the reason. Everything else about them is.
const NOT_SCOPED: &[(&str, &str)] = &[
    ("access_log/first_refus", "the gate: notes whom a suspension kept out, and since when"),
    ("as_of/", "positions, and resource types, which are nobody's; one organisation's stream is scoped"),
    ("event_log/at.sql", "import: compares the log with a file"),
    ("event_log/look_", "the writer: judges appends"),
    ("event_log/stream", "the bus: an aggregate from its own events"),
    ("event_log/tail.sql", "projector, export, history of all: in the order of the log"),
    ("event_log/last", "the end of the log"),
    ("event_log/write_", "the writer"),
    ("walls/", "the catalogue, and no row"),
    ("projector/", "folding and proving: everybody's rows"),
    ("history/", "wants the platform: everybody's; what one organisation's members read is scoped"),
    ("resource_types/reach.sql", "wants the platform: how many organisations have a type"),
    ("resource_types/choices.sql", "folding"),
    ("resource_types/last_hashes.sql", "hashes for a tag: of resource types, which are nobody's"),
    ("permissions/lent.sql", "wants the platform: who uses an action"),
    ("permissions/permissions.sql", "folding"),
    ("permissions/roles.sql", "folding"),
    ("memberships/blast.sql", "wants the platform: what else the members belong to"),
    ("memberships/by_slug.sql", "the gate: where a scope comes from"),
    ("memberships/invitation.sql", "a link: where the scope of somebody invited comes from"),
    ("memberships/invitations.sql", "the fold"),
    ("memberships/invitations_of_person.sql", "signing in: by person"),
    ("memberships/of_person", "picker, home, a shell, sign-ins: by person"),
    ("org_detail/due.sql", "the reactor: what ends by itself"),
    ("org_detail/get_", "the fold; a hash for a tag, of what was read scoped"),
    ("org_detail/holder.sql", "whether a slug is free: wants a superadmin"),
    ("org_detail/names.sql", "sentences of the console"),
    ("org_detail/stopped.sql", "a shell on the server"),
    ("org_list/", "the list and its fold: pages want the platform"),
    ("links/create.sql", "writes one link"),
    ("links/find.sql", "by the hash of a token"),
    ("links/first_sent_at.sql", "wants the platform"),
    ("links/use_up.sql", "by the hash of a token"),
    ("links/withdraw_", "takes links back, reads none"),
    ("people/opened.sql", "notes a visit, reads none"),
    ("operator_reads/exports.sql", "wants the platform: by what was exported"),
    ("operator_reads/last_used.sql", "wants the platform: by person"),
    ("operator_reads/reason.sql", "by session: one's own words"),
    ("operator_reads/record_", "writes looks down"),
    ("operator_reads/s", "sets one's own words by session, and sweeps them"),
    ("retention/", "forgets by age, reads none"),
    ("seal/", "sealing and proving: hashes of everybody's events"),
];

/// Tables with rows of organisations.
const OF_TENANTS: &[&str] = &[
    "org_list",
    "org_detail",
    "org_slug",
    "membership",
    "invitation",
    "history",
    "events",
    "link",
    "visit",
    "first_refusal",
    "operator_read",
    "operator_reason",
    "org_resource_choice",
    "org_role",
    "org_permission",
];

/// A new statement is read through `scoped!`, or stands in the list above with its reason.
fn statements_about_tenants_are_scoped(tree: &Tree) -> Vec<Offence> {
    let named = |file: &File| {
        let words = || file.text.split(|c: char| !c.is_alphanumeric() && c != '_');
        words().any(|word| OF_TENANTS.contains(&word))
    };
    let name = |file: &File| file.path.trim_start_matches("projections/src/sql/").to_owned();
    let excused = |name: &str| NOT_SCOPED.iter().any(|(prefix, _)| name.starts_with(prefix));
    let reason = "names a table of tenants: read it through scoped!, or say in NOT_SCOPED why not";
    let forgotten = tree.statements().filter(|file| named(file)).filter(|file| {
        let name = name(file);
        !excused(&name) && !tree.reads_scoped(&name)
    });
    let stale =
        NOT_SCOPED.iter().filter(|(prefix, _)| !tree.statements().any(|f| name(f).starts_with(prefix)));
    let stale =
        stale.map(|(prefix, _)| Offence::new((*prefix).to_owned(), "no such statement any more".into()));
    forgotten.map(|file| file.offence(reason)).chain(stale).collect()
}

/// Whatever was stored once must be readable for ever; `domain/tests/rules` reads these examples.
fn stored_events_have_examples(tree: &Tree) -> Vec<Offence> {
    let known = tree.known_events();
    if known.is_empty() {
        return vec![Offence::new(
            "domain/src/fact.rs".to_owned(),
            "the list KNOWN is not where this rule reads it".into(),
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

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Every text file of the repository.
struct Tree(Vec<File>);

struct File {
    /// From the root of the repository, with `/`.
    path: String,
    text: String,
}

#[derive(Clone)]
struct Offence {
    place: String,
    reason: String,
}

impl Tree {
    fn read() -> Self {
        let mut files = Vec::new();
        collect(Path::new(ROOT), "", &mut files);
        files.sort_by(|one: &File, other| one.path.cmp(&other.path));
        Self(files)
    }

    fn rust(&self) -> impl Iterator<Item = &File> {
        self.0.iter().filter(|file| has_ending(&file.path, "rs"))
    }

    /// Rust without this file, which has the forbidden words in its rules.
    fn code(&self) -> impl Iterator<Item = &File> {
        self.rust().filter(|file| file.path != "api/tests/portal/tidy.rs")
    }

    /// Of the crates, not of the workspace.
    fn manifests(&self) -> impl Iterator<Item = &File> {
        self.0.iter().filter(|file| file.path.ends_with("/Cargo.toml"))
    }

    fn statements(&self) -> impl Iterator<Item = &File> {
        self.0
            .iter()
            .filter(|file| file.path.starts_with("projections/src/sql/") && has_ending(&file.path, "sql"))
    }

    /// Whether every `include_str!` of this statement stands in a `scoped!`.
    fn reads_scoped(&self, name: &str) -> bool {
        let quoted = format!("sql/{name}\"");
        let uses = |file: &File| file.text.match_indices(&quoted).map(|(at, _)| at).collect::<Vec<_>>();
        let inside = |text: &str, at: usize| {
            let before = &text[..at];
            let last = |word: &str| before.rfind(word).unwrap_or(0);
            last("scoped!(") > last("\n}\n")
        };
        let places = self.rust().filter(|file| file.path.starts_with("projections/src/"));
        let mut found = places.flat_map(|file| uses(file).into_iter().map(|at| inside(&file.text, at)));
        found.next().is_some_and(|first| first) && found.all(|inside| inside)
    }

    fn text(&self, path: &str) -> &str {
        self.0.iter().find(|file| file.path == path).map_or("", |file| &file.text)
    }

    /// The aggregate's stored name and the event's, for every entry of `KNOWN` in `domain/src/fact.rs`.
    fn known_events(&self) -> Vec<(String, String)> {
        let list = between(self.text("domain/src/fact.rs"), "KNOWN: ", "\n];").unwrap_or_default();
        let mut aggregate = String::new();
        let mut events = Vec::new();
        for line in list.lines() {
            if let Some((name, _)) = line.split_once("::TYPE") {
                aggregate = self.stored_name(name.trim_start_matches([' ', '(']));
            }
            let entries = line.split("(\"").skip(1).filter_map(|entry| entry.split_once('"'));
            events.extend(entries.map(|(event, _)| (aggregate.clone(), event.to_owned())));
        }
        events
    }

    fn stored_name(&self, aggregate: &str) -> String {
        let implementation = format!("impl Aggregate for {aggregate} ");
        self.rust()
            .filter_map(|file| file.text.split_once(implementation.as_str()))
            .find_map(|(_, body)| between(body, "const TYPE: &'static str = \"", "\""))
            .unwrap_or(aggregate)
            .to_owned()
    }
}

impl File {
    fn offence(&self, reason: impl Into<String>) -> Offence {
        Offence::new(self.path.clone(), reason.into())
    }

    fn lines_where(&self, reason: &str, offends: impl Fn(&str) -> bool) -> Vec<Offence> {
        let lines = (1..).zip(self.text.lines()).filter(|(_, line)| offends(line));
        lines.map(|(number, _)| Offence::new(format!("{}:{number}", self.path), reason.to_owned())).collect()
    }
}

impl Offence {
    fn new(place: String, reason: String) -> Self {
        Self { place, reason }
    }
}

/// Pictures and the like, which are not UTF-8, have no rules.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("the repository is readable") {
        let entry = entry.expect("the repository is readable");
        let name = entry.file_name().into_string().expect("file names are UTF-8");
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type().expect("the repository is readable").is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            files.push(File { path, text });
        }
    }
}

fn has_ending(path: &str, ending: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == ending)
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(found, _)| found)
}
