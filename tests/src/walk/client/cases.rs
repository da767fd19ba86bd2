//! Every call of the client and the resource server, and the answers that its questions may get.

use symbolon::record::{Active, Grant, Owner, Refreshing, Session, Started, TokenSet};
use symbolon::terms::Time;

use super::{ACCESS, CODE, Call, Case, NEW_ACCESS, NEW_REFRESH, OWNER, REFRESH, SHOWN, STATE};
use crate::app::DOCUMENT;
use crate::fixture::{BROWSER, ISSUER, NOW, OTHER_BROWSER, RESOURCE, VERIFIER};
use crate::peer::Canned;
use crate::walk::{Given, Menu, rows};

fn started() -> Started<'static> {
    Started {
        owner: OWNER,
        user_agent: rows::browser(),
        iss_promised: true,
        code_verifier: VERIFIER,
        redirect_uri: "https://client.example/cb",
        scope: "read",
        resources: RESOURCE,
        expires_at: NOW.after(600),
    }
}

fn tokens() -> TokenSet<'static> {
    TokenSet {
        owner: OWNER,
        access_token: ACCESS,
        expires_at: Some(NOW.after(600)),
        refresh_token: Some(REFRESH),
        scope: "read",
        scope_asked: "read",
        resources: RESOURCE,
    }
}

/// The places in [`sessions`] of what a flow that lost a race may find.
const AFTER_A_RACE: [usize; 11] = [2, 5, 10, 11, 12, 13, 15, 16, 17, 20, 21];

fn sessions() -> Vec<Given> {
    let other = Owner { issuer: "https://other.example", ..OWNER };
    let ended = TokenSet { expires_at: Some(NOW), ..tokens() };
    let leased = |lease_until| Session::Refreshing(Refreshing { tokens: ended, lease_until });
    let states = [
        Session::Started(started()),
        Session::Started(Started { user_agent: [9; 32], ..started() }),
        Session::Started(Started { expires_at: NOW, ..started() }),
        Session::Started(Started { owner: other, ..started() }),
        Session::Started(Started { redirect_uri: "https://client.example/other", ..started() }),
        Session::Redeeming(OWNER),
        Session::Active(tokens()),
        Session::Active(ended),
        Session::Active(TokenSet { refresh_token: None, ..ended }),
        Session::Active(TokenSet { expires_at: None, ..tokens() }),
        Session::Active(TokenSet { owner: other, ..ended }),
        Session::Active(TokenSet { refresh_token: Some("another-refresh-token"), ..tokens() }),
        leased(NOW.after(1)),
        leased(NOW),
        leased(Time(u64::MAX)),
    ];
    let good = rows::encode(&states[6]);
    let of_a_grant =
        rows::encode(&Grant::Active(Active { granted: rows::granted("c1"), generation: 1, issued_at: NOW }));
    let broken = [vec![], vec![0xff; 40], good[..good.len() - 1].to_vec(), [good, vec![0]].concat(), of_a_grant];
    let whole = states.iter().map(rows::encode);
    let values = broken.into_iter().chain(whole).map(|value| Given::Row(Some((1, value))));
    values.chain([Given::Row(None), Given::Unavailable]).collect()
}

fn responses(bodies: &[(u16, &str)]) -> Vec<Given> {
    let mut all: Vec<Given> =
        bodies.iter().map(|(status, body)| Given::Response(Canned::json(*status, body))).collect();
    let html = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    all.push(Given::Response(Canned { status: 200, headers: html, body: bodies[0].1.to_owned() }));
    all.push(Given::Response(Canned { status: 200, headers: Vec::new(), body: bodies[0].1.to_owned() }));
    for status in [204, 302, 307, 500, 503] {
        all.push(Given::Response(Canned::json(status, bodies[0].1)));
    }
    all.push(Given::Unavailable);
    all
}

fn token_responses() -> Vec<Given> {
    let good = format!(
        "{{\"access_token\":\"{NEW_ACCESS}\",\"token_type\":\"bearer\",\"expires_in\":600,\
         \"refresh_token\":\"{NEW_REFRESH}\",\"scope\":\"read\"}}"
    );
    responses(&[
        (200, &good),
        (200, &format!("{{\"access_token\":\"{NEW_ACCESS}\",\"token_type\":\"Bearer\"}}")),
        (200, &good.replace("\"scope\":\"read\"", "\"scope\":\"read admin\"")),
        (200, &good.replace("bearer", "mac")),
        (200, &good.replace("access_token", "id_token")),
        (200, &good.replace("}", ",\"error\":\"invalid_grant\"}")),
        (200, &good.replace("}", ",\"scope\":\"x\"}")),
        (200, "[]"),
        (200, &good[..20]),
        (400, "{\"error\":\"invalid_grant\",\"error_description\":\"no\"}"),
        (400, "{\"error\":\"unsupported_token_type\"}"),
        (401, "{\"error\":\"invalid_client\"}"),
        (400, "{\"error\":\"a\\\"b\"}"),
        (400, "not JSON"),
    ])
}

