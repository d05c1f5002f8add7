//! Files and scenarios that exist only here, and the ways to load them.

use mosdat::{
    config::{Loaded, load},
    model::{
        ContentHash, Diagnostic, FileError, Files, Platform, Scenario, ScenarioName, Scenarios,
        Session, SignIn,
    },
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

/// Files by path. A file whose text is `UNREADABLE` is there and cannot be read.
#[derive(Default)]
pub(super) struct Map(BTreeMap<PathBuf, Vec<u8>>);

impl Map {
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| (PathBuf::from(path), text.as_bytes().into()));
        Self(files.collect())
    }

    pub(super) fn bytes(path: &str, bytes: Vec<u8>) -> Self {
        Self(BTreeMap::from([(path.into(), bytes)]))
    }
}

impl Files for Map {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        match self.0.get(path) {
            Some(bytes) if bytes == b"UNREADABLE" => {
                Err(FileError::Unreadable("permission denied".into()))
            }
            Some(bytes) => Ok(bytes.clone()),
            None => Err(FileError::Missing),
        }
    }

    fn list(&self, dir: &Path) -> Vec<PathBuf> {
        let inside = self.0.keys().filter(|path| path.starts_with(dir));
        inside.cloned().collect()
    }
}

/// Scenarios by name. `broken` and `silent` cannot be read; one named after a session needs it.
pub(super) struct Folder(pub(super) Vec<&'static str>);

/// Two scenarios, and the smoke checks that are always there.
pub(super) const USUAL: [&str; 4] = ["open-note", "save-note", "smoke/wayland-real", "smoke/x11"];

impl Scenarios for Folder {
    fn names(&self) -> Vec<ScenarioName> {
        self.0
            .iter()
            .map(|name| ScenarioName::from(*name))
            .collect()
    }

    fn describe(
        &self,
        name: &ScenarioName,
        _platform: Platform,
    ) -> Result<Scenario, Vec<Diagnostic>> {
        let needs_session = match name.as_str() {
            "smoke/wayland-real" => Some(Session::Wayland),
            "smoke/x11" => Some(Session::X11),
            "broken" => return Err(vec![broken()]),
            "silent" => return Err(Vec::new()),
            _ => None,
        };
        let digest = ContentHash::of(name.as_str().as_bytes());
        Ok(Scenario {
            name: name.clone(),
            files: BTreeMap::from([(name.to_string(), digest)]),
            document: name.clone(),
            variables: BTreeMap::new(),
            needs_session,
        })
    }
}

fn broken() -> Diagnostic {
    Diagnostic {
        place: None,
        severity: mosdat::model::Severity::Error,
        message: "`broken.yaml` has no steps".into(),
        hint: None,
    }
}

/// Loads `plans/notes.toml`.
pub(super) fn load_from(files: &Map, names: &[&'static str]) -> Result<Loaded, Vec<Diagnostic>> {
    let open = |_: &Path, _: &SignIn| -> Box<dyn Scenarios> { Box::new(Folder(names.into())) };
    load(Path::new("plans/notes.toml"), files, &open)
}

/// Loads a plan file that holds everything itself.
pub(super) fn load_text(text: &str) -> Result<Loaded, Vec<Diagnostic>> {
    load_from(&Map::of(&[("plans/notes.toml", text)]), &USUAL)
}

/// Loads a plan file that holds everything itself, with the tables every plan needs.
pub(super) fn load_tables(tables: &str) -> Result<Loaded, Vec<Diagnostic>> {
    load_text(&format!("{APP}{tables}"))
}

/// What every plan needs.
pub(super) const APP: &str =
    "[app]\nname = \"notes\"\nversion = \"4.1.0\"\nbinary = \"/usr/bin/notes\"\n";

/// Returns the mistakes of a plan file, or what was read without one.
pub(super) fn mistakes(result: &Result<Loaded, Vec<Diagnostic>>) -> String {
    match result {
        Ok(loaded) if loaded.warnings.is_empty() => "no mistakes".into(),
        Ok(loaded) => show(&loaded.warnings),
        Err(diagnostics) => show(diagnostics),
    }
}

/// Shows diagnostics in three lines each: where, what is there, how to mend it.
pub(super) fn show(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let kind = match diagnostic.severity {
            mosdat::model::Severity::Error => "error",
            mosdat::model::Severity::Warning => "warning",
        };
        if let Some(place) = &diagnostic.place {
            let (line, column) = (place.line, place.column);
            write!(text, "{}:{line}:{column} ", place.file.display()).unwrap();
        }
        writeln!(text, "{kind}: {}", diagnostic.message).unwrap();
        if let Some(place) = &diagnostic.place {
            let skipped: String = place.text.chars().take(place.column - 1).collect();
            let meant: String = place
                .text
                .chars()
                .skip(place.column - 1)
                .take(place.length)
                .collect();
            let rest: String = place
                .text
                .chars()
                .skip(place.column - 1 + place.length)
                .collect();
            writeln!(text, "    {skipped}>{meant}<{rest}").unwrap();
        }
        if let Some(hint) = &diagnostic.hint {
            writeln!(text, "    {hint}").unwrap();
        }
    }
    text
}

/// Loads a plan file with these tables, and checks what is said.
pub(super) fn check(tables: &str, expected: &str) {
    let shown = mistakes(&load_tables(tables));
    assert!(
        shown.contains(expected),
        "`{expected}` is not said; instead:\n{shown}"
    );
}

/// A simulated machine.
pub(super) const SIM: &str = "[sim]\n[[vm]]\nname = \"sim\"\n[[vm.package]]\nformat = \"deb\"\n";

/// Two simulated machines of different sessions, and two builds.
pub(super) const WORLD: &str = r#"
[sim]
[[vm]]
name = "debian12-x11"
[[vm.package]]
format = "rpm"
[[vm.package]]
format = "deb"
[[vm]]
name = "debian12-wayland"
session = "wayland"
[[vm.package]]
format = "deb"
[[gpu]]
name = "rtx3060"
[[build]]
name = "main"
"#;
