//! Errors, logs and output: what leaks.

use symbolon::Name;
use symbolon::record::Client;
use symbolon::server::{Authorization, Decision};
use symbolon::terms::UserAgent;
use symbolon::terms::issuer::Issuer;
use symbolon::terms::redirect_uri::{ApplicationType, may_register};
use symbolon::terms::secret;
use symbolon::{ErrorCode, Reason};

use super::form::{Form, encode};
use super::outcome::*;
use super::{Ground, Row, row};
use crate::drive::drive;
use crate::fixture::{self, Answer, BROWSER, C1_SECRET, Interaction, Message, c1, put};

pub(super) const ROWS: &[Row] = &[
    row("EL-03", "a client's name carries a script to the consent page", "CVE-2018-1000088", el_03),
    row("EL-04", "error texts hold characters that they must not", "RFC 6749 sections 4.1.2.1 and 5.2", el_04),
    row("EL-05", "a line feed gets into a header field", "mod_auth_openidc 2026-05-23", el_05),
    row("EL-08", "401 without WWW-Authenticate", "RFC 6749 section 5.2", el_08),
    row("EL-09", "replies with tokens may be cached", "RFC 6749 section 5.1", el_09),
    row("EL-17", "the error page repeats what was sent", "reflected scripts", el_17),
];

fn el_03(ground: &Ground) -> Checked {
    let name = "<script>alert(1)</script>\"'&";
    let mut bench = ground.bench();
    let hash = secret::hash(C1_SECRET);
    put(&mut bench.store, &Client { name, ..c1(&hash) });
    let mut buffer = vec![0; symbolon::server::BUFFER];
    Form::authorization("c1").get().lend(|request| {
        let browser = UserAgent::new(BROWSER).expect("long enough");
        let step = bench.server.authorize(request, browser, bench.now, fixture::entropy(1), &mut buffer);
        match drive(step.expect("room"), &mut bench.store) {
            Authorization::Interact(prompt) if prompt.client_name == name => Ok(()),
            Authorization::Interact(prompt) => Err(format!("the name became {}", prompt.client_name)),
            Authorization::Refused(reply) => Err(format!("{:?}", reply.reason)),
        }
    })?;
    let long = "a".repeat(129);
    let bad = [
        ("with a line feed", "a\nb"),
        ("with ESC", "a\u{1b}[2J"),
        ("with U+0085", "a\u{85}b"),
        ("of 129 bytes", &long),
    ];
    let refused = each(bad, |name| match (Client { name, ..c1(&hash) }).register(&mut [0; 8192]) {
        Err(reason) => Ok(format!("registration refused ({reason:?})")),
        Ok(_) => Err("registered".to_owned()),
    })?;
    Ok(format!("{name} -> handed to the host as data, unchanged; {refused}"))
}

