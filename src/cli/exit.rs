//! How a command ends, as a number. `docs/exit-codes.md` is a table of this file.

/// What a command that did what it could ends with. Errors have codes of their own: see
/// [`CliError`](super::error::CliError).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended(pub(super) u8);

impl Ended {
    /// What is desired holds, or the command did what was asked.
    pub(super) const GOOD: Self = Self(0);
    /// mosdat could not do it.
    pub(super) const ERROR: Self = Self(1);
    /// Only of `replay`: what a step wants does not hold.
    pub(super) const UNMET: Self = Self(1);
    /// Only of `replay`: it cannot be told whether it does.
    pub(super) const UNTOLD: Self = Self(2);
    /// There is something to do.
    pub(super) const DUE: Self = Self(2);
    /// Tests failed.
    pub(super) const TESTS_FAILED: Self = Self(3);
    /// The state is locked by another.
    pub(super) const LOCKED: Self = Self(4);
    /// The saved plan is stale.
    pub(super) const STALE: Self = Self(5);
    /// The user did not want to wait any longer.
    pub(super) const INTERRUPTED: Self = Self(130);
}
