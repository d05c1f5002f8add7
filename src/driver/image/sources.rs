//! Where packages come from: what the user names, this computer's own sources, or what mmdebstrap
//! takes by itself. mosdat knows no mirror.
//!
//! Only texts in and out; who reads and writes them is the caller.

use super::recipe::Release;

/// The keys that Debian's releases are signed with, where every Debian keeps them.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Returns apt's sources for `release` on `mirror`: an address, or a whole line of its own.
pub(super) fn on_mirror(mirror: &str, release: Release) -> String {
    let mirror = mirror.trim();
    if mirror.starts_with("deb ") {
        return format!("{mirror}\n");
    }
    let suite = release.suite();
    format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n")
}

/// Picks from this computer's own sources, the content of each file with whether it is of the newer
/// form, those that serve `release`. Returns them as lines; `None` when there is none.
pub(super) fn of_computer<'a>(
    files: impl IntoIterator<Item = (&'a str, bool)>,
    release: Release,
) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    for (text, is_newer_form) in files {
        if is_newer_form {
            lines.extend(stanzas(text).iter().flat_map(|s| of_stanza(s, release)));
        } else {
            let all = text.lines().map(str::trim);
            lines.extend(all.filter_map(|line| of_line(line, release)));
        }
    }
    lines.sort();
    lines.dedup();
    // Without the release itself, what updates it is of no use.
    let is_whole = lines
        .iter()
        .any(|line| line.contains(&format!(" {} ", release.suite())));
    is_whole.then(|| lines.join("\n") + "\n")
}

/// Whether a suite is the release, or what keeps it up to date.
fn serves(suite: &str, release: Release) -> bool {
    let rest = suite.trim_end_matches('/').strip_prefix(release.suite());
    matches!(rest, Some("" | "-updates" | "-security"))
}

/// Returns a line of the older form, `deb [options] address suite components`, as far as it is
/// wanted.
fn of_line(line: &str, release: Release) -> Option<String> {
    let rest = line.strip_prefix("deb ")?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_ascii_whitespace();
    let (address, suite) = (words.next()?, words.next()?);
    let has_main = words.any(|component| component == "main");
    if !serves(suite, release) || !has_main || !is_reachable(address) {
        return None;
    }
    let options = if options.contains("signed-by") {
        format!("[{}] ", options.trim())
    } else {
        format!("[signed-by={KEYRING}] ")
    };
    Some(format!("deb {options}{address} {suite} main"))
}

/// Returns what a stanza of the newer form says, as lines of the older one, as far as it is wanted.
fn of_stanza(stanza: &[(String, String)], release: Release) -> Vec<String> {
    let words = |name: &str| {
        let field = stanza.iter().find(|(key, _)| key == name);
        field
            .map_or("", |(_, value)| value)
            .split_ascii_whitespace()
    };
    let is_off = words("enabled").any(|word| word == "no");
    let is_binary = words("types").any(|kind| kind == "deb");
    let has_main = words("components").any(|component| component == "main");
    if is_off || !is_binary || !has_main {
        return Vec::new();
    }
    // A key may be written out in the file itself; then Debian's own are as good.
    let keyring = words("signed-by")
        .next()
        .filter(|word| word.starts_with('/'));
    let keyring = keyring.unwrap_or(KEYRING);
    let mut lines = Vec::new();
    for address in words("uris").filter(|address| is_reachable(address)) {
        for suite in words("suites").filter(|suite| serves(suite, release)) {
            lines.push(format!("deb [signed-by={keyring}] {address} {suite} main"));
        }
    }
    lines
}

/// Whether an address can be asked from another root as well.
fn is_reachable(address: &str) -> bool {
    ["http://", "https://", "mirror+http"]
        .iter()
        .any(|scheme| address.starts_with(scheme))
}

/// Takes a file of the newer form apart: fields by stanza, names in small letters. A line that
/// begins with a space goes on with the one before.
fn stanzas(text: &str) -> Vec<Vec<(String, String)>> {
    let mut all = vec![Vec::<(String, String)>::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if line.trim().is_empty() {
            all.push(Vec::new());
            continue;
        }
        let fields = all.last_mut().expect("there is one from the start");
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEB822: &str = "\
# comment
Types: deb deb-src
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/some.gpg

Types: deb
URIs: http://security.invalid/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 AAAA

Enabled: no
Types: deb
URIs: http://off.invalid/debian
Suites: bookworm
Components: main
";

    #[test]
    fn this_computers_sources_are_used_as_far_as_they_serve_the_release() {
        let found = of_computer([(DEB822, true)], Release::Debian12).unwrap();
        assert_eq!(
            found,
            "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \
             http://security.invalid/debian-security bookworm-security main\n\
             deb [signed-by=/usr/share/keyrings/some.gpg] http://mirror.invalid/debian bookworm main\n\
             deb [signed-by=/usr/share/keyrings/some.gpg] http://mirror.invalid/debian \
             bookworm-updates main\n"
        );
        assert_eq!(of_computer([(DEB822, true)], Release::Debian13), None);
    }

    #[test]
    fn the_older_form_says_the_same() {
        let text = "# deb http://a.invalid/ bookworm main\n\
                    deb http://b.invalid/debian bookworm main non-free\n\
                    deb-src http://b.invalid/debian bookworm main\n\
                    deb [arch=amd64 signed-by=/k.gpg] http://c.invalid bookworm-security main\n\
                    deb http://d.invalid cloud-sdk-bookworm main\n\
                    deb file:/srv/mirror bookworm main\n";
        assert_eq!(
            of_computer([(text, false)], Release::Debian12).unwrap(),
            "deb [arch=amd64 signed-by=/k.gpg] http://c.invalid bookworm-security main\n\
             deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \
             http://b.invalid/debian bookworm main\n"
        );
    }

    #[test]
    fn updates_alone_do_not_make_a_release() {
        let text = "deb http://c.invalid bookworm-security main\n";
        assert_eq!(of_computer([(text, false)], Release::Debian12), None);
    }

    #[test]
    fn a_mirror_is_an_address_or_a_line() {
        let line = on_mirror("https://m.invalid/debian", Release::Debian13);
        assert!(line.ends_with("gpg] https://m.invalid/debian trixie main\n"));
        let own = "deb [trusted=yes] http://m.invalid/x trixie main";
        assert_eq!(on_mirror(own, Release::Debian13), format!("{own}\n"));
    }
}
