//! Every variant of [`Reason`](symbolon::Reason) and its like, as their sources have them.

const SOURCES: &str = concat!(
    include_str!("../../core/src/error.rs"),
    include_str!("../../core/src/error/code.rs"),
    include_str!("../../core/src/event.rs")
);

/// The names of all variants of an enum of `error.rs` or `event.rs`.
pub fn variants(of: &str) -> Vec<String> {
    let start = format!("pub enum {of} {{");
    let body = SOURCES.split_once(&start).and_then(|(_, rest)| rest.split_once("\n}")).expect("the enum").0;
    // A variant stands at the first level of indentation.
    let lines = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| !line.starts_with([' ', '/', '}', '#']));
    lines.map(name).collect()
}

/// The name of a variant, from its definition or from what `Debug` makes of it.
pub fn name(text: &str) -> String {
    text.chars().take_while(|char| char.is_ascii_alphanumeric()).collect()
}

/// The variants that the server never gives: they belong to the client and the resource server, or to registration.
pub const OF_OTHER_ROLES: &[&str] = &[
    "Json",
    "JsonRepeated",
    "RedirectUriForbidden",
    "IssuerMismatch",
    "PkceUnsupported",
    "IssUnsupported",
    "IssMissing",
    "IssMismatch",
    "StateUnknown",
    "StateUsed",
    "ResponseUnexpected",
    "ServerRefused",
    "Status",
    "TokenType",
    "SessionGone",
    "SessionBusy",
    "TokenMissing",
    "TokenInactive",
    "TokenAudience",
    "TokenScope",
    "PeerUnavailable",
    "IntrospectionMalformed",
    "NeedMalformed",
    "SessionExpired",
    "SessionForeign",
    "StateExpired",
    "TokenIssuer",
    "TokenBound",
    "IdToken",
    "ServerLacks",
    "ServerDowngraded",
    "KeyUnknown",
];

/// Those of other roles that the server gives, too: at its userinfo endpoint, where it is a resource.
pub const ALSO_OF_SERVER: &[&str] = &["TokenMissing", "TokenInactive", "TokenScope", "TokenBound", "TokenUnbound"];

/// The variants that no flow gives yet.
pub const NOT_YET: &[&str] = &["Claim", "Document"];

/// The variants that a resource server gives for JWTs, and for tokens that are bound to a key. Its walk gives each of them.
pub const OF_RESOURCE: &[&str] =
    &["AccessToken", "TokenAuthentication", "TokenDetail", "TokenForged", "TokenKey", "TokenUnbound"];

/// The variants that the client gives for what it asks of resources alone. The walk of that gives each of them.
pub const OF_ACCESS: &[&str] = &["Userinfo"];

#[cfg(test)]
mod tests {
    use super::{OF_OTHER_ROLES, variants};

    #[test]
    fn reads_the_variants_of_the_source() {
        let reasons = variants("Reason");
        for known in ["Method", "TooLong", "Repeated", "Buffer"].iter().chain(OF_OTHER_ROLES) {
            assert!(reasons.iter().any(|reason| reason == known), "{known}");
        }
        assert_eq!(variants("ErrorCode").len(), 25);
    }
}
