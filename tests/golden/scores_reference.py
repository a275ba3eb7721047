#!/usr/bin/env python3
"""Scores of texts by NLTK and by their definitions: writes tests/golden/scores.json, or checks it.

    python3 tests/golden/scores_reference.py > tests/golden/scores.json
    python3 tests/golden/scores_reference.py --check tests/golden/scores.json

The first makes texts and the reference values for them, to which tests/unit/test_score.c holds the C sources; the second
makes them again and prints the largest difference; exit code 1 if it is above 1e-9. Needs NLTK (Debian: python3-nltk).

BLEU smoothed by methods 0 to 7 and edit distances are NLTK's; of a whole corpus methods 5, 6 and 7 are written out
here, since NLTK's take the last sentence's n-grams for all. What sacreBLEU and chrF++.py do is written out by their
definitions, with counters of n-grams.
"""
import json
import math
import random
import re
import string
import sys
import warnings
from collections import Counter

from nltk.translate import bleu_score as nltk_bleu
from nltk.metrics.distance import edit_distance

LIMIT = 1e-9
ORDERS = 4


# --- Tokens ---------------------------------------------------------------------------------------------


def tokens_13a(line):
    line = line.replace("<skipped>", "").replace("&quot;", '"').replace("&amp;", "&")
    line = " " + line.replace("&lt;", "<").replace("&gt;", ">") + " "
    for pattern, by in ((r"([\{-\~\[-\` -\&\(-\+\:-\@\/])", r" \1 "), (r"([^0-9])([\.,])", r"\1 \2 "),
                        (r"([\.,])([^0-9])", r" \1 \2"), (r"([0-9])(-)", r"\1 \2 ")):
        line = re.sub(pattern, by, line)
    return line.split()


TOKENIZE = {"char": lambda line: list("".join(line.split())), "none": str.split, "13a": tokens_13a}


def words_of_chrf(line):
    words = []
    for word in line.split():
        if len(word) > 1 and word[-1] in string.punctuation:
            words += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in string.punctuation:
            words += [word[0], word[1:]]
        else:
            words.append(word)
    return words


def ngrams(tokens, n):
    return Counter(tuple(tokens[i:i + n]) for i in range(len(tokens) - n + 1))


# --- BLEU as sacreBLEU has it ---------------------------------------------------------------------------


def bleu_counts(hypothesis, references):
    matches, totals = [], []
    for n in range(1, ORDERS + 2):
        most = Counter()
        for reference in references:
            most |= ngrams(reference, n)
        own = ngrams(hypothesis, n)
        matches.append(sum((own & most).values()))
        totals.append(sum(own.values()))
    nearest = min((abs(len(r) - len(hypothesis)), len(r)) for r in references)[1]
    return {"matches": matches, "totals": totals, "short": [int(t == 0) for t in totals],
            "length": len(hypothesis), "reference": nearest}


def add(a, b):
    return {k: [x + y for x, y in zip(a[k], b[k])] if isinstance(a[k], list) else a[k] + b[k] for k in a}


def total(counts):
    result = counts[0]
    for count in counts[1:]:
        result = add(result, count)
    return result


def brevity(c):
    if c["length"] >= c["reference"] and c["length"]:
        return 1.0
    return math.exp(1 - c["reference"] / c["length"]) if c["length"] else 0.0


def bleu(c, smoothing, sentence):
    matches, totals = c["matches"][:ORDERS], c["totals"][:ORDERS]
    if not any(matches):
        return 0.0
    precisions, halves, effective = [0.0] * ORDERS, 1, ORDERS
    for n in range(ORDERS):
        more = 1.0 if smoothing == "add-k" and n else 0.0
        if totals[n] + more == 0:
            break
        if sentence:
            effective = n + 1
        if matches[n] + more:
            precisions[n] = (matches[n] + more) / (totals[n] + more)
        elif smoothing == "exp":
            halves *= 2
            precisions[n] = 1 / (halves * totals[n])
        elif smoothing == "floor":
            precisions[n] = 0.1 / totals[n]
    if min(precisions[:effective]) == 0:
        return 0.0
    return brevity(c) * math.exp(sum(map(math.log, precisions[:effective])) / effective)


