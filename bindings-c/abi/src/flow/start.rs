//! What the start functions of flows have in common: a line for each.

/// What a start function is given, by its name: as C hands it in, and, of a parameter, as the core takes it.
macro_rules! given {
    (request) => { *const crate::server::Request };
    (handle) => { crate::types::Text };
    (browser) => { crate::types::Bytes };
    (metadata) => { *const crate::types::Metadata };
    (known) => { *const crate::types::Metadata };
    (well_known) => { u32 };
    (authorization) => { *const crate::client::AuthorizationRequest };
    (client_request) => { *const crate::client::Request };
    (scope) => { crate::types::Text };
    (session) => { *const [u8; 32] };
    (rejected) => { crate::types::Text };
    (resource_request) => { *const crate::resource::ResourceRequest };
    (needs) => { *const crate::resource::Needs };
    (now) => { u64 };
    (entropy) => { *const [u8; 32] };

    (request $of:ident) => { crate::server::Request::read($of, &mut crate::types::Headers::room())? };
    (handle $of:ident) => { $of.sent()? };
    (browser $of:ident) => { crate::types::user_agent($of)? };
    (metadata $of:ident) => { crate::types::Metadata::get($of)? };
    (known $of:ident) => { if $of.is_null() { None } else { Some(crate::types::Metadata::get($of)?) } };
    (well_known $of:ident) => { crate::client::well_known($of)? };
    (authorization $of:ident) => { crate::client::AuthorizationRequest::read($of)? };
    (client_request $of:ident) => { crate::client::Request::read($of)? };
    (scope $of:ident) => { $of.optional()? };
    (session $of:ident) => { symbolon::record::Key(*$of.as_ref().ok_or(crate::types::Status::Null)?) };
    (rejected $of:ident) => { $of.optional()? };
    (resource_request $of:ident) => {
        crate::resource::ResourceRequest::read($of, &mut crate::types::Headers::room())?
    };
    (needs $of:ident) => { crate::resource::Needs::read($of)? };
    (now $of:ident) => { symbolon::terms::Time($of) };
    (entropy $of:ident) => { symbolon::terms::Entropy::new(*$of.as_ref().ok_or(crate::types::Status::Null)?) };
}
pub(crate) use given;

/// Defines the start functions of a role's flows: `symbolon_token_start: token(request, now, entropy);` calls the method `token`.
macro_rules! starts {
    ($Role:ty: $($(#[$doc:meta])* $start:ident: $method:ident($($given:ident),*);)*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $start(
            flow: *mut crate::flow::Flow,
            role: *const $Role,
            $($given: crate::flow::given!($given),)*
            buffer: *mut u8,
            buffer_len: usize,
        ) -> i32 {
            // SAFETY: the caller lends all of it.
            unsafe {
                crate::flow::Flow::start(flow, (buffer, buffer_len), |buffer| {
                    Ok(<$Role>::get(role)?.$method($(crate::flow::given!($given $given),)* buffer))
                })
            }
        }
    )*};
}
pub(crate) use starts;

/// Defines the start functions of what a role says without a question.
#[cfg(any(feature = "server", feature = "resource"))]
macro_rules! finishes {
    ($Role:ty: $($(#[$doc:meta])* $start:ident: $method:ident;)*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $start(
            flow: *mut crate::flow::Flow,
            role: *const $Role,
            buffer: *mut u8,
            buffer_len: usize,
        ) -> i32 {
            // SAFETY: the caller lends all of it.
            unsafe {
                crate::flow::Flow::finish(flow, (buffer, buffer_len), |buffer| Ok(<$Role>::get(role)?.$method(buffer)))
            }
        }
    )*};
}
#[cfg(any(feature = "server", feature = "resource"))]
pub(crate) use finishes;
