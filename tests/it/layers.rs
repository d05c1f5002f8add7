//! The import directions that `src/lib.rs` promises, and the headers of files.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each top-level module, and what it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("config", &["model"]),
    ("scenario", &["model"]),
    ("plan", &["model"]),
    ("judge", &["model"]),
    ("port", &["model"]),
    ("run", &["model", "scenario", "plan", "judge", "port"]),
    ("driver", &["model", "judge", "port"]),
    ("report", &["model"]),
    (
        "cli",
        &[
            "model", "config", "scenario", "plan", "judge", "port", "run", "driver", "report",
        ],
    ),
];

/// What other drivers are built of: starting programs, asking window systems, being a guest.
const SHARED_DRIVERS: &[&str] = &["process", "windows", "linux", "uia"];

#[test]
fn modules_import_only_from_levels_below() {
    let mut broken = Vec::new();
    for (module, allowed) in MAY_IMPORT {
        for file in rust_files(&Path::new("src").join(module)) {
            for name in imported(&fs::read_to_string(&file).unwrap(), "crate::") {
                if name != *module && !allowed.contains(&name.as_str()) {
                    broken.push(format!(
                        "{}: `{module}` may not import `{name}`",
                        file.display()
                    ));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_top_level_module_has_a_level() {
    let known: BTreeSet<_> = MAY_IMPORT.iter().map(|(module, _)| *module).collect();
    for entry in fs::read_dir("src").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_root = ["lib.rs", "main.rs"].contains(&name.as_str());
        assert!(
            is_root || known.contains(name.as_str()),
            "`{name}` has no level"
        );
    }
}

#[test]
fn drivers_do_not_import_each_other() {
    let mut broken = Vec::new();
    for entry in fs::read_dir("src/driver").unwrap() {
        let dir = entry.unwrap().path();
        if !dir.is_dir() {
            continue;
        }
        let own = dir.file_name().unwrap().to_str().unwrap().to_owned();
        for file in rust_files(&dir) {
            for name in imported(&fs::read_to_string(&file).unwrap(), "crate::driver::") {
                if name != own && !SHARED_DRIVERS.contains(&name.as_str()) {
                    broken.push(format!(
                        "{}: `{own}` may not import `{name}`",
                        file.display()
                    ));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn pure_modules_are_synchronous() {
    for module in ["model", "config", "scenario", "plan", "judge"] {
        for file in rust_files(&Path::new("src").join(module)) {
            let text = fs::read_to_string(&file).unwrap();
            assert!(!text.contains("async fn"), "{} is async", file.display());
            assert!(!text.contains("tokio::"), "{} uses tokio", file.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<PathBuf> = rust_files(Path::new("src"))
        .into_iter()
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//! "))
        .collect();
    assert!(silent.is_empty(), "no header: {silent:?}");
}

/// The first names after `root` anywhere in the code of `text`.
fn imported(text: &str, root: &str) -> BTreeSet<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for rest in code.split(root).skip(1) {
        match rest.strip_prefix('{') {
            None => found.extend(first_word(rest)),
            Some(group) => found.extend(heads_of_group(group)),
        }
    }
    found
}

/// The first words of a `{a::{..}, b::c}` list.
fn heads_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut item, mut heads) = (0, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => heads.extend(first_word(&std::mem::take(&mut item))),
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 0 => item.push(c),
            _ => {}
        }
    }
    heads.extend(first_word(&item));
    heads
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text
        .trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!word.is_empty()).then_some(word)
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn every_invariant_names_a_test_that_there_is() {
    let text = fs::read_to_string("docs/architecture.md").unwrap();
    let tests: String = rust_files(Path::new("tests/it"))
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let invariants: Vec<_> = text
        .split("\n\n")
        .filter(|paragraph| paragraph.starts_with("**Invariant:"))
        .collect();
    assert!(invariants.len() > 5);
    for invariant in invariants {
        let (_, named) = invariant.rsplit_once("**").unwrap();
        let names: Vec<_> = named.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test is named: {invariant}");
        for name in names.into_iter().filter(|name| !name.starts_with('.')) {
            let (area, test) = name.split_once("::").unwrap_or((name, ""));
            let file = Path::new("tests/it").join(format!("{area}.rs"));
            assert!(
                file.exists() || file.with_extension("").is_dir(),
                "no `{area}`"
            );
            let function = test.rsplit("::").next().unwrap();
            assert!(
                test.is_empty() || tests.contains(&format!("fn {function}(")),
                "no test `{name}`"
            );
        }
    }
}
