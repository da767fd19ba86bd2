//! The structs that cross the boundary, described: for wrappers and runners that read and write them without knowing them.

use core::mem::{offset_of, size_of};
use core::{ptr, slice};

use crate::outcome::{
    Answered, Busy, Claims, Done, Failure, Kind, Prompt, Reply, ScopeInsufficient, Server, SignIn, SignedIn, SignedOut,
    StepUp, TokenEnded, Usable, User, UserClaims,
};
use crate::types::{Member, MemberType, Text, Why};
use crate::view::{self, Kind as Ask, Question, View};

/// `symbolon_description`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Description {
    name: Text,
    members: *const Member,
    members_len: usize,
    offset: u32,
    size: u32,
}

// SAFETY: it points to members that nobody writes to.
unsafe impl Sync for Description {}

impl Description {
    #[allow(clippy::as_conversions, clippy::cast_possible_truncation)]
    const fn new(name: &'static str, members: &'static [Member], offset: usize, size: usize) -> Self {
        Self {
            name: Text::of(name),
            members: members.as_ptr(),
            members_len: members.len(),
            offset: offset as u32,
            size: size as u32,
        }
    }

    /// What it is called.
    pub const fn name(&self) -> &'static str {
        // SAFETY: `new` was given a static text.
        unsafe { self.name.constant() }
    }

    /// Its members, in order.
    pub const fn members(&self) -> &'static [Member] {
        // SAFETY: `new` has taken them from such a slice.
        unsafe { slice::from_raw_parts(self.members, self.members_len) }
    }

    /// Its size, in bytes.
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// Where it is in a step; 0 for a struct that is no part of one.
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    const fn question<T>(name: &'static str, members: &'static [Member]) -> Self {
        Self::new(name, members, offset_of!(View, of), size_of::<T>())
    }

    const fn end<T>(name: &'static str, members: &'static [Member]) -> Self {
        const { assert!(offset_of!(Question, done) == 0) };
        let Some(offset) = offset_of!(View, of).checked_add(offset_of!(Done, of)) else {
            return Self::new(name, members, 0, 0);
        };
        Self::new(name, members, offset, size_of::<T>())
    }

    const fn input<T>(name: &'static str, members: &'static [Member]) -> Self {
        Self::new(name, members, 0, size_of::<T>())
    }
}

/// What all ends have in common.
#[allow(clippy::as_conversions, clippy::cast_possible_truncation, clippy::arithmetic_side_effects)]
const DONE: &[Member] = {
    const fn member(name: &'static str, member_type: MemberType, offset: usize) -> Member {
        Member { name: Text::of(name), member_type, offset: offset as u32 }
    }
    const REASON: usize = offset_of!(Done, reason);
    &[
        member("kind", MemberType::U32, offset_of!(Done, kind)),
        member("reason", MemberType::Text, REASON + offset_of!(Why, name)),
        member("parameter", MemberType::Text, REASON + offset_of!(Why, parameter)),
        member("limit", MemberType::Size, REASON + offset_of!(Why, limit)),
        member("event", MemberType::Text, offset_of!(Done, event)),
    ]
};

/// The questions, and what all ends have in common.
pub static QUESTIONS: [(Ask, Description); 6] = [
    (Ask::Load, Description::question::<view::Load>("load", view::Load::MEMBERS)),
    (Ask::Commit, Description::question::<view::Commit>("commit", view::Commit::MEMBERS)),
    (Ask::Sign, Description::question::<view::Sign>("sign", view::Sign::MEMBERS)),
    (Ask::Verify, Description::question::<view::Verify>("verify", view::Verify::MEMBERS)),
    (Ask::Send, Description::question::<view::Send>("send", view::Send::MEMBERS)),
    (Ask::Done, Description::question::<Done>("done", DONE)),
];

