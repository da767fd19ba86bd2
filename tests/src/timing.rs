//! That no time tells where a secret and a guess begin to differ.
//!
//! Each case is one flow with a wrong value that differs from the right one at its start, in its middle, at its end, or all over.
//! Instructions are counted as for the figures, to the last one, and must be the same for each: a comparison that ends early, or
//! a branch on what is compared, would show. A comparison that does end early is a case too, and must be found.

use std::process::ExitCode;

use symbolon::server::Decision;

use crate::figures::{count, symbolon_figures_flow};
use crate::fixture::{
    Bench, C1_SECRET, CHALLENGE, Interaction, Message, NOW, RS1_SECRET, authorization_query, redemption,
};

/// Where the values differ.
const VARIANTS: [&str; 4] = ["start", "middle", "end", "all over"];

/// A run that is ready to be counted, for a variant.
type Prepare = fn(usize) -> Box<dyn FnMut()>;

/// The cases, and the row of the catalogue that each is.
const CASES: [(&str, &str, Prepare); 9] = [
    ("client secret, by its hash in the row", "TI-01", client_secret),
    ("code_challenge of the row", "TI-04", challenge),
    ("tag of an authorization code", "TI-03", code_tag),
    ("tag of a refresh token", "TI-03", refresh_tag),
    ("tag of an access token", "TI-03", access_tag),
    ("tag of an interaction", "TI-03", interaction_tag),
    ("binding of the user agent", "TI-03", browser),
    ("DPoP nonce", "TI-03", nonce),
    ("a comparison that ends early", "planted", planted),
];

/// The places to change in a value of this length. Nothing is allocated for it: the allocator would remember.
fn places(len: usize, variant: usize) -> impl Iterator<Item = usize> {
    let (from, to) = [(0, 1), (len / 2, len / 2 + 1), (len - 1, len), (0, len)][variant];
    from..to
}

/// Changes a value that stands somewhere in the rows.
fn spoil(bench: &mut Bench, value: &[u8], variant: usize) {
    let rows = bench.store.rows.values_mut();
    let mut found = rows.filter_map(|row| {
        let at = row.value.windows(value.len()).position(|window| window == value)?;
        row.value.get_mut(at..at + value.len())
    });
    let place = found.next().expect("a row with the value");
    for at in places(value.len(), variant) {
        place[at] ^= 0x55;
    }
}

/// The text with another tag: its last 22 characters.
fn retagged(text: &str, variant: usize) -> String {
    let mut text = text.as_bytes().to_vec();
    let tag = text.len() - 22;
    for at in places(22, variant) {
        let character = &mut text[tag + at];
        *character = if *character == b'A' { b'B' } else { b'A' };
    }
    String::from_utf8(text).expect("characters of base64url")
}

fn client_secret(variant: usize) -> Box<dyn FnMut()> {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    spoil(&mut bench, &symbolon::terms::secret::hash(C1_SECRET), variant);
    let mut message = Some(Message::post(&redemption(&code)).basic("c1", C1_SECRET));
    Box::new(move || assert_eq!(bench.token(message.take().expect("one run")).status, 401))
}

fn challenge(variant: usize) -> Box<dyn FnMut()> {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    spoil(&mut bench, &Base64UrlUnpadded::decode_vec(CHALLENGE).expect("base64url"), variant);
    let mut message = Some(Message::post(&redemption(&code)).basic("c1", C1_SECRET));
    Box::new(move || assert_eq!(bench.token(message.take().expect("one run")).status, 400))
}

fn code_tag(variant: usize) -> Box<dyn FnMut()> {
    let mut bench = Bench::default();
    let code = retagged(&bench.code_of_c1("read"), variant);
    let mut message = Some(Message::post(&redemption(&code)).basic("c1", C1_SECRET));
    Box::new(move || assert_eq!(bench.token(message.take().expect("one run")).status, 400))
}

fn refresh_tag(variant: usize) -> Box<dyn FnMut()> {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    let token = bench.redeem_as_c1(&code).member("refresh_token").expect("a refresh token");
    let form = format!("grant_type=refresh_token&refresh_token={}", retagged(&token, variant));
    let mut message = Some(Message::post(&form).basic("c1", C1_SECRET));
    Box::new(move || assert_eq!(bench.token(message.take().expect("one run")).status, 400))
}

