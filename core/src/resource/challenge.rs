//! The answer to a request that is not served (RFC 6750 section 3, RFC 9449 section 7.1).

use crate::error::{Answer, ErrorCode, Reason};
use crate::resource::judge::{Case, Scheme};
use crate::resource::metadata;
use crate::wire::challenge_writer::ChallengeWriter;
use crate::wire::http::{Field, Reply, fields};
use crate::wire::jose::Algorithm;

/// Writes the reply.
pub(super) fn deny<'a>(case: &mut Case<'a>, reason: Reason) -> Reply<'a> {
    let answer = reason.answer_to_token();
    let mut headers = fields([Field { name: "Cache-Control", value: b"no-store" }]);
    if answer.status < 500 {
        let accepts = case.server.accepts;
        let bearer = accepts.bearer || accepts.certificate;
        for (offered, scheme) in [(bearer, Scheme::Bearer), (accepts.dpop, Scheme::Dpop)] {
            if offered {
                // What is wrong is told under the scheme that was used, or under all if that is not clear (RFC 9449 section 7.2).
                let used = case.scheme.is_none_or(|used| used == scheme);
                // Without a token there is nothing to complain of (RFC 6750 section 3.1).
                let told = (used && reason != Reason::TokenMissing).then_some(answer);
                let value = case.challenge(scheme, reason, told);
                let _ = headers.push(Field { name: "WWW-Authenticate", value });
            }
        }
        if let Some(value) = case.nonce() {
            let _ = headers.push(Field { name: "DPoP-Nonce", value: value.as_bytes() });
        }
    }
    Reply { status: answer.status, headers, body: b"", reason: Some(reason), event: reason.event() }
}

impl<'a> Case<'a> {
    /// One challenge (RFC 9110 section 11.6.1); the error is told in it if there is an answer.
    fn challenge(&mut self, scheme: Scheme, reason: Reason, told: Option<Answer>) -> &'a [u8] {
        let Self { server, needs, arena, .. } = self;
        let written = arena.write(|w| {
            let mut parameters = ChallengeWriter::new(scheme.as_str(), w);
            if !server.realm.is_empty() {
                parameters.quoted("realm", server.realm);
            }
            if let Some(answer) = told {
                parameters.quoted("error", answer.code.as_str());
                parameters.quoted("error_description", answer.text);
            }
            let code = reason.answer().code;
            let stepping_up = code == ErrorCode::InsufficientUserAuthentication;
            // Whoever has to get another token learns for what.
            let another = reason == Reason::TokenMissing || code == ErrorCode::InsufficientScope || stepping_up;
            if another && !needs.scope.is_empty() {
                parameters.quoted("scope", needs.scope);
            }
            if stepping_up && !needs.acr_values.is_empty() {
                parameters.quoted("acr_values", needs.acr_values);
            }
            if let Some(seconds) = needs.max_age.filter(|_| stepping_up) {
                parameters.text("max_age", |w| w.decimal(seconds));
            }
            if server.metadata.is_some() && metadata::has_url(server.resource) {
                parameters.text("resource_metadata", |w| metadata::write_url(server.resource, w));
            }
            if scheme == Scheme::Dpop {
                parameters.text("algs", |w| w.distinct(Algorithm::ALL.map(Algorithm::as_str)));
            }
        });
        written.unwrap_or(scheme.as_str().as_bytes())
    }
}
