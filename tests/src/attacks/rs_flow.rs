//! The resource server: tokens of another kind, of another issuer, and bound to a key.

use serde_json::{Value, json};
use symbolon::resource::{Accepts, AccessTokens, IssuerKeys, Judgement, Metadata, ResourceServer};
use symbolon::terms::issuer::Issuer;
use symbolon::wire::http::Certificate;

use super::endpoint::Guarded;
use super::outcome::{Checked, each, ensure};
use super::{Ground, Row, row};
use crate::app::resource_server;
use crate::drive::Host;
use crate::fixture::{Answer, ISSUER, NOW, RESOURCE};
use crate::keys;
use crate::peer::{Canned, Peer, Sent};
use crate::protected::{CLIENT_KEY, ISSUER_KEY, Incoming, Jwt, certificate, jwt_server, key_set};
use crate::store::MemoryStore;

pub(super) const ROWS: &[Row] = &[
    row("RS-13", "a signed introspection response is taken whoever it is for", "RFC 9701", rs_13),
    row("RS-14", "a challenge does not say where the resource's metadata is", "RFC 9728 section 5.1", rs_14),
    row("RS-15", "an ID token passes for an access token", "RFC 9068 section 4", rs_15),
    row("RS-16", "the key of one issuer signs for another", "RFC 8725 section 3.8", rs_16),
    row("JW-56", "a JWT access token lacks what it must say", "RFC 9068 section 4", jw_56),
    row("DP-15", "a bound token is used as a bearer token", "RFC 9449 section 7.2", dp_15),
    row("DP-16", "a token that is bound to no key is used with any", "RFC 9449 section 7.2", dp_16),
    row("DP-29", "a token is used with another certificate", "RFC 8705 section 3", dp_29),
];

/// What became of a request: allowed, or the refusal.
fn judged(server: &ResourceServer<'_>, incoming: &Incoming, host: &mut impl Host) -> Result<(), Answer> {
    incoming.judge(server, host, |judgement| match judgement {
        Judgement::Allow(_) => Ok(()),
        Judgement::Deny(reply) => Err(reply.into()),
    })
}

/// Refused with 401 and `invalid_token`, and nothing is stored.
fn denied(ground: &Ground, server: &ResourceServer<'_>, incoming: &Incoming) -> Checked {
    let mut host = Guarded::new(ground);
    let Err(answer) = judged(server, incoming, &mut host) else { return Err("allowed".to_owned()) };
    ensure(host.store.rows.is_empty(), || "something was stored".to_owned())?;
    let challenges: Vec<&str> =
        answer.headers.iter().filter(|(name, _)| name == "WWW-Authenticate").map(|(_, value)| value.as_str()).collect();
    ensure(answer.status == 401, || format!("status {} {:?}", answer.status, answer.reason))?;
    ensure(challenges.iter().any(|value| value.contains("error=\"invalid_")), || format!("{challenges:?}"))?;
    Ok(format!("401 ({})", answer.reason.map_or("?", |reason| reason.name())))
}

/// Allowed: what is refused is refused for what was changed.
fn allowed(ground: &Ground, server: &ResourceServer<'_>, incoming: &Incoming) -> Result<(), String> {
    judged(server, incoming, &mut Guarded::new(ground)).map_err(|answer| format!("a good one: {:?}", answer.reason))
}

/// A request whose token is introspected with this reply.
fn introspected(server: &ResourceServer<'_>, incoming: &Incoming, reply: &Canned) -> Result<(), Answer> {
    let mut store = MemoryStore::default();
    judged(server, incoming, &mut Peer::new(&mut store, |_: &Sent, _: &mut MemoryStore| Some(reply.clone())))
}

/// What introspection says of a token of `c1`, with these members besides.
fn active(more: Value) -> Value {
    let mut body = json!({ "active": true, "iss": ISSUER, "client_id": "c1", "sub": "alice", "scope": "read", "aud": RESOURCE, "exp": NOW.0 + 600 });
    if let (Some(members), Value::Object(more)) = (body.as_object_mut(), more) {
        members.extend(more);
    }
    body
}

