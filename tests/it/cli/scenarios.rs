//! `mosdat lint`, `routines` and `recipes`, on a folder of scenarios.

use super::json;
use crate::project::{FLEET, Project};

const OPEN: &str = "\
name: open-note
description: opens a note
inputs:
  title: {type: string}
  times: {type: int, default: 1}
steps:
- click: {role: list item, name: '{{ title }}'}
- shell: test {{ times }} -gt 1
postconditions:
- verify: {role: entry, text: '{{ title }}'}
on_failure:
- key: Escape
";

const RECIPE: &str = "slug: no-menu\ntitle: The menu stays shut\nsymptoms: [Alt does nothing]\n";

fn project() -> Project {
    let project = Project::new(FLEET);
    project.write("scenarios/routines/linux/open-note.yaml", OPEN);
    project.write("scenarios/recipes/no-menu.yaml", RECIPE);
    project.write(
        "scenarios/notes/new.yaml",
        "steps:\n- {routine: {name: open-note, with: {title: Milk}}}\n",
    );
    project
}

#[test]
fn lint_is_silent_about_what_is_sound() {
    let project = project();
    let told = project.ok(&["lint", "--strict"]);
    assert_eq!(told, "nothing to say about 3 documents\n");
}

#[test]
fn lint_tells_rule_place_and_hint_and_exits_by_severity() {
    let project = project();
    project.write("scenarios/bad.yaml", "steps:\n- shell: pgrep -f notes\n");
    let told = project.ok(&["lint", "bad"]);
    insta::assert_snapshot!(told, @r#"
    warning: `pgrep -f` finds its own shell as well [process-pattern]
     --> scenarios/bad.yaml:2:10
      |
    2 | - shell: pgrep -f notes
      |          ^^^^^^^^^^^^^^
      |
      = help: use `app_running`

    1 warning
    "#);
    assert_eq!(project.run(&["lint", "--strict"]).code, Some(1));
    project.ok(&["lint", "notes/new", "--strict"]);
    project.ok(&["lint", "scenarios/notes/new.yaml", "--strict"]);
    project.write("scenarios/bad.yaml", "steps:\n- shel: x\n");
    let ran = project.run(&["lint", "--json"]);
    assert_eq!(ran.code, Some(1));
    let found = json(&ran.out);
    assert_eq!(found["documents"], 4);
    let one = &found["findings"][0];
    assert_eq!(one["rule"], "read");
    assert_eq!(one["severity"], "error");
    assert_eq!(one["file"], "scenarios/bad.yaml");
    assert_eq!((&one["line"], &one["column"]), (&2.into(), &3.into()));
    assert_eq!(one["hint"], "did you mean `shell`?");
    let ran = project.run(&["lint", "notes/now"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("did you mean `notes/new.yaml`?"),
        "{}",
        ran.err
    );
}

#[test]
fn routines_are_listed_shown_and_explained() {
    let project = project();
    let listed = project.ok(&["routines", "list"]);
    assert_eq!(listed, "linux/open-note(title, times=1)  opens a note\n");
    assert_eq!(project.ok(&["routines", "show", "linux/open-note"]), OPEN);
    let with = ["--with", "title=Milk", "--with", "times=3"];
    let asked = [&["routines", "explain", "linux/open-note"][..], &with].concat();
    insta::assert_snapshot!(project.ok(&asked), @r#"
    [routine:open-note]
      click list item `Milk`  (routines/linux/open-note.yaml line 7)
      run `test 3 -gt 1`  (routines/linux/open-note.yaml line 8)
      postcondition: verify entry holding `Milk`: verify entry holding `Milk`  (routines/linux/open-note.yaml line 10)
    when one of them does not pass
      press Escape  (routines/linux/open-note.yaml line 12)
    "#);
    let ran = project.run(&["routines", "explain", "linux/open-note"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("the input `title` is missing"),
        "{}",
        ran.err
    );
    let ran = project.run(&["routines", "show", "open-notes"]);
    assert!(ran.err.contains("did you mean"), "{}", ran.err);
}

#[test]
fn recipes_are_listed_shown_and_searched() {
    let project = project();
    let line = "no-menu  The menu stays shut\n";
    assert_eq!(project.ok(&["recipes", "list"]), line);
    assert_eq!(project.ok(&["recipes", "search", "ALT"]), line);
    assert_eq!(project.ok(&["recipes", "search", "wayland"]), "");
    assert_eq!(project.ok(&["recipes", "show", "no-menu"]), RECIPE);
    assert_eq!(project.run(&["recipes", "show", "menu"]).code, Some(1));
}
