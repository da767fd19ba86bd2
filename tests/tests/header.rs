//! `symbolon.h` says what the library is: every function, value, size and offset, for every compiler at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::mem::{offset_of, size_of};
use std::path::PathBuf;
use std::process::Command;

use symbolon_abi::describe::{Description, ENDS, INPUTS, QUESTIONS};
use symbolon_abi::outcome::{Done, Kind as EndKind};
use symbolon_abi::types::{Bytes, CredentialKey, Field, Fields, Member, MemberType, SigningKey, Status, Text, Why};
use symbolon_abi::view::{Kind, View};
use symbolon_tests::c;
use symbolon_tests::header::{self, Header};

/// The variants of an enum with their names in C. One that is left out does not compile.
macro_rules! values {
    ($($Type:ident { $($Variant:ident => $name:literal,)* })*) => {
        [$({
            fn _all(value: $Type) {
                match value { $($Type::$Variant => (),)* }
            }
            vec![$((format!("SYMBOLON_{}", $name), ($Type::$Variant as i64).to_string()),)*]
        }),*].concat()
    };
}

fn values() -> BTreeMap<String, String> {
    let values = values! {
        Status {
            Ok => "OK", Null => "ERR_NULL", Abi => "ERR_ABI", Flow => "ERR_FLOW", WrongStep => "ERR_WRONG_STEP",
            TooSmall => "ERR_TOO_SMALL", Utf8 => "ERR_UTF8", Refused => "ERR_REFUSED",
        }
        Kind {
            None => "NONE", Load => "LOAD", Commit => "COMMIT", Sign => "SIGN", Verify => "VERIFY", Send => "SEND",
            Done => "DONE",
        }
        EndKind {
            Reply => "REPLY", Prompt => "PROMPT", SignIn => "SIGN_IN", SignedIn => "SIGNED_IN", Usable => "USABLE",
            Busy => "BUSY", SignInAgain => "SIGN_IN_AGAIN", SignedOut => "SIGNED_OUT", Server => "SERVER",
            Claims => "CLAIMS", Failed => "FAILED", Answered => "ANSWERED", TokenEnded => "TOKEN_ENDED",
            StepUp => "STEP_UP", ScopeInsufficient => "SCOPE_INSUFFICIENT", UserClaims => "USER_CLAIMS",
            User => "USER",
        }
        MemberType {
            Bool => "BOOL", U32 => "U32", U64 => "U64", Size => "SIZE", Text => "TEXT", Bytes => "BYTES", Key => "KEY",
            Fields => "HEADERS", Pointer => "POINTER", Opaque => "OPAQUE",
        }
    };
    values.into_iter().collect()
}

/// The struct of the header that a description is of.
fn name_in_c(of: &Description) -> String {
    match of.name() {
        "server" => "symbolon_server_found".into(),
        "sign-in-again" | "failed" => "symbolon_failure".into(),
        name => format!("symbolon_{}", name.replace('-', "_")),
    }
}

fn descriptions() -> impl Iterator<Item = &'static Description> {
    QUESTIONS.iter().map(|(_, of)| of).chain(ENDS.iter().map(|(_, of)| of)).chain(INPUTS)
}

/// Expressions of C with what they must be.
fn facts() -> BTreeMap<String, String> {
    let mut facts = values();
    let mut fact = |expression: String, value: usize| {
        facts.insert(expression, value.to_string());
    };
    for of in descriptions() {
        let name = name_in_c(of);
        fact(format!("sizeof({name})"), of.size() as usize);
        for member in of.members() {
            let path = match (of.name(), member.name()) {
                ("done", "reason") => "reason.name".into(),
                ("done", part @ ("parameter" | "limit")) => format!("reason.{part}"),
                (_, member) => member.to_owned(),
            };
            fact(format!("offsetof({name}, {path})"), member.offset() as usize);
        }
    }
    for (_, of) in QUESTIONS.iter() {
        fact(format!("offsetof(symbolon_step, of.{})", of.name()), of.offset() as usize);
    }
    for (kind, of) in ENDS.iter() {
        let member = match kind {
            EndKind::SignInAgain | EndKind::Failed => "failure".into(),
            _ => of.name().replace('-', "_"),
        };
        fact(format!("offsetof(symbolon_step, of.done.of.{member})"), of.offset() as usize);
    }
    macro_rules! structs {
        ($($Type:ident = $name:literal { $($member:ident),* })*) => {$(
            fact(format!("sizeof(symbolon_{})", $name), size_of::<$Type>());
            $(fact(format!("offsetof(symbolon_{}, {})", $name, stringify!($member)), offset_of!($Type, $member));)*
        )*};
    }
    structs! {
        Text = "str" { ptr, len }
        Bytes = "bytes" { ptr, len }
        Field = "field" { name, value }
        Fields = "fields" { at, len }
        Why = "reason" { name, parameter, limit }
        CredentialKey = "credential_key" { id, secret }
        SigningKey = "signing_key" { key_id, algorithm, jwk }
        Done = "done" { kind, reason, event, of }
        View = "step" { kind, of }
        Member = "member" {}
        Description = "description" {}
    }
    for (of, size) in [
        ("flow", "flow"),
        ("server", "server"),
        ("client", "client"),
        ("metadata", "metadata"),
        ("resource_server", "resource"),
    ] {
        fact(format!("sizeof(symbolon_{of}) == symbolon_{size}_size()"), 1);
    }
    fact("SYMBOLON_FIELDS".into(), symbolon::wire::http::FIELDS);
    fact("SYMBOLON_FLOW_STATE".into(), symbolon_abi::flow::STATE);
    fact("SYMBOLON_ABI == symbolon_abi()".into(), 1);
    fact("strcmp(SYMBOLON_VERSION, symbolon_version()) == 0".into(), 1);
    fact("symbolon_next(&flow)->kind == SYMBOLON_NONE".into(), 1);
    fact("symbolon_metadata_start(&flow, NULL, NULL, 0) == SYMBOLON_ERR_NULL".into(), 1);
    fact("text.len == 5 && flow.size == symbolon_flow_size()".into(), 1);
    facts
}