/// Every reason, one of each.
const REASONS: &[Reason] = &[
    Reason::AccessToken(Name::Typ),
    Reason::TokenAuthentication,
    Reason::TokenDetail,
    Reason::TokenForged,
    Reason::TokenKey,
    Reason::TokenUnbound,
    Reason::AuthorizationDetails,
    Reason::AssertionReplayed,
    Reason::ClientDocument(Name::ClientId),
    Reason::ClientDocumentUnavailable,
    Reason::DpopNonce,
    Reason::DpopReplayed,
    Reason::SenderConstraintMissing,
    Reason::CodeKey,
    Reason::RefreshTokenKey,
    Reason::LoginRequired,
    Reason::ConsentRequired,
    Reason::InteractionRequired,
    Reason::AccountSelectionRequired,
    Reason::KeysUnavailable,
    Reason::Method,
    Reason::ContentType,
    Reason::PercentEncoding,
    Reason::NotUtf8,
    Reason::Json,
    Reason::JsonRepeated,
    Reason::TooLong(Name::State),
    Reason::TooMany(Name::Scope),
    Reason::Repeated(Name::Code),
    Reason::Missing(Name::Code),
    Reason::Malformed(Name::Code),
    Reason::ResponseType,
    Reason::ResponseMode,
    Reason::RequestObject,
    Reason::RequestUri,
    Reason::ChallengeMethod,
    Reason::GrantType,
    Reason::GrantTypeNotRegistered,
    Reason::Scope,
    Reason::Resource,
    Reason::UnknownClient,
    Reason::RedirectUriMismatch,
    Reason::RedirectUriAmbiguous,
    Reason::RedirectUriForbidden,
    Reason::SeveralCredentials,
    Reason::ClientAuthentication,
    Reason::PublicClient,
    Reason::Assertion(Name::Aud),
    Reason::Certificate,
    Reason::DpopProof(Name::X5tS256),
    Reason::Claim(Name::Exp),
    Reason::Document(Name::Keys),
    Reason::CodeInvalid,
    Reason::CodeExpired,
    Reason::CodeDead,
    Reason::CodeForeign,
    Reason::CodeRedirectUri,
    Reason::CodeVerifier,
    Reason::CodeReplayed,
    Reason::CodeReplayedForeign,
    Reason::RefreshTokenInvalid,
    Reason::RefreshTokenExpired,
    Reason::RefreshTokenDead,
    Reason::RefreshTokenForeign,
    Reason::RefreshTokenReused,
    Reason::InteractionInvalid,
    Reason::InteractionExpired,
    Reason::InteractionForeign,
    Reason::InteractionDecided,
    Reason::PushedRequestInvalid,
    Reason::PushedRequestExpired,
    Reason::PushedRequestForeign,
    Reason::PushedRequestUsed,
    Reason::NotPushed,
    Reason::AuthenticationUnmet,
    Reason::AuthenticationStale,
    Reason::PromptAllowed,
    Reason::Denied,
    Reason::DecisionExceedsRequest,
    Reason::IssuerMismatch,
    Reason::PkceUnsupported,
    Reason::IssUnsupported,
    Reason::IssMissing,
    Reason::IssMismatch,
    Reason::StateUnknown,
    Reason::StateUsed,
    Reason::StateExpired,
    Reason::ResponseUnexpected,
    Reason::ServerRefused,
    Reason::Status,
    Reason::TokenType,
    Reason::SessionGone,
    Reason::SessionForeign,
    Reason::SessionExpired,
    Reason::SessionBusy,
    Reason::IdToken(Name::Nonce),
    Reason::Userinfo(Name::Sub),
    Reason::ServerLacks(Name::JwksUri),
    Reason::ServerDowngraded(Name::CodeChallengeMethodsSupported),
    Reason::KeyUnknown,
    Reason::TokenMissing,
    Reason::TokenInactive,
    Reason::TokenIssuer,
    Reason::TokenAudience,
    Reason::TokenScope,
    Reason::TokenBound,
    Reason::IntrospectionMalformed,
    Reason::NeedMalformed,
    Reason::StoreUnavailable,
    Reason::StoreBusy,
    Reason::RowUndecodable,
    Reason::PeerUnavailable,
    Reason::EntropyMissing,
    Reason::Buffer,
];

fn word(debug: &str) -> String {
    debug.chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// The variants of an enum, by its source.
fn variants(name: &str) -> Result<Vec<String>, String> {
    let source = include_str!("../../../core/src/error.rs");
    let body = source.split(&format!("pub enum {name} {{")).nth(1).and_then(|rest| rest.split("\n}").next());
    let lines = body
        .ok_or_else(|| format!("no {name}"))?
        .lines()
        .filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    let mut variants: Vec<String> = lines.map(|line| word(line.trim())).filter(|name| !name.is_empty()).collect();
    variants.sort();
    Ok(variants)
}

fn el_04(_: &Ground) -> Checked {
    let mut listed: Vec<String> = REASONS.iter().map(|reason| word(&format!("{reason:?}"))).collect();
    listed.sort();
    let known = variants("Reason")?;
    ensure(listed == known, || {
        format!("a reason is not tried: {:?}", known.iter().filter(|name| !listed.contains(name)).collect::<Vec<_>>())
    })?;
    for reason in REASONS {
        let answer = reason.answer();
        let texts = [answer.text, answer.code.as_str(), reason.parameter().map_or("a", Name::as_str)];
        let allowed = |text: &&str| {
            !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        };
        ensure(texts.iter().all(allowed), || format!("{reason:?}: {texts:?}"))?;
    }
    Ok(format!("the code, text and parameter of all {} reasons -> within %x20-21 / %x23-5B / %x5D-7E", REASONS.len()))
}

fn el_05(ground: &Ground) -> Checked {
    let states = ["a\r\nSet-Cookie: x=y", "a\nb", "a\r", "\u{0}", "\u{e4}", "a\u{2028}b"];
    let requested =
        each_text(states, |state| local(&mut ground.bench(), &Form::authorization("c1").with("state", state)))?;
    let mut bench = ground.bench();
    let form = Form::authorization("c1").with("state", "a\"\\;,#&=%0d%0a <>");
    let handle = asked(&mut bench, &form)?;
    let answer = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
    let echoed = response(&answer, "https://client.example/cb")?;
    ensure(echoed.value("state") == form.value("state"), || format!("state {:?}", echoed.value("state")))?;
    let plain = |value: &str| value.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && !b"\"\\<>".contains(&byte));
    ensure(answer.header("Location").is_some_and(plain), || format!("{:?}", answer.header("Location")))?;
    // What is written to header fields comes from here.
    let issuers =
        ["https://as.example\r\nX: y", "https://as.example/\"", "https://as.example/\\", "https://\u{e4}s.example"];
    let configured = each_text(issuers, |issuer| match Issuer::parse(issuer) {
        Err(reason) => Ok(format!("no issuer ({reason:?})")),
        Ok(_) => Err("taken".to_owned()),
    })?;
    let registered = each_text(
        ["https://client.example/cb\r\nX: y", "https://client.example/\"", "https://client.example/\u{e4}"],
        |uri| match may_register(uri, ApplicationType::Native) {
            Err(reason) => Ok(format!("not registered ({reason:?})")),
            Ok(()) => Err("registered".to_owned()),
        },
    )?;
    Ok(format!(
        "as state: {requested}; quotes and separators in state -> percent-encoded; as issuer: {configured}; as URI: {registered}"
    ))
}

