//! A server, and a client that knows it.

use crate::pve::{Cluster, Front, Paper, Pve};
use mosdat::{
    driver::{
        disk::SystemClock,
        proxmox::api::{ApiLimits, CallLog, Client, Credentials, Endpoint, Https, Trust},
    },
    model::Secret,
};
use std::{sync::Arc, time::Duration};

/// A token that may do everything a plan needs.
pub(super) fn token() -> Credentials {
    Credentials::Token {
        id: "root@pam!lab".into(),
        secret: Secret::new("root-secret"),
    }
}

/// A user with a password.
pub(super) fn password() -> Credentials {
    Credentials::Password {
        user: "root@pam".into(),
        password: Secret::new("root's password"),
    }
}

/// A cluster of two nodes with a machine on each.
pub(super) fn cluster() -> Cluster {
    let mut cluster = Cluster::of(&["pve1", "pve2"]);
    cluster.add(100, "pve1", "local-lvm", Arc::new(Paper::default()));
    cluster.add(101, "pve2", "tank", Arc::new(Paper::default()));
    cluster
}

/// A server that listens, and a client that trusts it.
pub(super) struct World {
    pub(super) pve: Arc<Pve>,
    pub(super) front: Front,
    pub(super) client: Arc<Client>,
}

pub(super) async fn world(cluster: Cluster, credentials: Credentials) -> World {
    let pve = Pve::new(cluster);
    let front = Front::listen(&pve).await;
    let client = Arc::new(client(&front, credentials, CallLog::default()));
    World { pve, front, client }
}

pub(super) fn endpoint(front: &Front) -> Endpoint {
    endpoint_at(front.address.port(), &front.fingerprint)
}

/// A server on this computer.
pub(super) fn endpoint_at(port: u16, fingerprint: &str) -> Endpoint {
    Endpoint {
        host: "127.0.0.1".into(),
        port,
        trust: Trust::Fingerprint(fingerprint.into()),
        connect: Duration::from_secs(5),
    }
}

pub(super) fn client(front: &Front, credentials: Credentials, log: CallLog) -> Client {
    client_of(&endpoint(front), credentials, limits(), log)
}

/// As usual, but for tasks that are over at once.
pub(super) fn limits() -> ApiLimits {
    ApiLimits {
        look: Duration::from_millis(50),
        ..ApiLimits::default()
    }
}

pub(super) fn client_of(
    endpoint: &Endpoint,
    credentials: Credentials,
    limits: ApiLimits,
    log: CallLog,
) -> Client {
    let https = Https::new(endpoint).unwrap();
    let clock = Arc::new(SystemClock);
    Client::new(Arc::new(https), credentials, limits, log, clock)
}
