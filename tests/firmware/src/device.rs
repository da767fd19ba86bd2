//! A client on a device that has neither a network nor a store nor a clock: it asks the host for all of that, in lines. Its tokens
//! are bound to a key that the host holds, and signs with.
//!
//! The words of a line are those of a tape: `tests/src/transcript/tape.rs`. At first the host configures the device:
//!
//! ```text
//! set client_config MEMBER VALUE
//! give NAME VALUE              browser, now, and as `resource` the URL that the access token is for
//! start
//! ```
//!
//! Then the device asks, in lines that begin with `=`: the questions of the flows, and two of its own. `visit` has the user
//! go to a `url`, and `entropy` is for 32 bytes that nobody can foretell. After a question there is the line `ask`; after an end,
//! which needs no answer, the line `end`. The host answers:
//!
//! ```text
//! header NAME VALUE            a header field of the response that the next answer gives
//! answer row VERSION VALUE     or: answer absent, committed, conflict, unavailable, response STATUS BODY, signature BYTES,
//!                              verdict 1, to `visit`: query QUERY, to `entropy`: entropy BYTES
//! ```
//!
//! The last line is `ok`, or `failed` and in what.
//!
//! All of it goes by semihosting. What the device says goes to the console. What the host says is read from a file that the
//! command line names, its standard input: a read of that waits for the host, while QEMU 7 does not wait where its own
//! console is read as a file, and loses bytes where it is read one by one.

use core::ptr::addr_of_mut;

use symbolon_abi::outcome::{Done, Kind as End};
use symbolon_abi::types::{Bytes, Field, Metadata, Status, Text};
use symbolon_abi::view::Kind;
use symbolon_abi::{client, flow};

use crate::console::Console;
use crate::described::{clear, described, set, show_step};
use crate::lines::Lines;
use crate::text::{Arena, Growing, number_of, split};

/// What the library is lent besides texts and buffers. Nothing in it moves.
pub struct Places {
    flow: flow::Flow,
    client: client::Client,
    config: client::Config,
    metadata: Metadata,
}

/// The memory of the device.
pub struct Memory<'m> {
    /// The places, zero at first.
    pub places: *mut Places,
    /// The buffer of the discovery, which the metadata points into.
    pub found: &'m mut [u8],
    /// The buffer of every other flow.
    pub buffer: &'m mut [u8],
    /// What is kept until the end.
    pub given: &'m mut [u64],
    /// What an answer brings.
    pub answered: &'m mut [u64],
    /// For a question, as lines.
    pub shown: &'m mut [u8],
}

/// In what the device has failed.
struct Failed(&'static str);

/// What the host has answered, besides the header fields of a response.
struct Answer {
    kind: Text,
    first: Text,
    second: Text,
}

impl Answer {
    /// The version, the status or the verdict.
    fn number(&self) -> Result<u64, Failed> {
        Ok(number_of(text(self.first)?.as_bytes()))
    }
}

/// The device.
pub struct Device<'m> {
    console: Console,
    lines: Lines<'m>,
    places: *mut Places,
    found: &'m mut [u8],
    buffer: &'m mut [u8],
    given: Arena<'m>,
    answered: Arena<'m>,
    shown: Growing<'m>,
    headers: [Field; 64],
    headers_len: usize,
    browser: Text,
    resource: Text,
    now: u64,
}

impl<'m> Device<'m> {
    /// A device at this host.
    pub fn new(console: Console, lines: Lines<'m>, memory: Memory<'m>) -> Self {
        let Memory { places, found, buffer, given, answered, shown } = memory;
        let (given, answered, shown) = (Arena::of(given), Arena::of(answered), Growing::of(shown));
        let headers = [Field { name: Text::NONE, value: Bytes::NONE }; 64];
        let (browser, resource) = (Text::NONE, Text::NONE);
        Self {
            console,
            lines,
            places,
            found,
            buffer,
            given,
            answered,
            shown,
            headers,
            headers_len: 0,
            browser,
            resource,
            now: 0,
        }
    }

    /// Signs in, uses the access token and another one, and signs out. Whether all went as it should.
    pub fn run(mut self) -> bool {
        let ended = self.configure().and_then(|()| self.sign_in_and_out());
        let (well, said) = match ended {
            Ok(()) => (true, "ok"),
            Err(Failed(what)) => (false, what),
        };
        if !well {
            self.console.write(b"failed ");
        }
        self.console.write(said.as_bytes());
        self.console.write(b"\n");
        well
    }

