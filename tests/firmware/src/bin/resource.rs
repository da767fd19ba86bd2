//! The flows of the resource server, to be weighed.
#![no_std]
#![no_main]

symbolon_firmware::image!(resource);
