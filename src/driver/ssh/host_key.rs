//! The key that a server shows, and the one it should show.

use super::known_hosts::KnownHosts;
use crate::port::{Login, ShellError};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKey};
use std::{borrow::Cow, io, path::PathBuf};

/// What a server may prove itself with, best first. Signatures over SHA-1 are not among them.
const ALGORITHMS: &[Algorithm] = &[
    Algorithm::Ed25519,
    ecdsa(EcdsaCurve::NistP256),
    ecdsa(EcdsaCurve::NistP384),
    ecdsa(EcdsaCurve::NistP521),
    rsa(HashAlg::Sha512),
    rsa(HashAlg::Sha256),
];

const fn ecdsa(curve: EcdsaCurve) -> Algorithm {
    Algorithm::Ecdsa { curve }
}

const fn rsa(hash: HashAlg) -> Algorithm {
    Algorithm::Rsa { hash: Some(hash) }
}

/// Reads a public key, as in `ssh-ed25519 AAAA.. a comment`. The comment is no part of it.
pub(super) fn parse(text: &str) -> Result<PublicKey, String> {
    match PublicKey::from_openssh(text.trim()) {
        Ok(key) => Ok(key.key_data().clone().into()),
        Err(err) => Err(format!("it is no public key: {err}")),
    }
}

/// Writes a public key, without a comment.
pub(super) fn text(key: &PublicKey) -> String {
    let bare = PublicKey::from(key.key_data().clone());
    bare.to_openssh()
        .expect("a key that was read can be written")
}

/// Returns what people compare keys by.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// What is known about the key that a server should show.
#[derive(Debug)]
pub(super) struct Expected {
    known_as: String,
    known: Option<PublicKey>,
    /// Where the first key is remembered; `None` when the key came with the login.
    hosts: Option<KnownHosts>,
}

impl Expected {
    /// Finds out what is known.
    pub(super) fn of(login: &Login, hosts: KnownHosts) -> Result<Self, ShellError> {
        let known_as = login.known_as.clone();
        if let Some(text) = &login.host_key {
            let known = parse(text).map_err(|why| ShellError::Local {
                what: "read the host key of",
                path: PathBuf::from(&known_as),
                source: io::Error::new(io::ErrorKind::InvalidData, why),
            })?;
            return Ok(Self {
                known_as,
                known: Some(known),
                hosts: None,
            });
        }
        Ok(Self {
            known: hosts.find(&known_as)?,
            known_as,
            hosts: Some(hosts),
        })
    }

    /// Returns what the server is asked to prove itself with. A server has several keys, so the
    /// known one's kind comes first.
    pub(super) fn algorithms(&self) -> Cow<'static, [Algorithm]> {
        let Some(known) = &self.known else {
            return Cow::Borrowed(ALGORITHMS);
        };
        let kind = known.algorithm();
        let is_rsa = |one: &Algorithm| matches!(one, Algorithm::Rsa { .. });
        // An RSA key may prove itself in several ways.
        let is_kind = |one: &Algorithm| *one == kind || (is_rsa(one) && is_rsa(&kind));
        let (mut first, rest): (Vec<_>, Vec<_>) = ALGORITHMS.iter().partition(|one| is_kind(one));
        first.extend(rest);
        Cow::Owned(first.into_iter().cloned().collect())
    }

    /// Compares the key that the server showed, and proved that it has. Remembers it when it is the
    /// first one.
    pub(super) async fn check(&self, seen: &PublicKey) -> Result<(), ShellError> {
        let known = match (&self.known, &self.hosts) {
            (Some(known), _) => known.clone(),
            (None, Some(hosts)) => hosts.pin(&self.known_as, seen).await?,
            (None, None) => unreachable!("a key that came with the login is known"),
        };
        if known.key_data() == seen.key_data() {
            return Ok(());
        }
        Err(ShellError::HostKey {
            known_as: self.known_as.clone(),
            seen: fingerprint(seen),
            known: fingerprint(&known),
            file: self.hosts.as_ref().map(|hosts| hosts.path().into()),
        })
    }
}
