//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use symbolon::server::{AccessTokens, Lifetimes};
use tracing::level_filters::LevelFilter;

use crate::send::Trust;
use crate::tls;

/// What the host is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The issuer identifier; without one, `http://` and the address listened at.
    pub issuer: Option<String>,
    /// The store's file. The keys lie beside it. Without one, a temporary folder that goes with the process.
    pub store: Option<PathBuf>,
    /// What access tokens look like.
    pub access_tokens: AccessTokens,
    /// Whether a DPoP proof must hold a nonce of the server.
    pub dpop_nonces: bool,
    /// Whether tokens must be bound to a key, and the resource takes no other.
    pub sender_constrained: bool,
    /// Whether a client may be known by its metadata document alone.
    pub client_id_metadata_documents: bool,
    /// Further clients to register: a JSON array of client metadata.
    pub clients: Option<PathBuf>,
    /// The keys of TLS; without them, plain HTTP.
    pub tls: Option<tls::Files>,
    /// Whom the host trusts where it connects to others.
    pub trust: Trust,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// How much is logged to standard error.
    pub log: LevelFilter,
    /// Whether to run the flow once and exit.
    pub once: bool,
    /// Whether to serve the demonstration's pages and keep its journal.
    pub demo: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            issuer: None,
            store: None,
            access_tokens: AccessTokens::Opaque,
            dpop_nonces: false,
            sender_constrained: false,
            client_id_metadata_documents: false,
            clients: None,
            tls: None,
            trust: Trust::default(),
            lifetimes: Lifetimes::default(),
            log: LevelFilter::WARN,
            once: false,
            demo: false,
        }
    }
}

/// What `--help` prints.
pub const HELP: &str = "\
usage: cargo demo [-- OPTIONS]

  --once                          run the whole flow over loopback HTTP, print it, and exit
  --listen ADDRESS                where to listen (127.0.0.1:8080; port 0 takes a free one)
  --issuer URL                    the issuer identifier (http://ADDRESS, or https://ADDRESS)
  --access-tokens opaque|jwt      what access tokens look like (opaque)
  --dpop-nonces                   demand a nonce of the server in DPoP proofs
  --sender-constrained            issue no token that is bound to no key, and take none at the resource
  --client-id-metadata-documents  take clients that nobody has registered, by the URL of their metadata
  --clients PATH                  register these clients too: a JSON array of client metadata (RFC 7591)
  --tls-certificate PATH          listen for TLS with this certificate and what leads from it to its authority, as PEM
  --tls-key PATH                  its private key
  --client-authorities PATH       the authorities that may name clients by certificates
  --authorities PATH              authorities to trust besides the system's, where the host connects to others
  --resolve NAME=ADDRESS          where a name is, whatever DNS says, and public, whatever the address says: for tests
  --store PATH                    the SQLite file (a temporary one); its keys lie beside it in PATH.keys and PATH.jwks
  --log off|error|warn|info|debug how much to log to standard error (info)
  --interaction-lifetime SECONDS
  --code-lifetime SECONDS
  --access-token-lifetime SECONDS
  --refresh-token-lifetime SECONDS
  --grant-lifetime SECONDS
  --retry-window SECONDS          after a refresh, how long the same successor may be asked for again
  --help
";

impl Config {
    /// Reads the arguments of the demonstration; `None` if they ask for help.
    pub fn from_args() -> Result<Option<Self>, lexopt::Error> {
        use lexopt::prelude::*;
        let mut config = Self { demo: true, ..Self::default() };
        let (mut listen, mut log) = (None, None);
        let (mut certificate, mut key, mut client_authorities) = (None, None, None);
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            let lifetimes = &mut config.lifetimes;
            match argument {
                Long("once") => config.once = true,
                Long("listen") => listen = Some(arguments.value()?.parse()?),
                Long("issuer") => config.issuer = Some(arguments.value()?.string()?),
                Long("store") => config.store = Some(arguments.value()?.into()),
                Long("access-tokens") => {
                    config.access_tokens = match arguments.value()?.string()?.as_str() {
                        "opaque" => AccessTokens::Opaque,
                        "jwt" => AccessTokens::Jwt,
                        other => return Err(format!("--access-tokens: {other}").into()),
                    }
                }
                Long("dpop-nonces") => config.dpop_nonces = true,
                Long("sender-constrained") => config.sender_constrained = true,
                Long("client-id-metadata-documents") => config.client_id_metadata_documents = true,
                Long("clients") => config.clients = Some(arguments.value()?.into()),
                Long("tls-certificate") => certificate = Some(arguments.value()?.into()),
                Long("tls-key") => key = Some(arguments.value()?.into()),
                Long("client-authorities") => client_authorities = Some(arguments.value()?.into()),
                Long("authorities") => config.trust.authorities = Some(arguments.value()?.into()),
                Long("resolve") => {
                    let value = arguments.value()?.string()?;
                    let (name, address) = value.split_once('=').ok_or("--resolve NAME=ADDRESS")?;
                    let address = address.parse().map_err(|error| format!("--resolve: {error}"))?;
                    config.trust.resolve.push((name.to_owned(), address));
                }
                Long("log") => log = Some(arguments.value()?.parse()?),
                Long("interaction-lifetime") => lifetimes.interaction = arguments.value()?.parse()?,
                Long("code-lifetime") => lifetimes.code = arguments.value()?.parse()?,
                Long("access-token-lifetime") => lifetimes.access_token = arguments.value()?.parse()?,
                Long("refresh-token-lifetime") => lifetimes.refresh_token = arguments.value()?.parse()?,
                Long("grant-lifetime") => lifetimes.grant = arguments.value()?.parse()?,
                Long("retry-window") => lifetimes.retry = arguments.value()?.parse()?,
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        config.tls = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(tls::Files { certificate, key, client_authorities }),
            (None, None) if client_authorities.is_none() => None,
            _ => return Err("--tls-certificate and --tls-key go together".into()),
        };
        let port = if config.once { 0 } else { 8080 };
        config.listen = listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], port)));
        config.log = log.unwrap_or(if config.once { LevelFilter::WARN } else { LevelFilter::INFO });
        Ok(Some(config))
    }
}
