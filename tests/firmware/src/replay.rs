//! Follows a tape: `tests/src/transcript/tape.rs` says what its lines mean. Like the runner in C, it expects nothing by
//! itself but what holds of every call: a buffer that is one byte too short is refused, and so is the answer to another
//! question.

use core::ptr::{self, addr_of_mut};

use symbolon_abi::types::{Bytes, Field, Metadata, Status, Text};
use symbolon_abi::view::Kind;
use symbolon_abi::{client, flow, resource, server};

use crate::console::Console;
use crate::described::{clear, described, set, show_step};
use crate::report::{Failed, Report};
use crate::stack::measure;
use crate::text::{Arena, Digits, Growing, number_of, split};

/// What the library is lent besides texts and buffers. Nothing in it moves.
pub struct Places {
    flow: flow::Flow,
    server: server::Server,
    client: client::Client,
    metadata: Metadata,
    resource_server: resource::ResourceServer,
    server_config: server::Config,
    client_config: client::Config,
    resource_config: resource::Config,
    request: server::Request,
    certificate: server::Certificate,
    resource_request: resource::ResourceRequest,
    needs: resource::Needs,
    decision: server::UserDecision,
    authorization_request: client::AuthorizationRequest,
    client_request: client::Request,
    arguments: Arguments,
}

/// What `give` lines give. Absent texts are NULL.
#[derive(Clone, Copy)]
struct Arguments {
    browser: Text,
    now: u64,
    entropy: Text,
    handle: Text,
    scope: Text,
    session: Text,
    rejected: Text,
    document: Text,
    well_known: u32,
}

/// The memory of the runner.
pub struct Memory<'m> {
    /// The places, zero at first.
    pub places: *mut Places,
    /// The buffer that every flow needs.
    pub buffer: &'m mut [u8],
    /// Copies of what the tape gives to a flow.
    pub arena: &'m mut [u64],
    /// For a step, as lines.
    pub shown: &'m mut [u8],
    /// The same.
    pub shown_again: &'m mut [u8],
    /// The title of a flow.
    pub title: &'m mut [u8],
}

/// The structs that a tape sets.
const INPUTS: [&[u8]; 10] = [
    b"server_config",
    b"client_config",
    b"resource_config",
    b"request",
    b"certificate",
    b"decision",
    b"resource_request",
    b"needs",
    b"authorization_request",
    b"client_request",
];

/// The roles, and how much of the stack their calls have taken.
const ROLES: [&str; 3] = ["server", "client", "resource"];

/// The runner.
pub struct Replay<'m> {
    report: Report<'m>,
    places: *mut Places,
    buffer: &'m mut [u8],
    arena: Arena<'m>,
    shown: Growing<'m>,
    shown_up_to: usize,
    shown_again: Growing<'m>,
    /// The response that the next answer gives.
    headers: [Field; 64],
    headers_len: usize,
    role: usize,
    stacks: [usize; ROLES.len()],
}

impl<'m> Replay<'m> {
    /// A runner that reports to this console.
    pub fn new(console: Console, memory: Memory<'m>) -> Self {
        let title = Growing::of(memory.title);
        Self {
            report: Report { console, title, is_running: false, passed: 0, failed: 0 },
            places: memory.places,
            buffer: memory.buffer,
            arena: Arena::of(memory.arena),
            shown: Growing::of(memory.shown),
            shown_up_to: 0,
            shown_again: Growing::of(memory.shown_again),
            headers: [Field { name: Text::NONE, value: Bytes::NONE }; 64],
            headers_len: 0,
            role: 0,
            stacks: [0; ROLES.len()],
        }
    }

    /// Follows a line, which is overwritten.
    pub fn follow(&mut self, line: &mut [u8]) -> Result<(), Failed> {
        if line.starts_with(b"= ") {
            return if self.report.is_running { self.compare(line) } else { Ok(()) };
        }
        let [what, first, second, third, fourth, fifth] = split(line);
        match what {
            b"flow" => self.begin(first),
            // The rest of a flow that has failed.
            _ if !self.report.is_running => Ok(()),
            b"set" => self.set(first, [second, third, fourth, fifth]),
            b"give" => self.give(first, second),
            b"header" => {
                self.headers[self.headers_len] =
                    Field { name: self.arena.text(first), value: self.arena.bytes(second) };
                self.headers_len += 1;
                Ok(())
            }
            b"start" => self.start(first),
            b"answer" => self.answer(first, second, third),
            b"end" => {
                self.is_compared()?;
                self.report.passed += 1;
                self.report.is_running = false;
                Ok(())
            }
            _ => self.report.fail("a line that means nothing", what, b""),
        }
    }

