//! Reads a routine: steps with inputs, what must hold before and after them, and other steps for
//! where the usual ones do not work.

use super::{
    action::refuse_unknown,
    around::Around,
    document, fallback, fields,
    mistakes::Mistakes,
    parts::Parts,
    step,
    template::Scope,
    yaml::{Key, Value},
};
use crate::{
    model::{Capabilities, ContentHash},
    scenario::{Group, GroupWay as Way, Instruction, keys::Holder, variables},
};
use serde_json::Value as Json;

/// Reads the routine `name` for a call with the values `with`.
pub(super) fn read(
    name: &str,
    document: &Value,
    with: &Scope,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Group> {
    let whole = Key {
        at: document.at.clone(),
        text: format!("the routine {name}"),
    };
    let mut parts = Parts::new(Holder::Routine, fields::map(&whole, document, mistakes)?);
    if let Some((key, value)) = parts.take("schema_version") {
        fields::choice(key, value, &[("v1", ())], mistakes);
    }
    for name in ["name", "description", "tags"] {
        parts.take(name);
    }
    let inputs = inputs(&mut parts, with, around, mistakes);
    around.is_bare &= inputs.is_empty() && with.is_empty();
    let asked = condition_scope(&inputs, with, around);
    for (name, value) in with.iter().chain(&inputs) {
        around.scope.insert(name.clone(), value.clone());
        around.vars.insert(name.clone(), variables::text_of(value));
    }
    let mut list = |name: &str, around: &mut Around<'_>, mistakes: &mut Mistakes<'_>| {
        let Some((key, value)) = parts.take(name) else {
            return Vec::new();
        };
        let value = document::rendered(value, around, mistakes);
        step::several(key, &value, around, mistakes)
    };
    let mut before = list("preconditions", around, mistakes);
    let usual = list("steps", around, mistakes);
    let mut after = list("postconditions", around, mistakes);
    let on_failure = list("on_failure", around, mistakes);
    refuse_idle("preconditions", &before, &parts, mistakes);
    refuse_idle("postconditions", &after, &parts, mistakes);
    name_checks("precondition", &mut before);
    name_checks("postcondition", &mut after);
    let fallbacks = fallback::read(&mut parts, around, mistakes);
    let known = fallback::known(&fallbacks, around, mistakes);
    refuse_unknown(&whole, &parts, mistakes);
    let way = |known: Option<&Capabilities>| {
        let choice = fallback::choose(&fallbacks, &asked, known);
        let chosen = choice.index.map(|index| &fallbacks[index]);
        let when = chosen.map(|one| format!(" fallback '{}'", one.when()));
        let steps = chosen.map_or(&usual, |one| &one.steps);
        let steps = before.iter().chain(steps).chain(&after);
        Way {
            name: format!("[routine:{name}]{}", when.unwrap_or_default()),
            steps: steps.cloned().collect(),
            doubt: choice.doubt,
        }
    };
    let of_package = |(package, known): (&ContentHash, _)| (*package, way(Some(known)));
    Some(Group {
        by_package: known.iter().map(of_package).collect(),
        on_failure,
        usual: way(None),
    })
}

/// Returns what conditions of fallbacks can ask about.
fn condition_scope(inputs: &Scope, with: &Scope, around: &Around<'_>) -> Scope {
    let all = with.iter().chain(inputs);
    let all = all
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let vars = around.scope.iter();
    let vars = vars
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Scope::from([
        ("inputs".to_owned(), Json::Object(all)),
        ("vars".to_owned(), Json::Object(vars)),
    ])
}

/// Returns the value of each declared input: what was given, else a variable of that name, else its
/// default.
fn inputs(
    parts: &mut Parts<'_>,
    with: &Scope,
    around: &Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Scope {
    let mut values = Scope::new();
    let Some((key, declared)) = parts.take("inputs") else {
        return values;
    };
    for (key, value) in fields::map(key, declared, mistakes).unwrap_or_default() {
        let Some(entries) = fields::map(key, value, mistakes) else {
            continue;
        };
        let mut parts = Parts::new(Holder::Input, entries);
        parts.take("name");
        parts.take("description");
        let sorts = ["string", "int", "bool", "list"].map(|sort| (sort, sort));
        let sort = parts.take("type");
        let sort = sort.and_then(|(key, value)| fields::choice(key, value, &sorts, mistakes));
        let required = parts.take("required");
        let is_required = required.and_then(|(key, value)| fields::flag(key, value, mistakes));
        let default = parts.take("default").map(|(_, value)| value.json());
        refuse_unknown(key, &parts, mistakes);
        if is_required == Some(true) && default.is_some() {
            let message = format!("the input `{}` is required and has a default", key.text);
            mistakes.error_with_hint(&key.at, message, "one of the two says nothing");
        }
        let name = &key.text;
        let own = around.scope.get(name);
        let Some(value) = with.get(name).or(own).cloned().or(default) else {
            let message = format!("the input `{name}` is missing in the call");
            let hint = format!("give it by `with: {{{name}: ..}}`, or in `vars`");
            mistakes.error_with_hint(&key.at, message, hint);
            continue;
        };
        if let Some(sort) = sort.filter(|sort| !fits(sort, &value)) {
            let text = variables::text_of(&value);
            let message = format!("the input `{name}` is no {sort} in this call: {text}");
            mistakes.warning(&key.at, message, None);
        }
        values.insert(name.clone(), value);
    }
    values
}

/// Whether a value is of the declared sort; nothing and templates that are filled later are.
fn fits(sort: &str, value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) if text.contains('{') => true,
        Json::String(_) => sort == "string",
        Json::Number(number) => sort == "string" || sort == "int" && number.is_i64(),
        Json::Bool(_) => sort == "bool",
        Json::Array(_) => sort == "list",
        Json::Object(_) => false,
    }
}

/// Notes a condition of a routine that could not turn out wrong.
fn refuse_idle(what: &str, steps: &[Instruction], parts: &Parts<'_>, mistakes: &mut Mistakes<'_>) {
    if steps.iter().any(|step| !step.can_fail()) {
        let hint = "each needs a `verify` or the like";
        let message = format!("not every step of `{what}` checks something");
        mistakes.error_with_hint(&parts.place(what), message, hint);
    }
}

/// Says in the label what a check is there for.
fn name_checks(what: &str, steps: &mut [Instruction]) {
    for step in steps {
        step.label = format!("{what}: {}", step.label);
    }
}
