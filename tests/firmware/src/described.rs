//! Structs that are read and written by their descriptions alone, as `tests/c/described.h` does.

use symbolon_abi::describe::{Description, INPUTS, symbolon_describe_end, symbolon_describe_step};
use symbolon_abi::flow::{self, Flow};
use symbolon_abi::types::{Bytes, CredentialKey, Field, Fields, Member, MemberType, SigningKey, Text};
use symbolon_abi::view::{Kind, View};

use crate::text::{Arena, Digits, Growing, number_of};

/// The description of a struct that a caller fills in.
pub fn described(name: &[u8]) -> &'static Description {
    INPUTS.iter().find(|of| of.name().as_bytes() == name).expect("a struct that is described")
}

fn member_of(of: &Description, name: &[u8], suffix: &[u8]) -> Option<&'static Member> {
    of.members().iter().find(|member| member.name().as_bytes().strip_suffix(suffix) == Some(name))
}

/// Zeros a struct, but for the version of the interface.
///
/// # Safety
///
/// The struct at `at` is the one that is described.
pub unsafe fn clear(at: *mut u8, of: &Description) {
    // SAFETY: every member may be zero, and the offsets are within the struct.
    unsafe {
        at.write_bytes(0, of.size() as usize);
        if let Some(abi) = member_of(of, b"abi", b"") {
            place::<u32>(at, abi).write(symbolon_abi::ABI);
        }
    }
}

/// Sets a member, or appends to it; `None` if there is none of this name.
///
/// # Safety
///
/// As of [`clear`].
pub unsafe fn set(
    at: *mut u8,
    of: &Description,
    arena: &mut Arena<'_>,
    [name, value, more, third]: [&[u8]; 4],
) -> Option<()> {
    let member = member_of(of, name, b"")?;
    // SAFETY: the types are those that the description says.
    unsafe {
        match (member.member_type(), name) {
            (MemberType::U32, _) => place::<u32>(at, member).write(number_of(value) as u32),
            (MemberType::U64, _) => place::<u64>(at, member).write(number_of(value)),
            (MemberType::Text, _) => place::<Text>(at, member).write(arena.text(value)),
            (MemberType::Key, _) => place::<[u8; 32]>(at, member).write(value.try_into().ok()?),
            (_, b"signing_keys" | b"assertion_key" | b"dpop_keys") => {
                let [key_id, algorithm, jwk] = [value, more, third].map(|text| arena.text(text));
                append(at, of, arena, name, &[SigningKey { key_id, algorithm, jwk }])?;
            }
            (_, b"headers") => {
                let field = Field { name: arena.text(value), value: arena.bytes(more) };
                append(at, of, arena, name, &[field])?;
            }
            (_, b"keys") => {
                let key = CredentialKey { id: number_of(value) as u8, secret: more.try_into().ok()? };
                append(at, of, arena, name, &[key])?;
            }
            _ => append(at, of, arena, name, value)?,
        }
    }
    Some(())
}

/// Lengthens the array of a pointer member.
unsafe fn append<T>(at: *mut u8, of: &Description, arena: &mut Arena<'_>, name: &[u8], more: &[T]) -> Option<()> {
    let pointer = member_of(of, name, b"")?;
    // One without a length is one element.
    let len = member_of(of, name, b"_len");
    // SAFETY: the array is in the arena, as long as its length says, and of this type.
    unsafe {
        let (pointer, len) = (place::<*mut T>(at, pointer), len.map(|len| place::<usize>(at, len)));
        let before = len.map_or(0, |len| len.read());
        let longer: *mut T = arena.take((before + more.len()) * size_of::<T>()).cast();
        longer.copy_from_nonoverlapping(pointer.read(), if pointer.read().is_null() { 0 } else { before });
        longer.add(before).copy_from_nonoverlapping(more.as_ptr(), more.len());
        pointer.write(longer);
        if let Some(len) = len {
            len.write(before + more.len());
        }
    }
    Some(())
}

unsafe fn place<T>(at: *mut u8, member: &Member) -> *mut T {
    // SAFETY: the offset is within the struct.
    unsafe { at.add(member.offset() as usize) }.cast()
}

/// Writes the step of a flow as the lines of a tape have it; before an end, what all ends have in common.
///
/// # Safety
///
/// A flow is in the storage, and what it was lent is still there.
pub unsafe fn show_step(out: &mut Growing<'_>, flow: *const Flow) -> Kind {
    // SAFETY: the step is of the kinds that it says, and readable as long as the flow.
    unsafe {
        let step = flow::symbolon_next(flow);
        let kind = (*step).kind;
        let end = match kind {
            Kind::Done => symbolon_describe_end((*step).of.done.kind as u32).as_ref(),
            _ => None,
        };
        for of in symbolon_describe_step(kind as u32).as_ref().into_iter().chain(end) {
            show(out, step, of);
        }
        kind
    }
}

/// The step is the one that is described, and what it points to is readable.
unsafe fn show(out: &mut Growing<'_>, step: *const View, of: &Description) {
    out.put_line(&[of.name().as_bytes()]);
    for member in of.members() {
        let name = member.name().as_bytes();
        // SAFETY: the offsets are within the step, and the types are those that the description says.
        unsafe {
            let at = step.cast::<u8>().add(of.offset() as usize + member.offset() as usize);
            match member.member_type() {
                MemberType::Bool => show_number(out, name, u64::from(at.read() != 0)),
                MemberType::U32 => show_number(out, name, u64::from(at.cast::<u32>().read())),
                MemberType::U64 => show_number(out, name, at.cast::<u64>().read()),
                MemberType::Size => show_number(out, name, at.cast::<usize>().read() as u64),
                MemberType::Text | MemberType::Bytes => out.put_line(&[name, slice(at.cast::<Bytes>().read())]),
                MemberType::Key => out.put_line(&[name, &at.cast::<[u8; 32]>().read()]),
                MemberType::Fields => {
                    let fields = &*at.cast::<Fields>();
                    for Field { name: field, value } in &fields.at[..fields.len] {
                        let field = Bytes { ptr: field.ptr, len: field.len };
                        out.put_line(&[name, slice(field), slice(*value)]);
                    }
                }
                MemberType::Pointer | MemberType::Opaque => {}
            }
        }
    }
}

unsafe fn slice<'b>(bytes: Bytes) -> &'b [u8] {
    // SAFETY: as the caller promises.
    unsafe { bytes.slice() }.expect("no NULL that has a length")
}

fn show_number(out: &mut Growing<'_>, name: &[u8], number: u64) {
    out.put_line(&[name, Digits::of(number).as_bytes()]);
}
