//! The flows of all roles, to be weighed.
#![no_std]
#![no_main]

symbolon_firmware::image!(client server resource);
