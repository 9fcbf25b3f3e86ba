//! The files that pages refer to: stylesheet, script, mark, and the note to crawlers. All are part of the binary.
//!
//! **Invariant:** only the very URL that this build's pages say is cached for long. Another version is another build's,
//! and caching under it would pin the wrong file for a year.

use std::sync::LazyLock;

use axum::extract::RawQuery;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::ui;
use crate::web::etag;

/// `GET /assets/portal.css`
pub async fn stylesheet(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    STYLESHEET.answer(query.as_deref(), &headers)
}

/// `GET /assets/portal.js`
pub async fn script(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    SCRIPT.answer(query.as_deref(), &headers)
}

/// `GET /favicon.svg`
pub async fn favicon(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    FAVICON.answer(query.as_deref(), &headers)
}

/// `GET /robots.txt`
pub async fn robots(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    ROBOTS.answer(query.as_deref(), &headers)
}

struct Asset {
    content_type: &'static str,
    content: &'static str,
    /// The URL as pages write it, with the version. Files without a version have none in the URL.
    url: String,
    /// The first half of the content's SHA-256, in hexadecimal and in quotes.
    etag: String,
}

impl Asset {
    fn new(url: String, content_type: &'static str, content: &'static str) -> Self {
        let digest = Sha256::digest(content);
        let half = digest.first_chunk().expect("SHA-256 has 32 bytes");
        let etag = format!("\"{:032x}\"", u128::from_be_bytes(*half));
        Self { content_type, content, url, etag }
    }

    fn answer(&self, query: Option<&str>, headers: &HeaderMap) -> Response {
        let fresh = [(CACHE_CONTROL, self.cache_control(query)), (ETAG, self.etag.as_str())];
        if etag::is_known(&self.etag, headers) {
            return (StatusCode::NOT_MODIFIED, fresh).into_response();
        }
        (fresh, [(CONTENT_TYPE, self.content_type)], self.content).into_response()
    }

    fn cache_control(&self, query: Option<&str>) -> &'static str {
        match self.url.split_once('?') {
            Some((_, version)) if query == Some(version) => "public, max-age=31536000, immutable",
            _ => "public, max-age=300",
        }
    }
}

static STYLESHEET: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(ui::asset("portal.css"), "text/css; charset=utf-8", ui::CSS));
static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(ui::asset("portal.js"), "text/javascript; charset=utf-8", ui::JS));
static FAVICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/favicon.svg".to_owned(), "image/svg+xml", MARK));
static ROBOTS: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/robots.txt".to_owned(), "text/plain; charset=utf-8", CRAWLERS_KEEP_OUT));

const CRAWLERS_KEEP_OUT: &str = "User-agent: *\nDisallow: /\n";

/// An open door in a round arch: the portal. Without styles of its own, which the policy would refuse.
const MARK: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#2f4b7c"/>
<path d="M8 27V15a8 8 0 0 1 16 0v12h-3V15a5 5 0 0 0-10 0v12z" fill="#fff"/>
<path d="M14 27V16l5 2.5V27z" fill="#9db8e8"/>
</svg>
"##;
