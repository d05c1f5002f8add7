//! Git, by way of its program: which commit a reference stands for, and the files of a commit.
//!
//! Never asks for a password, and never writes to a repository of the user.

use super::command::{Limits, Stopped, run};
use crate::{driver::process::Spawn, port::Exit};
use std::{collections::BTreeMap, path::Path};

/// Git with the environment it is given.
#[derive(Debug)]
pub(super) struct Git {
    environment: BTreeMap<String, String>,
}

/// Why git did not do what it was asked.
#[derive(Debug)]
pub(super) enum GitFailure {
    /// It was cut short.
    Stopped(Stopped),
    /// In its own words.
    Failed(String),
}

impl GitFailure {
    /// Says what went wrong, in words for the user.
    pub(super) fn why(self) -> String {
        match self {
            Self::Failed(why) => why,
            Self::Stopped(Stopped::TimedOut) => "the repository does not answer".into(),
            Self::Stopped(Stopped::Cancelled) => "it was stopped".into(),
            Self::Stopped(Stopped::NotStarted(error)) => error.to_string(),
        }
    }
}

impl Git {
    /// Takes over the user's environment, so that keys and proxies work, but for variables of git
    /// itself, which would lead it to other places.
    pub(super) fn new(environment: &BTreeMap<String, String>) -> Self {
        let mut environment = environment.clone();
        environment.retain(|name, _| !name.starts_with("GIT_"));
        for (name, value) in [
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ASKPASS", "true"),
            ("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("LC_ALL", "C.UTF-8"),
        ] {
            environment.insert(name.into(), value.into());
        }
        Self { environment }
    }

    /// Returns the commit that `reference` stands for now.
    pub(super) async fn commit(
        &self,
        repository: &str,
        reference: &str,
        limits: Limits<'_>,
    ) -> Result<String, GitFailure> {
        if Path::new(repository).exists() {
            return self.local_commit(repository, reference, limits).await;
        }
        if is_commit(reference) {
            return Ok(reference.into());
        }
        let peeled = format!("{reference}^{{}}");
        let arguments = ["ls-remote", "--", repository, reference, &peeled];
        let lines = self.run(&arguments, limits, &|_| {}).await?;
        let refs = lines.iter().filter_map(|line| line.split_once('\t'));
        let refs: BTreeMap<&str, &str> = refs.map(|(commit, name)| (name, commit)).collect();
        // In git's own order; a tag with a message points at the commit by way of itself.
        let names = [
            reference.to_owned(),
            format!("refs/tags/{reference}^{{}}"),
            format!("refs/tags/{reference}"),
            format!("refs/heads/{reference}"),
        ];
        let found = names.iter().find_map(|name| refs.get(name.as_str()));
        let found = found.filter(|commit| is_commit(commit));
        found.map(|commit| (*commit).to_owned()).ok_or_else(|| {
            GitFailure::Failed(format!("there is no `{reference}` in `{repository}`"))
        })
    }

    /// Puts the files of a commit into `to`, with the help of `scratch`, both of them empty.
    pub(super) async fn export(
        &self,
        repository: &str,
        (reference, commit): (&str, &str),
        to: &Path,
        scratch: &Path,
        limits: Limits<'_>,
        log: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), GitFailure> {
        let fetched = scratch.join("repository").to_string_lossy().into_owned();
        let archive = scratch.join("source.tar").to_string_lossy().into_owned();
        let source = if Path::new(repository).exists() {
            repository
        } else {
            let init = ["init", "--quiet", "--bare", "--", &fetched];
            self.run(&init, limits, log).await?;
            self.fetch(&fetched, repository, (reference, commit), limits, log)
                .await?;
            &fetched
        };
        let output = format!("--output={archive}");
        let pack = ["-C", source, "archive", "--format=tar", &output, commit];
        self.run(&pack, limits, log).await?;
        let unpack = ["tar", "-xf", &archive, "-C", &to.to_string_lossy()].map(String::from);
        self.start(unpack.into(), limits, log).await?;
        Ok(())
    }

    async fn local_commit(
        &self,
        repository: &str,
        reference: &str,
        limits: Limits<'_>,
    ) -> Result<String, GitFailure> {
        let wanted = format!("{reference}^{{commit}}");
        let look = ["rev-parse", "--verify", "--end-of-options", &wanted];
        let lines = self
            .run(&[&["-C", repository], &look[..]].concat(), limits, &|_| {})
            .await?;
        let commit = lines.into_iter().rfind(|line| is_commit(line));
        commit.ok_or_else(|| GitFailure::Failed("git named no commit".into()))
    }

    /// Not every server gives out a commit by its name; then the reference must still mean it.
    async fn fetch(
        &self,
        into: &str,
        repository: &str,
        (reference, commit): (&str, &str),
        limits: Limits<'_>,
        log: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(), GitFailure> {
        let fetch = [
            "-C",
            into,
            "fetch",
            "--quiet",
            "--depth=1",
            "--",
            repository,
        ];
        let by_commit = [&fetch[..], &[commit]].concat();
        match self.run(&by_commit, limits, log).await {
            Ok(_) => return Ok(()),
            Err(GitFailure::Failed(_)) => {}
            Err(stopped @ GitFailure::Stopped(_)) => return Err(stopped),
        }
        let by_reference = [&fetch[..], &[reference]].concat();
        self.run(&by_reference, limits, log).await?;
        let now = self.local_commit(into, "FETCH_HEAD", limits).await?;
        if now == commit {
            return Ok(());
        }
        Err(GitFailure::Failed(format!(
            "`{reference}` moved from {commit} to {now} in the meantime"
        )))
    }

    async fn run(
        &self,
        arguments: &[&str],
        limits: Limits<'_>,
        log: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Vec<String>, GitFailure> {
        let argv = std::iter::once("git").chain(arguments.iter().copied());
        self.start(argv.map(String::from).collect(), limits, log)
            .await
    }

    async fn start(
        &self,
        argv: Vec<String>,
        limits: Limits<'_>,
        log: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Vec<String>, GitFailure> {
        let program = argv[0].clone();
        let mut command = Spawn::new(argv);
        command.env.clone_from(&self.environment);
        let finished = run(command, limits, log).await;
        let finished = finished.map_err(GitFailure::Stopped)?;
        if finished.exit == Exit::Code(0) {
            return Ok(finished.lines);
        }
        let (exit, tail) = (finished.exit, finished.tail);
        Err(GitFailure::Failed(format!("`{program}` {exit}: {tail}")))
    }
}

fn is_commit(text: &str) -> bool {
    [40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
