//! The abstract requests to the userinfo endpoint, and what holds of them.

use symbolon::record::{Active, Grant, Granted, Revoked};
use symbolon::server::{AccessTokens, Decision, Server};
use symbolon::step::Verdict;

use super::properties::Property;
use super::{Call, Case, Facts, Given, Menu, Output, Question, Run, Shown, rows};
use crate::fixture::{Interaction, Message, NOW, USER, authorization_query, redemption};
use crate::keyed::{
    self, DPOP_KEY, OTHER_DPOP_KEY, m1_certificate, proof_of_token, s1_certificate, signing_keys, signing_server,
};

const USERINFO: &str = "https://as.example/userinfo";

/// Tokens of a user's grant with `openid`, as they were handed out: to whoever has them, to a key, to a certificate.
struct Tokens([String; 3]);

impl Tokens {
    fn of(access_tokens: AccessTokens) -> Self {
        let server = Server { signing_keys: signing_keys(access_tokens), ..signing_server() };
        let mut bench = keyed::bench(server);
        let mut redeemed = |client_id: &str, more: &str, with: &dyn Fn(Message) -> Message| {
            let query = authorization_query(client_id, "https%3A%2F%2Fclient.example%2Fcb", "&scope=openid+read");
            let Interaction::Ask { handle, .. } = bench.authorize(Message::get(&query)) else {
                panic!("the user is not asked")
            };
            let approve = Decision::Approve { scope: "openid read", authorization_details: "" };
            let code = bench.decide(&handle, approve).location("code").expect("a code").to_owned();
            let answer = bench.token(with(Message::post(&format!("{}{more}", redemption(&code)))));
            answer.member("access_token").unwrap_or_else(|| panic!("{answer:?}"))
        };
        let by_m1 = "&client_id=m1";
        Self([
            redeemed("k1", &keyed::k1_assertion("u"), &|message| message),
            redeemed("m1", by_m1, &|message| message.over(m1_certificate()).with_proof(&keyed::proof(DPOP_KEY, "t1"))),
            redeemed("m1", by_m1, &|message| message.over(m1_certificate())),
        ])
    }
}

fn menu() -> Menu {
    let granted = Granted { scope: "openid read", ..rows::granted("m1") };
    let active = |granted, generation| Grant::Active(Active { granted, generation, issued_at: NOW });
    let states = [
        active(granted, 1),
        active(granted, 3),
        active(granted, 0),
        active(Granted { scope: "read", ..granted }, 1),
        active(Granted { authenticated_at: None, subject: "client:m1", ..granted }, 1),
        active(Granted { ends_at: NOW, ..granted }, 1),
        Grant::Revoked(Revoked { client_id: "m1", subject: USER }),
    ];
    let mut grants: Vec<Given> = states.iter().map(|state| Given::Row(Some((1, rows::encode(state))))).collect();
    grants.extend([Given::Row(None), Given::Row(Some((1, vec![9]))), Given::Unavailable]);
    let marks = vec![Given::Committed, Given::Conflict, Given::Unavailable];
    Menu::from([("load grant", grants), ("commit mark", marks)])
}

fn case(name: &str, message: Message, token: &str) -> Case {
    let facts = Facts {
        client_id: "m1".to_owned(),
        shown: Shown::Nothing,
        presented: token.to_owned(),
        genuine: true,
        verifier: None,
        redirect_uri: None,
    };
    Case { name: name.to_owned(), call: Call::Userinfo(message), now: NOW, facts, menu: menu() }
}

