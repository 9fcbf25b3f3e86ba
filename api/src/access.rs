//! Who may do what: what every route needs, what every command needs, and the gate that asks.
//!
//! | | anonymous | signed in | member | auditor | superadmin |
//! | --- | --- | --- | --- | --- | --- |
//! | `Anyone` | ✓ | ✓ | ✓ | ✓ | ✓ |
//! | `SignedIn` | sign in | ✓ | ✓ | ✓ | ✓ |
//! | `Member` | sign in | 404 | ✓ | 404 | 404 |
//! | `Platform` | sign in | home | home | ✓ | ✓ |
//! | `Superadmin` | sign in | home | home | 403 | ✓ |
//!
//! Under `/api/` nobody is led anywhere: whoever would have to sign in gets 401, and a suspension is told as a problem.
//!
//! Where the portal wants a second factor of operators, one whose session has shown none is led to where it is set up.
//!
//! **Invariant:** [`Operator`] is the only thing that carries the platform scope into a handler, and this file is the
//! only one that makes it, from a grant that was active when the request came. What was read through it is noted before
//! the answer leaves.

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use domain::grant::{GrantCommand, GrantError, PlatformRole, Policy, Term};
use domain::org::OrgCommand;
use domain::resource_type::ResourceTypeCommand;
use domain::values::PersonId;
use domain::{Actor, Grant, Org, ResourceType, Rules};
use projections::access_log;
use projections::grants::ActiveGrant;
use projections::memberships::{self, Membership};
use projections::operator_reads::OperatorRead;
use projections::{Platform, Scope, Tenant, Timestamp};

use crate::app::App;
use crate::error::Error;
use crate::session::{self, Identity};
use crate::{clock, json, pages, paths, sudo};

/// What a route needs of whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Anyone,
    SignedIn,
    /// Belongs to the organisation in the path, which works.
    Member,
    /// May read all organisations.
    Platform,
    /// May change them.
    Superadmin,
}

/// What a command needs of whoever issues it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    Superadmin,
    /// Superadmin; or the link that an empty portal prints, for the first one.
    FirstSuperadmin,
    /// Superadmin, and the person that the command says it is by.
    SuperadminAs(PersonId),
    /// Only this person, for themselves.
    Oneself(PersonId),
    /// Nobody: its time must have come.
    Timer,
}

/// An aggregate whose commands can be issued: each of them says what it needs.
pub trait Commanded: Rules {
    fn right(command: &Self::Command) -> Right;

    /// What is grave about it, as what somebody is about to do: it wants a fresh proof of who they are.
    fn grave(command: &Self::Command) -> Option<&'static str>;

    /// Whether it begins a stream, so that there is nothing to load. If there was, the append finds out.
    fn begins(command: &Self::Command) -> bool;

    /// What the portal's policy has against it, if somebody in the console issues it.
    fn against(_: &Self::Command, _: &Policy) -> Option<Self::Error> {
        None
    }
}

impl Commanded for Org {
    fn right(command: &OrgCommand) -> Right {
        use OrgCommand as C;
        match command {
            C::AcceptInvitation { person, .. } => Right::Oneself(*person),
            C::ReinstateOnTime { .. } => Right::Timer,
            C::Create { .. }
            | C::Rename { .. }
            | C::ChangeSlug { .. }
            | C::Suspend { .. }
            | C::ConfirmSuspension { .. }
            | C::Reinstate
            | C::Archive { .. }
            | C::Restore
            | C::Protect
            | C::Unprotect
            | C::Invite(_)
            | C::RenewInvitation { .. }
            | C::WithdrawInvitation { .. }
            | C::ChooseResourceType { .. } => Right::Superadmin,
        }
    }

    fn grave(command: &OrgCommand) -> Option<&'static str> {
        use OrgCommand as C;
        match command {
            C::Suspend { .. } => Some("suspend an organisation"),
            C::Archive { .. } => Some("archive an organisation"),
            C::Unprotect => Some("lift the protection of an organisation"),
            C::Create { .. } | C::Rename { .. } | C::ChangeSlug { .. } => None,
            C::ConfirmSuspension { .. } => Some("confirm a suspension"),
            C::Reinstate | C::ReinstateOnTime { .. } | C::Restore | C::Protect => None,
            C::Invite(_) | C::RenewInvitation { .. } | C::WithdrawInvitation { .. } => None,
            C::AcceptInvitation { .. } | C::ChooseResourceType { .. } => None,
        }
    }

    fn begins(command: &OrgCommand) -> bool {
        matches!(command, OrgCommand::Create { .. })
    }
}

