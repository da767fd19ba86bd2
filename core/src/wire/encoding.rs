//! The encoding of stored rows: fields one after the other, with nothing between them.
//!
//! ```abnf
//! bool    = %x00 / %x01
//! number  = *%x80-FF %x00-7F         ; 7 bits each, the lowest first; at most 64 bits
//! text    = number *OCTET            ; its length, and UTF-8
//! hash    = 32OCTET
//! option  = %x00 / ( %x01 value )
//! variant = %x00-7F [ value ]        ; which one, and what it holds
//! ```
//!
//! These are the bytes that postcard makes, and rows that it has written are read. Its visitors are compiled anew for each
//! record, and took more of a small program than any flow; here each field is a call, and reading goes on after a fault to be
//! judged once, at the end.

use crate::wire::write::Writer;

/// Takes fields from the front of a row. After a fault what it gives means nothing, and [`end`](Self::end) says so.
pub struct Reader<'v> {
    rest: &'v [u8],
    sound: bool,
}

impl<'v> Reader<'v> {
    /// Begins a row.
    pub const fn new(row: &'v [u8]) -> Self {
        Self { rest: row, sound: true }
    }

    /// Notes a fault.
    pub const fn fail(&mut self) {
        self.sound = false;
    }

    /// The next byte.
    pub const fn byte(&mut self) -> u8 {
        let [byte, rest @ ..] = self.rest else {
            self.fail();
            return 0;
        };
        self.rest = rest;
        *byte
    }

    /// Most numbers are lengths of one byte.
    #[inline]
    fn number(&mut self) -> u64 {
        if let [byte @ 0..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return u64::from(*byte);
        }
        self.long_number()
    }

    #[inline(never)]
    fn long_number(&mut self) -> u64 {
        let (mut number, mut shift) = (0_u64, 0_u32);
        loop {
            let byte = self.byte();
            // Of the tenth byte there is room for one bit.
            if shift == 63 && byte > 1 {
                self.fail();
                return 0;
            }
            number |= u64::from(byte & 0x7f).wrapping_shl(shift);
            if byte < 0x80 {
                return number;
            }
            shift = shift.wrapping_add(7);
        }
    }

    fn bytes(&mut self, len: Option<usize>) -> &'v [u8] {
        match len.and_then(|len| self.rest.split_at_checked(len)) {
            Some((bytes, rest)) => {
                self.rest = rest;
                bytes
            }
            None => {
                self.fail();
                &[]
            }
        }
    }

    fn lengthy(&mut self) -> &'v [u8] {
        let len = usize::try_from(self.number()).ok();
        self.bytes(len)
    }

    /// Whether all was sound, and nothing is left over.
    pub const fn end(self) -> bool {
        self.sound && self.rest.is_empty()
    }
}

/// What can be a field of a row.
pub trait Encoded<'v>: Sized {
    /// Appends it.
    fn write(&self, w: &mut Writer<'_>);

    /// Takes it from the front.
    fn read(r: &mut Reader<'v>) -> Self;

    /// What stands in a struct before its fields are read, so that each is stored where it belongs as soon as it is.
    fn empty() -> Self;
}

impl Encoded<'_> for bool {
    fn write(&self, w: &mut Writer<'_>) {
        w.byte(u8::from(*self));
    }

    fn read(r: &mut Reader<'_>) -> Self {
        match r.byte() {
            0 => false,
            1 => true,
            _ => {
                r.fail();
                false
            }
        }
    }

    fn empty() -> Self {
        false
    }
}

impl Encoded<'_> for u64 {
    fn write(&self, w: &mut Writer<'_>) {
        let mut rest = *self;
        loop {
            let low = u8::try_from(rest & 0x7f).unwrap_or_default();
            rest >>= 7;
            w.byte(if rest == 0 { low } else { low | 0x80 });
            if rest == 0 {
                return;
            }
        }
    }

    fn read(r: &mut Reader<'_>) -> Self {
        r.number()
    }

    fn empty() -> Self {
        0
    }
}

impl Encoded<'_> for u32 {
    fn write(&self, w: &mut Writer<'_>) {
        u64::from(*self).write(w);
    }

    fn read(r: &mut Reader<'_>) -> Self {
        Self::try_from(r.number()).unwrap_or_else(|_| {
            r.fail();
            0
        })
    }

    fn empty() -> Self {
        0
    }
}

impl<'v> Encoded<'v> for &'v [u8] {
    fn write(&self, w: &mut Writer<'_>) {
        u64::try_from(self.len()).unwrap_or(u64::MAX).write(w);
        w.bytes(self);
    }

    fn read(r: &mut Reader<'v>) -> Self {
        r.lengthy()
    }

    fn empty() -> Self {
        &[]
    }
}

