//! How letters with accents are put together of a letter and a mark, for dead keys.

/// A dead key: its mark, its keysym, what it gives with the space bar, and pairs of letters: without
/// and with the mark.
pub(super) struct Accent {
    pub(super) mark: char,
    pub(super) key: u32,
    pub(super) alone: char,
    without: &'static str,
    with: &'static str,
}

const fn accent(
    (mark, key, alone): (char, u32, char),
    without: &'static str,
    with: &'static str,
) -> Accent {
    Accent {
        mark,
        key,
        alone,
        without,
        with,
    }
}

/// Every dead key of the layouts.
pub(super) const ACCENTS: [Accent; 13] = [
    accent(('\u{300}', 0xfe50, '`'), "AEIOUaeiou", "ÀÈÌÒÙàèìòù"),
    accent(
        ('\u{301}', 0xfe51, '´'),
        "AEIOUYaeiouyCcLlNnRrSsZz",
        "ÁÉÍÓÚÝáéíóúýĆćĹĺŃńŔŕŚśŹź",
    ),
    accent(
        ('\u{302}', 0xfe52, '^'),
        "AEIOUaeiouCcGgHhJjSsWwYy",
        "ÂÊÎÔÛâêîôûĈĉĜĝĤĥĴĵŜŝŴŵŶŷ",
    ),
    accent(('\u{303}', 0xfe53, '~'), "ANOanoIiUu", "ÃÑÕãñõĨĩŨũ"),
    accent(('\u{304}', 0xfe54, '¯'), "AaEeIiOoUu", "ĀāĒēĪīŌōŪū"),
    accent(('\u{306}', 0xfe55, '˘'), "AaEeGgIiOoUu", "ĂăĔĕĞğĬĭŎŏŬŭ"),
    accent(('\u{307}', 0xfe56, '˙'), "CcEeGgIZz", "ĊċĖėĠġİŻż"),
    accent(('\u{308}', 0xfe57, '¨'), "AEIOUaeiouyY", "ÄËÏÖÜäëïöüÿŸ"),
    accent(('\u{30a}', 0xfe58, '°'), "AaUu", "ÅåŮů"),
    accent(('\u{30b}', 0xfe59, '˝'), "OoUu", "ŐőŰű"),
    accent(
        ('\u{30c}', 0xfe5a, 'ˇ'),
        "CcDdEeLlNnRrSsTtZz",
        "ČčĎďĚěĽľŇňŘřŠšŤťŽž",
    ),
    accent(
        ('\u{327}', 0xfe5b, '¸'),
        "CcGgKkLlNnRrSsTt",
        "ÇçĢģĶķĻļŅņŖŗŞşŢţ",
    ),
    accent(('\u{328}', 0xfe5c, '˛'), "AaEeIiUu", "ĄąĘęĮįŲų"),
];

impl Accent {
    /// Returns the letter that becomes `c` with this accent.
    pub(super) fn bare(&self, c: char) -> Option<char> {
        let mut pairs = self.without.chars().zip(self.with.chars());
        let found = pairs.find(|(_, with)| *with == c).map(|(bare, _)| bare);
        found.or_else(|| (c == self.alone).then_some(' '))
    }
}
