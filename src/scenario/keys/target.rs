//! The keys of what is looked for, and of the maps that hold such.

use super::{
    Holder::{App, Check, Click, Drag, Scroll, Target, WaitFor},
    KnownKey, Takes, key,
    step::{BUTTONS, MOTIONS},
};

pub(super) const KEYS: &[KnownKey] = &[
    key(
        Target,
        "role",
        Takes::Text,
        "A widget of the accessibility tree, by its role.",
        "role: entry",
    ),
    key(
        Target,
        "name",
        Takes::Text,
        "The widget's whole name.",
        "role: entry, name: Title",
    ),
    key(
        Target,
        "name_substr",
        Takes::Flag,
        "Whether `name` is a part of it.",
        "role: entry, name: Title, name_substr: true",
    )
    .usually("`false`; `true` in `verify_atspi`"),
    key(
        Target,
        "app",
        Takes::Text,
        "Part of the name of the widget's application.",
        "role: entry, app: notes",
    ),
    key(
        Target,
        "app_filter",
        Takes::Text,
        "Part of the application's name.",
        "role: entry, app_filter: notes",
    )
    .same_as("app"),
    key(
        Target,
        "value",
        Takes::Text,
        "What the widget says its value is.",
        "role: slider, value: 50",
    ),
    key(
        Target,
        "states",
        Takes::Texts,
        "States the widget is in, or not in: `[checked, not sensitive]`.",
        "role: check box, states: [checked]",
    ),
    key(
        Target,
        "text",
        Takes::Text,
        "Beside `role`, part of the text that the widget holds; else a text that is read on the \
         screen.",
        "text: Milk",
    ),
    key(
        Target,
        "fuzzy",
        Takes::Whole(0, 20),
        "How many letters of a text on the screen may be read otherwise.",
        "text: Groceries, fuzzy: 1",
    )
    .usually("0"),
    key(
        Target,
        "ignore_case",
        Takes::Flag,
        "Whether capital and small letters of a text on the screen are the same.",
        "text: Milk, ignore_case: true",
    )
    .usually("`false`"),
    key(
        Target,
        "anchor",
        Takes::Text,
        "A picture: a PNG file, relative to the document's own folder.",
        "anchor: badge.png",
    ),
    key(
        Target,
        "window",
        Takes::Text,
        "A window, by part of its title; never clicked, and never beside other ways.",
        "window: Notes",
    ),
    key(
        Target,
        "describe",
        Takes::Text,
        "One thing, in words for a model.",
        "describe: the gear in the corner",
    ),
    key(
        Target,
        "via",
        Takes::AnyWords(&[
            "exact", "like", "tree", "text", "model", "pointer", "action", "hint",
        ]),
        "The rungs that may be used; `action` and `hint` click by the widget's own action.",
        "text: Milk, via: [text]",
    )
    .usually("all, with the `pointer`"),
    key(
        Target,
        "action_idx",
        Takes::Whole(0, 99),
        "Which of the widget's own actions, beside `via: action` or `hint`.",
        "role: entry, via: action, action_idx: 1",
    )
    .usually("0"),
    key(
        Target,
        "area",
        Takes::Area,
        "The part of the screen where it is looked for.",
        "text: Milk, area: [0, 0, 300, 200]",
    )
    .usually("everywhere"),
    key(
        Check,
        "absent",
        Takes::Flag,
        "Turns the check around: it must not be there.",
        "role: dialog, absent: true",
    )
    .usually("`false`"),
    key(
        Click,
        "button",
        Takes::Words(BUTTONS),
        "The button, as beside `click`.",
        "text: a, button: right",
    )
    .usually("`left`"),
    key(
        Click,
        "double",
        Takes::Flag,
        "Clicks twice, as beside `click`.",
        "text: a, double: true",
    )
    .usually("`false`"),
    key(
        Click,
        "motion",
        Takes::Words(MOTIONS),
        "How the pointer gets there, as beside `click`.",
        "text: a, motion: linear",
    ),
    key(
        Click,
        "dwell_ms",
        Takes::Whole(0, 60_000),
        "How long the pointer rests, as beside `click`.",
        "text: a, dwell_ms: 250",
    ),
    key(
        Click,
        "timeout",
        Takes::Seconds,
        "Read for older documents; does nothing, and says so.",
        "text: a, timeout: 3",
    ),
    key(
        WaitFor,
        "any",
        Takes::Checks,
        "One of these must hold.",
        "any: [{role: dialog}]",
    ),
    key(
        WaitFor,
        "all",
        Takes::Checks,
        "All of these must hold, at the same time.",
        "all: [{role: dialog}]",
    ),
    key(
        WaitFor,
        "timeout",
        Takes::Seconds,
        "How long that may take.",
        "any: [{role: dialog}], timeout: 4",
    )
    .usually("15"),
    key(
        WaitFor,
        "app",
        Takes::Text,
        "The application of every widget that names none.",
        "any: [{role: dialog}], app: notes",
    ),
    key(
        WaitFor,
        "app_filter",
        Takes::Text,
        "The application.",
        "any: [{role: dialog}], app_filter: notes",
    )
    .same_as("app"),
    key(
        WaitFor,
        "interval",
        Takes::Seconds,
        "Read for older documents; does nothing, and says so.",
        "any: [{role: dialog}], interval: 1",
    ),
    key(
        Drag,
        "from",
        Takes::Map(Target),
        "What is pulled.",
        "from: {text: a}, to: {text: b}",
    )
    .needed(),
    key(
        Drag,
        "to",
        Takes::Map(Target),
        "Where to.",
        "from: {text: a}, to: {text: b}",
    )
    .needed(),
    key(
        Scroll,
        "direction",
        Takes::Words(&["up", "down", "left", "right"]),
        "Which way.",
        "direction: up",
    )
    .needed(),
    key(
        Scroll,
        "notches",
        Takes::Whole(1, 100),
        "How far.",
        "direction: up, notches: 5",
    )
    .usually("3"),
    key(
        Scroll,
        "over",
        Takes::Map(Target),
        "Over what.",
        "direction: up, over: {role: list}",
    )
    .usually("where the pointer is"),
    key(
        App,
        "name",
        Takes::Text,
        "The name of the program's file.",
        "name: notes",
    )
    .needed(),
    key(
        App,
        "absent",
        Takes::Flag,
        "Whether it must not run.",
        "name: notes, absent: true",
    )
    .usually("`false`"),
];
