//! The host over TLS that it ends itself: nothing between it and its clients reads or changes what they say.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Folder, Person};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use symbolon_host::browser::Browser;
use symbolon_host::config::Config;
use symbolon_host::send::Trust;
use symbolon_host::tls::Files;
use symbolon_host::{Running, start};

/// An authority of the test's own, and the files that it has made.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: PathBuf,
}

impl Authority {
    fn new(folder: &Path) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        fs::write(folder.join("authority.pem"), certificate.pem()).unwrap();
        Self { issuer: Issuer::new(params, key), folder: folder.to_owned() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A certificate for the names, and its key, in files of this name.
    fn certify(&self, name: &str, names: &[&str]) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        fs::write(self.path(&format!("{name}.pem")), certificate.pem()).unwrap();
        fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    fn trust(&self) -> Trust {
        Trust { authorities: Some(self.path("authority.pem")), ..Trust::default() }
    }
}

async fn host_over_tls(folder: &Folder, authority: &Authority) -> Running {
    authority.certify("server", &["127.0.0.1"]);
    let tls = Files {
        certificate: authority.path("server.pem"),
        key: authority.path("server.key"),
        client_authorities: Some(authority.path("authority.pem")),
    };
    let config = Config { store: Some(folder.store()), tls: Some(tls), trust: authority.trust(), ..Config::default() };
    start(config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flow_over_tls() {
    let folder = Folder::new();
    let authority = Authority::new(folder.path());
    let running = host_over_tls(&folder, &authority).await;
    let root = format!("https://{}", running.address);
    assert_eq!(running.host.issuer(), root);
    let mut person = Person { browser: Browser::trusting(&authority.trust()).unwrap(), root: root.clone() };
    let code = person.code().await;
    // RFC 6265bis section 4.1.3.2: no other host and no plain http can set these.
    for name in ["browser", "session"] {
        assert!(person.browser.cookie(&format!("__Host-symbolon-{name}")).is_some(), "{name}");
    }
    let token = person.redeem(&code).await.member("access_token");
    // The resource asks the introspection endpoint, over TLS too.
    let answer = running.host.http.bearer(&format!("{root}/resource"), &token).await.unwrap();
    assert_eq!(answer.0, 200, "{}", answer.1);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_served_who_speaks_no_tls_or_trusts_another() {
    let folder = Folder::new();
    let authority = Authority::new(folder.path());
    let running = host_over_tls(&folder, &authority).await;
    let metadata = "/.well-known/oauth-authorization-server";
    let mut plain = Browser::new().unwrap();
    plain.get(&format!("http://{}{metadata}", running.address)).await.err().expect("no reply");
    plain.get(&format!("https://{}{metadata}", running.address)).await.err().expect("an unknown authority");
    // A connection that says nothing holds up no other.
    let _silent = tokio::net::TcpStream::connect(running.address).await.unwrap();
    let mut trusting = Browser::trusting(&authority.trust()).unwrap();
    let page = trusting.get(&format!("https://{}{metadata}", running.address)).await.unwrap();
    assert_eq!(page.status, 200);
    running.stop().await.unwrap();
}
