//! A host on a free port, a browser, and the way through the pages.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use symbolon_host::browser::{Browser, Page};
use symbolon_host::config::Config;
use symbolon_host::users::USERS;
use symbolon_host::{Running, clients, start};
use symbolon_tests::fixture::{CHALLENGE, VERIFIER};

/// Where the native client wants to be sent.
pub const CALLBACK: &str = "http://127.0.0.1:9/callback";

/// A folder that goes with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("symbolon-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn store(&self) -> PathBuf {
        self.0.join("store.sqlite")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A person with a browser at one host.
pub struct Person {
    pub browser: Browser,
    pub root: String,
}

pub async fn host(store: &Path) -> Running {
    start(Config { store: Some(store.to_owned()), ..Config::default() }).await.unwrap()
}

pub fn person(running: &Running) -> Person {
    Person { browser: Browser::new().unwrap(), root: format!("http://{}", running.address) }
}

impl Person {
    /// The URL that the native client sends its user to.
    pub fn authorization(&self, more: &str) -> String {
        format!(
            "{}/authorize?response_type=code&client_id={}&redirect_uri={}&state=xyz&code_challenge={CHALLENGE}\
             &code_challenge_method=S256{more}",
            self.root,
            clients::NATIVE,
            "http%3A%2F%2F127.0.0.1%3A9%2Fcallback",
        )
    }

    /// To the first page of an interaction.
    pub async fn begin(&mut self) -> Page {
        let url = self.authorization("&scope=read+write");
        let sent = self.browser.get(&url).await.unwrap();
        assert_eq!(sent.status, 303, "{}", sent.body);
        self.browser.follow(&sent).await.unwrap()
    }

    pub async fn sign_in(&mut self, page: &Page) -> Page {
        let (username, password) = USERS[0];
        let filled = [("username", username), ("password", password)];
        let sent = self.browser.submit(page, "/interaction/sign-in", &filled).await.unwrap();
        assert_eq!(sent.status, 303, "{}", sent.body);
        self.browser.follow(&sent).await.unwrap()
    }

    pub async fn approve(&mut self, page: &Page) -> Page {
        let filled = [("scope", "read"), ("scope", "write"), ("decision", "approve")];
        self.browser.submit(page, "/interaction/consent", &filled).await.unwrap()
    }

    /// A code, through sign-in where it is asked for.
    pub async fn code(&mut self) -> String {
        let mut page = self.begin().await;
        if page.body.contains("name=\"password\"") {
            page = self.sign_in(&page).await;
        }
        let sent = self.approve(&page).await;
        assert_eq!(sent.status, 303, "{}", sent.body);
        assert!(sent.location().starts_with(CALLBACK), "{}", sent.location());
        sent.parameter("code")
    }

    pub async fn token(&mut self, form: &str) -> Page {
        let url = format!("{}/token", self.root);
        self.browser.post(&url, format!("client_id={}&{form}", clients::NATIVE)).await.unwrap()
    }

    pub async fn redeem(&mut self, code: &str) -> Page {
        self.token(&redemption(code)).await
    }

    pub async fn refresh(&mut self, token: &str) -> Page {
        self.token(&format!("grant_type=refresh_token&refresh_token={token}")).await
    }

    pub async fn revoke(&mut self, token: &str) -> Page {
        let url = format!("{}/revoke", self.root);
        self.browser.post(&url, format!("client_id={}&token={token}", clients::NATIVE)).await.unwrap()
    }

    pub async fn introspect(&mut self, token: &str) -> Page {
        let (id, secret) = clients::RESOURCE_SERVER;
        let response = reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .post(format!("{}/introspect", self.root))
            .basic_auth(id, Some(secret))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(format!("token={token}"))
            .send()
            .await
            .unwrap();
        Page {
            url: response.url().clone(),
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }
}

pub fn redemption(code: &str) -> String {
    let callback = "http%3A%2F%2F127.0.0.1%3A9%2Fcallback";
    format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}&redirect_uri={callback}")
}
