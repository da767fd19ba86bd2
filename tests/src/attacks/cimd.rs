//! Clients that are known by what is at a URL of theirs: their metadata document, and their keys.

use symbolon::ErrorCode;
use symbolon::limits;
use symbolon::record::{Client, ClientKeys, Document, Key, Record};
use symbolon::server::{Authorization, BUFFER, Decision};
use symbolon::terms::UserAgent;

use super::outcome::*;
use super::{Ground, Row, row};
use crate::drive::drive;
use crate::fixture::*;
use crate::keyed::{self, APP, APP_JWKS, K1_KEY, app_document, asserted, assertion_for, documented_server, jwks, u1};
use crate::peer::{Canned, Peer, Sent};
use crate::store::MemoryStore;
use crate::walk::cases::encoded as encode;

pub(super) const ROWS: &[Row] = &[
    row("MD-12", "the keys of a client are fetched from anywhere", "CVE-2026-1180", md_12),
    row(
        "MD-14",
        "a client's URL is another spelling, or an address",
        "draft-ietf-oauth-client-id-metadata-document section 3",
        md_14,
    ),
    row("MD-19", "a client's document has a secret", "draft-ietf-oauth-client-id-metadata-document section 4.1", md_19),
    row(
        "MD-20",
        "a client's document does not name the redirection URI",
        "draft-ietf-oauth-client-id-metadata-document section 6.1",
        md_20,
    ),
    row(
        "MD-21",
        "a client's document changes while a user signs in",
        "draft-ietf-oauth-client-id-metadata-document section 6.3",
        md_21,
    ),
    row(
        "MD-22",
        "a client calls itself by another's name",
        "draft-ietf-oauth-client-id-metadata-document section 6.4",
        md_22,
    ),
    row("MD-23", "a document takes over a registered client", "better-auth", md_23),
    row("MD-26", "unknown kids flood the server of the keys", "mod_auth_openidc", md_26),
    row(
        "MD-35",
        "the keys of a client are asked for as if they were a client",
        "draft-ietf-oauth-client-id-metadata-document section 6",
        md_35,
    ),
    row("MD-36", "a key signs that its client has withdrawn", "RFC 7517 section 5", md_36),
];

fn bench(ground: &Ground) -> Bench {
    let mut bench = ground.bench();
    bench.server = symbolon::server::Server { issuer: bench.server.issuer, ..documented_server() };
    put(&mut bench.store, &u1());
    bench
}

fn request(client_id: &str) -> Message {
    Message::get(&authorization_query(&encode(client_id), "https%3A%2F%2Fapp.example%2Fcb", "&scope=read"))
}

/// Sends a request to the authorization endpoint, where this is what is at every URL; and what was asked for.
fn ask(bench: &mut Bench, message: Message, there: Option<&Canned>) -> (Interaction, Vec<Sent>) {
    let mut store = std::mem::take(&mut bench.store);
    let mut peer = Peer::new(&mut store, |_: &Sent, _: &mut MemoryStore| there.cloned());
    let interaction = bench.authorize_on(message, &mut peer);
    let sent = peer.sent;
    bench.store = store;
    (interaction, sent)
}

fn documents(bench: &Bench) -> usize {
    let kept = |row: &&crate::store::Stored| {
        row.kind == "document" && Document::decode(&row.value).is_ok_and(|document| !document.body.is_empty())
    };
    bench.store.rows.values().filter(kept).count()
}

/// An error page, and neither a request nor a document is kept.
fn refused(bench: &mut Bench, there: &Canned) -> Checked {
    let (interaction, sent) = ask(bench, request(APP), Some(there));
    let Interaction::Refused(page) = interaction else { return Err(format!("{interaction:?}")) };
    ensure(page.header("Location").is_none() && page.status == 400, || format!("{page:?}"))?;
    ensure(sent.len() == 1 && sent[0].url == APP, || format!("{sent:?}"))?;
    ensure(documents(bench) == 0, || "it is kept".to_owned())?;
    // Whoever had the lease has given up.
    bench.now = bench.now.after(limits::LEASE);
    Ok(format!("error page ({}), nothing kept", page.body))
}

