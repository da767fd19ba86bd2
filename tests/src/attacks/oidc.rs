//! OpenID Connect at the client: ID tokens and claims that are not what they must be; and requests to resources, with what is
//! said of the token there.

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};
use symbolon::Reason;
use symbolon::client::{AuthorizationRequest, BUFFER, Client, Requested, ResourceRequest};
use symbolon::record::Key;
use symbolon::terms::{Entropy, UserAgent};
use symbolon::wire::jose::Algorithm;

use super::client::{EVIL, visit};
use super::form::{Form, decode};
use super::outcome::{Checked, each, each_text, ensure};
use super::peer::{Aborted, Begun, Canned, METADATA, Visit, client, with_metadata};
use super::{Ground, Row, row};
use crate::drive::drive;
use crate::fixture::{BROWSER, ISSUER, NOW, OTHER_RESOURCE, RESOURCE};
use crate::keys;

pub(super) const ROWS: &[Row] = &[
    row("CS-11", "the nonce is checked after the token is handed out", "RFC 9700 section 4.5.3.2", cs_11),
    row("CS-12", "the nonce is not checked", "CVE-2024-10318", cs_12),
    row("CS-14", "at_hash is wrong", "OpenID Connect Core section 3.1.3.8", cs_14),
    row("CS-32", "UserInfo is of another subject", "OpenID Connect Core section 5.3.2", cs_32),
    row("CS-33", "an ID token for several audiences", "OpenID Connect Core section 3.1.3.7", cs_33),
    row("CS-34", "an authentication that is too old", "OpenID Connect Core section 3.1.2.1", cs_34),
    row("MX-21", "a token goes to another resource", "RFC 8707 section 2, RFC 9700 section 4.9.1", mx_21),
    row("MD-34", "a hostile challenge", "RFC 9110 section 11.6.1", md_34),
];

const KEY: &str = "es256-server";

/// A client that signs users in.
fn app() -> Client<'static> {
    Client { scope: "openid", id_token_algorithm: Algorithm::Es256, ..client(ISSUER) }
}

fn document() -> String {
    let more = "{\"jwks_uri\":\"https://as.example/jwks\",\"userinfo_endpoint\":\"https://as.example/userinfo\",";
    METADATA.replacen('{', more, 1)
}

/// A sign-in of a user who authenticated at most a minute ago.
fn begin(visit: &mut Visit) -> Result<Begun, String> {
    visit.draws += 1;
    let (mut buffer, mut seed, now) = (vec![0; BUFFER], [0; 32], visit.now);
    seed[..8].copy_from_slice(&visit.draws.to_be_bytes());
    let client = app();
    let begun = with_metadata(&document(), ISSUER, |server| {
        let browser = UserAgent::new(BROWSER).expect("long enough");
        let request = AuthorizationRequest { max_age: Some(60), ..AuthorizationRequest::default() };
        let step = client.authorize(&server, browser, request, now, Entropy::new(seed), &mut buffer).expect("room");
        let begun = drive(step, visit).map_err(|failure| failure.reason)?;
        let (_, query) = begun.url.split_once('?').expect("a query");
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<(String, String)> = pairs.map(|(name, value)| (decode(name), decode(value))).collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ok(Begun { url: begun.url.to_owned(), request: Form::of(&pairs), session: begun.session })
    });
    begun.and_then(|begun| begun).map_err(|reason: Reason| format!("{reason:?}"))
}

/// The claims of a good ID token, without its braces.
fn claims(begun: &Begun) -> String {
    let hash = Base64UrlUnpadded::encode_string(&Sha256::digest(b"at-1")[..16]);
    format!(
        "\"iss\":\"{ISSUER}\",\"sub\":\"alice\",\"aud\":\"c1\",\"exp\":{},\"iat\":{},\"auth_time\":{},\
         \"nonce\":\"{}\",\"at_hash\":\"{hash}\"",
        NOW.0 + 60,
        NOW.0,
        NOW.0 - 60,
        begun.request.value("nonce").unwrap_or_default(),
    )
}

