//! The C interface under calls in any order, as a program makes them that gets everything wrong. Run with AddressSanitizer:
//! whatever is lent is allocated at its exact size, and freed as soon as `symbolon.h` says that it may be.
//!
//! The input is a program: each call has [`CALL`] bytes, one for each choice, and 0 where there are no more. Most bytes are what
//! an honest host does, so that flows get to their ends; the others are what the header forbids, or what happens seldom: answers
//! to another question, storage that is moved, wiped, zeroed or of another version, short buffers, NULL, and requests, responses
//! and rows with other bytes in them.

use std::collections::BTreeMap;
use std::mem::zeroed;
use std::ptr;

use base64ct::{Base64, Encoding};
use symbolon_abi::flow::{self, Flow};
use symbolon_abi::types::{Bytes, Field, Status, Text};
use symbolon_abi::view::{Kind, View};
use symbolon_abi::{ABI, client, outcome, resource, server};

use crate::fixture::{BROWSER, C1_SECRET, NOW, RS1_SECRET, VERIFIER};
use host::{DOCUMENT, Host, Lent, Slot, ok};
use shown::shown;

mod host;
mod shown;

/// The bytes of a call.
const CALL: usize = 16;

const QUERY: &str = "response_type=code&client_id=c1&redirect_uri=https%3A%2F%2Fclient.example%2Fcb&state=xyz\
    &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&scope=read";
const TOKENS: &str =
    r#"{"access_token":"at-1","token_type":"Bearer","expires_in":600,"refresh_token":"rt-1","scope":"read"}"#;
const CLAIMS: &str = r#"{"active":true,"iss":"https://as.example","aud":"https://rs.example/","client_id":"c1",
    "scope":"read write","sub":"alice","token_type":"Bearer","exp":1000600}"#;

