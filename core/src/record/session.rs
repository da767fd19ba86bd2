//! The row of a client's session.
