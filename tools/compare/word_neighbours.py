#!/usr/bin/env python3
"""Do related words have near embeddings? For each word of the groups below that the model knows:
is one of its ten nearest words (cosine) another of its group? The baseline are the same questions
with the rows of the embeddings dealt to the words at random, a hundred times.

    tools/compare/word_neighbours.py results/word2vec/model.h5
"""
import sys

import h5py
import numpy as np

NEAREST = 10
GROUPS = {
    "pronouns": "i you he she it we they thou".split(),
    "objects": "me him her us them thee".split(),
    "possessives": "my your his her our their thy mine thine".split(),
    "numbers": "one two three four five six seven ten twenty hundred thousand".split(),
    "kinship": "father mother son daughter brother sister wife husband cousin uncle".split(),
    "ranks": "king queen duke lord lady prince earl".split(),
    "houses": "edward richard henry clarence warwick york gloucester".split(),
    "verona": "romeo juliet tybalt mercutio nurse capulet montague".split(),
    "rome": "coriolanus menenius sicinius brutus volumnia marcius".split(),
    "times": "day night morning hour to-morrow to-night".split(),
    "auxiliaries": "shall will may must should would could might".split(),
    "questions": "what who where why how when".split(),
}


def hit_rate(vectors, groups):
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    similarity[:, :2] = -np.inf  # padding and what is not known
    hits = {name: [] for name in groups}
    for name, group in groups.items():
        for word in group:
            nearest = np.argpartition(-similarity[word], NEAREST)[:NEAREST]
            hits[name].append(bool(set(nearest) & set(group)))
    return hits


def main():
    with h5py.File(sys.argv[1]) as model:
        words = [word.decode() for word in model["vocabulary"][:]]
        vectors = model["weights/word2vec/embeddings"][:][: len(words)]
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    number = {word: i for i, word in enumerate(words)}
    groups = {name: [number[w] for w in group if w in number] for name, group in GROUPS.items()}
    groups = {name: group for name, group in groups.items() if len(group) > 1}
    hits = hit_rate(vectors, groups)
    for name, found in hits.items():
        print(f"{name:12s} {sum(found):3d} of {len(found)}")
    rng = np.random.default_rng(0)
    chance = []
    for _ in range(100):
        order = np.concatenate([[0, 1], 2 + rng.permutation(len(words) - 2)])
        dealt = hit_rate(vectors[order], groups)
        chance.append(np.mean(np.concatenate(list(dealt.values()))))
    rate = np.mean(np.concatenate(list(hits.values())))
    print(f"all          {rate:.3f}; by chance {np.mean(chance):.3f} +- {np.std(chance):.3f}")


if __name__ == "__main__":
    main()
