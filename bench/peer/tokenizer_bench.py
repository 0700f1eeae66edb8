"""Hugging Face tokenizers beside Quartet: trains on the same documents, encodes with Quartet's tokenizer.json.

tokenizer_bench.py TEXT MERGES FOLDER prints `train SECONDS CPU_SECONDS` and `encode SECONDS CPU_SECONDS TOKENS`.
"""

import json
import os
import sys
import time

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

DOCUMENT = 1 << 16


def documents(path):
    """Whole lines, as many as make 64 Ki UTF-16 characters, as Quartet's side reads them."""
    found, lines, length = [], [], 0
    with open(path, encoding="utf-8", newline="") as text:
        for line in text:
            line = line.rstrip("\n") + "\n"
            lines.append(line)
            length += len(line.encode("utf-16-le")) // 2
            if length >= DOCUMENT:
                found.append("".join(lines))
                lines, length = [], 0
    found.append("".join(lines))
    return found


def timed(name, work):
    clock, cpu = time.perf_counter(), sum(os.times()[:2])
    result = work()
    print(name, f"{time.perf_counter() - clock:.2f} {sum(os.times()[:2]) - cpu:.2f}", result or "")


def main():
    path, merges, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    texts = documents(path)
    ours = os.path.join(folder, "tokenizer.json")
    with open(ours, encoding="utf-8") as file:
        stages = json.load(file)["pre_tokenizer"]["pretokenizers"]
    split = next(s["pattern"]["Regex"] for s in stages if s["type"] == "Split")

    def train():
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(split), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=256 + merges,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer, length=len(texts))

    def encode():
        tokenizer = Tokenizer.from_file(ours)
        return sum(len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts)

    timed("train", train)
    timed("encode", encode)


main()
