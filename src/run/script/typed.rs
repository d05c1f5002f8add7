//! What came of a text that was typed into a field: compares what the field held before and holds
//! now. It asks nobody.

/// What is different in a field, as one place where something was put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// What is left of that place, and right of it.
    pub(super) around: (String, String),
    /// What is there now.
    pub(super) put_in: String,
}

impl Change {
    /// Compares two texts.
    pub(super) fn between(before: &str, after: &str) -> Self {
        let (old, new): (Vec<char>, Vec<char>) =
            (before.chars().collect(), after.chars().collect());
        let same = |(a, b): &(&char, &char)| a == b;
        let front = old.iter().zip(&new).take_while(same).count();
        let back = old[front..].iter().rev().zip(new[front..].iter().rev());
        let end = new.len() - back.take_while(same).count();
        Self {
            around: (new[..front].iter().collect(), new[end..].iter().collect()),
            put_in: new[front..end].iter().collect(),
        }
    }

    /// Returns what the field holds once what was put in is gone.
    pub(super) fn undone(&self) -> String {
        format!("{}{}", self.around.0, self.around.1)
    }

    /// Whether what was put in is `text` with letters doubled.
    pub(super) fn stutters(&self, text: &str) -> bool {
        let (typed, arrived) = (runs(text), runs(&self.put_in));
        let is_longer = typed.len() == arrived.len()
            && typed
                .iter()
                .zip(&arrived)
                .all(|(a, b)| a.0 == b.0 && a.1 <= b.1);
        is_longer && self.put_in != text
    }
}

/// Returns each letter with how often it follows itself.
fn runs(text: &str) -> Vec<(char, usize)> {
    let mut runs: Vec<(char, usize)> = Vec::new();
    for c in text.chars() {
        match runs.last_mut() {
            Some((last, count)) if *last == c => *count += 1,
            Some(_) | None => runs.push((c, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_wherever_it_is() {
        let change = |before, after| {
            let change = Change::between(before, after);
            (change.put_in.clone(), change.undone())
        };
        let told = |put_in: &str, undone: &str| (put_in.to_owned(), undone.to_owned());
        assert_eq!(change("", "Mik"), told("Mik", ""));
        assert_eq!(change("Title: ", "Title: Mik"), told("Mik", "Title: "));
        assert_eq!(change("ab", "aMikb"), told("Mik", "ab"));
        assert_eq!(
            change("old", "Mik"),
            told("Mik", ""),
            "it replaced what was selected"
        );
        assert_eq!(change("aa", "aaa"), told("a", "aa"));
        assert_eq!(change("käse", "käse"), told("", "käse"));
    }

    #[test]
    fn doubled_letters_are_told_from_what_an_app_adds() {
        let stutters = |arrived: &str| Change::between("", arrived).stutters("Milk");
        assert!(stutters("Milkk") && stutters("MMilk") && stutters("Miiilkk"));
        assert!(!stutters("Milk") && !stutters("Milkshake") && !stutters("Mik"));
    }
}
