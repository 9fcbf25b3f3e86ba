//! The checkpoint log: a file that signed checkpoints are added to, the newest last.
//!
//! **Invariant:** it is only ever added to, and a page of it is read in the same time whatever its length. If its disk hangs,
//! that is said after a moment, and at once as long as it goes on hanging.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use projections::private;
use projections::seal::SignedCheckpoint;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::aside::Aside;

/// How many checkpoints are on a page.
const SHOWN: usize = 25;

/// How many bytes are read for a page: more than its checkpoints have.
const WINDOW: u64 = 1 << 15;

/// The number of bytes that are read at a time for a download.
const CHUNK: u64 = 1 << 16;

/// The longest that a page waits for the disk.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub struct CheckpointLog {
    path: PathBuf,
    reading: Arc<Mutex<Aside<io::Result<Option<Part>>>>>,
}

/// A part of the file, not empty, as it was read.
#[derive(Debug)]
struct Part {
    file: File,
    length: u64,
    begin: u64,
    bytes: Vec<u8>,
}

/// The whole file, as it was when somebody asked for it, piece by piece.
pub struct Download {
    log: CheckpointLog,
    file: File,
    at: u64,
    end: u64,
}

/// A checkpoint, and the place in the file where it begins.
#[derive(Debug, PartialEq, Eq)]
pub struct Filed {
    pub at: u64,
    pub signed: SignedCheckpoint,
}

/// A page of checkpoints, newest first.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CheckpointPage {
    pub shown: Vec<Filed>,
    /// The place where the older checkpoints end, if there are any.
    pub older: Option<u64>,
}

impl CheckpointLog {
    pub fn new(path: PathBuf) -> Self {
        Self { path, reading: Arc::default() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the file if it is not there, for its owner alone. A file of something else is not added to.
    pub fn begin(&self) -> io::Result<()> {
        private::file().append(true).create(true).open(&self.path)?;
        let mut begins = vec![];
        File::open(&self.path)?.take(16).read_to_end(&mut begins)?;
        let is_other = [b"PRIVATE+KEY".as_slice(), b"PORTAL+SECRETS", b"SQLite format 3"];
        if is_other.iter().any(|other| begins.starts_with(other)) {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                "this is a key or a database, and no checkpoint log",
            ));
        }
        Ok(())
    }

    /// Adds a checkpoint after an empty line, so that one that was cut off by a crash does not spoil it.
    pub fn append(&self, signed: &SignedCheckpoint) -> io::Result<()> {
        let mut file = private::file().append(true).create(true).open(&self.path)?;
        let gap = if file.metadata()?.len() > 0 { "\n" } else { "" };
        file.write_all(format!("{gap}{}", signed.text()).as_bytes())?;
        file.sync_all()
    }

    /// A page of checkpoints that end before a place in the file; without a place, the newest ones.
    pub async fn page(&self, before: Option<u64>) -> io::Result<CheckpointPage> {
        let window = move |length: u64| {
            let end = before.unwrap_or(length).min(length);
            end.saturating_sub(WINDOW)..end
        };
        let Some(part) = self.part(None, window).await? else { return Ok(CheckpointPage::default()) };
        let (begin, mut shown) = (part.begin, part.checkpoints()?);
        // The part may begin in the middle of a line, and then its first checkpoint can't be trusted.
        shown.retain(|filed| begin == 0 || filed.at > begin);
        shown.reverse();
        // A checkpoint that witnesses have cosigned is in the file twice, the second time with their lines.
        let (mut newest, mut older) = (Vec::<Filed>::new(), None);
        for filed in shown {
            let is_same = newest.last().is_some_and(|last| last.signed.checkpoint == filed.signed.checkpoint);
            if !is_same && newest.len() == SHOWN {
                break;
            }
            older = Some(filed.at).filter(|at| *at > 0);
            if !is_same {
                newest.push(filed);
            }
        }
        Ok(CheckpointPage { shown: newest, older })
    }

    /// The last checkpoint, with the lines of witnesses if they are in the file already.
    pub async fn newest(&self) -> io::Result<Option<SignedCheckpoint>> {
        Ok(self.page(None).await?.shown.into_iter().next().map(|filed| filed.signed))
    }

