//! Opens screens over VNC.

use super::{VncSession, socket::Socket};
use crate::port::{Clock, Screen, ScreenAddress, ScreenDialer, ScreenError};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long a VNC server may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VncLimits {
    /// To take the connection.
    pub connect: Duration,
    /// To send the first whole picture after that.
    pub first_picture: Duration,
    /// To say anything, before it is asked for a sign of life.
    pub silence: Duration,
    /// To give that sign.
    pub answer: Duration,
}

impl Default for VncLimits {
    /// Long enough for an emulated machine under load.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_picture: Duration::from_secs(15),
            silence: Duration::from_secs(1),
            answer: Duration::from_secs(15),
        }
    }
}

/// Opens screens over VNC.
#[derive(Clone, Debug)]
pub struct VncDialer {
    clock: Arc<dyn Clock>,
    limits: VncLimits,
    password: Option<String>,
}

impl VncDialer {
    /// Makes a dialer whose frames bear the time of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            limits: VncLimits::default(),
            password: None,
        }
    }

    /// Sets how long servers may take.
    #[must_use]
    pub fn with_limits(self, limits: VncLimits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the password for servers that ask for one.
    #[must_use]
    pub fn with_password(self, password: String) -> Self {
        Self {
            password: Some(password),
            ..self
        }
    }

    /// Connects, and waits for the first whole picture.
    pub async fn open(&self, address: &ScreenAddress) -> Result<VncSession, ScreenError> {
        let name = name(address);
        let refused = |why| ScreenError::Connect {
            address: name.clone(),
            why,
        };
        let socket = match timeout(self.limits.connect, Socket::connect(address)).await {
            Ok(Ok(socket)) => socket,
            Ok(Err(err)) => return Err(refused(err.to_string())),
            Err(_) => return Err(refused("it does not take the connection".into())),
        };
        let clock = Arc::clone(&self.clock);
        let session = VncSession::start(socket, &name, self.password.clone(), self.limits, clock);
        match timeout(self.limits.first_picture, session.first_picture()).await {
            Ok(Ok(())) => Ok(session),
            Ok(Err(err)) => Err(err),
            Err(_) => Err(ScreenError::Mute {
                address: name,
                limit: self.limits.first_picture,
            }),
        }
    }
}

#[async_trait]
impl ScreenDialer for VncDialer {
    async fn dial(&self, address: &ScreenAddress) -> Result<Arc<dyn Screen>, ScreenError> {
        Ok(Arc::new(self.open(address).await?))
    }
}

fn name(address: &ScreenAddress) -> String {
    match address {
        ScreenAddress::Tcp(address) => address.to_string(),
        ScreenAddress::Unix(path) => path.display().to_string(),
    }
}
