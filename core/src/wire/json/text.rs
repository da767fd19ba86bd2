//! JSON values as text again, without the space that means nothing.

use super::Value;
use crate::wire::write::Writer;

impl Writer<'_> {
    /// Appends a value that was read. It nests no deeper than [`limits::JSON_DEPTH`](crate::limits::JSON_DEPTH).
    pub fn value(&mut self, value: Value<'_>) {
        match value {
            Value::Null => self.str("null"),
            Value::Bool(true) => self.str("true"),
            Value::Bool(false) => self.str("false"),
            Value::Number(number) => self.str(number.as_str()),
            Value::String(text) => self.json(text),
            Value::Array(array) => {
                self.bytes(b"[");
                for (place, value) in array.iter().enumerate() {
                    if place > 0 {
                        self.bytes(b",");
                    }
                    self.value(value);
                }
                self.bytes(b"]");
            }
            Value::Object(object) => {
                self.bytes(b"{");
                for (place, (name, value)) in object.members().enumerate() {
                    if place > 0 {
                        self.bytes(b",");
                    }
                    self.json(name);
                    self.bytes(b":");
                    self.value(value);
                }
                self.bytes(b"}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::wire::json;
    use crate::wire::write::Arena;
    use std::string::String;

    fn again(text: &str) -> String {
        let (mut text, mut buffer) = (text.as_bytes().to_vec(), [0; 512]);
        let object = json::object(&mut text).unwrap_or_else(|reason| panic!("{reason:?}"));
        let mut arena = Arena::new(&mut buffer, 512).unwrap();
        arena.text(|w| w.value(Value::Object(object))).unwrap().into()
    }

    #[test]
    fn what_was_read_is_the_same_text() {
        for text in [
            "{}",
            r#"{"a":[],"b":{},"":null}"#,
            r#"{"a":[1,-0.5e+3,"",true,false,null,[[{}]]],"b":{"a":{"c":"d"}}}"#,
            r#"{"a\"\\":"é€😀\u0001/"}"#,
        ] {
            assert_eq!(again(text), text);
        }
        assert_eq!(again(" {\n\"a\" : [ 1 , {\t} ] , \"\\u0062\" : \"\\/\\n\" } "), r#"{"a":[1,{}],"b":"/\u000a"}"#);
    }
}