impl Commanded for ResourceType {
    fn right(command: &ResourceTypeCommand) -> Right {
        use ResourceTypeCommand as C;
        match command {
            C::Define(_)
            | C::Relabel { .. }
            | C::Describe { .. }
            | C::SetActions { .. }
            | C::Spread { .. }
            | C::Deactivate { .. }
            | C::Reactivate => Right::Superadmin,
        }
    }

    fn grave(command: &ResourceTypeCommand) -> Option<&'static str> {
        use ResourceTypeCommand as C;
        match command {
            C::Deactivate { .. } => Some("deactivate a resource type"),
            C::Define(_) | C::Relabel { .. } | C::Describe { .. } | C::SetActions { .. } => None,
            C::Spread { .. } | C::Reactivate => None,
        }
    }

    fn begins(command: &ResourceTypeCommand) -> bool {
        matches!(command, ResourceTypeCommand::Define(_))
    }
}

impl Commanded for Grant {
    fn right(command: &GrantCommand) -> Right {
        use GrantCommand as C;
        match command {
            C::Give { role: PlatformRole::Superadmin, term: Term::FOR_GOOD, .. } => Right::FirstSuperadmin,
            C::Give { .. } | C::Revoke { .. } | C::Decline { .. } => Right::Superadmin,
            C::Request { by, .. } | C::Approve { by, .. } | C::Withdraw { by, .. } => {
                Right::SuperadminAs(*by)
            }
            C::Start { .. } | C::Expire { .. } => Right::Timer,
        }
    }

    fn grave(command: &GrantCommand) -> Option<&'static str> {
        use GrantCommand as C;
        match command {
            C::Give { .. } => Some("grant a platform role"),
            C::Revoke { .. } => Some("revoke a platform role"),
            C::Approve { .. } => Some("approve a platform role"),
            C::Request { .. } | C::Decline { .. } | C::Withdraw { .. } => None,
            C::Start { .. } | C::Expire { .. } => None,
        }
    }

    fn begins(_: &GrantCommand) -> bool {
        false
    }

    fn against(command: &GrantCommand, policy: &Policy) -> Option<GrantError> {
        policy.against(command)
    }
}

/// Whoever issues a command, with the right they have it by.
#[derive(Clone, Debug)]
pub enum Issuer {
    Person {
        person: PersonId,
        grant: Option<ActiveGrant>,
        /// When they last proved who they are, if they are signed in.
        proven_at: Option<Timestamp>,
    },
    /// A shell on the server: whoever has it has the database too.
    Shell,
    /// The link of an empty portal.
    Setup,
    /// A time that an earlier event had set: see `reactor.rs`.
    Timer,
}

impl From<&Identity> for Issuer {
    fn from(identity: &Identity) -> Self {
        let proven_at = Some(identity.session.proven_at);
        Self::Person { person: identity.person(), grant: identity.grant.clone(), proven_at }
    }
}

impl Issuer {
    pub fn actor(&self) -> Actor {
        match self {
            Self::Person { person, .. } => Actor::Person(*person),
            Self::Shell => Actor::Shell,
            Self::Setup => Actor::Setup,
            Self::Timer => Actor::Timer,
        }
    }

    /// Whether they have proven lately who they are. Whoever has the server, or its first link, is nobody to ask.
    pub fn is_proven(&self) -> bool {
        match self {
            Self::Person { proven_at, .. } => proven_at.is_some_and(sudo::holds),
            Self::Shell | Self::Setup | Self::Timer => true,
        }
    }

    /// The policy as it binds them; nothing where it does not.
    pub fn bound_by(&self, policy: Policy) -> Option<Policy> {
        match self {
            Self::Person { grant, .. } => {
                let own_end = grant.as_ref().and_then(ActiveGrant::until).map(Into::into);
                Some(Policy { own_end, ..policy })
            }
            Self::Shell | Self::Setup | Self::Timer => None,
        }
    }

