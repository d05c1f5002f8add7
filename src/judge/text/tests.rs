//! What is found, what is not, and what is said of it.

use super::*;
use crate::model::TextWord;

/// A line with letters of 8 pixels.
fn line(text: &str, x: i32, y: i32) -> TextLine {
    let mut at = x;
    let words = text.split(' ').map(|word| {
        let width = word.chars().count() as i32 * 8;
        let rect = Rect {
            x: at,
            y,
            width,
            height: 12,
        };
        at += width + 8;
        TextWord {
            text: word.into(),
            rect,
        }
    });
    let words: Vec<TextWord> = words.collect();
    let rect = words
        .iter()
        .map(|word| word.rect)
        .reduce(Rect::union)
        .unwrap();
    TextLine {
        text: text.into(),
        words,
        rect,
        confidence: 0.9,
    }
}

fn search(lines: &[TextLine], text: &str) -> TextSearch {
    find_text(lines, &WantedText::new(text))
}

fn told(search: &TextSearch) -> Vec<String> {
    search.found.iter().map(ToString::to_string).collect()
}

#[test]
fn a_text_is_found_as_a_line_before_parts_of_lines() {
    let lines = [
        line("Save as", 10, 10),
        line("Save", 10, 50),
        line("Saved", 10, 90),
    ];
    let search = search(&lines, "Save");
    assert_eq!(told(&search), ["`Save` at 26,56", "`Save` at 26,16"]);
    assert_eq!(
        [true, false],
        [search.found[0].is_whole, search.found[1].is_whole]
    );
    assert_eq!(search.found[1].rects, [lines[0].words[0].rect]);
    assert_eq!(search.nearest.unwrap().read, "Saved");
}

#[test]
fn what_is_one_letter_off_is_not_the_text_and_is_told() {
    let lines = [line("Delete nole", 10, 10), line("Close", 10, 40)];
    let search = search(&lines, "Delete note");
    assert_eq!(search.found, []);
    let nearest = search.nearest.unwrap();
    assert_eq!(nearest.nearness, Nearness::Off(1));
    assert_eq!(nearest.to_string(), "`Delete nole` at 54,16 (1 letter off)");
}

#[test]
fn letters_off_are_tolerated_only_as_far_as_was_said() {
    let lines = [line("Delete nole", 10, 10)];
    let with = |text: &str, tolerance| {
        let wanted = WantedText {
            tolerance,
            ..WantedText::new(text)
        };
        told(&find_text(&lines, &wanted))
    };
    assert_eq!(
        with("Delete note", Tolerance::Letters(1)),
        ["`Delete nole` at 54,16 (1 letter off)"]
    );
    assert_eq!(with("Delete notes", Tolerance::Letters(1)), [""; 0]);
    assert_eq!(with("Delete notes", Tolerance::Letters(2)).len(), 1);
    assert_eq!(with("Delete nole", Tolerance::Exact).len(), 1);
}

#[test]
fn what_looks_alike_is_found_and_said_to_be() {
    let lines = [line("Don't aIIow", 10, 10)];
    let found = search(&lines, "Don’t allow").found;
    assert_eq!(found[0].nearness, Nearness::Alike);
    assert_eq!(
        found[0].to_string(),
        "`Don't aIIow` at 54,16 (but for what looks alike)"
    );
    let exact = WantedText {
        tolerance: Tolerance::Exact,
        ..WantedText::new("Don’t allow")
    };
    let search = find_text(&lines, &exact);
    assert_eq!(
        (search.found.len(), search.nearest.unwrap().nearness),
        (0, Nearness::Alike)
    );
}

#[test]
fn case_matters_unless_it_is_said_not_to() {
    let lines = [line("SAVE", 10, 10)];
    assert_eq!(search(&lines, "Save").found, []);
    let wanted = WantedText {
        case: LetterCase::Ignored,
        ..WantedText::new("Save")
    };
    assert_eq!(
        find_text(&lines, &wanted).found[0].nearness,
        Nearness::Exact
    );
}

#[test]
fn words_are_not_found_within_words() {
    for text in ["Unsaved", "Saves", "Save-all", "autosave", "Save.txt"] {
        assert_eq!(search(&[line(text, 0, 0)], "Save").found, [], "{text}");
    }
    for text in ["(Save)", "Save:", "Save…", "\"Save\"", "Name, Save."] {
        let found = search(&[line(text, 0, 0)], "Save").found;
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].read, "Save");
    }
}

