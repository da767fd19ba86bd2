//! What crosses the boundary: pointers with lengths, statuses, and structs that describe themselves.

use core::slice;

use symbolon::wire::http;
use symbolon::{Name, Reason};

mod keys;
mod member;
mod place;

#[cfg(any(feature = "server", feature = "resource"))]
pub(crate) use keys::credential_keys;
#[cfg(any(feature = "server", feature = "client"))]
pub(crate) use keys::signing_keys;
pub use keys::{CredentialKey, SigningKey};
pub(crate) use member::described;
pub use member::{HasMemberType, Member, MemberType};
pub(crate) use place::initialized;
pub use place::{Metadata, Place};

/// Whether a call did what it was asked. What a peer did wrong is no status: it is a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// Done.
    Ok = 0,
    /// A pointer is NULL that may not be.
    Null = -1,
    /// The storage was compiled for another version of this interface, or never initialized.
    Abi = -2,
    /// The flow was never started, was moved, was wiped, or is none.
    Flow = -3,
    /// The answer is to another question than the one that was asked. Nothing has changed.
    WrongStep = -4,
    /// The buffer is too small: `symbolon_needed` says how long it must be.
    TooSmall = -5,
    /// A text is not UTF-8.
    Utf8 = -6,
    /// A value is refused: the reason says why.
    Refused = -7,
}

impl Status {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Ok, "done\0"),
        (Self::Null, "a pointer is NULL that may not be\0"),
        (Self::Abi, "storage of another version of this interface, or never initialized\0"),
        (Self::Flow, "a flow that was never started, was moved or was wiped\0"),
        (Self::WrongStep, "an answer to another question than the one asked; nothing has changed\0"),
        (Self::TooSmall, "the buffer is too small; call again with a longer one\0"),
        (Self::Utf8, "a text that is not UTF-8\0"),
        (Self::Refused, "a value is refused; the reason says why\0"),
    ];

    /// The text of a status, with a NUL at its end.
    pub fn text_of(status: i32) -> &'static str {
        let known = Self::ALL.iter().find(|(known, _)| *known as i32 == status);
        known.map_or("no status of this library\0", |(_, text)| text)
    }
}

/// What a function ends in, before it is told to C.
pub type Outcome<T = ()> = Result<T, Status>;

/// As C gets it.
pub(crate) const fn status(outcome: Outcome) -> i32 {
    match outcome {
        Ok(()) => Status::Ok as i32,
        Err(status) => status as i32,
    }
}

/// `symbolon_str`: UTF-8, without a NUL at its end. A NULL with length 0 is an absent or empty text.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Text {
    /// Where it begins.
    pub ptr: *const u8,
    /// Its length in bytes.
    pub len: usize,
}

// SAFETY: it is a pointer to bytes that nobody writes to while it is in use.
unsafe impl Sync for Text {}

impl Text {
    /// No text.
    pub const NONE: Self = Self { ptr: core::ptr::null(), len: 0 };

    /// Points to a text.
    pub const fn of(text: &str) -> Self {
        Self { ptr: text.as_ptr(), len: text.len() }
    }

    /// Points to a text, or to none.
    pub fn maybe(text: Option<&str>) -> Self {
        text.map_or(Self::NONE, Self::of)
    }

    /// The text that [`of`](Self::of) was called with.
    ///
    /// # Safety
    ///
    /// It was a static one.
    pub(crate) const unsafe fn constant(self) -> &'static str {
        // SAFETY: as the caller promises.
        unsafe { core::str::from_utf8_unchecked(slice::from_raw_parts(self.ptr, self.len)) }
    }

    /// The text; empty if it is absent.
    ///
    /// # Safety
    ///
    /// The range is readable, and stays as it is for `'a`.
    pub unsafe fn str<'a>(self) -> Outcome<&'a str> {
        // SAFETY: as the caller promises.
        let bytes = unsafe { Bytes { ptr: self.ptr, len: self.len }.slice() }?;
        core::str::from_utf8(bytes).map_err(|_| Status::Utf8)
    }

    /// What a peer sent as a text. It may be any bytes: if they are no text, it is the empty one, which nobody knows either.
    ///
    /// # Safety
    ///
    /// As of [`str`](Self::str).
    pub unsafe fn sent<'a>(self) -> Outcome<&'a str> {
        // SAFETY: as the caller promises.
        match unsafe { self.str() } {
            Err(Status::Utf8) => Ok(""),
            text => text,
        }
    }

    /// The text, or `None` if it is absent: an empty one is not.
    ///
    /// # Safety
    ///
    /// As of [`str`](Self::str).
    pub unsafe fn optional<'a>(self) -> Outcome<Option<&'a str>> {
        // SAFETY: as the caller promises.
        if self.ptr.is_null() && self.len == 0 { Ok(None) } else { unsafe { self.str() }.map(Some) }
    }
}

/// `symbolon_bytes`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Bytes {
    /// Where they begin.
    pub ptr: *const u8,
    /// How many there are.
    pub len: usize,
}

