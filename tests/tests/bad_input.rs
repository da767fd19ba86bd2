//! Bad input, each kind its own case: it is refused for the right reason, and changes nothing that it must not change.

use symbolon::Name;
use symbolon::server::{Authenticated, BUFFER};
use symbolon::terms::{Entropy, UserAgent};
use symbolon::wire::http::Method;
use symbolon::{Event, Reason, limits};
use symbolon_tests::explore::{Mishap, explore};
use symbolon_tests::fixture::*;
use symbolon_tests::walk::Call;
use symbolon_tests::walk::cases::encoded;

const WEB: &str = "https%3A%2F%2Fclient.example%2Fcb";

fn refused(interaction: Interaction) -> Answer {
    match interaction {
        Interaction::Refused(answer) => answer,
        Interaction::Ask { .. } => panic!("the user is asked"),
    }
}

/// A form for each endpoint that is good but for what is appended, sent by `c1`.
fn send(bench: &mut Bench, endpoint: &str, form: &str) -> Answer {
    let message = Message::post(form).basic("c1", C1_SECRET);
    match endpoint {
        "authorize" => refused(bench.authorize(Message::get(form))),
        "token" => bench.token(message),
        "revoke" => bench.revoke(message),
        "introspect" => bench.introspect(message),
        other => panic!("no endpoint {other}"),
    }
}

/// The parameters of each endpoint, with what an overlong value leads to; `None` where it is told by redirect.
fn parameters() -> Vec<(&'static str, Name, usize, Option<Reason>)> {
    let long = |name| Some(Reason::TooLong(name));
    use limits::{CLIENT_ID, CLIENT_SECRET, FOREIGN_TOKEN, NAME, SCOPE, STATE, URI};
    vec![
        ("authorize", Name::ClientId, CLIENT_ID, long(Name::ClientId)),
        ("authorize", Name::RedirectUri, URI, long(Name::RedirectUri)),
        ("authorize", Name::State, STATE, long(Name::State)),
        ("authorize", Name::ResponseType, NAME, None),
        ("authorize", Name::ResponseMode, NAME, None),
        ("authorize", Name::Scope, SCOPE, None),
        ("authorize", Name::CodeChallenge, 43, None),
        ("authorize", Name::CodeChallengeMethod, NAME, None),
        ("authorize", Name::Request, FOREIGN_TOKEN, None),
        ("authorize", Name::RequestUri, URI, None),
        ("token", Name::GrantType, NAME, Some(Reason::GrantType)),
        ("token", Name::Code, FOREIGN_TOKEN, long(Name::Code)),
        ("token", Name::RedirectUri, URI, Some(Reason::CodeRedirectUri)),
        ("token", Name::CodeVerifier, 128, Some(Reason::CodeVerifier)),
        ("token", Name::Scope, SCOPE, Some(Reason::Scope)),
        ("token", Name::ClientId, CLIENT_ID, long(Name::ClientId)),
        ("token", Name::ClientSecret, CLIENT_SECRET, long(Name::ClientSecret)),
        ("token", Name::ClientAssertion, FOREIGN_TOKEN, long(Name::ClientAssertion)),
        ("revoke", Name::Token, FOREIGN_TOKEN, long(Name::Token)),
        ("revoke", Name::ClientId, CLIENT_ID, long(Name::ClientId)),
        ("revoke", Name::ClientSecret, CLIENT_SECRET, long(Name::ClientSecret)),
        ("introspect", Name::Token, FOREIGN_TOKEN, long(Name::Token)),
        ("introspect", Name::ClientId, CLIENT_ID, long(Name::ClientId)),
        ("introspect", Name::ClientSecret, CLIENT_SECRET, long(Name::ClientSecret)),
    ]
}

/// The good form of an endpoint without one of its parameters.
fn without(bench: &mut Bench, endpoint: &str, parameter: &str) -> String {
    let form = match endpoint {
        "authorize" => authorization_query("c1", WEB, "&scope=read"),
        "token" => redemption(&bench.code_of_c1("read")),
        _ => "token=x".to_owned(),
    };
    let kept = form.split('&').filter(|pair| !pair.starts_with(&format!("{parameter}=")));
    kept.collect::<Vec<_>>().join("&")
}

#[test]
fn a_repeated_parameter_is_refused_at_every_endpoint() {
    for (endpoint, name, ..) in parameters() {
        let text = name.as_str();
        for pair in [format!("{text}=a&{text}=a"), format!("{text}=a&{text}="), format!("{text}&{text}")] {
            let mut bench = Bench::default();
            let form = format!("{}&{pair}", without(&mut bench, endpoint, text));
            let before = bench.store.clone();
            assert_eq!(send(&mut bench, endpoint, &form).reason, Some(Reason::Repeated(name)), "{endpoint} {pair}");
            assert_eq!(bench.store, before);
        }
    }
}

