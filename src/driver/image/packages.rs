//! The first stage: every package of an image is fetched, by apt, into a folder of ours.
//!
//! Nothing of this computer's own apt is touched. What was fetched before an attempt was broken
//! off is not fetched again.

#![expect(
    clippy::disallowed_methods,
    reason = "this computer's own sources of packages are read from its files"
)]

use super::{
    error::{MakeError, Stage},
    files,
    maker::Report,
    progress::Progress,
    recipe::Recipe,
    sources,
    tool::{Call, Tools, text},
    work::Work,
};
use std::{fs, path::Path};

/// What this computer's apt is told about fetching, as far as it is about the network: proxies most
/// of all.
const NETWORK_SETTINGS: &str = "Acquire::";

/// Settings that are about something else after all.
const OTHER_SETTINGS: &[&str] = &[
    "Acquire::IndexTargets",
    "Acquire::Languages",
    "Acquire::Changelogs",
];

/// Returns apt's sources for the recipe.
pub(super) async fn sources(
    recipe: &Recipe,
    mirror: Option<&str>,
    work: &Work,
    tools: &Tools,
) -> Result<String, MakeError> {
    if let Some(mirror) = mirror {
        return Ok(sources::on_mirror(mirror, recipe.release));
    }
    let own = own_sources();
    let own = own.iter().map(|(text, newer)| (text.as_str(), *newer));
    match sources::of_computer(own, recipe.release) {
        Some(sources) => Ok(sources),
        None => usual_sources(recipe, work, tools).await,
    }
}

/// Reads this computer's own sources; with each, whether it is of the newer form.
fn own_sources() -> Vec<(String, bool)> {
    let mut paths = vec![Path::new("/etc/apt/sources.list").to_path_buf()];
    let parts = Path::new("/etc/apt/sources.list.d");
    let names = files::names(parts).unwrap_or_default();
    paths.extend(names.into_iter().map(|name| parts.join(name)));
    let read = paths.iter().filter_map(|path| {
        let is_newer = path.extension().is_some_and(|ending| ending == "sources");
        let is_older = path.extension().is_some_and(|ending| ending == "list");
        let text = fs::read_to_string(path).ok()?;
        (is_newer || is_older).then_some((text, is_newer))
    });
    read.collect()
}

/// Asks mmdebstrap for the sources that it would take by itself. It is stopped before it does
/// anything with them.
async fn usual_sources(recipe: &Recipe, work: &Work, tools: &Tools) -> Result<String, MakeError> {
    let show = "sed 's/^/source: /' \"$1/etc/apt/sources.list\"";
    let call = Call::new(["mmdebstrap", "--variant=custom", "--format=null"])
        .arguments([format!("--mode={}", mode(work))])
        .arguments(["--skip=update,cleanup", &format!("--setup-hook={show}")])
        .arguments([recipe.release.suite(), "-"]);
    let mut sources = String::new();
    let mut take = |line: &str| {
        if let Some(source) = line.strip_prefix("source: ") {
            sources.push_str(source);
            sources.push('\n');
        }
    };
    tools.run(Stage::Packages, call, &mut take).await?;
    Ok(sources)
}

/// Returns how mmdebstrap gets to be root.
pub(super) fn mode(work: &Work) -> &'static str {
    if work.is_root() { "root" } else { "unshare" }
}

/// Fetches what is not there yet.
pub(super) async fn fetch(
    recipe: &Recipe,
    sources: &str,
    work: &Work,
    tools: &Tools,
    report: Report<'_>,
) -> Result<(), MakeError> {
    let done = work.path("apt/done");
    if done.exists() {
        report(Progress::Kept(Stage::Packages));
        return Ok(());
    }
    work.check_room(4_000_000_000)?;
    report(Progress::Began(Stage::Packages));
    let settings = prepare(sources, work, tools).await?;
    let apt = |words: &[&str]| {
        Call::new(["apt-get", "-q", "-y"])
            .arguments(words.iter().copied())
            .variable("APT_CONFIG", settings.as_str())
    };
    let update = apt(&["update", "--error-on=any"]);
    tools.run(Stage::Packages, update, &mut |_| ()).await?;
    let archives = work.path("apt/cache/archives");
    let mut count = Count {
        done: packages_in(&archives).len(),
        total: 0,
    };
    let install = apt(&["--download-only", "install", "?essential", "apt"]);
    let install = install.arguments(recipe.all_packages());
    let mut take = |line: &str| {
        if count.take(line) {
            report(count.progress());
        }
    };
    tools.run(Stage::Packages, install, &mut take).await?;
    let fetched = packages_in(&archives);
    Ok(files::replace(&done, fetched.join("\n").as_bytes())?)
}

