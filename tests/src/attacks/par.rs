//! Pushed authorization requests, tried on the endpoint that takes them and on the one that a browser brings their names to.

use symbolon::limits;
use symbolon::server::Decision;

use super::outcome::*;
use super::{Ground, Row, row};
use crate::fixture::*;
use crate::keyed::{self, DPOP_KEY, OTHER_DPOP_KEY, PAR, k1_assertion, proof, proof_for};
use crate::keys;

pub(super) const ROWS: &[Row] = &[
    row("CS-37", "front-channel parameters beside a pushed request", "RFC 9126 section 4", cs_37),
    row("DP-23", "a pushed request names another key than its proof", "RFC 9449 section 10.1", dp_23),
    row("MD-28", "a pushed request is used twice, late, by another", "RFC 9126 section 7.3", md_28),
    row("MD-29", "what was pushed shows in the browser", "CVE-2024-4540", md_29),
    row("PD-15", "pushed requests fill the store", "RFC 9126 section 7", pd_15),
    row("PK-20", "the attacker chooses the challenge of the victim's request", "Fett, Hosseyni, Küsters 2019", pk_20),
];

const EVIL: &str = "&redirect_uri=https%3A%2F%2Fevil.example%2Fcb&scope=admin&state=evil&response_type=token";

fn approve(bench: &mut Bench, handle: &str, scope: &str) -> Answer {
    bench.decide(handle, Decision::Approve { scope, authorization_details: "" })
}

fn brought(client_id: &str, request_uri: &str, more: &str) -> Message {
    Message::get(&format!("client_id={client_id}&request_uri={request_uri}{more}"))
}

fn cs_37(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let request_uri = bench.pushed_by_c1("");
    let Interaction::Ask { handle, refusal: None } = bench.authorize(brought("c1", &request_uri, EVIL)) else {
        return Err("the request is refused".to_owned());
    };
    let answer = approve(&mut bench, &handle, "read");
    let location = response(&answer, "https://client.example/cb")?;
    ensure(location.value("state") == Some("xyz"), || format!("state {:?}", location.value("state")))?;
    let wider = {
        let request_uri = bench.pushed_by_c1("");
        let Interaction::Ask { handle, .. } = bench.authorize(brought("c1", &request_uri, EVIL)) else {
            return Err("the request is refused".to_owned());
        };
        approve(&mut bench, &handle, "read admin").status
    };
    ensure(wider == 500, || format!("more scope than was pushed: {wider}"))?;
    Ok("what was pushed counts: sent to the client's own redirect_uri, with its state and its scope".to_owned())
}

fn pk_20(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let request_uri = bench.pushed_by_c1("");
    let more = format!("&code_challenge={}&code_challenge_method=S256", "A".repeat(43));
    let Interaction::Ask { handle, refusal: None } = bench.authorize(brought("c1", &request_uri, &more)) else {
        return Err("the request is refused".to_owned());
    };
    let answer = approve(&mut bench, &handle, "read");
    let code = answer.location("code").ok_or_else(|| format!("no code: {answer:?}"))?.to_owned();
    let answer = bench.redeem_as_c1(&code);
    ensure(answer.status == 200, || format!("the client's own verifier: {answer:?}"))?;
    Ok("the challenge that was pushed counts: the client's own verifier redeems the code".to_owned())
}

fn md_28(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let request_uri = bench.pushed_by_c1("");
    let refused =
        |bench: &mut _, client_id, request_uri: &str| local_message(bench, brought(client_id, request_uri, ""));
    let foreign = refused(&mut bench, "c2", &request_uri)?;
    let cut = refused(&mut bench, "c1", &request_uri[..request_uri.len() - 1])?;
    ensure(matches!(bench.authorize(brought("c1", &request_uri, "")), Interaction::Ask { refusal: None, .. }), || {
        "its own client is refused".to_owned()
    })?;
    let twice = refused(&mut bench, "c1", &request_uri)?;
    let late = bench.pushed_by_c1("");
    bench.now = bench.now.after(bench.server.lifetimes.pushed_request);
    let late = refused(&mut bench, "c1", &late)?;
    Ok(format!("by another -> {foreign}; cut short -> {cut}; twice -> {twice}; late -> {late}"))
}

