//! The reference host of symbolon: an authorization server on axum and SQLite.
//!
//! It decides nothing about the protocol. What it adds is what the core leaves to a host: HTTP in and out, the store, the
//! keys, the clock, random bytes, and the pages on which a person signs in and consents.

pub mod browser;
pub mod clients;
pub mod config;
pub mod demo;
pub mod drive;
mod endpoints;
mod form;
mod http;
mod interaction;
pub mod journal;
mod keys;
mod pages;
mod registration;
pub mod send;
mod session;
pub mod signing;
pub mod store;
pub mod tls;
pub mod users;

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn;
use axum::routing::{any, get};
use symbolon::Name;
use symbolon::Reason;
use symbolon::client::{Authentication, Client};
use symbolon::record::SenderConstraint;
use symbolon::resource::{self, Accepts, Metadata, ResourceServer};
use symbolon::server::{Endpoints, Server};
use symbolon::terms::Time;
use symbolon::terms::client_id::ClientId;
use symbolon::terms::endpoint::{Endpoint, Schemes};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::resource::Resource;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::Config;
use crate::demo::{Demo, DemoClient};
use crate::drive::Driver;
use crate::journal::{Actor, Journal};
use crate::send::Http;
use crate::session::Sessions;
use crate::signing::Keyring;
use crate::store::Store;
use crate::tls::{Peer, TlsListener};
use crate::users::Users;

/// How long requests in flight may take once the host is told to stop.
const STOPPING: Duration = Duration::from_secs(10);
/// How often expired rows are swept, and how many sweeps there are to a round at most.
const SWEEP: (Duration, usize) = (Duration::from_secs(30), 8);

/// The host: everything that its endpoints share.
pub struct Host {
    server: Server<'static>,
    /// The rows.
    pub store: Store,
    /// The keys that the server signs with.
    signing: Keyring,
    /// The way out.
    pub http: Http,
    /// What travelled, if somebody wants to see it.
    pub journal: Option<Journal>,
    sessions: Sessions,
    users: Users,
    resource: ResourceServer<'static>,
    /// The demonstration, if this is one.
    demo: Option<Demo>,
    /// The path of the issuer, under which every page lies.
    base: String,
}

impl Host {
    /// What drives the flows of `actor`.
    pub fn driver(&self, actor: Actor) -> Driver<'_> {
        Driver { actor, store: &self.store, keys: &self.signing, http: &self.http, journal: self.journal.as_ref() }
    }

    /// Whether this is the demonstration.
    pub const fn is_demo(&self) -> bool {
        self.demo.is_some()
    }

    /// The issuer identifier.
    pub fn issuer(&self) -> &str {
        self.server.issuer.as_str()
    }
}

/// A host that is running.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The same as the start of a URL.
    pub root: String,
    /// What it is.
    pub host: Arc<Host>,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
    swept: tokio::task::JoinHandle<()>,
    temporary: Option<PathBuf>,
}

