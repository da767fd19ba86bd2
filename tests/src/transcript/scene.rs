//! The circumstances at one place of a document: what is given, and what has come out so far.

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};
use symbolon::wire::jose::Algorithm;

use super::block::Block;
use super::http::Request;
use super::{Call, ENTRIES, Outcome, Settings, SigningKey, jws, unhex};
use crate::fixture::Shown;
use crate::{fixture, keys};

/// A change that only a store sees; a replay has its rows from the document.
pub enum Change {
    /// A member of a client's registration.
    Client {
        /// The client.
        client_id: String,
        /// The member.
        member: String,
        /// Its new value.
        value: String,
    },
    /// The bytes of a row.
    Row {
        /// The key's name.
        name: String,
        /// The new value.
        value: Vec<u8>,
    },
}

/// The circumstances at one place of a document.
pub struct Scene {
    settings: Settings,
    now: u64,
    user_agent: String,
    certificate: Option<Shown>,
    entropy: Option<[u8; 32]>,
    draws: u8,
    /// Names and values that came out so far, in order.
    said: Vec<(String, String)>,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            settings: Settings {
                keys: vec![(1, fixture::KEY)],
                lifetimes: fixture::server().lifetimes,
                signing_keys: Vec::new(),
                jwt_access_tokens: false,
                sender_constrained: false,
                dpop_nonces: false,
                authentication: "basic".into(),
                binding: "none".into(),
                pushes: false,
                id_token_algorithm: Algorithm::Rs256,
                document: None,
                pushed_requests_only: false,
                client_id_metadata_documents: false,
                resource: Default::default(),
            },
            now: fixture::NOW.0,
            user_agent: String::from_utf8_lossy(fixture::BROWSER).into_owned(),
            certificate: None,
            entropy: None,
            draws: 0,
            said: Vec::new(),
        }
    }
}

impl Scene {
    /// Applies a `given` block; returns what concerns the store.
    pub fn given(&mut self, block: &Block) -> Result<Vec<Change>, String> {
        let mut changes = Vec::new();
        for line in self.lines(block)? {
            let wrong = || format!("cannot be given: {line}");
            let (what, value) = line.split_once(' ').ok_or_else(wrong)?;
            let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
            match what {
                "now" => {
                    self.now = match (value.strip_prefix('+'), value.strip_prefix('-')) {
                        (Some(later), _) => self.now.saturating_add(number(later)?),
                        (_, Some(earlier)) => self.now.saturating_sub(number(earlier)?),
                        _ => number(value)?,
                    }
                }
                "name" => {
                    let (name, value) = value.split_once(' ').ok_or_else(wrong)?;
                    self.said.push((name.into(), value.into()));
                }
                "jws" => {
                    let [name, key_id, text] = value.splitn(3, ' ').collect::<Vec<_>>()[..] else {
                        return Err(wrong());
                    };
                    let message = jws::read_message(text)?;
                    let signature = match key_id {
                        "none" => Vec::new(),
                        _ => keys::sign(key_id, &message).ok_or_else(|| format!("no key is called {key_id}"))?,
                    };
                    let message = String::from_utf8_lossy(&message);
                    self.said.push((name.into(), format!("{message}.{}", jws::encode(&signature))));
                }
                "browser" => self.user_agent = value.into(),
                "entropy" => self.entropy = Some(bytes32(value)?),
                "certificate" => self.show(value).ok_or_else(wrong)?,
                "server" => {
                    let (member, value) = value.split_once(' ').unwrap_or((value, ""));
                    let settings = &mut self.settings;
                    match member {
                        "signing_keys" => {
                            let key = |key_id: &str| {
                                Some(SigningKey {
                                    key_id: key_id.into(),
                                    algorithm: keys::algorithm(key_id)?,
                                    jwk: keys::named_jwk(key_id)?,
                                })
                            };
                            settings.signing_keys =
                                value.split_whitespace().map(key).collect::<Option<_>>().ok_or_else(wrong)?;
                        }
                        "jwt_access_tokens" => settings.jwt_access_tokens = true,
                        "sender_constrained" => settings.sender_constrained = true,
                        "dpop_nonces" => settings.dpop_nonces = true,
                        "pushed_requests_only" => settings.pushed_requests_only = true,
                        "client_id_metadata_documents" => settings.client_id_metadata_documents = true,
                        _ => return Err(wrong()),
                    }
                }
                "keys" => {
                    let key = |word: &str| {
                        let (id, key) = word.split_once('=').ok_or_else(wrong)?;
                        Ok((id.parse().map_err(|_| wrong())?, bytes32(key)?))
                    };
                    self.settings.keys = value.split(' ').map(key).collect::<Result<_, String>>()?;
                }
                "lifetime" => {
                    let (what, seconds) = value.split_once(' ').ok_or_else(wrong)?;
                    let lifetimes = &mut self.settings.lifetimes;
                    *match what {
                        "interaction" => &mut lifetimes.interaction,
                        "pushed_request" => &mut lifetimes.pushed_request,
                        "code" => &mut lifetimes.code,
                        "access_token" => &mut lifetimes.access_token,
                        "refresh_token" => &mut lifetimes.refresh_token,
                        "grant" => &mut lifetimes.grant,
                        "retry" => &mut lifetimes.retry,
                        _ => return Err(wrong()),
                    } = number(seconds)?;
                }
                "authentication" => self.settings.authentication = value.into(),
                "binding" => self.settings.binding = value.into(),
                "pushed_requests" => self.settings.pushes = value == "always",
                "id_token_algorithm" => {
                    self.settings.id_token_algorithm = Algorithm::from_name(value).ok_or_else(wrong)?;
                }
                "document" => self.settings.document = Some(value.into()),
                "needs" => self.settings.resource.need(value).ok_or_else(wrong)?,
                "resource" => self.settings.resource.set(value).ok_or_else(wrong)?,
                "client" => {
                    let (client_id, change) = value.split_once(' ').ok_or_else(wrong)?;
                    let (member, value) = change.split_once(' ').unwrap_or((change, ""));
                    let (client_id, member, value) = (client_id.into(), member.into(), value.into());
                    changes.push(Change::Client { client_id, member, value });
                }
                "row" => {
                    let (name, digits) = value.split_once(' ').unwrap_or((value, ""));
                    changes.push(Change::Row { name: name.into(), value: unhex(digits)? });
                }
                _ => return Err(wrong()),
            }
        }
        Ok(changes)
    }

