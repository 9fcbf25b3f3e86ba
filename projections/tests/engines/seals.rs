//! Sealing: what is signed goes on where it stopped, holds what was signed before, and proves each event.

use domain::Org;
use domain::values::OrgId;
use projections::event_log::Appended;
use projections::projector::Finding;
use projections::seal::{
    Attested, Checkpoint, Evidence, PublicKey, SealStep, SignedCheckpoint, SigningKey, contradict,
    contradicted, evidence, export, read_on,
};
use projections::seal::{SealError, step::SealProgress};
use projections::transfer;
use projections::{Db, EventLog};

use crate::engines;
use crate::given::{Outcome, Store, append, created, creation, id, renamed};
use crate::verify::some_history;

engines! {
    async fn each_seal_holds_the_one_before(store: Store) {
        let (key, org) = (key("portal/log"), OrgId(id()));
        store.append(append::<Org>(org, 0, &[created("Acme", "acme")])).await?;
        let mut signed = vec![sealed(store.db(), &key, None).await?];
        let mut sequence = 1;
        for events in [1, 254, 1, 5, 300, 4200] {
            sequence = rename(&store, org, sequence, events).await?.sequence;
            signed.push(sealed(store.db(), &key, signed.last()).await?);
        }
        let sizes: Vec<u64> = signed.iter().map(|signed| signed.checkpoint.size).collect();
        assert_eq!(sizes, [1, 2, 256, 257, 262, 562, 4762]);
        let turn = SealStep::begin(store.db(), key.origin()).await?.ok_or("nobody else is at it")?;
        for earlier in &signed {
            turn.standing().holds(store.db(), &earlier.checkpoint).await?;
        }
        turn.end().await?;
        let checkpoints: Vec<_> = signed.into_iter().map(|signed| signed.checkpoint).collect();
        let (agreed, findings) = compared(store.db(), 4762, checkpoints, Some(key.public())).await?;
        assert_eq!((agreed, findings), (4762, vec![]));
    }

    async fn every_event_can_be_handed_out_with_its_proof(store: Store) {
        let key = key("portal/log");
        some_history(&store).await?;
        let org = OrgId(id());
        store.append(append::<Org>(org, 0, &[created("Long", "long")])).await?;
        rename(&store, org, 1, 600).await?;
        sealed(store.db(), &key, None).await?;
        for position in (1..=609).step_by(19).chain([256, 257, 512, 513, 609]) {
            let evidence = written(&store.log, position).await?;
            assert_eq!(read(&evidence)?.check(&key.public()), Ok((position, 609)));
            let edited = evidence.replace("\"sequence\":", "\"sequence\":1");
            assert!(read(&edited)?.check(&key.public()).is_err(), "{edited}");
            let of_another_size = evidence.replace("\\n609\\n", "\\n608\\n");
            assert!(read(&of_another_size)?.check(&key.public()).is_err(), "{of_another_size}");
            let moved = evidence.replace("\"leaf_index\":", "\"leaf_index\":1");
            assert!(read(&moved)?.check(&key.public()).is_err());
            assert!(read(&evidence)?.check(&self::key("other/log").public()).is_err());
        }
    }

    async fn there_is_no_evidence_of_what_is_not_sealed_or_not_there(store: Store) {
        store.append(creation("One", "one")).await?;
        assert!(refusal(&store, 1).await.starts_with("nothing is sealed"));
        sealed(store.db(), &key("portal/log"), None).await?;
        store.append(creation("Two", "two")).await?;
        let why = refusal(&store, 2).await;
        assert!(why.starts_with("#2 is not sealed yet: the last checkpoint is of 1"), "{why}");
        assert_eq!(refusal(&store, 3).await, "there is no event #3");
        store.tamper("update events set event_version = '2' where position = 1").await?;
        assert!(refusal(&store, 1).await.starts_with("#1 can't be proven"));
    }

    async fn a_changed_event_is_not_sealed(store: Store) {
        some_history(&store).await?;
        store.tamper("update events set event_version = '2' where position = 7").await?;
        assert!(matches!(read_on(store.db(), "portal/log").await, Err(SealError::Changed(7))));
    }

    async fn a_restore_of_an_earlier_moment_seals_again_under_a_new_origin(store: Store) {
        let key = key("portal/log");
        some_history(&store).await?;
        let earlier = file(&store).await?;
        store.append(creation("Lost", "lost")).await?;
        let signed = sealed(store.db(), &key, None).await?;
        let restored = store.fresh().await?;
        transfer::import(&restored.log, earlier.as_slice(), |_| ()).await?;
        let behind = why_not(&restored, &key, &signed).await;
        assert!(behind.starts_with("a checkpoint of 9 events was signed, and the log has 8"), "{behind}");
        restored.append(creation("Other", "other")).await?;
        let other = why_not(&restored, &key, &signed).await;
        assert!(other.starts_with("the log does not begin with the 9 events"), "{other}");
        let (agreed, findings) = compared(restored.db(), 9, vec![signed.checkpoint], None).await?;
        assert!(matches!(findings.as_slice(), [Finding::Event { position: 1, .. }, ..]), "{findings:?}");
        assert_eq!(agreed, 0);
        let anew = sealed(restored.db(), &self::key("portal/log/2"), None).await?;
        assert_eq!(anew.checkpoint.size, 9);
    }

    async fn events_that_were_removed_after_sealing_stop_the_next_seal(store: Store) {
        some_history(&store).await?;
        sealed(store.db(), &key("portal/log"), None).await?;
        store.tamper("delete from events where position = 8").await?;
        let refused = read_on(store.db(), "portal/log").await;
        assert!(matches!(refused, Err(SealError::Behind { signed: 8, stands: 7 })), "{refused:?}");
    }

    async fn one_process_seals_at_a_time(store: Store) {
        some_history(&store).await?;
        if store.is_postgres() {
            let (log, _) = store.another_process().await?;
            sealed(store.db(), &key("portal/log"), None).await?;
            let turn = SealStep::begin(store.db(), "portal/log").await?;
            assert!(turn.is_some() && SealStep::begin(log.db(), "portal/log").await?.is_none());
            store.append(creation("Late", "late")).await?;
            assert_eq!(read_on(log.db(), "portal/log").await?, SealProgress::Taken);
            turn.ok_or("it was ours")?.end().await?;
        }
        let four = (0..4).map(|_| finish(store.db(), "portal/log"));
        futures::future::try_join_all(four).await?;
        sealed(store.db(), &key("portal/log"), None).await?;
        let (_, findings) = compared(store.db(), store.log.last_position().await?, vec![], None).await?;
        assert_eq!(findings, []);
    }

    async fn what_another_process_found_contradicted_is_told_to_all(store: Store) {
        some_history(&store).await?;
        let (key, other) = (key("portal/log"), key("portal/other"));
        sealed(store.db(), &key, None).await?;
        for signed in [key.sign(8, [9; 32]), key.sign(8, [9; 32]), key.sign(9, [9; 32]), other.sign(8, [9; 32])] {
            contradict(store.db(), &signed).await?;
        }
        let (log, _) = store.another_process().await?;
        let told = contradicted(log.db(), key.origin()).await?;
        assert_eq!(told, [key.sign(8, [9; 32]), key.sign(9, [9; 32])]);
        let (_, findings) = compared(store.db(), 8, vec![], Some(key.public())).await?;
        let twice = "two different roots were signed for 8 events";
        assert!(findings.iter().any(|finding| finding.to_string().contains(twice)), "{findings:?}");
        let of_another_key = SigningKey::new("portal/log", &[8; 32])?.public();
        let (_, findings) = compared(store.db(), 8, vec![], Some(of_another_key)).await?;
        assert!(!findings.iter().any(|finding| matches!(finding, Finding::Event { .. })), "{findings:?}");
    }

    /// Verifies while others write and seal: checkpoints that are signed meanwhile are of events that it did not read.
    async fn what_is_signed_while_the_log_is_verified_is_no_finding(store: Store) {
        some_history(&store).await?;
        let key = key("portal/log");
        sealed(store.db(), &key, None).await?;
        let attested = Attested::read(store.db(), vec![], Some(key.public())).await?;
        let (report, org) = (store.verified().await?, OrgId(id()));
        store.append(append::<Org>(org, 0, &[created("Late", "late")])).await?;
        rename(&store, org, 1, 300).await?;
        sealed(store.db(), &key, None).await?;
        assert_eq!(attested.compare(store.db(), report.events).await?, (8, vec![]));
    }

    async fn a_rebuild_leaves_what_was_sealed_alone(store: Store) {
        some_history(&store).await?;
        let signed = sealed(store.db(), &key("portal/log"), None).await?;
        store.projector.rebuild(|_| ()).await?;
        let turn = SealStep::begin(store.db(), "portal/log").await?.ok_or("nobody else is at it")?;
        assert_eq!((turn.standing().size(), turn.standing().signed()), (8, Some(signed)));
        turn.end().await?;
    }

    async fn export_and_import_into_either_engine_give_the_same_root(store: Store) {
        some_history(&store).await?;
        let signed = sealed(store.db(), &key("portal/log"), None).await?;
        let file = file(&store).await?;
        for other in [Store::sqlite().await?, Store::postgres().await?] {
            transfer::import(&other.log, file.as_slice(), |_| ()).await?;
            assert_eq!(sealed(other.db(), &key("portal/log"), None).await?, signed);
        }
        let report = export::check(file.as_slice(), vec![signed.checkpoint])?;
        assert_eq!((report.events, report.sealed, report.findings), (8, 8, vec![]));
    }
}

