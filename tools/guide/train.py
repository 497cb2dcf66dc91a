"""Trains the Guide from scratch, on the CPU or on one GPU. Everything goes to tools/guide/out/ (not tracked).

    python tools/guide/train.py                  # the full run
    python tools/guide/train.py --minutes 5      # a short one, to try things
    python tools/guide/train.py --device cuda --workers 4 --accumulate 2 --no-compile

The schedule follows the number of steps, or the clock with --minutes. Runs with the same --steps, --processes and library
versions on the same kind of CPU should repeat; a --minutes run depends on the machine's speed, and sums on a GPU on their order.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from corpus import SEED, Corpus
from model import Guide, Shape
from tokens import Chat, train_tokenizer

OUT = Path(__file__).resolve().parent / "out"
# Row lengths of the batches; rows are padded on the right.
LENGTHS = (24, 32, 40, 48, 64, 80, 112, 160, 256, 416)
TOKENS_PER_BATCH = 1536
# How much a token counts that says which answer it will be, and one that follows from the tokens before it.
CHOICE, COURSE = 1.0, 0.2
# The tokens of questions are learned a little too: it teaches which words are alike.
QUESTION = 0.05
# An answer is known by its first tokens; the rest is the same each time. Most single questions are therefore trained with
# the beginning of the answer only, so that several times as many questions fit into the same time.
SHORT_SHARE, SHORT_ANSWER = 0.7, 12

Sample = tuple[list[int], list[float]]


def make_tokenizer(path: Path) -> Chat:
    if not path.exists():
        corpus = Corpus(SEED + 1)
        texts: list[str] = []
        for system, turns in corpus.conversations(60_000):
            texts += [f"System: {system}"] if system else []
            for q, a in turns:
                texts += [f"User: {q}", f"Assistant: {a}", a]
        train_tokenizer(texts).save(str(path), pretty=False)
    return Chat.load(path)


class Weigher:
    """Weighs the tokens of answers. Where the known answers part ways, a token carries the whole choice of the answer;
    everywhere else it merely continues, and is learned soon. Without this the choices drown in the rest."""

    def __init__(self, chat: Chat, answers: list[str]) -> None:
        self.choices: set[tuple[int, ...]] = set()
        next_of: dict[tuple[int, ...], set[int]] = {}
        for a in answers:
            joint = chat.fixed("Assistant: " + a)[len(chat.lead):]
            for ids in ([*chat.fixed(a), chat.eot], [*joint, chat.eot]):
                for n in range(len(ids)):
                    next_of.setdefault(tuple(ids[:n]), set()).add(ids[n])
        self.choices = {start for start, following in next_of.items() if len(following) > 1}

    def __call__(self, ids: list[int], learn: list[bool]) -> list[float]:
        out, start = [], 0
        for t, (_, wanted) in enumerate(zip(ids, learn)):
            if not wanted:
                start = t + 1
            out.append((QUESTION if t else 0.0) if not wanted else CHOICE if tuple(ids[start:t]) in self.choices else COURSE)
        return out


def batches(chat: Chat, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless (ids, weights) batches. Fresh conversations are made as they are needed, so hardly any is seen twice."""
    corpus, rng = Corpus(seed), random.Random(seed)
    weigh = Weigher(chat, corpus.all_answers())
    waiting: dict[int, list[Sample]] = {n: [] for n in LENGTHS}
    while True:
        for system, turns in corpus.conversations(64):
            ids, learn = chat.conversation_ids(system, turns)
            while len(ids) > LENGTHS[-1]:  # too long: without its first turn
                turns = turns[1:]
                ids, learn = chat.conversation_ids(system, turns)
            if len(turns) == 1 and rng.random() < SHORT_SHARE:
                end = learn.index(True) + SHORT_ANSWER
                ids, learn = ids[:end], learn[:end]
            waiting[next(n for n in LENGTHS if n >= len(ids))].append((ids, weigh(ids, learn)))
        ready = [n for n in LENGTHS if len(waiting[n]) >= TOKENS_PER_BATCH // n]
        rng.shuffle(ready)
        for n in ready:
            rows = TOKENS_PER_BATCH // n
            part, waiting[n] = waiting[n][:rows], waiting[n][rows:]
            ids = torch.full((rows, n), chat.end)
            weights = torch.zeros(rows, n)
            for r, (i, w) in enumerate(part):
                ids[r, :len(i)] = torch.tensor(i)
                weights[r, :len(w)] = torch.tensor(w)
            yield ids, weights


class Batches(IterableDataset):
    """The batches for a DataLoader: each of its workers makes its own."""

    def __init__(self, tokenizer: Path, seed: int) -> None:
        self.tokenizer, self.seed = tokenizer, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        worker = get_worker_info()
        return batches(Chat.load(self.tokenizer), self.seed + (worker.id if worker else 0))


def train(rank: int, args: argparse.Namespace) -> None:
    """One process of the training. Each has its own conversations and one CPU thread; the gradients are averaged.

    Processes instead of threads: threads of one product wait for each other thousands of times a second, which is very slow
    on a computer that is also doing something else.
    """
    dist.init_process_group("gloo", init_method=f"file://{args.out.resolve()}/meeting", rank=rank, world_size=args.processes)
    # Before the seed, because a loader takes a random number, and before the GPU is touched, because it may fork.
    made = Batches(args.out / "tokenizer.json", args.seed + 1000 * rank)
    stream = iter(DataLoader(made, batch_size=None, num_workers=args.workers))
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    chat = Chat.load(args.out / "tokenizer.json")
    shape = Shape(vocab=chat.tok.get_vocab_size(), layers=args.layers, hidden=args.hidden, ffn=args.ffn, heads=args.hidden // 64)
    model = Guide(shape)
    if args.start:
        model.load_state_dict(torch.load(args.start, map_location="cpu")["model"])
    model.to(args.device)
    if rank == 0:
        print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {shape}", flush=True)
    # Weight decay would only pull the master weights towards the rounding threshold.
    optimiser = torch.optim.AdamW(model.parameters(), lr=args.rate, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
    states_of = model.hidden_states if args.no_compile else torch.compile(model.hidden_states, dynamic=True)
    parameters = list(model.parameters())
    exchange = torch.zeros(sum(p.numel() for p in parameters) + 3, device=args.device)

    began = saved = time.time()
    tokens, mean, hits, done = 0, 0.0, 0.0, 0.0
    for step in itertools.count():
        if done >= 1:
            break
        rate = args.rate * min(1.0, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        figures = torch.zeros(3, device=args.device)
        for ids, weights in itertools.islice(stream, args.accumulate):
            tokens += ids.numel() * args.processes
            ids, weights = ids.to(args.device), weights.to(args.device)
            states = states_of(ids, True)
            # Position t predicts t + 1; only tokens with a weight are learned.
            at = weights.view(-1).nonzero()[:, 0] - 1
            logits, wanted, weight = model.logits(states[at], fast=True), ids.view(-1)[at + 1], weights.view(-1)[at + 1]
            loss = (F.cross_entropy(logits, wanted, reduction="none") * weight).sum() / weight.sum() / args.accumulate
            loss.backward()
            figures[1] += loss.detach()
            figures[2] += (logits.argmax(-1) == wanted)[weight == CHOICE].float().mean() / args.accumulate
        # The clock travels with the gradients, so that all processes agree on it.
        figures[0] = (time.time() - began) / 60 / args.minutes if args.minutes else (step + 1) / args.steps
        torch.cat([*(p.grad.view(-1) for p in parameters), figures], out=exchange)
        if args.processes > 1:
            dist.all_reduce(exchange)
            exchange /= args.processes
        for p, averaged in zip(parameters, exchange[:-3].split([p.numel() for p in parameters])):
            p.grad.copy_(averaged.view_as(p))
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        done, loss_now, right_now = exchange[-3:].tolist()
        keep = min(0.98, step / (step + 1))
        mean = keep * mean + (1 - keep) * loss_now
        hits = keep * hits + (1 - keep) * right_now
        if rank == 0 and step % 100 == 0:
            took = time.time() - began
            print(f"step {step} done {done:.3f} loss {mean:.4f} choices right {hits:.4f} rate {rate:.1e} "
                  f"{took:.0f} s {tokens / took:.0f} tok/s", flush=True)
        if rank == 0 and time.time() - saved > 120:
            save(model, args.out / "checkpoint.pt")
            saved = time.time()
    if rank == 0:
        save(model, args.out / "guide.pt")
        print(f"finished after {time.time() - began:.0f} s, {step} steps, {tokens:,} tokens, loss {mean:.4f}, choices right {hits:.4f}",
              flush=True)
    dist.destroy_process_group()


def main() -> None:
    ap = argparse.ArgumentParser()
    ap.add_argument("--out", type=Path, default=OUT)
    ap.add_argument("--steps", type=int, default=5000)
    ap.add_argument("--minutes", type=float, help="let the schedule follow the clock instead of --steps")
    ap.add_argument("--layers", type=int, default=Shape.layers)
    ap.add_argument("--hidden", type=int, default=Shape.hidden)
    ap.add_argument("--ffn", type=int, default=Shape.ffn)
    ap.add_argument("--rate", type=float, default=2e-3)
    ap.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    ap.add_argument("--processes", type=int, help="that train together: 2 on the CPU, 1 on a GPU")
    ap.add_argument("--workers", type=int, default=0, help="processes that make the batches; 0: each training process its own")
    ap.add_argument("--accumulate", type=int, default=1, help="batches of a step, in each training process")
    ap.add_argument("--seed", type=int, default=SEED)
    ap.add_argument("--no-compile", action="store_true", help="for machines without a C++ compiler; half as fast")
    ap.add_argument("--start", type=Path, help="checkpoint to start from")
    args = ap.parse_args()
    args.processes = args.processes or (2 if args.device == "cpu" else 1)
    if args.device == "cuda" and args.processes > 1:
        ap.error("on a GPU one process trains; more --workers make its batches")
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "meeting").unlink(missing_ok=True)
    make_tokenizer(args.out / "tokenizer.json")
    torch.multiprocessing.spawn(train, (args,), nprocs=args.processes)


def save(model: Guide, path: Path) -> None:
    temporary = path.with_suffix(".tmp")
    torch.save({"shape": model.shape.to_dict(), "model": model.state_dict()}, temporary)
    temporary.replace(path)


if __name__ == "__main__":
    main()
