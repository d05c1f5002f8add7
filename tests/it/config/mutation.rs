//! Whatever a file says, it is either read or told to be wrong with a place: nothing panics.

use super::fakes::{APP, Map, USUAL, load_from};
use mosdat::model::Severity;
use proptest::prelude::*;

/// A valid file with something of everything.
const VALID: &str = r#"
[matrix]
name = "notes"
machines = ["debian12-*", "fedora"]
formats = ["deb", "r{p,m}m"]
gpu = ["none", "rtx3060"]
scenarios = ["open-note", "smoke/*"]
exclude = [{ machines = "fedora", gpu = "rtx3060", why = "no driver — yet" }]
expect = [{ scenarios = "smoke/x11", verdict = "failed", why = "issue 12" }]
retries = 1
timeout = "1h30m"
[proxmox]
host = "192.0.2.5"
password = "env:PASSWORD"
[sim]
seed = 7
fail_rate = 0.5
durations = { restore = ["10s", "30s"], install = "50ms" }
[pools]
"machine:fedora" = 2
[[vm]]
name = "debian12-x11"
provider = "proxmox"
vmid = 201
ip = "192.0.2.10"
geometry = "1024x768"
[[vm.package]]
format = "deb"
install = "apt install /tmp/{file}"
[[vm]]
name = "fedora"
provider = "sim"
session = "wayland"
[[vm.package]]
format = "rpm"
[[gpu]]
name = "rtx3060"
pci = "0000:01:00"
[[build]]
name = "main"
source = { git = "../app", ref = "main" }
commands = ["./package.sh"]
"#;

fn check(bytes: &[u8]) {
    let files = Map::bytes("plans/notes.toml", bytes.to_vec());
    let Err(diagnostics) = load_from(&files, &USUAL) else {
        return;
    };
    let text = String::from_utf8_lossy(bytes).into_owned();
    let lines: Vec<&str> = text
        .split('\n')
        .map(|line| line.trim_end_matches('\r'))
        .collect();
    assert!(
        diagnostics
            .iter()
            .any(|found| found.severity == Severity::Error)
    );
    for diagnostic in diagnostics {
        let place = diagnostic
            .place
            .expect("every mistake is somewhere in the file");
        assert_eq!(lines[place.line - 1], place.text);
        assert!(place.column <= place.text.chars().count() + 1);
    }
}

#[test]
fn the_file_that_is_mutated_is_valid() {
    let files = Map::of(&[("plans/notes.toml", &format!("{APP}{VALID}"))]);
    assert_eq!(
        super::fakes::mistakes(&load_from(&files, &USUAL)),
        "no mistakes"
    );
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_in_a_valid_file_are_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        let mut bytes = format!("{APP}{VALID}").into_bytes();
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        check(&bytes);
    }

    #[test]
    fn a_valid_file_without_a_part_is_read_or_refused(
        start in any::<prop::sample::Index>(),
        length in 1..60_usize,
        filling in prop::sample::select(vec!["", "\"", "[", "[[", "{", "=", "0", "é", "\r\n", "*"])
    ) {
        let mut bytes = format!("{APP}{VALID}").into_bytes();
        let start = start.index(bytes.len());
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, filling.bytes());
        check(&bytes);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{}=.\",\n a-z0-9*é]{0,80}") {
        check(text.as_bytes());
    }
}
