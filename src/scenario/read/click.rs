//! Reads clicks: on what, how, and how sure one has to be.

use super::{
    around::Around,
    condition, fields,
    mistakes::Mistakes,
    parts::Parts,
    step, target,
    yaml::{Data, Key, Value},
};
use crate::{
    model::{Button, Profile},
    scenario::{Aim, Care, Click, Diff, Target, Way, keys::Holder},
};

/// Names of buttons.
const BUTTONS: [(&str, Button); 3] = [
    ("left", Button::Left),
    ("middle", Button::Middle),
    ("right", Button::Right),
];

/// Whether the step clicks on something.
pub(super) fn is_asked(parts: &Parts<'_>) -> bool {
    ["click", "double_click", "atspi", "localize"]
        .iter()
        .any(|name| parts.has(name))
}

/// Reads the click.
pub(super) fn read(
    parts: &mut Parts<'_>,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Click> {
    let before = mistakes.errors();
    let mut click = what(parts, around, mistakes);
    let flag = |parts: &mut Parts<'_>, name: &str, mistakes: &mut Mistakes<'_>| {
        let entry = parts.take(name);
        entry.and_then(|(key, value)| fields::flag(key, value, mistakes)) == Some(true)
    };
    let button = parts.take("button");
    let button = button.and_then(|(key, value)| fields::choice(key, value, &BUTTONS, mistakes));
    let is_double = flag(parts, "double", mistakes);
    let is_hover = flag(parts, "hover", mistakes);
    let aim = aim(parts, mistakes);
    let care = Care {
        is_prechecked: flag(parts, "precheck_click", mistakes),
        is_consistent: flag(parts, "localize_consistent", mistakes),
        verify: parts
            .take("verify_click")
            .and_then(|(key, value)| condition::check(key, value, false, around, mistakes)),
        diff: diff(parts, mistakes),
    };
    let then = match parts.take_one(&["then", "then_steps"], mistakes) {
        Some((key, list)) => step::several(key, list, around, mistakes),
        None => Vec::new(),
    };
    if let Some(click) = &mut click {
        click.button = button.unwrap_or(click.button);
        if is_double {
            click.times = 2;
        }
        if is_hover {
            click.times = 0;
        }
        click.aim.motion = aim.motion.or(click.aim.motion);
        click.aim.dwell = aim.dwell.or(click.aim.dwell);
        (click.care, click.then) = (care, then);
    }
    click.filter(|_| mistakes.errors() == before)
}

/// Reads how the pointer gets there.
pub(super) fn aim(parts: &mut Parts<'_>, mistakes: &mut Mistakes<'_>) -> Aim {
    let motion = parts.take("motion");
    let dwell = parts.take("dwell_ms");
    Aim {
        motion: motion.and_then(|(key, value)| fields::choice(key, value, &Profile::ALL, mistakes)),
        dwell: dwell
            .and_then(|(key, value)| fields::whole(key, value, 0..=60_000, mistakes))
            .map(|ms| std::time::Duration::from_millis(ms.into())),
    }
}

/// Reads on what is clicked, with what the keys that say so say about how.
fn what(
    parts: &mut Parts<'_>,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Click> {
    let atspi = parts.take("atspi");
    let phrase = parts.take("localize");
    if atspi.is_none() && phrase.is_none() {
        let entry = parts.take_one(&["click", "double_click"], mistakes);
        let (key, value) = entry?;
        let mut click = of_map(key, value, around, mistakes)?;
        if key.text == "double_click" {
            click.times = 2;
        }
        return Some(click);
    }
    let mut click = match atspi {
        Some((key, value)) => of_map(key, value, around, mistakes)?,
        None => plain(Target {
            ways: Vec::new(),
            via: Vec::new(),
            area: None,
        }),
    };
    if let Some((key, value)) = phrase {
        let phrase = fields::text(key, value, mistakes)?;
        click.target.ways.push(Way::Thing(phrase));
    }
    if let Some((key, value)) = parts.take("click") {
        if let Data::Flag(_) = value.data {
            let hint = "write `click: left`, or leave it out";
            let message = "`click` is a button, not `true` or `false`";
            mistakes.error_with_hint(&value.at, message, hint);
        } else {
            click.button = fields::choice(key, value, &BUTTONS, mistakes)?;
        }
    }
    Some(click)
}

/// Reads a target in a map, which may say how it is clicked.
fn of_map(
    key: &Key,
    value: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Click> {
    if let Data::Text(_) | Data::Flag(_) = value.data {
        let message = format!("`{}` must say on what, as a map", key.text);
        let hint = "for instance `click: {role: push button, name: Save}`";
        mistakes.error_with_hint(&value.at, message, hint);
        return None;
    }
    let mut parts = Parts::new(Holder::Click, fields::map(key, value, mistakes)?);
    let button = parts.take("button");
    let button = button.map(|(key, value)| fields::choice(key, value, &BUTTONS, mistakes));
    let is_double = parts.take("double");
    let is_double = is_double.map(|(key, value)| fields::flag(key, value, mistakes));
    // Older documents say here how long the widget may take to come.
    if let Some((key, value)) = parts.take("timeout") {
        fields::seconds(key, value, mistakes);
        let hint = "put it beside, as `timeout` of the step";
        mistakes.warning(
            &key.at,
            "`timeout` of a widget does nothing",
            Some(hint.into()),
        );
    }
    let inner = aim(&mut parts, mistakes);
    if parts.has("window") {
        let (key, _) = parts.take("window")?;
        let hint = "click on a widget or a picture in it";
        mistakes.error_with_hint(&key.at, "a window cannot be clicked as a whole", hint);
        return None;
    }
    let drafted = target::read(&mut parts, value, false, around, mistakes);
    target::refuse_rest(&format!("`{}`", key.text), &parts, mistakes);
    let drafted = drafted?;
    let mut click = plain(drafted.target);
    click.means = drafted.means;
    click.aim = inner;
    click.button = button.unwrap_or(Some(Button::Left))?;
    if is_double.unwrap_or(Some(false))? {
        click.times = 2;
    }
    Some(click)
}

fn plain(target: Target) -> Click {
    Click {
        target,
        button: Button::Left,
        times: 1,
        means: crate::scenario::Means::Pointer,
        aim: Aim::default(),
        care: Care::default(),
        then: Vec::new(),
    }
}

/// Reads whether what is around the place must have changed.
fn diff(parts: &mut Parts<'_>, mistakes: &mut Mistakes<'_>) -> Option<Diff> {
    const REACH: u32 = 80;
    let prompt = parts.take("verify_click_diff_prompt");
    let prompt = prompt.and_then(|(key, value)| fields::text(key, value, mistakes));
    let reach = parts.take("verify_click_diff_crop");
    let reach = reach.map_or(Some(REACH), |(key, value)| {
        fields::whole(key, value, 8..=2000, mistakes)
    });
    let is_on = match parts.take("verify_click_diff") {
        Some((key, value)) => fields::flag(key, value, mistakes)?,
        None => prompt.is_some(),
    };
    let reach = reach? as i32;
    is_on.then_some(Diff { prompt, reach })
}
