//! `/admin/history/read-models`: they are compared with the history, and folded again, while they serve.

use std::time::Duration;

use domain::grant::PlatformRole;
use projections::testing;

use crate::client::{Answer, Client};
use crate::history::a_past;
use crate::world::World;

const PLACE: &str = "/admin/history/read-models";
const VERIFY: &str = "/admin/history/read-models/verification";
const REBUILD: &str = "/admin/history/read-models/rebuild";

/// The page once nothing is under way any more.
async fn done(client: &Client) -> Answer {
    for _ in 0..500 {
        let page = client.get(PLACE).await;
        if page.is(200).header("refresh").is_none() {
            return page;
        }
        page.shows("This page reloads by itself").hides("Fold everything again</button>");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not end")
}

async fn what_was_changed_is_found_and_put_right(world: World) {
    let (ana, ..) = a_past(&world).await;
    let last = world.position().await;
    let page = ana.get(PLACE).await;
    page.is(200).shows("up to").shows("nothing").hides("as they were written");
    ana.post(VERIFY, &[]).await.leads_to(PLACE);
    done(&ana).await.shows(&format!("{last} events are as they were written"));

    testing::execute(
        &world.app.settings.database_url,
        "update org_list set members = 99 where slug = 'acme'",
    );
    ana.get("/admin/orgs").await.shows(">99<");
    ana.post(VERIFY, &[]).await.leads_to(PLACE);
    done(&ana).await.shows("Something is wrong").shows("org_list: ");

    ana.post(REBUILD, &[]).await.leads_to(PLACE);
    done(&ana).await.shows("Every read model was folded again, from the first event to");
    ana.get("/admin/orgs").await.hides(">99<");
    ana.post(VERIFY, &[]).await.leads_to(PLACE);
    done(&ana).await.shows(&format!("{last} events are as they were written"));
    assert_eq!(world.position().await, last, "nothing happened");
}

async fn auditors_verify_and_fold_nothing(world: World) {
    a_past(&world).await;
    let cleo = world.granted("cleo@example.com", PlatformRole::Auditor).await;
    cleo.get(PLACE).await.is(200).shows("Verify</button>").hides("Fold everything again</button>");
    cleo.post(VERIFY, &[]).await.leads_to(PLACE);
    done(&cleo).await.shows("events are as they were written");
    cleo.post(REBUILD, &[]).await.is(403);
    done(&cleo).await.hides("folded again, from");
}

engines! {
    what_was_changed_is_found_and_put_right,
    auditors_verify_and_fold_nothing,
}
