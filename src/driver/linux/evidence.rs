//! What a machine can tell about why something went wrong: its journal, its kernel's words, its
//! processes, its crashes, the session's variables, and logs that apps wrote.
//!
//! It takes what it can get, and leaves out what looks like a secret's name.

use super::{remote::Remote, session::Variables};
use crate::port::Finding;
use std::time::Duration;

/// How long one source may take, in seconds, of the whole.
const EACH: u32 = 8;

/// Returns what could be had within `limit`.
pub(super) async fn findings(
    remote: &Remote,
    variables: &Variables,
    limit: Duration,
) -> Vec<Finding> {
    let mut findings = vec![Finding {
        name: "environment.txt".into(),
        bytes: environment(variables).into_bytes(),
    }];
    match remote
        .ask_in_part("tell about itself", &script(), limit)
        .await
    {
        Ok(output) => findings.extend(parse(&output.stdout)),
        Err(error) => findings.push(Finding {
            name: "missing.txt".into(),
            bytes: format!("{error}\n").into_bytes(),
        }),
    }
    findings
}

/// Returns the script that tells each finding: its size, its name, its bytes. It tells one after
/// the other, so that what it told counts when its time is up.
fn script() -> String {
    format!(
        r#"folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
root=; [ "$(id -u)" = 0 ] || {{ sudo -n true 2>/dev/null && root='sudo -n'; }}
hand_over() {{
    size=$(wc -c < "$folder/one"); [ "$size" -gt 0 ] || return 0
    echo "$((size)) $1"; cat "$folder/one"
}}
show() {{
    name=$1; most=$2; shift 2
    timeout {EACH} "$@" 2>&1 < /dev/null | tail -c "$most" > "$folder/one"
    hand_over "$name"
}}
has() {{ command -v "$1" > /dev/null; }}
has ps && show processes.txt 400000 ps -e -ww -o pid,ppid,user,stat,etime,rss,args
has journalctl && show journal.txt 1000000 $root journalctl -b --no-pager -q -n 4000 -o short-iso
show kernel.txt 300000 $root dmesg
has coredumpctl && show crashes.txt 100000 $root coredumpctl list --no-pager -q
find "$HOME/.cache" "$HOME/.local/state" "$HOME/.config" -maxdepth 4 -type f -size +0 -mmin -240 \
    \( -name '*.log' -o -path '*/logs/*' \) 2>/dev/null | head -n 20 |
while read -r file; do
    tail -c 200000 "$file" > "$folder/one" 2>/dev/null || continue
    name=$(printf %s "${{file#"$HOME/"}}" | tr -c 'A-Za-z0-9._-' '-')
    case $name in *.log) ;; *) name=$name.log ;; esac
    hand_over "log-${{name#.}}"
done
"#
    )
}

/// Reads what the script told, as far as it is whole.
fn parse(mut told: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    while let Some(end) = told.iter().position(|byte| *byte == b'\n') {
        let head = String::from_utf8_lossy(&told[..end]).into_owned();
        let Some((size, name)) = head.split_once(' ') else {
            break;
        };
        let Some(size) = size
            .parse::<usize>()
            .ok()
            .filter(|size| end + 1 + size <= told.len())
        else {
            break;
        };
        let bytes = told[end + 1..end + 1 + size].to_vec();
        told = &told[end + 1 + size..];
        findings.push(Finding {
            name: name.to_owned(),
            bytes,
        });
    }
    findings
}

/// Returns one line for each variable, without what may be secret.
fn environment(variables: &Variables) -> String {
    let lines = variables.iter().map(|(name, value)| {
        if looks_secret(name) {
            format!("{name}: left out\n")
        } else {
            format!("{name}={value}\n")
        }
    });
    lines.collect()
}

fn looks_secret(name: &str) -> bool {
    const WORDS: [&str; 7] = [
        "KEY",
        "TOKEN",
        "SECRET",
        "PASS",
        "CREDENTIAL",
        "COOKIE",
        "AUTH",
    ];
    let name = name.to_uppercase();
    name != "XAUTHORITY" && WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_left_out() {
        let variables = [
            ("API_TOKEN", "hidden"),
            ("my_password", "hidden"),
            ("PATH", "/bin"),
            ("XAUTHORITY", "/run/x"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let text = environment(&variables.into());
        assert!(!text.contains("hidden"), "{text}");
        assert!(text.contains("API_TOKEN: left out\n"), "{text}");
        assert!(text.contains("PATH=/bin\nXAUTHORITY=/run/x\n"), "{text}");
    }

    #[test]
    fn only_whole_findings_are_taken() {
        let told = b"3 a.txt\none2 b.txt\n\n\n9 c.txt\ncut";
        let names: Vec<_> = parse(told)
            .into_iter()
            .map(|it| (it.name, it.bytes))
            .collect();
        let wanted = [
            ("a.txt".to_owned(), b"one".to_vec()),
            ("b.txt".to_owned(), b"\n\n".to_vec()),
        ];
        assert_eq!(names, wanted);
        assert_eq!(parse(b"words of another kind\n"), []);
        assert_eq!(parse(b""), []);
    }
}
