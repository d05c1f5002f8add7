//! The program that scenarios call by themselves, asked about a real application: each request, and
//! what comes back.

use super::{
    desktop::{Desktop, Program},
    look_for, notes, query,
};
use mosdat::{model::Rect, port::AccessibilityTree};
use serde_json::{Value, json};
use std::{fs, io::Write as _, process::Stdio};

const WORKER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/src/run/worker/atspi_worker.py"
);

/// Asks in the way that scenarios do, and returns the answer and the exit code.
fn ask(desktop: &Desktop, request: &Value) -> (Value, i32) {
    asked(desktop, Some(&request.to_string()), "")
}

fn asked(desktop: &Desktop, argument: Option<&str>, input: &str) -> (Value, i32) {
    let mut command = desktop.command("/usr/bin/python3");
    command.arg(WORKER).args(argument);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    (
        serde_json::from_str(&text).unwrap(),
        output.status.code().unwrap(),
    )
}

fn boxed(rect: Rect) -> Value {
    json!({"x": rect.x, "y": rect.y, "width": rect.width, "height": rect.height})
}

/// A desktop with a window, and where its button is.
async fn desktop() -> (Desktop, Program, Value) {
    let (desktop, program, tree) = notes().await;
    let tree: &dyn AccessibilityTree = &*tree;
    let button = look_for(tree, &query("push button", "Save")).await;
    (desktop, program, boxed(button.extents.unwrap()))
}

#[tokio::test]
async fn a_widget_is_found_and_told_wholly() {
    let (desktop, _program, place) = desktop().await;
    let request = json!({
        "ops": [
            {"id": "f", "op": "find", "role": "push button", "name": "Save", "app_filter": "notes"},
            {"id": "v", "op": "verify", "role": "button", "name": "av", "name_substr": true},
        ],
        "init": {"force_atspi_init": true, "settle_ms": 0},
    });
    let save = json!({
        "ok": true, "role": "push button", "name": "Save", "path": "/0/0/3", "depth": 3,
        "n_actions": 1, "action_names": ["click"], "child_count": 0,
        "extents": place, "clickable_extents": place,
    });
    let wanted = json!({"ok": true, "results": {"f": save, "v": save}, "errors": []});
    assert_eq!(ask(&desktop, &request), (wanted, 0));
}

#[tokio::test]
async fn what_is_not_there_is_not_ok() {
    let (desktop, _program, _) = desktop().await;
    let request = json!({"ops": [
        {"id": "name", "op": "find", "role": "push button", "name": "save"},
        {"id": "role", "op": "verify", "role": "check box", "name": "Save"},
        {"id": "app", "op": "find", "role": "push button", "name": "Save", "app_filter": "rocket"},
        {"id": "deep", "op": "find", "role": "push button", "max_depth": 2},
        {"id": "hidden", "op": "find", "role": "push button", "name": "Secret", "showing": true},
        {"id": "any", "op": "find"},
        {"id": "op", "op": "dance"},
        {"id": "there", "op": "verify", "role": "frame"},
    ]});
    let (reply, code) = ask(&desktop, &request);
    assert_eq!(code, 1);
    assert_eq!(reply["ok"], false);
    assert_eq!(reply["results"]["there"]["ok"], true);
    let errors = [
        ("name", "not found: role='push button' name='save'"),
        ("role", "not found: role='check box' name='Save'"),
        ("app", "no application is called `rocket`; there are: Notes"),
        ("deep", "not found: role='push button'"),
        ("hidden", "not found: role='push button' name='Secret'"),
        ("any", "neither a `role` nor a `name` is given"),
        ("op", "there is no operation `dance`"),
    ];
    for (id, why) in errors {
        assert_eq!(reply["results"][id], json!({"ok": false, "error": why}));
    }
    let listed = errors.map(|(id, why)| format!("{id}: {why}"));
    assert_eq!(reply["errors"], json!(listed));
}

#[tokio::test]
async fn a_request_comes_as_an_argument_a_file_or_on_standard_input() {
    let (desktop, _program, _) = desktop().await;
    let request = json!({"ops": [{"id": "v", "op": "verify", "role": "frame"}]}).to_string();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &request).unwrap();
    let named = format!("file:{}", file.path().display());
    for (argument, input) in [
        (Some(request.as_str()), ""),
        (Some(named.as_str()), ""),
        (None, request.as_str()),
        (Some("-"), request.as_str()),
    ] {
        let (reply, code) = asked(&desktop, argument, input);
        assert_eq!(
            (&reply["ok"], code),
            (&json!(true), 0),
            "{argument:?}: {reply}"
        );
    }
    for wrong in ["{", "[]", "{}", "file:/nowhere"] {
        let (reply, code) = asked(&desktop, Some(wrong), "");
        assert_eq!((&reply["ok"], code), (&json!(false), 1), "{wrong}: {reply}");
        assert_eq!(reply["results"], json!({}));
        assert_eq!(reply["errors"].as_array().unwrap().len(), 1, "{reply}");
    }
}

