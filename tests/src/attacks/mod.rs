//! Attacks on the core: each is one known flaw of OAuth software, tried against the real flows.
//!
//! A row says what was wrong elsewhere; its check does the same here and tells what happened. Nothing that is printed as an
//! outcome is written down beforehand: it is read from the reply and from the store.

mod ca;
mod ca_client;
mod ca_grant;
mod catalogue;
mod cimd;
mod client;
mod consent;
mod cr;
mod cs;
mod dp;
mod dp_flow;
mod el;
mod endpoint;
mod exhaust;
mod form;
mod jw;
mod jw_client;
mod jw_form;
mod md;
mod mx;
mod not_here;
mod oidc;
pub mod outcome;
mod par;
mod pd;
mod peer;
mod pk;
mod race;
mod resource;
mod rs_flow;
mod rt;
mod ru;
mod ru_flow;
mod secrets;
mod signed;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use symbolon::record::{Client, Key, Record};
use symbolon::step::{self, Committed, Verdict};
use symbolon::terms::issuer::Issuer;
use symbolon::terms::secret;
use symbolon::wire::http::Method;

use crate::fixture::{self, Answer, Bench, Message};
use crate::keys;
use crate::requirements;
use crate::store::MemoryStore;
pub use form::Form;
pub use not_here::{NOT_HERE, Why};
pub use outcome::Checked;

/// One attack.
pub struct Row {
    /// The topic and a number.
    pub id: &'static str,
    /// What was wrong elsewhere.
    pub flaw: &'static str,
    /// Where it was seen, or which section warns of it.
    pub source: &'static str,
    /// Tries it: what happened, or in what it succeeded.
    pub check: fn(&Ground) -> Checked,
}

const fn row(id: &'static str, flaw: &'static str, source: &'static str, check: fn(&Ground) -> Checked) -> Row {
    Row { id, flaw, source, check }
}

/// The topics, in the order in which they are told.
const TOPICS: [&str; 14] = ["RU", "PK", "CR", "RT", "CA", "JW", "DP", "CS", "MX", "MD", "PD", "TI", "EL", "RS"];

/// Every attack, topic by topic.
pub fn rows() -> Vec<&'static Row> {
    let files = [
        ru::ROWS,
        ru_flow::ROWS,
        pk::ROWS,
        cr::ROWS,
        consent::ROWS,
        rt::ROWS,
        cs::ROWS,
        pd::ROWS,
        exhaust::ROWS,
        el::ROWS,
        secrets::ROWS,
        client::ROWS,
        mx::ROWS,
        oidc::ROWS,
        md::ROWS,
        resource::ROWS,
        ca::ROWS,
        ca_client::ROWS,
        ca_grant::ROWS,
        rs_flow::ROWS,
        jw::ROWS,
        jw_form::ROWS,
        jw_client::ROWS,
        dp::ROWS,
        dp_flow::ROWS,
        par::ROWS,
        cimd::ROWS,
    ];
    let mut rows: Vec<&Row> = files.into_iter().flatten().collect();
    rows.sort_by_key(|row| (TOPICS.iter().position(|topic| row.id.starts_with(topic)), row.id));
    rows
}

/// What an attack is tried on: the server of the fixture, whole, or with one fault planted that an attack must find.
#[derive(Default)]
pub struct Ground {
    /// The fault.
    pub plant: Option<Plant>,
}

