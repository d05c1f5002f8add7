//! Files that include others, and files that cannot be read.

use super::fakes::{APP, Map, SIM, USUAL, load_from, mistakes};

#[test]
fn a_syntax_error_has_a_place_and_the_other_files_are_read_on() {
    let files = Map::of(&[
        (
            "plans/notes.toml",
            "[matrix]\ninclude = [\"a.toml\", \"b.toml\"]\nretries = = 3\n[matrx]\n",
        ),
        ("plans/a.toml", "[[vm]]\nname = 3\nwat"),
        ("plans/b.toml", "[appp]\nname = \"notes\""),
    ]);
    insta::assert_snapshot!(mistakes(&load_from(&files, &USUAL)), @r##"
    plans/notes.toml:3:11 error: not TOML: extra `=`, expected nothing
        retries = >=< 3
    plans/a.toml:3:4 error: not TOML: key with no value, expected `=`
        wat><
    plans/b.toml:1:2 error: unknown table `appp`
        [>appp<]
        did you mean `[app]`?
    "##);
}

#[test]
fn files_that_are_not_there_are_named_where_they_are_included() {
    let files = Map::of(&[
        (
            "plans/notes.toml",
            "[matrix]\ninclude = [\"../examples/note.toml\", \"secret.toml\", \"/etc/x.toml\", 3]",
        ),
        ("plans/secret.toml", "UNREADABLE"),
        ("examples/notes.toml", APP),
    ]);
    insta::assert_snapshot!(mistakes(&load_from(&files, &USUAL)), @r##"
    plans/notes.toml:2:12 error: cannot read `examples/note.toml`: no such file
        include = [>"../examples/note.toml"<, "secret.toml", "/etc/x.toml", 3]
        did you mean `notes.toml`?
    plans/notes.toml:2:37 error: cannot read `plans/secret.toml`: permission denied
        include = ["../examples/note.toml", >"secret.toml"<, "/etc/x.toml", 3]
    plans/notes.toml:2:52 error: cannot read `/etc/x.toml`: no such file
        include = ["../examples/note.toml", "secret.toml", >"/etc/x.toml"<, 3]
        paths are relative to the file they stand in
    plans/notes.toml:2:67 error: `include` must be text in quotes, not a whole number
        include = ["../examples/note.toml", "secret.toml", "/etc/x.toml", >3<]
    "##);
}

#[test]
fn a_missing_plan_file_is_told_without_a_place() {
    let shown = mistakes(&load_from(&Map::default(), &USUAL));
    assert_eq!(
        shown,
        "error: cannot read the plan file `plans/notes.toml`: no such file\n"
    );
}

#[test]
fn files_that_include_each_other_are_told_as_a_circle() {
    let files = Map::of(&[
        ("plans/notes.toml", "[matrix]\ninclude = [\"a.toml\"]"),
        ("plans/a.toml", "[matrix]\ninclude = [\"./b.toml\"]"),
        ("plans/b.toml", "[matrix]\ninclude = [\"../plans/a.toml\"]"),
    ]);
    insta::assert_snapshot!(mistakes(&load_from(&files, &USUAL)), @r##"
    plans/notes.toml:1:1 error: there is no `[app]`
        >[<matrix]
        say which app is tested: `name`, `version` and `binary`, here or in an included file
    plans/b.toml:2:12 error: files include each other: `plans/a.toml` includes `plans/b.toml` includes `plans/a.toml`
        include = [>"../plans/a.toml"<]
        take one of them out
    "##);
}

#[test]
fn a_file_that_is_included_twice_is_read_once() {
    let files = Map::of(&[
        (
            "plans/notes.toml",
            "[matrix]\ninclude = [\"a.toml\", \"b.toml\"]",
        ),
        ("plans/a.toml", "[matrix]\ninclude = [\"c.toml\"]"),
        ("plans/b.toml", "[matrix]\ninclude = [\"c.toml\"]"),
        ("plans/c.toml", &format!("{APP}{SIM}")),
    ]);
    let loaded = load_from(&files, &USUAL).unwrap();
    assert_eq!((loaded.files.len(), loaded.desired.cells.len()), (4, 2));
}

#[test]
fn one_table_in_two_files_names_both_places_and_lists_add_up() {
    let files = Map::of(&[
        (
            "plans/notes.toml",
            &format!("[matrix]\ninclude = [\"a.toml\"]\n{APP}{SIM}"),
        ),
        (
            "plans/a.toml",
            "[app]\n[sim]\nseed = 3\n[matrix]\nname = \"a\"\n[[vm]]\nname = \"sim\"",
        ),
    ]);
    insta::assert_snapshot!(mistakes(&load_from(&files, &USUAL)), @r##"
    plans/a.toml:1:1 error: there are two `[app]`
        >[app]<
        the first is at plans/notes.toml:3
    plans/a.toml:2:1 error: there are two `[sim]`
        >[sim]<
        the first is at plans/notes.toml:7
    plans/a.toml:4:1 error: there are two `[matrix]`
        >[matrix]<
        the first is at plans/notes.toml:1
    plans/a.toml:6:1 error: nothing can be installed on this machine
        >[[vm]]<
        add a `[[vm.package]]` with its `format`, such as `"deb"`
    plans/a.toml:7:8 error: there are two machines named `sim`
        name = >"sim"<
        the first is at plans/notes.toml:9
    "##);
}

#[test]
fn bytes_that_are_not_text_have_a_place() {
    let files = Map::bytes("plans/notes.toml", b"[app]\nname = \"caf\xe9\"".to_vec());
    let shown = mistakes(&load_from(&files, &USUAL));
    assert!(
        shown.starts_with("plans/notes.toml:2:12 error: this is not UTF-8"),
        "{shown}"
    );
}
