//! The owner of the database changes it with the triggers off: each change is found, and its position is named.

use projections::event_log::{Leaf, leaf_hash};
use projections::projector::Finding;
use projections::seal::{Attested, Checkpoint};
use projections::transfer;

use crate::engines;
use crate::given::{Outcome, Raw, Store, creation};
use crate::seals::{key, sealed};
use crate::verify::some_history;

/// Statements that both engines accept, and how a finding must begin. `{payload}` and `{metadata}` are read as text, and
/// `{json}` converts them back. Of the ten events, eight are sealed.
type Ways = &'static [(&'static str, &'static str)];

/// Ways to edit an event in place.
const EDITED: Ways = &[
    (
        "update events set payload = replace({payload}, 'Acme', 'Evil'){json} where position = 1",
        "#1: was changed",
    ),
    ("update events set payload = replace({payload}, '{', '{ '){json} where position = 2", "#2: was changed"),
    (
        "update events set payload = '{\"OrgArchived\":{\"reason\":\"made up later\"}}' where position = 3",
        "#3: was changed",
    ),
    (
        "update events set metadata = replace({metadata}, 'shell', 'setup'){json} where position = 4",
        "#4: was changed",
    ),
    (
        "update events set metadata = replace({metadata}, ':', ': '){json} where position = 5",
        "#5: was changed",
    ),
    ("update events set recorded_at = {later} where position = 10", "#10: was changed"),
    ("update events set recorded_at = {earlier} where position = 7", "#7: was changed"),
    ("update events set aggregate_type = 'grant' where position = 4", "#4: was changed"),
    ("update events set aggregate_id = 'somebody' where position = 4", "#4: was changed"),
    ("update events set sequence = 4 where position = 4", "#4: was changed"),
    ("update events set event_type = 'OrgArchived' where position = 2", "#2: was changed"),
    ("update events set event_version = '2' where position = 9", "#9: was changed"),
    (
        "update events set leaf_hash = (select e.leaf_hash from events e where e.position = 2) where position = 6",
        "#6: was changed",
    ),
    (
        "update events set position = 1005 where position = 5;
      update events set position = 5 where position = 6;
      update events set position = 6 where position = 1005",
        "#5: was changed",
    ),
    (
        "update events set payload = (select e.payload from events e where e.position = 2) where position = 1",
        "#1: was changed",
    ),
    (
        "update events set payload = (select e.payload from events e where e.position = 6),
                           metadata = (select e.metadata from events e where e.position = 6),
                           leaf_hash = (select e.leaf_hash from events e where e.position = 6)
         where position = 5",
        "#5: was changed",
    ),
];

