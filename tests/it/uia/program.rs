//! The worker's own text, as far as it can be judged where there is no Windows.

use mosdat::driver::uia::program;
use std::collections::BTreeSet;

/// Commands of PowerShell that it uses.
const KNOWN: &[&str] = &[
    "Add-Member",
    "Add-Type",
    "ConvertFrom-Json",
    "ConvertTo-Json",
    "ForEach-Object",
    "Get-Process",
    "New-Object",
    "Select-Object",
    "Sort-Object",
    "Start-Sleep",
    "Where-Object",
];

/// Its lines without comments.
fn code() -> String {
    let program = program();
    let lines = program
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Whatever is written like a command: `Get-Facts`.
fn commands(code: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let words = code.split(|c| !is_part(c));
    let is_command = |word: &&str| {
        let is_name = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
        let parts = word.split_once('-');
        parts.is_some_and(|(verb, noun)| is_name(verb) && is_name(noun))
    };
    words.filter(is_command).collect()
}

#[test]
fn it_calls_nothing_that_is_not_there_and_has_nothing_that_is_not_called() {
    let code = code();
    let defined: BTreeSet<&str> = code
        .lines()
        .filter_map(|line| line.strip_prefix("function "))
        .filter_map(|rest| rest.split(['(', ' ']).next())
        .collect();
    assert!(defined.len() > 20, "{defined:?}");
    for command in commands(&code) {
        let is_known = defined.contains(command) || KNOWN.contains(&command);
        assert!(is_known, "`{command}` is nowhere");
    }
    for name in defined {
        assert!(code.matches(name).count() > 1, "nobody calls `{name}`");
    }
}

#[test]
fn it_reads_as_utf_8_and_has_the_roles_that_mosdat_knows() {
    let program = program();
    assert!(program.starts_with('\u{feff}'));
    assert!(!program.contains("#ROLES#"));
    assert!(program.contains("    'frame' = @('Window', 'Pane')\n"));
    assert!(program.contains("    'page tab' = @('TabItem')\n"));
}

/// PowerShell takes `$One` and `$one` for the same variable.
#[test]
fn no_two_of_its_variables_differ_only_in_case() {
    let code = code();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = code.split('$').skip(1);
    let names = names.filter_map(|rest| rest.split(|c| !is_part(c)).next());
    let names: BTreeSet<&str> = names.filter(|name| !name.is_empty()).collect();
    let mut seen = BTreeSet::new();
    for name in names {
        assert!(seen.insert(name.to_lowercase()), "`${name}` has a twin");
    }
}

#[test]
fn its_brackets_are_closed() {
    let mut open = Vec::new();
    let mut quote = None;
    let code = code();
    let (before, rest) = code.split_once("@'\n").unwrap();
    let (_, after) = rest.split_once("\n'@").unwrap();
    for c in before.chars().chain(after.chars()) {
        match (quote, c) {
            (Some(end), _) if c == end => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => open.push(c),
            (None, ')') => assert_eq!(open.pop(), Some('(')),
            (None, ']') => assert_eq!(open.pop(), Some('[')),
            (None, '}') => assert_eq!(open.pop(), Some('{')),
            (Some(_) | None, _) => {}
        }
    }
    assert!(open.is_empty() && quote.is_none());
}
