//! The caller's buffer: its length suffices for the longest legal inputs, with every race lost; one byte less is refused
//! before anything is asked.

use symbolon::proof::pkce::challenge_of;
use symbolon::record::{Active, CLIENT_ROW, Client, ClientKeys, Code, GRANT_ROW, Grant, Granted, Pending, Requested};
use symbolon::server::{Authenticated, BUFFER, Decision, Endpoints, Server};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::{UserAgent, secret};
use symbolon::{Reason, TooSmall, limits};
use symbolon_tests::fixture::*;
use symbolon_tests::walk::cases::HandedOut;
use symbolon_tests::walk::{Call, Case, Facts, Given, Menu, Output, Shown, rows, walk};

/// The longest texts: each of its limit's length, and made of what grows most when it is encoded.
struct Longest {
    issuer: String,
    client_id: String,
    secret: String,
    name: String,
    redirect_uris: String,
    redirect_uri: String,
    scope: String,
    resources: String,
    resource_parameters: String,
    state: String,
    subject: String,
    nonce: String,
    login_hint: String,
    acr_values: String,
    authorization_details: String,
    types: String,
    jwks: String,
}

fn longest() -> Longest {
    let filled = |start: &str, length: usize| format!("{start}{}", "!".repeat(length - start.len()));
    let resources: Vec<String> =
        (0..limits::RESOURCES).map(|n| filled(&format!("https://rs{n}.example/"), limits::RESOURCE)).collect();
    let mut scope: Vec<String> = (10..10 + limits::SCOPE_TOKENS).map(|n| format!("{}{n}", "s".repeat(29))).collect();
    scope[0].push('s');
    let redirect_uris: Vec<String> =
        (0..limits::REDIRECT_URIS).map(|n| filled(&format!("https://client{n}.example/cb?"), limits::URI)).collect();
    let longest = Longest {
        issuer: filled("https://as.example/", limits::URI),
        client_id: "!".repeat(limits::CLIENT_ID),
        secret: "!".repeat(limits::CLIENT_SECRET),
        name: "\u{e9}".repeat(limits::CLIENT_NAME / 2),
        redirect_uri: redirect_uris[0].clone(),
        redirect_uris: redirect_uris.join(" "),
        scope: scope.join(" "),
        resource_parameters: resources.iter().map(|resource| format!("&resource={resource}")).collect(),
        resources: resources.join(" "),
        state: "~!".repeat(limits::STATE / 2).replace('~', "!"),
        subject: "!".repeat(limits::SUBJECT),
        nonce: "!".repeat(limits::NONCE),
        login_hint: "!".repeat(limits::LOGIN_HINT),
        acr_values: "!".repeat(limits::ACR_VALUES),
        authorization_details: format!(
            "[{{\"type\":\"{}\",\"x\":\"{}\"}}]",
            "!".repeat(limits::NAME),
            "x".repeat(limits::AUTHORIZATION_DETAILS - 20 - limits::NAME)
        ),
        types: vec!["!".repeat(limits::NAME); limits::AUTHORIZATION_DETAILS_TYPES].join(" "),
        jwks: {
            let set = format!("{{\"keys\":[{}],\"x\":\"\"}}", symbolon_tests::keys::jwk("es256-1").expect("a key"));
            set.replace("\"x\":\"\"}", &format!("\"x\":\"{}\"}}", "x".repeat(limits::JWKS - set.len())))
        },
    };
    assert_eq!(longest.scope.len(), limits::SCOPE);
    assert_eq!(longest.authorization_details.len(), limits::AUTHORIZATION_DETAILS);
    longest
}

fn server_of(longest: &Longest) -> Server<'_> {
    let endpoint = longest.issuer.as_str();
    Server {
        issuer: Issuer::parse(&longest.issuer).expect("an issuer"),
        endpoints: Endpoints {
            authorization: endpoint,
            token: endpoint,
            revocation: endpoint,
            introspection: endpoint,
            pushed_authorization_request: endpoint,
            jwks: endpoint,
            userinfo: endpoint,
        },
        authorization_details_types: &longest.types,
        ..server()
    }
}

impl Longest {
    fn client(&self) -> Vec<u8> {
        let secrets = [secret::hash(&self.secret), secret::hash("another")].concat();
        let client = Client {
            client_id: &self.client_id,
            name: &self.name,
            redirect_uris: &self.redirect_uris,
            scope: &self.scope,
            default_scope: &self.scope,
            resources: &self.resources,
            authorization_details_types: &self.types,
            keys: ClientKeys::Jwks(&self.jwks),
            serves: &self.resources,
            ..c1(&secrets)
        };
        let mut row = vec![0; 64 * 1024];
        let length = client.register(&mut row).expect("a client that may be registered");
        row.truncate(length);
        row
    }

