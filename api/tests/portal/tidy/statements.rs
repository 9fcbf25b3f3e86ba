//! Rules about statements: what each says, that it is used, and that those about tenants are scoped.

use super::tree::{File, Offence, Tree};

pub(super) fn statements_open_with_what_they_do(tree: &Tree) -> Vec<Offence> {
    let silent = tree.statements().filter(|file| !file.text.starts_with("--"));
    silent.map(|file| file.offence("a statement opens with -- what it does, and what $1… are")).collect()
}

/// By its path as a literal, with or without the ending, for the sake of macros that add it.
pub(super) fn statements_are_used(tree: &Tree) -> Vec<Offence> {
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
    ("consumers/register.sql", "the end of the log"),
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
    ("memberships/rows.sql", "the fold"),
    ("memberships/of_person", "picker, home, a shell, sign-ins: by person"),
    ("org_detail/due.sql", "the timers: what ends by itself"),
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
pub(super) fn statements_about_tenants_are_scoped(tree: &Tree) -> Vec<Offence> {
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
