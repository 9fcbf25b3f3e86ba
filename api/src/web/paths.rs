//! Every URL of the product: patterns for the table of routes, and functions for links.

use std::fmt::Display;

use axum::http::Uri;
use uuid::Uuid;

pub const ROOT: &str = "/";
pub const LOGIN: &str = "/login";
pub const LOGIN_CODE: &str = "/login/code";
pub const LOGIN_PASSKEY: &str = "/login/passkey";
pub const LOGIN_PASSKEY_QUESTION: &str = "/login/passkey/question";
pub const LOGOUT: &str = "/logout";
pub const ACCOUNT: &str = "/account";
pub const ACCOUNT_NAME: &str = "/account/name";
pub const ACCOUNT_PASSWORD: &str = "/account/password";
pub const ACCOUNT_SESSIONS: &str = "/account/sessions";
pub const ACCOUNT_ACTIVITY: &str = "/account/activity";
pub const ACCOUNT_CONFIRMATION: &str = "/account/confirmation";
pub const SECOND_FACTOR: &str = "/account/second-factor";
pub const SECOND_FACTOR_SECRET: &str = "/account/second-factor/secret";
pub const SECOND_FACTOR_CODES: &str = "/account/second-factor/codes";
pub const SECOND_FACTOR_SHOWN: &str = "/account/second-factor/shown";
pub const SECOND_FACTOR_REMOVAL: &str = "/account/second-factor/removal";
pub const PASSKEYS: &str = "/account/passkeys";
pub const PASSKEYS_QUESTION: &str = "/account/passkeys/question";
pub const PASSKEYS_PROOF: &str = "/account/passkeys/proof";
pub const PASSKEYS_REMOVAL: &str = "/account/passkeys/removal";
pub const SETUP: &str = "/setup/{token}";
pub const INVITATION: &str = "/invitations/{token}";
pub const CHOOSE_PASSWORD: &str = "/password/{token}";
pub const SIGN_IN_LINK: &str = "/sign-in/{token}";
pub const SELECT: &str = "/organisations/select";
pub const DEFAULT_ORG: &str = "/organisations/default";
pub const ORG_ROOT: &str = "/org/{slug}";
pub const DASHBOARD: &str = "/org/{slug}/dashboard";
pub const ORG_PEOPLE: &str = "/org/{slug}/members";
pub const ORG_MEMBER: &str = "/org/{slug}/members/{person}/{member_change}";
pub const ORG_DEPARTURE: &str = "/org/{slug}/departure";
pub const ORG_ROLES: &str = "/org/{slug}/roles";
pub const ORG_ROLES_NEW: &str = "/org/{slug}/roles/new";
pub const ORG_ROLES_REMOVAL: &str = "/org/{slug}/roles/removal";
pub const ORG_ACTIVITY: &str = "/org/{slug}/activity";
pub const API_ORG_TYPES: &str = "/api/v1/orgs/{slug}/resource-types";
pub const API_ORG_PERMISSIONS: &str = "/api/v1/orgs/{slug}/permissions";
pub const ADMIN: &str = "/admin";
pub const ADMIN_ORGS: &str = "/admin/orgs";
pub const ADMIN_ORGS_NEW: &str = "/admin/orgs/new";
pub const ADMIN_ORGS_SLUG: &str = "/admin/orgs/slug";
pub const ADMIN_ORGS_SUSPENSION: &str = "/admin/orgs/suspension";
pub const ADMIN_ORGS_REINSTATEMENT: &str = "/admin/orgs/reinstatement";
pub const ADMIN_ORG: &str = "/admin/orgs/{id}";
pub const ADMIN_ORG_MEMBERS: &str = "/admin/orgs/{id}/members";
pub const ADMIN_ORG_MEMBER: &str = "/admin/orgs/{id}/members/{person}/{member_change}";
pub const ADMIN_ORG_HISTORY: &str = "/admin/orgs/{id}/history";
pub const ADMIN_ORG_ACCESS: &str = "/admin/orgs/{id}/access";
pub const ADMIN_ORG_TYPES: &str = "/admin/orgs/{id}/resource-types";
pub const ADMIN_ORG_CHOICE: &str = "/admin/orgs/{id}/resource-types/{code}/choice";
pub const ADMIN_ORG_REASON: &str = "/admin/orgs/{id}/reason";
pub const ADMIN_ORG_ACTION: &str = "/admin/orgs/{id}/{action}";
pub const ADMIN_ORG_LINK: &str = "/admin/orgs/{id}/invitations/{invitation}/link";
pub const ADMIN_ORG_WITHDRAWAL: &str = "/admin/orgs/{id}/invitations/{invitation}/withdrawal";
pub const ADMIN_HISTORY: &str = "/admin/history";
pub const ADMIN_HISTORY_EXPORT: &str = "/admin/history/export";
pub const ADMIN_HISTORY_EXPORTS: &str = "/admin/history/exports";
pub const ADMIN_HISTORY_TAIL: &str = "/admin/history/tail";
pub const ADMIN_HISTORY_SEARCHES: &str = "/admin/history/searches";
pub const ADMIN_HISTORY_SEARCHES_REMOVAL: &str = "/admin/history/searches/removal";
pub const ADMIN_HISTORY_REFUSED: &str = "/admin/history/refused";
pub const ADMIN_HISTORY_SIGN_INS: &str = "/admin/history/sign-ins";
pub const ADMIN_BULK: &str = "/admin/history/bulk/{correlation}";
pub const ADMIN_BULK_REVERT: &str = "/admin/history/bulk/{correlation}/revert";
pub const ADMIN_HISTORY_READ_MODELS: &str = "/admin/history/read-models";
pub const ADMIN_HISTORY_VERIFICATION: &str = "/admin/history/read-models/verification";
pub const ADMIN_HISTORY_REBUILD: &str = "/admin/history/read-models/rebuild";
pub const ADMIN_HISTORY_PROOF: &str = "/admin/history/proof";
pub const ADMIN_HISTORY_PROOF_KEY: &str = "/admin/history/proof/key";
pub const ADMIN_HISTORY_PROOF_CHECKPOINT: &str = "/admin/history/proof/checkpoint";
pub const ADMIN_HISTORY_PROOF_CHECKPOINTS: &str = "/admin/history/proof/checkpoints";
pub const ADMIN_EVENT: &str = "/admin/history/{position}";
pub const ADMIN_EVIDENCE: &str = "/admin/history/{position}/evidence";
pub const ADMIN_REVERT: &str = "/admin/history/{position}/revert";
pub const ADMIN_REFERENCE: &str = "/admin/reference-data";
pub const ADMIN_REFERENCE_NEW: &str = "/admin/reference-data/new";
pub const ADMIN_REFERENCE_COMPARE: &str = "/admin/reference-data/compare";
pub const ADMIN_RESOURCE_TYPE: &str = "/admin/reference-data/{code}";
pub const ADMIN_RESOURCE_CHANGE: &str = "/admin/reference-data/{code}/{change}";
pub const ADMIN_SUPERADMINS: &str = "/admin/superadmins";
pub const ADMIN_SUPERADMINS_NEW: &str = "/admin/superadmins/new";
pub const ADMIN_GRANT_REQUEST: &str = "/admin/superadmins/requests/{request}/{decision}";
pub const ADMIN_REVOCATION: &str = "/admin/superadmins/{id}/revocation";
pub const ADMIN_SLASH: &str = "/admin/";
pub const ADMIN_REST: &str = "/admin/{*rest}";
pub const LIVEZ: &str = "/livez";
pub const READYZ: &str = "/readyz";
pub const METRICS: &str = "/metrics";