fn access_tag(variant: usize) -> Box<dyn FnMut()> {
    let mut bench = Bench::default();
    let code = bench.code_of_c1("read");
    let token = bench.redeem_as_c1(&code).member("access_token").expect("an access token");
    let form = format!("token={}", retagged(&token, variant));
    let mut message = Some(Message::post(&form).basic("rs1", RS1_SECRET));
    Box::new(move || {
        let answer = bench.introspect(message.take().expect("one run"));
        assert_eq!(answer.member("active").as_deref().unwrap_or("false"), "false");
    })
}

/// An interaction of `c1`.
fn asked(bench: &mut Bench) -> String {
    match bench.authorize(Message::get(&authorization_query("c1", "https%3A%2F%2Fclient.example%2Fcb", "&scope=read")))
    {
        Interaction::Ask { handle, .. } => handle,
        Interaction::Refused(answer) => panic!("{answer:?}"),
    }
}

fn interaction_tag(variant: usize) -> Box<dyn FnMut()> {
    let mut bench = Bench::default();
    let handle = retagged(&asked(&mut bench), variant);
    Box::new(move || assert_eq!(bench.decide(&handle, Decision::Deny).status, 400))
}

fn browser(variant: usize) -> Box<dyn FnMut()> {
    use sha2::{Digest, Sha256};
    let mut bench = Bench::default();
    let handle = asked(&mut bench);
    spoil(&mut bench, &Sha256::digest(crate::fixture::BROWSER), variant);
    Box::new(move || assert_eq!(bench.decide(&handle, Decision::Deny).status, 400))
}

fn nonce(variant: usize) -> Box<dyn FnMut()> {
    let bench = Bench::default();
    let mut buffer = [0; 128];
    let mut arena = symbolon::wire::write::Arena::new(&mut buffer, 0).expect("any length");
    let text = arena.text(|w| bench.server.keys.dpop_nonce(NOW, w)).expect("room").to_owned();
    assert!(bench.server.keys.dpop_nonce_end(&text, NOW).is_some());
    let text = retagged(&text, variant);
    Box::new(move || assert!(bench.server.keys.dpop_nonce_end(&text, NOW).is_none()))
}

fn planted(variant: usize) -> Box<dyn FnMut()> {
    let (right, mut guess) = ([7_u8; 32], [7_u8; 32]);
    for at in places(32, variant) {
        guess[at] ^= 0x55;
    }
    Box::new(move || {
        let equal = std::hint::black_box(&right).iter().zip(std::hint::black_box(&guess)).all(|(a, b)| a == b);
        assert!(!std::hint::black_box(equal));
    })
}

/// The program: counts every case, or runs one when called by itself.
pub fn main(arguments: &[String]) -> ExitCode {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--case", case, variant] => {
            let number = |text: &str| text.parse::<usize>().expect("a number");
            let (prepare, variant) = (CASES[number(case)].2, number(variant));
            // A thread's stack does not depend on the environment: see the figures.
            let ended = std::thread::spawn(move || symbolon_figures_flow(&mut prepare(variant))).join();
            if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        [] => match table() {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("usage: cargo timing");
            ExitCode::from(2)
        }
    }
}

fn table() -> Result<bool, String> {
    let mut held = true;
    println!("instructions for a wrong value that differs at its {}", VARIANTS.join(", "));
    for (case, (name, id, _)) in CASES.iter().enumerate() {
        let counted = (0..VARIANTS.len())
            .map(|variant| count("symbolon_figures_flow", &["--case", &case.to_string(), &variant.to_string()]))
            .map(|counted| counted.map(|(instructions, _)| instructions))
            .collect::<Result<Vec<u64>, String>>()
            .map_err(|error| format!("{name}: {error}"))?;
        let same = counted.iter().all(|instructions| *instructions == counted[0]);
        let right = same != (*id == "planted");
        held &= right;
        println!("{id:8} {name}: {counted:?}{}", if right { "" } else { " FAILED" });
    }
    Ok(held)
}
