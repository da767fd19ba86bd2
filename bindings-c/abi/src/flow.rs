//! The storage of a flow, and the functions that are the same for all flows.

use core::mem::{align_of, size_of};
use core::ptr;

use symbolon::TooSmall;
use symbolon::step::{self, Committed, Flow as CoreFlow, Row, Step, Unavailable, Verdict};
use symbolon::wire::http::Response;
use zeroize::Zeroize;

use crate::ABI;
use crate::outcome::Ended;
use crate::types::{Bytes, Field, Headers, Outcome, Status, lent, status};
use crate::view::{Kind, View};

mod start;

#[cfg(any(feature = "server", feature = "resource"))]
pub(crate) use start::finishes;
pub(crate) use start::{given, starts};

/// The bytes that the step of any flow fits in.
pub const STATE: usize = 1024;

/// A step of some flow.
#[repr(C, align(8))]
struct State([u8; STATE]);

/// `symbolon_flow`.
#[repr(C)]
pub struct Flow {
    /// [`ABI`], set by the caller's initializer.
    abi: u32,
    /// The size of the storage, set by the caller's initializer.
    size: u32,
    /// Told of a buffer that is too small.
    needed: usize,
    /// Where the storage is, with its bits turned over, while a flow is in it: so that one that was moved is known.
    seal: usize,
    /// Gives an answer to the flow. None at its end.
    advance: Option<unsafe fn(&mut State, Answer<'_>, &mut View)>,
    view: View,
    state: State,
}

/// An answer to any question, or the lack of one.
pub(crate) enum Answer<'v> {
    Row(step::Answer<Option<Row<'v>>>),
    Commit(step::Answer<Committed>),
    Signature(step::Answer<&'v [u8]>),
    Verdict(step::Answer<Verdict>),
    Response(step::Answer<Response<'v>>),
}

impl Answer<'_> {
    /// The lack of an answer to the question of this kind.
    const fn lacking(to: Kind) -> Outcome<Self> {
        Ok(match to {
            Kind::Load => Self::Row(Err(Unavailable)),
            Kind::Commit => Self::Commit(Err(Unavailable)),
            Kind::Sign => Self::Signature(Err(Unavailable)),
            Kind::Verify => Self::Verdict(Err(Unavailable)),
            Kind::Send => Self::Response(Err(Unavailable)),
            Kind::None | Kind::Done => return Err(Status::WrongStep),
        })
    }
}

/// # Safety
///
/// `state` holds a `Step<'static, F>`.
unsafe fn advance<F: CoreFlow>(state: &mut State, answer: Answer<'_>, view: &mut View)
where
    F::Output<'static>: Ended,
{
    let place: *mut Step<'static, F> = ptr::from_mut(state).cast();
    // SAFETY: a step is in it; its question is moved out of it, and another step is written over it before anybody reads it again.
    // That fits, as `start` has checked.
    unsafe {
        match (&*place, answer) {
            (Step::Load(question), Answer::Row(row)) => place.write(ptr::read(question).settle(row)),
            (Step::Commit(question), Answer::Commit(outcome)) => place.write(ptr::read(question).settle(outcome)),
            (Step::Sign(question), Answer::Signature(signature)) => place.write(ptr::read(question).settle(signature)),
            (Step::Verify(question), Answer::Verdict(verdict)) => place.write(ptr::read(question).settle(verdict)),
            (Step::Send(question), Answer::Response(response)) => place.write(ptr::read(question).settle(response)),
            // Another answer than the one that was asked for, which `answer` has refused.
            _ => return,
        }
        *view = View::of(&*place);
    }
}

impl Flow {
    /// The storage before anything is in it, as the initializer of the header has it.
    #[allow(clippy::as_conversions, clippy::cast_possible_truncation)]
    pub const EMPTY: Self = Self {
        abi: ABI,
        size: size_of::<Self>() as u32,
        needed: 0,
        seal: 0,
        advance: None,
        view: View::NONE,
        state: State([0; STATE]),
    };

    fn seal(&self) -> usize {
        !ptr::from_ref(self).addr()
    }

    /// Begins a flow in the storage at `place`; `begin` gets the caller's buffer.
    ///
    /// # Safety
    ///
    /// `place` is NULL or readable and writable; buffer and length are a range that is lent until the flow has ended.
    pub(crate) unsafe fn start<F: CoreFlow>(
        place: *mut Self,
        (buffer, len): (*mut u8, usize),
        begin: impl FnOnce(&'static mut [u8]) -> Outcome<Result<Step<'static, F>, TooSmall>>,
    ) -> i32
    where
        F::Output<'static>: Ended,
    {
        const { assert!(size_of::<Step<'static, F>>() <= STATE && align_of::<Step<'static, F>>() <= align_of::<State>()) };
        // SAFETY: as the caller promises.
        status(unsafe { Self::storage(place) }.and_then(|flow| {
            // SAFETY: as the caller promises.
            let begun = begin(unsafe { lent(buffer, len) }?);
            let step = flow.begun(&begun)?;
            flow.view = View::of(step);
            flow.advance = if flow.view.kind == Kind::Done { None } else { Some(advance::<F>) };
            // SAFETY: it fits, as asserted above, and is forgotten where it was.
            unsafe { ptr::from_mut(&mut flow.state).cast::<Step<'static, F>>().copy_from_nonoverlapping(step, 1) };
            core::mem::forget(begun);
            flow.seal = flow.seal();
            Ok(())
        }))
    }

    /// Ends at once in what `end` makes of the caller's buffer.
    ///
    /// # Safety
    ///
    /// As of [`start`](Self::start).
    #[cfg(any(feature = "server", feature = "resource"))]
    pub(crate) unsafe fn finish<O: Ended>(
        place: *mut Self,
        (buffer, len): (*mut u8, usize),
        end: impl FnOnce(&'static mut [u8]) -> Outcome<Result<O, TooSmall>>,
    ) -> i32 {
        // SAFETY: as the caller promises.
        status(unsafe { Self::storage(place) }.and_then(|flow| {
            // SAFETY: as the caller promises.
            let ended = end(unsafe { lent(buffer, len) }?);
            let output = flow.begun(&ended)?;
            flow.view = View { kind: Kind::Done, of: crate::view::Question { done: output.done() } };
            flow.seal = flow.seal();
            Ok(())
        }))
    }

    /// Whether this is storage of this interface. Storage of another one may be shorter: no reference to it is formed.
    ///
    /// # Safety
    ///
    /// `place` is NULL, or its first two members are readable.
    unsafe fn check(place: *const Self) -> Outcome {
        if place.is_null() {
            return Err(Status::Null);
        }
        // SAFETY: as the caller promises.
        let told = unsafe { ((&raw const (*place).abi).read(), (&raw const (*place).size).read()) };
        if told == (Self::EMPTY.abi, Self::EMPTY.size) { Ok(()) } else { Err(Status::Abi) }
    }

    /// The storage, with nothing in it.
    unsafe fn storage<'f>(place: *mut Self) -> Outcome<&'f mut Self> {
        // SAFETY: as the caller promises; it is of this size.
        let flow = unsafe {
            Self::check(place)?;
            &mut *place
        };
        flow.seal = 0;
        flow.advance = None;
        flow.view = View::NONE;
        Ok(flow)
    }

    /// What has begun, by reference: a step is large, and stays where it is until it is put into the storage.
    fn begun<'b, T>(&mut self, begun: &'b Outcome<Result<T, TooSmall>>) -> Outcome<&'b T> {
        match begun {
            Ok(Ok(begun)) => Ok(begun),
            Ok(Err(TooSmall { needed })) => {
                self.needed = *needed;
                Err(Status::TooSmall)
            }
            Err(status) => Err(*status),
        }
    }

    /// The flow that is in the storage.
    unsafe fn running<'f>(place: *const Self) -> Outcome<&'f Self> {
        // SAFETY: as the caller promises; it is of this size.
        let flow = unsafe {
            Self::check(place)?;
            &*place
        };
        if flow.seal == flow.seal() { Ok(flow) } else { Err(Status::Flow) }
    }

    /// Gives an answer to the question of this kind.
    unsafe fn answer(place: *mut Self, to: Kind, answer: Outcome<Answer<'_>>) -> i32 {
        // SAFETY: as the caller promises.
        status(unsafe { Self::running(place) }.and_then(|_| {
            // SAFETY: it is no NULL, and as the caller promises.
            let flow = unsafe { &mut *place };
            let Some(advance) = flow.advance else { return Err(Status::WrongStep) };
            if flow.view.kind != to {
                return Err(Status::WrongStep);
            }
            // SAFETY: `advance` was stored with the step that the state holds.
            unsafe { advance(&mut flow.state, answer?, &mut flow.view) };
            if flow.view.kind == Kind::Done {
                flow.advance = None;
            }
            Ok(())
        }))
    }

    /// What the flow does next; the view of no flow if there is none.
    ///
    /// # Safety
    ///
    /// `place` is NULL or readable.
    pub unsafe fn view<'f>(place: *const Self) -> &'f View {
        static NOTHING: Shared = Shared(View::NONE);
        // SAFETY: as the caller promises.
        unsafe { Self::running(place) }.map_or(&NOTHING.0, |flow| &flow.view)
    }
}

/// A view that nobody writes to.
struct Shared(View);

// SAFETY: nobody writes to it.
unsafe impl Sync for Shared {}

/// The size of the storage, to be compared with that of the header.
#[unsafe(no_mangle)]
pub const extern "C" fn symbolon_flow_size() -> usize {
    size_of::<Flow>()
}

/// What a flow does next.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_next(flow: *const Flow) -> *const View {
    // SAFETY: the caller hands in NULL or storage.
    unsafe { Flow::view(flow) }
}

/// How long the buffer must be that was too small. 0 of storage of another interface.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_needed(flow: *const Flow) -> usize {
    // SAFETY: the caller hands in NULL or storage.
    unsafe { Flow::check(flow).map_or(0, |()| (*flow).needed) }
}

/// Answers with a row.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_answer_row(flow: *mut Flow, version: u64, value: *const u8, len: usize) -> i32 {
    // SAFETY: the caller lends the range for this call.
    let value = unsafe { Bytes { ptr: value, len }.slice() };
    // SAFETY: the caller hands in NULL or storage.
    unsafe { Flow::answer(flow, Kind::Load, value.map(|value| Answer::Row(Ok(Some(Row { version, value }))))) }
}

/// Answers that there is no such row.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_answer_absent(flow: *mut Flow) -> i32 {
    // SAFETY: the caller hands in NULL or storage.
    unsafe { Flow::answer(flow, Kind::Load, Ok(Answer::Row(Ok(None)))) }
}

