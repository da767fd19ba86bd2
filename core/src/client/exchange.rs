//! A request to the server on its way: what is signed for it, the exchange, and the same once more with the server's nonce.
//!
//! A client assertion and a DPoP proof are good for one request, so that each try has its own. A flow asks [`Context::prepare`]
//! for its next turn until the exchange is there.

use crate::client::response::Failure;
use crate::client::{Authentication, Binding, Client, Context};
use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::record::{Signing, TokenSet};
use crate::step::{Answer, Exchange, Flow, Send, Sign, Step};
use crate::terms::Time;
use crate::terms::endpoint::Endpoint;
use crate::terms::secret;
use crate::terms::signing_key::SigningKey;
use crate::wire::header;
use crate::wire::http::Field;
use crate::wire::sign;
use crate::wire::write::{Arena, FormWriter};

/// A request to the server.
pub(super) struct Asking<'a> {
    endpoint: Endpoint<'a>,
    form: &'a [u8],
    authorization: Option<&'a [u8]>,
    /// The key of the proof that comes with it, if one does.
    key: Option<SigningKey<'a>>,
    pub(super) signing: Signing<'a>,
    /// Of all requests of a session this one alone has this number, but for [revocations](Context::revocation).
    number: u64,
    assertion: Option<&'a str>,
    proof: Option<&'a str>,
    message: &'a str,
    /// Whether it was sent before, and the server has asked for a nonce.
    again: bool,
}

/// What is to be done next for a request.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub(super) enum Turn<'a> {
    Sign { key_id: &'a str, message: &'a [u8] },
    Send(Exchange<'a>),
}

impl<'a> Turn<'a> {
    /// The question for it.
    pub(super) fn step<P, F: Flow<Signing<'a> = P, Sending<'a> = P>>(self, at: P) -> Step<'a, F> {
        match self {
            Self::Sign { key_id, message } => Step::Sign(Sign { key_id, message, at }),
            Self::Send(exchange) => Step::Send(Send { exchange, at }),
        }
    }
}

impl<'a> Asking<'a> {
    /// What is kept of it for requests to this endpoint: a nonce is for the server that has given it (RFC 9449 section 9),
    /// and another origin may be another one.
    pub(super) fn signing_for(&self, endpoint: Endpoint<'_>) -> Signing<'a> {
        let nonce = self.signing.nonce.filter(|_| self.endpoint.origin() == endpoint.origin());
        Signing { nonce, ..self.signing }
    }
}

impl<'a> Client<'a> {
    /// The key of this `kid` that tokens are bound to.
    pub(super) fn key(&self, key_id: &str) -> Option<SigningKey<'a>> {
        match &self.binding {
            Binding::Dpop(keys) => keys.iter().find(|key| key.key_id == key_id).copied(),
            Binding::None | Binding::Certificate => None,
        }
    }

    /// The `kid` of the key that the tokens of a new session are bound to, if they are.
    pub(super) fn key_id(&self) -> Result<Option<&'a str>, Reason> {
        match &self.binding {
            Binding::Dpop(keys) => Ok(Some(keys.first().ok_or(Reason::KeyUnknown)?.key_id)),
            Binding::None | Binding::Certificate => Ok(None),
        }
    }
}

impl<'a> Context<'a> {
    /// Refuses a server that does not offer what the client is set up for.
    pub(super) fn check_offer(&self) -> Result<(), Reason> {
        match self.client.authentication {
            Authentication::PrivateKeyJwt(key) => {
                self.server.check_method("private_key_jwt", Some(key.algorithm))?;
            }
            Authentication::TlsClientAuth => self.server.check_method("tls_client_auth", None)?,
            Authentication::SelfSignedTlsClientAuth => self.server.check_method("self_signed_tls_client_auth", None)?,
            Authentication::ClientSecretBasic(_) => self.server.check_method("client_secret_basic", None)?,
            Authentication::ClientSecretPost(_) => self.server.check_method("client_secret_post", None)?,
            Authentication::None => {}
        }
        match &self.client.binding {
            Binding::Dpop(keys) => keys.first().map_or(Ok(()), |key| self.server.check_dpop(key.algorithm)),
            Binding::Certificate => self.server.check_certificate_bound(),
            Binding::None => Ok(()),
        }
    }

