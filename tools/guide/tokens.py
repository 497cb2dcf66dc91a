"""The Guide's tokenizer (a small byte-level BPE with Llama 3's splitting) and the chat format.

The engine encodes every `Role: content` run as plain text and puts <|eot_id|> behind it as a control token. A prompt
ends with the tokens of "Assistant: " alone, and the answer's tokens follow. `conversation_ids` does exactly that.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
SPECIALS = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]
VOCAB = 2048
CHAT_TEMPLATE = ("{% set loop_messages = messages %}{% for message in loop_messages %}"
                 "{% set content = message['role'] | capitalize + ': '+ message['content'] | trim + '<|eot_id|>' %}"
                 "{{ content }}{% endfor %}{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}")

Turns = list[tuple[str, str]]


def train_tokenizer(texts: Iterable[str]) -> Tokenizer:
    tok = Tokenizer(models.BPE(ignore_merges=True))
    tok.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tok.decoder = decoders.ByteLevel()
    # The control tokens come after the text tokens, as in Llama 3.
    trainer = trainers.BpeTrainer(vocab_size=VOCAB - len(SPECIALS), min_frequency=2, show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tok.train_from_iterator(texts, trainer)
    assert tok.get_vocab_size() == VOCAB - len(SPECIALS), tok.get_vocab_size()
    tok.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIALS])
    bos = SPECIALS[0]
    tok.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1",
                                      special_tokens=[(bos, tok.token_to_id(bos))])])
    return tok


class Chat:
    def __init__(self, tok: Tokenizer) -> None:
        self.tok = tok
        self.bos, self.end, self.eot = (tok.token_to_id(s) for s in SPECIALS)
        self.lead = self.plain("Assistant:")
        self.prompt_tail = self.plain("Assistant: ")
        assert self.prompt_tail[:-1] == self.lead and tok.id_to_token(self.prompt_tail[-1]) == "Ġ"
        self.cache: dict[str, list[int]] = {}

    @classmethod
    def load(cls, path: Path) -> Chat:
        return cls(Tokenizer.from_file(str(path)))

    def plain(self, text: str) -> list[int]:
        return self.tok.encode(text, add_special_tokens=False).ids

    def fixed(self, text: str) -> list[int]:
        """Like plain, for the few texts that come back all the time."""
        if text not in self.cache:
            self.cache[text] = self.plain(text)
        return self.cache[text]

    def prompt_ids(self, system: str | None, earlier: Turns, question: str) -> list[int]:
        ids = [self.bos]
        if system:
            ids += [*self.fixed("System: " + system), self.eot]
        for q, a in earlier:
            ids += [*self.plain("User: " + q), self.eot, *self.fixed("Assistant: " + a), self.eot]
        return [*ids, *self.plain("User: " + question), self.eot, *self.prompt_tail]

    def conversation_ids(self, system: str | None, turns: Turns) -> tuple[list[int], list[bool]]:
        """Ids of a finished conversation, and which of them the model has to learn.

        Earlier answers are encoded together with their "Assistant: ", as the engine does when it reads a history;
        the last one is split from it, as when the model has just written it.
        """
        ids, learn = [self.bos], [False]

        def add(part: list[int], learned: bool) -> None:
            ids.extend(part)
            learn.extend([learned] * len(part))

        if system:
            add([*self.fixed("System: " + system), self.eot], False)
        for k, (q, a) in enumerate(turns):
            add([*self.plain("User: " + q), self.eot], False)
            if k < len(turns) - 1:
                joint = self.fixed("Assistant: " + a)
                add(joint[:len(self.lead)], False)
                add([*joint[len(self.lead):], self.eot], True)
            else:
                add(self.prompt_tail, False)
                add([*self.fixed(a), self.eot], True)
        return ids, learn
