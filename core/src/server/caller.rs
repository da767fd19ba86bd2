//! Who calls an endpoint that programs call: its client, authenticated by the method that it has registered, and the key
//! that it holds, if it proves one.
//!
//! ```text
//! start           -> load client | load document | done
//! load client     -> load document | verify | the endpoint | done
//! load document   -> commit document | load document | verify | the endpoint | done
//! commit document -> send | load document | verify | the endpoint | done
//! send            -> commit document | load document | verify | the endpoint | done
//! verify          -> commit mark | done
//! commit mark     -> verify | the endpoint | done
//! ```
//!
//! What can be judged without a question is judged before one is asked, and both proofs before either is marked: so a request
//! that is refused for one of them has not used up the other. A client that shows a secret, or nothing, costs one question.
//!
//! The inquiry itself knows no endpoint, so that there is one of it in a program; [`Endpoint`](super::endpoint::Endpoint) puts its
//! questions as the endpoint's.

use crate::document::{self, Found, Source};
use crate::error::{Reason, lent};
use crate::limits;
use crate::name::Name;
use crate::proof::assertion::{AssertionHeld, ClientAssertion};
use crate::proof::certificate::CertificateMatched;
use crate::proof::client_auth::{ClientAuthenticated, Credentials, Parameters};
use crate::proof::dpop::{DpopProof, Expected};
use crate::proof::possession::KeyHeld;
use crate::proof::replay::Unmarked;
use crate::proof::signature::Unverified;
use crate::record::{AuthenticationMethod, Client, ClientKeys, Key, Kind, Record};
use crate::server::{Context, registration};
use crate::step::{Answer, Committed, Exchange, Row, Verdict, Write};
use crate::wire::header;
use crate::wire::http::{Certificate, Field, Response};
use crate::wire::json::{self, Object};

/// What a request shows of its caller.
struct Inquiry<'a> {
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
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub(super) enum Turn<'a> {
    /// Read a row.
    Load(Reading<'a>),
    /// Check a signature.
    Verify(Checking<'a>),
    /// Write a row.
    Commit(Writing<'a>),
    /// Ask for a document of the client.
    Send(Fetching<'a>),
    /// The caller is known: the endpoint goes on.
    Known(Context<'a>, Caller<'a>),
    /// The request is refused.
    Refuse(Context<'a>, Reason),
}

/// What a document is sought for.
#[derive(Clone, Copy)]
enum Sought<'a> {
    /// The client, which is known by its metadata document.
    Client,
    /// The keys of the client with this row; newer ones, if those that are known lack the one.
    Keys { row: &'a [u8], newer: bool },
}

/// A row is being read.
pub struct Reading<'a> {
    inquiry: Inquiry<'a>,
    of: Read<'a>,
}

enum Read<'a> {
    Client,
    Document(Sought<'a>, document::AwaitRow<'a>),
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

/// A row is being written: a proof whose signature holds is marked as used, or a document is kept.
pub struct Writing<'a> {
    inquiry: Inquiry<'a>,
    of: Written<'a>,
}

enum Written<'a> {
    Assertion(&'a [u8], Unmarked<AssertionHeld<'a>>),
    Proof(&'a [u8], ClientAuthenticated<'a>, Unmarked<KeyHeld>),
    Document(Sought<'a>, document::AwaitCommit<'a>),
}

/// A document of the client is being asked for.
pub struct Fetching<'a> {
    inquiry: Inquiry<'a>,
    sought: Sought<'a>,
    at: document::AwaitResponse<'a>,
}

/// What a client shows, by what is known of it.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
enum Shows<'a> {
    /// Who it is.
    Itself(ClientAuthenticated<'a>, Client<'a>),
    /// An assertion, if it is signed with the key that it names.
    Assertion(Unverified<'a, Unmarked<AssertionHeld<'a>>>),
    /// What is to be judged by keys that are elsewhere; newer ones, if those that are known lack the one.
    ByKeysAt { source: Source<'a>, newer: bool },
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
            // Before it is copied: no proof is longer.
            if text.len() > limits::JWS {
                return Err(Reason::DpopProof(Name::Dpop));
            }
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
        let (document, now) = (registration::document(cx.server, credentials.client_id()), cx.now);
        let inquiry = Inquiry { cx, credentials, certificate, proof };
        match document {
            None => Turn::Load(Reading { inquiry, of: Read::Client }),
            Some(source) => inquiry.seek(Sought::Client, source.find(now)),
        }
    }
}

