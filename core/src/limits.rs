//! Every limit of the core, in one table, with the reason for each number.
//!
//! A peer that exceeds one is answered with [`Reason::TooLong`](crate::Reason::TooLong) or
//! [`Reason::TooMany`](crate::Reason::TooMany). Lengths are in bytes, after decoding.

/// A form body or query, before decoding: room for a 2 KiB `state`, a 2 KiB redirection URI, both percent-encoded.
pub const FORM: usize = 16 * 1024;
/// Parameters in one form: RFC 6749 with its extensions names about thirty.
pub const PARAMETERS: usize = 64;
/// Header fields read from one message: what common HTTP servers accept.
pub const HEADERS: usize = 128;
/// An `Authorization` header value: a scheme and an access token, or two 256-byte halves, form-encoded, in base64.
pub const AUTHORIZATION: usize = FOREIGN_TOKEN + 16;
/// A URI: what browsers and proxies carry without loss.
pub const URI: usize = 2 * 1024;
/// A `state`: opaque to us, kept until the decision; JWTs are seen here.
pub const STATE: usize = 2 * 1024;
/// A `client_id`: random identifiers are short, metadata-document URLs are longer.
pub const CLIENT_ID: usize = 256;
/// A client secret.
pub const CLIENT_SECRET: usize = 256;
/// A name from a registry, as in `grant_type` or `error`: URNs are the longest.
pub const NAME: usize = 128;
/// A SHA-256 hash in base64url, as a `code_challenge` is (RFC 7636 section 4.2).
pub const HASH: usize = 43;
/// A `code_verifier` (RFC 7636 section 4.1).
pub const CODE_VERIFIER: usize = 128;
/// `max_age` (OpenID Connect Core section 3.1.2.1), in decimal digits: three centuries.
pub const MAX_AGE: usize = 10;
/// A client name shown to a person.
pub const CLIENT_NAME: usize = 128;
/// A subject identifier: OpenID Connect Core section 2 allows 255.
pub const SUBJECT: usize = 255;
/// A `scope` value.
pub const SCOPE: usize = 1024;
/// Scope tokens in one grant: one bit each in an access token.
pub const SCOPE_TOKENS: usize = 32;
/// A resource indicator (RFC 8707).
pub const RESOURCE: usize = 256;
/// Resource indicators in one grant: one bit each in an access token.
pub const RESOURCES: usize = 8;
/// `authorization_details` (RFC 9396), as JSON: a payment with two parties takes about 500.
pub const AUTHORIZATION_DETAILS: usize = 2 * 1024;
/// Objects in one `authorization_details`.
pub const AUTHORIZATION_DETAILS_MEMBERS: usize = 8;
/// A `nonce` (OpenID Connect Core section 3.1.2.1): opaque to us, kept until the code is redeemed.
pub const NONCE: usize = 512;
/// A `login_hint`: the longest mail address has 320 (RFC 3696 erratum 1690).
pub const LOGIN_HINT: usize = 320;
/// `acr_values`, and the `acr` or the `amr` of an authentication: a few names or URNs.
pub const ACR_VALUES: usize = 512;
/// Redirection URIs of one client.
pub const REDIRECT_URIS: usize = 8;
/// Secrets of one client: the current one and the one it replaces.
pub const CLIENT_SECRETS: usize = 2;
/// A JSON text: metadata documents and token responses with room to spare.
pub const JSON: usize = 64 * 1024;
/// One JSON string, member names included; its length must fit in 14 bits (see `wire::json`).
pub const JSON_STRING: usize = 16 * 1024 - 1;
/// Nesting of JSON values: metadata nests to two, claims to five or six.
pub const JSON_DEPTH: usize = 8;
/// Member names open at one time in a JSON text, over all levels.
pub const JSON_MEMBERS: usize = 128;
/// A token that another server made: large JWTs are about 4 KiB.
pub const FOREIGN_TOKEN: usize = 4 * 1024;
/// Keys in a credential key ring: the current one and those being retired.
pub const CREDENTIAL_KEYS: usize = 4;
/// Keys that a server signs with: one that is coming, the current one, and those whose tokens still live.
pub const SIGNING_KEYS: usize = 4;
/// How often a flow that lost a race re-reads before it answers that the server is busy.
pub const RACES: u8 = 2;
/// The binding of a user agent: at least 128 bits, as a random cookie value has.
pub const USER_AGENT_MIN: usize = 16;
/// The body of an HTTP response that a flow asks for.
pub const RESPONSE_BODY: usize = JSON;
/// The header fields of a resource's response that an application wants to have.
pub const RESPONSE_FIELDS: usize = 8 * 1024;
/// How long the nonce of a resource server is kept, in seconds: it works for minutes.
pub const ORIGIN_NONCE: u64 = 3600;
/// How long a flow lets one HTTP exchange take, in seconds.
pub const SEND_TIMEOUT: u32 = 10;
/// How long one holder may take to ask for a document, in seconds: the exchange and some, so that a lease lapses only where its
/// holder has died, or had no good answer.
pub const LEASE: u64 = 30;
/// How long one holder may take to refresh a session, in seconds: the token request and the one for the server's keys, each of
/// them twice, and some.
pub const SESSION_LEASE: u64 = 60;
#[allow(clippy::as_conversions)] // `u64::from` is not const.
const _: () = assert!(SESSION_LEASE >= 4 * SEND_TIMEOUT as u64 + 10, "a lease lapses only where its holder has died");
/// An access token that ends within so many seconds is refreshed before it is used: it must outlive the request it is for.
pub const FRESH_MARGIN: u64 = 30;
/// An authorization code, in seconds: RFC 6749 section 4.1.2 recommends ten minutes at most.
pub const CODE_LIFETIME: u64 = 600;
/// The name of a pushed authorization request, in seconds: RFC 9126 section 2.2 has it between 5 and 600.
pub const PUSHED_REQUEST_LIFETIME: u64 = 600;
/// The window in which a client that authenticates may ask for the same refresh again, in seconds: a lost response is noticed
/// at once, and outside the window a superseded refresh token is a stolen one.
pub const RETRY_WINDOW: u64 = 300;
/// Types of `authorization_details` that one client may ask for, and that one server knows.
pub const AUTHORIZATION_DETAILS_TYPES: usize = 16;
/// A client's JWK set, given by value: four RSA keys with their certificates.
pub const JWKS: usize = 8 * 1024;
/// A client ID metadata document: what its draft recommends to read at most.
pub const CLIENT_DOCUMENT: usize = 5 * 1024;
/// A certificate's subject, or one of its other names.
pub const CERTIFICATE_NAME: usize = 512;
/// For how long a `code_challenge` or `nonce` is known again if its client sends it once more, in seconds: a day, in which a
/// client that always sends the same is sure to be seen.
pub const CONSTANT_WINDOW: u64 = 86_400;
/// A DPoP nonce of the server is good until this many seconds have passed, and for as long again.
pub const DPOP_NONCE: u64 = 120;
/// A compact JWS, and so a JWT, before decoding.
pub const JWS: usize = FOREIGN_TOKEN;
/// A `kid`: thumbprints and UUIDs are short; some are URLs.
pub const KEY_ID: usize = 256;
/// A `jti` or a DPoP nonce: random values are short.
pub const JWT_ID: usize = 128;
/// The smallest RSA modulus, in bits: RFC 7518 section 3.3.
pub const RSA_MODULUS_MIN: usize = 2048;
/// The largest RSA modulus, in bits: what is larger is slow to verify, and no stronger than what else protects the exchange.
pub const RSA_MODULUS_MAX: usize = 4096;
/// Keys in a JWK set: each of the algorithms, in use, to come and being retired.
pub const KEYS: usize = 32;
/// A NumericDate, in seconds: the end of the year 9999, after which RFC 3339 has no dates.
pub const NUMERIC_DATE: u64 = 253_402_300_799;
/// How far the clock of a JWT's maker may be ahead, in seconds. An expiry is given no such room: what has ended is made anew.
pub const CLOCK_AHEAD: u64 = 10;
/// The age at which a DPoP proof is no longer taken, in seconds: RFC 9449 section 11.1 speaks of seconds or minutes.
pub const DPOP_AGE: u64 = 300;
/// How far ahead the expiry of a client assertion may be, in seconds: its `jti` is kept until then.
pub const ASSERTION_LIFETIME: u64 = 300;
/// How long a document is used at least before it is asked for again, in seconds, whatever its server says: nobody can have
/// us ask in a loop.
pub const FRESH_FLOOR: u64 = 60;
/// How long it is used at most, in seconds: a key that was withdrawn works no longer than a day.
pub const FRESH_CEILING: u64 = 86_400;
/// How long it is used if its server says nothing, in seconds.
pub const FRESH_DEFAULT: u64 = 3600;
/// How long it may be used after that if its server gives no answer, in seconds.
pub const STALE: u64 = 86_400;
/// How long the server is not asked again because of a key that is not in its set, in seconds: anybody can name one.
pub const COOL_DOWN: u64 = 60;
/// How long a client assertion that is made here is good, in seconds: as long as a request is under way, and clocks differ.
pub const OWN_ASSERTION: u64 = 60;
