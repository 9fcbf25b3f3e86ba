//! Which routes do something sensitive without a command, or give data away.
//!
//! **Invariant:** every route that changes something stands in one of the two lists, which a test compares with the table
//! of routes. What each act asks for stands in `bus/sensitive.rs`.

use crate::bus::sensitive::Act;
use crate::web::paths;

/// Routes whose handlers send no command, or give data away, with what each of them does.
pub const ROUTES: &[(&str, &str, Act)] = &[
    ("GET", paths::ADMIN_HISTORY_EXPORT, Act::ExportHistory),
    ("POST", paths::LOGIN, Act::SignIn),
    ("POST", paths::LOGIN_CODE, Act::SignIn),
    ("POST", paths::LOGIN_PASSKEY, Act::SignIn),
    ("POST", paths::LOGIN_PASSKEY_QUESTION, Act::AskForPasskey),
    ("POST", paths::LOGOUT, Act::SignIn),
    ("POST", paths::CHOOSE_PASSWORD, Act::SignIn),
    ("POST", paths::SIGN_IN_LINK, Act::SignIn),
    ("POST", paths::ACCOUNT_NAME, Act::ChangeOwnName),
    ("POST", paths::ACCOUNT_PASSWORD, Act::ChangePassword),
    ("POST", paths::ACCOUNT_SESSIONS, Act::EndSessions),
    ("POST", paths::ACCOUNT_CONFIRMATION, Act::ProveOneself),
    ("POST", paths::SECOND_FACTOR, Act::SetUpSecondFactor),
    ("POST", paths::SECOND_FACTOR_SECRET, Act::SetUpSecondFactor),
    ("POST", paths::SECOND_FACTOR_CODES, Act::RenewRecoveryCodes),
    ("POST", paths::SECOND_FACTOR_SHOWN, Act::ProveOneself),
    ("POST", paths::SECOND_FACTOR_REMOVAL, Act::RemoveSecondFactor),
    ("POST", paths::PASSKEYS, Act::AddPasskey),
    ("POST", paths::PASSKEYS_QUESTION, Act::AskForPasskey),
    ("POST", paths::PASSKEYS_PROOF, Act::AskForPasskey),
    ("POST", paths::PASSKEYS_REMOVAL, Act::RemovePasskey),
    ("POST", paths::DEFAULT_ORG, Act::ChooseDefaultOrg),
    ("POST", paths::ADMIN_ORG_REASON, Act::SayWhy),
    ("POST", paths::ADMIN_HISTORY_SEARCHES, Act::SaveSearch),
    ("POST", paths::ADMIN_HISTORY_SEARCHES_REMOVAL, Act::SaveSearch),
    ("POST", paths::ADMIN_HISTORY_VERIFICATION, Act::CheckReadModels),
    ("POST", paths::ADMIN_HISTORY_REBUILD, Act::CheckReadModels),
];

/// Routes that send commands. For these the bus asks for the proof, by what each command does.
pub const BY_COMMAND: &[&str] = &[
    paths::SETUP,
    paths::INVITATION,
    paths::ORG_MEMBER,
    paths::ORG_DEPARTURE,
    paths::ORG_ROLES,
    paths::ORG_ROLES_NEW,
    paths::ORG_ROLES_REMOVAL,
    paths::ADMIN_ORGS,
    paths::ADMIN_ORGS_SUSPENSION,
    paths::ADMIN_ORGS_REINSTATEMENT,
    paths::ADMIN_ORG_CHOICE,
    paths::ADMIN_ORG_ACTION,
    paths::ADMIN_ORG_MEMBER,
    paths::ADMIN_ORG_LINK,
    paths::ADMIN_ORG_WITHDRAWAL,
    paths::ADMIN_REFERENCE_NEW,
    paths::ADMIN_RESOURCE_CHANGE,
    paths::ADMIN_SUPERADMINS_NEW,
    paths::ADMIN_GRANT_REQUEST,
    paths::ADMIN_REVOCATION,
    paths::ADMIN_BULK_REVERT,
    paths::ADMIN_REVERT,
];
