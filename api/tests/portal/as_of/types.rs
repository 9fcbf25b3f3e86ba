//! Resource types as of a moment.

use super::{at, differs, only_looks};
use crate::world::World;

const PAGE: &str = "/admin/reference-data";

pub(super) const PROJECT: [(&str, &str); 5] = [
    ("code", "project"),
    ("label", "Project"),
    ("description", "What people work on together"),
    ("action", "read"),
    ("spread", "everywhere"),
];

async fn a_type_is_as_it_was_and_says_what_differs(world: World) {
    let ana = world.operator().await;
    let before = world.position().await;
    ana.submit(&format!("{PAGE}/new"), &PROJECT).await.is(303);
    let defined = world.position().await;
    let change = |what: &str| format!("{PAGE}/project/{what}");
    ana.submit(&change("label"), &[("label", "Undertaking")]).await.is(303);
    ana.submit(&change("spread"), &[("spread", "opt_in")]).await.is(303);
    let invoice = [("code", "invoice"), ("label", "Invoice"), ("action", "read"), ("spread", "opt_in")];
    ana.submit(&format!("{PAGE}/new"), &invoice).await.is(303);
    ana.submit(&change("deactivation"), &[("reason", "Nobody uses it any more")]).await.is(303);
    let deactivated = world.position().await;

    let list = ana.get(&at(PAGE, defined)).await;
    only_looks(&list, defined);
    list.shows(&format!("href=\"{PAGE}/project?at={defined}\""))
        .shows(">Project<")
        .hides("New resource type");
    list.shows("label: Undertaking; ")
        .shows("spread: opt-in; state: deactivated")
        .shows("One more was defined since.");
    let page = ana.get(&at(&format!("{PAGE}/project"), defined)).await;
    only_looks(&page, defined);
    page.shows("<h1>Project").hides("Compare with").hides("Relabel").hides("Nobody uses it any more</div>");
    for (field, was, is) in [
        ("label", "Project", "Undertaking"),
        ("spread", "everywhere", "opt-in"),
        ("state", "active", "deactivated"),
    ] {
        differs(&page, field, was, is);
    }
    let page = ana.get(&at(&format!("{PAGE}/project"), deactivated)).await;
    only_looks(&page, deactivated);
    page.shows("Nothing differs.").shows("Nobody uses it any more");

    only_looks(&ana.get(&at(PAGE, before)).await.shows("There was no resource type yet.").clone(), before);
    let page = ana.get(&at(&format!("{PAGE}/project"), before)).await;
    only_looks(&page, before);
    page.shows("There was no such resource type yet.").shows(&format!("#{defined}"));
    ana.get(&at(&format!("{PAGE}/zebra"), before)).await.is(404);
}

engines! {
    a_type_is_as_it_was_and_says_what_differs,
}
