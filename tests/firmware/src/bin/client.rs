//! The flows of the client, to be weighed.
#![no_std]
#![no_main]

symbolon_firmware::image!(client);
