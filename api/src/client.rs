//! Where a request came from.
//!
//! **Invariant:** only configured proxies are believed. A header that can't be read never changes a decision: the
//! connection's own address stands then.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;

use crate::app::App;
use crate::error::Error;
use crate::server::PeerAddr;

/// The other side of a request.
#[derive(Clone, Debug, Default)]
pub struct Client {
    pub address: Option<IpAddr>,
    /// What the browser calls itself, at most 200 characters.
    pub agent: Option<String>,
}

impl FromRequestParts<App> for Client {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let peer = parts.extensions.get::<PeerAddr>().map(|PeerAddr(peer)| peer.ip().to_canonical());
        let address = peer.map(|peer| behind_proxies(peer, &parts.headers, &app.settings.trusted_proxies));
        let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self { address, agent: agent.map(|agent| agent.chars().take(200).collect()) })
    }
}

/// The last address in `X-Forwarded-For` that is not one of our proxies, if the request came through them.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let mut address = peer;
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|list| list.split(',')).collect();
    for hop in hops.iter().rev() {
        if !proxies.contains(&address) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(next) => address = next.to_canonical(),
            Err(_) => break,
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &str, proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().expect("a header"));
        let proxies: Vec<IpAddr> = proxies.iter().map(|proxy| proxy.parse().expect("an address")).collect();
        behind_proxies(peer.parse().expect("an address"), &headers, &proxies).to_string()
    }

    #[test]
    fn nobody_but_a_configured_proxy_is_believed() {
        assert_eq!(seen("9.9.9.9", "1.2.3.4", &[]), "9.9.9.9");
        assert_eq!(seen("10.0.0.1", "1.2.3.4", &["10.0.0.1"]), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", &["10.0.0.1", "10.0.0.2"]), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", "a", &["10.0.0.1"]), "10.0.0.1");
    }
}
