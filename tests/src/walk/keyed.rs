//! The abstract requests of callers that prove keys, and what holds of them: no token without every proof, and no mark without its
//! signature.

use symbolon::proof::pkce::challenge_of;
use symbolon::record::{Active, Client, Code, Grant, Granted};
use symbolon::server::{AccessTokens, Server};
use symbolon::step::Verdict;
use symbolon::terms::Time;
use symbolon::terms::confirmation::Confirmation;

use super::properties::Property;
use super::{Call, Case, Facts, Given, Menu, Output, Question, Run, Shown, rows};
use crate::fixture::{C1_SECRET, Message, NOW, RS1_SECRET, VERIFIER, server};
use crate::keyed::{
    DPOP_KEY, K1_KEY, OTHER_DPOP_KEY, PAR, asserted, assertion_claims, assertion_of, b1, jwks, k1, k1_assertion, m1,
    m1_certificate, nonce, proof, proof_for, proof_of, proof_with_nonce, s1, s1_certificate, signing_keys,
    signing_server,
};
use crate::keys;

/// The server of these cases.
pub fn keyed_server() -> Server<'static> {
    signing_server()
}

fn registered(client: &Client<'_>) -> Given {
    let mut row = [0; symbolon::record::CLIENT_ROW];
    let len = client.register(&mut row).expect("a client that may be registered");
    Given::Row(Some((1, row[..len].to_vec())))
}

fn jkt(key_id: &str) -> Confirmation {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let text = keys::thumbprint(key_id).expect("a key");
    Confirmation::Jkt(Base64UrlUnpadded::decode_vec(&text).expect("base64url").try_into().expect("32 bytes"))
}

fn grants(owner: &'static str) -> Vec<Given> {
    let granted = Granted {
        nonce: Some("n-0S6"),
        scope: "openid read",
        acr: Some("1"),
        amr: "pwd",
        authorization_details: "[{\"type\":\"a\"}]",
        challenge: challenge_of(VERIFIER),
        ..rows::granted(owner)
    };
    let code = |granted| rows::encode(&Grant::Code(Code { granted, redirect_uri: rows::REDIRECT_URI }));
    let active = |granted, generation| rows::encode(&Grant::Active(Active { granted, generation, issued_at: NOW }));
    let bound_to = |key| Granted { bound_to: Some(jkt(key)), ..granted };
    let states = [
        code(granted),
        code(bound_to(DPOP_KEY)),
        code(bound_to(OTHER_DPOP_KEY)),
        code(Granted { resources: "", ..granted }),
        active(granted, 1),
        active(bound_to(DPOP_KEY), 1),
        active(bound_to(DPOP_KEY), 2),
        active(bound_to(OTHER_DPOP_KEY), 1),
    ];
    states.into_iter().map(|row| Given::Row(Some((1, row)))).chain([Given::Row(None), Given::Unavailable]).collect()
}

fn menu(client: &Client<'static>, owner: &'static str) -> Menu {
    let other_keys = jwks(&["es256-other"]);
    let clients = vec![
        registered(client),
        registered(&Client { disabled: true, ..*client }),
        registered(&match client.keys {
            symbolon::record::ClientKeys::Jwks(_) => {
                Client { keys: symbolon::record::ClientKeys::Jwks(&other_keys), ..*client }
            }
            _ => Client { scope: "read", default_scope: "", ..*client },
        }),
        Given::Row(None),
        Given::Row(Some((1, vec![9]))),
        Given::Unavailable,
    ];
    let grants = grants(owner);
    let again = [0, 4, 6].map(|place: usize| grants[place].clone()).into();
    Menu::from([
        ("load client", clients),
        ("load grant", grants),
        ("load grant again", again),
        ("commit mark", vec![Given::Committed, Given::Conflict, Given::Unavailable]),
        ("commit grant", vec![Given::Committed, Given::Conflict, Given::Unavailable]),
        ("sign", vec![Given::Signature(vec![0x51; 64]), Given::Signature(Vec::new()), Given::Unavailable]),
    ])
}

fn case(name: &str, call: Call, client: &Client<'static>, presented: &str) -> Case {
    Case {
        name: format!("{name} as {}", client.client_id),
        call,
        now: NOW,
        facts: Facts {
            client_id: client.client_id.to_owned(),
            shown: Shown::Nothing,
            presented: presented.to_owned(),
            genuine: true,
            verifier: None,
            redirect_uri: None,
        },
        menu: menu(client, client.client_id),
    }
}