#[test]
fn an_overlong_parameter_is_refused_at_every_endpoint() {
    for (endpoint, name, limit, reason) in parameters() {
        let mut bench = Bench::default();
        let text = name.as_str();
        let form = format!("{}&{text}={}", without(&mut bench, endpoint, text), "a".repeat(limit + 1));
        match reason {
            Some(_) => assert_eq!(send(&mut bench, endpoint, &form).reason, reason, "{endpoint} {name:?}"),
            None => match bench.authorize(Message::get(&form)) {
                Interaction::Ask { refusal, .. } => assert!(refusal.is_some(), "{name:?}"),
                Interaction::Refused(answer) => panic!("{name:?}: {answer:?}"),
            },
        }
    }
    let mut bench = Bench::default();
    for endpoint in ["authorize", "token", "revoke", "introspect"] {
        let reason = Reason::TooLong(Name::Form);
        assert_eq!(send(&mut bench, endpoint, &"a".repeat(limits::FORM + 1)).reason, Some(reason));
        let reason = Reason::TooMany(Name::Parameters);
        assert_eq!(send(&mut bench, endpoint, &"a&".repeat(limits::PARAMETERS + 1)).reason, Some(reason));
    }
}

#[test]
fn what_is_not_utf_8_is_refused_at_every_endpoint() {
    for (endpoint, name, ..) in parameters() {
        for (value, reason) in [
            ("%FF", Reason::NotUtf8),
            ("%C3%28", Reason::NotUtf8),
            ("%ED%A0%80", Reason::NotUtf8),
            ("%C0%80", Reason::NotUtf8),
            ("%", Reason::PercentEncoding),
            ("%4", Reason::PercentEncoding),
            ("%4x", Reason::PercentEncoding),
        ] {
            let mut bench = Bench::default();
            let text = name.as_str();
            let form = format!("{}&{text}={value}", without(&mut bench, endpoint, text));
            assert_eq!(send(&mut bench, endpoint, &form).reason, Some(reason), "{endpoint} {name:?}={value}");
        }
        // Raw bytes, in the name of a parameter too.
        let mut bench = Bench::default();
        let mut message = Message::post("").basic("c1", C1_SECRET);
        message.body = [name.as_str().as_bytes(), b"\xff=a"].concat();
        let answer = match endpoint {
            "authorize" => refused(bench.authorize(message)),
            "token" => bench.token(message),
            "revoke" => bench.revoke(message),
            _ => bench.introspect(message),
        };
        assert_eq!(answer.reason, Some(Reason::NotUtf8), "{endpoint} {name:?}");
    }
}

#[test]
fn no_prefix_of_a_good_request_does_what_the_whole_does() {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    let start = bench.store.clone();
    let form = redemption(&code);
    for end in 0..form.len() {
        bench.store = start.clone();
        let answer = bench.token(Message::post(&form[..end]).basic("c1", C1_SECRET));
        assert!(answer.status == 400 && answer.member("access_token").is_none(), "{}: {answer:?}", &form[..end]);
    }
    bench.store = start;
    let tokens = bench.redeem_as_c1(&code);
    let refresh = tokens.member("refresh_token").unwrap();
    let start = bench.store.clone();
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    for end in 0..form.len() {
        let answer = bench.token(Message::post(&form[..end]).basic("c1", C1_SECRET));
        assert_eq!(answer.status, 400, "{}", &form[..end]);
        let token = &form[..end].strip_prefix("grant_type=refresh_token&refresh_token=").unwrap_or_default();
        let answer = bench.introspect(Message::post(&format!("token={token}")).basic("c1", C1_SECRET));
        assert!(answer.status == 400 || answer.body == "{\"active\":false}", "{token}");
        let answer = bench.revoke(Message::post(&format!("token={token}")).basic("c1", C1_SECRET));
        assert_eq!(answer.event, None, "{token}");
    }
    assert_eq!(bench.store, start, "a truncated request changed something");

    let query = authorization_query("c1", WEB, "");
    for end in 0..query.len() {
        if let Interaction::Ask { refusal: None, .. } = bench.authorize(Message::get(&query[..end])) {
            panic!("{}", &query[..end]);
        }
    }
    assert!(matches!(bench.authorize(Message::get(&query)), Interaction::Ask { refusal: None, .. }));
}

