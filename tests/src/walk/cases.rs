//! The abstract requests: what a client, a browser or an attacker may send to each flow.

use symbolon::server::{Decision, Server, Unasked};
use symbolon::terms::Time;
use symbolon::terms::credential::CredentialKeys;

use super::{Call, Case, Facts, Shown, rows};
use crate::fixture::{
    BROWSER, Bench, C1_SECRET, C2_SECRET, CHALLENGE, Interaction, Message, NOW, OTHER_BROWSER, RESOURCE, RS1_SECRET,
    VERIFIER, authorization_query, server,
};

/// Everything that the server hands out in the life of one grant.
#[derive(Clone)]
pub struct HandedOut {
    /// Names the interaction.
    pub handle: String,
    /// What follows the prefix in the `request_uri` of a request that was pushed before.
    pub pushed: String,
    /// The code.
    pub code: String,
    /// The access tokens, oldest first.
    pub access: [String; 3],
    /// The refresh tokens, oldest first.
    pub refresh: [String; 3],
}

impl HandedOut {
    /// What `server` hands out to `c1`, or `pub1`, under a grant that begins at [`NOW`].
    pub fn by(server: Server<'static>, owner: &str) -> Self {
        let mut bench = Bench { server, ..Bench::default() };
        let redirect_uri =
            if owner == "c1" { "https%3A%2F%2Fclient.example%2Fcb" } else { "http%3A%2F%2F127.0.0.1%2Fcb" };
        let query = authorization_query(owner, redirect_uri, "&scope=read+write");
        let Interaction::Ask { handle, .. } = bench.authorize(Message::get(&query)) else { panic!("no interaction") };
        let answer = bench.decide(&handle, Decision::Approve { scope: "read write", authorization_details: "" });
        let code = answer.location("code").expect("a code").to_owned();
        let is_c1 = owner == "c1";
        let mut tokens = vec![if is_c1 { bench.redeem_as_c1(&code) } else { bench.redeem_as_pub1(&code) }];
        while tokens.len() < 3 {
            let last = tokens[tokens.len() - 1].member("refresh_token").expect("a refresh token");
            tokens.push(if is_c1 { bench.refresh_as_c1(&last) } else { bench.refresh_as_pub1(&last) });
        }
        let each = |name: &str| std::array::from_fn(|n| tokens[n].member(name).expect("a token"));
        let form = if is_c1 { Message::post(&query).basic("c1", C1_SECRET) } else { Message::post(&query) };
        let pushed = bench.push(form).member("request_uri").expect("a request_uri");
        let pushed = pushed.rsplit(':').next().expect("a name").to_owned();
        Self { handle, pushed, code, access: each("access_token"), refresh: each("refresh_token") }
    }
}

/// The same server with another secret.
pub fn another_server() -> Server<'static> {
    Server { keys: CredentialKeys::new(1, &[8; 32]).expect("a key"), ..server() }
}

/// A text that differs in its last character but one; the last holds bits that are not used.
pub fn mistyped(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let place = bytes.len() - 2;
    bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).expect("text")
}

/// Percent-encodes a value.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn shown(client_id: &str) -> Shown {
    match client_id {
        "c1" => Shown::Basic(C1_SECRET.into()),
        "c2" => Shown::Post(C2_SECRET.into()),
        "rs1" => Shown::Basic(RS1_SECRET.into()),
        _ => Shown::Nothing,
    }
}

/// A request of a client to the token, revocation or introspection endpoint, to be written down.
#[derive(Clone)]
struct Ask {
    name: String,
    client_id: &'static str,
    shown: Shown,
    /// The parameter that holds what is presented.
    parameter: &'static str,
    presented: String,
    genuine: bool,
    verifier: Option<String>,
    redirect_uri: Option<String>,
    more: String,
    now: Time,
}

impl Ask {
    fn new(name: &str, client_id: &'static str, parameter: &'static str, presented: &str) -> Self {
        Self {
            name: name.to_owned(),
            client_id,
            shown: shown(client_id),
            parameter,
            presented: presented.to_owned(),
            genuine: true,
            verifier: (parameter == "code").then(|| VERIFIER.to_owned()),
            redirect_uri: None,
            more: String::new(),
            now: NOW,
        }
    }

