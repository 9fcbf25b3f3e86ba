//! Nothing fails because there are very many of something.

use std::time::{Duration, Instant};

use domain::Org;
use projections::{is_away, memberships, operator_reads, org_detail, org_list, people};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::engines;
use crate::given::{Raw, Store, append, id, noon, renamed};
use crate::newer::{found, until};

/// More than a statement may have parameters, on either engine.
const MANY: usize = 70_000;

engines! {
    async fn a_list_may_have_any_length(store: Store) {
        let platform = store.platform().await?;
        let acme = store.org("Acme", "acme").await?.0;
        let ids: Vec<Uuid> = (0..MANY).map(|_| id()).chain([acme, acme]).collect();
        let positions: Vec<i64> = (-70_000..=2).chain([2, 1]).collect();
        let found: Vec<i64> = store.log.at(&positions).await?.iter().map(|event| event.position).collect();
        assert_eq!(found, [1, 2]);
        assert_eq!(org_detail::names(store.db(), &ids).await?.len(), 1);
        assert_eq!(org_list::now(store.db(), &platform, &ids).await?.len(), 1);
        assert_eq!(people::names(store.db(), &ids).await?.len(), 0);
        assert_eq!(people::addresses(store.db(), &ids).await?.len(), 0);
        assert_eq!(operator_reads::last_used(store.db(), &platform, &ids).await?.len(), 0);
        assert_eq!(memberships::blast(store.db(), &platform, &ids, noon(0)).await?.members, 0);
    }

    /// The index has each name that the organisation had, and the search compares each with the present one.
    async fn an_organisation_is_found_however_often_it_was_renamed(store: Store) {
        let acme = store.org("Acme", "acme").await?;
        for round in 0..10 {
            let names: Vec<_> = (0..1000).map(|number| renamed(&format!("Zanzibar {round} {number}"))).collect();
            store.append(append::<Org>(acme, 1 + 1000 * round, &names)).await?;
        }
        store.folded().await?;
        until(&store, "select count(*) from org_list_indexed where position >= 10000", 1).await?;
        let since = Instant::now();
        assert_eq!(found(&store, "anzibar").await?, 1);
        assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    }

    async fn a_statement_that_asks_for_too_much_is_no_outage(store: Store) {
        let error = match store.raw().await? {
            Raw::Postgres(mut conn) => too_much().build().execute(&mut conn).await.err(),
            Raw::Sqlite(mut conn) => too_much().build().execute(&mut conn).await.err(),
        };
        let error = error.ok_or("an engine took it")?;
        assert!(!is_away(&error), "{error}");
    }
}

fn too_much<D>() -> QueryBuilder<'static, D>
where
    D: sqlx::Database,
    i64: sqlx::Encode<'static, D> + sqlx::Type<D>,
{
    let mut query = QueryBuilder::new("select 1 where 1 in (");
    let mut list = query.separated(", ");
    for _ in 0..MANY {
        list.push_bind(1_i64);
    }
    query.push(")");
    query
}
