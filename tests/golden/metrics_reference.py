#!/usr/bin/env python3
"""Metrics of predictions by scikit-learn: writes tests/golden/metrics.json, or checks an evaluation.

    python3 tests/golden/metrics_reference.py > tests/golden/metrics.json

makes small predictions and the reference values for them, to which tests/unit/test_metrics.c holds the C
sources. And of a real model, all figures that mnist-eval prints:

    mnist-eval --predictions p.csv --curves --json MODEL > e.json
    python3 tests/golden/metrics_reference.py --check p.csv e.json

prints the largest difference; exit code 1 if it is above 1e-9. Needs NumPy, SciPy and scikit-learn 1.2
(Debian: python3-sklearn). Calibration, temperature and the bootstrap, which scikit-learn does not have, are
written out here by their papers.
"""
import json
import math
import sys
import warnings

import numpy as np
import scipy.optimize
import scipy.stats
import sklearn.metrics as sk

CLASSES, BINS = 10, 15
LIMIT = 1e-9
ALL = list(range(CLASSES))


# --- Reference values -----------------------------------------------------------------------------------


def top(p):
    return np.argmax(p, axis=1)  # the first of equal ones


def calibration(y, p):
    """Guo et al. 2017: bins (m / M, (m + 1) / M]."""
    confidence, right = p.max(axis=1), top(p) == y
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    bins, ece, mce = [], 0.0, 0.0
    for b in range(BINS):
        inside = place == b
        n = int(inside.sum())
        bins.append({"low": b / BINS, "high": (b + 1) / BINS, "count": n,
                     "confidence": confidence[inside].mean() if n else None,
                     "accuracy": right[inside].mean() if n else None})
        if n:
            gap = abs(bins[-1]["confidence"] - bins[-1]["accuracy"])
            ece, mce = ece + gap * n / len(y), max(mce, gap)
    return {"ece": ece, "mce": mce, "confidence": confidence.mean(), "bins": bins}


def scores(y, predicted, average, present):
    values = sk.precision_recall_fscore_support(y, predicted, labels=present, average=average,
                                                zero_division=0)
    return dict(zip(("precision", "recall", "f1"), values))


def mean(values, weights=None):
    return float(np.average(values, weights=weights)) if len(values) else None


def metrics(y, p):
    """All figures, named as in mnist-eval's JSON. p is float64, of float32 values."""
    predicted = top(p)
    present = sorted(set(y.tolist()))
    confusion = sk.confusion_matrix(y, predicted, labels=ALL)
    each = sk.precision_recall_fscore_support(y, predicted, labels=ALL, zero_division=0)
    classes = []
    for c in ALL:
        is_c, absent = y == c, c not in present
        classes.append({
            "class": c, "support": int(is_c.sum()), "predicted": int((predicted == c).sum()),
            "precision": None if absent else each[0][c],
            "recall": None if absent else each[1][c],
            "f1": None if absent else each[2][c],
            "auc": None if absent or is_c.all() else sk.roc_auc_score(is_c, p[:, c]),
            "average_precision": None if absent else sk.average_precision_score(is_c, p[:, c]),
            "brier": None if absent else sk.brier_score_loss(is_c, p[:, c], pos_label=True),
        })
    areas = [(k["auc"], k["support"]) for k in classes if k["auc"] is not None]
    if len(present) == CLASSES and np.allclose(p.sum(axis=1), 1):  # what scikit-learn takes at once
        macro_auc = sk.roc_auc_score(y, p, multi_class="ovr", average="macro")
        weighted_auc = sk.roc_auc_score(y, p, multi_class="ovr", average="weighted")
    else:
        macro_auc = mean([a for a, _ in areas])
        weighted_auc = mean([a for a, _ in areas], [w for _, w in areas])
    brier = float(((p - np.eye(CLASSES)[y]) ** 2).sum(axis=1).mean())
    one_way = len(present) == 1 or len(set(predicted.tolist())) == 1
    kappa = sk.cohen_kappa_score(y, predicted, labels=ALL)
    return {
        "classes_present": len(present),
        "confusion": confusion.tolist(),
        "classes": classes,
        "macro": {**scores(y, predicted, "macro", present), "auc": macro_auc,
                  "average_precision": mean([k["average_precision"] for k in classes
                                             if k["average_precision"] is not None]),
                  "brier": brier / CLASSES},
        "weighted": {**scores(y, predicted, "weighted", present), "auc": weighted_auc},
        "micro": scores(y, predicted, "micro", ALL),
        # among equal ones scikit-learn takes the higher class first: reversed, the lower one
        "top_k": [sk.top_k_accuracy_score(CLASSES - 1 - y, p[:, ::-1], k=k, labels=ALL)
                  for k in range(1, CLASSES)] + [1.0],
        "log_loss": sk.log_loss(y, p, labels=ALL),
        "brier": brier,
        "kappa": None if math.isnan(kappa) else kappa,
        "mcc": None if one_way else sk.matthews_corrcoef(y, predicted),
        "calibration": calibration(y, p),
    }


