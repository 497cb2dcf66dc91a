/** What the fake answers. Long enough to see Markdown, code, tables and scrolling. */

export const TERN =
  'Tern is a private chat app for your own computer. It runs a language model on your CPU, keeps every chat on your disk, and makes no network connection at all.';

export const MODEL =
  'Click the model name at the top, then **Open model file** for a GGUF file or **Open model folder** for a Hugging Face folder. If you do not have the model yet, download it first in your browser from Hugging Face: microsoft/bitnet-b1.58-2B-4T, about 1.2 GB.';

export const STORED =
  'Your chats are in a SQLite database in the data folder; Settings shows its path. To make a backup, close Tern and copy that folder.';

export const OFFLINE =
  'Tern works fully offline. This version makes no network connection at all, so you can use it on a plane or with the cable pulled.';

export const CODE = `A sieve keeps one flag per number and crosses out the multiples of each prime it meets:

\`\`\`python
def primes(limit: int) -> list[int]:
    """All primes up to and including \`limit\`."""
    is_prime = [True] * (limit + 1)
    is_prime[:2] = [False, False]
    for n in range(2, int(limit**0.5) + 1):
        if is_prime[n]:
            is_prime[n * n :: n] = [False] * len(is_prime[n * n :: n])
    return [n for n, prime in enumerate(is_prime) if prime]
\`\`\`

Two details make it quick:

- crossing out starts at \`n * n\`, because smaller multiples are gone already
- the slice assignment runs in C, not in a Python loop

For a limit of ten million it takes about half a second and 80 MB. If memory matters more than simplicity, a \`bytearray\` needs an eighth of that.`;

export const TABLE = `Each one trades memory for speed in its own way:

| Format | Bits per weight | Size of 2B | Decode |
| --- | ---: | ---: | --- |
| BF16 | 16 | 4.8 GB | limited by memory |
| Q4_K | 4.5 | 1.4 GB | good |
| I2_S | 2 | 0.5 GB | best on a CPU |

The last column is what you notice: **every token reads every weight once**, so fewer bytes mean more tokens per second. See the [BitNet paper](https://arxiv.org/abs/2402.17764) for the figures.`;

export const LONG = [
  '# How a token is made',
  'The model reads your text as tokens and writes its answer one token at a time. This is what happens for each of them.',
  ...Array.from({ length: 14 }, (_, layer) => {
    const text =
      'The hidden vector is normalised, multiplied with ternary weights, and added back. Attention looks at the earlier positions through the KV cache, and the feed-forward part mixes what it found. None of this needs a multiplication per weight: a weight of +1 adds, a weight of −1 subtracts, and a weight of 0 does nothing.';
    return `## Layer ${layer + 1}\n\n${text}`;
  }),
  'After the last layer the head turns the vector into one number per token of the vocabulary, and the sampler picks one.',
].join('\n\n');

export const GENERAL =
  'Terns are slender seabirds, related to gulls but lighter, with long pointed wings, a forked tail and, in summer, a neat black cap.\n\nThe **Arctic tern** makes the longest journey of any animal: from the Arctic to the Antarctic and back, about 70,000 km a year. Because it follows the summer across both poles, it sees more daylight than any other creature.\n\nA few of its relatives:\n\n1. **Common tern**, coral bill with a black tip, along coasts and rivers\n2. **Sooty tern**, stays in the air for years without landing\n3. **Inca tern**, slate grey with a white moustache, on the cliffs of Peru';

export const UNKNOWN =
  'I am only a small guide and know nothing but Tern. For real questions, open the large model: click the model name at the top.';
