//! The builder: from a source to a package, by way of a private folder and the cache.
//!
//! Knows neither how git is asked nor how a program is run.

use super::{
    action,
    command::{Limits, Stopped, run},
    git::{Git, GitFailure},
    package,
    source::Tree,
    work::Work,
};
use crate::{
    driver::process::{self, Spawn},
    model::{Build, BuildName, ContentHash, Source, SourceSeen},
    port::{Artifact, Blobs, BuildError, BuildRequest, Builder, CacheError, Exit},
};
use async_trait::async_trait;
use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a repository may take to say what a reference stands for.
const LOOK_LIMIT: Duration = Duration::from_mins(1);

/// Where programs are when the environment does not say.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Builds on this computer.
#[derive(Debug)]
pub struct LocalBuilder {
    blobs: Arc<dyn Blobs>,
    environment: BTreeMap<String, String>,
    work_dir: PathBuf,
    git: Git,
}

/// Receives what the commands write.
type Log<'a> = &'a (dyn Fn(&str) + Send + Sync);

impl LocalBuilder {
    /// Returns a builder that puts packages into `blobs`, takes the variables that builds name
    /// from `environment`, and works in folders of its own below `work_dir`.
    pub fn new(
        blobs: Arc<dyn Blobs>,
        environment: BTreeMap<String, String>,
        work_dir: PathBuf,
    ) -> Self {
        let git = Git::new(&environment);
        Self {
            blobs,
            environment,
            work_dir,
            git,
        }
    }

    /// Returns what every command is marked with, so that a later run can find what a crash left.
    fn marker(&self) -> String {
        format!("{}/build", self.work_dir.display())
    }

    /// Returns what stands for the variables that a build may see. Their values may be secret.
    fn variables_seen(&self, build: &Build) -> Option<String> {
        let seen = build.env.iter().map(|name| {
            let value = self.environment.get(name).map_or("", String::as_str);
            format!("{name}={value}")
        });
        let seen: Vec<_> = seen.collect();
        let digest = ContentHash::of(seen.join("\0").as_bytes());
        (!build.env.is_empty()).then(|| format!("environment {}", digest.short()))
    }

    /// Returns what stands for the source as it is now.
    async fn identity(
        &self,
        build: &Build,
        limits: Limits<'_>,
    ) -> Result<(String, BTreeMap<String, ContentHash>), GitFailure> {
        let failed = GitFailure::Failed;
        match &build.source {
            Source::Path(path) => {
                let (path, output) = (path.clone(), build.dist_dir.clone());
                let tree = blocking(move || Tree::read(&path, &output)).await;
                tree.map(|tree| (tree.identity(), tree.files()))
                    .map_err(failed)
            }
            Source::Git {
                repository,
                reference,
            } => {
                let commit = self.git.commit(repository, reference, limits).await?;
                Ok((commit, BTreeMap::new()))
            }
            Source::Package(glob) => {
                let glob = glob.clone();
                blocking(move || package::look(&glob)).await.map_err(failed)
            }
            Source::Simulated => Ok(("simulated".into(), BTreeMap::new())),
        }
    }

    /// Puts the source into `to`, and returns what stands for it.
    async fn fill(
        &self,
        build: &Build,
        identity: String,
        work: &Work,
        limits: Limits<'_>,
        log: Log<'_>,
    ) -> Result<String, BuildError> {
        let to = work.source();
        match &build.source {
            Source::Path(path) => {
                let (path, output) = (path.clone(), build.dist_dir.clone());
                let copied = blocking(move || Tree::copy(&path, &output, &to)).await;
                copied
                    .map(|tree| tree.identity())
                    .map_err(|why| source_error(build, why))
            }
            Source::Git {
                repository,
                reference,
            } => {
                let names = (reference.as_str(), identity.as_str());
                let scratch = work.scratch();
                self.git
                    .export(repository, names, &to, &scratch, limits, log)
                    .await
                    .map_err(|failure| git_error(build, failure))?;
                Ok(identity)
            }
            Source::Package(_) | Source::Simulated => Ok(identity),
        }
    }

    /// Returns what an earlier build with the same inputs made, when it is still there and sound.
    fn recall(&self, key: ContentHash) -> Result<Option<Artifact>, CacheError> {
        let Some((digest, file_name)) = self.blobs.recall(key)? else {
            return Ok(None);
        };
        match self.blobs.path(digest) {
            Ok(Some(_)) => Ok(Some(Artifact { digest, file_name })),
            Ok(None) | Err(CacheError::Damaged { .. }) => Ok(None),
            Err(error @ CacheError::Io { .. }) => Err(error),
        }
    }

    async fn run_commands(
        &self,
        build: &Build,
        work: &Work,
        limits: Limits<'_>,
        log: Log<'_>,
    ) -> Result<(), BuildError> {
        for command in &build.commands {
            let mut shell = Spawn::new(["sh", "-c", command]);
            shell.env = self.variables(build, work);
            shell.dir = Some(work.source());
            shell.marker = Some(self.marker());
            let failed = |exit: String, tail: String| BuildError::Command {
                build: build.name.clone(),
                command: command.clone(),
                exit,
                tail,
            };
            match run(shell, limits, log).await {
                Ok(finished) if finished.exit == Exit::Code(0) => {}
                Ok(finished) => return Err(failed(finished.exit.to_string(), finished.tail)),
                Err(Stopped::NotStarted(error)) => {
                    return Err(failed(format!("did not start: {error}"), String::new()));
                }
                Err(stopped) => return Err(stopped_error(build, stopped)),
            }
        }
        Ok(())
    }