/// Starts a host.
pub async fn start(config: Config) -> Result<Running, Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let listening = format!("{scheme}://{address}");
    let issuer = config.issuer.unwrap_or_else(|| listening.clone());
    let (path, temporary) = match config.store {
        Some(path) => (path, None),
        None => {
            let folder = temporary_folder()?;
            (folder.join("symbolon.sqlite"), Some(folder))
        }
    };
    let store = Store::open(&path)?;
    let beside = |name: &str| PathBuf::from(format!("{}.{name}", path.display()));
    let keys = keys::open(&beside("keys"))?;
    let signing = Keyring::open(&beside("jwks"))?;
    // The configuration lives as long as the process; a host that is started in one test after the other leaks a few
    // hundred bytes each time.
    let keep = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let issuer = Issuer::parse_allowing_plain_http_on_loopback(keep(issuer))
        .map_err(|reason| format!("--issuer: {}", reason.answer().text))?;
    let root = issuer.as_str().trim_end_matches('/');
    let endpoint = |name: &str| keep(format!("{root}/{name}"));
    let resource = keep(format!("{root}/resource"));
    let server = Server {
        issuer,
        keys,
        endpoints: Endpoints {
            authorization: endpoint("authorize"),
            token: endpoint("token"),
            revocation: endpoint("revoke"),
            introspection: endpoint("introspect"),
            pushed_authorization_request: endpoint("par"),
            jwks: endpoint("jwks"),
            userinfo: endpoint("userinfo"),
        },
        signing_keys: signing.published(config.access_tokens)?,
        sender_constraint: if config.sender_constrained {
            SenderConstraint::Required
        } else {
            SenderConstraint::AsPresented
        },
        dpop_nonces: config.dpop_nonces,
        pushed_requests_only: false,
        client_id_metadata_documents: config.client_id_metadata_documents,
        authorization_details_types: clients::DETAIL_TYPES,
        scopes_supported: clients::SCOPES,
        protected_resources: resource,
        lifetimes: config.lifetimes,
    };
    clients::register(&store, resource).await.map_err(|_| "the clients cannot be registered")?;
    if let Some(path) = &config.clients {
        registration::register(&store, path, resource).await.map_err(|error| format!("--clients: {error}"))?;
    }
    let base = path_of(root).to_owned();
    // The address itself, so that the browser finds it whatever the issuer is called (RFC 8252 section 7.3).
    let loopback = if address.is_ipv6() { "[::1]" } else { "127.0.0.1" };
    let redirect_uri = keep(format!("http://{loopback}:{}/demo/callback", address.port()));
    // Its client is an application on this computer, to which the browser comes back by plain http.
    let demo = match config.demo && config.tls.is_none() {
        true => Some(Demo::new(DemoClient::new(demo_client(issuer, redirect_uri, resource)?))),
        false => None,
    };
    let host = Arc::new(Host {
        store,
        signing,
        http: Http::new(&config.trust)?,
        journal: config.demo.then(Journal::default),
        sessions: Sessions::new(issuer.as_str().starts_with("https:")),
        users: Users::new().map_err(|error| error.to_string())?,
        resource: resource_server(&server, resource).map_err(|reason| format!("--issuer: {reason:?}"))?,
        demo,
        server,
        base,
    });
    let (stop, stopped) = watch::channel(false);
    let service = router(&host).into_make_service_with_connect_info::<Peer>();
    let stopping = is_stopped(stopped.clone());
    let served = match config.tls {
        None => tokio::spawn(axum::serve(listener, service).with_graceful_shutdown(stopping).into_future()),
        Some(files) => {
            let listener = TlsListener::new(listener, &files)?;
            tokio::spawn(axum::serve(listener, service).with_graceful_shutdown(stopping).into_future())
        }
    };
    let swept = tokio::spawn(sweep(host.store.clone(), stopped));
    Ok(Running { address, root: listening, host, stop, served, swept, temporary })
}

impl Running {
    /// Finishes the requests in flight, closes the store, and removes it if it was a temporary one.
    pub async fn stop(self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let _ = self.stop.send(true);
        if tokio::time::timeout(STOPPING, self.served).await.is_err() {
            tracing::warn!("requests in flight were cut off");
        }
        self.swept.await?;
        self.host.store.close()?;
        match self.temporary {
            Some(folder) => Ok(std::fs::remove_dir_all(folder)?),
            None => Ok(()),
        }
    }
}

/// A public client of the host's own server.
fn demo_client(
    issuer: Issuer<'static>,
    redirect_uri: &'static str,
    resource: &'static str,
) -> Result<Client<'static>, String> {
    Ok(Client {
        issuer,
        client_id: ClientId::parse(clients::NATIVE).map_err(|reason| format!("{reason:?}"))?,
        authentication: Authentication::None,
        redirect_uri,
        scope: clients::SCOPES,
        resources: resource,
        mix_up_defense: symbolon::client::MixUpDefense::OnlyServer,
        schemes: Schemes::HttpsAndPlainHttpOnLoopback,
        addresses: symbolon::client::Addresses::PrivateAndLoopbackToo,
        binding: symbolon::client::Binding::None,
        pushed_requests: Default::default(),
        id_token_algorithm: symbolon::wire::jose::Algorithm::Es256,
        lifetimes: Default::default(),
    })
}