    /// What is known of the certificate that is shown from here on; `none` is shown no more.
    fn show(&mut self, fact: &str) -> Option<()> {
        let (name, value) = fact.split_once(' ').unwrap_or((fact, ""));
        if name == "none" {
            self.certificate = None;
            return Some(());
        }
        let shown = self.certificate.get_or_insert_default();
        match name {
            "thumbprint" => shown.thumbprint = bytes32(value).ok()?,
            "chain_verified" => shown.chain_verified = true,
            "subject" => shown.subject = value.into(),
            "dns" => shown.dns = value.into(),
            "uri" => shown.uri = value.into(),
            "ip" => shown.ip = value.into(),
            "email" => shown.email = value.into(),
            _ => return None,
        }
        Some(())
    }

    /// Reads a call with all its arguments.
    pub fn call(&mut self, block: &Block) -> Result<Call, String> {
        let lines = self.lines(block)?;
        let (entry, request, arguments) = if block.info == "call" {
            let (name, arguments) = lines.split_first().ok_or("an empty call")?;
            let entry = ENTRIES.iter().find(|entry| entry.name == name);
            let argument = |line: &String| {
                let (name, value) = line.split_once(' ').unwrap_or((line, ""));
                (name.to_owned(), value.to_owned())
            };
            let entry = entry.ok_or_else(|| format!("not an entry point: {name}"))?;
            (entry, None, arguments.iter().map(argument).collect())
        } else {
            let request = Request::read(&lines)?;
            let path = request.target.split('?').next();
            let entry = ENTRIES.iter().find(|entry| entry.path.is_some() && entry.path == path);
            let entry = entry.ok_or_else(|| format!("no entry point has this path: {}", request.target))?;
            (entry, Some(request), Vec::new())
        };
        let mut entropy = [0; 32];
        // The token endpoint draws where it makes a grant.
        let makes = |request: &Request| request.body.contains("grant_type=client_credentials");
        if entry.draws || entry.name == "token" && request.as_ref().is_some_and(makes) {
            self.draws = self.draws.saturating_add(1);
            entropy = self.entropy.take().unwrap_or([self.draws; 32]);
        }
        let (settings, user_agent) = (self.settings.clone(), self.user_agent.clone());
        let certificate = self.certificate.clone();
        Ok(Call { entry, request, arguments, settings, now: self.now, entropy, user_agent, certificate })
    }

    /// Keeps what came out, to be named later.
    pub fn remember(&mut self, outcome: &Outcome) {
        if let Some(response) = &outcome.response {
            for (_, value) in response.headers.iter().filter(|(name, _)| name == "Location") {
                self.remember_query(value);
            }
            let nonces = response.headers.iter().filter(|(name, _)| name == "DPoP-Nonce");
            self.said.extend(nonces.map(|(_, value)| ("dpop_nonce".to_owned(), value.clone())));
            if let Ok(serde_json::Value::Object(members)) = serde_json::from_str(&response.body) {
                let texts = members.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
                self.said.extend(texts);
            }
        }
        for (name, value) in outcome.fields.iter().flat_map(|(_, fields)| fields) {
            self.said.push((name.clone(), value.clone()));
            self.remember_query(value);
        }
    }

