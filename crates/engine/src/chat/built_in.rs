//! The formats Tern knows by itself, each as the models' authors publish it.

use super::{
    Role, Turn,
    marked::{Marked, trim},
};

/// A format that needs no template from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    BitNet,
    Llama3,
    ChatMl,
    Falcon3,
    Zephyr,
    Llama2,
    Plain,
}

impl Format {
    /// Those a file's template is compared with. The plain one is nobody's.
    pub(crate) const PUBLISHED: [Self; 6] = [
        Self::BitNet,
        Self::Llama3,
        Self::ChatMl,
        Self::Falcon3,
        Self::Zephyr,
        Self::Llama2,
    ];

    /// Control tokens without which it cannot be written.
    pub(crate) fn controls(self) -> &'static [&'static str] {
        match self {
            Self::BitNet => &["<|eot_id|>"],
            Self::Llama3 => &["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
            Self::ChatMl => &["<|im_start|>", "<|im_end|>"],
            // In Falcon3's own vocabulary `<|user|>` is no token, but text.
            Self::Falcon3 => &["<|endoftext|>"],
            Self::Zephyr => &["</s>"],
            Self::Llama2 => &["<s>", "</s>"],
            Self::Plain => &[],
        }
    }

    /// The prompt for an answer to `turns`, without a begin-of-text token.
    pub(crate) fn write(self, turns: &[Turn]) -> Marked {
        let mut prompt = Marked::default();
        if self == Self::Llama2 {
            llama2(&mut prompt, turns);
            return prompt;
        }
        for turn in turns {
            self.open(&mut prompt, turn.role);
            prompt.push(self.said(&turn.content), true);
            prompt.push(self.close(turn.role), false);
        }
        self.open(&mut prompt, Role::Assistant);
        prompt
    }

    fn open(self, prompt: &mut Marked, role: Role) {
        let (before, name, after) = match self {
            Self::BitNet => ("", capitalised(role), ": "),
            Self::Llama3 => ("<|start_header_id|>", role.name(), "<|end_header_id|>\n\n"),
            Self::ChatMl => ("<|im_start|>", role.name(), "\n"),
            Self::Falcon3 | Self::Zephyr => ("<|", role.name(), "|>\n"),
            Self::Plain | Self::Llama2 => ("", capitalised(role), ": "),
        };
        for text in [before, name, after] {
            prompt.push(text, false);
        }
    }

    fn close(self, role: Role) -> &'static str {
        match (self, role) {
            (Self::BitNet | Self::Llama3, _) => "<|eot_id|>",
            (Self::ChatMl, _) => "<|im_end|>\n",
            (Self::Falcon3, Role::Assistant) => "<|endoftext|>\n",
            (Self::Falcon3, _) => "\n",
            (Self::Zephyr, _) => "</s>\n",
            (Self::Plain | Self::Llama2, _) => "\n\n",
        }
    }

    /// Content as the published template takes it: some trim it, others do not.
    fn said(self, content: &str) -> &str {
        match self {
            Self::BitNet | Self::Llama3 | Self::Plain | Self::Llama2 => trim(content),
            Self::ChatMl | Self::Falcon3 | Self::Zephyr => content,
        }
    }
}

/// `[INST] <<SYS>>\n…\n<</SYS>>\n\nHi [/INST] Hello </s><s>[INST] …`: a system prompt is part of the first question.
fn llama2(prompt: &mut Marked, turns: &[Turn]) {
    let (mut system, mut begun) = (None, false);
    for turn in turns {
        match turn.role {
            Role::System => system = Some(turn.content.as_str()),
            Role::User => {
                prompt.push(if begun { "<s>[INST] " } else { "[INST] " }, false);
                begun = true;
                match system.take() {
                    Some(system) => {
                        prompt.push("<<SYS>>\n", false);
                        prompt.push(system, true);
                        prompt.push("\n<</SYS>>\n\n", false);
                        prompt.push(
                            turn.content
                                .trim_end_matches(super::marked::is_python_space),
                            true,
                        );
                    }
                    None => prompt.push(trim(&turn.content), true),
                }
                prompt.push(" [/INST]", false);
            }
            Role::Assistant => {
                prompt.push(" ", false);
                prompt.push(trim(&turn.content), true);
                prompt.push(" </s>", false);
            }
        }
    }
}

fn capitalised(role: Role) -> &'static str {
    match role {
        Role::System => "System",
        Role::User => "User",
        Role::Assistant => "Assistant",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_a_whole_prompt() {
        let turn = |role, content: &str| Turn {
            role,
            content: content.to_owned(),
        };
        let turns = [
            turn(Role::System, " Be kind.\n"),
            turn(Role::User, "Hi"),
            turn(Role::Assistant, "Hello"),
            turn(Role::User, "Bye"),
        ];
        let expected = [
            (
                Format::BitNet,
                "System: Be kind.<|eot_id|>User: Hi<|eot_id|>Assistant: Hello<|eot_id|>User: Bye<|eot_id|>Assistant: ",
            ),
            (
                Format::ChatMl,
                "<|im_start|>system\n Be kind.\n<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n",
            ),
            (
                Format::Falcon3,
                "<|system|>\n Be kind.\n\n<|user|>\nHi\n<|assistant|>\nHello<|endoftext|>\n<|user|>\nBye\n<|assistant|>\n",
            ),
            (
                Format::Llama2,
                "[INST] <<SYS>>\n Be kind.\n\n<</SYS>>\n\nHi [/INST] Hello </s><s>[INST] Bye [/INST]",
            ),
            (
                Format::Plain,
                "System: Be kind.\n\nUser: Hi\n\nAssistant: Hello\n\nUser: Bye\n\nAssistant: ",
            ),
        ];
        for (format, text) in expected {
            assert_eq!(format.write(&turns).text(), text, "{format:?}");
        }
        assert_eq!(
            Format::Llama3.write(&turns[1..2]).text(),
            "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
        );
        assert_eq!(
            Format::Zephyr.write(&turns[1..2]).text(),
            "<|user|>\nHi</s>\n<|assistant|>\n"
        );
    }
}
