//! A project in a folder of its own, and the real program run in it with a bare environment.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A folder with a plan file.
#[derive(Debug)]
pub(crate) struct Project {
    dir: tempfile::TempDir,
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A simulated matrix of two machines and two smoke checks.
pub(crate) const FLEET: &str = r#"
[matrix]
name = "fleet"
scenarios = ["smoke/x11", "smoke/wayland-fake"]
[app]
name = "notes"
version = "1"
binary = "/usr/bin/notes"
[[build]]
name = "main"
[sim]
seed = 1
[[vm]]
name = "debian12"
[[vm.package]]
format = "deb"
[[vm]]
name = "fedora42"
[[vm.package]]
format = "rpm"
"#;

impl Project {
    pub(crate) fn new(plan: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("plan.toml"), plan).unwrap();
        Self { dir }
    }

    /// Takes a folder as it is.
    pub(crate) fn in_folder(dir: tempfile::TempDir) -> Self {
        Self { dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path().join("state/fleet")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn edit_plan(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.path().join("plan.toml")).unwrap();
        assert!(text.contains(from), "the plan has no `{from}`");
        self.write("plan.toml", &text.replace(from, to));
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mosdat"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("USER", "tester")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// Runs a command that has to do what is asked, and returns what it wrote.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}\n{}{}", ran.out, ran.err);
        ran.out
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