/// A credential of the grant that the rows are of.
fn credential(kind: &str) -> String {
    let made = super::cases::HandedOut::by(server(), "c1");
    match kind {
        "code" => made.code,
        "refresh_token" => made.refresh[0].clone(),
        _ => made.access[0].clone(),
    }
}

/// A JWT access token of this server, and one with another signature.
fn jwt_access_token() -> String {
    let mut bench = crate::keyed::bench(signing_server());
    let form = format!("grant_type=client_credentials&scope=read{}", k1_assertion("j"));
    bench.token(Message::post(&form)).member("access_token").expect("a token")
}

/// Requests to the token endpoint.
pub fn token_requests() -> Vec<Case> {
    let code = credential("code");
    let refresh = credential("refresh_token");
    let redemption = format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}");
    let refreshing = format!("grant_type=refresh_token&refresh_token={refresh}");
    let mut cases = Vec::new();
    let mut add = |name: &str, client: &Client<'static>, message: Message, presented: &str| {
        cases.push(case(name, Call::Token(message), client, presented));
    };
    let by_k1 = |form: &str| Message::post(&format!("{form}{}", k1_assertion("a1")));
    let by_b1 = |form: &str| Message::post(&format!("{form}&client_id=b1"));
    let (own, other) = (proof(DPOP_KEY, "p1"), proof(OTHER_DPOP_KEY, "p1"));
    add("code", &k1(), by_k1(&redemption), &code);
    add("code with a key", &k1(), by_k1(&redemption).with_proof(&own), &code);
    add("code with a key", &b1(), by_b1(&redemption).with_proof(&own), &code);
    add("code with another key", &b1(), by_b1(&redemption).with_proof(&other), &code);
    add("code without a key", &b1(), by_b1(&redemption), &code);
    add("refresh with a key", &b1(), by_b1(&refreshing).with_proof(&own), &refresh);
    add("refresh with another key", &b1(), by_b1(&refreshing).with_proof(&other), &refresh);
    add("refresh", &k1(), by_k1(&refreshing), &refresh);
    for client in [m1(), s1()] {
        let certificate = if client.client_id == "m1" { m1_certificate() } else { s1_certificate() };
        let form = format!("{redemption}&client_id={}", client.client_id);
        add("code over a certificate", &client, Message::post(&form).over(certificate.clone()), &code);
        add("code without a certificate", &client, Message::post(&form), &code);
        let wrong = crate::fixture::Shown { thumbprint: [1; 32], subject: "CN=m2".to_owned(), ..certificate };
        add("code over another certificate", &client, Message::post(&form).over(wrong), &code);
    }
    let machine = "grant_type=client_credentials&scope=read";
    add("itself", &k1(), by_k1(machine), "");
    add("itself", &m1(), Message::post(&format!("{machine}&client_id=m1")).over(m1_certificate()), "");
    add("itself with a key", &k1(), by_k1(machine).with_proof(&own), "");
    add("itself for too much", &k1(), by_k1("grant_type=client_credentials&scope=admin"), "");
    add("itself elsewhere", &k1(), by_k1(&format!("{machine}&resource=urn:x")), "");
    add("itself with details", &k1(), by_k1(&format!("{machine}&authorization_details=%5B%5D")), "");
    add("itself", &b1(), by_b1(machine).with_proof(&own), "");
    add("other details", &k1(), by_k1(&format!("{refreshing}&authorization_details=%5B%5D")), &refresh);
    for (name, claims) in [
        ("for another server", assertion_claims("k1", "a1").replace("as.example", "evil.example")),
        ("of another client", assertion_claims("b1", "a1")),
        ("without jti", assertion_claims("k1", "")),
    ] {
        let form = format!("{machine}{}", asserted(&assertion_of(K1_KEY, &claims)));
        add(name, &k1(), Message::post(&form), "");
    }
    let stale =
        format!("{{\"jti\":\"p\",\"htm\":\"POST\",\"htu\":\"https://as.example/token\",\"iat\":{}}}", NOW.0 - 301);
    add("with a stale proof", &k1(), by_k1(machine).with_proof(&proof_of(DPOP_KEY, &stale)), "");
    add("with two proofs", &k1(), by_k1(machine).with_proof(&own).with_proof(&own), "");
    cases
}

/// A server that gives out nonces, and opaque access tokens.
pub fn nonce_server() -> Server<'static> {
    Server { dpop_nonces: true, signing_keys: signing_keys(AccessTokens::Opaque), ..signing_server() }
}

