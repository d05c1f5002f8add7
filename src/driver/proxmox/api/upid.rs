//! The name of a task: `UPID:node:pid:pstart:starttime:type:id:user:`.

use std::{fmt, str::FromStr};

/// The name of a task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Upid {
    text: String,
    /// The node it runs on.
    pub node: String,
    /// When it started, in seconds since the Unix epoch by that node's clock.
    pub start: u64,
    /// What it does: `qmstart`.
    pub kind: String,
    /// What it is about, mostly a machine's number; may be empty.
    pub subject: String,
    /// Who started it: `root@pam`, or `mosdat@pve!ci` for a token.
    pub user: String,
}

impl Upid {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Upid {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = text.split(':').collect();
        // The user's name has no colon; the name ends with one.
        let ["UPID", node, pid, pstart, start, kind, subject, user, ""] = parts[..] else {
            return Err(());
        };
        let is_hex = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
            lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if node.is_empty() || kind.is_empty() || !is_hex(pid, 8..=8) || !is_hex(pstart, 8..=9) {
            return Err(());
        }
        Ok(Self {
            text: text.into(),
            node: node.into(),
            start: u64::from_str_radix(start, 16).map_err(|_| ())?,
            kind: kind.into(),
            subject: subject.into(),
            user: user.into(),
        })
    }
}

impl fmt::Display for Upid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tasks_say_where_they_run_and_what_they_do() {
        let text = "UPID:pve1:000075D3:0002917E:6B025DB9:qmstart:999:root@pam!lab:";
        let upid: Upid = text.parse().unwrap();
        assert_eq!(upid.to_string(), text);
        assert_eq!((&*upid.node, upid.start), ("pve1", 0x6B02_5DB9));
        assert_eq!(
            (&*upid.kind, &*upid.subject, &*upid.user),
            ("qmstart", "999", "root@pam!lab")
        );
        let long = "UPID:pve1:000075D3:10002917E:6B025DB9:vzdump::root@pam:";
        assert!(long.parse::<Upid>().is_ok(), "long uptimes, no subject");
        for wrong in [
            "",
            "UPID:foo",
            "UPID:pve1:000075D3:0002917E:6B025DB9:qmstart:999:root@pam",
            "UPID:pve1:75D3:0002917E:6B025DB9:qmstart:999:root@pam:",
            "UPID:pve1:000075D3:0002917E:zz:qmstart:999:root@pam:",
        ] {
            assert!(wrong.parse::<Upid>().is_err(), "{wrong}");
        }
    }
}
