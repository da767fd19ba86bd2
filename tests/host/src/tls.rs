//! TLS in: the host ends it itself, and tells the core what certificate a client has shown (RFC 8705).
//!
//! A certificate is asked for and not demanded, since most clients have none. One of an unknown authority is let through:
//! which certificates a client may authenticate with is the core's to judge, and it is told whether the chain holds.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme};
use sha2::{Digest, Sha256};
use symbolon::wire::http::Certificate;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes that are done and wait to be served.
const WAITING: usize = 64;

/// Where the keys and certificates are, as PEM.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate of the server, with what leads from it to its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities that may name clients; without them `tls_client_auth` lets nobody in.
    pub client_authorities: Option<PathBuf>,
}

/// Whoever is at the other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where it is.
    pub address: SocketAddr,
    /// The certificate that it has shown.
    pub certificate: Option<Arc<Shown>>,
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self { address: *stream.remote_addr(), certificate: None }
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        stream.remote_addr().clone()
    }
}

/// What a client's certificate says. That the client holds its private key was proven by the handshake.
#[derive(Debug)]
pub struct Shown {
    thumbprint: [u8; 32],
    chain_verified: bool,
    subject: String,
    dns: String,
    uri: String,
    ip: String,
    email: String,
}

impl Shown {
    /// Reads a certificate; `None` for one that X.509 does not know.
    fn read(certificate: &[u8], chain_verified: bool) -> Option<Self> {
        let read = x509_cert::Certificate::from_der(certificate).ok()?;
        let content = read.tbs_certificate();
        let names = content.get_extension::<SubjectAltName>().ok()?.map_or(Vec::new(), |(_, names)| names.0);
        let words = |of: fn(&GeneralName) -> Option<String>| {
            let words: Vec<String> = names.iter().filter_map(of).filter(|word| !word.contains(' ')).collect();
            words.join(" ")
        };
        Some(Self {
            thumbprint: Sha256::digest(certificate).into(),
            chain_verified,
            subject: content.subject().to_string(),
            dns: words(|name| match name {
                GeneralName::DnsName(name) => Some(name.to_string()),
                _ => None,
            }),
            uri: words(|name| match name {
                GeneralName::UniformResourceIdentifier(uri) => Some(uri.to_string()),
                _ => None,
            }),
            ip: words(|name| match name {
                GeneralName::IpAddress(bytes) => address(bytes.as_bytes()).map(|address| address.to_string()),
                _ => None,
            }),
            email: words(|name| match name {
                GeneralName::Rfc822Name(name) => Some(name.to_string()),
                _ => None,
            }),
        })
    }

    /// The certificate as the core takes it.
    pub fn as_certificate(&self) -> Certificate<'_> {
        let Self { thumbprint, chain_verified, subject, dns, uri, ip, email } = self;
        Certificate { thumbprint: *thumbprint, chain_verified: *chain_verified, subject, dns, uri, ip, email }
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Listens for TLS. Handshakes run beside each other, so that a slow one holds up no other.
pub struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    authorities: Option<Arc<dyn ClientCertVerifier>>,
    done: mpsc::Receiver<(TlsStream<TcpStream>, Peer)>,
    hand_over: mpsc::Sender<(TlsStream<TcpStream>, Peer)>,
}

impl TlsListener {
    /// Ends TLS for what comes to `listener`.
    pub fn new(listener: TcpListener, files: &Files) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let provider = Arc::new(ring::default_provider());
        let chain = CertificateDer::pem_file_iter(&files.certificate)?.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(&files.key)?;
        let authorities = match &files.client_authorities {
            None => None,
            Some(path) => {
                let roots = Arc::new(roots(path)?);
                Some(WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider)).build()?)
            }
        };
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(AnyCertificate(provider)))
            .with_single_cert(chain, key)?;
        let (hand_over, done) = mpsc::channel(WAITING);
        Ok(Self { listener, acceptor: Arc::new(config).into(), authorities, done, hand_over })
    }

    fn begin(&self, stream: TcpStream, address: SocketAddr) {
        let (handshake, hand_over) = (self.acceptor.accept(stream), self.hand_over.clone());
        let authorities = self.authorities.clone();
        tokio::spawn(async move {
            let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, handshake).await else {
                tracing::debug!("a TLS handshake that came to nothing");
                return;
            };
            let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let certificate = match chain {
                [] => None,
                [own, between @ ..] => {
                    let verified =
                        |by: Arc<dyn ClientCertVerifier>| by.verify_client_cert(own, between, UnixTime::now()).is_ok();
                    let Some(shown) = Shown::read(own, authorities.is_some_and(verified)) else {
                        tracing::warn!("a client certificate that cannot be read");
                        return;
                    };
                    Some(Arc::new(shown))
                }
            };
            let _ = hand_over.send((stream, Peer { address, certificate })).await;
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = Peer;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                (stream, address) = Listener::accept(&mut self.listener) => self.begin(stream, address),
                // The channel stays open: `self` holds an end of it.
                Some(done) = self.done.recv() => return done,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(Peer { address: self.listener.local_addr()?, certificate: None })
    }
}

/// The authorities of a PEM file.
fn roots(path: &Path) -> Result<RootCertStore, Box<dyn Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    Ok(roots)
}

/// Takes any certificate whose private key the client holds.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No hint: a client may choose any certificate that it has.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};

    use super::*;

    #[test]
    fn a_certificate_says_whose_it_is() {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let mut name = DistinguishedName::new();
        name.push(DnType::OrganizationName, "Notes, Inc.");
        name.push(DnType::CommonName, "the client");
        params.distinguished_name = name;
        params.subject_alt_names = vec![
            SanType::DnsName("client.example".try_into().unwrap()),
            SanType::DnsName("two words.example".try_into().unwrap()),
            SanType::URI("https://client.example/".try_into().unwrap()),
            SanType::Rfc822Name("client@client.example".try_into().unwrap()),
            SanType::IpAddress("192.0.2.1".parse().unwrap()),
            SanType::IpAddress("2001:db8:0:0:0:0:0:1".parse().unwrap()),
        ];
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let shown = Shown::read(made.der(), false).unwrap();
        let certificate = shown.as_certificate();
        // RFC 4514 section 2.1: from the last to the first.
        assert_eq!(certificate.subject, "CN=the client,O=Notes\\, Inc.");
        assert_eq!(certificate.dns, "client.example");
        assert_eq!(certificate.uri, "https://client.example/");
        assert_eq!(certificate.email, "client@client.example");
        assert_eq!(certificate.ip, "192.0.2.1 2001:db8::1");
        assert_eq!(certificate.thumbprint, <[u8; 32]>::from(Sha256::digest(made.der())));
        assert!(!certificate.chain_verified);
        assert!(Shown::read(b"no certificate", true).is_none());
    }
}
