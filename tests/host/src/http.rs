//! HTTP in: a request as the core takes it, and its reply as it stands.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use symbolon::wire::http::{Field, Method, Reply};

use crate::Host;
use crate::journal::Actor;
use crate::tls::{Peer, Shown};

/// The longest body that is read. The core refuses what is over its own, lower limit and says so; this is the host's.
const BODY: usize = 4 * symbolon::limits::FORM;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A request that was read to its end.
pub struct Message {
    /// The method.
    pub method: Method,
    /// The query, as it came.
    pub query: Vec<u8>,
    /// The header fields, as they came.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// Where it came from.
    pub address: IpAddr,
    /// The certificate that its sender has shown.
    pub certificate: Option<Arc<Shown>>,
}

impl FromRequest<Arc<Host>> for Message {
    type Rejection = StatusCode;

    async fn from_request(request: Request, _: &Arc<Host>) -> Result<Self, StatusCode> {
        let (parts, body) = request.into_parts();
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|info| &info.0);
        Ok(Self {
            method: Method::from_bytes(parts.method.as_str().as_bytes()),
            query: parts.uri.query().unwrap_or_default().into(),
            headers: parts.headers,
            body: read(body).await?.into(),
            address: peer.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.address.ip()),
            certificate: peer.and_then(|peer| peer.certificate.clone()),
        })
    }
}

async fn read(body: Body) -> Result<Bytes, StatusCode> {
    match tokio::time::timeout(BODY_TIME, to_bytes(body, BODY)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// The header fields as the core takes them, repetitions included.
pub fn fields(headers: &HeaderMap) -> Vec<Field<'_>> {
    headers.iter().map(|(name, value)| Field { name: name.as_str(), value: value.as_bytes() }).collect()
}

/// Sends a reply as it is, and logs how the request ended.
pub fn respond(endpoint: &'static str, reply: &Reply<'_>) -> Response<Body> {
    log(endpoint, reply);
    let mut response = Response::new(Body::from(reply.body.to_vec()));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for field in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(field.name), HeaderValue::try_from(field.value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Logs how a request ended. Neither a reason nor an event holds anything that a peer sent.
pub fn log(endpoint: &'static str, reply: &Reply<'_>) {
    let Reply { status, reason, event, .. } = reply;
    tracing::info!(
        endpoint,
        status,
        reason = reason.map(tracing::field::debug),
        event = event.map(tracing::field::debug)
    );
}

/// Adds the header fields that every response has, unless it says otherwise itself.
pub async fn guard(request: Request, next: Next) -> Response<Body> {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Lets applications in a browser call an endpoint, from any origin and without cookies.
pub async fn any_origin(request: Request, next: Next) -> Response<Body> {
    let preflight = request.method() == axum::http::Method::OPTIONS;
    let mut response = if preflight { Response::default() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if preflight {
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("authorization, content-type, dpop"),
        );
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    } else {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("www-authenticate, dpop-nonce"));
    }
    response
}

/// A router whose requests and replies are written to the journal: as they travel, so with the fields of [`guard`].
pub fn recorded(router: Router<Arc<Host>>, host: &Arc<Host>, actor: Actor) -> Router<Arc<Host>> {
    router.layer(from_fn(guard)).layer(from_fn_with_state((Arc::clone(host), actor), record))
}

/// Writes a request and its reply to the journal, if there is one.
async fn record(State((host, actor)): State<(Arc<Host>, Actor)>, request: Request, next: Next) -> Response<Body> {
    let Some(journal) = &host.journal else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
        Err(status) => return axum::response::IntoResponse::into_response(status),
    };
    let (method, target) = (parts.method.as_str(), parts.uri.to_string());
    journal.request(actor, method, &target, fields(&parts.headers).into_iter(), &body);
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (parts, body) = response.into_parts();
    // Our own replies are short; this never fails.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    journal.reply(actor, parts.status.as_u16(), fields(&parts.headers).into_iter(), &body);
    Response::from_parts(parts, Body::from(body))
}

/// What is said where a flow would want more than [`BUFFER`](symbolon::server::BUFFER), which none does.
pub fn out_of_buffer() -> Response<Body> {
    axum::response::IntoResponse::into_response(StatusCode::INTERNAL_SERVER_ERROR)
}
