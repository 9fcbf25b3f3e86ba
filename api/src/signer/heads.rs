//! The checkpoints that a checkpoint log has, read on from where it was last read.
//!
//! ```text
//! … checkpoint  checkpoint  checkpoint │ checkpoint  a torn one │ what came since
//!   └───── compared with memory: is it the same file? ─────────┘
//!                                      └──────── read now ────────────────────────
//! ```
//!
//! **Invariant:** reading again costs the same whatever the file's length, as long as the file is only added to. If it is
//! another file now, is shorter, or ends differently, it is read from the beginning.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use projections::seal::SignedCheckpoint;

/// How many bytes before the last checkpoint are compared as well.
const MARK: u64 = 512;

/// More bytes than a checkpoint has. A longer piece that is no checkpoint is not read a second time.
const WINDOW: u64 = 1 << 14;

pub(super) struct Heads {
    path: PathBuf,
    origin: String,
    place: FilePosition,
    /// The checkpoints that are not followed by a larger one. Whoever signed the following one has proven all the others.
    peaks: Vec<SignedCheckpoint>,
    last: Option<SignedCheckpoint>,
}

/// The identity of a file, whatever its path.
#[derive(Default, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    fn of(about: &Metadata) -> Self {
        Self { device: about.dev(), inode: about.ino() }
    }
}

/// How far a file was read.
#[derive(Default)]
struct FilePosition {
    file: FileId,
    mark_at: u64,
    /// The bytes from `mark_at` to what was the end.
    mark: Vec<u8>,
    /// The place where the last checkpoint begins, and where reading goes on.
    next: u64,
}

impl Heads {
    /// The checkpoints of one origin in a file that has not been read yet.
    pub(super) fn of(path: PathBuf, origin: &str) -> Self {
        Self { path, origin: origin.to_owned(), place: FilePosition::default(), peaks: vec![], last: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The newest checkpoint of this origin.
    pub(super) fn last(&self) -> Option<&SignedCheckpoint> {
        self.last.as_ref()
    }

    /// The checkpoints that a log has to begin with. If it does, it begins with every checkpoint of the file.
    pub(super) fn all(&self) -> impl Iterator<Item = &SignedCheckpoint> {
        self.peaks.iter().chain(&self.last)
    }

    /// Notes that some log begins with all of them, so that the last one is enough from now on.
    pub(super) fn settle(&mut self) {
        let largest = self.all().max_by_key(|signed| signed.checkpoint.size).cloned();
        self.peaks.retain(|peak| Some(peak) == largest.as_ref());
    }

    /// Reads what was added, and gives how many bytes were read. A missing file is [`ErrorKind::NotFound`], and what it said
    /// is forgotten.
    pub(super) fn read_on(&mut self) -> io::Result<u64> {
        let mut file = File::open(&self.path).inspect_err(|_| self.forget())?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "this is not a file"));
        }
        let compared = length(&self.place.mark);
        if !self.place.is_in(&mut file, &about)? {
            self.forget();
        }
        let (from, mut next) = (self.place.next, self.place.next);
        file.seek(SeekFrom::Start(from))?;
        let new = BufReader::new((&file).take(about.len() - from));
        SignedCheckpoint::each_at(new, |at, signed| {
            next = from + at;
            self.take(signed);
        })?;
        let next = next.max(about.len().saturating_sub(WINDOW));
        self.place = FilePosition::mark(&mut file, &about, next)?;
        Ok(compared + (about.len() - from) + length(&self.place.mark))
    }

    fn forget(&mut self) {
        (self.place, self.peaks, self.last) = (FilePosition::default(), vec![], None);
    }

    fn take(&mut self, signed: SignedCheckpoint) {
        if signed.checkpoint.origin != self.origin {
            return;
        }
        let before = self.last.replace(signed.clone());
        let proven = |before: &SignedCheckpoint| {
            before.checkpoint.size < signed.checkpoint.size || before.checkpoint == signed.checkpoint
        };
        self.peaks.extend(before.filter(|before| !proven(before) && !self.peaks.contains(before)));
    }
}

impl FilePosition {
    fn mark(file: &mut File, about: &Metadata, next: u64) -> io::Result<Self> {
        let mark_at = next.saturating_sub(MARK);
        let mark = between(file, mark_at, about.len())?;
        Ok(Self { file: FileId::of(about), mark_at, mark, next })
    }

    /// True if it is the same file, and it was only added to.
    fn is_in(&self, file: &mut File, about: &Metadata) -> io::Result<bool> {
        let end = self.mark_at + length(&self.mark);
        if self.file != FileId::of(about) || about.len() < end {
            return Ok(false);
        }
        Ok(between(file, self.mark_at, end)? == self.mark)
    }
}

fn length(part: &[u8]) -> u64 {
    u64::try_from(part.len()).unwrap_or(u64::MAX)
}

