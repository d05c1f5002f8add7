//! Tests of builds.

mod git;

use mosdat::{
    driver::{
        build::LocalBuilder,
        disk::{DiskBlobs, SystemClock},
    },
    model::{Build, FormatName, Source, SourceSeen},
    port::{Artifact, Blobs, BuildError, BuildRequest, Builder},
};
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A source, a cache, and a builder between them.
struct Site {
    dir: TempDir,
    blobs: Arc<DiskBlobs>,
    environment: BTreeMap<String, String>,
    cancel: CancellationToken,
    lines: Mutex<Vec<String>>,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("source")).unwrap();
        fs::write(dir.path().join("source/main.txt"), "content\n").unwrap();
        let blobs = Arc::new(DiskBlobs::open(
            &dir.path().join("cache"),
            Arc::new(SystemClock),
        ));
        let pairs = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("HOME", "/home/ada"),
            ("WANTED", "yes"),
            ("SECRET", "hunter2"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            dir,
            blobs,
            environment: pairs.into(),
            cancel: CancellationToken::new(),
            lines: Mutex::default(),
        }
    }

    fn source(&self) -> PathBuf {
        self.dir.path().join("source")
    }

    /// A build of the source by `commands`.
    fn plan(&self, commands: &[&str]) -> Build {
        Build {
            name: "main".into(),
            source: Source::Path(self.source()),
            commands: commands.iter().map(|line| (*line).to_owned()).collect(),
            dist_dir: "dist".into(),
            env: vec!["WANTED".into(), "NOT_SET".into()],
            timeout: Duration::from_mins(1),
        }
    }

    fn builder(&self) -> LocalBuilder {
        let blobs: Arc<dyn Blobs> = Arc::<DiskBlobs>::clone(&self.blobs);
        LocalBuilder::new(
            blobs,
            self.environment.clone(),
            self.dir.path().join("work"),
        )
    }

    async fn build(&self, build: &Build) -> Result<Artifact, BuildError> {
        self.build_logged(build, &|line| {
            self.lines.lock().unwrap().push(line.to_owned());
        })
        .await
    }

    async fn build_logged(
        &self,
        build: &Build,
        log: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Artifact, BuildError> {
        let format: FormatName = "deb".into();
        let request = BuildRequest {
            build,
            format: &format,
            file_glob: "*.deb",
        };
        let result = self.builder().build(request, log, &self.cancel).await;
        let work = fs::read_dir(self.dir.path().join("work"));
        let left = work.into_iter().flatten().count();
        assert_eq!(left, 0, "a work folder was left behind");
        result
    }

    async fn identity(&self, build: &Build) -> String {
        match self.builder().look(build).await {
            SourceSeen::Known { identity, .. } => identity,
            SourceSeen::Unknown { why } => panic!("{why}"),
        }
    }

    async fn unknown(&self, build: &Build) -> String {
        match self.builder().look(build).await {
            SourceSeen::Known { identity, .. } => panic!("{identity}"),
            SourceSeen::Unknown { why } => why,
        }
    }

    /// Returns where the package itself lies, which has a name of its own beside.
    fn blob(&self, artifact: &Artifact) -> PathBuf {
        let digest = artifact.digest.to_hex();
        self.dir
            .path()
            .join("cache/blobs")
            .join(&digest[..2])
            .join(&digest[2..])
    }

    fn content(&self, artifact: &Artifact) -> String {
        let path = self.blobs.path(artifact.digest).unwrap().unwrap();
        fs::read_to_string(path).unwrap()
    }

    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

/// Copies the source's one file into a package.
const PACK: &str = "mkdir -p dist && cat main.txt > dist/app_1.deb";

#[tokio::test]
async fn a_package_is_built_and_kept() {
    let site = Site::new();
    let build = site.plan(&["echo packing; echo loudly >&2", PACK]);
    let artifact = site.build(&build).await.unwrap();
    assert_eq!(artifact.file_name, "app_1.deb");
    assert_eq!(site.content(&artifact), "content\n");
    assert_eq!(site.lines(), ["packing", "loudly"]);
}

#[tokio::test]
async fn only_named_variables_reach_a_command() {
    let site = Site::new();
    let text = "mkdir dist; env > dist/env.deb; ls -A \"$HOME\" \"$TMPDIR\" >> dist/env.deb";
    let artifact = site.build(&site.plan(&[text])).await.unwrap();
    let content = site.content(&artifact);
    let names = content.lines().filter_map(|line| line.split_once('='));
    let mut names: Vec<_> = names
        .map(|(name, _)| name)
        // The shell's own, and the marks by which processes are found again.
        .filter(|name| {
            !["PWD", "OLDPWD", "SHLVL", "_", "MOSDAT_TREE", "MOSDAT_LEASE"].contains(name)
        })
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LANG", "PATH", "TMPDIR", "WANTED"]);
    assert!(content.contains("WANTED=yes\n"));
    assert!(!content.contains("/home/ada"));
}

#[tokio::test]
async fn the_users_folder_is_not_touched() {
    let site = Site::new();
    fs::write(site.source().join("unsaved.txt"), "draft").unwrap();
    let text = "echo changed > main.txt; rm unsaved.txt; echo new > other.txt";
    site.build(&site.plan(&[text, PACK])).await.unwrap();
    let mut names: Vec<_> = fs::read_dir(site.source())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["main.txt", "unsaved.txt"]);
    let main = fs::read_to_string(site.source().join("main.txt")).unwrap();
    assert_eq!(main, "content\n");
}

