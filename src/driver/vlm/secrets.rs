//! Words that no model and no log gets to see.

use crate::model::Secret;

/// Shorter ones are part of too many words: nothing would be left of a question.
const SHORTEST: usize = 4;

/// What stands in place of a secret.
pub const MASK: &str = "(secret)";

/// Words that no model and no log gets to see.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets(Vec<Secret>);

impl Secrets {
    pub(super) fn new(mut secrets: Vec<Secret>) -> Self {
        secrets.retain(|secret| secret.expose().chars().count() >= SHORTEST);
        // One secret may be part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self(secrets)
    }

    /// Returns `text` without them.
    pub(super) fn mask(&self, text: &str) -> String {
        let secrets = self.0.iter();
        secrets.fold(text.to_owned(), |text, secret| {
            text.replace(secret.expose(), MASK)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_the_longest_first() {
        let words = ["", "abc", "hunter", "hunter2"].map(Secret::new);
        let secrets = Secrets::new(words.to_vec());
        assert_eq!(
            secrets.mask("the field shows hunter2, hunter and abc"),
            "the field shows (secret), (secret) and abc"
        );
    }
}
