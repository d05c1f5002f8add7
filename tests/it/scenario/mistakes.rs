//! How mistakes are told.

use super::documents::{mistakes, read, told};

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    insta::assert_snapshot!(
        mistakes(
            "nmae: x\n\
             vars: {app_path: x, a-b: 1, list: []}\n\
             steps:\n\
             - clik: {role: button}\n\
             - key: ctrl+Retrun\n\
             - key: a\n  type: b\n\
             - label: nothing\n\
             - wait: soon\n\
             - wait: -1\n\
             - shell: ''\n\
             - just a text\n\
             - click: Save\n\
             - click: {rol: push button, name: Save}\n\
             - click: {window: Notes}\n\
             - click: {anchor: gone.png}\n\
             - click: {anchor: broken.png}\n\
             - click: {anchor: ../../x.png}\n\
             - click: {role: x, anchor: badge.png}\n\
             - verify: {name: Save}\n\
             - verify: the note is open\n\
             - localize: the button\n\
             - routine: cleanup\n\
             - verify: {role: label, absent: yes}\n\
             - wait_for: {any: [], all: []}\n\
             - wait_for: {timeout: 3}\n\
             - {wait: 3, timeout: 2}\n\
             - {shell: x, window: y, double: true}\n\
             - launch: \"'open\"\n\
             - !import x\n"
        ),
        @"
        1:1+4 Error: a scenario has no key `nmae` (did you mean `name`?)
        2:8+8 Error: `app_path` is set by mosdat
        2:21+3 Error: `a-b` cannot be a variable's name (names are letters, digits and `_`)
        4:3+4 Error: a step has no key `clik` (did you mean `click`?)
        5:8+11 Error: `Retrun` is not a key (did you mean `Return`?)
        8:3+14 Error: the step does nothing (add one of `launch`, `click`, `type`, `key`, `verify`, `wait_for`, `shell`, `wait`)
        9:9+4 Error: `wait` must be a number of seconds, not a text
        10:9+2 Error: `wait` must be above 0 and at most 86400 seconds
        11:10+2 Error: `shell` is empty
        12:3+11 Error: a step is a map, not a text (a step reads like `- key: ctrl+s`)
        13:10+4 Error: `click` must say on what, as a map (for instance `click: {role: push button, name: Save}`)
        14:10+29 Error: a widget needs a `role` (add it, for instance `role: push button`)
        14:11+3 Error: `click` has no key `rol` (did you mean `role`?)
        15:11+6 Error: a window cannot be clicked as a whole (click on a widget or a picture in it)
        16:19+8 Error: failed to read the picture `a/gone.png`: no such file
        17:19+10 Error: `a/broken.png` is no PNG picture
        18:19+11 Error: `../../x.png` lies outside the scenario folder (keep pictures beside the scenario)
        19:17+1 Warning: no toolkit is known to use the role `x`
        20:11+11 Error: a widget needs a `role` (add it, for instance `role: push button`)
        23:12+7 Error: there is no routine `cleanup` (it would be `routines/linux/cleanup.yaml` or `routines/cleanup.yaml`, here or in a folder above)
        24:33+3 Error: `absent` must be `true` or `false`, not a text
        25:3+8 Error: `wait_for` needs either `any` or `all`, with a list
        26:3+8 Error: `wait_for` needs either `any` or `all`, with a list
        27:13+7 Error: the step waits longer than its `timeout`
        28:14+6 Error: `window` belongs to `launch`, and this step does not do that (it does this: run `x`)
        28:25+6 Error: `double` belongs to `click`, and this step does not do that (it does this: run `x`)
        29:11+7 Error: `launch` cannot be split into words: a quote is not closed
        30:3+9 Error: there is no import `x` (it would be `imports/x.yaml`, here or in a folder above)
        "
    );
}

#[test]
fn what_does_nothing_is_worth_a_warning() {
    let script = read(
        "steps:\n- {verify: {role: push buton}, verify_consistent: true}\n\
         - wait_for: {any: [{role: frame}], interval: 0.5}\nmotto: x\ntags: [a]\n",
    );
    insta::assert_snapshot!(told(&script.unwrap().warnings), @"
    2:19+10 Warning: no toolkit is known to use the role `push buton` (did you mean `push button`?)
    2:32+17 Warning: `verify_consistent` says nothing without a statement in `verify`
    3:36+8 Warning: `interval` does nothing: every change is looked at when it happens
    4:1+5 Warning: `motto` does nothing
    ");
}

#[test]
fn a_scenario_that_cannot_fail_is_refused() {
    for (text, told) in [
        (
            "steps:\n- wait: 1\n- key: a\n- type: b\n",
            "nothing in the scenario can fail",
        ),
        ("steps: []\n", "`steps` is empty"),
        ("name: x\n", "has no `steps`"),
        ("", "the file is empty"),
        (
            "steps: [{key: a}]\ncleanup: [{shell: x}]",
            "nothing in the scenario can fail",
        ),
    ] {
        let found = mistakes(text);
        assert!(found.contains(told), "{text:?}: {found}");
    }
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    insta::assert_snapshot!(
        [
            "steps:\n\t- wait: 1\n",
            "steps:\n- shell: a\n  shell: b\n",
            "steps:\n- shell: 'a\n",
            "a: 1\n---\nb: 2\n",
            "- a\n",
        ]
        .map(mistakes)
        .concat(),
        @"
        2:2+1 Error: this is no YAML: tabs disallowed within this context (block indentation) (YAML is indented with spaces, never with tabs)
        3:3+1 Error: this is no YAML: duplicated key in mapping
        2:10+1 Error: this is no YAML: while scanning a quoted scalar, found unexpected end of stream
        3:1+4 Error: a file holds one scenario, and this one holds several documents
        1:1+3 Error: a scenario is a map (it begins with `steps:`)
        "
    );
}
