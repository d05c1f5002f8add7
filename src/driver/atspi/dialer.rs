//! Finds a desktop's accessibility bus and connects to it.
//!
//! It starts no bus: a session bus starts the accessibility bus by itself when asked for it.

use super::{AtspiTree, bus::Bus, wire::connect};
use crate::port::{
    AccessibilityTree, BusAddress, SocketName, Sockets, TreeDialer, TreeError, WindowOrigin,
};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use zbus::{Connection, zvariant::Value};

/// How long connecting may take, with the start of the accessibility bus.
const DIAL_LIMIT: Duration = Duration::from_secs(15);

/// Opens accessibility trees over AT-SPI.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtspiDialer;

impl AtspiDialer {
    async fn open(
        self,
        address: &BusAddress,
        windows: Option<Arc<dyn WindowOrigin>>,
    ) -> Result<Arc<dyn AccessibilityTree>, TreeError> {
        let limit = DIAL_LIMIT;
        let opened = timeout(limit, async {
            let session = knock(&*address.sockets, &address.session_bus, address.uid).await?;
            let accessibility = accessibility_address(&session).await?;
            let bus = Bus::new(knock(&*address.sockets, &accessibility, address.uid).await?);
            AtspiTree::new(bus, windows).await
        });
        let tree = opened.await.unwrap_or(Err(TreeError::TimedOut { limit }))?;
        Ok(Arc::new(tree))
    }
}

/// Connects to the bus at `address` as user `uid`.
async fn knock(sockets: &dyn Sockets, address: &str, uid: u32) -> Result<Connection, TreeError> {
    let socket = SocketName::of_address(address)
        .ok_or_else(|| TreeError::NoBus(format!("`{address}` names no Unix socket")))?;
    let connected = connect(sockets, &socket, uid).await;
    connected.map_err(|err| TreeError::NoBus(format!("`{address}`: {err}{}", hint(uid))))
}

#[async_trait]
impl TreeDialer for AtspiDialer {
    async fn dial(&self, address: &BusAddress) -> Result<Arc<dyn AccessibilityTree>, TreeError> {
        self.open(address, None).await
    }

    async fn dial_among(
        &self,
        address: &BusAddress,
        windows: Arc<dyn WindowOrigin>,
    ) -> Result<Arc<dyn AccessibilityTree>, TreeError> {
        self.open(address, Some(windows)).await
    }
}

/// What may be the matter when a bus of user `uid` does not let us in.
fn hint(uid: u32) -> &'static str {
    let own = rustix::process::geteuid();
    if own.is_root() && own.as_raw() != uid {
        " (a session bus of another user lets root in only where its configuration says so)"
    } else {
        ""
    }
}

/// Where the accessibility bus of a session listens.
async fn accessibility_address(session: &Connection) -> Result<String, TreeError> {
    let service = Some("org.a11y.Bus");
    let path = "/org/a11y/bus";
    // Some programs, browsers above all, build their tree only when told that somebody looks. The
    // others need no telling, so a refusal is no reason to stop.
    let status = ("org.a11y.Status", "IsEnabled", Value::from(true));
    let properties = Some("org.freedesktop.DBus.Properties");
    let enabled = session
        .call_method(service, path, properties, "Set", &status)
        .await;
    if let Err(err) = enabled {
        tracing::debug!(%err, "the session does not switch accessibility on");
    }
    let answer = session
        .call_method(service, path, service, "GetAddress", &())
        .await;
    let address = answer.and_then(|answer| answer.body().deserialize::<String>());
    address.map_err(|err| TreeError::NoBus(err.to_string()))
}
