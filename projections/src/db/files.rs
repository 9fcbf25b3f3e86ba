//! The files of a SQLite database: one process at a time opens them, and strangers none.
//!
//! **Invariant:** SQLite gives what it keeps beside a database the mode of the database, so that is made first.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::OpenError;
use crate::private;

/// The file that was opened. Whoever removes or replaces it leaves a database that goes on working, and that nobody finds
/// any more once the process ends.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    device_and_inode: (u64, u64),
}

impl Opened {
    pub(super) fn of(path: &Path) -> std::io::Result<Self> {
        Ok(Self { path: path.to_owned(), device_and_inode: device_and_inode(path)? })
    }

    /// Refuses to write where another file, or none, stands in its place.
    pub(crate) fn check(&self) -> Result<(), sqlx::Error> {
        if device_and_inode(&self.path).is_ok_and(|there| there == self.device_and_inode) {
            return Ok(());
        }
        let path = self.path.display();
        Err(sqlx::Error::Io(std::io::Error::other(format!(
            "{path} was removed or replaced while portal ran: put it back, or stop portal and start it on what is there"
        ))))
    }
}

fn device_and_inode(path: &Path) -> std::io::Result<(u64, u64)> {
    path.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Keeps other processes out as long as it is open. Makes the folder if it is not there.
pub(super) fn lock(database: &Path) -> Result<File, OpenError> {
    let path = beside(database, ".lock");
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        private::folder(folder).map_err(|why| OpenError::File { path: folder.to_owned(), why })?;
    }
    let opened = private::file().read(true).create(true).truncate(false).open(&path);
    let file = opened.map_err(|why| OpenError::File { path, why })?;
    file.try_lock().map_err(|_locked| OpenError::InUse(database.to_owned()))?;
    Ok(file)
}

/// Whether the process before left changes beside the database that are not in it yet, as one does that was ended by
/// force. Refuses those of another file, which was moved away since: they would be written over this one.
pub(super) fn left_beside(database: &Path, lock: &File) -> Result<bool, OpenError> {
    let wal = beside(database, "-wal");
    if !wal.metadata().is_ok_and(|left| left.len() > 0) {
        return Ok(false);
    }
    let there = device_and_inode(database).map(|there| format!("{there:?}")).unwrap_or_default();
    match std::io::read_to_string(lock) {
        Ok(noted) if !noted.is_empty() && noted != there => {
            Err(OpenError::ForeignWal { database: database.to_owned(), wal })
        }
        Ok(_) | Err(_) => Ok(true),
    }
}

/// Notes in the lock file which file is open, for [`left_beside`].
pub(super) fn note_opened(opened: &Opened, mut lock: &File) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    lock.write_all(format!("{:?}", opened.device_and_inode).as_bytes())
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
