//! Tries each cell of the table in docs/PROOF.md: which check finds which change by the owner of the database.

use std::fs;
use std::path::Path;

use projections::auditor::Auditor;
use projections::event_log::Recorded;
use projections::projector::Finding;
use projections::seal::add_checkpoint::AddCheckpoint;
use projections::seal::proof::consistency;
use projections::seal::tree::Tree;
use projections::seal::{Attested, Checkpoint, Hash, export};
use projections::transfer;

use crate::engines;
use crate::given::{Outcome, Store, noon};
use crate::seals::key;
use crate::tampering::{again, hash_again, owner, said, ten_events};

/// A change, by its name in the table. The log has ten events, of which eight are sealed and seen by a witness.
struct Way {
    name: &'static str,
    /// The statement, if it is the same for both engines.
    both: &'static str,
    postgres: &'static str,
    sqlite: &'static str,
    then: Then,
}

/// What the owner does besides, to hide the change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Nothing,
    /// Every event gets the hash of its changed content.
    Hashes,
    /// The read models and the stored tree are made to fit as well.
    Everything,
    /// The checkpoint log is deleted as well.
    TheFileToo,
    /// The change is not to the log but to what guards it.
    Walls,
}

const fn way(name: &'static str, both: &'static str, then: Then) -> Way {
    Way { name, both, postgres: "", sqlite: "", then }
}

const EDIT: &str = "update events set payload = replace({payload}, 'Acme', 'Evil'){json} where position = 1";

const WAYS: &[Way] = &[
    way("edits an event", EDIT, Then::Nothing),
    way(
        "edits its time, place or stream",
        "update events set recorded_at = {earlier} where position = 7",
        Then::Nothing,
    ),
    way("removes an event", "delete from events where position = 3", Then::Nothing),
    way("removes the newest events", "delete from events where position > 9", Then::Nothing),
    way(
        "puts one in",
        "insert into events select 11, aggregate_type, 'copy', 1, event_type, event_version, payload, metadata,
                recorded_at, leaf_hash
         from events where position = 10",
        Then::Nothing,
    ),
    way("edits an event and its hash", EDIT, Then::Hashes),
    way("… and makes everything in the database fit", EDIT, Then::Everything),
    way("… and has the machine with the checkpoint log", EDIT, Then::TheFileToo),
    way(
        "removes sealed events and makes everything fit",
        "delete from events where position > 7;
         delete from commands where first_position > 8; delete from claims where position > 8;
         update commands set last_position = 7, sequence = 2 where last_position = 8;
         update guards set value = 1",
        Then::Everything,
    ),
    way(
        "does that with events that are not sealed yet",
        "delete from events where position > 8;
         delete from commands where first_position > 8; delete from claims where position > 8;
         delete from history where position > 8; delete from projection_parked",
        Then::Everything,
    ),
    way(
        "writes a checkpoint with another key",
        "update seal set checkpoint = replace(checkpoint, 'portal', 'letter')",
        Then::Nothing,
    ),
    way(
        "edits what is kept of the tree",
        "update seal set nodes = (select leaf_hash from events where position = 1)",
        Then::Nothing,
    ),
    way("edits what a page shows", "update org_detail set members = 7 where slug = 'acme'", Then::Nothing),
    way("edits a claim or a count", "update claims set aggregate_id = 'nobody' where key = 'acme'", Then::Nothing),
    way("removes a command", "delete from commands where first_position = 3", Then::Nothing),
    Way {
        name: "switches a trigger off",
        both: "",
        postgres: "alter table events disable trigger events_no_change",
        sqlite: "drop trigger account_log_no_update",
        then: Then::Walls,
    },
    Way {
        name: "replaces a view, or a function",
        both: "",
        postgres: "create or replace function tenant() returns uuid language sql stable parallel safe as 'select null::uuid'",
        sqlite: "drop view organisations",
        then: Then::Walls,
    },
    Way {
        name: "opens a wall between organisations (Postgres)",
        both: "",
        postgres: "alter table events disable row level security; grant update on events to portal_app",
        sqlite: "",
        then: Then::Walls,
    },
    Way {
        name: "edits the fingerprint of a command",
        both: "",
        postgres: "update commands set fingerprint = '\\x00' where first_position = 3",
        sqlite: "update commands set fingerprint = x'00' where first_position = 3",
        then: Then::Nothing,
    },
    Way {
        name: "edits an index of searches (SQLite)",
        both: "",
        postgres: "",
        sqlite: "insert into org_list_parts (rowid, search) values (77, 'nothing of the sort')",
        then: Then::Nothing,
    },
];

