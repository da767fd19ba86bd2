//! Markdown to blocks and back. Nothing here knows what a block says.

/// A piece of a document: what stands between fences, or between blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Prose, with its line ends.
    Prose(String),
    /// A fenced block.
    Block(Block),
}

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The line of its first fence, from 1; 0 if it is not from a file.
    pub line: usize,
    /// What stands behind the fence: `http`, `host`, ...
    pub info: String,
    /// The lines between the fences.
    pub text: String,
}

impl Block {
    /// A block that is not from a file.
    pub fn new(info: &str, text: String) -> Self {
        Self { line: 0, info: info.into(), text }
    }

    /// Its lines, joined where one begins with a space: such a line goes on where the one before it ended.
    pub fn lines(&self) -> Vec<String> {
        unfold(&self.text)
    }
}

/// Splits a document.
pub fn read(document: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut prose = String::new();
    let mut lines = document.lines().enumerate();
    while let Some((position, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            prose.push_str(line);
            prose.push('\n');
            continue;
        };
        pieces.push(Piece::Prose(std::mem::take(&mut prose)));
        let block = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect::<Vec<_>>();
        let line = position + 1;
        if document.lines().nth(line + block.len()) != Some("```") {
            return Err(format!("line {line}: a block that is not closed"));
        }
        pieces.push(Piece::Block(Block { line, info: info.trim().into(), text: block.join("\n") }));
    }
    pieces.push(Piece::Prose(prose));
    pieces.retain(|piece| *piece != Piece::Prose(String::new()));
    Ok(pieces)
}

/// Joins the pieces again.
pub fn write(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Prose(prose) => prose.clone(),
        Piece::Block(Block { info, text, .. }) if text.is_empty() => format!("```{info}\n```\n"),
        Piece::Block(Block { info, text, .. }) => format!("```{info}\n{text}\n```\n"),
    };
    pieces.iter().map(piece).collect()
}

/// Joins what is folded.
pub fn unfold(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match lines.last_mut() {
            Some(last) if line.starts_with(' ') => last.push_str(line.trim_start_matches(' ')),
            _ => lines.push(line.into()),
        }
    }
    lines
}

/// Folds a line longer than 120 characters before each `mark`, which `unfold` undoes.
pub fn fold(line: &str, mark: &str, after: usize) -> String {
    if line.len() <= 120 {
        return line.into();
    }
    let mut folded = String::new();
    for (position, part) in line.split(mark).enumerate() {
        if position > 0 {
            // `after` bytes of the mark stay on the line.
            folded.push_str(&mark[..after]);
            folded.push_str("\n ");
            folded.push_str(&mark[after..]);
        }
        folded.push_str(part);
    }
    folded
}

/// Folds hexadecimal digits.
pub fn fold_hex(digits: &str) -> String {
    let lines: Vec<&str> = digits.as_bytes().chunks(112).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    lines.join("\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_split_and_joined_again() {
        let document = "# A\n\n```http\nGET / HTTP/1.1\n\nbody\n```\n\nprose\n```host\n```\n";
        let pieces = read(document).unwrap();
        assert_eq!(write(&pieces), document);
        assert_eq!(pieces.len(), 4);
        assert!(matches!(&pieces[1], Piece::Block(Block { line: 3, info, .. }) if info == "http"));
        assert!(read("```http\nGET").is_err());
    }

    #[test]
    fn a_folded_line_is_the_line_again() {
        let line = format!("{{\"a\":\"{}\",\"b\":\"{}\",\"c\":1}}", "x".repeat(90), "y".repeat(90));
        assert_ne!(fold(&line, ",\"", 1), line);
        assert_eq!(unfold(&fold(&line, ",\"", 1)), [line.as_str()]);
        let digits = "0123456789abcdef".repeat(20);
        assert_eq!(unfold(&fold_hex(&digits)), [digits]);
    }
}
