//! How many letters two texts are off.

/// Returns how many letters have to be put in, left out, replaced, or swapped with their neighbour.
/// What readers take two letters for one for counts once: `rn` and `m`, `cl` and `d`, `vv` and
/// `w`.
pub(super) fn distance(one: &[char], other: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let (a, b) = (one[i - 1], other[j - 1]);
            let mut least = (rows[i - 1][j - 1] + usize::from(a != b))
                .min(rows[i - 1][j] + 1)
                .min(row[j - 1] + 1);
            let is_swapped = i > 1 && j > 1 && one[i - 2] == b && other[j - 2] == a;
            if is_swapped {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            if i > 1 && is_confused([one[i - 2], a], b) {
                least = least.min(rows[i - 2][j - 1] + 1);
            }
            if j > 1 && is_confused([other[j - 2], b], a) {
                least = least.min(rows[i - 1][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

/// Whether two letters look like the one.
fn is_confused(two: [char; 2], one: char) -> bool {
    matches!(
        (two, one),
        (['r', 'n'], 'm') | (['c', 'l'], 'd') | (['v', 'v'], 'w')
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(one: &str, other: &str) -> usize {
        let letters = |text: &str| text.chars().collect::<Vec<char>>();
        let there = distance(&letters(one), &letters(other));
        assert_eq!(there, distance(&letters(other), &letters(one)));
        there
    }

    #[test]
    fn letters_are_counted() {
        assert_eq!(between("", ""), 0);
        assert_eq!(between("Save", ""), 4);
        assert_eq!(between("Save", "Saved"), 1);
        assert_eq!(between("note", "nole"), 1);
        assert_eq!(between("note", "ntoe"), 1);
        assert_eq!(between("kitten", "sitting"), 3);
        assert_eq!(between("modern", "modem"), 1);
        assert_eq!(between("close", "dose"), 1);
    }
}
