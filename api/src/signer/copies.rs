//! Copies the last checkpoint to other places, once a minute if there is a new one.
//!
//! | place | what is done |
//! | --- | --- |
//! | a folder, on another machine best | a new file `checkpoint-1234.txt`, in one step; `checkpoint-1234-cosigned-2.txt` with two witnesses |
//! | a URL, as of a store of objects | `PUT` of the same below it |
//!
//! **Invariant:** a copy is never overwritten, so somebody who can change what comes next can't change what is there.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use projections::Timestamp;
use projections::seal::SignedCheckpoint;
use reqwest::header::{CONTENT_TYPE, IF_NONE_MATCH};
use reqwest::{Client, StatusCode, Url};
use tokio::sync::{Mutex, watch};

use super::CheckpointSigner;
use super::files::Files;
use crate::aside::Aside;
use crate::{clock, http_client, metrics};

/// The pause between two copies to one place, and after a failure.
const PAUSE: Duration = Duration::from_mins(1);

pub(super) struct Copies {
    client: Client,
    each: Mutex<Vec<CopyPlace>>,
    told: watch::Sender<Vec<Copied>>,
}

/// One of the places for copies.
struct CopyPlace {
    place: CopyAddress,
    rests_until: Option<Instant>,
    /// The work of writing to a folder.
    writing: Aside<io::Result<()>>,
    /// The last checkpoint at this place, with as many lines of witnesses as it had then.
    has: Option<SignedCheckpoint>,
    told: Copied,
}

/// The folder or the URL of a place.
enum CopyAddress {
    Folder(PathBuf),
    Url(Url),
}

/// The state of one place, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    pub place: String,
    /// The number of events in the last copy, and when it was made.
    pub last: Option<(u64, Timestamp)>,
    pub failure: Option<String>,
}

impl Copies {
    pub(super) fn of(places: &[String]) -> anyhow::Result<Self> {
        let each =
            places.iter().map(|place| CopyPlace::of(place)).collect::<anyhow::Result<Vec<CopyPlace>>>()?;
        let told = watch::Sender::new(each.iter().map(|one| one.told.clone()).collect());
        Ok(Self { client: http_client::open()?, each: Mutex::new(each), told })
    }

    async fn take(&self, signed: &SignedCheckpoint) {
        let mut each = self.each.lock().await;
        futures::future::join_all(each.iter_mut().map(|one| one.take(&self.client, signed))).await;
        let told: Vec<Copied> = each.iter().map(|one| one.told.clone()).collect();
        self.told.send_if_modified(|before| std::mem::replace(before, told.clone()) != told);
    }
}

impl CopyPlace {
    fn of(text: &str) -> anyhow::Result<Self> {
        let (place, shown) = if text.contains("://") {
            let url = http_client::url(text).context("PORTAL_SEAL_COPIES")?;
            let shown = without_secrets(url.clone());
            (CopyAddress::Url(url), shown)
        } else {
            (CopyAddress::Folder(text.into()), text.to_owned())
        };
        let told = Copied { place: shown, last: None, failure: None };
        Ok(Self { place, rests_until: None, writing: Aside::default(), has: None, told })
    }
    async fn take(&mut self, client: &Client, signed: &SignedCheckpoint) {
        let size = signed.checkpoint.size;
        if self.has.as_ref() == Some(signed) || self.rests_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        self.rests_until = Some(Instant::now() + PAUSE);
        let name = match signed.cosignatures() {
            0 => format!("checkpoint-{size}.txt"),
            number => format!("checkpoint-{size}-cosigned-{number}.txt"),
        };
        let done = match &self.place {
            CopyAddress::Folder(folder) => write(&mut self.writing, folder.join(name), signed.text()).await,
            CopyAddress::Url(url) => put(client, below(url.clone(), &name), signed.text()).await,
        };
        match done {
            Ok(()) => {
                self.has = Some(signed.clone());
                (self.told.last, self.told.failure) = (Some((size, clock::now())), None);
            }
            Err(why) => {
                metrics::copy_failed(&self.told.place);
                tracing::warn!(place = self.told.place, error = why, "a checkpoint could not be copied");
                self.told.failure = Some(why);
            }
        }
    }
}

