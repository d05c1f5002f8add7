//! What a plan rests on. A saved plan is bound to these, and refused when one has changed: not
//! when anything at all has changed.

use super::PlanInput;
use crate::model::{ContentHash, Fact, LayerName, Plan, Presence, SourceSeen, StepHash};

/// Returns what `plan`, made from `input`, rests on, the most telling first.
pub fn facts(input: &PlanInput<'_>, plan: &Plan) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name: String, value: String| facts.push(Fact { name, value });
    for (build, seen) in &input.observed.sources {
        let value = match seen {
            SourceSeen::Known { identity, .. } => identity.clone(),
            SourceSeen::Unknown { why } => format!("cannot be read: {why}"),
        };
        add(format!("source of build `{build}`"), value);
    }
    let scenarios = input.desired.scenarios.values();
    let scenarios = scenarios.map(|scenario| (scenario, String::new()));
    let own = input.desired.own_scenarios.iter();
    let own = own.flat_map(|(machine, scenarios)| {
        let scenarios = scenarios.values();
        scenarios.map(move |scenario| (scenario, format!(" on `{machine}`")))
    });
    for (scenario, place) in scenarios.chain(own) {
        let files = scenario.files.iter().map(|part| ("file", part));
        let variables = scenario.variables.iter().map(|part| ("variable", part));
        for (sort, (name, digest)) in files.chain(variables) {
            add(
                format!("{sort} `{name}` of scenario `{}`{place}", scenario.name),
                digest.to_string(),
            );
        }
    }
    for machine in input.desired.machines.keys() {
        if plan
            .runs()
            .any(|(step, _)| step.machine.as_ref() == Some(machine))
        {
            let presence = input.observed.machines.get(machine);
            add(format!("machine `{machine}`"), presence_in_words(presence));
        }
    }
    for (step, reason) in plan.runs() {
        let last = input.recorded.steps.get(&step.key);
        let last = last.map_or_else(
            || "never run".into(),
            |last| {
                format!(
                    "{} in run {} from {}",
                    last.verdict,
                    last.run,
                    last.hash.short()
                )
            },
        );
        add(format!("last result of `{}`", step.key), last);
        let hash = match step.hash {
            StepHash::Known(hash) => hash.short(),
            StepHash::Pending => "known after its build".into(),
        };
        add(
            format!("inputs of `{}`", step.key),
            format!("{hash}, {}", reason.kind()),
        );
    }
    add("set of steps".into(), plan.id.to_string());
    facts
}

fn presence_in_words(presence: Option<&Presence>) -> String {
    match presence {
        Some(Presence::Present { base, layers, .. }) => {
            let names: Vec<_> = layers.iter().map(LayerName::as_str).collect();
            let layers = ContentHash::of(names.join(" ").as_bytes());
            format!("base {base}, {} layers ({})", names.len(), layers.short())
        }
        Some(Presence::Absent { .. }) => "absent".into(),
        Some(Presence::Unknown { .. }) | None => "unknown".into(),
    }
}

/// Returns the first fact that is not the same now, with its value then and now.
pub fn first_difference(then: &[Fact], now: &[Fact]) -> Option<(String, String, String)> {
    let value = |facts: &[Fact], name: &str| {
        let fact = facts.iter().find(|fact| fact.name == name);
        fact.map_or_else(|| "nothing".into(), |fact| fact.value.clone())
    };
    // Plans that agree, as nearly all do, are told by walking both lists once.
    if then == now {
        return None;
    }
    let names = then.iter().chain(now).map(|fact| &fact.name);
    let changed = names
        .map(|name| (name, value(then, name), value(now, name)))
        .find(|(_, then, now)| then != now)?;
    Some((changed.0.clone(), changed.1, changed.2))
}
