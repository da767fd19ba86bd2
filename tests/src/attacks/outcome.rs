//! Safe outcomes. Each function judges what really happened: the words for it if it is the safe outcome, or what is wrong.

use symbolon::ErrorCode;
use symbolon::server::Decision;

use super::form::{Form, decode, encode};
use crate::fixture::{Answer, Bench, ISSUER, Interaction, Message};

/// What happened, or what was wrong with it.
pub type Checked = Result<String, String>;

/// Fails with these words unless `holds`.
pub fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// Tries each input, of which every one comes with words for it. Inputs with the same outcome are told together.
pub fn each<L: AsRef<str>, T>(
    inputs: impl IntoIterator<Item = (L, T)>,
    mut attempt: impl FnMut(T) -> Checked,
) -> Checked {
    let mut outcomes: Vec<(String, Vec<String>)> = Vec::new();
    for (label, input) in inputs {
        let label = show(label.as_ref());
        let outcome = attempt(input).map_err(|wrong| format!("{label} -> {wrong}"))?;
        match outcomes.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, labels)) => labels.push(label),
            None => outcomes.push((outcome, vec![label])),
        }
    }
    ensure(!outcomes.is_empty(), || "nothing was tried".to_owned())?;
    let told = outcomes.iter().map(|(outcome, labels)| match labels.as_slice() {
        [first, second, more @ ..] if more.len() > 1 => {
            format!("{first}, {second} and {} more -> {outcome}", more.len())
        }
        labels => format!("{} -> {outcome}", labels.join(", ")),
    });
    Ok(told.collect::<Vec<_>>().join("; "))
}

/// Tries each of these texts.
pub fn each_text<S: AsRef<str>>(
    inputs: impl IntoIterator<Item = S>,
    mut attempt: impl FnMut(&str) -> Checked,
) -> Checked {
    let inputs: Vec<S> = inputs.into_iter().collect();
    each(inputs.iter().map(|input| (input.as_ref(), input.as_ref())), |input: &str| attempt(input))
}

/// Makes a text fit for a line of a terminal.
pub fn show(text: &str) -> String {
    let escaped: String =
        text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect();
    let short: String = escaped.chars().take(60).collect();
    match (escaped.is_empty(), short.len() < escaped.len()) {
        (true, _) => "(empty)".to_owned(),
        (_, true) => format!("{short}... ({} bytes)", text.len()),
        (_, false) => escaped,
    }
}

/// LOCAL: an error page, no redirect, nothing stored, by GET and by POST.
pub fn local(bench: &mut Bench, form: &Form) -> Checked {
    let by_get = local_message(bench, form.get())?;
    let by_post = local_message(bench, form.post())?;
    ensure(by_get == by_post, || format!("{by_get} by GET, {by_post} by POST"))?;
    Ok(by_get)
}

/// LOCAL, for a message that is not a form, or not one alone.
pub fn local_message(bench: &mut Bench, message: Message) -> Checked {
    let before = bench.store.clone();
    match bench.authorize(message) {
        Interaction::Refused(page) => {
            ensure(page.header("Location").is_none(), || format!("redirected: {page:?}"))?;
            ensure(page.status == 400 || page.status == 405, || format!("status {}", page.status))?;
            ensure(bench.store == before, || "a row was stored".to_owned())?;
            ensure(page.header("Cache-Control") == Some("no-store"), || "the page may be cached".to_owned())?;
            Ok(format!("error page ({}), nothing stored", page.body))
        }
        Interaction::Ask { refusal: None, .. } => Err("the user is asked to approve it".to_owned()),
        Interaction::Ask { refusal: Some(code), .. } => Err(format!("{} waits to be redirected", code.as_str())),
    }
}

/// REDIR: no redirect until the user is authenticated; then 303 to the redirection URI of the form, with this error, the
/// exact `state`, `iss`, and no code. Nothing is left in the store.
pub fn redirected(bench: &mut Bench, form: &Form, code: ErrorCode) -> Checked {
    let before = bench.store.clone();
    let handle = match bench.authorize(form.get()) {
        Interaction::Ask { handle, refusal } if refusal == Some(code) => handle,
        Interaction::Ask { refusal: None, .. } => return Err("the user is asked to approve it".to_owned()),
        other => return Err(format!("{} expected, but {other:?}", code.as_str())),
    };
    let answer = bench.decide(&handle, Decision::Approve { scope: "read", authorization_details: "" });
    let location = response(&answer, form.value("redirect_uri").unwrap_or("https://client.example/cb"))?;
    let value = |name: &str| location.value(name).map(str::to_owned);
    ensure(value("error").as_deref() == Some(code.as_str()), || format!("error {:?}", value("error")))?;
    ensure(value("code").is_none(), || "a code was issued".to_owned())?;
    ensure(value("state").as_deref() == form.value("state"), || format!("state {:?}", value("state")))?;
    ensure(bench.store == before, || "a row is left".to_owned())?;
    Ok(format!("303 with {} once the user is authenticated", code.as_str()))
}

