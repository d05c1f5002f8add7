//! What models said of pixels they were shown, by the digest of these.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// A SHA-256.
pub(super) type Key = [u8; 32];

/// What a model said, by what it was shown. All of it is forgotten when it is too much.
pub(super) struct Remembered<T> {
    most: usize,
    known: Mutex<BTreeMap<Key, T>>,
}

impl<T: Clone> Remembered<T> {
    /// Remembers at most so many answers.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            known: Mutex::default(),
        }
    }

    /// Returns what is known, or asks. Errors are not remembered.
    pub(super) fn get_or<E>(&self, key: Key, ask: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = known().get(&key).cloned();
        if let Some(answer) = answer {
            return Ok(answer);
        }
        let answer = ask()?;
        let mut all = known();
        if all.len() >= self.most {
            all.clear();
        }
        all.insert(key, answer.clone());
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_not_asked_again_and_errors_are_not_known() {
        let remembered = Remembered::new(2);
        let refused: Result<u8, &str> = Err("no");
        assert_eq!(remembered.get_or([1; 32], || refused), refused);
        assert_eq!(remembered.get_or([1; 32], || Ok::<u8, &str>(7)), Ok(7));
        assert_eq!(remembered.get_or([1; 32], || refused), Ok(7));
        assert_eq!(remembered.get_or([2; 32], || Ok::<u8, &str>(8)), Ok(8));
        // There is no room for a third: it is the only one then.
        assert_eq!(remembered.get_or([3; 32], || Ok::<u8, &str>(9)), Ok(9));
        assert_eq!(remembered.get_or([1; 32], || refused), refused);
        assert_eq!(remembered.get_or([3; 32], || refused), Ok(9));
    }
}
