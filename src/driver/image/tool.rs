//! Running the programs that images are made with, and keeping what they write.
//!
//! Each is marked, so that what a killed mosdat left running is found and ended by the next one.

use super::{
    error::{MakeError, Stage},
    files::failed,
    trouble,
};
use crate::{
    driver::process::{Spawn, find_program, spawn},
    port::{Exit, ImageError},
};
use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Where programs are that only root is thought to need.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How many lines of a failed program are shown.
const TAIL_LINES: usize = 15;

/// Variables that reach the programs as they are: how the network is reached, and no other.
const PASSED_ON: &[&str] = &[
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "ftp_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Programs that images are made with, and the Debian package of each.
const PROGRAMS: &[(&str, &str)] = &[
    ("apt-get", "apt"),
    ("mmdebstrap", "mmdebstrap"),
    ("mkfs.ext4", "e2fsprogs"),
    ("qemu-img", "qemu-utils"),
];

/// Runs programs of one build.
#[derive(Debug)]
pub(super) struct Tools {
    environment: BTreeMap<String, String>,
    marker: String,
    log: Arc<Mutex<File>>,
    log_path: PathBuf,
    stop: CancellationToken,
}

/// A program to run, and what else it is given.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) argv: Vec<String>,
    pub(super) env: Vec<(&'static str, String)>,
}

impl Call {
    pub(super) fn new<A: Into<String>>(argv: impl IntoIterator<Item = A>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
        }
    }

    pub(super) fn arguments<A: Into<String>>(mut self, more: impl IntoIterator<Item = A>) -> Self {
        self.argv.extend(more.into_iter().map(Into::into));
        self
    }

    pub(super) fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }
}

impl Tools {
    /// Returns what runs programs with parts of `environment`, writes what they say into `log`, and
    /// ends them when `stop` is cancelled.
    pub(super) fn new(
        environment: &BTreeMap<String, String>,
        marker: String,
        log_path: PathBuf,
        stop: CancellationToken,
    ) -> Result<Self, ImageError> {
        let log = File::create(&log_path).map_err(failed("write", &log_path))?;
        let mut passed: BTreeMap<String, String> = PASSED_ON
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), environment.get(*name)?.clone())))
            .collect();
        passed.insert("PATH".into(), path_variable(environment));
        passed.insert("LC_ALL".into(), "C.UTF-8".into());
        passed.insert("DEBIAN_FRONTEND".into(), "noninteractive".into());
        if let Some(home) = environment.get("HOME") {
            passed.insert("HOME".into(), home.clone());
        }
        Ok(Self {
            environment: passed,
            marker,
            log: Arc::new(Mutex::new(log)),
            log_path,
            stop,
        })
    }

    /// Runs a program to its end and hands on its lines. An error when it fails, with the end of
    /// what it wrote.
    pub(super) async fn run(
        &self,
        stage: Stage,
        call: Call,
        on_line: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), MakeError> {
        let (exit, tail) = self.end_of(call, on_line).await?;
        if exit == Exit::Code(0) {
            return Ok(());
        }
        Err(self.failure(stage, &tail))
    }

    /// Runs a program that may end with one of several numbers.
    pub(super) async fn run_if(
        &self,
        stage: Stage,
        call: Call,
        is_good: impl Fn(i32) -> bool + Send,
    ) -> Result<(), MakeError> {
        match self.end_of(call, &mut |_| ()).await? {
            (Exit::Code(code), _) if is_good(code) => Ok(()),
            (_, tail) => Err(self.failure(stage, &tail)),
        }
    }

    /// Runs a program, and returns how it ended and the end of what it wrote.
    async fn end_of(
        &self,
        call: Call,
        on_line: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(Exit, String), MakeError> {
        let mut command = Spawn::new(call.argv);
        command.env.clone_from(&self.environment);
        let more = call.env.into_iter();
        command
            .env
            .extend(more.map(|(name, value)| (name.to_owned(), value)));
        command.marker = Some(self.marker.clone());
        self.note(&format!("+ {}", command.argv.join(" ")));
        let (sender, mut lines) = mpsc::unbounded_channel::<String>();
        let receive = Arc::new(move |line: &str| {
            // Nobody listens any more once the program is being ended.
            let _gone = sender.send(line.to_owned());
        });
        let tree = spawn(command, Some(receive))?;
        let mut tail = VecDeque::new();
        let mut take = |line: String| {
            self.note(&line);
            on_line(&line);
            if tail.len() == TAIL_LINES {
                tail.pop_front();
            }
            tail.push_back(line);
        };
        let exit = loop {
            tokio::select! {
                Some(line) = lines.recv() => take(line),
                exit = tree.wait() => break Some(exit),
                () = self.stop.cancelled() => break None,
            }
        };
        tree.end().await;
        while let Ok(line) = lines.try_recv() {
            take(line);
        }
        let exit = exit.ok_or(MakeError::Interrupted)?;
        Ok((exit, tail.make_contiguous().join("\n")))
    }

    /// Writes a line into the log.
    pub(super) fn note(&self, line: &str) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        // A disk that is full fails the build itself, which says so.
        drop(writeln!(log, "{line}"));
    }

    /// Makes an error out of the end of what a program wrote.
    fn failure(&self, stage: Stage, tail: &str) -> MakeError {
        MakeError::Stage {
            stage,
            trouble: trouble::of(tail),
            tail: tail.to_owned(),
            log: self.log_path.clone(),
        }
    }

    /// Whether the build was told to stop.
    pub(super) fn check_stop(&self) -> Result<(), MakeError> {
        if self.stop.is_cancelled() {
            return Err(MakeError::Interrupted);
        }
        Ok(())
    }
}

/// Makes sure that every program that `is_needed` is there, or says which package brings it.
pub(super) fn check_programs(
    environment: &BTreeMap<String, String>,
    is_needed: impl Fn(&str) -> bool,
) -> Result<(), MakeError> {
    missing_program(&path_variable(environment), is_needed).map_or(Ok(()), Err)
}

fn missing_program(path: &str, is_needed: impl Fn(&str) -> bool) -> Option<MakeError> {
    let needed = PROGRAMS.iter().filter(|(program, _)| is_needed(program));
    let missing = |(program, _): &&(&str, &str)| find_program(program, path).is_none();
    let (program, package) = needed.clone().find(missing)?;
    Some(MakeError::Missing { program, package })
}

fn path_variable(environment: &BTreeMap<String, String>) -> String {
    match environment.get("PATH").filter(|path| !path.is_empty()) {
        Some(path) => format!("{path}:{SYSTEM_PATH}"),
        None => SYSTEM_PATH.into(),
    }
}

/// Returns a path as text; programs are named paths as text only.
pub(super) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        let empty = tempfile::tempdir().unwrap();
        let path = text(empty.path());
        let missing = |is_needed: fn(&str) -> bool| match missing_program(&path, is_needed) {
            Some(MakeError::Missing { program, package }) => Some((program, package)),
            Some(_) | None => None,
        };
        assert_eq!(missing(|_| true), Some(("apt-get", "apt")));
        assert_eq!(
            missing(|program| program == "qemu-img"),
            Some(("qemu-img", "qemu-utils"))
        );
        assert_eq!(missing(|_| false), None);
    }
}