engines! {
    async fn who_finds_what_is_as_the_table_says(store: Store) {
        let file = ten_events(&store).await?;
        let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PROOF.md");
        let guide = fs::read_to_string(guide)?;
        let mut wrong = vec![];
        for way in WAYS {
            let own = if store.is_postgres() { way.postgres } else { way.sqlite };
            if way.both.is_empty() && own.is_empty() {
                continue;
            }
            let row = tried(&store, &file, way, [way.both, own].concat()).await?;
            if !guide.lines().any(|line| line == row) {
                wrong.push(row);
            }
        }
        assert!(wrong.is_empty(), "docs/PROOF.md has not:\n{}", wrong.join("\n"));
    }
}

/// Makes the change and runs every check.
async fn tried(store: &Store, file: &[String], way: &Way, statement: String) -> Outcome<String> {
    let (store, kept) = again(store, file).await?;
    let seen = kept.last().ok_or("it was sealed")?.clone();
    let mut owner = owner(&store).await?;
    owner.run(&said(&store, &statement)).await?;
    if matches!(way.then, Then::Hashes | Then::Everything | Then::TheFileToo) {
        hash_again(&store, &mut owner).await?;
    }
    if matches!(way.then, Then::Everything | Then::TheFileToo) {
        owner.run("delete from seal; delete from seal_node").await?;
        store.projector.rebuild(|_| ()).await?;
    }
    // The walls are down for all of this, and are put up again by whoever hides it.
    let counts = |finding: &Finding| matches!(finding, Finding::Wall { .. }) == (way.then == Then::Walls);
    let of_process = if way.then == Then::TheFileToo { vec![] } else { kept.clone() };
    let turn = audited(&store, of_process.clone()).await?;
    let report = store.projector.verify(|_| ()).await?;
    let (walls, folded): (Vec<Finding>, Vec<Finding>) =
        report.findings.into_iter().partition(|it| matches!(it, Finding::Wall { .. }));
    let found_by_tree = async |checkpoints: Vec<Checkpoint>| -> Outcome<bool> {
        let public = Some(key("portal/log").public());
        let attested = Attested::read(store.db(), checkpoints, public).await?;
        let (_, found) = attested.compare(store.db(), report.events).await?;
        Ok(found.iter().chain(&folded).chain(&walls).any(counts))
    };
    let verify = found_by_tree(of_process).await?;
    let audit = match turn.iter().any(counts) {
        true => "✓",
        false if verify => "each day", // when it does all that `portal verify` does
        false => "–",
    };
    let mark = |found: bool| if found { "✓" } else { "–" };
    let cells = [
        mark(there(&store).await?.iter().any(|event| event.decode().is_err())),
        audit,
        mark(verify),
        mark(found_by_tree(vec![]).await?),
        mark(outside(&store, kept).await?),
        mark(!witnessed(&store, &seen).await?),
    ];
    Ok(format!("| {} | {} |", way.name, cells.join(" | ")))
}

/// Every event that is there, whatever is missing between.
async fn there(store: &Store) -> Outcome<Vec<Recorded>> {
    Ok(store.log.at(&(1..=12).collect::<Vec<_>>()).await?)
}

/// A round of the continuous audit, with what the process keeps.
async fn audited(store: &Store, kept: Vec<Checkpoint>) -> Outcome<Vec<Finding>> {
    let mut auditor = Auditor::new(store.db().clone(), Some(key("portal/log").public()));
    Ok(auditor.turn(kept, noon(1)).await?.findings.clone())
}

/// The check of somebody without the database, who has an earlier checkpoint and a present export.
async fn outside(store: &Store, kept: Vec<Checkpoint>) -> Outcome<bool> {
    let mut file = vec![];
    if transfer::export(&store.log, &mut file, |_| ()).await.is_err() {
        return Ok(true);
    }
    Ok(export::check(file.as_slice(), kept)?.number_of_findings > 0)
}

/// Says whether a witness cosigns the present log. The log's own key signs anything here.
async fn witnessed(store: &Store, seen: &Checkpoint) -> Outcome<bool> {
    let events = there(store).await?;
    let leaves: Vec<Hash> =
        events.iter().filter_map(|event| event.leaf_hash.as_slice().try_into().ok()).collect();
    let size = u64::try_from(leaves.len())?;
    let place = |at: u64| usize::try_from(at).expect("a small tree");
    let spans = consistency(seen.size.min(size), size).into_iter();
    let proof = spans.map(|span| root(&leaves[place(span.from)..place(span.to)])).collect();
    let signed = key("portal/log").sign(size, root(&leaves));
    Ok(AddCheckpoint { old: seen.size, proof, signed }.follows(seen).is_ok())
}

fn root(leaves: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    for leaf in leaves {
        tree.push(*leaf, |_| ());
    }
    tree.root()
}