    fn granted(&self) -> Granted<'_> {
        Granted {
            client_id: &self.client_id,
            subject: &self.subject,
            scope: &self.scope,
            resources: &self.resources,
            acr: Some(&self.acr_values),
            amr: &self.acr_values,
            nonce: Some(&self.nonce),
            authorization_details: &self.authorization_details,
            challenge: challenge_of(VERIFIER),
            ..rows::granted("c1")
        }
    }

    fn grants(&self) -> [Vec<u8>; 4] {
        let granted = self.granted();
        let waiting = rows::pending("c1");
        let requested = Requested {
            client_id: &self.client_id,
            client_name: &self.name,
            redirect_uri: &self.redirect_uri,
            state: Some(&self.state),
            nonce: Some(&self.nonce),
            max_age: Some(u64::MAX),
            prompt: "login consent select_account",
            login_hint: Some(&self.login_hint),
            acr_values: &self.acr_values,
            authorization_details: &self.authorization_details,
            dpop_jkt: Some([0xff; 32]),
            scope: &self.scope,
            resources: &self.resources,
            ..waiting.requested
        };
        [
            rows::encode(&Grant::Pending(Pending { requested, ..waiting })),
            rows::encode(&Grant::Pushed(requested)),
            rows::encode(&Grant::Code(Code { granted, redirect_uri: &self.redirect_uri })),
            rows::encode(&Grant::Active(Active { granted, generation: 1, issued_at: NOW })),
        ]
    }

    /// A form with the client's credentials, posted or by Basic.
    fn message(&self, form: &str, basic: bool) -> Message {
        let Self { client_id, secret, .. } = self;
        if basic {
            let encoded = |text: &str| text.replace('!', "%21");
            Message::post(form).basic(&encoded(client_id), &encoded(secret))
        } else {
            Message::post(&format!("{form}&client_id={client_id}&client_secret={secret}"))
        }
    }

    fn case(&self, call: Call) -> Case {
        let row = |value: &Vec<u8>| Given::Row(Some((1, value.clone())));
        let grants: Vec<Given> = self.grants().iter().map(row).collect();
        Case {
            name: String::new(),
            call,
            now: NOW,
            facts: Facts {
                client_id: self.client_id.clone(),
                shown: Shown::Nothing,
                presented: String::new(),
                genuine: true,
                verifier: None,
                redirect_uri: None,
            },
            menu: Menu::from([
                ("load client", vec![row(&self.client())]),
                ("load grant", grants.clone()),
                ("load grant again", grants),
                ("commit grant", vec![Given::Committed, Given::Conflict, Given::Unavailable]),
                ("commit mark", vec![Given::Committed, Given::Conflict]),
            ]),
        }
    }
}

fn calls(longest: &Longest) -> Vec<Call> {
    let HandedOut { handle, pushed, code, access, refresh } = HandedOut::by(server(), "c1");
    let Longest { client_id, redirect_uri, scope, resource_parameters, state, .. } = longest;
    let form_scope = scope.replace(' ', "+");
    let authorization = format!(
        "response_type=code&client_id={client_id}&redirect_uri={redirect_uri}&state={state}&code_challenge={CHALLENGE}\
         &code_challenge_method=S256&scope={form_scope}{resource_parameters}"
    );
    let openid = format!(
        "{authorization}&nonce={}&login_hint={}&acr_values={}&authorization_details={}",
        longest.nonce, longest.login_hint, longest.acr_values, longest.authorization_details
    );
    let bring = format!("client_id={client_id}&request_uri=urn:ietf:params:oauth:request_uri:{pushed}");
    let bad = authorization.replace("S256", &"x".repeat(limits::NAME));
    let redemption =
        format!("{}&redirect_uri={redirect_uri}&scope={form_scope}{resource_parameters}", redemption(&code));
    let refreshing = format!("grant_type=refresh_token&refresh_token={}{resource_parameters}", refresh[0]);
    let mut calls = vec![
        Call::Authorize(Message::get(&authorization)),
        Call::Authorize(Message::post(&authorization)),
        Call::Authorize(Message::post(&openid)),
        Call::Authorize(Message::get(&bring)),
        Call::Authorize(Message::get(&bad)),
        Call::Resume(handle.clone(), BROWSER),
        Call::Decide(handle.clone(), BROWSER, Some(scope.clone())),
        Call::Decide(handle, BROWSER, None),
    ];
    for basic in [true, false] {
        calls.extend([
            Call::Push(longest.message(&openid, basic)),
            Call::Token(longest.message(&redemption, basic)),
            Call::Token(longest.message(&refreshing, basic)),
            Call::Revoke(longest.message(&format!("token={}", access[0]), basic)),
            Call::Introspect(longest.message(&format!("token={}", access[0]), basic)),
        ]);
    }
    // Basic credentials of the greatest length that are nobody's.
    let nobody = "!".repeat(limits::AUTHORIZATION / 4 * 3 - 8);
    calls.push(Call::Token(Message::post(&redemption).basic(&nobody, "x")));
    calls
}