pub fn dashboard(slug: &str) -> String {
    format!("/org/{slug}/dashboard")
}

/// The people of an organisation, for its own members.
/// A change of one member, by those who manage the organisation.
pub fn member(slug: &str, person: Uuid, change: impl Display) -> String {
    format!("{}/{person}/{change}", people(slug))
}

pub fn departure(slug: &str) -> String {
    format!("/org/{slug}/departure")
}

pub fn people(slug: &str) -> String {
    format!("/org/{slug}/members")
}

/// The permissions of an organisation's roles.
pub fn roles(slug: &str) -> String {
    format!("/org/{slug}/roles")
}

pub fn roles_new(slug: &str) -> String {
    format!("/org/{slug}/roles/new")
}

pub fn roles_removal(slug: &str) -> String {
    format!("/org/{slug}/roles/removal")
}

/// The page where somebody chooses a first password.
pub fn choose_password(token: &str) -> String {
    format!("/password/{token}")
}

pub fn activity(slug: &str) -> String {
    format!("/org/{slug}/activity")
}

/// The operators' accesses to an organisation, for its owners and admins.
pub fn operator_access(slug: &str) -> String {
    format!("/org/{slug}/activity?of=operators")
}

/// True for paths of the API, where programs ask and no pages are shown.
pub fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

/// The address `/org/{any slug}/…`, or the API's, under the slug that the organisation has today. The slug is not looked
/// for in the text: it may be spelled with escapes there.
pub fn in_org(slug: &str, uri: &Uri) -> String {
    let (before, parts) = if is_api(uri.path()) { ("/api/v1/orgs", 5) } else { ("/org", 3) };
    let rest =
        uri.path().splitn(parts + 1, '/').nth(parts).map(|rest| format!("/{rest}")).unwrap_or_default();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{before}/{slug}{rest}{query}")
}

pub fn org(id: Uuid) -> String {
    format!("/admin/orgs/{id}")
}

/// A change of one member, in the console.
pub fn org_member(id: Uuid, person: Uuid, change: impl Display) -> String {
    format!("{}/{person}/{change}", org_members(id))
}

pub fn org_members(id: Uuid) -> String {
    format!("/admin/orgs/{id}/members")
}

pub fn org_history(id: Uuid) -> String {
    format!("/admin/orgs/{id}/history")
}

/// The operators' accesses to an organisation, for operators.
pub fn org_access(id: Uuid) -> String {
    format!("/admin/orgs/{id}/access")
}