/// A fault of a host that breaks what the core relies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// The store writes whatever the version, and says that it won.
    LostRaceWins,
    /// The store forgets what a revocation wrote.
    RevocationForgotten,
    /// The row of `c1` was written past [`Client::register`], with a redirection URI of the attacker and a pattern.
    ForeignRedirectUri,
    /// Every browser has the same binding.
    SharedBrowser,
    /// Codes live for a day and superseded refresh tokens are forgiven for ever.
    LongLives,
    /// The issuer is another's.
    OtherIssuer,
    /// The store holds the credential keys.
    KeysInTheStore,
    /// A client's random source gives the same bytes each time.
    StuckEntropy,
    /// The client's store says that a session was taken, and keeps it as it was.
    SessionKept,
    /// The host says of every signature that it holds.
    SignaturesUnchecked,
    /// The store says that every mark is new.
    MarksForgotten,
    /// The host adds the query of a request to its form.
    QueryMerged,
    /// Of a header field that comes twice the host keeps the first.
    FieldsDropped,
    /// The host takes every body for a form.
    AnyContentType,
    /// The host takes every request for a POST.
    AnyMethod,
    /// The host follows redirects.
    RedirectsFollowed,
    /// The host says that no request needs more than a token.
    NothingNeeded,
    /// The resource server goes by the name of another.
    OtherResource,
}

impl Ground {
    /// A bench on this ground.
    pub fn bench(&self) -> Bench {
        let mut bench = Bench::default();
        match self.plant {
            Some(Plant::ForeignRedirectUri) => {
                let hash = secret::hash(fixture::C1_SECRET);
                let redirect_uris = "https://client.example/cb https://evil.example/cb https://clientXexample/cb";
                put_unchecked(&mut bench.store, &Client { redirect_uris, ..fixture::c1(&hash) });
            }
            Some(Plant::LongLives) => {
                bench.server.lifetimes.code = 86_400;
                bench.server.lifetimes.retry = u64::MAX;
            }
            Some(Plant::OtherIssuer) => {
                bench.server.issuer = Issuer::parse("https://evil.example").expect("an issuer");
            }
            Some(Plant::KeysInTheStore) => {
                let row = bench.store.rows.get_mut(&Key::client("c1")).expect("c1");
                row.value.extend_from_slice(&[7; 32]);
            }
            _ => {}
        }
        bench
    }

    /// The binding of somebody else's browser.
    pub fn other_browser(&self) -> &'static [u8] {
        if self.plant == Some(Plant::SharedBrowser) { fixture::BROWSER } else { fixture::OTHER_BROWSER }
    }

    /// Checks a signature.
    pub fn verify(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Verdict {
        match self.plant {
            Some(Plant::SignaturesUnchecked) => Verdict::Valid,
            _ => keys::verify(key, message, signature),
        }
    }

    /// Commits a mark.
    pub fn mark(&self, store: &mut MemoryStore, write: &step::Write<'_>) -> Committed {
        match self.plant {
            Some(Plant::MarksForgotten) => Committed::Yes,
            _ => store.commit(write),
        }
    }

    /// A request as the host hands it on.
    pub fn received(&self, mut message: Message) -> Message {
        match self.plant {
            Some(Plant::QueryMerged) if !message.query.is_empty() => {
                message.body = [&message.body[..], b"&", &message.query].concat();
            }
            Some(Plant::FieldsDropped) => {
                let mut seen = BTreeSet::new();
                message.headers.retain(|(name, _)| seen.insert(name.to_ascii_lowercase()));
            }
            Some(Plant::AnyContentType) => {
                message.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"));
                message = message.with("Content-Type", "application/x-www-form-urlencoded");
            }
            Some(Plant::AnyMethod) => message.method = Method::Post,
            _ => {}
        }
        message
    }

    /// Commits a write of one of several flows that run at once.
    pub fn commit(&self, store: &mut MemoryStore, write: &step::Write<'_>) -> Committed {
        let mut write = *write;
        if self.plant == Some(Plant::LostRaceWins) {
            write.expected = store.rows.get(&write.key).map(|row| row.version);
        }
        store.commit(&write)
    }

    /// Sends a message to the revocation endpoint.
    pub fn revoke(&self, bench: &mut Bench, message: Message) -> Answer {
        let before = bench.store.clone();
        let answer = bench.revoke(message);
        if self.plant == Some(Plant::RevocationForgotten) {
            bench.store = before;
        }
        answer
    }
}