    /// After the last line: says how much of the stack was taken, and how many flows have held. Whether all have.
    pub fn finish(mut self) -> bool {
        let _ = self.is_over();
        for (role, stack) in ROLES.iter().zip(self.stacks) {
            self.report.say(&[b"stack ", role.as_bytes(), b" ", Digits::of(stack as u64).as_bytes()]);
        }
        self.report.tally()
    }

    fn is_over(&mut self) -> Result<(), Failed> {
        match self.report.is_running {
            true => self.report.fail("the tape goes on before the end of this flow", b"", b""),
            false => Ok(()),
        }
    }

    fn begin(&mut self, title: &[u8]) -> Result<(), Failed> {
        let _ = self.is_over();
        self.report.title.clear();
        self.report.title.put(title);
        self.report.is_running = true;
        self.shown.clear();
        self.shown_up_to = 0;
        self.arena.clear();
        self.headers_len = 0;
        for name in INPUTS {
            if let Some(at) = self.input(name) {
                // SAFETY: it is the struct of this name.
                unsafe { clear(at, described(name)) };
            }
        }
        // SAFETY: the places are this runner's. Everything in the arguments may be zero.
        unsafe {
            addr_of_mut!((*self.places).arguments).write_bytes(0, 1);
            addr_of_mut!((*self.places).flow).write(flow::Flow::EMPTY);
        }
        Ok(())
    }

    /// The struct of this name.
    fn input(&self, name: &[u8]) -> Option<*mut u8> {
        let places = self.places;
        // SAFETY: the places are this runner's.
        Some(unsafe {
            match name {
                b"server_config" => addr_of_mut!((*places).server_config).cast(),
                b"client_config" => addr_of_mut!((*places).client_config).cast(),
                b"resource_config" => addr_of_mut!((*places).resource_config).cast(),
                b"request" => addr_of_mut!((*places).request).cast(),
                b"certificate" => addr_of_mut!((*places).certificate).cast(),
                b"decision" => addr_of_mut!((*places).decision).cast(),
                b"resource_request" => addr_of_mut!((*places).resource_request).cast(),
                b"needs" => addr_of_mut!((*places).needs).cast(),
                b"authorization_request" => addr_of_mut!((*places).authorization_request).cast(),
                b"client_request" => addr_of_mut!((*places).client_request).cast(),
                _ => return None,
            }
        })
    }

    fn set(&mut self, name: &[u8], words: [&[u8]; 4]) -> Result<(), Failed> {
        let Some(at) = self.input(name) else {
            return self.report.fail("a struct that is not described", name, b"");
        };
        if name == b"certificate" {
            // SAFETY: the places are this runner's, and stay.
            unsafe { (*self.places).request.certificate = addr_of_mut!((*self.places).certificate) };
        }
        // SAFETY: it is the struct of this name.
        match unsafe { set(at, described(name), &mut self.arena, words) } {
            Some(()) => Ok(()),
            None => self.report.fail("a member that is not described", words[0], b""),
        }
    }

    fn give(&mut self, name: &[u8], value: &[u8]) -> Result<(), Failed> {
        let value_copied = self.arena.text(value);
        // SAFETY: the places are this runner's.
        let arguments = unsafe { &mut (*self.places).arguments };
        *match name {
            b"browser" => &mut arguments.browser,
            b"entropy" => &mut arguments.entropy,
            b"handle" => &mut arguments.handle,
            b"scope" => &mut arguments.scope,
            b"session" => &mut arguments.session,
            b"rejected" => &mut arguments.rejected,
            b"document" => &mut arguments.document,
            b"now" => {
                arguments.now = number_of(value);
                return Ok(());
            }
            b"well_known" => {
                arguments.well_known = number_of(value) as u32;
                return Ok(());
            }
            _ => return self.report.fail("an argument that nothing takes", name, b""),
        } = value_copied;
        Ok(())
    }

    /// A call of the library, of which the stack is measured.
    fn call(&mut self, call: impl FnOnce() -> i32) -> i32 {
        let (status, stack) = measure(call);
        self.stacks[self.role] = self.stacks[self.role].max(stack);
        status
    }

