//! Laws that hold of random input, drawn by a small generator with a fixed seed.

use symbolon::Name;
use symbolon::Reason;
use symbolon::server::{Decision, Server};
use symbolon::terms::credential::CredentialKeys;
use symbolon::terms::list::List;
use symbolon::wire::form;
use symbolon_tests::fixture::*;
use symbolon_tests::walk::cases::HandedOut;

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn bytes(&mut self, most: usize, alphabet: &[u8]) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }

    fn key(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| self.next().to_le_bytes()[0])
    }
}

fn pairs(text: &[u8]) -> Result<Vec<(String, String)>, Reason> {
    let mut text = text.to_vec();
    form::pairs(&mut text)?.map(|pair| pair.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}

#[test]
fn a_form_that_is_cut_off_begins_with_what_the_whole_begins_with() {
    let mut random = Random(1);
    for _ in 0..2000 {
        let text = random.bytes(60, b"abc=&%+4f1C3\xc3\xa9");
        let Ok(whole) = pairs(&text) else { continue };
        for end in 0..text.len() {
            let Ok(part) = pairs(&text[..end]) else { continue };
            assert!(part.len() <= whole.len());
            let same = part.len().saturating_sub(1);
            assert_eq!(part[..same], whole[..same], "only the last pair may be cut");
        }
    }
}

#[test]
fn what_is_decoded_in_place_is_what_was_encoded() {
    let mut random = Random(2);
    for _ in 0..2000 {
        let value = String::from_utf8_lossy(&random.bytes(40, b"ab &=%+\x00\x7f\xc3\xa9~")).into_owned();
        let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
        assert_eq!(pairs(format!("a={encoded}&b").as_bytes()), Ok(vec![("a".into(), value), ("b".into(), "".into())]));
    }
}

#[test]
fn a_mask_of_a_list_gives_back_what_was_chosen() {
    let mut random = Random(3);
    for _ in 0..2000 {
        let words: Vec<String> = (0..=random.below(31)).map(|n| format!("w{n}")).collect();
        let text = words.join(" ");
        let all = symbolon::terms::scope::parse(&text).unwrap();
        let chosen: Vec<&str> = words.iter().map(String::as_str).filter(|_| random.below(2) == 1).collect();
        let mask = all.mask(chosen.iter().copied()).unwrap();
        assert_eq!(all.masked(mask).collect::<Vec<_>>(), chosen);
        assert_eq!(u32::try_from(chosen.len()).unwrap(), mask.count_ones());
        assert!(chosen.iter().all(|word| all.contains(word)));
        assert_eq!(all.mask(chosen.iter().copied().chain(["other"])), None);
        assert_eq!(all.mask(all.words()), all.all());
        let other = symbolon::terms::scope::parse("w0 other").unwrap();
        assert!(!other.is_subset_of(all) && all.is_subset_of(all) && List::is_empty(all) == words.is_empty());
    }
}

fn keys(id: u8, key: &[u8; 32]) -> Server<'static> {
    Server { keys: CredentialKeys::new(id, key).unwrap(), ..server() }
}

#[test]
fn a_credential_opens_under_the_key_that_made_it_alone() {
    let mut random = Random(4);
    for _ in 0..40 {
        let (key, other) = (random.key(), random.key());
        let id = random.next().to_le_bytes()[0];
        let code = |bench: &mut Bench| bench.code_of_c1("read");
        let mut bench = Bench { server: keys(id, &key), ..Bench::default() };
        let made = code(&mut bench);
        // The same key under another id, and another key under the same id, know nothing of it.
        for server in [keys(id.wrapping_add(1), &key), keys(id, &other)] {
            let mut stranger = Bench { server, store: bench.store.clone(), ..Bench::default() };
            assert_eq!(stranger.redeem_as_c1(&made).reason, Some(Reason::CodeInvalid));
        }
        // A ring with a new first key still opens what the retired one made, and makes what the retired one cannot open.
        let retired = CredentialKeys::new(id.wrapping_add(1), &other).unwrap().with_retired(id, &key).unwrap();
        let mut rotated =
            Bench { server: Server { keys: retired, ..server() }, store: bench.store.clone(), ..Bench::default() };
        let tokens = rotated.redeem_as_c1(&made);
        assert_eq!(tokens.status, 200, "{tokens:?}");
        bench.store = rotated.store;
        let refresh = tokens.member("refresh_token").unwrap();
        assert_eq!(bench.refresh_as_c1(&refresh).reason, Some(Reason::RefreshTokenInvalid));
    }
}

