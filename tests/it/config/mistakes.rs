//! A file full of mistakes: each is said once, all in one go, with its place.

use super::fakes::{load_text, mistakes};

#[test]
fn every_mistake_is_told_in_one_go() {
    let plan = r#"
[app]
name = "notes"
version = 4
bin = "/usr/bin/notes"

[matrix]
machnes = ["debian12"]
formats = ["dbe"]
gpu = ["rtx3060"]
builds = ["[main"]
scenarios = ["open-noet", "smoke/*"]
timeout = "fast"
exclude = [{ machines = "suse*" }]
expect = [{ scenarios = "smoke/*", verdict = "blocked", why = "known" }]

[[vm]]
name = "debian/12"
provider = "proxmox"
vmid = "201"
[[vm.package]]
format = "tar.gz"

[[vm]]
name = "fedora"
provider = "simm"
ip = "10.0.0.1"
session = "wayland-session"
geometry = "big"
[[vm.package]]
format = "deb"

[[vm]]
name = "fedora"
provider = "sim"
ip = "10.0.0.1"
slots = 0
[[vm.package]]
format = "deb"

[[build]]
name = "main"
source = { git = "../app", path = "../app" }

[[build]]
name = "pull"
source = { repo = "me/app", pr = 3 }

[[gpu]]
name = "none"
mode = "primry"

[pools]
"machine:debain" = 2

[sim]
fail_rate = 1.5
durations = { restore = ["30s", "10s"] }

[vms]
name = "x"
"#;
    insta::assert_snapshot!(mistakes(&load_text(plan)), @r##"
    plans/notes.toml:2:1 error: `[app]` has no `binary`
        >[app]<
        add a line such as `binary = "/usr/bin/notes"`
    plans/notes.toml:4:11 error: `version` must be text in quotes, not a whole number
        version = >4<
    plans/notes.toml:5:1 error: unknown key `bin` in `[app]`
        >bin< = "/usr/bin/notes"
        did you mean `binary`?
    plans/notes.toml:8:1 error: unknown key `machnes` in `[matrix]`
        >machnes< = ["debian12"]
        did you mean `machines`?
    plans/notes.toml:9:12 error: `dbe` matches no package format
        formats = [>"dbe"<]
        did you mean `deb`?
    plans/notes.toml:10:8 error: `rtx3060` matches no GPU
        gpu = [>"rtx3060"<]
        there is only `none`
    plans/notes.toml:11:11 error: `[main` is not a glob: unclosed character class; missing ']'
        builds = [>"[main"<]
    plans/notes.toml:12:14 error: `open-noet` matches no scenario
        scenarios = [>"open-noet"<, "smoke/*"]
        did you mean `open-note`?
    plans/notes.toml:13:11 error: `fast` is not a span of time
        timeout = >"fast"<
        write it as `"15m"`, `"90s"`, `"1h30m"`, or whole seconds
    plans/notes.toml:14:12 error: `matrix.exclude` has no `why`
        exclude = [>{ machines = "suse*" }<]
        add a line such as `why = "no such driver"`
    plans/notes.toml:14:25 error: `suse*` matches no machine
        exclude = [{ machines = >"suse*"< }]
        there are `debian/12`, `fedora`
    plans/notes.toml:15:46 error: `verdict` cannot be `blocked`
        expect = [{ scenarios = "smoke/*", verdict = >"blocked"<, why = "known" }]
        to leave cells out, use `exclude`
    plans/notes.toml:18:8 error: `debian/12` cannot be the name of a machine: it contains `/`
        name = >"debian/12"<
        names become parts of step keys such as `debian12/none/main.deb/open-note:exercise`
    plans/notes.toml:19:12 error: there is no `[proxmox]`
        provider = >"proxmox"<
        add a table `[proxmox]`, or choose another provider
    plans/notes.toml:20:8 error: `vmid` must be a whole number, not text
        vmid = >"201"<
    plans/notes.toml:22:10 error: `tar.gz` cannot be the name of a package format: it contains `.`
        format = >"tar.gz"<
        names become parts of step keys such as `debian12/none/main.deb/open-note:exercise`
    plans/notes.toml:26:12 error: `provider` cannot be `simm`
        provider = >"simm"<
        did you mean `sim`?
    plans/notes.toml:28:11 error: `session` cannot be `wayland-session`
        session = >"wayland-session"<
        did you mean `wayland`?
    plans/notes.toml:29:12 error: `big` is not the size of a screen
        geometry = >"big"<
        write it as `"1024x768"`
    plans/notes.toml:34:8 error: there are two machines named `fedora`
        name = >"fedora"<
        the first is at plans/notes.toml:25
    plans/notes.toml:36:6 error: two machines have the address `10.0.0.1`
        ip = >"10.0.0.1"<
        the first is at plans/notes.toml:27
    plans/notes.toml:37:9 error: `slots` must be from 1 to 10000
        slots = >0<
    plans/notes.toml:43:10 error: a build has one source
        source = >{ git = "../app", path = "../app" }<
        give one of `git`, `path` or `package`
    plans/notes.toml:47:10 error: pull requests are not built yet: use git and ref
        source = >{ repo = "me/app", pr = 3 }<
        use `git` and `ref`: `ref = "refs/pull/3325/head"` is what such a request proposes
    plans/notes.toml:50:8 error: no GPU can be named `none`, which stands for no GPU
        name = >"none"<
    plans/notes.toml:50:8 error: nothing says which device the GPU `none` is
        name = >"none"<
        add `pci = "0000:01:00"`, a `mapping`, or `vendor` and `device`
    plans/notes.toml:51:8 error: `mode` cannot be `primry`
        mode = >"primry"<
        did you mean `primary`?
    plans/notes.toml:54:1 error: there is no pool `machine:debain`
        >"machine:debain"< = 2
        did you mean `machine:debian/12`?
    plans/notes.toml:57:13 error: `fail_rate` must be from 0 to 1
        fail_rate = >1.5<
    plans/notes.toml:58:25 error: the least of `restore` is more than the most
        durations = { restore = >["30s", "10s"]< }
    plans/notes.toml:60:2 error: unknown table `vms`
        [>vms<]
        did you mean `[[vm]]`?
    "##);
}
