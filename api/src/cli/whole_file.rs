//! A file that is there as a whole, or as it was before.
//!
//! **Invariant:** what is under the final name is never half done. Whatever ends the work early, nothing else is left.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use projections::private;

use crate::clock;

/// A file that is being written. Dropped before its end, it is gone.
pub(super) struct WholeFile {
    file: File,
    /// None for what is no file, such as the standard output: it is written to as it stands.
    beside: Option<Beside>,
}

/// The name under which a file is written, and the one that it gets in the end.
struct Beside {
    half: PathBuf,
    place: PathBuf,
}

impl WholeFile {
    /// Begins a file, which may take the place of one that is there: then it keeps its rights, and its owner where that can be.
    pub(super) fn begin(path: &Path) -> io::Result<Self> {
        let there = match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            about => Some(about?),
        };
        let is_device = ["/dev", "/proc"].iter().any(|devices| path.starts_with(devices));
        if is_device || there.as_ref().is_some_and(|about| !about.is_file()) {
            return Ok(Self { file: private::file().truncate(true).open(path)?, beside: None });
        }
        // A link goes on leading to where it led.
        let place = if there.is_some() { fs::canonicalize(path)? } else { path.to_owned() };
        let name = place.file_name().ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))?;
        let name = format!(".{}.{}.half", name.to_string_lossy(), clock::new_id().simple());
        let half = place.with_file_name(name);
        let file = private::file().create_new(true).open(&half)?;
        let beside = Beside { half, place };
        if let Some(about) = there {
            take_rights(&file, &about)?;
        }
        Ok(Self { file, beside: Some(beside) })
    }

    pub(super) fn writer(&self) -> &File {
        &self.file
    }

    /// Puts the file in its place, where it would survive a power cut.
    pub(super) fn end(self) -> io::Result<()> {
        let Some(Beside { half, place }) = &self.beside else { return Ok(()) };
        self.file.sync_all()?;
        fs::rename(half, place)?;
        match place.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => File::open(folder)?.sync_all(),
            None => File::open(".")?.sync_all(),
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _gone_or_in_its_place = fs::remove_file(&self.half);
    }
}

/// Whoever could read the file before can read it now, and nobody else.
fn take_rights(file: &File, before: &Metadata) -> io::Result<()> {
    match fchown(file, Some(before.uid()), Some(before.gid())) {
        Ok(()) => file.set_permissions(before.permissions()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}
