//! `/` and `/organisations/…`: which organisation opens.

use domain::org::Role;

use crate::world::World;

async fn who_belongs_to_one_never_chooses(world: World) {
    let acme = world.org("acme").await;
    let olga = world.owner(acme).await;
    olga.get("/").await.leads_to("/org/acme/dashboard");
    olga.get("/organisations/select").await.leads_to("/org/acme/dashboard");
    olga.get("/login").await.leads_to("/org/acme/dashboard");
}

async fn who_belongs_nowhere_is_told_so(world: World) {
    let nora = world.somebody("nora@example.com").await;
    nora.get("/").await.leads_to("/organisations/select");
    nora.get("/organisations/select").await.is(200).shows("No organisation yet").shows("nora@example.com");
}

async fn an_operator_who_belongs_nowhere_gets_the_console(world: World) {
    world.operator().await.get("/").await.leads_to("/admin/orgs");
    world.auditor().await.get("/").await.leads_to("/admin/orgs");
}

async fn the_picker_shows_ones_own_and_nothing_else(world: World) {
    let (acme, bolt, closed) = (world.org("acme").await, world.org("bolt").await, world.org("closed").await);
    world.org("foreign").await;
    let gone = world.org("gone").await;
    for (org, role) in [(acme, Role::Owner), (bolt, Role::Admin), (closed, Role::Member), (gone, Role::Owner)]
    {
        world.joined(org, "mia@example.com", role).await;
    }
    world.suspended(closed, "The invoice is unpaid").await;
    world.archived(gone).await;
    let mia = world.somebody("mia@example.com").await;
    mia.get("/").await.leads_to("/organisations/select");
    let picker = mia.get("/organisations/select").await;
    picker.is(200).shows("Acme Ltd").shows("Bolt Ltd").shows("Closed Ltd").shows("The invoice is unpaid");
    picker.hides("Foreign").hides("Gone").hides("href=\"/org/closed");
    let found = mia.get("/organisations/select?q=BOL").await;
    found.is(200).shows("Bolt Ltd").hides("Acme Ltd").hides("Foreign");
    for nothing in ["foreign", "%25", "_", "!", "%27%20or%201=1"] {
        mia.get(&format!("/organisations/select?q={nothing}"))
            .await
            .is(200)
            .shows("Nothing found.")
            .hides("Foreign");
    }
}

async fn the_default_opens_without_asking_for_as_long_as_it_works(world: World) {
    let (acme, bolt) = (world.org("acme").await, world.org("bolt").await);
    world.joined(acme, "mia@example.com", Role::Owner).await;
    let mia = world.joined(bolt, "mia@example.com", Role::Owner).await;
    mia.post("/organisations/default", &[("slug", "bolt")]).await.leads_to("/organisations/select");
    mia.get("/").await.leads_to("/org/bolt/dashboard");
    mia.get("/organisations/select").await.is(200).shows("Ask instead");
    world.suspended(bolt, "The invoice is unpaid").await;
    mia.get("/").await.leads_to("/organisations/select");
    mia.post("/organisations/default", &[("slug", "")]).await.is(303);
    mia.get("/").await.leads_to("/organisations/select");
}

/// Wherever it stands among them, and without reading them all.
async fn a_default_that_comes_last_opens_too(world: World) {
    let last = world.org("zzz-last").await;
    let mia = world.joined(last, "mia@example.com", Role::Owner).await;
    for n in 0..3 {
        let org = world.org(&format!("cust-{n:03}")).await;
        world.joined(org, "mia@example.com", Role::Member).await;
    }
    mia.post("/organisations/default", &[("slug", "zzz-last")]).await.leads_to("/organisations/select");
    mia.get("/").await.leads_to("/org/zzz-last/dashboard");
}

async fn nobody_makes_a_foreign_organisation_the_default(world: World) {
    let acme = world.org("acme").await;
    world.org("foreign").await;
    let olga = world.owner(acme).await;
    let foreign = olga.post("/organisations/default", &[("slug", "foreign")]).await;
    let missing = olga.post("/organisations/default", &[("slug", "missing")]).await;
    assert_eq!(foreign.is(404).told(), missing.told());
    olga.get("/").await.leads_to("/org/acme/dashboard");
}

engines! {
    who_belongs_to_one_never_chooses,
    who_belongs_nowhere_is_told_so,
    an_operator_who_belongs_nowhere_gets_the_console,
    the_picker_shows_ones_own_and_nothing_else,
    the_default_opens_without_asking_for_as_long_as_it_works,
    a_default_that_comes_last_opens_too,
    nobody_makes_a_foreign_organisation_the_default,
}