fn rs_13(_: &Ground) -> Checked {
    let server = resource_server();
    let bearer = Incoming::with("Bearer at-1");
    let plain = Canned::json(200, &active(json!({})).to_string());
    introspected(&server, &bearer, &plain).map_err(|answer| format!("a good one: {:?}", answer.reason))?;
    let response = |typ: &str, aud: &str| {
        let claims = json!({ "iss": ISSUER, "aud": aud, "iat": NOW.0, "token_introspection": active(json!({})) });
        Jwt { header: json!({ "typ": typ, "alg": "EdDSA", "kid": ISSUER_KEY }), claims }.sign(ISSUER_KEY)
    };
    let good = response("token-introspection+jwt", "rs1");
    let jwt = "application/token-introspection+jwt";
    let replies = [
        ("a signed response", (good.clone(), jwt)),
        ("one for another", (response("token-introspection+jwt", "rs2"), jwt)),
        ("an access token", (response("at+jwt", RESOURCE), jwt)),
        ("one that says it is JSON", (good, "application/json")),
        ("JSON that says it is signed", (active(json!({})).to_string(), jwt)),
    ];
    each(replies, |(body, media_type)| {
        let headers = vec![("Content-Type".to_owned(), media_type.to_owned())];
        match introspected(&server, &bearer, &Canned { status: 200, headers, body }) {
            Err(answer) if answer.status == 503 => {
                Ok(format!("503 ({})", answer.reason.map_or("?", |reason| reason.name())))
            }
            other => Err(format!("{other:?}")),
        }
    })
}

fn rs_14(ground: &Ground) -> Checked {
    let server = ResourceServer { metadata: Some(Metadata::default()), ..jwt_server() };
    let named = "resource_metadata=\"https://rs.example/.well-known/oauth-protected-resource\"";
    let cases = [
        ("no token", ("", 401)),
        ("a token that is none", ("Bearer x.y.z", 401)),
        ("a malformed field", ("Bearer a b", 400)),
    ];
    each(cases, |(field, status)| {
        let incoming = if field.is_empty() { Incoming::of(&[]) } else { Incoming::with(field) };
        let Err(answer) = judged(&server, &incoming, &mut Guarded::new(ground)) else {
            return Err("allowed".to_owned());
        };
        ensure(answer.status == status, || format!("status {}", answer.status))?;
        let challenges = answer.headers.iter().filter(|(name, _)| name == "WWW-Authenticate");
        let without: Vec<_> = challenges.filter(|(_, value)| value.matches(named).count() != 1).collect();
        ensure(without.is_empty(), || format!("{without:?}"))?;
        Ok(format!("{status}, {named}"))
    })
}

fn rs_15(ground: &Ground) -> Checked {
    let server = jwt_server();
    allowed(ground, &server, &Incoming::with(&format!("Bearer {}", Jwt::access_token().sign(ISSUER_KEY))))?;
    let id_token = || {
        let claims =
            json!({ "iss": ISSUER, "sub": "alice", "aud": "c1", "exp": NOW.0 + 600, "iat": NOW.0, "nonce": "n" });
        Jwt { header: json!({ "alg": "EdDSA", "kid": ISSUER_KEY }), claims }
    };
    // One that has whatever an access token must have, but for its type.
    let ample = || Jwt { header: id_token().header, claims: Jwt::access_token().claims };
    let tokens = [
        ("an ID token", id_token()),
        ("one typed JWT", id_token().headed("typ", "JWT")),
        ("one for this resource", id_token().with("aud", RESOURCE)),
        ("the claims of an access token, untyped", ample()),
        ("typed JWT", ample().headed("typ", "JWT")),
        ("typed jwt", ample().headed("typ", "jwt")),
        ("a logout token", ample().headed("typ", "logout+jwt")),
        ("a client's assertion", ample().headed("typ", "client-authentication+jwt")),
        ("a DPoP proof", ample().headed("typ", "dpop+jwt")),
        ("a request object", ample().headed("typ", "oauth-authz-req+jwt")),
        ("typ that is no text", ample().headed("typ", json!(["at+jwt"]))),
    ];
    each(tokens, |jwt| denied(ground, &server, &Incoming::with(&format!("Bearer {}", jwt.sign(ISSUER_KEY)))))
}

