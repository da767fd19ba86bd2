//! What a token is bound to: the `cnf` claim (RFC 7800 section 3.1).

use crate::error::Reason;
use crate::name::Name;
use crate::wire::base64;
use crate::wire::encoding::encoding;
use crate::wire::json::Object;
use crate::wire::write::JsonObject;

/// The key that whoever presents a token must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// `jkt`: the thumbprint of a DPoP key (RFC 9449 section 6.1).
    Jkt([u8; 32]),
    /// `x5t#S256`: the SHA-256 hash of a client certificate (RFC 8705 section 3.1).
    X5t([u8; 32]),
}

encoding!(enum Confirmation { 0 Jkt(jkt), 1 X5t(x5t) });

impl Confirmation {
    /// Reads the `cnf` member of a token's claims, if there is one.
    ///
    /// One that holds neither of the two names another way to prove a key, and one that holds both would have to be met twice:
    /// either is refused, since a token that is bound must not pass for one that is not.
    ///
    /// ```abnf
    /// jkt      = 43base64url        ; a SHA-256 hash; so is x5t#S256
    /// ```
    pub fn read(claims: &Object<'_>) -> Result<Option<Self>, Reason> {
        const MALFORMED: Reason = Reason::Malformed(Name::Cnf);
        let Some(value) = claims.get("cnf") else { return Ok(None) };
        let cnf = value.as_object().ok_or(MALFORMED)?;
        let read = |name| cnf.string(name)?.map(|text| hash(text).ok_or(MALFORMED)).transpose();
        match (read(Name::Jkt)?, read(Name::X5tS256)?) {
            (Some(jkt), None) => Ok(Some(Self::Jkt(jkt))),
            (None, Some(x5t)) => Ok(Some(Self::X5t(x5t))),
            _ => Err(MALFORMED),
        }
    }

    /// Writes the `cnf` member.
    pub fn write(&self, claims: &mut JsonObject<'_, '_>) {
        let (name, hash) = match self {
            Self::Jkt(hash) => ("jkt", hash),
            Self::X5t(hash) => ("x5t#S256", hash),
        };
        claims.object("cnf", |cnf| cnf.text(name, |w| w.base64url(hash)));
    }
}

/// A SHA-256 hash in base64url.
pub(crate) fn hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    base64::decode_url(text.as_bytes(), &mut hash).filter(|&len| len == hash.len()).map(|_| hash)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::wire::json;
    use crate::wire::write::Arena;

    fn read(claims: &str) -> Result<Option<Confirmation>, Reason> {
        Confirmation::read(&json::object(&mut std::vec::Vec::from(claims))?)
    }

    #[test]
    fn reads_what_it_writes() {
        for confirmation in [Confirmation::Jkt([7; 32]), Confirmation::X5t([9; 32])] {
            let mut buffer = [0; 128];
            let mut arena = Arena::new(&mut buffer, 128).unwrap();
            let text = arena.text(|w| {
                let mut object = JsonObject::new(w);
                confirmation.write(&mut object);
                object.end();
            });
            assert_eq!(read(text.unwrap()), Ok(Some(confirmation)));
        }
    }

    #[test]
    fn a_binding_that_is_not_known_is_no_absence() {
        assert_eq!(read("{}"), Ok(None));
        let hash = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
        for cnf in [
            "null",
            "{}",
            "[]",
            "\"jkt\"",
            "{\"jwk\":{}}",
            "{\"kid\":\"1\"}",
            "{\"jkt\":1}",
            "{\"jkt\":\"\"}",
            "{\"jkt\":\"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\"}",
            "{\"jkt\":\"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwd\"}",
            &std::format!("{{\"jkt\":\"{hash}\",\"x5t#S256\":\"{hash}\"}}"),
        ] {
            assert!(read(&std::format!("{{\"cnf\":{cnf}}}")).is_err(), "{cnf}");
        }
    }
}
