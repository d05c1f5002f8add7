//! Reads a fixture: how things stand before a routine is tested by itself, and how they are put back.

use super::{
    action::refuse_unknown,
    around::Around,
    document, fields,
    mistakes::Mistakes,
    parts::Parts,
    step,
    yaml::{Data, Key, Value},
};
use crate::scenario::{Action, Instruction, keys::Holder};

/// A fixture.
#[derive(Debug)]
pub(super) struct Fixture {
    /// What is done before.
    pub(super) setup: Vec<Instruction>,
    /// What is done after, however that came.
    pub(super) teardown: Vec<Instruction>,
}

/// Reads a fixture's document.
pub(super) fn read(
    document: &Value,
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Fixture> {
    let whole = Key {
        at: document.at.clone(),
        text: "the fixture".into(),
    };
    let mut parts = Parts::new(Holder::Fixture, fields::map(&whole, document, mistakes)?);
    for name in ["name", "description"] {
        let said = parts.take(name);
        said.map(|(key, value)| fields::text(key, value, mistakes));
    }
    let mut list = |name: &str, around: &mut Around<'_>, mistakes: &mut Mistakes<'_>| {
        let Some((key, value)) = parts.take(name) else {
            return Vec::new();
        };
        let value = document::rendered(value, around, mistakes);
        step::several(key, &value, around, mistakes)
    };
    let mut setup = list("setup_steps", around, mistakes);
    let teardown = list("teardown_steps", around, mistakes);
    if let Some((key, value)) = parts.take("vm_state") {
        let launch = state(key, value, &setup, around, mistakes);
        setup.extend(launch.unwrap_or_default());
    }
    refuse_unknown(&whole, &parts, mistakes);
    Some(Fixture { setup, teardown })
}

/// Reads how the machine stands when the routine begins, and returns the steps that lead there after
/// the `setup`. That the app neither runs nor has any data needs none: each test begins with the
/// machine as it was after the install.
fn state(
    key: &Key,
    value: &Value,
    setup: &[Instruction],
    around: &mut Around<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Vec<Instruction>> {
    let mut parts = Parts::new(Holder::VmState, fields::map(key, value, mistakes)?);
    for name in ["rc_killed", "userdata_wiped"] {
        let said = parts.take(name);
        said.map(|(key, value)| fields::flag(key, value, mistakes));
    }
    let launched = parts.take("launched");
    // Its seed was lost where it was written before the setup; a pass would be one of another state.
    if let Some((key, _)) = parts.take_unknown("config") {
        let hint = "write them in `setup_steps`, and leave `config` out";
        let message = "`config` is not known to this version: it writes no settings of an app";
        mistakes.error_with_hint(&key.at, message, hint);
    }
    refuse_unknown(key, &parts, mistakes);
    let (key, value) = launched?;
    if !fields::flag(key, value, mistakes)? {
        return None;
    }
    if launches(setup) {
        let message = "the app is launched twice: by `setup_steps` and by `launched`";
        mistakes.error_with_hint(&key.at, message, "leave one of the two out");
        return None;
    }
    Some(step::several(key, &launching(key), around, mistakes))
}

fn launches(steps: &[Instruction]) -> bool {
    steps.iter().any(|step| {
        matches!(step.action, Action::Launch { .. })
            || step.action.nested().iter().any(|steps| launches(steps))
    })
}

/// Returns the list of steps that `launched: true` stands for.
fn launching(key: &Key) -> Value {
    let at = |data| Value {
        at: key.at.clone(),
        data,
    };
    let launch = Key {
        at: key.at.clone(),
        text: "launch".into(),
    };
    let program = at(Data::Text("{app_path}".into()));
    at(Data::List(vec![at(Data::Map(vec![(launch, program)]))]))
}
