//! Structs that describe themselves.

use super::{Bytes, Fields, Text};

/// What type a member of a struct has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum MemberType {
    /// `bool`.
    Bool = 1,
    /// `uint32_t`.
    U32 = 2,
    /// `uint64_t`.
    U64 = 3,
    /// `size_t`.
    Size = 4,
    /// `symbolon_str`.
    Text = 5,
    /// `symbolon_bytes`.
    Bytes = 6,
    /// `uint8_t[32]`.
    Key = 7,
    /// `symbolon_fields`.
    Fields = 8,
    /// A pointer.
    Pointer = 9,
    /// Any other: to be handed back as it is.
    Opaque = 10,
}

/// `symbolon_member`: a member of a struct.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Member {
    pub(crate) name: Text,
    pub(crate) member_type: MemberType,
    pub(crate) offset: u32,
}

impl Member {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        // SAFETY: `described` has named it so.
        unsafe { self.name.constant() }
    }

    /// Its type.
    pub const fn member_type(&self) -> MemberType {
        self.member_type
    }

    /// Where in the struct it is.
    pub const fn offset(&self) -> u32 {
        self.offset
    }
}

/// A type that a member may have.
pub trait HasMemberType {
    /// Which.
    const TYPE: MemberType;
}

impl<T> HasMemberType for *const T {
    const TYPE: MemberType = MemberType::Pointer;
}

impl<T> HasMemberType for *mut T {
    const TYPE: MemberType = MemberType::Pointer;
}

macro_rules! member_types {
    ($($Type:ty => $Is:ident)*) => { $(impl HasMemberType for $Type { const TYPE: MemberType = MemberType::$Is; })* };
}

member_types! {
    bool => Bool
    u32 => U32
    u64 => U64
    usize => Size
    Text => Text
    Bytes => Bytes
    [u8; 32] => Key
    Fields => Fields
}

/// Defines structs as C lays them out, with the description of their members.
macro_rules! described {
    ($($(#[$of_struct:meta])* pub struct $Name:ident { $($(#[$of_member:meta])* pub $member:ident: $Type:ty,)* })*) => {$(
        $(#[$of_struct])*
        #[derive(Clone, Copy)]
        #[repr(C)]
        pub struct $Name { $($(#[$of_member])* pub $member: $Type,)* }

        impl $Name {
            /// What it is made of.
            #[allow(clippy::as_conversions, clippy::cast_possible_truncation)]
            pub const MEMBERS: &'static [$crate::types::Member] = &[$($crate::types::Member {
                name: $crate::types::Text::of(stringify!($member)),
                member_type: <$Type as $crate::types::HasMemberType>::TYPE,
                offset: core::mem::offset_of!($Name, $member) as u32,
            },)*];
        }
    )*};
}
pub(crate) use described;
