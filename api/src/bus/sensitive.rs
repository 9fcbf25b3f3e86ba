//! The one table of everything that somebody can do. Each line says if the act asks for a fresh proof of who does it, and
//! why.
//!
//! ```text
//! command ─► Authorize::act ─┐
//!                            ├─► Act ─► asked, or not
//! route that sends none ─────┘
//! ```
//!
//! **Invariant:** every command has a line, since `Authorize::act` matches all of them, and so has every route that
//! changes something or gives data away, since a test goes over the table of routes. `docs/decisions/0027` shows the
//! table; another test compares it.

/// Says if a fresh proof is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreshProof {
    Asked,
    NotAsked,
}

/// One line of the table: what an act is, and whether it asks for a fresh proof.
#[derive(Clone, Copy, Debug)]
pub struct ActRule {
    pub proof: FreshProof,
    /// The act, in words that follow "to": "suspend an organisation".
    pub doing: &'static str,
    pub because: &'static str,
}

/// Makes the enum, the list of all acts and the table from the same lines.
macro_rules! acts {
    ($($act:ident $proof:ident $doing:literal: $because:literal;)*) => {
        /// Something that somebody can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Act {
            $($act,)*
        }

        impl Act {
            pub const ALL: &[Self] = &[$(Self::$act,)*];

            pub fn line(self) -> ActRule {
                match self {
                    $(Self::$act => ActRule { proof: FreshProof::$proof, doing: $doing, because: $because },)*
                }
            }
        }
    };
}

acts! {
    SuspendOrg Asked "suspend an organisation": "all its members are shut out at once";
    ConfirmSuspension Asked "confirm a suspension": "a protected organisation stays shut until somebody reinstates it";
    ArchiveOrg Asked "archive an organisation": "all its members are shut out for good";
    UnprotectOrg Asked "lift the protection of an organisation": "it takes away what stops a mistake";
    ChangeSlug Asked "change the slug of an organisation": "every address of it changes, and the old slug is used up for ever";
    Invite Asked "invite somebody into an organisation": "it lets a person into a customer's data, as an owner if so wanted";
    RenewInvitation Asked "make a new invitation link": "whoever has the link comes in";
    CreateOrg NotAsked "create an organisation": "it is empty, so the owner it invites gets nobody else's data";
    RenameOrg NotAsked "rename an organisation": "it is seen at once and can be undone";
    ReinstateOrg NotAsked "reinstate an organisation": "it gives back what was there; help must not wait";
    RestoreOrg NotAsked "restore an organisation": "it gives back what was there";
    ProtectOrg NotAsked "protect an organisation": "it only makes mistakes harder";
    WithdrawInvitation NotAsked "withdraw an invitation": "it only takes access away that nobody used yet";
    AcceptInvitation NotAsked "accept an invitation": "the link is the proof";
    PromoteMember Asked "make somebody an owner or admin of an organisation": "it gives power over a customer's people and data";
    ChangeMemberRole NotAsked "change the role of a member": "it gives no power over others, and can be undone";
    RemoveMember NotAsked "remove a member": "it only takes access away, and can be undone; help must not wait";
    ReadmitMember NotAsked "let a removed member in again": "it gives back what was there";
    LeaveOrg NotAsked "leave an organisation": "it only takes one's own access away";
    ChooseResourceType NotAsked "choose a resource type for an organisation": "it is for one organisation and can be undone";
    ManageRoles NotAsked "change what the roles of an organisation may do": "it is inside one organisation, by those who answer for it, and can be undone";
    SpreadResourceType Asked "change the rollout policy of a resource type": "it gives or takes a function for all organisations at once";
    DeactivateResourceType Asked "deactivate a resource type": "it takes a function from all organisations at once";
    DefineEverywhere Asked "define a resource type for all organisations": "it gives a function to all organisations at once";
    DefineResourceType NotAsked "define a resource type": "no organisation that is there gets it by that";
    SetActions Asked "change the actions of a resource type": "it gives or takes permissions in all organisations at once";
    DescribeResourceType NotAsked "label or describe a resource type": "these are words, and can be changed back";
    ReactivateResourceType Asked "reactivate a resource type": "it gives a function to all organisations at once";
    GrantRole Asked "grant a platform role": "it opens every organisation to somebody";
    RevokeRole Asked "revoke a platform role": "it can shut out those who would notice an attack";
    ApproveRole Asked "approve a platform role": "it opens every organisation to somebody";
    RequestRole NotAsked "ask for a platform role": "nothing is so before another superadmin approves";
    SettleRequest NotAsked "decline or withdraw a request for a platform role": "it gives nobody anything";
    TimedChange NotAsked "let something happen at its time": "nobody does it: the time was set before";
    ExportHistory Asked "export the history": "data of many customers leaves as a file";
    SetUpSecondFactor Asked "set up a second factor": "whoever does it can shut the person out of their account";
    RenewRecoveryCodes Asked "make new recovery codes": "each of them opens the account";
    RemoveSecondFactor Asked "turn off your second factor": "a password alone opens the account from then on";
    AddPasskey Asked "add a passkey": "it opens the account";
    RemovePasskey Asked "remove a passkey": "it takes away a way into the account";
    ChangePassword NotAsked "change your password": "the form itself asks for the present one, and the session has proven no more by it";
    ChangeOwnName NotAsked "change your name": "it opens nothing";
    EndSessions NotAsked "end sessions": "it only takes access away; help must not wait";
    ChooseDefaultOrg NotAsked "choose where you go after signing in": "it opens nothing";
    AskForPasskey NotAsked "ask a passkey": "it is the question, and not the answer";
    ProveOneself NotAsked "confirm who you are": "it is what is asked for";
    SignIn NotAsked "sign in or out": "signing in is the proof";
    SayWhy NotAsked "say why you look at an organisation": "it only tells the customer more";
    SaveSearch NotAsked "save or remove a search": "it is one's own and opens nothing";
    CheckReadModels NotAsked "check or rebuild read models": "it gives what the log says, whoever asks";
}

impl Act {
    /// The act in words, if it asks for a fresh proof.
    pub fn asks(self) -> Option<&'static str> {
        let ActRule { proof, doing, .. } = self.line();
        (proof == FreshProof::Asked).then_some(doing)
    }
}

/// The table as the documentation shows it. Acts that ask for a proof come first.
pub fn as_markdown() -> String {
    let lines = |wanted: FreshProof, word: &str| -> String {
        let of = Act::ALL.iter().map(|act| act.line()).filter(|line| line.proof == wanted);
        let rows: Vec<String> =
            of.map(|ActRule { doing, because, .. }| format!("| {doing} | {word} | {because} |\n")).collect();
        rows.concat()
    };
    let head = "| to | a proof | because |\n| --- | --- | --- |\n";
    format!("{head}{}{}", lines(FreshProof::Asked, "asked"), lines(FreshProof::NotAsked, "no"))
}