fn el_08(ground: &Ground) -> Checked {
    let colonless = "Basic YzE=";
    let good = Form::code("x").post();
    let attempts = [
        ("a wrong secret", good.clone().basic("c1", "wrong")),
        ("an unknown client", good.clone().basic("nobody", "wrong")),
        ("an empty secret", good.clone().basic("c1", "")),
        ("Basic without a colon", good.clone().with("Authorization", colonless)),
        ("Basic that is no base64", good.clone().with("Authorization", "Basic ***")),
        ("Bearer", good.clone().with("Authorization", "Bearer abc")),
        ("a percent sign that encodes nothing", good.basic("c1", "%zz")),
    ];
    each(attempts, |message| {
        let mut bench = ground.bench();
        // A code that opens, so that it is the client that fails.
        let code = bench.code_of_c1("read");
        let message = Message { body: Form::code(&code).text().into(), ..message };
        let outcome = unmoved(&mut bench, |bench| {
            let answer = bench.token(message);
            let outcome = refused(&answer, 401, ErrorCode::InvalidClient)?;
            Ok(format!("{outcome}, WWW-Authenticate: {}", answer.header("WWW-Authenticate").unwrap_or_default()))
        })?;
        ensure(outcome.contains("Basic realm=\"https://"), || outcome.clone())?;
        Ok(outcome)
    })
}

fn el_09(ground: &Ground) -> Checked {
    let mut bench = ground.bench();
    let code = bench.code_of_c1("read");
    let redemption = bench.redeem_as_c1(&code);
    let live = tokens(&redemption)?;
    let refresh = bench.refresh_as_c1(&live.refresh);
    let introspection = bench.introspect(Form::token(&live.access).from("rs1"));
    let retry = bench.refresh_as_c1(&live.refresh);
    let unknown = bench.introspect(Form::token("zzz").from("rs1"));
    let revocation = bench.revoke(Form::token(&live.access).from("c1"));
    let error = bench.redeem_as_c1("zzz");
    let unauthorized = bench.token(Form::code("x").post().basic("c1", "wrong"));
    let method = bench.token(Message::get("a=b"));
    let replies = [
        ("redemption", redemption),
        ("refresh", refresh),
        ("the same successor again", retry),
        ("introspection", introspection),
        ("introspection of nothing", unknown),
        ("revocation", revocation),
        ("400", error),
        ("401", unauthorized),
        ("405", method),
    ];
    each(replies, |answer: Answer| {
        let value = answer.header("Cache-Control").unwrap_or("absent");
        ensure(value == "no-store", || format!("Cache-Control {value}"))?;
        Ok(format!("Cache-Control {value}"))
    })
}

fn el_17(ground: &Ground) -> Checked {
    const MARK: &str = "m4rk";
    let names = Form::authorization("c1").names();
    let pages = each(names.iter().map(|name| (format!("{name}=<script>{MARK}"), name)), |name| {
        let mut bench = ground.bench();
        // Two marks: the parameter itself, and one that nobody knows.
        let form = Form::authorization("c1")
            .with("redirect_uri", "https://evil.example/m4rk")
            .with(name, &format!("<script>{MARK}"));
        let query = format!("{}&{MARK}={}", form.text(), encode(MARK.as_bytes()));
        match bench.authorize(Message::get(&query).with("Cookie", MARK).with("Referer", MARK)) {
            Interaction::Refused(page) => {
                let all = format!("{:?} {}", page.headers, page.body);
                ensure(!all.contains(MARK) && !all.contains("script") && !all.contains("evil"), || all.clone())?;
                let kind = page.header("Content-Type").unwrap_or("absent");
                ensure(kind.starts_with("text/plain"), || format!("Content-Type {kind}"))?;
                Ok(format!("an error page of {kind} without it"))
            }
            other => Err(format!("{other:?}")),
        }
    })?;
    Ok(pages)
}
