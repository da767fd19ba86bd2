//! That an access token holds what a request needs: scope (RFC 6750 section 3.1) and authorization details (RFC 9396).

use crate::error::Reason;
use crate::name::Name;
use crate::terms::list::List;
use crate::terms::resource::Resource;
use crate::wire::json::{Object, Value};

/// The token's scope holds every scope token that the request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeHeld(());

impl ScopeHeld {
    /// Proves it. Scope tokens are compared byte for byte, never in part.
    pub fn prove(needed: List<'_>, held: List<'_>) -> Result<Self, Reason> {
        if needed.is_subset_of(held) { Ok(Self(())) } else { Err(Reason::TokenScope) }
    }
}

/// What a request needs of the authorization details of a token: one of them must cover all of it. Lists are words with a space
/// between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail<'n> {
    /// The `type`.
    pub of_type: &'n str,
    /// What the request does, as words of `actions`.
    pub actions: &'n str,
    /// On which kinds of data, as words of `datatypes`.
    pub datatypes: &'n str,
    /// With which powers, as words of `privileges`.
    pub privileges: &'n str,
    /// On which one, as `identifier` names it; empty for none.
    pub identifier: &'n str,
    /// The names of the type's own members that the caller judges by itself, in what it is given of the token. A detail with
    /// any other member covers nothing: it may be a limit that nobody has looked at.
    pub judged_by_caller: &'n str,
}

/// A detail of the token covers what the request needs, as far as the common members say it (RFC 9396 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetailHeld(());

impl DetailHeld {
    /// Proves it of the `authorization_details` of a token at this resource, and shows each detail that covers what is needed.
    pub fn prove<'t>(
        needed: &Detail<'_>,
        held: Option<Value<'t>>,
        resource: Resource<'_>,
        mut show: impl FnMut(Object<'t>),
    ) -> Result<Self, Reason> {
        const MALFORMED: Reason = Reason::Malformed(Name::AuthorizationDetails);
        let mut covered = false;
        if let Some(held) = held {
            for detail in held.as_array().ok_or(MALFORMED)?.iter() {
                let detail = detail.as_object().ok_or(MALFORMED)?;
                // Details are judged one by one: two that cover a half each were approved apart.
                if needed.is_covered_by(&detail, resource).ok_or(MALFORMED)? {
                    covered = true;
                    show(detail);
                }
            }
        }
        if covered { Ok(Self(())) } else { Err(Reason::TokenDetail) }
    }
}

impl Detail<'_> {
    /// `None` if the detail is malformed. A limit that the need says nothing of is one that the request does not keep.
    fn is_covered_by(&self, detail: &Object<'_>, resource: Resource<'_>) -> Option<bool> {
        let mut covers = self.of_type == detail.get("type")?.as_str()?;
        let mut named = [self.actions, self.datatypes, self.privileges].map(str::is_empty);
        let [actions, datatypes, privileges] = &mut named;
        let mut identified = self.identifier.is_empty();
        for (name, value) in detail.members() {
            let (needed, seen) = match name {
                "type" => continue,
                "identifier" => {
                    covers &= value.as_str()? == self.identifier;
                    identified = true;
                    continue;
                }
                "locations" => {
                    covers &= holds(value, resource.as_str())?;
                    continue;
                }
                "actions" => (self.actions, &mut *actions),
                "datatypes" => (self.datatypes, &mut *datatypes),
                "privileges" => (self.privileges, &mut *privileges),
                other => {
                    covers &= List(self.judged_by_caller).contains(other);
                    continue;
                }
            };
            *seen = true;
            covers &= !needed.is_empty();
            for word in List(needed).words() {
                covers &= holds(value, word)?;
            }
        }
        Some(covers && identified && named == [true; 3])
    }
}

