//! Refresh, revocation and introspection.

use symbolon::record::{Client, GrantTypes};
use symbolon::step::{Commit, Flow, Load, Step};
use symbolon::terms::secret;
use symbolon::{ErrorCode, Event, Reason};

use super::form::Form;
use super::outcome::*;
use super::race::races;
use super::{Ground, Row, row};
use crate::drive::{Host, drive};
use crate::fixture::{Answer, Bench, C1_SECRET, USER, c1, put};
use crate::store::MemoryStore;

pub(super) const ROWS: &[Row] = &[
    row("RT-01", "refreshes at once slip past the check for reuse", "CVE-2026-1035", rt_01),
    row("RT-02", "refreshes at once split the family in two", "CVE-2026-53517", rt_02),
    row("RT-04", "a superseded refresh token comes again", "RFC 9700 section 4.14.2", rt_04),
    row("RT-05", "the grace for lost responses lets a thief replay", "RFC 9700 section 4.14.2", rt_05),
    row("RT-06", "a refresh token is not bound to its client", "CVE-2026-55672", rt_06),
    row("RT-07", "a refresh widens the scope", "RFC 6749 section 6", rt_07),
    row("RT-08", "a narrowed scope stays narrow, or is wide at once", "RFC 6749 section 6", rt_08),
    row("RT-09", "a refresh asks for a resource that was not granted", "GHSA-p2fr-6hmx-4528", rt_09),
    row("RT-10", "refresh goes on after the consent is withdrawn", "CVE-2026-43983", rt_10),
    row("RT-11", "the grant survives the scope that it rests on", "CVE-2025-12110, CVE-2022-3916", rt_11),
    row("RT-12", "a revoked token is refreshed", "CVE-2020-10594", rt_12),
    row("RT-13", "rotation prolongs the grant for ever", "OAuth 2.0 for Browser-Based Apps section 6.3.2.3", rt_13),
    row("RT-16", "public clients cannot revoke, and are told that they did", "CVE-2018-1000211", rt_16),
    row("RT-17", "an error of the store is swallowed by revocation", "CVE-2020-15223", rt_17),
    row("RT-18", "any client revokes the tokens of all", "CVE-2016-6582", rt_18),
    row("RT-19", "a wrong hint hides a token, an unknown token is an error", "RFC 7009 sections 2.1 and 2.2", rt_19),
    row("RT-20", "access tokens outlive the refresh token", "RFC 7009 section 2.1", rt_20),
    row("RT-23", "introspection finds everything active that is genuine", "CVE-2026-41164", rt_23),
    row("RT-32", "a disabled client still gets tokens", "CVE-2025-64521, CVE-2025-53942", rt_32),
];

const GRANT: ErrorCode = ErrorCode::InvalidGrant;

fn tokens_of(bench: &mut Bench, client_id: &str) -> Result<Tokens, String> {
    if client_id == "c1" { tokens_of_c1(bench, "read") } else { tokens_of_pub1(bench, "read") }
}

fn rt_01(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let first = tokens_of_pub1(&mut bench, "read")?;
    let message = Form::refresh(&first.refresh).from("pub1");
    let finishes = races(ground, &bench, [message.clone(), message]);
    for finish in &finishes {
        let won: Vec<&Answer> = finish.answers.iter().filter(|answer| answer.status == 200).collect();
        ensure(won.len() == 1, || format!("{} refreshes with one token", won.len()))?;
        for lost in finish.answers.iter().filter(|answer| answer.status != 200) {
            refused(lost, 400, GRANT)?;
            ensure(lost.reason == Some(Reason::RefreshTokenReused), || format!("{:?}", lost.reason))?;
        }
        family_dead(&finish.bench, "pub1", &tokens(won[0])?)?;
    }
    ensure(finishes.len() > 2, || format!("{} orders only", finishes.len()))?;
    Ok(format!(
        "a public client twice at once, {} orders of the questions -> one success each, the other 400, grant revoked",
        finishes.len()
    ))
}

fn rt_02(ground: &Ground) -> Checked {
    each_text(["c1", "pub1"], |client_id| {
        let mut bench = ground.bench();
        let first = tokens_of(&mut bench, client_id)?;
        let message = Form::refresh(&first.refresh).from(client_id);
        let (mut most, mut orders) = (0, 0);
        for finish in races(ground, &bench, [message.clone(), message]) {
            let mut refresh_tokens: Vec<String> =
                finish.answers.iter().filter_map(|answer| answer.member("refresh_token")).collect();
            refresh_tokens.sort();
            refresh_tokens.dedup();
            // Each is tried on a copy of what the race left, so that none spoils the other.
            let live = refresh_tokens
                .iter()
                .filter(|token| copy(&finish.bench).token(Form::refresh(token).from(client_id)).status == 200)
                .count();
            ensure(live <= 1, || format!("{live} live refresh tokens in one family"))?;
            ensure(refresh_tokens.len() == 1, || format!("{} successors", refresh_tokens.len()))?;
            most = most.max(live);
            orders += 1;
        }
        Ok(format!("{orders} orders -> one successor, at most {most} of the family alive"))
    })
}

