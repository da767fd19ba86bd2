//! A request to a protected resource on its way (RFC 6750 section 2.1, RFC 9449 section 7.1): the session, the proof, the
//! exchange, and what a challenge says of the token.
//!
//! It is no flow by itself, so that there is one of it in a program: [`step`] puts its questions as those of the flow that makes
//! the request.

use crate::client::exchange::{Target, nonce, proof};
use crate::client::request::{Requested, ResourceRequest, ResourceResponse, StepUp};
use crate::client::response::{Failure, ServerError};
use crate::client::{BUFFER, Binding, Client, SIGNED, works};
use crate::error::{Reason, TooSmall};
use crate::limits;
use crate::name::Name;
use crate::record::{Identity, Key, Kind, Nonce, Owner, Record, SESSION_ROW, Session};
use crate::step::{Answer, Commit, Exchange, Flow, Labels, Load, Row, Send, SendPolicy, Sign, Step, Write};
use crate::terms::endpoint::Endpoint;
use crate::terms::list::List;
use crate::terms::parameter;
use crate::terms::resource::Resource;
use crate::terms::signing_key::SigningKey;
use crate::terms::{Entropy, Time};
use crate::wire::challenge::{self, Challenge, Quoted};
use crate::wire::header;
use crate::wire::http::{Field, Response, fields};
use crate::wire::sign;
use crate::wire::write::Arena;

const _: () = assert!(
    SESSION_ROW + 2 * SIGNED + 2 * limits::FOREIGN_TOKEN + limits::RESPONSE_FIELDS + 2 * limits::RESPONSE_BODY + 4096
        <= BUFFER,
    "a request has room for its row, two proofs, its challenge, and the response twice"
);

/// A request on its way, and what is known of the session that it is made for.
pub struct Access<'a> {
    client: &'a Client<'a>,
    now: Time,
    pub(super) arena: Arena<'a>,
    endpoint: Endpoint<'a>,
    request: ResourceRequest<'a>,
    /// Whether it is the server's own userinfo endpoint that is asked, for which every token is that has the scope.
    userinfo: bool,
    session: Key,
    /// What the proofs are numbered by, one each.
    numbers: [[u8; 32]; 2],
    access_token: &'a str,
    pub(super) identity: Option<Identity<'a>>,
    /// The key that the token is bound to, if it is.
    key: Option<SigningKey<'a>>,
    nonce: Option<&'a str>,
    /// The nonce as its row has it, and the row's version.
    known: Option<(&'a str, u64)>,
    message: &'a str,
    /// Whether the response is declared as JSON.
    pub(super) json: bool,
    /// Whether it was sent before, and the server has asked for a nonce.
    again: bool,
}

/// What comes next.
#[allow(clippy::large_enum_variant)] // There is no allocator to box with.
pub(super) enum Turn<'a> {
    Load(Key, Kind),
    Sign(&'a str, &'a [u8]),
    Send(Exchange<'a>),
    Done(Requested<'a>),
}

/// The end, while the nonce of the server is being stored.
pub struct AwaitNonce<O> {
    pub(super) output: O,
}

/// Begins with the session. `request.body_cap` bytes of response must fit in the buffer.
pub(super) fn begin<'a>(
    client: &'a Client<'a>,
    session: Key,
    request: ResourceRequest<'a>,
    userinfo: bool,
    now: Time,
    entropy: &Entropy,
    buffer: &'a mut [u8],
) -> Result<Result<Access<'a>, Reason>, TooSmall> {
    let needed = BUFFER.saturating_add(request.body_cap.saturating_sub(limits::RESPONSE_BODY));
    let arena = Arena::new(buffer, needed)?;
    let checked = || {
        let endpoint = Endpoint::of_resource(request.url, client.schemes)?;
        if request.method.as_str().is_empty() {
            return Err(Reason::Method);
        }
        for value in [request.accept, request.content_type] {
            if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
                return Err(Reason::Malformed(Name::HeaderFields));
            }
        }
        if !userinfo && !Resource::parse(request.resource)?.covers(request.url) {
            return Err(Reason::Resource);
        }
        Ok((endpoint, entropy.derive(["proof", "second proof"])?))
    };
    Ok(checked().map(|(endpoint, numbers)| Access {
        client,
        now,
        arena,
        endpoint,
        request,
        userinfo,
        session,
        numbers,
        access_token: "",
        identity: None,
        key: None,
        nonce: None,
        known: None,
        message: "",
        json: false,
        again: false,
    }))
}

