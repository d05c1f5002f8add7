//! Types of controls, and the roles that they are.

/// Each role, by the name that AT-SPI gives it, and the types of controls that may be it. The first
/// role that begins with a type is what such a control is called.
pub(super) const ROLES: &[(&str, &[&str])] = &[
    ("frame", &["Window", "Pane"]),
    ("push button", &["Button", "SplitButton"]),
    ("toggle button", &["Button"]),
    ("check box", &["CheckBox"]),
    ("radio button", &["RadioButton"]),
    ("entry", &["Edit"]),
    ("password text", &["Edit"]),
    ("combo box", &["ComboBox"]),
    ("list", &["List"]),
    ("list box", &["List"]),
    ("list item", &["ListItem"]),
    ("menu", &["Menu"]),
    ("menu bar", &["MenuBar"]),
    ("menu item", &["MenuItem"]),
    ("dialog", &["Window"]),
    ("tool bar", &["ToolBar"]),
    ("page tab list", &["Tab"]),
    ("page tab", &["TabItem"]),
    ("label", &["Text"]),
    ("static", &["Text"]),
    ("panel", &["Pane", "Group"]),
    ("section", &["Group", "Pane"]),
    ("document web", &["Document", "Pane"]),
    ("text", &["Document", "Edit"]),
    ("image", &["Image"]),
    ("link", &["Hyperlink"]),
    ("slider", &["Slider"]),
    ("progress bar", &["ProgressBar"]),
    ("scroll bar", &["ScrollBar"]),
    ("spin button", &["Spinner"]),
    ("status bar", &["StatusBar"]),
    ("table", &["Table", "DataGrid"]),
    ("table row", &["DataItem"]),
    ("table column header", &["HeaderItem"]),
    ("tree", &["Tree"]),
    ("tree item", &["TreeItem"]),
    ("tool tip", &["ToolTip"]),
    ("separator", &["Separator"]),
    ("title bar", &["TitleBar"]),
    ("calendar", &["Calendar"]),
];

/// What tells apart controls of one type.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Marks {
    /// Whether it is at the top of the desktop.
    pub(super) is_top: bool,
    /// Whether it keeps others from being used.
    pub(super) is_modal: bool,
    /// Whether what is typed into it is hidden.
    pub(super) is_password: bool,
    /// Whether it can be on or off.
    pub(super) is_toggle: bool,
    /// Whether a browser shows a page in it.
    pub(super) is_page: bool,
}

/// Returns every role that a control may be, what it is called first.
pub(super) fn roles_of(control: &str, marks: Marks) -> Vec<String> {
    let called = match control {
        "Window" if marks.is_modal => Some("dialog"),
        "Pane" if marks.is_top => Some("frame"),
        "Edit" if marks.is_password => Some("password text"),
        "Button" if marks.is_toggle => Some("toggle button"),
        _ => None,
    };
    let all = ROLES
        .iter()
        .filter(|(_, controls)| controls.contains(&control));
    let (first, later): (Vec<_>, Vec<_>) = all.partition(|(_, controls)| controls[0] == control);
    let usual = first.iter().chain(&later).map(|(role, _)| *role);
    let mut roles: Vec<String> = called.into_iter().chain(usual).map(str::to_owned).collect();
    let mut seen = std::collections::BTreeSet::new();
    // What is no field for passwords, and no page, is surely none.
    let is_surely_not = |role: &str| match role {
        "password text" => !marks.is_password,
        "document web" => control == "Pane" && !marks.is_page,
        _ => false,
    };
    roles.retain(|role| seen.insert(role.clone()) && !is_surely_not(role));
    if roles.is_empty() {
        roles.push(words(control));
    }
    roles
}

/// Writes the table as the worker's script has it.
pub(super) fn as_script() -> String {
    let lines = ROLES.iter().map(|(role, controls)| {
        let controls: Vec<_> = controls.iter().map(|it| format!("'{it}'")).collect();
        format!("    '{role}' = @({})", controls.join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `SemanticZoom` becomes `semantic zoom`.
fn words(control: &str) -> String {
    let mut words = String::new();
    for letter in control.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_is_called_what_it_is_first_and_may_be_more() {
        let plain = Marks::default();
        let top = Marks {
            is_top: true,
            ..plain
        };
        let modal = Marks {
            is_modal: true,
            ..plain
        };
        let hidden = Marks {
            is_password: true,
            ..plain
        };
        let page = Marks {
            is_page: true,
            ..plain
        };
        let toggle = Marks {
            is_toggle: true,
            ..plain
        };
        for (control, marks, roles) in [
            ("Window", top, &["frame", "dialog"][..]),
            ("Window", modal, &["dialog", "frame"]),
            ("Pane", top, &["frame", "panel", "section"]),
            ("Pane", plain, &["panel", "frame", "section"]),
            ("Pane", page, &["panel", "frame", "section", "document web"]),
            ("Group", plain, &["section", "panel"]),
            ("Button", plain, &["push button", "toggle button"]),
            ("Button", toggle, &["toggle button", "push button"]),
            ("Edit", plain, &["entry", "text"]),
            ("Edit", hidden, &["password text", "entry", "text"]),
            ("Text", plain, &["label", "static"]),
            ("Document", plain, &["document web", "text"]),
            ("TabItem", plain, &["page tab"]),
            ("Tab", plain, &["page tab list"]),
            ("SemanticZoom", plain, &["semantic zoom"]),
        ] {
            assert_eq!(roles_of(control, marks), roles, "{control} {marks:?}");
        }
    }
}
