//! Today's names of the people and organisations in sentences.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{Actor, AnyEvent, Part};
use maud::{Markup, html};
use projections::event_log::Recorded;
use projections::memberships::Membership;
use projections::{Platform, history, org_detail, people};
use uuid::Uuid;

use crate::app::App;
use crate::ui;
use crate::web::error::Error;

/// Names of everybody and everything that some events are about.
#[derive(Debug, Default)]
pub struct Names {
    people: HashMap<Uuid, String>,
    orgs: HashMap<Uuid, String>,
}

impl Names {
    /// Loads the names that some events need, for an operator, and notes that the operator is shown these events and names.
    pub async fn of(app: &App, platform: &Platform, events: &[Recorded]) -> Result<Self, Error> {
        Self::of_told(app, platform, events, &[]).await
    }

    /// Does the same with further facts, which are shown and did not happen.
    pub async fn of_told(
        app: &App,
        platform: &Platform,
        events: &[Recorded],
        told: &[AnyEvent],
    ) -> Result<Self, Error> {
        let (people, orgs) = subjects(events, told);
        history::shown(platform, events);
        Ok(Self {
            people: people::names(&app.db, &people).await?,
            orgs: org_detail::names_shown(&app.db, platform, &orgs).await?,
        })
    }

    /// Loads the names for somebody who has a shell on the server.
    pub async fn at_shell(app: &App, events: &[Recorded]) -> Result<Self, Error> {
        let (people, orgs) = subjects(events, &[]);
        Ok(Self {
            people: people::names(&app.db, &people).await?,
            orgs: org_detail::names(&app.db, &orgs).await?,
        })
    }

    /// Loads the names for events of one organisation, shown to its members.
    pub async fn told_in(app: &App, membership: &Membership, events: &[Recorded]) -> Result<Self, Error> {
        let (people, _) = subjects(events, &[]);
        let orgs = HashMap::from([(membership.org_id, membership.name.clone())]);
        Ok(Self { people: people::names(&app.db, &people).await?, orgs })
    }

    /// Names of these people.
    pub async fn of_people(app: &App, people: &[Uuid]) -> Result<Self, Error> {
        Ok(Self { people: people::names(&app.db, people).await?, orgs: HashMap::new() })
    }

    /// Loads the names of the actors that read models name.
    pub async fn of_actors(app: &App, actors: &[&str]) -> Result<Self, Error> {
        let people = actors.iter().filter_map(|actor| actor.parse::<Actor>().ok()?.person());
        Self::of_people(app, &people.map(|person| person.0).collect::<Vec<_>>()).await
    }

    /// What somebody is called.
    pub fn person(&self, id: Uuid) -> String {
        self.people.get(&id).cloned().unwrap_or_else(|| "somebody erased".to_owned())
    }

    /// The name of whoever did something, from the text that a read model has.
    pub fn actor_text(&self, actor: &str) -> String {
        actor.parse().map_or_else(|_| "somebody".to_owned(), |actor| self.actor(actor))
    }

    /// The name of whoever did something.
    pub fn actor(&self, actor: Actor) -> String {
        match actor {
            Actor::Person(id) => self.part(&Part::Person(id)),
            Actor::Shell => "Somebody on the server".to_owned(),
            Actor::Setup => "The first start".to_owned(),
            Actor::Timer => "The timer".to_owned(),
        }
    }

    pub fn part(&self, part: &Part) -> String {
        match part {
            Part::Text(text) => text.clone(),
            Part::ResourceType(code) => code.to_string(),
            Part::Person(id) => self.person(id.0),
            Part::Org(id) => self.orgs.get(&id.0).cloned().unwrap_or_else(|| "an organisation".to_owned()),
            Part::Called(id, then) => match self.orgs.get(&id.0) {
                Some(today) if today != then => format!("{then} (now {today})"),
                _ => then.clone(),
            },
        }
    }

    /// An event as a sentence. An event that can't be read says so, since it is history all the same.
    pub fn sentence(&self, event: &Recorded) -> Markup {
        match (event.decode(), event.metadata()) {
            (Ok(fact), Ok(metadata)) => self.told(&self.actor(metadata.actor), &fact),
            (Err(why), _) | (_, Err(why)) => html! { (why) },
        }
    }

    /// An event as a sentence in plain text.
    pub fn sentence_text(&self, event: &Recorded) -> String {
        match (event.decode(), event.metadata()) {
            (Ok(fact), Ok(metadata)) => {
                let parts = fact.sentence();
                let told: String = parts.iter().map(|part| self.part(part)).collect();
                format!("{} {told}", self.actor(metadata.actor))
            }
            (Err(why), _) | (_, Err(why)) => why.to_string(),
        }
    }

    /// An event as a sentence with another word for whoever did it, such as "You".
    pub fn told(&self, actor: &str, fact: &AnyEvent) -> Markup {
        ui::sentence(actor, &fact.sentence(), &|part| self.part(part))
    }

    /// Events as a list, in the order given, with their positions.
    pub fn timeline(&self, events: &[Recorded]) -> Markup {
        self.timeline_with(events, |_| None)
    }

    /// Events as a list, with a further remark on some of them.
    pub fn timeline_with(&self, events: &[Recorded], more: impl Fn(&Recorded) -> Option<Markup>) -> Markup {
        let sentence = |event: &Recorded| {
            html! { (self.sentence(event)) @if let Some(more) = more(event) { span.hint { " · " (more) } } }
        };
        list(events, sentence, |event| Some(event.position))
    }

    /// Events as a list for customers. It shows no positions: these count the events of all organisations, so only operators
    /// see them.
    pub fn story(&self, events: &[Recorded]) -> Markup {
        list(events, |event| self.sentence(event), |_| None)
    }
}

fn list(
    events: &[Recorded],
    sentence: impl Fn(&Recorded) -> Markup,
    position: fn(&Recorded) -> Option<i64>,
) -> Markup {
    let item = |event: &Recorded| {
        let at: DateTime<Utc> = event.recorded_at.into();
        (sentence(event), at, position(event))
    };
    ui::timeline(&events.iter().map(item).collect::<Vec<_>>())
}

/// The people and organisations that some events and other facts name, with the actors of the events.
fn subjects(events: &[Recorded], told: &[AnyEvent]) -> (Vec<Uuid>, Vec<Uuid>) {
    let actors = events.iter().filter_map(|event| event.metadata().ok()?.actor.person());
    let (mut people, mut orgs): (Vec<Uuid>, _) = (actors.map(|person| person.0).collect(), vec![]);
    let happened = events.iter().filter_map(|event| event.decode().ok()).flat_map(|fact| fact.sentence());
    for part in happened.chain(told.iter().flat_map(AnyEvent::sentence)) {
        match part {
            Part::Person(person) => people.push(person.0),
            Part::Org(org) | Part::Called(org, _) => orgs.push(org.0),
            Part::Text(_) | Part::ResourceType(_) => {}
        }
    }
    (people, orgs)
}
