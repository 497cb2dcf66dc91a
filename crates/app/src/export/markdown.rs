//! A chat as a text to be read: the branch that is shown, one message after the other.

use std::io::{self, Write};

use tern_history::{Message, MessageState, Role, WholeConversation};

use super::ExportWords;

/// `local_time` tells a time in milliseconds since the Unix epoch.
pub(super) fn write(
    file: &mut dyn Write,
    whole: &WholeConversation,
    words: &ExportWords,
    local_time: &dyn Fn(i64) -> String,
) -> io::Result<()> {
    writeln!(file, "# {}", escape(&whole.conversation.title))?;
    for message in whole.branch() {
        // A rule and no heading between messages: an answer has headings of its own.
        writeln!(file, "\n---\n")?;
        let mut head = vec![
            format!("**{}**", escape(author(message, words))),
            local_time(message.created_at_ms),
            ending(message.state, words).to_owned(),
        ];
        head.retain(|part| !part.is_empty());
        writeln!(file, "{}", head.join(" · "))?;
        if !message.text.is_empty() {
            // CommonMark has no NUL, and programs take a file with one for no text at all.
            let text = message.text.replace('\0', "\u{fffd}");
            writeln!(file, "\n{}", text.trim_end_matches(['\n', '\r']))?;
            if let Some(fence) = open_fence(&text) {
                writeln!(file, "{fence}")?;
            }
        }
        if !message.attachments.is_empty() {
            let names = message.attachments.iter();
            let names: Vec<String> = names.map(|attachment| escape(&attachment.name)).collect();
            writeln!(file, "\n*{}* {}", words.attached, names.join(", "))?;
        }
    }
    Ok(())
}

fn author<'a>(message: &'a Message, words: &'a ExportWords) -> &'a str {
    match message.role {
        Role::User => &words.you,
        Role::System => &words.system,
        Role::Assistant => message.model.as_ref().unwrap_or(&words.answer),
    }
}

fn ending(state: MessageState, words: &ExportWords) -> &str {
    match state {
        MessageState::Complete => "",
        MessageState::Stopped => &words.stopped,
        MessageState::Interrupted | MessageState::Writing => &words.interrupted,
        MessageState::Failed => &words.failed,
    }
}

/// A text of one line that means nothing in Markdown.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_[]<>#~|&".contains(c) {
            escaped.push('\\');
        }
        escaped.push(if c.is_control() { ' ' } else { c });
    }
    escaped
}

/// What closes a block of code that a text leaves open, as one that was cut off may: the messages
/// after it would be code, too.
fn open_fence(text: &str) -> Option<String> {
    let mut open: Option<(char, usize)> = None;
    for line in text.lines() {
        let content = line.trim_start_matches(' ');
        // Four spaces make a line code by themselves.
        if line.len() - content.len() > 3 {
            continue;
        }
        let Some(mark) = content.chars().next().filter(|&c| c == '`' || c == '~') else {
            continue;
        };
        let rest = content.trim_start_matches(mark);
        let length = content.len() - rest.len();
        match open {
            Some((opened, needed))
                if mark == opened && length >= needed && rest.trim().is_empty() =>
            {
                open = None;
            }
            None if length >= 3 && !(mark == '`' && rest.contains('`')) => {
                open = Some((mark, length));
            }
            _ => {}
        }
    }
    open.map(|(mark, length)| mark.to_string().repeat(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_nothing_in_markdown() {
        assert_eq!(escape("a*b_[c](d)\n<e>"), "a\\*b\\_\\[c\\](d) \\<e\\>");
        assert_eq!(escape("C# & co"), "C\\# \\& co");
    }

    #[test]
    fn code_that_was_cut_off_is_closed() {
        for (text, fence) in [
            ("plain", None),
            ("```rust\nfn main() {", Some("```")),
            ("```rust\nfn main() {}\n```", None),
            ("~~~~\n~~~\n```", Some("~~~~")),
            ("~~~~\n~~~~~", None),
            ("`` ` ``", None),
            ("```not a fence```", None),
            ("    ```", None),
            ("````\n```\n", Some("````")),
            ("```\na\n```  \n\n```", Some("```")),
            ("```\n``` not the end", Some("```")),
        ] {
            assert_eq!(open_fence(text).as_deref(), fence, "{text:?}");
        }
    }
}
