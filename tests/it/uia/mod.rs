//! Widgets of Windows: every command that is sent, word for word, and what each reply may mean.

mod guest;
mod program;
mod replies;
mod shell;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use mosdat::{
    driver::uia::{UiaLimits, UiaTree, program},
    model::{Node, NodeQuery, Placement, Point, Rect},
    port::{AccessibilityTree, Shell, TreeError},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shell::{Back, ScriptedShell};
use std::{fmt::Write as _, sync::Arc};

const FOLDER: &str = r"C:\tmp\mosdat-uia-a1b2";

const DIGEST: &str = r"$f='C:\tmp\mosdat_uia_worker.ps1'
if([IO.File]::Exists($f)){say 'digest' (Get-FileHash -LiteralPath $f -Algorithm SHA256).Hash}else{say 'digest' ''}";

const START: &str = r#"[void][IO.Directory]::CreateDirectory('C:\tmp\mosdat-uia-a1b2')
$u=[Security.Principal.WindowsIdentity]::GetCurrent().Name
$x='<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"><Principals><Principal id="user"><UserId>USER</UserId><LogonType>InteractiveToken</LogonType><RunLevel>HighestAvailable</RunLevel></Principal></Principals><Settings><MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy><DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries><StopIfGoingOnBatteries>false</StopIfGoingOnBatteries><ExecutionTimeLimit>PT0S</ExecutionTimeLimit><Hidden>true</Hidden></Settings><Actions Context="user"><Exec><Command>powershell.exe</Command><Arguments>-NoProfile -NonInteractive -WindowStyle Hidden -ExecutionPolicy Bypass -File C:\tmp\mosdat_uia_worker.ps1 serve C:\tmp\mosdat-uia-a1b2</Arguments></Exec></Actions></Task>'.Replace('USER',[Security.SecurityElement]::Escape($u))
[void](Register-ScheduledTask -TaskName 'mosdat-uia-a1b2' -Xml $x -Force)
Start-ScheduledTask -TaskName 'mosdat-uia-a1b2'
say 'ok' $u"#;

const EXPLAIN: &str = r#"$i=Get-ScheduledTaskInfo -TaskName 'mosdat-uia-a1b2'
$s=@(Get-Process explorer -ErrorAction SilentlyContinue).Count
say 'why' ("its task ended with 0x{0:X}, and {1} desktops are open" -f $i.LastTaskResult,$s)"#;

const STOP: &str = r"if([IO.Directory]::Exists('C:\tmp\mosdat-uia-a1b2')){[IO.Directory]::Delete('C:\tmp\mosdat-uia-a1b2',$true)}
Unregister-ScheduledTask -TaskName 'mosdat-uia-a1b2' -Confirm:$false -ErrorAction SilentlyContinue
say 'ok' ''";

fn digest() -> String {
    let mut text = String::new();
    for byte in Sha256::digest(program().as_bytes()) {
        write!(text, "{byte:02X}").unwrap();
    }
    text
}

/// What carries a part of a file.
fn part(file: &str, bytes: &[u8], mode: &str) -> String {
    let text = BASE64_STANDARD.encode(bytes);
    format!(
        r"[void][IO.Directory]::CreateDirectory('C:\tmp')
$b=[Convert]::FromBase64String('{text}')
$f=[IO.File]::Open('{file}','{mode}')
try{{$f.Write($b,0,$b.Length)}}finally{{$f.Close()}}
say 'ok' ''"
    )
}

/// What waits for the answer to a question, which `puts` into its file first.
fn waits(number: u64, puts: &str, seconds: u32) -> String {
    format!(
        "$q='{FOLDER}\\req-{number}.json';$r='{FOLDER}\\res-{number}.json'
{puts}[IO.File]::Move(\"$q.part\",$q)
$t=[Diagnostics.Stopwatch]::StartNew()
while(-not [IO.File]::Exists($r) -and $t.ElapsedMilliseconds -lt {seconds}000){{Start-Sleep -Milliseconds 20}}
if([IO.File]::Exists($r)){{say 'reply' ([IO.File]::ReadAllText($r));[IO.File]::Delete($r)}}
else{{try{{[IO.File]::Move($q,\"$q.late\");[IO.File]::Delete(\"$q.late\");say 'late' ''}}catch{{say 'taken' ''}}}}"
    )
}

/// What asks the worker to carry out `ops`.
fn asks(number: u64, ops: &Value, seconds: u32) -> String {
    let request = json!({ "nonce": number.to_string(), "ops": ops }).to_string();
    let text = BASE64_STANDARD.encode(request);
    let puts =
        format!("[IO.File]::WriteAllBytes(\"$q.part\",[Convert]::FromBase64String('{text}'))\n");
    waits(number, &puts, seconds)
}

/// What a worker replies that sees the desktop.
fn replies(number: u64, results: &Value) -> Back {
    Back::Says("reply", reply(number, results).to_string())
}

fn reply(number: u64, results: &Value) -> Value {
    json!({
        "ok": true, "errors": [], "nonce": number.to_string(), "results": results,
        "sight": {
            "session": 1, "interactive": true, "locked": false, "windows": 4, "aware": true,
            "user": "tester",
        },
    })
}

/// What comes before the first question.
fn opening() -> Vec<(String, Back)> {
    vec![
        (DIGEST.into(), Back::Says("digest", digest())),
        (START.into(), Back::Says("ok", r"PC\tester".into())),
        (asks(1, &json!([]), 60), replies(1, &json!({}))),
    ]
}

async fn opened(later: Vec<(String, Back)>) -> (UiaTree, Arc<ScriptedShell>) {
    let mut expected = opening();
    expected.extend(later);
    let shell = ScriptedShell::new(expected);
    let own = Arc::clone(&shell) as Arc<dyn Shell>;
    let tree = UiaTree::open(own, "a1b2", UiaLimits::default()).await;
    (tree.unwrap(), shell)
}

fn dumps(app: &str) -> Value {
    json!([{ "id": "t", "op": "tree_dump", "flat": true, "max_depth": 200, "app_filter": app }])
}

/// A widget that shows and can be used, but for what `own` says of it.
fn widget(depth: usize, control: &str, name: &str, own: &Value) -> Value {
    let mut widget = json!({
        "id": format!("70/42.{depth}"), "depth": depth, "control": control, "name": name,
        "class": "", "process": 812, "offscreen": false, "enabled": true, "focusable": true,
        "focused": false, "password": false, "toggle": null, "expanded": null, "selected": null,
        "text": null, "read_only": null, "range": null, "modal": null, "state": null,
        "extents": { "x": 10 * depth, "y": 20, "width": 100, "height": 30 },
        "actions": [], "child_count": 1,
    });
    for (key, value) in own.as_object().unwrap() {
        assert!(
            key == "is_cut" || widget.get(key).is_some(),
            "`{key}` is no fact of a widget"
        );
        widget[key] = value.clone();
    }
    widget
}

fn window(widgets: &[Value]) -> Value {
    json!({
        "program": "notes", "title": "Notes", "process": 812, "error": null, "widgets": widgets,
    })
}

fn dumped(windows: &[Value]) -> Value {
    json!({ "t": { "ok": true, "windows": windows } })
}

fn query(role: &str, name: &str) -> NodeQuery {
    NodeQuery {
        role: role.into(),
        name: Some(name.into()),
        app: "Notes".into(),
        ..NodeQuery::default()
    }
}

fn save() -> Node {
    Node {
        id: "70/42.1".into(),
        role: "push button".into(),
        name: "Save".into(),
        app: "notes (Notes)".into(),
        ..Node::default()
    }
}

#[tokio::test]
async fn a_worker_that_is_not_there_is_sent_in_parts_checked_and_started() {
    let program = program();
    let file = r"C:\tmp\mosdat_uia_worker.ps1";
    let beside = format!("{file}.part");
    let mut expected = vec![(DIGEST.to_owned(), Back::Says("digest", "0000".into()))];
    for (index, bytes) in program.as_bytes().chunks(1_600).enumerate() {
        let mode = if index == 0 { "Create" } else { "Append" };
        expected.push((part(&beside, bytes, mode), Back::Says("ok", String::new())));
    }
    let put = format!(
        "$d=(Get-FileHash -LiteralPath '{beside}' -Algorithm SHA256).Hash
if($d -ne '{digest}'){{Remove-Item -LiteralPath '{beside}';throw \"it arrived damaged: $d\"}}
Move-Item -LiteralPath '{beside}' -Destination '{file}' -Force
say 'ok' ''",
        digest = digest()
    );
    expected.push((put, Back::Says("ok", String::new())));
    expected.extend(opening().into_iter().skip(1));
    let shell = ScriptedShell::new(expected);
    let own = Arc::clone(&shell) as Arc<dyn Shell>;
    UiaTree::open(own, "a1b2", UiaLimits::default())
        .await
        .unwrap();
    shell.finished();
}

#[tokio::test]
async fn a_worker_that_arrived_damaged_is_an_error() {
    let damaged = Back::Says("error", "it arrived damaged: 0000".into());
    let mut expected = vec![(DIGEST.to_owned(), Back::Says("digest", String::new()))];
    let beside = r"C:\tmp\mosdat_uia_worker.ps1.part";
    let first = &program().into_bytes()[..1_600];
    expected.push((part(beside, first, "Create"), damaged));
    let shell = ScriptedShell::new(expected);
    let opened = UiaTree::open(shell, "a1b2", UiaLimits::default()).await;
    let err = opened.unwrap_err().to_string();
    assert!(err.contains("it arrived damaged"), "{err}");
}

#[tokio::test]
async fn who_is_not_logged_in_at_the_screen_is_told_so() {
    let mut expected = opening();
    expected[2].1 = Back::Says("late", String::new());
    let why = "its task ended with 0x41303, and 0 desktops are open";
    expected.push((EXPLAIN.into(), Back::Says("why", why.into())));
    let shell = ScriptedShell::new(expected);
    let own = Arc::clone(&shell) as Arc<dyn Shell>;
    let err = UiaTree::open(own, "a1b2", UiaLimits::default())
        .await
        .unwrap_err();
    shell.finished();
    assert!(matches!(err, TreeError::Blind(_)), "{err:?}");
    let told = err.to_string();
    assert!(
        told.contains(r"`PC\tester`") && told.contains(why),
        "{told}"
    );
}

#[tokio::test]
async fn widgets_are_found_by_the_roles_that_they_may_be() {
    let widgets = [
        widget(
            0,
            "Window",
            "Notes",
            &json!({ "state": "Normal", "modal": false }),
        ),
        widget(1, "Button", "Save", &json!({ "actions": ["invoke"] })),
        widget(
            2,
            "CheckBox",
            "Dark",
            &json!({ "toggle": "On", "actions": ["toggle"] }),
        ),
        widget(
            3,
            "Edit",
            "Title",
            &json!({ "text": "Milk", "read_only": false }),
        ),
        widget(
            4,
            "Edit",
            "Key",
            &json!({ "password": true, "read_only": false }),
        ),
        widget(5, "Slider", "Size", &json!({ "range": 50.0 })),
        widget(6, "Button", "Hidden", &json!({ "offscreen": true })),
        widget(7, "Button", "Flat", &json!({ "extents": null })),
        widget(8, "Button", "Grey", &json!({ "enabled": false })),
        widget(9, "MenuItem", "File", &json!({ "expanded": "Collapsed" })),
    ];
    let cases = [
        ("push button", "Save", Some("push button")),
        ("button", "Save", Some("push button")),
        ("frame", "Notes", Some("frame")),
        ("dialog", "Notes", Some("dialog")),
        ("check box", "Dark", Some("check box")),
        ("entry", "Title", Some("entry")),
        ("password text", "Key", Some("password text")),
        ("password text", "Title", None),
        ("push button", "Hidden", None),
        ("push button", "Flat", None),
        ("push button", "Grey", Some("push button")),
        ("menu item", "File", Some("menu item")),
        ("push button", "Dark", None),
    ];
    let later = (2..).zip(&cases).map(|(number, _)| {
        let back = replies(number, &dumped(&[window(&widgets)]));
        (asks(number, &dumps("Notes"), 30), back)
    });
    let (tree, shell) = opened(later.collect()).await;
    for (role, name, wanted) in cases {
        let (found, whole) = tree.find(&query(role, name)).await.unwrap();
        let roles: Vec<&str> = found.iter().map(|node| node.role.as_str()).collect();
        assert_eq!(
            roles,
            wanted.into_iter().collect::<Vec<_>>(),
            "{role} `{name}`"
        );
        assert_eq!(whole.apps, ["notes (Notes)"]);
        assert_eq!((whole.nodes.len(), whole.silent_apps.len()), (10, 0));
    }
    shell.finished();
}

#[tokio::test]
async fn what_a_program_tells_of_a_widget_is_kept() {
    let widgets = [
        widget(
            0,
            "Window",
            "Notes",
            &json!({ "state": "Minimized", "modal": true }),
        ),
        widget(
            1,
            "Edit",
            "Title",
            &json!({ "text": "Milk", "read_only": false, "focused": true }),
        ),
        widget(
            2,
            "CheckBox",
            "Dark",
            &json!({ "toggle": "Indeterminate", "enabled": false }),
        ),
        widget(
            3,
            "Slider",
            "Size",
            &json!({ "range": 0.5, "offscreen": true }),
        ),
        widget(
            4,
            "ListItem",
            "Milk",
            &json!({ "selected": true, "expanded": "LeafNode" }),
        ),
        widget(5, "Text", "1 note", &json!({})),
    ];
    let back = replies(2, &dumped(&[window(&widgets)]));
    let (tree, _) = opened(vec![(asks(2, &dumps(""), 30), back)]).await;
    let whole = tree.read_placed().await.unwrap();
    let lines = whole.nodes.iter().map(|node| {
        let Node {
            role,
            name,
            text,
            value,
            states,
            extents,
            ..
        } = node;
        let at = extents.map_or("nowhere".into(), |at| format!("{},{}", at.x, at.y));
        format!(
            "{role} `{name}` `{text}` `{value}` {at} {}\n",
            states.join(" ")
        )
    });
    insta::assert_snapshot!(lines.collect::<String>(), @"
    dialog `Notes` `` `` 0,20 enabled focusable iconified modal sensitive showing visible
    entry `Title` `Milk` `` 10,20 editable enabled focusable focused sensitive showing visible
    check box `Dark` `` `` 20,20 checkable focusable indeterminate showing visible
    slider `Size` `` `0.5` nowhere enabled focusable sensitive
    list item `Milk` `` `` 40,20 enabled focusable selectable selected sensitive showing visible
    label `1 note` `1 note` `` 50,20 enabled focusable sensitive showing visible
    ");
}

#[tokio::test]
async fn what_was_not_seen_is_named_so_that_nothing_is_taken_for_absent() {
    let page = json!({ "class": "Chrome_RenderWidgetHostHWND", "child_count": 0 });
    let broken = |kind: &str| {
        json!({
            "program": "other", "title": "", "process": 1, "error": format!("it is {kind}"),
            "kind": kind, "widgets": [],
        })
    };
    let windows = [
        window(&[widget(0, "Window", "Notes", &json!({}))]),
        broken("trouble"),
        broken("gone"),
        window(&[widget(0, "Window", "Notes", &json!({ "is_cut": true }))]),
        window(&[widget(0, "Document", "Page", &page)]),
    ];
    let back = replies(2, &dumped(&windows));
    let (tree, _) = opened(vec![(asks(2, &dumps("Notes"), 30), back)]).await;
    let (found, whole) = tree.find(&query("push button", "Save")).await.unwrap();
    assert!(found.is_empty());
    let silent: Vec<&str> = whole
        .silent_apps
        .iter()
        .map(|app| app.label.as_str())
        .collect();
    let expected = [
        "other (it is trouble)",
        "notes (Notes) (it lies deeper than was read)",
        "notes (Notes) (its page tells no widgets)",
    ];
    assert_eq!(silent, expected);
}

#[tokio::test]
async fn places_are_none_where_the_worker_is_told_other_pixels() {
    let mut unaware = reply(
        2,
        &dumped(&[window(&[widget(0, "Button", "Save", &json!({}))])]),
    );
    unaware["sight"]["aware"] = json!(false);
    let back = Back::Says("reply", unaware.to_string());
    let (tree, _) = opened(vec![(asks(2, &dumps("Notes"), 30), back)]).await;
    let (found, _) = tree.find(&query("push button", "Save")).await.unwrap();
    assert_eq!(
        (found[0].extents, found[0].placement),
        (None, Placement::Unconfirmed)
    );
}

/// What asks for a widget and all that it lies in, and what comes back.
fn line(number: u64, own: &Value) -> (String, Back) {
    let ops = json!([{ "id": "l", "op": "around", "at": "70/42.1" }]);
    let widgets = [
        widget(1, "Button", "Save", own),
        widget(0, "Window", "Notes", &json!({})),
    ];
    let result = json!({ "ok": true, "widgets": widgets, "program": "notes", "title": "Notes" });
    (
        asks(number, &ops, 30),
        replies(number, &json!({ "l": result })),
    )
}

#[tokio::test]
async fn a_widget_is_looked_at_anew_before_it_is_clicked() {
    let gone = json!({ "l": { "ok": false, "kind": "gone", "error": "nothing is there" } });
    let ops = json!([{ "id": "l", "op": "around", "at": "70/42.1" }]);
    let later = vec![
        line(2, &json!({})),
        line(3, &json!({ "offscreen": true })),
        (asks(4, &ops, 30), replies(4, &gone)),
        line(5, &json!({})),
    ];
    let (tree, shell) = opened(later).await;
    let place = Rect {
        x: 10,
        y: 20,
        width: 100,
        height: 30,
    };
    assert_eq!(tree.place(&save()).await, Ok(Some(place)));
    assert_eq!(tree.place(&save()).await, Ok(None));
    assert_eq!(tree.place(&save()).await, Ok(None));
    let around = tree.around(&save(), 5).await.unwrap();
    assert_eq!((around.len(), around[0].id.as_str()), (1, "70/42.0"));
    shell.finished();
}

#[tokio::test]
async fn the_widget_at_a_point_is_asked_for() {
    let ops = json!([{ "id": "p", "op": "get_at_point", "x": 15, "y": 25 }]);
    let button = widget(1, "Button", "Save", &json!({}));
    let there = json!({ "ok": true, "widget": button, "app": "notes", "title": "Notes" });
    let nothing = json!({ "ok": false, "kind": "not_found", "error": "no window" });
    let later = vec![
        (asks(2, &ops, 30), replies(2, &json!({ "p": there }))),
        (asks(3, &ops, 30), replies(3, &json!({ "p": nothing }))),
    ];
    let (tree, shell) = opened(later).await;
    let point = Point { x: 15, y: 25 };
    let node = tree.at(point).await.unwrap().unwrap();
    assert_eq!(
        (node.name.as_str(), node.app.as_str()),
        ("Save", "notes (Notes)")
    );
    assert_eq!(tree.at(point).await, Ok(None));
    shell.finished();
}

type Expected = fn(&TreeError) -> bool;

fn is_unanswered(err: &TreeError) -> bool {
    matches!(err, TreeError::Unanswered { .. })
}

#[tokio::test]
async fn a_widget_is_operated_once_and_what_came_of_it_is_told() {
    let offers = json!({ "actions": ["invoke", "expand"] });
    let done = json!({ "a": { "ok": true, "action_idx": 0, "action": "invoke" } });
    let refused = |kind: &str| {
        replies(
            3,
            &json!({ "a": { "ok": false, "kind": kind, "error": "no" } }),
        )
    };
    let says = |word| Back::Says(word, String::new());
    let cases: [(Back, Option<Expected>); 8] = [
        (replies(3, &done), None),
        (
            refused("greyed"),
            Some(|e| matches!(e, TreeError::GreyedOut(_))),
        ),
        (refused("gone"), Some(|e| matches!(e, TreeError::Gone(_)))),
        (
            refused("refused"),
            Some(|e| matches!(e, TreeError::Refused { .. })),
        ),
        (
            says("late"),
            Some(|e| matches!(e, TreeError::TimedOut { .. })),
        ),
        (says("taken"), Some(is_unanswered)),
        (Back::Silent, Some(is_unanswered)),
        (Back::Lost, Some(is_unanswered)),
    ];
    for (back, wanted) in cases {
        let ops = json!([{ "id": "a", "op": "do_action", "at": "70/42.1", "action_idx": 0 }]);
        let later = vec![line(2, &offers), (asks(3, &ops, 30), back)];
        let (tree, shell) = opened(later).await;
        let acted = tree.act(&save(), 0).await;
        shell.finished();
        match (acted, wanted) {
            (Ok(()), None) => {}
            (Err(err), Some(wanted)) => assert!(wanted(&err), "{err:?}"),
            other => panic!("{:?}", other.0),
        }
    }
    let (tree, shell) = opened(vec![line(2, &offers)]).await;
    let err = tree.act(&save(), 2).await.unwrap_err();
    assert_eq!(
        err.to_string(),
        "push button `Save` has no action 2; 0 is `invoke`, 1 is `expand`"
    );
    shell.finished();
}

#[tokio::test]
async fn a_long_question_is_sent_as_a_file() {
    let app = "x".repeat(2_000);
    let request = json!({ "nonce": "2", "ops": dumps(&app) }).to_string();
    let file = format!(r"{FOLDER}\req-2.json.part");
    let (first, rest) = request.as_bytes().split_at(1_600);
    let ok = || Back::Says("ok", String::new());
    let later = vec![
        (part(&file, first, "Create"), ok()),
        (part(&file, rest, "Append"), ok()),
        (waits(2, "", 30), replies(2, &dumped(&[]))),
    ];
    let (tree, shell) = opened(later).await;
    let wanted = NodeQuery {
        app,
        ..query("push button", "Save")
    };
    let (found, whole) = tree.find(&wanted).await.unwrap();
    // Nobody was seen, which is no proof that nothing is there.
    assert!(found.is_empty() && whole.apps.is_empty());
    shell.finished();
}

#[tokio::test]
async fn closing_ends_the_worker() {
    let (tree, shell) = opened(vec![(STOP.into(), Back::Says("ok", String::new()))]).await;
    tree.close().await.unwrap();
    shell.finished();
}
