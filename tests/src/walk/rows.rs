//! Every state that a stored row can be in, and the states that it must not be in.

use symbolon::proof::pkce::challenge_of;
use symbolon::record::{
    Active, AuthenticationMethod, Client, Code, Grant, GrantTypes, Granted, Key, Pending, Record, Refusal, Requested,
    Revoked,
};
use symbolon::terms::{Time, secret};

use super::{Given, Menu};
use crate::fixture::{self, NOW, OTHER_RESOURCE, RESOURCE, USER, VERIFIER};

/// Values of a row; `None` is an absent row.
pub type Rows = Vec<Option<Vec<u8>>>;

/// The redirection URI in a grant's row.
pub const REDIRECT_URI: &str = "https://client.example/cb";
/// The `state` in a pending row.
pub const STATE: &str = "a state/with+odd&characters=%41~";
/// The scope in a grant's row.
pub const SCOPE: &str = "read write";
/// The hash of the user's browser.
pub fn browser() -> [u8; 32] {
    secret::hash(std::str::from_utf8(fixture::BROWSER).expect("text"))
}

/// A good row, broken in every way that rows break.
fn undecodable(good: &[u8]) -> Rows {
    let wrong_version = [&[good[0] + 1], &good[1..]].concat();
    let unknown_variant = [&[good[0], 0x7f], &good[2..]].concat();
    [&[], &[0xff; 40][..], &wrong_version, &unknown_variant, &good[..good.len() - 1], &[good, &[0]].concat()]
        .map(|row| Some(row.to_vec()))
        .into()
}

/// The bytes of a record.
pub fn encode<'v>(record: &impl Record<'v>) -> Vec<u8> {
    let mut row = [0; symbolon::record::GRANT_ROW];
    let len = record.encode(&mut row).expect("a record fits in a row");
    row[..len].to_vec()
}

/// The rows of a client that this `client_id` may find.
pub fn client(owner: &str) -> Rows {
    let store = fixture::clients();
    let row = store.load(Key::client(owner)).expect("a client of the fixture");
    let good = Client::decode(row.value).expect("a client");
    let other = secret::hash("another secret");
    let both = [other, good.secrets.try_into().unwrap_or(other)].concat();
    let public = good.authentication == AuthenticationMethod::None;
    let mut variants = vec![
        good,
        Client { disabled: true, ..good },
        Client { client_id: "another", ..good },
        Client { grant_types: GrantTypes::NONE, ..good },
        Client { scope: "read", default_scope: "", ..good },
        Client { serves: RESOURCE, redirect_uris: "https://client.example/cb https://client.example/cb?q=1", ..good },
    ];
    variants.push(if public {
        Client { authentication: AuthenticationMethod::ClientSecretBasic, secrets: &other, ..good }
    } else {
        Client { authentication: AuthenticationMethod::None, secrets: &[], ..good }
    });
    if !public {
        let method = match good.authentication {
            AuthenticationMethod::ClientSecretBasic => AuthenticationMethod::ClientSecretPost,
            _ => AuthenticationMethod::ClientSecretBasic,
        };
        variants.push(Client { authentication: method, ..good });
        variants.push(Client { secrets: &other, ..good });
        variants.push(Client { secrets: &both, ..good });
    }
    variants.push(Client { pushed_requests_only: true, ..good });
    let mut rows = undecodable(row.value);
    rows.push(None);
    rows.extend(variants.iter().map(|client| {
        let mut row = [0; symbolon::record::GRANT_ROW];
        let len = client.register(&mut row).expect("a client that may be registered");
        Some(row[..len].to_vec())
    }));
    rows
}

/// What is granted to `owner`.
pub fn granted(owner: &str) -> Granted<'_> {
    const RESOURCES: &str = "https://rs.example/ https://api.example/";
    debug_assert_eq!(RESOURCES, format!("{RESOURCE} {OTHER_RESOURCE}"));
    Granted {
        client_id: owner,
        subject: USER,
        authenticated_at: Some(NOW),
        acr: None,
        amr: "",
        nonce: None,
        scope: SCOPE,
        resources: RESOURCES,
        authorization_details: "",
        bound_to: None,
        challenge: challenge_of(VERIFIER),
        refreshable: true,
        ends_at: NOW.after(7_776_000),
    }
}

