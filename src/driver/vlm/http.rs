//! Requests to one server. The only place here that knows `reqwest`; knows nothing of questions.

use crate::port::{Clock, with_causes};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, header, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto};
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::{sync::Arc, time::Duration};

/// The largest answer that is taken.
const LARGEST: usize = 4 << 20;

/// Sends requests.
#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    clock: Arc<dyn Clock>,
}

/// Why there is no answer to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Another server, or another time, may do.
    Passing {
        why: String,
        /// How long the server wants to be left alone, when it says.
        again_in: Option<Duration>,
    },
    /// It took too long.
    Slow(Duration),
    /// The server does not want this question, now or later.
    Refused { status: u16, body: Vec<u8> },
}

/// Where a server is: the address before `/chat/completions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    base: String,
    /// The same without a name and a password, for people.
    pub(super) shown: String,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let failed = |why: String| format!("`{text}` is no address: {why}");
        let mut url = Url::parse(text).map_err(|err| failed(err.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(failed("it begins with neither http:// nor https://".into()));
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        let has_none = || failed("it has no host".into());
        url.set_username("").map_err(|()| has_none())?;
        url.set_password(None).map_err(|()| has_none())?;
        url.set_query(None);
        let shown = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base, shown })
    }
}

impl Http {
    /// Prepares for requests; nothing is sent.
    pub(super) fn new(
        addresses: &[Address],
        connect: Duration,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let is_secure = addresses.iter().any(|it| it.base.starts_with("https"));
        let client = Client::builder()
            .tls_backend_preconfigured(tls(is_secure)?)
            .connect_timeout(connect)
            .http1_only()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(|err| with_causes(&err))?;
        Ok(Self { client, clock })
    }

    /// Asks for a document.
    pub(super) async fn get(
        &self,
        address: &Address,
        path: &str,
        key: Option<&str>,
        limit: Duration,
    ) -> Result<Vec<u8>, Failure> {
        let url = format!("{}{path}", address.base);
        self.send(self.client.get(url), key, limit).await
    }

    /// Sends a JSON document, and returns what comes back.
    pub(super) async fn post(
        &self,
        address: &Address,
        path: &str,
        key: Option<&str>,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<Vec<u8>, Failure> {
        let url = format!("{}{path}", address.base);
        let request = self.client.post(url);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body), key, limit).await
    }

    async fn send(
        &self,
        request: RequestBuilder,
        key: Option<&str>,
        limit: Duration,
    ) -> Result<Vec<u8>, Failure> {
        let request = match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let sent = async {
            let response = request.send().await.map_err(|err| lost(&err))?;
            let status = response.status();
            let wait = self.wait_asked_for(&response);
            let body = read(response).await?;
            sort_out(status, wait, body)
        };
        let done = tokio::time::timeout(limit, sent).await;
        done.unwrap_or(Err(Failure::Slow(limit)))
    }

    /// Reads `Retry-After`: seconds, or a date.
    fn wait_asked_for(&self, response: &Response) -> Option<Duration> {
        let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
        if let Ok(seconds) = text.trim().parse::<u32>() {
            return Some(Duration::from_secs(seconds.into()));
        }
        let date = jiff::fmt::rfc2822::parse(text).ok()?;
        let then = u64::try_from(date.timestamp().as_millisecond()).ok()?;
        Some(Duration::from_millis(
            then.saturating_sub(self.clock.now().0),
        ))
    }
}

/// What vouches for servers: the system. Plain HTTP needs nothing of it, not even certificates.
fn tls(is_secure: bool) -> Result<ClientConfig, String> {
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|err| err.to_string())?;
    if !is_secure {
        let nobody = RootCertStore::empty();
        return Ok(builder.with_root_certificates(nobody).with_no_client_auth());
    }
    let builder = builder.with_platform_verifier();
    Ok(builder
        .map_err(|err| err.to_string())?
        .with_no_client_auth())
}

fn lost(err: &reqwest::Error) -> Failure {
    // The address may hold a password, and whoever reads this knows it.
    let why = with_causes(err);
    let why = match err.url() {
        Some(url) => why.replace(&format!(" for url ({url})"), ""),
        None => why,
    };
    let again_in = None;
    Failure::Passing { why, again_in }
}

async fn read(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|err| lost(&err))? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST {
            return Err(Failure::Passing {
                why: format!("its answer is longer than {LARGEST} bytes"),
                again_in: None,
            });
        }
    }
    Ok(body)
}

fn sort_out(
    status: StatusCode,
    again_in: Option<Duration>,
    body: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let passes = status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT;
    if status.is_success() {
        return Ok(body);
    }
    if passes {
        let complaint = super::said::complaint(&body);
        let why = format!("{status}: {complaint}");
        let why = why.trim_end_matches([':', ' ']).to_owned();
        return Err(Failure::Passing { why, again_in });
    }
    let status = status.as_u16();
    Err(Failure::Refused { status, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let address = Address::parse("http://me:secret@127.0.0.1:5001/v1/?key=secret").unwrap();
        assert_eq!(address.shown, "http://127.0.0.1:5001/v1");
        assert!(Address::parse("127.0.0.1:5001").is_err());
        assert!(Address::parse("ftp://127.0.0.1").is_err());
    }
}