def roc(y, p, c, corners):
    x, t, threshold = sk.roc_curve(y == c, p[:, c], drop_intermediate=corners)
    return {"fpr": x.tolist(), "tpr": t.tolist(), "threshold": [None] + threshold[1:].tolist()}


def precision_recall(y, p, c):
    precision, recall, threshold = sk.precision_recall_curve(y == c, p[:, c])
    return {"recall": recall[::-1].tolist(), "precision": precision[::-1].tolist(),
            "threshold": [None] + threshold[::-1].tolist()}


def precision_recall_corners(y, p, c):
    """Without points whose neighbours have the same recall, as scikit-learn 1.3 leaves them out."""
    curve = precision_recall(y, p, c)
    recall = np.array(curve["recall"])
    inner = (recall[1:-1] == recall[:-2]) & (recall[1:-1] == recall[2:])
    keep = np.r_[True, ~inner, True]
    return {key: [v for v, k in zip(values, keep) if k] for key, values in curve.items()}


def temperature(y, z):
    z = z - z.max(axis=1, keepdims=True)

    def loss(beta):
        return (np.log(np.exp(beta * z).sum(axis=1)) - beta * z[np.arange(len(y)), y]).mean()

    def slope(beta):
        e = np.exp(beta * z)
        return ((e * z).sum(axis=1) / e.sum(axis=1) - z[np.arange(len(y)), y]).mean()

    beta = scipy.optimize.brentq(slope, 1 / 64, 64, xtol=1e-15, rtol=1e-14, maxiter=1000)
    return {"temperature": 1 / beta, "before": loss(1.0), "after": loss(beta)}


