//! The key pair that lets mosdat into a guest, made anew for each image.
//!
//! The only place where images know of SSH.

use russh::keys::{
    PrivateKey,
    ssh_key::{LineEnding, private::Ed25519Keypair},
};
use std::{fs::File, io, io::Read as _};

/// A private key as OpenSSH writes it, and its public key as one line.
pub(super) struct KeyPair {
    pub(super) private: String,
    pub(super) public: String,
}

/// Makes a key pair that nobody has.
pub(super) fn make() -> io::Result<KeyPair> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    let mut key = PrivateKey::from(Ed25519Keypair::from_seed(&seed));
    key.set_comment("mosdat");
    let private = key.to_openssh(LineEnding::LF).map_err(io::Error::other)?;
    let public = key.public_key().to_openssh().map_err(io::Error::other)?;
    Ok(KeyPair {
        private: private.to_string(),
        public,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_is_another_one_and_belongs_together() {
        let (one, two) = (make().unwrap(), make().unwrap());
        assert_ne!(one.public, two.public);
        let read = PrivateKey::from_openssh(&one.private).unwrap();
        assert_eq!(read.public_key().to_openssh().unwrap(), one.public);
        assert!(one.public.starts_with("ssh-ed25519 AAAA"));
    }
}