fn good() -> Canned {
    Canned::json(200, &app_document("none", ""))
}

fn md_14(ground: &Ground) -> Checked {
    let mut bench = bench(ground);
    let (interaction, sent) = ask(&mut bench, request(APP), Some(&good()));
    ensure(matches!(interaction, Interaction::Ask { refusal: None, .. }) && sent.len() == 1, || {
        format!("a good one: {interaction:?}")
    })?;
    each_text(
        [
            "http://app.example/client.json",
            "https://app.example",
            "https://app.example/./client.json",
            "https://app.example/a/../client.json",
            "https://app.example/%2e%2e/client.json",
            "https://app.example/client.json#f",
            "https://user@app.example/client.json",
            "https://app.example/client.json?",
            "HTTPS://app.example/client.json",
            "https://APP.example/client.json",
            "https://127.0.0.1/client.json",
            "https://2130706433/client.json",
            "https://0x7f.1/client.json",
            "https://[::1]/client.json",
            "https://169.254.169.254/latest",
        ],
        |url| {
            let before = bench.store.clone();
            let (interaction, sent) = ask(&mut bench, request(url), Some(&good()));
            let Interaction::Refused(page) = interaction else { return Err(format!("{interaction:?}")) };
            ensure(sent.is_empty() && bench.store == before, || format!("asked for: {sent:?}"))?;
            Ok(format!("error page ({}), nothing asked for", page.body))
        },
    )
}

fn md_19(ground: &Ground) -> Checked {
    let mut bench = bench(ground);
    let with = |method: &str, more: &str| Canned::json(200, &app_document(method, more));
    let private = format!(
        ",\"jwks\":{{\"keys\":[{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{0}\",\"d\":\"{0}\"}}]}}",
        "A".repeat(43)
    );
    let shared = ",\"jwks\":{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}";
    let both = format!(",\"jwks_uri\":\"{APP_JWKS}\",\"jwks\":{}", jwks(&[K1_KEY]));
    let answers = [
        ("client_secret", with("none", ",\"client_secret\":\"x\"")),
        ("client_secret null", with("none", ",\"client_secret\":null")),
        ("client_secret_expires_at", with("none", ",\"client_secret_expires_at\":0")),
        ("client_secret_basic", with("client_secret_basic", "")),
        ("client_secret_post", with("client_secret_post", "")),
        ("client_secret_jwt", with("client_secret_jwt", "")),
        ("a private key", with("private_key_jwt", &private)),
        ("a shared key", with("private_key_jwt", shared)),
        ("no keys", with("private_key_jwt", "")),
        ("keys twice", with("private_key_jwt", &both)),
        ("keys by http", with("private_key_jwt", ",\"jwks_uri\":\"http://127.0.0.1/jwks\"")),
        ("another client_id", Canned::json(200, &app_document("none", "").replace("client.json", "client.jso"))),
        ("client_id twice", with("none", &format!(",\"client_id\":\"{APP}\""))),
        ("no redirect_uris", Canned::json(200, &format!("{{\"client_id\":\"{APP}\"}}"))),
        (
            "a script to redirect to",
            Canned::json(200, &app_document("none", "").replace("https://app.example/cb", "javascript:alert(1)")),
        ),
        (
            "client credentials alone",
            Canned::json(
                200,
                &app_document("none", "").replace("authorization_code\",\"refresh_token", "client_credentials"),
            ),
        ),
        ("too long", with("none", &format!(",\"x\":\"{}\"", "x".repeat(limits::CLIENT_DOCUMENT)))),
        ("404", Canned { status: 404, ..good() }),
        (
            "a redirect",
            Canned {
                status: 302,
                headers: vec![("Location".into(), "https://evil.example/".into())],
                body: String::new(),
            },
        ),
        ("no JSON by its type", Canned { headers: vec![("Content-Type".into(), "text/html".into())], ..good() }),
        ("an array", Canned::json(200, "[]")),
    ];
    each(answers.iter().map(|(label, answer)| (*label, answer)), |answer| refused(&mut bench, answer))
}

