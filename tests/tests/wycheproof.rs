//! The cases of Project Wycheproof for the algorithms of the feature `rustcrypto`, each key read as a JWK by the core.

use base64ct::{Base64UrlUnpadded, Encoding};
use symbolon::Name;
use symbolon::Reason;
use symbolon::rustcrypto::verify;
use symbolon::step::Verdict;
use symbolon::wire::jose::Algorithm;
use symbolon::wire::json;
use symbolon::wire::jwk::Jwk;
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

fn number(bytes: &[u8]) -> String {
    let start = bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len());
    Base64UrlUnpadded::encode_string(&bytes[start..])
}

/// Counts the cases, and says which of them end in another way than they should.
#[derive(Default)]
struct Tally {
    valid: usize,
    invalid: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn check(&mut self, name: &str, key: &str, message: &[u8], signature: &[u8], valid: bool) {
        let got = verify(key.as_bytes(), message, signature) == Verdict::Valid;
        if got != valid {
            self.wrong.push(format!("{name}: expected {valid}, got {got}"));
        }
        *if valid { &mut self.valid } else { &mut self.invalid } += 1;
    }

    fn held(&self, valid: usize, invalid: usize) {
        assert!(self.wrong.is_empty(), "{:#?}", self.wrong);
        assert!(self.valid >= valid && self.invalid >= invalid, "{} valid, {} invalid", self.valid, self.invalid);
    }
}

#[test]
fn es256() {
    let mut tally = Tally::default();
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).expect("the cases");
    for group in &set.test_groups {
        let point = &group.key.key;
        let [x, y] = [1, 33].map(|start| Base64UrlUnpadded::encode_string(&point[start..start + 32]));
        let key = format!("{{\"alg\":\"ES256\",\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{x}\",\"y\":\"{y}\"}}");
        for test in &group.tests {
            let valid = test.result == TestResult::Valid;
            tally.check(&format!("{} {}", test.tc_id, test.comment), &key, &test.msg, &test.sig, valid);
        }
    }
    tally.held(100, 50);
}

#[test]
fn eddsa() {
    let mut tally = Tally::default();
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("the cases");
    for group in &set.test_groups {
        let x = Base64UrlUnpadded::encode_string(&group.key.pk);
        let key = format!("{{\"alg\":\"EdDSA\",\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{x}\"}}");
        for test in &group.tests {
            let valid = test.result == TestResult::Valid;
            tally.check(&format!("{} {}", test.tc_id, test.comment), &key, &test.msg, &test.sig, valid);
        }
    }
    tally.held(50, 50);
}

fn rsa(algorithm: Algorithm, n: &[u8], e: &[u8]) -> String {
    let [n, e] = [n, e].map(number);
    format!("{{\"alg\":\"{}\",\"e\":\"{e}\",\"kty\":\"RSA\",\"n\":\"{n}\"}}", algorithm.as_str())
}

#[test]
fn rs256() {
    use rsa_pkcs1_verify::TestName;
    let mut tally = Tally::default();
    for name in [TestName::Rsa2048Sha256, TestName::Rsa3072Sha256, TestName::Rsa4096Sha256] {
        for group in &rsa_pkcs1_verify::TestSet::load(name).expect("the cases").test_groups {
            let key = rsa(Algorithm::Rs256, &group.key.n, &group.key.e);
            for test in &group.tests {
                // `Acceptable` are encodings of the padding that RFC 8017 does not allow.
                let valid = test.result == TestResult::Valid;
                tally.check(&format!("{name:?} {} {}", test.tc_id, test.comment), &key, &test.msg, &test.sig, valid);
            }
        }
    }
    tally.held(20, 500);
}

#[test]
fn ps256() {
    use rsa_pss_verify::TestName;
    let mut tally = Tally::default();
    for name in [
        TestName::RsaPss2048Sha256Mgf1SaltLen32,
        TestName::RsaPss3072Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha256Mgf1SaltLen32,
        // A salt of another length than the hash is no PS256 (RFC 7518 section 3.5): one case has just that.
        TestName::RsaPss2048Sha256Mgf1SaltLen0,
    ] {
        for group in &rsa_pss_verify::TestSet::load(name).expect("the cases").test_groups {
            let key = rsa(Algorithm::Ps256, &group.key.n, &group.key.e);
            for test in &group.tests {
                let valid = match name {
                    TestName::RsaPss2048Sha256Mgf1SaltLen0 => test.comment == "s_len changed to 32",
                    _ => test.result == TestResult::Valid,
                };
                tally.check(&format!("{name:?} {} {}", test.tc_id, test.comment), &key, &test.msg, &test.sig, valid);
            }
        }
    }
    tally.held(100, 100);
}

/// Keys that the core does not take are not tried.
#[test]
fn keys_of_rsa_that_are_too_long_are_no_keys() {
    let set = rsa_pkcs1_verify::TestSet::load(rsa_pkcs1_verify::TestName::Rsa8192Sha256).expect("the cases");
    assert!(!set.test_groups.is_empty());
    for group in &set.test_groups {
        let mut text = rsa(Algorithm::Rs256, &group.key.n, &group.key.e).into_bytes();
        assert!(matches!(Jwk::read(&json::object(&mut text).expect("JSON")), Err(Reason::Malformed(Name::N))));
    }
}