    /// Whether this right is had, and by which grant: the one that must still stand when the events are written.
    pub fn has(&self, right: Right) -> Option<Option<&ActiveGrant>> {
        use PlatformRole::Superadmin;
        match (self, right) {
            (Self::Shell, Right::SuperadminAs(_)) => None, // no shell is a person
            (Self::Shell, _) | (Self::Setup, Right::FirstSuperadmin) | (Self::Timer, Right::Timer) => {
                Some(None)
            }
            (Self::Person { person, .. }, Right::Oneself(of)) => (*person == of).then_some(None),
            (Self::Person { grant: Some(grant), .. }, Right::Superadmin | Right::FirstSuperadmin) => {
                (grant.role() == Superadmin).then_some(Some(grant))
            }
            (Self::Person { person, grant: Some(grant), .. }, Right::SuperadminAs(by)) => {
                (*person == by && grant.role() == Superadmin).then_some(Some(grant))
            }
            (Self::Person { .. }, Right::Timer)
            | (Self::Person { grant: None, .. } | Self::Setup | Self::Timer, _) => None,
        }
    }
}

/// Somebody who may see all organisations, for one request.
#[derive(Clone, Debug)]
pub struct Operator {
    pub identity: Identity,
    pub platform: Platform,
}

impl Operator {
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
    pub fn scope(&self) -> Scope {
        Scope::Tenant(Tenant::of(&self.membership))
    }
}

/// Lets a request through to its handler, or says what its sender gets instead.
pub async fn gate(
    State((app, need)): State<(App, Need)>,
    params: RawPathParams,
    request: Request,
    next: Next,
) -> Result<Response, Error> {
    if need == Need::Anyone {
        return Ok(next.run(request).await); // also without a store: who asks is looked up where it matters
    }
    let Some(mut identity) = session::identify(&app, request.headers()).await? else {
        return sign_in_first(&request);
    };
    let (mut request, kept) = match sudo::open(&app, &mut identity, request).await? {
        Ok(goes_on) => goes_on,
        Err(asked_again) => return Ok(asked_again),
    };
    let mut watched = None;
    match need {
        Need::Anyone | Need::SignedIn => {}
        Need::Member => match admit(&app, &identity, &params, request.uri()).await? {
            Admitted::As(member) => drop(request.extensions_mut().insert(*member)),
            Admitted::Elsewhere(response) => return Ok(response),
        },
        Need::Platform | Need::Superadmin => match &identity.grant {
            None if identity.withheld => return Ok(Redirect::to(paths::SECOND_FACTOR).into_response()),
            None => return Ok(Redirect::to(&pages::home(&app, &identity).await?).into_response()),
            Some(_) if need == Need::Superadmin && !identity.is_superadmin() => {
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
        note_reads(&app, &identity, &platform, &page).await?;
    }
    sudo::close(&app, &identity, kept, answer).await
}

/// Notes whose data an operator gets to see with this answer, before it leaves.
async fn note_reads(app: &App, identity: &Identity, platform: &Platform, page: &str) -> Result<(), Error> {
    let (at, person_id, session_id) = (clock::now(), identity.person().0, identity.session.session_id);
    for org_id in platform.take_reads() {
        let (read_id, page) = (clock::new_id(), page.to_owned());
        app.recorder.record(OperatorRead { read_id, at, person_id, session_id, org_id, page }).await?;
    }
    Ok(())
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

/// A stranger and a slug that does not exist get the same answer.
async fn admit(app: &App, identity: &Identity, params: &RawPathParams, uri: &Uri) -> Result<Admitted, Error> {
    let slug = params.iter().find(|(name, _)| *name == "slug").map_or("", |(_, slug)| slug);
    let found = memberships::by_slug(&app.db, identity.session.person_id, &slug.to_ascii_lowercase()).await?;
    let membership = found.ok_or(Error::NotFound)?;
    if membership.slug != slug {
        let path = paths::in_org(&membership.slug, uri);
        return Ok(Admitted::Elsewhere(Redirect::permanent(&path).into_response()));
    }
    if membership.status == projections::org_list::SUSPENDED {
        note_first_refusal(app, &membership).await;
        if paths::is_api(uri.path()) {
            return Err(json::suspended(&membership));
        }
        return Ok(Admitted::Elsewhere(pages::tenant::suspended(app, identity, &membership).await?));
    }
    Ok(Admitted::As(Box::new(Member { identity: identity.clone(), membership })))
}

/// How soon a suspension works is measured. No reason to fail if it can't be written.
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
