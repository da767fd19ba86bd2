//! JSON Web Signatures that are made here (RFC 7515 section 5.1): what is signed, and the compact serialization.

use crate::error::Reason;
use crate::wire::write::{Arena, JsonObject};

/// What is signed: a header and claims in base64url, with a `.` between them.
pub(crate) fn message<'a>(
    arena: &mut Arena<'a>,
    header: &mut dyn FnMut(&mut JsonObject<'_, '_>),
    claims: &mut dyn FnMut(&mut JsonObject<'_, '_>),
) -> Result<&'a str, Reason> {
    let mut object = |fill: &mut dyn FnMut(&mut JsonObject<'_, '_>)| {
        arena.write(|w| {
            let mut object = JsonObject::new(w);
            fill(&mut object);
            object.end();
        })
    };
    let (header, claims) = (object(header)?, object(claims)?);
    arena.text(|w| {
        w.base64url(header);
        w.str(".");
        w.base64url(claims);
    })
}

/// The compact serialization of a message and its signature.
pub(crate) fn compact<'a>(arena: &mut Arena<'a>, message: &str, signature: &[u8]) -> Result<&'a str, Reason> {
    arena.text(|w| {
        w.str(message);
        w.str(".");
        w.base64url(signature);
    })
}