/// The type of a member, as the header has it.
fn type_in_c(member_type: MemberType) -> &'static [&'static str] {
    match member_type {
        MemberType::Bool => &["bool"],
        MemberType::U32 => &["uint32_t"],
        MemberType::U64 => &["uint64_t"],
        MemberType::Size => &["size_t"],
        MemberType::Text => &["symbolon_str"],
        MemberType::Bytes => &["symbolon_bytes"],
        MemberType::Key => &["uint8_t[32]"],
        MemberType::Fields => &["symbolon_fields"],
        MemberType::Pointer => &[
            "uint8_t *",
            "const uint8_t *",
            "const symbolon_field *",
            "const symbolon_credential_key *",
            "const symbolon_signing_key *",
            "const symbolon_certificate *",
        ],
        MemberType::Opaque => &["symbolon_metadata"],
    }
}

fn only_on_one_side<'s, T: Ord + std::fmt::Debug + 's>(
    what: &str,
    header: impl IntoIterator<Item = T>,
    library: impl IntoIterator<Item = T>,
) -> Vec<String> {
    let (header, library): (BTreeSet<T>, BTreeSet<T>) = (header.into_iter().collect(), library.into_iter().collect());
    let only = |side: &str, one: &BTreeSet<T>, other: &BTreeSet<T>| {
        one.difference(other).map(|it| format!("{what} in the {side} alone: {it:?}")).collect::<Vec<_>>()
    };
    [only("header", &header, &library), only("library", &library, &header)].concat()
}

/// What a reader of the header finds that is not so.
fn differences_in(Header { functions, values: declared, structs }: &Header) -> Vec<String> {
    let mut found = only_on_one_side("a function", functions.clone(), header::defined());
    found.extend(only_on_one_side("a value", declared.clone(), values()));
    let known: BTreeSet<&String> = structs.keys().collect();
    let checked = facts();
    let checked = checked.keys().filter_map(|fact| fact.strip_prefix("sizeof(")?.split(')').next());
    let checked: BTreeSet<String> = checked.map(str::to_owned).collect();
    found.extend(only_on_one_side("a struct", known, &checked));
    for of in descriptions().filter(|of| of.name() != "done") {
        let members = structs.get(&name_in_c(of)).map_or(&[][..], Vec::as_slice);
        let agree = |(member, (name, c)): (&Member, &(String, String))| {
            member.name() == name && type_in_c(member.member_type()).contains(&c.as_str())
        };
        if members.len() != of.members().len() || !of.members().iter().zip(members).all(agree) {
            found.push(format!("{} has other members: {members:?}", name_in_c(of)));
        }
    }
    found
}

/// What a compiler makes of the header that is not so.
fn differences_for(compiler: &[&str], header: &str, folder: &str) -> Result<Vec<String>, String> {
    let library = c::library()?.join("libsymbolon.a");
    let folder = c::target()?.join("c").join(folder);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    fs::write(folder.join("symbolon.h"), header).map_err(|error| error.to_string())?;
    let facts = facts();
    let mut program = "#include \"symbolon.h\"\n#include <stdio.h>\n#include <string.h>\n\n\
        static symbolon_flow flow = SYMBOLON_FLOW_INIT;\nstatic const symbolon_str text = SYMBOLON_STR(\"alice\");\n\n\
        int main(void)\n{\n"
        .to_owned();
    for expression in facts.keys() {
        let _ = writeln!(program, "    printf(\"%lld\\n\", (long long)({expression}));");
    }
    program.push_str("    return 0;\n}\n");
    // The name says the language.
    let source = folder.join(if compiler.contains(&"-std=c++17") { "facts.cpp" } else { "facts.c" });
    fs::write(&source, program).map_err(|error| error.to_string())?;
    let output = folder.join("facts");
    let (name, flags) = compiler.split_first().ok_or("no compiler")?;
    let mut command = Command::new(name);
    c::run(
        command.args(flags).args(c::STRICT).arg("-I").arg(&folder).arg(&source).arg(library).arg("-o").arg(&output),
    )?;
    let said = c::run(&mut Command::new(output))?;
    let differs = |((expression, value), said): ((&String, &String), &str)| {
        (value != said).then(|| format!("{expression} is {said} in C and {value} in the library"))
    };
    Ok(facts.iter().zip(said.lines()).filter_map(differs).collect())
}

