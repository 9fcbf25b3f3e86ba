//! What becomes of members: another role, their removal, their own departure; in the console and inside the organisation.

use api::bus::{Envelope, Principal, SendError};
use api::clock;
use domain::org::{InvitationEvent, MemberCommand, OrgError, OrgEvent, Role};
use domain::values::{InvitationId, OrgId, PersonId};
use domain::{Actor, Metadata, Org};
use futures::future::join_all;
use projections::event_log::{Append, Draft, StreamId};
use projections::people;

use crate::client::{Answer, Client};
use crate::world::World;

fn console(org: OrgId, member: &Client, change: &str) -> String {
    format!("/admin/orgs/{}/members/{}/{change}", org.0, member.person().0)
}

fn inside(member: &Client, change: &str) -> String {
    format!("/org/acme/members/{}/{change}", member.person().0)
}

async fn an_operator_changes_a_role_and_takes_it_back(world: World) {
    let acme = world.org("acme").await;
    let (ana, mike) = (world.operator().await, world.member(acme).await);
    ana.get(&format!("/admin/orgs/{}/members", acme.0)).await.shows(">Change role<").shows(">Remove<");
    let path = console(acme, &mike, "role");
    ana.get(&path).await.is(200).shows("Change the role of");
    let done = ana.submit(&path, &[("role", "admin")]).await;
    done.is(303);
    let page = ana.get(done.location()).await;
    page.is(200).shows("made").shows("admin of");
    mike.get("/org/acme/dashboard").await.is(200).shows("You are an admin here.");
    let position = world.position().await;
    ana.submit(&format!("/admin/history/{position}/revert"), &[]).await.is(303);
    mike.get("/org/acme/dashboard").await.shows("You are a member here.");
    world.verify().await;
}

async fn whoever_is_removed_sees_nothing_from_the_next_request_on(world: World) {
    let acme = world.org("acme").await;
    let (ana, mike) = (world.operator().await, world.member(acme).await);
    mike.get("/org/acme/dashboard").await.is(200);
    ana.submit(&console(acme, &mike, "removal"), &[]).await.is(303);
    for path in
        ["/org/acme/dashboard", "/org/acme/members", "/org/acme/roles", "/api/v1/orgs/acme/permissions"]
    {
        mike.get(path).await.is(404);
    }
    mike.get("/organisations/select").await.hides("Acme");
    let position = world.position().await;
    ana.submit(&format!("/admin/history/{position}/revert"), &[]).await.is(303);
    mike.get("/org/acme/dashboard").await.is(200).shows("You are a member here.");
    world.verify().await;
}

async fn an_admin_changes_members_and_no_owner(world: World) {
    let acme = world.org("acme").await;
    let (olga, adam) = (world.owner(acme).await, world.joined(acme, "adam@example.com", Role::Admin).await);
    let mike = world.member(acme).await;
    adam.get("/org/acme/members").await.is(200).shows(&inside(&mike, "role")).hides(&inside(&olga, "role"));
    mike.get("/org/acme/members").await.is(200).hides("Change role");
    adam.get(&inside(&mike, "role")).await.is(200).shows("value=\"admin\"").hides("value=\"owner\"");
    olga.get(&inside(&mike, "role")).await.is(200).shows("value=\"owner\"");
    let before = world.position().await;
    adam.submit(&inside(&mike, "role"), &[("role", "admin")]).await.is(303);
    adam.submit(&inside(&mike, "role"), &[("role", "owner")]).await.is(403);
    adam.submit(&inside(&olga, "role"), &[("role", "member")]).await.is(403);
    adam.submit(&inside(&olga, "removal"), &[]).await.is(403);
    assert_eq!(world.since(before).await, ["MemberRoleChanged"]);
    olga.submit(&inside(&mike, "role"), &[("role", "owner")]).await.is(303);
    olga.submit(&inside(&adam, "removal"), &[]).await.is(303);
    adam.get("/org/acme/members").await.is(404);
    world.verify().await;
}