impl<'v> Encoded<'v> for &'v str {
    fn write(&self, w: &mut Writer<'_>) {
        self.as_bytes().write(w);
    }

    fn read(r: &mut Reader<'v>) -> Self {
        // Many fields are empty, and need no look.
        match r.lengthy() {
            [] => "",
            text => core::str::from_utf8(text).unwrap_or_else(|_| {
                r.fail();
                ""
            }),
        }
    }

    fn empty() -> Self {
        ""
    }
}

impl Encoded<'_> for [u8; 32] {
    fn write(&self, w: &mut Writer<'_>) {
        w.bytes(self);
    }

    fn read(r: &mut Reader<'_>) -> Self {
        r.bytes(Some(32)).try_into().unwrap_or_default()
    }

    fn empty() -> Self {
        [0; 32]
    }
}

impl<'v, T: Encoded<'v>> Encoded<'v> for Option<T> {
    fn write(&self, w: &mut Writer<'_>) {
        self.is_some().write(w);
        if let Some(value) = self {
            value.write(w);
        }
    }

    fn read(r: &mut Reader<'v>) -> Self {
        bool::read(r).then(|| T::read(r))
    }

    fn empty() -> Self {
        None
    }
}

/// Says how a struct or an enum is encoded: its fields in this order, or its variants with their numbers. None can be left out.
/// A `long struct` has many fields that are small: each is stored where it belongs as soon as it is read, which is less code than
/// to have them all in hand first.
macro_rules! encoding {
    (struct $Type:ty { $($field:ident),* $(,)? }) => {
        $crate::wire::encoding::encoding!(@struct $Type { $($field),* } _r => {
            // In the order they are written here.
            Self { $($field: $crate::wire::encoding::Encoded::read(_r)),* }
        });
    };
    (long struct $Type:ty { $($field:ident),* $(,)? }) => {
        $crate::wire::encoding::encoding!(@struct $Type { $($field),* } r => {
            let mut read = <Self as $crate::wire::encoding::Encoded>::empty();
            $(read.$field = $crate::wire::encoding::Encoded::read(r);)*
            read
        });
    };
    (@struct $Type:ty { $($field:ident),* } $r:ident => $read:block) => {
        impl<'v> $crate::wire::encoding::Encoded<'v> for $Type {
            fn write(&self, _w: &mut $crate::wire::write::Writer<'_>) {
                let Self { $($field),* } = self;
                $($crate::wire::encoding::Encoded::write($field, _w);)*
            }

            fn read($r: &mut $crate::wire::encoding::Reader<'v>) -> Self $read

            fn empty() -> Self {
                Self { $($field: $crate::wire::encoding::Encoded::empty()),* }
            }
        }
    };
    (struct $Type:ident($field:ident)) => {
        impl<'v> $crate::wire::encoding::Encoded<'v> for $Type {
            fn write(&self, w: &mut $crate::wire::write::Writer<'_>) {
                let Self($field) = self;
                $crate::wire::encoding::Encoded::write($field, w);
            }

            fn read(r: &mut $crate::wire::encoding::Reader<'v>) -> Self {
                let $field = $crate::wire::encoding::Encoded::read(r);
                Self($field)
            }

            fn empty() -> Self {
                Self($crate::wire::encoding::Encoded::empty())
            }
        }
    };
    (enum $Type:ty {
        0 $First:ident $(($first:ident))?, $($number:literal $Variant:ident $(($inner:ident))?),* $(,)?
    }) => {
        impl<'v> $crate::wire::encoding::Encoded<'v> for $Type {
            fn write(&self, w: &mut $crate::wire::write::Writer<'_>) {
                match self {
                    Self::$First $(($first))? => {
                        w.byte(0);
                        $($crate::wire::encoding::Encoded::write($first, w);)?
                    }
                    $(Self::$Variant $(($inner))? => {
                        w.byte($number);
                        $($crate::wire::encoding::Encoded::write($inner, w);)?
                    })*
                }
            }

            fn read(r: &mut $crate::wire::encoding::Reader<'v>) -> Self {
                match r.byte() {
                    $($number => Self::$Variant $(({
                        let $inner = $crate::wire::encoding::Encoded::read(r);
                        $inner
                    }))?,)*
                    number => {
                        if number != 0 {
                            r.fail();
                        }
                        Self::$First $(({
                            let $first = $crate::wire::encoding::Encoded::read(r);
                            $first
                        }))?
                    }
                }
            }

            fn empty() -> Self {
                Self::$First $(({
                    let $first = $crate::wire::encoding::Encoded::empty();
                    $first
                }))?
            }
        }
    };
}
pub(crate) use encoding;

#[cfg(test)]
mod tests;
