//! Who may do what: the requirement of every route, and the gate that checks it. The requirements of commands are in
//! `bus/authorize.rs`.
//!
//! | | anonymous | signed in | member | auditor | superadmin |
//! | --- | --- | --- | --- | --- | --- |
//! | `Anyone` | ✓ | ✓ | ✓ | ✓ | ✓ |
//! | `SignedIn` | sign in | ✓ | ✓ | ✓ | ✓ |
//! | `Member` | sign in | 404 | ✓ | 404 | 404 |
//! | `Manager` | sign in | 404 | 403; owner, admin ✓ | 404 | 404 |
//! | `Platform` | sign in | home | home | ✓ | ✓ |
//! | `Superadmin` | sign in | home | home | 403 | ✓ |
//!
//! Under `/api/` nobody is redirected: somebody who would have to sign in gets 401, and a suspension is answered with a
//! problem document.
//!
//! If the portal requires a second factor of operators, an operator whose session has shown none is sent to the page that
//! sets one up.
//!
//! **Invariant:** [`Operator`] is the only thing that carries the platform scope into a handler, and this file is the
//! only one that makes it, from a grant that was active when the request came. What was read through it is noted before
//! the answer leaves.

mod noting;
pub mod routes;
pub mod sensitive_routes;
mod write;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Grant;
use domain::values::PersonId;
use projections::access_log;
use projections::event_log::StreamId;
use projections::memberships::{self, Membership};
use projections::projector::FoldError;
use projections::{Platform, Scope, Tenant, from_streams};
use tracing::Span;
use tracing::field::display;

use crate::app::App;
use crate::bus::Principal;
use crate::clock;
use crate::identity::client::Client;
use crate::identity::home;
use crate::identity::session::{self, Identity};
use crate::identity::sudo::{self, SudoQuestion};
use crate::web::error::Error;
use crate::web::paths;

pub use noting::{NotedOnce, note};
pub use write::Write;

/// What a route requires of the person who asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteRequirement {
    Anyone,
    SignedIn,
    /// The person belongs to the organisation in the path, and that organisation is active.
    Member,
    /// The person is an owner or admin of the organisation in the path.
    Manager,
    /// The person may read all organisations.
    Platform,
    /// The person may change all organisations.
    Superadmin,
}

/// An operator: somebody who may see all organisations, for one request.
#[derive(Clone, Debug)]
pub struct Operator {
    pub identity: Identity,
    pub platform: Platform,
}

impl Operator {
    /// The sender of a command.
    pub fn principal(&self) -> Principal {
        Principal::from(&self.identity)
    }

    pub fn scope(&self) -> Scope {
        Scope::Platform(self.platform.clone())
    }
}

/// Somebody in the organisation that the path names.
#[derive(Clone, Debug)]
pub struct Member {
    pub identity: Identity,
    pub membership: Membership,
}

impl Member {
    /// The sender of a command.
    pub fn principal(&self) -> Principal {
        Principal::from(&self.identity)
    }

    pub fn scope(&self) -> Scope {
        Scope::Tenant(Tenant::of(&self.membership))
    }

    /// True for an owner or admin of the organisation.
    pub fn manages(&self) -> bool {
        self.membership.role().manages()
    }
}

/// What somebody is shown in place of what they asked for. It travels as an extension of an empty answer; `reply.rs` makes
/// the page.
#[derive(Clone, Debug)]
pub enum Instead {
    /// Their organisation is suspended, and the page says why.
    Suspended(Box<(Identity, Membership)>),
    /// They have to confirm first that it is really them.
    Proof(Box<SudoQuestion>),
}