    fn sign_in_and_out(&mut self) -> Result<(), Failed> {
        let places = self.places;
        // SAFETY: the places are this device's, and nothing else points to them.
        let (flow, client, metadata) =
            unsafe { (addr_of_mut!((*places).flow), &raw const (*places).client, &raw mut (*places).metadata) };
        let (browser, now) = (Bytes { ptr: self.browser.ptr, len: self.browser.len }, self.now);
        let (at, len) = (self.buffer.as_mut_ptr(), self.buffer.len());
        let (found, found_len) = (self.found.as_mut_ptr(), self.found.len());

        // SAFETY: what is lent, here and below, stays until the flow has ended, and what the metadata points to until all have.
        let done = self.drive(unsafe {
            client::symbolon_client_discover_start(flow, client, 1, core::ptr::null(), found, found_len)
        })?;
        expect(done.kind == End::Server, "the server was not found")?;
        // SAFETY: of each end, here and below, the kind says which it is.
        unsafe { metadata.write(done.of.server.metadata) };

        let drawn = self.entropy()?;
        let entropy = &raw const drawn;
        let usual = core::ptr::null();
        // SAFETY: as above.
        let done = self.drive(unsafe {
            client::symbolon_client_authorize_start(flow, client, metadata, browser, usual, now, entropy, at, len)
        })?;
        expect(done.kind == End::SignIn, "there is no URL to sign in at")?;
        // SAFETY: as above.
        let query = self.visit(unsafe { done.of.sign_in.url })?;

        // SAFETY: as above.
        let done = self.drive(unsafe {
            let (query, query_len) = (query.ptr.cast_mut(), query.len);
            client::symbolon_client_callback_start(flow, client, metadata, query, query_len, browser, now, at, len)
        })?;
        expect(done.kind == End::SignedIn, "nobody has signed in")?;
        // SAFETY: as above.
        let (session, first) = unsafe { (done.of.signed_in.session, self.keep(done.of.signed_in.access_token)?) };
        expect(self.call(&session)? == 200, "the resource refuses the access token")?;

        // SAFETY: as above.
        let done = self.drive(unsafe {
            client::symbolon_client_refresh_start(flow, client, metadata, &session, first, now, at, len)
        })?;
        expect(done.kind == End::Usable, "there is no other access token")?;
        // SAFETY: as above.
        let second = unsafe { self.keep(done.of.usable.access_token)? };
        // SAFETY: both are kept.
        expect(unsafe { first.str() != second.str() }, "the other access token is the same")?;
        expect(self.call(&session)? == 200, "the resource refuses the other access token")?;

        // SAFETY: as above.
        let done = self
            .drive(unsafe { client::symbolon_client_revoke_start(flow, client, metadata, &session, now, at, len) })?;
        // SAFETY: as above.
        let at_server = done.kind == End::SignedOut && unsafe { done.of.signed_out.at_server };
        expect(at_server, "the server was not told of the sign-out")?;

        // SAFETY: as above.
        let done = self.drive(unsafe {
            client::symbolon_client_refresh_start(flow, client, metadata, &session, Text::NONE, now, at, len)
        })?;
        expect(done.kind == End::SignInAgain, "the session is still there")
    }

    /// Takes what the host sets and gives, and reads the configuration.
    fn configure(&mut self) -> Result<(), Failed> {
        let of = described(b"client_config");
        // SAFETY: the places are this device's.
        let (client, config) = unsafe { (&raw mut (*self.places).client, &raw mut (*self.places).config) };
        // SAFETY: it is the struct of this name. The storage of a flow begins as this.
        unsafe {
            clear(config.cast(), of);
            addr_of_mut!((*self.places).flow).write(flow::Flow::EMPTY);
        }
        loop {
            let line = self.lines.take().ok_or(Failed("the host is gone"))?;
            match split(line) {
                [b"set", b"client_config", words @ ..] => {
                    // SAFETY: as above.
                    unsafe { set(config.cast(), of, &mut self.given, words) }.ok_or(Failed("no such member"))?;
                }
                [b"give", b"now", value, ..] => self.now = number_of(value),
                [b"give", b"browser", value, ..] => self.browser = self.given.text(value),
                [b"give", b"resource", value, ..] => self.resource = self.given.text(value),
                [b"start", ..] => break,
                _ => return Err(Failed("a line that means nothing")),
            }
        }
        // SAFETY: what the configuration points to is kept until the end.
        let status = unsafe { client::symbolon_client_init(client, config, core::ptr::null_mut()) };
        is_ok(status, "the configuration is refused")
    }

    /// Has the host answer what a flow asks that was started with this status. How it has ended.
    fn drive(&mut self, started: i32) -> Result<Done, Failed> {
        is_ok(started, "a flow was not started")?;
        // SAFETY: the places are this device's.
        let flow = unsafe { addr_of_mut!((*self.places).flow) };
        loop {
            self.shown.clear();
            // SAFETY: a flow is in it.
            match unsafe { show_step(&mut self.shown, flow) } {
                Kind::None => return Err(Failed("there is no step")),
                Kind::Done => {
                    self.shown.put(b"end\n");
                    self.console.write(self.shown.as_bytes());
                    // SAFETY: as above.
                    return Ok(unsafe { (*flow::symbolon_next(flow)).of.done });
                }
                _ => {}
            }
            let answer = self.ask()?;
            self.answer(flow, &answer)?;
        }
    }

