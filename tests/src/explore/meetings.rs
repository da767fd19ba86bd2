//! Flows of the client that meet on one session, and what holds however they met.

use symbolon::Reason;
use symbolon::limits::{RACES, SESSION_LEASE};
use symbolon::record::{Key, Record, Refreshing, Session};
use symbolon::terms::Time;

use crate::app::{App, parameter, query};
use crate::explore::Mishap;
use crate::explore::client::{Call, End, Ended, Question, Setting};
use crate::explore::model::{CODE, Model, Over, Superseded, access_token};
use crate::explore::world::Sound;
use crate::fixture::{BROWSER, NOW};
use crate::peer::Peer;

/// When the access token of a session that began now has ended.
const LATER: Time = Time(NOW.0 + 600);

/// Flows that meet.
pub struct Meeting {
    /// What meets.
    pub name: &'static str,
    app: App,
    session: Key,
    /// The store and the server before.
    pub world: Sound,
    /// The flows.
    pub calls: Vec<Call>,
    /// How many things may go wrong in it, so that all of it is explored within seconds.
    pub mishaps: usize,
}

impl Meeting {
    /// What the explorer needs to know of the client.
    pub fn setting(&self) -> Setting<'_> {
        Setting { client: &self.app.client, metadata: &self.app.metadata, session: self.session }
    }

    /// Whether a sign-out is among the flows.
    pub fn signs_out(&self) -> bool {
        self.calls.iter().any(|call| matches!(call, Call::Revoke(_)))
    }
}

/// Every meeting, at a server of this kind.
pub fn meetings(superseded: Superseded) -> Vec<Meeting> {
    let mut app = App::default();
    let (url, session) = app.authorize(BROWSER, None).expect("a sign-in");
    let state = parameter(&query(&url), "state").expect("a state");
    let response = format!("code={CODE}&iss=https%3A%2F%2Fas.example&state={state}");
    let started = Sound { store: app.store.clone(), model: Model::new(superseded) };
    let mut signed_in = started.clone();
    let model = &mut signed_in.model;
    let mut host = Peer::new(&mut signed_in.store, |sent, _| Some(model.serve(usize::MAX, sent)));
    app.callback_on(&response, BROWSER, &mut host).expect("tokens");

    let callback = || Call::Callback(response.clone(), NOW);
    let refresh = |after: u64| Call::Refresh(None, LATER.after(after));
    let rejected = || Call::Refresh(Some(access_token(1)), NOW);
    let sign_out = |after: u64| Call::Revoke(LATER.after(after));
    let meeting = |name, calls: Vec<Call>, world: &Sound| Meeting {
        name,
        app: App::default(),
        session,
        world: world.clone(),
        // With one mishap, those in which a lease lapses and three meet pass too, in a minute.
        mishaps: match name {
            "two leases that lapse" | "a lease that lapses, and a sign-out" => 0,
            _ => 4 - calls.len(),
        },
        calls,
    };
    vec![
        meeting("two refreshes", vec![refresh(0), refresh(0)], &signed_in),
        meeting("three refreshes", vec![refresh(0), refresh(0), refresh(1)], &signed_in),
        meeting("two refreshes after a rejection", vec![rejected(), Call::Refresh(None, NOW), rejected()], &signed_in),
        meeting("two refreshes by clocks that differ", vec![refresh(0), refresh(SESSION_LEASE - 1)], &signed_in),
        meeting("a refresh whose lease lapses", vec![refresh(0), refresh(SESSION_LEASE)], &signed_in),
        meeting(
            "two leases that lapse",
            vec![refresh(0), refresh(SESSION_LEASE), refresh(2 * SESSION_LEASE)],
            &signed_in,
        ),
        meeting("a refresh and a sign-out", vec![refresh(0), sign_out(0)], &signed_in),
        meeting("two refreshes and a sign-out", vec![refresh(0), refresh(0), sign_out(0)], &signed_in),
        meeting("a refresh and two sign-outs", vec![refresh(0), sign_out(0), sign_out(0)], &signed_in),
        meeting(
            "a lease that lapses, and a sign-out",
            vec![refresh(0), refresh(SESSION_LEASE), sign_out(SESSION_LEASE)],
            &signed_in,
        ),
        meeting("two callbacks", vec![callback(), callback()], &started),
        meeting("three callbacks", vec![callback(), callback(), callback()], &started),
        meeting("a callback and a sign-out", vec![callback(), Call::Revoke(NOW)], &started),
        meeting("a callback, a refresh and a sign-out", vec![callback(), refresh(0), sign_out(0)], &started),
    ]
}