#[test]
fn the_same_credential_has_the_same_text_and_two_never_have_one() {
    let texts = |made: HandedOut| {
        let HandedOut { handle, pushed, code, access, refresh } = made;
        [vec![handle, pushed, code], access.to_vec(), refresh.to_vec()].concat()
    };
    let first = texts(HandedOut::by(server(), "c1"));
    assert_eq!(first, texts(HandedOut::by(server(), "c1")));
    let mut all = [first, texts(HandedOut::by(symbolon_tests::walk::cases::another_server(), "c1"))].concat();
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn a_ring_of_keys_takes_each_id_once_and_no_more_than_it_holds() {
    let limit = symbolon::limits::CREDENTIAL_KEYS;
    let mut ring = CredentialKeys::new(1, &[1; 32]).unwrap();
    assert_eq!(ring.clone().with_retired(1, &[2; 32]).err(), Some(Reason::Repeated(Name::KeyId)));
    assert_eq!(ring.clone().with_retired(2, &[0; 32]).err(), Some(Reason::EntropyMissing));
    assert_eq!(CredentialKeys::new(1, &[0; 32]).err(), Some(Reason::EntropyMissing));
    for id in 2..=limit {
        ring = ring.with_retired(u8::try_from(id).unwrap(), &[2; 32]).unwrap();
    }
    assert_eq!(ring.with_retired(99, &[2; 32]).err(), Some(Reason::TooMany(Name::CredentialKeys)));
}

#[test]
fn random_bytes_for_a_request_are_refused_and_change_nothing() {
    let mut random = Random(5);
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    let good = redemption(&code);
    for _ in 0..2000 {
        let mut body = good.clone().into_bytes();
        // Random edits: a byte changed, cut out, or put in. What is left of a good code with a wrong verifier burns it.
        for _ in 0..=random.below(3) {
            let place = random.below(body.len());
            match random.below(3) {
                0 => body[place] = random.next().to_le_bytes()[0],
                1 => drop(body.remove(place)),
                _ => body.insert(place, random.next().to_le_bytes()[0]),
            }
        }
        let before = bench.store.clone();
        let mut message = Message::post("").basic("c1", C1_SECRET);
        message.body = body.clone();
        let answer = bench.token(message);
        let same = pairs(&body).is_ok_and(|of_body| of_body.starts_with(&pairs(good.as_bytes()).unwrap()));
        assert!(answer.status == 400 || same, "{}: {answer:?}", String::from_utf8_lossy(&body));
        if answer.status != 200 && answer.event != Some(symbolon::Event::CodeBurnt) {
            assert_eq!(bench.store, before);
        }
        bench.store = before;
    }
    let query = authorization_query("c1", "https%3A%2F%2Fclient.example%2Fcb", "");
    let Interaction::Ask { handle, .. } = bench.authorize(Message::get(&query)) else { panic!("no interaction") };
    for _ in 0..500 {
        let scope = String::from_utf8(random.bytes(12, b"read write \"\\\x00a")).unwrap();
        let before = bench.store.clone();
        let answer = bench.decide(&handle, Decision::Approve { scope: &scope, authorization_details: "" });
        assert!(answer.status == 303 || answer.reason == Some(Reason::DecisionExceedsRequest), "{scope:?}");
        assert_eq!(answer.status == 303, scope == "read", "{scope:?}");
        bench.store = before;
    }
}
