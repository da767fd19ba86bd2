//! HTTP messages as text and as data.

use std::fmt::Write as _;

use super::block::{Block, fold};

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// A path with its query; in what the core sends an absolute URI.
    pub target: String,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Request {
    /// Reads a block's lines.
    pub fn read(lines: &[String]) -> Result<Self, String> {
        let (first, headers, body) = message(lines)?;
        let request_line = first.strip_suffix(" HTTP/1.1").and_then(|line| line.split_once(' '));
        let (method, target) = request_line.ok_or_else(|| format!("not a request line: {first}"))?;
        Ok(Self { method: method.into(), target: target.into(), headers, body })
    }

    /// Writes a block.
    pub fn write(&self) -> Block {
        let first = format!("{} {} HTTP/1.1", self.method, self.target);
        write(&fold(&first, "&", 0), &self.headers, &self.body)
    }
}

impl Response {
    /// Reads a block's lines.
    pub fn read(lines: &[String]) -> Result<Self, String> {
        let (first, headers, body) = message(lines)?;
        let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        Ok(Self { status: status.ok_or_else(|| format!("not a status line: {first}"))?, headers, body })
    }

    /// Writes a block.
    pub fn write(&self) -> Block {
        write(&format!("HTTP/1.1 {} {}", self.status, phrase(self.status)), &self.headers, &self.body)
    }
}

/// Whether a block holds a response.
pub fn is_response(block: &Block) -> bool {
    block.info == "http" && block.text.starts_with("HTTP/1.1 ")
}

/// Whether a block holds a request that comes in.
pub fn is_incoming(block: &Block) -> bool {
    let target = block.text.split(' ').nth(1);
    block.info == "http" && !is_response(block) && target.is_some_and(|target| target.starts_with('/'))
}

/// The parts of a message: the first line, the header fields, the body.
type Parts<'l> = (&'l str, Vec<(String, String)>, String);

fn message(lines: &[String]) -> Result<Parts<'_>, String> {
    let (first, rest) = lines.split_first().ok_or("an empty message")?;
    let end = rest.iter().position(String::is_empty).unwrap_or(rest.len());
    let field = |line: &String| match line.split_once(": ") {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(format!("not a header field: {line}")),
    };
    let headers = rest[..end].iter().map(field).collect::<Result<_, _>>()?;
    let body = rest.get(end + 1..).unwrap_or_default().join("\n");
    Ok((first, headers, body))
}

fn write(first: &str, headers: &[(String, String)], body: &str) -> Block {
    let mut text = first.to_owned();
    for (name, value) in headers {
        let _ = write!(text, "\n{}", fold(&format!("{name}: {value}"), "&", 0));
    }
    if !body.is_empty() {
        let body = if body.starts_with('{') { fold(body, ",\"", 1) } else { fold(body, "&", 0) };
        let _ = write!(text, "\n\n{body}");
    }
    Block::new("http", text)
}

/// What people call a status.
const fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        303 => "See Other",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        405 => "Method Not Allowed",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "",
    }
}