    /// Calls the start function of this name with a buffer of this length.
    fn start_with(&mut self, name: &[u8], len: usize) -> i32 {
        let Places {
            flow,
            server,
            client,
            metadata,
            resource_server,
            request,
            resource_request,
            needs,
            decision,
            authorization_request,
            client_request,
            arguments,
            ..
        } = // SAFETY: the places are this runner's; what is lent stays until the flow has ended.
            unsafe { &mut *self.places };
        let (flow, buffer) = (ptr::from_mut(flow), self.buffer.as_mut_ptr());
        let Arguments { browser, now, entropy, handle, scope, session, rejected, document, well_known } = *arguments;
        let known = if document.ptr.is_null() { ptr::null() } else { ptr::from_ref(metadata) };
        let browser = Bytes { ptr: browser.ptr, len: browser.len };
        let (entropy, session) = (entropy.ptr.cast(), session.ptr.cast());
        let server::Request { query, query_len, .. } = *request;
        // SAFETY: as above.
        unsafe {
            match name {
                b"authorize" => self.call(|| {
                    server::symbolon_authorize_start(flow, server, request, browser, now, entropy, buffer, len)
                }),
                b"push" => self.call(|| server::symbolon_push_start(flow, server, request, now, entropy, buffer, len)),
                b"resume" => {
                    self.call(|| server::symbolon_resume_start(flow, server, handle, browser, now, buffer, len))
                }
                b"decide" => self
                    .call(|| server::symbolon_decide_start(flow, server, handle, browser, decision, now, buffer, len)),
                b"token" => {
                    self.call(|| server::symbolon_token_start(flow, server, request, now, entropy, buffer, len))
                }
                b"revoke" => self.call(|| server::symbolon_revoke_start(flow, server, request, now, buffer, len)),
                b"introspect" => {
                    self.call(|| server::symbolon_introspect_start(flow, server, request, now, buffer, len))
                }
                b"userinfo" => self.call(|| server::symbolon_userinfo_start(flow, server, request, now, buffer, len)),
                b"jwks" => self.call(|| server::symbolon_jwks_start(flow, server, buffer, len)),
                b"metadata" => self.call(|| server::symbolon_metadata_start(flow, server, buffer, len)),
                b"client_discover" => {
                    self.call(|| client::symbolon_client_discover_start(flow, client, well_known, known, buffer, len))
                }
                b"client_authorize" => self.call(|| {
                    client::symbolon_client_authorize_start(
                        flow,
                        client,
                        metadata,
                        browser,
                        authorization_request,
                        now,
                        entropy,
                        buffer,
                        len,
                    )
                }),
                b"client_callback" => self.call(|| {
                    client::symbolon_client_callback_start(
                        flow, client, metadata, query, query_len, browser, now, buffer, len,
                    )
                }),
                b"client_refresh" => self.call(|| {
                    client::symbolon_client_refresh_start(flow, client, metadata, session, rejected, now, buffer, len)
                }),
                b"client_credentials" => self.call(|| {
                    client::symbolon_client_credentials_start(
                        flow, client, metadata, scope, rejected, now, entropy, buffer, len,
                    )
                }),
                b"client_request" => self.call(|| {
                    client::symbolon_client_request_start(
                        flow,
                        client,
                        session,
                        client_request,
                        now,
                        entropy,
                        buffer,
                        len,
                    )
                }),
                b"client_userinfo" => self.call(|| {
                    client::symbolon_client_userinfo_start(flow, client, metadata, session, now, entropy, buffer, len)
                }),
                b"client_revoke" => self
                    .call(|| client::symbolon_client_revoke_start(flow, client, metadata, session, now, buffer, len)),
                b"judge" => self.call(|| {
                    resource::symbolon_judge_start(flow, resource_server, resource_request, needs, now, buffer, len)
                }),
                b"resource_metadata" => {
                    self.call(|| resource::symbolon_resource_metadata_start(flow, resource_server, buffer, len))
                }
                _ => Status::Refused as i32,
            }
        }
    }

    /// Configures what was set; how long the buffer must be.
    fn configure(&mut self, name: &[u8]) -> Result<usize, Failed> {
        let Places {
            server,
            client,
            metadata,
            resource_server,
            server_config,
            client_config,
            resource_config,
            arguments,
            ..
        } = // SAFETY: the places are this runner's.
            unsafe { &mut *self.places };
        let document = arguments.document;
        // SAFETY: all of it stays until the flow has ended.
        unsafe {
            if name.starts_with(b"client_") {
                self.role = 1;
                let status = self.call(|| client::symbolon_client_init(client, client_config, ptr::null_mut()));
                self.report.expect("client_init", Status::Ok, status)?;
                if !document.ptr.is_null() {
                    let (at, len) = (document.ptr.cast_mut(), document.len);
                    let status =
                        self.call(|| client::symbolon_metadata_read(metadata, client, at, len, ptr::null_mut()));
                    self.report.expect("metadata_read", Status::Ok, status)?;
                }
                Ok(client::symbolon_client_buffer())
            } else if name == b"judge" || name.starts_with(b"resource_") {
                self.role = 2;
                let status =
                    self.call(|| resource::symbolon_resource_init(resource_server, resource_config, ptr::null_mut()));
                self.report.expect("resource_init", Status::Ok, status)?;
                Ok(resource::symbolon_resource_buffer())
            } else {
                self.role = 0;
                let status = self.call(|| server::symbolon_server_init(server, server_config, ptr::null_mut()));
                self.report.expect("server_init", Status::Ok, status)?;
                Ok(server::symbolon_server_buffer())
            }
        }
    }