/// Something that holds of every end.
pub struct Property {
    /// What holds.
    pub name: &'static str,
    /// Whether it does.
    pub holds: fn(&Meeting, &Ended) -> bool,
}

/// All that holds of every end.
pub const ALWAYS: &[Property] = &[
    Property { name: "a code is sent once", holds: |_, ended| ended.world.model.redemptions.len() <= 1 },
    Property { name: "a refresh token is sent once while a lease holds", holds: sent_once },
    Property { name: "what is usable was stored, and was alive", holds: usable_is_alive },
    Property { name: "after a sign-out no token is alive", holds: signed_out },
    Property { name: "a session that is over stays gone", holds: stays_gone },
    Property { name: "the row is at rest", holds: row_at_rest },
    Property { name: "nobody signs in again without need", holds: sign_in_again },
    Property { name: "nothing fails unless something went wrong", holds: fails },
];

impl Ended {
    /// Whether something like this went wrong.
    pub fn went_wrong(&self, what: impl Fn(Question, Mishap) -> bool) -> bool {
        self.history.mishaps.iter().any(|(question, mishap)| what(*question, *mishap))
    }

    /// Whether the server has acted on a request whose answer never came.
    pub fn lost_answer(&self) -> bool {
        self.went_wrong(|question, mishap| question == Question::Send && mishap == Mishap::LostAnswer)
    }

    /// Whether tokens that the server has issued, or a request to revoke them, may have got lost: on the way, with a flow that
    /// crashed, or since the store failed for good, as a flow then says.
    fn lost_tokens(&self, meeting: &Meeting) -> bool {
        self.went_wrong(|question, mishap| mishap == Mishap::Crash || question == Question::Send)
            || self.ends.iter().zip(&meeting.calls).any(|(end, call)| {
                let Some(End::Failed(reason) | End::SignInAgain(reason)) = end else { return false };
                !matches!(call, Call::Revoke(_)) && matches!(reason, Reason::StoreBusy | Reason::StoreUnavailable)
            })
    }

    fn is_calm(&self) -> bool {
        self.history.mishaps.is_empty()
    }

    /// How the flows ended that were not crashed.
    pub fn ended(&self) -> impl Iterator<Item = &End> {
        self.ends.iter().flatten()
    }

    /// Whether a sign-out has said that the session is gone.
    pub fn is_signed_out(&self) -> bool {
        self.ended().any(|end| matches!(end, End::SignedOut { .. }))
    }

    /// Whether a sign-out has deleted the session, whatever it has heard of that.
    fn is_deleted(&self, meeting: &Meeting) -> bool {
        meeting.signs_out() && !self.world.store.rows.contains_key(&meeting.session)
    }

    /// Whether a refresh token came to the server twice.
    pub fn is_reused(&self) -> bool {
        let refreshes = &self.world.model.refreshes;
        refreshes.iter().enumerate().any(|(n, (_, spent))| refreshes[..n].iter().any(|(_, earlier)| earlier == spent))
    }
}

/// Two flows spend the same refresh token only if by the clock of one the lease of the other has lapsed, or if the answer
/// to the first never came.
fn sent_once(meeting: &Meeting, ended: &Ended) -> bool {
    let refreshes = &ended.world.model.refreshes;
    let lapsed = |one: usize, other: usize| {
        let [one, other] = [one, other].map(|flow| meeting.calls[flow].now().0);
        one.abs_diff(other) >= SESSION_LEASE
    };
    let excused = |n: usize, earlier: usize| {
        let ((flow, spent), (before, spent_before)) = (refreshes[n], refreshes[earlier]);
        spent != spent_before || (flow != before && lapsed(flow, before))
    };
    ended.lost_answer() || (0..refreshes.len()).all(|n| (0..n).all(|earlier| excused(n, earlier)))
}