/// Ways to remove, move or add events.
const MOVED: Ways = &[
    ("delete from events where position = 1", "#1: is missing"),
    ("delete from events where position = 3", "#3: is missing"),
    ("delete from events where position in (4, 5, 6)", "#4: is missing"),
    ("delete from events where position = 10", "#10: is missing"),
    ("delete from events where position > 7", "#8: is missing: of 8 events a checkpoint was signed"),
    ("delete from events", "#1: is missing: of 8 events a checkpoint was signed"),
    ("delete from events where position = 3;
      update events set position = position + 1000 where position > 3;
      update events set position = position - 1001 where position > 1000", "#3: was changed"),
    ("update events set position = position + 1000 where position > 4;
      update events set position = position - 999 where position > 1000;
      insert into events select 5, aggregate_type, 'copy', 1, event_type, event_version, payload, metadata,
             recorded_at, leaf_hash
      from events where position = 4", "#5: was changed"),
    ("insert into events select 11, aggregate_type, 'copy', 1, event_type, event_version, payload, metadata,
             recorded_at, leaf_hash
      from events where position = 10", "#11: was changed"),
    ("insert into events select 99, aggregate_type, 'copy', 1, event_type, event_version, payload, metadata,
             recorded_at, leaf_hash
      from events where position = 10", "#11: is missing"),
];

/// Ways to change the stored tree.
const KEPT: Ways = &[
    (
        "update seal set checkpoint = replace(checkpoint, '/log ', '/lag ')",
        "seal: what is kept as the checkpoint",
    ),
    (
        "update seal set checkpoint = replace(checkpoint, 'portal', 'letter')",
        "seal: what is kept as the checkpoint",
    ),
    ("update seal set size = 9", "seal: what is kept for portal/log is not the tree"),
    ("update seal set size = 99", "seal: portal/log was sealed up to #99, and the log ends at #10"),
    (
        "update seal set nodes = (select leaf_hash from events where position = 1)",
        "seal: what is kept for portal/log is not the tree",
    ),
    (
        "insert into seal_node select 8, 8, leaf_hash from events where position = 1",
        "seal_node: what is kept",
    ),
];

engines! {
    async fn an_event_that_was_edited_is_found_and_named(store: Store) {
        are_found(&store, EDITED).await?;
    }

    async fn events_that_were_removed_moved_or_added_are_found_and_named(store: Store) {
        are_found(&store, MOVED).await?;
    }

    async fn what_is_kept_of_the_tree_can_not_be_changed_unnoticed(store: Store) {
        are_found(&store, KEPT).await?;
    }

    /// Everything beside the events is made to fit: only checkpoints that were kept elsewhere reveal the change.
    async fn whoever_makes_everything_fit_is_found_by_the_exported_checkpoint(store: Store) {
        let file = ten_events(&store).await?;
        for (way, expected) in [
            (
                "update events set payload = replace({payload}, 'Acme', 'Evil'){json} where position = 1",
                "#1: here or behind it, up to #4,",
            ),
            (
                "update events set payload = replace({payload}, 'test', 'text'){json} where position = 7",
                "#5: here or behind it, up to #8,",
            ),
            ("delete from events where position > 7;
              delete from commands where first_position > 8; delete from claims where position > 8;
              update commands set last_position = 7, sequence = 2 where last_position = 8;
              update guards set value = 1", "#8: is missing: of 8 events a checkpoint was signed"),
        ] {
            let (store, checkpoints) = again(&store, &file).await?;
            let mut owner = owner(&store).await?;
            owner.run(&said(&store, way)).await?;
            owner.run("delete from seal; delete from seal_node").await?;
            hash_again(&store, &mut owner).await?;
            store.projector.rebuild(|_| ()).await?;
            assert_eq!(found(&store, &[]).await?, Vec::<String>::new(), "{way}");
            let found = found(&store, &checkpoints).await?;
            assert!(found.iter().any(|finding| finding.starts_with(expected)), "{way}: {found:#?}");
        }
    }

    /// The stored tree is one more thing to make fit, and that takes the key.
    async fn whoever_forgets_the_tree_or_has_no_key_is_found_by_the_database_itself(store: Store) {
        let file = ten_events(&store).await?;
        for forge in [false, true] {
            let (store, _) = again(&store, &file).await?;
            let mut owner = owner(&store).await?;
            owner.run(&said(&store, EDITED[0].0)).await?;
            hash_again(&store, &mut owner).await?;
            if forge {
                owner.run("delete from seal").await?;
                sealed(store.db(), &projections::seal::SigningKey::new("portal/log", &[8; 32])?, None).await?;
            }
            let found = found(&store, &[]).await?;
            let expected =
                if forge { "seal: what is kept as the checkpoint" } else { "#1: here or behind it, up to #8" };
            assert!(found.iter().any(|finding| finding.starts_with(expected)), "{found:#?}");
        }
    }
}

async fn are_found(store: &Store, ways: Ways) -> Outcome {
    let file = ten_events(store).await?;
    let (untouched, checkpoints) = again(store, &file).await?;
    assert_eq!(found(&untouched, &checkpoints).await?, Vec::<String>::new());
    for (way, expected) in ways {
        let (store, checkpoints) = again(store, &file).await?;
        owner(&store).await?.run(&said(&store, way)).await?;
        let found = found(&store, &checkpoints).await?;
        assert!(found.iter().any(|finding| finding.starts_with(expected)), "{way}: {found:#?}");
    }
    Ok(())
}

/// Ten events as a file.
pub(crate) async fn ten_events(store: &Store) -> Outcome<Vec<String>> {
    some_history(store).await?;
    for slug in ["nine", "ten"] {
        store.append(creation("Late", slug)).await?;
    }
    let mut file = vec![];
    transfer::export(&store.log, &mut file, |_| ()).await?;
    Ok(String::from_utf8(file)?.lines().map(str::to_owned).collect())
}

/// The ten events in a new store, sealed after four and after eight events, and the signed checkpoints.
pub(crate) async fn again(store: &Store, file: &[String]) -> Outcome<(Store, Vec<Checkpoint>)> {
    let (store, mut checkpoints) = (store.fresh().await?, vec![]);
    for number in [4, 8] {
        transfer::import(&store.log, file[..number].join("\n").as_bytes(), |_| ()).await?;
        checkpoints.push(sealed(store.db(), &key("portal/log"), None).await?.checkpoint);
    }
    transfer::import(&store.log, file.join("\n").as_bytes(), |_| ()).await?;
    store.folded().await?;
    Ok((store, checkpoints))
}

/// Somebody who has switched off all triggers.
pub(crate) async fn owner(store: &Store) -> Outcome<Raw> {
    let mut raw = store.raw().await?;
    if store.is_postgres() {
        raw.run("alter table events disable trigger all").await?;
    } else {
        for trigger in ["in_order", "in_sequence", "in_time", "no_update", "no_delete"] {
            raw.run(&format!("drop trigger events_{trigger}")).await?;
        }
    }
    Ok(raw)
}

pub(crate) fn said(store: &Store, way: &str) -> String {
    let (payload, metadata, json, later, earlier) = if store.is_postgres() {
        let (later, earlier) = ("recorded_at + interval '1 hour'", "recorded_at - interval '1 microsecond'");
        ("payload::text", "metadata::text", "::json", later, earlier)
    } else {
        ("payload", "metadata", "", "recorded_at + 3600000000", "recorded_at - 1")
    };
    [("payload", payload), ("metadata", metadata), ("json", json), ("later", later), ("earlier", earlier)]
        .iter()
        .fold(way.to_owned(), |said, (name, sql)| said.replace(&format!("{{{name}}}"), sql))
}

/// Gives each event the hash of what stands there now.
pub(crate) async fn hash_again(store: &Store, owner: &mut Raw) -> Outcome {
    for event in store.events().await? {
        let leaf = leaf_hash(&Leaf {
            position: event.position,
            recorded_at: event.recorded_at,
            sequence: event.sequence,
            fields: [
                &event.aggregate_type,
                &event.aggregate_id,
                &event.event_type,
                &event.event_version,
                &event.payload,
                &event.metadata,
            ],
        });
        let digits = hex::encode(leaf);
        let hash = if store.is_postgres() { format!("'\\x{digits}'") } else { format!("x'{digits}'") };
        owner
            .run(&format!("update events set leaf_hash = {hash} where position = {}", event.position))
            .await?;
    }
    Ok(())
}

/// What `portal verify` finds with these checkpoints.
async fn found(store: &Store, checkpoints: &[Checkpoint]) -> Outcome<Vec<String>> {
    let key = key("portal/log").public();
    let attested = Attested::read(store.db(), checkpoints.to_vec(), Some(key)).await?;
    let report = store.verified().await?;
    let (_, more) = attested.compare(store.db(), report.events).await?;
    Ok(report.findings.iter().chain(&more).map(Finding::to_string).collect())
}
