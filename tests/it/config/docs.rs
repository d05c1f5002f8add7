//! The examples of the pages about plan files are true.

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

#[test]
fn every_example_of_other_pages_loads() {
    for (name, count) in [("proxmox", 2), ("gpu", 2), ("vision-models", 2)] {
        let page = std::fs::read_to_string(format!("docs/{name}.md")).unwrap();
        let examples: Vec<&str> = page.split("```toml\n").skip(1).collect();
        assert_eq!(examples.len(), count, "{name}");
        for rest in examples {
            let example = rest.split("```").next().unwrap();
            let mut plan = example.to_owned();
            if plan.contains("gpu = [") || plan.contains("[vlm]") {
                plan.push_str(MACHINE);
            }
            let is_on_cluster = plan.contains("name    = \"gnome\"") || plan.contains("template =");
            if is_on_cluster && !plan.contains("[proxmox]") {
                plan.push_str("[[vm.package]]\nformat = \"deb\"\n[proxmox]\n");
            }
            if !plan.contains("[[build]]") {
                plan.push_str("[[build]]\nname = \"main\"\nsource = { path = \"../app\" }\n");
            }
            let plan = format!("{APP}\n{plan}");
            let files = [
                ("plans/notes.toml", plan.as_str()),
                ("scenarios/open-note.yaml", ""),
            ];
            let loaded = load_from(&Map::of(&files), &SCENARIOS);
            assert_eq!(mistakes(&loaded), "no mistakes", "{name}: {plan}");
        }
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