/// Answers that the row was written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_answer_committed(flow: *mut Flow) -> i32 {
    // SAFETY: the caller hands in NULL or storage.
    unsafe { Flow::answer(flow, Kind::Commit, Ok(Answer::Commit(Ok(Committed::Yes)))) }
}

/// Answers that the row was not as expected.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_answer_conflict(flow: *mut Flow) -> i32 {
    // SAFETY: the caller hands in NULL or storage.
    unsafe { Flow::answer(flow, Kind::Commit, Ok(Answer::Commit(Ok(Committed::Conflict)))) }
}

/// Answers with a signature.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_answer_signature(flow: *mut Flow, signature: *const u8, len: usize) -> i32 {
    // SAFETY: the caller lends the range for this call.
    let signature = unsafe { Bytes { ptr: signature, len }.slice() };
    // SAFETY: the caller hands in NULL or storage.
    unsafe { Flow::answer(flow, Kind::Sign, signature.map(|signature| Answer::Signature(Ok(signature)))) }
}

/// Answers whether the signature holds: anything but 1 is no.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_answer_verdict(flow: *mut Flow, valid: u32) -> i32 {
    let verdict = if valid == 1 { Verdict::Valid } else { Verdict::Invalid };
    // SAFETY: the caller hands in NULL or storage.
    unsafe { Flow::answer(flow, Kind::Verify, Ok(Answer::Verdict(Ok(verdict)))) }
}

