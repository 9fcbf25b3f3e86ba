//! `/admin/history/tail` and saved searches: what the page of the history has for whoever comes back to it.

use std::time::Duration;

use axum::body::Body;
use domain::grant::PlatformRole;
use domain::org::{LifecycleCommand, OrgCommand};
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::client::Client;
use crate::history::{HISTORY, a_past};
use crate::world::World;

/// Longer than a stream needs to say something, or to notice that it is over.
const SOON: Duration = Duration::from_secs(20);

/// The next thing that a stream says; nothing where it ends.
async fn next(stream: &mut Body) -> Option<String> {
    let frame = timeout(SOON, stream.frame()).await.expect("it goes on or ends")?;
    let bytes = frame.expect("it doesn't break").into_data().expect("data");
    Some(String::from_utf8(bytes.into()).expect("UTF-8"))
}

async fn what_is_new_is_said_until_the_grant_is_revoked(world: World) {
    let (ana, acme, beta) = a_past(&world).await;
    let bob = world.granted("bob@example.com", PlatformRole::Auditor).await;
    let page = bob.get("/admin/history?org=acme").await;
    page.is(200)
        .shows("data-tail=\"/admin/history/tail?org=acme&amp;after=7\"")
        .shows("Look for newer events");
    let mut tail = bob.follow("/admin/history/tail?org=acme&after=7").await;
    world.given(beta, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    assert_eq!(next(&mut tail).await.as_deref(), Some("data: 1 new event\n\n"));
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Unprotect)).await;
    assert_eq!(next(&mut tail).await.as_deref(), Some("data: 2 new events\n\n"));
    world.revoked(bob.person(), PlatformRole::Auditor).await;
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Protect)).await;
    assert_eq!(next(&mut tail).await, None);
    ana.get("/admin/history/tail").await.is(422).shows("after which position");
    ana.get("/admin/history/tail?after=-1").await.is(422);
    ana.get("/admin/history/tail?after=1&org=nowhere").await.is(422);
}

async fn it_ends_with_the_session_and_with_the_server(world: World) {
    let (ana, ..) = a_past(&world).await;
    let bob = world.granted("bob@example.com", PlatformRole::Superadmin).await;
    let mut tail = bob.follow("/admin/history/tail?after=7").await;
    bob.post("/logout", &[]).await.is(303);
    assert_eq!(next(&mut tail).await, None);
    let mut tail = ana.follow("/admin/history/tail?after=3").await;
    assert_eq!(next(&mut tail).await.as_deref(), Some("data: 4 new events\n\n"));
    world.app.stopping.send_replace(true);
    assert_eq!(next(&mut tail).await, None);
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
    let long = "x".repeat(61);
    let refused = save(&bob, &long, "q=x").await;
    assert_eq!((refused.is(422).value("name"), refused.value("query")), (Some(long), Some("q=x".to_owned())));
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
