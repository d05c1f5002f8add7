//! The official facts about parameters, and requests held against them.
//!
//! `schema.json` is made from the parameter schema of Proxmox VE 9.2: for each method its
//! parameters (`type`, `format`, `optional`, `enum`, bounds, `pattern`), and who may call it.

use serde_json::Value;
use std::collections::BTreeMap;

/// Every method that the server knows.
#[derive(Debug)]
pub(crate) struct Schema {
    methods: Vec<Known>,
}

/// One method of one path.
#[derive(Debug)]
pub(crate) struct Known {
    /// `GET /nodes/{node}/qemu`.
    pub(crate) name: String,
    verb: String,
    segments: Vec<String>,
    params: BTreeMap<String, Value>,
    /// Who may call it.
    pub(crate) who: Value,
    /// Whether a token may.
    pub(crate) for_tokens: bool,
}

/// What a path says, by the names of its parts.
pub(crate) type PathParams = BTreeMap<String, String>;

impl Schema {
    pub(crate) fn load() -> Self {
        let text = include_str!("schema.json");
        let document: BTreeMap<String, Value> = serde_json::from_str(text).unwrap();
        let methods = document.into_iter().map(|(name, facts)| {
            let (verb, path) = name.split_once(' ').unwrap();
            let params = facts["params"].as_object().unwrap().clone();
            Known {
                verb: verb.into(),
                segments: path.split('/').skip(1).map(Into::into).collect(),
                params: params.into_iter().collect(),
                who: facts["who"].clone(),
                for_tokens: facts["token"] != Value::Bool(false),
                name,
            }
        });
        Self {
            methods: methods.collect(),
        }
    }

    /// Finds the method that a request is for, and what its path says.
    pub(crate) fn find(&self, verb: &str, path: &str) -> Option<(&Known, PathParams)> {
        let given: Vec<&str> = path.split('/').skip(1).collect();
        self.methods
            .iter()
            .filter(|known| known.verb == verb)
            .find_map(|known| Some((known, known.matches(&given)?)))
    }
}

impl Known {
    fn matches(&self, given: &[&str]) -> Option<PathParams> {
        if given.len() != self.segments.len() {
            return None;
        }
        let mut params = PathParams::new();
        for (segment, given) in self.segments.iter().zip(given) {
            match segment
                .strip_prefix('{')
                .and_then(|it| it.strip_suffix('}'))
            {
                None if segment == given => {}
                None => return None,
                Some("node") if !is_node(given) => return None,
                Some(name) => drop(params.insert(name.into(), decode(given)?)),
            }
        }
        Some(params)
    }

    /// Holds parameters against the schema; returns what is wrong, by name.
    pub(crate) fn check(&self, params: &[(String, String)]) -> BTreeMap<String, String> {
        let mut wrong = BTreeMap::new();
        let mut complain = |name: &str, why: String| {
            wrong.entry(name.to_owned()).or_insert(why);
        };
        let mut given: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, value) in params {
            given.entry(name).or_default().push(value);
        }
        for (name, values) in &given {
            let Some(facts) = self.facts(name) else {
                let why = "property is not defined in schema and the schema does not allow additional properties";
                complain(name, why.into());
                continue;
            };
            if facts["type"] == "array" {
                for value in values {
                    if let Err(why) = check_one(name, &facts["items"], value) {
                        complain(name, why);
                    }
                }
                continue;
            }
            if let [_, _, ..] = values[..] {
                complain(
                    name,
                    format!("type check ('{}') failed - got ARRAY", kind(facts)),
                );
            } else if let Err(why) = check_one(name, facts, values[0]) {
                complain(name, why);
            }
            if let Some(other) = facts["requires"].as_str()
                && !given.contains_key(other)
            {
                complain(
                    name,
                    format!("missing property - '{name}' requires this property"),
                );
            }
        }
        for (name, facts) in &self.params {
            let is_given = given.contains_key(name.as_str()) || name.contains('[');
            if !is_given && facts["optional"] != 1 {
                complain(name, "property is missing and it is not optional".into());
            }
        }
        wrong
    }

    /// Whether a configuration may have this key.
    pub(crate) fn facts(&self, name: &str) -> Option<&Value> {
        if let Some(facts) = self.params.get(name) {
            return Some(facts);
        }
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let number: usize = name[stem.len()..].parse().ok()?;
        let most = match stem {
            "net" => 32,
            "scsi" => 31,
            "hostpci" | "virtio" => 16,
            "sata" => 6,
            "ide" | "serial" => 4,
            "usb" => 14,
            "unused" => 256,
            _ => 10,
        };
        let facts = self.params.get(&format!("{stem}[n]"))?;
        (number < most).then_some(facts)
    }
}

fn kind(facts: &Value) -> &str {
    facts["type"].as_str().unwrap_or("string")
}

fn check_one(name: &str, facts: &Value, value: &str) -> Result<(), String> {
    let type_error = |kind: &str| format!("type check ('{kind}') failed - got '{value}'");
    match kind(facts) {
        "boolean" if !is_boolean(value) => return Err(type_error("boolean")),
        "integer" => match value.parse::<i64>() {
            Err(_) => return Err(type_error("integer")),
            Ok(number) => {
                if let Some(format) = facts["format"].as_str() {
                    check_format(name, format, value)?;
                }
                check_bounds(facts, number)?;
            }
        },
        "number" if value.parse::<f64>().is_err() => return Err(type_error("number")),
        _ => {}
    }
    if let Some(most) = facts["maxLength"].as_u64()
        && value.chars().count() as u64 > most
    {
        return Err(format!("value may only be {most} characters long"));
    }
    if let Some(least) = facts["minLength"].as_u64()
        && (value.chars().count() as u64) < least
    {
        return Err(format!("value must be at least {least} characters long"));
    }
    if let Some(words) = facts["enum"].as_array()
        && !words.iter().any(|word| word == value)
    {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        let words = words.join(", ");
        return Err(format!(
            "value '{value}' does not have a value in the enumeration '{words}'"
        ));
    }
    match &facts["format"] {
        Value::String(format) => check_format(name, format, value),
        Value::Object(inner) => check_property_string(name, inner, value)
            .map_err(|why| format!("invalid format - format error\n{why}\n")),
        _ => Ok(()),
    }
}

