//! The row of a document of another server that is kept for a while: its metadata, or its keys.

use super::Record;
use crate::terms::Time;
use crate::wire::encoding::encoding;

/// A document as it was last read.
#[derive(Clone, Copy)]
pub struct Document<'d> {
    /// When it was read.
    pub fetched_at: Time,
    /// Until when it need not be read again.
    pub fresh_until: Time,
    /// Until when whoever reads it now is let alone with that.
    pub lease_until: Time,
    /// The document; empty if it was never read.
    pub body: &'d [u8],
}

encoding!(struct Document<'v> { fetched_at, fresh_until, lease_until, body });

impl<'d> Record<'d> for Document<'d> {}