    fn message(&self) -> Message {
        let mut form = format!("{}={}{}", self.parameter, self.presented, self.more);
        match self.parameter {
            "code" => form.push_str("&grant_type=authorization_code"),
            "refresh_token" => form.push_str("&grant_type=refresh_token"),
            _ => {}
        }
        for (name, value) in [("code_verifier", &self.verifier), ("redirect_uri", &self.redirect_uri)] {
            if let Some(value) = value {
                form.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        match &self.shown {
            Shown::Basic(secret) => Message::post(&form).basic(self.client_id, secret),
            Shown::Post(secret) => {
                Message::post(&format!("{form}&client_id={}&client_secret={}", self.client_id, encoded(secret)))
            }
            Shown::Nothing => Message::post(&format!("{form}&client_id={}", self.client_id)),
        }
    }

    fn case(self, call: fn(Message) -> Call) -> Case {
        let call = call(self.message());
        Case {
            name: format!("{} as {}", self.name, self.client_id),
            call,
            now: self.now,
            menu: rows::menu(self.client_id, self.now),
            facts: Facts {
                client_id: self.client_id.to_owned(),
                shown: self.shown,
                presented: self.presented,
                genuine: self.genuine,
                verifier: self.verifier,
                redirect_uri: self.redirect_uri,
            },
        }
    }
}

/// Requests to the token endpoint with a code.
pub fn redemptions() -> Vec<Case> {
    let mut asks = Vec::new();
    for client_id in ["c1", "pub1"] {
        let made = HandedOut::by(server(), client_id);
        let ask = |name: &str| Ask::new(name, client_id, "code", &made.code);
        asks.extend([
            ask("good"),
            Ask { redirect_uri: Some(rows::REDIRECT_URI.into()), ..ask("with redirect_uri") },
            Ask { redirect_uri: Some("https://client.example/cb/".into()), ..ask("with another redirect_uri") },
            Ask { verifier: Some("x".repeat(43)), ..ask("with a wrong verifier") },
            Ask { verifier: Some("short".into()), ..ask("with a malformed verifier") },
            Ask { verifier: None, ..ask("without a verifier") },
            Ask { more: "&scope=read".into(), ..ask("for less scope") },
            Ask { more: "&scope=read+admin".into(), ..ask("for more scope") },
            Ask { more: "&scope=%22".into(), ..ask("for malformed scope") },
            Ask { more: format!("&resource={}", encoded(RESOURCE)), ..ask("for one resource") },
            Ask { more: "&resource=https%3A%2F%2Fevil.example".into(), ..ask("for another resource") },
            Ask { now: NOW.after(59), ..ask("in the last second") },
            Ask { now: NOW.after(60), genuine: false, ..ask("expired") },
            Ask { now: Time(u64::MAX), genuine: false, ..ask("at the end of time") },
            Ask { now: Time(0), ..ask("before it was made") },
            Ask { presented: mistyped(&made.code), genuine: false, ..ask("mistyped") },
            Ask { presented: made.code[1..].into(), genuine: false, ..ask("cut off") },
            Ask { presented: HandedOut::by(another_server(), client_id).code, genuine: false, ..ask("forged") },
            Ask { presented: made.refresh[0].clone(), genuine: false, ..ask("a refresh token for a code") },
            Ask { presented: made.access[0].clone(), genuine: false, ..ask("an access token for a code") },
            Ask { presented: made.handle.clone(), genuine: false, ..ask("a handle for a code") },
            Ask { presented: String::new(), genuine: false, ..ask("without a code") },
        ]);
        asks.extend(badly_authenticated(&ask("good")));
    }
    asks.into_iter().map(|ask| ask.case(Call::Token)).collect()
}

/// Requests to the token endpoint with a refresh token.
pub fn refreshes() -> Vec<Case> {
    let mut asks = Vec::new();
    for client_id in ["c1", "pub1"] {
        let made = HandedOut::by(server(), client_id);
        let ask = |name: &str| Ask::new(name, client_id, "refresh_token", &made.refresh[1]);
        asks.extend([
            ask("good"),
            Ask { more: "&scope=write".into(), ..ask("for less scope") },
            Ask { more: "&scope=admin".into(), ..ask("for more scope") },
            Ask { more: format!("&resource={}", encoded(RESOURCE)), ..ask("for one resource") },
            Ask { more: "&resource=https%3A%2F%2Fevil.example".into(), ..ask("for another resource") },
            Ask { presented: made.refresh[0].clone(), ..ask("the first") },
            Ask { presented: made.refresh[2].clone(), ..ask("the third") },
            Ask { now: NOW.after(2_592_000), genuine: false, ..ask("expired") },
            Ask { now: Time(0), ..ask("before it was made") },
            Ask { presented: mistyped(&made.refresh[1]), genuine: false, ..ask("mistyped") },
            Ask {
                presented: HandedOut::by(another_server(), client_id).refresh[1].clone(),
                genuine: false,
                ..ask("forged")
            },
            Ask { presented: made.code.clone(), genuine: false, ..ask("a code for a refresh token") },
            Ask { presented: made.access[1].clone(), genuine: false, ..ask("an access token for a refresh token") },
            Ask { presented: String::new(), genuine: false, ..ask("without a refresh token") },
        ]);
        asks.extend(badly_authenticated(&ask("good")));
    }
    asks.into_iter().map(|ask| ask.case(Call::Token)).collect()
}

/// The same request with client authentication gone wrong.
fn badly_authenticated(good: &Ask) -> Vec<Ask> {
    vec![
        Ask { name: "with a wrong secret".into(), shown: Shown::Basic("wrong secret".into()), ..good.clone() },
        Ask { name: "with a wrong posted secret".into(), shown: Shown::Post("wrong secret".into()), ..good.clone() },
        Ask { name: "with an empty secret".into(), shown: Shown::Basic(String::new()), ..good.clone() },
        Ask { name: "with no secret".into(), shown: Shown::Nothing, ..good.clone() },
        Ask { name: "with the secret in the wrong place".into(), shown: Shown::Post(C1_SECRET.into()), ..good.clone() },
        Ask {
            name: "with two methods at once".into(),
            more: format!("&client_secret={C1_SECRET}&client_id={}", good.client_id),
            ..good.clone()
        },
        Ask { name: "with an assertion".into(), more: "&client_assertion=x".into(), ..good.clone() },
        Ask { name: "repeated".into(), more: format!("&{0}={1}", good.parameter, good.presented), ..good.clone() },
        Ask { name: "undecodable".into(), more: "&x=%zz".into(), ..good.clone() },
    ]
}

fn token_asks(client_id: &'static str, made: &HandedOut) -> Vec<Ask> {
    let ask = |name: &str| Ask::new(name, client_id, "token", &made.access[1]);
    let mut asks = vec![
        ask("access token"),
        Ask { presented: made.access[2].clone(), ..ask("newer access token") },
        Ask { presented: made.refresh[1].clone(), ..ask("refresh token") },
        Ask { presented: made.refresh[0].clone(), ..ask("superseded refresh token") },
        Ask { more: "&token_type_hint=refresh_token".into(), ..ask("access token with the wrong hint") },
        Ask { now: NOW.after(600), genuine: false, ..ask("expired access token") },
        Ask { now: Time(0), ..ask("access token before it was made") },
        Ask { presented: mistyped(&made.access[1]), genuine: false, ..ask("mistyped") },
        Ask { presented: made.code.clone(), genuine: false, ..ask("code") },
        Ask { presented: "x".into(), genuine: false, ..ask("another server's token") },
        Ask { presented: String::new(), genuine: false, ..ask("no token") },
    ];
    asks.extend(badly_authenticated(&ask("access token")));
    asks
}

/// Requests to the revocation endpoint.
pub fn revocations() -> Vec<Case> {
    let made = |client_id| HandedOut::by(server(), client_id);
    let asks = [token_asks("c1", &made("c1")), token_asks("pub1", &made("pub1")), token_asks("c2", &made("c1"))];
    asks.concat().into_iter().map(|ask| ask.case(Call::Revoke)).collect()
}

/// Requests to the introspection endpoint. The grant belongs to its caller in one row, to another client in others.
pub fn introspections() -> Vec<Case> {
    let made = |client_id| HandedOut::by(server(), client_id);
    let asks = [token_asks("c1", &made("c1")), token_asks("pub1", &made("pub1")), token_asks("rs1", &made("c1"))];
    asks.concat().into_iter().map(|ask| ask.case(Call::Introspect)).collect()
}

fn browser_case(name: &str, call: Call, client_id: &str, presented: &str, genuine: bool, now: Time) -> Case {
    Case {
        name: name.to_owned(),
        call,
        now,
        menu: rows::menu(client_id, now),
        facts: Facts {
            client_id: client_id.to_owned(),
            shown: Shown::Nothing,
            presented: presented.to_owned(),
            genuine,
            verifier: None,
            redirect_uri: None,
        },
    }
}

/// Requests to the authorization endpoint.
pub fn authorizations() -> Vec<Case> {
    let good = |client_id, redirect_uri| authorization_query(client_id, redirect_uri, "&scope=read");
    let c1 = good("c1", "https%3A%2F%2Fclient.example%2Fcb");
    let without = |name: &str| {
        let pairs = c1.split('&').filter(|pair| !pair.starts_with(&format!("{name}=")));
        pairs.collect::<Vec<_>>().join("&")
    };
    let with = |pair: &str| format!("{}&{pair}", without(pair.split('=').next().expect("a name")));
    let mut requests = vec![
        ("good", "c1", Message::get(&c1)),
        ("good by POST", "c1", Message::post(&c1)),
        ("good, native", "pub1", Message::get(&good("pub1", "http%3A%2F%2F127.0.0.1%3A51004%2Fcb"))),
        (
            "good, another port of a web client",
            "c1",
            Message::get(&good("c1", "https%3A%2F%2Fclient.example%3A444%2Fcb")),
        ),
        ("by POST as JSON", "c1", Message { headers: Vec::new(), ..Message::post("{\"client_id\":\"c1\"}") }),
        ("by another method", "c1", Message { method: symbolon::wire::http::Method::Other, ..Message::get(&c1) }),
        ("repeated client_id", "c1", Message::get(&format!("{c1}&client_id=c1"))),
        ("undecodable", "c1", Message::get(&format!("{c1}&x=%zz"))),
        ("not UTF-8", "c1", Message::get(&format!("{c1}&x=%ff"))),
        (
            "two resources",
            "c1",
            Message::get(&format!("{c1}&resource={}&resource=https%3A%2F%2Fapi.example%2F", encoded(RESOURCE))),
        ),
    ];
    for pair in [
        "scope=read+admin",
        "scope=%22",
        "resource=https%3A%2F%2Fevil.example",
        "resource=%23",
        "redirect_uri=https%3A%2F%2Fevil.example%2Fcb",
        "redirect_uri=https%3A%2F%2Fclient.example%2Fcb%2F",
        "redirect_uri=%2Fcb",
        "response_type=token",
        "response_mode=fragment",
        "code_challenge_method=plain",
        "code_challenge=short",
        "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
        "request=x",
        "request_uri=urn:x",
        "state=%00",
    ] {
        requests.push((pair, "c1", Message::get(&with(pair))));
    }
    for name in
        ["response_type", "client_id", "redirect_uri", "state", "scope", "code_challenge", "code_challenge_method"]
    {
        requests.push((name, "c1", Message::get(&without(name))));
    }
    let case = |(name, client_id, message): (&str, &str, Message)| {
        browser_case(name, Call::Authorize(message), client_id, CHALLENGE, true, NOW)
    };
    requests.into_iter().map(case).collect()
}

fn handles() -> Vec<(&'static str, String, bool, &'static [u8], Time)> {
    let made = HandedOut::by(server(), "c1");
    vec![
        ("good", made.handle.clone(), true, BROWSER, NOW),
        ("in another browser", made.handle.clone(), true, OTHER_BROWSER, NOW),
        ("in the last second", made.handle.clone(), true, BROWSER, NOW.after(599)),
        ("expired", made.handle.clone(), false, BROWSER, NOW.after(600)),
        ("before it was made", made.handle.clone(), true, BROWSER, Time(0)),
        ("mistyped", mistyped(&made.handle), false, BROWSER, NOW),
        ("forged", HandedOut::by(another_server(), "c1").handle, false, BROWSER, NOW),
        ("a code for a handle", made.code, false, BROWSER, NOW),
        ("nothing", String::new(), false, BROWSER, NOW),
    ]
}

/// Pages of an interaction.
pub fn resumptions() -> Vec<Case> {
    let case = |(name, handle, genuine, browser, now): (&str, String, bool, _, _)| {
        browser_case(name, Call::Resume(handle.clone(), browser), "c1", &handle, genuine, now)
    };
    handles().into_iter().map(case).collect()
}

/// Decisions.
pub fn decisions() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, handle, genuine, browser, now) in handles() {
        for approved in [Some("read write"), Some("read"), Some("read admin"), Some(""), Some("\""), None] {
            let call = Call::Decide(handle.clone(), browser, approved.map(str::to_owned));
            let name = format!("{name}, {}", approved.unwrap_or("refused"));
            cases.push(browser_case(&name, call, "c1", &handle, genuine, now));
        }
        let unasked = [
            None,
            Some(Unasked::LoginRequired),
            Some(Unasked::ConsentRequired),
            Some(Unasked::AccountSelectionRequired),
            Some(Unasked::InteractionRequired),
        ];
        for why in unasked {
            let name = format!("{name}, {why:?}");
            let call = Call::Decline(handle.clone(), browser, why);
            cases.push(browser_case(&name, call, "c1", &handle, genuine, now));
        }
    }
    cases
}