impl Bytes {
    /// Points to bytes.
    pub const fn of(bytes: &[u8]) -> Self {
        Self { ptr: bytes.as_ptr(), len: bytes.len() }
    }

    /// No bytes.
    pub const NONE: Self = Self { ptr: core::ptr::null(), len: 0 };

    /// The bytes.
    ///
    /// # Safety
    ///
    /// The range is readable, and stays as it is for `'a`.
    pub unsafe fn slice<'a>(self) -> Outcome<&'a [u8]> {
        match (self.ptr.is_null(), self.len) {
            (_, 0) => Ok(&[]),
            (true, _) => Err(Status::Null),
            // SAFETY: as the caller promises.
            (false, len) => Ok(unsafe { slice::from_raw_parts(self.ptr, len) }),
        }
    }
}

/// The bytes that a caller lends to be overwritten.
///
/// # Safety
///
/// The range is readable and writable, and nobody else's for `'a`.
pub(crate) unsafe fn lent<'a>(ptr: *mut u8, len: usize) -> Outcome<&'a mut [u8]> {
    match (ptr.is_null(), len) {
        (_, 0) => Ok(&mut []),
        (true, _) => Err(Status::Null),
        // SAFETY: as the caller promises.
        (false, len) => Ok(unsafe { slice::from_raw_parts_mut(ptr, len) }),
    }
}

/// `symbolon_field`: a header field.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Field {
    /// The name.
    pub name: Text,
    /// The value.
    pub value: Bytes,
}

/// The header fields of a message that a flow writes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Fields {
    /// The fields.
    pub at: [Field; http::FIELDS],
    /// How many there are.
    pub len: usize,
}

impl Fields {
    /// Points to the fields of a message.
    #[inline(never)]
    pub fn of(fields: &http::Fields<'_>) -> Self {
        let none = Field { name: Text::NONE, value: Bytes::NONE };
        let mut at = [none; http::FIELDS];
        for (place, field) in at.iter_mut().zip(fields) {
            *place = Field { name: Text::of(field.name), value: Bytes::of(field.value) };
        }
        Self { at, len: fields.len() }
    }
}

/// The header fields that a caller hands in, as the core reads them. A message with more of them is refused as one that
/// has a field too many. They are read in place: on a small device this is a quarter of the stack.
pub(crate) struct Headers([http::Field<'static>; symbolon::limits::HEADERS + 1]);

impl Headers {
    /// No fields yet.
    pub(crate) const fn room() -> Self {
        Self([http::Field { name: "", value: b"" }; symbolon::limits::HEADERS + 1])
    }

    /// # Safety
    ///
    /// The fields and what they point to are readable, and stay as they are while the flow may read them.
    pub(crate) unsafe fn read(&mut self, fields: *const Field, len: usize) -> Outcome<&[http::Field<'static>]> {
        let fields = match (fields.is_null(), len) {
            (_, 0) => &[],
            (true, _) => return Err(Status::Null),
            // SAFETY: as the caller promises.
            (false, len) => unsafe { slice::from_raw_parts(fields, len) },
        };
        for (place, field) in self.0.iter_mut().zip(fields) {
            // SAFETY: as the caller promises.
            *place = unsafe { http::Field { name: field.name.sent()?, value: field.value.slice()? } };
        }
        Ok(self.0.get(..len).unwrap_or(&self.0))
    }
}

described! {
    /// `symbolon_reason`: why something was refused. The names are those of the core's `Reason`.
    pub struct Why {
        /// The name of the reason.
        pub name: Text,
        /// The parameter, header field or member at fault, where one is.
        pub parameter: Text,
        /// The limit that was exceeded, where one was.
        pub limit: usize,
    }
}

impl Why {
    /// No reason.
    pub const NONE: Self = Self { name: Text::NONE, parameter: Text::NONE, limit: 0 };

    /// In words.
    pub fn of(reason: Reason) -> Self {
        Self {
            name: Text::of(reason.name()),
            parameter: Text::maybe(reason.parameter().map(Name::as_str)),
            limit: reason.limit().unwrap_or(0),
        }
    }
}

/// Says in `why`, unless that is NULL, why a value is refused.
///
/// # Safety
///
/// `why` is NULL or writable.
pub(crate) unsafe fn refused(why: *mut Why) -> impl Fn(Reason) -> Status {
    move |reason| {
        // SAFETY: as the caller promises.
        if let Some(why) = unsafe { why.as_mut() } {
            *why = Why::of(reason);
        }
        Status::Refused
    }
}

/// The binding of a user agent.
///
/// # Safety
///
/// The range is readable, and stays as it is while the flow lasts.
#[cfg(any(feature = "server", feature = "client"))]
pub(crate) unsafe fn user_agent(binding: Bytes) -> Outcome<symbolon::terms::UserAgent<'static>> {
    // SAFETY: as the caller promises.
    symbolon::terms::UserAgent::new(unsafe { binding.slice() }?).map_err(|_| Status::Refused)
}
