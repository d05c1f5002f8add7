//! Stand-ins for the programs that images are made with. They do what the real ones leave behind,
//! without a network and at once, can be held at a point, and write down that they were called.

use crate::project::Ran;
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// What every stand-in begins with. `reach POINT` notes that the point was reached, and stays there
/// when it is to be held.
const COMMON: &str = r#"#!/bin/sh
set -eu
world=@WORLD@
note() { echo "$*" >> "$world/calls"; }
reach() {
  if [ -e "$world/hold-$1" ]; then
    echo $$ > "$world/held.new"
    mv "$world/held.new" "$world/held"
    exec sleep 1000
  fi
  if [ -e "$world/fail-$1" ]; then cat "$world/fail-$1" >&2; exit 100; fi
}
"#;

const APT_CONFIG: &str = r#"
echo 'Acquire::http::Proxy "http://proxy.invalid:3128";'
echo 'APT::Other "thing";'
"#;

const APT_GET: &str = r#"
cache=$(sed -n 's/^Dir::Cache "\(.*\)";$/\1/p' "$APT_CONFIG")
case " $* " in
  *' update '*) note update; reach update ;;
  *' install '*)
    note fetch
    echo "0 upgraded, 3 newly installed, 0 to remove and 0 not upgraded."
    for name in one two three; do
      if [ -e "$cache/archives/${name}_1_amd64.deb" ]; then continue; fi
      echo "Get:1 http://m.invalid bookworm/main amd64 $name amd64 1 [1 kB]"
      note "got $name"
      echo "$name" > "$cache/archives/${name}_1_amd64.deb"
      reach "$name"
    done ;;
esac
"#;

const MMDEBSTRAP: &str = r#"
case "$*" in
  *--unshare-helper*) shift; exec "$@" ;;
  *--variant=custom*) note sources; echo 'source: deb http://usual.invalid trixie main'; exit 0 ;;
esac
note root
for word; do
  before=${target-}; target=${last-}; last=$word
  case "$word" in *copy-in*) guest=${word#*copy-in \'}; guest=${guest%%\' *} ;; esac
done
[ ! -e "$target" ] || { echo "$target is there" >&2; exit 1; }
mkdir -p "$target/boot/mosdat" "$target/etc"
echo "Setting up one (1) ..."
reach root
cp "$guest/files/etc/hostname" "$target/etc/hostname"
for name in vmlinuz initrd.img packages; do echo "$name" > "$target/boot/mosdat/$name"; done
echo "ssh-ed25519 AAAAhost" > "$target/boot/mosdat/host-key"
reach rooted
"#;

const MKFS: &str = r#"
note disk
for word; do before=${last-}; last=$word; done
reach mkfs
printf 'disk of %s\n' "$(cat "$before/etc/hostname")" | dd of="$last" conv=notrunc status=none
"#;

const QEMU_IMG: &str = r#"
if [ "$1" = convert ]; then
  note convert
  for word; do last=$word; done
  echo torn > "$last"
  reach convert
fi
exec /usr/bin/qemu-img "$@"
"#;

/// A folder of images, and stand-ins that fill it.
#[derive(Debug)]
pub(super) struct World {
    dir: tempfile::TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        let world = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(world.path("bin")).unwrap();
        for (name, script) in [
            ("apt-config", APT_CONFIG),
            ("apt-get", APT_GET),
            ("mmdebstrap", MMDEBSTRAP),
            ("mkfs.ext4", MKFS),
            ("qemu-img", QEMU_IMG),
        ] {
            let script = format!("{COMMON}{script}");
            let place = world.dir.path().to_str().unwrap();
            let path = world.path(&format!("bin/{name}"));
            fs::write(&path, script.replace("@WORLD@", place)).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        world
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn images(&self) -> PathBuf {
        self.path("images")
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mosdat"));
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        command
            .arg("image")
            .args(arguments)
            .env_clear()
            .env("PATH", path)
            .env("MOSDAT_IMAGES", self.images())
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
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

    /// Makes the usual image.
    pub(super) fn build(&self) -> String {
        self.ok(&BUILD)
    }

    /// Returns what `image list --json --check` says of each image.
    pub(super) fn list(&self) -> Vec<Value> {
        let text = self.ok(&["list", "--json", "--check"]);
        let document: Value = serde_json::from_str(&text).unwrap();
        document["images"].as_array().unwrap().clone()
    }

    /// Returns which stand-ins did their work since the last time.
    pub(super) fn calls(&self) -> Vec<String> {
        let path = self.path("calls");
        let text = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, "").unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Makes stand-ins stay at a point.
    pub(super) fn hold(&self, point: &str) {
        let _last = fs::remove_file(self.path("held"));
        fs::write(self.path(&format!("hold-{point}")), "").unwrap();
    }

    /// Lets them pass again.
    pub(super) fn release(&self, point: &str) {
        fs::remove_file(self.path(&format!("hold-{point}"))).unwrap();
    }

    /// Makes a stand-in fail at a point, with these words.
    pub(super) fn fail(&self, point: &str, words: &str) {
        fs::write(self.path(&format!("fail-{point}")), words).unwrap();
    }

    /// Lets it do its work again.
    pub(super) fn mend(&self, point: &str) {
        fs::remove_file(self.path(&format!("fail-{point}"))).unwrap();
    }

    /// Starts the usual build and waits until a stand-in stays at `point`; returns its process id
    /// as well.
    pub(super) fn held_at(&self, point: &str) -> (Child, u32) {
        self.hold(point);
        let mut command = self.command(&BUILD);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Nobody tells of a file that appears; a build that ended before would never make it.
        let until = Instant::now() + Duration::from_mins(2);
        loop {
            if let Ok(text) = fs::read_to_string(self.path("held")) {
                return (child, text.trim().parse().unwrap());
            }
            assert!(
                child.try_wait().unwrap().is_none(),
                "it was not held at {point}"
            );
            assert!(Instant::now() < until, "it never came to {point}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The usual build.
pub(super) const BUILD: [&str; 4] = ["build", "debian12", "--mirror", "http://m.invalid/debian"];

pub(super) fn lives(pid: u32) -> bool {
    // Its state comes after its name. One that has ended and was not asked for yet is a zombie; one
    // that becomes another program just now has no command line for a moment, but lives.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

/// Whether any file is left below a folder.
pub(super) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(files_below(&entry.path()));
        }
        found.push(entry.path());
    }
    found
}