fn md_20(ground: &Ground) -> Checked {
    let mut bench = bench(ground);
    each_text(
        ["https://evil.example/cb", "https://app.example/cb/", "https://app.example/cb?x", "http://app.example/cb"],
        |uri| {
            let query = authorization_query(&encode(APP), &encode(uri), "&scope=read");
            let (interaction, _) = ask(&mut bench, Message::get(&query), Some(&good()));
            match interaction {
                Interaction::Refused(page) if page.header("Location").is_none() => {
                    Ok(format!("error page ({})", page.body))
                }
                other => Err(format!("{other:?}")),
            }
        },
    )
}

fn md_22(ground: &Ground) -> Checked {
    let mut bench = bench(ground);
    let named = app_document("none", "").replace("\"App\"", "\"Google\"");
    let mut peer = Peer::new(&mut bench.store, |_: &Sent, _: &mut MemoryStore| Some(Canned::json(200, &named)));
    let mut buffer = vec![0; BUFFER];
    let browser = UserAgent::new(BROWSER).map_err(|reason| format!("{reason:?}"))?;
    let shown = request(APP).lend(|request| {
        let step = bench.server.authorize(request, browser, bench.now, entropy(1), &mut buffer);
        match drive(step.map_err(|_| "the buffer is too small".to_owned())?, &mut peer) {
            Authorization::Interact(prompt) => {
                Ok((prompt.client_name.to_owned(), prompt.client_host.map(str::to_owned)))
            }
            Authorization::Refused(_) => Err("refused".to_owned()),
        }
    })?;
    ensure(shown.1.as_deref() == Some("app.example"), || format!("{shown:?}"))?;
    Ok(format!("beside the name {:?} the page is given the host app.example", shown.0))
}

fn md_23(ground: &Ground) -> Checked {
    let bench = bench(ground);
    let mut row = vec![0; symbolon::record::CLIENT_ROW];
    let register = |client_id: &str, row: &mut [u8]| Client { client_id, ..u1() }.register(row);
    let told = each_text([APP, "https://x", "HTTPS://app.example/client.json"], |url| match register(url, &mut row) {
        Err(reason) => Ok(format!("not registered ({reason:?})")),
        Ok(_) => Err("registered".to_owned()),
    })?;
    // A row that was written past the checks counts for nothing: the document is asked for.
    let mut bench = bench;
    let len = Client { client_id: APP, ..u1() }.encode(&mut row).ok_or("no room")?;
    let there = crate::store::Stored {
        version: 1,
        value: row[..len].to_vec(),
        expires_at: u64::MAX,
        kind: "client",
        client_id: None,
        subject: None,
    };
    bench.store.rows.insert(Key::client(APP), there);
    let (interaction, sent) = ask(&mut bench, request(APP), None);
    ensure(sent.len() == 1 && matches!(interaction, Interaction::Refused(_)), || format!("{interaction:?}"))?;
    Ok(format!("{told}; a row of that name is not read"))
}

fn md_12(ground: &Ground) -> Checked {
    let mut row = vec![0; symbolon::record::CLIENT_ROW];
    let told = each_text(
        ["http://evil.example/jwks", "http://10.0.0.1/", "ftp://app.example/", "https://u@app.example/", "app.example"],
        |uri| match (Client { keys: ClientKeys::JwksUri(uri), ..u1() }).register(&mut row) {
            Err(reason) => Ok(format!("not registered ({reason:?})")),
            Ok(_) => Err("registered".to_owned()),
        },
    )?;
    // One on loopback is for a server that is there, too.
    let mut bench = bench(ground);
    put(&mut bench.store, &Client { keys: ClientKeys::JwksUri("http://127.0.0.1:9000/"), ..u1() });
    let (answer, sent) = itself(&mut bench, &assertion_for("u1", "a"), None);
    ensure(sent.is_empty() && answer.status == 400, || format!("{answer:?}"))?;
    put(&mut bench.store, &u1());
    let (_, sent) = itself(&mut bench, &assertion_for("u1", "b"), None);
    let policy = sent.first().ok_or("not asked for")?.policy;
    ensure(policy.public_addresses_only && !policy.plain_http, || format!("{policy:?}"))?;
    Ok(format!("{told}; plain http on loopback -> {}; https -> at public addresses alone", answer.status))
}

