//! The endpoints that programs talk to. Each lends the request to its flow, drives it, and sends the reply as it is.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, header};
use axum::response::IntoResponse;
use symbolon::resource::{self, Judgement, Needs, ResourceRequest, Subject};
use symbolon::server::{BUFFER, UserinfoReply};
use symbolon::terms::Entropy;
use symbolon::wire::http::{Method, Request};

use crate::Host;
use crate::http::{Message, fields, respond};
use crate::journal::Actor;
use crate::tls::Shown;

macro_rules! endpoint {
    ($(#[$doc:meta])* $name:ident $(, $entropy:expr)?) => {
        $(#[$doc])*
        pub async fn $name(State(host): State<Arc<Host>>, mut message: Message) -> Response<Body> {
            let headers = fields(&message.headers);
            let request = Request {
                method: message.method,
                query: &mut message.query,
                headers: &headers,
                body: &mut message.body,
                certificate: message.certificate.as_deref().map(Shown::as_certificate),
            };
            let mut buffer = vec![0; BUFFER];
            match host.server.$name(request, crate::now(), $($entropy,)? &mut buffer) {
                Ok(step) => respond(stringify!($name), &host.driver(Actor::Server).drive(step).await),
                Err(_) => crate::http::out_of_buffer(),
            }
        }
    };
}

endpoint! {
    /// The token endpoint.
    token, Entropy::new(crate::random())
}
endpoint! {
    /// The endpoint for pushed authorization requests.
    push, Entropy::new(crate::random())
}
endpoint! {
    /// The revocation endpoint.
    revoke
}
endpoint! {
    /// The introspection endpoint.
    introspect
}

/// The userinfo endpoint. A user has a name here for whoever may know who they are, and nothing else.
pub async fn userinfo(State(host): State<Arc<Host>>, mut message: Message) -> Response<Body> {
    let headers = fields(&message.headers);
    let request = Request {
        method: message.method,
        query: &mut message.query,
        headers: &headers,
        body: &mut message.body,
        certificate: message.certificate.as_deref().map(Shown::as_certificate),
    };
    let mut buffer = vec![0; BUFFER];
    let Ok(step) = host.server.userinfo(request, crate::now(), &mut buffer) else {
        return crate::http::out_of_buffer();
    };
    match host.driver(Actor::Server).drive(step).await {
        UserinfoReply::Refused(reply) => respond("userinfo", &reply),
        UserinfoReply::User(user) => {
            let claims = serde_json::json!({ "preferred_username": user.subject });
            match user.claims(&claims.to_string()) {
                Ok(reply) => respond("userinfo", &reply),
                Err(_) => crate::http::out_of_buffer(),
            }
        }
    }
}

macro_rules! document {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub async fn $name(State(host): State<Arc<Host>>) -> Response<Body> {
            let mut buffer = vec![0; BUFFER];
            match host.server.$name(&mut buffer) {
                Ok(reply) => respond(stringify!($name), &reply),
                Err(_) => crate::http::out_of_buffer(),
            }
        }
    };
}

document! {
    /// The metadata document.
    metadata
}
document! {
    /// The public keys.
    jwks
}

/// The protected resource: notes, which `read` lets one read and `write` change.
pub async fn resource(State(host): State<Arc<Host>>, message: Message) -> Response<Body> {
    let scope = if message.method == Method::Get { "read" } else { "write" };
    let mut buffer = vec![0; resource::BUFFER];
    let headers = fields(&message.headers);
    // The URL is where this host knows itself to be, not where the request says that it went.
    let (url, method) = (host.resource.resource.as_str(), if message.method == Method::Get { "GET" } else { "POST" });
    let request = ResourceRequest {
        method,
        url,
        headers: &headers,
        certificate: message.certificate.as_deref().map(Shown::as_certificate),
    };
    let Ok(step) = host.resource.judge(request, Needs::scope(scope), crate::now(), &mut buffer) else {
        return crate::http::out_of_buffer();
    };
    match host.driver(Actor::Resource).drive(step).await {
        Judgement::Allow(claims) => {
            tracing::info!(endpoint = "resource", status = 200);
            let notes = serde_json::json!({ "notes_of": claims.subject().map(Subject::as_str), "notes": ["Buy a looking-glass."] });
            ([(header::CONTENT_TYPE, "application/json")], notes.to_string()).into_response()
        }
        Judgement::Deny(reply) => respond("resource", &reply),
    }
}
