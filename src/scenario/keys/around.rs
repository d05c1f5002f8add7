//! The keys of documents, and of the maps that are about more than one step.

use super::{
    Holder::{Agent, Call, Document, Fallback, Fixture, Input, Issue, Phase, Routine, VmState},
    KnownKey, Takes, key,
};

const INFORMATION: &str = "For people and other tools.";

pub(super) const DOCUMENT: &[KnownKey] = &[
    key(
        Document,
        "name",
        Takes::Text,
        "What people call the scenario.",
        "name: Notes",
    )
    .usually("the name of its file"),
    key(
        Document,
        "description",
        Takes::Text,
        "What it is for.",
        "description: it counts",
    ),
    key(
        Document,
        "session",
        Takes::Words(&["x11", "wayland"]),
        "The session it cannot do without.",
        "session: x11",
    )
    .usually("any"),
    key(
        Document,
        "kind",
        Takes::Words(&["functional", "bug-confirmation"]),
        "What its end says: that the app works, or whether a reported bug shows.",
        "kind: functional",
    )
    .usually("`functional`"),
    key(
        Document,
        "vars",
        Takes::Values,
        "Values to be used as `{name}` and in templates.",
        "vars: {title: Milk}",
    ),
    key(
        Document,
        "steps",
        Takes::Steps,
        "What is done, in order, up to the first step that does not pass.",
        "steps: [{shell: 'true'}]",
    )
    .needed(),
    key(
        Document,
        "cleanup",
        Takes::Steps,
        "What is done at the end, however that came; it changes no verdict.",
        "cleanup: [{kill_app: notes}]",
    ),
    key(
        Document,
        "phases",
        Takes::Maps(Phase),
        "Names for parts of it.",
        "phases: [{id: A, name: Open, from_step: 1}]",
    ),
    key(
        Document,
        "imports",
        Takes::Texts,
        "The documents that are imported; a difference to those that are is told.",
        "imports: []",
    ),
    key(
        Document,
        "issue",
        Takes::Map(Issue),
        "The issue that tells of the bug; needed for a bug confirmation.",
        "kind: bug-confirmation, issue: {id: 7}, bug_signal: a, precondition_check: b",
    ),
    key(
        Document,
        "bug_signal",
        Takes::Check,
        "What holds when the bug shows; needed for a bug confirmation.",
        "kind: bug-confirmation, issue: {id: 7}, bug_signal: a, precondition_check: b",
    ),
    key(
        Document,
        "precondition_check",
        Takes::Check,
        "What holds when the app got far enough for the bug to show; needed for a bug confirmation.",
        "kind: bug-confirmation, issue: {id: 7}, bug_signal: a, precondition_check: b",
    ),
    key(Document, "app", Takes::Anything, INFORMATION, "app: notes"),
    key(
        Document,
        "expected_env",
        Takes::Anything,
        INFORMATION,
        "expected_env: {os: any}",
    ),
    key(
        Document,
        "schema_version",
        Takes::Anything,
        INFORMATION,
        "schema_version: v1",
    ),
    key(
        Document,
        "tags",
        Takes::Anything,
        INFORMATION,
        "tags: [smoke]",
    ),
];