impl Client<'_> {
    /// Whether a request with a token comes with a certificate. Only what the token is bound to is shown: who the client is, the
    /// server's other endpoints alone need to know.
    pub(super) const fn certificate_bound(&self) -> bool {
        matches!(self.binding, Binding::Certificate)
    }
}

impl<'a> Access<'a> {
    pub(super) fn loaded(&mut self, row: Answer<Option<Row<'_>>>) -> Turn<'a> {
        let next = if self.access_token.is_empty() { self.take_session(row) } else { self.take_nonce(row) };
        next.unwrap_or_else(|reason| Turn::Done(failed(reason)))
    }

    fn take_session(&mut self, row: Answer<Option<Row<'_>>>) -> Result<Turn<'a>, Reason> {
        let gone = |reason: Reason| Ok(Turn::Done(Requested::SignInAgain(reason.into())));
        let Some(row) = row.map_err(|_| Reason::StoreUnavailable)? else { return gone(Reason::SessionGone) };
        let row = self.arena.copy(row.value)?;
        let session = Session::decode(row)?;
        if session.owner() != self.owner() {
            return Err(Reason::SessionForeign);
        }
        let Some(tokens) = session.tokens() else { return gone(Reason::SessionGone) };
        // The token is sent where it is for, and nowhere else (RFC 8707 section 2, RFC 9700 section 4.9.1).
        let mut urls = List(tokens.resources).words().filter(|word| Resource::parse(word).is_ok_and(Resource::is_url));
        if !self.userinfo && urls.clone().next().is_some() && !urls.any(|url| url == self.request.resource) {
            return Err(Reason::Resource);
        }
        let by = if tokens.refresh_token.is_none() { self.now } else { self.now.after(limits::FRESH_MARGIN) };
        if self.userinfo && tokens.identity.is_none() {
            return Err(Reason::Missing(Name::IdToken));
        }
        if !works(tokens, None, by) {
            return Ok(Turn::Done(Requested::TokenEnded { rejected: None }));
        }
        self.access_token = tokens.access_token;
        self.identity = tokens.identity;
        let Some(key_id) = tokens.signing.key_id else { return self.exchange(None).map(Turn::Send) };
        let Some(key) = self.client.key(key_id) else { return gone(Reason::KeyUnknown) };
        self.key = Some(key);
        Ok(Turn::Load(self.nonce_row(), Kind::Nonce))
    }

    /// A nonce that cannot be read is none: the server says what it needs.
    fn take_nonce(&mut self, row: Answer<Option<Row<'_>>>) -> Result<Turn<'a>, Reason> {
        if let Some(row) = row.map_err(|_| Reason::StoreUnavailable)? {
            let value = Nonce::decode(row.value).map_or("", |nonce| nonce.value);
            let value = self.arena.copy_str(value)?;
            self.nonce = Some(value).filter(|value| !value.is_empty());
            self.known = Some((value, row.version));
        }
        self.prove()
    }

    fn owner(&self) -> Owner<'a> {
        Owner { issuer: self.client.issuer.as_str(), client_id: self.client.client_id.as_str() }
    }

    fn nonce_row(&self) -> Key {
        let Owner { issuer, client_id } = self.owner();
        Key::origin_nonce(issuer, client_id, self.endpoint.origin())
    }

    /// The proof that goes with the request, to be signed.
    fn prove(&mut self) -> Result<Turn<'a>, Reason> {
        let key = self.key.ok_or(Reason::KeyUnknown)?;
        let [first, second] = &self.numbers;
        let target = Target {
            method: self.request.method.as_str(),
            url: self.request.url,
            nonce: self.nonce,
            access_token: Some(self.access_token),
        };
        let number = if self.again { second } else { first };
        self.message = proof(&mut self.arena, &key, &target, number, self.now)?;
        Ok(Turn::Sign(key.key_id, self.message.as_bytes()))
    }

    pub(super) fn signed(&mut self, signature: Answer<&[u8]>) -> Turn<'a> {
        let exchange = signature.map_err(|_| Reason::KeysUnavailable).and_then(|signature| {
            let proof = sign::compact(&mut self.arena, self.message, signature)?;
            self.exchange(Some(proof))
        });
        exchange.map_or_else(|reason| Turn::Done(failed(reason)), Turn::Send)
    }

