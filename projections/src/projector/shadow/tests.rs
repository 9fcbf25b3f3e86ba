//! A column more in a read model: the way that docs/ADDING.md describes, with a migration that this version does not have.

use domain::org::{LifecycleEvent, OrgEvent};
use domain::values::OrgId;
use domain::{Actor, Metadata, Org};
use uuid::Uuid;

use super::*;
use crate::event_log::{Append, Draft, StreamId};
use crate::projector::Finding;
use crate::{EventLog, Projector, testing};

/// What a newer version would add as a migration, with the column at its end, and the index below the line.
const STEP: &str = "alter table org_list add column colour text not null default 'grey';
-- When the rows are there:
create index org_list_colour on org_list (colour);
";

/// The migration alters what serves; then everything is folded into tables that were altered by the same text.
async fn a_column_more(url: &str) {
    let db = Db::open(url).await.expect("an empty database opens");
    let log = EventLog::open(db.clone()).await.expect("opens");
    let projector = Projector::start(log.clone()).await.expect("folds");
    for (number, slug) in [(1, "acme"), (2, "apex")] {
        let last = log.append(creation(number, slug)).await.expect("appended").last_position;
        projector.wait_for(last, std::time::Duration::from_secs(10)).await.expect("folded");
    }
    let [postgres, sqlite] = STEPS;
    let steps = if db.engine() == "postgres" { postgres } else { sqlite };
    let steps: Vec<&str> = steps.iter().copied().chain([STEP]).collect();

    testing::execute(url, STEP);
    log.append(creation(3, "between")).await.expect("an older version writes beside it");
    let mut shadow = Shadow::made_by(&steps, &db, ShadowPurpose::Serve).await.expect("the texts run");
    shadow.fold(&db, 2, OnFoldError::Fail, &|_| ()).await.expect("folds");
    shadow.swap(&db).await.expect("takes the place of what served");

    let rows = "select count(*) from org_list where colour = 'grey' and valid_to is null";
    let rows: i64 =
        crate::db::read!(db, |pool| sqlx::query_scalar(rows).fetch_one(pool).await).expect("a column");
    assert_eq!(rows, 3);
    // The column came behind the back of this version, which says so of the table where it can be told.
    let mut findings = projector.verify(|_| ()).await.expect("verifies").findings;
    findings.retain(|finding| !matches!(finding, Finding::Wall { .. }));
    assert_eq!(findings, []);
}

fn creation(number: u128, slug: &str) -> Append {
    let (name, id) = ("Acme".parse().expect("a name"), OrgId(Uuid::from_u128(number)));
    let event = OrgEvent::Lifecycle(LifecycleEvent::OrgCreated { name, slug: slug.parse().expect("a slug") });
    Append {
        stream: StreamId::of::<Org>(id),
        after: 0,
        events: vec![Draft::of::<Org>(&event)],
        metadata: Metadata::new(Actor::Shell, id.0),
        fingerprint: [7; 32],
        authority: None,
        beside: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_model_gets_a_column_on_sqlite() {
    let (_folder, url) = testing::sqlite();
    a_column_more(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_model_gets_a_column_on_postgres() {
    a_column_more(&testing::postgres().await).await;
}