fn below(mut url: Url, name: &str) -> Url {
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(name);
    }
    url
}

/// The URL without its secrets, for everybody who sees the page.
fn without_secrets(mut url: Url) -> String {
    url.set_query(None);
    let _has_none = url.set_username("").and_then(|()| url.set_password(None));
    url.into()
}

/// How long one copy may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// A folder that is not there is not made: it may be on a disk that is not mounted.
async fn write(writing: &mut Aside<io::Result<()>>, file: PathBuf, text: String) -> Result<(), String> {
    let done = writing.within(PATIENCE, move || write_new(&file, &text)).await;
    done.map_err(|late| late.to_string())?.map_err(|why| why.to_string())
}

fn write_new(file: &Path, text: &str) -> io::Result<()> {
    let half = file.with_extension(format!("{}.half", clock::new_id().simple()));
    // The file is created anew, so nothing is written through a link that somebody put there.
    let mut writer = OpenOptions::new().write(true).create_new(true).open(&half)?;
    let written = writer.write_all(text.as_bytes()).and_then(|()| writer.sync_all());
    // Unlike a move, a link does not replace what is there.
    let linked = written.and_then(|()| fs::hard_link(&half, file));
    fs::remove_file(&half)?;
    match linked {
        Err(why) if why.kind() == ErrorKind::AlreadyExists => {
            if is_there(file, text)? {
                Ok(())
            } else {
                Err(io::Error::other(OTHER))
            }
        }
        done => done,
    }
}

/// True if the file of this name is a copy of the same checkpoint, and no link to something else.
fn is_there(file: &Path, text: &str) -> io::Result<bool> {
    let about = fs::symlink_metadata(file)?;
    if !about.is_file() || about.len() > LONGEST {
        return Ok(false);
    }
    let mut there = String::new();
    fs::File::open(file)?.take(LONGEST).read_to_string(&mut there)?;
    Ok(is_same(&there, text))
}

/// More bytes than a checkpoint has with the lines of all its witnesses.
const LONGEST: u64 = 1 << 16;

/// True if both are the same checkpoint with signatures by the same keys. Two processes that ask the same witness get
/// different times in its line.
fn is_same(there: &str, here: &str) -> bool {
    let both = there.parse::<SignedCheckpoint>().ok().zip(here.parse().ok());
    there == here
        || both.is_some_and(|(there, here): (SignedCheckpoint, SignedCheckpoint)| there.has_all_of(&here))
}

const OTHER: &str = "a file of this name is there, and is another one: name an empty place";

async fn put(client: &Client, url: Url, text: String) -> Result<(), String> {
    let request = client.put(url.clone()).header(CONTENT_TYPE, "text/plain; charset=utf-8");
    let sent = request.header(IF_NONE_MATCH, "*").body(text.clone()).send().await;
    let response = sent.map_err(http_client::why)?;
    match response.status() {
        status if status.is_success() => Ok(()),
        StatusCode::PRECONDITION_FAILED => {
            let there = client.get(url).send().await.map_err(http_client::why)?;
            let there = http_client::text(there).await.map_err(http_client::why)?;
            if is_same(&there, &text) { Ok(()) } else { Err(OTHER.to_owned()) }
        }
        // The body of the answer may repeat the address with the secret in it, so only the status is shown.
        status => Err(format!("it answered {status}")),
    }
}

impl CheckpointSigner {
    /// Copies the last checkpoint to every place that lacks it and was not tried in the last minute.
    pub async fn copy(&self) -> anyhow::Result<()> {
        let Some(copies) = &self.copies else { return Ok(()) };
        let files = Files::read_on(self.files().await?).await?;
        let last = files.own.last().filter(|signed| signed.checkpoint.size > 0).cloned();
        drop(files);
        if let Some(signed) = last {
            copies.take(&signed).await;
        }
        Ok(())
    }

    /// The state of each place; empty if there is none.
    pub fn copies(&self) -> Vec<Copied> {
        self.copies.as_ref().map_or_else(Vec::new, |copies| copies.told.borrow().clone())
    }
}
