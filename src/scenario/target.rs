//! Reads what a step looks for: a widget, a picture, a window.

use super::{
    AnchorImage, Target, fields, fill,
    mistakes::Mistakes,
    role::ROLES,
    variables::doubly_braced,
    yaml::{Key, Value},
};
use crate::model::{ContentHash, Files, NodeQuery, did_you_mean};
use std::{collections::BTreeMap, ops::Range, path::Path};

/// What reading a document needs besides the document.
pub(super) struct Surroundings<'d> {
    /// Reads pictures.
    pub(super) files: &'d dyn Files,
    /// The scenario folder.
    pub(super) dir: &'d Path,
    /// The document's own folder, relative to that.
    pub(super) own: &'d str,
    /// The scenario's variables.
    pub(super) vars: BTreeMap<String, String>,
    /// Files that were read, with their digests.
    pub(super) read: BTreeMap<String, ContentHash>,
}

impl Surroundings<'_> {
    /// Notes variables in a spelling that mosdat does not read.
    pub(super) fn check(&self, at: &Range<usize>, text: &str, mistakes: &mut Mistakes<'_>) {
        if let Some(name) = doubly_braced(text, &self.vars) {
            let message = format!("`{{{{ {name} }}}}` is not read by this version");
            mistakes.error_with_hint(at, message, format!("write `{{{name}}}`"));
        }
    }

    /// Reads a text with variables in it.
    pub(super) fn text(
        &self,
        key: &Key,
        value: &Value,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<String> {
        let text = fields::text(key, value, mistakes)?;
        self.check(&value.at, &text, mistakes);
        Some(text)
    }
}

/// Keys of a target, as far as they have been read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    role: Option<String>,
    name: Option<String>,
    name_is_part: Option<bool>,
    app: Option<String>,
    text: Option<String>,
    anchor: Option<AnchorImage>,
    window: Option<String>,
    /// Which of the three it is, by the keys that tell.
    sorts: Vec<&'static str>,
    /// Whether one of the keys could not be read; that has been noted.
    is_broken: bool,
}

/// Keys of a target.
pub(super) const KEYS: [&str; 9] = [
    "role",
    "name",
    "name_substr",
    "app",
    "app_filter",
    "text",
    "anchor",
    "window",
    "via",
];

impl Draft {
    /// Takes one key, or returns that it is none of a target.
    pub(super) fn take(
        &mut self,
        (key, value): (&Key, &Value),
        around: &mut Surroundings<'_>,
        mistakes: &mut Mistakes<'_>,
    ) -> bool {
        let sort = match key.text.as_str() {
            "anchor" => "anchor",
            "window" => "window",
            "role" | "name" | "name_substr" | "app" | "app_filter" | "text" => "role",
            "via" => {
                // The pointer is the only way there is; others would do something else.
                fields::choice(key, value, &[("pointer", ())], mistakes);
                return true;
            }
            _ => return false,
        };
        if !self.sorts.contains(&sort) {
            self.sorts.push(sort);
        }
        let is_read = match key.text.as_str() {
            "anchor" => read(&mut self.anchor, anchor(key, value, around, mistakes)),
            "window" => read(&mut self.window, around.text(key, value, mistakes)),
            "role" => read(&mut self.role, role(key, value, around, mistakes)),
            "name" => read(&mut self.name, around.text(key, value, mistakes)),
            "text" => read(&mut self.text, around.text(key, value, mistakes)),
            "name_substr" => read(&mut self.name_is_part, fields::flag(key, value, mistakes)),
            _ => read(&mut self.app, app(key, value, around, mistakes)),
        };
        self.is_broken |= !is_read;
        true
    }

    /// Makes a target of the keys; a name is part of the widget's where nothing else is said and
    /// `name_is_part`.
    pub(super) fn finish(
        self,
        at: &Range<usize>,
        name_is_part: bool,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<Target> {
        let hint = "a widget has a `role`, a picture an `anchor`, a window a `window`";
        match self.sorts.as_slice() {
            [] => {
                mistakes.error_with_hint(at, "this says nothing to look for", hint);
                return None;
            }
            [_] => {}
            [_, ..] => {
                mistakes.error_with_hint(at, "this asks for several sorts of thing at once", hint);
                return None;
            }
        }
        if self.is_broken {
            return None;
        }
        if let Some(anchor) = self.anchor {
            return Some(Target::Anchor(anchor));
        }
        if let Some(window) = self.window {
            return Some(Target::Window(window));
        }
        let Some(role) = self.role else {
            let hint = "add it, for instance `role: push button`";
            mistakes.error_with_hint(at, "a widget needs a `role`", hint);
            return None;
        };
        Some(Target::Node(NodeQuery {
            role,
            name: self.name,
            name_is_part: self.name_is_part.unwrap_or(name_is_part),
            app: self.app.unwrap_or_default(),
            text: self.text,
        }))
    }
}

/// Keeps what was read, and returns whether it was.
fn read<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    *slot = value;
    slot.is_some()
}

fn role(
    key: &Key,
    value: &Value,
    around: &Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<String> {
    let role = around.text(key, value, mistakes)?.to_lowercase();
    let is_known = ROLES.contains(&role.as_str()) || role.contains('{');
    if !is_known {
        let near = did_you_mean(&role, ROLES.iter().copied());
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        mistakes.warning(
            &value.at,
            format!("no toolkit is known to use the role `{role}`"),
            hint,
        );
    }
    Some(role)
}

/// An application's name may be empty: any will do.
fn app(
    key: &Key,
    value: &Value,
    around: &Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<String> {
    if value.data == super::yaml::Data::Text(String::new()) {
        return Some(String::new());
    }
    around.text(key, value, mistakes)
}

fn anchor(
    key: &Key,
    value: &Value,
    around: &mut Surroundings<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<AnchorImage> {
    let written = around.text(key, value, mistakes)?;
    let written = fill(&written, &around.vars);
    let Some(path) = inside(around.own, &written) else {
        let message = format!("`{written}` lies outside the scenario folder");
        mistakes.error_with_hint(&value.at, message, "keep pictures beside the scenario");
        return None;
    };
    match around.files.read(&around.dir.join(&path)) {
        Ok(png) if png.starts_with(b"\x89PNG\r\n\x1a\n") => {
            around.read.insert(path.clone(), ContentHash::of(&png));
            let png = png.into();
            Some(AnchorImage { path, png })
        }
        Ok(_) => {
            mistakes.error(&value.at, format!("`{path}` is no PNG picture"));
            None
        }
        Err(err) => {
            mistakes.error(
                &value.at,
                format!("failed to read the picture `{path}`: {err}"),
            );
            None
        }
    }
}

/// Returns `written`, which is relative to the folder `own`, relative to the folder above; `None`
/// when it leads out of that.
fn inside(own: &str, written: &str) -> Option<String> {
    if written.starts_with('/') || written.contains(['\\', '\0']) {
        return None;
    }
    let mut parts: Vec<&str> = own.split('/').filter(|part| !part.is_empty()).collect();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stay_inside_the_scenario_folder() {
        assert_eq!(
            inside("notes/new", "../badge.png").unwrap(),
            "notes/badge.png"
        );
        assert_eq!(inside("", "./a/b.png").unwrap(), "a/b.png");
        assert_eq!(inside("", "../b.png"), None);
        assert_eq!(inside("a", "/etc/passwd"), None);
    }
}