fn rt_04(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let first = tokens_of_pub1(&mut bench, "read")?;
    let second = tokens(&bench.refresh_as_pub1(&first.refresh))?;
    let reuse = bench.refresh_as_pub1(&first.refresh);
    ensure(reuse.event == Some(Event::RefreshTokenReused), || format!("event {:?}", reuse.event))?;
    Ok(format!("by a public client -> {}, {}", refused(&reuse, 400, GRANT)?, family_dead(&bench, "pub1", &second)?))
}

fn rt_05(ground: &Ground) -> Checked {
    let attempts = [
        ("c1, who authenticates, 5 s later", ("c1", 5, true)),
        ("c1 31 s later", ("c1", 31, false)),
        ("pub1 at once", ("pub1", 0, false)),
    ];
    each(attempts, |(client_id, seconds, again)| {
        let mut bench = ground.bench();
        let first = tokens_of(&mut bench, client_id)?;
        let second = tokens(&bench.token(Form::refresh(&first.refresh).from(client_id)))?;
        bench.now = bench.now.after(seconds);
        let answer = bench.token(Form::refresh(&first.refresh).from(client_id));
        if again {
            ensure(tokens(&answer)? == second, || "another successor".to_owned())?;
            return Ok("the same successor once more".to_owned());
        }
        Ok(format!("{}, {}", refused(&answer, 400, GRANT)?, family_dead(&bench, client_id, &second)?))
    })
}

fn rt_06(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let live = tokens_of_c1(&mut bench, "read")?;
    let form = Form::refresh(&live.refresh);
    let attempts = [
        ("c1's token by c2", (form.from("c2"), 400, GRANT)),
        ("by pub1", (form.from("pub1"), 400, GRANT)),
        ("by c2 without its secret", (form.clone().and("client_id", "c2").post(), 401, ErrorCode::InvalidClient)),
        ("by c1 without its secret", (form.clone().and("client_id", "c1").post(), 401, ErrorCode::InvalidClient)),
        ("without client_id", (form.post(), 400, ErrorCode::InvalidRequest)),
    ];
    let outcome = each(attempts, |(message, status, error)| {
        unmoved(&mut bench, |bench| refused(&bench.token(message), status, error))
    })?;
    Ok(format!("{outcome}; {}", alive(&bench, "c1", &live)?))
}

fn rt_07(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let live = tokens_of_c1(&mut bench, "read")?;
    let outcome =
        each_text(["read write", "write", "read admin", "READ", "read read", "read  ", "\"read\""], |scope| {
            let message = Form::refresh(&live.refresh).and("scope", scope).from("c1");
            unmoved(&mut bench, |bench| refused(&bench.token(message), 400, ErrorCode::InvalidScope))
        })?;
    Ok(format!("{outcome}; {}", alive(&bench, "c1", &live)?))
}

fn rt_08(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let first = tokens_of_c1(&mut bench, "read write")?;
    let scope_of = |bench: &mut Bench, access: &str| {
        bench.introspect(Form::token(access).from("rs1")).member("scope").unwrap_or_default()
    };
    let narrow = tokens(&bench.token(Form::refresh(&first.refresh).and("scope", "read").from("c1")))?;
    let wide = tokens(&bench.token(Form::refresh(&narrow.refresh).from("c1")))?;
    let scopes = [scope_of(&mut bench, &narrow.access), scope_of(&mut bench, &wide.access)];
    ensure(scopes == ["read", "read write"], || format!("{scopes:?}"))?;
    Ok(format!("scope=read -> a token for {:?}; then without scope -> a token for {:?}", scopes[0], scopes[1]))
}

fn rt_09(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let live = tokens_of_c1(&mut bench, "read")?;
    let uris = [
        "https://other-rs.example/",
        "https://api.example/",
        "https://rs.example",
        "https://RS.example/",
        "rs",
        "https://rs.example/#",
    ];
    let outcome = each_text(uris, |uri| {
        let message = Form::refresh(&live.refresh).and("resource", uri).from("c1");
        unmoved(&mut bench, |bench| refused(&bench.token(message), 400, ErrorCode::InvalidTarget))
    })?;
    Ok(format!("{outcome}; {}", alive(&bench, "c1", &live)?))
}

