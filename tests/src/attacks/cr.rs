//! Authorization codes: whom they are bound to, and how often they work; and the consent before them.

use std::collections::HashSet;

use base64ct::{Base64UrlUnpadded, Encoding};
use symbolon::server::{Authorization, Decision};
use symbolon::terms::{Entropy, UserAgent};
use symbolon::{ErrorCode, Reason};

use super::form::{Form, encode};
use super::outcome::*;
use super::race::races;
use super::{Ground, Row, row};
use crate::drive::drive;
use crate::fixture::{Answer, BROWSER, Bench, C1_SECRET, Message, USER, VERIFIER, c1, put};

pub(super) const ROWS: &[Row] = &[
    row("CR-01", "AND where OR was meant: one wrong thing alone passes", "CVE-2026-28513", cr_01),
    row("CR-03", "a code is looked up, then deleted: two requests redeem it", "CVE-2026-53518", cr_03),
    row("CR-04", "one-time values of every sort share one name space", "CVE-2026-4282", cr_04),
    row("CR-05", "a value made for one endpoint is consumed by another", "CVE-2025-12421", cr_05),
    row(
        "CR-06",
        "the readable start of a redeemed code is enough to revoke its grant",
        "workers-oauth-provider 0.8.0",
        cr_06,
    ),
    row("CR-07", "a replay by the owner does not revoke, or one by a stranger does", "RFC 6749 section 4.1.2", cr_07),
    row(
        "CR-08",
        "the code is spent by a request that is refused for what it asks",
        "workers-oauth-provider 0.8.3",
        cr_08,
    ),
    row("CR-10", "a shortened token is still valid", "CVE-2026-27840", cr_10),
    row("CR-22", "codes can be guessed", "RFC 6749 section 10.10", cr_22),
    row("CR-23", "a victim is talked into pasting a fresh code elsewhere", "ConsentFix, 2025", cr_23),
    row("CR-24", "a code outlives the consent or the client", "a change between code and token", cr_24),
];

pub(super) const GRANT: ErrorCode = ErrorCode::InvalidGrant;

/// A way to redeem a code.
type Redeem = dyn Fn(&mut Bench, &str) -> Answer;
/// A change to the server between code and token, and the answer that it must lead to.
type Change = dyn Fn(&mut Bench) -> (u16, ErrorCode);

fn cr_01(ground: &Ground) -> Checked {
    let by_c2 = |bench: &mut Bench, code: &str| bench.token(Form::code(code).from("c2"));
    let late = |bench: &mut Bench, code: &str| {
        bench.now = bench.now.after(60);
        bench.redeem_as_c1(code)
    };
    let elsewhere = |bench: &mut Bench, code: &str| {
        bench.token(Form::code(code).and("redirect_uri", "https://client.example/").from("c1"))
    };
    let unverified =
        |bench: &mut Bench, code: &str| bench.token(Form::code(code).with("code_verifier", &"a".repeat(43)).from("c1"));
    let redeem: [(&str, &Redeem); 4] = [
        ("by c2, the rest right", &by_c2),
        ("after it expired", &late),
        ("with another redirect_uri", &elsewhere),
        ("with another verifier", &unverified),
    ];
    each(redeem, |redeem| {
        let mut bench = ground.bench();
        let code = bench.code_of_c1("read");
        refused(&redeem(&mut bench, &code), 400, GRANT)
    })
}

fn cr_03(ground: &Ground) -> Checked {
    each_text(["c1", "pub1"], |client_id| {
        let mut bench = ground.bench();
        let code = if client_id == "c1" { bench.code_of_c1("read") } else { bench.code_of_pub1("read") };
        let message = Form::code(&code).from(client_id);
        let finishes = races(ground, &bench, [message.clone(), message]);
        for finish in &finishes {
            let won: Vec<&Answer> = finish.answers.iter().filter(|answer| answer.status == 200).collect();
            ensure(won.len() == 1, || format!("{} redemptions of one code", won.len()))?;
            for lost in finish.answers.iter().filter(|answer| answer.status != 200) {
                refused(lost, 400, GRANT)?;
            }
            // The loser was a replay by the owner.
            family_dead(&finish.bench, client_id, &tokens(won[0])?)?;
        }
        ensure(finishes.len() > 2, || format!("{} orders only", finishes.len()))?;
        Ok(format!(
            "redeemed twice at once, {} orders of the questions -> one success each, the other 400, grant revoked",
            finishes.len()
        ))
    })
}

