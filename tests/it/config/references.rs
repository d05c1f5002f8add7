//! The schema of older app configs keeps being read.

use super::fakes::{Map, mistakes};
use mosdat::{
    config::{Loaded, load},
    model::{Diagnostic, Machine, ProviderKind, Scenarios, SignIn, Source},
};
use std::{path::Path, time::Duration};

/// An app config with every table and key of the older schema.
const SKETCHBOOK: &str = r#"
[app]
name = "sketchbook"
version = "7.0.1"
binary = "/opt/Sketchbook/sketchbook-app"
args = ["--no-sandbox", "--quiet"]
process_name = "sketchbook-app"
timeout = 15

[app.exit_codes]
pass = [0, 124]
fail = [139, 134, -1]

[build]
repo_path = "../../sketchbook"
commands = ["make deps", "make packages"]
dist_dir = "out"
checkout = true

[proxmox]
host = "192.0.2.5"
port = 8006
user = "root@pam"
node = "rack1"
gpu_pci_address = "0000:02:00,pcie=1"

[defaults]
user = "painter"

[[vm]]
name = "suse"
vmid = 310
ip = "192.0.2.10"
desktop = "KDE on X11"
os_type = "linux"
x11 = "auto"
[[vm.package]]
format = "rpm"
install = "sudo zypper install -y /tmp/{file}"
uninstall = "sudo zypper remove -y {app_name} || true"
app_path = "/opt/Sketchbook/{app_name}-app"
file_glob = "sketchbook-*.rpm"
[[vm.package]]
format = "flatpak"
appid = "org.example.Sketchbook"
remote = "example"
version = "7.0.0"
install = "flatpak install --user -y example org.example.Sketchbook//{version}"
app_path = "flatpak run org.example.Sketchbook"
process_name = "sketchbook-app"
data_dir = "~/.var/app/org.example.Sketchbook"

[[vm]]
name = "windows"
vmid = 311
ip = "192.0.2.11"
user = "Painter"
password = "env:WINDOWS_PASSWORD"
desktop = "Windows 11"
os_type = "windows"
[[vm.package]]
format = "exe"
install = "Start-Process -Wait 'C:\\tmp\\{file}' -ArgumentList '/S'"
app_path = "C:\\Program Files\\Sketchbook\\Sketchbook.exe"

[[test]]
name = "x11"
script = "test-x11.sh"
[[test]]
name = "gpu-x11"
gpu = true
script = "test-gpu-x11.sh"

[vlm]
base_url = "http://192.0.2.9:5001/v1,http://192.0.2.8:5001/v1"
model = "small"
verify_model = "large"
expected_model = "small"
api_key = "file:~/.config/vlm-key"
max_tokens_floor = 512

[functional]
enabled = true
workspace_url = "draw.example.test"
test_user = "robot"
test_password = "env:ROBOT_PASSWORD"

[report]
title = "Sketchbook on everything"
critical_tests = ["wayland-fake"]
critical_description = "Must pass everywhere."
[report.known_issues]
"snap+gpu" = "the snap does not see the GPU"

[cursor]
profile = "linear"
duration_ms = 400
hover_dwell_ms = 150
seed = "auto"
"#;

fn sketchbook(text: &str) -> Result<Loaded, Vec<Diagnostic>> {
    let files = Map::of(&[("examples/sketchbook.toml", text)]);
    let open = |folder: &Path, _: &SignIn| -> Box<dyn Scenarios> {
        assert_eq!(folder, Path::new("examples/scenarios"));
        Box::new(super::fakes::Folder(super::fakes::USUAL.into()))
    };
    load(Path::new("examples/sketchbook.toml"), &files, &open)
}

#[test]
fn an_older_app_config_is_a_plan() {
    let loaded = sketchbook(SKETCHBOOK);
    assert_eq!(mistakes(&loaded), "no mistakes");
    let desired = loaded.unwrap().desired;
    assert_eq!(desired.name.as_str(), "sketchbook");
    assert_eq!(desired.cells.len(), 3 * 2);
    assert_eq!(desired.app.timeout, Duration::from_secs(15));
    let suse = &desired.machines[&"suse".into()];
    let of = |machine: &Machine| (machine.provider, machine.vmid, machine.node.clone());
    assert_eq!(
        of(suse),
        (ProviderKind::Proxmox, Some(310), Some("rack1".into()))
    );
    let rpm = &suse.packages[&"rpm".into()];
    assert_eq!(rpm.uninstall, "sudo zypper remove -y sketchbook || true");
    assert_eq!(
        rpm.app_path.as_deref(),
        Some("/opt/Sketchbook/sketchbook-app")
    );
    let flatpak = &suse.packages[&"flatpak".into()];
    assert!(flatpak.install.ends_with("org.example.Sketchbook//7.0.0"));
    let exe = &desired.machines[&"windows".into()].packages[&"exe".into()];
    assert_eq!(exe.file_glob, "sketchbook-*.exe");
}

#[test]
fn its_build_is_named_after_the_version_and_checks_it_out() {
    let desired = sketchbook(SKETCHBOOK).unwrap().desired;
    let build = &desired.builds[&"7.0.1".into()];
    let source = Source::Git {
        repository: "../sketchbook".into(),
        reference: "7.0.1".into(),
    };
    assert_eq!(build.source, source);
    assert_eq!(build.commands, ["make deps", "make packages"]);
    assert_eq!(build.dist_dir, Path::new("out"));
    let as_it_is = SKETCHBOOK.replace("checkout = true", "checkout = false");
    let desired = sketchbook(&as_it_is).unwrap().desired;
    assert_eq!(
        desired.builds[&"7.0.1".into()].source,
        Source::Path("../sketchbook".into())
    );
}

#[test]
fn a_list_of_builds_comes_before_the_build_of_an_app_config() {
    let files = Map::of(&[
        (
            "plans/p.toml",
            "[matrix]\ninclude = [\"../examples/s.toml\"]\n\
             [[build]]\nname = \"next\"\nsource = { git = \"../app\", ref = \"next\" }",
        ),
        ("examples/s.toml", SKETCHBOOK),
    ]);
    let open = |_: &Path, _: &SignIn| -> Box<dyn Scenarios> {
        Box::new(super::fakes::Folder(super::fakes::USUAL.into()))
    };
    let desired = load(Path::new("plans/p.toml"), &files, &open)
        .unwrap()
        .desired;
    let builds: Vec<_> = desired.builds.keys().map(ToString::to_string).collect();
    assert_eq!(builds, ["next"]);
}

#[test]
fn its_scenarios_may_lie_elsewhere() {
    let text = SKETCHBOOK.replace("enabled = true", "tests_dir = \"../mine\"");
    let files = Map::of(&[("examples/s.toml", &text), ("mine/draw.yaml", "steps: []")]);
    let open = |folder: &Path, _: &SignIn| -> Box<dyn Scenarios> {
        assert_eq!(folder, Path::new("mine"));
        Box::new(super::fakes::Folder(vec!["draw"]))
    };
    let desired = load(Path::new("examples/s.toml"), &files, &open)
        .unwrap()
        .desired;
    assert_eq!(desired.scenarios.len(), 1);
}

#[test]
fn tables_that_an_older_version_ignored_in_silence_are_mistakes() {
    let vms = SKETCHBOOK.replace("[[vm]]", "[[vms]]");
    assert!(mistakes(&sketchbook(&vms)).contains("vms"));
    let packages = SKETCHBOOK.replace("[app.exit_codes]", "[app.packages]");
    assert!(mistakes(&sketchbook(&packages)).contains("unknown key `packages` in `[app]`"));
}