fn rt_10(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let live = tokens_of_c1(&mut bench, "read")?;
    alive(&bench, "c1", &live)?;
    // The host finds a user's grants by their labels.
    bench.store.rows.retain(|_, row| row.subject.as_deref() != Some(USER));
    Ok(format!("the user's rows deleted -> {}", family_dead(&bench, "c1", &live)?))
}

fn rt_11(ground: &Ground) -> Checked {
    let hash = secret::hash(C1_SECRET);
    let changes = [
        ("the client loses a scope of the grant", (Client { scope: "read", ..c1(&hash) }, GRANT)),
        (
            "the client loses the refresh_token grant",
            (
                Client { grant_types: GrantTypes { refresh_token: false, ..GrantTypes::SIGN_IN }, ..c1(&hash) },
                ErrorCode::UnauthorizedClient,
            ),
        ),
    ];
    each(changes, |(client, error)| {
        let mut bench = ground.bench();
        let live = tokens_of_c1(&mut bench, "read write")?;
        put(&mut bench.store, &client);
        unmoved(&mut bench, |bench| refused(&bench.refresh_as_c1(&live.refresh), 400, error))
    })
}

fn rt_12(ground: &Ground) -> Checked {
    each(["refresh token", "access token"].map(|kind| (format!("{kind} revoked, then refreshed"), kind)), |kind| {
        let mut bench = ground.bench();
        let live = tokens_of_c1(&mut bench, "read")?;
        let token = if kind == "refresh token" { &live.refresh } else { &live.access };
        let revoked = ground.revoke(&mut bench, Form::token(token).from("c1"));
        ensure(revoked.status == 200, || format!("{revoked:?}"))?;
        unmoved(&mut bench, |bench| refused(&bench.refresh_as_c1(&live.refresh), 400, GRANT))
    })
}

fn rt_13(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let code = bench.code_of_c1("read");
    let end = bench.now.after(bench.server.lifetimes.grant);
    let mut live = tokens(&bench.redeem_as_c1(&code))?;
    let mut rotations = 0;
    loop {
        let next = bench.now.after(bench.server.lifetimes.refresh_token - 1);
        bench.now = if next >= end { symbolon::terms::Time(end.0 - 1) } else { next };
        live = tokens(&bench.refresh_as_c1(&live.refresh))?;
        rotations += 1;
        if bench.now.after(1) >= end {
            break;
        }
    }
    let expires_in = bench.introspect(Form::token(&live.access).from("rs1"));
    ensure(expires_in.body.contains(&format!("\"exp\":{}", end.0)), || {
        format!("outlives the grant: {}", expires_in.body)
    })?;
    bench.now = end;
    let dead = family_dead(&bench, "c1", &live)?;
    Ok(format!("rotated {rotations} times until the grant ends -> the last tokens end with it; a second later {dead}"))
}

fn rt_16(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let live = tokens_of_pub1(&mut bench, "read")?;
    let answer = ground.revoke(&mut bench, Form::token(&live.refresh).from("pub1"));
    ensure(answer.status == 200, || format!("{answer:?}"))?;
    Ok(format!("by client_id alone -> {}, {}", answer.status, family_dead(&bench, "pub1", &live)?))
}

/// A store that fails at one question.
struct Failing<'s> {
    store: &'s mut MemoryStore,
    at: usize,
    asked: usize,
}

impl Host for Failing<'_> {
    fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
        self.asked += 1;
        if self.asked == self.at { question.unavailable() } else { Host::load(self.store, question) }
    }

    fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
        self.asked += 1;
        if self.asked == self.at { question.unavailable() } else { Host::commit(self.store, question) }
    }
}

fn rt_17(ground: &Ground) -> Checked {
    let attempts = [("reading the client", 1), ("reading the grant", 2), ("writing the grant", 3)];
    each(attempts, |at| {
        let mut bench = ground.bench();
        let live = tokens_of_c1(&mut bench, "read")?;
        let mut buffer = vec![0; symbolon::server::BUFFER];
        let mut store = Failing { store: &mut bench.store, at, asked: 0 };
        let answer: Answer = Form::token(&live.refresh).from("c1").lend(|request| {
            drive(bench.server.revoke(request, bench.now, &mut buffer).expect("room"), &mut store).into()
        });
        ensure(store.asked == at, || format!("{} questions", store.asked))?;
        Ok(format!("{}, {}", refused(&answer, 503, ErrorCode::TemporarilyUnavailable)?, alive(&bench, "c1", &live)?))
    })
}