impl Host<'_> {
    fn said(&self, name: &str) -> &str {
        self.said.get(name).map_or("nothing", String::as_str)
    }

    /// Starts one of the flows, perhaps with arguments that are none.
    fn start(&mut self, slot: &mut Slot) {
        let which = self.byte() % 16;
        let refresh_or_access = if self.byte() < 128 { self.said("refresh_token") } else { self.said("access_token") };
        let body = match which {
            3 => format!(
                "grant_type=authorization_code&code={}&code_verifier={VERIFIER}\
                 &redirect_uri=https%3A%2F%2Fclient.example%2Fcb",
                self.said("code")
            ),
            4 => format!("grant_type=refresh_token&refresh_token={}", self.said("refresh_token")),
            13 => QUERY.to_owned(),
            _ => format!("token={refresh_or_access}"),
        };
        let query = match which {
            9 => format!("code=c&state={}", self.said("state")),
            _ => QUERY.to_owned(),
        };
        let authorization = match which {
            6 => basic("rs1", RS1_SECRET),
            12 => format!("Bearer {}", self.said("access_token")),
            _ => basic("c1", C1_SECRET),
        };
        let handle = self.said("handle").to_owned();
        let (query, body) = (self.perhaps(query.as_bytes()), self.perhaps(body.as_bytes()));
        let (authorization, browser) = (self.perhaps(authorization.as_bytes()), self.perhaps(BROWSER));
        let handle = self.perhaps(handle.as_bytes());
        let needed = match which {
            7..=11 | 14 => client::symbolon_client_buffer(),
            12 => resource::symbolon_resource_buffer(),
            _ => server::symbolon_server_buffer(),
        };

        let before = std::mem::take(&mut slot.lent);
        let (query_len, body_len, browser_len) = (query.len(), body.len(), browser.len());
        let (query, body) = (slot.lend(&query).at(), slot.lend(&body).at());
        let browser = Bytes { ptr: slot.lend(&browser).at(), len: browser_len };
        let (handle, scope, rejected) =
            (slot.lend(&handle).text(), slot.lend(b"read").text(), slot.lend(b"at-0").text());
        let subject = slot.lend(b"alice").text();
        let names = slot.lend(b"c1.example").text();
        // The rest is lent for the call, on whose return it is freed.
        let lent = [&b"Authorization"[..], &authorization, b"Content-Type", b"application/x-www-form-urlencoded"];
        let lent = lent.map(Lent::new);
        let field = |name: &Lent, value: &Lent| {
            let Text { ptr, len } = value.text();
            Field { name: name.text(), value: Bytes { ptr, len } }
        };
        let fields = Box::new([field(&lent[0], &lent[1]), field(&lent[2], &lent[3])]);
        let url = Lent::new(b"https://rs.example/data");
        let method = Lent::new(if which == 0 { b"GET" } else { b"POST" });
        let certificate = Box::new(server::Certificate {
            thumbprint: [7; 32],
            chain_verified: 1,
            subject: names,
            dns: names,
            uri: Text::NONE,
            ip: Text::NONE,
            email: Text::NONE,
        });
        let decision = Box::new(server::UserDecision {
            subject,
            authenticated_at: NOW.0,
            approved: u32::from(!self.errs()),
            unasked: u32::from(self.errs()),
            scope,
            authorization_details: Text::NONE,
            acr: Text::NONE,
            amr: Text::NONE,
        });
        let mut request = Box::new(server::Request {
            method: method.text(),
            query,
            query_len,
            headers: fields.as_ptr(),
            headers_len: fields.len(),
            body,
            body_len,
            certificate: ptr::null(),
        });
        // SAFETY: all members may be zero: numbers, and texts that are absent.
        let mut needs: Box<resource::Needs> = Box::new(unsafe { std::mem::zeroed() });
        needs.scope = scope;
        let asked = Box::new(client::AuthorizationRequest {
            scope,
            acr_values: Text::NONE,
            prompt: Text::NONE,
            login_hint: subject,
            has_max_age: 1,
            max_age: 60,
        });
        let (entropy, session) = (Box::new([self.byte().max(1); 32]), Box::new(self.session));
        let (mut server, mut client) = (&raw const *self.server, &raw const *self.client);
        let mut flow = &raw mut *slot.flow;
        let mut wrong_abi = false;
        match self.byte() {
            249 => request.certificate = &raw const *certificate,
            250 => server = ptr::null(),
            251 => client = ptr::null(),
            252 => request.headers = ptr::null(),
            253 => request.headers_len = 0,
            254 => wrong_abi = true,
            255 => flow = ptr::null_mut(),
            _ => {}
        }
        let to_resource = Box::new(resource::ResourceRequest {
            method: request.method,
            url: url.text(),
            headers: request.headers,
            headers_len: request.headers_len,
            certificate: ptr::null(),
            certificate_len: 0,
        });
        if wrong_abi {
            // SAFETY: the number of the interface is what the storage begins with, and the header has it in the open.
            unsafe { *flow.cast::<u32>() = ABI + 1 };
        }
        let (metadata, resource) = (&raw const *self.metadata, &raw const *self.resource);
        let (entropy, session) = (&raw const *entropy, &raw const *session);
        let (to_resource, needs) = (&raw const *to_resource, &raw const *needs);
        let (request, decision, now) = (&raw const *request, &raw const *decision, NOW.0);
        // SAFETY: what is lent is there, or NULL.
        let start = |at: *mut u8, len| unsafe {
            match which {
                0 => server::symbolon_authorize_start(flow, server, request, browser, now, entropy, at, len),
                1 => server::symbolon_resume_start(flow, server, handle, browser, now, at, len),
                2 => server::symbolon_decide_start(flow, server, handle, browser, decision, now, at, len),
                3 | 4 => server::symbolon_token_start(flow, server, request, now, entropy, at, len),
                5 => server::symbolon_revoke_start(flow, server, request, now, at, len),
                6 => server::symbolon_introspect_start(flow, server, request, now, at, len),
                7 => client::symbolon_client_discover_start(flow, client, 1, metadata, at, len),
                8 => client::symbolon_client_authorize_start(
                    flow,
                    client,
                    metadata,
                    browser,
                    &raw const *asked,
                    now,
                    entropy,
                    at,
                    len,
                ),
                9 => client::symbolon_client_callback_start(
                    flow, client, metadata, query, query_len, browser, now, at, len,
                ),
                10 => client::symbolon_client_refresh_start(flow, client, metadata, session, rejected, now, at, len),
                11 => client::symbolon_client_revoke_start(flow, client, metadata, session, now, at, len),
                12 => resource::symbolon_judge_start(flow, resource, to_resource, needs, now, at, len),
                13 => server::symbolon_push_start(flow, server, request, now, entropy, at, len),
                14 => client::symbolon_client_credentials_start(
                    flow, client, metadata, scope, rejected, now, entropy, at, len,
                ),
                _ => server::symbolon_metadata_start(flow, server, at, len),
            }
        };
        let len = match self.byte() {
            short @ 221.. => needed * usize::from(short - 221) / 35,
            _ => needed,
        };
        // A start ends the flow that is in the storage: what that was lent is nobody's any more. Without storage nothing ends.
        let kept = flow.is_null().then_some(before);
        let mut status = start(slot.lend(&vec![0x55; len]).at(), len);
        if status == Status::TooSmall as i32 {
            // SAFETY: the storage is there.
            assert_eq!(unsafe { flow::symbolon_needed(flow) }, needed);
            assert!(len < needed && slot.view().kind == Kind::None);
            status = start(slot.lend(&vec![0x55; needed]).at(), needed);
            assert_eq!(status, Status::Ok as i32, "the same call, with what it needs");
        }
        if wrong_abi {
            assert_eq!(status, Status::Abi as i32);
            *slot.flow = Flow::EMPTY;
        } else if flow.is_null() {
            assert_eq!(status, Status::Null as i32);
            slot.lent = kept.unwrap_or_default();
        } else {
            assert_eq!(status == Status::Ok as i32, slot.view().kind != Kind::None);
        }
    }

    /// Answers as a host does that has the rows and the keys, or is down at times.
    fn answer(&mut self, slot: &mut Slot) {
        let flow = &raw mut *slot.flow;
        let down = self.byte() > 240;
        let view = slot.view();
        // SAFETY: the view says which question it is; what it points to and what is lent is there for the call.
        let status = unsafe {
            match view.kind {
                Kind::None | Kind::Done => return,
                _ if down => flow::symbolon_answer_unavailable(flow),
                Kind::Load => match self.rows.get(&view.of.load.key).cloned() {
                    Some((version, value)) => {
                        let value = Lent::new(&self.perhaps(&value));
                        flow::symbolon_answer_row(flow, version, value.at(), value.0.len())
                    }
                    None => flow::symbolon_answer_absent(flow),
                },
                Kind::Commit => {
                    let commit = view.of.commit;
                    let there = self.rows.get(&commit.key).map(|(version, _)| *version);
                    if there == commit.exists.then_some(commit.expected) && !self.errs() {
                        let value = commit.value.slice().expect("bytes");
                        match commit.delete_row {
                            true => self.rows.remove(&commit.key),
                            false => self.rows.insert(commit.key, (there.unwrap_or(0) + 1, value.to_vec())),
                        };
                        flow::symbolon_answer_committed(flow)
                    } else {
                        flow::symbolon_answer_conflict(flow)
                    }
                }
                Kind::Sign => {
                    let signature = Lent::new(&self.perhaps(&[1; 64]));
                    flow::symbolon_answer_signature(flow, signature.at(), signature.0.len())
                }
                Kind::Verify => flow::symbolon_answer_verdict(flow, u32::from(!self.errs())),
                Kind::Send => {
                    let url = view.of.send.url.str().expect("a text");
                    let body = match url.rsplit('/').next() {
                        Some("token") => TOKENS,
                        Some("introspect") => CLAIMS,
                        Some("revoke") => "",
                        _ => DOCUMENT,
                    };
                    let status = if self.errs() { u32::from(self.byte()) * 300 } else { 200 };
                    let (name, body) = (Lent::new(b"Content-Type"), Lent::new(&self.perhaps(body.as_bytes())));
                    let value = Lent::new(&self.perhaps(b"application/json"));
                    let value = Bytes { ptr: value.at(), len: value.0.len() };
                    let fields = Box::new([Field { name: name.text(), value }]);
                    flow::symbolon_answer_response(flow, status, fields.as_ptr(), 1, body.at(), body.0.len())
                }
            }
        };
        ok(status);
        self.note(slot.view());
    }

    /// Gives an answer of the program's choice, which may be to another question.
    fn answer_wrongly(&mut self, slot: &mut Slot) {
        let (which, null) = (self.byte() % 8, self.errs());
        let before = shown(slot.view());
        let (kind, flow, bytes) = (slot.view().kind, &raw mut *slot.flow, Lent::new(b"{}"));
        let (at, len) = if null { (ptr::null_mut(), 2) } else { (bytes.at(), 2) };
        // SAFETY: what is lent is there, or NULL.
        let (to, status) = unsafe {
            match which {
                0 => (Kind::Load, flow::symbolon_answer_row(flow, 1, at, len)),
                1 => (Kind::Load, flow::symbolon_answer_absent(flow)),
                2 => (Kind::Commit, flow::symbolon_answer_committed(flow)),
                3 => (Kind::Commit, flow::symbolon_answer_conflict(flow)),
                4 => (Kind::Sign, flow::symbolon_answer_signature(flow, at, len)),
                5 => (Kind::Verify, flow::symbolon_answer_verdict(flow, 1)),
                6 => (Kind::Send, flow::symbolon_answer_response(flow, 200, ptr::null(), 0, at, len)),
                _ => (kind, flow::symbolon_answer_unavailable(flow)),
            }
        };
        let takes_bytes = matches!(which, 0 | 4 | 6);
        let expected = match kind {
            Kind::None => Status::Flow,
            Kind::Done => Status::WrongStep,
            _ if kind != to => Status::WrongStep,
            _ if takes_bytes && null => Status::Null,
            _ => Status::Ok,
        };
        assert_eq!(status, expected as i32, "answer {which} to {kind:?}");
        if expected == Status::Ok {
            self.note(slot.view());
        } else {
            assert!(shown(slot.view()) == before, "what was refused has changed nothing");
        }
    }

    /// Keeps what later requests are made of.
    fn note(&mut self, view: &View) {
        if view.kind != Kind::Done {
            return;
        }
        // SAFETY: the kinds say which of the ends it is.
        unsafe {
            let done = &view.of.done;
            match done.kind {
                outcome::Kind::Reply => {
                    let reply = &done.of.reply;
                    for field in &reply.headers.at[..reply.headers.len] {
                        self.note_members(&field.value, '=', '&');
                    }
                    self.note_members(&reply.body, ':', ',');
                }
                outcome::Kind::Prompt => self.note_as("handle", done.of.prompt.handle.str().expect("a text")),
                outcome::Kind::SignIn => {
                    self.session = done.of.sign_in.session;
                    let Text { ptr, len } = done.of.sign_in.url;
                    self.note_members(&Bytes { ptr, len }, '=', '&');
                }
                _ => {}
            }
        }
    }

    /// Finds `code`, `state` and tokens in the query of a URI, or in JSON.
    fn note_members(&mut self, of: &Bytes, is: char, and: char) {
        // SAFETY: the library points to what is there.
        let text = String::from_utf8_lossy(unsafe { of.slice() }.expect("bytes")).into_owned();
        for member in text.split(['{', '}', '?', and]) {
            if let Some((name, value)) = member.split_once(is) {
                self.note_as(name.trim_matches('"'), value.trim_matches('"'));
            }
        }
    }

    fn note_as(&mut self, name: &str, value: &str) {
        let names = ["code", "state", "handle", "access_token", "refresh_token"];
        if let Some(name) = names.into_iter().find(|known| *known == name) {
            self.said.insert(name, value.to_owned());
        }
    }
}

