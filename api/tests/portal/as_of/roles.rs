//! Who held which role as of a moment.

use domain::grant::GrantCommand;
use domain::grant::PlatformRole::{Auditor, Superadmin};

use super::{at, only_looks};
use crate::world::World;

const PAGE: &str = "/admin/superadmins";

async fn who_held_what_then_and_what_became_of_it(world: World) {
    let ana = world.operator().await;
    let first = world.position().await;
    let aud = world.granted("aud@example.com", Auditor).await;
    let both = world.position().await;
    let reason = || "Second pair of eyes".parse().expect("a reason");
    world.grant(aud.person(), GrantCommand::Revoke { role: Auditor, reason: reason() }).await;
    let revoked = world.position().await;
    world.granted("bea@example.com", Superadmin).await;

    let page = ana.get(&at(PAGE, first)).await;
    only_looks(&page, first);
    page.shows("1 superadmin and 0 auditors.").shows("Held now, and not then").shows("bea@example.com");
    page.shows("No role has ended yet.").hides("aud@example.com").hides("Revoke …");

    let page = ana.get(&at(PAGE, both)).await;
    only_looks(&page, both);
    page.shows("1 superadmin and 1 auditor.")
        .shows("aud@example.com")
        .shows("still held")
        .shows("data-status=\"revoked\"");
    page.shows(&format!("href=\"/admin/history/{revoked}\"")).shows("No role has ended yet.");

    let page = ana.get(&at(PAGE, revoked)).await;
    only_looks(&page, revoked);
    page.shows("1 superadmin and 0 auditors.").shows("Second pair of eyes").hides("No role has ended yet.");

    let now = ana.get(&at(PAGE, world.position().await)).await;
    now.is(200).shows("2 superadmins and 0 auditors.").hides("Held now, and not then");
}

async fn a_request_of_then_is_open_and_says_what_became_of_it(world: World) {
    let world = world.with(|settings| settings.grant_approval = true);
    let (ana, bea) = (world.operator().await, world.granted("bea@example.com", Superadmin).await);
    let fields = [("email", "cleo@example.com"), ("role", "auditor"), ("reason", "Yearly audit of access")];
    ana.submit("/admin/superadmins/new", &fields).await.is(303);
    let asked = world.position().await;
    let page = bea.get(PAGE).await;
    let decline = page
        .body
        .split("href=\"")
        .find(|rest| rest.split('"').next().is_some_and(|link| link.ends_with("/refusal")))
        .expect("a way to decline");
    let path = decline.split('"').next().expect("a link").to_owned();
    bea.submit(&path, &[("reason", "Not this year")]).await.is(303);
    let page = ana.get(&at(PAGE, asked)).await;
    only_looks(&page, asked);
    page.shows("cleo@example.com")
        .shows("Yearly audit of access")
        .shows("data-status=\"declined\"")
        .hides("Withdraw …");
    let page = ana.get(&at(PAGE, asked - 1)).await;
    only_looks(&page, asked - 1);
    page.hides("cleo@example.com");
}

engines! {
    who_held_what_then_and_what_became_of_it,
    a_request_of_then_is_open_and_says_what_became_of_it,
}
