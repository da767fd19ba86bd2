//! A document of another party that is kept in a row: a JWK set, or the metadata of a client.
//!
//! ```text
//! start        -> load row
//! load row     -> commit lease | send | done
//! commit lease -> send | done
//! send         -> commit row | done
//! commit row   -> done
//! ```
//!
//! It is no flow by itself: a flow that needs a document asks these questions on its behalf. Of all who need a new copy at the same
//! time, the one that gets the lease asks for it; the others make do with the old one. What was no good answer is not kept, and the
//! lease then keeps the next one from asking at once. A flow that [cannot wait](Source::pressing) asks as well, and keeps nothing.
//! The old one serves on where the server could not tell, and is dropped where it says otherwise.

use crate::error::Reason;
use crate::limits;
use crate::name::Name;
use crate::record::{Document, DocumentKind, Key, Kind, Record};
use crate::step::{Answer, Committed, Exchange, Labels, Row, SendPolicy, Unavailable, Write};
use crate::terms::Time;
use crate::terms::endpoint::Endpoint;
use crate::wire::caching;
use crate::wire::header;
use crate::wire::http::Response;
use crate::wire::json::{self, Object};
use crate::wire::write::Arena;

/// What a document of at most `cap` bytes may take of the arena, in bytes, if it is asked for once, and once more for a
/// newer one.
pub const fn room(cap: usize) -> usize {
    // As it is kept, as it will be kept, and two that are read.
    cap.saturating_mul(4).saturating_add(256)
}

/// A document, and how it may be asked for.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// What it is: each kind has rows of its own.
    pub kind: DocumentKind,
    /// Where it is.
    pub url: Endpoint<'a>,
    /// The most bytes that it may have.
    pub cap: usize,
    /// Whether its server must have a public address.
    pub public_addresses_only: bool,
    /// Whether what cannot be had again hangs on it: it is then asked for even while another has the lease. Never where anybody
    /// can have us look for it.
    pub pressing: bool,
    /// Whether it is one, given the URL: what is refused here is not kept.
    pub accept: fn(&Object<'_>, &str) -> Result<(), Reason>,
}

