//! The checkpoint log: a file that signed checkpoints are added to, the newest last.
//!
//! **Invariant:** it is only ever added to, and a page of it is read in the same time whatever its length.

use std::io::{self, ErrorKind, Read, SeekFrom, Write};
use std::path::{Path, PathBuf};

use projections::private;
use projections::seal::SignedCheckpoint;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// How many checkpoints are on a page.
const SHOWN: usize = 25;

/// How many bytes are read for a page: more than its checkpoints have.
const WINDOW: u64 = 1 << 15;

#[derive(Clone, Debug)]
pub struct CheckpointLog(PathBuf);

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
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the file if it is not there, for its owner alone. A file of something else is not added to.
    pub fn begin(&self) -> io::Result<()> {
        private::file().append(true).create(true).open(&self.0)?;
        let mut begins = vec![];
        std::fs::File::open(&self.0)?.take(16).read_to_end(&mut begins)?;
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
        let mut file = private::file().append(true).create(true).open(&self.0)?;
        let gap = if file.metadata()?.len() > 0 { "\n" } else { "" };
        file.write_all(format!("{gap}{}", signed.text()).as_bytes())?;
        file.sync_all()
    }

    /// A page of checkpoints that end before a place in the file; without a place, the newest ones.
    pub async fn page(&self, before: Option<u64>) -> io::Result<CheckpointPage> {
        let Some((file, length)) = self.open().await? else { return Ok(CheckpointPage::default()) };
        let end = before.unwrap_or(length).min(length);
        let begin = end.saturating_sub(WINDOW);
        let mut shown = between(file, begin, end).await?;
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
        let Some((file, length)) = self.open().await? else { return Ok(None) };
        let end = place.saturating_add(WINDOW).min(length);
        let begin = place.saturating_sub(1).min(end); // with the line break, so that half a line is none
        let found = between(file, begin, end).await?;
        Ok(found.into_iter().next().filter(|filed| filed.at == place).map(|filed| filed.signed))
    }

    /// The file and its length now; none if the file is missing or empty.
    pub async fn open(&self) -> io::Result<Option<(File, u64)>> {
        match File::open(&self.0).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            opened => {
                let file = opened?;
                let length = file.metadata().await?.len();
                Ok((length > 0).then_some((file, length)))
            }
        }
    }
}

/// The checkpoints of a part of the file.
async fn between(mut file: File, begin: u64, end: u64) -> io::Result<Vec<Filed>> {
    let mut part = vec![];
    file.seek(SeekFrom::Start(begin)).await?;
    file.take(end - begin).read_to_end(&mut part).await?;
    let mut found = vec![];
    SignedCheckpoint::each_at(part.as_slice(), |at, signed| found.push(Filed { at: begin + at, signed }))?;
    Ok(found)
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
