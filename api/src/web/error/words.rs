//! The texts for statuses where the handler has nothing more exact to say: what happened, and what to do about it.

use axum::http::StatusCode;

pub(super) const OUTCOME_UNKNOWN: &str = "The database was told to do it, and its answer was lost on the way. Go back and send the \
    same form again: if it was done, it is not done a second time.";

pub(super) const PART_DONE: &str = "Something was saved, and then the rest could not be. AccessRecord at what is there before you send it \
    again. If it happens again, tell the operator the request id.";

pub(super) const TOOK_TOO_LONG: &str = "There is much to read for this page, or much else to do at the moment. Nothing was \
    changed. Try again in a minute.";

pub(super) const GAVE_UP_WAITING: &str = "The answer took too long, so we stopped waiting for it. What you asked for may still \
    have happened: look before you send it again.";

/// The title and text for a status: what happened, and what to do about it.
pub(super) fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        400 => (
            "This request could not be read",
            "Part of it is damaged or missing. Go back, check what you entered, and send it again.",
        ),
        401 => ("Sign in first", "This needs to know who you are. Sign in, then try again."),
        403 => ("Not allowed", "You may not do this. Ask somebody who may, or ask for the role it needs."),
        404 => (
            "Nothing here",
            "What you look for does not exist, or you may not see it. Check the address, or start from the overview.",
        ),
        405 => (
            "Not this way",
            "This address exists, but does not take this kind of request. Go back and use the links and buttons there.",
        ),
        408 => (
            "The request came too slowly",
            "The connection stalled before everything had arrived, and nothing was done. Send it again.",
        ),
        409 => (
            "Changed in the meantime",
            "Somebody else was quicker, and nothing was done. Reload the page and decide again.",
        ),
        413 => (
            "Too large",
            "That is more than is taken at once, and nothing was done. Shorten it and send it again.",
        ),
        414 | 431 => {
            ("Address too long", "The address or the headers are too long. Shorten them and try again.")
        }
        415 => (
            "Wrong kind of content",
            "Forms are taken as application/x-www-form-urlencoded and data as application/json, not compressed. \
             Nothing was done. Send it again in the kind that this address takes.",
        ),
        422 => (
            "Not accepted like this",
            "Something you entered cannot be used. Go back, correct it, and send it again.",
        ),
        429 => ("Too many attempts", "Wait a little, then try again."),
        503 => ("Too busy right now", "Nothing was done. Wait a few seconds, then try again."),
        _ if status.is_client_error() => {
            ("This request was refused", "Nothing was done. Go back, check it, and send it again.")
        }
        _ => (
            "Something went wrong on our side",
            "It was recorded. Try again in a moment; if it happens again, tell the operator the request id.",
        ),
    }
}
