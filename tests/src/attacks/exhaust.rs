//! Requests and times that are meant to exhaust.

use symbolon::record::GRANT_ROW;
use symbolon::server::{Authenticated, BUFFER, Decision};
use symbolon::terms::{Time, UserAgent};
use symbolon::{ErrorCode, TooSmall};

use super::form::{Form, decode};
use super::outcome::*;
use super::{Ground, Row, row};
use crate::fixture::{self, BROWSER, Interaction, USER};

pub(super) const ROWS: &[Row] = &[
    row("PD-14", "strangers fill the store", "CVE-2026-67437, CVE-2021-22119", pd_14),
    row("PD-16", "a scope of a hundred thousand tokens", "RFC 6749 section 3.3", pd_16),
    row("PD-17", "two thousand resources", "RFC 8707 section 2", pd_17),
    row("PD-20", "times at the ends of the range", "arithmetic", pd_20),
    row("PD-25", "memory runs out in the middle", "arithmetic of buffers", pd_25),
];

fn pd_14(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let clients = bench.store.rows.len();
    let long = |length| "a".repeat(length);
    let requests = 200;
    for _ in 0..requests {
        asked(&mut bench, &Form::authorization("c1").with("state", &long(2048)))?;
    }
    let rows: Vec<_> = bench.store.rows.values().filter(|row| row.kind == "grant").collect();
    ensure(rows.len() == requests && bench.store.rows.len() == clients + requests, || format!("{} rows", rows.len()))?;
    let biggest = rows.iter().map(|row| row.value.len()).max().unwrap_or(0);
    let latest = rows.iter().map(|row| row.expires_at).max().unwrap_or(0) - bench.now.0;
    ensure(biggest <= GRANT_ROW && latest <= 600, || format!("rows of {biggest} bytes for {latest} s"))?;
    let too_long = local(&mut bench, &Form::authorization("c1").with("state", &long(2049)))?;
    let mut bench = ground.bench();
    for _ in 0..requests {
        local(&mut bench, &Form::authorization("nobody"))?;
        bench.draws = 0;
    }
    Ok(format!(
        "{requests} requests of a known client -> one row each, at most {biggest} bytes, gone after {latest} s; a state of 2049 bytes -> \
         {too_long}; {requests} of an unknown client -> no row"
    ))
}

fn pd_16(ground: &Ground) -> Checked {
    let scope = |tokens: usize| (0..tokens).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
    let huge = each([("100000 tokens", scope(100_000)), ("1 MB in one token", "a".repeat(1 << 20))], |scope| {
        local(&mut ground.bench(), &Form::authorization("c1").with("scope", &scope))
    })?;
    let tokens = [
        ("33 tokens", scope(33)),
        ("300 tokens", scope(300)),
        ("1025 bytes", "a".repeat(1025)),
        ("read twice", "read read".to_owned()),
    ];
    let long = each(tokens, |scope| {
        redirected(&mut ground.bench(), &Form::authorization("c1").with("scope", &scope), ErrorCode::InvalidScope)
    })?;
    Ok(format!("{huge}; {long}"))
}

fn pd_17(ground: &Ground) -> Checked {
    let with = |form: &Form, count: usize| {
        (0..count).fold(form.clone(), |form, n| form.and("resource", &format!("https://r{n}.example/")))
    };
    let counts = [
        ("2000 resources", (2000, ErrorCode::InvalidRequest)),
        ("9", (9, ErrorCode::InvalidRequest)),
        ("8", (8, ErrorCode::InvalidTarget)),
    ];
    let back = each(counts, |(count, error)| {
        let mut bench = ground.bench();
        let code = bench.code_of_c1("read");
        let message = with(&Form::code(&code), count).from("c1");
        unmoved(&mut bench, |bench| refused(&bench.token(message), 400, error))
    })?;
    let many = local(&mut ground.bench(), &with(&Form::authorization("c1"), 9))?;
    Ok(format!("at the token endpoint: {back}; 9 at the authorization endpoint -> {many}"))
}

fn pd_20(ground: &Ground) -> Checked {
    let ends = [0, 1, (1 << 32) - 1, 1 << 32, (1 << 40) - 2, (1 << 40) - 1, 1 << 40, u64::MAX - 1, u64::MAX];
    let fresh = each(ends.map(|now| (format!("now = {now}"), now)), |now| {
        let mut bench = ground.bench();
        bench.now = Time(now);
        let Interaction::Ask { handle, .. } = bench.authorize(Form::authorization("c1").get()) else {
            return Err("an error page".to_owned());
        };
        let decided = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
        let Some(code) = decided.location("code").map(decode) else {
            ensure(decided.status == 400, || format!("{decided:?}"))?;
            return Ok("counts as expired, refused".to_owned());
        };
        let redeemed = bench.redeem_as_c1(&code);
        if redeemed.status != 200 {
            return refused(&redeemed, 400, ErrorCode::InvalidGrant).map(|_| "counts as expired, refused".to_owned());
        }
        let live = tokens(&redeemed)?;
        // The clock jumps to the end: nothing lives on.
        bench.now = Time(u64::MAX);
        family_dead(&bench, "c1", &live)?;
        Ok("tokens, all dead at the end of time".to_owned())
    })?;
    let mut bench = ground.bench();
    let code = bench.code_of_c1("read");
    let live = tokens(&bench.redeem_as_c1(&code))?;
    bench.now = Time(0);
    let replay = refused(&bench.redeem_as_c1(&code), 400, ErrorCode::InvalidGrant)?;
    Ok(format!(
        "{fresh}; a code replayed after the clock went back to 0 -> {replay}, {}",
        family_dead(&bench, "c1", &live)?
    ))
}

fn pd_25(ground: &Ground) -> Checked {
    let bench = ground.bench();
    let server = &bench.server;
    let browser = UserAgent::new(BROWSER).expect("long enough");
    let sizes = [0, 1, 1000, BUFFER - 1];
    each(sizes.map(|size| (format!("a buffer of {size} bytes"), size)), |size| {
        let mut needed = Vec::new();
        let buffer = &mut vec![0; size];
        let user = Authenticated::new(USER, bench.now).expect("a subject");
        let approve = Decision::Approve { scope: "read", authorization_details: "" };
        needed.push(server.decide("x", browser, user, approve, bench.now, buffer).err());
        needed.push(server.resume("x", browser, bench.now, buffer).err());
        needed.push(server.metadata(buffer).err());
        let mut message = Form::authorization("c1").get();
        needed.push(
            message.lend(|request| server.authorize(request, browser, bench.now, fixture::entropy(1), buffer).err()),
        );
        let mut message = Form::code("x").from("c1");
        needed.push(message.lend(|request| server.token(request, bench.now, fixture::entropy(1), buffer).err()));
        needed.push(message.lend(|request| server.revoke(request, bench.now, buffer).err()));
        needed.push(message.lend(|request| server.introspect(request, bench.now, buffer).err()));
        let flows = needed.len();
        ensure(needed.iter().all(|needed| *needed == Some(TooSmall { needed: BUFFER })), || format!("{needed:?}"))?;
        Ok(format!("{flows} flows refuse to begin and say that {BUFFER} are needed; nothing was asked"))
    })
}
