//! Documents that are damaged in any way.

use super::documents::read;
use proptest::prelude::*;

/// A document with all there is in it, to be mutated.
const WHOLE: &str = "name: n\nvars: {a: 1}\nsteps:\n# ── t ──\n- launch: '{app_path}'\n  window: x\n\
    - click: {role: push button, name: New}\n- key: ctrl+s\n- wait: 0.5\n- shell: |\n    é\n\
    - wait_for: {any: [{role: x, absent: true}], timeout: 1}\n";

proptest! {
    #[test]
    fn no_document_brings_the_reader_down(
        cuts in proptest::collection::vec((0..WHOLE.len(), 0..WHOLE.len(), ".{0,3}"), 0..6)
    ) {
        let mut text = WHOLE.to_owned();
        for (from, to, put) in cuts {
            let from = text.floor_char_boundary(from.min(text.len()));
            let to = text.floor_char_boundary(to.clamp(from, text.len()).min(from + 12));
            text.replace_range(from..to.max(from), &put);
        }
        let _read = read(&text);
    }

    #[test]
    fn no_text_brings_the_reader_down(text in "[ \\-?:#{}\\[\\]a'\"|>&*!%\t\r\n]{0,60}") {
        let _read = read(&text);
    }
}
