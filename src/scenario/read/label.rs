//! What a step is called when it does not say so: the comment above it.

/// Longest label that is made of plain comment lines.
const LONGEST: usize = 80;

/// Returns the label in the comment block right above the step whose first key stands at byte
/// `start` of `text`.
///
/// A title between rules, `# ── Open the note ──`, wins over plain lines.
pub(super) fn of_comment(text: &str, start: usize) -> Option<String> {
    let lines: Vec<&str> = text[..start].split('\n').collect();
    let (own, mut above) = lines.split_last()?;
    let mut dash = own.find('-');
    // The dash may stand on a line of its own.
    if dash.is_none() {
        let (last, rest) = above.split_last()?;
        (dash, above) = (last.find('-').filter(|_| last.trim() == "-"), rest);
    }
    let dash = dash?;
    let block: Vec<&str> = above
        .iter()
        .rev()
        .map_while(|line| comment(line, dash))
        .collect();
    let lines: Vec<&str> = block.into_iter().rev().collect();
    if let Some(title) = lines.iter().find_map(|line| boxed(line)) {
        return Some(title.into());
    }
    let words = lines.iter().map(|line| line.trim_matches(is_rule).trim());
    let words: Vec<&str> = words.filter(|line| !line.is_empty()).collect();
    let label: String = words.join(" ").chars().take(LONGEST).collect();
    (!label.is_empty()).then(|| label.trim_end().into())
}

/// Returns what a comment line says. One that is indented deeper than the step's dash may be part
/// of a shell text of the step before, so it does not count.
fn comment(line: &str, dash: usize) -> Option<&str> {
    let text = line.trim_start();
    let is_outside = line.len() - text.len() <= dash;
    let said = text.strip_prefix('#').filter(|_| is_outside)?;
    Some(said.trim_start_matches('#').trim())
}

/// Returns the title between rules of at least two dashes.
fn boxed(line: &str) -> Option<&str> {
    let is_long = |rest: &str| line.chars().count() - rest.chars().count() >= 2;
    let (left, right) = (
        line.trim_start_matches(is_rule),
        line.trim_end_matches(is_rule),
    );
    let title = line.trim_matches(is_rule).trim();
    (is_long(left) && is_long(right) && !title.is_empty()).then_some(title)
}

fn is_rule(c: char) -> bool {
    matches!(c, '─' | '═' | '-' | '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Option<String> {
        of_comment(text, text.find("shell").unwrap())
    }

    #[test]
    fn the_comment_above_names_the_step() {
        let text = "steps:\n  # Opens the note\n  # that was made.\n  - shell: x\n";
        assert_eq!(check(text).unwrap(), "Opens the note that was made.");
        assert_eq!(check("# Opens\n-\n  shell: x").unwrap(), "Opens");
        assert_eq!(check("# Opens\n\n- shell: x"), None);
        assert_eq!(check("- shell: x"), None);
    }

    #[test]
    fn a_title_between_rules_wins() {
        let text = "# why this is so\n# ── Open the note ───\n- shell: x";
        assert_eq!(check(text).unwrap(), "Open the note");
        assert_eq!(
            check("# --------\n# plain - here\n- shell: x").unwrap(),
            "plain - here"
        );
    }

    #[test]
    fn a_comment_inside_the_text_before_is_no_label() {
        let text = "- type: |\n    a\n    # b\n- shell: x";
        assert_eq!(check(text), None);
    }
}