/// Tokens that a flow hands out are in the row first, and the server takes them for alive then; unless the user has signed
/// out meanwhile, or the server has seen a refresh token twice, which [`sent_once`] says when it may.
fn usable_is_alive(meeting: &Meeting, ended: &Ended) -> bool {
    let excused = match ended.world.model.over {
        Some(Over::Revoked) => meeting.signs_out(),
        Some(Over::Reused) => ended.is_reused(),
        None => false,
    };
    ended.ended().all(|end| match end {
        End::Usable(token) => {
            let mut put = ended.history.put.iter().filter(|put| put.access_token == *token).peekable();
            put.peek().is_some() && put.all(|put| (put.alive && (put.newest || ended.lost_answer())) || excused)
        }
        _ => true,
    })
}

/// A sign-out that says that the server was told leaves no token alive once all flows have ended; nor does any sign-out, if
/// nothing went wrong. A server that does not know the grant of a superseded token is told of its successor by the flow
/// that has it: so that flow must have got it, and go on.
fn signed_out(meeting: &Meeting, ended: &Ended) -> bool {
    let told = ended.ended().any(|end| *end == End::SignedOut { at_server: true });
    let model = &ended.world.model;
    let excused = model.superseded == Superseded::IsUnknown && ended.lost_tokens(meeting);
    let dead = !model.has_live_tokens();
    (!told || dead || excused) && (!ended.is_calm() || !ended.is_signed_out() || dead)
}

/// A session that was signed out, or that the server has refused, is in the store no more. A refresh that loses every race
/// says what the server said without deleting the row.
fn stays_gone(meeting: &Meeting, ended: &Ended) -> bool {
    let refused = ended.ended().any(|end| *end == End::SignInAgain(Reason::ServerRefused));
    let over = refused && ended.is_calm() && ended.history.lost_races <= usize::from(RACES);
    !(over || ended.is_signed_out()) || !ended.world.store.rows.contains_key(&meeting.session)
}

/// The row is gone, or holds the newest tokens, or is under a lease that lapses, or is of a sign-in that came to nothing.
fn row_at_rest(meeting: &Meeting, ended: &Ended) -> bool {
    let model = &ended.world.model;
    let Some(row) = ended.world.store.rows.get(&meeting.session) else {
        // It was deleted by a sign-out, or since the grant is over, or since a sign-in has failed.
        let failed = ended.ended().any(|end| matches!(end, End::SignInAgain(_) | End::Failed(_)));
        return ended.is_signed_out()
            || model.over.is_some()
            || (!ended.is_calm() && (failed || ended.went_wrong(crashed)));
    };
    let newest = |token: &str| token == access_token(model.issued);
    match Session::decode(&row.value) {
        Ok(Session::Active(tokens)) => newest(tokens.access_token) || ended.lost_tokens(meeting),
        Ok(Session::Refreshing(Refreshing { lease_until, .. })) => {
            !ended.is_calm() && meeting.calls.iter().any(|call| lease_until == call.now().after(SESSION_LEASE))
        }
        Ok(Session::Started(_) | Session::Redeeming(_)) => !ended.is_calm(),
        Err(_) => false,
    }
}

fn crashed(_: Question, mishap: Mishap) -> bool {
    mishap == Mishap::Crash
}

/// Nobody is sent to sign in again while the session lives, or by one callback while another goes on.
fn sign_in_again(meeting: &Meeting, ended: &Ended) -> bool {
    ended.ends.iter().zip(&meeting.calls).all(|(end, call)| match (end, call) {
        (Some(End::SignInAgain(Reason::StateUsed | Reason::StateUnknown)), Call::Callback(..)) => {
            meeting.calls.len() > 1
        }
        (Some(End::SignInAgain(_)), Call::Callback(..)) => !ended.is_calm() || ended.is_deleted(meeting),
        // A session without tokens has none to refresh yet.
        (Some(End::SignInAgain(reason)), Call::Refresh(..)) => {
            ended.world.model.over.is_some()
                || ended.is_deleted(meeting)
                || (*reason == Reason::SessionGone && meeting.world.model.issued == 0)
        }
        _ => true,
    })
}

/// It takes two others to lose every race to.
fn fails(meeting: &Meeting, ended: &Ended) -> bool {
    let lost_all_races = |reason| {
        reason == Reason::StoreBusy && meeting.calls.len() > 2 && ended.history.lost_races > usize::from(RACES)
    };
    !ended.is_calm() || ended.ended().all(|end| !matches!(end, End::Failed(reason) if !lost_all_races(*reason)))
}
