//! Files and folders for whoever runs the portal alone.
//!
//! **Invariant:** what is made here is closed to others from its first moment on, whatever the umask says.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
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