    fn exchange(&mut self, proof: Option<&'a str>) -> Result<Exchange<'a>, Reason> {
        let ResourceRequest { method, url, accept, content_type, body, body_cap, .. } = self.request;
        let (scheme, token) = (if proof.is_some() { "DPoP " } else { "Bearer " }, self.access_token);
        let value = self.arena.write(|w| {
            w.str(scheme);
            w.str(token);
        })?;
        let mut headers = fields([Field { name: "Authorization", value }]);
        let optional = [("DPoP", proof.unwrap_or_default()), ("Accept", accept), ("Content-Type", content_type)];
        for (name, value) in optional.into_iter().filter(|(_, value)| !value.is_empty()) {
            let _ = headers.push(Field { name, value: value.as_bytes() });
        }
        let plain_http = self.endpoint.is_plain_http();
        let policy = SendPolicy {
            public_addresses_only: self.client.public_addresses_only() && !plain_http,
            client_certificate: self.client.certificate_bound(),
            body_cap,
            ..SendPolicy::new(plain_http)
        };
        Ok(Exchange { method, url, headers, body, policy })
    }

    pub(super) fn sent(&mut self, response: Answer<Response<'_>>) -> Turn<'a> {
        self.judge(response).unwrap_or_else(|reason| Turn::Done(failed(reason)))
    }

    fn judge(&mut self, response: Answer<Response<'_>>) -> Result<Turn<'a>, Reason> {
        let Response { status, headers, body } = response.map_err(|_| Reason::PeerUnavailable)?;
        // From every response, whatever its status (RFC 9449 section 8.2).
        let learnt = nonce(headers).filter(|_| self.key.is_some());
        if let Some(nonce) = learnt {
            self.nonce = Some(self.arena.copy_str(nonce)?);
        }
        if matches!(status, 401 | 403) {
            let scheme = if self.key.is_some() { "DPoP" } else { "Bearer" };
            let challenge = challenge::find(headers, scheme).unwrap_or_default();
            let error = |code: &str| challenge.error.is_some_and(|error| error.is(code));
            if error("use_dpop_nonce") && learnt.is_some() && !self.again {
                self.again = true;
                return self.prove();
            }
            if let Some(refused) = self.refused(&challenge, &error) {
                return Ok(Turn::Done(refused));
            }
        }
        self.answered(status, headers, body).map(|response| Turn::Done(Requested::Answered(response)))
    }

    /// What a challenge says of the token, if it is something that another token would mend, or a proof that it did not take.
    fn refused(&mut self, challenge: &Challenge<'_>, error: &dyn Fn(&str) -> bool) -> Option<Requested<'a>> {
        if error("invalid_token") {
            return Some(Requested::TokenEnded { rejected: Some(self.access_token) });
        }
        for code in ["use_dpop_nonce", "invalid_dpop_proof"] {
            if self.key.is_some() && error(code) {
                let error = Some(ServerError { code, description: None });
                return Some(Requested::Failed(Failure { reason: Reason::ServerRefused, error }));
            }
        }
        let scope = self.text(challenge.scope, Name::Scope);
        if error("insufficient_scope") {
            return Some(Requested::ScopeInsufficient { scope });
        }
        if error("insufficient_user_authentication") {
            let acr_values = self.text(challenge.acr_values, Name::AcrValues);
            let max_age = challenge.max_age.and_then(Quoted::number);
            // Without either nobody knows what would do.
            let told = max_age.is_some() || !acr_values.is_empty();
            return told.then_some(Requested::StepUp(StepUp { acr_values, max_age, scope }));
        }
        None
    }

    /// A parameter of a challenge, if it follows the grammar of the request's parameter that it is meant for; else nothing.
    fn text(&mut self, value: Option<Quoted<'_>>, name: Name) -> &'a str {
        let text = value.and_then(|value| value.text(&mut self.arena));
        text.filter(|text| parameter::check(name, text).is_ok()).unwrap_or_default()
    }

    fn answered(&mut self, status: u16, headers: &[Field<'_>], body: &[u8]) -> Result<ResourceResponse<'a>, Reason> {
        if body.len() > self.request.body_cap {
            return Err(Reason::TooLong(Name::Body));
        }
        let wanted = List(self.request.wanted);
        let wanted = headers.iter().filter(|field| {
            wanted.words().any(|name| name.eq_ignore_ascii_case(field.name))
                // Nothing that a reader of lines would take for another field.
                && !field.value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
        });
        self.json = header::expect_json(headers).is_ok();
        let len = |field: &Field<'_>| field.name.len().saturating_add(field.value.len()).saturating_add(4);
        if wanted.clone().fold(0_usize, |sum, field| sum.saturating_add(len(field))) > limits::RESPONSE_FIELDS {
            return Err(Reason::TooLong(Name::HeaderFields));
        }
        let headers = self.arena.write(|w| {
            for field in wanted {
                w.str(field.name);
                w.str(": ");
                w.bytes(field.value);
                w.str("\r\n");
            }
        })?;
        Ok(ResourceResponse { status, headers, body: self.arena.copy(body)? })
    }

    /// The write that stores a nonce that is new, if there is one.
    fn write(&mut self) -> Option<Write<'a>> {
        let value = self.nonce.filter(|_| self.key.is_some())?;
        if self.known.is_some_and(|(known, _)| known == value) {
            return None;
        }
        let row: &'a [u8] = self.arena.fill(|place| Nonce { value }.encode(place)).ok()?;
        Some(Write {
            key: self.nonce_row(),
            expected: self.known.map(|(_, version)| version),
            value: Some(row),
            expires_at: self.now.after(limits::ORIGIN_NONCE),
            labels: Labels { kind: Kind::Nonce, client_id: Some(self.client.client_id.as_str()), subject: None },
        })
    }
}

pub(super) fn failed<'a>(reason: Reason) -> Requested<'a> {
    Requested::Failed(reason.into())
}

/// A flow that is one request to a resource.
pub(super) trait Accessing: Flow {
    /// What it makes of the end of the request.
    fn ended<'a>(access: &mut Access<'a>, requested: Requested<'a>) -> Self::Output<'a>;
}

/// The first step of a flow whose request may be made.
pub(super) fn start<'a, F>(access: Access<'a>) -> Step<'a, F>
where
    F: Accessing
        + Flow<
            Loading<'a> = Access<'a>,
            Signing<'a> = Access<'a>,
            Sending<'a> = Access<'a>,
            Committing<'a> = AwaitNonce<<F as Flow>::Output<'a>>,
        >,
{
    let turn = Turn::Load(access.session, Kind::Session);
    step(access, turn)
}

/// The next step of a flow whose request has taken this turn.
pub(super) fn step<'a, F>(mut access: Access<'a>, turn: Turn<'a>) -> Step<'a, F>
where
    F: Accessing
        + Flow<
            Loading<'a> = Access<'a>,
            Signing<'a> = Access<'a>,
            Sending<'a> = Access<'a>,
            Committing<'a> = AwaitNonce<<F as Flow>::Output<'a>>,
        >,
{
    match turn {
        Turn::Load(key, kind) => Step::Load(Load { key, kind, at: access }),
        Turn::Sign(key_id, message) => Step::Sign(Sign { key_id, message, at: access }),
        Turn::Send(exchange) => Step::Send(Send { exchange, at: access }),
        Turn::Done(requested) => {
            let output = F::ended(&mut access, requested);
            match access.write() {
                Some(write) => Step::Commit(Commit { write, at: AwaitNonce { output } }),
                None => Step::Done(output),
            }
        }
    }
}

/// The phases of a flow that is one request to a resource.
macro_rules! accesses {
    () => {
        type Loading<'a> = Access<'a>;
        type Committing<'a> = AwaitNonce<Self::Output<'a>>;
        type Signing<'a> = Access<'a>;
        type Sending<'a> = Access<'a>;
        no_phases!(Verifying);

        fn loaded<'a>(mut at: Self::Loading<'a>, row: Answer<Option<Row<'_>>>) -> Step<'a, Self> {
            let turn = at.loaded(row);
            access::step(at, turn)
        }

        fn committed<'a>(at: Self::Committing<'a>, _: Answer<Committed>) -> Step<'a, Self> {
            Step::Done(at.output)
        }

        fn signed<'a>(mut at: Self::Signing<'a>, signature: Answer<&[u8]>) -> Step<'a, Self> {
            let turn = at.signed(signature);
            access::step(at, turn)
        }

        fn sent<'a>(mut at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
            let turn = at.sent(response);
            access::step(at, turn)
        }
    };
}
pub(super) use accesses;
