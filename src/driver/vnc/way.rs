//! How a screen is reached: at an address, once, or through a console, as often as it takes.

use super::socket::Socket;
use crate::{
    model::Secret,
    port::{Console, ScreenAddress, ScreenError},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How a screen is reached.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// At an address, with a password for servers that ask for one.
    To(ScreenAddress, Option<Secret>),
    /// Through a console.
    Through(Arc<dyn Console>),
}

impl Way {
    /// Returns where it leads, for messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::To(ScreenAddress::Tcp(address), _) => address.to_string(),
            Self::To(ScreenAddress::Unix(path), _) => path.display().to_string(),
            Self::Through(console) => console.name(),
        }
    }

    /// Whether it may be gone again after the connection broke. What listens at an address is
    /// looked after by whoever started it, and its loss means something.
    pub(super) fn is_repeatable(&self) -> bool {
        matches!(self, Self::Through(_))
    }

    /// Connects. Returns the password as well, which a console gives out for each connection.
    pub(super) async fn connect(
        &self,
        limit: Duration,
    ) -> Result<(Socket, Option<Secret>), ScreenError> {
        let refused = |why| ScreenError::Connect {
            address: self.name(),
            why,
        };
        match self {
            Self::To(address, password) => match timeout(limit, Socket::connect(address)).await {
                Ok(Ok(socket)) => Ok((socket, password.clone())),
                Ok(Err(err)) => Err(refused(err.to_string())),
                Err(_) => Err(refused("it does not take the connection".into())),
            },
            // It knows best how long it may take.
            Self::Through(console) => {
                let line = console.connect().await?;
                Ok((Socket::Console(line.stream), line.password))
            }
        }
    }
}
