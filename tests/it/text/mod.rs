//! Reading text in pictures: real windows with known words, read by the models and by tesseract.

mod incremental;
mod means;
pub(crate) mod scene;
mod words;

use mosdat::{
    driver::ocr::{TextReaders, TextReadersConfig},
    model::{Reading, TextWord},
};
use std::{collections::BTreeMap, path::PathBuf};

/// Where `scripts/setup.sh` puts the models. Without them these tests fail.
pub(crate) fn models() -> PathBuf {
    let usual = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/ocr-models");
    let folder = std::env::var_os("MOSDAT_TEST_OCR_MODELS").map_or_else(usual, PathBuf::from);
    assert!(
        folder.join("PP-OCRv6_rec_small.rten").is_file(),
        "no models in `{}`: run scripts/setup.sh",
        folder.display()
    );
    folder
}

/// Readers that have the models and nothing else.
pub(crate) fn by_models() -> TextReaders {
    TextReaders::new(TextReadersConfig {
        models: vec![models()],
        environment: BTreeMap::new(),
    })
}

/// All words that were read, with their places.
pub(crate) fn words(reading: &Reading) -> Vec<&TextWord> {
    reading.lines.iter().flat_map(|line| &line.words).collect()
}

/// Returns which of the words of `truth` were not read, each as often as it is there.
pub(crate) fn missing(reading: &Reading, truth: &str) -> Vec<String> {
    let mut read: Vec<&str> = words(reading)
        .iter()
        .map(|word| word.text.as_str())
        .collect();
    let mut missing = Vec::new();
    for word in truth.split_whitespace() {
        match read.iter().position(|other| *other == word) {
            Some(at) => drop(read.swap_remove(at)),
            None => missing.push(word.to_owned()),
        }
    }
    missing
}
