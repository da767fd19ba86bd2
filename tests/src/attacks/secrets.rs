//! Secrets: in logs, in the store, in what a third party is told.

use std::marker::PhantomData;

use base64ct::{Base64UrlUnpadded, Encoding};
use symbolon::record::Key;
use symbolon::server::Decision;
use symbolon::terms::UserAgent;
use symbolon::{ErrorCode, Event, Reason, TooSmall};

use super::form::Form;
use super::outcome::*;
use super::{Ground, Row, row};
use crate::drive::drive;
use crate::fixture::{Answer, BROWSER, C1_SECRET, C2_SECRET, Interaction, VERIFIER};

pub(super) const ROWS: &[Row] = &[
    row("EL-10", "secrets and tokens get into logs", "CVE-2025-65015", el_10),
    row("EL-13", "the store holds what redeems", "a stolen database", el_13),
    row("EL-16", "an error tells a third party about the user", "RFC 6749 section 4.1.2.1", el_16),
];

/// Whether a type has `Debug`: the inherent constant is there only if it has, and then hides that of the trait.
struct Shows<T>(PhantomData<T>);

trait Silent {
    const SHOWS: bool = false;
}

impl<T> Silent for Shows<T> {}

impl<T: std::fmt::Debug> Shows<T> {
    const SHOWS: bool = true;
}

macro_rules! shows {
    ($($kind:ty),+ $(,)?) => { [$((stringify!($kind), <Shows<$kind>>::SHOWS)),+] };
}

fn el_10(ground: &Ground) -> Checked {
    // The trick itself must tell the two apart.
    let known = shows!(Reason, Event, TooSmall, symbolon::terms::Time);
    ensure(known.iter().all(|(_, shows)| *shows), || format!("{known:?}"))?;
    let secret = shows!(
        symbolon::terms::credential::CredentialKeys,
        symbolon::terms::Entropy,
        symbolon::terms::UserAgent<'static>,
        symbolon::proof::client_auth::Credentials<'static>,
        symbolon::proof::client_auth::ClientAuthenticated<'static>,
        symbolon::server::Server<'static>,
        symbolon::server::Prompt<'static>,
        symbolon::server::Authenticated<'static>,
        symbolon::record::Client<'static>,
        symbolon::record::Grant<'static>,
        symbolon::wire::http::Request<'static, 'static>,
        symbolon::wire::http::Response<'static>,
        symbolon::wire::http::Reply<'static>,
        symbolon::wire::http::Field<'static>,
        symbolon::step::Row<'static>,
        symbolon::step::Write<'static>,
        symbolon::step::Exchange<'static>,
        symbolon::step::Step<'static, symbolon::server::Token>,
        symbolon::wire::header::Authorization<'static>,
        symbolon::client::Client<'static>,
        symbolon::client::Authentication<'static>,
        symbolon::client::SignIn<'static>,
        symbolon::client::SignedIn<'static>,
        symbolon::client::Tokens<'static>,
        symbolon::client::Refreshed<'static>,
        symbolon::record::Session<'static>,
        symbolon::record::TokenSet<'static>,
        symbolon::record::Started<'static>,
        symbolon::resource::ResourceServer<'static>,
    );
    let showing: Vec<&str> = secret.iter().filter(|(_, shows)| *shows).map(|(kind, _)| *kind).collect();
    ensure(showing.is_empty(), || format!("Debug of {showing:?}"))?;
    // What may be logged, after requests that are all marker.
    const MARK: &str = "s3cr3t";
    let mut bench = ground.bench();
    let mut logged = 0;
    let mut judge = |reason: Option<Reason>, event: Option<Event>| {
        let line = format!("{reason:?} {event:?} {:?}", reason.map(Reason::answer));
        logged += 1;
        ensure(reason.is_some() && !line.contains(MARK), || line.clone())
    };
    for name in Form::authorization("c1").and("resource", "").and("response_mode", "").names() {
        bench.draws = 0;
        let spoilt = Form::authorization("c1").with(&name, &format!("{MARK}\u{1}"));
        if let Interaction::Refused(page) = bench.authorize(spoilt.get()) {
            judge(page.reason, page.event)?;
        }
    }
    for form in
        [Form::code(MARK), Form::refresh(MARK), Form::code(MARK).with("grant_type", MARK), Form::of(&[("code", MARK)])]
    {
        for message in [
            form.from("c1"),
            form.post().basic("c1", MARK),
            form.post().basic(MARK, MARK),
            form.post().with("Authorization", MARK),
        ] {
            let answer = bench.token(message);
            ensure(!format!("{answer:?}").contains(MARK), || format!("{answer:?}"))?;
            judge(answer.reason, answer.event)?;
        }
    }
    Ok(format!(
        "{} types that hold secrets -> none has Debug; {logged} refusals of marked requests -> the mark is in no reason, event or reply",
        secret.len()
    ))
}

