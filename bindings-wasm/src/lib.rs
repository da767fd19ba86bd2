//! The WebAssembly module of symbolon. So far it says only which version it is; the flows follow.
#![no_std]

/// The number of the binary interface. It changes whenever the JavaScript beside the module must change.
#[unsafe(no_mangle)]
pub extern "C" fn abi_version() -> u32 {
    0
}

/// The bytes of buffer that a flow of the server needs.
#[unsafe(no_mangle)]
pub extern "C" fn server_buffer_bytes() -> usize {
    symbolon::server::BUFFER
}
