//! Writing challenges: what `WWW-Authenticate` tells of a scheme (RFC 9110 section 11.6.1).

use crate::wire::write::Writer;

/// Writes a challenge, one parameter after the other.
///
/// ```abnf
/// challenge = auth-scheme [ 1*SP auth-param *( "," SP auth-param ) ]
/// ```
pub struct ChallengeWriter<'p, 'w> {
    separator: &'static str,
    w: &'p mut Writer<'w>,
}

impl<'p, 'w> ChallengeWriter<'p, 'w> {
    /// Begins with the scheme.
    pub fn new(scheme: &str, w: &'p mut Writer<'w>) -> Self {
        w.str(scheme);
        Self { separator: " ", w }
    }

    fn name(&mut self, name: &str) {
        self.w.str(self.separator);
        self.separator = ", ";
        self.w.str(name);
        self.w.str("=");
    }

    /// A parameter, quoted and escaped.
    pub fn quoted(&mut self, name: &str, value: &str) {
        self.name(name);
        self.w.quoted(value);
    }

    /// A parameter whose value needs no escape.
    pub fn text(&mut self, name: &str, fill: impl FnOnce(&mut Writer<'_>)) {
        self.name(name);
        self.w.str("\"");
        fill(self.w);
        self.w.str("\"");
    }
}
