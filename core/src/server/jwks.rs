//! The public keys of the server (RFC 7517 section 5), for those who check what it has signed.

use crate::error::{Reason, TooSmall};
use crate::limits;
use crate::name::Name;
use crate::server::{BUFFER, Context, Server, reply};
use crate::terms::Time;
use crate::wire::http::{Field, Reply, fields};
use crate::wire::write::{Arena, JsonObject};

const JWK_SET: Field<'static> = Field { name: "Content-Type", value: b"application/jwk-set+json" };
/// A new key is published for longer than this before it signs, and whoever meets an unknown `kid` asks again.
const FOR_AN_HOUR: Field<'static> = Field { name: "Cache-Control", value: b"max-age=3600" };

impl<'a> Server<'a> {
    /// The JWK set for the `jwks_uri`. The buffer needs [`BUFFER`] bytes.
    pub fn jwks(&'a self, buffer: &'a mut [u8]) -> Result<Reply<'a>, TooSmall> {
        let mut cx = Context::new(self, Time(0), buffer, BUFFER)?;
        let body = self.key_set(&mut cx.arena);
        Ok(match body {
            Ok(body) => Reply { status: 200, headers: fields([JWK_SET, FOR_AN_HOUR]), body, reason: None, event: None },
            Err(reason) => reply::refuse(&mut cx, reason),
        })
    }

    /// The keys are read before they are told: what the host gave as a public key may hold the private one.
    fn key_set(&self, arena: &mut Arena<'a>) -> Result<&'a [u8], Reason> {
        let mut keys: heapless::Vec<&'a str, { limits::SIGNING_KEYS }> = heapless::Vec::new();
        for key in self.signing_keys.iter() {
            let key = key.published(arena).map_err(|reason| match reason {
                Reason::Buffer => Reason::Buffer,
                // It is the host that has to mend it, not the one who asks.
                _ => Reason::KeysUnavailable,
            })?;
            keys.push(key).map_err(|_| Reason::TooMany(Name::SigningKeys))?;
        }
        arena.write(|w| {
            let mut object = JsonObject::new(w);
            object.array("keys", keys.iter().copied());
            object.end();
        })
    }
}