    /// Gives an answer to the flow, which refuses one to another question.
    fn answer(&self, flow: *mut flow::Flow, answer: &Answer) -> Result<(), Failed> {
        let Text { ptr, len } = answer.second;
        let (headers, headers_len) = (self.headers.as_ptr(), self.headers_len);
        // SAFETY: the answer stays until the next one is asked for.
        let status = unsafe {
            match text(answer.kind)? {
                "row" => flow::symbolon_answer_row(flow, answer.number()?, ptr, len),
                "absent" => flow::symbolon_answer_absent(flow),
                "committed" => flow::symbolon_answer_committed(flow),
                "conflict" => flow::symbolon_answer_conflict(flow),
                "unavailable" => flow::symbolon_answer_unavailable(flow),
                "signature" => flow::symbolon_answer_signature(flow, answer.first.ptr, answer.first.len),
                "verdict" => flow::symbolon_answer_verdict(flow, answer.number()? as u32),
                "response" => {
                    let code = answer.number()? as u32;
                    flow::symbolon_answer_response(flow, code, headers, headers_len, ptr.cast_mut(), len)
                }
                _ => return Err(Failed("an answer that means nothing")),
            }
        };
        is_ok(status, "an answer was refused")
    }

    /// Sends what is shown as a question, and reads the answer.
    fn ask(&mut self) -> Result<Answer, Failed> {
        self.shown.put(b"ask\n");
        self.console.write(self.shown.as_bytes());
        self.answered.clear();
        self.headers_len = 0;
        loop {
            let line = self.lines.take().ok_or(Failed("the host is gone"))?;
            match split(line) {
                [b"header", name, value, ..] => {
                    let place = self.headers.get_mut(self.headers_len).ok_or(Failed("too many header fields"))?;
                    *place = Field { name: self.answered.text(name), value: self.answered.bytes(value) };
                    self.headers_len += 1;
                }
                [b"answer", words @ ..] => {
                    let [kind, first, second, ..] = words.map(|word| self.answered.text(word));
                    return Ok(Answer { kind, first, second });
                }
                _ => return Err(Failed("a line that means nothing")),
            }
        }
    }

    /// Asks a question of the device's own.
    fn ask_for(&mut self, question: &[&[&[u8]]]) -> Result<Answer, Failed> {
        self.shown.clear();
        for line in question {
            self.shown.put_line(line);
        }
        self.ask()
    }

    /// Has the host draw 32 bytes.
    fn entropy(&mut self) -> Result<[u8; 32], Failed> {
        let Answer { kind, first, .. } = self.ask_for(&[&[b"entropy"]])?;
        expect(text(kind)? == "entropy", "the host draws nothing")?;
        // SAFETY: it is copied before the next question.
        let drawn = unsafe { Bytes { ptr: first.ptr, len: first.len }.slice() }.ok();
        drawn.and_then(|drawn| drawn.try_into().ok()).ok_or(Failed("not 32 bytes"))
    }

    /// Has the user go to a URL. The query that they come back with.
    fn visit(&mut self, url: Text) -> Result<Text, Failed> {
        let Answer { kind, first, .. } = self.ask_for(&[&[b"visit"], &[b"url", text(url)?.as_bytes()]])?;
        expect(text(kind)? == "query", "the user did not come back")?;
        self.keep(first)
    }

    /// Asks the resource with the access token of the session. The status of its response.
    fn call(&mut self, session: &[u8; 32]) -> Result<u32, Failed> {
        let drawn = self.entropy()?;
        let places = self.places;
        let (now, at, len) = (self.now, self.buffer.as_mut_ptr(), self.buffer.len());
        // SAFETY: the places are this device's; what is lent stays until the flow has ended. A request may be zero: numbers, and
        // texts that are absent.
        let done = self.drive(unsafe {
            let mut request: client::Request = core::mem::zeroed();
            request.method = Text::of("GET");
            (request.url, request.resource) = (self.resource, self.resource);
            let (flow, client) = (addr_of_mut!((*places).flow), &raw const (*places).client);
            let (request, entropy) = (&raw const request, &raw const drawn);
            client::symbolon_client_request_start(flow, client, session, request, now, entropy, at, len)
        })?;
        expect(done.kind == End::Answered, "the resource does not answer")?;
        // SAFETY: the kind says which end it is.
        Ok(unsafe { done.of.answered.status })
    }

    /// A text that stays when the flow is gone.
    fn keep(&mut self, of: Text) -> Result<Text, Failed> {
        Ok(self.given.text(text(of)?.as_bytes()))
    }
}

/// What a text says: of an answer until the next one, of an end until the next flow.
fn text<'t>(of: Text) -> Result<&'t str, Failed> {
    // SAFETY: the callers here use it no longer than that.
    unsafe { of.str() }.map_err(|_| Failed("a text that is not UTF-8"))
}

fn is_ok(status: i32, what: &'static str) -> Result<(), Failed> {
    expect(status == Status::Ok as i32, what)
}

fn expect(holds: bool, what: &'static str) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(Failed(what)) }
}