fn dp_23(ground: &Ground) -> Checked {
    let mut bench = keyed::bench(ground.bench().server);
    let form = |more: &str, jti: &str| {
        let query = authorization_query("k1", "https%3A%2F%2Fclient.example%2Fcb", &format!("&scope=read{more}"));
        format!("{query}{}", k1_assertion(jti))
    };
    let named = |key: &str| format!("&dpop_jkt={}", keys::thumbprint(key).expect("a key"));
    let before = grants(&bench);
    let answer =
        bench.push(Message::post(&form(&named(OTHER_DPOP_KEY), "a1")).with_proof(&proof_for(DPOP_KEY, "p1", PAR)));
    let told = answer.member("error").unwrap_or_default();
    ensure(answer.status == 400 && told == "invalid_dpop_proof" && grants(&bench) == before, || format!("{answer:?}"))?;
    for (more, jti) in [(named(DPOP_KEY), "2"), (String::new(), "3")] {
        let message = Message::post(&form(&more, &format!("a{jti}")));
        let answer = bench.push(message.with_proof(&proof_for(DPOP_KEY, &format!("p{jti}"), PAR)));
        let request_uri = answer.member("request_uri").ok_or_else(|| format!("its own key: {answer:?}"))?;
        let Interaction::Ask { handle, .. } = bench.authorize(brought("k1", &request_uri, "")) else {
            return Err("the request is refused".to_owned());
        };
        let answer = approve(&mut bench, &handle, "read");
        let code = answer.location("code").ok_or_else(|| format!("no code: {answer:?}"))?.to_owned();
        let redeem = format!("{}{}", redemption(&code), k1_assertion(&format!("b{jti}")));
        let stolen = bench.token(Message::post(&redeem).with_proof(&proof(OTHER_DPOP_KEY, &format!("q{jti}"))));
        ensure(stolen.member("error").as_deref() == Some("invalid_grant"), || format!("another key: {stolen:?}"))?;
    }
    Ok(format!(
        "another key -> {told}, nothing stored; without dpop_jkt, too, the code takes the key of the proof alone"
    ))
}

fn grants(bench: &Bench) -> usize {
    bench.store.rows.values().filter(|row| row.kind == "grant").count()
}

fn pd_15(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    bench.server.lifetimes.pushed_request = u64::MAX;
    let until =
        |bench: &Bench| bench.store.rows.values().filter(|row| row.kind == "grant").map(|row| row.expires_at).max();
    bench.pushed_by_c1("");
    let most = bench.now.after(limits::PUSHED_REQUEST_LIFETIME).0;
    ensure(until(&bench) == Some(most), || format!("kept until {:?}", until(&bench)))?;
    let before = grants(&bench);
    let form = authorization_query("c1", "https%3A%2F%2Fclient.example%2Fcb", "&scope=read");
    let answer = bench.push(Message::post(&form).basic("c1", "wrong"));
    ensure(answer.status == 401 && grants(&bench) == before, || format!("{answer:?}"))?;
    Ok(format!(
        "a row goes after {} seconds, whatever is configured; whoever does not authenticate leaves none; the rate is the host's",
        limits::PUSHED_REQUEST_LIFETIME
    ))
}

fn md_29(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let pushed = ["nonce-of-the-client", "bob@client.example", "urn:acr:high"];
    let more = format!("&nonce={}&login_hint={}&acr_values={}", pushed[0], pushed[1], pushed[2]);
    let request_uri = bench.pushed_by_c1(&more);
    let Interaction::Ask { handle, refusal: None } = bench.authorize(brought("c1", &request_uri, "")) else {
        return Err("the request is refused".to_owned());
    };
    let Interaction::Refused(page) = bench.authorize(brought("c1", &request_uri, "")) else {
        return Err("it is used twice".to_owned());
    };
    let answer = approve(&mut bench, &handle, "read");
    let location = response(&answer, "https://client.example/cb")?;
    ensure(location.names() == ["code", "state", "iss"], || format!("{:?}", location.names()))?;
    let headers = |answer: &Answer| answer.headers.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>().concat();
    let shown = [handle, headers(&page), page.body, headers(&answer), answer.body].concat();
    for value in pushed.into_iter().chain([CHALLENGE, "redirect_uri"]) {
        ensure(!shown.contains(value), || format!("{value} shows"))?;
    }
    Ok("the handle, an error page and the response hold nothing of what was pushed but the state".to_owned())
}
