//! That an access token is for this resource (RFC 9700 section 2.3).

use crate::error::Reason;
use crate::terms::resource::Resource;
use crate::wire::json::Value;

/// The token's audience holds the resource. No claims can be built without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudienceMatched(());

impl AudienceMatched {
    /// Proves it of an `aud`, which is a string or an array of strings (RFC 7519 section 4.1.3). A token without an
    /// audience is for nobody: it may have been issued for any resource.
    pub fn prove(aud: Option<Value<'_>>, resource: Resource<'_>) -> Result<Self, Reason> {
        let matched = match aud {
            None => false,
            Some(Value::String(audience)) => audience == resource.as_str(),
            Some(Value::Array(audiences)) => {
                let mut matched = false;
                for audience in audiences.iter() {
                    matched |= audience.as_str().ok_or(Reason::Malformed("aud"))? == resource.as_str();
                }
                matched
            }
            Some(_) => return Err(Reason::Malformed("aud")),
        };
        if matched { Ok(Self(())) } else { Err(Reason::TokenAudience) }
    }
}