fn signed(claims: &str) -> String {
    let encode = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let message = format!("{}.{}", encode("{\"alg\":\"ES256\"}"), encode(&format!("{{{claims}}}")));
    let signature = keys::sign(KEY, message.as_bytes()).expect("a key");
    format!("{message}.{}", Base64UrlUnpadded::encode_string(&signature))
}

/// Ends a sign-in with this ID token; the session that has the tokens then.
fn land(visit: &mut Visit, begun: &Begun, claims: &str) -> Result<(), Aborted> {
    let body = format!(
        "{{\"access_token\":\"at-1\",\"token_type\":\"Bearer\",\"expires_in\":600,\"id_token\":\"{}\"}}",
        signed(claims)
    );
    let jwk = keys::jwk(KEY).expect("a key");
    visit.replies.extend([Canned::json(200, body), Canned::json(200, format!("{{\"keys\":[{jwk}]}}"))]);
    let landed = visit.land(&app(), &document(), &begun.response().text(), BROWSER).map(|_| ());
    visit.replies.clear();
    landed
}

/// The sign-in ends for what each of these changes in the claims, nothing is kept, and the token is revoked.
fn refused<'c>(ground: &Ground, changes: impl IntoIterator<Item = (&'c str, [String; 2])>) -> Checked {
    let mut good = visit(ground);
    let begun = begin(&mut good)?;
    let untouched = claims(&begun);
    land(&mut good, &begun, &untouched).map_err(|aborted| format!("a good ID token: {aborted:?}"))?;
    each(changes, |[from, to]| {
        let mut visit = visit(ground);
        let begun = begin(&mut visit)?;
        let good = claims(&begun);
        let bad = good.replace(&from, &to);
        ensure(bad != good, || format!("{from} is not there"))?;
        let Err(Aborted { reason, .. }) = land(&mut visit, &begun, &bad) else { return Err("signed in".to_owned()) };
        ensure(!visit.store.rows.contains_key(&begun.session), || "the session is still there".to_owned())?;
        let last = visit.sent.last().map(|sent| (sent.url.as_str(), sent.body.contains("token=at-1")));
        ensure(last == Some(("https://as.example/revoke", true)), || format!("not revoked: {last:?}"))?;
        Ok(format!("aborted ({reason:?}), no token kept, the token revoked"))
    })
}

fn nonce_of(ground: &Ground) -> Result<String, String> {
    let begun = begin(&mut visit(ground))?;
    Ok(format!("\"nonce\":\"{}\"", begun.request.value("nonce").ok_or("no nonce")?))
}

fn cs_11(ground: &Ground) -> Checked {
    let nonce = nonce_of(ground)?;
    refused(ground, [("another nonce", [nonce, "\"nonce\":\"another\"".to_owned()])])
}

fn cs_12(ground: &Ground) -> Checked {
    let nonce = nonce_of(ground)?;
    let older = {
        let mut visit = visit(ground);
        let (_, second) = (begin(&mut visit)?, begin(&mut visit)?);
        format!("\"nonce\":\"{}\"", second.request.value("nonce").ok_or("no nonce")?)
    };
    let to = ["\"n\":\"\"".to_owned(), "\"nonce\":null".to_owned(), "\"nonce\":\"\"".to_owned(), older];
    let labels = ["missing", "null", "empty", "of another sign-in"];
    refused(ground, labels.into_iter().zip(to).map(|(label, to)| (label, [nonce.clone(), to])))
}

fn cs_14(ground: &Ground) -> Checked {
    let hash = |text: &[u8], len| {
        format!("\"at_hash\":\"{}\"", Base64UrlUnpadded::encode_string(&Sha256::digest(text)[..len]))
    };
    let good = hash(b"at-1", 16);
    let bad = [
        ("of another token", hash(b"at-2", 16)),
        ("the whole hash", hash(b"at-1", 32)),
        ("half of the half", hash(b"at-1", 8)),
        ("empty", "\"at_hash\":\"\"".to_owned()),
        ("a number", "\"at_hash\":1".to_owned()),
    ];
    refused(ground, bad.map(|(label, bad)| (label, [good.clone(), bad])))
}

