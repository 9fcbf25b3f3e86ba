//! `/admin/history/tail` and saved searches: what the page of the history has for whoever comes back to it.

use std::time::Duration;

use domain::grant::PlatformRole;
use domain::org::OrgCommand;
use tokio::time::timeout;

use crate::client::{Answer, Client};
use crate::history::{HISTORY, a_past};
use crate::world::World;

/// Longer than a stream needs to notice that it is over.
const SOON: Duration = Duration::from_secs(10);

/// Waits for the answer that ends.
async fn ended(client: &Client, path: &str, then: impl Future<Output = ()>) -> Answer {
    let (client, path) = (client.clone(), path.to_owned());
    let asked = tokio::spawn(async move { client.get(&path).await });
    then.await;
    timeout(SOON, asked).await.expect("it ends").expect("an answer")
}

async fn what_is_new_is_said_until_the_grant_is_revoked(world: World) {
    let (ana, acme, beta) = a_past(&world).await;
    let bob = world.granted("bob@example.com", PlatformRole::Auditor).await;
    let page = bob.get("/admin/history?org=acme").await;
    page.is(200)
        .shows("data-tail=\"/admin/history/tail?org=acme&amp;after=7\"")
        .shows("Look for newer events");
    let told = ended(&bob, "/admin/history/tail?org=acme&after=7", async {
        world.given(beta, OrgCommand::Protect).await;
        world.given(acme, OrgCommand::Protect).await;
        tokio::time::sleep(Duration::from_millis(2500)).await; // the stream looks each second
        world.revoked(bob.person(), PlatformRole::Auditor).await;
        world.given(acme, OrgCommand::Unprotect).await;
    });
    let told = told.await;
    assert_eq!(told.is(200).header("content-type"), Some("text/event-stream"));
    told.shows("data: 1 new event\n").hides("2 new");
    ana.get("/admin/history/tail").await.is(422).shows("after which position");
    ana.get("/admin/history/tail?after=-1").await.is(422);
    ana.get("/admin/history/tail?after=1&org=nowhere").await.is(422);
}

async fn it_ends_with_the_session_and_with_the_server(world: World) {
    let (ana, ..) = a_past(&world).await;
    let bob = world.granted("bob@example.com", PlatformRole::Superadmin).await;
    let signed_out = ended(&bob, "/admin/history/tail?after=7", async {
        tokio::time::sleep(Duration::from_millis(500)).await; // until it is asked
        bob.clone().post("/logout", &[]).await.is(303);
    });
    signed_out.await.is(200);
    let stopped = ended(&ana, "/admin/history/tail?after=3", async {
        tokio::time::sleep(Duration::from_millis(1500)).await; // the stream looks each second
        world.app.stopping.send_replace(true);
    });
    stopped.await.is(200).shows("data: 4 new events\n");
}

async fn a_search_is_saved_under_a_name_for_oneself(world: World) {
    let (ana, ..) = a_past(&world).await;
    let bob = world.granted("bob@example.com", PlatformRole::Auditor).await;
    let save = async |client: &Client, name: &str, query: &str| {
        client.post("/admin/history/searches", &[("name", name), ("query", query)]).await
    };
    ana.get(HISTORY).await.hides("Your searches");
    ana.get("/admin/history?q=march").await.shows("Save this search as").shows("value=\"q=march\"");
    let query = "q=march&kind=org&before=5";
    save(&ana, " Unpaid <b> ", query).await.leads_to("/admin/history?q=march&kind=org");
    let page = ana.get(HISTORY).await;
    page.shows("Unpaid &lt;b&gt;").shows("href=\"/admin/history?q=march&amp;kind=org\"");
    save(&ana, "Unpaid <b>", "last=7").await.leads_to("/admin/history?last=7");
    let page = ana.get(HISTORY).await;
    page.shows("href=\"/admin/history?last=7\">Unpaid").hides("kind=org\">Unpaid");
    bob.get(HISTORY).await.hides("Unpaid &lt;");
    save(&bob, "", "q=x").await.is(422).shows("a name of 1 to 60 characters");
    save(&bob, &"x".repeat(61), "q=x").await.is(422);
    save(&bob, "Nonsense", "what=ever&org=%00").await.is(303);
    let id = page.value("search_id").expect("it can be removed");
    bob.post("/admin/history/searches/removal", &[("search_id", &id)]).await.leads_to(HISTORY);
    ana.get(HISTORY).await.shows("Unpaid &lt;b&gt;");
    ana.post("/admin/history/searches/removal", &[("search_id", &id)]).await.leads_to(HISTORY);
    ana.get(HISTORY).await.hides("Unpaid &lt;b&gt;");
    for number in 0..50 {
        save(&ana, &format!("Search {number}"), "q=x").await.is(303);
    }
    save(&ana, "One too many", "q=x").await.is(422).shows("remove one first");
    save(&ana, "Search 7", "q=y").await.is(303);
}

engines! {
    what_is_new_is_said_until_the_grant_is_revoked,
    it_ends_with_the_session_and_with_the_server,
    a_search_is_saved_under_a_name_for_oneself,
}
