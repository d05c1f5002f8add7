//! Mistakes in what a matrix selects: patterns, rules, GPUs, pools and scenarios.

use super::fakes::{APP, Map, SIM, check, load_from, mistakes};

#[test]
fn an_empty_matrix_is_a_mistake() {
    check(
        &format!("{SIM}[matrix]\nmachines = []"),
        "nothing would be tested",
    );
    check(
        &format!("{SIM}[matrix]\nscenarios = []"),
        "nothing would be tested",
    );
    check(
        &format!("{SIM}[matrix]\nexclude = [{{ machines = \"*\", why = \"later\" }}]"),
        "all 2 cells are skipped, the first because: later",
    );
    check(
        &format!("{SIM}[matrix]\nscenarios = [\"smoke/wayland-real\"]"),
        "needs a Wayland session; `sim` runs X11",
    );
    let files = Map::of(&[("plans/notes.toml", &format!("{APP}{SIM}"))]);
    assert!(mistakes(&load_from(&files, &[])).contains("nothing would be tested"));
    check("", "there is no machine");
    check(
        "[sim]\n[[vm]]\nname = \"bare\"",
        "nothing can be installed on this machine",
    );
}

#[test]
fn patterns_that_match_nothing_are_mistakes() {
    let check = |matrix: &str, expected: &str| {
        check(&format!("{SIM}[matrix]\n{matrix}"), expected);
    };
    check("machines = [\"simm\"]", "`simm` matches no machine");
    check("machines = [\"debian*\"]", "`debian*` matches no machine");
    check("builds = [\"main\"]", "`main` matches no build");
    check("gpu = [\"rtx\"]", "`rtx` matches no GPU");
    check("formats = \"rpm\"", "`rpm` matches no package format");
    check("scenarios = [\"open-noet\"]", "did you mean `open-note`?");
    check(
        "scenarios = [\"fixtures/*\"]",
        "`fixtures/*` matches no scenario",
    );
    check("machines = [\"[x\"]", "is not a glob");
    check(
        "exclude = [{ scenarios = \"nothing\", why = \"x\" }]",
        "`nothing` matches no scenario",
    );
    check("exclude = [{ why = \"x\" }]", "this leaves out everything");
}

#[test]
fn a_rule_that_no_cell_obeys_is_worth_a_warning() {
    let rule = "{ scenarios = \"smoke/*\", why = \"x\" }";
    let matrix = format!("{SIM}[matrix]\nscenarios = [\"open-note\"]\nexclude = [{rule}]");
    check(&matrix, "warning: this applies to no cell");
}

#[test]
fn only_failures_can_be_expected() {
    for verdict in [
        "passed", "flaky", "blocked", "skipped", "expected", "broken",
    ] {
        let rule = format!("{{ machines = \"*\", verdict = \"{verdict}\", why = \"x\" }}");
        let message = format!("`verdict` cannot be `{verdict}`");
        check(&format!("{SIM}[matrix]\nexpect = [{rule}]"), &message);
    }
}

#[test]
fn a_primary_gpu_is_for_smoke_checks_only() {
    let gpu = "[[gpu]]\nname = \"rtx\"\npci = \"0000:01:00\"\nmode = \"primary\"\n";
    let matrix = |scenario: &str| {
        format!("{SIM}{gpu}[matrix]\ngpu = [\"rtx\"]\nscenarios = [\"{scenario}\"]\n")
    };
    check(
        &matrix("open-note"),
        "`open-note` could not be seen: the GPU `rtx` is primary",
    );
    check(&matrix("smoke/x11"), "no mistakes");
    let mixed = matrix("*") + "exclude = [{ gpu = \"rtx\", scenarios = \"*-note\", why = \"x\" }]";
    check(&mixed, "no mistakes");
}

#[test]
fn pools_belong_to_something() {
    check(
        &format!("{SIM}[pools]\n\"gpu:rtx\" = 2"),
        "there is no pool `gpu:rtx`",
    );
    check(
        &format!("{SIM}[pools]\n\"machine:sim\" = 0"),
        "must be from 1 to 10000",
    );
    check(&format!("{SIM}[pools]\n\"machine:sim\" = 3"), "no mistakes");
}

#[test]
fn mistakes_in_scenarios_join_the_list() {
    let text = format!("{APP}{SIM}[sym]\n");
    let files = Map::of(&[("plans/notes.toml", &text)]);
    insta::assert_snapshot!(mistakes(&load_from(&files, &["broken", "silent"])), @r##"
    plans/notes.toml:10:2 error: unknown table `sym`
        [>sym<]
        did you mean `[sim]`?
    error: `broken.yaml` has no steps
    error: the scenario `silent` cannot be read
    "##);
}

#[test]
fn a_scenario_that_cannot_be_read_never_goes_missing() {
    let files = Map::of(&[("plans/notes.toml", &format!("{APP}{SIM}"))]);
    assert!(load_from(&files, &["open-note", "silent"]).is_err());
}
