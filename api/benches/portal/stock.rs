//! cqrs-es and postgres-es as they come, behind the same HTTP server: no sign-in, no access, one view.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use api::server::{self, Edge, Limits};
use api::web::extract::Form;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::post;
use domain::org::{LifecycleCommand, OrgCommand};
use projections::testing::stock::Stock;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

#[derive(Deserialize)]
struct NewOrg {
    command_id: String,
    name: String,
    slug: String,
}

/// The server as a process of its own, like the one it is compared with.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _process: Child,
}

pub(crate) async fn start(url: &str) -> Server {
    let this = std::env::current_exe().expect("this program has a path");
    let mut process = Command::new(this)
        .args(["stock-server", url])
        .kill_on_drop(true)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts");
    let mut said = BufReader::new(process.stdout.take().expect("it is piped")).lines();
    let address = said.next_line().await.expect("readable").expect("it says where it listens");
    Server { address: address.parse().expect("an address"), _process: process }
}

#[expect(clippy::disallowed_methods, reason = "this is not the product")]
pub(crate) async fn serve(url: &str) {
    let stock = Arc::new(Stock::open(url).await);
    let router = axum::Router::new().route("/orgs", post(create)).with_state(stock);
    let limits = Limits { max_connections_per_address: 1000, ..Limits::default() };
    let router = server::layers(router, &limits, &Edge::default(), api::reply::render);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    println!("{}", listener.local_addr().expect("it listens"));
    server::serve(listener, router, limits, std::future::pending()).await.expect("it serves");
}

async fn create(State(stock): State<Arc<Stock>>, Form(form): Form<NewOrg>) -> Redirect {
    let name = form.name.parse().expect("a name");
    let slug = form.slug.parse().expect("a slug");
    stock
        .execute(
            &form.command_id,
            OrgCommand::Lifecycle(LifecycleCommand::Create { name, slug, owner: None }),
        )
        .await
        .expect("created");
    Redirect::to("/orgs")
}