fn resource_server(server: &Server<'static>, resource: &'static str) -> Result<ResourceServer<'static>, Reason> {
    let (client_id, client_secret) = clients::RESOURCE_SERVER;
    let url = server.endpoints.introspection;
    Ok(ResourceServer {
        resource: Resource::parse(resource)?,
        issuer: server.issuer,
        access_tokens: resource::AccessTokens::Opaque {
            introspection_endpoint: Endpoint::parse(
                Name::IntrospectionEndpoint,
                url,
                Schemes::HttpsAndPlainHttpOnLoopback,
            )?,
            client_id: ClientId::parse(client_id)?,
            client_secret,
        },
        accepts: match server.sender_constraint {
            SenderConstraint::Required => Accepts::SENDER_CONSTRAINED,
            SenderConstraint::AsPresented => Accepts::ANY,
        },
        dpop_nonces: None,
        metadata: Some(Metadata { scopes_supported: clients::SCOPES, resource_name: "Notes", ..Metadata::default() }),
        realm: resource,
    })
}

fn router(host: &Arc<Host>) -> Router {
    let base = &host.base;
    let at = |name: &str| format!("{base}/{name}");
    let cross_origin = Router::new()
        // RFC 8414 section 3.1: the well-known part goes before the issuer's path.
        .route(&format!("/.well-known/oauth-authorization-server{base}"), get(endpoints::metadata).options(nothing))
        // OpenID Connect Discovery section 4: there it goes behind.
        .route(&format!("{base}/.well-known/openid-configuration"), get(endpoints::metadata).options(nothing))
        .route(&at("jwks"), get(endpoints::jwks).options(nothing))
        .route(&at("token"), any(endpoints::token))
        .route(&at("par"), any(endpoints::push))
        .route(&at("revoke"), any(endpoints::revoke))
        .route(&at("userinfo"), any(endpoints::userinfo))
        .layer(from_fn(http::any_origin));
    let protected = Router::new().route(&at("resource"), any(endpoints::resource)).layer(from_fn(http::any_origin));
    let demo = if host.demo.is_some() { demo::router(host) } else { Router::new() };
    let server = Router::new()
        .route(&at("authorize"), any(interaction::authorize))
        .route(&at("interaction"), get(interaction::show))
        .route(&at("interaction/sign-in"), any(interaction::sign_in))
        .route(&at("interaction/sign-out"), any(interaction::sign_out))
        .route(&at("interaction/consent"), any(interaction::consent))
        .route(&at("introspect"), any(endpoints::introspect))
        .merge(cross_origin);
    http::recorded(server, host, Actor::Server)
        .merge(http::recorded(protected, host, Actor::Resource))
        .merge(demo)
        .route(&at("style.css"), get(style))
        // For what is not recorded, and what no route matches.
        .layer(from_fn(http::guard))
        .with_state(Arc::clone(host))
}

/// A preflight request is answered before it gets here.
async fn nothing() {}

async fn style() -> impl axum::response::IntoResponse {
    let text = |value| HeaderValue::from_static(value);
    ([(header::CONTENT_TYPE, text("text/css")), (header::CACHE_CONTROL, text("max-age=3600"))], pages::STYLE)
}

/// The path of a URL without one at its end; empty for none.
fn path_of(root: &str) -> &str {
    let after_scheme = root.find("://").map_or(0, |at| at + 3);
    root[after_scheme..].find('/').map_or("", |at| &root[after_scheme + at..])
}

async fn is_stopped(mut stopped: watch::Receiver<bool>) {
    // An error means that whoever could stop us is gone: stop, too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn sweep(store: Store, stopped: watch::Receiver<bool>) {
    let (every, rounds) = SWEEP;
    loop {
        tokio::select! {
            () = is_stopped(stopped.clone()) => return,
            () = tokio::time::sleep(every) => {}
        }
        for _ in 0..rounds {
            match store.sweep(now()).await {
                Ok(0) | Err(_) => break,
                Ok(rows) => tracing::debug!(rows, "expired rows dropped"),
            }
        }
    }
}

/// Waits for SIGTERM or Ctrl-C.
pub fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// The time.
pub fn now() -> Time {
    Time(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

/// Random bytes of the operating system.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Zeros are refused by the core; without random bytes nothing else here may go on either.
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    bytes
}

fn temporary_folder() -> std::io::Result<PathBuf> {
    let name: String = random::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = std::env::temp_dir().join(format!("symbolon-{name}"));
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder)?;
    Ok(folder)
}
