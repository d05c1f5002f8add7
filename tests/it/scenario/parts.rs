//! Parts of scenarios: which steps are meant, counted as the document does, and what is no part.

use super::documents::{Memory, told};
use mosdat::scenario::{Bound, Bounds, Script, load};
use std::path::Path;

const STEPS: &str = "\
steps:
- launch: notes
- routine: open-note
- wait: 1
- verify: {role: label}
phases:
- {id: start, from_step: 1}
- {id: open, from_step: 2}
- {id: look, from_step: 4}
";

fn script() -> Script {
    let files = Memory::default().with("s.yaml", STEPS).with(
        "routines/open-note.yaml",
        "steps: [{key: a}, {key: b}, {verify: {role: entry}}]",
    );
    load(&"s".into(), Path::new("scenarios"), &files).unwrap_or_else(|err| panic!("{}", told(&err)))
}

/// Reads a bound such as `2` or `open`.
fn bound(text: &str) -> Option<Bound> {
    let number = text.parse().ok().map(Bound::Step);
    (!text.is_empty()).then(|| number.unwrap_or_else(|| Bound::Phase(text.into())))
}

fn check(from: &str, until: &str) -> String {
    let bounds = Bounds {
        from: bound(from),
        until: bound(until),
    };
    match script().part(&bounds) {
        Ok(Some(part)) => part.to_string(),
        Ok(None) => "all".into(),
        Err(err) => err.to_string(),
    }
}

#[test]
fn a_part_is_counted_as_the_document_does() {
    let phases = [check("open", "open"), check("open", ""), check("", "start")];
    assert_eq!(phases, ["2-3", "2-4", "1-1"]);
    let steps = [check("2", "2"), check("", "3"), check("4", "")];
    assert_eq!(steps, ["2-2", "1-3", "4-4"]);
    assert_eq!(check("2", "look"), "2-4");
    // What is no part is the whole.
    assert_eq!(
        [check("", ""), check("1", "4"), check("start", "look")],
        ["all"; 3]
    );
}

#[test]
fn what_is_no_part_is_refused() {
    insta::assert_snapshot!(check("5", ""), @"`s` has 4 steps, and no step 5");
    insta::assert_snapshot!(check("0", ""), @"`s` has 4 steps, and no step 0");
    insta::assert_snapshot!(check("opne", ""), @"`s` has no phase `opne`; did you mean `open`?");
    insta::assert_snapshot!(check("zzz", ""), @"`s` has no phase `zzz`; there are `start`, `open`, `look`");
    insta::assert_snapshot!(check("look", "open"), @"the part ends with step 3, before it begins with step 4");
    insta::assert_snapshot!(check("3", "3"), @"nothing in the steps 3-3 of `s` can fail, so they would test nothing");
}
