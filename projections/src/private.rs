//! Makes files and folders that only the user who runs the portal may read.
//!
//! **Invariant:** what is made here is closed to others from its first moment on, whatever the umask says. What is there
//! already keeps its owner and group.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// How to open a file that may be written; if it is made, nobody but its owner can read or change it.
pub fn file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Makes a folder with those above it, as far as they are not there. Only its owner may look into what is made.
pub fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes an empty file if there is none. One that is there already is closed to those who are neither its owner nor in
/// its group; `true` if it was open to them.
pub fn own(path: &Path) -> io::Result<bool> {
    let about = file().append(true).create(true).open(path)?.metadata()?;
    let mode = about.permissions().mode();
    let was_open = mode & OTHERS != 0;
    if was_open {
        std::fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS))?;
    }
    Ok(was_open)
}

/// The permission bits of users who are neither the owner nor in the group.
const OTHERS: u32 = 0o007;
