//! Clients that act for themselves, and grants that a client may not use.

use symbolon::ErrorCode;
use symbolon::record::{Client, GrantTypes};
use symbolon::resource::{Judgement, Subject};
use symbolon::server::Authenticated;
use symbolon::terms::secret;

use super::form::Form;
use super::outcome::*;
use super::{Ground, Row, row};
use crate::fixture::{Answer, Bench, C1_SECRET, Message, NOW, RS1_SECRET, c1, put};
use crate::keyed::{self, jwks, k1_assertion, signing_server};
use crate::protected::{Incoming, jwt_server};

pub(super) const ROWS: &[Row] = &[
    row("CA-03", "an assertion for another server is a grant here", "CVE-2025-27370", ca_03),
    row("CA-18", "a public client acts for itself", "RFC 6749 section 4.4", ca_18),
    row(
        "CA-19",
        "a client is called as a user is, and passes for them",
        "CVE-2026-39976, RFC 9700 section 4.15",
        ca_19,
    ),
    row(
        "CA-20",
        "a client is registered under the URL of another's document",
        "draft-ietf-oauth-client-id-metadata-document",
        ca_20,
    ),
    row("CA-23", "a client acts for itself with more than it may have", "CVE-2024-52287", ca_23),
    row("CA-36", "a client uses a grant that it is not registered for", "RFC 6749 section 5.2", ca_36),
    row("RT-31", "tokens of clients are not checked for revocation", "CVE-2023-0091", rt_31),
    row("RS-17", "a client's own token is taken for a user's", "RFC 9700 section 4.15", rs_17),
];

const MACHINE: &[(&str, &str)] = &[("grant_type", "client_credentials"), ("scope", "read")];

fn bench(ground: &Ground) -> Bench {
    let mut bench = ground.bench();
    for client in [keyed::k1(), keyed::m1()] {
        put(&mut bench.store, &client);
    }
    bench
}

/// A request of `k1`, which authenticates by an assertion with this `jti`.
fn by_k1(form: &Form, jti: &str) -> Message {
    Message::post(&format!("{}{}", form.text(), k1_assertion(jti)))
}

fn ca_03(ground: &Ground) -> Checked {
    let mut bench = bench(ground);
    let assertion = keyed::assertion_of(keyed::K1_KEY, &keyed::assertion_claims("k1", "g1"));
    let types = [
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "assertion",
    ];
    each_text(types, |grant_type| {
        let form = Form::of(&[("grant_type", grant_type), ("assertion", &assertion), ("scope", "read")]);
        for message in [form.from("c1"), by_k1(&form, "a1")] {
            unmoved(&mut bench, |bench| refused(&bench.token(message), 400, ErrorCode::UnsupportedGrantType))?;
        }
        Ok("400 unsupported_grant_type".to_owned())
    })
}

fn ca_18(ground: &Ground) -> Checked {
    let mut bench = bench(ground);
    let asked = unmoved(&mut bench, |bench| {
        refused(&bench.token(Form::of(MACHINE).from("pub1")), 400, ErrorCode::UnauthorizedClient)
    })?;
    let public = Client {
        authentication: symbolon::record::AuthenticationMethod::None,
        grant_types: GrantTypes { client_credentials: true, ..GrantTypes::SIGN_IN },
        ..c1(&[])
    };
    match public.register(&mut [0; 8192]) {
        Err(reason) => {
            Ok(format!("pub1 -> {asked}; a public client with this grant -> registration refused ({reason:?})"))
        }
        Ok(_) => Err("a public client was registered for it".to_owned()),
    }
}