    fn remember_query(&mut self, uri: &str) {
        let query = uri.split('#').next().and_then(|uri| uri.split_once('?')).map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        self.said.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    /// The lines of a block with what stands in braces put in.
    pub fn lines(&self, block: &Block) -> Result<Vec<String>, String> {
        block.lines().iter().map(|line| self.expand(line)).collect()
    }

    fn expand(&self, line: &str) -> Result<String, String> {
        let mut text = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            match after.split_once('}') {
                // JSON has a quotation mark or a brace here.
                Some((inside, more)) if inside.starts_with(|char: char| char.is_ascii_lowercase()) => {
                    text.push_str(&self.value(inside)?);
                    rest = more;
                }
                _ => {
                    text.push('{');
                    rest = after;
                }
            }
        }
        text.push_str(rest);
        Ok(text)
    }

    /// The last value of `name`, the time, or what a word in front of it says: see `tests/transcripts/README.md`.
    fn value(&self, inside: &str) -> Result<String, String> {
        let unknown = || format!("nothing is called {{{inside}}} here");
        match inside.split_once(' ') {
            Some(("base64", text)) => Ok(Base64::encode_string(text.as_bytes())),
            Some(("repeat", rest)) => {
                let (times, text) = rest.split_once(' ').ok_or_else(unknown)?;
                Ok(text.repeat(times.parse().map_err(|_| unknown())?))
            }
            Some(("sha256", name)) => Ok(jws::encode(&Sha256::digest(self.value(name)?))),
            Some(("jwk", key_id)) => keys::jwk(key_id).ok_or_else(unknown),
            Some(("thumbprint", key_id)) => keys::thumbprint(key_id).ok_or_else(unknown),
            Some(("forged", name)) => {
                let value = self.value(name)?;
                let (head, end) = value.split_at_checked(value.len().saturating_sub(5)).ok_or_else(unknown)?;
                let other = if end.starts_with('A') { 'B' } else { 'A' };
                Ok(format!("{head}{other}{}", end.get(1..).unwrap_or_default()))
            }
            Some(_) => Err(unknown()),
            None if inside == "now" || inside.starts_with("now+") || inside.starts_with("now-") => {
                let by = inside.strip_prefix("now").filter(|by| !by.is_empty()).unwrap_or("+0");
                let by = by.parse().map_err(|_| unknown())?;
                Ok(self.now.saturating_add_signed(by).to_string())
            }
            None => {
                let value = self.said.iter().rfind(|(known, _)| known == inside).map(|(_, value)| value);
                value.cloned().ok_or_else(unknown)
            }
        }
    }
}

/// 32 bytes in hexadecimal digits, or one that is repeated.
fn bytes32(digits: &str) -> Result<[u8; 32], String> {
    match *unhex(digits)?.as_slice() {
        [byte] => Ok([byte; 32]),
        ref bytes => bytes.try_into().map_err(|_| format!("neither 1 nor 32 bytes: {digits}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A proof as a peer makes it, from what is known when it is written.
    #[test]
    fn a_jws_is_made_of_what_is_known() {
        let mut scene = Scene::default();
        let text = ["now 1000600", "name access_token abc"];
        scene.given(&Block::new("given", text.join("\n"))).unwrap();
        let text = [
            r#"jws proof es256-1 {"typ":"dpop+jwt","alg":"ES256","jwk":{jwk es256-1}}."#,
            r#" {"iat":{now-5},"ath":"{sha256 access_token}"}"#,
            r#"jws bare none {"alg":"none"}.{"sub":"{thumbprint rfc8037}"}"#,
        ];
        scene.given(&Block::new("given", text.join("\n"))).unwrap();
        let proof = scene.value("proof").unwrap();
        let (message, signature) = proof.rsplit_once('.').unwrap();
        let jwk = keys::jwk("es256-1").unwrap();
        let shown = jws::show_message(message.as_bytes());
        let claims = r#"{"iat":1000595,"ath":"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"}"#;
        assert_eq!(shown, format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{jwk}}}.{claims}"#));
        let signature = jws::decode(signature).unwrap();
        assert_eq!(keys::verify(jwk.as_bytes(), message.as_bytes(), &signature), symbolon::step::Verdict::Valid);
        let bare = scene.value("bare").unwrap();
        assert!(bare.starts_with("eyJhbGciOiJub25lIn0.") && bare.ends_with('.'), "{bare}");
        for wrong in ["jws a", "jws a nobody {}.{}", "jws a rfc8037 {}", "name a {jwk nobody}", "name a {now+x}"] {
            assert!(scene.given(&Block::new("given", wrong.into())).is_err(), "{wrong}");
        }
    }
}
