//! Finding messages by their words.

use crate::snippet::{Term, snippet};
use crate::words::words;
use crate::{Conversation, History, HistoryError, MessageId, Role, rows, search_index};

/// Most words of a query that count.
const MAX_WORDS: usize = 64;

/// A message that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The conversation it is in.
    pub conversation: Conversation,
    /// Its name.
    pub message: MessageId,
    /// Who it is from.
    pub role: Role,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// About 120 characters around the first match as one line, in pieces; `true` marks a
    /// match. An ellipsis stands where the message goes on.
    pub snippet: Vec<(String, bool)>,
}

impl History {
    /// Messages in which every word of the query occurs, the one added last first, `limit` at
    /// most. Archived conversations are searched, deleted ones and answers being written are
    /// not.
    ///
    /// A word of the query is the beginning of a word in the message; case and accents don't
    /// matter. Words in quotes, plain or typographic, stand in a row and are whole. In Chinese,
    /// Japanese, Korean, Thai and other scripts that put no spaces between words, a word is
    /// found anywhere. Nothing else in a query has a meaning: any text is safe. Its first 64
    /// words count; without any, nothing is found.
    ///
    /// # Errors
    /// What the disk says.
    pub fn search(&self, query: &str, limit: usize) -> Result<Vec<Found>, HistoryError> {
        let terms = terms(query);
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let expression = expression(&terms);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read_index(|inner| {
            // The index gives the newest first by itself; the join's order keeps it in front.
            let mut statement = inner
                .connection
                .prepare_cached(&format!(
                    "SELECT {}, m.id, m.role, m.created_at_ms, m.text
                     FROM messages_fts f
                     CROSS JOIN messages m ON m.seq = f.rowid
                     CROSS JOIN conversations c ON c.id = m.conversation_id
                     WHERE messages_fts MATCH ?1 AND c.deleted_at_ms IS NULL
                     ORDER BY f.rowid DESC LIMIT ?2",
                    rows::CONVERSATION
                ))
                .map_err(search_index::fault)?;
            let found = statement
                .query_map((&expression, limit), |row| found(row, &terms))
                .and_then(Iterator::collect);
            found.map_err(search_index::fault)
        })
    }
}

fn found(row: &rusqlite::Row<'_>, terms: &[Term]) -> rusqlite::Result<Found> {
    let after = rows::CONVERSATION_COLUMNS;
    Ok(Found {
        conversation: rows::conversation(row)?,
        message: MessageId::new(rows::text(row, after)?),
        role: rows::role(&rows::text(row, after + 1)?),
        created_at_ms: row.get(after + 2)?,
        snippet: snippet(&rows::text(row, after + 3)?, terms),
    })
}

/// What has to occur. Quotes come in pairs; after the last one without its pair a phrase is
/// still being typed.
fn terms(query: &str) -> Vec<Term> {
    let mut terms = Terms {
        all: Vec::new(),
        words_left: MAX_WORDS,
    };
    let mut parts = query.split(is_quote).peekable();
    let mut in_quotes = false;
    while let Some(part) = parts.next() {
        let is_closed = parts.peek().is_some();
        match in_quotes {
            true => terms.push(part, !is_closed),
            false => part
                .split_whitespace()
                .for_each(|word| terms.push(word, true)),
        }
        in_quotes = !in_quotes;
    }
    terms.all
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

struct Terms {
    all: Vec<Term>,
    words_left: usize,
}

impl Terms {
    /// Several words in a text without a space ("well-known", a Chinese sentence) are a phrase.
    fn push(&mut self, text: &str, may_go_on: bool) {
        let mut is_open = false;
        let folded = words(text).take(self.words_left).map(|word| {
            is_open = may_go_on && !word.is_single;
            word.folded
        });
        let words: Vec<String> = folded.collect();
        if words.is_empty() {
            return;
        }
        self.words_left -= words.len();
        self.all.push(Term { words, is_open });
    }
}

/// The terms in the language of FTS5. Words hold letters, digits and marks only, so nothing in
/// them is taken for its syntax.
/// Source: <https://www.sqlite.org/fts5.html#full_text_query_syntax>
fn expression(terms: &[Term]) -> String {
    let phrase = |term: &Term| {
        let star = if term.is_open { "*" } else { "" };
        format!("\"{}\"{star}", term.words.join(" "))
    };
    terms.iter().map(phrase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{expression, terms};

    fn read(query: &str) -> String {
        expression(&terms(query))
    }

    #[test]
    fn words_are_beginnings_and_quotes_are_whole() {
        assert_eq!(read("Arctic  tern"), "\"arctic\"* \"tern\"*");
        assert_eq!(read("\"Arctic tern\" fl"), "\"arctic tern\" \"fl\"*");
        assert_eq!(read("\"arctic te"), "\"arctic te\"*");
        assert_eq!(read("„Küsten-See“"), "\"kusten see\"");
        assert_eq!(read("候鸟 e漢"), "\"候 鸟\" \"e 漢\"");
    }

    #[test]
    fn the_syntax_of_the_index_means_nothing() {
        assert_eq!(
            read("a* NEAR(b, 2) OR -c:d"),
            "\"a\"* \"near b\"* \"2\"* \"or\"* \"c d\"*"
        );
        assert_eq!(read("^x + {y} \0z"), "\"x\"* \"y\"* \"z\"*");
        assert_eq!(read("\"\" \" ' ( * ^ \0"), "");
    }

    #[test]
    fn the_first_words_of_a_long_query_count() {
        assert_eq!(terms(&"many ".repeat(200_000)).len(), 64);
        assert_eq!(terms(&"漢".repeat(300_000))[0].words.len(), 64);
    }
}