#[tokio::test]
async fn a_second_build_is_remembered_until_something_that_counts_changes() {
    let mut site = Site::new();
    let mut build = site.plan(&["echo building", PACK]);
    let first = site.build(&build).await.unwrap();
    assert_eq!(site.lines(), ["building"]);
    // None of these counts.
    site.environment.insert("SECRET".into(), "other".into());
    fs::create_dir(site.source().join("dist")).unwrap();
    fs::write(site.source().join("dist/old.deb"), "old").unwrap();
    assert_eq!(site.build(&build).await.unwrap(), first);
    assert_eq!(site.lines(), ["`app_1.deb` was built before"]);
    // Each of these does.
    site.environment.insert("WANTED".into(), "no".into());
    site.build(&build).await.unwrap();
    assert_eq!(site.lines(), ["building"]);
    fs::write(site.source().join("main.txt"), "more").unwrap();
    assert_ne!(site.build(&build).await.unwrap(), first);
    assert_eq!(site.lines(), ["building"]);
    build.commands.push("true".into());
    site.build(&build).await.unwrap();
    assert_eq!(site.lines(), ["building"]);
}

#[tokio::test]
async fn a_remembered_package_that_is_damaged_is_built_again() {
    let site = Site::new();
    let build = site.plan(&["echo building", PACK]);
    let first = site.build(&build).await.unwrap();
    let path = site.blob(&first);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "broken").unwrap();
    assert_eq!(site.build(&build).await.unwrap(), first);
    assert_eq!(site.lines(), ["building", "building"]);
    assert_eq!(site.content(&first), "content\n");
    fs::remove_file(&path).unwrap();
    assert_eq!(site.build(&build).await.unwrap(), first);
    assert_eq!(site.lines(), ["building"]);
}

#[tokio::test]
async fn a_failing_command_gives_its_name_its_exit_and_its_last_lines() {
    let site = Site::new();
    let build = site.plan(&["true", "seq 100; exit 7", "echo never"]);
    let error = site.build(&build).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("`seq 100; exit 7` of build `main` exited with 7\n81\n"),
        "{text}"
    );
    assert!(text.ends_with("\n99\n100"), "{text}");
    assert!(!site.lines().contains(&"never".to_owned()));
    // What failed is not remembered.
    assert!(site.build(&build).await.is_err());
}

#[tokio::test]
async fn other_than_one_package_is_refused() {
    let site = Site::new();
    for (text, count) in [
        ("mkdir dist; touch dist/a.deb dist/b.deb", 2),
        ("mkdir -p dist/deep; touch dist/c.rpm dist/deep/d.deb", 0),
        ("true", 0),
    ] {
        let error = site.build(&site.plan(&[text])).await.unwrap_err();
        assert!(
            matches!(error, BuildError::Package { found, .. } if found == count),
            "{error}"
        );
    }
}