#[test]
fn an_unknown_client_is_told_nothing() {
    let mut bench = Bench::default();
    let page = refused(bench.authorize(Message::get(&authorization_query("nobody", WEB, ""))));
    assert_eq!((page.status, page.reason, page.header("Location")), (400, Some(Reason::UnknownClient), None));
    let code = bench.code_of_c1("read");
    let unknown = bench.token(Message::post(&redemption(&code)).basic("nobody", C1_SECRET));
    let wrong = bench.token(Message::post(&redemption(&code)).basic("c1", "wrong"));
    assert_eq!(unknown, wrong);
    assert_eq!((unknown.status, unknown.reason), (401, Some(Reason::ClientAuthentication)));
    assert_eq!(bench.redeem_as_c1(&code).status, 200, "nobody else has burnt the code");
}

#[test]
fn a_foreign_redirect_uri_is_never_redirected_to() {
    let mut bench = Bench::default();
    for uri in [
        "https://evil.example/cb",
        "https://client.example/cb/",
        "https://client.example/cb?x=1",
        "https://client.example/cb%2f..",
        "https://client.example:443/cb",
        "https://client.example.evil.example/cb",
        "https://client.example@evil.example/cb",
        "http://client.example/cb",
        "HTTPS://client.example/cb",
        "https://CLIENT.example/cb",
        "https://client.example/CB",
        "http://127.0.0.1/cb",
        "javascript:alert(1)",
    ] {
        let answer = refused(bench.authorize(Message::get(&authorization_query("c1", &encoded(uri), ""))));
        assert_eq!((answer.status, answer.reason), (400, Some(Reason::RedirectUriMismatch)), "{uri}");
        assert_eq!((answer.header("Location"), answer.event), (None, Some(Event::RedirectUriRefused)), "{uri}");
        assert!(!answer.body.contains(uri));
    }
}

#[test]
fn a_store_that_is_down_is_a_reply_at_every_question() {
    let mut bench = Bench::default();
    let query = authorization_query("c1", WEB, "&scope=read");
    let Interaction::Ask { handle, .. } = bench.authorize(Message::get(&query)) else { panic!("no interaction") };
    let asked = bench.store.clone();
    let code = bench.code_of_c1("read");
    let coded = bench.store.clone();
    let tokens = bench.redeem_as_c1(&code);
    let (access, refresh) = (tokens.member("access_token").unwrap(), tokens.member("refresh_token").unwrap());
    let form = |form: String| Message::post(&form).basic("c1", C1_SECRET);
    let calls = [
        (asked, Call::Decide(handle, BROWSER, Some("read".into())), 3),
        (coded, Call::Token(form(redemption(&code))), 3),
        (bench.store.clone(), Call::Token(form(format!("grant_type=refresh_token&refresh_token={refresh}"))), 3),
        (bench.store.clone(), Call::Revoke(form(format!("token={access}"))), 3),
        (bench.store.clone(), Call::Introspect(form(format!("token={access}"))), 2),
    ];
    for (store, call, questions) in calls {
        let mut down = 0;
        explore(
            &bench.server,
            bench.now,
            std::slice::from_ref(&call),
            Some(Mishap::Down),
            || store.clone(),
            |played| {
                if played.schedule.iter().any(|(_, mishap)| mishap.is_some()) {
                    down += 1;
                    let answer = played.answers[0].as_ref().unwrap();
                    // The mark of an approval comes last, and the decision stands without it.
                    let decided = matches!(call, Call::Decide(..)) && played.schedule.len() == 3;
                    if !decided {
                        assert_eq!((answer.status, answer.reason), (503, Some(Reason::StoreUnavailable)), "{call:?}");
                        assert_eq!(played.store, store, "{call:?}");
                    }
                }
            },
        );
        assert_eq!(down, questions, "{call:?}");
    }
}

#[test]
fn a_row_that_does_not_decode_is_a_server_error() {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    let good = bench.store.clone();
    for key in good.rows.keys() {
        for broken in
            [&[][..], &[0], &[1], &[2, 0, 0], &[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]]
        {
            bench.store = good.clone();
            let row = bench.store.rows.get_mut(key).unwrap();
            let read = row.kind == "grant" || (row.kind == "client" && row.client_id.as_deref() == Some("c1"));
            row.value = broken.to_vec();
            let answer = bench.redeem_as_c1(&code);
            if read {
                assert_eq!((answer.status, answer.reason), (500, Some(Reason::RowUndecodable)));
                assert_eq!(answer.event, Some(Event::RowUndecodable));
            } else {
                assert_eq!(answer.status, 200);
            }
        }
    }
}