/// Sends a token request of `u1` for itself, where this is what is at every URL.
fn itself(bench: &mut Bench, assertion: &str, there: Option<&Canned>) -> (Answer, Vec<Sent>) {
    let form = format!("grant_type=client_credentials&scope=read{}", asserted(assertion));
    let mut peer = Peer::new(&mut bench.store, |_: &Sent, _: &mut MemoryStore| there.cloned());
    let mut buffer = vec![0; BUFFER];
    let answer = Message::post(&form).lend(|request| {
        let step = bench.server.token(request, bench.now, entropy(9), &mut buffer).expect("room");
        drive(step, &mut peer).into()
    });
    (answer, peer.sent)
}

fn md_26(ground: &Ground) -> Checked {
    let mut bench = bench(ground);
    let there = Canned::json(200, &jwks(&[K1_KEY]));
    let (answer, sent) = itself(&mut bench, &assertion_for("u1", "good"), Some(&there));
    ensure(answer.status == 200 && sent.len() == 1, || format!("a good one: {answer:?}"))?;
    let mut asked = 0;
    for n in 0..100 {
        let unknown = keyed::jws(
            "es256-other",
            &format!("{{\"alg\":\"ES256\",\"kid\":\"k{n}\"}}"),
            &keyed::assertion_claims("u1", &format!("j{n}")),
        );
        let (answer, sent) = itself(&mut bench, &unknown, Some(&there));
        ensure(answer.status == 401, || format!("{answer:?}"))?;
        asked += sent.len();
    }
    ensure(asked == 0, || format!("asked {asked} times"))?;
    bench.now = bench.now.after(limits::COOL_DOWN);
    let claims = keyed::assertion_claims("u1", "late").replace(&(NOW.0 + 60).to_string(), &(NOW.0 + 200).to_string());
    let unknown = keyed::jws("es256-other", "{\"alg\":\"ES256\",\"kid\":\"late\"}", &claims);
    let (_, sent) = itself(&mut bench, &unknown, Some(&there));
    ensure(sent.len() == 1, || format!("{} times after the cool-down", sent.len()))?;
    Ok("100 unknown kids -> asked 0 times; once after the cool-down".to_owned())
}

fn md_35(ground: &Ground) -> Checked {
    let mut bench = bench(ground);
    let there = Canned::json(200, &jwks(&[K1_KEY]));
    let (answer, sent) = itself(&mut bench, &assertion_for("u1", "good"), Some(&there));
    ensure(answer.status == 200 && sent.len() == 1, || format!("a good one: {answer:?}"))?;
    let keys = bench.store.rows.iter().find(|(_, row)| row.kind == "document").map(|(key, row)| (*key, row.clone()));
    let (key, row) = keys.ok_or("no keys are kept")?;
    let told = each([("the keys", Some(&there)), ("no answer", None)], |there| {
        let (interaction, _) = ask(&mut bench, request(APP_JWKS), there);
        let Interaction::Refused(page) = interaction else { return Err(format!("{interaction:?}")) };
        ensure(bench.store.rows.get(&key) == Some(&row), || "the row of the keys is not as it was".to_owned())?;
        Ok(format!("error page ({}), the row of the keys is as it was", page.body))
    })?;
    // The next grant has the same name, as its entropy is the same.
    bench.store.rows.retain(|_, row| row.kind != "grant");
    let (answer, sent) = itself(&mut bench, &assertion_for("u1", "then"), None);
    ensure(answer.status == 200 && sent.is_empty(), || format!("the client is locked out: {answer:?}"))?;
    Ok(format!("{told}; the client -> {}, its server is not asked", answer.status))
}

