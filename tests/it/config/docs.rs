//! The examples of `docs/plan-file.md` are true.

use super::fakes::{APP, Map, load_from, mistakes};

/// What an example that leaves them out is completed with.
const MACHINE: &str =
    "[[vm]]\nname = \"sim\"\nprovider = \"sim\"\n[[vm.package]]\nformat = \"deb\"\n";
const SCENARIOS: [&str; 4] = [
    "open-note",
    "smoke/no-display",
    "smoke/wayland-real",
    "smoke/x11",
];

#[test]
fn every_example_loads() {
    let page = std::fs::read_to_string("docs/plan-file.md").unwrap();
    let examples = page.split("```toml\n").skip(1);
    let examples = examples.map(|rest| rest.split("```").next().unwrap());
    let (named, parts): (Vec<_>, Vec<_>) = examples.partition(|text| text.starts_with("# "));
    assert!(
        named.len() >= 2 && parts.len() >= 6,
        "the page has lost its examples"
    );
    let files: Vec<_> = named.iter().map(|text| (first_line(text), *text)).collect();
    let loaded = load_from(&Map::of(&files), &SCENARIOS);
    assert_eq!(mistakes(&loaded), "no mistakes");
    assert_eq!(loaded.unwrap().files.len(), named.len());
    for part in parts {
        let plan = complete(part);
        let files = [
            ("plans/notes.toml", plan.as_str()),
            ("scenarios/open-note.yaml", ""),
        ];
        let loaded = load_from(&Map::of(&files), &SCENARIOS);
        assert_eq!(mistakes(&loaded), "no mistakes", "{part}");
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap().trim_start_matches("# ")
}

fn complete(part: &str) -> String {
    let mut plan = part.to_owned();
    for (table, text) in [("[app]", APP), ("[[vm]]", MACHINE)] {
        if !part.contains(table) {
            plan.push_str(text);
        }
    }
    plan
}
