//! The log as cqrs-es sees it.

use std::collections::HashMap;

use cqrs_es::{AggregateContext, AggregateError, EventStore};
use domain::org::{LifecycleCommand, OrgCommand};
use domain::values::OrgId;
use domain::{Actor, Decider, Metadata, Org};

use crate::engines;
use crate::given::{Store, append, created, creation, id, org_name, reason, renamed, slug};

engines! {
    async fn an_aggregate_comes_back_as_its_events_made_it(store: Store) {
        let acme = store.org("Acme", "acme").await?;
        store.carry_out::<Org>(acme, OrgCommand::Lifecycle(LifecycleCommand::Suspend { reason: reason(), confirmed: None })).await?;
        let loaded = EventStore::<Org>::load_aggregate(&store.log, &acme.to_string()).await?;
        assert_eq!(loaded.sequence, 2);
        assert!(matches!(*loaded.aggregate, Org::Suspended(ref org, _) if org.slug == slug("acme")));
        let events = EventStore::<Org>::load_events(&store.log, &acme.to_string()).await?;
        assert_eq!(events[0].payload, created("Acme", "acme"));
        assert_eq!(events.iter().map(|e| e.sequence).collect::<Vec<_>>(), [1, 2]);
    }

    async fn an_aggregate_without_events_is_the_empty_one(store: Store) {
        let loaded = EventStore::<Org>::load_aggregate(&store.log, &id().to_string()).await?;
        assert_eq!((&*loaded.aggregate, loaded.sequence), (&Org::Unborn, 0));
    }

    async fn what_is_committed_is_in_the_log(store: Store) {
        let acme = OrgId(id());
        let mut context = EventStore::<Org>::load_aggregate(&store.log, &acme.to_string()).await?;
        let (name, slug) = (org_name("Acme"), slug("acme"));
        let events = context.aggregate().decide(OrgCommand::Lifecycle(LifecycleCommand::Create { name, slug, owner: None }))?;
        let committed = store.log.commit(events.clone(), context, metadata()).await?;
        let loaded = EventStore::<Org>::load_events(&store.log, &acme.to_string()).await?;
        assert_eq!((committed[0].sequence, &committed[0].payload), (loaded[0].sequence, &loaded[0].payload));
        assert_eq!(store.events().await?[0].metadata()?.actor, Actor::Shell);
    }

    async fn the_second_commit_from_one_state_is_a_conflict(store: Store) {
        let acme = store.org("Acme", "acme").await?.to_string();
        let load = || EventStore::<Org>::load_aggregate(&store.log, &acme);
        let (one, other) = (load().await?, load().await?);
        store.log.commit(vec![renamed("Apex")], one, metadata()).await?;
        let late = store.log.commit(vec![renamed("Late")], other, metadata()).await;
        assert!(matches!(late, Err(AggregateError::AggregateConflict)), "{late:?}");
    }

    async fn a_command_id_commits_one_decision(store: Store) {
        let acme = store.org("Acme", "acme").await?.to_string();
        let same = metadata();
        let load = || EventStore::<Org>::load_aggregate(&store.log, &acme);
        store.log.commit(vec![renamed("Apex")], load().await?, same.clone()).await?;
        let other = store.log.commit(vec![renamed("Other")], load().await?, same).await;
        assert!(other.is_err(), "a second decision must not look as if it were recorded: {other:?}");
        assert_eq!(store.log.last_position().await?, 2);
    }

    async fn a_damaged_event_keeps_its_aggregate_from_loading(store: Store) {
        let mut damaged = creation("Acme", "acme");
        "{\"OrgCreated\":{\"name\":7}}".clone_into(&mut damaged.events[0].payload);
        store.append(damaged.clone()).await?;
        let loaded = EventStore::<Org>::load_aggregate(&store.log, &damaged.stream.id).await;
        assert!(matches!(loaded, Err(AggregateError::DeserializationError(_))), "{loaded:?}");
        store.append(append::<Org>(OrgId(id()), 0, &[created("Apex", "apex")])).await?;
    }
}

fn metadata() -> HashMap<String, String> {
    let fields = serde_json::to_value(Metadata::new(Actor::Shell, id())).expect("metadata are plain values");
    let fields = fields.as_object().expect("metadata are an object").clone();
    fields.into_iter().map(|(name, value)| (name, value.to_string())).collect()
}