pub(crate) fn key(origin: &str) -> SigningKey {
    SigningKey::new(origin, &[7; 32]).expect("a plain origin")
}

/// Signs a checkpoint of everything, which must hold the one before.
pub(crate) async fn sealed(
    db: &Db,
    key: &SigningKey,
    before: Option<&SignedCheckpoint>,
) -> Outcome<SignedCheckpoint> {
    finish(db, key.origin()).await?;
    let turn = SealStep::begin(db, key.origin()).await?.ok_or("nobody else is at it")?;
    if let Some(before) = before {
        turn.standing().holds(db, &before.checkpoint).await?;
    }
    let signed = key.sign(turn.standing().size(), turn.standing().root());
    turn.sealed(&signed).await?;
    Ok(signed)
}

async fn why_not(store: &Store, key: &SigningKey, before: &SignedCheckpoint) -> String {
    sealed(store.db(), key, Some(before)).await.err().map(|why| why.to_string()).unwrap_or_default()
}

/// The findings in the first events with these checkpoints, and how many events are as they were signed.
async fn compared(
    db: &Db,
    up_to: i64,
    checkpoints: Vec<Checkpoint>,
    key: Option<PublicKey>,
) -> Outcome<(i64, Vec<Finding>)> {
    Ok(Attested::read(db, checkpoints, key).await?.compare(db, up_to).await?)
}

async fn finish(db: &Db, origin: &str) -> Outcome {
    while read_on(db, origin).await? == SealProgress::More {}
    Ok(())
}

async fn rename(store: &Store, org: OrgId, after: i64, times: usize) -> Outcome<Appended> {
    let names: Vec<_> = (0..times).map(|number| renamed(&format!("Acme {number}"))).collect();
    Ok(store.append(append::<Org>(org, after, &names)).await?)
}

async fn written(log: &EventLog, position: i64) -> Outcome<String> {
    Ok(serde_json::to_string(&evidence(log, position, None).await?)?)
}

async fn refusal(store: &Store, position: i64) -> String {
    evidence(&store.log, position, None).await.err().map(|why| why.to_string()).unwrap_or_default()
}

fn read(text: &str) -> Outcome<Evidence> {
    Ok(serde_json::from_str(text)?)
}

async fn file(store: &Store) -> Outcome<Vec<u8>> {
    let mut file = vec![];
    transfer::export(&store.log, &mut file, |_| ()).await?;
    Ok(file)
}