/// A request of `owner` that waits for its decision.
pub fn pending(owner: &str) -> Pending<'_> {
    let requested = Requested {
        client_id: owner,
        client_name: "A Client",
        redirect_uri: REDIRECT_URI,
        confidential: true,
        state: Some(STATE),
        scope: SCOPE,
        resources: RESOURCE,
        challenge: challenge_of(VERIFIER),
        refreshable: true,
        nonce: None,
        max_age: None,
        prompt: "",
        login_hint: None,
        acr_values: "",
        authorization_details: "",
        dpop_jkt: None,
        refusal: None,
        expires_at: NOW.after(600),
    };
    Pending { user_agent: browser(), requested }
}

/// A redirection URI that a client is registered with.
fn own_redirect_uri(owner: &str) -> &'static str {
    if owner == "pub1" { "http://127.0.0.1:51004/cb" } else { REDIRECT_URI }
}

/// The places in [`grant`] of one row of each state. A flow that lost a race keeps nothing of the row it read before, so
/// that the rest would only say again what the first reading says.
const AFTER_A_RACE: [usize; 9] = [5, 6, 7, 12, 15, 18, 19, 25, 26];

/// The rows of a grant, seen at `now` by a request of `owner`.
pub fn grant(owner: &str, now: Time) -> Rows {
    let mine = granted(owner);
    let ended = Granted { ends_at: now, ..mine };
    let challenged = Granted { challenge: challenge_of("another verifier"), ..mine };
    let foreign = granted("another");
    let code = |granted| Grant::Code(Code { granted, redirect_uri: REDIRECT_URI });
    let active = |granted, generation, issued_at| Grant::Active(Active { granted, generation, issued_at });
    let waiting = pending(owner);
    let asked = |requested| Grant::Pending(Pending { requested, ..waiting });
    let refusal = Refusal::Scope;
    let pushed = Requested { expires_at: NOW.after(60), redirect_uri: own_redirect_uri(owner), ..waiting.requested };
    let states = [
        Grant::Pending(waiting),
        Grant::Pending(Pending { user_agent: [9; 32], ..waiting }),
        asked(Requested { expires_at: now, ..waiting.requested }),
        asked(Requested { refusal: Some(refusal), ..waiting.requested }),
        asked(Requested { state: None, redirect_uri: "https://client.example/cb?tenant=1", ..waiting.requested }),
        code(mine),
        code(ended),
        code(challenged),
        code(foreign),
        code(Granted { refreshable: false, ..mine }),
        code(Granted { scope: "read", resources: RESOURCE, ..mine }),
        active(mine, 1, now),
        active(mine, 2, now),
        active(mine, 3, now),
        active(mine, 3, Time(now.0.saturating_sub(31))),
        active(mine, u32::MAX, now),
        active(ended, 2, now),
        active(challenged, 2, now),
        active(foreign, 2, now),
        Grant::Revoked(Revoked { client_id: owner, subject: USER }),
        Grant::Revoked(Revoked { client_id: "another", subject: USER }),
        Grant::Pushed(pushed),
        Grant::Pushed(Requested { client_id: "another", ..pushed }),
        Grant::Pushed(Requested { expires_at: now, ..pushed }),
        Grant::Pushed(Requested { redirect_uri: "https://former.example/cb", ..pushed }),
        Grant::Pending(Pending {
            requested: Requested { prompt: "none", nonce: Some("n"), ..waiting.requested },
            ..waiting
        }),
        Grant::Pending(Pending {
            requested: Requested { prompt: "login", expires_at: now.after(601), ..waiting.requested },
            ..waiting
        }),
    ];
    let mut rows = undecodable(&encode(&states[5]));
    rows.push(None);
    rows.extend(states.iter().map(|state| Some(encode(state))));
    rows
}

/// Every answer to the questions of a request of `owner` to the server.
pub fn menu(owner: &str, now: Time) -> Menu {
    let answers = |rows: Rows| -> Vec<Given> {
        rows.into_iter().map(|row| Given::Row(row.map(|value| (1, value)))).chain([Given::Unavailable]).collect()
    };
    let grants = grant(owner, now);
    let again = AFTER_A_RACE.map(|place| grants[place].clone()).into();
    Menu::from([
        ("load client", answers(client(owner))),
        ("load grant", answers(grants)),
        ("load grant again", answers(again)),
        ("commit grant", vec![Given::Committed, Given::Conflict, Given::Unavailable]),
        ("commit mark", vec![Given::Committed, Given::Conflict, Given::Unavailable]),
    ])
}
