//! A script as a command that any shell passes on as it is, and what comes back of it.

use crate::port::{Exit, ShellOutput};
use base64::{Engine as _, prelude::BASE64_STANDARD};

/// The longest command that `cmd.exe` takes.
pub(super) const LONGEST: usize = 8191;

const PROGRAM: &str =
    "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand ";

/// What a script begins with: its words go straight to standard output, where nothing wraps them,
/// as base64 of UTF-8, which no code page changes.
const HEAD: &str = "\
$ErrorActionPreference='Stop';$ProgressPreference='SilentlyContinue'
function say($k,$t){[Console]::Out.WriteLine(\"mosdat:$k \"+\
[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($t)))}
try{
";

const FOOT: &str = "
}catch{say 'error' \"$_\"}
";

/// Returns the command that has PowerShell carry out `body`, which answers with `say KIND TEXT`.
pub fn command(body: &str) -> String {
    let script = format!("{HEAD}{body}{FOOT}");
    let units = script.encode_utf16().flat_map(u16::to_le_bytes);
    let bytes: Vec<u8> = units.collect();
    format!("{PROGRAM}{}", BASE64_STANDARD.encode(bytes))
}

/// Returns what [`command`] was made of; `None` when it made no such command.
pub fn decoded(command: &str) -> Option<String> {
    let bytes = BASE64_STANDARD
        .decode(command.strip_prefix(PROGRAM)?)
        .ok()?;
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let script = String::from_utf16(&units.collect::<Vec<_>>()).ok()?;
    let body = script.strip_prefix(HEAD)?.strip_suffix(FOOT)?;
    Some(body.to_owned())
}

/// What a script said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A word that the script knows, and a text.
    Word(String, String),
    /// It could not be carried out, for this reason.
    Error(String),
    /// Nothing that could be read; all that is known.
    Nothing(String),
}

/// Reads what a script said: the last line that is its own. Others may write as well.
pub(super) fn said(output: &ShellOutput) -> Said {
    let text = String::from_utf8_lossy(&output.stdout);
    let own = |line: &str| {
        let (kind, text) = line.strip_prefix("mosdat:")?.split_once(' ')?;
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        Some((kind.to_owned(), String::from_utf8(bytes).ok()?))
    };
    match text.lines().rev().find_map(own) {
        Some((kind, text)) if kind == "error" => Said::Error(text),
        Some((kind, text)) => Said::Word(kind, text),
        None => Said::Nothing(whole(&text, output)),
    }
}

fn whole(text: &str, output: &ShellOutput) -> String {
    let exit = match output.exit {
        Some(exit) => exit.to_string(),
        None => "did not end".into(),
    };
    let words = [text.trim(), output.stderr.trim()];
    let words: Vec<_> = words.into_iter().filter(|it| !it.is_empty()).collect();
    let words = words.join("\n");
    let last: Vec<char> = words.chars().rev().take(400).collect();
    let last: String = last.into_iter().rev().collect();
    match (last.is_empty(), output.exit) {
        (true, Some(Exit::Code(0))) => "PowerShell answered nothing".into(),
        (true, _) => format!("PowerShell {exit}"),
        (false, _) => format!("PowerShell {exit}: {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(stdout: &str) -> ShellOutput {
        ShellOutput {
            exit: Some(Exit::Code(0)),
            stdout: stdout.into(),
            stderr: String::new(),
        }
    }

    #[test]
    fn a_script_goes_there_and_back_whatever_is_in_it() {
        let body = "say 'ok' \"it's 50% & | < > ^ $_ „ä“ 😀\"\n";
        let command = command(body);
        assert!(command.is_ascii() && !command.contains(['"', '\'', '&', '\n']));
        assert_eq!(decoded(&command).as_deref(), Some(body));
        assert_eq!(decoded("powershell.exe -Command dir"), None);
    }

    #[test]
    fn only_whole_lines_of_its_own_are_what_a_script_said() {
        let text = BASE64_STANDARD.encode("Grüße");
        let empty = Said::Word("ok".into(), String::new());
        assert_eq!(said(&output("mosdat:ok \r\n")), empty);
        let word = Said::Word("ok".into(), "Grüße".into());
        assert_eq!(
            said(&output(&format!("Welcome!\r\nmosdat:ok {text}\r\n"))),
            word
        );
        assert_eq!(
            said(&output(&format!("mosdat:error {text}"))),
            Said::Error("Grüße".into())
        );
        for broken in ["", "ok", "mosdat:ok", "mosdat:ok %%%", "mosdat:ok /w=="] {
            assert!(
                matches!(said(&output(broken)), Said::Nothing(_)),
                "{broken}"
            );
        }
    }
}