fn el_13(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let mut secrets: Vec<(&str, Vec<u8>)> = vec![
        ("c1's secret", C1_SECRET.into()),
        ("c2's secret", C2_SECRET.into()),
        ("the code verifier", VERIFIER.into()),
        ("the credential key", vec![7; 32]),
        ("the browser's binding", BROWSER.into()),
    ];
    let mut dumps = vec![bench.store.clone()];
    let handle = asked(&mut bench, &Form::authorization("c1"))?;
    dumps.push(bench.store.clone());
    let decided = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
    let code = decided.location("code").ok_or("no code")?.to_owned();
    dumps.push(bench.store.clone());
    let first = tokens(&bench.redeem_as_c1(&code))?;
    dumps.push(bench.store.clone());
    let second = tokens(&bench.refresh_as_c1(&first.refresh))?;
    dumps.push(bench.store.clone());
    bench.revoke(Form::token(&second.refresh).from("c1"));
    dumps.push(bench.store.clone());
    let credentials = [
        ("the interaction's name", handle),
        ("the code", code),
        ("an access token", first.access),
        ("a refresh token", second.refresh),
    ];
    for (what, text) in credentials {
        let binary = Base64UrlUnpadded::decode_vec(&text).map_err(|error| error.to_string())?;
        let tag = binary[binary.len() - 16..].to_vec();
        secrets.extend([(what, text.into_bytes()), (what, binary), (what, tag)]);
    }
    let mut compared = 0;
    for (key, row) in dumps.iter().flat_map(|dump| &dump.rows) {
        let labels = [row.client_id.as_deref(), row.subject.as_deref()].map(Option::unwrap_or_default).join(" ");
        let all = [key.0.as_slice(), &row.value, labels.as_bytes()].concat();
        for (what, secret) in &secrets {
            ensure(!all.windows(secret.len()).any(|window| window == secret), || {
                format!("a {} row holds {what}", row.kind)
            })?;
            compared += 1;
        }
    }
    ensure(bench.store.rows.contains_key(&Key::client("c1")), || "an empty store".to_owned())?;
    Ok(format!(
        "{} dumps from request to revocation, {compared} comparisons -> no code, token, tag, secret, verifier or key in any row",
        dumps.len()
    ))
}

fn el_16(ground: &Ground) -> Checked {
    // What the client learns must depend neither on who signed in nor on which bad value was sent.
    let mut locations = Vec::new();
    for (scope, user) in [("bad1", "alice"), ("bad2", "alice"), ("admin", "alice"), ("bad1", "nobody-known")] {
        let mut bench = ground.bench();
        let form = Form::authorization("c1").with("scope", scope);
        let Interaction::Ask { handle, .. } = bench.authorize(form.get()) else {
            return Err("an error page".to_owned());
        };
        let mut buffer = vec![0; symbolon::server::BUFFER];
        let browser = UserAgent::new(BROWSER).expect("long enough");
        let user = symbolon::server::Authenticated::new(user, bench.now).expect("a subject");
        let step = bench.server.decide(&handle, browser, user, Decision::Deny, bench.now, &mut buffer).expect("room");
        let answer: Answer = drive(step, &mut bench.store).into();
        response(&answer, "https://client.example/cb")?;
        locations.push(answer.header("Location").unwrap_or_default().to_owned());
    }
    let count = locations.len();
    locations.dedup();
    ensure(locations.len() == 1, || format!("{locations:?}"))?;
    let clients = [
        ("wrong secret", ("c1", "wrong")),
        ("unknown client", ("nobody", "wrong")),
        ("another method than registered", ("c2", C2_SECRET)),
    ];
    let mut bodies = Vec::new();
    let authentication = each(clients, |(client_id, secret)| {
        let mut bench = ground.bench();
        let code = bench.code_of_c1("read");
        let answer = bench.token(Form::code(&code).post().basic(client_id, secret));
        bodies.push((answer.body.clone(), answer.headers.clone()));
        refused(&answer, 401, ErrorCode::InvalidClient)
    })?;
    bodies.dedup();
    ensure(bodies.len() == 1, || format!("told apart: {bodies:?}"))?;
    Ok(format!(
        "{count} bad requests of two users -> one and the same redirect; {authentication}, to the byte the same"
    ))
}
