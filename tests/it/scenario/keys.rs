//! The table of keys: every key in it is read, and what is written of it is true.

use super::documents::{Memory, PNG, told};
use crate::project::{FLEET, Project};
use mosdat::{
    model::{Diagnostic, Severity},
    scenario::{
        Given,
        keys::{self, Holder, KnownKey, Takes, Usual},
        lint, load, schema, table,
    },
};
use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value as Json};
use std::{fs, path::Path};

/// Reads a document in which the inside of a map of that sort stands, and returns what was found.
fn found(holder: Holder, inside: &str) -> Vec<Diagnostic> {
    let mut routine = "steps: [{key: a}]".to_owned();
    let step = |step: String| format!("{{steps: [{{{step}}}, {{shell: 'true'}}]}}");
    let text = match holder {
        Holder::Document if inside.starts_with("steps") => format!("{{{inside}}}"),
        Holder::Document => format!("{{steps: [{{shell: 'true'}}], {inside}}}"),
        Holder::Action | Holder::Clicking | Holder::Typing | Holder::Expecting | Holder::Step => {
            step(inside.into())
        }
        Holder::Target | Holder::Check => step(format!("verify: {{{inside}}}")),
        Holder::Click => step(format!("click: {{{inside}}}")),
        Holder::WaitFor => step(format!("wait_for: {{{inside}}}")),
        Holder::Drag => step(format!("drag: {{{inside}}}")),
        Holder::Scroll => step(format!("scroll: {{{inside}}}")),
        Holder::App => step(format!("app_running: {{{inside}}}")),
        Holder::Call => step(format!("routine: {{{inside}}}")),
        Holder::Agent => step(format!("verify: x, on_failure_agent: {{{inside}}}")),
        Holder::Issue => format!(
            "{{kind: bug-confirmation, bug_signal: a, precondition_check: b, \
             issue: {{{inside}}}, steps: [{{shell: 'true'}}]}}"
        ),
        Holder::Phase => format!("{{phases: [{{{inside}}}], steps: [{{shell: 'true'}}]}}"),
        Holder::Routine => {
            routine = format!("{{{inside}}}");
            step("routine: open".into())
        }
        Holder::Input => {
            routine = format!("{{inputs: {{x: {{{inside}}}}}, steps: [{{key: a}}]}}");
            step("routine: open".into())
        }
        Holder::Fallback => {
            routine = format!("{{steps: [{{key: a}}], fallbacks: [{{{inside}}}]}}");
            step("routine: open".into())
        }
        Holder::Fixture => return of_fixture(&format!("{{{inside}}}")),
        Holder::VmState => return of_fixture(&format!("{{vm_state: {{{inside}}}}}")),
    };
    let files = Memory::default()
        .with("a.yaml", text)
        .with("routines/open.yaml", routine)
        .with("imports/steps.yaml", "[{key: a}]")
        .with("badge.png", PNG);
    match load(&"a".into(), Path::new("scenarios"), &files) {
        Ok(script) => script.warnings,
        Err(found) => found,
    }
}

fn of_fixture(text: &str) -> Vec<Diagnostic> {
    let files = Memory::default().with("fixtures/open.yaml", text);
    let dir = Path::new("scenarios");
    let found = lint::lint("fixtures/open.yaml", dir, &files, &Given::default());
    found.into_iter().map(|one| one.diagnostic).collect()
}

fn errors(key: &KnownKey, inside: &str) -> String {
    let mut found = found(key.holder, inside);
    found.retain(is_error);
    told(&found)
}

fn is_error(one: &Diagnostic) -> bool {
    one.severity == Severity::Error
}