/// One credential of each kind, of one client.
struct Cast {
    bench: Bench,
    handle: String,
    code: String,
    tokens: Tokens,
}

fn cast(ground: &Ground) -> Result<Cast, String> {
    let mut bench = ground.bench();
    let tokens = tokens_of_c1(&mut bench, "read")?;
    let code = bench.code_of_c1("read");
    let handle = asked(&mut bench, &Form::authorization("c1"))?;
    Ok(Cast { bench, handle, code, tokens })
}

fn cr_04(ground: &Ground) -> Checked {
    let Cast { mut bench, handle, tokens, .. } = cast(ground)?;
    let forged = Base64UrlUnpadded::encode_string(&[2; 49]);
    let values = [
        ("a refresh token", tokens.refresh.as_str()),
        ("an access token", &tokens.access),
        ("the name of an interaction", &handle),
        ("the state", "xyz"),
        ("a made-up value of the right shape", &forged),
    ];
    each(values, |value| {
        let outcome = unmoved(&mut bench, |bench| refused(&bench.redeem_as_c1(value), 400, GRANT))?;
        Ok(format!("{outcome} as code"))
    })
}

fn cr_05(ground: &Ground) -> Checked {
    let Cast { mut bench, handle, code, tokens } = cast(ground)?;
    let kinds = [
        ("interaction", &handle),
        ("code", &code),
        ("refresh token", &tokens.refresh),
        ("access token", &tokens.access),
    ];
    let mut pairs = Vec::new();
    for (kind, value) in kinds {
        for place in ["decision", "redemption", "refresh", "revocation", "introspection"] {
            let own = match place {
                "decision" => kind == "interaction",
                "redemption" => kind == "code",
                "refresh" => kind == "refresh token",
                _ => kind.ends_with("token"),
            };
            if !own {
                pairs.push((format!("{kind} at {place}"), (place, value.as_str())));
            }
        }
    }
    let count = pairs.len();
    let outcome = each(pairs, |(place, value)| {
        unmoved(&mut bench, |bench| match place {
            "decision" => page(
                &bench.decide(value, Decision::Approve { scope: "read", authorization_details: "" }),
                Reason::InteractionInvalid,
            ),
            "redemption" => refused(&bench.redeem_as_c1(value), 400, GRANT),
            "refresh" => refused(&bench.refresh_as_c1(value), 400, GRANT),
            // RFC 7009 section 2.2: 200 for what is no token.
            "revocation" => silent(&bench.revoke(Form::token(value).from("c1"))),
            _ => inactive(&bench.introspect(Form::token(value).from("c1"))),
        })
    })?;
    // None was consumed.
    alive(&bench, "c1", &tokens)?;
    ensure(bench.decide(&handle, Decision::Deny).status == 303, || "the interaction was consumed".to_owned())?;
    ensure(bench.redeem_as_c1(&code).status == 200, || "the code was consumed".to_owned())?;
    Ok(format!("{count} pairs: {outcome}; each still works in its own place"))
}

/// An error page with this reason.
pub(super) fn page(answer: &Answer, reason: Reason) -> Checked {
    ensure(answer.reason == Some(reason) && answer.header("Location").is_none(), || format!("{answer:?}"))?;
    Ok(format!("error page ({})", answer.body))
}

fn silent(answer: &Answer) -> Checked {
    ensure((answer.status, answer.body.as_str()) == (200, ""), || format!("{answer:?}"))?;
    Ok("200 and nothing done".to_owned())
}

fn inactive(answer: &Answer) -> Checked {
    ensure((answer.status, answer.body.as_str()) == (200, "{\"active\":false}"), || format!("{answer:?}"))?;
    Ok(answer.body.clone())
}

