//! The flows of a role, called with arguments and answers that no optimizer can foresee: so an image has all that a device
//! would have, and can be weighed. It is not meant to be run.

use core::hint::black_box;
use core::ptr::{self, addr_of_mut};

use symbolon_abi::flow::{self, Flow};
use symbolon_abi::types::{Bytes, Text};
use symbolon_abi::view::Kind;
use symbolon_abi::{client as c, registration as g, resource as r, server as s};

/// The entry point of an image with these roles.
#[macro_export]
macro_rules! image {
    ($($role:ident)*) => {
        #[cortex_m_rt::entry]
        fn main() -> ! {
            loop {
                $($crate::image::$role();)*
            }
        }

        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
            loop {}
        }
    };
}

/// Memory of which nobody knows what it holds.
fn outside<T>() -> *mut T {
    static mut OUTSIDE: [u64; 512] = [0; 512];
    black_box(addr_of_mut!(OUTSIDE)).cast()
}

fn buffer() -> (*mut u8, usize) {
    black_box((outside(), 0))
}

fn number() -> u64 {
    black_box(0)
}

fn text() -> Text {
    black_box(Text::NONE)
}

fn bytes() -> Bytes {
    black_box(Bytes::NONE)
}

/// Begins a flow, and answers what it asks.
fn drive(begin: impl FnOnce(*mut Flow) -> i32) {
    let place: *mut Flow = outside();
    let (at, len) = buffer();
    if begin(place) != 0 {
        return;
    }
    // SAFETY: this is never run.
    unsafe {
        loop {
            let _ = match (*flow::symbolon_next(place)).kind {
                _ if number() == 1 => flow::symbolon_answer_unavailable(place),
                Kind::Load if number() == 2 => flow::symbolon_answer_absent(place),
                Kind::Load => flow::symbolon_answer_row(place, number(), at, len),
                Kind::Commit if number() == 2 => flow::symbolon_answer_conflict(place),
                Kind::Commit => flow::symbolon_answer_committed(place),
                Kind::Sign => flow::symbolon_answer_signature(place, at, len),
                Kind::Verify => flow::symbolon_answer_verdict(place, 1),
                Kind::Send => flow::symbolon_answer_response(place, 200, outside(), len, at, len),
                Kind::Done | Kind::None => break,
            };
        }
        flow::symbolon_flow_wipe(place);
    }
}

/// The flows of the client.
pub fn client() {
    let (at, len) = buffer();
    let (client, metadata, key) = (outside(), outside(), outside());
    // SAFETY: this is never run.
    unsafe {
        c::symbolon_client_init(client, outside(), ptr::null_mut());
        c::symbolon_metadata_read(metadata, client, at, len, ptr::null_mut());
        drive(|flow| c::symbolon_client_discover_start(flow, client, number() as u32, metadata, at, len));
        drive(|flow| {
            c::symbolon_client_authorize_start(flow, client, metadata, bytes(), outside(), number(), key, at, len)
        });
        drive(|flow| c::symbolon_client_callback_start(flow, client, metadata, at, len, bytes(), number(), at, len));
        drive(|flow| c::symbolon_client_refresh_start(flow, client, metadata, key, text(), number(), at, len));
        drive(|flow| {
            c::symbolon_client_credentials_start(flow, client, metadata, text(), text(), number(), key, at, len)
        });
        drive(|flow| c::symbolon_client_request_start(flow, client, key, outside(), number(), key, at, len));
        drive(|flow| c::symbolon_client_userinfo_start(flow, client, metadata, key, number(), key, at, len));
        drive(|flow| c::symbolon_client_revoke_start(flow, client, metadata, key, number(), at, len));
    }
}

/// The flows of the authorization server.
pub fn server() {
    let (at, len) = buffer();
    let (server, request, key) = (outside(), outside(), outside());
    // SAFETY: this is never run.
    unsafe {
        s::symbolon_server_init(server, outside(), ptr::null_mut());
        g::symbolon_register(outside(), key, at, len, outside(), ptr::null_mut());
        drive(|flow| s::symbolon_authorize_start(flow, server, request, bytes(), number(), key, at, len));
        drive(|flow| s::symbolon_push_start(flow, server, request, number(), key, at, len));
        drive(|flow| s::symbolon_resume_start(flow, server, text(), bytes(), number(), at, len));
        drive(|flow| s::symbolon_decide_start(flow, server, text(), bytes(), outside(), number(), at, len));
        drive(|flow| s::symbolon_token_start(flow, server, request, number(), key, at, len));
        drive(|flow| s::symbolon_revoke_start(flow, server, request, number(), at, len));
        drive(|flow| s::symbolon_introspect_start(flow, server, request, number(), at, len));
        drive(|flow| s::symbolon_userinfo_start(flow, server, request, number(), at, len));
        drive(|flow| s::symbolon_metadata_start(flow, server, at, len));
        drive(|flow| s::symbolon_jwks_start(flow, server, at, len));
    }
}

/// The flow of the resource server.
pub fn resource() {
    let (at, len) = buffer();
    let server = outside();
    // SAFETY: this is never run.
    unsafe {
        r::symbolon_resource_init(server, outside(), ptr::null_mut());
        drive(|flow| r::symbolon_judge_start(flow, server, outside(), outside(), number(), at, len));
        drive(|flow| r::symbolon_resource_metadata_start(flow, server, at, len));
    }
}