    fn start(&mut self, name: &[u8]) -> Result<(), Failed> {
        let needed = self.configure(name)?;
        assert!(needed <= self.buffer.len(), "the buffer of this runner is too short");
        let status = self.start_with(name, needed - 1);
        self.report.expect("a short buffer", Status::TooSmall, status)?;
        // SAFETY: the places are this runner's.
        let told = unsafe { flow::symbolon_needed(addr_of_mut!((*self.places).flow)) };
        if told != needed {
            let (needed, told) = (Digits::of(needed as u64), Digits::of(told as u64));
            return self.report.fail("symbolon_needed", needed.as_bytes(), told.as_bytes());
        }
        let status = self.start_with(name, needed);
        self.report.expect("start", Status::Ok, status)?;
        self.step()
    }

    fn answer(&mut self, kind: &[u8], first: &[u8], second: &[u8]) -> Result<(), Failed> {
        self.is_compared()?;
        let (number, at, len) = (number_of(first), self.arena.copy(second), second.len());
        let (headers, headers_len) = (self.headers, self.headers_len);
        let headers = headers.as_ptr();
        self.headers_len = 0;
        // SAFETY: the places are this runner's; what is lent stays until the flow has ended.
        let status = unsafe {
            let flow = addr_of_mut!((*self.places).flow);
            match kind {
                b"row" => self.call(|| flow::symbolon_answer_row(flow, number, at, len)),
                b"absent" => self.call(|| flow::symbolon_answer_absent(flow)),
                b"committed" => self.call(|| flow::symbolon_answer_committed(flow)),
                b"conflict" => self.call(|| flow::symbolon_answer_conflict(flow)),
                b"unavailable" => self.call(|| flow::symbolon_answer_unavailable(flow)),
                b"signature" => self.call(|| flow::symbolon_answer_signature(flow, at, len)),
                b"verdict" => self.call(|| flow::symbolon_answer_verdict(flow, number as u32)),
                b"response" => {
                    self.call(|| flow::symbolon_answer_response(flow, number as u32, headers, headers_len, at, len))
                }
                _ => Status::Refused as i32,
            }
        };
        self.report.expect("answer", Status::Ok, status)?;
        self.step()
    }

    /// Shows the step. An answer to another question is refused, and nothing changes.
    fn step(&mut self) -> Result<(), Failed> {
        // SAFETY: the places are this runner's.
        let flow = unsafe { addr_of_mut!((*self.places).flow) };
        self.shown_up_to = 0;
        self.shown_again.clear();
        // SAFETY: a flow is in it.
        let (kind, status) = unsafe {
            let kind = show_step(&mut self.shown_again, flow);
            let status = match kind {
                Kind::Load => flow::symbolon_answer_committed(flow),
                Kind::Done => flow::symbolon_answer_unavailable(flow),
                _ => flow::symbolon_answer_absent(flow),
            };
            self.shown.clear();
            show_step(&mut self.shown, flow);
            (kind, status)
        };
        if kind == Kind::None {
            return self.report.fail("there is no step", b"", b"");
        }
        self.report.expect("an answer to another question", Status::WrongStep, status)?;
        if self.shown.as_bytes() != self.shown_again.as_bytes() {
            return self.report.fail("an answer to another question has changed the flow", b"", b"");
        }
        Ok(())
    }

    fn compare(&mut self, expected: &[u8]) -> Result<(), Failed> {
        let rest = &self.shown.as_bytes()[self.shown_up_to..];
        let Some(len) = rest.iter().position(|&byte| byte == b'\n') else {
            return self.report.fail("nothing more was asked or said", expected, b"");
        };
        self.shown_up_to += len + 1;
        match &rest[..len] == expected {
            true => Ok(()),
            false => self.report.fail("differs", expected, &rest[..len]),
        }
    }

    fn is_compared(&mut self) -> Result<(), Failed> {
        match &self.shown.as_bytes()[self.shown_up_to..] {
            [] => Ok(()),
            rest => self.report.fail("more was asked or said", b"", rest),
        }
    }
}