pub(super) const OTHERS: &[KnownKey] = &[
    key(
        Call,
        "name",
        Takes::Text,
        "The routine's name: the path of its file below `routines/`.",
        "name: open",
    )
    .needed(),
    key(
        Call,
        "with",
        Takes::Values,
        "Values of its inputs.",
        "name: open, with: {title: Milk}",
    ),
    key(
        Agent,
        "goal",
        Takes::Text,
        "What it is to reach.",
        "goal: show it, success_check: it shows",
    )
    .needed(),
    key(
        Agent,
        "success_check",
        Takes::Check,
        "What must hold in the end.",
        "goal: show it, success_check: it shows",
    )
    .needed(),
    key(
        Agent,
        "budget_turns",
        Takes::Whole(1, 100),
        "How often it may do something.",
        "goal: show it, success_check: it shows, budget_turns: 5",
    )
    .usually("10"),
    key(Issue, "id", Takes::Text, "Its number or name.", "id: 3308").needed(),
    key(
        Issue,
        "title",
        Takes::Text,
        "What it is called.",
        "id: 1, title: Lost",
    ),
    key(
        Issue,
        "url",
        Takes::Text,
        "Where it is told of.",
        "id: 1, url: x",
    ),
    key(
        Issue,
        "suspected_pr",
        Takes::Text,
        INFORMATION,
        "id: 1, suspected_pr: x",
    ),
    key(
        Issue,
        "reporter_version",
        Takes::Text,
        INFORMATION,
        "id: 1, reporter_version: x",
    ),
    key(
        Phase,
        "id",
        Takes::Text,
        "What it is called on the command line.",
        "id: A, from_step: 1",
    )
    .needed(),
    key(
        Phase,
        "name",
        Takes::Text,
        "What people call it.",
        "id: A, name: Open, from_step: 1",
    )
    .usually("its `id`"),
    key(
        Phase,
        "from_step",
        Takes::Whole(1, 100_000),
        "Its first step, counted from 1 as the document does.",
        "id: A, from_step: 1",
    )
    .needed(),
    key(
        Routine,
        "schema_version",
        Takes::Words(&["v1"]),
        "The version of the language.",
        "schema_version: v1, steps: [{key: a}]",
    )
    .usually("`v1`"),
    key(
        Routine,
        "name",
        Takes::Text,
        INFORMATION,
        "name: open, steps: [{key: a}]",
    ),
    key(
        Routine,
        "description",
        Takes::Text,
        INFORMATION,
        "description: opens, steps: [{key: a}]",
    ),
    key(
        Routine,
        "tags",
        Takes::Anything,
        INFORMATION,
        "tags: [a], steps: [{key: a}]",
    ),
    key(
        Routine,
        "inputs",
        Takes::Named(Input),
        "What it is given.",
        "inputs: {title: {default: Milk}}, steps: [{key: a}]",
    ),
    key(
        Routine,
        "preconditions",
        Takes::Steps,
        "What must hold before; every step checks something.",
        "preconditions: [{verify: a}], steps: [{key: a}]",
    ),
    key(
        Routine,
        "steps",
        Takes::Steps,
        "What is done.",
        "steps: [{key: a}]",
    ),
    key(
        Routine,
        "fallbacks",
        Takes::Maps(Fallback),
        "Other steps for where the usual ones do not work.",
        "steps: [{key: a}], fallbacks: [{when: default, steps: [{key: b}]}]",
    ),
    key(
        Routine,
        "postconditions",
        Takes::Steps,
        "What must hold after; every step checks something.",
        "postconditions: [{verify: a}], steps: [{key: a}]",
    ),
    key(
        Routine,
        "on_failure",
        Takes::Steps,
        "What is done when a step did not pass; it changes no verdict.",
        "on_failure: [{key: Escape}], steps: [{key: a}]",
    ),
    key(
        Input,
        "name",
        Takes::Text,
        INFORMATION,
        "name: title, default: a",
    ),
    key(
        Input,
        "description",
        Takes::Text,
        INFORMATION,
        "description: a, default: a",
    ),
    key(
        Input,
        "type",
        Takes::Words(&["string", "int", "bool", "list"]),
        "The sort of value; another is told.",
        "type: string, default: a",
    ),
    key(
        Input,
        "required",
        Takes::Flag,
        "Whether every call must give it; not beside `default`.",
        "required: false, default: a",
    )
    .usually("`true` where it has no default"),
    key(
        Input,
        "default",
        Takes::Anything,
        "Its value where no call and no variable gives one.",
        "default: a",
    ),
    key(
        Fallback,
        "when",
        Takes::Text,
        "An expression over `inputs`, `vars` and `capability`, or `default`; the first that is true is taken.",
        "when: default, steps: [{key: a}]",
    )
    .needed(),
    key(
        Fallback,
        "steps",
        Takes::Steps,
        "What is done then in place of `steps`.",
        "when: default, steps: [{key: a}]",
    )
    .needed(),
    key(Fixture, "name", Takes::Text, INFORMATION, "name: open"),
    key(
        Fixture,
        "description",
        Takes::Text,
        INFORMATION,
        "description: an open note",
    ),
    key(
        Fixture,
        "setup_steps",
        Takes::Steps,
        "What is done before the routine. What does not pass there blocks the test.",
        "setup_steps: [{shell: 'true'}]",
    ),
    key(
        Fixture,
        "vm_state",
        Takes::Map(VmState),
        "How the machine stands when the routine begins.",
        "vm_state: {launched: true}",
    ),
    key(
        Fixture,
        "teardown_steps",
        Takes::Steps,
        "What is done at the end, however that came; it changes no verdict.",
        "teardown_steps: [{shell: 'true'}]",
    ),
    key(
        VmState,
        "rc_killed",
        Takes::Flag,
        "That the app does not run yet when the setup begins, which is always so.",
        "rc_killed: true",
    ),
    key(
        VmState,
        "userdata_wiped",
        Takes::Flag,
        "That the app has no data yet when the setup begins, which is always so.",
        "userdata_wiped: true",
    ),
    key(
        VmState,
        "launched",
        Takes::Flag,
        "Whether the app is launched after the setup.",
        "launched: true",
    )
    .usually("`false`"),
];
