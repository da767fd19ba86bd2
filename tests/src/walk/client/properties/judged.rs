//! What always holds of a run of the resource server.

use symbolon::terms::Time;
use symbolon::{ErrorCode, Reason};

use super::super::{Call, Outcome, Run, SHOWN};
use crate::fixture::{ISSUER, NOW, RESOURCE};
use crate::walk::Given;

pub(super) fn allowed_bears_a_good_token(run: &Run<'_>) -> bool {
    let Outcome::Allow(scope) = &run.outcome else { return true };
    let good = || {
        let Call::Judge(Some(authorization), needed) = &run.case.call else { return None };
        let (_, sent, Given::Response(response)) = run.sent()? else { return None };
        let token: serde_json::Value = serde_json::from_str(&response.body).ok()?;
        let text = |name: &str| token.get(name).and_then(|value| value.as_str());
        let audience = token.get("aud")?;
        let mine = audience.as_str() == Some(RESOURCE)
            || audience.as_array().is_some_and(|all| all.iter().any(|one| one.as_str() == Some(RESOURCE)));
        let granted: Vec<&str> = text("scope").unwrap_or_default().split(' ').collect();
        let json = response.headers.iter().any(|(name, value)| name == "Content-Type" && value == "application/json");
        Some(
            *authorization == format!("Bearer {SHOWN}")
                && sent.parameter("token").as_deref() == Some(SHOWN)
                && (response.status, json) == (200, true)
                && token.get("active")? == true
                && token.get("cnf").is_none()
                && response.body.matches("\"active\"").count() == 1
                && token.get("exp").is_none_or(|end| end.as_u64().is_some_and(|end| NOW < Time(end)))
                && text("iss").is_none_or(|iss| iss == ISSUER)
                && text("token_type").is_none_or(|name| name == "Bearer")
                && mine
                && needed.split(' ').all(|word| word.is_empty() || granted.contains(&word))
                && *scope == granted.join(" "),
        )
    };
    good().unwrap_or(false)
}

pub(super) fn denied_is_told_why(run: &Run<'_>) -> bool {
    let Outcome::Deny(answer) = &run.outcome else { return true };
    let Some(reason) = answer.reason else { return false };
    let challenge = answer.header("WWW-Authenticate");
    let wire = reason.answer();
    // The issuer is at fault: no other token would do better.
    let status = if wire.status == 502 { 503 } else { wire.status };
    let told = match (status, reason) {
        (500.., _) => challenge.is_none(),
        (_, Reason::TokenMissing) => challenge.is_some_and(|challenge| !challenge.contains("error")),
        _ => challenge.is_some_and(|challenge| challenge.contains(&format!("error=\"{}\"", wire.code.as_str()))),
    };
    let needed = matches!(&run.case.call, Call::Judge(_, scope) if !scope.is_empty());
    let scope = challenge.is_some_and(|challenge| challenge.contains("scope=\""))
        == (needed && (reason == Reason::TokenMissing || wire.code == ErrorCode::InsufficientScope));
    answer.status == status && told && scope && answer.header("Cache-Control") == Some("no-store")
}
