//! What the words of a refusal mean. The interface has no codes: these words are all there is.

/// Why something was refused, as far as it matters what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another task has the machine or the storage, and will give it back: a lock in a
    /// configuration (its kind), or the lock of a file.
    Busy(String),
    /// A task was broken off, and only an administrator can clear what it left.
    Incomplete,
    /// There is no such machine on that node.
    NoMachine,
    /// Another machine has the number already.
    NumberTaken,
    /// Clones stand on its disks.
    HasClones,
    /// It runs already.
    Running,
    /// It does not run.
    NotRunning,
    /// Somebody else changed the configuration meanwhile.
    Changed,
    /// A passed-through device is in use by another machine, which has this number.
    DeviceInUse(u32),
    /// All devices of a mapping are in use by other machines.
    NoFreeDevice,
    /// A snapshot of that name is there already.
    SnapshotExists,
    /// There is no such snapshot.
    NoSnapshot,
    /// Only the newest snapshot can be returned to.
    NotNewest,
    /// The storage cannot do snapshots.
    NoSnapshots,
    /// The guest agent does not answer, or not yet.
    AgentSilent,
    /// The machine has no guest agent configured.
    NoAgent,
    /// The guest has no such file, or does not let its agent open it.
    NoFile,
    /// The guest agent knows of no such process; of one that has ended it tells once.
    NoProcess,
    /// Something else.
    Other,
}

impl Reason {
    /// Reads the words of a refusal, or of a task's end.
    pub fn of(words: &str) -> Self {
        let has = |part: &str| words.contains(part);
        // Before anything else: a file's name can hold all the other words.
        if let Some(reason) = words.strip_prefix("Agent error: ").and_then(of_agent) {
            reason
        } else if has("incomplete snapshot") || has("snapstate") {
            Self::Incomplete
        } else if let Some(kind) = between(words, "is locked (", ")") {
            Self::Busy(kind.into())
        } else if has("can't lock file")
            || (has("lock") && has("got timeout"))
            || has("obtain guest migration lock")
        {
            Self::Busy("file".into())
        } else if has("already in use by VMID") || has("currently reserved for use by VMID") {
            let number = between(words, "by VMID '", "'").and_then(|text| text.parse().ok());
            Self::DeviceInUse(number.unwrap_or(0))
        } else if has("could not find a free device") {
            Self::NoFreeDevice
        } else if (has("Configuration file") && has("does not exist"))
            || has("unable to find configuration file")
        {
            Self::NoMachine
        } else if has("VM ") && has("already exists") {
            Self::NumberTaken
        } else if has("in use by linked clone") {
            Self::HasClones
        } else if has("already running") {
            Self::Running
        } else if has("guest agent is not running")
            || (has("qga command") && has("got timeout"))
            || has("guest-ping")
        {
            Self::AgentSilent
        } else if has("guest agent configured") {
            Self::NoAgent
        } else if has("not running") {
            Self::NotRunning
        } else if has("checksum mismatch") {
            Self::Changed
        } else if has("snapshot name") && has("already used") {
            Self::SnapshotExists
        } else if has("snapshot '") && has("does not exist") {
            Self::NoSnapshot
        } else if has("not most recent snapshot") || has("is not the most recent") {
            Self::NotNewest
        } else if has("snapshot feature is not available") {
            Self::NoSnapshots
        } else {
            Self::Other
        }
    }

    /// Whether the same may be asked again after a while.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Busy(_))
    }
}

/// Reads what the guest agent itself says; its builds differ in what they call an unknown process.
fn of_agent(words: &str) -> Option<Reason> {
    if words.starts_with("failed to open file") {
        Some(Reason::NoFile)
    } else if words.starts_with("Invalid parameter 'pid'")
        || (words.starts_with("PID ") && words.contains("does not exist"))
    {
        Some(Reason::NoProcess)
    } else {
        None
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_real_servers_are_understood() {
        let check = |words: &str, want: Reason| assert_eq!(Reason::of(words), want, "{words}");
        check("VM is locked (backup)", Reason::Busy("backup".into()));
        check(
            "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout",
            Reason::Busy("file".into()),
        );
        check(
            "Failed to obtain guest migration lock - replication running?",
            Reason::Busy("file".into()),
        );
        check(
            "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist",
            Reason::NoMachine,
        );
        check(
            "unable to find configuration file for VM 999 on node 'pve1'",
            Reason::NoMachine,
        );
        check(
            "unable to create VM 900: config file already exists",
            Reason::NumberTaken,
        );
        check("VM 900 already exists on node 'pve1'", Reason::NumberTaken);
        check(
            "base volume 'local-lvm:base-900-disk-0' is still in use by linked cloned VM 901",
            Reason::HasClones,
        );
        check("VM 100 already running", Reason::Running);
        check("VM 100 not running", Reason::NotRunning);
        check("QEMU guest agent is not running", Reason::AgentSilent);
        check(
            "VM 100 qga command 'guest-ping' failed - got timeout",
            Reason::AgentSilent,
        );
        check("No QEMU guest agent configured", Reason::NoAgent);
        check(
            "checksum mismatch (file change by other user?)",
            Reason::Changed,
        );
        check(
            "PCI device '0000:01:00.0' already in use by VMID '101'",
            Reason::DeviceInUse(101),
        );
        check(
            "could not find a free device for 'hostpci0'",
            Reason::NoFreeDevice,
        );
        check("snapshot name 'clean' already used", Reason::SnapshotExists);
        check("snapshot 'nope' does not exist", Reason::NoSnapshot);
        check(
            "unable to rollback to incomplete snapshot (snapstate = prepare)",
            Reason::Incomplete,
        );
        check(
            "Agent error: failed to open file '/is locked (x)' (mode: 'r'): No such file or directory",
            Reason::NoFile,
        );
        for words in ["Invalid parameter 'pid'", "PID 77 does not exist"] {
            check(&format!("Agent error: {words}"), Reason::NoProcess);
        }
        check("VM quit/powerdown failed - got timeout", Reason::Other);
    }
}