fn rt_18(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let live = tokens_of_c1(&mut bench, "read")?;
    let attempts = [
        ("c1's refresh token by c2", ("c2", &live.refresh)),
        ("by pub1", ("pub1", &live.refresh)),
        ("c1's access token by c2", ("c2", &live.access)),
    ];
    let outcome = each(attempts, |(client_id, token)| {
        unmoved(&mut bench, |bench| {
            let answer = ground.revoke(bench, Form::token(token).from(client_id));
            let unknown = ground.revoke(bench, Form::token("zzz").from(client_id));
            ensure(answer.event == Some(symbolon::Event::ForeignCredential), || format!("not logged: {answer:?}"))?;
            // The log tells them apart, what is sent does not.
            let sent = crate::fixture::Answer { event: None, ..answer.clone() };
            ensure(sent == unknown, || format!("told apart from an unknown token: {answer:?}"))?;
            Ok(format!("{} as for an unknown token", answer.status))
        })
    })?;
    Ok(format!("{outcome}; {}", alive(&bench, "c1", &live)?))
}

fn rt_19(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let unknown = unmoved(&mut bench, |bench| {
        let answer = ground.revoke(bench, Form::token("zzz").from("c1"));
        ensure(answer.status == 200, || format!("{answer:?}"))?;
        Ok(format!("an unknown token -> {}", answer.status))
    })?;
    let hints = each_text(["access_token", "foo", ""], |hint| {
        let mut bench = ground.bench();
        let live = tokens_of_c1(&mut bench, "read")?;
        let answer = ground.revoke(&mut bench, Form::token(&live.refresh).and("token_type_hint", hint).from("c1"));
        ensure(answer.status == 200, || format!("{answer:?}"))?;
        family_dead(&bench, "c1", &live)
    })?;
    Ok(format!("{unknown}; a refresh token with the hint {hints}"))
}

fn rt_20(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let live = tokens_of_c1(&mut bench, "read")?;
    let newer = tokens(&bench.refresh_as_c1(&live.refresh))?;
    ensure(bench.is_active(&live.access) && bench.is_active(&newer.access), || "not active before".to_owned())?;
    ground.revoke(&mut bench, Form::token(&newer.refresh).from("c1"));
    each([("access token of the first generation", &live.access), ("of the second", &newer.access)], |access| {
        let answer = bench.introspect(Form::token(access).from("rs1"));
        ensure(answer.body == "{\"active\":false}", || answer.body.clone())?;
        Ok(answer.body)
    })
}

fn rt_23(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let live = tokens_of_c1(&mut bench, "read")?;
    let code = bench.code_of_c1("read");
    let handle = asked(&mut bench, &Form::authorization("c1"))?;
    let values = [
        ("a JWT", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2FzLmV4YW1wbGUifQ."),
        ("an unredeemed code", &code),
        ("the name of an interaction", &handle),
        ("a refresh token, asked by the resource server", &live.refresh),
        ("the client's secret", C1_SECRET),
    ];
    let outcome = each(values, |value| {
        let answer = bench.introspect(Form::token(value).from("rs1"));
        ensure((answer.status, answer.body.as_str()) == (200, "{\"active\":false}"), || format!("{answer:?}"))?;
        Ok(answer.body)
    })?;
    let stranger = bench.introspect(Form::token(&live.access).from("c2"));
    ensure(stranger.body == "{\"active\":false}", || format!("c2 learns of c1's token: {}", stranger.body))?;
    let public = refused(&bench.introspect(Form::token(&live.access).from("pub1")), 401, ErrorCode::InvalidClient)?;
    Ok(format!("{outcome}; c1's access token asked by c2 -> {}; by a public client -> {public}", stranger.body))
}

fn rt_32(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let live = tokens_of_c1(&mut bench, "read")?;
    let code = bench.code_of_c1("read");
    let hash = secret::hash(C1_SECRET);
    put(&mut bench.store, &Client { disabled: true, ..c1(&hash) });
    let attempts = [("redemption", Form::code(&code)), ("refresh", Form::refresh(&live.refresh))];
    let tokens = each(attempts, |form| {
        unmoved(&mut bench, |bench| refused(&bench.token(form.from("c1")), 401, ErrorCode::InvalidClient))
    })?;
    let request = local(&mut bench, &Form::authorization("c1"))?;
    let introspection =
        refused(&bench.introspect(Form::token(&live.access).from("c1")), 401, ErrorCode::InvalidClient)?;
    Ok(format!("{tokens}; authorization request -> {request}; introspection -> {introspection}"))
}
