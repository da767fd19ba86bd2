//! symbolon on a Cortex-M, without an allocator. `memory.x` and `.cargo/config.toml` say which machine QEMU plays.
//!
//! ```text
//! bin/replay                       follows a tape of transcripts that it reads from the host, and measures the stack
//! bin/device                       a client that signs in, refreshes and signs out; `device` is the host that it is in
//! bin/client, server, resource, all    link the flows of a role, and nothing else, so that the image can be weighed
//! ```
//!
//! Everything goes through the C interface, as a device's firmware in C would.
#![no_std]

pub mod console;
pub mod described;
pub mod device;
pub mod image;
pub mod lines;
pub mod replay;
pub mod report;
pub mod stack;
pub mod text;
