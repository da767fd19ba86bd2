//! The program: its memory, its configurations, its rows, and what it has heard.

use std::collections::BTreeMap;
use std::mem::zeroed;
use std::ptr;

use symbolon_abi::flow::Flow;
use symbolon_abi::types::{CredentialKey, Metadata, Status, Text};
use symbolon_abi::view::View;
use symbolon_abi::{ABI, client, registration, resource, server};

use crate::fixture::{C1_SECRET, ISSUER, KEY, RESOURCE, RS1_SECRET};

/// The metadata of the server.
pub const DOCUMENT: &str = r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize",
    "token_endpoint":"https://as.example/token","revocation_endpoint":"https://as.example/revoke",
    "response_types_supported":["code"],"code_challenge_methods_supported":["S256"]}"#;

/// Memory of the program's, lent at its exact size.
pub struct Lent(pub *mut [u8]);

impl Lent {
    /// A copy of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Box::into_raw(bytes.into()))
    }

    /// Where it is.
    pub fn at(&self) -> *mut u8 {
        self.0.cast()
    }

    /// As a text.
    pub fn text(&self) -> Text {
        Text { ptr: self.at(), len: self.0.len() }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // SAFETY: `new` has made it of a box.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// What a running flow was lent, and its storage.
pub struct Slot {
    /// The storage.
    pub flow: Box<Flow>,
    /// What it was lent.
    pub lent: Vec<Lent>,
}

impl Slot {
    /// Storage with no flow in it.
    pub fn new() -> Self {
        Self { flow: Box::new(Flow::EMPTY), lent: Vec::new() }
    }

    /// Lends a copy of these bytes.
    pub fn lend(&mut self, bytes: &[u8]) -> &Lent {
        self.lent.push(Lent::new(bytes));
        &self.lent[self.lent.len() - 1]
    }

    /// The step.
    pub fn view(&self) -> &View {
        // SAFETY: the storage is there; what it holds has said so itself.
        unsafe { Flow::view(&raw const *self.flow) }
    }
}

/// A host that stores rows, and remembers what it has handed out.
pub struct Host<'p> {
    pub(super) program: std::slice::Iter<'p, u8>,
    pub(super) server: Box<server::Server>,
    pub(super) client: Box<client::Client>,
    pub(super) metadata: Box<Metadata>,
    pub(super) resource: Box<resource::ResourceServer>,
    /// What the configurations point to.
    pub(super) texts: Vec<Lent>,
    pub(super) rows: BTreeMap<[u8; 32], (u64, Vec<u8>)>,
    pub(super) said: BTreeMap<&'static str, String>,
    pub(super) session: [u8; 32],
}

impl Host<'_> {
    /// The next choice.
    pub(super) fn byte(&mut self) -> u8 {
        self.program.next().copied().unwrap_or(0)
    }

    /// Whether the program does here what it should not.
    pub(super) fn errs(&mut self) -> bool {
        self.byte() > 220
    }

    fn text(&mut self, text: &str) -> Text {
        self.texts.push(Lent::new(text.as_bytes()));
        self.texts[self.texts.len() - 1].text()
    }

    /// The bytes, or others.
    pub(super) fn perhaps(&mut self, text: &[u8]) -> Vec<u8> {
        let mut bytes = text.to_vec();
        match self.byte() {
            0..=200 => {}
            201..=240 => {
                let at = usize::from(self.byte()) * bytes.len() / 256;
                let by = self.byte();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= by;
                }
            }
            241..=250 => bytes.truncate(usize::from(self.byte()) * bytes.len() / 256),
            _ => bytes = self.program.by_ref().copied().collect(),
        }
        bytes
    }

    /// A host without a program.
    pub(super) fn new() -> Self {
        // SAFETY: a configuration that is all zero is one that was never initialized.
        let (server, client, metadata, resource) = unsafe { (zeroed(), zeroed(), zeroed(), zeroed()) };
        let mut host = Host {
            program: [].iter(),
            server: Box::new(server),
            client: Box::new(client),
            metadata: Box::new(metadata),
            resource: Box::new(resource),
            texts: Vec::new(),
            rows: BTreeMap::new(),
            said: BTreeMap::new(),
            session: [0; 32],
        };
        host.configure();
        host
    }

    fn configure(&mut self) {
        let key = CredentialKey { id: 1, secret: KEY };
        let issuer = self.text(ISSUER);
        // SAFETY: all members may be zero: numbers, and pointers that are absent.
        let (mut of, mut registration): (server::Config, registration::Registration) = unsafe { (zeroed(), zeroed()) };
        of.abi = ABI;
        of.issuer = issuer;
        of.authorization_endpoint = self.text("https://as.example/authorize");
        of.token_endpoint = self.text("https://as.example/token");
        of.revocation_endpoint = self.text("https://as.example/revoke");
        of.introspection_endpoint = self.text("https://as.example/introspect");
        of.scopes_supported = self.text("read write");
        (of.keys, of.keys_len) = (&raw const key, 1);
        let why = ptr::null_mut();
        // SAFETY: all of it is there.
        ok(unsafe { server::symbolon_server_init(&raw mut *self.server, &raw const of, why) });

        // SAFETY: as above.
        let (mut of, mut resource): (client::Config, resource::Config) = unsafe { (zeroed(), zeroed()) };
        (of.abi, of.authentication, of.binding, of.mix_up_defense, of.issuer) = (ABI, 2, 1, 3, issuer);
        of.client_id = self.text("c1");
        of.client_secret = self.text(C1_SECRET);
        of.redirect_uri = self.text("https://client.example/cb");
        of.scope = self.text("read");
        of.resources = self.text(RESOURCE);
        (resource.abi, resource.issuer, resource.resource) = (ABI, issuer, of.resources);
        (resource.access_tokens, resource.accepts_bearer, resource.accepts_dpop) = (1, 1, 1);
        resource.introspection_endpoint = self.text("https://as.example/introspect");
        resource.client_id = self.text("rs1");
        resource.client_secret = self.text(RS1_SECRET);
        resource.realm = self.text("rs");
        let document = self.text(DOCUMENT);
        // SAFETY: as above.
        unsafe {
            ok(client::symbolon_client_init(&raw mut *self.client, &raw const of, why));
            ok(resource::symbolon_resource_init(&raw mut *self.resource, &raw const resource, why));
            let (metadata, client) = (&raw mut *self.metadata, &raw const *self.client);
            ok(client::symbolon_metadata_read(metadata, client, document.ptr.cast_mut(), document.len, why));
        }

        (registration.abi, registration.application_type, registration.authentication) = (ABI, 1, 2);
        (registration.authorization_code, registration.refresh_token) = (1, 1);
        registration.redirect_uris = of.redirect_uri;
        registration.scope = self.text("read write");
        registration.resources = of.resources;
        for (id, secret, serves) in
            [(of.client_id, of.client_secret, Text::NONE), (resource.client_id, resource.client_secret, of.resources)]
        {
            (registration.client_id, registration.secret, registration.serves) = (id, secret, serves);
            let (mut key, mut row, mut written) = ([0; 32], vec![0; registration::symbolon_client_row_size()], 0);
            // SAFETY: as above.
            ok(unsafe {
                let registration = &raw const registration;
                registration::symbolon_register(
                    registration,
                    &raw mut key,
                    row.as_mut_ptr(),
                    row.len(),
                    &raw mut written,
                    why,
                )
            });
            row.truncate(written);
            self.rows.insert(key, (1, row));
        }
    }
}

/// Of a call that nothing is wrong with.
pub fn ok(status: i32) {
    assert_eq!(status, Status::Ok as i32);
}