/// Tells its own id and that of a child which left its session, and stays.
const STAY: &str = "(setsid sh -c 'echo child $$; exec sleep 60' &); echo ready $$; sleep 60";

fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| &rest[..1]);
    !matches!(state, None | Some("Z" | "X"))
}

/// The ids that `STAY` told.
fn told(lines: &[String]) -> Vec<String> {
    let pids = lines.iter().filter_map(|line| line.split_once(' '));
    let pids: Vec<_> = pids.map(|(_, pid)| pid.to_owned()).collect();
    assert_eq!(pids.len(), 2, "{lines:?}");
    pids
}

#[tokio::test]
async fn a_build_that_takes_too_long_ends_with_all_its_processes() {
    let site = Site::new();
    let mut build = site.plan(&[STAY]);
    build.timeout = Duration::from_secs(3);
    let error = site.build(&build).await.unwrap_err();
    assert!(
        matches!(error, BuildError::TimedOut { seconds: 3, .. }),
        "{error}"
    );
    assert!(told(&site.lines()).iter().all(|pid| !lives(pid)));
}

#[tokio::test]
async fn a_build_that_is_stopped_ends_with_all_its_processes() {
    let site = Site::new();
    let (lines, cancel) = (Arc::new(Mutex::new(Vec::new())), site.cancel.clone());
    let seen = Arc::clone(&lines);
    let log = move |line: &str| {
        let mut seen = seen.lock().unwrap();
        seen.push(line.to_owned());
        if seen.len() == 2 {
            cancel.cancel();
        }
    };
    let error = site.build_logged(&site.plan(&[STAY]), &log).await;
    assert!(matches!(error, Err(BuildError::Cancelled(_))));
    assert!(told(&lines.lock().unwrap()).iter().all(|pid| !lives(pid)));
}

#[tokio::test]
async fn what_a_command_leaves_running_is_ended() {
    let site = Site::new();
    let leave = "(setsid sh -c 'echo child $$; touch told; exec sleep 60' &); \
                 while [ ! -e told ]; do sleep 0.01; done";
    site.build(&site.plan(&[leave, PACK])).await.unwrap();
    let lines = site.lines();
    let [line] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert!(!lives(line.strip_prefix("child ").unwrap()));
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_unknown_and_no_empty_source() {
    let site = Site::new();
    let mut build = site.plan(&[PACK]);
    build.source = Source::Path(site.dir.path().join("nowhere"));
    assert!(site.unknown(&build).await.contains("nowhere"));
    let error = site.build(&build).await.unwrap_err();
    assert!(matches!(error, BuildError::Source { .. }), "{error}");
}

#[tokio::test]
async fn a_finished_package_is_taken_as_it_is() {
    let site = Site::new();
    let mut build = site.plan(&[]);
    for (name, content) in [("app.deb", "deb"), ("app.rpm", "rpm")] {
        fs::write(site.source().join(name), content).unwrap();
    }
    let glob = |name: &str| Source::Package(format!("{}/{name}", site.source().display()));
    build.source = glob("app.*");
    let before = site.identity(&build).await;
    let artifact = site.build(&build).await.unwrap();
    assert_eq!(artifact.file_name, "app.deb");
    assert_eq!(site.content(&artifact), "deb");
    fs::write(site.source().join("app.deb"), "newer").unwrap();
    assert_ne!(site.identity(&build).await, before);
    fs::write(site.source().join("app.2.deb"), "another").unwrap();
    let error = site.build(&build).await.unwrap_err();
    assert!(
        matches!(error, BuildError::Package { found: 2, .. }),
        "{error}"
    );
    build.source = glob("none.*");
    assert!(site.unknown(&build).await.contains("no file fits"));
}

#[tokio::test]
async fn a_simulated_source_is_known_and_cannot_be_built() {
    let site = Site::new();
    let mut build = site.plan(&[PACK]);
    build.source = Source::Simulated;
    assert!(site.identity(&build).await.starts_with("simulated"));
    assert!(site.build(&build).await.is_err());
}
