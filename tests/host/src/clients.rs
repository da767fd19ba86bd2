//! The registered clients of the demonstration, and the words for what they may ask.

use symbolon::record::{
    AuthenticationMethod, CertificateSubject, Client, ClientKeys, GrantTypes, Key, Kind, SenderConstraint,
};
use symbolon::step::{Committed, Labels, Unavailable, Write};
use symbolon::terms::redirect_uri::ApplicationType;
use symbolon::terms::{Time, secret};

use crate::store::Store;

/// The scope tokens that the server knows.
pub const SCOPES: &str = "openid read write";
/// The types of authorization details that the server knows (RFC 9396).
pub const DETAIL_TYPES: &str = "note";
/// A public client: a native or browser application on this machine.
pub const NATIVE: &str = "native";
/// A confidential client that authenticates by Basic.
pub const WEB: (&str, &str) = ("web", "web-secret-f3pTq0nVb7Kx2LmZ");
/// A confidential client that authenticates in the body.
pub const WEB_POST: (&str, &str) = ("web-post", "web-post-secret-9RdYc4HsWj6G");
/// The protected resource, which introspects tokens.
pub const RESOURCE_SERVER: (&str, &str) = ("resource-server", "resource-secret-Ub8eXk1QzN5v");

/// What a scope token lets a client do, in words for a person.
pub fn scope_text(token: &str) -> &str {
    match token {
        "openid" => "Know who you are",
        "read" => "Read your notes",
        "write" => "Add and change your notes",
        other => other,
    }
}

/// Registers the clients, or brings their rows up to date if the address has changed since.
pub async fn register(store: &Store, resource: &str) -> Result<(), Unavailable> {
    let secrets = [WEB, WEB_POST, RESOURCE_SERVER].map(|(_, text)| secret::hash(text));
    let native = Client {
        client_id: NATIVE,
        name: "Notes on this computer",
        application_type: ApplicationType::Native,
        authentication: AuthenticationMethod::None,
        secrets: &[],
        keys: ClientKeys::None,
        signing_algorithm: None,
        certificate: CertificateSubject::None,
        sender_constraint: SenderConstraint::AsPresented,
        pushed_requests_only: false,
        // The port is not compared (RFC 8252 section 7.3).
        redirect_uris: "http://127.0.0.1/demo/callback http://127.0.0.1/callback http://127.0.0.1/cb http://[::1]/callback",
        grant_types: GrantTypes::SIGN_IN,
        scope: SCOPES,
        default_scope: "read",
        resources: resource,
        authorization_details_types: DETAIL_TYPES,
        serves: "",
        disabled: false,
    };
    let web = Client {
        client_id: WEB.0,
        name: "Notes on the web",
        authentication: AuthenticationMethod::ClientSecretBasic,
        secrets: &secrets[0],
        redirect_uris: "http://127.0.0.1/callback http://127.0.0.1/cb https://notes.example/callback",
        ..native
    };
    let post = Client {
        client_id: WEB_POST.0,
        authentication: AuthenticationMethod::ClientSecretPost,
        secrets: &secrets[1],
        ..web
    };
    let resource_server = Client {
        client_id: RESOURCE_SERVER.0,
        name: "The notes themselves",
        secrets: &secrets[2],
        redirect_uris: "",
        grant_types: GrantTypes::NONE,
        scope: "",
        default_scope: "",
        resources: "",
        serves: resource,
        ..web
    };
    for client in [native, web, post, resource_server] {
        put(store, &client).await?;
    }
    Ok(())
}

/// Writes the row of a client, unless it is there as it should be.
pub async fn put(store: &Store, client: &Client<'_>) -> Result<(), Unavailable> {
    let mut row = [0; symbolon::record::CLIENT_ROW];
    let value = match client.register(&mut row) {
        Ok(len) => &row[..len],
        Err(reason) => {
            tracing::error!(client_id = client.client_id, ?reason, "not a client that may be registered");
            return Err(Unavailable);
        }
    };
    let key = Key::client(client.client_id);
    let labels = Labels { kind: Kind::Client, client_id: Some(client.client_id), subject: None };
    loop {
        let stored = store.load(key).await?;
        if stored.as_ref().is_some_and(|stored| stored.row().value == value) {
            return Ok(());
        }
        let expected = stored.map(|stored| stored.row().version);
        let write = Write { key, expected, value: Some(value), expires_at: Time(u64::MAX), labels };
        if store.commit(&write).await? == Committed::Yes {
            return Ok(());
        }
    }
}