#[tokio::test]
async fn actions_are_done_and_what_comes_of_them_is_waited_for() {
    let (desktop, mut program, _) = desktop().await;
    let clicked = json!({"role": "label", "name": "clicked"});
    let request = json!({"ops": [
        {"id": "f", "op": "find", "role": "push button", "name": "Save"},
        {"id": "do", "op": "do_action", "from_id": "f", "action_idx": 0},
        {"id": "any", "op": "wait_for", "any": [{"role": "dialog"}, clicked], "interval_ms": 20},
        {"id": "all", "op": "wait_for", "all": [clicked, {"role": "frame"}], "app_filter": "Not"},
        {"id": "path", "op": "do_action", "path": "/0/0/2", "app_filter": "notes"},
        {"id": "none", "op": "do_action", "from_id": "f", "action_idx": 1},
        {"id": "who", "op": "do_action", "from_id": "x"},
    ]});
    let (mut reply, code) = ask(&desktop, &request);
    assert_eq!(code, 1);
    let results = &mut reply["results"];
    assert_eq!(
        results["do"],
        json!({"ok": true, "action_idx": 0, "action": "click"})
    );
    assert_eq!(
        results["path"],
        json!({"ok": true, "action_idx": 0, "action": "click"})
    );
    let polls = results["any"]["polls"].take();
    assert!(polls.as_u64().unwrap() >= 1);
    let any =
        json!({"ok": true, "matched": "any", "cond": clicked, "path": "/0/0/0", "polls": null});
    assert_eq!(results["any"], any);
    let matches = json!([
        {"cond": clicked, "path": "/0/0/0"},
        {"cond": {"role": "frame"}, "path": "/0"},
    ]);
    let all = json!({
        "ok": true, "matched": "all", "matches": matches, "path": "/0/0/0", "polls": 1,
    });
    assert_eq!(results["all"], all);
    assert_eq!(
        results["none"]["error"],
        "there is no action 1, only ['click']"
    );
    assert_eq!(results["who"]["error"], "`x` has found nothing");
    program.tell("freeze");
    let mut button = query("push button", "Save");
    button.states.insert("sensitive".into(), false);
    look_for(&*super::dial(&desktop).await, &button).await;
    let request = json!({"ops": [
        {"id": "f", "op": "find", "role": "push button", "name": "Save"},
        {"id": "do", "op": "do_action", "from_id": "f"},
        {"id": "w", "op": "wait_for", "any": [{"role": "dialog"}], "timeout_ms": 50, "interval_ms": 20},
    ]});
    let (reply, _) = ask(&desktop, &request);
    assert_eq!(
        reply["results"]["do"]["error"],
        "push button `Save` is greyed out"
    );
    let why = reply["results"]["w"]["error"].as_str().unwrap();
    assert!(
        why.starts_with("any of these did not come: role='dialog'"),
        "{why}"
    );
}

#[tokio::test]
async fn a_tree_is_dumped_with_what_lies_in_what_and_a_point_names_the_deepest() {
    let (desktop, _program, place) = desktop().await;
    let at = |part: &str| place[part].as_i64().unwrap();
    let request = json!({"ops": [
        {"id": "t", "op": "tree_dump", "app_filter": "notes"},
        {"id": "top", "op": "tree_dump", "max_depth": 1},
        {"id": "p", "op": "get_at_point", "x": at("x") + 2, "y": at("y") + 2},
        {"id": "far", "op": "get_at_point", "x": 2, "y": 3},
    ]});
    let (reply, _) = ask(&desktop, &request);
    let tree = &reply["results"]["t"]["tree"];
    assert_eq!(tree["role"], "application");
    let filler = &tree["children"][0]["children"][0];
    let children = filler["children"].as_array().unwrap();
    let outline = children.iter().map(|child| child["path"].as_str().unwrap());
    let outline: Vec<&str> = outline.collect();
    assert_eq!(outline[..3], ["/0/0/0", "/0/0/1", "/0/0/2"]);
    let save = &children[3];
    assert_eq!((&save["name"], &save["extents"]), (&json!("Save"), &place));
    assert!(
        save["states"]
            .as_array()
            .unwrap()
            .contains(&json!("showing")),
        "{save}"
    );
    let top = &reply["results"]["top"]["tree"];
    assert_eq!(top["role"], "desktop frame");
    let frame = &top["children"][0]["children"][0];
    assert_eq!(
        (&frame["name"], &frame["children"]),
        (&json!("Notes"), &json!([]))
    );
    let point = &reply["results"]["p"];
    let found = (
        &point["name"],
        &point["path"],
        &point["depth"],
        &point["app"],
    );
    assert_eq!(
        found,
        (&json!("Save"), &json!("/0/0/3"), &json!(3), &json!("Notes"))
    );
    assert_eq!(reply["results"]["far"]["error"], "no window is at 2,3");
}
