//! Every call of the client and the resource server, and the answers that its questions may get.

use std::sync::LazyLock;

use symbolon::record::{Active, Document, Grant, Identity, Owner, Refreshing, Session, Signing, Started, TokenSet};
use symbolon::terms::Time;

use super::{ACCESS, CODE, Call, Case, KEYS, NEW_ACCESS, NEW_REFRESH, OWNER, REFRESH, SHOWN, STATE, Setup};
use crate::app::DOCUMENT;
use crate::fixture::{BROWSER, ISSUER, NOW, OTHER_BROWSER, RESOURCE, VERIFIER};
use crate::peer::Canned;
use crate::walk::{Given, Menu, rows};

/// The nonce that the server asks for.
pub const NONCE: &str = "nonce-of-the-server";

fn signing(setup: Setup) -> Signing<'static> {
    Signing { seed: [7; 32], key_id: (setup == Setup::Keys).then_some(KEYS[1]), nonce: None }
}

fn started(setup: Setup) -> Started<'static> {
    Started {
        owner: OWNER,
        user_agent: rows::browser(),
        iss_promised: true,
        code_verifier: VERIFIER,
        redirect_uri: "https://client.example/cb",
        scope: if setup == Setup::OpenId { "openid" } else { "read" },
        resources: RESOURCE,
        max_age: None,
        acr_values: "",
        signing: signing(setup),
        expires_at: NOW.after(600),
    }
}

fn tokens(setup: Setup) -> TokenSet<'static> {
    TokenSet {
        owner: OWNER,
        access_token: ACCESS,
        expires_at: Some(NOW.after(600)),
        refresh_token: Some(REFRESH),
        scope: "read",
        scope_asked: "read",
        resources: RESOURCE,
        signing: signing(setup),
        identity: (setup == Setup::OpenId).then_some(Identity { subject: "alice", authenticated_at: None }),
    }
}

/// The places in [`sessions`] of what a flow that lost a race may find.
const AFTER_A_RACE: [usize; 11] = [2, 5, 10, 11, 12, 13, 15, 16, 17, 21, 22];