/// Answers with the response of an exchange. The body is overwritten.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_answer_response(
    flow: *mut Flow,
    http_status: u32,
    headers: *const Field,
    headers_len: usize,
    body: *mut u8,
    body_len: usize,
) -> i32 {
    let mut room = Headers::room();
    // SAFETY: the caller lends fields and body for this call.
    let headers = match unsafe { room.read(headers, headers_len) } {
        Ok(headers) => headers,
        Err(error) => return status(Err(error)),
    };
    // SAFETY: as above.
    let body = unsafe { lent(body, body_len) };
    let status = u16::try_from(http_status).unwrap_or(0);
    let answer = body.map(|body| Answer::Response(Ok(Response { status, headers, body })));
    // SAFETY: the caller hands in NULL or storage.
    unsafe { Flow::answer(flow, Kind::Send, answer) }
}

/// Answers any question: the store, the key or the peer is down.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_answer_unavailable(flow: *mut Flow) -> i32 {
    // SAFETY: the caller hands in NULL or storage.
    let to = unsafe { Flow::view(flow) }.kind;
    // SAFETY: as above.
    unsafe { Flow::answer(flow, to, Answer::lacking(to)) }
}

/// Zeros what a flow holds. The storage can be started again. Storage of another interface stays as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn symbolon_flow_wipe(flow: *mut Flow) {
    // SAFETY: the caller hands in NULL or storage.
    if let Ok(flow) = unsafe { Flow::storage(flow) } {
        flow.state.0.zeroize();
    }
}
