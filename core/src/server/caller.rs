//! Who calls an endpoint that programs call: its client, authenticated by the method that it has registered, and the key
//! that it holds, if it proves one.
//!
//! ```text
//! start         -> load client | done
//! load client   -> verify | the endpoint | done
//! verify        -> commit mark | done                  of the client's assertion, and then of the DPoP proof
//! commit mark   -> verify | the endpoint | done
//! ```
//!
//! What can be judged without a question is judged before one is asked, and both proofs before either is marked: so a request
//! that is refused for one of them has not used up the other. A client that shows a secret, or nothing, costs one question.
//!
//! The inquiry itself knows no endpoint, so that there is one of it in a program; [`Endpoint`](super::endpoint::Endpoint) puts its
//! questions as the endpoint's.

use crate::error::Reason;
use crate::name::Name;
use crate::proof::assertion::{AssertionHeld, ClientAssertion};
use crate::proof::certificate::CertificateMatched;
use crate::proof::client_auth::{ClientAuthenticated, Credentials, Parameters};
use crate::proof::dpop::{DpopProof, Expected, Freshness};
use crate::proof::possession::KeyHeld;
use crate::proof::replay::Unmarked;
use crate::proof::signature::Unverified;
use crate::record::{AuthenticationMethod, Client, ClientKeys, Key, Record};
use crate::server::Context;
use crate::step::{Answer, Committed, Row, Verdict, Write};
use crate::wire::header;
use crate::wire::http::{Certificate, Field};
use crate::wire::json;

/// What a request shows of its caller.
pub struct Inquiry<'a> {
    cx: Context<'a>,
    credentials: Credentials<'a>,
    certificate: Option<Certificate<'a>>,
    proof: Option<ProofShown<'a>>,
}

/// A DPoP proof as it was sent, and the URL that it must be for.
#[derive(Clone, Copy)]
struct ProofShown<'a> {
    text: &'a str,
    url: &'a str,
}

/// The caller of an endpoint.
pub(super) struct Caller<'a> {
    /// The client.
    pub(super) client: ClientAuthenticated<'a>,
    /// Its registration.
    pub(super) registered: Client<'a>,
    /// The key that it holds: by a DPoP proof, or else by its certificate.
    pub(super) sender: Option<KeyHeld>,
}

/// What comes next.
pub(super) enum Turn<'a> {
    /// Read the client's row.
    Load(Inquiry<'a>),
    /// Check a signature.
    Verify(Checking<'a>),
    /// Mark a proof as used.
    Commit(Marking<'a>),
    /// The caller is known: the endpoint goes on.
    Known(Context<'a>, Caller<'a>),
    /// The request is refused.
    Refuse(Context<'a>, Reason),
}

/// A signature is being checked.
pub struct Checking<'a> {
    inquiry: Inquiry<'a>,
    row: &'a [u8],
    of: Checked<'a>,
}

enum Checked<'a> {
    Assertion(Unverified<'a, Unmarked<AssertionHeld<'a>>>),
    Proof(ClientAuthenticated<'a>, Unverified<'a, Unmarked<KeyHeld>>),
}

/// A proof whose signature holds is being marked as used.
pub struct Marking<'a> {
    inquiry: Inquiry<'a>,
    row: &'a [u8],
    of: Marked<'a>,
}

enum Marked<'a> {
    Assertion(Unmarked<AssertionHeld<'a>>),
    Proof(ClientAuthenticated<'a>, Unmarked<KeyHeld>),
}

/// Begins the inquiry. A request to an endpoint whose `url` is given may prove a key by DPoP; elsewhere a proof says nothing.
pub(super) fn begin<'a>(
    cx: &mut Context<'a>,
    headers: &[Field<'_>],
    certificate: Option<Certificate<'a>>,
    shown: Parameters<'a>,
    url: Option<&'a str>,
) -> Result<Shown<'a>, Reason> {
    let credentials = Credentials::read(headers, shown, &mut cx.arena)?;
    if let Some(assertion) = credentials.assertion() {
        // What is wrong with it whoever sent it, is so without a question.
        ClientAssertion::read(assertion, &mut cx.arena)?.judge(cx.server.issuer, cx.now)?;
    }
    let proof = match url {
        Some(url) => {
            header::single(headers, Name::Dpop).map_err(|_| Reason::DpopProof(Name::Dpop))?.map(|text| (text, url))
        }
        None => None,
    };
    let proof = match proof {
        Some((text, url)) => {
            let text = core::str::from_utf8(text).map_err(|_| Reason::DpopProof(Name::Dpop))?;
            Some(ProofShown { text: cx.arena.copy_str(text)?, url })
        }
        None => None,
    };
    Ok(Shown { credentials, certificate, proof })
}