fn sessions(setup: Setup) -> Vec<Given> {
    let other = Owner { issuer: "https://other.example", ..OWNER };
    let ended = TokenSet { expires_at: Some(NOW), ..tokens(setup) };
    let leased = |lease_until| Session::Refreshing(Refreshing { tokens: ended, lease_until });
    let states = [
        Session::Started(started(setup)),
        Session::Started(Started { user_agent: [9; 32], ..started(setup) }),
        Session::Started(Started { expires_at: NOW, ..started(setup) }),
        Session::Started(Started { owner: other, ..started(setup) }),
        Session::Started(Started { redirect_uri: "https://client.example/other", ..started(setup) }),
        Session::Redeeming(OWNER),
        Session::Active(tokens(setup)),
        Session::Active(ended),
        Session::Active(TokenSet { refresh_token: None, ..ended }),
        Session::Active(TokenSet { expires_at: None, ..tokens(setup) }),
        Session::Active(TokenSet { owner: other, ..ended }),
        Session::Active(TokenSet { refresh_token: Some("another-refresh-token"), ..tokens(setup) }),
        leased(NOW.after(1)),
        leased(NOW),
        leased(Time(u64::MAX)),
        Session::Active(TokenSet { signing: Signing { key_id: Some("es256-gone"), ..signing(setup) }, ..ended }),
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

/// Asks for a nonce, and brings it or does not.
fn nonce_wanted(nonce: Option<&str>) -> Given {
    let mut canned = Canned::json(400, "{\"error\":\"use_dpop_nonce\"}");
    canned.headers.extend(nonce.map(|nonce| ("DPoP-Nonce".to_owned(), nonce.to_owned())));
    Given::Response(canned)
}

/// The same responses of a server that binds its tokens to a key.
fn bound(responses: Vec<Given>) -> Vec<Given> {
    let bound = responses.into_iter().map(|given| match given {
        Given::Response(canned) => {
            let body = canned.body.replace("\"bearer\"", "\"dpop\"").replace("\"Bearer\"", "\"DPoP\"");
            Given::Response(Canned { body, ..canned })
        }
        other => other,
    });
    let mut all: Vec<Given> = bound.collect();
    let last = all.len() - 1;
    all.splice(last..last, [Some(NONCE), Some("no nonce"), None].map(nonce_wanted));
    all
}

fn pushed() -> Vec<Given> {
    let good = "{\"request_uri\":\"urn:ietf:params:oauth:request_uri:1\",\"expires_in\":60}";
    let mut all = responses(&[
        (201, good),
        (200, good),
        (201, &good.replace("60", "0")),
        (201, &good.replace(",\"expires_in\":60", "")),
        (201, &good.replace("urn:ietf:params:oauth:request_uri:1", "not a URI")),
        (201, &good.replace("request_uri\"", "uri\"")),
        (400, "{\"error\":\"invalid_request\"}"),
    ]);
    let last = all.len() - 1;
    all.splice(last..last, [Some(NONCE), Some("no nonce"), None].map(nonce_wanted));
    all
}

/// A JWS over these claims, of which the host says whether it holds.
fn jws(header: &str, claims: &str) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let [header, claims] = [header, claims].map(|text| Base64UrlUnpadded::encode_string(text.as_bytes()));
    format!("{header}.{claims}.{}", Base64UrlUnpadded::encode_string(&[0x51; 64]))
}

/// Token responses with ID tokens, and what may come where keys are asked for.
fn identified() -> Vec<Given> {
    // HMAC-SHA-256 of "nonce" with the seed of the session.
    const NONCE: &str = "Z_xIH52RGtnL3uwVtfPgW8hWafR6MGfMUCaRM1BfcjE";
    let claims = format!(
        r#"{{"iss":"{ISSUER}","sub":"alice","aud":"c1","exp":{},"iat":{},"nonce":"{NONCE}"}}"#,
        NOW.0 + 60,
        NOW.0
    );
    let header = r#"{"alg":"ES256","kid":"k"}"#;
    let with = |token: &str| {
        format!(
            "{{\"access_token\":\"{NEW_ACCESS}\",\"token_type\":\"bearer\",\"expires_in\":600,\
             \"refresh_token\":\"{NEW_REFRESH}\",\"id_token\":\"{token}\"}}"
        )
    };
    let good = with(&jws(header, &claims));
    let json = [
        (200, good.clone()),
        (200, good.replace("id_token", "other_token")),
        (200, with(&jws(header, &claims.replace("\"c1\"", "\"c2\"")))),
        (200, with(&jws(header, &claims.replace("alice", "mallory").replace(NONCE, "another")))),
        (200, "{\"keys\":[]}".to_owned()),
        (200, jwks("k")),
        (503, "{}".to_owned()),
    ];
    let json = json.iter().map(|(status, body)| Given::Response(Canned::json(*status, body)));
    json.chain([Given::Unavailable]).collect()
}

/// A set with the one key of this name.
fn jwks(kid: &str) -> String {
    static JWK: LazyLock<String> = LazyLock::new(|| crate::keys::jwk("es256-server").expect("a key"));
    format!("{{\"keys\":[{}]}}", JWK.replacen('{', &format!("{{\"kid\":\"{kid}\","), 1))
}

/// What may be kept of the server's keys: the right ones, others, those of a while ago, another's lease, and nothing.
fn documents_kept() -> Vec<Given> {
    let kept = |fetched: u64, fresh: u64, lease_until: Time, body: &str| {
        let fetched_at = Time(NOW.0 - fetched);
        let document =
            Document { fetched_at, fresh_until: fetched_at.after(fresh), lease_until, body: body.as_bytes() };
        Given::Row(Some((1, rows::encode(&document))))
    };
    let (good, other, free) = (jwks("k"), jwks("other"), Time(0));
    vec![
        kept(10, 3600, free, &good),
        kept(10, 3600, free, &other),
        kept(100, 3600, free, &other),
        kept(7200, 3600, free, &good),
        kept(100, 3600, NOW.after(9), ""),
        Given::Row(None),
        Given::Unavailable,
    ]
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
        (200, &DOCUMENT.replace(",\"authorization_response_iss_parameter_supported\":true", "")),
        (200, &DOCUMENT.replace("[\"S256\"]", "[\"S256\"],\"response_types_supported\":[\"token\"]")),
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
    calls.extend([Call::Revoke, Call::Discover(false), Call::Discover(true)]);
    calls.extend([None, Some(ACCESS)].map(Call::Credentials));
    calls.extend(["", "read", "read write", "\""].map(|scope| Call::Judge(Some(bearer.clone()), scope)));
    calls.extend(
        [None, Some("Basic YTpi".to_owned()), Some("Bearer".to_owned()), Some("Bearer a b".to_owned())]
            .map(|value| Call::Judge(value, "")),
    );
    let mut all: Vec<(Call, Setup, &str, bool)> =
        calls.into_iter().map(|call| (call, Setup::Secret, ISSUER, false)).collect();
    let few = [
        Call::Callback(good_response(), BROWSER),
        Call::Refresh(None),
        Call::Revoke,
        Call::Authorize(None),
        Call::Credentials(None),
    ];
    all.extend(few.iter().map(|call| (call.clone(), Setup::Public, ISSUER, false)));
    all.extend(few.iter().map(|call| (call.clone(), Setup::Keys, ISSUER, false)));
    all.push((Call::Authorize(None), Setup::Keys, ISSUER, true));
    all.extend([0, 1, 3].map(|place| (few[place].clone(), Setup::OpenId, ISSUER, false)));
    all.extend(few.iter().map(|call| (call.clone(), Setup::Secret, ISSUER, true)));
    all.extend(few.map(|call| (call, Setup::Secret, "https://other.example", false)));
    all.push((Call::Discover(false), Setup::Secret, "http://127.0.0.1:8080", false));
    let case = |(call, setup, issuer, bare)| {
        let send = match call {
            Call::Judge(..) => introspections(),
            Call::Discover(_) => documents(),
            Call::Authorize(_) => pushed(),
            _ if setup == Setup::OpenId => identified(),
            _ if setup == Setup::Keys => bound(token_responses()),
            _ => token_responses(),
        };
        // Good; refused in the three ways that matter; nothing.
        let few = match call {
            Call::Authorize(_) => vec![0],
            _ if setup == Setup::OpenId => vec![0, 5],
            _ => vec![0, 9, 10, 11, send.len() - 1],
        };
        let menu = Menu::from([
            ("load session", sessions(setup)),
            ("load session again", AFTER_A_RACE.map(|place| sessions(setup)[place].clone()).into()),
            ("load document", documents_kept()),
            ("commit document", vec![Given::Committed, Given::Conflict, Given::Unavailable]),
            ("commit session", vec![Given::Committed, Given::Conflict, Given::Unavailable]),
            ("send again", few.iter().map(|place| send[*place].clone()).collect()),
            ("send", send),
        ]);
        Case { name: format!("{call:?}, {setup:?}, of {issuer}, bare: {bare}"), call, setup, issuer, bare, menu }
    };
    all.into_iter().map(case).collect()
}
