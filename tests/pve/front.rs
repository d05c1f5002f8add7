//! The server as others reach it: HTTPS, and consoles as `WebSockets`.

use super::server::{Ask, Pve, Sent};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    ext::ReasonPhrase,
    header,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rcgen::{CertifiedKey, KeyPair};
use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// The largest body that is taken.
const LARGEST: usize = 512 << 10;

/// A server that listens. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    /// SHA-256 of its certificate.
    pub(crate) fingerprint: String,
    /// Its certificate, which vouches for itself.
    pub(crate) pem: String,
    _serving: JoinSet<()>,
}

impl Front {
    /// Listens on a port of this computer that is free, as `127.0.0.1` and `localhost`.
    pub(crate) async fn listen(pve: &Arc<Pve>) -> Self {
        let (made, fingerprint) = certificate();
        let der = made.cert.der().clone();
        let key = made.signing_key.serialize_der().try_into().unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![der], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, acceptor, Arc::clone(pve)));
        Self {
            address,
            fingerprint,
            pem: made.cert.pem(),
            _serving: serving,
        }
    }
}

/// Makes a certificate for this computer, and tells its fingerprint.
pub(crate) fn certificate() -> (CertifiedKey<KeyPair>, String) {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let digest = mosdat::model::ContentHash::of(made.cert.der()).to_hex();
    let pairs = digest
        .as_bytes()
        .chunks(2)
        .map(|two| String::from_utf8_lossy(two).to_uppercase());
    let fingerprint = pairs.collect::<Vec<_>>().join(":");
    (made, fingerprint)
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, pve: Arc<Pve>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            continue;
        };
        let (acceptor, pve) = (acceptor.clone(), Arc::clone(&pve));
        connections.spawn(async move {
            socket.set_nodelay(true).unwrap();
            // Whoever does not trust the certificate goes away here.
            let Ok(stream) = acceptor.accept(socket).await else {
                return;
            };
            let service = service_fn(|request| serve(Arc::clone(&pve), request));
            let serving = http1::Builder::new()
                .max_headers(64)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            drop(serving.await);
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(pve: Arc<Pve>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let mut headers = BTreeMap::new();
    for (name, value) in request.headers() {
        headers.insert(
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        );
    }
    let target = request
        .uri()
        .path_and_query()
        .map_or_else(String::new, ToString::to_string);
    let mut ask = Ask {
        verb: request.method().as_str().into(),
        target,
        headers,
        body: Vec::new(),
    };
    if ask.headers.contains_key("transfer-encoding") {
        return Ok(respond(refuse(
            501,
            "chunked transfer encoding not supported",
        )));
    }
    if ask.target.contains("/vncwebsocket?") {
        return super::console::serve(&pve, &ask, request);
    }
    ask.body = request
        .into_body()
        .collect()
        .await
        .map_err(io::Error::other)?
        .to_bytes()
        .to_vec();
    if ask.body.len() > LARGEST {
        return Ok(respond(refuse(501, "for data too large")));
    }
    match pve.answer(&ask).await {
        Some(sent) => Ok(respond(sent)),
        None => Err(io::Error::other("the connection ends without an answer")),
    }
}

fn refuse(status: u16, reason: &str) -> Sent {
    Sent {
        status,
        reason: reason.into(),
        body: Vec::new(),
        date: 0,
    }
}

pub(super) fn respond(sent: Sent) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(sent.status).unwrap();
    let mut response = Response::new(Full::new(sent.body.into()));
    *response.status_mut() = status;
    let reason: Vec<u8> = sent
        .reason
        .bytes()
        .filter(|byte| !byte.is_ascii_control())
        .collect();
    response
        .extensions_mut()
        .insert(ReasonPhrase::try_from(reason).unwrap());
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(sent.date));
    let headers = response.headers_mut();
    headers.insert(header::DATE, date.parse().unwrap());
    headers.insert(
        header::CONTENT_TYPE,
        "application/json;charset=UTF-8".parse().unwrap(),
    );
    response
}
