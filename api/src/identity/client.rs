//! Where a request came from.
//!
//! **Invariant:** only configured proxies are believed. A header that can't be read never changes a decision: what is
//! known without it stands then.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{LazyLock, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{FORWARDED, USER_AGENT};
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::app::App;
use crate::config::ForwardedHeader;
use crate::web::error::Error;
use crate::web::request::PeerAddr;

/// The other side of a request.
#[derive(Clone, Debug, Default)]
pub struct Client {
    pub address: Option<IpAddr>,
    /// The User-Agent of the browser, at most 200 characters.
    pub agent: Option<String>,
}

impl FromRequestParts<App> for Client {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let peer = parts.extensions.get::<PeerAddr>().map(|PeerAddr(peer)| peer.ip().to_canonical());
        let (proxies, header) = (&app.settings.trusted_proxies, app.settings.forwarded_header);
        let address = peer.map(|peer| behind_proxies(peer, &parts.headers, proxies, header));
        let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self { address, agent: agent.map(|agent| agent.chars().take(200).collect()) })
    }
}

/// The browser that sends a request: where it is, and the headers with its cookies.
#[derive(Clone, Debug)]
pub struct Browser {
    pub client: Client,
    pub headers: HeaderMap,
}

impl FromRequestParts<App> for Browser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        Ok(Self { client: Client::from_request_parts(parts, app).await?, headers: parts.headers.clone() })
    }
}

/// The last address that the header names and that is not one of our proxies, if the request came through them.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet], header: ForwardedHeader) -> IpAddr {
    let ours = |address: IpAddr| proxies.iter().any(|network| network.contains(&address));
    let (hops, others) = match header {
        ForwardedHeader::XForwardedFor => (x_forwarded_for(headers), forwarded(headers)),
        ForwardedHeader::Forwarded => (forwarded(headers), x_forwarded_for(headers)),
    };
    let is_forwarded = !hops.is_empty() || !others.is_empty();
    if is_forwarded && !ours(peer) {
        explain(peer, &format!("is not believed. If it is your proxy, set PORTAL_TRUSTED_PROXIES={peer}"));
    } else if is_forwarded && hops.is_empty() {
        explain(
            peer,
            "does so in the header that is not read: set PORTAL_FORWARDED_HEADER to the one that it writes",
        );
    }
    let mut address = peer;
    for hop in hops.iter().rev() {
        match hop {
            Some(next) if ours(address) => address = *next,
            _ => break,
        }
    }
    address
}

/// The addresses from which each proxy says it got the request, the nearest last; none for one that can't be read. An empty
/// element of a list means nothing (RFC 9110, 5.6.1).
fn x_forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = headers.get_all("x-forwarded-for").iter();
    let elements = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    elements.filter(|element| !element.trim_ascii().is_empty()).map(node_in).collect()
}

/// The same addresses from the header of RFC 7239: `for=192.0.2.43;proto=https, for="[2001:db8::1]:4711"`.
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let of = |element: &[u8]| {
        let mut pairs = outside_quotes(element, b';')?.into_iter().filter_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            Some((pair[..at].trim_ascii(), pair[at + 1..].trim_ascii()))
        });
        let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case(b"for"))?;
        let inside = |value: &'_ [u8]| {
            value.strip_prefix(b"\"").and_then(|it| it.strip_suffix(b"\"")).map(<[u8]>::to_vec)
        };
        node_in(&inside(value).unwrap_or_else(|| value.to_vec()))
    };
    let elements = |value: &[u8]| {
        // If a quote stays open, nobody can say what the last element is.
        let Some(elements) = outside_quotes(value, b',') else { return vec![None] };
        elements.into_iter().filter(|element| !element.trim_ascii().is_empty()).map(of).collect()
    };
    headers.get_all(FORWARDED).iter().flat_map(|value| elements(value.as_bytes())).collect()
}

