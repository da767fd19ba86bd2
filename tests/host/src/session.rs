//! The cookies: which browser this is, and who is signed in.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use symbolon::terms::Time;

/// How long a sign-in lasts, in seconds.
const LIFETIME: u64 = 8 * 3600;
/// Sign-ins at one time; the oldest go first.
const SESSIONS: usize = 10_000;

/// Who is signed in.
#[derive(Clone)]
pub struct Session {
    /// The user.
    pub subject: &'static str,
    /// When the user signed in.
    pub at: Time,
    /// The interaction in which they did.
    pub handle: String,
}

/// What is kept of a sign-in.
struct Held {
    session: Session,
    /// What the user has approved since.
    approved: HashSet<String>,
}

/// The sign-ins, in memory: a restart signs everybody out, and ends no grant.
pub struct Sessions {
    by_id: Mutex<HashMap<String, Held>>,
    csrf: Hmac<Sha256>,
    secure: bool,
}

/// What the cookies of a request say.
pub struct Cookies {
    /// The same, as the demonstration's client tells browsers apart: it is a party of its own, with its own cookie.
    pub application: Option<String>,
    /// The value that tells this browser from others, if it has one.
    pub browser: Option<String>,
    session: Option<String>,
}

impl Sessions {
    /// `secure` says whether the host is reached by https.
    pub fn new(secure: bool) -> Self {
        let csrf = Hmac::new(&crate::random::<64>().into());
        Self { by_id: Mutex::default(), csrf, secure }
    }

    /// Browsers take `__Host-` and `Secure` from https alone; some make an exception for loopback, Safari and many HTTP
    /// clients make none, so on plain http, which is loopback alone, both are left out.
    fn name(&self, name: &str) -> String {
        if self.secure { format!("__Host-symbolon-{name}") } else { format!("symbolon-{name}") }
    }

    fn set(&self, name: &str, value: &str, max_age: Option<u64>) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        let max_age = max_age.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{max_age}", self.name(name))
    }

    /// Reads the cookies.
    pub fn read(&self, headers: &HeaderMap) -> Cookies {
        let cookie = |name: &str| {
            let name = self.name(name);
            let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
            let mut found = all
                .flat_map(|value| value.split(';'))
                .filter_map(|pair| pair.trim().split_once('='))
                .filter(|(known, _)| *known == name);
            match (found.next(), found.next()) {
                (Some((_, value)), None) if value.len() == 43 => Some(value.to_owned()),
                // Two of one name: somebody else put one of them there.
                _ => None,
            }
        };
        Cookies { browser: cookie("browser"), session: cookie("session"), application: cookie("application") }
    }

    /// A value for a browser that has none, and the cookie that sets it.
    pub fn new_browser(&self, name: &str) -> (String, String) {
        let value = Base64UrlUnpadded::encode_string(&crate::random::<32>());
        let cookie = self.set(name, &value, None);
        (value, cookie)
    }

    /// Who is signed in.
    pub fn session(&self, cookies: &Cookies, now: Time) -> Option<Session> {
        let id = cookies.session.as_ref()?;
        let session = self.by_id().get(id)?.session.clone();
        (now.since(session.at) < LIFETIME).then_some(session)
    }

    /// Signs a user in, under a new id, so that an id that somebody planted before is worth nothing.
    pub fn sign_in(&self, cookies: &Cookies, subject: &'static str, handle: &str, now: Time) -> String {
        let id = Base64UrlUnpadded::encode_string(&crate::random::<32>());
        let mut by_id = self.by_id();
        if let Some(old) = &cookies.session {
            by_id.remove(old);
        }
        if by_id.len() >= SESSIONS {
            by_id.retain(|_, held| now.since(held.session.at) < LIFETIME);
        }
        if by_id.len() >= SESSIONS
            && let Some(oldest) = by_id.iter().min_by_key(|(_, held)| held.session.at).map(|(id, _)| id.clone())
        {
            by_id.remove(&oldest);
        }
        let session = Session { subject, at: now, handle: handle.to_owned() };
        by_id.insert(id.clone(), Held { session, approved: HashSet::new() });
        self.set("session", &id, Some(LIFETIME))
    }

    /// Remembers what the user has approved, until they sign out.
    pub fn approve(&self, cookies: &Cookies, what: String) {
        if let Some(id) = &cookies.session
            && let Some(held) = self.by_id().get_mut(id)
        {
            held.approved.insert(what);
        }
    }

    /// Whether the user has approved this before.
    pub fn has_approved(&self, cookies: &Cookies, what: &str) -> bool {
        cookies.session.as_ref().is_some_and(|id| self.by_id().get(id).is_some_and(|held| held.approved.contains(what)))
    }

    /// Signs the user out; the cookie that says so.
    pub fn sign_out(&self, cookies: &Cookies) -> String {
        if let Some(id) = &cookies.session {
            self.by_id().remove(id);
        }
        self.set("session", "", Some(0))
    }

    /// The CSRF token of this browser's forms: bound to its cookies, so nothing is kept for it.
    pub fn csrf(&self, cookies: &Cookies) -> String {
        self.csrf_of(&bound(cookies))
    }

    /// Whether `token` is this browser's.
    pub fn csrf_holds(&self, cookies: &Cookies, token: &str) -> bool {
        cookies.browser.is_some() && self.csrf_of_holds(&bound(cookies), token)
    }

    /// The CSRF token that is bound to a value.
    pub fn csrf_of(&self, bound: &str) -> String {
        Base64UrlUnpadded::encode_string(&self.csrf.clone().chain_update(bound.as_bytes()).finalize().into_bytes())
    }

    /// Whether `token` is the one that is bound to a value.
    pub fn csrf_of_holds(&self, bound: &str, token: &str) -> bool {
        let token = Base64UrlUnpadded::decode_vec(token).unwrap_or_default();
        self.csrf.clone().chain_update(bound.as_bytes()).verify_slice(&token).is_ok()
    }

    fn by_id(&self) -> std::sync::MutexGuard<'_, HashMap<String, Held>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the CSRF token of the server's pages is bound to.
fn bound(cookies: &Cookies) -> String {
    let part = |value: &Option<String>| value.clone().unwrap_or_default();
    format!("{}.{}", part(&cookies.browser), part(&cookies.session))
}