/// Whether an array of strings holds this one.
fn holds(array: Value<'_>, wanted: &str) -> Option<bool> {
    let mut found = false;
    for value in array.as_array()?.iter() {
        found |= value.as_str()? == wanted;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::wire::json;
    use std::vec::Vec;

    const NEEDED: Detail<'_> = Detail {
        of_type: "account",
        actions: "read list",
        datatypes: "",
        privileges: "",
        identifier: "7",
        judged_by_caller: "limit",
    };

    fn prove(needed: &Detail<'_>, details: &str) -> Result<usize, Reason> {
        let mut text = std::format!("{{\"d\":{details}}}").into_bytes();
        let object = json::object(&mut text)?;
        let resource = Resource::parse("https://rs.example/")?;
        let mut shown = Vec::new();
        DetailHeld::prove(needed, object.get("d"), resource, |detail| shown.push(detail.members().count()))?;
        Ok(shown.len())
    }

    #[test]
    fn one_detail_must_cover_all_that_is_needed() {
        for details in [
            r#"[{"type":"account","actions":["read","list"],"identifier":"7"}]"#,
            r#"[{"type":"x"},{"type":"account","actions":["list","x","read"],"identifier":"7","limit":{"eur":1}}]"#,
            r#"[{"type":"account","actions":["read","list"],"identifier":"7","locations":["https://rs.example/"]}]"#,
        ] {
            assert_eq!(prove(&NEEDED, details), Ok(1), "{details}");
        }
        for details in [
            "[]",
            r#"[{"type":"account"}]"#,
            r#"[{"type":"Account","actions":["read","list"],"identifier":"7"}]"#,
            r#"[{"type":"account","actions":["read"],"identifier":"7"}]"#,
            r#"[{"type":"account","actions":["read"],"identifier":"7"},{"type":"account","actions":["list"],"identifier":"7"}]"#,
            r#"[{"type":"account","actions":["read","list"]}]"#,
            r#"[{"type":"account","actions":["read","list"],"identifier":"77"}]"#,
            // Limits that the need says nothing of.
            r#"[{"type":"account","actions":["read","list"],"identifier":"7","datatypes":["names"]}]"#,
            r#"[{"type":"account","actions":["read","list"],"identifier":"7","datatypes":[]}]"#,
            r#"[{"type":"account","actions":["read","list"],"identifier":"7","until":"noon"}]"#,
            r#"[{"type":"account","actions":["read","list"],"identifier":"7","locations":["https://other.example/"]}]"#,
        ] {
            assert_eq!(prove(&NEEDED, details), Err(Reason::TokenDetail), "{details}");
        }
        let any = Detail { actions: "", identifier: "", ..NEEDED };
        assert_eq!(prove(&any, r#"[{"type":"account"},{"type":"account","limit":1}]"#), Ok(2));
        assert_eq!(prove(&any, r#"[{"type":"account","actions":["read"]}]"#), Err(Reason::TokenDetail));
    }

    #[test]
    fn a_detail_of_another_shape_is_malformed() {
        for details in [
            "null",
            "{}",
            "[1]",
            "[{}]",
            r#"[{"type":1}]"#,
            r#"[{"type":"account","actions":"read list"}]"#,
            r#"[{"type":"account","actions":["read",1]}]"#,
            r#"[{"type":"account","locations":"https://rs.example/"}]"#,
            r#"[{"type":"account","identifier":7}]"#,
        ] {
            assert_eq!(prove(&NEEDED, details), Err(Reason::Malformed(Name::AuthorizationDetails)), "{details}");
        }
    }

    #[test]
    fn scope_is_held_whole() {
        assert!(ScopeHeld::prove(List(""), List("")).is_ok());
        assert!(ScopeHeld::prove(List("b a"), List("a b c")).is_ok());
        for (needed, held) in [("a", ""), ("a b", "a"), ("a", "ab"), ("A", "a")] {
            assert_eq!(ScopeHeld::prove(List(needed), List(held)), Err(Reason::TokenScope));
        }
    }
}
