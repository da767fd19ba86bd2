//! The row that says that something was used once, and never counts again.

use super::{Record, VERSION};
use crate::wire::encoding::encoding;

/// A DPoP proof (RFC 9449 section 11.1) or a client assertion (RFC 7523 section 3) was accepted. There is nothing to say about it:
/// that the row is there is all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {}

impl Record<'_> for Mark {}

impl Mark {
    /// The bytes of the row: the version of its encoding alone.
    pub const ROW: &'static [u8] = &[VERSION];
}

encoding!(
    struct Mark {}
);

#[cfg(test)]
mod tests {
    use super::super::{DocumentKind, Key};
    use super::*;
    use crate::error::Reason;

    #[test]
    fn is_its_version_alone() {
        let mut buffer = [0; 8];
        assert_eq!(Mark {}.encode(&mut buffer), Some(Mark::ROW.len()));
        assert_eq!(buffer.get(..1), Some(Mark::ROW));
        assert_eq!(Mark::decode(Mark::ROW), Ok(Mark {}));
        assert_eq!(Mark::decode(&[VERSION, 0]), Err(Reason::RowUndecodable));
    }

    #[test]
    fn the_keys_of_marks_differ_where_what_they_mark_does() {
        let keys = [
            Key::dpop_proof(&[1; 32], "a"),
            Key::dpop_proof(&[2; 32], "a"),
            Key::dpop_proof(&[1; 32], "ab"),
            Key::assertion("c", "a"),
            Key::assertion("ca", ""),
            Key::assertion("", "ca"),
            Key::client("a"),
            Key::document(DocumentKind::ClientMetadata, "a"),
            Key::document(DocumentKind::ClientKeys, "a"),
            Key::document(DocumentKind::IssuerKeys, "a"),
        ];
        for (i, key) in keys.iter().enumerate() {
            assert!(keys.iter().skip(i.saturating_add(1)).all(|other| other != key));
        }
    }
}
