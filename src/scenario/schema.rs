//! The language as a JSON Schema, which editors use to complete keys and to mark slips.
//!
//! It says what a document may look like, not whether it makes sense: that is for the reader.

use super::keys::{self, Holder, KnownKey, Takes, Usual};
use serde_json::{Map, Value as Json, json};

/// Returns the schema of a scenario, in the words of JSON Schema draft 2020-12.
pub fn schema() -> Json {
    let maps = Holder::ALL.map(|holder| (holder.name().to_owned(), map_of(holder)));
    let mut parts: Map<String, Json> = maps.into_iter().collect();
    let check = json!({"anyOf": [{"type": "string"}, reference(Holder::Check)]});
    parts.insert("statement-or-target".into(), check);
    parts.insert(
        "template".into(),
        json!({"type": "string", "pattern": r"\{[A-Za-z_]|\{\{"}),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of mosdat",
        "$ref": format!("#/$defs/{}", Holder::Document.name()),
        "$defs": parts,
    })
}

/// Returns the schema of one sort of map.
fn map_of(holder: Holder) -> Json {
    let properties: Map<String, Json> = keys::of(holder)
        .map(|key| (key.name.to_owned(), behind(key)))
        .collect();
    let needed: Vec<&str> = keys::of(holder)
        .filter(|key| key.usual == Usual::Needed)
        .map(|key| key.name)
        .collect();
    // A document may say more than mosdat reads; a step may not.
    let others = holder == Holder::Document;
    json!({
        "type": "object",
        "properties": properties,
        "patternProperties": {"^_": true},
        "additionalProperties": others,
        "required": needed,
    })
}

fn behind(key: &KnownKey) -> Json {
    let mut schema = takes(key.takes);
    let mut words = key.does.to_owned();
    if let Some(other) = key.alias_of {
        words = format!("{words} The same as `{other}`.");
    }
    if let Usual::Is(usual) = key.usual {
        words = format!("{words} Usually {usual}.");
    }
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".into(), words.into());
    }
    schema
}

fn takes(what: Takes) -> Json {
    match what {
        Takes::Text => json!({"type": ["string", "number", "boolean"]}),
        Takes::Flag => or_template(&json!({"type": "boolean"})),
        Takes::Seconds => {
            or_template(&json!({"type": "number", "exclusiveMinimum": 0, "maximum": 86_400}))
        }
        Takes::Whole(least, most) => {
            or_template(&json!({"type": "integer", "minimum": least, "maximum": most}))
        }
        Takes::Words(words) => or_template(&json!({"enum": words})),
        Takes::Texts => list(json!({"type": "string"})),
        Takes::AnyWords(words) => {
            json!({"anyOf": [{"enum": words}, list(json!({"enum": words}))]})
        }
        Takes::Area => {
            let number = json!({"type": "integer", "minimum": 0, "maximum": 65_535});
            json!({"type": "array", "items": number, "minItems": 4, "maxItems": 4})
        }
        Takes::Steps => list(reference(Holder::Step)),
        Takes::Check => json!({"$ref": "#/$defs/statement-or-target"}),
        Takes::Checks => list(json!({"$ref": "#/$defs/statement-or-target"})),
        Takes::Map(holder) => reference(holder),
        Takes::Maps(holder) => list(reference(holder)),
        Takes::Named(holder) => {
            json!({"type": "object", "additionalProperties": reference(holder)})
        }
        Takes::Values => json!({"type": "object"}),
        Takes::Anything => json!({}),
        Takes::Either(several) => {
            let several: Vec<Json> = several.iter().copied().map(takes).collect();
            json!({"anyOf": several})
        }
    }
}

fn reference(holder: Holder) -> Json {
    json!({"$ref": format!("#/$defs/{}", holder.name())})
}

fn list(items: Json) -> Json {
    let mut schema = json!({"type": "array"});
    schema["items"] = items;
    schema
}

/// What is no text may come out of a template.
fn or_template(schema: &Json) -> Json {
    json!({"anyOf": [schema, {"$ref": "#/$defs/template"}]})
}