fn rs_16(ground: &Ground) -> Checked {
    // The server of issuer A; B is as trusted, by another configuration.
    let server = jwt_server();
    let keys_of_b = key_set(&["ed25519-b"]);
    let other = "https://b.example";
    let of_b = ResourceServer {
        issuer: Issuer::parse(other).map_err(|reason| format!("{reason:?}"))?,
        access_tokens: AccessTokens::Jwt { keys: IssuerKeys::Pinned(&keys_of_b), algorithm: None },
        ..resource_server()
    };
    let token = |iss: &str, kid: &str, key: &str| {
        Incoming::with(&format!("Bearer {}", Jwt::access_token().with("iss", iss).headed("kid", kid).sign(key)))
    };
    allowed(ground, &server, &token(ISSUER, ISSUER_KEY, ISSUER_KEY))?;
    allowed(ground, &of_b, &token(other, "ed25519-b", "ed25519-b"))?;
    let attempts = [
        ("iss B, signed by A, at A", &server, token(other, ISSUER_KEY, ISSUER_KEY)),
        ("iss B, signed by A, at B", &of_b, token(other, ISSUER_KEY, ISSUER_KEY)),
        ("iss B, signed by A under a kid of B, at B", &of_b, token(other, "ed25519-b", ISSUER_KEY)),
        ("iss A, signed by B, at A", &server, token(ISSUER, "ed25519-b", "ed25519-b")),
        ("iss A, signed by B under a kid of A, at A", &server, token(ISSUER, ISSUER_KEY, "ed25519-b")),
        ("a good token of B, at A", &server, token(other, "ed25519-b", "ed25519-b")),
    ];
    each(attempts.map(|(name, server, incoming)| (name, (server, incoming))), |(server, incoming)| {
        denied(ground, server, &incoming)
    })
}

fn jw_56(ground: &Ground) -> Checked {
    let server = jwt_server();
    let mut tokens: Vec<(String, Jwt)> = Vec::new();
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let jwt = Jwt::access_token();
        tokens.push((format!("no {claim}"), jwt.clone().with(claim, Value::Null)));
        tokens.push((format!("{claim} a list of lists"), jwt.clone().with(claim, json!([["x"]]))));
        tokens.push((format!("{claim} true"), jwt.with(claim, true)));
    }
    let mut more = |name: &str, jwt: Jwt| tokens.push((name.to_owned(), jwt));
    more("scope an array", Jwt::access_token().with("scope", json!(["read"])));
    more("scope a number", Jwt::access_token().with("scope", 1));
    more("another audience", Jwt::access_token().with("aud", "https://api.example/"));
    more("the client as audience", Jwt::access_token().with("aud", "c1"));
    more("another issuer", Jwt::access_token().with("iss", "https://evil.example"));
    more("expired", Jwt::access_token().with("exp", NOW.0));
    more("not yet", Jwt::access_token().with("nbf", NOW.0 + 3600));
    more("made tomorrow", Jwt::access_token().with("iat", NOW.0 + 86_400));
    more("sub empty", Jwt::access_token().with("sub", ""));
    more("jti empty", Jwt::access_token().with("jti", ""));
    more("crit", Jwt::access_token().headed("crit", json!(["exp"])));
    more("alg none", Jwt::access_token().headed("alg", "none"));
    more("another kid", Jwt::access_token().headed("kid", "unknown"));
    let outcome = each(tokens, |jwt| {
        let incoming = Incoming::with(&format!("Bearer {}", jwt.sign(ISSUER_KEY)));
        denied(ground, &server, &incoming)
    })?;
    let forged =
        denied(ground, &server, &Incoming::with(&format!("Bearer {}", Jwt::access_token().sign("ed25519-evil"))))?;
    allowed(ground, &server, &Incoming::with(&format!("Bearer {}", Jwt::access_token().sign(ISSUER_KEY))))?;
    Ok(format!("{outcome}; signed by another -> {forged}; whole -> allowed"))
}

/// The two formats in which a token that is bound to this may come: with its server, and the reply if one is asked.
fn formats(cnf: Value) -> [(&'static str, ResourceServer<'static>, String, Canned); 2] {
    let more = if cnf.is_null() { json!({}) } else { json!({ "cnf": cnf }) };
    let reply = Canned::json(200, &active(more).to_string());
    let jwt = Jwt::access_token().with("cnf", cnf).sign(ISSUER_KEY);
    [("JWT", jwt_server(), jwt, reply.clone()), ("opaque", resource_server(), "at-1".to_owned(), reply)]
}

/// Judges a request with a token of either format. The host is as faulty as the ground.
fn attempt(ground: &Ground, server: &ResourceServer<'_>, incoming: &Incoming, reply: &Canned) -> Result<(), Answer> {
    let mut host = Guarded::new(ground);
    host.reply = Some(reply.clone());
    judged(server, incoming, &mut host)
}

/// Refused with 401 in both formats.
fn refused_in_both(ground: &Ground, cnf: &Value, incoming: impl Fn(&str) -> Incoming) -> Checked {
    let mut told = Vec::new();
    for (format, server, token, reply) in formats(cnf.clone()) {
        match attempt(ground, &server, &incoming(&token), &reply) {
            Err(answer) if answer.status == 401 => {
                told.push(format!("401 ({})", answer.reason.map_or("?", |reason| reason.name())));
            }
            other => return Err(format!("{format}: {other:?}")),
        }
    }
    told.dedup();
    Ok(told.join(", "))
}

