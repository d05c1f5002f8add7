//! Finding the files that a glob names.
//!
//! A `*` does not go beyond a folder; `**` does.

use super::source::digest_of;
use crate::model::ContentHash;
use globset::{GlobBuilder, GlobMatcher};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

/// Returns the files below `root` whose path from there fits `glob`, sorted.
pub(super) fn below(root: &Path, glob: &str) -> Result<Vec<PathBuf>, globset::Error> {
    let glob = glob.strip_prefix("./").unwrap_or(glob);
    let matcher = matcher(glob)?;
    let depth = if glob.contains("**") {
        usize::MAX
    } else {
        glob.split('/').count()
    };
    let mut found = Vec::new();
    collect(root, Path::new(""), depth, &matcher, &mut found);
    found.sort();
    Ok(found)
}

/// Returns the files whose path fits `glob`, which is absolute or relative to the working
/// directory, sorted.
pub(super) fn anywhere(glob: &str) -> Result<Vec<PathBuf>, globset::Error> {
    let mut parts = Path::new(glob).components().peekable();
    let mut root = PathBuf::new();
    while let Some(part) = parts.next_if(|part| !is_pattern(*part)) {
        root.push(part);
    }
    let rest: PathBuf = parts.collect();
    if rest.as_os_str().is_empty() {
        return Ok(Vec::from_iter(root.is_file().then_some(root)));
    }
    below(&root, &rest.to_string_lossy())
}

/// Returns what stands for all files that fit `glob`, and the digest of each.
pub(super) fn look(glob: &str) -> Result<(String, BTreeMap<String, ContentHash>), String> {
    let found = anywhere(glob).map_err(|error| error.to_string())?;
    let (mut files, mut hasher) = (BTreeMap::new(), Sha256::new());
    for path in found {
        let name = path.to_string_lossy().into_owned();
        let digest = digest_of(&path).map_err(|error| format!("`{name}`: {error}"))?;
        hasher.update(digest.as_bytes());
        files.insert(name, digest);
    }
    if files.is_empty() {
        return Err(format!("no file fits `{glob}`"));
    }
    let identity = ContentHash::from_bytes(hasher.finalize().into());
    Ok((identity.to_string(), files))
}

/// Whether the name of a file fits `glob`.
pub(super) fn name_fits(path: &Path, glob: &str) -> Result<bool, globset::Error> {
    let name = path.file_name().map_or(path, Path::new);
    let last = glob.rsplit('/').next().unwrap_or(glob);
    Ok(matcher(last)?.is_match(name))
}

fn matcher(glob: &str) -> Result<GlobMatcher, globset::Error> {
    let glob = GlobBuilder::new(glob).literal_separator(true).build()?;
    Ok(glob.compile_matcher())
}

fn is_pattern(part: Component<'_>) -> bool {
    let text = part.as_os_str().to_string_lossy();
    text.contains(['*', '?', '[', '{', '\\'])
}

fn collect(
    root: &Path,
    below: &Path,
    depth: usize,
    matcher: &GlobMatcher,
    found: &mut Vec<PathBuf>,
) {
    if depth == 0 {
        return;
    }
    let dir = root.join(below);
    let dir = if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        &dir
    };
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = below.join(entry.file_name());
        // A link to a file will do; a link to a folder may lead in a circle.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(root, &path, depth - 1, matcher, found);
        } else if matcher.is_match(&path) && root.join(&path).is_file() {
            found.push(root.join(path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: Result<Vec<PathBuf>, globset::Error>, root: &Path) -> Vec<String> {
        let found = found.unwrap().into_iter();
        let below = found.map(|path| path.strip_prefix(root).unwrap().to_path_buf());
        below.map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn a_star_stays_in_its_folder_and_two_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("deb/old")).unwrap();
        for name in ["deb/a.deb", "deb/old/b.deb", "c.deb", "c.rpm"] {
            fs::File::create(root.join(name)).unwrap();
        }
        let all = |glob| names(below(root, glob), root);
        assert_eq!(all("*.deb"), ["c.deb"]);
        assert_eq!(all("./*/*.deb"), ["deb/a.deb"]);
        assert_eq!(all("**/*.deb"), ["c.deb", "deb/a.deb", "deb/old/b.deb"]);
        assert_eq!(all("deb"), [""; 0], "a folder is no package");
        let absolute = |glob: &str| anywhere(&format!("{}/{glob}", root.display()));
        assert_eq!(names(absolute("deb/*.deb"), root), ["deb/a.deb"]);
        assert_eq!(names(absolute("deb/a.deb"), root), ["deb/a.deb"]);
        assert_eq!(names(absolute("deb/b.deb"), root), [""; 0]);
        assert!(below(root, "[").is_err());
    }
}
