//! Templates in double braces, rendered while a document is read. The only file that knows the
//! template engine.
//!
//! A text that is nothing but one expression becomes what the expression is: a number, a list.

use super::{
    mistakes::Mistakes,
    yaml::{Data, Value},
};
use minijinja::{
    Environment, Error, ErrorKind, Output, UndefinedBehavior, escape_formatter,
    value::{Serde, ValueKind},
};
use serde_json::{Map, Value as Json};
use std::{collections::BTreeMap, ops::Range};

/// Values by name, of any sort.
pub(super) type Scope = BTreeMap<String, Json>;

/// Renders every text below `value`, or notes why one cannot be. Where it `is_bare`, only texts
/// that ask for nothing but what is in the scope: what else is in double braces may be anything.
pub(super) fn render(
    value: &Value,
    scope: &Scope,
    is_bare: bool,
    mistakes: &mut Mistakes<'_>,
) -> Value {
    let rendering = Rendering {
        engine: engine(),
        scope,
        is_bare,
    };
    rendering.value(value, mistakes)
}

struct Rendering<'s> {
    engine: Environment<'static>,
    scope: &'s Scope,
    is_bare: bool,
}

/// Evaluates an expression that is true or not; nothing when it cannot be evaluated.
pub(super) fn evaluates(expression: &str, scope: &Scope) -> Option<bool> {
    let engine = engine();
    let compiled = engine.compile_expression(expression).ok()?;
    let value = compiled.eval(context(scope)).ok()?;
    (!value.is_undefined()).then(|| value.is_true())
}

fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.add_filter("tojson", to_json);
    // Flags and nothing are written as everywhere else in the document.
    engine.set_formatter(|out, state, value| {
        if value.kind() == ValueKind::Bool {
            write(out, if value.is_true() { "true" } else { "false" })
        } else if value.is_none() {
            write(out, "null")
        } else {
            escape_formatter(out, state, value)
        }
    });
    engine
}

fn write(out: &mut Output<'_>, text: &str) -> Result<(), Error> {
    out.write_str(text)
        .map_err(|_| Error::new(ErrorKind::WriteFailure, "the text could not be written"))
}

fn context(scope: &Scope) -> minijinja::Value {
    minijinja::Value::from(Serde(scope))
}

impl Rendering<'_> {
    fn value(&self, value: &Value, mistakes: &mut Mistakes<'_>) -> Value {
        let at = value.at.clone();
        let data = match &value.data {
            Data::Text(text) if self.is_template(text) => {
                let rendered = evaluate(text, &self.engine, self.scope);
                rendered.unwrap_or_else(|err| {
                    refuse(&at, text, &err, self.scope, mistakes);
                    value.data.clone()
                })
            }
            Data::List(items) => {
                let items = items.iter().map(|item| self.value(item, mistakes));
                Data::List(items.collect())
            }
            Data::Map(entries) => {
                let entries = entries.iter();
                let entries =
                    entries.map(|(key, value)| (key.clone(), self.value(value, mistakes)));
                Data::Map(entries.collect())
            }
            Data::Tagged(tag, inner) => {
                Data::Tagged(tag.clone(), Box::new(self.value(inner, mistakes)))
            }
            Data::Null | Data::Flag(_) | Data::Number(..) | Data::Text(_) => value.data.clone(),
        };
        Value { at, data }
    }

    fn is_template(&self, text: &str) -> bool {
        let has_marks = ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark));
        has_marks
            && (!self.is_bare
                || text.contains("{{") && names(text).all(|name| self.scope.contains_key(name)))
    }
}

fn evaluate(text: &str, engine: &Environment<'_>, scope: &Scope) -> Result<Data, Error> {
    if let Some(expression) = only_expression(text) {
        let value = engine
            .compile_expression(expression)?
            .eval(context(scope))?;
        if value.is_undefined() {
            return Err(Error::new(
                ErrorKind::UndefinedError,
                "the value is undefined",
            ));
        }
        let json = serde_json::to_value(&value)
            .map_err(|err| Error::new(ErrorKind::BadSerialization, err.to_string()))?;
        return Ok(Value::of_json(&json, 0..0).data);
    }
    let text = engine.render_str(text, context(scope))?;
    Ok(Data::Text(text))
}

/// Returns the expression when the text is nothing else.
fn only_expression(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    (!inner.contains("{{") && !inner.contains("}}")).then_some(inner.trim())
}

fn refuse(at: &Range<usize>, text: &str, err: &Error, scope: &Scope, mistakes: &mut Mistakes<'_>) {
    let why = err
        .detail()
        .map_or_else(|| err.kind().to_string(), str::to_owned);
    let unknown = names(text).find(|name| !scope.contains_key(*name));
    match unknown {
        Some(name) if err.kind() == ErrorKind::UndefinedError => {
            let known: Vec<&str> = scope.keys().map(String::as_str).collect();
            mistakes.unknown(at, format!("there is no variable `{name}`"), name, &known);
        }
        _ => {
            let hint =
                "to write double braces as they are, put them into `{% raw %}`..`{% endraw %}`";
            mistakes.error_with_hint(at, format!("this template cannot be rendered: {why}"), hint);
        }
    }
}