/// Requests to the token endpoint of this server.
pub fn nonce_requests() -> Vec<Case> {
    let code = credential("code");
    let form = format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}&client_id=b1");
    let server = nonce_server();
    let with = |now| proof_with_nonce(DPOP_KEY, "p1", &nonce(&server, now));
    let [fresh, last, old] = [NOW, Time(NOW.0 - 120), Time(NOW.0 - 240)].map(with);
    let proofs = [
        ("with a nonce", fresh),
        ("with the nonce before", last),
        ("with an old nonce", old),
        ("without a nonce", proof(DPOP_KEY, "p1")),
        ("with a made-up nonce", proof_with_nonce(DPOP_KEY, "p1", "x")),
    ];
    let case =
        |(name, proof): (&str, String)| case(name, Call::Token(Message::post(&form).with_proof(&proof)), &b1(), &code);
    let mut cases: Vec<Case> = proofs.into_iter().map(case).collect();
    let machine = "grant_type=client_credentials&scope=read";
    let itself = [
        (k1(), Message::post(&format!("{machine}{}", k1_assertion("a1")))),
        (m1(), Message::post(&format!("{machine}&client_id=m1")).over(m1_certificate())),
    ];
    cases.extend(itself.map(|(client, message)| self::case("itself", Call::Token(message), &client, "")));
    cases
}

/// Requests that are pushed.
pub fn pushes() -> Vec<Case> {
    let mut cases = Vec::new();
    let form = |client_id: &str, more: &str| {
        crate::fixture::authorization_query(
            client_id,
            "https%3A%2F%2Fclient.example%2Fcb",
            &format!("&scope=read{more}"),
        )
    };
    let by_k1 = |more: &str| Message::post(&format!("{}{}", form("k1", more), k1_assertion("a1")));
    let named = |key: &str| format!("&dpop_jkt={}", crate::keys::thumbprint(key).expect("a key"));
    let (own, elsewhere) = (proof_for(DPOP_KEY, "p1", PAR), proof(DPOP_KEY, "p1"));
    for (name, client, message) in [
        ("by assertion", k1(), by_k1("")),
        ("by assertion with a key", k1(), by_k1("").with_proof(&own)),
        ("by assertion with a key that is named", k1(), by_k1(&named(DPOP_KEY)).with_proof(&own)),
        ("by assertion with another key than is named", k1(), by_k1(&named(OTHER_DPOP_KEY)).with_proof(&own)),
        ("by assertion with a proof for elsewhere", k1(), by_k1("").with_proof(&elsewhere)),
        ("by assertion for too much", k1(), by_k1("&scope=admin")),
        ("by certificate", m1(), Message::post(&form("m1", "")).over(m1_certificate())),
        ("by its own certificate", s1(), Message::post(&form("s1", "")).over(s1_certificate())),
        ("without its certificate", m1(), Message::post(&form("m1", ""))),
        ("with a key", b1(), Message::post(&form("b1", "")).with_proof(&own)),
    ] {
        cases.push(case(name, Call::Push(message), &client, ""));
    }
    cases
}

/// Requests to the revocation and the introspection endpoint.
pub fn token_presentations() -> Vec<Case> {
    let mut cases = Vec::new();
    let access = credential("access_token");
    let jwt = jwt_access_token();
    for (name, token) in [("opaque", &access), ("JWT", &jwt)] {
        let form = format!("token={token}{}", k1_assertion("a1"));
        cases.push(case(name, Call::Revoke(Message::post(&form)), &k1(), token));
        cases.push(case(name, Call::Introspect(Message::post(&form)), &k1(), token));
    }
    for (client_id, secret) in [("c1", C1_SECRET), ("rs1", RS1_SECRET)] {
        let message = Message::post(&format!("token={jwt}")).basic(client_id, secret);
        let mut by_secret = case("JWT", Call::Introspect(message), &k1(), &jwt);
        by_secret.facts.client_id = client_id.to_owned();
        by_secret.menu.insert("load client", rows::menu(client_id, NOW).remove("load client").expect("rows"));
        cases.push(by_secret);
    }
    cases
}

