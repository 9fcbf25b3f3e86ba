//! The same page of the same rows from memory, behind the same HTTP server: no database, no session, no access.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use api::resources::orgs::list::{OrgListQuery, content};
use api::server::{self, Edge, Limits};
use api::ui::{Console, Section, Viewer};
use axum::extract::State;
use axum::routing::get;
use maud::Markup;
use projections::Timestamp;
use projections::org_list::{OrgListOrder, OrgListed, OrgPage, Total};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

/// The server as a process of its own, like the one it is compared with.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _process: Child,
}

pub(crate) async fn start() -> Server {
    let this = std::env::current_exe().expect("this program has a path");
    let mut process = Command::new(this)
        .arg("memory-server")
        .kill_on_drop(true)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts");
    let mut said = BufReader::new(process.stdout.take().expect("it is piped")).lines();
    let address = said.next_line().await.expect("readable").expect("it says where it listens");
    Server { address: address.parse().expect("an address"), _process: process }
}

#[expect(clippy::disallowed_methods, reason = "this is not the product")]
pub(crate) async fn serve() {
    let rows = Arc::new((0..50).map(row).collect::<Vec<_>>());
    let router = axum::Router::new().route("/admin/orgs", get(page)).with_state(rows);
    let limits = Limits { max_connections_per_address: 1000, ..Limits::default() };
    let router = server::layers(router, &limits, &Edge::default(), api::reply::render);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    println!("{}", listener.local_addr().expect("it listens"));
    server::serve(listener, router, limits, std::future::pending()).await.expect("it serves");
}

async fn page(State(rows): State<Arc<Vec<OrgListed>>>) -> Markup {
    let rows = rows.as_ref().clone();
    let page = OrgPage { rows, more_before: false, more_after: true, total: Total::Exactly(100_000) };
    let content = content(&OrgListQuery::default(), &OrgListOrder::default(), &page, true);
    let viewer = Viewer { name: "Ana", email: "ana@example.com", operator: true, organisations: &[] };
    let (title, section) = ("Organisations", Section::Organisations);
    Console { title, section, viewer: &viewer, crumbs: &[], position: 300_000, at: None, notice: None }
        .render(content)
}

fn row(number: i64) -> OrgListed {
    let at = Timestamp::from_micros(1_800_000_000_000_000 + number);
    OrgListed {
        org_id: Uuid::new_v4(),
        name: format!("Acme Systems {number}"),
        name_key: format!("acme systems {number}"),
        slug: format!("org-{number}"),
        status: "active".to_owned(),
        reason: None,
        protected: false,
        members: 1,
        owner_joined: true,
        owner_email: Some(format!("org-{number}@customer.example")),
        created_at: at,
        changed_at: at,
    }
}
