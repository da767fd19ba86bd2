//! The users of the demonstration, and how one proves to be one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Argon2, password_hash};
use symbolon::terms::Time;
use tokio::sync::Semaphore;

/// The users and their passwords, which the demonstration prints.
pub const USERS: [(&str, &str); 2] = [("alice", "rabbit-hole-1865"), ("bob", "can-we-fix-it-1999")];

/// Failures in a row from one address for one name, after which to wait.
const FAILURES: u32 = 5;
/// How long to wait then, in seconds.
const WAIT: u64 = 30;
/// Names and addresses watched at one time.
const WATCHED: usize = 4096;
/// Passwords hashed at one time: 19 MiB each.
const HASHING: usize = 2;
/// The longest password that is looked at.
const PASSWORD: usize = 256;

/// How a sign-in ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// This user.
    User(&'static str),
    /// Wrong name or password; it is not said which.
    Wrong,
    /// Too many failures; try later.
    Later,
}

/// The users.
pub struct Users {
    hashes: Vec<(&'static str, String)>,
    /// Verified where no user has the name, so that both cases take the same time.
    nobody: String,
    failures: Mutex<HashMap<(String, IpAddr), (u32, Time)>>,
    hashing: Arc<Semaphore>,
}

impl Users {
    /// Hashes the passwords.
    pub fn new() -> password_hash::Result<Self> {
        let hash = |password: &str| Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string());
        let hashes = USERS.into_iter().map(|(name, password)| Ok((name, hash(password)?)));
        Ok(Self {
            hashes: hashes.collect::<password_hash::Result<_>>()?,
            nobody: hash("nobody")?,
            failures: Mutex::default(),
            hashing: Arc::new(Semaphore::new(HASHING)),
        })
    }

    /// Checks a name and a password that came from `address`.
    pub async fn sign_in(&self, name: &str, password: &str, address: IpAddr, now: Time) -> SignIn {
        let who = (name.chars().take(64).collect::<String>(), address);
        if !self.may_try(&who, now) {
            return SignIn::Later;
        }
        let found = self.hashes.iter().find(|(known, _)| *known == name);
        let hash = found.map_or(&self.nobody, |(_, hash)| hash).clone();
        let password: String = password.chars().take(PASSWORD).collect();
        let Ok(permit) = Arc::clone(&self.hashing).acquire_owned().await else { return SignIn::Later };
        let verified = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let hash = PasswordHash::new(&hash).ok()?;
            Argon2::default().verify_password(password.as_bytes(), &hash).ok()
        });
        let verified = matches!(verified.await, Ok(Some(())));
        match found {
            Some((name, _)) if verified => {
                self.failures().remove(&who);
                SignIn::User(name)
            }
            _ => SignIn::Wrong,
        }
    }

    /// Counts an attempt before it is made, so that attempts at the same time count too.
    fn may_try(&self, who: &(String, IpAddr), now: Time) -> bool {
        let mut failures = self.failures();
        failures.retain(|_, (_, until)| !now.reached(*until));
        if failures.len() >= WATCHED && !failures.contains_key(who) {
            return false;
        }
        let (count, until) = failures.entry(who.clone()).or_insert((0, now));
        if *count >= FAILURES {
            return false;
        }
        *count += 1;
        *until = now.after(WAIT);
        true
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, HashMap<(String, IpAddr), (u32, Time)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn five_failures_in_a_row_make_one_wait() {
        let users = Users::new().unwrap();
        let address = IpAddr::from([127, 0, 0, 1]);
        let (alice, password) = USERS[0];
        for name in [alice, "nobody"] {
            for _ in 0..FAILURES {
                assert_eq!(users.sign_in(name, "wrong", address, Time(100)).await, SignIn::Wrong);
            }
            assert_eq!(users.sign_in(name, password, address, Time(100)).await, SignIn::Later);
        }
        let elsewhere = IpAddr::from([127, 0, 0, 2]);
        assert_eq!(users.sign_in(alice, password, elsewhere, Time(100)).await, SignIn::User(alice));
        assert_eq!(users.sign_in(alice, password, address, Time(100 + WAIT)).await, SignIn::User(alice));
        assert_eq!(users.sign_in("nobody", "nobody", address, Time(100 + WAIT)).await, SignIn::Wrong);
    }
}
