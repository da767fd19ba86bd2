//! Further clients, from a file: a JSON array of client metadata (RFC 7591 section 2, with RFC 8705, 9126, 9396 and 9449).

use std::error::Error;
use std::path::Path;

use serde_json::Value;
use symbolon::record::{AuthenticationMethod, CertificateSubject, Client, ClientKeys, GrantTypes, SenderConstraint};
use symbolon::terms::redirect_uri::ApplicationType;
use symbolon::terms::secret;
use symbolon::wire::jose::Algorithm;

use crate::clients::put;
use crate::store::Store;

/// Registers the clients of a file. `resource` is what they may ask tokens for, unless they say otherwise in `resources`.
pub async fn register(store: &Store, path: &Path, resource: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let clients: Vec<Value> = serde_json::from_slice(&std::fs::read(path)?)?;
    for metadata in &clients {
        let words = Words::read(metadata, resource);
        let client = words.client(metadata)?;
        put(store, &client).await.map_err(|_| format!("the client {} cannot be registered", client.client_id))?;
    }
    Ok(())
}

/// The parts of a client that are not in the metadata as they stand.
struct Words {
    secret: Vec<u8>,
    jwks: String,
    redirect_uris: String,
    resources: String,
    authorization_details_types: String,
}

impl Words {
    fn read(metadata: &Value, resource: &str) -> Self {
        let words = |name: &str| {
            let words = metadata[name].as_array().into_iter().flatten().filter_map(Value::as_str);
            words.collect::<Vec<_>>().join(" ")
        };
        Self {
            secret: metadata["client_secret"].as_str().map_or(Vec::new(), |text| secret::hash(text).to_vec()),
            jwks: metadata.get("jwks").map_or(String::new(), Value::to_string),
            redirect_uris: words("redirect_uris"),
            resources: if metadata.get("resources").is_some() { words("resources") } else { resource.to_owned() },
            authorization_details_types: words("authorization_details_types"),
        }
    }

    fn client<'c>(&'c self, metadata: &'c Value) -> Result<Client<'c>, String> {
        let text = |name: &str| metadata[name].as_str().unwrap_or_default();
        let is = |name: &str| metadata[name] == true;
        let grants =
            |name: &str| metadata["grant_types"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
        let unknown = |name: &str| format!("{}: {name} is unknown: {}", text("client_id"), text(name));
        Ok(Client {
            client_id: text("client_id"),
            name: text("client_name"),
            application_type: match text("application_type") {
                "native" => ApplicationType::Native,
                _ => ApplicationType::Web,
            },
            authentication: match text("token_endpoint_auth_method") {
                "none" => AuthenticationMethod::None,
                "client_secret_basic" => AuthenticationMethod::ClientSecretBasic,
                "client_secret_post" => AuthenticationMethod::ClientSecretPost,
                "private_key_jwt" => AuthenticationMethod::PrivateKeyJwt,
                "tls_client_auth" => AuthenticationMethod::TlsClientAuth,
                "self_signed_tls_client_auth" => AuthenticationMethod::SelfSignedTlsClientAuth,
                _ => return Err(unknown("token_endpoint_auth_method")),
            },
            secrets: &self.secret,
            keys: match (text("jwks_uri"), self.jwks.as_str()) {
                ("", "") => ClientKeys::None,
                ("", jwks) => ClientKeys::Jwks(jwks),
                (uri, _) => ClientKeys::JwksUri(uri),
            },
            signing_algorithm: match text("token_endpoint_auth_signing_alg") {
                "" => None,
                "ES256" => Some(Algorithm::Es256),
                "EdDSA" | "Ed25519" => Some(Algorithm::EdDsa),
                "PS256" => Some(Algorithm::Ps256),
                "RS256" => Some(Algorithm::Rs256),
                _ => return Err(unknown("token_endpoint_auth_signing_alg")),
            },
            certificate: certificate(metadata),
            sender_constraint: if is("dpop_bound_access_tokens") || is("tls_client_certificate_bound_access_tokens") {
                SenderConstraint::Required
            } else {
                SenderConstraint::AsPresented
            },
            pushed_requests_only: is("require_pushed_authorization_requests"),
            redirect_uris: &self.redirect_uris,
            grant_types: GrantTypes {
                authorization_code: grants("authorization_code"),
                refresh_token: grants("refresh_token"),
                client_credentials: grants("client_credentials"),
            },
            scope: text("scope"),
            default_scope: text("scope"),
            resources: &self.resources,
            authorization_details_types: &self.authorization_details_types,
            serves: "",
            disabled: false,
        })
    }
}

fn certificate<'c>(metadata: &'c Value) -> CertificateSubject<'c> {
    type Kind<'c> = fn(&'c str) -> CertificateSubject<'c>;
    let kinds: [(&str, Kind<'c>); 5] = [
        ("tls_client_auth_subject_dn", CertificateSubject::Dn),
        ("tls_client_auth_san_dns", CertificateSubject::Dns),
        ("tls_client_auth_san_uri", CertificateSubject::Uri),
        ("tls_client_auth_san_ip", CertificateSubject::Ip),
        ("tls_client_auth_san_email", CertificateSubject::Email),
    ];
    let mut named = kinds.iter().filter_map(|(name, kind)| metadata[*name].as_str().map(kind));
    named.next().unwrap_or(CertificateSubject::None)
}
