//! `tls_client_auth` and `self_signed_tls_client_auth`: that a client has shown its certificate (RFC 8705 section 2).

use sha2::{Digest, Sha256};

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::record::CertificateSubject;
use crate::terms::confirmation;
use crate::terms::list::List;
use crate::wire::base64;
use crate::wire::http::Certificate;
use crate::wire::json::{Object, Value};

/// The certificate of the connection is one that the client has registered.
#[derive(Clone, Copy)]
pub struct CertificateMatched(());

impl CertificateMatched {
    /// By the name that the client has registered, in a certificate of an authority that the host trusts (RFC 8705 section 2.1).
    pub fn by_subject(
        certificate: Option<&Certificate<'_>>,
        registered: CertificateSubject<'_>,
    ) -> Result<Self, Reason> {
        let certificate = certificate.filter(|certificate| certificate.chain_verified).ok_or(Reason::Certificate)?;
        let (names, name) = match registered {
            CertificateSubject::None => return Err(Reason::Certificate),
            // A distinguished name may hold spaces, and is but one.
            CertificateSubject::Dn(name) if !name.is_empty() && name == certificate.subject => return Ok(Self(())),
            CertificateSubject::Dn(_) => return Err(Reason::Certificate),
            CertificateSubject::Dns(name) => (certificate.dns, name),
            CertificateSubject::Uri(name) => (certificate.uri, name),
            CertificateSubject::Ip(name) => (certificate.ip, name),
            CertificateSubject::Email(name) => (certificate.email, name),
        };
        if List(names).contains(name) { Ok(Self(())) } else { Err(Reason::Certificate) }
    }

    /// By the certificates in the key set of the client: the first of an `x5c`, or an `x5t#S256` (RFC 8705 section 2.2).
    /// `Ok(None)` if none of them is this one: there may be a newer set.
    pub fn by_keys(certificate: Option<&Certificate<'_>>, set: &Object<'_>) -> Result<Option<Self>, Reason> {
        let thumbprint = certificate.ok_or(Reason::Certificate)?.thumbprint;
        let keys = set.array(Name::Keys).ok().flatten().ok_or(Reason::Certificate)?;
        let mut known = keys.iter().take(limits::KEYS).filter_map(Value::as_object);
        Ok(known.any(|key| is_of(&key, &thumbprint)).then_some(Self(())))
    }
}

/// Whether a key of a set is that of a certificate with this thumbprint.
fn is_of(key: &Object<'_>, thumbprint: &[u8; 32]) -> bool {
    let first = key.array(Name::X5c).ok().flatten().and_then(|chain| chain.iter().next()).and_then(Value::as_str);
    let by_chain = first.and_then(hash_of_base64);
    let by_hash = key.string(Name::X5tS256).ok().flatten().and_then(confirmation::hash);
    match (by_chain, by_hash) {
        // Of two that differ, neither is believed.
        (Some(by_chain), Some(by_hash)) => by_chain == by_hash && by_chain == *thumbprint,
        (by_chain, by_hash) => by_chain.or(by_hash) == Some(*thumbprint),
    }
}

/// The hash of a certificate that is written in base64 with padding (RFC 7517 section 4.7).
fn hash_of_base64(text: &str) -> Option<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut chunks = text.as_bytes().chunks(64).peekable();
    while let Some(chunk) = chunks.next() {
        let mut bytes = [0; 48];
        let len = base64::decode_standard(chunk, &mut bytes)?;
        // Padding stands at the end alone.
        if chunks.peek().is_some() && len != bytes.len() {
            return None;
        }
        hash.update(bytes.get(..len)?);
    }
    Some(hash.finalize().into())
}
