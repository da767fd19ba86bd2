//! That a redirection URI is its client's (RFC 6749 section 3.1.2.3, RFC 9700 section 4.1.3).

use crate::error::Reason;
use crate::record::{Client, Requested};
use crate::terms::list::List;
use crate::terms::parameter::Param;
use crate::terms::redirect_uri;
use crate::wire::write::Arena;

/// A redirection URI that the client has registered. No redirect can be built without one.
#[derive(Clone, Copy)]
pub struct RedirectUriMatched<'a> {
    uri: &'a str,
}

impl<'a> RedirectUriMatched<'a> {
    /// Proves the `redirect_uri` of a request. A request may leave it out where the client has but one, and
    /// that one says all.
    pub(crate) fn prove(requested: Param<'a>, client: &Client<'_>, arena: &mut Arena<'a>) -> Result<Self, Reason> {
        let registered = List(client.redirect_uris);
        if let Some(requested) = requested? {
            let known = registered.words().any(|uri| redirect_uri::matches(uri, requested, client.application_type));
            return if known { Ok(Self { uri: requested }) } else { Err(Reason::RedirectUriMismatch) };
        }
        let mut words = registered.words();
        match (words.next(), words.next()) {
            // The port is the client's to name with each request (RFC 8252 section 7.3): there is none to guess.
            (Some(uri), None) if redirect_uri::lacks_port(uri, client.application_type) => {
                Err(Reason::RedirectUriAmbiguous)
            }
            (Some(uri), None) => Ok(Self { uri: arena.copy_str(uri)? }),
            (Some(_), Some(_)) => Err(Reason::RedirectUriAmbiguous),
            (None, _) => Err(Reason::RedirectUriMismatch),
        }
    }

    /// Proves once more the redirection URI of a request that was stored some time ago: the client may have dropped it since.
    pub(crate) fn prove_stored(requested: &Requested<'a>, client: &Client<'_>) -> Result<Self, Reason> {
        let matches = |uri| redirect_uri::matches(uri, requested.redirect_uri, client.application_type);
        let known = List(client.redirect_uris).words().any(matches);
        if known { Ok(Self { uri: requested.redirect_uri }) } else { Err(Reason::RedirectUriMismatch) }
    }

    /// The redirection URI of a stored request: it was proven before the request was stored.
    pub(crate) const fn stored(requested: &Requested<'a>) -> Self {
        Self { uri: requested.redirect_uri }
    }

    /// The URI.
    pub const fn as_str(self) -> &'a str {
        self.uri
    }
}
