//! A project with one virtual machine and an app that greets.

use super::{
    images, prepared,
    processes::{self, Marked},
    told::Told,
    witness::Witness,
};
use crate::project::{Project, Ran};
use mosdat::model::Event;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

/// What the machine shows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Desktop {
    /// A desktop on X11.
    X11,
    /// Nothing, which starts sooner.
    None,
}

impl Desktop {
    /// Returns what the machine is called.
    pub(super) fn machine(self) -> &'static str {
        match self {
            Self::X11 => "desk",
            Self::None => "box",
        }
    }

    fn hardware(self) -> &'static str {
        match self {
            Self::X11 => "session = \"x11\"\nmemory = \"640M\"\ncpus = 1",
            Self::None => "session = \"none\"\nmemory = \"320M\"\ncpus = 1",
        }
    }

    fn greeter(self) -> &'static str {
        match self {
            Self::X11 => "#!/bin/sh\nexec xterm -T 'hello 1' -e sleep 600\n",
            Self::None => "#!/bin/sh\necho 'hello 1'\n",
        }
    }

    /// A scenario that the app passes.
    fn scenario(self) -> &'static str {
        match self {
            Self::X11 => "steps:\n  - launch: \"{app_path}\"\n    window: hello\n",
            Self::None => "steps:\n  - shell: \"{app_path} | grep hello\"\n",
        }
    }
}

/// Makes the package.
const PACK: &str = "set -e\n\
    mkdir -p dist tree/DEBIAN tree/usr/bin\n\
    cp greeter tree/usr/bin/greeter\n\
    chmod 755 tree/usr/bin/greeter\n\
    cp control tree/DEBIAN/control\n\
    SOURCE_DATE_EPOCH=1 dpkg-deb --root-owner-group -b tree dist/greeter_1_all.deb\n";

const CONTROL: &str = "Package: greeter\nVersion: 1\nArchitecture: all\n\
    Maintainer: Nobody <nobody@example.org>\nDescription: says hello\n";

/// Returns the steps that a plan would run, in alphabetical order.
pub(super) fn due(plan: &Value) -> Vec<String> {
    let steps = plan["steps"].as_array().unwrap().iter();
    let due = steps.filter(|step| step["action"] == "run");
    let keys = due.map(|step| step["key"].as_str().unwrap().to_owned());
    let mut keys: Vec<_> = keys.collect();
    keys.sort_unstable();
    keys
}

