//! Forms about members that come too late, twice, or from the person themselves.

use domain::org::Role;

use crate::world::World;

async fn a_removal_that_is_sent_again_gets_its_first_answer(world: World) {
    let acme = world.org("acme").await;
    let (ana, olga, mike) = (world.operator().await, world.owner(acme).await, world.member(acme).await);
    let lea = world.joined(acme, "lea@example.com", Role::Member).await;
    let inside = format!("/org/acme/members/{}/removal", mike.person().0);
    let console = format!("/admin/orgs/{}/members/{}/removal", acme.0, lea.person().0);
    for (client, path) in [(&olga, inside), (&ana, console)] {
        let page = client.get(&path).await;
        let (fields, before) = (page.filled(&[]), world.position().await);
        let first = client.post(&path, &fields).await;
        let again = client.post(&path, &fields).await;
        assert_eq!(first.is(303).location(), again.is(303).location());
        assert_eq!(world.since(before).await, ["MemberRemoved"]);
        client.get(&path).await.is(404);
    }
}

async fn whoever_was_removed_meanwhile_is_told_of(world: World) {
    let acme = world.org("acme").await;
    let (ana, olga, mike) = (world.operator().await, world.owner(acme).await, world.member(acme).await);
    let adam = world.joined(acme, "adam@example.com", Role::Admin).await;
    let inside = format!("/org/acme/members/{}/role", mike.person().0);
    let console = format!("/admin/orgs/{}/members/{}/role", acme.0, mike.person().0);
    let pages = [olga.get(&inside).await, ana.get(&console).await];
    adam.submit(&format!("/org/acme/members/{}/removal", mike.person().0), &[]).await.is(303);
    for (client, path, page) in [(&olga, inside, &pages[0]), (&ana, console, &pages[1])] {
        let answer = client.post(&path, &page.filled(&[("role", "admin")])).await;
        answer.is(409).shows("Somebody changed this organisation while you were here.").shows("removed");
        answer.shows("No member any more").shows("Back to the members");
    }
}

/// Who goes by their own decision comes back by their own decision: it can't be reverted.
async fn whoever_removes_themselves_leaves(world: World) {
    let acme = world.org("acme").await;
    let (_olga, adam) = (world.owner(acme).await, world.joined(acme, "adam@example.com", Role::Admin).await);
    let path = format!("/org/acme/members/{}/removal", adam.person().0);
    adam.get(&path).await.leads_to("/org/acme/departure");
    let (page, before) = (adam.get("/org/acme/departure").await, world.position().await);
    adam.post(&path, &page.filled(&[])).await.leads_to("/");
    assert_eq!(world.since(before).await, ["MemberLeft"]);
}

engines! {
    a_removal_that_is_sent_again_gets_its_first_answer,
    whoever_was_removed_meanwhile_is_told_of,
    whoever_removes_themselves_leaves,
}