fn ca_19(ground: &Ground) -> Checked {
    // A user is called as `k1` is, and a client as a user is.
    let mut bench = bench(ground);
    bench.server.signing_keys = signing_server().signing_keys;
    put(
        &mut bench.store,
        &Client { client_id: "alice", grant_types: keyed::k1().grant_types, ..c1(&secret::hash(C1_SECRET)) },
    );
    let answer = bench.token(Form::of(MACHINE).post().basic("alice", C1_SECRET));
    let token = answer.member("access_token").ok_or_else(|| format!("{answer:?}"))?;
    let told = bench.introspect(Form::token(&token).from("rs1"));
    let sub = told.member("sub").ok_or_else(|| format!("{told:?}"))?;
    let of_user = tokens_of_c1(&mut bench, "read")?;
    let user = bench.introspect(Form::token(&of_user.access).from("rs1")).member("sub");
    ensure(user.as_deref() == Some("alice") && sub != "alice", || format!("user {user:?}, client {sub:?}"))?;
    let users =
        each_text(["client:alice", "client:", "client:k1"], |subject| match Authenticated::new(subject, NOW) {
            Err(reason) => Ok(format!("no user ({})", reason.name())),
            Ok(_) => Err("a user is called so".to_owned()),
        })?;
    Ok(format!("the client alice -> sub {sub}; the user alice -> sub alice; {users}"))
}

fn ca_20(_: &Ground) -> Checked {
    let hash = secret::hash(C1_SECRET);
    each_text(["https://x/y", "https://client.example/client.json", "HTTPS://x/y", "https://"], |client_id| {
        match (Client { client_id, ..c1(&hash) }).register(&mut [0; 8192]) {
            Err(reason) => Ok(format!("registration refused ({reason:?})")),
            Ok(_) => Err("registered".to_owned()),
        }
    })
}

fn ca_23(ground: &Ground) -> Checked {
    let mut bench = bench(ground);
    let mut jti = 0;
    let mut attempt = |bench: &mut Bench, form: Form| {
        jti += 1;
        let marks = |bench: &Bench| bench.store.rows.values().filter(|row| row.kind != "mark").count();
        let before = marks(bench);
        let answer = bench.token(by_k1(&form, &format!("j{jti}")));
        ensure(marks(bench) == before, || "a grant was made".to_owned()).map(|()| answer)
    };
    let scopes = each_text(["admin", "read admin", "openid admin", "READ", "read  write", "\"read\""], |scope| {
        refused(&attempt(&mut bench, Form::of(MACHINE).with("scope", scope))?, 400, ErrorCode::InvalidScope)
    })?;
    let resources = each_text(["https://evil.example/", "https://rs.example", "urn:x"], |resource| {
        refused(&attempt(&mut bench, Form::of(MACHINE).and("resource", resource))?, 400, ErrorCode::InvalidTarget)
    })?;
    let details = Form::of(MACHINE).and("authorization_details", "[{\"type\":\"payment_initiation\"}]");
    let details = refused(&attempt(&mut bench, details)?, 400, ErrorCode::InvalidAuthorizationDetails)?;
    Ok(format!("{scopes}; resource {resources}; authorization_details, which no user has approved -> {details}"))
}

fn ca_36(ground: &Ground) -> Checked {
    let mut bench = bench(ground);
    let live = tokens_of_c1(&mut bench, "read")?;
    let code = bench.code_of_c1("read");
    let hash = secret::hash(C1_SECRET);
    let with = |grant_types| Client { grant_types, ..c1(&hash) };
    let none = GrantTypes::NONE;
    let registered = [
        ("for codes", GrantTypes { authorization_code: true, ..none }),
        ("for refresh tokens", GrantTypes { refresh_token: true, ..none }),
        ("for nothing", none),
    ];
    let unauthorized = ErrorCode::UnauthorizedClient;
    let outcome = each(registered, |grant_types| {
        put(&mut bench.store, &with(grant_types));
        let mut told = Vec::new();
        let attempts = [
            ("authorization_code", Form::code(&code), grant_types.authorization_code),
            ("refresh_token", Form::refresh(&live.refresh), grant_types.refresh_token),
            ("client_credentials", Form::of(MACHINE), false),
        ];
        for (name, form, _) in attempts.into_iter().filter(|(_, _, may)| !may) {
            let refusal = unmoved(&mut bench, |bench| refused(&bench.token(form.from("c1")), 400, unauthorized))?;
            told.push(format!("{name} {refusal}"));
        }
        Ok(told.join(", "))
    })?;
    let unknown = ["urn:ietf:params:oauth:grant-type:device_code", "password", "implicit", "none"];
    let unknown = each_text(unknown, |grant_type| {
        let form =
            Form::of(&[("grant_type", grant_type), ("username", "alice"), ("password", "x"), ("device_code", "x")]);
        refused(&bench.token(form.from("c1")), 400, ErrorCode::UnsupportedGrantType)
    })?;
    // A client that may not refresh is given nothing to refresh with (RFC 9700 section 4.14.2).
    put(&mut bench.store, &with(GrantTypes { authorization_code: true, ..none }));
    let code = bench.code_of_c1("read");
    let answer = bench.redeem_as_c1(&code);
    ensure(answer.status == 200 && answer.member("refresh_token").is_none(), || format!("{answer:?}"))?;
    Ok(format!("{outcome}; {unknown}; a code of a client registered for codes alone -> no refresh token"))
}