    /// The checkpoint that begins at a place in the file.
    pub async fn at(&self, place: u64) -> io::Result<Option<SignedCheckpoint>> {
        let window = move |length: u64| {
            let end = place.saturating_add(WINDOW).min(length);
            place.saturating_sub(1).min(end)..end // with the line break, so that half a line is none
        };
        let Some(part) = self.part(None, window).await? else { return Ok(None) };
        let found = part.checkpoints()?;
        Ok(found.into_iter().next().filter(|filed| filed.at == place).map(|filed| filed.signed))
    }

    /// All of it, up to its length now; none if the file is missing or empty.
    pub async fn download(&self) -> io::Result<Option<Download>> {
        let opened = self.part(None, |_| 0..0).await?;
        Ok(opened.map(|Part { file, length, .. }| Download { log: self.clone(), file, at: 0, end: length }))
    }

    /// Reads a part of the file, which may be open already, on a thread that nobody waits for if its disk hangs.
    async fn part(
        &self,
        opened: Option<File>,
        range: impl FnOnce(u64) -> Range<u64> + Send + 'static,
    ) -> io::Result<Option<Part>> {
        let path = self.path.clone();
        let mut reading = timeout(PATIENCE, self.reading.lock()).await.map_err(|_late| silent())?;
        if reading.hangs() {
            return Err(silent());
        }
        reading.within(PATIENCE, move || Part::read(opened, &path, range)).await.map_err(|_late| silent())?
    }
}

fn silent() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "it gives no answer, as if its disk were gone")
}

impl Part {
    fn read(
        opened: Option<File>,
        path: &Path,
        range: impl FnOnce(u64) -> Range<u64>,
    ) -> io::Result<Option<Self>> {
        let mut file = match opened.map_or_else(|| File::open(path), Ok) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let length = file.metadata()?.len();
        if length == 0 {
            return Ok(None);
        }
        let (Range { start: begin, end }, mut bytes) = (range(length), vec![]);
        file.seek(SeekFrom::Start(begin))?;
        (&file).take(end - begin).read_to_end(&mut bytes)?;
        Ok(Some(Self { file, length, begin, bytes }))
    }

    fn checkpoints(&self) -> io::Result<Vec<Filed>> {
        let mut found = vec![];
        SignedCheckpoint::each_at(self.bytes.as_slice(), |at, signed| {
            found.push(Filed { at: self.begin + at, signed });
        })?;
        Ok(found)
    }
}

impl Download {
    /// The next bytes, and the rest.
    pub async fn next(self) -> io::Result<Option<(Vec<u8>, Self)>> {
        let Self { log, file, at, end } = self;
        let until = end.min(at + CHUNK);
        let Some(part) = log.part(Some(file), move |_| at..until).await? else { return Ok(None) };
        let Part { file, bytes, .. } = part;
        Ok((!bytes.is_empty()).then(|| (bytes, Self { log, file, at: until, end })))
    }
}

#[cfg(test)]
mod tests {
    use projections::seal::SigningKey;

    use super::*;

    #[tokio::test]
    async fn pages_go_back_to_the_first_checkpoint_and_each_is_found_again() {
        let folder = tempfile::tempdir().expect("room");
        let log = CheckpointLog::new(folder.path().join("checkpoints.txt"));
        assert_eq!(log.page(None).await.expect("it is not there yet"), CheckpointPage::default());
        let key = SigningKey::new("portal.example.com/log", &[7; 32]).expect("a plain origin");
        for size in 1..=60 {
            log.append(&key.sign(size, [9; 32])).expect("room");
        }
        let (mut sizes, mut before, mut pages) = (vec![], None, 0);
        loop {
            let page = log.page(before).await.expect("it can be read");
            for filed in page.shown {
                assert_eq!(log.at(filed.at).await.expect("it can be read"), Some(filed.signed.clone()));
                assert_eq!(log.at(filed.at + 1).await.expect("it can be read"), None);
                sizes.push(filed.signed.checkpoint.size);
            }
            (before, pages) = (page.older, pages + 1);
            if before.is_none() {
                break;
            }
        }
        assert_eq!((sizes, pages), ((1..=60).rev().collect(), 3));
        assert_eq!(log.at(u64::MAX).await.expect("it can be read"), None);
    }
}
