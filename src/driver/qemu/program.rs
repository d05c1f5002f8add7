//! The programs that machines are made with: QEMU itself, and its tool for disks.

use super::{Engine, VmError, command_line::Sandbox};
use crate::{
    driver::process::{self, ProcessTree, Spawn},
    port::Exit,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time;

/// Debian's packages that have them.
const QEMU: (&str, &str) = ("qemu-system-x86_64", "qemu-system-x86");
const QEMU_IMG: (&str, &str) = ("qemu-img", "qemu-utils");

/// How long a program may take that only tells or makes something small.
const SHORT: Duration = Duration::from_secs(30);

/// Only so many lines of a program's output are shown.
const SHOWN_LINES: usize = 12;

/// QEMU, as it is installed on this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qemu {
    /// Where it is.
    pub program: PathBuf,
    /// What it says of itself: `QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)`. A machine's
    /// state is understood by the same version only.
    pub version: String,
    img: PathBuf,
    /// What has the system let a program work for longer stretches, where it is installed.
    chrt: Option<PathBuf>,
    path_var: String,
    sandbox: Sandbox,
}

impl Qemu {
    /// Finds QEMU in the folders of `path_var`, and asks what it is.
    pub async fn find(path_var: &str) -> Result<Self, VmError> {
        let find = |(program, package)| {
            let found = process::find_program(program, path_var);
            found.ok_or(VmError::MissingProgram { program, package })
        };
        let (program, img) = (find(QEMU)?, find(QEMU_IMG)?);
        let mut qemu = Self {
            program,
            img,
            chrt: process::find_program("chrt", path_var),
            path_var: path_var.into(),
            version: String::new(),
            sandbox: Sandbox::Supported,
        };
        // A QEMU that was built without a sandbox does not get past the word.
        let with_sandbox = qemu.run(&qemu.program, ["-sandbox", "on", "-version"]);
        let said = match with_sandbox.await {
            Ok(said) => said,
            Err(VmError::Program { .. }) => {
                qemu.sandbox = Sandbox::Missing;
                qemu.run(&qemu.program, ["-version"]).await?
            }
            Err(err) => return Err(err),
        };
        qemu.version = said.lines().next().unwrap_or_default().trim().into();
        Ok(qemu)
    }

    /// Makes `overlay`, a disk that starts as `base` and keeps what is written to it. `base` must
    /// stay as it is, and where it is.
    pub async fn create_overlay(&self, base: &Path, overlay: &Path) -> Result<(), VmError> {
        let (base, overlay) = (base.display().to_string(), overlay.display().to_string());
        let arguments = ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b"];
        let arguments = arguments.iter().copied().chain([&*base, &*overlay]);
        self.run(&self.img, arguments).await.map(drop)
    }

    /// Returns what starts QEMU in `dir`, to be found by `marker` after a crash.
    ///
    /// Where it translates it works without a break, and loses much each time that it has to make
    /// way for another that does.
    pub(super) fn spawn(
        &self,
        engine: Engine,
        arguments: Vec<String>,
        dir: &Path,
        marker: &str,
    ) -> Spawn {
        let mut spawn = self.bare(&self.program, arguments);
        if let (Engine::Tcg, Some(chrt)) = (engine, &self.chrt) {
            let batch = [&*chrt.display().to_string(), "--batch", "0"].map(str::to_owned);
            spawn.argv.splice(0..0, batch);
        }
        spawn.dir = Some(dir.into());
        spawn.marker = Some(marker.into());
        spawn
    }

    pub(super) fn sandbox(&self) -> Sandbox {
        self.sandbox
    }

    /// Runs a program to its end and returns what it wrote.
    async fn run<A: Into<String>>(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<String, VmError> {
        let arguments = arguments.into_iter().map(Into::into).collect();
        let tree = process::spawn(self.bare(program, arguments), None)?;
        let exit = time::timeout(SHORT, tree.wait()).await;
        let exit = exit.map_err(|_| VmError::TimedOut {
            what: "running a program of QEMU's",
            limit: SHORT,
        })?;
        if exit == Exit::Code(0) {
            return Ok(tree.output());
        }
        Err(VmError::Program {
            program: program.display().to_string(),
            why: format!("{exit}{}", last_lines(&tree)),
        })
    }

    fn bare(&self, program: &Path, mut arguments: Vec<String>) -> Spawn {
        arguments.insert(0, program.display().to_string());
        // What it says must be in the language that it is read in.
        let env = [("PATH", &*self.path_var), ("LC_ALL", "C.UTF-8")];
        Spawn {
            env: BTreeMap::from(env.map(|(name, value)| (name.to_owned(), value.to_owned()))),
            ..Spawn::new(arguments)
        }
    }
}

/// Returns the last lines of what a program wrote, each on a line of its own.
pub(super) fn last_lines(tree: &ProcessTree) -> String {
    let output = tree.output();
    let lines: Vec<&str> = output.lines().filter(|it| !it.trim().is_empty()).collect();
    let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
    let shown: Vec<String> = shown.iter().map(|line| format!("\n  {line}")).collect();
    shown.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_translates_works_for_longer_stretches() {
        let check = |engine, chrt: Option<&str>, expected: &str| {
            let qemu = Qemu {
                program: "/q".into(),
                version: String::new(),
                img: "/i".into(),
                chrt: chrt.map(Into::into),
                path_var: String::new(),
                sandbox: Sandbox::Missing,
            };
            let spawn = qemu.spawn(engine, vec!["-x".into()], Path::new("/"), "m");
            assert_eq!(spawn.argv.join(" "), expected);
        };
        check(Engine::Tcg, Some("/c"), "/c --batch 0 /q -x");
        check(Engine::Tcg, None, "/q -x");
        check(Engine::Kvm, Some("/c"), "/q -x");
    }

    #[test]
    fn a_machine_that_translates_counts_twice() {
        assert_eq!(Engine::Tcg.processors(2), 4);
        assert_eq!(Engine::KvmReduced.processors(2), 2);
    }
}
