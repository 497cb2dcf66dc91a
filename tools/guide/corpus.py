"""The Guide's text: reads corpus/*.md and makes training conversations from it, the same ones for the same seed.

Format of the Markdown files (see corpus/README.md): `## intent`, `- phrasing`, `~ held-out phrasing`,
`> answer` (consecutive lines are one answer, an empty line starts an alternative), `+ more`, `after: intents`.
A phrasing may hold `[a|b|]` alternatives and `{slot}` words.

    python tools/guide/corpus.py            # figures, and the check that nothing held out is in the training text
    python tools/guide/corpus.py --show 20  # some conversations
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEED = 158
NO_CONTEXT_MORE = ("What would you like to hear more about? You can ask, for example, how Tern works "
                   "or where your chats are stored.")
NO_MORE = "That is all I know about it. The large model can tell you more about most other things."
UNCLEAR = "I am sorry, I can only say it in my own few words. Please ask in another way, for example \"How do I start a new chat?\""

MORE = ["tell me more", "more", "go on", "continue", "can you explain more", "explain that in more detail", "more details",
        "more details please", "what else", "and", "anything else", "elaborate", "can you tell me more", "tell me more about it",
        "tell me more about that", "more about that", "i want to know more", "please go on", "say more", "explain more",
        "keep going", "in more detail", "give me more details", "what else can you tell me", "and what else"]
MORE_HELD_OUT = ["could you expand on that", "i would like to hear some more"]
SHORT = ["why", "how", "where", "how so", "why is that", "how come", "which one", "and then", "what then", "when", "what for",
         "who", "why not", "in what way", "how does that work"]

# Turns that a person types into the system prompt; the Guide behaves the same under any of them.
SYSTEM = ["You are a helpful assistant.", "You are a helpful AI assistant.", "Answer briefly.", "Be brief.", "Answer in one sentence.",
          "You are a friendly assistant. Answer briefly and politely.", "Be concise and honest.", "You are a pirate.",
          "You are an expert in {science}.", "You are a {job}. Help the user with {thing}s.", "Always answer in {language}.",
          "Use simple words.", "You are a careful assistant who never makes things up.", "Explain everything step by step.",
          "Reply like a {job} from {place}.", "You are {name}, a friendly helper.", "My name is {name}. I live in {place}.",
          "Answer in Markdown.", "Do not use lists.", "Be kind.", "You are Tern's assistant. Keep answers short and correct.",
          "You are a coding assistant. Write clean code with comments.", "I am a {job} and I like {food}. Keep that in mind.",
          "Think before you answer. If you are not sure, say so.", "Speak formally.", "Never use more than three sentences.",
          "You are a helpful, honest and harmless assistant. Answer the user's questions as well as you can."]

OPENERS = ["hey, ", "hi, ", "hello, ", "so ", "ok, ", "okay, ", "um, ", "please, ", "quick question: ", "and ", "one more question: ",
           "tell me, ", "can you tell me ", "could you tell me ", "please tell me ", "i would like to know ", "i want to know ",
           "do you know ", "i wonder, ", "well, ", "also, ", "sorry, ", "just curious, ", "excuse me, ", "guide, ", "now ", "but ",
           "in short, ", "in a few words, ", "basically, ", "i think ", "maybe you know ", "honestly, ", "help me: "]
CLOSERS = [" please", ", please", " thanks", ", thanks", " then", " now", " exactly", " here", " actually", " again", " by the way",
           ", can you tell me", ", do you know", " really", ", i wonder"]
BEFORE = ["i am new to this. ", "i have a question. ", "sorry to bother you. ", "a friend told me about tern. ", "i was wondering, ",
          "my question is: ", "question: ", "i don't get it. ", "help! ", "one thing: ", "i can't find it. ", "something else: ",
          "let me ask you something. ", "hello guide. ", "good morning. ", "thanks. ", "ok thanks. ", "i see. ", "next question: "]
AFTER = [". i can't find it", ". thanks in advance", ". i have looked everywhere", ". please explain", ". please be brief",
         ". i need to know", ", i forgot", ". i am curious", ". just asking", ". help me please", ", if i may ask", " in this version",
         " in the app", ", i don't know", ". can you help me", " at all", " in general", " usually", " myself", " these days",
         ", what should i do", ", what now", " for me", " on my computer", " today"]
HOW_DO_I = ["how can i ", "how to ", "how could i ", "how would i ", "how should i ", "what is the way to ", "tell me how to ",
            "i want to ", "i would like to ", "is there a way to ", "can i ", "is it possible to ", "show me how to ",
            "what do i have to do to ", "can you explain how to ", "i need to ", "how does one ", "how do you ", "how do we ",
            "what's the best way to ", "please explain how to ", "i'd like to ", "i don't know how to ", "what do i click to ",
            "what do i press to ", "can you help me ", "how might i ", "any way to ", "i am trying to ", "let me "]
WHAT_IS = ["what's ", "whats ", "explain ", "can you explain ", "please explain ", "could you explain ", "what exactly is ",
           "tell me about ", "what is meant by ", "i don't know what is ", "so what is ", "tell me what is ", "and what is "]
SWAPS = {"chat": ["conversation", "dialogue", "discussion", "talk"], "chats": ["conversations", "discussions", "dialogues", "talks"],
         "answer": ["reply", "response", "output"], "answers": ["replies", "responses"], "message": ["question", "text", "prompt"],
         "show": ["display", "see"], "where": ["in what place", "in which place"], "folder": ["directory"], "quick": ["fast"],
         "create": ["make"], "file": ["file on disk", "model file"], "internet": ["net", "web"],
         "want": ["wish", "would like"], "see": ["view", "look at"], "possible": ["allowed"], "find": ["locate"], "get": ["obtain"],
         "explain": ["describe", "clarify"], "computer": ["laptop", "machine", "pc"], "conversation": ["chat"], "old": ["earlier", "previous"],
         "write": ["type"], "data": ["information", "data"], "button": ["icon"], "menu": ["list"], "big": ["large"], "app": ["program"],
         "which": ["what"], "change": ["modify", "alter", "adjust"], "picture": ["photo"], "stop": ["halt"], "good": ["nice"], "tern": ["Tern"]}
SHORTENED = [("what is", "what's"), ("what is", "whats"), ("i am", "i'm"), ("i am", "im"), ("don't", "dont"), ("don't", "do not"),
             ("can't", "cant"), ("can't", "cannot"), ("does not", "doesn't"), ("does not", "doesnt"), ("do not", "don't"), ("cannot", "can't"),
             ("you are", "you're"), ("you are", "ur"), ("it is", "it's"), ("it is", "its"), ("where is", "where's"), ("who is", "who's"),
             ("please", "pls"), ("you", "u"), ("are", "r"), ("i", "I"), ("is there", "do you have"), ("how do i", "how i"), ("thanks", "thx")]
DROPPABLE = {"the", "a", "an", "my", "of", "do", "is", "does", "to", "please", "this", "it", "i"}
# Words that can go when a question shrinks to its keywords.
FILLER = DROPPABLE | {"how", "what", "where", "which", "who", "are", "can", "in", "for", "and", "with", "there", "me", "you", "i'm",
                      "what's", "tell", "about", "has", "have", "will", "that", "at", "be", "its", "us", "am"}
CAPITALS = {"i": "I", "i'm": "I'm", "tern": "Tern", "cpu": "CPU", "gpu": "GPU", "kv": "KV", "gguf": "GGUF", "mac": "Mac", "linux": "Linux",
            "windows": "Windows", "macos": "macOS", "ctrl": "Ctrl", "cmd": "Cmd", "esc": "Esc", "enter": "Enter", "microsoft": "Microsoft",
            "bitnet": "BitNet", "llm": "LLM", "ram": "RAM", "pdf": "PDF", "api": "API", "sqlite": "SQLite", "chatgpt": "ChatGPT",
            "gb": "GB", "mit": "MIT", "ai": "AI", "markdown": "Markdown", "python": "Python", "rust": "Rust", "javascript": "JavaScript",
            "tern_data_dir": "TERN_DATA_DIR", "i2_s": "I2_S", "english": "English", "siri": "Siri", "claude": "Claude"}
QUESTION_WORDS = ("what", "how", "where", "who", "which", "why", "when", "is", "are", "can", "does", "do", "will", "may", "should", "must",
                  "could", "would", "did", "was", "has", "have", "am", "any", "what's")


@dataclass
class Intent:
    name: str
    topic: str
    phrasings: list[str] = field(default_factory=list)
    held_out: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    more: str | None = None
    after: list[str] = field(default_factory=list)


def normal(text: str) -> str:
    """A question with case, punctuation and spacing taken away, to compare phrasings."""
    return " ".join(re.sub(r"[^\w\s']", " ", text.lower()).split())


def read_slots() -> dict[str, list[str]]:
    slots: dict[str, list[str]] = {}
    for line in (HERE / "corpus" / "slots.md").read_text(encoding="utf-8").splitlines():
        if m := re.match(r"(\w+): (.+)", line):
            slots[m[1]] = [w.strip() for w in m[2].split("|")]
    return slots


def read_intents() -> list[Intent]:
    intents: list[Intent] = []
    for path in sorted((HERE / "corpus").glob("*.md")):
        if path.stem in ("slots", "README"):
            continue
        answer: list[str] | None = None
        for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
            if answer is not None and not line.startswith(">"):
                intents[-1].answers.append("\n".join(answer))
                answer = None
            if line.startswith("## "):
                intents.append(Intent(line[3:].strip(), path.stem))
            elif line.startswith("after: "):
                intents[-1].after = line[7:].split()
            elif line.startswith("- "):
                intents[-1].phrasings.append(line[2:].strip())
            elif line.startswith("~ "):
                intents[-1].held_out.append(line[2:].strip())
            elif line.startswith("+ "):
                intents[-1].more = line[2:].strip()
            elif line.startswith(">"):
                answer = [*(answer or []), line[2:]]
    names = [i.name for i in intents]
    assert len(set(names)) == len(names), "an intent is named twice"
    for i in intents:
        assert i.phrasings and i.answers, i.name
        assert all(a in names for a in i.after), i.name
    return intents


def read_questions() -> list[dict[str, object]]:
    return json.loads((HERE / "questions.json").read_text(encoding="utf-8"))["questions"]


class Corpus:
    """Samples conversations. `turns` are (question, answer) pairs, the last pair is the one the engine would continue."""

    def __init__(self, seed: int = SEED) -> None:
        self.rng = random.Random(seed)
        self.slots = read_slots()
        self.intents = read_intents()
        self.by_name = {i.name: i for i in self.intents}
        self.held_out = {normal(q) for i in self.intents for q in i.held_out} | {normal(q) for q in MORE_HELD_OUT}
        self.held_out |= {normal(str(q["question"])) for q in read_questions()}
        self.alone = [i for i in self.intents if not i.after]
        self.follow: dict[str, list[Intent]] = {}
        for i in self.intents:
            for name in i.after:
                self.follow.setdefault(name, []).append(i)
        # Every intent gets its share; the refusals, which stand for the whole world, get much more.
        self.weights = [self.weight(i) for i in self.alone]
        self.proper = {w for s in ("place", "person", "language", "brand", "name") for w in self.slots[s]}
        vowels, consonants = "aeiou", "bcdfghjklmnprstvwz"
        self.syllables = [c + v for c in consonants for v in vowels]

    @staticmethod
    def weight(intent: Intent) -> float:
        if intent.name == "refusal":
            return 30.0
        if intent.topic == "world":
            return 4.0
        return 0.6 + len(intent.phrasings) / 25

    # ------------------------------------------------------------------ words

    def invented_word(self) -> str:
        r = self.rng
        return "".join(r.choice(self.syllables) for _ in range(r.randint(2, 4))) + r.choice(["", "", "n", "s", "r", "x", "t", "ng", "le"])

    def slot(self, name: str) -> str:
        r = self.rng
        if name == "n":
            return str(r.choice([r.randint(0, 12), r.randint(0, 100), r.randint(0, 10_000)]))
        if name == "nonsense":
            return self.invented_word()
        if name == "gibberish":
            keys = r.choice(["asdfghjkl", "qwertyuiop", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz", "sdfjkl", "hjklnm"])
            return "".join(r.choice(keys) for _ in range(r.randint(3, 10)))
        if name == "punct":
            return "".join(r.choice(".,;:!-_#*/()+=~") for _ in range(r.randint(1, 5)))
        if name == "letters":
            return r.choice("abcdefghijlmopqrstuvwxz") * r.randint(1, 8)
        if name == "digits":
            return str(r.randint(0, 10 ** r.randint(1, 9)))
        return r.choice(self.slots[name])

    def fill(self, template: str) -> str:
        text = re.sub(r"\[([^\]]*)\]", lambda m: self.rng.choice(m[1].split("|")), template)
        while "{" in text:
            text = re.sub(r"\{(\w+)\}", lambda m: self.slot(m[1]), text)
        return " ".join(text.split())

    def typo(self, word: str) -> str:
        r, i = self.rng, self.rng.randrange(1, len(word) - 1)
        kind = r.randrange(4)
        if kind == 0:
            return word[:i] + word[i + 1:]
        if kind == 1:
            return word[:i] + word[i] + word[i:]
        if kind == 2:
            return word[:i] + word[i + 1] + word[i] + word[i + 2:]
        return word[:i] + r.choice("abcdefghijklmnoprstuvwy") + word[i + 1:]

    def phrase(self, intent: Intent) -> str:
        """One question of the intent, varied the way people vary. Never a held-out one."""
        while True:
            text = self.vary(self.fill(self.rng.choice(intent.phrasings)), intent)
            if normal(text) not in self.held_out:
                return text

    def vary(self, text: str, intent: Intent | None) -> str:
        r = self.rng
        asks = text.startswith(QUESTION_WORDS)
        if intent is not None and intent.name != "rephrase":
            if text.startswith("how do i ") and r.random() < 0.55:
                text = r.choice(HOW_DO_I) + text[9:]
            elif text.startswith("what is ") and r.random() < 0.3:
                text = r.choice(WHAT_IS) + text[8:]
            words = text.split(" ")
            words = [r.choice(SWAPS[w]) if w in SWAPS and r.random() < 0.13 else w for w in words]
            if len(words) > 3 and r.random() < 0.15:
                words = [w for w in words if w not in DROPPABLE or r.random() < 0.5] or words
            text = " ".join(words)
            if r.random() < 0.05 and intent.topic not in ("smalltalk", "followups"):
                keywords = [w for w in words if w not in FILLER]
                if keywords:
                    if r.random() < 0.3:
                        r.shuffle(keywords)
                    text = " ".join(keywords)
            if r.random() < 0.25:
                a, b = r.choice(SHORTENED)
                text = re.sub(rf"(?<!\w){re.escape(a)}(?!\w)", b, text)
            if len(text) > 8 and r.random() < (0.2 if intent.topic != "smalltalk" else 0.08):
                text = r.choice(OPENERS) + text
            if len(text) > 8 and r.random() < (0.12 if intent.topic != "smalltalk" else 0.04):
                text += r.choice(CLOSERS)
            if len(text) > 12 and r.random() < 0.06:
                text = r.choice(BEFORE) + text
            elif len(text) > 12 and r.random() < 0.05:
                text += r.choice(AFTER)
            if r.random() < 0.13:
                words = text.split(" ")
                long = [k for k, w in enumerate(words) if len(w) > 3 and w.isalpha()]
                for k in r.sample(long, min(len(long), r.choice([1, 1, 2]))):
                    words[k] = self.typo(words[k])
                text = " ".join(words)
        style = r.random()
        if style < 0.5 and text:
            for w in self.proper:
                if w in text and re.search(rf"\b{re.escape(w)}\b", text):
                    text = re.sub(rf"\b{re.escape(w)}\b", w.title(), text)
            text = re.sub(r"[\w']+", lambda m: CAPITALS.get(m[0], m[0]), text)
            text = text[0].upper() + text[1:]
        elif style < 0.6:
            text = re.sub(r"[\w']+", lambda m: CAPITALS.get(m[0], m[0]), text)
        elif style < 0.625:
            text = text.upper()
        end = r.random()
        if text and text[-1].isalnum():
            if asks:
                text += "?" if end < 0.62 else "??" if end < 0.64 else "." if end < 0.67 else ""
            else:
                text += "." if end < 0.25 else "!" if end < 0.35 else "?" if end < 0.42 else "..." if end < 0.44 else ""
        return text

    # ------------------------------------------------------------------ conversations

    def any_turn(self) -> tuple[str, str, str]:
        intent = self.rng.choices(self.alone, self.weights)[0]
        return intent.name, self.phrase(intent), self.rng.choice(intent.answers)

    def follow_turn(self, before: str) -> tuple[str, str, str]:
        """A turn that makes sense only after intent `before` (empty: at the start of a chat)."""
        r = self.rng
        options = self.follow.get(before, [])
        more = self.by_name[before].more if before in self.by_name else None
        kind = r.random() if before in self.by_name else r.uniform(0.6, 1)
        if options and kind < (0.6 if more else 0.75):
            intent = r.choice(options)
            return intent.name, self.phrase(intent), r.choice(intent.answers)
        if more or before == "" or kind < 0.75:
            question = self.vary(r.choice(MORE), None)
            if before == "":
                return "more_start", question, NO_CONTEXT_MORE
            return "more", question, more or NO_MORE
        if not options and r.random() < 0.4:
            return "unclear", self.vary(r.choice(SHORT), None), UNCLEAR
        polite = self.by_name[r.choice(["thanks", "thanks", "ok", "bye", "yes", "no", "compliment", "repeat"])]
        return polite.name, self.phrase(polite), r.choice(polite.answers)

    def conversation(self) -> tuple[str | None, list[tuple[str, str]]]:
        r = self.rng
        system = self.fill(r.choice(SYSTEM)) if r.random() < 0.14 else None
        if r.random() < 0.78:
            turn = self.any_turn() if r.random() < 0.985 else self.follow_turn("")
            return system, [turn[1:]]
        count = r.choices([2, 3, 4, 5, 6, 7], [42, 20, 14, 10, 8, 6])[0]
        turns: list[tuple[str, str]] = []
        before = ""
        for k in range(count):
            if k and r.random() < 0.5:
                before, q, a = self.follow_turn(before)
            else:
                # Intents that have follow-ups come first more often, or their follow-ups would hardly be seen.
                if k < count - 1 and r.random() < 0.5:
                    intent = self.by_name[r.choice(self.starters)]
                    before, q, a = intent.name, self.phrase(intent), r.choice(intent.answers)
                else:
                    before, q, a = self.any_turn()
            turns.append((q, a))
        return system, turns

    @property
    def starters(self) -> list[str]:
        return [i.name for i in self.alone if i.more or i.name in self.follow]

    def conversations(self, count: int) -> Iterator[tuple[str | None, list[tuple[str, str]]]]:
        for _ in range(count):
            yield self.conversation()

    def all_answers(self) -> list[str]:
        answers = {a for i in self.intents for a in [*i.answers, i.more or NO_MORE]} | {NO_MORE, NO_CONTEXT_MORE, UNCLEAR}
        return sorted(answers)

    # ------------------------------------------------------------------ figures

    def expansions(self, template: str) -> float:
        """How many questions a phrasing stands for, before any variation. Endless slots count as 1000."""
        n = 1.0
        for m in re.finditer(r"\[([^\]]*)\]", template):
            n *= sum(self.expansions(part) if "{" in part else 1 for part in m[1].split("|"))
        for m in re.finditer(r"\{(\w+)\}", re.sub(r"\[[^\]]*\]", "", template)):
            n *= len(self.slots[m[1]]) if m[1] in self.slots else 1000
        return n


def questions_held_out(corpus: Corpus) -> list[tuple[Intent, list[tuple[str, str]], str]]:
    """(intent, earlier turns, question) of every `~` line; a follow-up gets the plainest possible turn before it."""
    out = []
    for intent in corpus.intents:
        for q in intent.held_out:
            history: list[tuple[str, str]] = []
            if intent.after:
                first = corpus.by_name[intent.after[0]]
                plain = first.phrasings[0]
                while corpus.fill(plain) != corpus.fill(plain):  # take the first alternative everywhere
                    plain = re.sub(r"\[([^\]|]*)[^\]]*\]", r"\1", plain)
                    plain = re.sub(r"\{(\w+)\}", lambda m: corpus.slots[m[1]][0], plain)
                history = [(" ".join(plain.split()), first.answers[0])]
            out.append((intent, history, q))
    return out


def main() -> None:
    ap = argparse.ArgumentParser()
    ap.add_argument("--show", type=int, default=0)
    ap.add_argument("--check", type=int, default=50_000, help="conversations to look through for held-out questions")
    args = ap.parse_args()
    corpus = Corpus()
    for system, turns in corpus.conversations(args.show):
        print("System:", system) if system else None
        for q, a in turns:
            print(f"User: {q}\nAssistant: {a}")
        print()
    phrasings = sum(len(i.phrasings) for i in corpus.intents)
    total = sum(corpus.expansions(p) for i in corpus.intents for p in i.phrasings)
    own = sum(corpus.expansions(p) for i in corpus.intents if i.topic != "world" for p in i.phrasings)
    print(f"{len(corpus.intents)} intents, {phrasings} phrasings, {own:.0f} different questions about Tern and small talk, "
          f"10^{math.log10(total):.1f} with the rest of the world, {len(corpus.held_out)} held out")
    # The sampler refuses held-out questions; this looks at the result, and at the phrasings themselves.
    written = {normal(p) for i in corpus.intents for p in i.phrasings}
    assert not written & corpus.held_out, sorted(written & corpus.held_out)
    seen = {normal(q) for _, turns in corpus.conversations(args.check) for q, _ in turns}
    assert not seen & corpus.held_out, sorted(seen & corpus.held_out)
    print(f"{len(seen)} different questions in {args.check} conversations, none of them held out")


if __name__ == "__main__":
    main()
