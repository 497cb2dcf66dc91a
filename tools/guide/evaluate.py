"""Asks the exported Guide the held-out questions, greedily, and prints how often it is right.

    python tools/guide/evaluate.py                     # every held-out phrasing, by topic, then questions.json
    python tools/guide/evaluate.py --same-as CKPT      # also: does the packed model say what the trained one says?
    python tools/guide/evaluate.py --ask "..."         # one question

An answer counts as right if it is one of the intent's answers, word for word.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

from corpus import MORE_HELD_OUT, Corpus, questions_held_out, read_questions
from engine import Engine
from export import ASSETS, load
from tokens import Chat, Turns

EXTRA_SYSTEM = "You are a helpful assistant. Answer briefly."


class Guide:
    def __init__(self, folder: Path) -> None:
        self.chat, self.engine = Chat.load(folder / "tokenizer.json"), Engine(folder)

    def ask(self, question: str, earlier: Turns = [], system: str | None = None) -> str:
        return self.chat.tok.decode(self.engine.answer(self.chat.prompt_ids(system, earlier, question)))


def sentence(question: str) -> str:
    """Held-out lines are written in lower case; people often write sentences."""
    text = question[0].upper() + question[1:]
    text = " ".join({"i": "I", "tern": "Tern"}.get(w, w) for w in text.split(" "))
    asks = question.split()[0] in ("what", "how", "where", "who", "which", "why", "is", "are", "can", "does", "do", "will", "could",
                                   "would", "may", "must", "am", "should")
    return text + ("?" if asks else "")


def main() -> None:
    ap = argparse.ArgumentParser()
    ap.add_argument("--model", type=Path, default=ASSETS)
    ap.add_argument("--same-as", type=Path, metavar="CHECKPOINT")
    ap.add_argument("--ask")
    ap.add_argument("--quiet", action="store_true", help="print only wrong answers and the figures")
    args = ap.parse_args()
    guide, corpus = Guide(args.model), Corpus()
    if args.ask:
        print(guide.ask(args.ask))
        return

    # After a few unrelated turns, and under a system prompt, the answers should be the same.
    chatter: Turns = [(corpus.by_name[n].phrasings[0].replace("{tern}", "tern").split("[")[0].strip(), corpus.by_name[n].answers[0])
                      for n in ("hello", "what_is_tern", "theme", "joke", "thanks")]
    right: dict[str, list[bool]] = defaultdict(list)
    for intent, history, question in questions_held_out(corpus):
        for label, earlier, system, text in (("plain", history, None, question), ("sentence", history, None, sentence(question)),
                                             ("system", history, EXTRA_SYSTEM, sentence(question)),
                                             ("history", chatter + history, None, sentence(question))):
            answer = guide.ask(text, earlier, system)
            # Which refusal comes does not matter, as long as it is one.
            good = [a for i in corpus.intents if i.name == intent.name
                    or {i.name.split("_")[0], intent.name.split("_")[0]} <= {"refusal", "refuse"} for a in i.answers]
            ok = answer in good
            right[intent.topic].append(ok)
            right[f"({label})"].append(ok)
            if not ok or (label == "sentence" and not args.quiet):
                print(f"{'   ' if ok else 'BAD'} [{intent.name}, {label}] {text}\n      {answer}")
    for question in MORE_HELD_OUT:
        bitnet = corpus.by_name["bitnet"]
        right["more"].append(guide.ask(sentence(question), [("what is bitnet", bitnet.answers[0])]) == bitnet.more)
    print()
    for q in read_questions():
        answer = guide.ask(str(q["question"]))
        ok = any(str(e) in answer.lower() for e in q["expect"])  # type: ignore[attr-defined]
        right["questions.json"].append(ok)
        if not ok or not args.quiet:
            print(f"{'   ' if ok else 'BAD'} {q['question']}\n      {answer}")
    print()
    for topic, marks in right.items():
        print(f"{topic:16s} {sum(marks):4d} of {len(marks):4d}  {sum(marks) / len(marks):.1%}")
    both = [m for t, marks in right.items() if not t.startswith("(") for m in marks]
    print(f"{'all':16s} {sum(both):4d} of {len(both):4d}  {sum(both) / len(both):.1%}")

    if args.same_as:
        trained, same = load(args.same_as), 0
        asked = [str(q["question"]) for q in read_questions()][::2] + ["tell me about penguins", "and now?"]
        for question in asked:
            prompt = guide.chat.prompt_ids(None, [], question)
            same += trained.answer(prompt, guide.engine.stop) == guide.engine.answer(prompt)
        print(f"packed file through numpy and trained model through PyTorch: same tokens in {same} of {len(asked)} answers")


if __name__ == "__main__":
    main()
