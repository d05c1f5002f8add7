//! Names of the roles of widgets: which of them mean the same.
//!
//! Toolkits, and versions of AT-SPI, have names of their own for some roles. A scenario that was
//! written for one of them goes on with the others.

use super::Node;

/// Names of one role each, without spaces and dashes.
const SAME: &[&[&str]] = &[
    // The library of AT-SPI calls it `button` since 2.53.
    &["pushbutton", "button"],
    &["pushbuttonmenu", "buttonmenu", "menubutton"],
    // What GTK 3 calls a toggle button has a role of its own since 2.56.
    &["switch", "togglebutton"],
    &["pagetab", "tab"],
    &["pagetablist", "tablist"],
    &["colorchooser", "colourchooser"],
    &["passwordtext", "passwordentry"],
    &["checkmenuitem", "menuitemcheckbox"],
    &["radiomenuitem", "menuitemradio"],
    &["documentweb", "document"],
];

/// Whether two names mean the same role: `push button` and `button`, `check box` and `checkbox`.
pub fn is_same_role(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (one, other) = (bare(one), bare(other));
    let both = |names: &&&[&str]| names.contains(&&*one) && names.contains(&&*other);
    one == other || SAME.iter().any(|names| both(&names))
}

/// Whether `node` has the role that is looked for. What browsers call an entry is in GTK 3 a text of
/// a single line.
pub(super) fn is_role_of(wanted: &str, node: &Node) -> bool {
    let is_single_line = || node.states.iter().any(|state| state == "single-line");
    is_same_role(wanted, &node.role)
        || (wanted == "entry" && node.role == "text" && is_single_line())
}

fn bare(role: &str) -> String {
    let letters = role
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-' | '_'));
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_role_fit_each_other_and_no_others() {
        for (one, other, same) in [
            ("push button", "button", true),
            ("button", "push button", true),
            ("checkbox", "check box", true),
            ("Tool-Bar", "tool bar", true),
            ("tab", "page tab", true),
            ("switch", "toggle button", true),
            ("push button", "toggle button", false),
            ("menu item", "check menu item", false),
            ("page tab", "page tab list", false),
            ("label", "text", false),
            ("", "push button", false),
        ] {
            assert_eq!(is_same_role(one, other), same, "{one} and {other}");
        }
    }

    #[test]
    fn an_entry_of_gtk_3_is_found_by_its_name_elsewhere() {
        let text = |states: &[&str]| Node {
            role: "text".into(),
            states: states.iter().map(|it| (*it).to_owned()).collect(),
            ..Node::default()
        };
        assert!(is_role_of("entry", &text(&["single-line"])));
        assert!(!is_role_of("entry", &text(&["multi-line"])));
        assert!(is_role_of("text", &text(&[])));
    }
}