def philox(counter, key):
    """Philox4x32-10 (Salmon et al. 2011) over arrays of 32-bit words."""
    c = [np.asarray(word, dtype=np.uint64) for word in counter]
    k, mask = list(key), np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), p1 & mask,
             (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), p0 & mask]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def pairing(first, second, seed, resamples=10000):
    n, purpose = len(first), 30
    blocks = -(-n // 4)
    block, resample = np.meshgrid(np.arange(blocks), np.arange(resamples))
    words = philox([block, np.zeros_like(block), resample, np.full_like(block, purpose)],
                   [seed & 0xFFFFFFFF, seed >> 32])
    words = np.stack(words, axis=-1).reshape(resamples, -1)[:, :n]
    drawn = (words * np.uint64(n)) >> np.uint64(32)
    change = second.astype(int) - first.astype(int)
    sums = change[drawn.astype(int)].sum(axis=1)
    low, high = np.percentile(sums, [2.5, 97.5], method="inverted_cdf")
    lost, gained = int((change < 0).sum()), int((change > 0).sum())
    return {"lost": lost, "gained": gained, "both_right": int((first & second).sum()),
            "both_wrong": int((~first & ~second).sum()), "difference": (gained - lost) / n,
            "difference_low": low / n, "difference_high": high / n, "mcnemar_p": mcnemar(lost, gained)}


def mcnemar(lost, gained):
    return scipy.stats.binomtest(lost, lost + gained, 0.5).pvalue if lost + gained else 1.0


# --- Small predictions ----------------------------------------------------------------------------------


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return (e / e.sum(axis=1, keepdims=True)).astype(np.float32)


def drawn(rng, n, pull=2.0, without=()):
    y = rng.choice([c for c in ALL if c not in without], n)
    z = rng.normal(size=(n, CLASSES)) * 1.5
    z[np.arange(n), y] += pull
    return y, z


def cases():
    rng = np.random.default_rng(20261129)
    y, z = drawn(rng, 240)
    yield "plain", y, softmax(z)
    # shares of eighths: many ties within a row and down a column, and many zeros
    y, z = drawn(rng, 200)
    p = np.array([rng.multinomial(8, q / q.sum()) for q in softmax(z).astype(float)])
    yield "ties", y, (p / 8).astype(np.float32)
    # no image has class 4, though it is predicted; class 7 is never predicted
    y, z = drawn(rng, 120, 1.0, without=(4,))
    z[:, 7] -= 30
    yield "absent", y, softmax(z)
    y, _ = drawn(rng, 50)
    yield "all tied", y, np.full((50, CLASSES), 0.1, np.float32)
    y, z = drawn(rng, 1, 0.0)
    yield "one sample", y, softmax(z)
    _, z = drawn(rng, 30)
    yield "one class", np.full(30, 2), softmax(z)
    y, z = drawn(rng, 40, 60.0)
    yield "all right", y, softmax(z)


def shortest(values):
    """The decimals that read back to the same float32."""
    return [float(str(v)) for v in values.ravel()]


def reference():
    rng = np.random.default_rng(7)
    document = {"cases": [], "temperature": [], "pairing": [], "mcnemar": []}
    for name, y, p32 in cases():
        p = p32.astype(np.float64)
        case = {"name": name, "labels": y.tolist(), "probabilities": shortest(p32),
                "metrics": metrics(y, p), "roc": [], "precision_recall": []}
        for c in (3,) if name == "plain" else (3, 7):
            if (y == c).any() and not (y == c).all():
                case["roc"] += [{"class": c, "corners": corners, **roc(y, p, c, corners)}
                                for corners in (False, True)]
                case["precision_recall"].append({"class": c, **precision_recall(y, p, c)})
        document["cases"].append(case)
    for scale in (0.4, 3.0):
        y, z = drawn(rng, 60)
        z = (z * scale).astype(np.float32)
        document["temperature"].append({"labels": y.tolist(), "logits": shortest(z),
                                        **temperature(y, z.astype(np.float64))})
    for n, seed in ((1, 1), (50, 7), (203, 1 << 40)):
        first, second = rng.random(n) < 0.9, rng.random(n) < 0.8
        document["pairing"].append({"first": first.astype(int).tolist(), "seed": seed,
                                    "second": second.astype(int).tolist(),
                                    **pairing(first, second, seed)})
    for lost, gained in ((0, 0), (1, 0), (0, 5), (6, 3), (4, 4), (5, 4), (90, 121), (1000, 1100),
                         (4000, 3800), (0, 2000)):
        document["mcnemar"].append([lost, gained, mcnemar(lost, gained)])
    return document


def plain(value):
    """Numbers of this kind as JSON's."""
    return value.item() if isinstance(value, np.generic) else json.JSONEncoder().default(value)


# --- Checking an evaluation -------------------------------------------------------------------------------


def differences(path, found, expected):
    """(difference, where) of all numbers in expected; a different kind of value is infinitely far."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            yield from differences(f"{path}.{key}", found.get(key, "nothing"), value)
    elif isinstance(expected, (list, tuple)):
        yield (0.0 if isinstance(found, list) and len(found) == len(expected) else math.inf), path
        for i, (one, other) in enumerate(zip(found, expected)):
            yield from differences(f"{path}[{i}]", one, other)
    elif expected is None or isinstance(found, str) or found is None:
        yield (0.0 if found is expected else math.inf), path
    else:
        yield abs(found - expected), path


def check(table, evaluation):
    rows = np.loadtxt(table, delimiter=",", skiprows=1, ndmin=2)
    y, p = rows[:, 1].astype(int), rows[:, 3:].astype(np.float32).astype(np.float64)
    with open(evaluation, encoding="utf-8") as file:
        found = json.load(file)
    expected = {"metrics": metrics(y, p)}
    assert (rows[:, 2] == top(p)).all() and (rows[:, 0] == np.arange(len(y))).all()
    if "curves" in found:
        expected["curves"] = [
            {"class": c, "roc": roc(y, p, c, True) if 0 < (y == c).sum() < len(y) else None,
             "precision_recall": precision_recall_corners(y, p, c) if (y == c).any() else None}
            for c in ALL]
    distances = list(differences("", found, expected))
    worst = max(distances)
    print(f"{len(distances)} values of {len(y)} images: largest difference {worst[0]:.3g} ({worst[1]})")
    return worst[0] <= LIMIT


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of what is not defined
    if len(sys.argv) == 4 and sys.argv[1] == "--check":
        sys.exit(0 if check(*sys.argv[2:]) else 1)
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    print(json.dumps(reference(), default=plain, separators=(",", ":")).replace(',"', ',\n"'))