async fn the_last_owner_stays_and_is_told_why(world: World) {
    let acme = world.org("acme").await;
    let (ana, olga, mike) = (world.operator().await, world.owner(acme).await, world.member(acme).await);
    let before = world.position().await;
    let why = "an organisation always has an owner, and this is the last one";
    ana.submit(&console(acme, &olga, "role"), &[("role", "admin")]).await.is(422).shows(why);
    ana.submit(&console(acme, &olga, "removal"), &[]).await.is(422).shows(why);
    olga.submit(&inside(&olga, "role"), &[("role", "member")]).await.is(422).shows(why);
    olga.submit("/org/acme/departure", &[]).await.is(422).shows(why);
    assert_eq!(world.since(before).await, [""; 0]);
    olga.submit(&inside(&mike, "role"), &[("role", "owner")]).await.is(303);
    olga.submit("/org/acme/departure", &[]).await.leads_to("/");
    olga.get("/org/acme/dashboard").await.is(404);
    ana.get("/admin/orgs").await.is(200).shows("mike@example.com").hides("olga@example.com");
    world.verify().await;
}

async fn whoever_leaves_is_gone_and_can_be_invited_again(world: World) {
    let acme = world.org("acme").await;
    let (_olga, mike) = (world.owner(acme).await, world.member(acme).await);
    mike.get("/org/acme/departure").await.is(200).shows("Leave Acme Ltd");
    mike.submit("/org/acme/departure", &[]).await.leads_to("/");
    mike.get("/org/acme/dashboard").await.is(404);
    world.admitted(acme, mike.person(), Role::Admin).await;
    mike.get("/org/acme/dashboard").await.is(200).shows("You are an admin here.");
    world.verify().await;
}

async fn what_somebody_else_did_meanwhile_is_shown_first(world: World) {
    let acme = world.org("acme").await;
    let (ana, olga, mike) = (world.operator().await, world.owner(acme).await, world.member(acme).await);
    let path = console(acme, &mike, "role");
    let page = ana.get(&path).await;
    olga.submit(&inside(&mike, "role"), &[("role", "admin")]).await.is(303);
    let fields = page.filled(&[("role", "owner")]);
    ana.post(&path, &fields).await.is(409).shows("Somebody changed this organisation while you were here.");
    mike.get("/org/acme/dashboard").await.shows("You are an admin here.");
}

/// Two owners demote each other at the same moment, 100 times: one of them stays each time.
async fn of_two_last_owners_who_demote_each_other_one_stays(world: World) {
    let acme = world.org("acme").await;
    let (olga, otto) = (world.owner(acme).await, world.joined(acme, "otto@example.com", Role::Owner).await);
    let (olga, otto) = (olga.person(), otto.person());
    for _ in 0..100 {
        let answers =
            join_all([(olga, otto), (otto, olga)].map(|(by, of)| demote(&world, acme, by, of))).await;
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(done, 1, "{answers:?}");
        let demoted = if answers[0].is_ok() { otto } else { olga };
        world.given(acme, MemberCommand::ChangeRole { person: demoted, role: Role::Owner }.into()).await;
    }
    world.verify().await;
}

async fn demote(world: &World, org: OrgId, by: PersonId, of: PersonId) -> Result<(), SendError<OrgError>> {
    let proven_at = Some(clock::now());
    let principal = Principal::Person { person: by, grant: None, proven_at };
    let command = MemberCommand::ChangeRole { person: of, role: Role::Member };
    world.app.bus.send::<Org>(&principal, org, command, Envelope::new()).await.map(drop)
}

const INSIDE: &str = "/org/acme/members";

