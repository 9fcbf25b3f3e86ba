//! The repository as its rules see it: every text file, with its path.

use std::fs;
use std::path::Path;

/// Made by tools, or of no interest to readers.
const NOT_OURS: &[&str] = &[".git", "target", "node_modules", "pictures", "data"];

pub(super) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Every text file of the repository.
pub(super) struct Tree(pub(super) Vec<File>);

pub(super) struct File {
    /// From the root of the repository, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

#[derive(Clone)]
pub(super) struct Offence {
    pub(super) place: String,
    pub(super) reason: String,
}

impl Tree {
    pub(super) fn read() -> Self {
        let mut files = Vec::new();
        collect(Path::new(ROOT), "", &mut files);
        files.sort_by(|one: &File, other| one.path.cmp(&other.path));
        Self(files)
    }

    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.0.iter().filter(|file| has_ending(&file.path, "rs"))
    }

    /// Rust without this file, which has the forbidden words in its rules.
    pub(super) fn code(&self) -> impl Iterator<Item = &File> {
        self.rust().filter(|file| file.path != "api/tests/portal/tidy.rs")
    }

    /// Of the crates, not of the workspace.
    pub(super) fn manifests(&self) -> impl Iterator<Item = &File> {
        self.0.iter().filter(|file| file.path.ends_with("/Cargo.toml"))
    }

    pub(super) fn statements(&self) -> impl Iterator<Item = &File> {
        self.0
            .iter()
            .filter(|file| file.path.starts_with("projections/src/sql/") && has_ending(&file.path, "sql"))
    }

    /// Whether every `include_str!` of this statement stands in a `scoped!`.
    pub(super) fn reads_scoped(&self, name: &str) -> bool {
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

    pub(super) fn text(&self, path: &str) -> &str {
        self.0.iter().find(|file| file.path == path).map_or("", |file| &file.text)
    }

    /// The aggregate's stored name and the event's, for every entry of `EVENT_TYPES` in `domain/src/event.rs`.
    pub(super) fn known_events(&self) -> Vec<(String, String)> {
        let list = between(self.text("domain/src/event.rs"), "EVENT_TYPES: ", "\n];").unwrap_or_default();
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

    pub(super) fn stored_name(&self, aggregate: &str) -> String {
        let implementation = format!("impl Aggregate for {aggregate} ");
        self.rust()
            .filter_map(|file| file.text.split_once(implementation.as_str()))
            .find_map(|(_, body)| between(body, "const TYPE: &'static str = \"", "\""))
            .unwrap_or(aggregate)
            .to_owned()
    }
}

impl File {
    pub(super) fn offence(&self, reason: impl Into<String>) -> Offence {
        Offence::new(self.path.clone(), reason.into())
    }

    pub(super) fn lines_where(&self, reason: &str, offends: impl Fn(&str) -> bool) -> Vec<Offence> {
        let lines = (1..).zip(self.text.lines()).filter(|(_, line)| offends(line));
        lines.map(|(number, _)| Offence::new(format!("{}:{number}", self.path), reason.to_owned())).collect()
    }
}

impl Offence {
    pub(super) fn new(place: String, reason: String) -> Self {
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
