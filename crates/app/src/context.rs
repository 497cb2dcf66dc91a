//! Counting: what the next question takes of the context, and what the model read for an answer.

use tern_history::{ConversationId, MessageId, Role};

use crate::live::lock;
use crate::prompt::{self, Part, Prompt};
use crate::{App, AppError, ChatOptions, ContextUse, ModelPrompt, Question};

impl App {
    /// Counts what a question takes of the context of its chat's model, or of the selected one
    /// for a new chat with these options. The model need not be in memory.
    ///
    /// # Errors
    /// [`AppError::UnknownModel`], [`AppError::Load`], [`AppError::History`].
    pub fn context_use(
        &self,
        id: Option<&ConversationId>,
        question: &Question,
        options: Option<ChatOptions>,
    ) -> Result<ContextUse, AppError> {
        let settings = lock(&self.core.settings).clone();
        let (model, options, branch) = match id {
            Some(id) => {
                let history = self.core.of_chat(id);
                let conversation = history.conversation(id)?;
                let model = self.chat_model(&conversation)?;
                (model, ChatOptions::of(&conversation), history.branch(id)?)
            }
            None => {
                let selected = lock(&self.core.selected_model).clone();
                (
                    self.core.model(&selected)?,
                    options.unwrap_or_default(),
                    Vec::new(),
                )
            }
        };
        let system_prompt = options.system_prompt.unwrap_or(settings.system_prompt);
        let encoder = self.core.encoder(&model)?;
        let mut prompt = Prompt::of(&system_prompt, &branch);
        let content = prompt::content(&question.text, &question.attachments);
        let mut counted = ContextUse {
            used_tokens: 0,
            total_tokens: encoder.max_seq_len(),
            cached_tokens: 0,
            reserved_tokens: prompt::answer_reserve(&encoder),
            question_tokens: 0,
            left_out: 0,
            too_long: false,
        };
        if !content.trim().is_empty() {
            counted.question_tokens = encoder.tokenizer().encode_plain(&content).len();
            prompt.parts.push(Part::asked(content));
        }
        if prompt.parts.is_empty() && system_prompt.trim().is_empty() {
            return Ok(counted);
        }
        match prompt.fit(&encoder, "") {
            Ok(fitted) => {
                let kept = self.core.with_engine(|engine| {
                    let is_this = engine.loaded.as_ref().is_some_and(|it| it.id == model.id);
                    is_this.then(|| engine.kv_tokens.clone())
                });
                let kept = kept.unwrap_or_default();
                let common = kept.iter().zip(&fitted.ids).take_while(|(a, b)| a == b);
                counted.cached_tokens = common.count();
                counted.used_tokens = fitted.ids.len();
                counted.left_out = fitted.left_out;
            }
            Err(AppError::TooLong { tokens, .. }) => {
                counted.used_tokens = tokens;
                counted.too_long = true;
            }
            Err(error) => return Err(error),
        }
        Ok(counted)
    }

    /// The exact text the chat's model read before it wrote an answer: made again from the
    /// chat, and held against what was recorded then.
    ///
    /// # Errors
    /// [`AppError::NotAnAnswer`], [`AppError::UnknownModel`], [`AppError::Load`],
    /// [`AppError::History`].
    pub fn model_prompt(&self, answer: &MessageId) -> Result<ModelPrompt, AppError> {
        let history = self.core.of_message(answer);
        let message = history.message(answer)?;
        let Some(parent) = message.parent.filter(|_| message.role == Role::Assistant) else {
            return Err(AppError::NotAnAnswer);
        };
        let model = self.chat_model(&history.conversation(&message.conversation)?)?;
        let encoder = self.core.encoder(&model)?;
        let stats = message.stats.unwrap_or_default();
        let system_prompt = stats.system_prompt.unwrap_or_default();
        let prompt = Prompt::of(&system_prompt, &history.branch_to(&parent)?);
        let first_seen = stats.first_seen.map(MessageId::new);
        let ids = prompt.encode_from(&encoder, first_seen.as_ref())?;
        Ok(ModelPrompt {
            text: encoder.tokenizer().decode(&ids, false),
            tokens: ids.len(),
            exact: prompt::hash(&ids) == stats.prompt_hash,
        })
    }
}
