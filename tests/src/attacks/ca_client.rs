//! Who a client says it is: secrets, methods, and identifiers that nearly fit.

use base64ct::{Base64, Base64Url, Base64UrlUnpadded, Encoding};
use symbolon::record::{AuthenticationMethod, Client};
use symbolon::terms::secret;
use symbolon::{ErrorCode, Event};

use super::form::{Form, encode};
use super::outcome::*;
use super::{Ground, Row, row};
use crate::fixture::{Answer, Bench, C1_SECRET, C2_SECRET, Message, c1, put};
use crate::keyed::{self, k1_assertion, m1_certificate, s1_certificate};

pub(super) const ROWS: &[Row] = &[
    row("CA-09", "a client that was given a secret is let in without it", "CVE-2026-44476", ca_09),
    row("CA-10", "an empty secret is a secret", "RFC 6749 section 2.3.1", ca_10),
    row("CA-11", "a client may choose another method than it has registered", "workers-oauth-provider #276", ca_11),
    row("CA-12", "a request authenticates in two ways", "RFC 6749 section 2.3", ca_12),
    row("CA-13", "the field and the form name different clients", "RFC 6749 section 2.3.1", ca_13),
    row("CA-14", "Basic credentials are decoded laxly", "node-oidc-provider, workers-oauth-provider #247", ca_14),
    row("CA-15", "the two halves of Basic credentials are not form-decoded", "RFC 6749 section 2.3.1", ca_15),
    row("CA-16", "credentials in the query of a URL are taken", "RFC 6749 section 2.3.1", ca_16),
    row("CA-17", "client identifiers are trimmed, or compared without regard to case", "RFC 6749 section 2.2", ca_17),
    row(
        "CA-29",
        "a client's secret can be tried again and again without anybody knowing",
        "OAuth 2.1 section 2.4.1",
        ca_29,
    ),
    row("CA-35", "a parameter of an unexpected shape crashes", "CVE-2026-44325", ca_35),
    row("CA-37", "an unknown client is told from a wrong secret", "RFC 6749 section 5.2", ca_37),
    row("TI-07", "an unknown client costs less work than a known one", "client enumeration", ti_07),
    row(
        "TI-09",
        "the endpoints for tokens tell which tokens there are",
        "RFC 7009 section 2.2, RFC 7662 section 2.2",
        ti_09,
    ),
];

const CLIENT: ErrorCode = ErrorCode::InvalidClient;
const REQUEST: ErrorCode = ErrorCode::InvalidRequest;

/// A bench with every client, and a form that redeems a code of `c1`: only who sends it can be wrong.
fn begun(ground: &Ground) -> (Bench, Form) {
    let mut bench = ground.bench();
    for client in [keyed::k1(), keyed::m1(), keyed::s1()] {
        put(&mut bench.store, &client);
    }
    let code = bench.code_of_c1("read");
    (bench, Form::code(&code))
}

/// An `Authorization` field with these credentials as they are.
fn basic(form: &Form, credentials: &[u8]) -> Message {
    form.post().with("Authorization", &format!("Basic {}", Base64::encode_string(credentials)))
}

/// Each of these requests is refused in this way, and changes nothing; the code is good all the while.
fn refusals<L: AsRef<str>>(
    bench: &mut Bench,
    form: &Form,
    messages: impl IntoIterator<Item = (L, Message)>,
    status: u16,
    code: ErrorCode,
) -> Checked {
    let outcome = each(messages, |message| unmoved(bench, |bench| refused(&bench.token(message), status, code)))?;
    tokens(&bench.token(form.from("c1"))).map_err(|wrong| format!("its owner: {wrong}"))?;
    Ok(outcome)
}

fn ca_09(ground: &Ground) -> Checked {
    let (mut bench, form) = begun(ground);
    let alone = |client_id: &str| form.clone().and("client_id", client_id).post();
    let messages =
        ["c1", "c2", "k1", "m1", "s1"].map(|client_id| (format!("client_id={client_id} alone"), alone(client_id)));
    let outcome = refusals(&mut bench, &form, messages, 401, CLIENT)?;
    let hash = secret::hash(C1_SECRET);
    let registrations = [
        ("a public client with a secret", Client { authentication: AuthenticationMethod::None, ..c1(&hash) }),
        ("a client with a secret and none", c1(&[])),
    ];
    let registered = each(registrations, |client| match client.register(&mut [0; 8192]) {
        Err(reason) => Ok(format!("registration refused ({reason:?})")),
        Ok(_) => Err("registered".to_owned()),
    })?;
    Ok(format!("{outcome}; {registered}"))
}

