//! Attacks of the same topics that have no place in what is built, and why.

/// Why an attack is not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// What it attacks does not exist yet, or nobody has written the attack.
    NotBuilt,
    /// It is for the host to prevent.
    HostDuty,
    /// The API has no words for the mistake.
    Inexpressible,
    /// It is tried elsewhere, on what it attacks.
    Elsewhere,
}

impl Why {
    /// The words for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotBuilt => "not built, or not tried yet",
            Self::HostDuty => "the host's duty",
            Self::Inexpressible => "inexpressible",
            Self::Elsewhere => "tried elsewhere",
        }
    }
}

/// An attack that is not tried.
pub struct NotHere {
    /// The topic and a number.
    pub id: &'static str,
    /// What was wrong elsewhere.
    pub flaw: &'static str,
    /// The kind of reason.
    pub why: Why,
    /// The reason.
    pub reason: &'static str,
}

const fn not(id: &'static str, flaw: &'static str, why: Why, reason: &'static str) -> NotHere {
    NotHere { id, flaw, why, reason }
}

use Why::{Elsewhere, HostDuty, Inexpressible, NotBuilt};

const NO_METADATA: &str = "no flow of the client reads a resource's metadata or follows `resource_metadata`: its server is the one that it is\
     configured for";

/// Every one.
pub const NOT_HERE: &[NotHere] = &[
    not(
        "RU-33",
        "the request path becomes a Location",
        Inexpressible,
        "`wire::http::Request` has no path and no authority",
    ),
    not(
        "RU-28",
        "the client returns its user to a URL of the request",
        Inexpressible,
        "no flow of the client takes or gives a URL to return to",
    ),
    not(
        "RU-29",
        "the client returns its user to a path that a browser reads as a host",
        Inexpressible,
        "no flow of the client takes or gives a URL to return to",
    ),
    not(
        "RU-30",
        "a host is compared by its end",
        Inexpressible,
        "hosts are never compared in part: URIs are compared byte for byte",
    ),
    not("RU-31", "a list of allowed domains lets others through", Inexpressible, "there is no list of domains"),
    not("RU-32", "a redirect helper takes any URL", Inexpressible, "there is no redirect helper"),
    not(
        "CR-17",
        "a mode without confirmation",
        Inexpressible,
        "`Server::decide` alone makes codes, and takes a `Decision`",
    ),
    not(
        "RT-22",
        "one of two not-before policies is forgotten",
        Inexpressible,
        "there is no not-before policy: a grant is revoked by its own row",
    ),
    not("RT-27", "token exchange to any client", NotBuilt, "token exchange (RFC 8693)"),
    not("RT-28", "token exchange of a foreign or dead token", NotBuilt, "token exchange (RFC 8693)"),
    not("RT-29", "token exchange past the client's issuers", NotBuilt, "token exchange (RFC 8693)"),
    not("RT-30", "token exchange forgets the scope limit", NotBuilt, "token exchange (RFC 8693)"),
    not(
        "RT-33",
        "a callback re-activates a disabled account",
        Inexpressible,
        "no account exists here: a user is the subject that the host names in `Authenticated`",
    ),
    not("RT-34", "device codes are polled too fast, by others, twice", NotBuilt, "device authorization (RFC 8628)"),
    not("RT-35", "any session approves a user code", NotBuilt, "device authorization (RFC 8628)"),
    not("RT-37", "a user code is passed on", NotBuilt, "device authorization (RFC 8628)"),
    not("RT-38", "user codes are guessed", NotBuilt, "device authorization (RFC 8628)"),
    not(
        "CS-26",
        "the state cookie lacks Secure",
        HostDuty,
        "cookies are the host's: `UserAgent` takes the value alone",
    ),
    not(
        "CS-28",
        "an unverified e-mail address links accounts",
        Inexpressible,
        "no claim about a mail address is read: a user is `sub`, of one issuer",
    ),
    not(
        "CS-29",
        "the provider is guessed from a mail domain",
        Inexpressible,
        "a client is made for one issuer, and no claim leads to another",
    ),
    not("CS-30", "an address with two @ passes a domain filter", HostDuty, "the core filters no addresses"),
    not(
        "PD-21",
        "null, overlapping and stale pointers",
        Elsewhere,
        "on the C library by tests/c/misuse.c, under sanitizers, and on the wasm module by tests/wasm/memory.test.js",
    ),
    not("EL-11", "key text in an error", Inexpressible, "`CredentialKeys` takes `[u8; 32]` and fails without a text"),
    not(
        "CS-19",
        "two binding cookies come at once",
        HostDuty,
        "`UserAgent` takes one value; a host refuses two, and names its cookie `__Host-`",
    ),
    not(
        "MX-11",
        "two servers are configured with one issuer",
        HostDuty,
        "a configuration is one issuer; its metadata is fetched from that issuer, or is what the host says it is",
    ),
    not("MX-19", "resource metadata names another resource", Inexpressible, NO_METADATA),
    not("MX-20", "resource metadata names the attacker's server", Inexpressible, NO_METADATA),
    not(
        "MD-30",
        "request and request_uri at once",
        NotBuilt,
        "request objects; each of the two parameters is refused by itself (RU-41, MD-11)",
    ),
    not(
        "MD-13",
        "a list of addresses that may not be asked is incomplete",
        Elsewhere,
        "`SendPolicy::public_addresses_only` demands it; which address is public, tests/host/src/send.rs tries on the host that connects",
    ),
    not("MD-24", "a link of a client's metadata runs a script", Inexpressible, "no link is read or handed out"),
    not("MD-25", "a URL in a claim is fetched", Inexpressible, "no flow sends to a URL of a claim"),
    not(
        "MD-31",
        "a sector document holds what is no URI",
        Inexpressible,
        "no `sector_identifier_uri` is read: subjects are not pairwise",
    ),
    not(
        "MD-32",
        "TLS is not verified",
        HostDuty,
        "`Exchange` demands https; certificates are checked by whoever connects",
    ),
    not("MD-33", "a challenge names metadata of another origin", Inexpressible, NO_METADATA),
    not(
        "RS-08",
        "a rule is matched on a path that the application reads otherwise",
        Inexpressible,
        "`ResourceServer::judge` takes what the request needs from the host, and knows no rule and no path",
    ),
    not(
        "RS-02",
        "a token in the header and one in the body",
        Inexpressible,
        "`ResourceServer::judge` takes header fields: it cannot see a body, and so can neither read nor refuse the second token",
    ),
    not(
        "RS-03",
        "a token in the body of any request",
        Inexpressible,
        "`ResourceServer::judge` takes header fields alone",
    ),
    not(
        "EL-15",
        "a token in the query",
        Inexpressible,
        "`ResourceServer::judge` takes header fields alone; without one the challenge is bare (EL-07)",
    ),
    not(
        "JW-12",
        "a key set is cached by the name of the key",
        Inexpressible,
        "the row of a document is that of its URL, which is one issuer's",
    ),
    not("JW-13", "an empty secret makes a MAC", Inexpressible, "no algorithm here has a secret"),
    not(
        "JW-26",
        "an audience is checked only if one is configured",
        Inexpressible,
        "`ClientAssertion::judge` takes the issuer, and a resource server cannot be built without its resource",
    ),
    not(
        "JW-45",
        "the tag of an encrypted token is cut short",
        Elsewhere,
        "encrypted tokens are refused by their form: JW-44",
    ),
    not("JW-46", "RSA1_5 is an oracle", Elsewhere, "encrypted tokens are refused by their form: JW-44"),
    not(
        "JW-47",
        "lengths overflow in an encrypted token",
        Elsewhere,
        "encrypted tokens are refused by their form: JW-44",
    ),
    not(
        "JW-53",
        "a cache of verified tokens mixes them up",
        Inexpressible,
        "nothing is verified for a second time by memory",
    ),
    not("JW-54", "audiences and issuers are matched by patterns", Inexpressible, "they are compared byte for byte"),
    not(
        "JW-55",
        "a logout token is taken without its claims",
        NotBuilt,
        "logout tokens (OpenID Connect Back-Channel Logout)",
    ),
    not(
        "JW-57",
        "a request object is not checked",
        NotBuilt,
        "request objects (RFC 9101); `request` is refused (RU-41)",
    ),
    not("JW-58", "a response object is not checked", NotBuilt, "response objects (JARM); `response` is refused"),
    not(
        "DP-08",
        "the URL of a request comes from its header fields",
        Inexpressible,
        "`Expected::url` is the host's own; no header field is read for it",
    ),
    not(
        "DP-12",
        "the marks are dropped when there are too many",
        HostDuty,
        "a store that is full answers `unavailable`, and the proof is refused: DP-13",
    ),
    not("CA-21", "anybody may register a client", NotBuilt, "dynamic registration (RFC 7591)"),
    not("CA-26", "a software statement is not checked", NotBuilt, "dynamic registration (RFC 7591)"),
    not("CA-27", "the registration token of one client changes another", NotBuilt, "dynamic registration (RFC 7592)"),
    not(
        "JW-29",
        "a claim about a mail address is true though it is a text",
        Inexpressible,
        "no claim about a mail address is read: a user is `sub`, of one issuer",
    ),
    not(
        "DP-26",
        "an assertion for tokens says whom they are bound to, and is not heeded",
        NotBuilt,
        "assertion grants (RFC 7521); each is refused: CA-03",
    ),
    not(
        "CA-34",
        "a client attestation is used twice",
        NotBuilt,
        "client attestations (draft-ietf-oauth-attestation-based-client-auth)",
    ),
    not("TI-01", "a client secret is compared with an early end", Elsewhere, "`cargo timing` counts it"),
    not("TI-02", "a client secret is compared with an early end", Elsewhere, "`cargo timing` counts it: TI-01"),
    not("TI-03", "a tag is compared with an early end", Elsewhere, "`cargo timing` counts it for every credential"),
    not("TI-04", "a challenge is compared with an early end", Elsewhere, "`cargo timing` counts it"),
    not(
        "TI-05",
        "the length of a secret shows",
        Inexpressible,
        "what is stored is a hash, and what is sent is hashed before it is compared",
    ),
    not("TI-10", "decryption is an oracle", Elsewhere, "nothing is decrypted: JW-44"),
    not(
        "TI-11",
        "redirection URIs are compared with an early end",
        Inexpressible,
        "they are no secrets: whoever sees a request knows one",
    ),
];
