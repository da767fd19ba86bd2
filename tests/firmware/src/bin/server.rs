//! The flows of the authorization server, to be weighed.
#![no_std]
#![no_main]

symbolon_firmware::image!(server);
