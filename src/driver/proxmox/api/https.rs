//! Requests over HTTPS. The only place that knows `reqwest`.

use super::{
    call::Method,
    exchange::{Exchange, Failure, Reply, Request},
    trust::{self, Seen, Trust},
};
use crate::{
    model::Timestamp,
    port::{ByteStream, with_causes},
};
use async_trait::async_trait;
use reqwest::{Client, RequestBuilder, Response, Upgraded, header, redirect::Policy};
use std::{
    fmt, io,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The largest answer that is taken: 16 MiB of a file, each byte written as `\u0000`.
const LARGEST: usize = 128 << 20;

/// Where a server is, and how it is known to be the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name or address.
    pub host: String,
    /// Its port, 8006 by default.
    pub port: u16,
    /// What vouches for it.
    pub trust: Trust,
    /// How long it may take to take the connection.
    pub connect: Duration,
}

/// Requests over HTTPS.
#[derive(Debug)]
pub struct Https {
    client: Client,
    base: String,
    server: String,
    /// What was wrong with the certificate that was refused last.
    refused: Seen,
}

impl Https {
    /// Prepares for requests; nothing is sent. An error says what is wrong with `endpoint`.
    pub fn new(endpoint: &Endpoint) -> Result<Self, String> {
        let (tls, refused) = trust::tls(&endpoint.trust)?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(endpoint.connect)
            // The server gives up idle connections after five seconds.
            .pool_idle_timeout(Duration::from_secs(3))
            .http1_only()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(|err| with_causes(&err))?;
        let host = if endpoint.host.contains(':') {
            format!("[{}]", endpoint.host)
        } else {
            endpoint.host.clone()
        };
        let server = format!("{host}:{}", endpoint.port);
        Ok(Self {
            client,
            base: format!("https://{server}"),
            server,
            refused,
        })
    }

    fn request(&self, request: &Request) -> RequestBuilder {
        let url = format!("{}{}", self.base, request.target);
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self.client.request(method, url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        match &request.body {
            // Compressed answers of the agent have been seen to break off.
            None => builder.header(header::ACCEPT_ENCODING, "identity"),
            Some(body) => builder
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body.clone()),
        }
    }

    fn failure(&self, err: &reqwest::Error) -> Failure {
        if !err.is_connect() {
            return Failure::Lost(with_causes(err));
        }
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match refused.take() {
            Some(why) => Failure::Untrusted(why),
            None => Failure::NotSent(with_causes(err)),
        }
    }
}

#[async_trait]
impl Exchange for Https {
    fn server(&self) -> &str {
        &self.server
    }

    async fn send(&self, request: &Request) -> Result<Reply, Failure> {
        let sent = async {
            let sent = self.request(request).send().await;
            let response = sent.map_err(|err| self.failure(&err))?;
            read(response).await
        };
        let seconds = request.limit.as_secs_f64();
        match tokio::time::timeout(request.limit, sent).await {
            Ok(done) => done,
            Err(_) => Err(Failure::Lost(format!("no answer within {seconds} s"))),
        }
    }

    async fn upgrade(&self, request: &Request) -> Result<Box<dyn ByteStream>, Failure> {
        let sent = async {
            let sent = self.request(request).send().await;
            let response = sent.map_err(|err| self.failure(&err))?;
            if response.status() != reqwest::StatusCode::SWITCHING_PROTOCOLS {
                return Err(Failure::Refused(read(response).await?));
            }
            let upgraded = response.upgrade().await;
            upgraded.map_err(|err| Failure::Lost(with_causes(&err)))
        };
        let seconds = request.limit.as_secs_f64();
        match tokio::time::timeout(request.limit, sent).await {
            Ok(done) => Ok(Box::new(Alone(Mutex::new(done?)))),
            Err(_) => Err(Failure::Lost(format!("no answer within {seconds} s"))),
        }
    }
}

/// A connection that only its owner reaches, and that may therefore be shared: the lock is never
/// taken.
struct Alone(Mutex<Upgraded>);

impl Alone {
    fn inner(self: Pin<&mut Self>) -> Pin<&mut Upgraded> {
        let inner = self.get_mut().0.get_mut();
        Pin::new(inner.unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an upgraded connection")
    }
}

impl AsyncRead for Alone {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.inner().poll_read(context, buffer)
    }
}

impl AsyncWrite for Alone {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.inner().poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_shutdown(context)
    }
}

async fn read(mut response: Response) -> Result<Reply, Failure> {
    let status = response.status();
    let said = response.extensions().get::<hyper::ext::ReasonPhrase>();
    let said = said.map(|said| String::from_utf8_lossy(said.as_bytes()).into_owned());
    let usual = || status.canonical_reason().unwrap_or_default().to_owned();
    let reason = said.unwrap_or_else(usual);
    let date = response.headers().get(header::DATE);
    let date = date.and_then(|date| parse_date(date.to_str().ok()?));
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(err) => return Err(Failure::Lost(with_causes(&err))),
        }
        if body.len() > LARGEST {
            let why = format!("it is longer than {LARGEST} bytes");
            return Err(Failure::Lost(why));
        }
    }
    Ok(Reply {
        status: status.as_u16(),
        reason,
        date,
        body,
    })
}

/// Reads the date of an answer, as in `Sun, 22 Nov 2026 20:15:54 GMT`.
fn parse_date(text: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    u64::try_from(date.timestamp().as_millisecond())
        .ok()
        .map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_server_is_read() {
        let date = parse_date("Sun, 22 Nov 2026 20:15:54 GMT");
        assert_eq!(date.unwrap().to_string(), "2026-11-22T20:15:54.000Z");
        assert_eq!(parse_date("yesterday"), None);
    }
}