/// Returns the example of a key, with another name for it.
fn renamed(key: &KnownKey) -> String {
    let place = format!("{}:", key.name);
    let starts = key.example.match_indices(&place);
    let is_whole =
        |at: &usize| !key.example[..*at].ends_with(|c: char| c == '_' || c.is_alphabetic());
    let at = starts.map(|(at, _)| at).find(is_whole);
    let at = at.unwrap_or_else(|| panic!("`{}` is not in `{}`", key.name, key.example));
    let (before, after) = key.example.split_at(at);
    format!("{before}{}_zz{}", key.name, &after[key.name.len()..])
}

#[test]
fn every_key_in_the_table_is_read_and_another_in_its_place_is_not() {
    for key in keys::all() {
        let wrong = errors(key, key.example);
        assert_eq!(wrong, "", "{:?} {}: {}", key.holder, key.name, key.example);
        let inside = renamed(key);
        let found = found(key.holder, &inside);
        let word = format!("`{}_zz`", key.name);
        // That a key is missing may be told before what stands in its place.
        let is_needed = key.usual == Usual::Needed && found.iter().any(is_error);
        assert!(
            is_needed || found.iter().any(|one| one.message.contains(&word)),
            "{inside}: {}",
            told(&found)
        );
    }
}

#[test]
fn every_word_in_the_table_is_read() {
    for key in keys::all() {
        let (Takes::Words(words) | Takes::AnyWords(words)) = key.takes else {
            continue;
        };
        let is_used = |word: &&&str| key.example.contains(&format!("{}: {word}", key.name));
        // The kind of a scenario and ways to click want more than the word.
        let Some(used) = words.iter().find(is_used).filter(|_| key.name != "kind") else {
            continue;
        };
        for word in words {
            let was = format!("{}: {used}", key.name);
            let inside = key.example.replace(&was, &format!("{}: {word}", key.name));
            let is_sort = key.holder == Holder::Input;
            assert!(is_sort || errors(key, &inside).is_empty(), "{inside}");
        }
    }
}

#[test]
fn the_tables_in_the_documentation_are_those_of_the_types() {
    let page = fs::read_to_string("docs/scenarios.md").unwrap();
    for holder in Holder::ALL {
        let begin = format!("<!-- keys: {} -->\n", holder.name());
        let Some((_, rest)) = page.split_once(&begin) else {
            panic!("docs/scenarios.md lacks the table `{begin}`");
        };
        let (written, _) = rest.split_once("<!-- end -->").unwrap();
        let expected = table(holder);
        assert_eq!(
            written, expected,
            "take it from `mosdat schema scenario --format markdown`"
        );
    }
}

#[test]
fn the_examples_of_the_table_and_of_the_documentation_have_the_shape_of_the_schema() {
    let schema = schema();
    let check = |holder: Holder, text: &str| {
        let yaml = Yaml::load_from_str(text).unwrap_or_else(|err| panic!("{text}: {err}"));
        let wrong = misfit(&schema, &schema["$defs"][holder.name()], &json(&yaml[0]));
        assert_eq!(wrong, None, "{text}");
    };
    for key in keys::all() {
        let holder = match key.holder {
            Holder::Action | Holder::Clicking | Holder::Typing | Holder::Expecting => Holder::Step,
            Holder::Document => continue,
            holder => holder,
        };
        check(holder, &format!("{{{}}}", key.example));
    }
    let page = fs::read_to_string("docs/scenarios.md").unwrap();
    for example in page.split("```yaml\n").skip(1) {
        let example = example.split("```").next().unwrap();
        let steps = format!("steps:\n{example}\n");
        let is_steps = example.trim_start().starts_with("- ");
        check(Holder::Document, if is_steps { &steps } else { example });
    }
    for name in [
        "mousepad/replace",
        "mousepad/save-as",
        "notes/create",
        "notes/search",
    ] {
        let text = fs::read_to_string(format!("scenarios/{name}.yaml")).unwrap();
        check(Holder::Document, &text);
    }
}

