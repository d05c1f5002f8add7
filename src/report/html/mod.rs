//! One page for each run, in one file: no network, no other file, and readable without scripts.
//!
//! The page is bounded. What has no room, pictures and sections alike, is counted on the page, and
//! what needs a look is given room first.

mod anchor;
mod film;
mod grid;
mod layout;
mod page;
mod pictures;
mod section;
mod sights;

use super::RunView;
use minijinja::{Environment, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde};

/// How many characters all embedded files take together.
pub const EMBEDDED: usize = 24 << 20;

/// How many cells and steps that need a look have a section of their own.
pub const NOTABLE_SECTIONS: usize = 1_000;

/// How many others have a section of their own.
pub const OTHER_SECTIONS: usize = 200;

/// Writes the page of `view`. `file` returns the bytes of an evidence file by its path relative to
/// the run's folder, as far as there is one.
pub fn write(view: &RunView, file: &dyn Fn(&str) -> Option<Vec<u8>>) -> String {
    let page = page::Page::of(view, file);
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(whole_line_tags());
    environment
        .add_template("page.html", include_str!("page.jinja"))
        .expect("the template is part of the program and its tests render it");
    let template = environment
        .get_template("page.html")
        .expect("it was just added");
    template
        .render(Value::from(Serde(&page)))
        .expect("the template names only what a page has, which its tests show")
}

/// A line with nothing but a tag on it leaves no empty line behind.
fn whole_line_tags() -> SyntaxConfig {
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    syntax.expect("only white space is set")
}