/// What comes next.
#[must_use]
pub enum Turn<'a> {
    /// [`Load`](crate::step::Load) a row.
    Load(AwaitRow<'a>),
    /// [`Commit`](crate::step::Commit) a row.
    Commit(AwaitCommit<'a>),
    /// [`Send`](crate::step::Send) a request.
    Send(AwaitResponse<'a>),
    /// The end.
    Done(Result<Found<'a>, Reason>),
}

/// What is there.
pub enum Found<'a> {
    /// The document.
    Document(Object<'a>),
    /// The one that is kept was read so lately that there is no asking for a newer one yet.
    NoneNewer,
}

impl<'a> Source<'a> {
    /// Begins to look for the document: in its row, and if that is no longer fresh, at its server.
    pub const fn find(self, now: Time) -> Turn<'a> {
        Turn::Load(AwaitRow { source: self, now, newer: false })
    }

    /// Begins to look for a newer document than the one that was found, which lacks something: a key with another `kid`. At
    /// most once in [`limits::COOL_DOWN`] seconds is the server asked for this. While another asks, what it will find is
    /// [not known](Reason::PeerUnavailable).
    pub const fn find_newer(self, now: Time) -> Turn<'a> {
        Turn::Load(AwaitRow { source: self, now, newer: true })
    }

    fn key(&self) -> Key {
        Key::document(self.kind, self.url.as_str())
    }

    fn read(&self, body: &[u8], arena: &mut Arena<'a>) -> Result<Object<'a>, Reason> {
        let text = arena.copy_mut(body)?;
        let object = json::object(text)?;
        (self.accept)(&object, self.url.as_str())?;
        Ok(object)
    }

    /// The document of a row. It was read before it was kept: if it cannot be read now, it is as if there were none.
    fn kept(&self, body: &[u8], arena: &mut Arena<'a>) -> Result<Option<Found<'a>>, Reason> {
        match self.read(body, arena) {
            Ok(document) => Ok(Some(Found::Document(document))),
            Err(Reason::Buffer) => Err(Reason::Buffer),
            Err(_) => Ok(None),
        }
    }

    /// The old document, if there is one, or else the reason why there is no other.
    fn stale(&self, body: Option<&[u8]>, reason: Reason, arena: &mut Arena<'a>) -> Result<Found<'a>, Reason> {
        body.and_then(|body| self.kept(body, arena).transpose()).unwrap_or(Err(reason))
    }

    /// What is left while another has the lease. The old document, which is no answer where a newer one is sought.
    fn without_lease(self, now: Time, body: Option<&[u8]>, arena: &mut Arena<'a>) -> Turn<'a> {
        match self.stale(body, Reason::PeerUnavailable, arena) {
            Err(Reason::PeerUnavailable) if self.pressing => {
                Turn::Send(AwaitResponse { source: self, now, version: None, kept: false, stale: None })
            }
            found => Turn::Done(found),
        }
    }

    fn write(
        &self,
        expected: Option<u64>,
        document: &Document<'_>,
        arena: &mut Arena<'a>,
    ) -> Result<Write<'a>, Reason> {
        let value: &'a [u8] = arena.fill(|place| document.encode(place))?;
        // As long as it is of use, or somebody is at it.
        let stale_until = document.fresh_until.after(limits::STALE);
        Ok(Write {
            key: self.key(),
            expected,
            value: Some(value),
            expires_at: if stale_until > document.lease_until { stale_until } else { document.lease_until },
            labels: Labels { kind: Kind::Document, client_id: None, subject: None },
        })
    }
}

/// The row is being read.
pub struct AwaitRow<'a> {
    source: Source<'a>,
    now: Time,
    newer: bool,
}

impl<'a> AwaitRow<'a> {
    /// The row to ask for. It is of [`Kind::Document`].
    pub fn key(&self) -> Key {
        self.source.key()
    }

    /// Takes the answer.
    pub fn loaded(self, row: Answer<Option<Row<'_>>>, arena: &mut Arena<'a>) -> Turn<'a> {
        match self.judge(row, arena) {
            Ok(turn) => turn,
            Err(reason) => Turn::Done(Err(reason)),
        }
    }

    fn judge(self, row: Answer<Option<Row<'_>>>, arena: &mut Arena<'a>) -> Result<Turn<'a>, Reason> {
        let Self { source, now, newer } = self;
        let row = row.map_err(|_| Reason::StoreUnavailable)?;
        // A row that cannot be read is written anew.
        let document = row.and_then(|row| Document::decode(row.value).ok()).unwrap_or(NEVER);
        let kept = !document.body.is_empty();
        if kept && newer && now.since(document.fetched_at) < limits::COOL_DOWN {
            return Ok(Turn::Done(Ok(Found::NoneNewer)));
        }
        let fresh = kept && !newer && lasts(document.fresh_until, limits::FRESH_CEILING, now);
        if fresh && let Some(found) = source.kept(document.body, arena)? {
            return Ok(Turn::Done(Ok(found)));
        }
        // What is fresh and was refused stays where it is until there is another, but is of no use here.
        let usable = kept
            && !fresh
            && lasts(document.fresh_until.after(limits::STALE), limits::FRESH_CEILING + limits::STALE, now);
        if lasts(document.lease_until, limits::LEASE, now) {
            let body = Some(document.body).filter(|_| usable && !newer);
            return Ok(source.without_lease(now, body, arena));
        }
        let leased = Document { lease_until: now.after(limits::LEASE), ..document };
        let write = source.write(row.map(|row| row.version), &leased, arena)?;
        // The body stands at the end of the row that is written.
        let stale = write.value.and_then(|value| value.get(value.len().checked_sub(document.body.len())?..));
        let stale = if usable && !newer { stale } else { None };
        Ok(Turn::Commit(AwaitCommit { write, at: Committing::Lease { source, now, kept, stale } }))
    }
}

/// A document that there is not.
const NEVER: Document<'static> =
    Document { fetched_at: Time(0), fresh_until: Time(0), lease_until: Time(0), body: b"" };

/// Whether something that ends at `until` goes on. What ends later than it can is of a clock that was ahead.
const fn lasts(until: Time, most: u64, now: Time) -> bool {
    !now.reached(until) && now.after(most).0 >= until.0
}

/// A row is being written.
pub struct AwaitCommit<'a> {
    write: Write<'a>,
    at: Committing<'a>,
}

enum Committing<'a> {
    /// The lease.
    Lease { source: Source<'a>, now: Time, kept: bool, stale: Option<&'a [u8]> },
    /// The document, which has been read.
    Row(Object<'a>),
    /// That there is none any more.
    Withdrawn(Reason),
}

