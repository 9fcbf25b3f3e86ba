//! Whole documents: the operator's console, a customer's frame, and pages without navigation.
//!
//! **Invariant:** nobody can take the console for a customer's page or the other way round: the one has its navigation
//! on the left under the word "Operator", the other a bar on top with the organisation's name.
//!
//! The title goes into the browser's tab. The page brings its own `h1`, mostly by [`head`](super::head); only
//! [`error_page`] writes one itself.

use maud::{Markup, html};

use super::shell::{self, Frame};
use super::viewer::Viewer;
use super::{icon, monogram, position};

/// The entry in the console's navigation to which a page belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Organisations,
    ReferenceData,
    History,
    Superadmins,
    Account,
}

impl Section {
    /// The entries of the navigation from top to bottom. The account stands apart, at the foot.
    const ALL: [Self; 5] =
        [Self::Organisations, Self::ReferenceData, Self::History, Self::Superadmins, Self::Account];

    fn label(self) -> &'static str {
        match self {
            Self::Organisations => "Organisations",
            Self::ReferenceData => "Reference data",
            Self::History => "History",
            Self::Superadmins => "Superadmins",
            Self::Account => "Your account",
        }
    }

    fn href(self) -> &'static str {
        match self {
            Self::Organisations => "/admin/orgs",
            Self::ReferenceData => "/admin/reference-data",
            Self::History => "/admin/history",
            Self::Superadmins => "/admin/superadmins",
            Self::Account => "/account",
        }
    }

    /// True if its pages can be shown as of a moment.
    fn has_a_past(self) -> bool {
        match self {
            Self::Organisations | Self::ReferenceData | Self::Superadmins => true,
            Self::History | Self::Account => false,
        }
    }

    fn icon(self) -> Markup {
        match self {
            Self::Organisations => icon::organisations(),
            Self::ReferenceData => icon::reference_data(),
            Self::History => icon::history(),
            Self::Superadmins => icon::superadmins(),
            Self::Account => icon::account(),
        }
    }
}

/// A page of the operator's console.
pub struct Console<'a> {
    pub title: &'a str,
    pub section: Section,
    pub viewer: &'a Viewer<'a>,
    /// The pages above this one, as label and href.
    pub crumbs: &'a [(&'a str, String)],
    /// The last event that the data on this page knows of.
    pub position: i64,
    /// The position that the page shows, if it does not show now.
    pub at: Option<i64>,
    /// The notice about the last command, usually a [`note`](super::note).
    pub notice: Option<Markup>,
}

