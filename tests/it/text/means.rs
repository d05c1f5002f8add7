//! What is read with: models that are what they should be, another program, or nothing.

use super::{
    models,
    scene::{Scene, TRUTH},
};
use mosdat::{
    driver::ocr::{TextReaders, TextReadersConfig, model_files},
    model::{Frame, FrameCause, FrameSeq, Rect, Timestamp},
    port::{ReaderError, Readers},
};
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

fn with(models: &Path, path_var: &str) -> TextReaders {
    TextReaders::new(TextReadersConfig {
        models: vec![models.into()],
        environment: BTreeMap::from([("PATH".into(), path_var.into())]),
    })
}

fn blank() -> Frame {
    Frame {
        seq: FrameSeq(1),
        at: Timestamp(0),
        cause: FrameCause::Connected,
        width: 64,
        height: 32,
        rgba: Arc::new(vec![255; 64 * 32 * 4]),
        damage: Vec::new(),
    }
}

#[tokio::test]
async fn models_that_are_other_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for file in model_files() {
        fs::copy(models().join(file.name), folder.path().join(file.name)).unwrap();
    }
    let last = folder.path().join(model_files()[2].name);
    let mut bytes = fs::read(&last).unwrap();
    bytes[0] ^= 1;
    fs::write(&last, bytes).unwrap();
    // Not even a program that reads takes their place: nobody would know that they are broken.
    let readers = with(folder.path(), &std::env::var("PATH").unwrap());
    let error = readers.open().read(&blank(), None).await.unwrap_err();
    let ReaderError::Missing { why } = &error else {
        panic!("{error:?}");
    };
    assert!(why.contains("is not the model that mosdat knows"), "{why}");
    assert!(
        why.contains("ocr-models.sh") && !error.is_transient(),
        "{why}"
    );
}

#[tokio::test]
async fn without_anything_to_read_with_it_says_what_to_do() {
    let nothing = tempfile::tempdir().unwrap();
    let readers = with(nothing.path(), "");
    let reader = readers.open();
    let error = reader.read(&blank(), None).await.unwrap_err().to_string();
    for part in [
        "no models are in",
        "no `tesseract` is in PATH",
        "ocr-models.sh",
    ] {
        assert!(error.contains(part), "{error}");
    }
    // What was put there since is found.
    for file in model_files() {
        fs::copy(models().join(file.name), nothing.path().join(file.name)).unwrap();
    }
    let reading = reader.read(&blank(), None).await.unwrap();
    assert_eq!(
        (reading.lines.len(), reading.engine.as_str()),
        (0, "PP-OCRv6")
    );
}

#[tokio::test]
async fn tesseract_reads_where_there_are_no_models() {
    let scene = Scene::start(&[]).await;
    let frame = scene.settled().await;
    let nothing = tempfile::tempdir().unwrap();
    let readers = with(nothing.path(), &std::env::var("PATH").unwrap());
    let reader = readers.open();
    let reading = reader.read(&frame, None).await.unwrap();
    assert_eq!(reading.engine, "tesseract");
    let total = TRUTH.split_whitespace().count();
    let missing = super::missing(&reading, TRUTH);
    // It does not see grey buttons and selected rows.
    assert!(
        missing.len() * 100 <= total * 15,
        "{missing:?}: {reading:#?}"
    );
    let buttons = Rect {
        x: 20,
        y: 415,
        width: 540,
        height: 55,
    };
    let reading = reader.read(&frame, Some(buttons)).await.unwrap();
    assert_eq!(super::missing(&reading, "Discard Close"), [""; 0]);
    let close = super::words(&reading)
        .into_iter()
        .find(|word| word.text == "Close")
        .unwrap();
    let button = Rect {
        x: 460,
        y: 426,
        width: 91,
        height: 34,
    };
    assert!(button.contains(close.rect.center()), "{close:?}");
}

/// A program that takes its orders only as they should be, and counts them.
const STRICT: &str = r#"#!/bin/sh
[ "$#" = 5 ] && [ "$2 $3 $4 $5" = "read --psm 11 tsv" ] || { echo "bad order: $*"; exit 2; }
[ "$OMP_THREAD_LIMIT" = 1 ] && [ -z "$HOME" ] && [ -f "$1" ] || { echo "bad place"; exit 2; }
echo x >> "COUNT"
[ -e "BROKEN" ] && { echo "out of memory"; exit 1; }
printf 'level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n' > read.tsv
printf '5\t1\t1\t1\t1\t1\t20\t10\t40\t20\t95\tHello\n' >> read.tsv
"#;

#[tokio::test]
async fn the_program_is_asked_once_about_a_picture_and_its_failure_is_no_blank_screen() {
    let dir = tempfile::tempdir().unwrap();
    let count = dir.path().join("count");
    let broken = dir.path().join("broken");
    let program = dir.path().join("tesseract");
    let text = STRICT.replace("COUNT", count.to_str().unwrap());
    fs::write(&program, text.replace("BROKEN", broken.to_str().unwrap())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let readers = with(&dir.path().join("nothing"), dir.path().to_str().unwrap());
    let reader = readers.open();
    fs::write(&broken, "").unwrap();
    let error = reader.read(&blank(), None).await.unwrap_err();
    assert!(
        matches!(&error, ReaderError::Failed(why) if why.contains("out of memory")),
        "{error}"
    );
    fs::remove_file(&broken).unwrap();
    for _ in 0..2 {
        let reading = reader.read(&blank(), None).await.unwrap();
        assert_eq!(reading.lines[0].text, "Hello");
        let place = Rect {
            x: 10,
            y: 5,
            width: 20,
            height: 10,
        };
        assert_eq!(reading.lines[0].rect, place);
    }
    assert_eq!(fs::read_to_string(&count).unwrap().lines().count(), 2);
}