fn ca_10(ground: &Ground) -> Checked {
    let (mut bench, form) = begun(ground);
    // A client whose secret really is the empty one.
    put(&mut bench.store, &Client { client_id: "e1", ..c1(&secret::hash("")) });
    let post = AuthenticationMethod::ClientSecretPost;
    put(&mut bench.store, &Client { client_id: "e2", authentication: post, ..c1(&secret::hash("")) });
    let posted = |client_id: &str| form.clone().and("client_id", client_id).and("client_secret", "").post();
    let messages = [
        ("Basic c1:", basic(&form, b"c1:")),
        ("client_secret= of c1", posted("c1")),
        ("client_secret= of c2", posted("c2")),
        ("Basic e1:, whose secret is empty", basic(&form, b"e1:")),
        ("client_secret= of e2, whose secret is empty", posted("e2")),
        ("Basic pub1:", basic(&form, b"pub1:")),
    ];
    refusals(&mut bench, &form, messages, 401, CLIENT)
}

fn ca_11(ground: &Ground) -> Checked {
    let (mut bench, form) = begun(ground);
    let posted = |id: &str, secret: &str| form.clone().and("client_id", id).and("client_secret", secret).post();
    let asserted =
        |id: &str| Message::post(&format!("{}{}", form.clone().and("client_id", id).text(), k1_assertion("a")));
    let over = |id: &str| form.clone().and("client_id", id).post();
    let messages = [
        ("c1, registered for Basic, by post", posted("c1", C1_SECRET)),
        ("c2, registered for post, by Basic", form.post().basic("c2", C2_SECRET)),
        ("pub1, registered for none, with a secret", posted("pub1", "x")),
        ("pub1 by Basic", form.post().basic("pub1", "x")),
        ("k1, registered for private_key_jwt, by post", posted("k1", "x")),
        ("k1 by Basic", form.post().basic("k1", "x")),
        ("k1 without anything", over("k1")),
        ("k1 over a certificate", over("k1").over(m1_certificate())),
        ("c1 over a certificate alone", over("c1").over(m1_certificate())),
        ("m1, registered for a certificate, by Basic", form.post().basic("m1", "x")),
        ("m1 by Basic over its certificate", form.post().basic("m1", "x").over(m1_certificate())),
        ("m1 over the certificate of s1", over("m1").over(s1_certificate())),
        ("s1 over the certificate of m1", over("s1").over(m1_certificate())),
    ];
    let outcome = refusals(&mut bench, &form, messages, 401, CLIENT)?;
    let foreign = unmoved(&mut bench, |bench| refused(&bench.token(asserted("c1")), 400, REQUEST))?;
    Ok(format!("{outcome}; c1 by an assertion of k1 -> {foreign}"))
}

fn ca_12(ground: &Ground) -> Checked {
    let (mut bench, form) = begun(ground);
    let assertion = k1_assertion("a");
    let with_assertion = |form: &Form| Message::post(&format!("{}{assertion}", form.text()));
    let messages = [
        ("Basic and client_secret", form.clone().and("client_secret", C1_SECRET).from("c1")),
        ("Basic and an assertion", with_assertion(&form).basic("c1", C1_SECRET)),
        ("Basic of k1 and its assertion", with_assertion(&form).basic("k1", "x")),
        ("an assertion and client_secret", with_assertion(&form.clone().and("client_secret", "x"))),
    ];
    let outcome = refusals(&mut bench, &form, messages, 400, REQUEST)?;
    let secret = form.clone().and("client_id", "m1").and("client_secret", "x").post().over(m1_certificate());
    let besides = unmoved(&mut bench, |bench| refused(&bench.token(secret), 401, CLIENT))?;
    let twice = form.post().basic("c1", C1_SECRET).basic("c1", C1_SECRET);
    let fields = unmoved(&mut bench, |bench| refused(&bench.token(twice), 400, REQUEST))?;
    Ok(format!("{outcome}; a certificate and client_secret -> {besides}; two Authorization fields -> {fields}"))
}

