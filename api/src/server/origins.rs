//! Protection against forms and scripts of other sites, by what browsers say about where a request comes from.
//!
//! **Invariant:** a request that changes something and that a browser made on another site's behalf reaches no handler.
//! Programs that send neither `Sec-Fetch-Site` nor `Origin` pass: no site can make them act.

use std::str::FromStr;

use axum::extract::Request;
use axum::http::header::ORIGIN;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::csrf::{ConfigError, CsrfLayer, ProtectionError};

use crate::web::error::Error;

/// The sites besides ourselves whose forms and scripts we accept, from `PORTAL_TRUSTED_ORIGINS`.
///
/// Read from a list of origins as browsers write them (`https://portal.example:8443`, without a path or a standard
/// port), separated by commas or blanks.
#[derive(Clone, Debug, Default)]
pub struct TrustedOrigins(CsrfLayer);

impl FromStr for TrustedOrigins {
    type Err = ConfigError;

    fn from_str(list: &str) -> Result<Self, ConfigError> {
        list.split([',', ' ', '\n'])
            .filter(|origin| !origin.is_empty())
            .try_fold(CsrfLayer::new(), CsrfLayer::add_trusted_origin)
            .map(Self)
    }
}

impl TrustedOrigins {
    pub(super) fn guard(&self) -> CsrfLayer {
        self.0.clone()
    }
}

/// Tells whoever was refused which origin it was and how an operator would let it in.
pub(super) async fn explain(request: Request, next: Next) -> Response {
    let origin =
        request.headers().get(ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()).into_owned());
    let response = next.run(request).await;
    if response.extensions().get::<ProtectionError>().is_none() {
        return response;
    }
    let origin = origin.unwrap_or_else(|| "an unnamed origin".to_owned());
    tracing::warn!(origin, "refused a request from another site");
    Error::Forbidden(format!(
        "This request came from another site ({origin}), and nothing was done. If that site is yours, add it to the \
         setting PORTAL_TRUSTED_ORIGINS; otherwise open this product yourself and do it here."
    ))
    .into_response()
}
