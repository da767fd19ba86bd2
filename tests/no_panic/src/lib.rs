//! Every flow of the core, reachable from a C function, in a library whose panic handler calls a function that does not
//! exist. The library links if no panic is reachable, and fails to link if one is. `tests/run` links it at several levels
//! of optimization, and once with the feature `planted`, which must fail.
#![no_std]

use core::panic::PanicInfo;
use core::slice;

use symbolon::record::{Client, Key, Record};
use symbolon::resource::ResourceServer;
use symbolon::server::{Authenticated, Decision, Server};
use symbolon::step::{Committed, Flow, Row, Step, Verdict};
use symbolon::terms::endpoint::Schemes;
use symbolon::terms::issuer::Issuer;
use symbolon::terms::metadata::ServerMetadata;
use symbolon::terms::{Entropy, Time, UserAgent};
use symbolon::wire::http::{Field, Method, Request, Response};

unsafe extern "C" {
    fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: never called: the library does not link if this is reachable.
    unsafe { a_panic_is_reachable() }
}

/// What the caller lends; it is opaque to the compiler, so that nothing about it is known at link time.
#[repr(C)]
pub struct Input {
    server: *const Server<'static>,
    client: *const symbolon::client::Client<'static>,
    resource: *const ResourceServer<'static>,
    method: u8,
    text: [*mut u8; 4],
    len: [usize; 4],
    headers: *const Field<'static>,
    headers_len: usize,
    now: u64,
    entropy: [u8; 32],
    buffer: *mut u8,
    buffer_len: usize,
    answer: extern "C" fn(u32, *const u8, *mut usize) -> *mut u8,
}

impl Input {
    fn bytes(&self, i: usize) -> &'static mut [u8] {
        match (self.text.get(i), self.len.get(i)) {
            // SAFETY: the caller lends this range.
            (Some(text), Some(len)) => unsafe { slice::from_raw_parts_mut(*text, *len) },
            _ => &mut [],
        }
    }

    fn str(&self, i: usize) -> &'static str {
        core::str::from_utf8(self.bytes(i)).unwrap_or_default()
    }

    fn request(&self) -> Request<'static, 'static> {
        Request {
            method: Method::from_bytes(&[self.method]),
            query: self.bytes(0),
            headers: self.headers(),
            body: self.bytes(1),
        }
    }

    fn buffer(&self) -> &'static mut [u8] {
        // SAFETY: the caller lends this range.
        unsafe { slice::from_raw_parts_mut(self.buffer, self.buffer_len) }
    }

    fn server(&self) -> &'static Server<'static> {
        // SAFETY: the caller lends a server.
        unsafe { &*self.server }
    }

    fn client(&self) -> &'static symbolon::client::Client<'static> {
        // SAFETY: the caller lends a client.
        unsafe { &*self.client }
    }

    fn resource(&self) -> &'static ResourceServer<'static> {
        // SAFETY: the caller lends a resource server.
        unsafe { &*self.resource }
    }

    /// The headers of a message.
    fn headers(&self) -> &'static [Field<'static>] {
        // SAFETY: the caller lends this range.
        unsafe { slice::from_raw_parts(self.headers, self.headers_len) }
    }

    fn metadata(&self) -> ServerMetadata<'static> {
        let issuer = Issuer::parse(self.str(2)).or_else(|_| Issuer::parse_allowing_plain_http_on_loopback(self.str(2)));
        let read = issuer.and_then(|i| ServerMetadata::read(self.bytes(3), i, Schemes::Https));
        match read {
            Ok(metadata) => metadata,
            Err(_) => stay(),
        }
    }

    fn ask(&self, question: u32, of: *const u8) -> &'static mut [u8] {
        let mut len = 0;
        let answer = (self.answer)(question, of, &raw mut len);
        // SAFETY: the caller lends this range.
        unsafe { slice::from_raw_parts_mut(answer, len) }
    }

    fn drive<F: Flow>(&self, mut step: Step<'static, F>) -> F::Output<'static> {
        loop {
            step = match step {
                Step::Load(q) => match self.ask(0, q.key().0.as_ptr()) {
                    [] => q.unavailable(),
                    [0] => q.answer(None),
                    value => q.answer(Some(Row { version: 1, value })),
                },
                Step::Commit(q) => match self.ask(1, q.write().key.0.as_ptr()) {
                    [] => q.unavailable(),
                    [0] => q.answer(Committed::Conflict),
                    _ => q.answer(Committed::Yes),
                },
                Step::Sign(q) => match self.ask(2, q.message().as_ptr()) {
                    [] => q.unavailable(),
                    signature => q.answer(signature),
                },
                Step::Verify(q) => match self.ask(3, q.message().as_ptr()) {
                    [] => q.unavailable(),
                    [0] => q.answer(Verdict::Invalid),
                    _ => q.answer(Verdict::Valid),
                },
                Step::Send(q) => match self.ask(4, q.exchange().url.as_ptr()) {
                    [] => q.unavailable(),
                    body => q.answer(Response { status: u16::from(self.method), headers: self.headers(), body }),
                },
                Step::Done(output) => return output,
            }
        }
    }
}

