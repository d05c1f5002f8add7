//! Calls: who makes them, whom they reach, and what is tried again.

use super::{
    direct,
    world::{client, cluster, endpoint, password, token, world},
};
use crate::pve::{Fault, Pve};
use futures_util::future::join_all;
use mosdat::{
    driver::{
        disk::SystemClock,
        proxmox::api::{
            ApiError, ApiLimits, Call, CallLog, Client, Credentials, Endpoint, Https, Reason, Trust,
        },
    },
    model::Secret,
};
use serde_json::Value;
use std::{fs, sync::Arc, time::Duration};

fn nodes() -> Call {
    Call::get("/nodes")
}

fn config() -> Call {
    Call::put("/nodes/pve1/qemu/100/config").with("description", "x")
}

#[tokio::test]
async fn a_token_and_a_password_both_sign_in() {
    for credentials in [token(), password()] {
        let world = world(cluster(), credentials).await;
        let nodes: Value = world.client.ask(&nodes()).await.unwrap();
        assert_eq!(nodes.as_array().unwrap().len(), 2);
        // A change needs more than a cookie.
        world.client.call(&config()).await.unwrap();
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_by_whom() {
    let secret = Secret::new("wrong");
    let token = Credentials::Token {
        id: "root@pam!lab".into(),
        secret: secret.clone(),
    };
    let password = Credentials::Password {
        user: "root@pam".into(),
        password: secret,
    };
    for credentials in [token, password] {
        let world = world(cluster(), credentials).await;
        let err = world.client.call(&nodes()).await.unwrap_err();
        assert!(matches!(&err, ApiError::SignIn { .. }), "{err}");
        assert!(!err.is_transient());
        let words = err.to_string();
        let port = world.front.address.port().to_string();
        assert!(
            words.contains("root@pam") && words.contains(&port),
            "{words}"
        );
        assert!(!words.contains("wrong"), "{words}");
    }
}

#[tokio::test]
async fn a_ticket_that_is_taken_no_more_is_replaced_once_for_all_calls() {
    let world = world(cluster(), password()).await;
    world.client.call(&nodes()).await.unwrap();
    world.pve.cluster().access.forget_tickets();
    let (get, put) = (nodes(), config());
    let calls = [&get, &put, &get, &put].map(|call| world.client.call(call));
    for done in join_all(calls).await {
        done.unwrap();
    }
    assert_eq!(world.pve.asked("/access/ticket").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_is_renewed_with_itself_before_its_two_hours_are_over() {
    let pve = Pve::new(cluster());
    let client = direct::client(&pve, password());
    for _ in 0..6 * 12 {
        client.call(&config()).await.unwrap();
        tokio::time::sleep(Duration::from_mins(5)).await;
    }
    let signed_in = pve.asked("/access/ticket");
    let by_password = |line: &&String| line.contains("root%27s%20password");
    assert_eq!(signed_in.iter().filter(by_password).count(), 1);
    assert_eq!(signed_in.len(), 4, "every 90 minutes of six hours");
    // The one that was not used for long is of no use, and the password is.
    tokio::time::sleep(Duration::from_hours(3)).await;
    client.call(&config()).await.unwrap();
    let signed_in = pve.asked("/access/ticket");
    assert_eq!(signed_in.iter().filter(by_password).count(), 2);
}

#[tokio::test]
async fn only_the_server_that_is_vouched_for_gets_to_know_the_secret() {
    let world = world(cluster(), token()).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    fs::write(&ca, &world.front.pem).unwrap();
    let other = dir.path().join("other.pem");
    let stranger = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    fs::write(&other, stranger.cert.pem()).unwrap();
    let before = world.pve.asked("").len();
    for trust in [
        Trust::System,
        Trust::Ca(other),
        Trust::Fingerprint("00".repeat(32)),
    ] {
        let err = ask_with(&world, trust).await.unwrap_err();
        assert!(matches!(&err, ApiError::Certificate { .. }), "{err}");
        let words = err.to_string();
        assert!(words.contains(&world.front.fingerprint), "{words}");
        assert!(!err.is_transient());
    }
    assert_eq!(world.pve.asked("").len(), before, "nothing was sent");
    ask_with(&world, Trust::Ca(ca)).await.unwrap();
    let plain = world.front.fingerprint.replace(':', "").to_lowercase();
    ask_with(&world, Trust::Fingerprint(plain)).await.unwrap();
}

async fn ask_with(world: &super::world::World, trust: Trust) -> Result<Value, ApiError> {
    let endpoint = Endpoint {
        trust,
        ..endpoint(&world.front)
    };
    let https = Arc::new(Https::new(&endpoint).unwrap());
    let (limits, log) = (ApiLimits::default(), CallLog::default());
    Client::new(https, token(), limits, log, Arc::new(SystemClock))
        .call(&nodes())
        .await
}

#[tokio::test]
async fn a_refusal_says_what_the_server_says() {
    let world = world(cluster(), token()).await;
    let wrong = Call::put("/nodes/pve1/qemu/100/config")
        .with("cores", "many")
        .with("bogus", 1);
    let err = world.client.call(&wrong).await.unwrap_err();
    assert_eq!(err.status(), Some(400));
    let words = err.to_string();
    for part in ["`cores`: type check", "`bogus`: property is not defined"] {
        assert!(words.contains(part), "{words}");
    }
    let missing = Call::get("/nodes/pve1/qemu/999/config");
    let err = world.client.call(&missing).await.unwrap_err();
    assert_eq!(err.reason(), Reason::NoMachine, "{err}");
    let unknown = world.client.call(&Call::get("/nosuch")).await.unwrap_err();
    assert!(unknown.to_string().contains("not implemented"), "{unknown}");
    // Older servers say it in the reason phrase only.
    let fault = Fault::Status(500, "VM is locked (backup)".into());
    world.pve.faults.add("GET /version", fault, 1);
    let call = Call::get("/version").within(Duration::ZERO);
    let err = world.client.call(&call).await.unwrap_err();
    assert_eq!(err.reason(), Reason::Busy("backup".into()), "{err}");
}

#[tokio::test]
async fn what_is_forbidden_names_privilege_and_path() {
    let mut cluster = cluster();
    cluster.access.add_token("ci@pve!ci", "s");
    cluster.access.grant("ci@pve!ci", "/vms/100", &["VM.Audit"]);
    let credentials = Credentials::Token {
        id: "ci@pve!ci".into(),
        secret: Secret::new("s"),
    };
    let world = world(cluster, credentials).await;
    let err = world.client.call(&config()).await.unwrap_err();
    let want = Some((
        "/vms/100",
        "VM.Config.Disk|VM.Config.CDROM|VM.Config.CPU|VM.Config.Memory|VM.Config.Network|VM.Config.HWType|VM.Config.Options|VM.Config.Cloudinit",
    ));
    assert_eq!(err.missing_privilege(), want);
    let elsewhere = Call::get("/nodes/pve2/qemu/101/config");
    let err = world.client.call(&elsewhere).await.unwrap_err();
    assert_eq!(err.missing_privilege(), Some(("/vms/101", "VM.Audit")));
}

#[tokio::test]
async fn reading_is_repeated_and_changing_is_not() {
    let faults = [
        Fault::Status(596, "Broken pipe".into()),
        Fault::Status(503, "busy".into()),
        Fault::DropBefore,
        Fault::DropAfter,
    ];
    for fault in faults {
        let world = world(cluster(), token()).await;
        world.pve.faults.add("/nodes", fault.clone(), 1);
        world.client.call(&nodes()).await.unwrap();
        assert_eq!(world.pve.asked("GET /nodes").len(), 2, "{fault:?}");
        world.pve.faults.add("PUT", fault.clone(), 1);
        let err = world.client.call(&config()).await.unwrap_err();
        assert!(err.is_transient(), "{err}");
        assert_eq!(world.pve.asked("PUT").len(), 1, "{fault:?}");
        world.pve.faults.add("PUT", fault, 1);
        world.client.call(&config().repeatable()).await.unwrap();
    }
}

#[tokio::test]
async fn a_refusal_that_will_stay_is_not_repeated() {
    let world = world(cluster(), token()).await;
    let missing = Call::get("/nodes/pve1/qemu/999/config");
    world.client.call(&missing).await.unwrap_err();
    assert_eq!(world.pve.asked("999").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_when_its_budget_is_spent() {
    let pve = Pve::new(cluster());
    let client = direct::client(&pve, token());
    pve.faults
        .add("", Fault::Status(596, "Broken pipe".into()), 1000);
    let began = tokio::time::Instant::now();
    let call = nodes().within(Duration::from_secs(20));
    client.call(&call).await.unwrap_err();
    assert!(began.elapsed() <= Duration::from_secs(20));
    assert!(pve.asked("GET /nodes").len() > 3);
    // A server that says nothing.
    pve.faults.set_latency(Duration::from_hours(1));
    let began = tokio::time::Instant::now();
    let err = client.call(&call).await.unwrap_err();
    assert!(matches!(err, ApiError::Lost { .. }), "{err}");
    assert!(began.elapsed() <= Duration::from_secs(31));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let world = world(cluster(), token()).await;
    let endpoint = endpoint(&world.front);
    drop(world.front);
    let https = Arc::new(Https::new(&endpoint).unwrap());
    let (limits, log) = (ApiLimits::default(), CallLog::default());
    let client = Client::new(https, token(), limits, log, Arc::new(SystemClock));
    let call = nodes().within(Duration::ZERO);
    let err = client.call(&call).await.unwrap_err();
    assert!(matches!(&err, ApiError::Connect { .. }), "{err}");
    let port = endpoint.port.to_string();
    assert!(
        err.to_string().contains(&port) && err.is_transient(),
        "{err}"
    );
}

#[tokio::test]
async fn no_more_calls_are_under_way_than_allowed() {
    let world = world(cluster(), token()).await;
    world.pve.faults.set_latency(Duration::from_millis(20));
    let call = nodes();
    let calls = (0..50).map(|_| world.client.call(&call));
    for done in join_all(calls).await {
        done.unwrap();
    }
    assert_eq!(world.pve.most_under_way(), ApiLimits::default().in_flight);
}

#[tokio::test]
async fn the_log_has_every_attempt_and_no_secret() {
    let world = world(cluster(), token()).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("logs/proxmox.jsonl");
    for credentials in [token(), password()] {
        let log = CallLog::to(file.clone(), Arc::new(SystemClock));
        let client = client(&world.front, credentials, log);
        world
            .pve
            .faults
            .add("/nodes", Fault::Status(596, "Broken pipe".into()), 1);
        client.call(&nodes()).await.unwrap();
        let change = config().with("delete", "hostpci0");
        client.call(&change).await.unwrap();
        let exec = Call::post("/nodes/pve1/qemu/100/agent/exec").with("command", "swordfish");
        client.call(&exec).await.unwrap_err();
    }
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 9, "{text}");
    assert_eq!(
        (&lines[0]["status"], &lines[0]["attempt"]),
        (&596.into(), &1.into())
    );
    assert_eq!(
        (&lines[1]["status"], &lines[1]["attempt"]),
        (&200.into(), &2.into())
    );
    assert_eq!(lines[2]["params"]["delete"], "hostpci0");
    assert_eq!(lines[2]["params"]["description"], "...");
    assert!(
        lines[3]["error"].as_str().unwrap().contains("not running"),
        "{text}"
    );
    for secret in ["root-secret", "root's password", "made+up", "swordfish"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let shown = format!("{:?} {:?}", token(), password());
    assert!(
        !shown.contains("root-secret") && !shown.contains("password\""),
        "{shown}"
    );
}

#[tokio::test]
async fn the_time_of_the_server_is_known() {
    let mut cluster = cluster();
    cluster.nodes.get_mut("pve1").unwrap().ahead = 3600;
    let world = world(cluster, token()).await;
    world.client.call(&nodes()).await.unwrap();
    let ahead = world.client.now().0 as i64 - mosdat::port::Clock::now(&SystemClock).0 as i64;
    assert!((3_595_000..3_605_000).contains(&ahead), "{ahead}");
}