/// The ends.
pub static ENDS: [(Kind, Description); 17] = [
    (Kind::Reply, Description::end::<Reply>("reply", Reply::MEMBERS)),
    (Kind::Prompt, Description::end::<Prompt>("prompt", Prompt::MEMBERS)),
    (Kind::SignIn, Description::end::<SignIn>("sign-in", SignIn::MEMBERS)),
    (Kind::SignedIn, Description::end::<SignedIn>("signed-in", SignedIn::MEMBERS)),
    (Kind::Usable, Description::end::<Usable>("usable", Usable::MEMBERS)),
    (Kind::Busy, Description::end::<Busy>("busy", Busy::MEMBERS)),
    (Kind::SignInAgain, Description::end::<Failure>("sign-in-again", Failure::MEMBERS)),
    (Kind::SignedOut, Description::end::<SignedOut>("signed-out", SignedOut::MEMBERS)),
    (Kind::Server, Description::end::<Server>("server", Server::MEMBERS)),
    (Kind::Claims, Description::end::<Claims>("claims", Claims::MEMBERS)),
    (Kind::Failed, Description::end::<Failure>("failed", Failure::MEMBERS)),
    (Kind::Answered, Description::end::<Answered>("answered", Answered::MEMBERS)),
    (Kind::TokenEnded, Description::end::<TokenEnded>("token-ended", TokenEnded::MEMBERS)),
    (Kind::StepUp, Description::end::<StepUp>("step-up", StepUp::MEMBERS)),
    (Kind::ScopeInsufficient, Description::end::<ScopeInsufficient>("scope-insufficient", ScopeInsufficient::MEMBERS)),
    (Kind::UserClaims, Description::end::<UserClaims>("user-claims", UserClaims::MEMBERS)),
    (Kind::User, Description::end::<User>("user", User::MEMBERS)),
];

/// The structs that a caller fills in.
pub static INPUTS: &[Description] = &[
    #[cfg(feature = "server")]
    Description::input::<crate::server::Config>("server_config", crate::server::Config::MEMBERS),
    #[cfg(feature = "server")]
    Description::input::<crate::server::Request>("request", crate::server::Request::MEMBERS),
    #[cfg(feature = "server")]
    Description::input::<crate::server::UserDecision>("decision", crate::server::UserDecision::MEMBERS),
    #[cfg(feature = "server")]
    Description::input::<crate::server::Certificate>("certificate", crate::server::Certificate::MEMBERS),
    #[cfg(feature = "server")]
    Description::input::<crate::registration::Registration>("registration", crate::registration::Registration::MEMBERS),
    #[cfg(feature = "client")]
    Description::input::<crate::client::Config>("client_config", crate::client::Config::MEMBERS),
    #[cfg(feature = "client")]
    Description::input::<crate::client::AuthorizationRequest>(
        "authorization_request",
        crate::client::AuthorizationRequest::MEMBERS,
    ),
    #[cfg(feature = "client")]
    Description::input::<crate::client::Request>("client_request", crate::client::Request::MEMBERS),
    #[cfg(feature = "resource")]
    Description::input::<crate::resource::Config>("resource_config", crate::resource::Config::MEMBERS),
    #[cfg(feature = "resource")]
    Description::input::<crate::resource::ResourceRequest>(
        "resource_request",
        crate::resource::ResourceRequest::MEMBERS,
    ),
    #[cfg(feature = "resource")]
    Description::input::<crate::resource::Needs>("needs", crate::resource::Needs::MEMBERS),
];

/// Describes a question, or what all ends have in common; `kind` is that of a `symbolon_step`. NULL for any other.
#[unsafe(no_mangle)]
pub extern "C" fn symbolon_describe_step(kind: u32) -> *const Description {
    QUESTIONS.iter().find(|(known, _)| *known as u32 == kind).map_or(ptr::null(), |(_, of)| of)
}

/// Describes an end; `kind` is that of a `symbolon_done`. NULL for any other.
#[unsafe(no_mangle)]
pub extern "C" fn symbolon_describe_end(kind: u32) -> *const Description {
    ENDS.iter().find(|(known, _)| *known as u32 == kind).map_or(ptr::null(), |(_, of)| of)
}

/// Describes the structs that a caller fills in, one by one. NULL after the last.
#[unsafe(no_mangle)]
pub extern "C" fn symbolon_describe_input(place: usize) -> *const Description {
    INPUTS.get(place).map_or(ptr::null(), ptr::from_ref)
}