/// Writes a client's row without the checks of a registration.
fn put_unchecked(store: &mut MemoryStore, client: &Client<'_>) {
    let mut row = [0; 8192];
    let len = client.encode(&mut row).expect("room");
    store.rows.get_mut(&Key::client(client.client_id)).expect("a client that is there").value = row[..len].to_vec();
}

/// Runs a row; a panic is a failure.
pub fn attempt(row: &Row, ground: &Ground) -> Checked {
    catch_unwind(AssertUnwindSafe(|| (row.check)(ground))).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(|&words| words.to_owned()));
        Err(format!("panic: {}", words.unwrap_or_default()))
    })
}

/// Does what the command line asks.
pub fn run(arguments: &[String], out: &mut dyn Write) -> ExitCode {
    let (options, filters): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| argument.starts_with('-'));
    let wanted = |id: &str| {
        filters.is_empty()
            || filters.iter().any(|filter| id == *filter || id.split_once('-').is_some_and(|(t, _)| t == *filter))
    };
    let done = match options.first().map(|option| option.as_str()) {
        None => attack(&wanted, out),
        Some("--list") => list(&wanted, out),
        Some("--not-here") => list_not_here(&wanted, out),
        Some("--requirements") => requirements::print(out),
        Some(other) => {
            let known = "there are --list, --not-here and --requirements";
            writeln!(out, "attacks: no option {other}; {known}").map(|()| false)
        }
    };
    if matches!(done, Ok(true)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn attack(wanted: &dyn Fn(&str) -> bool, out: &mut dyn Write) -> io::Result<bool> {
    let (mut passed, mut failed) = (0, 0);
    for row in rows().into_iter().filter(|row| wanted(row.id)) {
        write!(out, "{}  {} ({}): ", row.id, row.flaw, row.source)?;
        match attempt(row, &Ground::default()) {
            Ok(happened) => {
                passed += 1;
                writeln!(out, "{happened}")?;
            }
            Err(happened) => {
                failed += 1;
                writeln!(out, "FAILED: {happened}")?;
            }
        }
    }
    writeln!(out, "{passed} passed, {failed} failed")?;
    // A filter that names nothing is a mistake, not a success.
    Ok(failed == 0 && passed > 0)
}

fn list(wanted: &dyn Fn(&str) -> bool, out: &mut dyn Write) -> io::Result<bool> {
    for row in rows().into_iter().filter(|row| wanted(row.id)) {
        writeln!(out, "{}  {} ({})", row.id, row.flaw, row.source)?;
    }
    Ok(true)
}

fn list_not_here(wanted: &dyn Fn(&str) -> bool, out: &mut dyn Write) -> io::Result<bool> {
    for row in NOT_HERE.iter().filter(|row| wanted(row.id)) {
        writeln!(out, "{}  {}: {}: {}", row.id, row.flaw, row.why.as_str(), row.reason)?;
    }
    Ok(true)
}

/// Ids of the catalogue that stand nowhere, and ids that the catalogue does not know.
pub fn strayed_ids() -> Vec<String> {
    let known: BTreeSet<String> = catalogue::CATALOGUE
        .iter()
        .flat_map(|(topic, numbers)| numbers.iter().map(move |number| format!("{topic}-{number:02}")))
        .collect();
    let told: BTreeSet<String> =
        rows().into_iter().map(|row| row.id).chain(NOT_HERE.iter().map(|row| row.id)).map(str::to_owned).collect();
    known.symmetric_difference(&told).cloned().collect()
}

/// Ids that stand twice, or both here and not here.
pub fn repeated_ids() -> Vec<&'static str> {
    let mut seen = BTreeSet::new();
    rows()
        .into_iter()
        .map(|row| row.id)
        .chain(NOT_HERE.iter().map(|row| row.id))
        .filter(|id| !seen.insert(*id))
        .collect()
}