fn introspections() -> Vec<Given> {
    let good = format!(
        "{{\"active\":true,\"iss\":\"{ISSUER}\",\"client_id\":\"c1\",\"sub\":\"alice\",\"exp\":{},\"scope\":\"read\",\
         \"aud\":[\"{RESOURCE}\"],\"token_type\":\"Bearer\"}}",
        NOW.0 + 1
    );
    let exp = format!("\"exp\":{}", NOW.0 + 1);
    responses(&[
        (200, &good),
        (200, "{\"active\":false}"),
        (200, "{}"),
        (200, &good.replace("true", "\"true\"")),
        (200, &good.replace(&exp, &format!("\"exp\":{}", NOW.0))),
        (200, &good.replace(&exp, &format!("\"nbf\":{}", NOW.0 + 1))),
        (200, &good.replace("as.example", "evil.example")),
        (200, &good.replace("rs.example", "other.example")),
        (200, &good.replace(&format!("[\"{RESOURCE}\"]"), &format!("\"{RESOURCE}\""))),
        (200, &good.replace("\"aud\"", "\"audience\"")),
        (200, &good.replace("\"scope\":\"read\"", "\"scope\":\"write\"")),
        (200, &good.replace("Bearer", "DPoP")),
        (200, &good.replace("}", ",\"cnf\":{\"jkt\":\"x\"}}")),
        (200, &good.replace("}", ",\"active\":false}")),
        (400, "{\"error\":\"invalid_request\"}"),
        (401, "{\"error\":\"invalid_client\"}"),
    ])
}

fn documents() -> Vec<Given> {
    responses(&[
        (200, DOCUMENT),
        (200, &DOCUMENT.replace("https://as.example\"", "https://as.example/\"")),
        (200, &DOCUMENT.replace("https://as.example\"", "https://evil.example\"")),
        (200, &DOCUMENT.replace("S256", "plain")),
        (200, &DOCUMENT.replace("https://as.example/token", "http://as.example/token")),
        (200, &DOCUMENT.replace("\"token_endpoint\"", "\"issuer\"")),
        (404, "{}"),
    ])
}

/// The query of a good authorization response.
pub fn good_response() -> String {
    format!("code={CODE}&state={STATE}&iss=https%3A%2F%2Fas.example")
}

/// Every call, with every answer to its questions.
pub fn cases() -> Vec<Case> {
    let good = good_response();
    let queries = [
        good.clone(),
        good.replace("&iss=https%3A%2F%2Fas.example", ""),
        good.replace("as.example", "evil.example"),
        good.replace(STATE, ""),
        good.replace(CODE, ""),
        good.replace(CODE, "%00"),
        format!("{good}&state={STATE}"),
        format!("{good}&code=x"),
        format!("{good}&error=access_denied"),
        format!("{good}&error=%00"),
        format!("{good}&access_token=x"),
        format!("{good}&response=x"),
        format!("error=access_denied&error_description=no&state={STATE}&iss=https%3A%2F%2Fas.example"),
        "%zz".to_owned(),
        String::new(),
    ];
    let bearer = format!("Bearer {SHOWN}");
    let mut calls: Vec<Call> = [None, Some("read write"), Some("\"")].map(Call::Authorize).into();
    calls.extend(queries.map(|query| Call::Callback(query, BROWSER)));
    calls.push(Call::Callback(good, OTHER_BROWSER));
    calls.extend([None, Some(ACCESS), Some("another")].map(Call::Refresh));
    calls.extend([Call::Revoke, Call::Discover]);
    calls.extend(["", "read", "read write", "\""].map(|scope| Call::Judge(Some(bearer.clone()), scope)));
    calls.extend(
        [None, Some("Basic YTpi".to_owned()), Some("Bearer".to_owned()), Some("Bearer a b".to_owned())]
            .map(|value| Call::Judge(value, "")),
    );
    let mut all: Vec<(Call, bool, &str, bool)> = calls.into_iter().map(|call| (call, true, ISSUER, false)).collect();
    let few = [Call::Callback(good_response(), BROWSER), Call::Refresh(None), Call::Revoke, Call::Authorize(None)];
    all.extend(few.iter().map(|call| (call.clone(), false, ISSUER, false)));
    all.extend(few.iter().map(|call| (call.clone(), true, ISSUER, true)));
    all.extend(few.map(|call| (call, true, "https://other.example", false)));
    all.push((Call::Discover, true, "http://127.0.0.1:8080", false));
    let case = |(call, confidential, issuer, bare)| {
        let send = match call {
            Call::Judge(..) => introspections(),
            Call::Discover => documents(),
            _ => token_responses(),
        };
        // Good; refused in the three ways that matter; nothing.
        let few = [0, 9, 10, 11, send.len() - 1];
        let menu = Menu::from([
            ("load session", sessions()),
            ("load session again", AFTER_A_RACE.map(|place| sessions()[place].clone()).into()),
            ("commit session", vec![Given::Committed, Given::Conflict, Given::Unavailable]),
            ("send again", few.map(|place| send[place].clone()).into()),
            ("send", send),
        ]);
        Case {
            name: format!("{call:?}, confidential: {confidential}, of {issuer}, bare: {bare}"),
            call,
            confidential,
            issuer,
            bare,
            menu,
        }
    };
    all.into_iter().map(case).collect()
}