async fn all_of_600_members_are_found_by_paging_and_by_search(world: World) {
    let acme = world.org("acme").await;
    let (ana, olga) = (world.operator().await, world.owner(acme).await);
    crowd(&world, acme, 600).await;
    let console = format!("/admin/orgs/{acme}/members");
    for (reader, list) in [(&ana, &*console), (&olga, INSIDE)] {
        let pages = pages(reader, list).await;
        assert!(pages.len() > 5, "{}", pages.len());
        assert!(pages[0].contains("olga@example.com"), "owners first");
        let all: Vec<&str> = pages.iter().flat_map(|page| addresses(page)).collect();
        let there = |number| all.iter().filter(|it| **it == format!("p{number:05}@crowd.example")).count();
        assert_eq!((0..600).map(there).collect::<Vec<_>>(), [1; 600]);
        assert!(pages.iter().all(|page| page.contains("601 members")));

        for q in ["00599", "person+00599", "P00599@Crowd", "+00599+"] {
            let found = reader.get(&format!("{list}?q={q}")).await;
            found.is(200).shows("1 of 601 members").shows("Person 00599").shows("/removal");
            assert_eq!(addresses(&found.body), ["p00599@crowd.example"], "{q}");
        }
        let narrowed = reader.get(&format!("{list}?q=00")).await;
        let next = step(&narrowed, "next").expect("more than a page of them");
        reader
            .get(&next)
            .await
            .is(200)
            .shows("value=\"00\"")
            .shows("600 of 601 members")
            .hides(">olga@example.com</td>");
        reader.get(&format!("{list}?q=nobody")).await.is(200).shows("Nobody matches.").hides("/removal");
    }
    world.verify().await;
}

/// The pages of a list, forwards to its end; it is the same backwards.
async fn pages(reader: &Client, list: &str) -> Vec<String> {
    let (mut page, mut pages) = (reader.get(list).await, vec![]);
    assert_eq!(step(&page, "prev"), None);
    while let Some(next) = step(&page, "next") {
        pages.push(page.is(200).body.clone());
        page = reader.get(&next).await;
    }
    pages.push(page.is(200).body.clone());
    for before in pages.iter().rev().skip(1) {
        page = reader.get(&step(&page, "prev").expect("a way back")).await;
        assert_eq!(addresses(&page.body), addresses(before));
    }
    pages
}

/// Where a link to the page before or after leads.
fn step(page: &Answer, rel: &str) -> Option<String> {
    let link = page.body.split(&format!("rel=\"{rel}\" href=\"")).nth(1)?;
    Some(link.split('"').next()?.replace("&amp;", "&"))
}

/// The addresses in the rows of a page, in their order.
fn addresses(page: &str) -> Vec<&str> {
    let cells = page.split("data-label=\"E-mail\"").skip(1);
    cells.filter_map(|cell| cell.split_once('>')?.1.split('<').next()).collect()
}

async fn a_search_finds_nobody_of_another_organisation(world: World) {
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    let (ana, olga, mike) = (world.operator().await, world.owner(acme).await, world.member(acme).await);
    let nina = world.joined(other, "nina@example.com", Role::Member).await;
    let invited = world.person("ines@example.com").await;
    world.invited(acme, invited, Role::Member).await;
    let console = format!("/admin/orgs/{acme}/members");
    let place = |email: &str| format!("{}2{email}", nina.person().0);
    for (reader, list) in [(&ana, &*console), (&olga, INSIDE), (&mike, INSIDE)] {
        let (after, until) = (format!("after={}", place("a")), format!("until={}", place("z")));
        for query in ["", "q=example", "q=nina", &after, &until] {
            reader
                .get(&format!("{list}?{query}"))
                .await
                .is(200)
                .shows("2 members")
                .hides("nina@example.com<");
        }
        let found = reader.get(&format!("{list}?q=example")).await;
        assert_eq!(addresses(&found.body).first(), Some(&"olga@example.com"));
        reader.get(&format!("{list}?q=ines")).await.is(200).shows("0 of 2 members");
    }
    for list in ["/org/other/members?q=nina", "/org/other/members?q=mike"] {
        mike.get(list).await.is(404);
    }
    nina.get("/org/other/members?q=mike").await.is(200).hides("mike@example.com<").shows("0 of 1 member");
}