fn cr_06(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let code = bench.code_of_c1("read");
    let live = tokens(&bench.redeem_as_c1(&code))?;
    // The payload can be read by anyone; the rest is the tag.
    let (head, tag) = code.split_at(44);
    let tails = ["A".repeat(tag.len()), code[..tag.len()].to_owned(), live.refresh[44..].to_owned()];
    let outcome = each_text(tails.map(|tail| format!("{head}{tail}")), |forged| {
        unmoved(&mut bench, |bench| refused(&bench.redeem_as_c1(forged), 400, GRANT))
    })?;
    Ok(format!("{outcome}; {}", alive(&bench, "c1", &live)?))
}

fn cr_07(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let code = bench.code_of_c1("read");
    let live = tokens(&bench.redeem_as_c1(&code))?;
    let strangers: [(&str, Message); 3] = [
        ("replay with a wrong verifier", Form::code(&code).with("code_verifier", &"a".repeat(43)).from("c1")),
        ("without a verifier", Form::code(&code).without("code_verifier").from("c1")),
        ("by c2", Form::code(&code).from("c2")),
    ];
    let stranger = each(strangers, |message| unmoved(&mut bench, |bench| refused(&bench.token(message), 400, GRANT)))?;
    let living = alive(&bench, "c1", &live)?;
    let owner = refused(&bench.redeem_as_c1(&code), 400, GRANT)?;
    Ok(format!("{stranger}, {living}; replay by the owner -> {owner}, {}", family_dead(&bench, "c1", &live)?))
}

fn cr_08(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let code = bench.code_of_c1("read");
    let asks = [
        ("a resource that was not granted", ("resource", "https://api.example/", ErrorCode::InvalidTarget)),
        ("a scope that was not granted", ("scope", "read write", ErrorCode::InvalidScope)),
    ];
    let outcome = each(asks, |(name, value, error)| {
        unmoved(&mut bench, |bench| refused(&bench.token(Form::code(&code).and(name, value).from("c1")), 400, error))
    })?;
    tokens(&bench.redeem_as_c1(&code))?;
    Ok(format!("{outcome}; the code is redeemed afterwards"))
}

fn cr_10(ground: &Ground) -> Checked {
    let Cast { mut bench, code, tokens: live, .. } = cast(ground)?;
    let kinds =
        [("code", code.clone()), ("access token", live.access.clone()), ("refresh token", live.refresh.clone())];
    let mut tried = 0;
    let mut spoilt_all = Vec::new();
    for (kind, genuine) in &kinds {
        let bytes = genuine.as_bytes();
        let mut spoilt: Vec<Vec<u8>> = (0..bytes.len()).map(|end| bytes[..end].to_vec()).collect();
        spoilt.extend((0..=255).map(|byte| [bytes, &[byte]].concat()));
        spoilt.push([bytes, bytes].concat());
        spoilt.extend((0..bytes.len() * 8).map(|bit| {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        }));
        let binary = Base64UrlUnpadded::decode_vec(genuine).map_err(|error| error.to_string())?;
        spoilt.extend((0..binary.len() * 8).map(|bit| {
            let mut flipped = binary.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            Base64UrlUnpadded::encode_string(&flipped).into_bytes()
        }));
        tried += spoilt.len();
        spoilt_all.push((*kind, spoilt));
    }
    let before = bench.store.clone();
    for (kind, spoilt) in spoilt_all {
        for value in spoilt {
            let value = encode(&value);
            let basic = |form: String| Message::post(&form).basic("c1", C1_SECRET);
            let answer = match kind {
                "code" => {
                    bench.token(basic(format!("grant_type=authorization_code&code={value}&code_verifier={VERIFIER}")))
                }
                "refresh token" => bench.token(basic(format!("grant_type=refresh_token&refresh_token={value}"))),
                _ => bench.introspect(basic(format!("token={value}"))),
            };
            let invalid = matches!(answer.member("error").as_deref(), Some("invalid_grant" | "invalid_request"));
            let safe = (answer.status == 400 && invalid) || (kind == "access token" && inactive(&answer).is_ok());
            ensure(safe, || format!("a spoilt {kind} {value} -> {} {}", answer.status, answer.body))?;
        }
    }
    ensure(bench.store == before, || "the store was changed".to_owned())?;
    alive(&bench, "c1", &live)?;
    tokens(&bench.redeem_as_c1(&code))?;
    Ok(format!(
        "{tried} prefixes, extensions and bit flips of a code, an access and a refresh token -> all refused, nothing changed"
    ))
}