impl Console<'_> {
    pub fn render(&self, content: Markup) -> Markup {
        let body = html! {
            (self.side())
            (self.bar())
            (shell::main(self.notice.as_ref(), content))
        };
        shell::document(Frame::Console, self.title, body)
    }

    fn side(&self) -> Markup {
        html! {
            aside.side aria-label="Operator console" {
                a.brand href="/admin/orgs" { (icon::mark()) "portal" span.brand-role { "Operator" } }
                details.fold {
                    summary { (icon::menu()) "Menu" }
                    nav aria-label="Console" {
                        ul {
                            @for section in Section::ALL {
                                @let here = section == self.section;
                                li {
                                    a href=(self.way_to(section)) aria-current=[here.then_some("page")] {
                                        (section.icon()) (section.label())
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn bar(&self) -> Markup {
        html! {
            header.bar {
                (self.trail())
                @if !self.has_own_search() { (search(self.at)) }
                p.as-of title="The last event this page knows of" {
                    span { "data as of " } (position(self.at.unwrap_or(self.position)))
                }
                (shell::theme_switch())
                (shell::account_menu(self.viewer))
            }
        }
    }

    /// The link to a section. It keeps the moment of this page, if the section can be shown as of a moment.
    fn way_to(&self, section: Section) -> String {
        match self.at.filter(|_| section.has_a_past()) {
            Some(at) => format!("{}?at={at}", section.href()),
            None => section.href().to_owned(),
        }
    }

    /// True for the list of organisations and the history, which have a search in their filters.
    fn has_own_search(&self) -> bool {
        matches!(self.section, Section::Organisations | Section::History) && self.crumbs.is_empty()
    }

    fn trail(&self) -> Markup {
        html! {
            nav.trail aria-label="You are here" {
                ol {
                    @for (label, href) in self.crumbs.iter().filter(|(label, _)| *label != self.title) {
                        li { a href=(href) { (label) } }
                    }
                    li aria-current="page" { (self.title) }
                }
            }
        }
    }
}

fn search(at: Option<i64>) -> Markup {
    html! {
        form.search role="search" action="/admin/orgs" method="get" {
            label.visually-hidden for="search" { "Search organisations" }
            (icon::search())
            input #search type="search" name="q" placeholder="Search organisations" autocomplete="off"
                data-hotkey="/";
            @if let Some(at) = at { input type="hidden" name="at" value=(at); }
            kbd aria-hidden="true" { "/" }
        }
    }
}

/// A page of one customer.
pub struct TenantPage<'a> {
    pub title: &'a str,
    /// The organisation's name.
    pub org: &'a str,
    pub slug: &'a str,
    pub viewer: &'a Viewer<'a>,
    /// The notice about the last command, usually a [`note`](super::note).
    pub notice: Option<Markup>,
}

impl TenantPage<'_> {
    pub fn render(&self, content: Markup) -> Markup {
        let body = html! {
            header.bar {
                details.menu.switcher name="menu" {
                    summary {
                        (monogram(self.org, "org"))
                        span.org { span.visually-hidden { "Organisation: " } (self.org) }
                        (icon::switch())
                    }
                    div.menu-panel { (shell::switcher_items(self.viewer.organisations, Some(self.slug))) }
                }
                (self.navigation())
                @if self.viewer.operator {
                    a.to-console href="/admin/orgs" { (icon::mark()) "Operator console" }
                }
                (shell::theme_switch())
                (shell::account_menu(self.viewer))
            }
            (shell::main(self.notice.as_ref(), content))
        };
        shell::document(Frame::Tenant, &format!("{} · {}", self.title, self.org), body)
    }

    fn navigation(&self) -> Markup {
        html! {
            nav.tenant-nav aria-label=(self.org) {
                @for (label, place) in [("Dashboard", "dashboard"), ("Members", "members"), ("Roles", "roles"), ("Activity", "activity")] {
                    @let here = (self.title == label).then_some("page");
                    a href={ "/org/" (self.slug) "/" (place) } aria-current=[here] { (label) }
                }
            }
        }
    }
}

/// A narrow page without navigation: sign-in, invitations.
pub fn plain(title: &str, content: Markup) -> Markup {
    sheet(title, content, None)
}

/// A narrow page with a line below the sheet.
pub fn plain_with(title: &str, content: Markup, below: Markup) -> Markup {
    sheet(title, content, Some(below))
}

fn sheet(title: &str, content: Markup, below: Option<Markup>) -> Markup {
    let main = html! {
        div.sheet { (content) }
        @if let Some(below) = below { p.sheet-below { (below) } }
    };
    let body = html! {
        header.plain-head { span.brand { (icon::mark()) "portal" } }
        (shell::main(None, main))
        footer.plain-foot { (shell::theme_switch()) }
    };
    shell::document(Frame::Plain, title, body)
}

/// A page outside every organisation with a bar to sign out: the picker, the account of somebody without one.
pub fn plain_wide(title: &str, viewer: Option<&Viewer<'_>>, content: Markup) -> Markup {
    let body = html! {
        header.bar {
            a.brand href="/" { (icon::mark()) "portal" }
            (shell::theme_switch())
            @if let Some(viewer) = viewer { (shell::account_menu(viewer)) }
        }
        (shell::main(None, content))
    };
    shell::document(Frame::Plain, title, body)
}

/// An error in words, with a way on. The request's id lets the operator find it in the log.
pub fn error_page(status: u16, title: &str, detail: &str, request_id: Option<&str>, home: &str) -> Markup {
    plain(
        title,
        html! {
            div.error-page {
                p.status { "Error " (status) }
                h1 { (title) }
                p { (detail) }
                p.actions { a.button.primary href=(home) { "Go to the start page" } }
                @if let Some(request_id) = request_id {
                    p.hint { "If you report this, mention the request " (super::copyable(request_id)) }
                }
            }
        },
    )
}
