//! That an access token is for this resource (RFC 9700 section 2.3).

use crate::error::Reason;
use crate::name::Name;
use crate::terms::resource::Resource;
use crate::wire::json::Value;

/// The token's audience holds the resource. No claims can be built without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudienceMatched(());

impl AudienceMatched {
    /// Proves it of an `aud`, which is a string or an array of strings (RFC 7519 section 4.1.3). A token without an
    /// audience is for nobody: it may have been issued for any resource.
    pub fn prove(aud: Option<Value<'_>>, resource: Resource<'_>) -> Result<Self, Reason> {
        if holds(aud, resource.as_str())? { Ok(Self(())) } else { Err(Reason::TokenAudience) }
    }
}

/// Whether an `aud` names this audience, be it among others. An `aud` that is there must be a string or an array of strings
/// (RFC 7519 section 4.1.3).
pub fn holds(aud: Option<Value<'_>>, audience: &str) -> Result<bool, Reason> {
    match aud {
        None => Ok(false),
        Some(Value::String(named)) => Ok(named == audience),
        Some(Value::Array(named)) => {
            let mut held = false;
            for named in named.iter() {
                held |= named.as_str().ok_or(Reason::Malformed(Name::Aud))? == audience;
            }
            Ok(held)
        }
        Some(_) => Err(Reason::Malformed(Name::Aud)),
    }
}

/// Whether an `aud` names this audience and no other.
pub fn is_alone(aud: Option<Value<'_>>, audience: &str) -> Result<bool, Reason> {
    let alone = aud.and_then(Value::as_array).is_none_or(|named| named.iter().count() == 1);
    Ok(holds(aud, audience)? && alone)
}