fn basic(client_id: &str, secret: &str) -> String {
    format!("Basic {}", Base64::encode_string(format!("{client_id}:{secret}").as_bytes()))
}

/// Copies a flow elsewhere, where it is none.
fn moved(slot: &Slot) {
    let mut other = Box::new(Flow::EMPTY);
    // SAFETY: both are storage of a flow.
    let status = unsafe {
        ptr::copy_nonoverlapping(&raw const *slot.flow, &raw mut *other, 1);
        flow::symbolon_answer_unavailable(&raw mut *other)
    };
    assert_eq!(status, Status::Flow as i32);
}

/// Storage that is all zero, or of another size, holds no flow and takes none.
fn not_initialized(buffer: usize) {
    // SAFETY: all members of the storage may be zero.
    let mut flow: Box<Flow> = Box::new(unsafe { zeroed() });
    // SAFETY: a configuration may be looked at only where there is storage, so that NULL is never reached.
    let status = unsafe { server::symbolon_metadata_start(&raw mut *flow, ptr::null(), ptr::null_mut(), buffer) };
    assert_eq!(status, Status::Abi as i32);
}

/// Calls, two flows at a time.
pub fn c_abi(bytes: &[u8]) {
    run(bytes);
}

/// Runs a program; what it has heard at its end.
fn run(bytes: &[u8]) -> BTreeMap<&'static str, String> {
    let mut host = Host::new();
    let mut slots = [Slot::new(), Slot::new()];
    for call in bytes.chunks(CALL) {
        host.program = call.iter();
        let choice = host.byte();
        let slot = &mut slots[usize::from(choice & 1)];
        match choice >> 1 {
            0..=31 => host.start(slot),
            32..=109 => host.answer(slot),
            110..=119 => host.answer_wrongly(slot),
            120..=122 => moved(slot),
            123 => not_initialized(usize::from(choice)),
            _ => {
                // SAFETY: the storage is there.
                unsafe { flow::symbolon_flow_wipe(&raw mut *slot.flow) };
                slot.lent.clear();
                assert!(slot.view().kind == Kind::None);
            }
        }
        // All that a step points to is still there.
        for slot in &slots {
            shown(slot.view());
        }
    }
    host.said
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seeds get as far as a program can: else the fuzzer would begin with nothing.
    #[test]
    fn seeds_reach_the_ends_of_flows() {
        let server = run(include_bytes!("../../../fuzz/seeds/c_abi/server"));
        assert_eq!(
            server.keys().copied().collect::<Vec<_>>(),
            ["access_token", "code", "handle", "refresh_token", "state"]
        );
        let client = run(include_bytes!("../../../fuzz/seeds/c_abi/client"));
        assert_eq!(client.keys().copied().collect::<Vec<_>>(), ["state"]);
    }
}
