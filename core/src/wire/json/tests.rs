extern crate std;
use super::*;
use std::string::{String, ToString};
use std::vec::Vec;

/// Writes a value back as text, strings in Rust's notation.
fn show(value: Value<'_>) -> String {
    match value {
        Value::Null => "null".to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.as_str().to_string(),
        Value::String(text) => std::format!("{text:?}"),
        Value::Array(array) => std::format!("[{}]", array.iter().map(show).collect::<Vec<_>>().join(",")),
        Value::Object(object) => std::format!(
            "{{{}}}",
            object
                .members()
                .map(|(name, value)| std::format!("{name:?}:{}", show(value)))
                .collect::<Vec<_>>()
                .join(",")
        ),
    }
}

fn read(text: &str) -> Result<String, Reason> {
    let mut text = text.as_bytes().to_vec();
    object(&mut text).map(|object| show(Value::Object(object)))
}

#[test]
fn reads_values_of_every_kind() {
    for (text, expected) in [
        ("{}", "{}"),
        (" \t\r\n{ } \n", "{}"),
        (r#"{"a":"b"}"#, r#"{"a":"b"}"#),
        (r#"{"":""}"#, r#"{"":""}"#),
        (
            r#" { "a" : [ 1 , -0.5e+3 , "" , true , false , null ] , "b" : { "a" : { } } } "#,
            r#"{"a":[1,-0.5e+3,"",true,false,null],"b":{"a":{}}}"#,
        ),
        (r#"{"a":[[],[[]],{}],"b":[{"a":"]}\"{["},{"a":1}]}"#, r#"{"a":[[],[[]],{}],"b":[{"a":"]}\"{["},{"a":1}]}"#),
        (
            r#"{"\u0061\"\\\/\b\f\n\r\t":"\u00e9\u20AC\ud83d\ude00é€😀\u0000"}"#,
            "{\"a\\\"\\\\/\\u{8}\\u{c}\\n\\r\\t\":\"é€😀é€😀\\0\"}",
        ),
        (r#"{"a":0,"b":-0,"c":10.01E-7}"#, r#"{"a":0,"b":-0,"c":10.01E-7}"#),
        (
            r#"{"a":"long enough to cross a word, and unescaped"}"#,
            r#"{"a":"long enough to cross a word, and unescaped"}"#,
        ),
    ] {
        assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn refuses_what_rfc_8259_does_not_allow() {
    for text in [
        "",
        " ",
        "[]",
        "null",
        "\"a\"",
        "1",
        "{",
        "}",
        "{}}",
        "{}{}",
        "{} x",
        "{]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1 2]}",
        "{\"a\":[1}",
        "{\"a\":{]}",
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":+1}",
        "{\"a\":1.}",
        "{\"a\":.1}",
        "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":-01}",
        "{\"a\":0x1}",
        "{\"a\":NaN}",
        "{\"a\":nul}",
        "{\"a\":nulll}",
        "{\"a\":True}",
        "{\"a\":tru}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\u{0}\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\\ud800\\ud800\"}",
        "{\"a\":\"\\ud800x\"}",
        "{\"a\":\"",
        "{\"a\":\"\\",
        "{\"a\":\"\\\"}",
        "\u{feff}{}",
        "{}\u{0}",
        "{\"a\":1}//",
        "{\"a\":/**/1}",
        "{\u{a0}}",
        "{\u{80}\u{3}:1}",
        "{\"a\":é}",
        "{:1}",
        "{\"a\"::1}",
        "{\"a\":1,,\"b\":2}",
        "{\"a\":1:2}",
        "{\"a\":[1:2]}",
    ] {
        assert_eq!(read(text), Err(Reason::Json), "{text:?}");
    }
    assert_eq!(object(&mut b"{\"a\":\"\xff\"}".to_vec()).err(), Some(Reason::NotUtf8));
}

#[test]
fn refuses_repeated_members_at_every_level() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"":1,"":1}"#,
        r#"{"x":[{"b":{"a":1,"c":2,"a":3}}]}"#,
        r#"{"a":{"a":1},"b":{"a":1},"a":2}"#,
    ] {
        assert_eq!(read(text), Err(Reason::JsonRepeated), "{text}");
    }
    for text in [r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#, r#"{"a":1,"A":1,"aa":1}"#] {
        assert!(read(text).is_ok(), "{text}");
    }
}

#[test]
fn holds_its_limits() {
    let nested = |depth: usize| std::format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let arrays = |depth: usize| std::format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    let levels = Err(Reason::TooMany(Name::JsonLevels));
    assert_eq!(read(&nested(limits::JSON_DEPTH)), Ok(nested(limits::JSON_DEPTH)));
    assert_eq!(read(&nested(limits::JSON_DEPTH + 1)), levels);
    assert_eq!(read(&arrays(limits::JSON_DEPTH)), Ok(arrays(limits::JSON_DEPTH)));
    assert_eq!(read(&arrays(limits::JSON_DEPTH + 1)), levels);

    let members = |count: usize| {
        std::format!("{{{}}}", (0..count).map(|n| std::format!("\"m{n}\":1")).collect::<Vec<_>>().join(","))
    };
    assert!(read(&members(limits::JSON_MEMBERS)).is_ok());
    let reason = Reason::TooMany(Name::JsonMembers);
    assert_eq!(read(&members(limits::JSON_MEMBERS + 1)), Err(reason));

    let string = |length: usize| std::format!("{{\"a\":\"{}\"}}", "x".repeat(length));
    assert_eq!(read(&string(limits::JSON_STRING)), Ok(string(limits::JSON_STRING)));
    let reason = Reason::TooLong(Name::JsonString);
    assert_eq!(read(&string(limits::JSON_STRING + 1)), Err(reason));

    let reason = Reason::TooLong(Name::Json);
    assert_eq!(read(&std::format!("{{}}{}", " ".repeat(limits::JSON - 2))), Ok("{}".to_string()));
    assert_eq!(read(&std::format!("{{}}{}", " ".repeat(limits::JSON - 1))), Err(reason));
}

#[test]
fn no_proper_prefix_is_read() {
    let text = r#"{"a":[1,-2.5e3,"\u00e9\ud83d\ude00x"],"b":{"c":null,"d":true},"e":false}"#;
    assert!(read(text).is_ok());
    for end in 0..text.len() {
        assert_eq!(read(&text[..end]), Err(Reason::Json), "{}", &text[..end]);
    }
}

#[test]
fn finds_members_and_takes_plain_integers_only() {
    let text = r#"{"skip":{"n":9},"n":18446744073709551615,"s":"x","f":1.0,"e":1e0,"m":-1,"o":18446744073709551616,"b":true,"a":[7]}"#;
    let mut text = text.as_bytes().to_vec();
    let object = object(&mut text).unwrap_or_else(|_| panic!());
    let number = |name| object.get(name).and_then(Value::as_u64);
    assert_eq!(number("n"), Some(u64::MAX));
    for name in ["s", "f", "e", "m", "o", "b", "a", "none"] {
        assert_eq!(number(name), None, "{name}");
    }
    assert_eq!(object.get("s").and_then(Value::as_str), Some("x"));
    assert_eq!(object.get("b").and_then(Value::as_bool), Some(true));
    let array = object.get("a").and_then(Value::as_array).unwrap();
    assert_eq!(array.iter().filter_map(Value::as_u64).collect::<Vec<_>>(), [7]);
    let inner = object.get("skip").and_then(Value::as_object).unwrap();
    assert_eq!(inner.get("n").and_then(Value::as_u64), Some(9));
}

#[test]
fn reads_an_array_at_the_top_as_it_reads_one_below() {
    let read = |text: &str| array(&mut text.as_bytes().to_vec()).map(|array| show(Value::Array(array)));
    for (text, expected) in [
        ("[]", "[]"),
        (" [ 1 , [ { \"a\" : \"\\u00e9\" } ] ] ", "[1,[{\"a\":\"\u{e9}\"}]]"),
        ("[{\"a\":1},{\"a\":2}]", "[{\"a\":1},{\"a\":2}]"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
    }
    for text in ["", "{}", "[", "[1,]", "[,1]", "[1]x", "[1][2]", "[\"a\":1]", "[1}", "1", "\"[]\""] {
        assert_eq!(read(text), Err(Reason::Json), "{text}");
    }
    assert_eq!(read("[{\"a\":1,\"\\u0061\":2}]"), Err(Reason::JsonRepeated));
    let nested = |levels: usize| [&"[".repeat(levels)[..], &"]".repeat(levels)].concat();
    let deep = Reason::TooMany(Name::JsonLevels);
    assert_eq!(read(&nested(limits::JSON_DEPTH + 1)), Err(deep));
    assert!(read(&nested(limits::JSON_DEPTH)).is_ok());
    assert_eq!(object(&mut b"[]".to_vec()).err(), Some(Reason::Json));
}
