//! What `symbolon.h` declares, and what the library exports, as data to be compared.

use std::collections::BTreeMap;
use std::fs;

use crate::c;

/// What a header declares.
#[derive(Debug, Default)]
pub struct Header {
    /// Functions: the types of the result and of the parameters.
    pub functions: BTreeMap<String, Vec<String>>,
    /// Enumerators, as they are written.
    pub values: BTreeMap<String, String>,
    /// Structs: their members, with types, in order.
    pub structs: BTreeMap<String, Vec<(String, String)>>,
}

/// Reads a header.
pub fn read(text: &str) -> Header {
    let mut header = Header::default();
    let mut statements = String::new();
    let mut rest = &*without_comments(text);
    // What stands in braces is an enumeration, a struct, or `extern "C"`, which is between preprocessor lines.
    while let Some((before, after)) = rest.split_once('{') {
        let (inside, behind) = after.split_at(closing(after));
        let (declared, kind) = before.rsplit_once(';').map_or(("", before), |(declared, kind)| (declared, kind));
        statements.push_str(declared);
        statements.push(';');
        match kind.split_whitespace().collect::<Vec<_>>()[..] {
            ["enum"] => header.values.extend(inside.split(',').filter_map(|value| {
                let (name, value) = value.split_once('=')?;
                Some((name.trim().to_owned(), value.trim().to_owned()))
            })),
            ["typedef", "struct", name] => {
                header.structs.insert(name.to_owned(), members(inside));
            }
            ref other => panic!("{other:?} is neither an enumeration nor a struct"),
        }
        rest = &behind[1..];
    }
    statements.push_str(rest);
    for statement in statements.split(';').filter(|statement| statement.contains('(')) {
        let (head, parameters) = statement.split_once('(').expect("a parameter list");
        let (result, name) = declared(head.trim().trim_start_matches("SYMBOLON_CHECK"));
        let parameters = parameters.trim().strip_suffix(')').expect("a closed list").split(',');
        let types = parameters.map(|parameter| declared(parameter).0).filter(|parameter| parameter != "void");
        header.functions.insert(name, std::iter::once(result).chain(types).collect());
    }
    header
}

/// The text without comments and preprocessor lines.
fn without_comments(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        code.push_str(before);
        rest = after.split_once("*/").expect("a closed comment").1;
    }
    code.push_str(rest);
    let code = code.replace("\\\n", " ");
    let lines = code.lines().filter(|line| !line.starts_with('#') && !line.starts_with("extern \"C\"") && *line != "}");
    lines.collect::<Vec<_>>().join("\n")
}