/// Keeps what a flow ends in from being optimized away.
fn keep<T>(value: T) {
    core::hint::black_box(&value);
}

macro_rules! flows {
    ($($name:ident: |$input:ident| $step:expr;)*) => {$(
        #[unsafe(no_mangle)]
        pub extern "C" fn $name($input: &Input) {
            if let Ok(step) = $step {
                keep($input.drive(step));
            }
        }
    )*};
}

fn browser(input: &Input) -> UserAgent<'static> {
    match UserAgent::new(input.bytes(2)) {
        Ok(browser) => browser,
        Err(_) => stay(),
    }
}

/// Where an input goes that no flow can be begun with.
fn stay() -> ! {
    loop {
        core::hint::spin_loop();
    }
}

fn user(input: &Input) -> Authenticated<'static> {
    match Authenticated::new(input.str(3), Time(input.now)) {
        Ok(user) => user,
        Err(_) => stay(),
    }
}

flows! {
    authorize: |i| i.server().authorize(
        i.request(), browser(i), Time(i.now), Entropy::new(i.entropy), i.buffer());
    resume: |i| i.server().resume(i.str(0), browser(i), Time(i.now), i.buffer());
    approve: |i| i.server().decide(
        i.str(0), browser(i), user(i), Decision::Approve { scope: i.str(1) }, Time(i.now), i.buffer());
    deny: |i| i.server().decide(i.str(0), browser(i), user(i), Decision::Deny, Time(i.now), i.buffer());
    token: |i| i.server().token(i.request(), Time(i.now), i.buffer());
    revoke: |i| i.server().revoke(i.request(), Time(i.now), i.buffer());
    discover: |i| i.client().discover(i.buffer());
    sign_in: |i| i.client().authorize(
        &i.metadata(), browser(i), Some(i.str(0)), Time(i.now), Entropy::new(i.entropy), i.buffer());
    callback: |i| i.client().callback(&i.metadata(), i.bytes(0), browser(i), Time(i.now), i.buffer());
    refresh: |i| i.client().refresh(&i.metadata(), Key(i.entropy), Some(i.str(0)), Time(i.now), i.buffer());
    sign_out: |i| i.client().revoke(&i.metadata(), Key(i.entropy), Time(i.now), i.buffer());
    judge: |i| i.resource().judge(i.headers(), i.str(0), Time(i.now), i.buffer());
    introspect: |i| i.server().introspect(i.request(), Time(i.now), i.buffer());
}

#[unsafe(no_mangle)]
pub extern "C" fn metadata(input: &Input) {
    keep(input.server().metadata(input.buffer()));
}

#[unsafe(no_mangle)]
pub extern "C" fn register(input: &Input) {
    if let Ok(client) = Client::decode(input.bytes(0)) {
        keep(client.register(input.buffer()));
        keep(Key::client(client.client_id));
    }
}

#[cfg(feature = "planted")]
#[unsafe(no_mangle)]
pub extern "C" fn planted(input: &Input) -> u8 {
    input.bytes(0)[input.len[1]]
}
