//! The server's credential keys, in a file that only its owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use symbolon::terms::credential::CredentialKeys;

/// Reads the keys from the file, and makes one at the first start.
///
/// Each line is `id key`, both in hexadecimal. The first line makes new credentials, the others still open old ones; so
/// a key is rotated by putting a new line on top.
pub fn open(path: &Path) -> io::Result<CredentialKeys> {
    if !path.exists() {
        create(path, &format!("01 {}\n", hexadecimal(&crate::random::<32>())))?;
    }
    let text = fs::read_to_string(path)?;
    let mut lines = text.lines().map(|line| read(line).ok_or(io::ErrorKind::InvalidData));
    let (id, key) = lines.next().ok_or(io::ErrorKind::InvalidData)??;
    let refused = |reason| io::Error::new(io::ErrorKind::InvalidData, format!("{reason:?}"));
    lines.try_fold(CredentialKeys::new(id, &key).map_err(refused)?, |keys, line| {
        let (id, key) = line?;
        keys.with_retired(id, &key).map_err(refused)
    })
}

/// Writes a file for its owner alone: under another name and links it into place, so that nobody ever reads half of it and the first of
/// two processes wins.
pub fn create(path: &Path, text: &str) -> io::Result<()> {
    let draft = PathBuf::from(format!("{}.{}", path.display(), hexadecimal(&crate::random::<8>())));
    let mut file = private(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn read(line: &str) -> Option<(u8, [u8; 32])> {
    let (id, key) = line.split_once(' ')?;
    let id = u8::from_str_radix(id, 16).ok()?;
    if key.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(key.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some((id, bytes))
}

/// Bytes as digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