/// The parameters of an authorization response to `redirect_uri`: 303, `iss`, no parameter twice, a fragment of its own.
pub fn response(answer: &Answer, redirect_uri: &str) -> Result<Form, String> {
    ensure(answer.status == 303, || format!("status {}: {}", answer.status, answer.body))?;
    let location = answer.header("Location").ok_or("no Location")?;
    let rest = location.strip_prefix(redirect_uri).ok_or_else(|| format!("redirected to {location}"))?;
    let query = rest.strip_suffix("#_").ok_or_else(|| format!("no fragment of its own: {location}"))?;
    let query = query.strip_prefix(['?', '&']).ok_or_else(|| format!("redirected to {location}"))?;
    let pairs: Vec<(String, String)> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(n, v)| (decode(n), decode(v)))
        .collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let form = Form::of(&pairs);
    for name in form.names() {
        ensure(form.names().iter().filter(|known| **known == name).count() == 1, || {
            format!("{name} twice: {location}")
        })?;
    }
    ensure(form.value("iss") == Some(ISSUER), || format!("iss {:?}", form.value("iss")))?;
    ensure(answer.body.is_empty(), || "a body with the redirect".to_owned())?;
    Ok(form)
}

/// T400, T401: the JSON error of an endpoint that programs talk to, and no token in it.
pub fn refused(answer: &Answer, status: u16, code: ErrorCode) -> Checked {
    let (expected, error) = (code.as_str(), answer.member("error").unwrap_or_default());
    ensure((answer.status, error.as_str()) == (status, expected), || {
        format!("{status} {expected} expected, but {} {}", answer.status, answer.body)
    })?;
    ensure(!answer.body.contains("_token\":"), || "a token in it".to_owned())?;
    ensure(answer.header("Cache-Control") == Some("no-store"), || "it may be cached".to_owned())?;
    ensure(answer.header("WWW-Authenticate").is_some() == (status == 401), || "WWW-Authenticate".to_owned())?;
    Ok(format!("{status} {expected}"))
}

/// As `attempt` judges it, and the store is afterwards as it was before.
pub fn unmoved(bench: &mut Bench, attempt: impl FnOnce(&mut Bench) -> Checked) -> Checked {
    let before = bench.store.clone();
    let happened = attempt(bench)?;
    ensure(bench.store == before, || format!("{happened}, but the store was changed"))?;
    Ok(happened)
}

/// The tokens of a token response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

/// The tokens of a reply that must hold them.
pub fn tokens(answer: &Answer) -> Result<Tokens, String> {
    let member = |name| answer.member(name).ok_or_else(|| format!("no {name}: {} {}", answer.status, answer.body));
    ensure(answer.status == 200, || format!("no tokens: {} {}", answer.status, answer.body))?;
    ensure(answer.header("Cache-Control") == Some("no-store"), || "tokens that may be cached".to_owned())?;
    Ok(Tokens { access: member("access_token")?, refresh: member("refresh_token")? })
}

/// The tokens that `c1` gets for `scope`.
pub fn tokens_of_c1(bench: &mut Bench, scope: &str) -> Result<Tokens, String> {
    let code = bench.code_of_c1(scope);
    tokens(&bench.redeem_as_c1(&code))
}

/// The tokens that `pub1` gets for `scope`.
pub fn tokens_of_pub1(bench: &mut Bench, scope: &str) -> Result<Tokens, String> {
    let code = bench.code_of_pub1(scope);
    tokens(&bench.redeem_as_pub1(&code))
}

/// FAMILY: every token of the grant is dead. Tried on a copy, so that nothing is spent.
pub fn family_dead(bench: &Bench, client_id: &str, tokens: &Tokens) -> Checked {
    let mut bench = copy(bench);
    ensure(!bench.is_active(&tokens.access), || "the access token lives".to_owned())?;
    refused(&bench.token(Form::refresh(&tokens.refresh).from(client_id)), 400, ErrorCode::InvalidGrant)?;
    Ok("every token of the grant is dead".to_owned())
}

/// The access token is active and the refresh token works. Tried on a copy.
pub fn alive(bench: &Bench, client_id: &str, live: &Tokens) -> Checked {
    let mut bench = copy(bench);
    ensure(bench.is_active(&live.access), || "the access token is dead".to_owned())?;
    tokens(&bench.token(Form::refresh(&live.refresh).from(client_id)))?;
    Ok("the owner's tokens live".to_owned())
}

/// A bench with the same rows and the same time.
pub fn copy(bench: &Bench) -> Bench {
    let mut server = crate::fixture::server();
    server.lifetimes = bench.server.lifetimes;
    server.issuer = bench.server.issuer;
    Bench { server, store: bench.store.clone(), now: bench.now, draws: bench.draws, tokens: bench.tokens }
}

/// The handle of an interaction in which the user is asked to approve.
pub fn asked(bench: &mut Bench, form: &Form) -> Result<String, String> {
    match bench.authorize(form.get()) {
        Interaction::Ask { handle, refusal: None } => Ok(handle),
        other => Err(format!("the user is not asked to approve: {other:?}")),
    }
}

/// The code that a good request ends in once the user has approved `scope`.
pub fn code(bench: &mut Bench, form: &Form, scope: &str) -> Result<String, String> {
    let handle = asked(bench, form)?;
    let answer = bench.decide(&handle, Decision::Approve { scope, authorization_details: "" });
    answer.location("code").map(str::to_owned).ok_or_else(|| format!("no code: {answer:?}"))
}

/// A form parameter as raw, perhaps unreadable bytes.
pub fn raw(form: &Form, name: &str, bytes: &[u8]) -> String {
    format!("{}&{name}={}", form.clone().without(name).text(), encode(bytes))
}