#[test]
fn the_schema_refuses_what_editors_should_mark() {
    let schema = schema();
    for (text, expected) in [
        ("{steps: [{clik: {role: entry}}]}", "`clik` is not known"),
        ("{steps: [{wait: soon}]}", "nothing fits"),
        ("{steps: [{hover: 1, key: a}]}", "nothing fits"),
        ("{step: []}", "`steps` is missing"),
        ("{steps: {key: a}}", "another type"),
        ("{steps: [{scroll: sideways}]}", "nothing fits"),
    ] {
        let yaml = Yaml::load_from_str(text).unwrap();
        let wrong = misfit(&schema, &schema, &json(&yaml[0]));
        assert_eq!(wrong.as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn the_schema_is_printed_for_editors_and_as_tables() {
    let project = Project::new(FLEET);
    let printed = project.ok(&["schema", "scenario"]);
    let printed: Json = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed, schema());
    assert_eq!(
        printed["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let tables = project.ok(&["schema", "scenario", "--format", "markdown"]);
    assert!(tables.contains(&table(Holder::WaitFor)), "{tables}");
}

fn json(yaml: &Yaml<'_>) -> Json {
    match yaml {
        Yaml::Value(Scalar::Boolean(flag)) => (*flag).into(),
        Yaml::Value(Scalar::Integer(number)) => (*number).into(),
        Yaml::Value(Scalar::FloatingPoint(number)) => number.into_inner().into(),
        Yaml::Value(Scalar::String(text)) => text.as_ref().into(),
        Yaml::Value(Scalar::Null) => Json::Null,
        Yaml::Sequence(items) => items.iter().map(json).collect(),
        Yaml::Mapping(entries) => {
            let entries = entries.iter();
            let entries =
                entries.map(|(key, value)| (key.as_str().unwrap().to_owned(), json(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
        // An import is a step like any other.
        Yaml::Tagged(..) => serde_json::json!({"import": "x"}),
        other => panic!("{other:?}"),
    }
}

/// Says why `value` does not fit `schema`, as far as the schema's shape goes.
fn misfit(whole: &Json, schema: &Json, value: &Json) -> Option<String> {
    if let Some(path) = schema["$ref"].as_str() {
        let name = path.strip_prefix("#/$defs/").unwrap();
        return misfit(whole, &whole["$defs"][name], value);
    }
    if let Some(several) = schema["anyOf"].as_array() {
        let found: Vec<_> = several
            .iter()
            .map(|one| misfit(whole, one, value))
            .collect();
        let none = || found.iter().flatten().next().filter(|_| value.is_object());
        let fits = found.iter().any(Option::is_none);
        return (!fits).then(|| none().cloned().unwrap_or_else(|| "nothing fits".into()));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Some("another word".into());
    }
    let types = match &schema["type"] {
        Json::Null => Vec::new(),
        Json::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let is_of = |name: &Json| match name.as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other}"),
    };
    if !types.is_empty() && !types.iter().any(is_of) {
        return Some("another type".into());
    }
    if schema["pattern"].is_string() && !value.as_str().is_some_and(|text| text.contains('{')) {
        return Some("no template".into());
    }
    let items = value.as_array().into_iter().flatten();
    let mut items = items.filter(|_| schema["items"].is_object());
    let of_items = items.find_map(|item| misfit(whole, &schema["items"], item));
    of_items.or_else(|| of_map(whole, schema, value.as_object()?))
}

fn of_map(whole: &Json, schema: &Json, entries: &Map<String, Json>) -> Option<String> {
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap();
        if !entries.contains_key(name) {
            return Some(format!("`{name}` is missing"));
        }
    }
    let more = &schema["additionalProperties"];
    entries
        .iter()
        .find_map(|(name, value)| match schema["properties"].get(name) {
            Some(of_key) => misfit(whole, of_key, value),
            None if name.starts_with('_') => None,
            None if more.is_object() => misfit(whole, more, value),
            None => (more == &Json::Bool(false)).then(|| format!("`{name}` is not known")),
        })
}