/// The cases.
pub fn userinfo_requests() -> Vec<Case> {
    let mut cases = Vec::new();
    for access_tokens in [AccessTokens::Opaque, AccessTokens::Jwt] {
        let Tokens([unbound, by_key, by_certificate]) = Tokens::of(access_tokens);
        let get = || Message::get("");
        let bearer = |token: &str| get().with("Authorization", &format!("Bearer {token}"));
        let dpop = |token: &str| get().with("Authorization", &format!("DPoP {token}"));
        let proof = |key: &str, method: &str, token: &str| proof_of_token(key, "u1", method, USERINFO, token);
        let post = Message { method: symbolon::wire::http::Method::Post, ..bearer(&unbound) };
        let forged = format!("{}x", &unbound[..unbound.len() - 1]);
        for (name, message, token) in [
            ("nothing", get(), ""),
            ("another scheme", get().with("Authorization", "Basic eDp5"), ""),
            ("malformed", get().with("Authorization", "Bearer"), ""),
            ("another method", Message { method: symbolon::wire::http::Method::Other, ..get() }, ""),
            ("a token", bearer(&unbound), unbound.as_str()),
            ("a token by POST", post, &unbound),
            ("a forged token", bearer(&forged), ""),
            ("a foreign token", bearer("a.b.c"), ""),
            ("an unbound token as bound", dpop(&unbound).with_proof(&proof(DPOP_KEY, "GET", &unbound)), &unbound),
            ("a bound token as unbound", bearer(&by_key), &by_key),
            ("a bound token with its proof", dpop(&by_key).with_proof(&proof(DPOP_KEY, "GET", &by_key)), &by_key),
            ("a bound token without a proof", dpop(&by_key), &by_key),
            ("with another key", dpop(&by_key).with_proof(&proof(OTHER_DPOP_KEY, "GET", &by_key)), &by_key),
            ("with a proof for POST", dpop(&by_key).with_proof(&proof(DPOP_KEY, "POST", &by_key)), &by_key),
            ("with a proof of another token", dpop(&by_key).with_proof(&proof(DPOP_KEY, "GET", &unbound)), &by_key),
            ("a token of a certificate", bearer(&by_certificate).over(m1_certificate()), &by_certificate),
            ("with another certificate", bearer(&by_certificate).over(s1_certificate()), &by_certificate),
            ("without its certificate", bearer(&by_certificate), &by_certificate),
        ] {
            cases.push(case(&format!("{name}, {access_tokens:?}"), message, token));
        }
    }
    cases
}

/// What holds of every run of these cases.
pub const USERINFO_PROPERTIES: &[Property] = &[
    Property { name: "a user is told of by a grant that is alive", holds: user_is_earned },
    Property { name: "a bound token needs its key", holds: bound_needs_its_key },
    Property { name: "a signature is checked, and a proof marked", holds: checked_and_marked },
    Property { name: "a refusal has its challenge", holds: refusal_has_its_challenge },
];

fn user_is_earned(run: &Run<'_>) -> bool {
    let Output::User(user) = &run.output else { return true };
    let (sub, body) = (user.subject.as_str(), user.body.as_str());
    matches!(run.record.last(), Some((_, Given::Row(Some((_, row)))))
        if matches!(<Grant<'_> as symbolon::record::Record<'_>>::decode(row), Ok(Grant::Active(active))
            if active.generation >= 1
                && active.granted.scope.split(' ').any(|token| token == "openid")
                && active.granted.subject == sub
                && active.granted.authenticated_at.is_some()
                && NOW < active.granted.ends_at))
        && body == format!("{{\"sub\":\"{sub}\"}}")
        && user.scope.split(' ').any(|token| token == "openid")
}

fn name_has(run: &Run<'_>, part: &str) -> bool {
    run.case.name.split(',').next() == Some(part)
}

fn bound_needs_its_key(run: &Run<'_>) -> bool {
    let may = ["a token", "a token by POST", "a bound token with its proof", "a token of a certificate"];
    !matches!(run.output, Output::User(_)) || may.iter().any(|name| name_has(run, name))
}

fn checked_and_marked(run: &Run<'_>) -> bool {
    let count = |of: fn(&(Question, Given)) -> bool| run.record.iter().filter(|entry| of(entry)).count();
    let valid = count(|(_, given)| *given == Given::Verdict(Verdict::Valid));
    let marked = count(|(question, given)| question.node() == "commit mark" && *given == Given::Committed);
    let proofs = usize::from(name_has(run, "a bound token with its proof"));
    let signed = usize::from(run.case.facts.presented.contains('.'));
    !matches!(run.output, Output::User(_)) || (valid == proofs + signed && marked == proofs)
}

fn refusal_has_its_challenge(run: &Run<'_>) -> bool {
    let Output::Reply(answer) = &run.output else { return true };
    let challenges = answer.headers.iter().filter(|(name, _)| name == "WWW-Authenticate").count();
    let told = answer.headers.iter().filter(|(_, value)| value.contains("error=\"")).count();
    let has = match answer.status {
        405 => answer.header("Allow") == Some("GET, POST") && challenges == 0,
        400..=499 => challenges == 2 && (name_has(run, "nothing") || name_has(run, "another scheme") || told > 0),
        _ => challenges == 0,
    };
    has && answer.reason.is_some() && answer.body.is_empty() && answer.header("Cache-Control") == Some("no-store")
}
