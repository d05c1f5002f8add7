//! Whether the server is the right one: by a CA, by its fingerprint, or by the system's roots. There
//! is no way to look away.

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{self, CryptoProvider},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use sha2::{Digest as _, Sha256};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// What vouches for the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The certificates that the system trusts.
    System,
    /// The certificates in this PEM file: `/etc/pve/pve-root-ca.pem` of the cluster.
    Ca(PathBuf),
    /// The SHA-256 of the server's own certificate, `AA:BB:..`.
    Fingerprint(String),
}

/// What the server showed last when it was not trusted.
pub(super) type Seen = Arc<Mutex<Option<String>>>;

/// Returns how TLS is spoken, and where the fingerprint of a certificate that was refused is found.
pub(super) fn tls(trust: &Trust) -> Result<(ClientConfig, Seen), String> {
    let provider = Arc::new(crypto::ring::default_provider());
    let inner: Arc<dyn ServerCertVerifier> = match trust {
        Trust::System => {
            let verifier = rustls_platform_verifier::Verifier::new(Arc::clone(&provider));
            Arc::new(verifier.map_err(|err| err.to_string())?)
        }
        Trust::Ca(file) => {
            let roots = Arc::new(read_roots(file)?);
            let verifier =
                WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
            verifier.build().map_err(|err| err.to_string())?
        }
        Trust::Fingerprint(text) => Arc::new(Pinned {
            digest: parse_fingerprint(text)?,
            provider: Arc::clone(&provider),
        }),
    };
    let seen = Seen::default();
    let verifier = Telling {
        inner,
        seen: Arc::clone(&seen),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|err| err.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok((config, seen))
}

fn read_roots(file: &Path) -> Result<RootCertStore, String> {
    let failed = |why: String| format!("failed to read `{}`: {why}", file.display());
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(file).map_err(|err| failed(err.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|err| failed(err.to_string()))?;
        roots
            .add(certificate)
            .map_err(|err| failed(err.to_string()))?;
    }
    if roots.is_empty() {
        return Err(failed("there is no certificate in it".into()));
    }
    Ok(roots)
}

/// Reads 32 bytes in hexadecimal, with colons between them or without.
fn parse_fingerprint(text: &str) -> Result<[u8; 32], String> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    let wrong = || format!("`{text}` is not a SHA-256 fingerprint");
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let mut digest = [0; 32];
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| wrong())?;
    }
    Ok(digest)
}

/// Returns a certificate's fingerprint as Proxmox VE shows it.
fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(certificate) {
        let colon = if text.is_empty() { "" } else { ":" };
        write!(text, "{colon}{byte:02X}").expect("writing to a String cannot fail");
    }
    text
}

/// Trusts one certificate and no other, whatever name it bears.
#[derive(Debug)]
struct Pinned {
    digest: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if Sha256::digest(end_entity)[..] == self.digest {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::General("its fingerprint is another".into()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

/// Lets another decide, and tells which certificate it refused.
#[derive(Debug)]
struct Telling {
    inner: Arc<dyn ServerCertVerifier>,
    seen: Seen,
}

impl ServerCertVerifier for Telling {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        verified.inspect_err(|err| {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            *seen = Some(format!(
                "{err}; it shows the certificate {}: if that is your server's, write it as `fingerprint`",
                fingerprint(end_entity)
            ));
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_with_and_without_colons() {
        let plain = "0a".repeat(32);
        let colons = ["0A"; 32].join(":");
        assert_eq!(parse_fingerprint(&plain), Ok([10; 32]));
        assert_eq!(parse_fingerprint(&colons), Ok([10; 32]));
        for wrong in [
            "",
            "0a",
            &"0g".repeat(32),
            &"0a".repeat(20),
            &"é".repeat(32),
        ] {
            assert!(parse_fingerprint(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_ca_file_has_to_hold_a_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        assert!(
            tls(&Trust::Ca(file.clone()))
                .unwrap_err()
                .contains("ca.pem")
        );
        std::fs::File::create(&file).unwrap();
        let why = tls(&Trust::Ca(file)).unwrap_err();
        assert!(why.contains("no certificate"), "{why}");
    }
}
