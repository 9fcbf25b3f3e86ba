//! `/api/v1/…`: what other programs can read about an organisation, as JSON. The modules are named like the ends of the
//! URLs.
//!
//! The asker has the same cookie as on a page, and passes the same gate. If they may not, they get a problem document (RFC
//! 9457) and are never redirected. An organisation that changed its slug is found under the new one, with 308.
//!
//! An answer has a tag, `"12-7f3a…"`: the sequence that the organisation's own stream has reached, and a hash of the last
//! event of that stream and of each resource type. All that an answer says follows from these: name, slug and choices from
//! the one, types and policies from the others. Where the answer can be another, the tag is, also after the database was
//! restored to an earlier moment and went on differently, with the same numbers. A position in the log would tell each
//! customer how busy all the others are. Whoever changes the shape of an answer gives its tag another shape too.
//!
//! **Invariant:** a tag is read before what it stands for. An event in between makes a newer answer under an older tag,
//! which costs one more answer; the other way round, an old answer would pass for the new one.

use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use cqrs_es::Aggregate;
use domain::ResourceType;
use projections::org_detail::{self, OrgDetail};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::access::Member;
use crate::app::App;
use crate::web::error::Error;
use crate::web::etag;
use crate::web::extract::Json;

/// The organisation that an answer is about.
#[derive(Debug, Serialize)]
pub struct Organisation {
    pub id: Uuid,
    slug: String,
    name: String,
}

impl From<OrgDetail> for Organisation {
    fn from(org: OrgDetail) -> Self {
        Self { id: org.org_id, slug: org.slug, name: org.name }
    }
}

/// A name for the content of an answer: a quoted string, as `ETag` has it.
pub struct Tag(String);

impl Tag {
    /// Reads the organisation that a member asks about, and the tag for answers about it.
    pub async fn read(app: &App, member: &Member) -> Result<(Self, Organisation), Error> {
        // Without the type that can't be read, every answer would say that nobody has it.
        if app.projector.leaves_out_any(ResourceType::TYPE) {
            return Err(Error::Later {
                title: "One of the resource types can't be read",
                detail: "So nobody can say which of them an organisation has. Whoever runs the portal finds it with `portal \
                         verify`, or under History, Read models."
                    .to_owned(),
            });
        }
        let types = projections::resource_types::last_hashes(&app.db).await?;
        let org = org_detail::get(&app.db, &member.scope(), member.membership.org_id).await?;
        let org = org.ok_or(Error::NotFound)?;
        let mut hash = Sha256::new_with_prefix(org.last_hash(&app.db).await?);
        for last in &types {
            hash.update(last);
        }
        let hash = hex::encode(&hash.finalize()[..8]);
        Ok((Self(format!("\"{}-{hash}\"", org.sequence)), org.into()))
    }

    /// The tag for an answer about one person: the same address means another person to everybody who asks.
    #[must_use]
    pub fn about(self, person: Uuid) -> Self {
        Self(format!("{}-{person}\"", self.0.trim_end_matches('"')))
    }

    pub fn is_known(&self, headers: &HeaderMap) -> bool {
        etag::is_known(&self.0, headers)
    }

    /// The answer for somebody who has this version already.
    pub fn unchanged(self) -> Response {
        (StatusCode::NOT_MODIFIED, self.headers()).into_response()
    }

    pub fn answer(self, answer: impl Serialize) -> Response {
        (self.headers(), Json(answer)).into_response()
    }

    /// Lets the asker keep the answer, and makes them ask each time if it is still current.
    fn headers(self) -> [(axum::http::HeaderName, String); 2] {
        [(ETAG, self.0), (CACHE_CONTROL, "private, no-cache".to_owned())]
    }
}
