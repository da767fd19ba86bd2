//! The entry points of the resource server, and what `given` blocks may say of it.

use symbolon::Name;
use symbolon::resource::{
    Accepts, AccessTokens, BUFFER, Detail, IssuerKeys, Judgement, Metadata, Needs, ResourceRequest, ResourceServer,
    Sender, Subject,
};
use symbolon::terms::Time;
use symbolon::terms::confirmation::Confirmation;
use symbolon::terms::credential::CredentialKeys;
use symbolon::terms::endpoint::{Endpoint, Schemes};
use symbolon::wire::http::Certificate;
use symbolon::wire::jose::Algorithm;

use super::replay::{fits, reply};
use super::{Call, Outcome, jws};
use crate::app::resource_server;
use crate::drive::{Host, drive};

/// The origin of the resource.
const ORIGIN: &str = "https://rs.example";

/// The resource server of a document, and what `/data` needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `opaque` or `jwt`.
    pub access_tokens: String,
    /// A pinned JWK set, or where it is published.
    pub keys: String,
    /// The algorithm of RSA keys that name none, or nothing.
    pub algorithm: String,
    /// By whom a token may be sent.
    pub accepts: String,
    /// Whether it says something of itself.
    pub metadata: bool,
    /// The key of the nonces that are demanded, with its id.
    pub nonces: Option<(u8, [u8; 32])>,
    /// The SHA-256 hash of the certificate that requests come with.
    pub certificate: Option<[u8; 32]>,
    /// The scope that is needed.
    pub scope: String,
    /// The detail that is needed: members and words of them.
    pub detail: Vec<(String, String)>,
    /// The ways to authenticate of which one is needed.
    pub acr_values: String,
    /// The age of the authentication that is needed.
    pub max_age: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_tokens: "opaque".into(),
            keys: String::new(),
            algorithm: String::new(),
            accepts: "bearer dpop certificate".into(),
            metadata: false,
            nonces: None,
            certificate: None,
            scope: "read".into(),
            detail: Vec::new(),
            acr_values: String::new(),
            max_age: None,
        }
    }
}

impl Settings {
    /// Sets a member of the configuration: `resource MEMBER VALUE`.
    pub fn set(&mut self, text: &str) -> Option<()> {
        let (member, value) = text.split_once(' ').unwrap_or((text, ""));
        match member {
            "access_tokens" => self.access_tokens = value.into(),
            "keys" => self.keys = value.into(),
            "algorithm" => self.algorithm = value.into(),
            "accepts" => self.accepts = value.into(),
            "metadata" => self.metadata = value == "on",
            "nonces" => {
                let (id, key) = value.split_once('=')?;
                self.nonces = Some((id.parse().ok()?, [u8::from_str_radix(key, 16).ok()?; 32]));
            }
            "certificate" if value == "none" => self.certificate = None,
            "certificate" => self.certificate = Some(jws::decode(value).ok()?.try_into().ok()?),
            _ => return None,
        }
        Some(())
    }

    /// Sets what a request needs: `needs SCOPE`, or `needs detail MEMBER WORDS`, `needs acr_values WORDS`, `needs max_age SECONDS`.
    pub fn need(&mut self, text: &str) -> Option<()> {
        match text.split_once(' ').unwrap_or((text, "")) {
            ("nothing", "") => {
                (self.scope, self.detail) = (String::new(), Vec::new());
                (self.acr_values, self.max_age) = (String::new(), None);
            }
            ("detail", rest) => {
                let (member, words) = rest.split_once(' ').unwrap_or((rest, ""));
                self.detail.retain(|(known, _)| known != member);
                self.detail.push((member.into(), words.into()));
            }
            ("acr_values", words) => self.acr_values = words.into(),
            ("max_age", seconds) => self.max_age = Some(seconds.parse().ok()?),
            _ => self.scope = text.into(),
        }
        Some(())
    }

    /// The words of a member of the detail that is needed.
    pub fn detail(&self, member: &str) -> &str {
        self.detail.iter().find(|(known, _)| known == member).map_or("", |(_, words)| words.as_str())
    }

