//! The keys that the host signs with: what answers `Sign`.

use std::fs;
use std::io;
use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use serde_json::{Value, json};
use symbolon::Reason;
use symbolon::rustcrypto::{PUBLIC_JWK, SigningKey};
use symbolon::server;
use symbolon::wire::jose::Algorithm;

use crate::keys;

/// Private keys by their ids. The first one signs what is new.
#[derive(Default)]
pub struct Keyring(Vec<(String, SigningKey)>);

impl Keyring {
    /// Reads the JWK set of private keys from the file, and makes one with a key at the first start.
    ///
    /// A key is rotated by a new one put after the first, so that it is known before it signs; then put first; and the old one
    /// goes when nothing that it has signed counts any more.
    pub fn open(path: &Path) -> io::Result<Self> {
        if !path.exists() {
            keys::create(path, &json!({ "keys": [new_key()?] }).to_string())?;
        }
        let set: Value = serde_json::from_slice(&fs::read(path)?)?;
        let keys = set["keys"].as_array().filter(|keys| !keys.is_empty()).ok_or(io::ErrorKind::InvalidData)?;
        keys.iter().try_fold(Self::default(), |keyring, key| keyring.with(key))
    }

    /// The same with one key more, a private JWK with a `kid`.
    pub fn with(mut self, jwk: &Value) -> io::Result<Self> {
        let id = jwk["kid"].as_str().ok_or(io::ErrorKind::InvalidData)?.to_owned();
        let key = SigningKey::from_jwk(&mut jwk.to_string().into_bytes()).map_err(refused)?;
        self.0.push((id, key));
        Ok(self)
    }

    /// The answer to `Sign`; `None` if there is no such key.
    pub fn sign(&self, key_id: &str, message: &[u8]) -> Option<Vec<u8>> {
        let (_, key) = self.0.iter().find(|(id, _)| id == key_id)?;
        key.sign(message, &mut UnwrapErr(SysRng)).map(|signature| signature.to_vec())
    }

    /// The public halves. Like all of a configuration, they live as long as the process.
    pub fn published(&self, access_tokens: server::AccessTokens) -> io::Result<server::TokenKeys<'static>> {
        let published = self.0.iter().map(|(id, key)| {
            let buffer = Box::leak(vec![0; PUBLIC_JWK].into_boxed_slice());
            let key_id: &'static str = Box::leak(id.clone().into_boxed_str());
            let jwk = key.public_jwk(Some(key_id), buffer)?;
            Ok(server::SigningKey { key_id, algorithm: key.algorithm(), jwk })
        });
        let published = published.collect::<Result<Vec<_>, _>>();
        let published = published.and_then(|keys| server::SigningKeys::new(&keys));
        published.and_then(|keys| server::TokenKeys::new(keys, access_tokens)).map_err(refused)
    }
}

fn refused(reason: Reason) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a signing key: {reason:?}"))
}

/// A new private key, as a JWK.
fn new_key() -> io::Result<Value> {
    let secret = crate::random::<32>();
    let key = SigningKey::from_secret(Algorithm::Es256, &secret).map_err(refused)?;
    let id = keys::hexadecimal(&crate::random::<8>());
    let mut buffer = [0; PUBLIC_JWK];
    let mut jwk: Value = serde_json::from_str(key.public_jwk(Some(&id), &mut buffer).map_err(refused)?)?;
    jwk["d"] = Base64UrlUnpadded::encode_string(&secret).into();
    Ok(jwk)
}

#[cfg(test)]
mod tests {
    use symbolon::rustcrypto::verify;
    use symbolon::step::Verdict;

    use super::*;

    #[test]
    fn what_a_new_key_signs_holds_under_its_published_half() {
        let keyring = Keyring::default().with(&new_key().unwrap()).unwrap().with(&new_key().unwrap()).unwrap();
        let published = keyring.published(server::AccessTokens::Opaque).unwrap();
        let [first, second] = [0, 1].map(|n| published.iter().nth(n).unwrap());
        assert_ne!(first.key_id, second.key_id);
        let signature = keyring.sign(first.key_id, b"message").unwrap();
        let check = |jwk: &str, message: &[u8]| verify(jwk.as_bytes(), message, &signature);
        assert_eq!(check(first.jwk, b"message"), Verdict::Valid);
        assert_eq!(check(first.jwk, b"massage"), Verdict::Invalid);
        assert_eq!(check(second.jwk, b"message"), Verdict::Invalid);
        assert!(keyring.sign("another", b"message").is_none());
        assert!(!first.jwk.contains("\"d\""));
    }
}
