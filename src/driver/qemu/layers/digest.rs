//! Digests of large files that are mostly holes: a machine's memory, a disk.
//!
//! Blocks of zeros count for nothing, wherever the file system put them, so that a hole and the
//! zeros that it stands for are the same content.

use crate::model::ContentHash;
use rustix::fs::{SeekFrom, seek};
use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// What is looked at as a whole.
const BLOCK: usize = 64 * 1024;

/// Returns the digest of the file at `path`.
pub(super) fn of_file(path: &Path) -> io::Result<ContentHash> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut hasher = Sha256::new();
    hasher.update(length.to_le_bytes());
    let mut block = vec![0; BLOCK];
    let mut at = 0;
    while let Some(start) = next_data(&file, at)? {
        // A block is looked at from its beginning, however the hole before it ends.
        at = start - start % BLOCK as u64;
        seek(&file, SeekFrom::Start(at))?;
        let read = fill(&mut file, &mut block)?;
        if read == 0 {
            break;
        }
        if block[..read].iter().any(|byte| *byte != 0) {
            hasher.update(at.to_le_bytes());
            hasher.update(&block[..read]);
        }
        at += read as u64;
    }
    Ok(ContentHash::from_bytes(hasher.finalize().into()))
}

/// Returns where the next data begins, at `at` or after it; `None` at the end.
fn next_data(file: &File, at: u64) -> io::Result<Option<u64>> {
    match seek(file, SeekFrom::Data(at)) {
        Ok(start) => Ok(Some(start)),
        Err(rustix::io::Errno::NXIO) => Ok(None),
        // A file system that knows no holes has data everywhere.
        Err(rustix::io::Errno::INVAL) => Ok(Some(at)),
        Err(err) => Err(err.into()),
    }
}

fn fill(file: &mut File, block: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < block.len() {
        match file.read(&mut block[done..]) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt as _;

    #[test]
    fn a_hole_and_its_zeros_are_the_same_and_every_byte_counts() {
        let dir = tempfile::tempdir().unwrap();
        let of = |name: &str, parts: &[(u64, &[u8])]| {
            let path = dir.path().join(name);
            let file = File::create(&path).unwrap();
            file.set_len(1_000_000).unwrap();
            for (at, bytes) in parts {
                file.write_all_at(bytes, *at).unwrap();
            }
            of_file(&path).unwrap()
        };
        let holes = of("holes", &[(300_000, b"data")]);
        let zeros = of("zeros", &[(0, &vec![0; 200_000]), (300_000, b"data")]);
        assert_eq!(holes, zeros);
        assert_ne!(holes, of("moved", &[(300_001, b"data")]));
        assert_ne!(holes, of("flipped", &[(300_000, b"dat\xe1")]));
        assert_ne!(holes, of("more", &[(300_000, b"data"), (999_999, b"x")]));
        let path = dir.path().join("longer");
        File::create(&path).unwrap().set_len(1_000_001).unwrap();
        assert_ne!(of("empty", &[]), of_file(&path).unwrap());
    }
}