fn cs_33(ground: &Ground) -> Checked {
    let good = "\"aud\":\"c1\"".to_owned();
    let bad = [
        ("two, and no azp", "\"aud\":[\"c1\",\"evil\"]"),
        ("two, azp the other", "\"aud\":[\"c1\",\"evil\"],\"azp\":\"evil\""),
        ("one, azp another", "\"aud\":\"c1\",\"azp\":\"evil\""),
        ("another alone", "\"aud\":\"evil\""),
        ("none", "\"aud\":[]"),
    ];
    refused(ground, bad.map(|(label, bad)| (label, [good.clone(), bad.to_owned()])))
}

fn cs_34(ground: &Ground) -> Checked {
    let good = format!("\"auth_time\":{}", NOW.0 - 60);
    let bad = [
        ("max_age=60, auth_time 71 seconds ago", format!("\"auth_time\":{}", NOW.0 - 71)),
        ("absent", "\"x\":1".to_owned()),
        ("a text", format!("\"auth_time\":\"{}\"", NOW.0)),
    ];
    refused(ground, bad.map(|(label, bad)| (label, [good.clone(), bad])))
}

/// A session that has a token.
fn signed_in(ground: &Ground) -> Result<(Visit, Key), String> {
    let mut visit = visit(ground);
    let begun = begin(&mut visit)?;
    let good = claims(&begun);
    land(&mut visit, &begun, &good).map_err(|aborted| format!("{aborted:?}"))?;
    visit.sent.clear();
    Ok((visit, begun.session))
}

fn cs_32(ground: &Ground) -> Checked {
    let good = "{\"sub\":\"alice\",\"email\":\"alice@example.com\"}";
    let asked = |reply: Canned| {
        let (mut visit, session) = signed_in(ground)?;
        visit.replies.push_back(reply);
        let (client, mut buffer) = (app(), vec![0; BUFFER]);
        let asked = with_metadata(&document(), ISSUER, |server| {
            let step = client.userinfo(&server, session, NOW, Entropy::new([9; 32]), &mut buffer).expect("room");
            match drive(step, &mut visit) {
                Ok(claims) => Ok(claims.text.to_owned()),
                Err(Requested::Failed(failure)) => Err(failure.reason),
                Err(_) => Err(Reason::Status),
            }
        });
        asked.map_err(|reason| format!("{reason:?}"))
    };
    ensure(asked(Canned::json(200, good))?.as_deref() == Ok(good), || "the user's own claims".to_owned())?;
    let json = |body: String| Canned::json(200, body);
    each(
        [
            ("another", json(good.replace("alice\"", "mallory\""))),
            ("none", json("{\"email\":\"alice@example.com\"}".to_owned())),
            ("two", json(good.replace("\"email\"", "\"sub\""))),
            ("a list", json(good.replace("\"alice\"", "[\"alice\"]"))),
            ("an array", json(format!("[{good}]"))),
            ("signed", Canned::json(200, signed("\"sub\":\"alice\"")).headed(&[("Content-Type", "application/jwt")])),
        ],
        |reply| match asked(reply)? {
            Err(reason) => Ok(format!("no claims ({reason:?})")),
            Ok(claims) => Err(claims),
        },
    )
}

