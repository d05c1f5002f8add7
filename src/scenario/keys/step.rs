//! The keys of a step.

use super::{
    Holder::{self, Action, Clicking, Expecting, Step, Typing},
    KnownKey, Takes, key,
};

/// Names of buttons.
pub(super) const BUTTONS: &[&str] = &["left", "middle", "right"];

/// Names of ways along which the pointer moves.
pub(super) const MOTIONS: &[&str] = &["instant", "linear", "bezier", "windmouse"];

const WAYS: &[&str] = &["up", "down", "left", "right"];

pub(super) const KEYS: &[KnownKey] = &[
    // What it does.
    key(
        Action,
        "launch",
        Takes::Text,
        "Starts a program that stays, and waits for its window.",
        "launch: '{app_path} --new'",
    ),
    key(
        Action,
        "click",
        Takes::Either(&[Takes::Map(Holder::Click), Takes::Words(BUTTONS)]),
        "Clicks on the middle of a target; beside `localize` or `atspi` it is the button.",
        "click: {role: push button, name: Save}",
    ),
    key(
        Action,
        "double_click",
        Takes::Map(Holder::Click),
        "Clicks twice.",
        "double_click: {text: Milk}",
    ),
    key(
        Action,
        "localize",
        Takes::Text,
        "Clicks on what a vision model finds by this phrase; beside `atspi` only where the widget \
         is not found.",
        "localize: the Save button",
    ),
    key(
        Action,
        "atspi",
        Takes::Map(Holder::Click),
        "Clicks on a widget.",
        "atspi: {role: entry}",
    )
    .same_as("click"),
    key(
        Action,
        "drag",
        Takes::Map(Holder::Drag),
        "Pulls one thing to another.",
        "drag: {from: {text: Milk}, to: {role: list}}",
    ),
    key(
        Action,
        "scroll",
        Takes::Either(&[Takes::Words(WAYS), Takes::Map(Holder::Scroll)]),
        "Turns the wheel.",
        "scroll: down",
    ),
    key(
        Action,
        "wait_for",
        Takes::Map(Holder::WaitFor),
        "Waits until one or all of several things hold at the same time.",
        "wait_for: {any: [{role: dialog}]}",
    ),
    key(
        Action,
        "wait_gone",
        Takes::Check,
        "Waits until something is not there.",
        "wait_gone: {role: dialog}",
    ),
    key(
        Action,
        "if_visible",
        Takes::Check,
        "Does the steps of `then` only where something is there.",
        "if_visible: an update banner, then: [{key: Escape}]",
    ),
    key(
        Action,
        "shell",
        Takes::Text,
        "Has a shell of the session run a text; an exit code other than 0 fails.",
        "shell: test -f x",
    ),
    key(
        Action,
        "app_running",
        Takes::Either(&[Takes::Text, Takes::Map(Holder::App)]),
        "Fails unless a program runs, by the name of its file.",
        "app_running: notes",
    ),
    key(
        Action,
        "kill_app",
        Takes::Text,
        "Ends a program, by the name of its file, whoever started it.",
        "kill_app: notes",
    ),
    key(
        Action,
        "routine",
        Takes::Either(&[Takes::Text, Takes::Map(Holder::Call)]),
        "Does the steps of a routine.",
        "routine: open",
    ),
    key(
        Action,
        "import",
        Takes::Text,
        "Does the steps of another document; `- !import name` is the same.",
        "import: steps",
    ),
    key(
        Action,
        "popup_sweep",
        Takes::Flag,
        "Closes dialogs that cover the app, by the judgement of a model.",
        "popup_sweep: true",
    ),
    key(
        Action,
        "clipboard",
        Takes::Text,
        "Puts a text where `paste` takes it from.",
        "clipboard: Milk",
    ),
    key(
        Action,
        "screenshot",
        Takes::Either(&[Takes::Flag, Takes::Text]),
        "Keeps a picture of the screen, by that name.",
        "screenshot: empty list",
    ),
    key(
        Action,
        "a11y",
        Takes::Words(&["dump"]),
        "Keeps the accessibility tree.",
        "a11y: dump",
    ),
    // How it clicks.
    key(
        Clicking,
        "button",
        Takes::Words(BUTTONS),
        "The button that is pressed.",
        "click: {text: a}, button: right",
    )
    .usually("`left`"),
    key(
        Clicking,
        "double",
        Takes::Flag,
        "Clicks twice.",
        "click: {text: a}, double: true",
    )
    .usually("`false`"),
    key(
        Clicking,
        "hover",
        Takes::Flag,
        "Points at it and presses nothing.",
        "click: {text: a}, hover: true",
    )
    .usually("`false`"),
    key(
        Clicking,
        "motion",
        Takes::Words(MOTIONS),
        "How the pointer gets there.",
        "click: {text: a}, motion: bezier",
    )
    .usually("as the plan file says"),
    key(
        Clicking,
        "dwell_ms",
        Takes::Whole(0, 60_000),
        "How many milliseconds the pointer rests before a button goes down.",
        "click: {text: a}, dwell_ms: 250",
    )
    .usually("as the plan file says"),
    key(
        Clicking,
        "precheck_click",
        Takes::Flag,
        "Has a model say before the click that this is it.",
        "localize: the gear, precheck_click: true",
    )
    .usually("`false`"),
    key(
        Clicking,
        "localize_consistent",
        Takes::Flag,
        "Has a model find the place three times; they must agree.",
        "localize: the gear, localize_consistent: true",
    )
    .usually("`false`"),
    key(
        Clicking,
        "verify_click",
        Takes::Check,
        "What must hold right after the click.",
        "localize: the gear, verify_click: the settings are open",
    ),
    key(
        Clicking,
        "verify_click_diff",
        Takes::Flag,
        "Has a model compare what is around the place before and after the click.",
        "localize: the field, verify_click_diff: true",
    )
    .usually("`false`"),
    key(
        Clicking,
        "verify_click_diff_prompt",
        Takes::Text,
        "What the model is asked of the two pictures.",
        "localize: the field, verify_click_diff_prompt: it is blue now",
    )
    .usually("whether it gained the focus"),
    key(
        Clicking,
        "verify_click_diff_crop",
        Takes::Whole(8, 2000),
        "How many pixels are compared in each direction.",
        "localize: the field, verify_click_diff: true, verify_click_diff_crop: 40",
    )
    .usually("80"),
    key(
        Clicking,
        "then",
        Takes::Steps,
        "Steps that are done right after the click, or where `if_visible` is.",
        "click: {text: a}, then: [{key: Return}]",
    ),
    key(
        Clicking,
        "then_steps",
        Takes::Steps,
        "Steps that are done then.",
        "click: {text: a}, then_steps: [{key: Return}]",
    )
    .same_as("then"),
    // What it types.
    key(
        Typing,
        "key_pre",
        Takes::Text,
        "Keys that are pressed together before the text.",
        "key_pre: ctrl+a, type: x",
    ),
    key(
        Typing,
        "type",
        Takes::Text,
        "Types a text; what arrived is read back where the widget tells.",
        "type: Milk",
    ),
    key(
        Typing,
        "key",
        Takes::Text,
        "Keys that are pressed together after the text.",
        "key: ctrl+s",
    ),
    key(
        Typing,
        "then_key_pre",
        Takes::Text,
        "Keys before the text.",
        "then_key_pre: ctrl+a, type: x",
    )
    .same_as("key_pre"),
    key(
        Typing,
        "then_type",
        Takes::Text,
        "Types a text.",
        "then_type: Milk",
    )
    .same_as("type"),
    key(
        Typing,
        "then_key",
        Takes::Text,
        "Keys after the text.",
        "then_key: Return",
    )
    .same_as("key"),
    key(
        Typing,
        "verify_input",
        Takes::Check,
        "What must hold when the text was typed, before `key`.",
        "type: Milk, verify_input: the field holds Milk",
    ),
    key(
        Typing,
        "canary",
        Takes::Flag,
        "Types one character first, sees that it arrives, and removes it.",
        "type: Milk, canary: true, canary_verify: the field holds a q",
    )
    .usually("`false`"),
    key(
        Typing,
        "canary_verify",
        Takes::Check,
        "What must hold when that character has arrived.",
        "type: Milk, canary: true, canary_verify: the field holds a q",
    ),
    key(
        Typing,
        "canary_char",
        Takes::Text,
        "That character, a small letter or a digit.",
        "type: Milk, canary: true, canary_verify: it holds x, canary_char: x",
    )
    .usually("`q`"),
    // What must hold.
    key(
        Expecting,
        "verify",
        Takes::Check,
        "What must come true in time.",
        "verify: {role: label, name: 1 note}",
    ),
    key(
        Expecting,
        "verify_not",
        Takes::Check,
        "What must not be, on the same picture as `verify`.",
        "verify: the list shows, verify_not: a dialog shows",
    ),
    key(
        Expecting,
        "verify_atspi",
        Takes::Map(Holder::Check),
        "A widget that must be there; its name is a part unless `name_substr: false`.",
        "verify_atspi: {role: entry, name: Mail}",
    ),
    key(
        Expecting,
        "accept_any",
        Takes::Checks,
        "One of these must come true; not beside `verify`.",
        "accept_any: [the list shows, the list is empty]",
    ),
    key(
        Expecting,
        "verify_consistent",
        Takes::Flag,
        "A model must say so twice out of three times.",
        "verify: the list shows, verify_consistent: true",
    )
    .usually("`false`"),
    key(
        Expecting,
        "verify_timeout",
        Takes::Seconds,
        "How long that may take to come true.",
        "verify: the list shows, verify_timeout: 20",
    )
    .usually("`timeout`, or else 10"),
    key(
        Expecting,
        "assert_no",
        Takes::Check,
        "What must not come up for some time.",
        "assert_no: {role: dialog}",
    ),
    key(
        Expecting,
        "for",
        Takes::Seconds,
        "How long `assert_no` watches.",
        "assert_no: {role: dialog}, for: 3",
    )
    .usually("1"),
    // The step itself.
    key(
        Step,
        "label",
        Takes::Text,
        "What people call the step.",
        "key: Return, label: Save it",
    )
    .usually("the comment above, or what it does"),
    key(
        Step,
        "timeout",
        Takes::Seconds,
        "How long it may take.",
        "shell: make, timeout: 20",
    )
    .usually("10; `wait_for` 15, `launch` 30, `shell` 60"),
    key(
        Step,
        "launch_timeout",
        Takes::Seconds,
        "How long the window may take.",
        "launch: notes, launch_timeout: 20",
    )
    .same_as("timeout"),
    key(
        Step,
        "window",
        Takes::Text,
        "Part of the title of the window that `launch` waits for.",
        "launch: notes, window: Notes",
    )
    .usually("any new window"),
    key(
        Step,
        "launch_window",
        Takes::Text,
        "Part of the title of the window.",
        "launch: notes, launch_window: Notes",
    )
    .same_as("window"),
    key(
        Step,
        "ignore_exit",
        Takes::Flag,
        "Whether `shell` passes whatever the exit code.",
        "shell: rm x, ignore_exit: true",
    )
    .usually("`false`"),
    key(
        Step,
        "focus",
        Takes::Text,
        "Part of the title of the window that gets the focus first.",
        "key: Return, focus: Notes",
    ),
    key(
        Step,
        "wait",
        Takes::Seconds,
        "How long nothing is done between the action and the look at what must hold; beside \
         `launch` without `timeout`, how long the window may take.",
        "wait: 0.5",
    )
    .usually("0"),
    key(
        Step,
        "retries",
        Takes::Whole(0, 100),
        "How often it is done at most; 0 is 1.",
        "verify: the list shows, retries: 5",
    )
    .usually("3 where only a model judges, 1 elsewhere"),
    key(
        Step,
        "must_pass",
        Takes::Flag,
        "Whether the scenario ends when it does not pass.",
        "key: Return, must_pass: false",
    )
    .usually("`true`"),
    key(
        Step,
        "on_failure_agent",
        Takes::Map(Holder::Agent),
        "A model with keyboard and pointer may try to put right what went wrong.",
        "verify: the list shows, on_failure_agent: {goal: show it, success_check: it shows}",
    ),
];
