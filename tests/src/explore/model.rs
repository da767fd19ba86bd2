//! An authorization server with one grant, as far as a client can tell: it rotates refresh tokens, and takes what it sees
//! a second time for stolen (RFC 9700 section 4.14.2).

use std::ops::RangeInclusive;

use crate::peer::{Canned, Sent};

/// The one code that it has given out.
pub const CODE: &str = "the-code";

/// The access token of a generation.
pub fn access_token(generation: u8) -> String {
    format!("access-{generation}")
}

/// The refresh token of a generation.
pub fn refresh_token(generation: u8) -> String {
    format!("refresh-{generation}")
}

/// What such a server does with the revocation of a refresh token that has been superseded. RFC 7009 leaves it both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Superseded {
    /// It knows the grant, and ends it.
    EndsTheGrant,
    /// The token is invalid already, and so there is nothing to do (RFC 7009 section 2.2).
    IsUnknown,
}

/// Why the grant is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Over {
    /// The client has asked for it.
    Revoked,
    /// A code or a refresh token came twice.
    Reused,
}

/// The server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Model {
    /// How it takes the revocation of a superseded refresh token.
    pub superseded: Superseded,
    /// Who has sent the code, in order.
    pub redemptions: Vec<usize>,
    /// Who has sent which generation of the refresh token to be spent, in order.
    pub refreshes: Vec<(usize, u8)>,
    /// How many generations of tokens it has issued, from 1.
    pub issued: u8,
    /// Whether the grant is over.
    pub over: Option<Over>,
}

impl Model {
    /// A server whose user has approved.
    pub fn new(superseded: Superseded) -> Self {
        Self { superseded, redemptions: Vec::new(), refreshes: Vec::new(), issued: 0, over: None }
    }

    /// Whether there is a token that works.
    pub fn has_live_tokens(&self) -> bool {
        self.issued > 0 && self.over.is_none()
    }

    /// All generations of tokens.
    pub fn generations(&self) -> RangeInclusive<u8> {
        1..=self.issued
    }

    /// Acts upon a request of a flow; what it answers.
    pub fn serve(&mut self, flow: usize, sent: &Sent) -> Canned {
        let parameter = |name: &str| sent.parameter(name).unwrap_or_default();
        match (sent.url.as_str(), parameter("grant_type").as_str()) {
            ("https://as.example/token", "authorization_code") => {
                assert_eq!(parameter("code"), CODE);
                self.redemptions.push(flow);
                self.issue(self.redemptions.len() == 1)
            }
            ("https://as.example/token", "refresh_token") => {
                let generation = self.generation(&parameter("refresh_token"));
                self.refreshes.push((flow, generation));
                self.issue(generation == self.issued)
            }
            ("https://as.example/revoke", _) => {
                let generation = self.generation(&parameter("token"));
                if generation == self.issued || self.superseded == Superseded::EndsTheGrant {
                    self.over.get_or_insert(Over::Revoked);
                }
                Canned { status: 200, headers: Vec::new(), body: String::new() }
            }
            (other, _) => panic!("nobody listens at {other}"),
        }
    }

    fn generation(&self, token: &str) -> u8 {
        self.generations().find(|generation| refresh_token(*generation) == token).expect("a token of this server")
    }

    fn issue(&mut self, first_time: bool) -> Canned {
        if !first_time {
            self.over.get_or_insert(Over::Reused);
        }
        if self.over.is_some() {
            return Canned::json(400, r#"{"error":"invalid_grant"}"#);
        }
        self.issued += 1;
        let (access_token, refresh_token) = (access_token(self.issued), refresh_token(self.issued));
        let body = format!(
            r#"{{"access_token":"{access_token}","token_type":"Bearer","expires_in":600,"refresh_token":"{refresh_token}"}}"#
        );
        Canned::json(200, &body)
    }
}
