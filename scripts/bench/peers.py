"""Measures mnist-train and its peers on this machine, in turn, and prints the ratios.

Called by ../bench-peers.sh, which installs and builds what this needs. For each row of
contenders.py every peer's settings are swept first, with short runs; the best two meet the project
in rounds, A B C A B C ..., and a peer's figure is the better of its two medians.
"""

import argparse
import dataclasses
import datetime
import functools
import json
import os
import platform
import re
import subprocess
import sys
import textwrap

from contenders import CPUS, HERE, count, make_rows
from measure import Failed, Noise, Summary, run_undisturbed

FINALISTS = 2
SWEEP_ACCURACY = 97.9  # % of one seed, where the median of many is to be 98


def say(text):
    print(f"bench-peers: {text}", file=sys.stderr, flush=True)


# --- The environment ------------------------------------------------------------------------------


def output_of(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


class Environment:
    """Where things are, and what they are."""

    def __init__(self, args):
        self.train = os.path.join(args.build, "mnist-train")
        self.eval = os.path.join(args.build, "mnist-eval")
        self.bench = os.path.join(args.build, "mnist-bench")
        self.compress = os.path.join(args.build, "mnist-compress")
        self.convert = os.path.join(args.build, "mnist-convert")
        self.data = args.data
        self.modules = args.modules
        self.python = args.python

    @functools.cached_property
    def torch(self):
        return json.loads(
            output_of([self.python, os.path.join(HERE, "torch_train.py"), "--describe"])
        )

    @functools.cached_property
    def tests_alone(self):
        """A folder whose training files are the test files: mnist-bench infers on the former, and
        the peers on the latter."""
        folder = os.path.join(self.modules, "tests-alone")
        os.makedirs(folder, exist_ok=True)
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
            for part in ("train", "t10k"):
                link = os.path.join(folder, f"{part}-{kind}")
                if not os.path.lexists(link):
                    os.symlink(os.path.join(os.path.abspath(self.data), f"t10k-{kind}"), link)
        return folder

    @functools.lru_cache(maxsize=None)
    def model(self, hidden):
        """A model that mnist-train trains now, for inference."""
        path = os.path.join(self.modules, f"mnist-{hidden.replace(',', '-')}.safetensors")
        output_of(
            [
                self.train,
                "--data-dir",
                self.data,
                "--hidden",
                hidden,
                "--epochs",
                "1",
                "--quiet",
                "-o",
                path,
            ]
        )
        return path

    @functools.lru_cache(maxsize=None)
    def onnx(self, hidden):
        path = self.model(hidden).replace(".safetensors", ".onnx")
        output_of([self.python, os.path.join(HERE, "export_onnx.py"), self.model(hidden), path])
        return path

    @functools.lru_cache(maxsize=None)
    def whole(self, hidden):
        """The same model in whole numbers of 8 bits."""
        path = self.model(hidden).replace(".safetensors", "-int8.safetensors")
        output_of(
            [self.compress, "quantize", self.model(hidden), "--data-dir", self.data, "-o", path]
        )
        return path

    @functools.lru_cache(maxsize=None)
    def whole_onnx(self, hidden, bytes_in):
        """It as ONNX, static QDQ; with bytes_in, the image's bytes are what the first layer takes."""
        path = self.whole(hidden).replace(".safetensors", ".onnx")
        output_of([self.convert, "--quiet", self.whole(hidden), path])
        if not bytes_in:
            return path
        direct = path.replace(".onnx", "-bytes.onnx")
        output_of([self.python, os.path.join(HERE, "onnx_bytes.py"), path, direct])
        return direct

    @functools.lru_cache(maxsize=None)
    def errors(self, hidden, whole=False):
        """What the model is wrong at, by the project's account."""
        model = self.whole(hidden) if whole else self.model(hidden)
        command = [self.eval, model, "--json", "--quiet", "--data-dir", self.data]
        return json.loads(output_of(command))["test"]["errors"]


def versions(env):
    found = {"mnist-train": output_of([env.train, "--version"]).split()[1]}
    try:
        found["commit"] = output_of(["git", "-C", HERE, "describe", "--always", "--dirty"]).strip()
    except (OSError, subprocess.CalledProcessError):
        pass
    ask = "import numpy, platform, sklearn; print(sklearn.__version__, numpy.__version__,"
    ask += " platform.python_version())"
    try:
        found["scikit-learn"], found["NumPy"], found["Python"] = output_of(
            [env.python, "-c", ask]
        ).split()
        found["PyTorch"] = env.torch["version"]
    except subprocess.CalledProcessError:
        pass
    try:
        with open(
            os.path.join(env.modules, "node_modules/onnxruntime-node/package.json"),
            encoding="utf-8",
        ) as file:
            found["onnxruntime-node"] = json.load(file)["version"]
        found["Node"] = output_of(["node", "--version"]).strip()
    except OSError:
        pass
    for package in ("libopenblas0-pthread", "libblis4-openmp", "libdnnl2"):
        query = subprocess.run(
            ["dpkg-query", "-Wf", "${Version}", package],
            capture_output=True,
            text=True,
            check=False,
        )
        if query.returncode == 0 and query.stdout:
            found[package] = query.stdout
    return found


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(re.findall(r"^([^\t:]+)\t*: (.+)$", text, re.MULTILINE))
    name = fields.get("model name") or platform.machine()
    if "cpu family" in fields:
        # cloud machines are coy about their names
        name += f" (family {fields['cpu family']}, model {fields['model']})"
    return name


# --- Measuring ------------------------------------------------------------------------------------


def label(contender, settings):
    """The settings that a reader of the table would want to know."""
    words = []
    for key, value in settings.items():
        if value == "" or (key, value) in (("interop", 1), ("spinning", 1)):
            continue
        if key == "threads":
            words.append(count(value, "thread"))
        elif key == "hidden":
            words.append(f"{value} units")
        elif key == "epochs":
            words.append(count(value, "epoch"))
        elif key == "blas":
            words.append(os.path.basename(os.path.dirname(value)))
        elif key in ("form", "core"):
            words.append(str(value))
        else:
            words.append(f"{key} {value}")
    return ", ".join([contender.name, *words])


def sweep(row, contender, options):
    """The best settings, best first; every stage starts from the best of those before."""
    name, _, more = row.figures[0]
    tried = {}

    def try_once(settings):
        short = {**settings, "seed": 1}
        if row.key.startswith("train"):
            short.update(images=20000, seconds=0.4)
        try:
            figures = run_undisturbed(
                contender.make(short), options.noise, options.patience
            ).figures
            if figures.get("accuracy", 100) < SWEEP_ACCURACY:
                raise Failed(f"{figures['accuracy']:.2f} % is too little")
        except Failed as failure:
            say(f"{row.key}: {label(contender, settings)}: left out: {failure}")
            return float("-inf")
        say(f"{row.key}: {label(contender, settings)}: {number(figures[name])}")
        return figures[name] if more else 1 / figures[name]

    def value_of(settings):
        key = json.dumps(settings, sort_keys=True)
        if key not in tried:
            value = try_once(settings)
            leader = max((value for value, _ in tried.values()), default=0)
            if value > 0.8 * leader:
                # near enough to the best for noise to decide: a second chance, as that one had
                value = max(value, try_once(settings))
            tried[key] = (value, settings)
        return tried[key][0]

    best = contender.start
    for stage in contender.stages:
        choices = [
            best,
            *({**best, **change} for change in (stage(best) if callable(stage) else stage)),
        ]
        best = max(choices, key=value_of)
    ranked = sorted(tried.values(), key=lambda pair: -pair[0])
    return [settings for value, settings in ranked[:FINALISTS] if value > float("-inf")]


def measure_row(row, options):
    entrants = [(contender, {}) for contender in row.ours]
    for contender in row.peers:
        entrants += [(contender, settings) for settings in sweep(row, contender, options)]
    outcomes = [[] for _ in entrants]
    for turn in range(1, options.rounds + 1):
        say(f"{row.key}: round {turn} of {options.rounds}")
        for (contender, settings), results in zip(entrants, outcomes):
            run = contender.make({**settings, "seed": turn})
            results.append(run_undisturbed(run, options.noise, options.patience))
    every = [outcome for results in outcomes for outcome in results]
    return {
        "key": row.key,
        "title": row.title,
        "pingpong_ns": [outcome.pingpong for outcome in every],
        "share": [outcome.share for outcome in every],
        "tables": [table(row, figure, entrants, outcomes) for figure in row.figures],
    }


def table(row, figure, entrants, outcomes):
    """One figure of all who took part: of a peer that ran with two settings, the better."""
    name, unit, more = figure
    lines = {}
    for (contender, settings), results in zip(entrants, outcomes):
        values = [outcome.figures[name] for outcome in results]
        line = {
            "name": contender.name,
            "label": label(contender, settings),
            "ours": contender in row.ours,
            "values": values,
            "disturbed": [outcome.disturbed() for outcome in results],
            "others": [outcome.others for outcome in results],
            "share": [outcome.share for outcome in results],
            **dataclasses.asdict(Summary.of(values)),
        }
        old = lines.get(contender.name)
        if old is None or (line["median"] > old["median"]) == more:
            lines[contender.name] = line
    base = next((line for line in lines.values() if line["ours"]), None)
    for line in lines.values():
        if base and not line["ours"] and name != "accuracy":
            pairs = zip(base["values"], line["values"])
            ratios = [ours / theirs if more else theirs / ours for ours, theirs in pairs]
            line["ratio"] = dataclasses.asdict(Summary.of(ratios))
    return {"figure": name, "unit": unit, "more_is_better": more, "lines": list(lines.values())}


# --- Printing -------------------------------------------------------------------------------------


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def print_header(document):
    print(f"{document['date']}, {document['cpu']}, {count(document['cpus'], 'CPU')}")
    print(
        textwrap.fill(
            ", ".join(f"{name} {version}" for name, version in document["versions"].items()), 100
        )
    )
    print(
        f"Medians of {count(document['rounds'], 'round')} (least to most). "
        "Ratio: how many times as good the first line is as this one."
    )


def print_row(row):
    pingpong = Summary.of(row["pingpong_ns"])
    share = Summary.of([100 * value for value in row["share"]])
    print(f"\n{row['title']}")
    width = max(len(line["label"]) for part in row["tables"] for line in part["lines"])
    for part in row["tables"]:
        print(f"  {part['unit']}")
        for line in part["lines"]:
            spread = f"({number(line['low'])} to {number(line['high'])})"
            text = f"    {line['label']:<{width}} {number(line['median']):>10} {spread:<22}"
            if "ratio" in line:
                ratio = line["ratio"]
                text += f" {ratio['median']:.2f} x ({ratio['low']:.2f} to {ratio['high']:.2f})"
            if any(line["disturbed"]):
                text += f"  {sum(line['disturbed'])} of {len(line['disturbed'])} disturbed"
            print(text.rstrip())
    print(
        f"  noise: CPUs at {share.median:.0f} % of their best"
        f" ({share.low:.0f} to {share.high:.0f}); ping-pong {number(pingpong.median)} ns"
        f" ({number(pingpong.low)} to {number(pingpong.high)})"
    )


# --- The command ---


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--patience", type=float, default=20)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", default="")
    for path in ("build", "data", "modules", "python", "noise"):
        parser.add_argument("--" + path, required=True)
    options = parser.parse_args()
    env = Environment(options)
    rows = make_rows(env)
    chosen = [name for name in options.rows.split(",") if name] or list(rows)
    for name in chosen:
        if name not in rows:
            say(f"there is no row {name}, but there are {', '.join(rows)}")
            sys.exit(2)
    if options.rounds < 1:
        say("--rounds: 1 or more")
        sys.exit(2)
    options.noise = Noise(options.noise)

    document = {
        "schema": "mnist-bench-peers/1",
        "date": datetime.date.today().isoformat(),
        "cpu": cpu_name(),
        "cpus": CPUS,
        "versions": versions(env),
        "rounds": options.rounds,
        "rows": [],
    }
    if not options.json:
        print_header(document)
    failed = False
    for name in chosen:
        try:
            row = measure_row(rows[name](), options)
        except (Failed, subprocess.CalledProcessError) as failure:
            say(f"{name}: {failure}")
            failed = True
            continue
        document["rows"].append(row)
        if not options.json:
            print_row(row)
            sys.stdout.flush()
    if options.json:
        json.dump(document, sys.stdout, indent=2)
        print()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