/// What holds of every run of these cases.
pub const KEYED: &[Property] = &[
    Property { name: "tokens need every proof", holds: tokens_need_every_proof },
    Property { name: "a mark follows its signature", holds: a_mark_follows_its_signature },
    Property { name: "proofs are marked before a grant is read", holds: marked_before_a_grant_is_read },
    Property { name: "nothing is asked after the write", holds: nothing_after_the_write },
    Property { name: "a client's own grant is stored before it has a token", holds: own_grant_is_stored },
    Property { name: "a host that fails gets no tokens", holds: failures_get_nothing },
    Property { name: "a nonce is given where one is asked for", holds: nonce_is_given },
    Property { name: "a token is what its proof makes it", holds: token_type_is_the_proofs },
];

fn has_token(run: &Run<'_>) -> bool {
    let has = |answer: &crate::fixture::Answer, name| answer.member(name).is_some();
    run.reply().is_some_and(|answer| has(answer, "access_token") || has(answer, "request_uri"))
}

fn message<'r>(run: &'r Run<'_>) -> &'r Message {
    match &run.case.call {
        Call::Token(message)
        | Call::Revoke(message)
        | Call::Introspect(message)
        | Call::Authorize(message)
        | Call::Push(message)
        | Call::Userinfo(message) => message,
        _ => panic!("no message"),
    }
}

/// How many proofs a request carries that must be marked.
fn proofs(run: &Run<'_>) -> usize {
    let message = message(run);
    let asserted = message.body.windows(17).any(|part| part == b"client_assertion=");
    let has_proof = message.headers.iter().any(|(name, _)| name == "DPoP");
    usize::from(asserted) + usize::from(has_proof)
}

fn tokens_need_every_proof(run: &Run<'_>) -> bool {
    let count = |of: fn(&(Question, Given)) -> bool| run.record.iter().filter(|entry| of(entry)).count();
    let valid = count(|entry| matches!(entry, (Question::Verify, Given::Verdict(Verdict::Valid))));
    let marked = count(|(question, given)| question.node() == "commit mark" && *given == Given::Committed);
    !has_token(run) || (valid == proofs(run) && marked == proofs(run))
}

fn a_mark_follows_its_signature(run: &Run<'_>) -> bool {
    run.record.iter().enumerate().all(|(n, (question, _))| {
        question.node() != "commit mark"
            || n.checked_sub(1)
                .and_then(|before| run.record.get(before))
                .is_some_and(|(_, given)| *given == Given::Verdict(Verdict::Valid))
    })
}

fn marked_before_a_grant_is_read(run: &Run<'_>) -> bool {
    let at = |node: &str| run.record.iter().position(|(question, _)| question.node().ends_with(node));
    at("grant").is_none_or(|grant| {
        let marks = run.record[..grant].iter().filter(|(question, _)| question.node() == "commit mark").count();
        let after = run.record[grant..].iter().any(|(question, _)| question.node() == "commit mark");
        marks == proofs(run) && !after
    })
}

fn nothing_after_the_write(run: &Run<'_>) -> bool {
    let written =
        |(question, given): &(Question, Given)| question.node() == "commit grant" && *given == Given::Committed;
    run.record.iter().position(written).is_none_or(|at| at + 1 == run.record.len())
}

fn own_grant_is_stored(run: &Run<'_>) -> bool {
    let own = message(run).body.starts_with(b"grant_type=client_credentials");
    let last = run.record.last().map(|(question, given)| (question.node(), given.clone()));
    !own || !has_token(run) || last == Some(("commit grant".to_owned(), Given::Committed))
}

fn failures_get_nothing(run: &Run<'_>) -> bool {
    let failed = run.record.iter().any(|(_, given)| {
        matches!(given, Given::Unavailable | Given::Verdict(Verdict::Invalid)) || *given == Given::Signature(Vec::new())
    });
    let last_unavailable = matches!(run.record.last(), Some((_, Given::Unavailable)));
    let Output::Reply(answer) = &run.output else { return false };
    (!failed || !has_token(run)) && (!last_unavailable || answer.status == 503)
}

fn nonce_is_given(run: &Run<'_>) -> bool {
    run.reply().is_none_or(|answer| {
        let wants = answer.member("error").as_deref() == Some("use_dpop_nonce");
        let nonce = answer.header("DPoP-Nonce");
        nonce.is_none_or(|nonce| nonce.len() == 34) && (!wants || (nonce.is_some() && !has_token(run)))
    })
}

fn token_type_is_the_proofs(run: &Run<'_>) -> bool {
    let has_proof = message(run).headers.iter().any(|(name, _)| name == "DPoP");
    run.reply().and_then(|answer| answer.member("token_type")).is_none_or(|of| {
        matches!(run.case.call, Call::Introspect(_)) || of == if has_proof { "DPoP" } else { "Bearer" }
    })
}