/// What becomes of a request that is answered so.
fn request(visit: &mut Visit, session: Key, url: &str, resource: &str) -> String {
    let (client, mut buffer) = (app(), vec![0; BUFFER]);
    let request = ResourceRequest::get(url, resource);
    match drive(client.request(session, request, NOW, Entropy::new([9; 32]), &mut buffer).expect("room"), visit) {
        Requested::Answered(response) => format!("answered ({})", response.status),
        Requested::TokenEnded { .. } => "the token has ended".to_owned(),
        Requested::StepUp(needed) => format!("step up to {:?}", needed.acr_values),
        Requested::ScopeInsufficient { scope } => format!("needs the scope {scope:?}"),
        Requested::SignInAgain(failure) | Requested::Failed(failure) => format!("{:?}", failure.reason),
    }
}

fn mx_21(ground: &Ground) -> Checked {
    let (mut visit, session) = signed_in(ground)?;
    let urls = [
        (EVIL, EVIL),
        (OTHER_RESOURCE, OTHER_RESOURCE),
        (OTHER_RESOURCE, RESOURCE),
        ("https://rs.example.evil.example/", RESOURCE),
        ("https://rs.example@evil.example/", RESOURCE),
        ("https://rs.example:8443/", RESOURCE),
        ("http://rs.example/", RESOURCE),
        ("//evil.example/", RESOURCE),
        ("https://rs.example/../..//evil.example", RESOURCE),
    ];
    let refused = each(urls.map(|(url, resource)| (url, (url, resource))), |(url, resource)| {
        let ended = request(&mut visit, session, url, resource);
        ensure(visit.sent.is_empty(), || format!("sent to {}", visit.sent[0].url))?;
        Ok(format!("not sent ({ended})"))
    })?;
    visit.replies.push_back(Canned::json(307, "").headed(&[("Location", EVIL)]));
    let redirected = request(&mut visit, session, RESOURCE, RESOURCE);
    ensure(visit.sent.len() == 1 && redirected == "answered (307)", || redirected.clone())?;
    Ok(format!("{refused}; its own, which redirects -> {redirected}, not followed"))
}

fn md_34(ground: &Ground) -> Checked {
    let (mut visit, session) = signed_in(ground)?;
    let mut asked = |status: u16, value: &str| {
        visit.replies.push_back(Canned::json(status, "").headed(&[("WWW-Authenticate", value)]));
        request(&mut visit, session, RESOURCE, RESOURCE)
    };
    let good = "Bearer error=\"insufficient_scope\", scope=\"a\"";
    ensure(asked(403, good) == "needs the scope \"a\"", || "a good challenge".to_owned())?;
    let long = format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", "a".repeat(1_000_000));
    let many = "Bearer, ".repeat(100_000) + "Bearer error=\"x";
    let hostile = [
        ("an open quotation", "Bearer error=\"invalid_token".to_owned()),
        ("a backslash at the end", "Bearer error=\"invalid_token\\".to_owned()),
        ("error twice", "Bearer error=\"invalid_token\", error=\"insufficient_scope\"".to_owned()),
        ("scope twice", "Bearer error=\"insufficient_scope\", scope=\"a\", scope=\"admin\"".to_owned()),
        ("CR LF", "Bearer error=\"insufficient_scope\", scope=\"a\r\nb\"".to_owned()),
        ("100000 challenges", many),
        ("of another scheme", "DPoP error=\"invalid_token\"".to_owned()),
        ("no comma", "Bearer realm=\"a\" error=\"invalid_token\"".to_owned()),
        ("within a realm", "Basic realm=\"Bearer error=\\\"invalid_token\\\"\"".to_owned()),
    ];
    let passed_over = each(hostile, |value| {
        let ended = asked(401, &value);
        ensure(ended == "answered (401)", || ended.clone())?;
        Ok("says nothing of the token".to_owned())
    })?;
    let scope = asked(403, &long);
    ensure(scope == "needs the scope \"\"", || scope.clone())?;
    let words = each_text(["<svg>\\\"", "\u{e4}"], |scope| {
        let ended = asked(403, &format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""));
        ensure(ended == "needs the scope \"\"", || ended.clone())?;
        Ok("dropped".to_owned())
    })?;
    Ok(format!("{passed_over}; a scope of a million bytes -> dropped; {words}"))
}