/// What a request shows of its caller, while the endpoint reads the rest of it.
pub(super) struct Shown<'a> {
    credentials: Credentials<'a>,
    certificate: Option<Certificate<'a>>,
    proof: Option<ProofShown<'a>>,
}

impl<'a> Shown<'a> {
    /// Goes on to the first question.
    pub(super) fn inquire(self, cx: Context<'a>) -> Turn<'a> {
        let Self { credentials, certificate, proof } = self;
        Turn::Load(Inquiry { cx, credentials, certificate, proof })
    }
}

impl<'a> Inquiry<'a> {
    /// The row to ask for: the client's.
    pub(super) fn key(&self) -> Key {
        Key::client(self.credentials.client_id())
    }

    pub(super) fn loaded(mut self, row: Answer<Option<Row<'_>>>) -> Turn<'a> {
        let (row, registered, client) = match self.client(row) {
            Ok(read) => read,
            Err(reason) => return Turn::Refuse(self.cx, reason),
        };
        if let Some(client) = client {
            return self.authenticated(client, row, registered);
        }
        match self.assertion(&registered) {
            Ok(assertion) => Turn::Verify(Checking { inquiry: self, row, of: Checked::Assertion(assertion) }),
            Err(reason) => Turn::Refuse(self.cx, reason),
        }
    }

    /// Reads the client's row, and checks what can be checked with it alone: the client is not known yet if it has sent an
    /// assertion.
    fn client(
        &mut self,
        row: Answer<Option<Row<'_>>>,
    ) -> Result<(&'a [u8], Client<'a>, Option<ClientAuthenticated<'a>>), Reason> {
        let Some(row) = row.map_err(|_| Reason::StoreUnavailable)? else {
            // Takes as long as a wrong secret does.
            return Err(self.credentials.authenticate(None).err().unwrap_or(Reason::ClientAuthentication));
        };
        let row = self.cx.arena.copy(row.value)?;
        let registered = Client::decode(row)?;
        if self.credentials.assertion().is_some() {
            return Ok((row, registered, None));
        }
        let by_certificate = match registered.authentication {
            AuthenticationMethod::TlsClientAuth => {
                CertificateMatched::by_subject(self.certificate.as_ref(), registered.certificate)?
            }
            AuthenticationMethod::SelfSignedTlsClientAuth => {
                let set = json::object(self.cx.arena.copy_mut(self.keys(&registered)?.as_bytes())?)
                    .map_err(|_| Reason::Certificate)?;
                CertificateMatched::by_keys(self.certificate.as_ref(), &set)?.ok_or(Reason::Certificate)?
            }
            _ => {
                let client = self.credentials.authenticate(Some(&registered))?;
                return Ok((row, registered, Some(client)));
            }
        };
        let client = self.credentials.authenticate_by_certificate(&registered, by_certificate)?;
        Ok((row, registered, Some(client)))
    }

    fn keys(&self, registered: &Client<'a>) -> Result<&'a str, Reason> {
        match registered.keys {
            ClientKeys::Jwks(text) => Ok(text),
            ClientKeys::None | ClientKeys::JwksUri(_) => Err(Reason::ClientAuthentication),
        }
    }

    /// Finds the key that the client's assertion must be signed with.
    fn assertion(&mut self, registered: &Client<'a>) -> Result<Unverified<'a, Unmarked<AssertionHeld<'a>>>, Reason> {
        self.credentials.may_assert(registered)?;
        // The other proof is judged first: this one is used up once it is marked.
        self.proof()?;
        let Context { server, now, arena } = &mut self.cx;
        let text = self.credentials.assertion().ok_or(Reason::ClientAuthentication)?;
        let judged = ClientAssertion::read(text, arena)?.judge(server.issuer, *now)?;
        let keys = match registered.keys {
            ClientKeys::Jwks(text) => arena.copy_mut(text.as_bytes())?,
            ClientKeys::None | ClientKeys::JwksUri(_) => return Err(Reason::ClientAuthentication),
        };
        let set = json::object(keys).map_err(|_| Reason::Assertion(Name::Jwks))?;
        judged.with_keys(&set, registered.signing_algorithm, arena)?.ok_or(Reason::Assertion(Name::Kid))
    }

    /// Judges the DPoP proof, if there is one.
    fn proof(&mut self) -> Result<Option<Unverified<'a, Unmarked<KeyHeld>>>, Reason> {
        let Some(ProofShown { text, url }) = self.proof else { return Ok(None) };
        let Context { server, now, arena } = &mut self.cx;
        let field = [Field { name: "DPoP", value: text.as_bytes() }];
        let Some(proof) = DpopProof::read(&field, arena)? else { return Ok(None) };
        let freshness = if server.dpop_nonces {
            Freshness::Nonce(proof.nonce().and_then(|nonce| server.keys.dpop_nonce_end(nonce, *now)))
        } else {
            Freshness::IssuedAt
        };
        let expected = Expected { method: "POST", url, now: *now, freshness, access_token: None };
        proof.judge(&expected, arena).map(Some)
    }

    fn authenticated(mut self, client: ClientAuthenticated<'a>, row: &'a [u8], registered: Client<'a>) -> Turn<'a> {
        match self.proof() {
            Ok(Some(proof)) => Turn::Verify(Checking { inquiry: self, row, of: Checked::Proof(client, proof) }),
            Ok(None) => {
                let sender = self.certificate.as_ref().map(KeyHeld::by_certificate);
                Turn::Known(self.cx, Caller { client, registered, sender })
            }
            Err(reason) => Turn::Refuse(self.cx, reason),
        }
    }
}

impl<'a> Checking<'a> {
    /// The key, the message and the signature.
    pub(super) const fn signed(&self) -> (&'a [u8], &'a [u8], &'a [u8]) {
        match &self.of {
            Checked::Assertion(of) => (of.key(), of.message(), of.signature()),
            Checked::Proof(_, of) => (of.key(), of.message(), of.signature()),
        }
    }

    pub(super) fn verified(self, verdict: Answer<Verdict>) -> Turn<'a> {
        let Self { inquiry, row, of } = self;
        let of = match of {
            Checked::Assertion(assertion) => assertion.verified(verdict).map(Marked::Assertion),
            Checked::Proof(client, proof) => proof.verified(verdict).map(|mark| Marked::Proof(client, mark)),
        };
        match of {
            Ok(of) => Turn::Commit(Marking { inquiry, row, of }),
            Err(reason) => Turn::Refuse(inquiry.cx, reason),
        }
    }
}

impl<'a> Marking<'a> {
    /// The write to ask for.
    pub(super) const fn write(&self) -> Write<'a> {
        match &self.of {
            Marked::Assertion(of) => of.mark(),
            Marked::Proof(_, of) => of.mark(),
        }
    }

    pub(super) fn committed(self, outcome: Answer<Committed>) -> Turn<'a> {
        let Self { inquiry, row, of } = self;
        let registered = match Client::decode(row) {
            Ok(registered) => registered,
            Err(reason) => return Turn::Refuse(inquiry.cx, reason),
        };
        match of {
            Marked::Assertion(assertion) => {
                let held = assertion.marked(outcome);
                match held.and_then(|held| inquiry.credentials.authenticate_by_assertion(&registered, held)) {
                    Ok(client) => inquiry.authenticated(client, row, registered),
                    Err(reason) => Turn::Refuse(inquiry.cx, reason),
                }
            }
            Marked::Proof(client, proof) => match proof.marked(outcome) {
                Ok(held) => Turn::Known(inquiry.cx, Caller { client, registered, sender: Some(held) }),
                Err(reason) => Turn::Refuse(inquiry.cx, reason),
            },
        }
    }
}