    /// Returns everything that a command sees: little, so that what counts is in the cache's key.
    fn variables(&self, build: &Build, work: &Work) -> BTreeMap<String, String> {
        let path = self
            .environment
            .get("PATH")
            .map_or(DEFAULT_PATH, |path| path);
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let mut variables = BTreeMap::from([
            ("PATH".to_owned(), path.to_owned()),
            ("HOME".to_owned(), text(work.home())),
            ("TMPDIR".to_owned(), text(work.scratch())),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ]);
        for name in &build.env {
            if let Some(value) = self.environment.get(name) {
                variables.insert(name.clone(), value.clone());
            }
        }
        variables
    }

    /// Keeps the one file there must be.
    fn keep(
        &self,
        request: &BuildRequest<'_>,
        dir: &str,
        files: &[PathBuf],
    ) -> Result<Artifact, BuildError> {
        let [file] = files else {
            return Err(BuildError::Package {
                build: request.build.name.clone(),
                glob: request.file_glob.into(),
                dir: dir.into(),
                found: files.len(),
            });
        };
        let name = file.file_name().unwrap_or_default();
        let keep_error = |source| keep_error(&request.build.name, source);
        Ok(Artifact {
            digest: self.blobs.put_file(file).map_err(keep_error)?,
            file_name: name.to_string_lossy().into_owned(),
        })
    }

    fn find_package(&self, request: &BuildRequest<'_>, glob: &str) -> Result<Artifact, BuildError> {
        let bad = |error: globset::Error| source_error(request.build, error.to_string());
        let mut files = package::anywhere(glob).map_err(bad)?;
        let mut fits = Vec::new();
        for file in files.drain(..) {
            if package::name_fits(&file, request.file_glob).map_err(bad)? {
                fits.push(file);
            }
        }
        self.keep(request, glob, &fits)
    }

    async fn make(
        &self,
        request: &BuildRequest<'_>,
        identity: String,
        limits: Limits<'_>,
        log: Log<'_>,
    ) -> Result<Artifact, BuildError> {
        let build = request.build;
        let failed =
            |error: io::Error| source_error(build, format!("no folder to work in: {error}"));
        let work = Work::create(&self.work_dir).map_err(failed)?;
        let identity = self.fill(build, identity, &work, limits, log).await?;
        self.run_commands(build, &work, limits, log).await?;
        let dist = work.source().join(&build.dist_dir);
        let bad = |error: globset::Error| source_error(build, error.to_string());
        let files = package::below(&dist, request.file_glob).map_err(bad)?;
        let artifact = self.keep(request, &build.dist_dir.to_string_lossy(), &files)?;
        let key = action::key(request, &identity, &self.environment);
        self.blobs
            .remember(key, artifact.digest, &artifact.file_name)
            .map_err(|source| keep_error(&build.name, source))?;
        Ok(artifact)
    }
}

#[async_trait]
impl Builder for LocalBuilder {
    async fn look(&self, build: &Build) -> SourceSeen {
        let cancel = CancellationToken::new();
        let limits = Limits {
            deadline: Instant::now() + LOOK_LIMIT,
            cancel: &cancel,
        };
        match self.identity(build, limits).await {
            Ok((identity, files)) => SourceSeen::Known {
                identity: match self.variables_seen(build) {
                    Some(seen) => format!("{identity}, {seen}"),
                    None => identity,
                },
                files,
            },
            Err(failure) => SourceSeen::Unknown { why: failure.why() },
        }
    }

    async fn clean_up(&self) {
        let ended = process::end_marked(&self.marker()).await;
        let swept = Work::sweep(&self.work_dir);
        if ended > 0 || swept > 0 {
            tracing::info!(ended, swept, "cleaned up after builds that were broken off");
        }
    }

    async fn build(
        &self,
        request: BuildRequest<'_>,
        log: &(dyn for<'line> Fn(&'line str) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<Artifact, BuildError> {
        let build = request.build;
        match &build.source {
            Source::Package(glob) => return self.find_package(&request, glob),
            Source::Simulated => {
                return Err(source_error(build, "it is simulated".into()));
            }
            Source::Path(_) | Source::Git { .. } => {}
        }
        let limits = Limits {
            deadline: Instant::now() + build.timeout,
            cancel,
        };
        let looked = self.identity(build, limits).await;
        let (identity, _) = looked.map_err(|failure| git_error(build, failure))?;
        let key = action::key(&request, &identity, &self.environment);
        let recalled = self.recall(key);
        if let Some(artifact) = recalled.map_err(|source| keep_error(&build.name, source))? {
            log(&format!("`{}` was built before", artifact.file_name));
            return Ok(artifact);
        }
        self.make(&request, identity, limits, log).await
    }
}

/// Does what would hold up other tasks beside them.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(error.to_string()))
}

fn git_error(build: &Build, failure: GitFailure) -> BuildError {
    match failure {
        GitFailure::Stopped(stopped) => stopped_error(build, stopped),
        GitFailure::Failed(why) => source_error(build, why),
    }
}

fn stopped_error(build: &Build, stopped: Stopped) -> BuildError {
    match stopped {
        Stopped::Cancelled => BuildError::Cancelled(build.name.clone()),
        Stopped::TimedOut => BuildError::TimedOut {
            build: build.name.clone(),
            seconds: build.timeout.as_secs(),
        },
        Stopped::NotStarted(error) => source_error(build, error.to_string()),
    }
}

fn source_error(build: &Build, why: String) -> BuildError {
    let build = build.name.clone();
    BuildError::Source { build, why }
}

fn keep_error(build: &BuildName, source: CacheError) -> BuildError {
    let build = build.clone();
    BuildError::Keep { build, source }
}
