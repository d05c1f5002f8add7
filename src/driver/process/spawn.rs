//! Starting a program: what it is given, and why it could not be started.
//!
//! Does not watch what it started; that is [`ProcessTree`]'s.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place where processes are started"
)]

use super::{members::Mark, output::OnLine, tree::ProcessTree};
use std::{
    collections::BTreeMap,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
};

/// The variable that carries the marker of a lease.
pub const LEASE_VARIABLE: &str = "MOSDAT_LEASE";

/// A program and everything it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spawn {
    /// The program, then its arguments. A name without `/` is looked up in the `PATH` of `env`.
    pub argv: Vec<String>,
    /// The whole environment: nothing is inherited. Two variables are added, `MOSDAT_TREE`, which
    /// tells this tree from others, and [`LEASE_VARIABLE`] when there is a marker.
    pub env: BTreeMap<String, String>,
    /// The folder it starts in; mosdat's own when missing.
    pub dir: Option<PathBuf>,
    /// The user and group it runs as, without further groups; mosdat's own when missing. Only
    /// root may name another.
    pub uid_gid: Option<(u32, u32)>,
    /// What [`end_marked`](super::end_marked) finds it by, after a crash.
    pub marker: Option<String>,
}

impl Spawn {
    /// Returns a program with its arguments and nothing else.
    pub fn new<A: Into<String>>(argv: impl IntoIterator<Item = A>) -> Self {
        let argv = argv.into_iter().map(Into::into).collect();
        Self {
            argv,
            ..Self::default()
        }
    }
}

/// A program could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// No program was named.
    #[error("failed to start a program: none is named")]
    Nothing,
    /// There is no such program.
    #[error("failed to start `{program}`: it is not installed, or not in PATH")]
    Missing {
        /// Its name.
        program: String,
    },
    /// There is such a file, and it may not be executed.
    #[error("failed to start `{program}`: it is not executable")]
    NotExecutable {
        /// Its name.
        program: String,
    },
    /// The folder to start in is not there.
    #[error("failed to start `{program}`: there is no folder `{dir}`")]
    Folder {
        /// The program's name.
        program: String,
        /// The folder.
        dir: PathBuf,
    },
    /// The system refused.
    #[error("failed to start `{program}`")]
    Refused {
        /// Its name.
        program: String,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
}

/// Starts a program in a process group of its own, with no input. What it and its children write
/// to standard output and standard error is kept, in one order, and handed to `on_line`.
///
/// # Panics
///
/// When not called from within a Tokio runtime.
pub fn spawn(spawn: Spawn, on_line: Option<OnLine>) -> Result<ProcessTree, SpawnError> {
    let program = spawn.argv.first().cloned().ok_or(SpawnError::Nothing)?;
    let file = locate(&program, &spawn)?;
    let refused = |source| SpawnError::Refused {
        program: program.clone(),
        source,
    };
    let mark = Mark::fresh();
    let (reader, writer) = io::pipe().map_err(refused)?;
    let mut command = tokio::process::Command::new(file);
    command
        .arg0(&program)
        .args(spawn.argv.iter().skip(1))
        .env_clear()
        .envs(spawn.env)
        .env(Mark::VARIABLE, mark.value())
        .stdin(Stdio::null())
        .stdout(writer.try_clone().map_err(refused)?)
        .stderr(writer)
        .process_group(0);
    if let Some(marker) = spawn.marker {
        command.env(LEASE_VARIABLE, marker);
    }
    if let Some(dir) = spawn.dir {
        command.current_dir(dir);
    }
    // Setting what is so already would need a privilege.
    if let Some((uid, gid)) = spawn.uid_gid.filter(|wanted| *wanted != own_user()) {
        command.uid(uid).gid(gid);
    }
    let child = command.spawn().map_err(refused)?;
    // The command still holds the writing end; the output would never end.
    drop(command);
    ProcessTree::watch(child, &mark, reader, on_line).map_err(refused)
}

/// Returns the first executable file called `name` in the folders of `path_var`, which are
/// separated by colons. A name with `/` is a path already.
pub fn find_program(name: &str, path_var: &str) -> Option<PathBuf> {
    candidates(name, path_var, None).find(|path| is_executable(path))
}

/// Returns the file to execute, or says what stands in the way better than the system does.
fn locate(program: &str, spawn: &Spawn) -> Result<PathBuf, SpawnError> {
    if let Some(dir) = spawn.dir.as_ref().filter(|dir| !dir.is_dir()) {
        return Err(SpawnError::Folder {
            program: program.into(),
            dir: dir.clone(),
        });
    }
    let path_var = spawn.env.get("PATH").map_or("", String::as_str);
    let all = || candidates(program, path_var, spawn.dir.as_deref());
    if let Some(path) = all().find(|path| is_executable(path)) {
        // The system looks relative paths up after it has changed folders.
        return Ok(std::path::absolute(&path).unwrap_or(path));
    }
    let program = program.to_owned();
    if all().any(|path| path.is_file()) {
        return Err(SpawnError::NotExecutable { program });
    }
    Err(SpawnError::Missing { program })
}

fn candidates(name: &str, path_var: &str, dir: Option<&Path>) -> impl Iterator<Item = PathBuf> {
    let is_path = name.contains('/');
    let folders: Vec<PathBuf> = match (is_path, dir) {
        (true, Some(dir)) => vec![dir.into()],
        (true, None) => vec![PathBuf::new()],
        (false, _) => path_var
            .split(':')
            .filter(|folder| !folder.is_empty())
            .map(PathBuf::from)
            .collect(),
    };
    let name = name.to_owned();
    folders.into_iter().map(move |folder| folder.join(&name))
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn own_user() -> (u32, u32) {
    (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    )
}
