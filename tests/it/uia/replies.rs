//! Replies that prove nothing: each is an error, and never "it is not there".

use super::{Back, asks, dumped, dumps, opened, query, reply, window};
use mosdat::port::{AccessibilityTree as _, TreeError};
use serde_json::{Value, json};

/// Asks for a widget, gets `back`, and returns the error.
async fn error_of(back: Back) -> TreeError {
    let (tree, shell) = opened(vec![(asks(2, &dumps("Notes"), 30), back)]).await;
    let found = tree.find(&query("push button", "Save")).await;
    shell.finished();
    found.expect_err("nothing was seen, so nothing can be said")
}

fn with(change: impl FnOnce(&mut Value)) -> Back {
    let mut told = reply(2, &dumped(&[window(&[])]));
    change(&mut told);
    Back::Says("reply", told.to_string())
}

#[tokio::test]
async fn a_worker_that_cannot_see_is_told_from_a_desktop_without_the_widget() {
    for (field, value, why) in [
        ("session", json!(0), "session 0, where there is no desktop"),
        (
            "interactive",
            json!(false),
            "where nobody can be shown anything",
        ),
        ("locked", json!(true), "the screen is locked"),
        ("windows", json!(0), "no window at all"),
    ] {
        let err = error_of(with(|told| told["sight"][field] = value)).await;
        assert!(matches!(err, TreeError::Blind(_)), "{field}: {err:?}");
        assert!(err.to_string().contains(why), "{field}: {err}");
        assert!(err.is_transient());
    }
    let err = error_of(with(|told| told["sight"] = Value::Null)).await;
    assert!(matches!(err, TreeError::Blind(_)), "{err:?}");
}

#[tokio::test]
async fn a_reply_with_a_part_missing_cannot_be_read() {
    for field in ["session", "interactive", "locked", "windows", "aware"] {
        let back = with(|told| drop(told["sight"].as_object_mut().unwrap().remove(field)));
        let err = error_of(back).await;
        assert!(matches!(err, TreeError::Protocol(_)), "{field}: {err:?}");
    }
    let changes: [fn(&mut Value); 7] = [
        |told| told["nonce"] = json!("1"),
        |told| told["nonce"] = Value::Null,
        |told| told["results"] = json!({}),
        |told| told["results"]["t"] = json!({ "windows": [] }),
        |told| told["results"]["t"] = json!({ "ok": true }),
        |told| told["results"]["t"]["windows"][0]["widgets"] = json!([{ "name": "Save" }]),
        |told| told["results"]["t"] = json!({ "ok": false, "kind": "trouble", "error": "no" }),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let err = error_of(with(change)).await;
        assert!(matches!(err, TreeError::Protocol(_)), "{number}: {err:?}");
    }
}

#[tokio::test]
async fn silence_noise_and_loss_are_errors() {
    type Expected = fn(&TreeError) -> bool;
    let cases: [(Back, Expected); 10] = [
        (Back::Writes(""), |e| matches!(e, TreeError::Protocol(_))),
        (Back::Writes("Welcome to PC\r\n"), |e| {
            matches!(e, TreeError::Protocol(_))
        }),
        (Back::Writes("mosdat:reply"), |e| {
            matches!(e, TreeError::Protocol(_))
        }),
        (Back::Writes("mosdat:reply %%%"), |e| {
            matches!(e, TreeError::Protocol(_))
        }),
        (Back::Says("reply", "{\"ok\":true".into()), |e| {
            matches!(e, TreeError::Protocol(_))
        }),
        (Back::Says("digest", String::new()), |e| {
            matches!(e, TreeError::Protocol(_))
        }),
        (Back::Fails("'powershell.exe' is not recognized", 1), |e| {
            e.to_string().contains("is not recognized")
        }),
        (Back::Says("late", String::new()), |e| {
            matches!(e, TreeError::TimedOut { .. })
        }),
        (Back::Silent, |e| matches!(e, TreeError::TimedOut { .. })),
        (Back::Lost, |e| matches!(e, TreeError::Lost(_))),
    ];
    for (back, wanted) in cases {
        let shown = format!("{back:?}");
        let err = error_of(back).await;
        assert!(wanted(&err), "{shown}: {err:?}");
    }
}
