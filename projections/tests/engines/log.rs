//! Appending and loading, and the reasons for which an append is refused.

use domain::grant::SUPERADMINS;
use domain::org::{LifecycleEvent, SLUGS};
use domain::values::{OrgId, PersonId};
use domain::{Actor, AnyEvent, Grant, Org};
use projections::OpenError;
use projections::event_log::{Append, AppendError};

use crate::engines;
use crate::given::{
    Store, append, authority, created, creation, id, renamed, slug, superadmin_granted, superadmin_revoked,
};

engines! {
    async fn what_is_appended_is_read_back(store: Store) {
        let id = OrgId(id());
        let two = append::<Org>(id, 0, &[created("Ünï & 株式会社", "acme"), renamed("a \"quoted\" \\ name")]);
        let appended = store.append(two.clone()).await?;
        assert_eq!((appended.first_position, appended.last_position, appended.sequence), (1, 2, 2));
        let events = store.events().await?;
        assert_eq!(events[1].decode()?, AnyEvent::Org(id, renamed("a \"quoted\" \\ name")));
        assert_eq!(events[0].metadata()?, two.metadata);
        assert_eq!(store.log.stream(&two.stream, 0).await?, events);
        assert_eq!(store.log.stream(&two.stream, 1).await?, events[1..]);
        assert_eq!(store.log.at(&[2, 1]).await?, events);
    }

    async fn an_append_that_the_database_refuses_takes_no_other_along(store: Store) {
        for statement in if store.is_postgres() { REFUSE_POSTGRES } else { REFUSE_SQLITE } {
            store.raw().await?.run(statement).await?;
        }
        let many = (0..40).map(|number| store.log.append(creation("Acme", &format!("{}-{number}", if number == 7 { "bad" } else { "good" }))));
        let answers = futures::future::join_all(many).await;
        let refused: Vec<usize> = (0..40).filter(|number| answers[*number].is_err()).collect();
        assert_eq!((refused, store.events().await?.len()), (vec![7], 39));
        let Err(AppendError::Store(why)) = &answers[7] else { return Err(format!("{:?}", answers[7]).into()) };
        assert!(!projections::is_away(why), "it would be refused again and again: {why}");
    }

    async fn positions_have_no_gap_and_time_never_goes_back(store: Store) {
        for number in 0..30 {
            store.append(creation("Acme", &format!("acme-{number}"))).await?;
        }
        let events = store.events().await?;
        assert!(events.iter().map(|e| e.position).eq(1..=30));
        assert!(events.is_sorted_by_key(|e| e.recorded_at));
        assert!(events.iter().all(|e| e.sequence == 1 && e.is_intact()));
        assert_eq!(store.log.tail(10, 5).await?, events[10..15]);
        assert_eq!((store.log.last_position().await?, *store.log.head().borrow()), (30, 30));
    }

    async fn the_database_computes_the_same_leaf_hash(store: Store) {
        store.append(creation("Ünï & 株式会社 \u{1f600}", "acme")).await?;
        store.append(creation("back\\slash \"quote\" \u{2028}", "apex")).await?;
        if store.is_postgres() {
            let same = "select count(*) from events e where leaf_hash = event_log_leaf(e)";
            assert_eq!(store.raw().await?.number(same).await?, 2);
        }
        assert!(store.events().await?.iter().all(projections::event_log::Recorded::is_intact));
    }

    async fn a_stream_that_moved_refuses_what_was_decided_before(store: Store) {
        let id = OrgId(id());
        store.append(append::<Org>(id, 0, &[created("Acme", "acme"), renamed("Apex")])).await?;
        for after in [0, 1, 3] {
            let late = store.append(append::<Org>(id, after, &[renamed("Late")])).await;
            assert!(matches!(late, Err(AppendError::Conflict { actual: 2 })), "after {after}: {late:?}");
        }
        assert_eq!(store.log.last_position().await?, 2);
    }

    async fn a_repeated_command_gives_its_first_answer(store: Store) {
        let command = creation("Acme", "acme");
        let first = store.append(command.clone()).await?;
        store.append(creation("Apex", "apex")).await?;
        assert_eq!(store.append(command.clone()).await?, first);
        assert_eq!(store.log.last_position().await?, 2);
        let record = store.log.command(command.metadata.command).await?.ok_or("it is on record")?;
        assert_eq!((record.appended(), record.actor.as_str()), (first, "shell"));
    }

    async fn a_command_id_stands_for_one_command_of_one_actor(store: Store) {
        let command = creation("Acme", "acme");
        store.append(command.clone()).await?;
        let other_content = Append { fingerprint: [8; 32], ..command.clone() };
        let mut other_actor = command;
        other_actor.metadata.actor = Actor::Person(PersonId(id()));
        for reused in [other_content, other_actor] {
            let answer = store.append(reused).await;
            assert!(matches!(answer, Err(AppendError::CommandReused)), "{answer:?}");
        }
    }

    async fn a_refused_command_may_be_tried_again_with_its_id(store: Store) {
        let id = OrgId(id());
        let early = append::<Org>(id, 1, &[renamed("Apex")]);
        assert!(matches!(store.append(early.clone()).await, Err(AppendError::Conflict { actual: 0 })));
        store.append(append::<Org>(id, 0, &[created("Acme", "acme")])).await?;
        assert_eq!(store.append(early).await?.sequence, 2);
    }

    async fn a_slug_belongs_to_one_organisation(store: Store) {
        let holder = creation("Acme", "acme");
        store.append(holder.clone()).await?;
        match store.append(creation("Apex", "acme")).await {
            Err(AppendError::Taken { namespace, key, holder: named }) => {
                assert_eq!((namespace, key.as_str(), named), (SLUGS, "acme", holder.stream));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(store.log.last_position().await?, 1);
    }

    async fn an_organisation_may_go_back_to_a_slug_it_had(store: Store) {
        let id = OrgId(id());
        let slugged = |to: &str| domain::org::OrgEvent::Lifecycle(LifecycleEvent::OrgSlugChanged { slug: slug(to) });
        store.append(append::<Org>(id, 0, &[created("Acme", "acme"), slugged("apex")])).await?;
        store.append(append::<Org>(id, 2, &[slugged("acme")])).await?;
        let taken = store.append(creation("Other", "apex")).await;
        assert!(matches!(taken, Err(AppendError::Taken { .. })), "an old slug is never free: {taken:?}");
        store.assert_sound().await?;
    }

    async fn the_last_superadmin_stays(store: Store) {
        let (one, other) = (store.superadmin().await?, store.superadmin().await?);
        let revoked = |id| append::<Grant>(id, 1, &[superadmin_revoked()]);
        store.append(revoked(one)).await?;
        let last = store.append(revoked(other)).await;
        assert!(matches!(last, Err(AppendError::Guarded { name: SUPERADMINS })), "{last:?}");
        store.append(append::<Grant>(one, 2, &[superadmin_granted()])).await?;
        store.append(revoked(other)).await?;
        store.assert_sound().await?;
    }

    async fn a_right_that_changed_no_longer_gives_the_right(store: Store) {
        let (one, _other) = (store.superadmin().await?, store.superadmin().await?);
        let authority = Some(authority(one));
        store.append(Append { authority: authority.clone(), ..creation("Acme", "acme") }).await?;
        store.append(append::<Grant>(one, 1, &[superadmin_revoked()])).await?;
        let act = Append { authority, ..creation("Apex", "apex") };
        let late = store.append(act).await;
        assert!(matches!(late, Err(AppendError::AuthorityChanged)), "{late:?}");
    }

    async fn an_append_of_nothing_leaves_no_trace(store: Store) {
        let acme = OrgId(id());
        store.append(append::<Org>(acme, 0, &[created("Acme", "acme")])).await?;
        let nothing = append::<Org>(acme, 1, &[]);
        let appended = store.append(nothing.clone()).await?;
        assert_eq!((appended.last_position, appended.sequence), (1, 1));
        assert!(store.log.command(nothing.metadata.command).await?.is_none());
        store.assert_sound().await?;
    }

    async fn everything_is_there_after_a_restart(store: Store) {
        let command = creation("Acme", "acme");
        let first = store.append(command.clone()).await?;
        let before = store.events().await?;
        let store = store.reopened().await?;
        assert_eq!(store.events().await?, before);
        assert_eq!(store.append(command).await?, first);
        assert_eq!((store.projector.folded(), *store.log.head().borrow()), (1, 1));
        store.assert_sound().await?;
    }

    async fn a_closed_store_refuses_and_does_not_hang(store: Store) {
        store.db().close().await;
        let refused = store.append(creation("Acme", "acme")).await;
        assert!(matches!(refused, Err(AppendError::Store(_))), "{refused:?}");
        assert!(store.log.last_position().await.is_err());
    }

    async fn a_sqlite_file_has_one_process_and_postgres_has_many(store: Store) {
        let again = store.opened_again().await;
        if store.is_postgres() {
            assert_eq!(again?.engine(), "postgres");
        } else {
            assert!(matches!(again, Err(OpenError::InUse(_))), "{again:?}");
        }
    }

    async fn a_large_append_is_one_append(store: Store) {
        let names: Vec<_> = (0..2000).map(|number| renamed(&format!("Name {number} {}", "x".repeat(150)))).collect();
        let id = OrgId(id());
        let events = [&[created("Acme", "acme")], names.as_slice()].concat();
        assert_eq!(store.append(append::<Org>(id, 0, &events)).await?.last_position, 2001);
        store.assert_sound().await?;
    }
}

/// Makes the database refuse organisations whose slugs begin with `bad-`.
const REFUSE_SQLITE: &[&str] = &["create trigger refuse before insert on claims when new.key like 'bad-%'
     begin select raise(abort, 'it is refused'); end"];
const REFUSE_POSTGRES: &[&str] = &[
    "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'it is refused'; end $$",
    "create trigger refuse before insert on claims for each row when (new.key like 'bad-%') execute function refuse()",
];