impl<'a> AwaitCommit<'a> {
    /// The write to ask for.
    pub const fn write(&self) -> &Write<'a> {
        &self.write
    }

    /// Takes the answer.
    pub fn committed(self, outcome: Answer<Committed>, arena: &mut Arena<'a>) -> Turn<'a> {
        match (self.at, outcome) {
            (Committing::Lease { source, now, kept, stale }, Ok(Committed::Yes)) => {
                Turn::Send(AwaitResponse { source, now, version: Some(self.write.version()), kept, stale })
            }
            (Committing::Lease { source, now, stale, .. }, Ok(Committed::Conflict)) => {
                source.without_lease(now, stale, arena)
            }
            (Committing::Lease { .. }, Err(Unavailable)) => Turn::Done(Err(Reason::StoreUnavailable)),
            // What was read is good, whether it is kept or not.
            (Committing::Row(document), _) => Turn::Done(Ok(Found::Document(document))),
            (Committing::Withdrawn(reason), _) => Turn::Done(Err(reason)),
        }
    }
}

/// The document is being asked for.
pub struct AwaitResponse<'a> {
    source: Source<'a>,
    now: Time,
    /// Of the row with the lease; `None` if another has that.
    version: Option<u64>,
    /// Whether that row has an old document.
    kept: bool,
    /// The old document, for when there is no answer.
    stale: Option<&'a [u8]>,
}

impl<'a> AwaitResponse<'a> {
    /// The exchange to ask for.
    pub fn exchange(&self) -> Exchange<'a> {
        let Source { url, cap, public_addresses_only, .. } = self.source;
        let exchange = Exchange::get(url);
        // A plain http server is on loopback, by name.
        let public_addresses_only = public_addresses_only && !url.is_plain_http();
        Exchange { policy: SendPolicy { body_cap: cap, public_addresses_only, ..exchange.policy }, ..exchange }
    }

    /// Takes the answer.
    pub fn sent(self, response: Answer<Response<'_>>, arena: &mut Arena<'a>) -> Turn<'a> {
        let answered = response.as_ref().is_ok_and(|response| is_answer(response.status));
        match self.judge(response, arena) {
            Ok(turn) => turn,
            Err(Reason::Buffer) => Turn::Done(Err(Reason::Buffer)),
            Err(reason) if answered => self.withdrawn(reason, arena),
            Err(reason) => Turn::Done(self.source.stale(self.stale, reason, arena)),
        }
    }

    /// Drops what is kept: its server says that there is no such document any more, and so a key in it works no longer.
    fn withdrawn(&self, reason: Reason, arena: &mut Arena<'a>) -> Turn<'a> {
        let Some(version) = self.version.filter(|_| self.kept) else { return Turn::Done(Err(reason)) };
        let none = Document { lease_until: self.now.after(limits::LEASE), ..NEVER };
        match self.source.write(Some(version), &none, arena) {
            Ok(write) => Turn::Commit(AwaitCommit { write, at: Committing::Withdrawn(reason) }),
            Err(reason) => Turn::Done(Err(reason)),
        }
    }

    fn judge(&self, response: Answer<Response<'_>>, arena: &mut Arena<'a>) -> Result<Turn<'a>, Reason> {
        let Self { source, now, version, .. } = *self;
        let response = response.map_err(|_| Reason::PeerUnavailable)?;
        // A redirect is no answer: it could lead anywhere.
        if response.status != 200 {
            return Err(Reason::Status);
        }
        let wrap = |reason: Reason| reason.within(Reason::Document);
        header::expect_json_document(response.headers).map_err(wrap)?;
        let body: &[u8] = response.body;
        if body.len() > source.cap {
            return Err(Reason::Document(Name::Body));
        }
        let object = source.read(body, arena).map_err(wrap)?;
        // Whoever has the lease keeps what it finds itself.
        let Some(version) = version else { return Ok(Turn::Done(Ok(Found::Document(object)))) };
        let seconds = caching::fresh_for(response.headers).unwrap_or(limits::FRESH_DEFAULT);
        let fresh_until = now.after(seconds.clamp(limits::FRESH_FLOOR, limits::FRESH_CEILING));
        let document = Document { fetched_at: now, fresh_until, lease_until: now, body };
        let write = source.write(Some(version), &document, arena)?;
        Ok(Turn::Commit(AwaitCommit { write, at: Committing::Row(object) }))
    }
}

/// Whether a server that sends this status says what there is. The others say that it cannot tell now (RFC 9110 sections 15.5.9
/// and 15.6, RFC 6585 section 4).
const fn is_answer(status: u16) -> bool {
    !matches!(status, 408 | 429 | 500..)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests;