async fn odd_text_is_looked_for_as_it_is(world: World) {
    let acme = world.org("acme").await;
    let (ana, olga) = (world.operator().await, world.owner(acme).await);
    for (email, name) in [("odd@example.com", "5% O'Hara_!x"), ("turk@example.com", "Özge Ünal")] {
        let somebody = world.joined(acme, email, Role::Member).await;
        named(&world, somebody.person(), name).await;
    }
    let console = format!("/admin/orgs/{acme}/members");
    for (reader, list) in [(&ana, &*console), (&olga, INSIDE)] {
        let found = async |q: &str| {
            let page = reader.get(&format!("{list}?q={q}")).await;
            addresses(&page.is(200).body).join(" ")
        };
        for q in ["%25", "_", "!", "5%25", "o%27h", "a_!x", "%20_%20"] {
            assert_eq!(found(q).await, "odd@example.com", "{q}");
        }
        for q in ["%C3%96zge", "%C3%B6zge", "%C3%9CNAL", "%C3%BCnal"] {
            assert_eq!(found(q).await, "turk@example.com", "{q}");
        }
        for q in ["%25%25", "__", "%5C", "*", "%27%20or%201=1", "%F0%9F%8C%8A", &"x".repeat(5000)] {
            assert_eq!(found(q).await, "", "{q}");
        }
        assert_eq!(found("%20%20").await.split(' ').count(), 3);
        reader.get(&format!("{list}?q=%00")).await.is(400);
        let id = olga.person().0;
        for place in ["x", "9", &format!("x{id}"), &format!("{id}"), &format!("-{id}"), "%C3%96%C3%96"] {
            let [after, until] = ["after", "until"].map(|name| format!("{list}?{name}={place}"));
            reader.get(&after).await.is(400).shows("Start from the first page");
            reader.get(&until).await.is(400).shows("Start from the first page");
        }
        let beyond = reader.get(&format!("{list}?after={id}9")).await;
        beyond.is(200).shows("Nobody follows here.").shows("3 members");
    }
}

async fn namesakes_are_told_apart_and_a_role_reads_as_it_is_named(world: World) {
    let acme = world.org("acme").await;
    let (ana, olga) = (world.operator().await, world.owner(acme).await);
    for email in ["mike1@example.com", "mike2@example.com"] {
        let mike = world.joined(acme, email, Role::Member).await;
        named(&world, mike.person(), "Mike").await;
    }
    for (reader, list) in [(&ana, &*format!("/admin/orgs/{acme}/members")), (&olga, INSIDE)] {
        let page = reader.get(list).await;
        page.is(200).shows(" Mike, mike1@example.com</span>").shows(" of Mike, mike2@example.com</span>");
        page.shows(">Actions</span></th>").shows("data-role=\"owner\"").hides("data-status=\"owner\"");
    }
}

/// Members called Person 00000 and so on, all in one append.
async fn crowd(world: &World, org: OrgId, people: usize) {
    let mut events = vec![];
    for number in 0..people {
        let person = world.person(&format!("p{number:05}@crowd.example")).await;
        named(world, person, &format!("Person {number:05}")).await;
        let (invitation, role) = (InvitationId(clock::new_id()), Role::Member);
        let expires_at = clock::after(chrono::Duration::days(7)).into();
        events.push(InvitationEvent::MemberInvited { invitation, person, role: role.clone(), expires_at });
        events.push(InvitationEvent::MemberJoined { invitation, person, role });
    }
    let append = Append {
        stream: StreamId::of::<Org>(org),
        after: world.last_event().await.sequence,
        events: events.into_iter().map(|event| Draft::of::<Org>(&OrgEvent::Invitation(event))).collect(),
        metadata: Metadata::new(Actor::Shell, clock::new_id()),
        fingerprint: [0; 32],
        authority: None,
        beside: None,
    };
    world.app.log.append(append).await.expect("appended");
    let minute = std::time::Duration::from_mins(1);
    world.app.projector.wait_for(world.position().await, minute).await.expect("folded");
}

async fn named(world: &World, person: PersonId, name: &str) {
    let name = name.parse().expect("a name");
    people::set_name(&world.app.db, person, &name).await.expect("stored");
}

engines!(
    an_operator_changes_a_role_and_takes_it_back,
    whoever_is_removed_sees_nothing_from_the_next_request_on,
    an_admin_changes_members_and_no_owner,
    the_last_owner_stays_and_is_told_why,
    whoever_leaves_is_gone_and_can_be_invited_again,
    what_somebody_else_did_meanwhile_is_shown_first,
    of_two_last_owners_who_demote_each_other_one_stays,
    all_of_600_members_are_found_by_paging_and_by_search,
    a_search_finds_nobody_of_another_organisation,
    odd_text_is_looked_for_as_it_is,
    namesakes_are_told_apart_and_a_role_reads_as_it_is_named,
);
