//! Letting the server know who the user is: by a key from a file, or by the user's agent.

use super::{
    host_key,
    watcher::{Noted, Watcher},
};
use crate::port::{Login, ShellError};
use russh::{
    client::{AuthResult, Handle},
    keys::{
        self, Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey,
        agent::{AgentIdentity, client::AgentClient},
    },
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What proves who the user is.
#[derive(Debug)]
pub(super) enum Proof {
    /// A private key, and the file it is from.
    Key(Arc<PrivateKey>, PathBuf),
    /// The user's agent at this socket.
    Agent(PathBuf),
}

impl Proof {
    /// Reads the key that the login names, or falls back to the agent.
    pub(super) fn of(login: &Login, agent: Option<&Path>) -> Result<Self, ShellError> {
        match (&login.key, agent) {
            (Some(file), _) => Ok(Self::Key(Arc::new(read(file)?), file.clone())),
            (None, Some(socket)) => Ok(Self::Agent(socket.into())),
            (None, None) => Err(refused(
                login,
                "no key is named, and there is no SSH agent to ask (`SSH_AUTH_SOCK` is not set)",
            )),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a key is the user's own file, read once for each connection"
)]
fn read(file: &Path) -> Result<PrivateKey, ShellError> {
    let failed = |source| ShellError::Local {
        what: "use the key",
        path: file.into(),
        source,
    };
    let text = std::fs::read(file).map_err(failed)?;
    let text = String::from_utf8_lossy(&text);
    let unusable = |why| failed(io::Error::new(io::ErrorKind::InvalidData, why));
    let key = keys::decode_secret_key(&text, None).map_err(|err| {
        if matches!(err, keys::Error::KeyIsEncrypted) {
            return unusable(protected(file));
        }
        unusable(format!(
            "it is no private key that can be understood: {err}"
        ))
    })?;
    // Some formats are read without the passphrase, but for what it protects.
    if key.is_encrypted() {
        return Err(unusable(protected(file)));
    }
    Ok(key)
}

fn protected(file: &Path) -> String {
    format!(
        "a passphrase protects it; give it to your SSH agent (`ssh-add {}`) and name no key",
        file.display()
    )
}

/// Has the server let the user in.
pub(super) async fn sign_in(
    handle: &mut Handle<Watcher>,
    login: &Login,
    proof: Proof,
    noted: &Noted,
) -> Result<(), ShellError> {
    match proof {
        Proof::Key(key, file) => by_key(handle, login, key, &file, noted).await,
        Proof::Agent(socket) => by_agent(handle, login, &socket, noted).await,
    }
}

async fn by_key(
    handle: &mut Handle<Watcher>,
    login: &Login,
    key: Arc<PrivateKey>,
    file: &Path,
    noted: &Noted,
) -> Result<(), ShellError> {
    let name = format!(
        "the key `{}` ({})",
        file.display(),
        host_key::fingerprint(key.public_key())
    );
    let hash = hash(handle, key.public_key()).await;
    let key = PrivateKeyWithHashAlg::new(key, hash);
    match handle.authenticate_publickey(&login.user, key).await {
        Ok(AuthResult::Success) => Ok(()),
        Ok(failure) => Err(explain(login, &name, Some(&failure), noted)),
        Err(_) => Err(explain(login, &name, None, noted)),
    }
}

async fn by_agent(
    handle: &mut Handle<Watcher>,
    login: &Login,
    socket: &Path,
    noted: &Noted,
) -> Result<(), ShellError> {
    let silent = |err: keys::Error| {
        let socket = socket.display();
        refused(
            login,
            &format!("the SSH agent at `{socket}` does not answer: {err}"),
        )
    };
    let mut agent = AgentClient::connect_uds(socket).await.map_err(silent)?;
    let identities = agent.request_identities().await.map_err(silent)?;
    if identities.is_empty() {
        return Err(refused(
            login,
            "the SSH agent holds no key; `ssh-add` gives it one",
        ));
    }
    let (mut tried, mut last) = (Vec::new(), None);
    for identity in identities {
        tried.push(host_key::fingerprint(&identity.public_key()));
        let answer = offer(handle, login, identity, &mut agent).await;
        match answer {
            Some(AuthResult::Success) => return Ok(()),
            // The agent would not sign; another key may be another matter.
            None => {}
            answer => last = answer,
        }
        if noted.loss.why().is_some() {
            break;
        }
    }
    let name = format!("any key of the SSH agent ({})", tried.join(", "));
    Err(explain(login, &name, last.as_ref(), noted))
}

async fn offer(
    handle: &mut Handle<Watcher>,
    login: &Login,
    identity: AgentIdentity,
    agent: &mut AgentClient<tokio::net::UnixStream>,
) -> Option<AuthResult> {
    let hash = hash(handle, &identity.public_key()).await;
    let user = &login.user;
    let answer = match identity {
        AgentIdentity::PublicKey { key, .. } => {
            handle
                .authenticate_publickey_with(user, key, hash, agent)
                .await
        }
        AgentIdentity::Certificate { certificate, .. } => {
            handle
                .authenticate_certificate_with(user, certificate, hash, agent)
                .await
        }
    };
    answer
        .inspect_err(|err| tracing::debug!(%err, "the SSH agent did not sign"))
        .ok()
}

/// Returns what an RSA key signs with on this server; other keys need no choice.
async fn hash(handle: &Handle<Watcher>, key: &PublicKey) -> Option<HashAlg> {
    if !matches!(key.algorithm(), Algorithm::Rsa { .. }) {
        return None;
    }
    match handle.best_supported_rsa_hash().await {
        Ok(Some(best)) => best,
        // It does not say. What does not know SHA-2 has been out of use for long.
        Ok(None) | Err(_) => Some(HashAlg::Sha256),
    }
}

/// Says why the user was not let in with `name`.
fn explain(login: &Login, name: &str, answer: Option<&AuthResult>, noted: &Noted) -> ShellError {
    let banner = match noted.banner() {
        banner if banner.is_empty() => String::new(),
        banner => format!("; it says `{banner}`"),
    };
    if let Some(said) = noted.farewell() {
        return refused(
            login,
            &format!("it ended the connection: {}{banner}", said.trim()),
        );
    }
    // A machine that starts or stops lets nobody in; its login rules say so and hang up.
    if banner.contains("pam_nologin") || noted.loss.why().is_some() {
        return ShellError::Connect {
            address: login.address,
            why: format!("it hung up while `{}` was to be let in{banner}", login.user),
        };
    }
    match answer {
        Some(AuthResult::Failure {
            partial_success: true,
            ..
        }) => refused(
            login,
            &format!("{name} is right, and it wants a password as well{banner}"),
        ),
        Some(AuthResult::Failure {
            remaining_methods, ..
        }) => {
            let methods: Vec<&str> = remaining_methods.iter().map(Into::into).collect();
            let methods = methods.join(", ");
            refused(
                login,
                &format!("it does not take {name}; it asks for: {methods}{banner}"),
            )
        }
        Some(AuthResult::Success) | None => {
            refused(login, &format!("{name} could not be used to sign{banner}"))
        }
    }
}

fn refused(login: &Login, why: &str) -> ShellError {
    ShellError::Refused {
        address: login.address,
        user: login.user.clone(),
        why: why.into(),
    }
}
