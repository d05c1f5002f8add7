//! A machine's screen: its console at the cluster, or a VNC server in the guest.

use super::{
    api::{ApiError, Call},
    vm::Vm,
    web_socket::WebSocket,
};
use crate::{
    model::{KeyLayout, Keyboard, Secret},
    port::{Console, ConsoleLine, ScreenError},
};
use async_trait::async_trait;
use serde::Deserialize;
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};

/// How long a VNC server in the guest may take to take a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// The console of a machine at its cluster. A ticket is good for one connection.
#[derive(Debug)]
pub struct ClusterConsole {
    vm: Vm,
    layout: KeyLayout,
}

/// What a console is opened with.
#[derive(Deserialize)]
struct Ticket {
    #[serde(rename = "ticket")]
    value: String,
    port: serde_json::Value,
    #[serde(default)]
    password: Option<String>,
}

impl ClusterConsole {
    /// Takes the console of a machine with this keyboard layout.
    pub fn new(vm: Vm, layout: KeyLayout) -> Self {
        Self { vm, layout }
    }

    async fn open(&self) -> Result<ConsoleLine, ApiError> {
        let ticket: Ticket = self
            .vm
            .call(|path| {
                // A ticket that nobody uses does no harm.
                Call::post(format!("{path}/vncproxy"))
                    .with("websocket", 1)
                    .with("generate-password", 1)
                    .repeatable()
            })
            .await?;
        let port = ticket.port.as_str().map(str::to_owned);
        let port = port.unwrap_or_else(|| ticket.port.to_string());
        let path = format!(
            "/nodes/{}/qemu/{}",
            super::api::segment(&self.vm.node()),
            self.vm.vmid
        );
        let call = Call::get(format!("{path}/vncwebsocket"))
            .with("port", port)
            .with("vncticket", &ticket.value);
        let stream = self.vm.client.upgrade(&call).await?;
        let stream = Box::new(WebSocket::new(stream).await);
        // Older servers take the ticket itself.
        let password = Some(Secret::new(ticket.password.unwrap_or(ticket.value)));
        Ok(ConsoleLine { stream, password })
    }
}

#[async_trait]
impl Console for ClusterConsole {
    fn name(&self) -> String {
        format!("the console of machine {}", self.vm.vmid)
    }

    fn keyboard(&self) -> Keyboard {
        Keyboard::Places(self.layout)
    }

    async fn connect(&self) -> Result<ConsoleLine, ScreenError> {
        self.open().await.map_err(|err| ScreenError::Connect {
            address: self.name(),
            why: err.to_string(),
        })
    }
}

/// A VNC server in the guest.
#[derive(Debug)]
pub(super) struct GuestConsole {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) password: Option<Secret>,
    pub(super) layout: KeyLayout,
}

#[async_trait]
impl Console for GuestConsole {
    fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn keyboard(&self) -> Keyboard {
        Keyboard::Symbols(self.layout)
    }

    async fn connect(&self) -> Result<ConsoleLine, ScreenError> {
        let refused = |why: String| ScreenError::Connect {
            address: self.name(),
            why,
        };
        let connecting = TcpStream::connect((self.host.as_str(), self.port));
        let connected = timeout(CONNECT, connecting).await;
        let stream = connected
            .map_err(|_| refused("it does not take the connection".into()))?
            .map_err(|err| refused(err.to_string()))?;
        stream
            .set_nodelay(true)
            .map_err(|err| refused(err.to_string()))?;
        Ok(ConsoleLine {
            stream: Box::new(stream),
            password: self.password.clone(),
        })
    }
}