fn between(file: &mut File, begin: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut part = vec![];
    file.seek(SeekFrom::Start(begin))?;
    file.take(end - begin).read_to_end(&mut part)?;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::fs;

    use projections::seal::SigningKey;

    use super::*;

    const ORIGIN: &str = "portal.example.com/log";

    fn key() -> SigningKey {
        SigningKey::new(ORIGIN, &[7; 32]).expect("a plain origin")
    }

    fn file(folder: &tempfile::TempDir, checkpoints: u64) -> PathBuf {
        let path = folder.path().join(format!("{checkpoints}.txt"));
        // One signature is enough for all: whose it is does not matter here.
        let one = key().sign(1, [9; 32]).text();
        let mut text = String::new();
        for size in 1..=checkpoints {
            write!(text, "\n{}", one.replacen("\n1\n", &format!("\n{size}\n"), 1)).expect("room");
        }
        fs::write(&path, text).expect("room");
        path
    }

    fn add(path: &Path, text: &str) {
        let mut whole = fs::OpenOptions::new().append(true).open(path).expect("it is there");
        io::Write::write_all(&mut whole, text.as_bytes()).expect("room");
    }

    fn sizes<'s>(signed: impl IntoIterator<Item = &'s SignedCheckpoint>) -> Vec<u64> {
        signed.into_iter().map(|signed| signed.checkpoint.size).collect()
    }

    #[test]
    fn asking_again_costs_the_same_whatever_the_length_of_the_file() {
        let folder = tempfile::tempdir().expect("room");
        let costs = [10, 200_000].map(|checkpoints| {
            let mut heads = Heads::of(file(&folder, checkpoints), ORIGIN);
            let whole = heads.read_on().expect("it can be read");
            assert!(whole >= heads.path.metadata().expect("it is there").len(), "the first time, all of it");
            assert_eq!(sizes(heads.all()), [checkpoints]);
            let idle = heads.read_on().expect("it can be read");
            add(&heads.path, &format!("\n{}", key().sign(checkpoints + 1, [8; 32]).text()));
            let added = heads.read_on().expect("it can be read");
            assert_eq!(sizes(heads.last()), [checkpoints + 1]);
            [idle, added]
        });
        for cost in costs.as_flattened() {
            assert!(*cost < 4096, "{costs:?} bytes");
        }
    }

    #[test]
    fn a_torn_one_counts_for_nothing_until_it_is_whole() {
        let folder = tempfile::tempdir().expect("room");
        let mut heads = Heads::of(file(&folder, 3), ORIGIN);
        heads.read_on().expect("it can be read");
        let next = key().sign(4, [8; 32]).text();
        for (part, last) in [(&next[..40], 3), (&next[40..], 4), ("\nportal.example.com/log\n5\n", 4)] {
            add(&heads.path, part);
            heads.read_on().expect("it can be read");
            assert_eq!(sizes(heads.last()), [last], "{part}");
        }
        add(&heads.path, &format!("\n{}", key().sign(6, [8; 32]).text()));
        add(&heads.path, &"junk\n".repeat(10_000));
        heads.read_on().expect("it can be read");
        assert_eq!(sizes(heads.last()), [6]);
        assert!(heads.read_on().expect("it can be read") < 4 * WINDOW, "junk is not read again and again");
        add(&heads.path, &format!("\n{}", key().sign(7, [8; 32]).text()));
        heads.read_on().expect("it can be read");
        assert_eq!(sizes(heads.last()), [7]);
    }

    #[test]
    fn what_goes_back_in_size_or_differs_is_kept_until_it_is_settled() {
        let folder = tempfile::tempdir().expect("room");
        let mut heads = Heads::of(file(&folder, 0), ORIGIN);
        let other = SigningKey::new("other.example.com/log", &[7; 32]).expect("a plain origin");
        for signed in [
            key().sign(10, [1; 32]),
            key().sign(10, [1; 32]),
            other.sign(99, [1; 32]),
            key().sign(10, [2; 32]),
            key().sign(7, [3; 32]),
            key().sign(8, [3; 32]),
        ] {
            add(&heads.path, &format!("\n{}", signed.text()));
        }
        heads.read_on().expect("it can be read");
        assert_eq!(sizes(heads.all()), [10, 10, 8]);
        heads.settle();
        assert_eq!(heads.all().map(|signed| signed.checkpoint.size).max(), Some(10));
    }

    #[test]
    fn another_file_in_its_place_is_read_from_its_beginning() {
        let folder = tempfile::tempdir().expect("room");
        let mut heads = Heads::of(file(&folder, 20), ORIGIN);
        heads.read_on().expect("it can be read");
        let text = fs::read_to_string(&heads.path).expect("text");
        for (changed, last) in [
            (text.replace("\n20\n", "\n99\n"), 99),
            (text.clone(), 20),
            (text.replace("\n19\n", "\n98\n"), 20),
            (text[..text.len() / 2].to_owned(), 10),
        ] {
            fs::write(&heads.path, changed).expect("room");
            heads.read_on().expect("it can be read");
            assert_eq!(sizes(heads.last()), [last]);
        }
        fs::remove_file(&heads.path).expect("it was there");
        assert_eq!(heads.read_on().map_err(|why| why.kind()), Err(ErrorKind::NotFound));
        assert!(Heads::of(folder.path().to_owned(), ORIGIN).read_on().is_err(), "a folder");
    }
}
