//! What a template from a file may do.
//!
//! A template is a program by a stranger. It can build text from the messages and nothing else, and it is held
//! to these limits:
//!
//! - its text: [`MAX_TEMPLATE_BYTES`], and per tag and in all few enough words that reading it cannot exhaust the
//!   stack (the parser limits the depth of brackets and blocks, but not of `- - -x` or of `elif` chains);
//! - its steps: each statement and expression costs one of [`Budget`]'s steps;
//! - its bytes: each byte of text it makes or searches, and each item of a list it makes, is paid for before the
//!   work is done. Doubling a text in a loop ends when the budget does, whichever way it is spelled;
//! - its depth: expressions within expressions, calls within calls and lists within lists are counted.
//!
//! Memory is thus at most the budget of bytes, and time a fixed number of steps and bytes per message.

use minijinja::{
    machinery::{Token, ast::Stmt, parse, tokenize},
    syntax::SyntaxConfig,
};

/// Longer ones are not templates. The longest published ones have 20 KB.
pub(crate) const MAX_TEMPLATE_BYTES: usize = 64 << 10;
/// Words in one `{{ }}` or `{% %}`.
const MAX_TAG_WORDS: usize = 512;
/// Words before which no operand stands: `not not not x`, `- - -x`.
const MAX_PREFIXES: usize = 16;
/// `elif` branches of a whole template; each one nests.
const MAX_ELIFS: usize = 128;

/// Expressions and statements within one another.
const MAX_DEPTH: u32 = 160;
/// A call of a macro counts as so many.
pub(crate) const CALL_DEPTH: u32 = 10;
/// Steps of a template, and for each message.
const STEPS: u64 = 50_000;
const STEPS_A_MESSAGE: u64 = 2_000;
/// Bytes of a template, and for each byte of the messages. A template that trims, splits and joins a message
/// touches it about ten times.
const BYTES: u64 = 4 << 20;
const BYTES_A_BYTE: u64 = 64;
/// Bytes a prompt may have beside what the messages say.
const MAX_SCAFFOLD: usize = 1 << 20;

/// Why a template cannot be used, or will not write a chat.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It is over a limit.
    #[error("it needs more {0} than a template may")]
    Limit(&'static str),
    /// It cannot be read.
    #[error("it cannot be read ({0})")]
    Syntax(String),
    /// It uses something templates have no need for here.
    #[error("it uses {0}, which Tern's templates do not have")]
    Unsupported(String),
    /// It does something that makes no sense, such as taking a part of nothing.
    #[error("it fails: {0}")]
    Failed(String),
    /// It called `raise_exception`.
    #[error("it says \"{0}\"")]
    Raised(String),
}

/// What is left for a template to use.
#[derive(Debug)]
pub(crate) struct Budget {
    steps: u64,
    bytes: u64,
    depth: u32,
}

impl Budget {
    /// For a chat of so many messages and bytes.
    pub(crate) fn new(messages: usize, bytes: usize) -> Self {
        Self {
            steps: STEPS + STEPS_A_MESSAGE * messages as u64,
            bytes: BYTES + BYTES_A_BYTE * bytes as u64,
            depth: 0,
        }
    }

    pub(crate) fn step(&mut self) -> Result<(), Refusal> {
        self.steps = self.steps.checked_sub(1).ok_or(Refusal::Limit("time"))?;
        Ok(())
    }

    /// Pays for work on `n` bytes; to be called before the work.
    pub(crate) fn bytes(&mut self, n: usize) -> Result<(), Refusal> {
        self.bytes = self
            .bytes
            .checked_sub(n as u64)
            .ok_or(Refusal::Limit("memory"))?;
        Ok(())
    }

    /// Pays for a list or map of `n` items.
    pub(crate) fn items(&mut self, n: usize) -> Result<(), Refusal> {
        self.bytes(n.saturating_mul(64).saturating_add(64))
    }

    pub(crate) fn deeper(&mut self, by: u32) -> Result<(), Refusal> {
        self.depth += by;
        if self.depth > MAX_DEPTH {
            return Err(Refusal::Limit("nesting"));
        }
        Ok(())
    }

    pub(crate) fn shallower(&mut self, by: u32) {
        self.depth = self.depth.saturating_sub(by);
    }
}

/// The whole prompt's limit.
pub(crate) fn scaffold(bytes: usize) -> Result<(), Refusal> {
    if bytes > MAX_SCAFFOLD {
        return Err(Refusal::Limit("room"));
    }
    Ok(())
}

/// Reads a template, with the white-space rules transformers sets (`trim_blocks`, `lstrip_blocks`).
pub(crate) fn read(source: &str) -> Result<Stmt<'_>, Refusal> {
    if source.len() > MAX_TEMPLATE_BYTES {
        return Err(Refusal::Limit("text"));
    }
    let syntax = || {
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(|e| Refusal::Syntax(shorten(&e.to_string())))
    };
    let (mut words, mut prefixes, mut elifs) = (0, 0, 0);
    for token in tokenize(source, false, syntax()?) {
        let (token, _) = token.map_err(|e| Refusal::Syntax(shorten(&e.to_string())))?;
        words += 1;
        match token {
            Token::VariableStart | Token::BlockStart | Token::TemplateData(_) => {
                (words, prefixes) = (0, 0);
            }
            Token::Minus | Token::Plus | Token::Ident("not") => prefixes += 1,
            Token::Ident("elif") => elifs += 1,
            _ => prefixes = 0,
        }
        if words > MAX_TAG_WORDS || prefixes > MAX_PREFIXES || elifs > MAX_ELIFS {
            return Err(Refusal::Limit("nesting"));
        }
    }
    parse(source, "the chat template", syntax()?)
        .map_err(|e| Refusal::Syntax(shorten(&e.to_string())))
}

/// The first part of a text that may come from a file.
pub(crate) fn shorten(text: &str) -> String {
    text.chars().take(200).collect()
}
