//! The only HTTP client: it asks witnesses, and sends copies of checkpoints.
//!
//! **Invariant:** a server that is asked can't hold the portal up for long, redirect it, or fill its memory.

use std::time::Duration;

use anyhow::Context;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

/// How long a whole exchange may take, from the first byte sent to the last byte received.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many bytes of an answer are read.
const LONGEST: usize = 16 * 1024;

pub fn open() -> anyhow::Result<Client> {
    // An error here says that a provider is installed already.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(PATIENCE).redirect(Policy::none());
    client.user_agent(concat!("portal/", env!("CARGO_PKG_VERSION"))).build().context("TLS")
}

/// Parses an address that can be asked. The error leaves the address out, since it may have a secret in it.
pub fn url(text: &str) -> anyhow::Result<Url> {
    let url: Url = text.parse().map_err(|why| anyhow::anyhow!("this is no URL: {why}"))?;
    anyhow::ensure!(["http", "https"].contains(&url.scheme()), "it begins with http:// or https://");
    anyhow::ensure!(url.has_host(), "it names no host");
    Ok(url)
}

/// The text of an answer, cut off where it is too long.
pub async fn text(mut response: Response) -> reqwest::Result<String> {
    let mut bytes = vec![];
    while bytes.len() < LONGEST
        && let Some(more) = response.chunk().await?
    {
        bytes.extend(more);
    }
    bytes.truncate(LONGEST);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first line of an answer, fit to be shown to a person.
pub fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|c| !is_invisible(*c)).take(200).collect()
}

/// True for characters that are invisible themselves and change how the rest is shown.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Why there was no answer. The text leaves the address out, since it may have a secret in it.
pub fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return format!("no answer within {} seconds", PATIENCE.as_secs());
    }
    let mut why = std::error::Error::source(&error);
    while let Some(deeper) = why.and_then(std::error::Error::source) {
        why = Some(deeper);
    }
    why.map_or_else(|| error.to_string(), ToString::to_string)
}
