//! Mistakes in machines, builds, GPUs, providers and the tables that nothing uses yet.

use super::fakes::{APP, SIM, check, load_tables, load_text, mistakes};
use mosdat::model::Platform;

const PACKAGE: &str = "[[vm.package]]\nformat = \"deb\"\ninstall = \"apt install {file}\"\n";
const BUILD: &str = "[[build]]\nname = \"main\"\nsource = { path = \"..\" }\n";

#[test]
fn names_that_would_break_a_step_key_are_refused() {
    for name in [
        "a/b", "a:b", "", " ", "a*", "a\\\\b", "..", "a\\u0007", " a",
    ] {
        let cannot = "cannot be the name of";
        check(&format!("{SIM}[matrix]\nname = \"{name}\""), cannot);
        check(&format!("{SIM}[[build]]\nname = \"{name}\""), cannot);
        check(&format!("{SIM}[[gpu]]\nname = \"{name}\""), cannot);
        let vm = format!("{SIM}[[vm]]\nname = \"{name}\"\n[[vm.package]]\nformat = \"{name}\"");
        let shown = mistakes(&load_tables(&vm));
        assert_eq!(shown.matches(cannot).count(), 2, "{shown}");
    }
    check(
        &format!("{SIM}[[vm]]\nname = \"v\"\n[[vm.package]]\nformat = \"tar.gz\""),
        "it contains `.`",
    );
}

#[test]
fn the_version_of_an_app_config_must_do_as_a_name() {
    let build = "[build]\nrepo_path = \"..\"\ncommands = [\"make\"]\n";
    let text = format!("{APP}{SIM}{build}").replace("4.1.0", "release/4.1");
    assert!(mistakes(&load_text(&text)).contains("cannot be the name of a build"));
}

#[test]
fn what_may_be_there_only_once_names_the_first() {
    let vm = |name: &str, more: &str| {
        format!("[[vm]]\nname = \"{name}\"\n{more}[[vm.package]]\nformat = \"deb\"\n")
    };
    let two = |one: &str, other: &str| format!("[sim]\n{}{}", vm("a", one), vm("b", other));
    check(
        &two("vmid = 7\n", "vmid = 7\n"),
        "two machines have the `vmid` 7",
    );
    check(
        &two("ip = \"fe80::1\"\n", "ip = \"FE80:0::1\"\n"),
        "two machines have the address",
    );
    check(
        &two("ip = \"Host\"\n", "ip = \"host\"\n"),
        "the first is at plans/notes.toml:8",
    );
    check(
        &format!("{SIM}{}", vm("sim", "")),
        "there are two machines named `sim`",
    );
    let build = "[[build]]\nname = \"main\"\n";
    check(
        &format!("{SIM}{build}{build}"),
        "there are two builds named `main`",
    );
    let gpu = "[[gpu]]\nname = \"rtx\"\n";
    check(
        &format!("{SIM}{gpu}{gpu}"),
        "there are two GPUs named `rtx`",
    );
    check(
        &format!("{SIM}[[vm.package]]\nformat = \"deb\""),
        "this machine has two packages in the format `deb`",
    );
}

#[test]
fn a_provider_needs_its_table_unless_it_needs_no_settings() {
    let vm = |provider: &str| format!("[[vm]]\nname = \"v\"\n{provider}\n{PACKAGE}");
    check(&vm(""), "nothing says who keeps this machine");
    check(
        &format!("[sim]\n[local]\n{}", vm("")),
        "there are `[local]` and `[sim]`",
    );
    check(&vm("provider = \"proxmox\""), "there is no `[proxmox]`");
    check(&vm("provider = \"sim\""), "no mistakes");
    check(
        &format!("{}{BUILD}", vm("provider = \"local\"")),
        "no mistakes",
    );
    check(
        &format!("{}{BUILD}", vm("provider = \"qemu\"\nimage = \"i\"")),
        "no mistakes",
    );
}

#[test]
fn a_real_machine_has_what_it_takes_to_be_found() {
    let vm = format!("[proxmox]\n[[vm]]\nname = \"v\"\n[[vm.package]]\nformat = \"deb\"\n{BUILD}");
    check(&vm, "no mistakes");
    check(&vm.replace("proxmox", "local"), "no mistakes");
    let with = |line: &str| vm.replace("name = \"v\"", &format!("name = \"v\"\n{line}"));
    let clone = "a machine that is cloned gets its number then";
    check(&with("vmid = 201\ntemplate = 9000"), clone);
    for good in ["10.0.0.21:5900", "[fe80::1]:5901", "vm.example:5900"] {
        let console = format!("console = {{ vnc = \"{good}\", password = \"env:VNC\" }}");
        check(&with(&console), "no mistakes");
    }
    for wrong in ["10.0.0.21", ":5900", "a:0", "a:70000"] {
        let console = format!("console = {{ vnc = \"{wrong}\" }}");
        check(&with(&console), "is not where a VNC server listens");
    }
    check(&with("ssh_port = 0"), "`ssh_port` must be from 1");
    let login = with("ssh_port = 2222\nssh_key = \"../keys/id\"\nuser = \"tester\"");
    check(&login, "no mistakes");
    check(&vm.replace("proxmox", "qemu"), "no `image`");
    let slots = format!("[proxmox]\n[[vm]]\nname = \"v\"\nslots = 2\n{PACKAGE}{BUILD}");
    let one = "a virtual machine of Proxmox serves one step at a time";
    check(&slots, one);
    let pool = slots.replace("slots = 2\n", "") + "[pools]\n\"machine:v\" = 2";
    check(&pool, one);
    let cloned = slots.replace("slots = 2", "slots = 3\ntemplate = 9000");
    check(&cloned, "no mistakes");
    let pool = cloned.clone() + "[pools]\n\"machine:v\" = 4";
    check(&pool, "no mistakes");
    let address = cloned.replace("slots = 3", "slots = 3\nip = \"10.0.0.9\"");
    check(&address, "3 clones cannot all have the address `10.0.0.9`");
    check(&address.replace("= 3", "= 1"), "no mistakes");
}