/// The resource types of an organisation.
pub fn org_types(id: Uuid) -> String {
    format!("/admin/orgs/{id}/resource-types")
}

pub fn org_type_choice(id: Uuid, code: &str) -> String {
    format!("/admin/orgs/{id}/resource-types/{code}/choice")
}

/// The path that receives the reason for looking at an organisation.
pub fn org_reason(id: Uuid) -> String {
    format!("/admin/orgs/{id}/reason")
}

pub fn org_action(id: Uuid, action: impl Display) -> String {
    format!("/admin/orgs/{id}/{action}")
}

pub fn invitation_link(org: Uuid, invitation: Uuid) -> String {
    format!("/admin/orgs/{org}/invitations/{invitation}/link")
}

pub fn invitation_withdrawal(org: Uuid, invitation: Uuid) -> String {
    format!("/admin/orgs/{org}/invitations/{invitation}/withdrawal")
}

/// The page of one event.
pub fn event(position: i64) -> String {
    format!("{ADMIN_HISTORY}/{position}")
}

/// The events about one thing: an organisation, a person with grants, a resource type.
pub fn history_about(id: impl Display) -> String {
    format!("{ADMIN_HISTORY}?about={id}")
}

pub fn resource_type(code: &str) -> String {
    format!("{ADMIN_REFERENCE}/{code}")
}

pub fn resource_type_change(code: &str, change: impl Display) -> String {
    format!("{ADMIN_REFERENCE}/{code}/{change}")
}

/// The comparison of a resource type with another one, which is still to be chosen.
pub fn compare(code: &str) -> String {
    format!("{ADMIN_REFERENCE_COMPARE}?left={code}")
}

/// The comparison of a resource type before an event with the same type now.
pub fn compare_with_before(code: &str, position: i64) -> String {
    format!("{ADMIN_REFERENCE_COMPARE}?left={code}&left_at={}&right={code}", position - 1)
}

/// The evidence file of an event: the event and the proof that it is in the log.
pub fn evidence(position: i64) -> String {
    format!("{ADMIN_HISTORY}/{position}/evidence")
}

/// The checkpoint that begins at a place of the checkpoint log.
pub fn checkpoint(place: u64) -> String {
    format!("{ADMIN_HISTORY_PROOF_CHECKPOINT}?at={place}")
}

/// The page for reverting an event.
pub fn revert(position: i64) -> String {
    format!("{ADMIN_HISTORY}/{position}/revert")
}

/// The account events of a person.
pub fn sign_ins(person: Uuid) -> String {
    format!("{ADMIN_HISTORY_SIGN_INS}?person={person}")
}

/// The page of what one order did to many organisations.
pub fn bulk(correlation: Uuid) -> String {
    format!("{ADMIN_HISTORY}/bulk/{correlation}")
}

/// The page for reverting a whole order.
pub fn bulk_revert(correlation: Uuid) -> String {
    format!("{ADMIN_HISTORY}/bulk/{correlation}/revert")
}

/// The page for revoking one platform role of a person.
pub fn revocation(person: Uuid, role: &str) -> String {
    format!("/admin/superadmins/{person}/revocation?role={role}")
}

/// The page for changing the term of a platform role that somebody holds.
pub fn change_of_grant(person: Uuid, role: &str) -> String {
    format!("{ADMIN_SUPERADMINS_NEW}?person={person}&role={role}")
}

/// The page for deciding a request for a platform role.
pub fn grant_request(request: Uuid, decision: impl Display) -> String {
    format!("/admin/superadmins/requests/{request}/{decision}")
}

/// The page that follows a command: it waits for `position` and says what was done.
pub fn seen(path: &str, position: i64) -> String {
    format!("{path}?seen={position}")
}

/// The sign-in page, which leads on to `path`.
pub fn login_then(path: &str) -> String {
    then(LOGIN, path)
}

/// The sign-out, which leads to sign-in and from there to `path`.
pub fn logout_then(path: &str) -> String {
    then(LOGOUT, path)
}

fn then(first: &str, path: &str) -> String {
    let query = serde_html_form::to_string([("next", path)]).unwrap_or_default();
    format!("{first}?{query}")
}

/// The page for the code, the second half of a sign-in, which leads on to `path`.
pub fn code_then(path: &str) -> String {
    let query = serde_html_form::to_string([("next", path)]).unwrap_or_default();
    format!("{LOGIN_CODE}?{query}")
}

/// Accepts a path of this product that came from outside. Anything that could lead elsewhere gives none.
pub fn local(path: &str) -> Option<&str> {
    let fine = |c: char| c.is_ascii_graphic() && c != '\\';
    (path.starts_with('/') && !path.starts_with("//") && path.chars().all(fine)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_product_are_followed() {
        assert_eq!(local("/admin/orgs?q=a"), Some("/admin/orgs?q=a"));
        for elsewhere in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "",
            "admin",
            "/a\nb",
            "/\t/evil.example",
        ] {
            assert_eq!(local(elsewhere), None, "{elsewhere:?}");
        }
    }
}
