//! The claims of a JWT (RFC 7519 section 4.1), judged. A claim of another type than it should have is a failure, not an absence.
//!
//! Reasons are [`Missing`](Reason::Missing) and [`Malformed`](Reason::Malformed) for a claim that cannot be read, and
//! [`Claim`](Reason::Claim) for one that can, but is not what it must be here.

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::proof::audience;
use crate::terms::Time;
use crate::terms::issuer::Issuer;
use crate::wire::json::{Object, Value};

/// The claims of a JWT.
#[derive(Clone, Copy)]
pub struct Claims<'a>(pub Object<'a>);

/// The times of a JWT that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// `exp`, which is still to come.
    pub expires_at: Time,
    /// `iat`, if there is one.
    pub issued_at: Option<Time>,
}

impl<'a> Claims<'a> {
    /// A claim that must be a string, and not an empty one.
    pub fn text(&self, name: Name) -> Result<&'a str, Reason> {
        match self.0.string(name)? {
            Some("") => Err(Reason::Malformed(name)),
            Some(text) => Ok(text),
            None => Err(Reason::Missing(name)),
        }
    }

    /// A claim that must be a point in time if it is there.
    ///
    /// ```abnf
    /// NumericDate = ( "0" / ( %x31-39 *DIGIT ) ) [ "." 1*DIGIT ]      ; RFC 7519 section 2: seconds, perhaps with a fraction
    /// ```
    ///
    /// A fraction is dropped. Refused are what is before 1970 or after [`limits::NUMERIC_DATE`], and exponents.
    pub fn time(&self, name: Name) -> Result<Option<Time>, Reason> {
        let Some(value) = self.0.get(name.as_str()) else { return Ok(None) };
        let number =
            if let Value::Number(number) = value { number.as_str() } else { return Err(Reason::Malformed(name)) };
        let mut parts = number.as_bytes().split(|&byte| byte == b'.');
        let whole =
            parts.next().and_then(|digits| core::str::from_utf8(digits).ok()).and_then(|digits| digits.parse().ok());
        let digits = parts.next().is_none_or(|fraction| fraction.iter().all(u8::is_ascii_digit));
        let seconds = whole.filter(|&seconds: &u64| digits && seconds <= limits::NUMERIC_DATE);
        seconds.map(|seconds| Some(Time(seconds))).ok_or(Reason::Malformed(name))
    }

    /// Checks `exp`, which must be there, and `nbf` and `iat`, which need not. A clock may be [`limits::CLOCK_AHEAD`] seconds
    /// ahead of this one.
    pub fn times(&self, now: Time) -> Result<Times, Reason> {
        let expires_at = self.time(Name::Exp)?.ok_or(Reason::Missing(Name::Exp))?;
        if now.reached(expires_at) {
            return Err(Reason::Claim(Name::Exp));
        }
        let begun = |name| match self.time(name)? {
            Some(time) if time > now.after(limits::CLOCK_AHEAD) => Err(Reason::Claim(name)),
            time => Ok(time),
        };
        begun(Name::Nbf)?;
        Ok(Times { expires_at, issued_at: begun(Name::Iat)? })
    }

    /// Checks that `iss` is this issuer, byte for byte.
    pub fn is_from(&self, issuer: Issuer<'_>) -> Result<(), Reason> {
        if self.text(Name::Iss)? == issuer.as_str() { Ok(()) } else { Err(Reason::Claim(Name::Iss)) }
    }

    /// Checks that `aud` names this audience, be it among others.
    pub fn is_for(&self, audience: &str) -> Result<(), Reason> {
        if audience::holds(self.0.get("aud"), audience)? { Ok(()) } else { Err(Reason::Claim(Name::Aud)) }
    }

    /// Checks that `aud` names this audience and no other.
    pub fn is_only_for(&self, audience: &str) -> Result<(), Reason> {
        if audience::is_alone(self.0.get("aud"), audience)? { Ok(()) } else { Err(Reason::Claim(Name::Aud)) }
    }

    /// `sub`: 1 to [`limits::SUBJECT`] bytes.
    pub fn subject(&self) -> Result<&'a str, Reason> {
        self.text_of(Name::Sub)
    }

    /// `jti`: 1 to [`limits::JWT_ID`] bytes.
    pub fn jti(&self) -> Result<&'a str, Reason> {
        self.text_of(Name::Jti)
    }

    fn text_of(&self, name: Name) -> Result<&'a str, Reason> {
        let text = self.text(name)?;
        if name.fits(text) { Ok(text) } else { Err(Reason::TooLong(name)) }
    }
}