#[test]
fn entropy_of_all_zeros_stores_nothing() {
    let bench = Bench::default();
    let mut buffer = vec![0; BUFFER];
    let mut store = bench.store.clone();
    Message::get(&authorization_query("c1", WEB, "")).lend(|request| {
        let browser = UserAgent::new(BROWSER).unwrap();
        let step = bench.server.authorize(request, browser, NOW, Entropy::new([0; 32]), &mut buffer).unwrap();
        match symbolon_tests::drive::drive(step, &mut store) {
            symbolon::server::Authorization::Refused(reply) => {
                assert_eq!((reply.status, reply.reason), (500, Some(Reason::EntropyMissing)));
            }
            symbolon::server::Authorization::Interact(_) => panic!("a grant with a name that anybody can guess"),
        }
    });
    assert_eq!(store, bench.store);
}

#[test]
fn header_fields_count_and_come_once() {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    let good = Message::post(&redemption(&code)).basic("c1", C1_SECRET);
    let mut many = good.clone();
    while many.headers.len() <= limits::HEADERS {
        many = many.with("X-Filler", "x");
    }
    let too_many = Reason::TooMany(Name::HeaderFields);
    assert_eq!(bench.token(many.clone()).reason, Some(too_many));
    assert_eq!(bench.revoke(many.clone()).reason, Some(too_many));
    assert_eq!(bench.introspect(many.clone()).reason, Some(too_many));
    assert_eq!(bench.token(good.clone().basic("c1", C1_SECRET)).reason, Some(Reason::Repeated(Name::Authorization)));
    assert_eq!(bench.token(good.clone().with("authorization", "")).reason, Some(Reason::Repeated(Name::Authorization)));
    let twice = good.clone().with("content-type", "application/x-www-form-urlencoded");
    assert_eq!(bench.token(twice).reason, Some(Reason::Repeated(Name::ContentType)));
    many.headers.pop();
    assert_eq!(bench.token(many).status, 200, "{} fields", limits::HEADERS);
}

#[test]
fn basic_credentials_are_read_strictly() {
    let mut bench = Bench::default();
    for value in ["Basic", "Basic ", "Basic !", "Basic YzE", "Basic YzE=", "Bearer x", "Digest x", "Basic YzE6\u{e9}"] {
        let answer = bench.token(Message::post(&redemption("x")).with("Authorization", value));
        assert_eq!(answer.reason, Some(Reason::ClientAuthentication), "{value}");
    }
    let long = format!("Basic {}", "A".repeat(limits::AUTHORIZATION));
    let reason = Reason::TooLong(Name::Authorization);
    assert_eq!(bench.token(Message::post(&redemption("x")).with("Authorization", &long)).reason, Some(reason));
}

/// PD-09, PD-10, PD-12.
#[test]
fn the_token_endpoint_reads_the_body_of_a_posted_form_alone() {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    let form = redemption(&code);
    let mut in_query = Message::post("").basic("c1", C1_SECRET);
    in_query.query = form.clone().into();
    assert_eq!(bench.token(in_query.clone()).reason, Some(Reason::Missing(Name::GrantType)));
    let mut both = Message::post(&form).basic("c1", C1_SECRET);
    both.query = b"grant_type=refresh_token&scope=admin&code=x".to_vec();
    let mut get = Message::get(&form).basic("c1", C1_SECRET);
    let answer = bench.token(get.clone());
    assert_eq!((answer.status, answer.reason, answer.header("Allow")), (405, Some(Reason::Method), Some("POST")));
    get.method = Method::Other;
    assert_eq!(bench.token(get).reason, Some(Reason::Method));
    for media_type in
        ["application/json", "text/plain", "multipart/form-data", "", "application/x-www-form-urlencoded, text/plain"]
    {
        let mut json = Message::post("{\"grant_type\":[\"authorization_code\"]}").basic("c1", C1_SECRET);
        json.headers[0].1 = media_type.into();
        assert_eq!(bench.token(json).reason, Some(Reason::ContentType), "{media_type}");
    }
    assert_eq!(bench.token(both).status, 200, "what the query says does not count");
}

#[test]
fn a_subject_is_checked_before_it_is_stored() {
    let long = "a".repeat(limits::SUBJECT + 1);
    for subject in ["", "a\u{0}", "\u{e9}", "a\nb", long.as_str()] {
        assert!(Authenticated::new(subject, NOW).is_err(), "{subject:?}");
    }
    assert!(Authenticated::new(&long[1..], NOW).is_ok());
}

#[test]
fn a_short_browser_binding_is_refused() {
    assert!(UserAgent::new(&[1; limits::USER_AGENT_MIN - 1]).is_err());
    assert!(UserAgent::new(&[1; limits::USER_AGENT_MIN]).is_ok());
}
