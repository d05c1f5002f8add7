//! Blobs and actions: kept once, checked before use, swept when old.

use super::Hand;
use mosdat::{
    driver::disk::DiskBlobs,
    model::ContentHash,
    port::{Blobs, CacheError, Clock},
};
use std::{
    fs::{self, File},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const DAY: Duration = Duration::from_hours(24);

fn blobs(dir: &Path) -> DiskBlobs {
    DiskBlobs::open(dir, clock_of_the_disk())
}

/// A hand clock that shows the time that new files get.
fn clock_of_the_disk() -> Arc<Hand> {
    let clock = Arc::new(Hand::default());
    clock.advance(SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
    clock
}

fn key(name: &str) -> ContentHash {
    ContentHash::of(name.as_bytes())
}

fn files(dir: &Path) -> usize {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let count = |path: &Path| if path.is_dir() { files(path) } else { 1 };
    entries.map(|entry| count(&entry.path())).sum()
}

/// Changes a blob behind the back of the cache. It is for reading only, but not for root.
fn overwrite(path: &Path, content: &str) {
    fs::remove_file(path).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn the_same_bytes_are_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = blobs(&dir.path().join("cache"));
    assert_eq!(blobs.path(key("package")).unwrap(), None);
    let source = dir.path().join("app.deb");
    fs::write(&source, "package").unwrap();
    let digest = blobs.put_file(&source).unwrap();
    assert_eq!(digest, key("package"));
    assert_eq!(blobs.put(b"package").unwrap(), digest);
    assert_eq!(blobs.put_file(&source).unwrap(), digest);
    let path = blobs.path(digest).unwrap().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"package");
    assert!(path.metadata().unwrap().permissions().readonly());
    assert_eq!(files(&dir.path().join("cache")), 1);
}

#[test]
fn a_damaged_blob_is_removed_and_never_handed_out() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = blobs(dir.path());
    let digest = blobs.put(b"package").unwrap();
    // Found sound once already; the change must be noticed all the same.
    let path = blobs.path(digest).unwrap().unwrap();
    overwrite(&path, "parcel!");
    let damaged = blobs.path(digest);
    assert!(matches!(damaged, Err(CacheError::Damaged { digest: of }) if of == digest));
    assert_eq!(blobs.path(digest).unwrap(), None);
    overwrite_with_put(&blobs, &path, digest);
}

/// Keeping the right bytes again heals a damaged blob.
fn overwrite_with_put(blobs: &DiskBlobs, path: &Path, digest: ContentHash) {
    fs::write(path, "parcel!").unwrap();
    assert_eq!(blobs.put(b"package").unwrap(), digest);
    assert_eq!(
        fs::read(blobs.path(digest).unwrap().unwrap()).unwrap(),
        b"package"
    );
}

#[test]
fn a_blob_cannot_be_kept_of_what_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let error = blobs(dir.path()).put_file(&dir.path().join("none"));
    assert!(matches!(error, Err(CacheError::Io { .. })));
}

#[test]
fn actions_are_remembered_and_a_broken_one_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = blobs(dir.path());
    let (action, blob) = (key("action"), key("blob"));
    assert_eq!(blobs.recall(action).unwrap(), None);
    blobs.remember(action, blob, "app.deb").unwrap();
    assert_eq!(
        blobs.recall(action).unwrap(),
        Some((blob, "app.deb".into()))
    );
    blobs.remember(action, blob, "b.deb").unwrap();
    assert_eq!(blobs.recall(action).unwrap(), Some((blob, "b.deb".into())));
    overwrite(&dir.path().join("actions").join(action.to_hex()), "{\"blo");
    assert_eq!(blobs.recall(action).unwrap(), None);
}

#[test]
fn a_sweep_removes_what_is_old_and_not_needed() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock_of_the_disk();
    let shared: Arc<dyn Clock> = Arc::<Hand>::clone(&clock);
    let blobs = DiskBlobs::open(dir.path(), shared);
    let [old, needed, recalled] =
        [b"old".as_slice(), b"needed", b"recalled"].map(|bytes| blobs.put(bytes).unwrap());
    for blob in [old, recalled] {
        blobs.remember(blob, blob, "app.deb").unwrap();
    }
    fs::write(dir.path().join("new/left"), "by a crash").unwrap();
    assert_eq!(blobs.sweep(&[], 1).unwrap(), (0, 0));
    clock.advance(2 * DAY);
    blobs.recall(recalled).unwrap().unwrap();
    let fresh = blobs.put(b"fresh").unwrap();
    let path = blobs.path(fresh).unwrap().unwrap();
    let now = UNIX_EPOCH + Duration::from_millis(clock.now().0);
    File::open(path).unwrap().set_modified(now).unwrap();

    assert_eq!(blobs.sweep(&[needed], 1).unwrap(), (1, 3));
    assert_eq!(blobs.path(old).unwrap(), None);
    assert_eq!(blobs.recall(old).unwrap(), None);
    for kept in [needed, recalled, fresh] {
        assert!(blobs.path(kept).unwrap().is_some());
    }
    assert_eq!(files(&dir.path().join("new")), 0);
}
