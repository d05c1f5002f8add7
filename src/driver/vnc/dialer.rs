//! Opens screens over VNC.

use super::{VncSession, way::Way};
use crate::model::{Keyboard, Secret};
use crate::port::{Clock, Console, Screen, ScreenAddress, ScreenDialer, ScreenError};
use async_trait::async_trait;
use std::{sync::Arc, time::Duration};

/// How long a VNC server may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VncLimits {
    /// To take the connection.
    pub connect: Duration,
    /// To be connected to again when a console breaks.
    pub again: Duration,
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
            again: Duration::from_mins(1),
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
    password: Option<Secret>,
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
    pub fn with_password(self, password: Secret) -> Self {
        Self {
            password: Some(password),
            ..self
        }
    }

    /// Connects, and waits for the first whole picture. Keys are sent by their keysyms.
    pub async fn open(&self, address: &ScreenAddress) -> Result<VncSession, ScreenError> {
        self.open_with(address, Keyboard::default()).await
    }

    /// Connects, and waits for the first whole picture. Only QEMU takes keys by their place.
    pub async fn open_with(
        &self,
        address: &ScreenAddress,
        keyboard: Keyboard,
    ) -> Result<VncSession, ScreenError> {
        let way = Way::To(address.clone(), self.password.clone());
        self.start(way, keyboard).await
    }

    async fn start(&self, way: Way, keyboard: Keyboard) -> Result<VncSession, ScreenError> {
        let session = VncSession::start(way, keyboard, self.limits, Arc::clone(&self.clock));
        session.first_picture().await?;
        Ok(session)
    }
}

#[async_trait]
impl ScreenDialer for VncDialer {
    async fn dial(
        &self,
        address: &ScreenAddress,
        keyboard: Keyboard,
    ) -> Result<Arc<dyn Screen>, ScreenError> {
        Ok(Arc::new(self.open_with(address, keyboard).await?))
    }

    async fn dial_console(
        &self,
        console: Arc<dyn Console>,
    ) -> Result<Arc<dyn Screen>, ScreenError> {
        let keyboard = console.keyboard();
        Ok(Arc::new(self.start(Way::Through(console), keyboard).await?))
    }
}
