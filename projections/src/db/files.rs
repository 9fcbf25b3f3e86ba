//! The files of a SQLite database: one process at a time opens them, and other users can't read them.
//!
//! **Invariant:** SQLite gives what it keeps beside a database the mode of the database, so that is made first.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::OpenError;
use crate::private;

/// The database file that was opened, and the files beside it. If somebody removes or replaces one of them, the database
/// goes on working, but nobody finds its data any more once the process ends.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    files: Vec<(PathBuf, FileId)>,
}

/// Identifies a file, by device and inode.
type FileId = (u64, u64);

impl Opened {
    /// Notes the files of a database. Call it after a first write, so that all of them exist.
    pub(super) fn of(path: &Path) -> std::io::Result<Self> {
        let with_id = |path: PathBuf| id_of(&path).map(|id| (path, id));
        // Without the lock file, the next process would make another one and believe that it is alone.
        let files = [path.to_owned(), beside(path, "-wal"), beside(path, ".lock")].map(with_id);
        Ok(Self { path: path.to_owned(), files: files.into_iter().collect::<Result<_, _>>()? })
    }

    /// Notes no files, for a database that is opened to read only.
    pub(super) fn unwatched(path: &Path) -> Self {
        Self { path: path.to_owned(), files: vec![] }
    }

    /// Refuses to write if one of the files was removed or replaced.
    pub(crate) fn check(&self) -> Result<(), sqlx::Error> {
        let is_there = |(path, id): &(PathBuf, FileId)| id_of(path).is_ok_and(|there| there == *id);
        let Some((path, _)) = self.files.iter().find(|file| !is_there(file)) else { return Ok(()) };
        Err(sqlx::Error::Io(std::io::Error::other(format!(
            "{} was removed or replaced while portal ran. Put it back if you can, and start portal again; \
             docs/RECOVERY.md says how to go on with another one",
            path.display()
        ))))
    }
}

fn id_of(path: &Path) -> std::io::Result<FileId> {
    path.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Keeps other processes out as long as it is open. Makes the folder if it is not there.
pub(super) fn lock(database: &Path) -> Result<File, OpenError> {
    let path = beside(database, ".lock");
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        private::folder(folder).map_err(|why| OpenError::File { path: folder.to_owned(), why })?;
    }
    let opened = private::file().create(true).truncate(true).open(&path);
    let file = opened.map_err(|why| OpenError::File { path, why })?;
    file.try_lock().map_err(|_locked| OpenError::InUse(database.to_owned()))?;
    Ok(file)
}

/// Says whether the file has another hard link. SQLite names the files beside it, and portal its lock, by the file's name.
pub(super) fn has_another_name(database: &Path) -> bool {
    database.metadata().is_ok_and(|file| file.nlink() > 1)
}

/// Says whether the last process left changes in the `-wal` file that are not in the database yet, as after it was killed.
/// Somebody may have replaced the database file since.
pub(super) fn is_something_left_beside(database: &Path) -> bool {
    beside(database, "-wal").metadata().is_ok_and(|left| left.len() > 0)
}

/// Makes the file of the database if it is not there, and closes what is there to those who are neither its owner nor
/// in its group: a group may be meant to take backups.
pub(super) fn close_to_others(database: &Path) {
    let others = ["-wal", "-shm", "-journal", ".lock"].map(|end| beside(database, end));
    for path in others.iter().map(PathBuf::as_path).filter(|path| path.exists()).chain([database]) {
        match private::own(path) {
            Ok(false) => {}
            Ok(true) => tracing::warn!(
                "everybody on this machine could read or change {}; now only its owner and its group can",
                path.display()
            ),
            Err(why) => tracing::warn!(%why, "{} may be open to everybody on this machine", path.display()),
        }
    }
}

fn beside(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
