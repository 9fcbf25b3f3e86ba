//! `make bench`: load against the real program in release, and the same against what it is compared with.
//!
//! Every figure is a run of some seconds on this machine; ratios are of one run. The parts are `commands`, `hashes`, `history`,
//! `list`, `pages`, `rebuild`, `spreads` and `streams`; without a name all of them run.
//! `soak` runs on its own, for an hour.

#![expect(clippy::print_stdout, reason = "the figures are what this is for")]

mod commands;
mod hashes;
mod history;
mod list;
mod measure;
mod memory;
mod pages;
#[path = "../../tests/portal/process.rs"]
mod process;
mod rebuild;
mod seed;
mod soak;
mod spreads;
mod stock;
mod streams;
#[path = "../../tests/portal/wire.rs"]
mod wire;

/// The program under load.
const PORTAL: &str = env!("CARGO_BIN_EXE_portal");

#[tokio::main]
async fn main() {
    let parts: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if let [part, url] = parts.as_slice()
        && part == "stock-server"
    {
        return stock::serve(url).await;
    }
    if parts.iter().any(|part| part == "memory-server") {
        return memory::serve().await;
    }
    if let [part, rest @ ..] = parts.as_slice()
        && part == "soak"
    {
        return soak::run(rest.first().map_or(60, |minutes| minutes.parse().expect("minutes"))).await;
    }
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    if wanted("commands") {
        commands::run().await;
    }
    if wanted("hashes") {
        hashes::run().await;
    }
    if wanted("history") {
        history::run().await;
    }
    if wanted("list") {
        list::run().await;
    }
    if wanted("pages") {
        pages::run().await;
    }
    if wanted("rebuild") {
        rebuild::run().await;
    }
    if wanted("spreads") {
        spreads::run().await;
    }
    if wanted("streams") {
        streams::run().await;
    }
}