# --- BLEU as NLTK has it --------------------------------------------------------------------------------


def nltk_sentence(hypothesis, references, method):
    smooth = getattr(nltk_bleu.SmoothingFunction(), f"method{method}")
    try:
        return float(nltk_bleu.sentence_bleu(references, hypothesis, smoothing_function=smooth))
    except (AssertionError, ZeroDivisionError):
        return None  # it refuses


def nltk_corpus(hypotheses, references, method):
    """Methods 0 to 4 by NLTK; 5 to 7 with the n-grams of all lines, as 0 to 4 have them."""
    if method < 5:
        smooth = getattr(nltk_bleu.SmoothingFunction(), f"method{method}")
        return float(nltk_bleu.corpus_bleu(references, hypotheses, smoothing_function=smooth))
    c = total([bleu_counts(h, r) for h, r in zip(hypotheses, references)])
    if c["matches"][0] == 0:
        return 0.0
    below = [t + s for t, s in zip(c["totals"], c["short"])]
    p = [m / b for m, b in zip(c["matches"], below)]
    if method == 7:
        halves = 1
        for n in range(ORDERS):
            if c["matches"][n] == 0 and c["length"] > 1:
                halves *= 2
                p[n] = math.log(c["length"]) / (5 * halves) / below[n]
    if method in (5, 7):
        before = p[0] + 1
        for n in range(ORDERS):
            p[n] = before = (before + p[n] + p[n + 1]) / 3
    else:
        for n in range(2, ORDERS):
            prior = p[n - 1] ** 2 / p[n - 2] if p[n - 2] else 0
            p[n] = (c["matches"][n] + 5 * prior) / (c["totals"][n] + 5)
        if min(p[:ORDERS]) == 0:
            return None
    return brevity(c) * math.exp(math.fsum(math.log(x) / ORDERS for x in p[:ORDERS] if x > 0))


# --- chrF -----------------------------------------------------------------------------------------------


def chrf_score(counts, beta):
    precision = recall = effective = 0
    for hypothesis, reference, both in counts:
        if hypothesis and reference:
            precision += both / hypothesis
            recall += both / reference
            effective += 1
    if not precision + recall:
        return 0.0
    precision, recall = precision / effective, recall / effective
    return (1 + beta ** 2) * precision * recall / (beta ** 2 * precision + recall)


def chrf_counts(hypothesis, references, order, words, beta):
    best, chosen = -1.0, None
    for reference in references:
        counts = []
        for view, most in ((TOKENIZE["char"], order), (words_of_chrf, words)):
            for n in range(1, most + 1):
                own, other = ngrams(view(hypothesis), n), ngrams(view(reference), n)
                counts.append((sum(own.values()) if other else 0, sum(other.values()),
                               sum((own & other).values())))
        score = chrf_score(counts, beta)
        if score > best:
            best, chosen = score, counts
    return chosen


def chrf(texts, order, words, beta):
    each = [chrf_counts(t["hypothesis"], t["references"], order, words, beta) for t in texts]
    corpus = [tuple(map(sum, zip(*column))) for column in zip(*each)]
    return {"order": order, "words": words, "beta": beta, "corpus": chrf_score(corpus, beta),
            "texts": [chrf_score(counts, beta) for counts in each]}


# --- Cases ----------------------------------------------------------------------------------------------


def case(name, tokenize, texts):
    cut = TOKENIZE[tokenize]
    hypotheses = [cut(t["hypothesis"]) for t in texts]
    references = [[cut(r) for r in t["references"]] for t in texts]
    counts = [bleu_counts(h, r) for h, r in zip(hypotheses, references)]
    smoothings = ("none", "floor", "add-k", "exp")
    return {
        "name": name, "tokenize": tokenize, "texts": texts,
        "tokens": [len(h) for h in hypotheses],
        "bleu": {s: {"corpus": bleu(total(counts), s, False),
                     "texts": [bleu(c, s, True) for c in counts]} for s in smoothings},
        "nltk": {f"method{m}": {"corpus": nltk_corpus(hypotheses, references, m),
                                "texts": [nltk_sentence(h, r, m) for h, r in zip(hypotheses, references)]}
                 for m in range(8)},
        "chrf": [chrf(texts, 6, 0, 2), chrf(texts, 6, 2, 2), chrf(texts, 1, 0, 1), chrf(texts, 3, 1, 0.5)],
        "edits": [min(edit_distance(r, t["hypothesis"]) for r in t["references"]) for t in texts],
        "word_edits": [min(edit_distance(r.split(), t["hypothesis"].split()) for r in t["references"])
                       for t in texts],
    }


