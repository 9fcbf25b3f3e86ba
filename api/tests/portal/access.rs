//! The matrix: every route of the table, asked for by everybody there is, as a file to be read in review.
//!
//! **Invariant:** the table of routes, this program and `access.snap` say the same; and nobody changes anything by
//! knocking.

use std::fmt::Write;

use api::access::RouteRequirement;
use api::access::routes::RouteEntry;
use api::routes;
use domain::org::Role;
use domain::values::{InvitationId, OrgId, PersonId};
use uuid::Uuid;

use crate::client::{Answer, Client};
use crate::world::World;

/// Columns of the matrix.
const WHO: [&str; 9] =
    ["anonymous", "nobody's", "stranger", "suspended", "member", "admin", "owner", "auditor", "superadmin"];

async fn every_route_lets_in_whom_the_table_says(world: World) {
    let place = Place::new(&world).await;
    let before = world.position().await;
    let mut lines = vec![line("", "", &WHO)];
    let mut entries = routes::entries(&world.app);
    entries.sort_by_key(|entry| (entry.path, entry.method)); // wherever its room stands
    for entry in entries {
        let mut outcomes = vec![];
        for who in WHO {
            let outcome = outcome(entry.need, &place.knock(&world, who, entry).await);
            assert_eq!(outcome, expected(entry, who), "{entry:?} by {who}");
            outcomes.push(outcome);
        }
        lines.push(line(entry.method, entry.path, &outcomes));
    }
    assert_eq!(world.since(before).await, [""; 0]);
    insta::with_settings!({ snapshot_path => ".", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("access", lines.join("\n"));
    });
}

fn line(method: &str, path: &str, cells: &[&str]) -> String {
    let mut line = format!("{method:<5}{path:<59}");
    for cell in cells {
        write!(line, "{cell:<12}").expect("text");
    }
    line.trim_end().to_owned()
}

/// The table at the head of `access.rs`, once more.
fn expected(entry: RouteEntry, who: &str) -> &'static str {
    match (entry.need, who) {
        (RouteRequirement::Anyone, _) => "✓",
        (_, "anonymous") if entry.path.starts_with("/api/") => "✗ 401",
        (_, "anonymous") => "✗ sign in",
        (RouteRequirement::SignedIn, _) => "✓",
        (RouteRequirement::Member, "member" | "admin" | "owner") => "✓",
        (RouteRequirement::Manager, "admin" | "owner") => "✓",
        (RouteRequirement::Manager, "member" | "suspended") | (RouteRequirement::Member, "suspended") => {
            "✗ 403"
        }
        (RouteRequirement::Member | RouteRequirement::Manager, _) => "✗ 404",
        (RouteRequirement::Platform, "auditor" | "superadmin")
        | (RouteRequirement::Superadmin, "superadmin") => "✓",
        (RouteRequirement::Superadmin, "auditor") => "✗ 403",
        (RouteRequirement::Platform | RouteRequirement::Superadmin, _) => "✗ home",
    }
}

/// What somebody came to: anything that a handler said is a tick. Only the gate of members says 404.
fn outcome(need: RouteRequirement, answer: &Answer) -> &'static str {
    match (need, answer.status, answer.location()) {
        (RouteRequirement::Anyone, ..) => "✓",
        (_, 303, to) if to.starts_with("/login?next=") => "✗ sign in",
        (RouteRequirement::Platform | RouteRequirement::Superadmin, 303, to) if HOMES.contains(&to) => {
            "✗ home"
        }
        (_, 401, _) => "✗ 401",
        (_, 403, _) => "✗ 403",
        (RouteRequirement::Member | RouteRequirement::Manager, 404, _) => "✗ 404",
        _ => "✓",
    }
}

const HOMES: [&str; 4] =
    ["/org/acme/dashboard", "/org/elsewhere/dashboard", "/org/closed/dashboard", "/organisations/select"];

/// Everybody, and something for every parameter of a path.
struct Place {
    acme: OrgId,
    closed: OrgId,
    invitation: InvitationId,
    member: PersonId,
    people: Vec<(&'static str, Client)>,
}

impl Place {
    async fn new(world: &World) -> Self {
        let (acme, closed) = (world.org("acme").await, world.org("closed").await);
        let suspended = world.joined(closed, "sue@example.com", Role::Owner).await;
        world.suspended(closed, "The invoice is unpaid").await;
        let guest = world.person("guest@example.com").await;
        let invitation = world.invited(acme, guest, Role::Member).await;
        let people = vec![
            ("nobody's", world.somebody("nora@example.com").await),
            ("stranger", world.stranger().await),
            ("suspended", suspended),
            ("member", world.member(acme).await),
            ("admin", world.joined(acme, "adam@example.com", Role::Admin).await),
            ("owner", world.owner(acme).await),
            ("auditor", world.auditor().await),
            ("superadmin", world.operator().await),
        ];
        let member = people[3].1.person();
        Self { acme, closed, invitation, member, people }
    }

    /// With a session of its own for each request, since one of them ends it.
    async fn knock(&self, world: &World, who: &str, entry: RouteEntry) -> Answer {
        let known = self.people.iter().find(|(name, _)| *name == who);
        let client = match known {
            Some((_, client)) => world.signed_in(client.person()).await,
            None => world.anonymous(),
        };
        let path = self.fill(entry.path, who);
        match entry.method {
            "POST" => client.post(&path, &[]).await,
            _ => client.get(&path).await,
        }
    }

    fn fill(&self, path: &str, who: &str) -> String {
        let slug = if who == "suspended" { "closed" } else { "acme" };
        let id = if who == "suspended" { self.closed } else { self.acme };
        path.replace("{slug}", slug)
            .replace("{id}", &id.to_string())
            .replace("{invitation}", &self.invitation.to_string())
            .replace("{action}", "name")
            .replace("{position}", "1")
            .replace("{correlation}", &Uuid::nil().to_string())
            .replace("{code}", "project")
            .replace("{person}", &self.member.to_string())
            .replace("{member_change}", "role")
            .replace("{change}", "label")
            .replace("{token}", &"0".repeat(64))
            .replace("{*rest}", "whatever/there/is")
    }
}

/// No method that a route does not take, and no spelling of its path, gets around the gate.
async fn the_console_is_closed_to_owners_however_it_is_spelled(world: World) {
    let acme = world.org("acme").await;
    let olga = world.owner(acme).await;
    for path in ["/admin", "/admin/", "/admin/orgs/", "/admin/%6frgs", "/admin//orgs", "/admin/../admin/orgs"]
    {
        olga.get(path).await.leads_to("/org/acme/dashboard");
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "BREW"] {
        let request = axum::http::Request::builder().method(method).uri("/admin/orgs");
        let answer = olga.send(request.body(axum::body::Body::empty()).expect("a request")).await;
        answer.leads_to("/org/acme/dashboard").hides("Elsewhere");
    }
    for path in ["/Admin/orgs", "//admin/orgs", "/admin%2Forgs", "/ADMIN"] {
        olga.get(path).await.is(404);
    }
}

engines! {
    every_route_lets_in_whom_the_table_says,
    the_console_is_closed_to_owners_however_it_is_spelled,
}