#[test]
fn the_longest_inputs_fit_with_every_race_lost() {
    let longest = longest();
    let server = server_of(&longest);
    let (mut good, mut busy) = (0, 0);
    for call in calls(&longest) {
        let case = longest.case(call);
        walk(&server, &case, |run| {
            if let Output::Reply(answer) = &run.output {
                assert_ne!(
                    answer.reason,
                    Some(Reason::Buffer),
                    "{} after {} questions",
                    case.call.file(),
                    run.record.len()
                );
                assert!(answer.status != 500, "{answer:?}");
                busy += usize::from(answer.reason == Some(Reason::StoreBusy));
                good += usize::from(answer.reason.is_none());
            } else {
                good += 1;
            }
        });
    }
    assert!(good > 20 && busy > 10, "{good} good, {busy} busy");
}

#[test]
fn the_longest_rows_have_the_length_that_is_named() {
    let longest = longest();
    let (client, grants) = (longest.client().len(), longest.grants().map(|grant| grant.len()));
    // No client has both secrets and a name in a certificate.
    assert!((CLIENT_ROW - limits::CERTIFICATE_NAME - 128..=CLIENT_ROW).contains(&client), "{client}");
    assert!((GRANT_ROW - 256..=GRANT_ROW).contains(&grants[0]), "{grants:?}");
    assert!(grants.iter().all(|grant| *grant <= grants[0]));
}

#[test]
fn a_buffer_that_is_one_byte_short_is_refused_before_anything_is_asked() {
    let server = server();
    let HandedOut { handle, .. } = HandedOut::by(symbolon_tests::fixture::server(), "c1");
    let browser = UserAgent::new(BROWSER).unwrap();
    let user = Authenticated::new(USER, NOW).unwrap();
    let short = TooSmall { needed: BUFFER };
    let mut buffer = vec![0; BUFFER];
    let (less, _) = buffer.split_at_mut(BUFFER - 1);
    let untouched = less.to_vec();
    let form = "client_id=c1&token=x";
    Message::get(form).lend(|request| {
        assert_eq!(server.authorize(request, browser, NOW, entropy(1), less).err(), Some(short));
    });
    Message::post(form).lend(|request| assert_eq!(server.token(request, NOW, entropy(1), less).err(), Some(short)));
    Message::post(form).lend(|request| assert_eq!(server.revoke(request, NOW, less).err(), Some(short)));
    Message::post(form).lend(|request| assert_eq!(server.introspect(request, NOW, less).err(), Some(short)));
    assert_eq!(server.resume(&handle, browser, NOW, less).err(), Some(short));
    assert_eq!(server.decide(&handle, browser, user, Decision::Deny, NOW, less).err(), Some(short));
    assert_eq!(server.metadata(less).err(), Some(short));
    assert_eq!(less, untouched);
    assert!(server.metadata(&mut buffer).is_ok());
}

#[test]
fn the_request_is_as_it_was_after_a_buffer_was_too_short() {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    let mut message = Message::post(&redemption(&code)).basic("c1", C1_SECRET);
    let before = message.body.clone();
    message.lend(|request| assert!(bench.server.token(request, NOW, entropy(1), &mut [0; 16]).is_err()));
    assert_eq!(message.body, before);
    assert_eq!(bench.token(message).status, 200);
}

#[test]
fn metadata_with_the_longest_endpoints_fits() {
    let longest = longest();
    let mut buffer = vec![0; BUFFER];
    let server = server_of(&longest);
    let reply: Answer = server.metadata(&mut buffer).unwrap().into();
    assert_eq!(reply.member("issuer"), Some(longest.issuer.clone()));
    assert_eq!(reply.status, 200);
}