/// Returns the first word of each expression in `text`.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split("{{").skip(1);
    parts.map(|part| {
        let part = part.trim_start();
        let end = part.find(|c: char| !c.is_alphanumeric() && c != '_');
        &part[..end.unwrap_or(part.len())]
    })
}

/// Writes a value as JSON that can stand within single quotes of a shell.
fn to_json(value: &minijinja::Value) -> Result<minijinja::Value, Error> {
    let json = serde_json::to_value(value)
        .and_then(|json| serde_json::to_string(&sorted(json)))
        .map_err(|err| Error::new(ErrorKind::BadSerialization, err.to_string()))?;
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\'' => text.push_str("\\u0027"),
            c => text.push(c),
        }
    }
    Ok(minijinja::Value::from_safe_string(text))
}

/// Sorts the keys of every map.
fn sorted(json: Json) -> Json {
    match json {
        Json::Object(map) => {
            let by_key: BTreeMap<String, Json> = map.into_iter().collect();
            let sorted = by_key.into_iter().map(|(key, value)| (key, sorted(value)));
            Json::Object(sorted.collect::<Map<_, _>>())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(sorted).collect()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn scope() -> Scope {
        let json = serde_json::json!({
            "title": "Milk & eggs", "count": 3, "on": true, "nothing": null,
            "servers": [{"url": "https://a", "title": "it's <A>"}],
        });
        let Json::Object(map) = json else { panic!() };
        map.into_iter().collect()
    }

    fn check(text: &str) -> Result<Data, Vec<String>> {
        let value = Value {
            at: 0..0,
            data: Data::Text(text.into()),
        };
        let mut mistakes = Mistakes::new(Path::new("a.yaml"), text);
        let rendered = render(&value, &scope(), false, &mut mistakes);
        let (found, is_fatal) = mistakes.into_parts();
        if is_fatal {
            Err(found.into_iter().map(|found| found.message).collect())
        } else {
            Ok(rendered.data)
        }
    }

    #[test]
    fn expressions_within_a_text_become_text() {
        assert_eq!(
            check("buy {{ title }} {{count}}x {{ on }}").unwrap(),
            Data::Text("buy Milk & eggs 3x true".into())
        );
        // One line break at the end goes, as it always did.
        assert_eq!(
            check("{{ title }}.\n").unwrap(),
            Data::Text("Milk & eggs.".into())
        );
    }

    #[test]
    fn a_text_that_is_one_expression_becomes_what_that_is() {
        assert_eq!(check("{{ count }}").unwrap(), Data::Number(3.0, "3".into()));
        assert_eq!(check("{{ on }}").unwrap(), Data::Flag(true));
        assert_eq!(check("{{ nothing }}").unwrap(), Data::Null);
        let Data::List(items) = check("{{ servers }}").unwrap() else {
            panic!("no list")
        };
        assert_eq!(items.len(), 1);
    }

    #[test]
    fn json_has_sorted_keys_and_fits_into_single_quotes() {
        assert_eq!(
            check("x='{{ servers | tojson }}' {{ nothing|tojson }}").unwrap(),
            Data::Text(
                r#"x='[{"title":"it\u0027s \u003cA\u003e","url":"https://a"}]' null"#.into()
            )
        );
    }

    #[test]
    fn an_unknown_name_and_a_torn_template_are_refused() {
        assert_eq!(
            check("{{ tilte }} x").unwrap_err(),
            ["there is no variable `tilte`"]
        );
        assert_eq!(check("{{ tilte }}").unwrap_err().len(), 1);
        let torn = check("{{{ not json").unwrap_err();
        assert!(
            torn[0].starts_with("this template cannot be rendered"),
            "{torn:?}"
        );
    }

    #[test]
    fn conditions_are_true_or_not_or_cannot_be_told() {
        let mut scope = scope();
        let told = serde_json::json!({"accelerators": {"alt+w": "swallowed"}});
        scope.insert("capability".into(), told);
        let alt_w = "capability.accelerators['alt+w'] == 'swallowed'";
        assert_eq!(evaluates(alt_w, &scope), Some(true));
        assert_eq!(evaluates("count == 4", &scope), Some(false));
        assert_eq!(evaluates("count == 3", &scope), Some(true));
        for expression in [
            "capability.accelerators['ctrl+,'] == 'no_accel'",
            "capability.accelerators['ctrl+,'] != 'no_accel'",
            "inputs.x == 'y'",
            "what is this",
        ] {
            assert_eq!(evaluates(expression, &scope), None, "{expression}");
        }
    }
}
