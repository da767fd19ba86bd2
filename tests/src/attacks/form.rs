//! Requests as lists of parameters, to be spoilt one by one.

use crate::fixture::{C1_SECRET, C2_SECRET, CHALLENGE, Message, RS1_SECRET, VERIFIER};

/// A form or query, parameter by parameter, not encoded yet.
#[derive(Clone, Debug)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// These parameters.
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// A good authorization request of `client_id`.
    pub fn authorization(client_id: &str) -> Self {
        let redirect_uri = match client_id {
            "c1" => "https://client.example/cb",
            "c2" => "https://two.example/cb",
            _ => "http://127.0.0.1:51004/cb",
        };
        Self::of(&[
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("scope", "read"),
            ("state", "xyz"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
    }

    /// A good redemption of a code.
    pub fn code(code: &str) -> Self {
        Self::of(&[("grant_type", "authorization_code"), ("code", code), ("code_verifier", VERIFIER)])
    }

    /// A good refresh.
    pub fn refresh(token: &str) -> Self {
        Self::of(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// A good revocation or introspection.
    pub fn token(token: &str) -> Self {
        Self::of(&[("token", token)])
    }

    /// The value of a parameter.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// With this value for `name`, in place of the one it has.
    pub fn with(self, name: &str, value: &str) -> Self {
        let mut form = self.without(name);
        form.0.push((name.to_owned(), value.to_owned()));
        form
    }

    /// With one more parameter, whether it is there or not.
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without `name`.
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// The names.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// In the application/x-www-form-urlencoded form.
    pub fn text(&self) -> String {
        let pairs =
            self.0.iter().map(|(name, value)| format!("{}={}", encode(name.as_bytes()), encode(value.as_bytes())));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// As the query of a GET request.
    pub fn get(&self) -> Message {
        Message::get(&self.text())
    }

    /// As the body of a POST request.
    pub fn post(&self) -> Message {
        Message::post(&self.text())
    }

    /// As a POST request of this client, which authenticates as it is registered to.
    pub fn from(&self, client_id: &str) -> Message {
        match client_id {
            "c1" => self.post().basic("c1", C1_SECRET),
            "rs1" => self.post().basic("rs1", RS1_SECRET),
            "c2" => self.clone().and("client_id", "c2").and("client_secret", C2_SECRET).post(),
            public => self.clone().and("client_id", public).post(),
        }
    }
}

/// Encodes every byte that is not a letter or a digit.
pub fn encode(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|&byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Undoes percent-encoding.
pub fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        let hex = |digit: Option<u8>| digit.and_then(|digit| char::from(digit).to_digit(16)).unwrap_or(0);
        decoded.push(match byte {
            b'%' => (hex(bytes.next()) * 16 + hex(bytes.next())) as u8,
            other => other,
        });
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
