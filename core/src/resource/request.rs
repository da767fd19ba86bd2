//! What is judged: a request, and what it needs.

use crate::error::Reason;
use crate::proof::privilege::Detail;
use crate::terms::authorization_details;
use crate::terms::list::List;
use crate::terms::scope;
use crate::wire::http::{Certificate, Field};

/// A request to a protected resource.
#[derive(Clone, Copy)]
pub struct ResourceRequest<'h> {
    /// The method, as HTTP writes it.
    pub method: &'h str,
    /// The absolute URL, by the host's own knowledge of where it is reached: never by `Host` or another header field, which the
    /// sender writes. A DPoP proof must be for it; a query does not matter.
    pub url: &'h str,
    /// Every header field, in order, repetitions included.
    pub headers: &'h [Field<'h>],
    /// The certificate that the client has shown in the TLS handshake, if it did.
    pub certificate: Option<Certificate<'h>>,
}

/// What a request needs of its access token. A request that needs nothing but a valid one says so: [`Needs::ANY_TOKEN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs<'n> {
    pub(super) scope: &'n str,
    pub(super) detail: Option<Detail<'n>>,
    pub(super) acr_values: &'n str,
    pub(super) max_age: Option<u64>,
    any_token: bool,
}

impl<'n> Needs<'n> {
    /// Any access token for this resource will do, whatever its scope.
    pub const ANY_TOKEN: Self = Self { scope: "", detail: None, acr_values: "", max_age: None, any_token: true };

    /// All of this scope: one or more scope tokens with a space between them (RFC 6750 section 3).
    pub const fn scope(scope: &'n str) -> Self {
        Self { scope, any_token: false, ..Self::ANY_TOKEN }
    }

    /// One of the token's authorization details must cover this (RFC 9396).
    pub const fn detail(detail: Detail<'n>) -> Self {
        Self::scope("").and_detail(detail)
    }

    /// And this detail, besides.
    pub const fn and_detail(self, detail: Detail<'n>) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// And the user must have authenticated in one of these ways: values of `acr` with a space between them, the best one
    /// first (RFC 9470 section 3).
    pub const fn and_acr(self, acr_values: &'n str) -> Self {
        Self { acr_values, ..self }
    }

    /// And the user must have authenticated within so many seconds (RFC 9470 section 3).
    pub const fn and_max_age(self, seconds: u64) -> Self {
        Self { max_age: Some(seconds), ..self }
    }

    /// Refuses needs that are none: a host that forgot to say what it needs must not serve everybody.
    pub(super) fn check(&self) -> Result<(), Reason> {
        let scope = scope::parse_or_empty(self.scope).is_ok();
        let acr_values = scope::parse_or_empty(self.acr_values).is_ok();
        let said = !self.scope.is_empty() || self.detail.is_some() || self.any_token;
        let typed = self.detail.is_none_or(|detail| authorization_details::is_type(detail.of_type));
        if scope && acr_values && said && typed { Ok(()) } else { Err(Reason::NeedMalformed) }
    }

    /// Whether the user's authentication is what the request needs. A token that does not tell is not (RFC 9470 section 5).
    pub(super) fn is_met_by(&self, acr: Option<&str>, auth_time: Option<u64>, now: u64) -> bool {
        let acr_met = self.acr_values.is_empty() || acr.is_some_and(|acr| List(self.acr_values).contains(acr));
        let met = |age: u64| auth_time.is_some_and(|time| now <= time.saturating_add(age));
        acr_met && self.max_age.is_none_or(met)
    }
}
