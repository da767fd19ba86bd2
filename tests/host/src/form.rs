//! The forms of the host's own pages.

use std::collections::HashMap;

/// The fields of one of the host's own forms.
pub struct Fields(HashMap<String, Vec<String>>);

/// Reads one.
pub fn read_form(bytes: &[u8]) -> Fields {
    let mut fields: HashMap<String, Vec<String>> = HashMap::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        fields.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    Fields(fields)
}

impl Fields {
    /// The value of a field, or nothing if it is absent or there twice.
    pub fn one(&self, name: &str) -> &str {
        match self.all(name) {
            [value] => value,
            _ => "",
        }
    }

    /// Every value of a field.
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}
