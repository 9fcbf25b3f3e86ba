//! How far consumers have acted: where they begin, who acts, and what leaves their positions alone.

use projections::consumers::{self, ConsumerState, Turn};

use crate::engines;
use crate::given::{Outcome, Store};

const MAIL: &str = "mail";

engines! {
    async fn a_new_consumer_begins_behind_the_last_event_and_an_old_one_stays_where_it_is(store: Store) {
        store.org("Acme", "acme").await?;
        let end = store.log.last_position().await?;
        assert!(end > 0);
        consumers::register(store.db(), [MAIL]).await?;
        store.org("Zeta", "zeta").await?;
        consumers::register(store.db(), [MAIL]).await?;
        assert_eq!(position(&store).await?, end);
    }

    async fn a_position_is_kept_and_no_rebuild_moves_it(store: Store) {
        consumers::register(store.db(), [MAIL]).await?;
        store.org("Acme", "acme").await?;
        let turn = Turn::take(store.db(), MAIL).await?.ok_or("nobody has it")?;
        assert_eq!(turn.position(), 0);
        turn.advance(1).await?;
        store.projector.rebuild(|_| ()).await?;
        let store = store.reopened().await?;
        consumers::register(store.db(), [MAIL]).await?;
        assert_eq!(position(&store).await?, 1);
        store.assert_sound().await?;
    }

    async fn one_process_acts_at_a_time_and_a_dropped_turn_changes_nothing(store: Store) {
        consumers::register(store.db(), [MAIL]).await?;
        let turn = Turn::take(store.db(), MAIL).await?.ok_or("nobody has it")?;
        if store.is_postgres() {
            let other = store.opened_again().await?;
            assert!(Turn::take(&other, MAIL).await?.is_none());
        }
        drop(turn);
        store.db().close().await; // as if the process had been killed
        let store = store.reopened().await?;
        let turn = Turn::take(store.db(), MAIL).await?.ok_or("nobody has it any more")?;
        assert_eq!(turn.position(), 0);
    }

    async fn why_it_stands_still_is_kept_until_it_goes_on(store: Store) {
        consumers::register(store.db(), [MAIL]).await?;
        let now = projections::steady::now();
        let turn = Turn::take(store.db(), MAIL).await?.ok_or("nobody has it")?;
        turn.fail("#1: the mail server is away", now).await?;
        let state = consumers::all(store.db()).await?.remove(0);
        let (error, failed_at) = (Some("#1: the mail server is away".to_owned()), Some(now));
        assert_eq!(state, ConsumerState { name: MAIL.to_owned(), position: 0, error, failed_at });
        let turn = Turn::take(store.db(), MAIL).await?.ok_or("nobody has it")?;
        turn.advance(1).await?;
        assert_eq!(consumers::all(store.db()).await?.remove(0).error, None);
    }
}

async fn position(store: &Store) -> Outcome<i64> {
    Ok(consumers::all(store.db()).await?.into_iter().find(|it| it.name == MAIL).ok_or("registered")?.position)
}