/// The token that `k1` gets for itself.
fn own_token(bench: &mut Bench, jti: &str) -> Result<String, String> {
    let answer = bench.token(by_k1(&Form::of(MACHINE), jti));
    ensure(answer.member("refresh_token").is_none(), || "a refresh token".to_owned())?;
    answer.member("access_token").ok_or_else(|| format!("{answer:?}"))
}

/// What the resource server's introspection says of a token.
fn told(bench: &mut Bench, token: &str) -> Answer {
    bench.introspect(Message::post(&Form::token(token).text()).basic("rs1", RS1_SECRET))
}

fn rt_31(ground: &Ground) -> Checked {
    let mut bench = bench(ground);
    let token = own_token(&mut bench, "j1")?;
    let before = told(&mut bench, &token);
    ensure(before.body.starts_with("{\"active\":true"), || before.body.clone())?;
    let other = ground.revoke(&mut bench, Form::token(&token).from("c1"));
    ensure(other.status == 200 && told(&mut bench, &token) == before, || "another client revoked it".to_owned())?;
    let answer = ground.revoke(&mut bench, by_k1(&Form::token(&token), "j2"));
    ensure(answer.status == 200, || format!("{answer:?}"))?;
    let after = told(&mut bench, &token);
    ensure(after.body == "{\"active\":false}", || after.body.clone())?;
    // The same of a JWT, of which the server is asked.
    let mut bench = keyed::bench(signing_server());
    let jwt = own_token(&mut bench, "j3")?;
    ensure(jwt.contains('.') && told(&mut bench, &jwt).body.starts_with("{\"active\":true"), || "no JWT".to_owned())?;
    ground.revoke(&mut bench, by_k1(&Form::token(&jwt), "j4"));
    let of_jwt = told(&mut bench, &jwt);
    ensure(of_jwt.body == "{\"active\":false}", || of_jwt.body.clone())?;
    Ok(format!("revoked by another client -> it lives; by its own -> {}; a JWT -> {}", after.body, of_jwt.body))
}

fn rs_17(_: &Ground) -> Checked {
    let mut bench = keyed::bench(signing_server());
    let set = jwks(&[keyed::SERVER_KEY]);
    let keys = symbolon::resource::IssuerKeys::Pinned(&set);
    let access_tokens = symbolon::resource::AccessTokens::Jwt { keys, algorithm: None };
    let server = symbolon::resource::ResourceServer { access_tokens, ..jwt_server() };
    let subject = |token: &str| {
        let mut store = crate::store::MemoryStore::default();
        Incoming::with(&format!("Bearer {token}")).judge(&server, &mut store, |judgement| match judgement {
            Judgement::Allow(claims) => match claims.subject() {
                Some(Subject::Client(sub)) => Ok(format!("the client {sub}")),
                Some(Subject::User(sub)) => Ok(format!("the user {sub}")),
                None => Err("nobody".to_owned()),
            },
            Judgement::Deny(reply) => Err(format!("{:?}", reply.reason)),
        })
    };
    let own = subject(&own_token(&mut bench, "j1")?)?;
    let query = crate::fixture::authorization_query("k1", "https%3A%2F%2Fclient.example%2Fcb", "&scope=read");
    let code = bench.code(&query, "read");
    let answer = bench.token(by_k1(&Form::code(&code), "j2"));
    let user = subject(&answer.member("access_token").ok_or_else(|| format!("{answer:?}"))?)?;
    ensure(own == "the client client:k1" && user == "the user alice", || format!("{own}, {user}"))?;
    Ok(format!("k1 for itself -> {own}; for its user -> {user}"))
}
