//! `[[build]]`, and the `[build]` of an app config, which is one build named after the app's
//! version. Does not look whether the source is there.

use super::{
    app::AppTable,
    documents::Documents,
    glob,
    mistakes::Mistakes,
    name,
    reader::Table,
    source::{At, Found, join},
};
use crate::model::{Build, BuildName, Source};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// A build, and where its name is written.
pub(super) struct BuildTable {
    pub(super) build: Build,
    pub(super) at: At,
}

/// How long commands may take when nothing else is said.
const TIMEOUT: Duration = Duration::from_mins(30);

/// Reads every build there is; nothing when there is no table of one.
pub(super) fn read(
    documents: &Documents<'_>,
    app: Option<&AppTable>,
    mistakes: &Mistakes,
) -> Option<BTreeMap<BuildName, BuildTable>> {
    let (of_app, list) = documents.one_or_each("build", "[build]", "[[build]]");
    if of_app.is_none() && list.is_empty() {
        return None;
    }
    let has_list = !list.is_empty();
    let mut builds = BTreeMap::<BuildName, BuildTable>::new();
    let of_app = of_app.and_then(|table| read_of_app(table, app));
    for read in list.into_iter().filter_map(read_one) {
        if let Some(first) = builds.get(&read.build.name) {
            let message = format!("there are two builds named `{}`", read.build.name);
            mistakes.again(read.at, first.at, message);
            continue;
        }
        builds.insert(read.build.name.clone(), read);
    }
    if let Some(read) = of_app.filter(|_| !has_list) {
        let name = read.build.name.as_str();
        name::check(
            Found {
                value: name,
                at: read.at,
            },
            "a build",
            mistakes,
        );
        builds.insert(read.build.name.clone(), read);
    }
    Some(builds)
}

/// The build of a simulated cluster for which nobody wrote one down.
pub(super) fn simulated(app: &AppTable) -> BuildTable {
    let build = Build {
        name: app.app.version.as_str().into(),
        source: Source::Simulated,
        commands: Vec::new(),
        dist_dir: "dist".into(),
        env: Vec::new(),
        timeout: TIMEOUT,
    };
    let at = app.version_at;
    BuildTable { build, at }
}

fn read_one(table: Table<'_>) -> Option<BuildTable> {
    let name = table.needs("name", "\"main\"", table.text("name"));
    let source = match table.get("source") {
        Some(value) => value
            .table("build.source")
            .map_or(unknown_source(), read_source),
        None => Source::Simulated,
    };
    let commands = table.strings("commands");
    let dist_dir = read_dist_dir(&table);
    let env = read_env(&table);
    let timeout = table.limit("timeout").unwrap_or(TIMEOUT);
    let mistakes = table.mistakes;
    table.finish();
    let name = name?;
    name::check(name, "a build", mistakes);
    let build = Build {
        name: name.value.into(),
        source,
        commands,
        dist_dir,
        env,
        timeout,
    };
    let at = name.at;
    Some(BuildTable { build, at })
}

/// Reads the table of an app config, which builds the app's version.
fn read_of_app(table: Table<'_>, app: Option<&AppTable>) -> Option<BuildTable> {
    let repository = table.needs("repo_path", "\"../app\"", table.path("repo_path"));
    let commands = table.needs("commands", "[\"./package.sh\"]", table.texts("commands"));
    let dist_dir = read_dist_dir(&table);
    let checkout = table.truth("checkout").unwrap_or(true);
    table.finish();
    let (app, repository) = (app?, repository?);
    let commands = commands?
        .into_iter()
        .map(|text| text.value.into())
        .collect();
    let mut read = simulated(app);
    read.build.commands = commands;
    read.build.dist_dir = dist_dir;
    read.build.source = if checkout {
        Source::Git {
            repository: repository.to_string_lossy().into_owned(),
            reference: app.app.version.clone(),
        }
    } else {
        Source::Path(repository)
    };
    Some(read)
}

/// Reads where a build comes from: exactly one way may be given.
fn read_source(table: Table<'_>) -> Source {
    let mistakes = table.mistakes;
    let folder = table.source.folder();
    let git = table.filled_text("git");
    let reference = table.filled_text("ref");
    let path = table.path("path");
    let package = table.filled_text("package");
    let repo = table.filled_text("repo");
    let pr = table.whole("pr", 1..=u32::MAX);
    if reference.is_some() && !table.has("git") {
        mistakes.error(table.at, "`ref` belongs to `git`", "");
    }
    if repo.is_some() || pr.is_some() {
        let hint =
            "use `git` and `ref`: `ref = \"refs/pull/3325/head\"` is what such a request proposes";
        mistakes.error(
            table.at,
            "pull requests are not built yet: use git and ref",
            hint,
        );
    }
    let is_request = table.has("repo") || table.has("pr");
    let ways = ["git", "path", "package"].map(|key| table.has(key));
    let ways = ways.into_iter().filter(|way| *way).count() + usize::from(is_request);
    if ways != 1 {
        let message = match ways {
            0 => "the source is empty",
            _ => "a build has one source",
        };
        mistakes.error(table.at, message, "give one of `git`, `path` or `package`");
    }
    table.finish();
    if let Some(package) = package {
        glob::check(package, mistakes);
        return Source::Package(join(folder, package.value).to_string_lossy().into_owned());
    }
    match (git, path) {
        (Some(git), _) => Source::Git {
            repository: repository(git.value, folder),
            reference: reference.map_or("HEAD", |text| text.value).into(),
        },
        (None, Some(path)) => Source::Path(path),
        (None, None) => unknown_source(),
    }
}

/// Stands for a source that is written wrong, which has been said by now.
fn unknown_source() -> Source {
    Source::Path(PathBuf::new())
}

/// An address stays as it is, a path is relative to the file it stands in.
fn repository(text: &str, folder: &std::path::Path) -> String {
    let before_slash = text.split('/').next().unwrap_or(text);
    if before_slash.contains(':') {
        return text.into();
    }
    join(folder, text).to_string_lossy().into_owned()
}

fn read_dist_dir(table: &Table<'_>) -> PathBuf {
    let text = table.filled_text("dist_dir");
    text.map_or("dist", |text| text.value).into()
}

fn read_env(table: &Table<'_>) -> Vec<String> {
    let names = table.texts("env").unwrap_or_default();
    for name in &names {
        let is_name = !name.value.is_empty() && !name.value.contains(['=', '\0']);
        if !is_name {
            let message = format!(
                "`{}` is not the name of a variable",
                name.value.escape_debug()
            );
            let hint = "`env` lists names: their values are taken from the environment";
            table.mistakes.error(name.at, message, hint);
        }
    }
    names.into_iter().map(|name| name.value.into()).collect()
}