fn cr_22(ground: &Ground) -> Checked {
    const DRAWS: u64 = 20_000;
    let bench = ground.bench();
    let mut store = bench.store.clone();
    let (mut names, mut ones) = (HashSet::new(), [0_u64; 128]);
    let mut buffer = vec![0; symbolon::server::BUFFER];
    for draw in 1..=DRAWS {
        // The worst that a generator may do: seeds that differ in one counter.
        let mut seed = [0; 32];
        seed[24..].copy_from_slice(&draw.to_be_bytes());
        let mut message = Form::authorization("c1").get();
        let name = message.lend(|request| {
            let browser = UserAgent::new(BROWSER).expect("long enough");
            let step = bench.server.authorize(request, browser, bench.now, Entropy::new(seed), &mut buffer);
            match drive(step.expect("room"), &mut store) {
                Authorization::Interact(prompt) => {
                    Base64UrlUnpadded::decode_vec(prompt.handle).map_err(|e| e.to_string())
                }
                Authorization::Refused(reply) => Err(format!("{:?}", reply.reason)),
            }
        })?;
        // The grant's name, the same in the handle and in the code, stands after three bytes.
        for (bit, count) in ones.iter_mut().enumerate() {
            *count += u64::from(name[3 + bit / 8] >> (bit % 8) & 1);
        }
        ensure(names.insert(name), || "the same twice".to_owned())?;
        store.rows.clear();
        store.rows.clone_from(&bench.store.rows);
    }
    let uneven = ones.iter().filter(|&&count| count.abs_diff(DRAWS / 2) > DRAWS / 40).count();
    ensure(uneven == 0, || format!("{uneven} of 128 bits are not even"))?;
    let mut message = Form::authorization("c1").get();
    let zeros = message.lend(|request| {
        let browser = UserAgent::new(BROWSER).expect("long enough");
        let step = bench.server.authorize(request, browser, bench.now, Entropy::new([0; 32]), &mut buffer);
        match drive(step.expect("room"), &mut store) {
            Authorization::Interact(_) => Err("entropy of all zeros is taken".to_owned()),
            Authorization::Refused(reply) => Ok(format!("{:?}", reply.reason.ok_or("no reason")?)),
        }
    })?;
    Ok(format!("{DRAWS} from seeds that count upwards -> all differ, 128 even bits; from all zeros -> {zeros}"))
}

fn cr_23(ground: &Ground) -> Checked {
    let ttl = ground.bench().server.lifetimes.code;
    ensure(ttl <= 60, || format!("a code lives for {ttl} s"))?;
    each([("redeemed after 59 s", 59), ("after 60 s", 60), ("after an hour", 3600)], |seconds| {
        let mut bench = ground.bench();
        let code = bench.code_of_pub1("read");
        bench.now = bench.now.after(seconds);
        let answer = bench.redeem_as_pub1(&code);
        if seconds < 60 { tokens(&answer).map(|_| "tokens".to_owned()) } else { refused(&answer, 400, GRANT) }
    })
}

fn cr_24(ground: &Ground) -> Checked {
    let withdrawn = |bench: &mut Bench| {
        bench.store.rows.retain(|_, row| row.subject.as_deref() != Some(USER));
        (400, GRANT)
    };
    let disabled = |bench: &mut Bench| {
        let hash = symbolon::terms::secret::hash(C1_SECRET);
        put(&mut bench.store, &symbolon::record::Client { disabled: true, ..c1(&hash) });
        (401, ErrorCode::InvalidClient)
    };
    let narrowed = |bench: &mut Bench| {
        let hash = symbolon::terms::secret::hash(C1_SECRET);
        put(&mut bench.store, &symbolon::record::Client { scope: "write", default_scope: "", ..c1(&hash) });
        (400, GRANT)
    };
    let changes: [(&str, &Change); 3] = [
        ("the user's rows are deleted", &withdrawn),
        ("the client is disabled", &disabled),
        ("the client loses the scope", &narrowed),
    ];
    each(changes, |change| {
        let mut bench = ground.bench();
        let code = bench.code_of_c1("read");
        let (status, error) = change(&mut bench);
        refused(&bench.redeem_as_c1(&code), status, error)
    })
}