    /// A POST of a form to an endpoint of the server, in the client's name. `number` is one that no other request of the session
    /// has; `proves` says whether a DPoP proof comes with it, where tokens are bound to a key.
    pub(super) fn ask(
        &mut self,
        endpoint: Endpoint<'a>,
        signing: Signing<'a>,
        number: u64,
        proves: bool,
        fill: &mut dyn FnMut(&mut FormWriter<'_, '_>),
    ) -> Result<Asking<'a>, Reason> {
        let client_id = self.client.client_id.as_str();
        let authorization = match self.client.authentication {
            Authentication::ClientSecretBasic(secret) => Some(header::write_basic(client_id, secret, &mut self.arena)?),
            _ => None,
        };
        let form = self.arena.write(|w| {
            let mut form = FormWriter::new(w, "");
            fill(&mut form);
            match self.client.authentication {
                Authentication::ClientSecretBasic(_) => {}
                Authentication::ClientSecretPost(secret) => {
                    form.pair("client_id", client_id);
                    form.pair("client_secret", secret);
                }
                // The server finds the client by it whose key or certificate it is to check.
                _ => form.pair("client_id", client_id),
            }
        })?;
        let key = match signing.key_id {
            Some(key_id) if proves => Some(self.client.key(key_id).ok_or(Reason::KeyUnknown)?),
            _ => None,
        };
        Ok(Asking {
            endpoint,
            form,
            authorization,
            key,
            signing,
            number,
            assertion: None,
            proof: None,
            message: "",
            again: false,
        })
    }

    /// What is to be done next for a request.
    pub(super) fn prepare(&mut self, asking: &mut Asking<'a>) -> Result<Turn<'a>, Reason> {
        let key = match self.client.authentication {
            Authentication::PrivateKeyJwt(key) if asking.assertion.is_none() => {
                asking.message = self.assertion(asking, &key)?;
                key
            }
            _ => match asking.key {
                Some(key) if asking.proof.is_none() => {
                    let unique = unique(&asking.signing.seed, "DPoP", asking, self.now.0);
                    let (url, nonce) = (asking.endpoint.as_str(), asking.signing.nonce);
                    let target = Target { method: "POST", url, nonce, access_token: None };
                    asking.message = proof(&mut self.arena, &key, &target, &unique, self.now)?;
                    key
                }
                _ => return self.exchange(asking).map(Turn::Send),
            },
        };
        Ok(Turn::Sign { key_id: key.key_id, message: asking.message.as_bytes() })
    }

    /// Takes a signature; what is to be done next.
    pub(super) fn signed(&mut self, asking: &mut Asking<'a>, signature: Answer<&[u8]>) -> Result<Turn<'a>, Reason> {
        let signature = signature.map_err(|_| Reason::KeysUnavailable)?;
        let signed = sign::compact(&mut self.arena, asking.message, signature)?;
        let is_assertion = matches!(self.client.authentication, Authentication::PrivateKeyJwt(_));
        let place = if is_assertion && asking.assertion.is_none() { &mut asking.assertion } else { &mut asking.proof };
        *place = Some(signed);
        self.prepare(asking)
    }

    /// Keeps the nonce of a response, whatever its status (RFC 9449 section 8.2).
    pub(super) fn learn(&mut self, asking: &mut Asking<'a>, headers: &[Field<'_>]) -> Result<(), Reason> {
        if let Some(nonce) = nonce(headers).filter(|_| asking.key.is_some()) {
            asking.signing.nonce = Some(self.arena.copy_str(nonce)?);
        }
        Ok(())
    }

    /// Whether a request that was refused is made again: once, if it lacked the server's nonce and the response brought one.
    pub(super) fn again(&mut self, asking: &mut Asking<'a>, failure: &Failure<'_>, headers: &[Field<'_>]) -> bool {
        let wanted = failure.error.is_some_and(|error| error.code == "use_dpop_nonce");
        if !wanted || asking.again || asking.key.is_none() || nonce(headers).is_none() {
            return false;
        }
        (asking.again, asking.assertion, asking.proof) = (true, None, None);
        true
    }

    /// What is signed of a client assertion (RFC 7523 section 3): for the issuer alone, so that no other server can use it.
    fn assertion(&mut self, asking: &Asking<'a>, key: &SigningKey<'a>) -> Result<&'a str, Reason> {
        let (client_id, issuer, now) = (self.client.client_id.as_str(), self.client.issuer.as_str(), self.now);
        let unique = unique(&asking.signing.seed, "client_assertion", asking, now.0);
        sign::message(
            &mut self.arena,
            &mut |header| {
                header.string("alg", key.algorithm.as_str());
                header.string("typ", "client-authentication+jwt");
                header.string("kid", key.key_id);
            },
            &mut |claims| {
                claims.string("iss", client_id);
                claims.string("sub", client_id);
                claims.string("aud", issuer);
                claims.text("jti", |w| w.base64url(&unique));
                claims.number("iat", now.0);
                claims.number("exp", now.after(limits::OWN_ASSERTION).0);
            },
        )
    }

    fn exchange(&mut self, asking: &Asking<'a>) -> Result<Exchange<'a>, Reason> {
        let form = match asking.assertion {
            None => asking.form,
            Some(assertion) => self.arena.write(|w| {
                w.bytes(asking.form);
                let mut form = FormWriter::new(w, "&");
                form.pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                form.text("client_assertion", |w| w.str(assertion));
            })?,
        };
        let mut exchange = Exchange::post(asking.endpoint, form, asking.authorization);
        if let Some(proof) = asking.proof {
            let _ = exchange.headers.push(Field { name: "DPoP", value: proof.as_bytes() });
        }
        Ok(self.client.restrict(exchange))
    }

    /// The revocation request for these tokens (RFC 7009 section 2.1), if the server takes one.
    pub(super) fn revocation(&mut self, tokens: &TokenSet<'_>, version: u64) -> Result<Option<Asking<'a>>, Reason> {
        let Some(endpoint) = self.server().revocation_endpoint() else { return Ok(None) };
        // A revocation is numbered apart from the requests for tokens, by the row that it is about. So two sign-outs within a second
        // send one and the same assertion, and the server may refuse the later: made again, it finds the session gone.
        let signing =
            Signing { seed: secret::derived(&tokens.signing.seed, &[b"revocation"]), key_id: None, nonce: None };
        let asking = self.ask(endpoint, signing, version, false, &mut |form| {
            form.pair("token", tokens.strongest());
            form.pair("token_type_hint", if tokens.refresh_token.is_some() { "refresh_token" } else { "access_token" });
        });
        asking.map(Some)
    }
}

/// What is unique to a request and to what is signed for it.
fn unique(seed: &[u8; 32], purpose: &str, asking: &Asking<'_>, now: u64) -> [u8; 32] {
    secret::derived(
        seed,
        &[purpose.as_bytes(), &asking.number.to_be_bytes(), &now.to_be_bytes(), &[u8::from(asking.again)]],
    )
}

/// What a DPoP proof is for.
pub(super) struct Target<'t> {
    pub(super) method: &'t str,
    pub(super) url: &'t str,
    pub(super) nonce: Option<&'t str>,
    pub(super) access_token: Option<&'t str>,
}

/// What is signed of a DPoP proof (RFC 9449 section 4.2).
pub(super) fn proof<'a>(
    arena: &mut Arena<'a>,
    key: &SigningKey<'_>,
    target: &Target<'_>,
    unique: &[u8; 32],
    now: Time,
) -> Result<&'a str, Reason> {
    let jwk = key.public(arena)?;
    // Without query and fragment (RFC 9449 section 4.2).
    let url = target.url.split(['?', '#']).next().unwrap_or_default();
    sign::message(
        arena,
        &mut |header| {
            header.string("alg", key.algorithm.as_str());
            header.string("typ", "dpop+jwt");
            header.value("jwk", |w| jwk.write(w));
        },
        &mut |claims| {
            claims.text("jti", |w| w.base64url(unique));
            claims.string("htm", target.method);
            claims.string("htu", url);
            claims.number("iat", now.0);
            if let Some(token) = target.access_token {
                claims.text("ath", |w| w.base64url(&secret::hash(token)));
            }
            if let Some(nonce) = target.nonce {
                claims.string("nonce", nonce);
            }
        },
    )
}

/// The one `DPoP-Nonce` of a response, if it follows its grammar; any other is none.
///
/// ```abnf
/// nonce = 1*NQCHAR                       ; RFC 9449 section 8.1
/// ```
pub(super) fn nonce<'r>(headers: &'r [Field<'r>]) -> Option<&'r str> {
    let value = header::single(headers, Name::DpopNonceField).ok()??;
    let sound = (1..=limits::NONCE).contains(&value.len())
        && value.iter().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    core::str::from_utf8(value).ok().filter(|_| sound)
}

impl Signing<'_> {
    /// The same in the caller's buffer, where it outlives the row.
    pub(super) fn copy<'a>(&self, arena: &mut Arena<'a>) -> Result<Signing<'a>, Reason> {
        let mut copy = |text: Option<&str>| text.map(|text| arena.copy_str(text)).transpose();
        Ok(Signing { seed: self.seed, key_id: copy(self.key_id)?, nonce: copy(self.nonce)? })
    }
}