#[test]
fn signs_that_are_wanted_must_be_there() {
    assert_eq!(search(&[line("Save", 0, 0)], "Save?").found, []);
    assert_eq!(search(&[line("5 degrees", 0, 0)], "-5 degrees").found, []);
    assert_eq!(
        search(&[line("-5 degrees", 0, 0)], "-5 degrees")
            .found
            .len(),
        1
    );
}

#[test]
fn signs_that_make_it_another_text_must_not_be_there() {
    for shown in ["-5", "$5", "5%", ".5", "5+", "~5"] {
        assert_eq!(search(&[line(shown, 0, 0)], "5").found, [], "{shown}");
    }
    for shown in ["(5)", "5.", "5,", "\"5\"", "5?"] {
        assert_eq!(search(&[line(shown, 0, 0)], "5").found.len(), 1, "{shown}");
    }
}

#[test]
fn a_paragraph_is_one_text_and_a_menu_is_none() {
    let paragraph = [
        line("Do you want to delete", 10, 10),
        line("this note for ever?", 10, 28),
    ];
    let found = search(&paragraph, "delete this note").found;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rects.len(), 2);
    assert!(!found[0].is_whole);
    let all = "Do you want to delete this note for ever?";
    assert!(search(&paragraph, all).found[0].is_whole);
    let menu = [line("Delete", 10, 10), line("note", 10, 28)];
    assert_eq!(search(&menu, "Delete note").found, []);
    let far = [
        line("Do you want to delete", 10, 10),
        line("this note", 10, 60),
    ];
    assert_eq!(search(&far, "delete this note").found, []);
}

#[test]
fn pieces_side_by_side_are_one_text_and_columns_are_not() {
    let pieces = [line("Delete", 10, 10), line("note", 66, 11)];
    assert_eq!(search(&pieces, "Delete note").found.len(), 1);
    let columns = [line("Delete", 10, 10), line("note", 90, 11)];
    assert_eq!(search(&columns, "Delete note").found, []);
}

#[test]
fn each_place_is_told_once() {
    let lines = [line("note note", 10, 10), line("note", 10, 28)];
    let found = search(&lines, "note").found;
    let places: Vec<i32> = found.iter().map(|found| found.rect().x).collect();
    assert_eq!(places, [10, 10, 50]);
}

#[test]
fn nothing_is_like_an_empty_text_and_nothing_near_is_said_of_what_is_far() {
    let lines = [line("Quit", 10, 10)];
    assert_eq!(search(&lines, " "), TextSearch::default());
    assert_eq!(search(&lines, "Preferences"), TextSearch::default());
    assert_eq!(search(&[], "Quit"), TextSearch::default());
}

proptest::proptest! {
    #[test]
    fn a_text_that_was_read_is_found_exactly(words in proptest::collection::vec("[a-zA-Z0-9]{1,9}", 1..6), from in 0usize..6, count in 1usize..6) {
        let line = line(&words.join(" "), 5, 5);
        let from = from.min(words.len() - 1);
        let taken = &words[from..(from + count).min(words.len())];
        let search = search(&[line], &taken.join(" "));
        proptest::prop_assert_eq!(search.found[0].nearness, Nearness::Exact);
        proptest::prop_assert_eq!(&search.found[0].read, &taken.join(" "));
    }

    #[test]
    fn another_letter_is_never_taken_for_the_text(words in proptest::collection::vec("[a-hj-km-np-z]{2,9}", 1..5), at in 0usize..40) {
        let text = words.join(" ");
        let mut letters: Vec<char> = text.chars().collect();
        let at = at % letters.len();
        proptest::prop_assume!(letters[at] != ' ');
        letters[at] = if letters[at] == 'x' { 'y' } else { 'x' };
        let shown: String = letters.into_iter().collect();
        let search = search(&[line(&shown, 5, 5)], &text);
        proptest::prop_assert_eq!(search.found.len(), 0);
        proptest::prop_assert_eq!(search.nearest.unwrap().nearness, Nearness::Off(1));
    }
}