impl Instead {
    fn response(self, status: StatusCode) -> Response {
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Lets a request through to its handler, or says what its sender gets instead.
pub async fn gate(
    State((app, need)): State<(App, RouteRequirement)>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Result<Response, Error> {
    let request = with_address(&app, request).await?;
    if need == RouteRequirement::Anyone {
        return Ok(next.run(request).await); // also without a store: who asks is looked up where it matters
    }
    let Some(mut identity) = session::identify(&app, request.headers()).await? else {
        return sign_in_first(&request);
    };
    let (mut request, pending) = match sudo::open(&app, &mut identity, request).await? {
        Ok(goes_on) => goes_on,
        Err(question) => return Ok(ask(question)),
    };
    let mut watched = None;
    match need {
        RouteRequirement::Anyone | RouteRequirement::SignedIn => {}
        RouteRequirement::Member | RouteRequirement::Manager => {
            match admit(&app, &identity, &params, request.uri()).await? {
                Admitted::As(member) if need == RouteRequirement::Manager && !member.manages() => {
                    return Err(Error::Forbidden(
                        "Only owners and admins of the organisation may change this.".to_owned(),
                    ));
                }
                Admitted::As(member) => drop(request.extensions_mut().insert(*member)),
                Admitted::Elsewhere(response) => return Ok(response),
            }
        }
        RouteRequirement::Platform | RouteRequirement::Superadmin => match &identity.grant {
            None if identity.unreadable => {
                return Err(unreadable_role(&app, &identity));
            }
            None if identity.withheld => return Ok(Redirect::to(paths::SECOND_FACTOR).into_response()),
            None => return Ok(Redirect::to(&home::path(&app, &identity).await?).into_response()),
            Some(_) if need == RouteRequirement::Superadmin && !identity.is_superadmin() => {
                return Err(Error::Forbidden("Auditors see everything and change nothing.".to_owned()));
            }
            Some(grant) => {
                let platform = Platform::of(grant); // the one bypass
                watched = Some(platform.clone());
                request.extensions_mut().insert(Operator { identity: identity.clone(), platform });
            }
        },
    }
    request.extensions_mut().insert(identity.clone());
    let page = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let answer = next.run(request).await;
    if let Some(platform) = watched {
        note(&app, &identity, platform.take_reads(), &page).await?;
    }
    Ok(sudo::asked(&identity, pending, &answer).map_or(answer, ask))
}

fn ask(question: SudoQuestion) -> Response {
    let (status, retry_after_seconds) = (question.status, question.retry_after_seconds);
    let mut response = Instead::Proof(Box::new(question)).response(status);
    if let Some(seconds) = retry_after_seconds {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What members of a suspended organisation are told, whatever they asked for.
fn suspended(Membership { name, reason, .. }: &Membership) -> String {
    format!("{name} is suspended: {}", reason.as_deref().unwrap_or("no reason was given"))
}

/// Writes the client's address beside whatever the log says of this request.
async fn with_address(app: &App, request: Request) -> Result<Request, Error> {
    let (mut parts, body) = request.into_parts();
    if let Some(address) = Client::from_request_parts(&mut parts, app).await?.address {
        Span::current().record("address", display(address));
    }
    Ok(Request::from_parts(parts, body))
}

/// True as long as the person who sent these headers may still see all organisations. Answers that go on for long ask again.
pub async fn is_still_operator(app: &App, headers: &HeaderMap) -> Result<bool, Error> {
    Ok(session::identify(app, headers).await?.is_some_and(|identity| identity.grant.is_some()))
}

fn sign_in_first(request: &Request) -> Result<Response, Error> {
    if paths::is_api(request.uri().path()) {
        return Err(Error::Unauthorized);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let then = if request.method() == Method::GET { path } else { paths::ROOT };
    Ok(Redirect::to(&paths::login_then(then)).into_response())
}

enum Admitted {
    As(Box<Member>),
    Elsewhere(Response),
}

/// The error for somebody whose platform role can't be read: it says why.
fn unreadable_role(app: &App, identity: &Identity) -> Error {
    let (stream, role) =
        (StreamId::of::<Grant>(PersonId(identity.session.person_id)), "about your platform role");
    if app.projector.left_to_newer(&stream).is_some() { Error::newer(role) } else { Error::unreadable(role) }
}

/// A stranger and a slug that does not exist get the same answer.
async fn admit(app: &App, identity: &Identity, params: &RawPathParams, uri: &Uri) -> Result<Admitted, Error> {
    let slug = params.iter().find(|(name, _)| *name == "slug").map_or("", |(_, slug)| slug);
    let found = memberships::by_slug(&app.db, identity.session.person_id, &slug.to_ascii_lowercase()).await?;
    let membership = still(app, found.ok_or(Error::NotFound)?).await?;
    if membership.slug != slug {
        let path = paths::in_org(&membership.slug, uri);
        return Ok(Admitted::Elsewhere(Redirect::permanent(&path).into_response()));
    }
    if membership.status == projections::org_list::SUSPENDED {
        note_first_refusal(app, &membership).await;
        if paths::is_api(uri.path()) {
            return Err(Error::Forbidden(suspended(&membership)));
        }
        let instead = Instead::Suspended(Box::new((identity.clone(), membership)));
        return Ok(Admitted::Elsewhere(instead.response(StatusCode::FORBIDDEN)));
    }
    Ok(Admitted::As(Box::new(Member { identity: identity.clone(), membership })))
}

/// The membership as the log has it now, also where the read models can't be relied on. An organisation about which
/// something can't be read does not work for anybody in it.
async fn still(app: &App, found: Membership) -> Result<Membership, Error> {
    match from_streams::membership(&app.projector, found).await {
        Ok(membership) => membership.ok_or(Error::NotFound),
        Err(FoldError::Newer { .. }) => Err(Error::newer("about this organisation")),
        Err(FoldError::Poison { position, .. }) => Err(Error::Later {
            title: "This organisation can't be opened",
            detail: format!(
                "Event #{position} about it can't be read. Ask whoever runs this portal to look."
            ),
        }),
        Err(error) => Err(error.into()),
    }
}

/// Measures how soon a suspension takes effect. If that can't be written, the request goes on all the same.
async fn note_first_refusal(app: &App, membership: &Membership) {
    let Membership { org_id, status_position, refused_at: None, .. } = *membership else { return };
    if let Err(error) = access_log::first_refusal(&app.db, org_id, status_position, clock::now()).await {
        tracing::warn!(%error, "the first refusal of a suspension could not be noted");
    }
}

impl<S: Sync> FromRequestParts<S> for Operator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts
            .extensions
            .get()
            .cloned()
            .ok_or_else(|| anyhow::anyhow!("this route does not need the platform").into())
    }
}

impl<S: Sync> FromRequestParts<S> for Member {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts
            .extensions
            .get()
            .cloned()
            .ok_or_else(|| anyhow::anyhow!("this route does not need a member").into())
    }
}