def pair(hypothesis, *references):
    return {"hypothesis": hypothesis, "references": list(references)}


def spoiled(rng, digits):
    """A line as a reader of digits may get it wrong."""
    out = []
    for digit in digits:
        draw = rng.random()
        if draw < 0.04:
            continue
        out.append(rng.choice("0123456789") if draw < 0.12 else digit)
        if draw > 0.97:
            out.append(rng.choice("17"))
    return "".join(out)


def lines_of_digits(count):
    rng = random.Random(20)
    texts = []
    for _ in range(count):
        digits = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 12)))
        texts.append(pair(spoiled(rng, digits), digits))
    return texts


ENGLISH = [
    pair("It is a guide to action which ensures that the military always obeys the commands of the party",
         "It is a guide to action that ensures that the military will forever heed Party commands",
         "It is the guiding principle which guarantees the military forces always being under the command of "
         "the Party", "It is the practical guide for the army always to heed the directions of the party"),
    pair("It is to insure the troops forever hearing the activity guidebook that party direct",
         "It is a guide to action that ensures that the military will forever heed Party commands"),
    pair("the the the the the the the", "The cat is on the mat", "There is a cat on the mat"),
    pair("he read the book because he was interested in world history",
         "he was interested in world history because he read the book"),
    pair("Hello, world! It costs $3.50, not 4,000.", "Hello world: it costs $ 3.50 , not 4,000 !"),
    pair("state-of-the-art 2-3 results (e.g. \"this\") &amp; &quot;that&quot;.",
         "state-of-the-art 2 - 3 results ( e.g. \"this\" ) & \"that\" ."),
    pair("A .5 <skipped> B,, .. -- 1-2-3", "A 0.5 B , . 1-2-3"),
    pair("na\u00efve caf\u00e9 \u4e2d\u6587 \U0001f600\u00a0end", "naive caf\u00e9 \u4e2d\u56fd \U0001f600 end"),
]

EDGES = [
    pair("", ""), pair("", "12"), pair("12", ""), pair("7", "7"), pair("1", "7"), pair("123", "456"),
    pair("12 34", "1234"), pair("  12  ", "12"), pair("1234567890", "12345"), pair("12345", "1234567890"),
    pair("aaaa", "aa", "aaaaaa"), pair("ab", "b", "abc", "xyz"), pair("aba", "ab", "ba"),
]


def golden():
    warnings.simplefilter("ignore")
    cases = [case("digits", "char", lines_of_digits(60)), case("edges", "char", EDGES),
             case("edges as words", "none", EDGES), case("no match", "char", [pair("111", "222"), pair("", "3")]),
             case("empty", "char", [pair("", "")]), case("perfect", "char", [pair("31415", "31415")])]
    cases += [case(f"English, {how}", how, ENGLISH) for how in ("none", "13a", "char")]
    cases += [case("one sentence", "none", ENGLISH[:1]), case("short", "none", [pair("a b", "a b c")])]
    return {"cases": cases}


def compare(where, found, expected):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        return max((compare(f"{where}.{k}", found[k], v) for k, v in expected.items()), default=0.0)
    if isinstance(expected, list):
        assert len(found) == len(expected), where
        return max((compare(f"{where}[{i}]", found[i], v) for i, v in enumerate(expected)), default=0.0)
    if isinstance(expected, (int, float)):
        return abs(found - expected)
    assert found == expected, f"{where}: {found!r}, expected {expected!r}"
    return 0.0


def main():
    if sys.argv[1:2] == ["--check"] and len(sys.argv) == 3:
        with open(sys.argv[2], encoding="utf-8") as file:
            worst = compare("", json.load(file), golden())
        print(f"largest difference: {worst:.3g}")
        sys.exit(worst > LIMIT)
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    json.dump(golden(), sys.stdout, indent=1)
    print()


main()