fn text() -> String {
    fs::read_to_string(c::source("bindings-c/include/symbolon.h")).expect("symbolon.h")
}

#[test]
fn it_declares_what_the_library_is() {
    let header = header::read(&text());
    assert!(header.functions.len() > 40 && header.structs.len() > 30, "{header:?}");
    assert_eq!(differences_in(&header), [""; 0]);
}

/// Nothing else is exported, so that nothing of the library's can clash with another.
#[test]
fn the_shared_library_exports_it_and_nothing_else() {
    let library: PathBuf = c::library().expect("the library").join("libsymbolon.so");
    let symbols = c::run(Command::new("nm").args(["-D", "--defined-only"]).arg(library)).expect("nm");
    let symbols = symbols.lines().filter_map(|line| Some(line.rsplit_once(' ')?.1.to_owned()));
    assert_eq!(only_on_one_side("a symbol", header::read(&text()).functions.into_keys(), symbols), [""; 0]);
}

#[test]
fn compilers_read_it_as_the_library_is() {
    let mut compilers = vec![["gcc", "-std=c99"], ["gcc", "-std=c11"], ["g++", "-std=c++17"]];
    if Command::new("clang").arg("--version").output().is_ok() {
        compilers.extend([["clang", "-std=c99"], ["clang", "-std=c11"], ["clang++", "-std=c++17"]]);
    }
    for compiler in compilers {
        assert_eq!(differences_for(&compiler, &text(), &compiler.concat()), Ok(Vec::new()), "{compiler:?}");
    }
}

/// This test would see a difference: each is planted, and found.
#[test]
fn planted_differences_are_found() {
    for (from, to, says) in [
        (
            "symbolon_status symbolon_answer_absent(symbolon_flow *flow);",
            "symbolon_status symbolon_answer_none(symbolon_flow *flow);",
            "symbolon_answer_none",
        ),
        ("const uint8_t *value, size_t len);", "size_t len, const uint8_t *value);", "symbolon_answer_row"),
        ("SYMBOLON_ERR_UTF8 = -6", "SYMBOLON_ERR_UTF8 = -8", "SYMBOLON_ERR_UTF8"),
        ("SYMBOLON_OPAQUE = 10\n", "SYMBOLON_OPAQUE = 10, SYMBOLON_MORE = 11\n", "SYMBOLON_MORE"),
        ("    symbolon_str client_id, sub;\n", "    symbolon_str sub, client_id;\n", "symbolon_claims"),
        ("    uint64_t exp;", "    uint32_t exp;", "symbolon_claims"),
        ("typedef struct symbolon_busy {", "typedef struct symbolon_idle {", "symbolon_idle"),
    ] {
        assert!(text().contains(from), "{from}");
        let found = differences_in(&header::read(&text().replace(from, to)));
        assert!(found.iter().any(|difference| difference.contains(says)), "{says}: {found:?}");
    }
    for (from, to, says) in [
        ("uint64_t opaque[193]", "uint64_t opaque[194]", "symbolon_server_size"),
        ("    uint64_t exp;", "    uint64_t more, exp;", "offsetof(symbolon_claims, exp)"),
        ("#define SYMBOLON_ABI 1", "#define SYMBOLON_ABI 2", "SYMBOLON_ABI"),
        ("#define SYMBOLON_VERSION \"", "#define SYMBOLON_VERSION \"1", "SYMBOLON_VERSION"),
        ("#define SYMBOLON_FLOW_STATE 1024", "#define SYMBOLON_FLOW_STATE 1032", "symbolon_flow_size"),
        ("SYMBOLON_DONE = 6", "SYMBOLON_DONE = 7", "SYMBOLON_DONE is 7 in C and 6 in the library"),
    ] {
        assert!(text().contains(from), "{from}");
        let found = differences_for(&["gcc", "-std=c99"], &text().replacen(from, to, 1), "planted").expect("compiles");
        assert!(found.iter().any(|difference| difference.contains(says)), "{says}: {found:?}");
    }
}