fn allowed_in_both(ground: &Ground, cnf: &Value, incoming: impl Fn(&str) -> Incoming) -> Result<(), String> {
    for (format, server, token, reply) in formats(cnf.clone()) {
        attempt(ground, &server, &incoming(&token), &reply)
            .map_err(|answer| format!("a good one, {format}: {:?}", answer.reason))?;
    }
    Ok(())
}

fn jkt() -> Value {
    json!({ "jkt": keys::thumbprint(CLIENT_KEY) })
}

/// A proof of the client's key that comes with a token.
fn proof(token: &str) -> String {
    Jwt::proof(token).sign(CLIENT_KEY)
}

fn dp_15(ground: &Ground) -> Checked {
    allowed_in_both(ground, &jkt(), |token| Incoming::proven(token, &proof(token)))?;
    let bearer = |token: &str| format!("Bearer {token}");
    let alone = refused_in_both(ground, &jkt(), |token| Incoming::with(&bearer(token)))?;
    let with = refused_in_both(ground, &jkt(), |token| {
        Incoming::of(&[("Authorization", &bearer(token)), ("DPoP", &proof(token))])
    })?;
    let unproven = refused_in_both(ground, &jkt(), |token| Incoming::with(&format!("DPoP {token}")))?;
    // A certificate is another key.
    let certified = refused_in_both(ground, &jkt(), |token| Incoming {
        certificate: Some(certificate([1; 32])),
        ..Incoming::with(&bearer(token))
    })?;
    let unknown = refused_in_both(ground, &json!({ "unknown": "x" }), |token| Incoming::with(&bearer(token)))?;
    Ok(format!(
        "as Bearer -> {alone}; with a proof -> {with}; over a certificate -> {certified}; as DPoP without a proof -> {unproven}; bound to what is not known, as Bearer -> {unknown}"
    ))
}

fn dp_16(ground: &Ground) -> Checked {
    let none = Value::Null;
    allowed_in_both(ground, &none, |token| Incoming::with(&format!("Bearer {token}")))?;
    let proven = refused_in_both(ground, &none, |token| Incoming::proven(token, &proof(token)))?;
    let bare = refused_in_both(ground, &none, |token| Incoming::with(&format!("DPoP {token}")))?;
    // Where a key is demanded, no token goes without.
    let accepts = Accepts::SENDER_CONSTRAINED;
    let strict = ResourceServer { accepts, ..jwt_server() };
    let token = Jwt::access_token().sign(ISSUER_KEY);
    let bearer = denied(ground, &strict, &Incoming::with(&format!("Bearer {token}")))?;
    Ok(format!("with a proof -> {proven}; without -> {bare}; as Bearer where a key is demanded -> {bearer}"))
}

fn dp_29(ground: &Ground) -> Checked {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let own = [7; 32];
    let hash = |bytes: &[u8]| Base64UrlUnpadded::encode_string(bytes);
    let bound = json!({ "x5t#S256": hash(&own) });
    let over = |certificate: Option<Certificate<'static>>| {
        move |token: &str| Incoming { certificate, ..Incoming::with(&format!("Bearer {token}")) }
    };
    allowed_in_both(ground, &bound, over(Some(certificate(own))))?;
    let mut told = Vec::new();
    for (name, certificate) in [("no certificate", None), ("another", Some(certificate([8; 32])))] {
        told.push(format!("{name} -> {}", refused_in_both(ground, &bound, over(certificate))?));
    }
    let forms = [
        ("x5t, by SHA-1", json!({ "x5t": hash(&own[..20]) })),
        ("x5t#S256 cut short", json!({ "x5t#S256": hash(&own[..31]) })),
        ("padded", json!({ "x5t#S256": format!("{}=", hash(&own)) })),
        ("a number", json!({ "x5t#S256": 7 })),
        ("as jkt", json!({ "jkt": hash(&own) })),
        ("cnf empty", json!({})),
        ("cnf a text", json!(hash(&own))),
    ];
    let forms = each(forms, |cnf| refused_in_both(ground, &cnf, over(Some(certificate(own)))))?;
    let as_dpop = refused_in_both(ground, &bound, |token| Incoming {
        certificate: Some(certificate(own)),
        ..Incoming::proven(token, &proof(token))
    })?;
    Ok(format!("{}; {forms}; under the scheme DPoP, with a proof -> {as_dpop}", told.join("; ")))
}
