//! All that a program can read of a step.

use std::ptr;

use symbolon_abi::describe::{Description, symbolon_describe_end, symbolon_describe_step};
use symbolon_abi::types::{Bytes, Fields, MemberType, Text};
use symbolon_abi::view::{Kind, View};

/// All bytes of a struct that a caller can read, as it was described.
fn render(at: *const u8, of: *const Description, out: &mut Vec<u8>) {
    // SAFETY: the library describes its own static tables.
    let of = unsafe { of.as_ref() }.expect("what is there is described");
    for member in of.members() {
        let from = (member.offset() + of.offset()) as usize;
        // SAFETY: the member lies in the struct, and what it points to is as long as it says: that is what is tested.
        unsafe {
            let place = at.add(from);
            let mut put = |ptr: *const u8, len: usize| {
                out.extend(len.to_le_bytes());
                out.extend((0..len).map(|i| *ptr.add(i)));
            };
            match member.member_type() {
                MemberType::Bool => put(place, 1),
                MemberType::U32 => put(place, 4),
                MemberType::U64 | MemberType::Size => put(place, 8),
                MemberType::Key => put(place, 32),
                MemberType::Text => {
                    let Text { ptr, len } = *place.cast();
                    put(ptr, len);
                    let bytes = if len == 0 { &[] } else { std::slice::from_raw_parts(ptr, len) };
                    assert!(std::str::from_utf8(bytes).is_ok(), "{} is no text", member.name());
                }
                MemberType::Bytes => {
                    let Bytes { ptr, len } = *place.cast();
                    put(ptr, len);
                }
                MemberType::Fields => {
                    let Fields { at, len } = &*place.cast::<Fields>();
                    for field in &at[..*len] {
                        put(field.name.ptr, field.name.len);
                        put(field.value.ptr, field.value.len);
                    }
                }
                MemberType::Pointer | MemberType::Opaque => {}
            }
        }
    }
}

/// The step, read to its last byte.
pub fn shown(view: &View) -> Vec<u8> {
    let mut out = vec![view.kind as u8];
    let at = ptr::from_ref(view).cast();
    if view.kind != Kind::None {
        render(at, symbolon_describe_step(view.kind as u32), &mut out);
    }
    if view.kind == Kind::Done {
        // SAFETY: the kind says so.
        let kind = unsafe { view.of.done.kind };
        render(at, symbolon_describe_end(kind as u32), &mut out);
    }
    out
}
