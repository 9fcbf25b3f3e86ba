//! `/org/{slug}/…`: members see their own organisation, others can't tell that it is there.

use domain::org::{LifecycleCommand, OrgCommand, Role};

use crate::world::World;

async fn members_see_their_dashboard_and_no_other(world: World) {
    let (acme, bolt) = (world.org("acme").await, world.org("bolt").await);
    let (mike, bob) = (world.member(acme).await, world.joined(bolt, "bob@example.com", Role::Owner).await);
    let page = mike.get("/org/acme/dashboard").await;
    page.is(200).shows("Acme Ltd").shows("You are a member here.").hides("Bolt").hides("bob@example.com");
    page.hides("Operator console");
    mike.get("/org/acme").await.leads_to("/org/acme/dashboard");
    bob.get("/org/bolt/dashboard").await.is(200).hides("Acme").hides("mike@example.com");
}

/// The same bytes, but for the request's own id, whether the slug exists, existed, is archived or never was.
async fn a_stranger_cannot_tell_an_existing_slug_from_a_missing_one(world: World) {
    let (acme, gone) = (world.org("acme").await, world.org("gone").await);
    world.owner(acme).await;
    world
        .given(
            acme,
            OrgCommand::Lifecycle(LifecycleCommand::ChangeSlug { slug: "acme-new".parse().expect("a slug") }),
        )
        .await;
    world.archived(gone).await;
    let asking = [world.stranger().await, world.operator().await, world.auditor().await];
    for who in asking {
        let missing = who.get("/org/missing/dashboard").await;
        missing.is(404);
        for there in ["acme-new", "acme", "gone", "ACME-NEW", "Acme", "%61cme"] {
            let answer = who.get(&format!("/org/{there}/dashboard")).await;
            assert_eq!(answer.told(), missing.told(), "{there}");
        }
    }
    let anonymous = world.anonymous();
    for slug in ["acme-new", "acme", "gone", "missing"] {
        anonymous.get(&format!("/org/{slug}")).await.leads_to(&format!("/login?next=%2Forg%2F{slug}"));
    }
}

async fn the_members_of_a_suspended_organisation_get_the_reason_and_others_nothing(world: World) {
    let acme = world.org("acme").await;
    let (mike, stranger) = (world.member(acme).await, world.stranger().await);
    mike.get("/org/acme/dashboard").await.is(200);
    world.suspended(acme, "The invoice of May is unpaid").await;
    for path in ["/org/acme", "/org/acme/dashboard", "/org/acme/members", "/org/acme/activity"] {
        let page = mike.get(path).await;
        page.is(403)
            .shows("Acme Ltd is suspended")
            .shows("The invoice of May is unpaid")
            .hides("You are a member");
        stranger.get(path).await.is(404).hides("suspended").hides("invoice");
    }
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    mike.get("/org/acme/dashboard").await.is(200);
}

async fn an_archived_organisation_is_gone_for_its_members_until_it_is_restored(world: World) {
    let acme = world.org("acme").await;
    let (mike, missing) = (world.member(acme).await, "/org/missing/dashboard");
    world.archived(acme).await;
    let gone = mike.get("/org/acme/dashboard").await;
    assert_eq!(gone.is(404).told(), mike.get(missing).await.told());
    mike.get("/").await.leads_to("/organisations/select");
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Restore)).await;
    mike.get("/org/acme/dashboard").await.is(200);
}

async fn an_old_slug_leads_members_to_the_new_one(world: World) {
    let acme = world.org("acme").await;
    let mike = world.member(acme).await;
    world
        .given(
            acme,
            OrgCommand::Lifecycle(LifecycleCommand::ChangeSlug { slug: "acme-new".parse().expect("a slug") }),
        )
        .await;
    for (old, new) in [
        ("/org/acme/dashboard", "/org/acme-new/dashboard"),
        ("/org/acme/dashboard?at=7&x=acme", "/org/acme-new/dashboard?at=7&x=acme"),
        ("/org/acme", "/org/acme-new"),
        ("/org/ACME-new/dashboard", "/org/acme-new/dashboard"),
        ("/org/%41cme-new/dashboard", "/org/acme-new/dashboard"),
        ("/org/%61cme/dashboard", "/org/acme-new/dashboard"),
    ] {
        let answer = mike.get(old).await;
        answer.is(308);
        assert_eq!(answer.location(), new, "{old}");
        mike.get(new).await;
    }
    mike.get("/org/acme-new/dashboard").await.is(200);
}

/// A page does not change by what happens in organisations that its reader is not in.
async fn nothing_that_happens_elsewhere_changes_a_members_page(world: World) {
    let (acme, bolt) = (world.org("acme").await, world.org("bolt").await);
    let mike = world.member(acme).await;
    let own = ["/org/acme/dashboard", "/org/acme/members", "/org/acme/activity", "/account"];
    let pages = own.into_iter().chain(["/org/bolt/dashboard", "/organisations/select?q=bolt"]);
    let pages: Vec<&str> = pages.collect();
    let mut before = vec![];
    for page in &pages {
        before.push(mike.get(page).await.told());
    }
    world.joined(bolt, "bob@example.com", Role::Owner).await;
    world.suspended(bolt, "The invoice is unpaid").await;
    world.archived(bolt).await;
    for (page, before) in pages.iter().zip(before) {
        assert_eq!(mike.get(page).await.told(), before, "{page}");
    }
}

engines! {
    members_see_their_dashboard_and_no_other,
    a_stranger_cannot_tell_an_existing_slug_from_a_missing_one,
    the_members_of_a_suspended_organisation_get_the_reason_and_others_nothing,
    an_archived_organisation_is_gone_for_its_members_until_it_is_restored,
    an_old_slug_leads_members_to_the_new_one,
    nothing_that_happens_elsewhere_changes_a_members_page,
}