/// Returns the files of a project, by name.
pub(super) fn files(desktop: Desktop) -> [(&'static str, String); 5] {
    let (machine, hardware, image) = (desktop.machine(), desktop.hardware(), images::NAME);
    let images = images::folder();
    let images = images.display();
    let plan = format!(
        "[matrix]\nname = \"fleet\"\ntimeout = \"10m\"\n\
         [app]\nname = \"greeter\"\nversion = \"1\"\nbinary = \"/usr/bin/greeter\"\ntimeout = 2\n\
         [qemu]\nimages = \"{images}\"\naccel = \"tcg\"\nparallel = 4\n\
         [[vm]]\nname = \"{machine}\"\nprovider = \"qemu\"\nimage = \"{image}\"\n{hardware}\n\
         [[vm.package]]\nformat = \"deb\"\nfile_glob = \"greeter_*.deb\"\n\
         [[build]]\nname = \"main\"\nsource = {{ path = \"app\" }}\n\
         commands = [\"sh pack.sh\"]\n",
    );
    [
        ("plan.toml", plan),
        ("app/greeter", desktop.greeter().into()),
        ("app/pack.sh", PACK.into()),
        ("app/control", CONTROL.into()),
        ("scenarios/greets.yaml", desktop.scenario().into()),
    ]
}

/// A project with one virtual machine and an app that greets.
#[derive(Debug)]
pub(super) struct Fleet {
    project: Project,
    desktop: Desktop,
    witness: Witness,
}

impl Fleet {
    /// Returns a fleet whose machine has booted, been installed on, and passed its one scenario.
    pub(super) fn prepared(desktop: Desktop) -> Self {
        let dir = prepared::folder();
        prepared::copy(desktop, dir.path());
        Self::of(Project::in_folder(dir), desktop)
    }

    /// Returns a fleet of which nothing is done yet.
    pub(super) fn write(desktop: Desktop, dir: tempfile::TempDir) -> Self {
        let project = Project::in_folder(dir);
        for (name, text) in files(desktop) {
            project.write(name, &text);
        }
        Self::of(project, desktop)
    }

    fn of(project: Project, desktop: Desktop) -> Self {
        Self {
            witness: Witness::new(project.path()),
            project,
            desktop,
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.project.path()
    }

    pub(super) fn state(&self) -> PathBuf {
        self.project.state()
    }

    pub(super) fn edit_plan(&self, from: &str, to: &str) {
        self.project.edit_plan(from, to);
    }

    /// Writes a scenario.
    pub(super) fn scenario(&self, name: &str, steps: &str) {
        let text = format!("steps:\n{steps}");
        self.project.write(&format!("scenarios/{name}.yaml"), &text);
    }

    /// Changes what the app does.
    pub(super) fn change_app(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.path().join("app/greeter")).unwrap();
        self.project.write("app/greeter", &text.replace(from, to));
    }

    /// Returns the key of the exercise of a scenario.
    pub(super) fn exercise(&self, scenario: &str) -> String {
        format!(
            "{}/none/main.deb/{scenario}:exercise",
            self.desktop.machine()
        )
    }

    /// Returns the key of the step that installs, or keeps what was installed.
    pub(super) fn on_machine(&self, phase: &str) -> String {
        let machine = self.desktop.machine();
        match phase {
            "restore" => format!("{machine}:restore"),
            _ => format!("{machine}/none/main.deb:{phase}"),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.project.command(arguments);
        command
            .env("PATH", Witness::path_var())
            .env("HOME", self.path());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// Runs a command that has to do what is asked, and returns what it wrote.
    pub(super) fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}\n{}{}", ran.out, ran.err);
        ran.out
    }

    /// Returns what a command that writes JSON wrote.
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    /// Returns what a command that writes JSON wrote, when programs are looked for elsewhere.
    pub(super) fn json_with_path(&self, path_var: &str, arguments: &[&str]) -> Value {
        let output = self.command(arguments).env("PATH", path_var).output();
        serde_json::from_slice(&output.unwrap().stdout).unwrap()
    }

    /// Returns the steps that the plan would run, in alphabetical order.
    pub(super) fn due(&self) -> Vec<String> {
        due(&self.json(&["plan", "plan.toml", "--json"]))
    }

    /// Applies the plan to its end.
    pub(super) fn apply(&self) -> Told {
        let (going, told) = self.start();
        going.end(told)
    }

    /// Applies as much of the plan as the step with this key takes.
    pub(super) fn apply_only(&self, key: &str) -> Told {
        let (going, told) = self.start_with(&["--target", key]);
        going.end(told)
    }

    /// Starts to apply the plan. Returns it, and what it tells while it goes on.
    pub(super) fn start(&self) -> (Going, impl Iterator<Item = Event> + use<>) {
        self.start_with(&[])
    }

    fn start_with(&self, more: &[&str]) -> (Going, impl Iterator<Item = Event> + use<>) {
        let errors = self.path().join("errors");
        let mut child = self
            .command(&["apply", "plan.toml", "--yes", "--json"])
            .args(["--junit", "junit.xml"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        let lines: BufReader<ChildStdout> = BufReader::new(child.stdout.take().unwrap());
        // The last line may be torn, when it is killed.
        let events = lines.lines().map_while(Result::ok);
        let events = events.map_while(|line| serde_json::from_str(&line).ok());
        let runs = self.state().join("runs");
        (
            Going {
                child,
                errors,
                runs,
            },
            events,
        )
    }

    /// Returns the machines that run now.
    pub(super) fn machines(&self) -> Vec<Marked> {
        processes::of(&self.state())
    }

    /// Returns the arguments of each machine that was started since this was asked last.
    pub(super) fn starts(&self) -> Vec<String> {
        self.witness.news()
    }

    /// No process, no folder, no lease and no lock of it is there.
    pub(super) fn assert_nothing_left(&self) {
        let machines = self.machines();
        assert!(machines.is_empty(), "{machines:?}");
        let state = self.json(&["state", "pull", "plan.toml"]);
        assert_eq!(state["leases"].as_array().unwrap().len(), 0, "{state}");
        assert_eq!(state["unfinished"].as_object().unwrap().len(), 0, "{state}");
        let lock = self.ok(&["lock", "info", "plan.toml"]);
        assert!(lock.contains("not locked"), "{lock}");
        let left = self.folders_of_leases();
        assert!(left.is_empty(), "{left:?}");
    }

    /// Returns everything below the state, but for records of runs and layers, that is named after
    /// a lease.
    pub(super) fn folders_of_leases(&self) -> Vec<PathBuf> {
        let runs = self.state().join("runs");
        let names = fs::read_dir(&runs).into_iter().flatten().flatten();
        let names: Vec<_> = names
            .map(|entry| format!("{}-", entry.file_name().display()))
            .collect();
        let mut found = Vec::new();
        let mut open = vec![self.state()];
        while let Some(dir) = open.pop() {
            for entry in fs::read_dir(dir).unwrap().flatten() {
                let (path, name) = (entry.path(), entry.file_name());
                let name = name.to_string_lossy();
                if names.iter().any(|run| name.contains(run)) {
                    found.push(path);
                } else if path.is_dir() && path != runs && !name.starts_with("mosdat-") {
                    open.push(path);
                }
            }
        }
        found
    }
}

/// An apply that goes on. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Going {
    child: Child,
    errors: PathBuf,
    runs: PathBuf,
}

impl Going {
    /// Awaits its end. `told` is what it has told, or goes on to.
    pub(super) fn end(mut self, told: impl IntoIterator<Item = Event>) -> Told {
        let events = told.into_iter().collect();
        Told {
            events,
            code: self.child.wait().unwrap().code(),
            err: fs::read_to_string(&self.errors).unwrap(),
            runs: self.runs.clone(),
        }
    }

    /// Tells it to stop, as Ctrl-C does.
    pub(super) fn interrupt(&self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
    }

    /// Kills it, as a computer without memory would.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        // Only of a test that fails is it still there.
        drop(self.child.kill());
    }
}
