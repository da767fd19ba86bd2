//! HTTP out: the answer to `Send`.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use symbolon::step::{Exchange, Unavailable};
use symbolon::wire::http::{Field, Response};

/// Two clients, of which one reaches any address and one public addresses alone; and the same showing a certificate, if there
/// is one to show.
pub struct Http {
    without: [reqwest::Client; 2],
    showing: [reqwest::Client; 2],
}

/// Whom to trust, and as whom to connect.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Authorities besides the system's, as PEM.
    pub authorities: Option<PathBuf>,
    /// The client's certificate and its private key, one after the other, as PEM.
    pub certificate: Option<PathBuf>,
    /// Names whose address is known, and taken for a public one: so that a test can be somebody on the internet.
    pub resolve: Vec<(String, SocketAddr)>,
}

impl Trust {
    /// A client that follows no redirects.
    pub(crate) fn builder(&self) -> Result<reqwest::ClientBuilder, Box<dyn Error + Send + Sync>> {
        // Fails if the process has chosen its provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A proxy would connect in our place, and so void the check of the address.
        let mut builder = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy();
        if let Some(path) = &self.authorities {
            builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(&std::fs::read(path)?)?);
        }
        if let Some(path) = &self.certificate {
            builder = builder.identity(reqwest::Identity::from_pem(&std::fs::read(path)?)?);
        }
        for (name, address) in &self.resolve {
            builder = builder.resolve(name, *address);
        }
        Ok(builder)
    }
}

/// A response that was read to its end.
pub struct Received {
    /// The status.
    pub status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Received {
    /// Lends the response as a flow takes it.
    pub fn lend<T>(&mut self, then: impl FnOnce(Response<'_>) -> T) -> T {
        let headers: Vec<Field<'_>> = self.headers.iter().map(|(name, value)| Field { name, value }).collect();
        then(Response { status: self.status, headers: &headers, body: &mut self.body })
    }
}

impl Http {
    /// Sets both clients up.
    pub fn new(trust: &Trust) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let both = |trust: &Trust| -> Result<_, Box<dyn Error + Send + Sync>> {
            Ok([trust.builder()?.build()?, trust.builder()?.dns_resolver(PublicOnly).build()?])
        };
        Ok(Self { without: both(&Trust { certificate: None, ..trust.clone() })?, showing: both(trust)? })
    }

    /// Makes one exchange, within its policy.
    pub async fn send(&self, exchange: &Exchange<'_>) -> Result<Received, Unavailable> {
        let timeout = Duration::from_secs(exchange.policy.timeout.into());
        match tokio::time::timeout(timeout, self.exchange(exchange)).await {
            Ok(Some(received)) => Ok(received),
            Ok(None) | Err(_) => Err(Unavailable),
        }
    }

    /// Asks a protected resource, as an application does that has an access token: the status and the body, or the
    /// challenge where there is one.
    pub async fn bearer(&self, url: &str, access_token: &str) -> reqwest::Result<(u16, String)> {
        let response = self.without[0].get(url).bearer_auth(access_token).send().await?;
        let status = response.status().as_u16();
        match response.headers().get("WWW-Authenticate") {
            Some(challenge) => Ok((status, String::from_utf8_lossy(challenge.as_bytes()).into_owned())),
            None => Ok((status, response.text().await?)),
        }
    }

    async fn exchange(&self, exchange: &Exchange<'_>) -> Option<Received> {
        let policy = exchange.policy;
        let url = reqwest::Url::parse(exchange.url).ok()?;
        if !(url.scheme() == "https" || policy.plain_http && url.scheme() == "http") {
            return None;
        }
        // An address literal is never resolved, so the resolver cannot refuse it.
        let literal = url.host_str()?.trim_matches(['[', ']']).parse::<IpAddr>();
        if policy.public_addresses_only && literal.is_ok_and(|address| !is_public(address)) {
            return None;
        }
        let [any, public] = if policy.client_certificate { &self.showing } else { &self.without };
        let client = if policy.public_addresses_only { public } else { any };
        let method = reqwest::Method::from_bytes(exchange.method.as_str().as_bytes()).ok()?;
        let mut request = client.request(method, url);
        for field in &exchange.headers {
            request = request.header(field.name, field.value);
        }
        let mut response = request.body(exchange.body.to_vec()).send().await.ok()?;
        let status = response.status().as_u16();
        let headers =
            response.headers().iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.ok()? {
            if body.len().saturating_add(chunk.len()) > policy.body_cap {
                return None;
            }
            body.extend_from_slice(&chunk);
        }
        Some(Received { status, headers, body })
    }
}

/// Resolves names to public addresses alone. The connection goes to what was checked, not to a second resolution.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet (RFC 6890 and the IANA registries that it began).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(a == 0
                || a == 10
                || a == 127
                || a >= 224
                || (a == 100 && (64..128).contains(&b))
                || (a == 169 && b == 254)
                || (a == 172 && (16..32).contains(&b))
                || (a == 192 && b == 168)
                || (a == 192 && b == 0 && (c == 0 || c == 2))
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && (b == 18 || b == 19))
                || (a == 198 && b == 51 && c == 100)
                || (a == 203 && b == 0 && c == 113))
        }
        IpAddr::V6(v6) => {
            if let Some(mapped) = v6.to_ipv4_mapped() {
                return is_public(mapped.into());
            }
            let [a, b, ..] = v6.segments();
            // Global unicast is 2000::/3; taken out are 2001::/23 and 2001:db8::/32, 2002::/16 (6to4) and 3fff::/20.
            (0x2000..0x4000).contains(&a)
                && !(a == 0x2001 && (b < 0x200 || b == 0xdb8))
                && a != 0x2002
                && !(a == 0x3fff && b < 0x1000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_public_or_it_is_not() {
        for text in ["1.1.1.1", "100.63.0.1", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "2001:4860::8888"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "fc00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }
}
