//! What an examination of a machine, or of who keeps it, comes to.

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What: `guest agent`.
    pub what: String,
    /// How it is.
    pub health: Health,
    /// What was seen, and what to do about it where something should be done.
    pub detail: String,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Good,
    /// Maybe not as it should be, or nobody could look.
    Doubtful,
    /// Nothing can be tested like that.
    Bad,
}

impl Health {
    /// Returns the word for people and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
        }
    }
}

impl Check {
    /// It is as it should be.
    pub fn good(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(what, Health::Good, detail)
    }

    /// It may not be as it should, or nobody could look.
    pub fn doubtful(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(what, Health::Doubtful, detail)
    }

    /// It is not as it has to be.
    pub fn bad(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(what, Health::Bad, detail)
    }

    fn new(what: impl Into<String>, health: Health, detail: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            health,
            detail: detail.into(),
        }
    }
}
