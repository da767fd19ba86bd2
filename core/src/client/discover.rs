//! Finding a server: its metadata document (RFC 8414 section 3).
//!
//! ```text
//! start -> send | done
//! send  -> done
//! ```

use crate::client::{BUFFER, Client};
use crate::error::{Reason, TooSmall};
use crate::name::Name;
use crate::step::{Answer, Exchange, Flow, Send, Step, no_phases};
use crate::terms::endpoint::{Endpoint, Schemes};
use crate::terms::issuer::Issuer;
use crate::terms::metadata::ServerMetadata;
use crate::wire::http::Response;
use crate::wire::uri;
use crate::wire::write::Arena;

/// The flow of discovery: see [`Client::discover`].
pub enum Discover {}

/// Where a server's document is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WellKnown {
    /// `/.well-known/oauth-authorization-server` between the host and the path of the issuer (RFC 8414 section 3.1).
    #[default]
    OAuth,
    /// `/.well-known/openid-configuration` in the same place (RFC 8414 section 5).
    OpenIdInserted,
    /// `/.well-known/openid-configuration` after the path of the issuer (OpenID Connect Discovery section 4.1).
    OpenId,
}

impl<'a> Client<'a> {
    /// Asks the client's server for its metadata. The buffer needs [`BUFFER`] bytes.
    ///
    /// A host that keeps the document hands it to [`ServerMetadata::read`] the next time. `known` is what was known of the server
    /// before, if anything was: a document that no longer promises what protects is refused with
    /// [`Reason::ServerDowngraded`], whose event is for the audit log. Whoever trusts it all the same asks without `known`.
    pub fn discover(
        &'a self,
        at: WellKnown,
        known: Option<&'a ServerMetadata<'a>>,
        buffer: &'a mut [u8],
    ) -> Result<Step<'a, Discover>, TooSmall> {
        let mut arena = Arena::new(buffer, BUFFER)?;
        Ok(match well_known(self.issuer, at, self.schemes, &mut arena) {
            Ok(endpoint) => {
                let at = AwaitDocument { arena, known, issuer: self.issuer, schemes: self.schemes };
                Step::Send(Send { exchange: self.restrict(Exchange::get(endpoint)), at })
            }
            Err(reason) => Step::Done(Err(reason)),
        })
    }
}

/// The last slash of the issuer is dropped in each place.
fn well_known<'a>(
    issuer: Issuer<'_>,
    at: WellKnown,
    schemes: Schemes,
    arena: &mut Arena<'a>,
) -> Result<Endpoint<'a>, Reason> {
    const MALFORMED: Reason = Reason::Malformed(Name::Issuer);
    let path = uri::parse(issuer.as_str()).ok_or(MALFORMED)?.path;
    let origin = issuer.as_str().strip_suffix(path).ok_or(MALFORMED)?;
    let url = arena.text(|w| {
        w.str(origin);
        let path = path.strip_suffix("/").unwrap_or(path);
        if at == WellKnown::OpenId {
            w.str(path);
        }
        w.str(match at {
            WellKnown::OAuth => "/.well-known/oauth-authorization-server",
            WellKnown::OpenId | WellKnown::OpenIdInserted => "/.well-known/openid-configuration",
        });
        if at != WellKnown::OpenId {
            w.str(path);
        }
    })?;
    Endpoint::parse(Name::Issuer, url, schemes)
}

/// The document is being fetched.
pub struct AwaitDocument<'a> {
    arena: Arena<'a>,
    known: Option<&'a ServerMetadata<'a>>,
    issuer: Issuer<'a>,
    schemes: Schemes,
}

impl<'a> AwaitDocument<'a> {
    fn judge(mut self, response: Answer<Response<'_>>) -> Result<ServerMetadata<'a>, Reason> {
        let response = response.map_err(|_| Reason::PeerUnavailable)?;
        if response.status != 200 {
            return Err(Reason::Status);
        }
        // The issuer of the document is the client's own, byte for byte, and so outlives the document.
        let read = ServerMetadata::from_object(&response.json()?, self.issuer, self.schemes);
        let downgraded = self.known.and_then(|known| known.downgrade(&read));
        downgraded.map_or(Ok(()), Err)?;
        read?.copy(self.issuer, &mut self.arena)
    }
}

impl Flow for Discover {
    type Output<'a> = Result<ServerMetadata<'a>, Reason>;
    type Sending<'a> = AwaitDocument<'a>;
    no_phases!(Loading Committing Signing Verifying);

    fn sent<'a>(at: Self::Sending<'a>, response: Answer<Response<'_>>) -> Step<'a, Self> {
        Step::Done(at.judge(response))
    }
}