/// Writes apt's sources and settings, and returns the file of the latter.
async fn prepare(sources: &str, work: &Work, tools: &Tools) -> Result<String, MakeError> {
    for folder in ["apt/state/lists/partial", "apt/cache/archives/partial"] {
        files::make_folder(&work.path(folder))?;
    }
    files::replace(&work.path("apt/sources.list"), sources.as_bytes())?;
    files::replace(&work.path("apt/status"), b"")?;
    let network = network_settings(tools).await?;
    files::replace(&work.path("apt/network.conf"), network.as_bytes())?;
    let dir = text(&work.path("apt"));
    let user = if work.is_root() {
        // The folder is not one that apt's own user could get into.
        "APT::Sandbox::User \"root\";\n"
    } else {
        ""
    };
    let settings = format!(
        "{network}{user}\
         Acquire::Languages \"none\";\n\
         Acquire::Retries \"3\";\n\
         APT::Architecture \"amd64\";\n\
         APT::Architectures {{ \"amd64\"; }};\n\
         APT::Install-Recommends \"false\";\n\
         APT::Install-Suggests \"false\";\n\
         Dir::Etc::main \"/dev/null\";\n\
         Dir::Etc::parts \"/dev/null\";\n\
         Dir::Etc::preferences \"/dev/null\";\n\
         Dir::Etc::preferencesparts \"/dev/null\";\n\
         Dir::Etc::sourcelist \"{dir}/sources.list\";\n\
         Dir::Etc::sourceparts \"/dev/null\";\n\
         Dir::State \"{dir}/state\";\n\
         Dir::State::status \"{dir}/status\";\n\
         Dir::Cache \"{dir}/cache\";\n\
         Dir::Log \"{dir}\";\n"
    );
    let path = work.path("apt/apt.conf");
    files::replace(&path, settings.as_bytes())?;
    Ok(text(&path))
}

/// Returns what this computer's apt is told about the network.
async fn network_settings(tools: &Tools) -> Result<String, MakeError> {
    let mut kept = String::new();
    let mut take = |line: &str| {
        let is_other = OTHER_SETTINGS.iter().any(|prefix| line.starts_with(prefix));
        // A list's own line says nothing but that there is one.
        if line.starts_with(NETWORK_SETTINGS) && !is_other && !line.ends_with(" \"\";") {
            kept.push_str(line);
            kept.push('\n');
        }
    };
    let call = Call::new(["apt-config", "dump"]);
    tools.run(Stage::Packages, call, &mut take).await?;
    Ok(kept)
}

/// Returns the packages in a folder.
pub(super) fn packages_in(archives: &Path) -> Vec<String> {
    let mut names = files::names(archives).unwrap_or_default();
    names.retain(|name| Path::new(name).extension() == Some("deb".as_ref()));
    names
}

/// Follows apt by what it says.
#[derive(Debug)]
struct Count {
    done: usize,
    total: usize,
}

impl Count {
    /// Takes a line; whether anything came of it.
    fn take(&mut self, line: &str) -> bool {
        if let Some((before, _)) = line.split_once(" newly installed") {
            let number = before.rsplit([' ', ',']).next();
            self.total = number.and_then(|number| number.parse().ok()).unwrap_or(0);
            return true;
        }
        let is_package = line.starts_with("Get:");
        self.done += usize::from(is_package);
        is_package
    }

    fn progress(&self) -> Progress {
        Progress::Count {
            done: self.done.min(self.total),
            total: self.total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apt_is_followed_by_what_it_says() {
        let mut count = Count { done: 0, total: 0 };
        assert!(!count.take("Reading package lists..."));
        assert!(count.take("0 upgraded, 412 newly installed, 0 to remove and 0 not upgraded."));
        assert!(!count.take("Need to get 201 MB/220 MB of archives."));
        assert!(count.take("Get:1 http://m.invalid bookworm/main amd64 bash amd64 5.2 [1,490 kB]"));
        assert_eq!((count.done, count.total), (1, 412));
    }
}
