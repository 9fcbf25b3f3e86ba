//! cqrs-es and postgres-es as they come, for comparison in benchmarks: their append and one view.

use cqrs_es::persist::GenericQuery;
use cqrs_es::{EventEnvelope, View};
use domain::Org;
use domain::org::{LifecycleEvent, OrgCommand, OrgEvent};
use postgres_es::{PostgresCqrs, PostgresViewRepository, postgres_cqrs};
use serde::{Deserialize, Serialize};
use sqlx::Executor;
use sqlx::postgres::PgPoolOptions;

/// An organisation in a list.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ListedOrg {
    name: String,
    slug: String,
}

impl View<Org> for ListedOrg {
    fn update(&mut self, event: &EventEnvelope<Org>) {
        if let OrgEvent::Lifecycle(LifecycleEvent::OrgCreated { name, slug }) = &event.payload {
            *self = Self { name: name.to_string(), slug: slug.to_string() };
        }
    }
}

type Listing = GenericQuery<PostgresViewRepository<ListedOrg, Org>, ListedOrg, Org>;

/// The stock framework on a database of its own.
pub struct Stock(PostgresCqrs<Org>);

impl Stock {
    /// Makes the tables that postgres-es documents, and a view.
    pub async fn open(url: &str) -> Self {
        let pool = PgPoolOptions::new().max_connections(16).connect(url).await.expect("the database answers");
        pool.execute(
            "create table if not exists events (
                 aggregate_type text not null, aggregate_id text not null, sequence bigint not null,
                 event_type text not null, event_version text not null, payload json not null, metadata json not null,
                 primary key (aggregate_type, aggregate_id, sequence));
             create table if not exists listed (
                 view_id text primary key, version bigint not null, payload json not null)",
        )
        .await
        .expect("the tables can be made");
        let views = PostgresViewRepository::new("listed", pool.clone());
        let listing: Listing = GenericQuery::new(std::sync::Arc::new(views));
        Self(postgres_cqrs(pool, vec![Box::new(listing)], ()))
    }

    /// Carries out one command.
    pub async fn execute(&self, id: &str, command: OrgCommand) -> Result<(), String> {
        self.0.execute(id, command).await.map_err(|error| error.to_string())
    }
}