impl<'a> Inquiry<'a> {
    fn seek(mut self, sought: Sought<'a>, turn: document::Turn<'a>) -> Turn<'a> {
        match (turn, sought) {
            (document::Turn::Load(at), _) => Turn::Load(Reading { inquiry: self, of: Read::Document(sought, at) }),
            (document::Turn::Commit(at), _) => {
                Turn::Commit(Writing { inquiry: self, of: Written::Document(sought, at) })
            }
            (document::Turn::Send(at), _) => Turn::Send(Fetching { inquiry: self, sought, at }),
            (document::Turn::Done(found), Sought::Client) => {
                match registration::row(found, self.credentials.client_id(), &mut self.cx) {
                    Ok(row) => self.known(row),
                    Err(reason) => Turn::Refuse(self.cx, reason),
                }
            }
            (document::Turn::Done(found), Sought::Keys { row, newer }) => {
                let shows = self.found(row, newer, found);
                self.go(row, shows)
            }
        }
    }

    /// Goes on with the client's row.
    fn known(mut self, row: &'a [u8]) -> Turn<'a> {
        let shows = self.shows(row);
        self.go(row, shows)
    }

    fn go(self, row: &'a [u8], shows: Result<Shows<'a>, Reason>) -> Turn<'a> {
        match shows {
            Ok(Shows::Itself(client, registered)) => self.authenticated(client, row, registered),
            Ok(Shows::Assertion(of)) => Turn::Verify(Checking { inquiry: self, row, of: Checked::Assertion(of) }),
            Ok(Shows::ByKeysAt { source, newer }) => {
                let now = self.cx.now;
                let turn = if newer { source.find_newer(now) } else { source.find(now) };
                self.seek(Sought::Keys { row, newer }, turn)
            }
            Err(reason) => Turn::Refuse(self.cx, reason),
        }
    }

    fn row(&mut self, row: Answer<Option<Row<'_>>>) -> Result<&'a [u8], Reason> {
        match row.map_err(|_| Reason::StoreUnavailable)? {
            Some(row) => self.cx.arena.copy(row.value),
            // Takes as long as a wrong secret does.
            None => Err(self.credentials.authenticate(None).err().unwrap_or(Reason::ClientAuthentication)),
        }
    }

    /// What the client shows, as far as its row alone tells.
    fn shows(&mut self, row: &'a [u8]) -> Result<Shows<'a>, Reason> {
        let registered = Client::decode(row);
        let registered = lent(&registered)?;
        if self.credentials.assertion().is_some() {
            self.credentials.may_assert(registered)?;
            // The other proof is judged first: this one is used up once it is marked.
            self.proof()?;
            return self.with_keys(registered);
        }
        let client = match registered.authentication {
            AuthenticationMethod::TlsClientAuth => {
                let matched = CertificateMatched::by_subject(self.certificate.as_ref(), registered.certificate)?;
                self.credentials.authenticate_by_certificate(registered, matched)?
            }
            AuthenticationMethod::SelfSignedTlsClientAuth => {
                self.credentials.may_show_certificate(registered)?;
                self.certificate.ok_or(Reason::Certificate)?;
                return self.with_keys(registered);
            }
            _ => self.credentials.authenticate(Some(registered))?,
        };
        Ok(Shows::Itself(client, *registered))
    }

    fn with_keys(&mut self, registered: &Client<'a>) -> Result<Shows<'a>, Reason> {
        match registered.keys {
            ClientKeys::Jwks(text) => {
                let text = self.cx.arena.copy_mut(text.as_bytes())?;
                let set = json::object(text).map_err(|_| self.lacks(Name::Jwks))?;
                self.by_keys(registered, &set)?.ok_or(self.lacks(Name::Kid))
            }
            ClientKeys::JwksUri(uri) => {
                Ok(Shows::ByKeysAt { source: registration::keys(self.cx.server, uri)?, newer: false })
            }
            ClientKeys::None => Err(Reason::ClientAuthentication),
        }
    }

    /// Goes on with the keys that were found at the client's `jwks_uri`.
    fn found(&mut self, row: &'a [u8], newer: bool, found: Result<Found<'a>, Reason>) -> Result<Shows<'a>, Reason> {
        let Found::Document(set) = found.map_err(registration::of_client)? else {
            return Err(self.lacks(Name::Kid));
        };
        let registered = Client::decode(row);
        let registered = lent(&registered)?;
        match (self.by_keys(registered, &set)?, registered.keys) {
            (Some(shows), _) => Ok(shows),
            // The key may be newer than the set.
            (None, ClientKeys::JwksUri(uri)) if !newer => {
                Ok(Shows::ByKeysAt { source: registration::keys(self.cx.server, uri)?, newer: true })
            }
            (None, _) => Err(self.lacks(Name::Kid)),
        }
    }

    /// The reason for keys of the client that are not those that it needs.
    const fn lacks(&self, name: Name) -> Reason {
        if self.credentials.assertion().is_some() { Reason::Assertion(name) } else { Reason::Certificate }
    }

    /// Judges what the client shows by its keys; `None` if the one that it takes is not among them.
    fn by_keys(&mut self, registered: &Client<'a>, set: &Object<'a>) -> Result<Option<Shows<'a>>, Reason> {
        let Some(text) = self.credentials.assertion() else {
            let Some(matched) = CertificateMatched::by_keys(self.certificate.as_ref(), set)? else { return Ok(None) };
            let client = self.credentials.authenticate_by_certificate(registered, matched)?;
            return Ok(Some(Shows::Itself(client, *registered)));
        };
        let Context { server, now, arena } = &mut self.cx;
        let judged = ClientAssertion::read(text, arena)?.judge(server.issuer, *now)?;
        Ok(judged.with_keys(set, registered.signing_algorithm, arena)?.map(Shows::Assertion))
    }

    /// Judges the DPoP proof, if there is one.
    fn proof(&mut self) -> Result<Option<Unverified<'a, Unmarked<KeyHeld>>>, Reason> {
        let Some(ProofShown { text, url }) = self.proof else { return Ok(None) };
        let Context { server, now, arena } = &mut self.cx;
        let field = [Field { name: "DPoP", value: text.as_bytes() }];
        let Some(proof) = DpopProof::read(&field, arena)? else { return Ok(None) };
        let freshness = proof.freshness(server.dpop_nonces.then_some(&server.keys), *now);
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

impl<'a> Reading<'a> {
    /// The row to ask for, and what it holds.
    pub(super) fn key(&self) -> (Key, Kind) {
        match &self.of {
            Read::Client => (Key::client(self.inquiry.credentials.client_id()), Kind::Client),
            Read::Document(_, at) => (at.key(), Kind::Document),
        }
    }

    pub(super) fn loaded(self, row: Answer<Option<Row<'_>>>) -> Turn<'a> {
        let Self { mut inquiry, of } = self;
        match of {
            Read::Client => match inquiry.row(row) {
                Ok(row) => inquiry.known(row),
                Err(reason) => Turn::Refuse(inquiry.cx, reason),
            },
            Read::Document(sought, at) => {
                let turn = at.loaded(row, &mut inquiry.cx.arena);
                inquiry.seek(sought, turn)
            }
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
            Checked::Assertion(assertion) => assertion.verified(verdict).map(|mark| Written::Assertion(row, mark)),
            Checked::Proof(client, proof) => proof.verified(verdict).map(|mark| Written::Proof(row, client, mark)),
        };
        match of {
            Ok(of) => Turn::Commit(Writing { inquiry, of }),
            Err(reason) => Turn::Refuse(inquiry.cx, reason),
        }
    }
}

impl<'a> Writing<'a> {
    /// The write to ask for.
    pub(super) const fn write(&self) -> Write<'a> {
        match &self.of {
            Written::Assertion(_, of) => of.mark(),
            Written::Proof(_, _, of) => of.mark(),
            Written::Document(_, at) => *at.write(),
        }
    }

    pub(super) fn committed(self, outcome: Answer<Committed>) -> Turn<'a> {
        let Self { mut inquiry, of } = self;
        let (row, marked) = match of {
            Written::Document(sought, at) => {
                let turn = at.committed(outcome, &mut inquiry.cx.arena);
                return inquiry.seek(sought, turn);
            }
            Written::Assertion(row, assertion) => (row, assertion.marked(outcome).map(Err)),
            Written::Proof(row, client, proof) => (row, proof.marked(outcome).map(|held| Ok((client, held)))),
        };
        match marked.and_then(|marked| Ok((marked, Client::decode(row)?))) {
            Ok((Ok((client, held)), registered)) => {
                Turn::Known(inquiry.cx, Caller { client, registered, sender: Some(held) })
            }
            Ok((Err(held), registered)) => match inquiry.credentials.authenticate_by_assertion(&registered, held) {
                Ok(client) => inquiry.authenticated(client, row, registered),
                Err(reason) => Turn::Refuse(inquiry.cx, reason),
            },
            Err(reason) => Turn::Refuse(inquiry.cx, reason),
        }
    }
}

impl<'a> Fetching<'a> {
    /// The exchange to ask for.
    pub(super) fn exchange(&self) -> Exchange<'a> {
        self.at.exchange()
    }

    pub(super) fn sent(self, response: Answer<Response<'_>>) -> Turn<'a> {
        let Self { mut inquiry, sought, at } = self;
        let turn = at.sent(response, &mut inquiry.cx.arena);
        inquiry.seek(sought, turn)
    }
}