fn check_bounds(facts: &Value, number: i64) -> Result<(), String> {
    // Some bounds are written as texts.
    let bound = |name: &str| match &facts[name] {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    };
    if let Some(least) = bound("minimum")
        && number < least
    {
        return Err(format!("value must have a minimum value of {least}"));
    }
    if let Some(most) = bound("maximum")
        && number > most
    {
        return Err(format!("value must have a maximum value of {most}"));
    }
    Ok(())
}

fn check_format(name: &str, format: &str, value: &str) -> Result<(), String> {
    let invalid = |why: String| Err(format!("invalid format - {why}\n"));
    match format {
        "pve-vmid" => match value.parse::<u32>() {
            Ok(100..=999_999_999) => Ok(()),
            _ => invalid("value does not look like a valid VM ID".into()),
        },
        "pve-node" if !is_node(value) => {
            invalid("value does not look like a valid node name".into())
        }
        "pve-configid" if !is_config_id(value) => {
            invalid(format!("invalid configuration ID '{value}'"))
        }
        "pve-configid-list" => match list(value).find(|id| !is_config_id(id)) {
            Some(id) => invalid(format!("invalid configuration ID '{id}'")),
            None => Ok(()),
        },
        "pve-tag-list" => match list(value).find(|tag| !is_tag(tag)) {
            Some(tag) => invalid(format!("invalid characters in tag '{tag}'")),
            None => Ok(()),
        },
        "dns-name" if !is_dns_name(value) => {
            invalid("value does not look like a valid DNS name".into())
        }
        "pve-qm-hostpci" => check_hostpci(name, value)
            .map_err(|why| format!("invalid format - format error\n{why}\n")),
        _ => Ok(()),
    }
}

/// What a passed-through device is given with. The schema names the format only.
fn check_hostpci(name: &str, value: &str) -> Result<(), String> {
    const KEYS: &[&str] = &[
        "host",
        "mapping",
        "pcie",
        "x-vga",
        "rombar",
        "romfile",
        "mdev",
        "legacy-igd",
        "vendor-id",
        "device-id",
        "sub-vendor-id",
        "sub-device-id",
        "driver",
    ];
    for (at, part) in value.split(',').enumerate() {
        match part.split_once('=') {
            None if at == 0 => {}
            None => {
                return Err(format!(
                    "{name}: value without key, but schema does not define a default key"
                ));
            }
            Some((key, _)) if !KEYS.contains(&key) => {
                return Err(format!(
                    "{name}.{key}: property is not defined in schema and the schema does not allow additional properties"
                ));
            }
            Some((key @ ("pcie" | "x-vga" | "rombar" | "legacy-igd"), text))
                if !is_boolean(text) =>
            {
                return Err(format!(
                    "{name}.{key}: type check ('boolean') failed - got '{text}'"
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn check_property_string(
    name: &str,
    inner: &serde_json::Map<String, Value>,
    value: &str,
) -> Result<(), String> {
    for (at, part) in value.split(',').enumerate() {
        let (key, text) = match part.split_once('=') {
            Some((key, text)) => (key, text),
            None if at == 0 => (default_key(name), part),
            None => return Err(format!("value without key '{part}'")),
        };
        let Some(facts) = inner.get(key) else {
            // Schemas leave out most default keys.
            if key.is_empty() {
                continue;
            }
            return Err(format!(
                "{name}.{key}: property is not defined in schema and the schema does not allow additional properties"
            ));
        };
        check_one(key, facts, text).map_err(|why| format!("{name}.{key}: {why}"))?;
    }
    Ok(())
}

/// What a first value without a key is.
fn default_key(name: &str) -> &'static str {
    match name {
        "memory" => "current",
        "agent" => "enabled",
        "vga" => "type",
        _ => "",
    }
}

pub(crate) fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split([',', ';', ' ']).filter(|part| !part.is_empty())
}

fn is_boolean(value: &str) -> bool {
    matches!(
        value,
        "0" | "1" | "on" | "off" | "yes" | "no" | "true" | "false"
    )
}

fn is_node(text: &str) -> bool {
    let is_inner = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    !text.is_empty() && text.bytes().all(is_inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_config_id(text: &str) -> bool {
    let is_rest = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
    text.len() >= 2 && text.as_bytes()[0].is_ascii_alphabetic() && text.bytes().skip(1).all(is_rest)
}

fn is_tag(text: &str) -> bool {
    let is_first = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    let is_rest = |c: u8| is_first(c) || b"+.-".contains(&c);
    is_first(text.as_bytes()[0]) && text.bytes().skip(1).all(is_rest)
}

fn is_dns_name(text: &str) -> bool {
    text.split('.').all(is_node)
}

/// Undoes `%41`; `None` where that is not text.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = (*first == b'%').then(|| tail.get(..2)).flatten();
        let byte = digits.and_then(|it| u8::from_str_radix(std::str::from_utf8(it).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).ok()
}

/// Reads a query or a form.
pub(crate) fn decode_form(text: &str) -> Option<Vec<(String, String)>> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |text: &str| decode(&text.replace('+', " "));
            Some((plain(name)?, plain(value)?))
        })
        .collect()
}