/// Requests that name one that was pushed, which is in the row.
pub fn pushed_authorizations() -> Vec<Case> {
    let mut cases = Vec::new();
    for client_id in ["c1", "pub1"] {
        let made = HandedOut::by(server(), client_id);
        let forged = HandedOut::by(another_server(), client_id).pushed;
        for (name, handle, genuine, now) in [
            ("good", made.pushed.clone(), true, NOW),
            ("in the last second", made.pushed.clone(), true, NOW.after(59)),
            ("expired", made.pushed.clone(), false, NOW.after(60)),
            ("mistyped", mistyped(&made.pushed), false, NOW),
            ("forged", forged, false, NOW),
            ("a handle for a request_uri", made.handle.clone(), false, NOW),
            ("a code for a request_uri", made.code.clone(), false, NOW),
        ] {
            // What else is sent counts for nothing.
            for more in ["", "&redirect_uri=https%3A%2F%2Fevil.example%2Fcb&scope=admin&response_type=token&state=x"] {
                let query = format!(
                    "client_id={client_id}&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A{handle}{more}"
                );
                let call = Call::Authorize(Message::get(&query));
                cases.push(browser_case(name, call, client_id, &handle, genuine, now));
            }
        }
    }
    cases
}

/// Requests that are pushed.
pub fn pushes() -> Vec<Case> {
    let mut asks = Vec::new();
    for (client_id, redirect_uri) in [("c1", rows::REDIRECT_URI), ("pub1", "http://127.0.0.1:51004/cb")] {
        let more = format!(
            "&response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256&state=x&redirect_uri={}",
            encoded(redirect_uri)
        );
        let ask = |name: &str| Ask { more: format!("{more}&scope=read"), ..Ask::new(name, client_id, "x", "1") };
        let with = |name: &str, pair: &str| Ask { more: format!("{more}&scope=read&{pair}"), ..ask(name) };
        asks.extend([
            ask("good"),
            Ask { more: format!("{more}&scope=read+admin"), ..ask("for more scope") },
            with("for another resource", "resource=https%3A%2F%2Fevil.example"),
            with("with OpenID's parameters", "nonce=n&max_age=60&prompt=login&login_hint=a&acr_values=b"),
            with("with a malformed max_age", "max_age=x"),
            with("with a prompt of two minds", "prompt=none+login"),
            with("with a key", "dpop_jkt=0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
            with(
                "with authorization details of no registered type",
                "authorization_details=%5B%7B%22type%22%3A%22a%22%7D%5D",
            ),
            with("with a request_uri", "request_uri=urn%3Ax"),
            with("with a request object", "request=x"),
            with("undecodable", "x=%zz"),
            with("repeated", "scope=read"),
            Ask {
                more: more.replace(&encoded(redirect_uri), "https%3A%2F%2Fevil.example%2Fcb"),
                ..ask("with a foreign redirect_uri")
            },
            Ask { more: more.replace("S256", "plain"), ..ask("with a plain challenge") },
        ]);
        asks.extend(badly_authenticated(&ask("good")).into_iter().map(|mut bad| {
            bad.more.push_str(&more);
            bad
        }));
    }
    asks.into_iter().map(|ask| ask.case(Call::Push)).collect()
}