fn ca_13(ground: &Ground) -> Checked {
    let (mut bench, form) = begun(ground);
    let named = |client_id: &str| form.clone().and("client_id", client_id);
    let messages = [
        ("Basic c1, client_id=c2", named("c2").from("c1")),
        ("Basic c1, client_id=pub1", named("pub1").from("c1")),
        ("an assertion of k1, client_id=m1", Message::post(&format!("{}{}", named("m1").text(), k1_assertion("a")))),
    ];
    let outcome = refusals(&mut bench, &form, messages, 400, REQUEST)?;
    let again = bench.code_of_c1("read");
    let same = tokens(&bench.token(Form::code(&again).and("client_id", "c1").from("c1"))).map(|_| "tokens")?;
    Ok(format!("{outcome}; Basic c1, client_id=c1 -> {same}"))
}

fn ca_14(ground: &Ground) -> Checked {
    let (mut bench, form) = begun(ground);
    let field = |value: &str| form.post().with("Authorization", value);
    let good = format!("c1:{C1_SECRET}");
    let padded = Base64::encode_string(good.as_bytes());
    ensure(padded.ends_with('='), || "a secret whose base64 needs padding is wanted".to_owned())?;
    let (head, tail) = padded.split_at(8);
    // Bytes that the two alphabets write differently.
    let sharp = [b"c1:".as_slice(), &[0xfb, 0xff, 0xfe]].concat();
    let messages = [
        ("a space inside", field(&format!("Basic {head} {tail}"))),
        ("a space at the end", field(&format!("Basic {padded} "))),
        ("a tab before it", field(&format!("Basic\t{padded}"))),
        ("a line feed inside", field(&format!("Basic {head}\n{tail}"))),
        ("no padding", field(&format!("Basic {}", padded.trim_end_matches('=')))),
        ("too much padding", field(&format!("Basic {padded}="))),
        ("the other alphabet", field(&format!("Basic {}", Base64Url::encode_string(&sharp)))),
        (
            "the other alphabet without padding",
            field(&format!("Basic {}", Base64UrlUnpadded::encode_string(good.as_bytes()))),
        ),
        ("no base64", field(&format!("Basic {good}"))),
        ("nothing", field("Basic")),
        ("no colon", basic(&form, b"c1")),
        ("a NUL", basic(&form, format!("c1\0:{C1_SECRET}").as_bytes())),
        ("a NUL at the end", basic(&form, format!("{good}\0").as_bytes())),
        ("no UTF-8", basic(&form, b"c1:\xff\xfe")),
        ("a broken escape", basic(&form, b"c1:%zz")),
        ("an escape cut short", basic(&form, b"c1:%4")),
        ("a plus", basic(&form, b"c1:+")),
        ("another scheme", field(&format!("Basic2 {padded}"))),
    ];
    let outcome = each(messages, |message| unmoved(&mut bench, |bench| refused(&bench.token(message), 401, CLIENT)))?;
    let lower = tokens(&bench.token(field(&format!("basic {padded}")))).map(|_| "tokens")?;
    Ok(format!("{outcome}; the scheme in lower case -> {lower}"))
}

fn ca_15(ground: &Ground) -> Checked {
    let (id, password) = ("a:b", "p%+ w&=\u{e4}");
    let mut bench = ground.bench();
    let grant_types = symbolon::record::GrantTypes { client_credentials: true, ..c1(&[]).grant_types };
    put(&mut bench.store, &Client { client_id: id, grant_types, ..c1(&secret::hash(password)) });
    let form = Form::of(&[("grant_type", "client_credentials"), ("scope", "read")]);
    let raw = format!("{id}:{password}");
    let halves = [
        ("not encoded", raw.clone()),
        ("the secret not encoded", format!("{}:{password}", encode(id.as_bytes()))),
        ("the colon not encoded", format!("{id}:{}", encode(password.as_bytes()))),
        ("encoded as one", encode(raw.as_bytes())),
        ("encoded twice", format!("{}:{}", encode(id.as_bytes()), encode(encode(password.as_bytes()).as_bytes()))),
    ];
    let outcome = each(halves, |halves| {
        unmoved(&mut bench, |bench| refused(&bench.token(basic(&form, halves.as_bytes())), 401, CLIENT))
    })?;
    let encoded = [
        ("in upper case", encode(password.as_bytes())),
        ("in lower case", encode(password.as_bytes()).to_lowercase()),
        ("the space as a plus", encode(password.as_bytes()).replace("%20", "+")),
    ];
    let good = each(encoded, |password| {
        let answer = bench.token(basic(&form, format!("{}:{password}", encode(id.as_bytes())).as_bytes()));
        answer.member("access_token").map(|_| "a token".to_owned()).ok_or_else(|| format!("{answer:?}"))
    })?;
    Ok(format!("{outcome}; encoded {good}"))
}

