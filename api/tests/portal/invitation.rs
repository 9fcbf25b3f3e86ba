//! `/invitations/{token}`: joining an organisation, and everything that an invitation is not good for.

use api::clock;
use api::identity::links;
use domain::org::{InvitationCommand, Invitee, LifecycleCommand, OrgCommand, Role};
use domain::values::{InvitationId, OrgId, PersonId};
use projections::testing;

use crate::client::Client;
use crate::world::{PASSWORD, World};

const GIA: [(&str, &str); 2] = [("name", "Gia"), ("password", PASSWORD)];

async fn guest(world: &World, org: OrgId, role: Role) -> (PersonId, InvitationId, String) {
    let person = world.person("gia@example.com").await;
    let invitation = world.invited(org, person, role).await;
    let path = world.link(org, invitation, person).await;
    (person, invitation, path)
}

/// The link leads nowhere, with and without a form, and nothing happens.
async fn opens_nothing(world: &World, path: &str) {
    let (before, anybody) = (world.position().await, world.anonymous());
    anybody.get(path).await.is(404).hides("Acme");
    anybody.post(path, &GIA).await.is(404).hides("Acme");
    assert_eq!(anybody.cookie("portal"), None);
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn a_guest_chooses_a_password_and_is_in(world: World) {
    let acme = world.org("acme").await;
    let (.., path) = guest(&world, acme, Role::Admin).await;
    let (before, gia) = (world.position().await, world.anonymous());
    gia.get(&path).await.is(200).shows("Join Acme Ltd").shows("gia@example.com").shows("admin");
    gia.post(&path, &GIA).await.leads_to("/org/acme/dashboard");
    assert_eq!(world.since(before).await, ["MemberJoined"]);
    gia.get("/org/acme/dashboard").await.is(200).shows("You are an admin here.");
    let login = [("email", "gia@example.com"), ("password", PASSWORD)];
    world.anonymous().post("/login", &login).await.leads_to("/");
    opens_nothing(&world, &path).await;
}

/// The link is written with the invitation, and read models may come later.
async fn an_invitation_that_is_not_readable_yet_is_no_wrong_link(world: World) {
    let acme = world.org("acme").await;
    let (.., path) = guest(&world, acme, Role::Member).await;
    testing::execute(&world.app.settings.database_url, "delete from invitation");
    for answer in [world.anonymous().get(&path).await, world.anonymous().post(&path, &GIA).await] {
        answer.is(503).shows("Recorded, and not readable yet").hides("Acme");
    }
}

async fn every_wrong_field_is_named_and_the_name_is_kept(world: World) {
    let acme = world.org("acme").await;
    let (.., path) = guest(&world, acme, Role::Member).await;
    let before = world.position().await;
    let refused = world.anonymous().post(&path, &[("name", "n\u{202e}"), ("password", "short")]).await;
    refused.is(422).shows("a name can't contain").shows("a password has 10 to 200 characters");
    assert_eq!(refused.value("name").as_deref(), Some("n\u{202e}"));
    world.anonymous().post(&path, &[("name", ""), ("password", "Acme Ltd gia")]).await.is(422);
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn an_account_joins_without_a_second_password(world: World) {
    let acme = world.org("acme").await;
    let (person, _, path) = guest(&world, acme, Role::Member).await;
    world.with_password("gia@example.com").await;
    let gia = world.anonymous();
    let login = gia.get(&path).await.is(200).shows("Sign in to join").clone();
    login.hides("name=\"password\"");
    // Neither does the link give an account to whoever only holds the link.
    gia.post(&path, &[("name", "Eve"), ("password", "an entirely different sentence")]).await.is(303);
    assert_eq!(gia.cookie("portal"), None);
    let gia = world.signed_in(person).await;
    gia.post(&path, &[]).await.leads_to("/org/acme/dashboard");
    gia.get("/org/acme/dashboard").await.is(200);
}

async fn somebody_else_is_asked_to_sign_out_first(world: World) {
    let acme = world.org("acme").await;
    let (_, _, path) = guest(&world, acme, Role::Owner).await;
    world.with_password("gia@example.com").await;
    let (before, eve) = (world.position().await, world.somebody("eve@example.com").await);
    eve.get(&path).await.is(200).shows("You are signed in as").shows("eve@example.com");
    eve.post(&path, &[]).await.is(303);
    eve.get("/org/acme/dashboard").await.is(404);
    assert_eq!(world.since(before).await, [""; 0]);
}

async fn a_withdrawn_invitation_opens_nothing(world: World) {
    let acme = world.org("acme").await;
    let (_, invitation, path) = guest(&world, acme, Role::Member).await;
    world.given(acme, OrgCommand::Invitation(InvitationCommand::WithdrawInvitation { invitation })).await;
    opens_nothing(&world, &path).await;
}

async fn an_expired_invitation_opens_nothing(world: World) {
    let acme = world.org("acme").await;
    let person = world.person("gia@example.com").await;
    let invitation = InvitationId(clock::new_id());
    let expires_at = clock::after(-chrono::Duration::seconds(1)).into();
    let invitee = Invitee { invitation, person, role: Role::Member, expires_at };
    world.given(acme, OrgCommand::Invitation(InvitationCommand::Invite(invitee))).await;
    opens_nothing(&world, &world.link(acme, invitation, person).await).await;
}

async fn an_expired_link_opens_nothing(world: World) {
    let acme = world.org("acme").await;
    let (person, invitation, _) = guest(&world, acme, Role::Member).await;
    let token = api::identity::session::Token::new().expect("random");
    let link = projections::links::Link {
        purpose: projections::links::LinkPurpose::Invitation.as_str().to_owned(),
        person_id: Some(person.0),
        org_id: Some(acme.0),
        invitation_id: Some(invitation.0),
        created_at: clock::now(),
        expires_at: clock::now(),
        used_at: None,
    };
    projections::links::create(&world.app.db, &token.hash, &link).await.expect("stored");
    opens_nothing(&world, &format!("/invitations/{}", token.plain)).await;
}

async fn an_edited_link_opens_nothing(world: World) {
    let acme = world.org("acme").await;
    let (.., path) = guest(&world, acme, Role::Member).await;
    let other = if path.ends_with('0') { '1' } else { '0' };
    let (cut, edited) = (&path[..path.len() - 1], format!("{}{other}", &path[..path.len() - 1]));
    for wrong in
        [cut, &edited, &format!("{path}0"), &format!("{path}/"), &format!("{path}%20"), "/invitations/0"]
    {
        opens_nothing(&world, wrong).await;
    }
}

/// Whatever the row of a link says: organisation, person and role come from the invitation.
async fn a_link_to_an_invitation_of_another_organisation_joins_that_one(world: World) {
    let (acme, bolt) = (world.org("acme").await, world.org("bolt").await);
    let (person, invitation, _) = guest(&world, acme, Role::Member).await;
    let eve = world.person("eve@example.com").await;
    let forged = links::invitation(&world.app, bolt, invitation, eve).await.expect("stored");
    let gia: Client = world.anonymous();
    gia.post(&format!("/invitations/{forged}"), &GIA).await.leads_to("/org/acme/dashboard");
    gia.get("/org/bolt/dashboard").await.is(404);
    assert_eq!(world.signed_in(person).await.get("/org/acme/dashboard").await.status, 200);
    assert_eq!(world.signed_in(eve).await.get("/org/acme/dashboard").await.status, 404);
}

async fn nobody_joins_an_organisation_that_does_not_work(world: World) {
    let (acme, bolt) = (world.org("acme").await, world.org("bolt").await);
    let (.., to_acme) = guest(&world, acme, Role::Member).await;
    let (.., to_bolt) = guest(&world, bolt, Role::Member).await;
    world.suspended(acme, "The invoice is unpaid").await;
    world.archived(bolt).await;
    opens_nothing(&world, &to_acme).await;
    opens_nothing(&world, &to_bolt).await;
    world.given(acme, OrgCommand::Lifecycle(LifecycleCommand::Reinstate)).await;
    world.anonymous().post(&to_acme, &GIA).await.leads_to("/org/acme/dashboard");
}

async fn a_new_link_ends_the_one_before(world: World) {
    let acme = world.org("acme").await;
    let (_, invitation, old) = guest(&world, acme, Role::Member).await;
    let ana = world.operator().await;
    let id = clock::new_id().to_string();
    let renew = format!("/admin/orgs/{acme}/invitations/{invitation}/link");
    let done = ana.post(&renew, &[("command_id", &id)]).await;
    let new = ana.get(done.is(303).location()).await.invitation_link();
    opens_nothing(&world, &old).await;
    world.anonymous().post(&new, &GIA).await.leads_to("/org/acme/dashboard");
}

async fn two_clicks_join_once(world: World) {
    let acme = world.org("acme").await;
    let (person, _, path) = guest(&world, acme, Role::Member).await;
    let (before, gia) = (world.position().await, world.anonymous());
    let (one, other) = tokio::join!(gia.post(&path, &GIA), gia.post(&path, &GIA));
    assert!([one.status, other.status].contains(&303), "{} {}", one.status, other.status);
    assert_eq!(world.since(before).await, ["MemberJoined"]);
    world.signed_in(person).await.get("/org/acme/dashboard").await.is(200);
    let login = [("email", "gia@example.com"), ("password", PASSWORD)];
    world.anonymous().post("/login", &login).await.leads_to("/");
}

engines! {
    a_guest_chooses_a_password_and_is_in,
    an_invitation_that_is_not_readable_yet_is_no_wrong_link,
    every_wrong_field_is_named_and_the_name_is_kept,
    an_account_joins_without_a_second_password,
    somebody_else_is_asked_to_sign_out_first,
    a_withdrawn_invitation_opens_nothing,
    an_expired_invitation_opens_nothing,
    an_expired_link_opens_nothing,
    an_edited_link_opens_nothing,
    a_link_to_an_invitation_of_another_organisation_joins_that_one,
    nobody_joins_an_organisation_that_does_not_work,
    a_new_link_ends_the_one_before,
    two_clicks_join_once,
}

/// The renewal is recorded, and the link that it is for can't be written.
#[tokio::test]
async fn what_was_done_in_part_is_not_called_nothing_on_postgres() {
    let world = World::on_postgres().await;
    let ana = world.operator().await;
    let acme = world.org("acme").await;
    let form = [("email", "olga@example.com"), ("role", "owner")];
    ana.submit(&format!("/admin/orgs/{acme}/invitations"), &form).await.is(303);
    let before = world.position().await;
    let page = ana.get(&format!("/admin/orgs/{acme}/members")).await;
    let link = page.body.split('"').find(|part| part.ends_with("/link")).expect("a button").to_owned();
    let url = world.app.settings.database_url.clone();
    testing::execute(
        &url,
        "create function full_disk() returns trigger language plpgsql as
            $$ begin raise exception 'no space left' using errcode = '53100'; end $$;
         create trigger full_disk before insert on link for each row execute function full_disk();",
    );
    let told = ana.post(&link, &[("command_id", &*clock::new_id().to_string())]).await;
    told.is(503).shows("Only part of this was done").hides("Nothing was done");
    assert_eq!(world.since(before).await, ["InvitationRenewed"]);
}