/// Where the brace closes that was opened before `text`.
fn closing(text: &str) -> usize {
    let mut depth = 1;
    for (at, char) in text.char_indices() {
        depth += match char {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 {
            return at;
        }
    }
    panic!("a brace that does not close")
}

fn members(inside: &str) -> Vec<(String, String)> {
    let mut members = Vec::new();
    let mut rest = inside.trim();
    while !rest.is_empty() {
        let end = if rest.starts_with("union") {
            let open = rest.find('{').expect("a union") + 1;
            let close = open + closing(&rest[open..]);
            close + rest[close..].find(';').expect("an end")
        } else {
            rest.find(';').expect("an end")
        };
        if rest.starts_with("union") {
            members.push(("of".into(), "union".into()));
        } else {
            // Members of one type may be declared together.
            let mut names = rest[..end].split(',');
            let (member_type, name) = declared(names.next().unwrap_or_default());
            members.push((name, member_type.clone()));
            members.extend(names.map(|name| (name.trim().to_owned(), member_type.clone())));
        }
        rest = rest[end + 1..].trim();
    }
    members
}

/// Type and name: `const uint8_t entropy[32]` is `const uint8_t[32]` and `entropy`.
fn declared(text: &str) -> (String, String) {
    let (text, array) = match text.split_once('[') {
        Some((text, array)) => (text, format!("[{array}")),
        None => (text, String::new()),
    };
    let words = text.replace('*', " * ");
    let mut words: Vec<&str> = words.split_whitespace().collect();
    let name = if words.len() > 1 && words.last() != Some(&"*") { words.pop().unwrap_or_default() } else { "" };
    (words.join(" ") + &array, name.to_owned())
}

/// The functions that the translation defines, with their types as C spells them.
pub fn defined() -> BTreeMap<String, Vec<String>> {
    let mut functions = BTreeMap::new();
    for file in
        ["lib", "flow", "describe", "server", "server/config", "registration", "client", "client/config", "resource"]
    {
        let text = fs::read_to_string(c::source(&format!("bindings-c/abi/src/{file}.rs"))).expect("a file");
        let file = file.split('/').next().unwrap_or_default();
        functions.extend(started(&text));
        let mut rest = text.as_str();
        while let Some((_, after)) = rest.split_once("extern \"C\" fn ") {
            let (head, body) = after.split_once('{').expect("a body");
            let (name, head) = head.split_once('(').expect("a parameter list");
            let (parameters, result) = head.rsplit_once(')').expect("a closed list");
            let result = result.trim().strip_prefix("-> ").map_or("void".into(), |result| in_c(result, file));
            let parameters = parameters.split(',').filter_map(|parameter| parameter.split_once(':'));
            let mut types = vec![result];
            types.extend(parameters.map(|(_, parameter)| in_c(parameter, file)));
            functions.insert(name.to_owned(), types);
            rest = body;
        }
    }
    functions
}

/// The functions that are a line of `starts!` or `finishes!`: `symbolon_token_start: token(request, now, entropy);`.
fn started(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut functions = BTreeMap::new();
    for part in text.split("\nstarts! {\n").skip(1).chain(text.split("\nfinishes! {\n").skip(1)) {
        let lines = part.split("\n}").next().unwrap_or_default();
        let mut lines = lines.lines().map(str::trim).filter(|line| !line.starts_with("///"));
        let role = in_c(lines.next().expect("a role").trim_end_matches(':'), "");
        for line in lines {
            let (name, flow) = line.split_once(": ").expect("a function");
            let given = flow.split_once('(').map_or("", |(_, given)| given.trim_end_matches([')', ';']));
            let given = given.split(", ").filter(|given| !given.is_empty()).map(given_in_c);
            let first = ["symbolon_status".to_owned(), "symbolon_flow *".into(), format!("const {role} *")];
            let last = ["uint8_t *".to_owned(), "size_t".into()];
            functions.insert(name.to_owned(), first.into_iter().chain(given).chain(last).collect());
        }
    }
    functions
}

/// The type of what `given!` calls by this name.
fn given_in_c(name: &str) -> String {
    let start = fs::read_to_string(c::source("bindings-c/abi/src/flow/start.rs")).expect("a file");
    let (_, rust) = start.split_once(&format!("({name}) => {{ ")).expect("a parameter that start functions know");
    let (rust, _) = rust.split_once(" };").expect("an end");
    in_c(
        &rust
            .replace("crate::client::Request", "ClientRequest")
            .replace("crate::types::", "")
            .replace("crate::server::", "")
            .replace("crate::client::", "")
            .replace("crate::resource::", ""),
        "",
    )
}

/// A type of Rust in C.
fn in_c(rust: &str, file: &str) -> String {
    let rust = rust.trim();
    if let Some(to) = rust.strip_prefix("*const [u8; ").or_else(|| rust.strip_prefix("*mut [u8; ")) {
        let read_only = if rust.starts_with("*const") { "const " } else { "" };
        return format!("{read_only}uint8_t[{to}");
    }
    if let Some(to) = rust.strip_prefix("*const ") {
        // The texts for people end in NUL.
        return if (file, to) == ("lib", "u8") { "const char *".into() } else { format!("const {} *", in_c(to, file)) };
    }
    if let Some(to) = rust.strip_prefix("*mut ") {
        return format!("{} *", in_c(to, file));
    }
    let name = match rust {
        "u8" | "u32" | "u64" => return format!("uint{}_t", &rust[1..]),
        "i32" => "status",
        "usize" => return "size_t".into(),
        "Flow" => "flow",
        "View" => "step",
        "Text" => "str",
        "Bytes" => "bytes",
        "Field" => "field",
        "Why" => "reason",
        "Request" => "request",
        "ResourceRequest" => "resource_request",
        "Needs" => "needs",
        "ClientRequest" => "client_request",
        "AuthorizationRequest" => "authorization_request",
        "UserDecision" => "decision",
        "Registration" => "registration",
        "Description" => "description",
        "Server" => "server",
        "Client" => "client",
        "ResourceServer" => "resource_server",
        "Metadata" => "metadata",
        "Config" => return format!("symbolon_{file}_config"),
        other => panic!("{other} has no name in C"),
    };
    format!("symbolon_{name}")
}
