//! Storage of the caller that holds a configuration.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use super::{HasMemberType, MemberType, Outcome, Status};

/// Storage of the caller for a configuration. It may be moved, and shared by threads.
#[repr(C, align(8))]
pub struct Place<T, const SIZE: usize> {
    /// Tells storage that was initialized from other storage.
    seal: u64,
    bytes: [MaybeUninit<u8>; SIZE],
    of: PhantomData<T>,
}

impl<T, const SIZE: usize> HasMemberType for Place<T, SIZE> {
    const TYPE: MemberType = MemberType::Opaque;
}

impl<T: Copy, const SIZE: usize> Copy for Place<T, SIZE> {}
impl<T: Copy, const SIZE: usize> Clone for Place<T, SIZE> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, const SIZE: usize> Place<T, SIZE> {
    /// "symbolon", with the version of the interface added.
    const SEAL: u64 = 0x7379_6d62_6f6c_6f6e ^ ABI_BITS;

    /// Holds `value`.
    #[cfg(feature = "client")]
    pub(crate) const fn new(value: T) -> Self {
        const { assert!(size_of::<T>() <= SIZE && align_of::<T>() <= 8) };
        let mut place = Self { seal: Self::SEAL, bytes: [MaybeUninit::uninit(); SIZE], of: PhantomData };
        // SAFETY: it fits, and the bytes of the storage are aligned to 8.
        unsafe { place.bytes.as_mut_ptr().cast::<T>().write(value) };
        place
    }

    /// Puts a value, if there is one, into the storage at `place`.
    ///
    /// # Safety
    ///
    /// `place` is NULL or writable.
    pub(crate) unsafe fn put(place: *mut Self, made: Outcome<T>) -> Outcome {
        const { assert!(size_of::<T>() <= SIZE && align_of::<T>() <= 8) };
        let value = made.as_ref().map_err(|status| *status)?;
        if place.is_null() {
            return Err(Status::Null);
        }
        // SAFETY: as the caller promises; the value fits, the bytes of the storage are aligned to 8, and it is forgotten where it was.
        unsafe {
            (&raw mut (*place).seal).write(Self::SEAL);
            (&raw mut (*place).bytes).cast::<T>().copy_from_nonoverlapping(value, 1);
        }
        core::mem::forget(made);
        Ok(())
    }

    /// What the storage holds.
    ///
    /// # Safety
    ///
    /// `place` is NULL or readable, and stays as it is for `'p`.
    pub(crate) unsafe fn get<'p>(place: *const Self) -> Outcome<&'p T> {
        if place.is_null() {
            return Err(Status::Null);
        }
        // SAFETY: as the caller promises. Storage of another interface may be shorter: no reference to it is formed.
        match unsafe { (&raw const (*place).seal).read() } == Self::SEAL {
            // SAFETY: what is sealed has a value in it.
            true => Ok(unsafe { &*(&raw const (*place).bytes).cast::<T>() }),
            false => Err(Status::Abi),
        }
    }
}

const ABI_BITS: u64 = crate::ABI as u64;

/// A struct of the caller whose initializer has set the version of the interface.
///
/// # Safety
///
/// `place` is NULL or readable, and stays as it is for `'p`.
pub(crate) unsafe fn initialized<'p, T>(place: *const T, abi: impl FnOnce(*const T) -> *const u32) -> Outcome<&'p T> {
    if place.is_null() {
        return Err(Status::Null);
    }
    // SAFETY: as the caller promises. A struct of another interface may be shorter: no reference to it is formed.
    if unsafe { abi(place).read() } == crate::ABI { Ok(unsafe { &*place }) } else { Err(Status::Abi) }
}

/// `symbolon_metadata`: what a client knows of its server.
pub type Metadata = Place<symbolon::terms::metadata::ServerMetadata<'static>, 336>;
