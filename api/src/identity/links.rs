//! One-time links: made here, shown once, looked up by the hash of what stands in the URL.
//!
//! **Invariant:** a link is made from the configured public URL, never from what a request says about its host.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use domain::values::{Email, InvitationId, OrgId, PersonId};
use projections::event_log::{CompanionRows, InvitedPerson};
use projections::grants;
use projections::links::{self, Link, LinkPurpose};
use uuid::Uuid;

use crate::app::App;
use crate::clock;
use crate::identity::client::Client;
use crate::identity::session::{Token, hash_of};
use crate::web::error::Error;

/// Days until an invitation, and any link to it, expires.
pub const INVITATION_DAYS: i64 = 7;

/// Makes a link into an organisation; gives what goes into the URL.
pub async fn invitation(
    app: &App,
    org: OrgId,
    invitation: InvitationId,
    person: PersonId,
) -> Result<String, Error> {
    make(app, Link { person_id: Some(person.0), ..into(org, invitation) }).await
}

/// A link into an organisation for whoever has this address, known or not yet: the person, what goes into the URL, and
/// what is to be written together with the invitation.
pub async fn prepare_invitation(
    app: &App,
    org: OrgId,
    invitation: InvitationId,
    email: Email,
) -> Result<(PersonId, String, CompanionRows), Error> {
    let known = app.lookups.person(&email).await?;
    // A new person gets the id of the invitation, so that a form sent twice names one person.
    let person = PersonId(known.map_or(invitation.0, |known| known.person_id));
    let (token, link) = (Token::new()?, into(org, invitation));
    let invited = InvitedPerson { person, email, token_hash: token.hash, link };
    Ok((person, token.plain, CompanionRows::Invited(invited)))
}

/// A link to choose a first password for whoever has this address, known or not yet, to be written together with what
/// `command` does; nothing for somebody who has a password.
pub async fn prepare_password(
    app: &App,
    command: Uuid,
    email: Email,
) -> Result<(PersonId, Option<(String, CompanionRows)>), Error> {
    let known = app.lookups.person(&email).await?;
    let person = PersonId(known.as_ref().map_or(command, |known| known.person_id));
    if known.is_some_and(|known| known.password_hash.is_some()) {
        return Ok((person, None));
    }
    let token = Token::new()?;
    let link = Link { person_id: Some(person.0), ..blank(LinkPurpose::Password, 1) };
    let invited = InvitedPerson { person, email, token_hash: token.hash, link };
    Ok((person, Some((token.plain, CompanionRows::Invited(invited)))))
}

fn into(org: OrgId, invitation: InvitationId) -> Link {
    Link {
        org_id: Some(org.0),
        invitation_id: Some(invitation.0),
        ..blank(LinkPurpose::Invitation, INVITATION_DAYS)
    }
}

/// Makes a link into an organisation in place of every earlier one to that invitation, wherever those are by now.
pub async fn invitation_again(
    app: &App,
    org: OrgId,
    invitation: InvitationId,
    person: PersonId,
) -> Result<String, Error> {
    links::withdraw_invitation(&app.db, invitation).await?;
    self::invitation(app, org, invitation, person).await
}

/// Makes a link with which somebody chooses a first password.
pub async fn choose_password(app: &App, person: PersonId) -> Result<String, Error> {
    make(app, Link { person_id: Some(person.0), ..blank(LinkPurpose::Password, 1) }).await
}

/// Makes a link with which somebody chooses a password in place of the one they have; any earlier one stops working.
pub async fn new_password(app: &App, person: PersonId) -> Result<String, Error> {
    links::withdraw(&app.db, person, LinkPurpose::NewPassword).await?;
    make(app, Link { person_id: Some(person.0), ..blank(LinkPurpose::NewPassword, 1) }).await
}

/// Makes a link that signs somebody in; for demonstrations only.
pub async fn sign_in(app: &App, person: PersonId) -> Result<String, Error> {
    make(app, Link { person_id: Some(person.0), ..blank(LinkPurpose::SignIn, 1) }).await
}

/// Makes the link for the first superadmin; any earlier one stops working.
pub async fn first_start(app: &App) -> Result<String, Error> {
    links::withdraw_all(&app.db, LinkPurpose::FirstStart).await?;
    make(app, blank(LinkPurpose::FirstStart, 1)).await
}

/// The link that somebody followed, if it was made for this and still opens something.
pub async fn open(app: &App, token: &str, purpose: LinkPurpose) -> Result<Link, Error> {
    let found = links::find(&app.db, &hash_of(token), purpose).await?;
    if purpose == LinkPurpose::FirstStart && grants::any_superadmin(&app.db, clock::now()).await? {
        return Err(Error::NotFound); // the first one came in another way
    }
    let now = clock::now();
    found.filter(|link| link.used_at.is_none() && link.expires_at > now).ok_or(Error::NotFound)
}

/// The link that somebody followed, whether it still opens something or not.
pub async fn any(app: &App, token: &str, purpose: LinkPurpose) -> Result<Option<Link>, Error> {
    Ok(links::find(&app.db, &hash_of(token), purpose).await?)
}

/// Uses a link up. Whoever comes second gets what a wrong link gets.
pub async fn use_up(app: &App, token: &str) -> Result<(), Error> {
    if links::use_up(&app.db, &hash_of(token), clock::now()).await? { Ok(()) } else { Err(Error::NotFound) }
}

/// The id of the one command that a link stands for. It stays the same however often the form is sent.
pub fn command(token: &str) -> Uuid {
    let hash = hash_of(token);
    Uuid::from_bytes(std::array::from_fn(|at| hash[at]))
}

/// Middleware for every route with a token. It slows down whoever tries many links, right or wrong.
pub async fn slowed(
    State(app): State<App>,
    client: Client,
    request: Request,
    next: Next,
) -> Result<Response, Error> {
    match app.throttle.link(client.address).await {
        Err(slow @ Error::TooManyRequests { .. }) => return Err(slow),
        // A store that can't be written to for now (a full disk) is no reason to refuse a page that only reads.
        Err(error) => tracing::warn!(%error, "a request to a link could not be counted"),
        Ok(()) => {}
    }
    Ok(next.run(request).await)
}

/// The whole URL of a path of this product.
pub fn url(app: &App, path: &str) -> String {
    format!("{}{path}", app.settings.public_url())
}

fn blank(purpose: LinkPurpose, days: i64) -> Link {
    Link {
        purpose: purpose.as_str().to_owned(),
        person_id: None,
        org_id: None,
        invitation_id: None,
        created_at: clock::now(),
        expires_at: clock::after(chrono::Duration::days(days)),
        used_at: None,
    }
}

async fn make(app: &App, link: Link) -> Result<String, Error> {
    let token = Token::new()?;
    links::create(&app.db, &token.hash, &link).await?;
    Ok(token.plain)
}