#[test]
fn a_cluster_is_signed_in_to_in_one_way_and_trusted_in_one() {
    let with = |lines: &str| {
        format!("[proxmox]\nhost = \"pve\"\n{lines}\n[[vm]]\nname = \"v\"\n{PACKAGE}{BUILD}")
    };
    let token = "token_secret = \"env:TOKEN\"\ntoken_id";
    check(
        &with(&format!("{token} = \"mosdat@pve!ci\"")),
        "no mistakes",
    );
    check(
        &with(&format!("{token} = \"ci\"\nuser = \"mosdat@pve\"")),
        "no mistakes",
    );
    check(
        &with(&format!("{token} = \"ci\"\nuser = \"mosdat\"")),
        "`mosdat!ci` is no API token",
    );
    check(
        &with(&format!("{token} = \"a@b!\"")),
        "`a@b!` is no API token",
    );
    let both = "fingerprint = \"AA\"\nca_file = \"ca.pem\"";
    check(
        &with(both),
        "`fingerprint` and `ca_file` exclude each other",
    );
    check(
        &with("fingerprint = \"AA:BB\""),
        "`AA:BB` is not a SHA-256 fingerprint",
    );
    let whole = format!("fingerprint = \"{}\"", ["0A"; 32].join(":"));
    check(&with(&whole), "no mistakes");
    check(&with("calls = 0"), "`calls` must be from 1");
}

#[test]
fn a_virtual_machine_here_is_made_of_an_image_and_hardware() {
    let with = |vm: &str| {
        format!(
            "[qemu]\nmemory = \"2G\"\n[[vm]]\nname = \"v\"\nimage = \"i\"\n{vm}\n{PACKAGE}{BUILD}"
        )
    };
    check(
        &with("memory = 768\ncpus = 1\nslots = 2\nnetwork = \"open\""),
        "no mistakes",
    );
    check(
        &with("memory = \"768\""),
        "`768` is not an amount of memory",
    );
    check(&with("memory = 7"), "`memory` must be from 64");
    check(&with("network = \"half\""), "`network` cannot be `half`");
    check(&with("").replace("\"i\"", "\"../i\""), "an image");
}

#[test]
fn a_build_comes_from_one_place() {
    let local = format!("[local]\n[[vm]]\nname = \"desk\"\n{PACKAGE}[[build]]\nname = \"main\"\n");
    let check = |source: &str, expected: &str| check(&format!("{local}{source}"), expected);
    check("", "the build `main` has no source");
    check("source = {}", "the source is empty");
    check(
        "source = { git = \"..\", path = \"..\" }",
        "a build has one source",
    );
    check(
        "source = { path = \"..\", ref = \"main\" }",
        "`ref` belongs to `git`",
    );
    check(
        "source = { repo = \"me/app\", pr = 1 }",
        "pull requests are not built yet: use git and ref",
    );
    check("source = { package = \"[\" }", "is not a glob");
    check("source = \"..\"", "`source` must be a table, not text");
    check(
        "source = { path = \"..\" }\nenv = [\"A=b\"]",
        "is not the name of a variable",
    );
    check(
        "source = { path = \"..\" }\ntimeout = 0",
        "`timeout` must be more than nothing",
    );
}

#[test]
fn a_real_machine_needs_a_build() {
    let desk = format!("[local]\n[[vm]]\nname = \"desk\"\n{PACKAGE}");
    check(&desk, "there is no build");
    check(&format!("{desk}{BUILD}"), "no mistakes");
}

#[test]
fn a_gpu_of_a_real_machine_is_some_device() {
    let world = format!(
        "[qemu]\n[[vm]]\nname = \"v\"\nimage = \"i\"\n{PACKAGE}{BUILD}[[gpu]]\nname = \"rtx\"\n"
    );
    check(&world, "nothing says which device the GPU `rtx` is");
    check(
        &format!("{world}pci = \"0000:01:00\"\nmapping = \"m\""),
        "a GPU has one address",
    );
    check(
        &format!("{world}vendor = \"10de\""),
        "`vendor` and `device` belong together",
    );
    check(
        &format!("{world}vendor = \"10de\"\ndevice = \"2504\""),
        "no mistakes",
    );
}

