//! What is worth knowing about a model that opens all the same.

use serde::{Serialize, Serializer};

/// Something a person should know about a model's file. `Display` is a sentence for them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// The file's chat template is a placeholder that no model was trained with.
    #[error(
        "The chat template in the file is not the one BitNet was trained with. \
         Tern uses the right one instead."
    )]
    WrongTemplate,
    /// The file's chat template can't be run.
    #[error(
        "The chat template in the file cannot be used: {problem}. Tern writes chats as it thinks best; \
         answers may be worse than they should be."
    )]
    UnusableTemplate {
        /// What stood in its way.
        problem: String,
    },
    /// There is no template, and the vocabulary speaks for none.
    #[error(
        "Tern does not know the chat format of this model and writes chats in a plain one. \
         Answers may be worse than they should be."
    )]
    UnknownChatFormat,
    /// The file names no rule that cuts text into words.
    #[error(
        "The file does not say by which rule it cuts text into words. The usual rule is used; \
         answers may be worse than they should be."
    )]
    NoSplittingRule,
    /// The file names a rule that Tern does not know.
    #[error(
        "The file cuts text into words by a rule named \"{rule}\", which Tern does not know. \
         Llama 3's rule is used instead; answers may be worse than they should be."
    )]
    UnknownSplittingRule {
        /// Its name, cut where it is long.
        rule: String,
    },
    /// Projections that are all zero.
    #[error("All weights of {first}{} are zero, so answers will be nonsense. {ZEROS}", and_more(*more))]
    Zeros {
        /// Name of the first one.
        first: String,
        /// How many more there are.
        more: usize,
    },
}

/// Where the best known broken upload is sound.
const ZEROS: &str = "Microsoft's repositories held such a broken upload for a while. Good revisions are \
    a1f2f1c765812aa8af3f6eda4a313707064bba15 of microsoft/bitnet-b1.58-2B-4T-gguf and \
    04c3b9ad9361b824064a1f25ea60a8be9599b127 of microsoft/bitnet-b1.58-2B-4T.";

fn and_more(more: usize) -> String {
    match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
