//! The keys that the server signs with: what it tells of them, and what it takes for signed.

use symbolon::server::{AccessTokens, Server, TokenKeys};
use symbolon::terms::signing_key::{SigningKey, SigningKeys};
use symbolon::{Event, wire::jose::Algorithm};
use symbolon_tests::fixture::*;
use symbolon_tests::keyed;
use symbolon_tests::keys;

#[test]
fn a_private_key_is_not_published() {
    let public = keys::jwk(keyed::SERVER_KEY).expect("a key");
    let private = format!("{},\"d\":\"AAAA\"}}", public.strip_suffix('}').expect("an object"));
    let jwks = |jwk: &str, algorithm| {
        let key = SigningKeys::new(&[SigningKey { key_id: "k", algorithm, jwk }]).expect("a key");
        let signing_keys = TokenKeys::new(key, AccessTokens::Jwt).expect("a key");
        let mut buffer = vec![0; symbolon::server::BUFFER];
        let server = Server { signing_keys, ..server() };
        let reply = server.jwks(&mut buffer).expect("room");
        (reply.status, String::from_utf8_lossy(reply.body).into_owned())
    };
    let (status, body) = jwks(&public, Algorithm::Es256);
    assert!(status == 200 && body.contains("\"kid\":\"k\""), "{body}");
    for (jwk, algorithm) in [(&private, Algorithm::Es256), (&public, Algorithm::Rs256)] {
        let (status, body) = jwks(jwk, algorithm);
        assert!(status >= 500 && !body.contains("\"x\""), "{body}");
    }
}

#[test]
fn who_has_but_the_jti_of_a_token_ends_nothing() {
    let mut bench = keyed::bench(keyed::signing_server());
    let code = bench.code_of_pub1("read");
    let token = bench.redeem_as_pub1(&code).member("access_token").expect("a token");
    let (message, _) = token.rsplit_once('.').expect("a JWT");
    let forged = format!("{message}.{}", "A".repeat(86));
    let start = bench.store.clone();
    let revoke = |bench: &mut Bench, token: &str| bench.revoke(Message::post(&format!("token={token}&client_id=pub1")));
    let answer = revoke(&mut bench, &forged);
    assert_eq!((answer.status, answer.event), (200, None));
    assert_eq!(bench.store, start);
    assert_eq!(revoke(&mut bench, &token).event, Some(Event::Revoked));
}