fn ca_16(ground: &Ground) -> Checked {
    let (mut bench, form) = begun(ground);
    let with_query = |form: &Form, query: &Form| Message { query: query.text().into(), ..form.post() };
    let whole = form.clone().and("client_id", "c2").and("client_secret", C2_SECRET);
    let secret = Form::of(&[("client_secret", C2_SECRET)]);
    let both = Form::of(&[("client_id", "c2"), ("client_secret", C2_SECRET)]);
    let named = form.clone().and("client_id", "c2");
    let in_query = refusals(&mut bench, &form, [("the secret", with_query(&named, &secret))], 401, CLIENT)?;
    let (mut bench, form) = begun(ground);
    let messages = [("both", with_query(&form, &both)), ("the whole form", with_query(&Form::of(&[]), &whole))];
    let missing = refusals(&mut bench, &form, messages, 400, REQUEST)?;
    Ok(format!("in the query: {in_query}; {missing}"))
}

fn ca_17(ground: &Ground) -> Checked {
    let (mut bench, form) = begun(ground);
    let ids = ["C1", " c1", "c1 ", "c1\0", "c1%00", "c\u{0441}1", "c1/", "c1\u{200b}"];
    let by_basic = ids.map(|id| {
        let credentials = format!("{}:{C1_SECRET}", encode(id.as_bytes()));
        (format!("{id:?} by Basic"), basic(&form, credentials.as_bytes()))
    });
    let posted = ["C2", " c2", "c2 ", "c2\0"].map(|id| {
        (format!("{id:?} by post"), form.clone().and("client_id", id).and("client_secret", C2_SECRET).post())
    });
    each(by_basic.into_iter().chain(posted), |message| {
        unmoved(&mut bench, |bench| {
            let answer = bench.token(message);
            // What is no identifier at all is no client's either.
            refused(&answer, 401, CLIENT).or_else(|_| refused(&answer, 400, REQUEST))
        })
    })
}

fn ca_29(ground: &Ground) -> Checked {
    let (mut bench, form) = begun(ground);
    let mut answers: Vec<Answer> = Vec::new();
    for guess in 0..10 {
        answers.push(bench.token(form.post().basic("c1", &format!("guess-{guess}"))));
    }
    let outcome = refused(&answers[0], 401, CLIENT)?;
    ensure(answers.iter().all(|answer| *answer == answers[0]), || "the answers differ".to_owned())?;
    ensure(answers[0].event == Some(Event::ClientAuthenticationFailed), || format!("{:?}", answers[0].event))?;
    tokens(&bench.token(form.from("c1"))).map_err(|wrong| format!("its owner afterwards: {wrong}"))?;
    Ok(format!(
        "10 guesses -> {outcome} each time, and each time the event ClientAuthenticationFailed for the host to count"
    ))
}

fn ca_35(ground: &Ground) -> Checked {
    let (mut bench, form) = begun(ground);
    let shapes = ["{\"x\":1}", "[\"read\"]", "null", "[]", "{", "\u{feff}", "[[[[[[[["];
    let names = ["grant_type", "code", "code_verifier", "redirect_uri", "scope", "resource", "authorization_details"];
    let mut inputs: Vec<(String, Form)> = Vec::new();
    for name in names {
        inputs.extend(shapes.map(|shape| (format!("{name}={shape}"), form.clone().with(name, shape))));
    }
    inputs.push((
        "grant_type[]".to_owned(),
        form.clone().without("grant_type").and("grant_type[]", "authorization_code"),
    ));
    inputs.push(("code[0]".to_owned(), form.clone().without("code").and("code[0]", "x")));
    each(inputs, |spoilt| {
        // Each on a code of its own, as a wrong verifier burns it.
        let (mut bench, form) = begun(ground);
        let spoilt = match form.value("code") {
            Some(code) if spoilt.value("code").is_some_and(|value| value.len() > 20) => spoilt.with("code", code),
            _ => spoilt,
        };
        let answer = bench.token(spoilt.from("c1"));
        ensure(answer.status == 400 && answer.member("access_token").is_none(), || format!("{answer:?}"))?;
        Ok(format!("{} {}", answer.status, answer.member("error").unwrap_or_default()))
    })
    .and_then(|told| tokens(&bench.token(form.from("c1"))).map(|_| told))
}

