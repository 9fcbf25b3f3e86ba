//! Checks if the reader of an answer has it already.

use axum::http::HeaderMap;
use axum::http::header::IF_NONE_MATCH;

/// True if a request names this tag, which is in quotes. `If-None-Match` compares weakly (RFC 9110, 13.1.2).
pub fn is_known(etag: &str, headers: &HeaderMap) -> bool {
    let mut known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.any(|list| {
        let mut tags = list.split(',').map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
    })
}