fn md_36(ground: &Ground) -> Checked {
    let answers = [
        ("no keys", Canned::json(200, "{\"keys\":[]}")),
        ("other keys", Canned::json(200, &jwks(&[keyed::OTHER_DPOP_KEY]))),
        ("404", Canned::json(404, "{}")),
        ("410", Canned::json(410, "{}")),
    ];
    each(answers.iter().map(|(label, answer)| (*label, answer)), |withdrawn| {
        let mut bench = bench(ground);
        let mut there = Canned::json(200, &jwks(&[K1_KEY]));
        there.headers.push(("Cache-Control".to_owned(), "max-age=60".to_owned()));
        let (answer, sent) = itself(&mut bench, &assertion_for("u1", "good"), Some(&there));
        ensure(answer.status == 200 && sent.len() == 1, || format!("a good one: {answer:?}"))?;
        bench.store.rows.retain(|_, row| row.kind != "grant");
        let late = |jti: &str| {
            let claims = keyed::assertion_claims("u1", jti);
            keyed::assertion_of("es256-k1", &claims.replace(&(NOW.0 + 60).to_string(), &(NOW.0 + 200).to_string()))
        };
        bench.now = bench.now.after(61);
        let (first, _) = itself(&mut bench, &late("first"), Some(withdrawn));
        // And where its server does not answer after that.
        bench.now = bench.now.after(limits::LEASE);
        let (then, _) = itself(&mut bench, &late("then"), None);
        ensure(first.status >= 400 && then.status >= 400, || format!("{first:?}, then {then:?}"))?;
        Ok(format!("{}, then {}", first.status, then.status))
    })
}

fn md_21(ground: &Ground) -> Checked {
    let mut bench = bench(ground);
    let mut short = good();
    short.headers.push(("Cache-Control".to_owned(), "max-age=60".to_owned()));
    let (begun, _) = ask(&mut bench, request(APP), Some(&short));
    let Interaction::Ask { handle, refusal: None } = begun else { return Err(format!("{begun:?}")) };
    // Whoever has got hold of the URL publishes another document, which the server reads before the user is done.
    bench.now = bench.now.after(61);
    let other =
        Canned::json(200, &app_document("none", "").replace("https://app.example/cb", "https://evil.example/cb"));
    let (late, sent) = ask(&mut bench, request(APP), Some(&other));
    ensure(matches!(late, Interaction::Refused(_)) && sent.len() == 1, || format!("the new document: {late:?}"))?;
    let answer = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
    let location = response(&answer, "https://app.example/cb")?;
    let code = location.value("code").ok_or("no code")?.to_owned();
    let client = encode(APP);
    let redeem = |bench: &mut Bench, form: &str| {
        let mut store = std::mem::take(&mut bench.store);
        let mut peer = Peer::new(&mut store, |_: &Sent, _: &mut MemoryStore| Some(other.clone()));
        let answer = bench.token_on(Message::post(form), &mut peer);
        bench.store = store;
        answer
    };
    let form = redemption(&code);
    let own = redeem(&mut bench, &format!("{form}&client_id={client}"));
    ensure(own.member("access_token").is_some(), || format!("the client that holds the verifier: {own:?}"))?;
    // Another code, of before as well: the redirection URI of the new document is not that of the code.
    let mut bench = self::bench(ground);
    let (begun, _) = ask(&mut bench, request(APP), Some(&short));
    let Interaction::Ask { handle, .. } = begun else { return Err(format!("{begun:?}")) };
    bench.now = bench.now.after(30);
    let answer = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
    let code = response(&answer, "https://app.example/cb")?.value("code").ok_or("no code")?.to_owned();
    bench.now = bench.now.after(31);
    let elsewhere = format!("{}&client_id={client}&redirect_uri=https%3A%2F%2Fevil.example%2Fcb", redemption(&code));
    let elsewhere = super::outcome::refused(&redeem(&mut bench, &elsewhere), 400, ErrorCode::InvalidGrant)?;
    Ok(format!(
        "the user who began before -> sent to https://app.example/cb; the code with the new redirect_uri -> {elsewhere}"
    ))
}
