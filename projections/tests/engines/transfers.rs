//! The log as a file: what goes out comes in again, on either engine, and proves itself there.

use domain::values::PersonId;
use projections::people;
use projections::transfer::{export, import};

use crate::engines;
use crate::given::{Outcome, Store, creation, id, noon};

engines! {
    async fn a_log_moves_to_either_engine_byte_for_byte(store: Store) {
        let file = exported(&store).await?;
        for other in [Store::sqlite().await?, Store::postgres().await?] {
            assert_eq!(import(&other.log, file.as_slice(), |_| ()).await?, 4);
            assert_eq!(other.events().await?, store.events().await?);
            let mut again = vec![];
            export(&other.log, &mut again, |_| ()).await?;
            assert_eq!(String::from_utf8(again)?, String::from_utf8(file.clone())?);
            other.assert_sound().await?;
        }
    }

    async fn what_is_there_already_is_passed_over(store: Store) {
        let file = exported(&store).await?;
        assert_eq!(import(&store.log, file.as_slice(), |_| ()).await?, 0);
        store.append(creation("Later", "later")).await?;
        assert_eq!(import(&store.log, file.as_slice(), |_| ()).await?, 0);
        store.assert_sound().await?;
    }

    async fn a_changed_cut_or_foreign_file_is_refused_whole(store: Store) {
        let file = String::from_utf8(exported(&store).await?)?;
        let lines: Vec<&str> = file.lines().collect();
        let changed = file.replace("Acme", "Evil");
        let without_the_second = [&lines[..2], &lines[3..]].concat().join("\n");
        for broken in [changed, without_the_second, file.replace("\"position\":3", "\"position\":\"3\"")] {
            let other = store.fresh().await?;
            let refused = import(&other.log, broken.as_bytes(), |_| ()).await;
            assert!(refused.is_err());
            assert_eq!(other.log.last_position().await?, 0);
        }
        let foreign = store.fresh().await?;
        foreign.append(creation("Foreign", "foreign")).await?;
        assert!(import(&foreign.log, file.as_bytes(), |_| ()).await.is_err());
        assert_eq!(foreign.log.last_position().await?, 1);
    }

    async fn whoever_waits_reads_what_was_imported(store: Store) {
        let file = exported(&store).await?;
        let other = store.fresh().await?;
        import(&other.log, file.as_slice(), |_| ()).await?;
        other.folded_to(4).await?;
        let more = creation("More", "more");
        assert_eq!(other.append(more).await?.first_position, 5);
    }
}

/// One person and four events.
async fn exported(store: &Store) -> Outcome<Vec<u8>> {
    people::ensure(store.db(), PersonId(id()), &"maria@example.org".parse()?, noon(1)).await?;
    store.org("Acme \"quoted\" 株式会社", "acme").await?;
    store.superadmin().await?;
    store.org("Apex", "apex").await?;
    store.superadmin().await?;
    let mut file = vec![];
    export(&store.log, &mut file, |_| ()).await?;
    Ok(file)
}