    /// What a request needs.
    pub fn needs(&self) -> Needs<'_> {
        let mut needs = if self.scope.is_empty() { Needs::ANY_TOKEN } else { Needs::scope(&self.scope) };
        if !self.detail.is_empty() {
            needs = needs.and_detail(Detail {
                of_type: self.detail("type"),
                actions: self.detail("actions"),
                datatypes: self.detail("datatypes"),
                privileges: self.detail("privileges"),
                identifier: self.detail("identifier"),
                judged_by_caller: self.detail("judged_by_caller"),
            });
        }
        needs = needs.and_acr(&self.acr_values);
        self.max_age.map_or(needs, |seconds| needs.and_max_age(seconds))
    }

    /// The resource server.
    pub fn server(&self) -> Result<ResourceServer<'_>, String> {
        let accepts = |word: &str| self.accepts.split(' ').any(|accepted| accepted == word);
        let server = resource_server();
        Ok(ResourceServer {
            access_tokens: match self.access_tokens.as_str() {
                "opaque" => server.access_tokens,
                "jwt" => AccessTokens::Jwt {
                    keys: match self.keys.starts_with("https:") {
                        true => IssuerKeys::Published(
                            Endpoint::parse(Name::JwksUri, &self.keys, Schemes::Https)
                                .map_err(|reason| format!("{reason:?}"))?,
                        ),
                        false => IssuerKeys::Pinned(&self.keys),
                    },
                    algorithm: Algorithm::from_name(&self.algorithm),
                },
                other => return Err(format!("no access tokens are {other}")),
            },
            accepts: Accepts { bearer: accepts("bearer"), dpop: accepts("dpop"), certificate: accepts("certificate") },
            dpop_nonces: match &self.nonces {
                None => None,
                Some((id, key)) => Some(CredentialKeys::new(*id, key).map_err(|reason| format!("{reason:?}"))?),
            },
            metadata: self.metadata.then_some(METADATA),
            ..server
        })
    }
}

/// What the resource of the documents says of itself.
pub const METADATA: Metadata<'static> = Metadata {
    scopes_supported: "read write",
    authorization_details_types: "account",
    resource_name: "Notes",
    resource_documentation: "https://rs.example/docs",
};

/// The URL of a request, by its target.
pub fn url(call: &Call) -> String {
    format!("{ORIGIN}{}", call.request.as_ref().map_or("/", |request| &request.target))
}

/// Runs a flow of the resource server.
pub fn run(call: &Call, host: &mut impl Host) -> Result<Outcome, String> {
    let settings = &call.settings.resource;
    let server = settings.server()?;
    let mut buffer = vec![0; BUFFER];
    if call.entry.name == "resource metadata" {
        return Ok(reply(fits(server.metadata(&mut buffer))?));
    }
    let url = url(call);
    let certificate = settings.certificate.map(|thumbprint| Certificate {
        thumbprint,
        chain_verified: false,
        subject: "",
        dns: "",
        uri: "",
        ip: "",
        email: "",
    });
    let method = call.request.as_ref().map_or("GET", |request| request.method.as_str());
    call.message().lend(|request| {
        let request = ResourceRequest { method, url: &url, headers: request.headers, certificate };
        let step = server.judge(request, settings.needs(), Time(call.now), &mut buffer);
        Ok(match drive(fits(step)?, host) {
            Judgement::Deny(denied) => reply(denied),
            Judgement::Allow(claims) => {
                let (sub, is_client) = match claims.subject() {
                    Some(Subject::User(sub)) => (sub, false),
                    Some(Subject::Client(sub)) => (sub, true),
                    None => ("", false),
                };
                let sender = match claims.sender() {
                    Sender::Bearer => "bearer",
                    Sender::KeyHolder(held) => match held.confirmation() {
                        Confirmation::Jkt(_) => "dpop",
                        Confirmation::X5t(_) => "certificate",
                    },
                };
                let scope: Vec<&str> = claims.scope().words().collect();
                let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                let time = |time: Option<Time>| time.map_or(0, |time| time.0).to_string();
                let fields = vec![
                    ("client_id", text(claims.client_id())),
                    ("sub", sub.to_owned()),
                    ("sub_is_client", is_client.to_string()),
                    ("scope", scope.join(" ")),
                    ("authorization_details", claims.authorization_details().to_owned()),
                    ("acr", text(claims.acr())),
                    ("auth_time", time(claims.auth_time())),
                    ("exp", time(claims.expires_at())),
                    ("jti", text(claims.jti())),
                    ("sender", sender.to_owned()),
                    ("dpop_nonce", text(claims.dpop_nonce())),
                ];
                Outcome::of("claims", fields)
            }
        })
    })
}