/// The parts between separators outside quotes; none where a quote stays open.
fn outside_quotes(text: &[u8], separator: u8) -> Option<Vec<&[u8]>> {
    let (mut parts, mut from, mut is_quoted, mut is_escaped) = (vec![], 0, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            byte if *byte == separator && !is_quoted => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    (!is_quoted).then_some(parts)
}

fn node_in(text: &[u8]) -> Option<IpAddr> {
    node(str::from_utf8(text).ok()?)
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`; a port may have a name instead
/// of a number, which begins with `_` (RFC 7239, 6).
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.split_once(":_").map_or(text, |(address, _named_port)| address);
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    let in_brackets =
        || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(|v6: Ipv6Addr| v6.into());
    let address = text.parse().ok().or_else(with_port).or_else(in_brackets)?;
    Some(IpAddr::to_canonical(&address))
}

/// Peers whose headers were not believed. Each is logged once.
static EXPLAINED: LazyLock<Mutex<HashSet<IpAddr>>> = LazyLock::new(Mutex::default);

/// Anybody can send such headers from all the addresses they have, so the number of log lines is limited.
const MOST_EXPLAINED: usize = 16;

/// Logs how to make the portal believe this peer, in case it is a proxy of ours.
fn explain(peer: IpAddr, how: &str) {
    let mut explained = EXPLAINED.lock().unwrap_or_else(PoisonError::into_inner);
    if explained.len() < MOST_EXPLAINED && explained.insert(peer) {
        tracing::warn!(
            "{peer} says for whom it forwards a request, and {how}. Until then all who come through it count as one"
        );
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::config::network;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn seen(peer: &str, headers: &[(&'static str, &str)], proxies: &[&str]) -> String {
        seen_in(ForwardedHeader::XForwardedFor, peer, headers, proxies)
    }

    fn seen_in(
        header: ForwardedHeader,
        peer: &str,
        headers: &[(&'static str, &str)],
        proxies: &[&str],
    ) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a header"));
        }
        let proxies: Vec<IpNet> = proxies.iter().map(|proxy| network(proxy).expect("a network")).collect();
        behind_proxies(address(peer), &map, &proxies, header).to_string()
    }

    #[test]
    fn nobody_but_a_configured_proxy_is_believed() {
        let x = |value| [("x-forwarded-for", value)];
        assert_eq!(seen("9.9.9.9", &x("1.2.3.4"), &[]), "9.9.9.9");
        assert_eq!(seen("10.0.0.1", &x("1.2.3.4"), &["10.0.0.1"]), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", &x("6.6.6.6, 1.2.3.4, 10.0.0.2"), &["10.0.0.1", "10.0.0.2"]), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", &x("6.6.6.6, 1.2.3.4, 10.9.8.7"), &["10.0.0.0/8"]), "1.2.3.4");
        assert_eq!(seen("11.0.0.1", &x("1.2.3.4"), &["10.0.0.0/8"]), "11.0.0.1");
        assert_eq!(seen("fd00::1", &x("1.2.3.4"), &["fd00::/8", "10.0.0.0/8"]), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", &x("a"), &["10.0.0.1"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &x("1.2.3.4, a"), &["10.0.0.1"]), "10.0.0.1");
    }

    #[test]
    fn a_port_behind_an_address_is_no_part_of_it() {
        for (value, read) in [
            ("1.2.3.4:5678", "1.2.3.4"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:5678", "2001:db8::1"),
            ("6.6.6.6:1, 1.2.3.4:2", "1.2.3.4"),
            ("::ffff:1.2.3.4", "1.2.3.4"),
            ("\u{ff}, 1.2.3.4", "1.2.3.4"),
            ("1.2.3.4, ", "1.2.3.4"),
            ("1.2.3.4,,10.0.0.1,", "1.2.3.4"),
            ("1.2.3.4:_hidden", "1.2.3.4"),
        ] {
            assert_eq!(seen("10.0.0.1", &[("x-forwarded-for", value)], &["10.0.0.1"]), read, "{value}");
        }
    }

    #[test]
    fn the_standard_header_is_read_where_proxies_write_it() {
        for (value, read) in [
            ("for=1.2.3.4", "1.2.3.4"),
            ("For=\"1.2.3.4:5678\";proto=https;by=10.0.0.1", "1.2.3.4"),
            ("proto=https; for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("for=6.6.6.6, for=1.2.3.4, for=10.0.0.2;host=x", "1.2.3.4"),
            ("for=\"6.6.6.6, for=1.2.3.4", "10.0.0.1"), // a quote that stays open
            ("for=1.2.3.4;host=\"x,for=6.6.6.6\";proto=http", "1.2.3.4"),
            ("host=\"a;for=6.6.6.6\";for=1.2.3.4", "1.2.3.4"),
            ("host=\"a\\\",for=6.6.6.6\";for=1.2.3.4", "1.2.3.4"),
            ("for=unknown", "10.0.0.1"),
            ("for=_hidden, proto=https", "10.0.0.1"),
            ("for=\"1.2.3.4:_gazonk\"", "1.2.3.4"),
            ("for=\"[2001:db8::1]:_p-1\"", "2001:db8::1"),
            ("for=1.2.3.4, ", "1.2.3.4"),
            ("for=1.2.3.4,, for=10.0.0.2 ,", "1.2.3.4"),
        ] {
            let standard = ForwardedHeader::Forwarded;
            assert_eq!(
                seen_in(standard, "10.0.0.1", &[("forwarded", value)], &["10.0.0.0/24"]),
                read,
                "{value}"
            );
        }
    }

    /// A proxy that writes one header passes on the other, which anybody may have made up.
    #[test]
    fn only_the_header_that_proxies_write_is_read() {
        let both = [("x-forwarded-for", "1.2.3.4"), ("forwarded", "for=6.6.6.6")];
        assert_eq!(seen("10.0.0.1", &both, &["10.0.0.1"]), "1.2.3.4");
        assert_eq!(seen_in(ForwardedHeader::Forwarded, "10.0.0.1", &both, &["10.0.0.1"]), "6.6.6.6");
        assert_eq!(seen("10.0.0.1", &both[1..], &["10.0.0.1"]), "10.0.0.1");
    }

    #[test]
    fn a_network_is_read_from_a_setting() {
        assert_eq!(network("10.0.0.7").map(|network| network.to_string()), Ok("10.0.0.7/32".to_owned()));
        assert_eq!(network("fd00::/8").map(|network| network.to_string()), Ok("fd00::/8".to_owned()));
        for wrong in ["proxy", "10.0.0.0/33", "10.0.0.0/", ""] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }
}