fn ca_37(ground: &Ground) -> Checked {
    let (mut bench, form) = begun(ground);
    let hash = secret::hash(C1_SECRET);
    put(&mut bench.store, &Client { client_id: "d1", disabled: true, ..c1(&hash) });
    let attempts = [
        ("unknown", form.post().basic("nobody", C1_SECRET)),
        ("known, wrong secret", form.post().basic("c1", "x")),
        ("disabled, right secret", form.post().basic("d1", C1_SECRET)),
        ("known, another method", form.post().basic("c2", C2_SECRET)),
        ("public", form.post().basic("pub1", "x")),
        ("of another kind", form.post().basic("k1", "x")),
    ];
    let mut seen: Option<Answer> = None;
    let outcome = each(attempts, |message| {
        let answer = bench.token(message);
        let told = refused(&answer, 401, CLIENT)?;
        ensure(seen.as_ref().is_none_or(|first| *first == answer), || format!("another answer: {answer:?}"))?;
        seen.get_or_insert(answer);
        Ok(told)
    })?;
    Ok(format!("{outcome}, to the byte"))
}

/// The questions that a request asks are all that its caller can see of the work, besides its instructions: `cargo timing`
/// counts those of a comparison.
fn ti_07(ground: &Ground) -> Checked {
    use crate::drive::{Host, drive};
    use symbolon::step::{Commit, Flow, Load, Step};
    #[derive(Default)]
    struct Counting(crate::store::MemoryStore, usize);
    impl Host for Counting {
        fn load<'a, F: Flow>(&mut self, question: Load<'a, F>) -> Step<'a, F> {
            self.1 += 1;
            self.0.answer_load(question)
        }
        fn commit<'a, F: Flow>(&mut self, question: Commit<'a, F>) -> Step<'a, F> {
            self.1 += 1;
            Host::commit(&mut self.0, question)
        }
    }
    let (bench, form) = begun(ground);
    let asked = |mut message: Message| {
        let mut host = Counting(bench.store.clone(), 0);
        let mut buffer = vec![0; symbolon::server::BUFFER];
        let answer: Answer = message.lend(|request| {
            let step = bench.server.token(request, bench.now, crate::fixture::entropy(9), &mut buffer);
            drive(step.expect("room"), &mut host).into()
        });
        (host.1, answer)
    };
    let (unknown, first) = asked(form.post().basic("nobody", C1_SECRET));
    let (known, second) = asked(form.post().basic("c1", "x"));
    ensure(unknown == known, || format!("{unknown} questions for an unknown client, {known} for a known one"))?;
    ensure(first == second, || "the answers differ".to_owned())?;
    Ok(format!("unknown, known with a wrong secret -> {known} question, one hash, and one answer"))
}

fn ti_09(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let of_c1 = tokens_of_c1(&mut bench, "read")?;
    let revoked = tokens_of_c1(&mut bench, "read")?;
    ground.revoke(&mut bench, Form::token(&revoked.refresh).from("c1"));
    let forged = format!("{}AAAA", &of_c1.access[..of_c1.access.len() - 4]);
    // What another client's token is to `c2`: nothing, whether it lives, is dead, or never was.
    let values = [
        ("living", of_c1.access.as_str()),
        ("revoked", &revoked.access),
        ("forged", &forged),
        ("unknown", "zzz"),
        ("a JWT", "eyJhbGciOiJub25lIn0.e30."),
    ];
    let told = |mut answer: Answer| {
        // What is logged is for the host.
        (answer.reason, answer.event) = (None, None);
        answer
    };
    let mut seen: Option<(Answer, Answer)> = None;
    let outcome = each(values, |value| {
        let pair =
            (told(bench.introspect(Form::token(value).from("c2"))), told(bench.revoke(Form::token(value).from("c2"))));
        ensure(seen.as_ref().is_none_or(|first| *first == pair), || format!("another answer: {pair:?}"))?;
        let words = format!("introspection {}, revocation {}", pair.0.body, pair.1.status);
        seen.get_or_insert(pair);
        Ok(words)
    })?;
    let alive = alive(&bench, "c1", &of_c1)?;
    Ok(format!("another client's token: {outcome}, to the byte; {alive}"))
}
