//! PKCE.

use symbolon::server::Decision;
use symbolon::{ErrorCode, Event};

use super::form::Form;
use super::outcome::*;
use super::{Ground, Row, row};
use crate::fixture::{CHALLENGE, VERIFIER};

pub(super) const ROWS: &[Row] = &[
    row("PK-01", "the check is skipped when one side of PKCE is missing", "CVE-2025-4144", pk_01),
    row("PK-02", "the verifier is compared only if it is there", "CVE-2023-48228", pk_02),
    row("PK-03", "an attacker strips the challenge from the request", "CVE-2024-23647", pk_03),
    row("PK-04", "a verifier is taken for a code that has no challenge", "RFC 9700 section 4.8", pk_04),
    row("PK-06", "an unknown method counts as plain", "workers-oauth-provider 0.9.0", pk_06),
    row("PK-07", "a method without a challenge makes a grant without PKCE", "workers-oauth-provider", pk_07),
    row("PK-08", "plain is on by default", "GHSA-9h47-pqcx-hjr4", pk_08),
    row("PK-10", "an S256 challenge is compared as if it were plain", "RFC 7636 section 4.6", pk_10),
    row("PK-11", "the challenge is in another encoding", "RFC 7636 section 4.2", pk_11),
    row("PK-13", "the challenge has another length, or bits left over", "RFC 7636 section 4.2", pk_13),
    row("PK-14", "one challenge serves many requests, and nobody notices", "RFC 9700 section 2.1.1", pk_14),
];

/// A code of `c1`, a first redemption that must be refused, and the right one after it.
fn redemption(ground: &Ground, spoil: impl FnOnce(Form) -> Form) -> Checked {
    let mut bench = ground.bench();
    let code = bench.code_of_c1("read");
    let spoilt = refused(&bench.token(spoil(Form::code(&code)).from("c1")), 400, ErrorCode::InvalidGrant)?;
    let after = refused(&bench.redeem_as_c1(&code), 400, ErrorCode::InvalidGrant)?;
    Ok(format!("{spoilt}, and the code is burnt: the right verifier -> {after}"))
}

/// An authorization request that must end in this error for each kind of client.
fn request(ground: &Ground, spoil: impl Fn(Form) -> Form) -> Checked {
    let mut outcomes = Vec::new();
    for client_id in ["c1", "c2", "pub1"] {
        let mut bench = ground.bench();
        let outcome = redirected(&mut bench, &spoil(Form::authorization(client_id)), ErrorCode::InvalidRequest)?;
        outcomes.push(format!("{outcome}, no code"));
    }
    outcomes.dedup();
    Ok(outcomes.join("; "))
}

fn pk_01(ground: &Ground) -> Checked {
    Ok(format!("redemption without code_verifier -> {}", redemption(ground, |form| form.without("code_verifier"))?))
}

fn pk_02(ground: &Ground) -> Checked {
    let wrong = "a".repeat(43);
    each(
        [
            ("code_verifier empty", Some("")),
            ("absent", None),
            ("of 43 other characters", Some(wrong.as_str())),
            ("too short", Some("x")),
        ],
        |verifier| {
            redemption(ground, |form| match verifier {
                Some(verifier) => form.with("code_verifier", verifier),
                None => form.without("code_verifier"),
            })
        },
    )
}

fn pk_03(ground: &Ground) -> Checked {
    each(
        [
            ("no code_challenge, no method", &["code_challenge", "code_challenge_method"][..]),
            ("no code_challenge", &["code_challenge"][..]),
        ],
        |names| request(ground, |form| names.iter().fold(form, |form, name| form.without(name))),
    )
}

fn pk_04(ground: &Ground) -> Checked {
    let stripped = request(ground, |form| form.without("code_challenge").without("code_challenge_method"))?;
    let empty = request(ground, |form| form.with("code_challenge", ""))?;
    Ok(format!(
        "no challenge -> {stripped}; an empty one -> {empty}: so no code exists to which the verifier could be shown"
    ))
}

fn pk_06(ground: &Ground) -> Checked {
    each_text(["S512", "s256", "S256 ", " S256", "", "none", "S256,plain"], |method| {
        request(ground, |form| form.with("code_challenge_method", method))
    })
}

fn pk_07(ground: &Ground) -> Checked {
    Ok(format!("S256 without a challenge -> {}", request(ground, |form| form.without("code_challenge"))?))
}

fn pk_08(ground: &Ground) -> Checked {
    let asked = each([("plain", Some("plain")), ("no method, which means plain", None)], |method| {
        request(ground, |form| match method {
            Some(method) => form.with("code_challenge_method", method).with("code_challenge", VERIFIER),
            None => form.without("code_challenge_method"),
        })
    })?;
    let bench = ground.bench();
    let mut buffer = vec![0; symbolon::server::BUFFER];
    let reply = bench.server.metadata(&mut buffer).map_err(|_| "the buffer is too small")?;
    let document: serde_json::Value = serde_json::from_slice(reply.body).map_err(|error| error.to_string())?;
    let methods = &document["code_challenge_methods_supported"];
    ensure(*methods == serde_json::json!(["S256"]), || format!("metadata lists {methods}"))?;
    Ok(format!("{asked}; metadata lists {methods}"))
}

fn pk_10(ground: &Ground) -> Checked {
    Ok(format!("the challenge as verifier -> {}", redemption(ground, |form| form.with("code_verifier", CHALLENGE))?))
}

fn pk_11(ground: &Ground) -> Checked {
    let hex = "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3";
    let standard = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM";
    let slash = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw/cM";
    let padded = format!("{CHALLENGE}=");
    each_text([hex, standard, slash, &padded, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw cM"], |challenge| {
        request(ground, |form| form.with("code_challenge", challenge))
    })
}

fn pk_13(ground: &Ground) -> Checked {
    let lengths = (0..=128).filter(|length| *length != 43 && *length != 0);
    let long = each(lengths.map(|length| (format!("{length} characters"), "A".repeat(length))), |challenge| {
        request(ground, |form| form.with("code_challenge", &challenge))
    })?;
    // The last of 43 characters has two bits beyond the 256.
    let head = &CHALLENGE[..42];
    let loose = each_text(["N", "O", "P"].map(|last| format!("{head}{last}")), |challenge| {
        request(ground, |form| form.with("code_challenge", challenge))
    })?;
    Ok(format!("{long}; bits left over: {loose}"))
}

fn pk_14(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let other = "A".repeat(43);
    let with = |client_id: &str, challenge: &str| Form::authorization(client_id).with("code_challenge", challenge);
    let requests = [
        ("the first", with("c1", CHALLENGE), Event::Approved),
        ("its challenge again", with("c1", CHALLENGE), Event::ChallengeConstant),
        ("another challenge", with("c1", &other), Event::Approved),
        ("another client's", with("c2", CHALLENGE), Event::Approved),
    ];
    each(requests.map(|(name, form, event)| (name, (form, event))), |(form, event)| {
        let handle = asked(&mut bench, &form)?;
        let answer = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
        ensure(answer.event == Some(event) && answer.location("code").is_some(), || format!("{:?}", answer.event))?;
        Ok(format!("a code, and the event {event:?}"))
    })
}