#[test]
fn secrets_are_never_looked_up() {
    let proxmox = |more: &str| {
        format!(
            "[proxmox]\n{more}\n[[vm]]\nname = \"v\"\nvmid = 1\nip = \"10.0.0.1\"\n{PACKAGE}{BUILD}"
        )
    };
    check(&proxmox("password = \"env:NOWHERE\""), "no mistakes");
    check(
        &proxmox("token_secret = \"file:/no/such/file\""),
        "no mistakes",
    );
    check(
        &proxmox("password = \"env:\""),
        "does not say where the secret is",
    );
    check(&proxmox("passwrd = \"x\""), "did you mean `password`?");
}

#[test]
fn vision_models_are_checked() {
    let check = |table: &str, expected: &str| check(&format!("{SIM}[vlm]\n{table}"), expected);
    check("modle = \"x\"", "did you mean `model`?");
    check("base_url = \"127.0.0.1:5001\"", "is no address of a server");
    check(
        "base_url = \"http://a/v1, ftp://b\"",
        "`ftp://b` is no address",
    );
    check("base_url = \"http://a/v1,https://b/v1\"", "no mistakes");
    check("family = \"qwen3\"", "did you mean `qwen3-vl`?");
    check("coordinates = \"pixel\"", "did you mean `pixels`?");
    check("answers = \"circle\"", "`answers` cannot be `circle`");
    check("max_pixels = 12", "must be from 100000 to 100000000");
    check("budget = -1", "must be from 0");
    check("timeout = 0", "`timeout` must be more than nothing");
    check("offline = 1", "must be `true` or `false`");
    check("model = \" \"", "`model` is empty");
    check(
        "model = \"holo2-4b\"\nverify_model = \"large\"",
        "no mistakes",
    );
}

#[test]
fn a_model_that_only_points_comes_with_a_warning() {
    let plan = format!("{SIM}[vlm]\nmodel = \"org/UI-TARS-7B\"");
    let warnings = load_tables(&plan).unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].message.contains("only points"), "{warnings:?}");
}

#[test]
fn tables_that_nothing_uses_yet_are_checked_all_the_same() {
    let check = |table: &str, expected: &str| check(&format!("{SIM}{table}"), expected);
    check(
        "[functional]\nenabled = \"yes\"",
        "`enabled` must be `true` or `false`, not text",
    );
    check(
        "[functional]\ntests_dir = \"nowhere\"",
        "there is nothing in `plans/nowhere`",
    );
    check(
        "[report]\nknown_issues = { \"snap+gpu\" = 3 }",
        "must be text in quotes",
    );
    check("[cursor]\nprofile = \"lineer\"", "did you mean `linear`?");
    check("[cursor]\nduration_ms = 5001", "must be from 0 to 5000");
    check("[cursor]\nseed = \"now\"", "`seed` cannot be `now`");
    check("[[test]]\nname = \"x11\"", "`[[test]]` has no `script`");
    check("[defaults]\nusr = \"qa\"", "did you mean `user`?");
    check("[cache]\nmaxsize = 3", "did you mean `max_size`?");
    check("[state]\nbackend = \"http\"", "`backend` cannot be `http`");
    check("[qemu]\naccel = \"hvf\"", "`accel` cannot be `hvf`");
    check("[local]\nparalel = 3", "did you mean `parallel`?");
    check(
        "[app.exit_codes]\npass = [\"0\"]",
        "must be a whole number, not text",
    );
    check("[build]\nrepo_path = \"..\"", "`[build]` has no `commands`");
}

#[test]
fn tables_and_lists_of_tables_are_told_apart() {
    check("[vm]\nname = \"v\"", "write `[[vm]]`");
    check(
        &format!("{SIM}[[matrix]]\nname = \"x\""),
        "`matrix` must be a table, not a list",
    );
    check(&format!("{SIM}[vms]"), "did you mean `[[vm]]`?");
    assert!(
        mistakes(&load_text(&format!("name = \"x\"\n{APP}{SIM}"))).contains("unknown key `name`")
    );
}

#[test]
fn a_machine_runs_the_system_that_it_is_said_to() {
    let vm = format!("[proxmox]\n[[vm]]\nname = \"v\"\n{PACKAGE}{BUILD}");
    let with = |line: &str| vm.replace("name = \"v\"", &format!("name = \"v\"\n{line}"));
    for (line, system) in [
        ("", Platform::Linux),
        ("os_type = \"linux\"", Platform::Linux),
        ("os_type = \"windows\"", Platform::Windows),
        ("os_type = \"macos\"", Platform::Macos),
    ] {
        let loaded = load_tables(&with(line)).unwrap();
        assert_eq!(
            loaded.desired.machines[&"v".into()].platform,
            system,
            "{line}"
        );
    }
    check(&with("os_type = \"windoze\""), "`windows`");
}
