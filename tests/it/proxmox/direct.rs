//! The same server without a network between, so that hours pass in no time.

use crate::pve::{Ask, Pve};
use async_trait::async_trait;
use mosdat::{
    driver::proxmox::api::{
        ApiLimits, CallLog, Client, Credentials, Exchange, Failure, Reply, Request,
    },
    model::Timestamp,
    port::{ByteStream, Clock},
};
use std::sync::Arc;
use tokio::time::{Instant, timeout};

/// Hands requests to the server.
#[derive(Debug)]
pub(super) struct Direct(pub(super) Arc<Pve>);

/// The clock of virtual time.
#[derive(Debug)]
pub(super) struct Watch(pub(super) Instant);

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        Timestamp(1_795_000_000_000 + self.0.elapsed().as_millis() as u64)
    }
}

#[async_trait]
impl Exchange for Direct {
    fn server(&self) -> &'static str {
        "here"
    }

    async fn send(&self, request: &Request) -> Result<Reply, Failure> {
        let mut headers: std::collections::BTreeMap<String, String> = request
            .headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.clone()))
            .collect();
        if request.body.is_some() {
            let form = "application/x-www-form-urlencoded".to_owned();
            headers.insert("content-type".into(), form);
        }
        let ask = Ask {
            verb: request.method.as_str().into(),
            target: request.target.clone(),
            headers,
            body: request.body.clone().unwrap_or_default().into_bytes(),
        };
        let answer = timeout(request.limit, self.0.answer(&ask)).await;
        let lost = |why: &str| Failure::Lost(why.into());
        let sent = answer.map_err(|_| lost("too slow"))?;
        let sent = sent.ok_or_else(|| lost("connection closed before message completed"))?;
        Ok(Reply {
            status: sent.status,
            reason: sent.reason,
            date: Some(Timestamp(sent.date * 1000)),
            body: sent.body,
        })
    }

    async fn upgrade(&self, _request: &Request) -> Result<Box<dyn ByteStream>, Failure> {
        Err(Failure::NotSent("there are no consoles here".into()))
    }
}

/// A client without a network between.
pub(super) fn client(pve: &Arc<Pve>, credentials: Credentials) -> Client {
    Client::new(
        Arc::new(Direct(Arc::clone(pve))),
        credentials,
        ApiLimits::default(),
        CallLog::default(),
        Arc::new(Watch(Instant::now())),
    )
}
