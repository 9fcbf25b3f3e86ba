//! The floors of the crates: what stands on one imports what stands below it, and nothing beside or above.
//!
//! **Invariant:** files that import each other in a circle can only be understood together, so there are none.

use std::path::Path;
use std::process::Command;

/// The folders and files of `api/src`, from the ground.
const FLOORS: &[&[&str]] = &[
    &["aside", "clock", "log", "metrics", "http_client"],
    &["config", "web"],
    &["ui", "bus", "credentials", "signer", "readiness", "maintenance", "audited", "witness"],
    &["assets", "app"],
    &["jobs"],
    &["identity", "server"],
    &["access", "health"],
    &["layout"],
    &["resources"],
    &["reply"],
    &["routes"],
    &["cli"],
];

/// Each import of a crate: who imports, and from where, as folders and files of its `src`.
fn imports(name: &str) -> Vec<(String, String)> {
    let output = circles(&["--imports", name]);
    let top = |path: &str| path.split('/').nth(2).unwrap_or_default().trim_end_matches(".rs").to_owned();
    let line = |line: &str| {
        let (from, rest) = line.split_once(" -> ").expect("an arrow");
        (top(from), top(rest.split(':').next().unwrap_or_default()))
    };
    output.1.lines().map(line).filter(|(from, to)| from != to).collect()
}

fn circles(arguments: &[&str]) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/circles");
    let output = Command::new("python3").arg(script).args(arguments).output().expect("python3 is installed");
    (output.status.success(), String::from_utf8(output.stdout).expect("text"))
}

/// Those that lead up, or to a neighbour.
fn upwards(imports: &[(String, String)]) -> Vec<&(String, String)> {
    let floor = |name: &str| FLOORS.iter().position(|floor| floor.contains(&name));
    imports.iter().filter(|(from, to)| floor(from) <= floor(to) || floor(to).is_none()).collect()
}

#[test]
fn imports_lead_down() {
    let imports = imports("api");
    assert!(imports.len() > 50, "the script finds none");
    let upwards = upwards(&imports);
    assert!(upwards.is_empty(), "{upwards:?}");
}

#[test]
fn an_import_that_leads_up_is_found() {
    let planted = [("bus", "access"), ("identity", "server"), ("resources", "cellar"), ("cli", "routes")];
    let planted = planted.map(|(from, to)| (from.to_owned(), to.to_owned()));
    assert_eq!(upwards(&planted).len(), 3, "down from the command line is fine");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for name in ["domain", "projections", "api"] {
        let (holds, told) = circles(&[name]);
        assert!(holds, "{told}");
    }
}

/// What keeps tenants apart is lifted for whoever has an active grant, and narrowed for whoever belongs somewhere.
#[test]
fn scopes_are_made_in_one_place_each() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../projections/src");
    let found = |what: &str| -> Vec<String> {
        let output = Command::new("grep").args(["-rlF", what]).arg(&sources).output().expect("grep is there");
        let files = String::from_utf8(output.stdout).expect("text");
        let mut names: Vec<String> =
            files.lines().filter_map(|path| path.rsplit('/').next().map(str::to_owned)).collect();
        names.sort();
        names
    };
    assert_eq!(found("Self::lifted("), ["grants.rs"]);
    assert_eq!(found("Platform::lifted("), [""; 0]);
    assert_eq!(found("Self::one(membership"), ["memberships.rs"]);
    assert_eq!(found("Tenant::one("), [""; 0]);
}
