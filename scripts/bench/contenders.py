"""Who is measured, with which settings, and on what: the rows are at the end of the file.

A row names the project's programs and its peers. Each peer has stages of settings, from which
peers.py takes the best. To put another command in a program's place, change the function that
makes it.
"""

import dataclasses
import functools
import glob
import os
import platform

from measure import Failed, Run

HERE = os.path.dirname(os.path.abspath(__file__))
CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
THREADS = range(1, CPUS + 1)

# --- What is compared -----------------------------------------------------------------------------


@dataclasses.dataclass
class Contender:
    """A program with its settings: make turns a choice of settings into a Run.

    stages: each a list of changes to the settings, or what makes it from them; the best of a stage
    is where the next one starts.
    """

    name: str
    make: callable
    stages: list = dataclasses.field(default_factory=list)
    start: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Row:
    """What is measured, and who takes part, the project first."""

    key: str
    title: str
    figures: list  # of (name, unit, more is better); the first is what a sweep goes by
    ours: list
    peers: list


RATE = [("images_per_second", "images/s", True)]


def name_of(hidden):
    return "-".join(["784", *hidden.split(","), "10"])


def count(n, noun):
    return f"{n} {noun}" + ("" if n == 1 else "s")


def product(*axes):
    """Settings from every combination of one element of each axis."""
    combinations = [{}]
    for axis in axes:
        combinations = [{**before, **element} for before in combinations for element in axis]
    return combinations


# --- The project ----------------------------------------------------------------------------------


def project(name, command, read, isa=None):
    environment = {"MNIST_ISA": isa} if isa else {}
    return Contender(name, lambda settings: Run(command(settings), environment, read))


def epoch_rate(document, _seconds, _peak):
    """As the peers': the first epoch is to warm up, the rest gives the median."""
    seconds = sorted(epoch["seconds"] for epoch in document["epochs"][1:])
    return {"images_per_second": document["data"]["train"]["n"] / seconds[len(seconds) // 2]}


def project_train(env, hidden, batch, threads, isa=None):
    def command(_settings):
        return [
            *[env.train, "--json", "--quiet", "--data-dir", env.data, "--val-split", "0"],
            *[
                "--hidden",
                hidden,
                "--batch-size",
                str(batch),
                "--epochs",
                "5",
            ],
            *(["--threads", str(threads)] if threads else []),
            # as the peers have it
            *["--lr", "0.05", "--schedule", "constant", "--weight-decay", "0", "--no-nesterov"],
            *["--label-smoothing", "0"],
        ]

    name = count(threads, "thread") if threads else f"up to {count(CPUS, 'thread')}"
    return project(f"mnist-train, {name}", command, epoch_rate, isa)


def bench_row(env, name, threads, figure):
    """A row of mnist-bench: it asks for what the machine can do, warmed up, as the peers are."""

    def command(_settings):
        asked = ["--filter", name, "--threads", str(threads), "--runs", "3"]
        return [env.bench, "--json", "--data-dir", env.tests_alone, *asked]

    def read(document, _seconds, _peak):
        key = ("inference", name, threads)
        for row in document["rows"]:
            if (row["group"], row["name"], row["threads"]) == key:
                return {figure: row["median"]}
        raise Failed(f"mnist-bench has no row {key}")

    return project(f"mnist-bench, {count(threads, 'thread')}", command, read)


def evaluation(env, hidden, threads, whole=False):
    """One pass over the test images by a process that has just started: nothing is warm."""

    def command(_settings):
        asked = ["--data-dir", env.data, "--threads", str(threads)]
        model = env.whole(hidden) if whole else env.model(hidden)
        return [env.eval, model, "--json", "--quiet", *asked]

    def read(document, _seconds, _peak):
        return {"images_per_second": document["test"]["n"] / document["seconds"]}

    return project(f"mnist-eval, {count(threads, 'thread')}, first pass", command, read)


def cold_figures(document, seconds, peak):
    accuracy = document.get("accuracy") or document["test_acc"]
    return {"seconds": seconds, "megabytes": peak / 1e6, "accuracy": 100 * float(accuracy)}


# Chosen on the last 10,000 training images, seeds 1 to 8: 98.03 % of them.
COLD = "--hidden 128 --batch-size 64 --epochs 3 --lr 0.2 --warmup 0.3 --weight-decay 3e-5"
COLD += " --label-smoothing 0.05 --limit 50000"  # what they were chosen with: enough


def project_cold(env):
    def command(settings):
        return [
            *[env.train, "--quiet", "--data-dir", env.data, "--val-split", "0"],
            *COLD.split(),
            *["--seed", str(settings["seed"])],
        ]

    return project("mnist-train, 128 units, 3 epochs", command, cold_figures)


# --- PyTorch and scikit-learn ---------------------------------------------------------------------


def blas_libraries():
    """The BLAS libraries that Debian keeps side by side, as settings; if none, the default one."""
    found = [{"blas": path} for path in sorted(glob.glob("/usr/lib/*/*-*/libblas.so.3"))]
    return found or [{"blas": ""}]


def blas_environment(settings):
    environment = {"OPENBLAS_NUM_THREADS": str(settings.get("blas threads", settings["threads"]))}
    if settings.get("blas"):
        environment["LD_LIBRARY_PATH"] = os.path.dirname(settings["blas"])
    if settings.get("core"):
        environment["OPENBLAS_CORETYPE"] = settings["core"]
    if settings.get("wait"):
        environment["OMP_WAIT_POLICY"] = settings["wait"]
    if settings.get("bound"):
        environment["OMP_PROC_BIND"] = "true"
    return environment


# All the ways in which the libraries below PyTorch are told so.
AVX2_ONLY = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "DNNL_MAX_CPU_ISA": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}


def core_types(avx2, settings):
    """OpenBLAS's kernel sets: it may not know a new CPU, and then takes slower ones than it has."""
    if platform.machine() != "x86_64" or "openblas" not in settings["blas"]:
        return []
    return [
        {"core": core} for core in (("Haswell", "Zen") if avx2 else ("Haswell", "SkylakeX", "Zen"))
    ]


def torch_contender(env, name, arguments, read, start, forms, avx2=False):
    def make(settings):
        command = [env.python, os.path.join(HERE, "torch_train.py"), "--data", env.data]
        for flag in ("threads", "interop", "form", "hidden", "epochs", "seed", "images", "seconds"):
            if flag in settings:
                command += ["--" + flag, str(settings[flag])]
        return Run(
            command + arguments, {**blas_environment(settings), **(AVX2_ONLY if avx2 else {})}, read
        )

    threads = [{"threads": n} for n in THREADS]
    own = env.torch["own_blas"]
    libraries = [{"blas": ""}] if own else blas_libraries()
    if avx2:  # BLIS 0.9 cannot be told by name
        libraries = [library for library in libraries if "blis" not in library["blas"]]
    first = {"threads": 1, "interop": 1, "form": "jit+foreach", **start, **libraries[0]}
    if avx2 and not own:
        first["core"] = "Haswell"
    stages = [product(libraries, threads), forms]
    if not own:
        # elementwise operations on all threads, products on one
        stages += [
            functools.partial(core_types, avx2),
            [{"threads": n, "blas threads": 1} for n in THREADS if n > 1],
        ]
    stages += [
        [{"wait": "PASSIVE"}, {"wait": "ACTIVE"}, {"bound": "yes"}],
        [{"interop": n} for n in THREADS if n > 1],
    ]
    return Contender(name, make, stages, first)


def torch_train(env, hidden, batch, avx2=False):
    def read(document, _seconds, _peak):
        return {"images_per_second": document["images_per_second"]}

    names = ["foreach", "jit+foreach+bytes", "jit+foreach+sliced", "jit+foreach+onednn"]
    if env.torch["compile"]:
        names += ["jit+fused", "compile+foreach", "compile+fused"]
    name = "PyTorch, AVX2 only" if avx2 else "PyTorch"
    arguments = ["--hidden", hidden, "--batch", str(batch)]
    return torch_contender(env, name, arguments, read, {}, [{"form": form} for form in names], avx2)


def torch_cold(env):
    # one-cycle, Nesterov: what the project does, too
    start = {"hidden": 128, "epochs": 5, "form": "foreach"}
    arguments = ["--batch", "128", "--lr", "0.2"]
    recipes = [{"hidden": 256, "epochs": 3}, {"hidden": 256, "epochs": 4}]
    forms = [{"form": "foreach+bytes"}, {"form": "jit+foreach+bytes"}, {"form": "foreach+sliced"}]
    return torch_contender(env, "PyTorch", arguments, cold_figures, start, recipes + forms)


def sklearn_train(env, hidden, batch):
    def make(settings):
        command = [env.python, os.path.join(HERE, "sklearn_train.py"), "--data", env.data]
        command += ["--hidden", hidden, "--batch", str(batch)]
        if "images" in settings:
            command += ["--images", str(settings["images"])]
        environment = {**blas_environment(settings), "OMP_NUM_THREADS": str(settings["threads"])}
        return Run(command, environment, lambda document, _seconds, _peak: document)

    stages = [
        product(blas_libraries(), [{"threads": n} for n in THREADS]),
        functools.partial(core_types, False),
    ]
    return Contender("scikit-learn", make, stages, {"threads": 1, **blas_libraries()[0]})


# --- onnxruntime ----------------------------------------------------------------------------------


def ort(env, hidden, threads, single=False, whole=False):
    def read(document, _seconds, _peak):
        # the same net has to be wrong as often, whoever runs it; rounding may tip an image or two, and
        # more of them in whole numbers
        expected = env.errors(hidden, whole)
        if abs(document["errors"] - expected) > (10 if whole else 2):
            raise Failed(f"onnxruntime counts {document['errors']} errors, mnist-eval {expected}")
        if single:
            return {"microseconds": 1e6 * document["seconds"]}
        return {"images_per_second": document["images_per_second"]}

    def make(settings):
        command = [
            "node",
            os.path.join(HERE, "ort_infer.mjs"),
            "--modules",
            env.modules,
            "--data",
            env.data,
        ]
        if whole:
            command += ["--bytes", "--model", env.whole_onnx(hidden, settings["pixels"] == 8)]
        else:
            command += ["--model", env.onnx(hidden)]
        command += ["--single"] if single else []
        for flag in ("threads", "batch", "spinning"):
            if flag in settings:
                command += ["--" + flag, str(settings[flag])]
        return Run(command, {}, read)

    start = {"threads": threads[0], "spinning": 1, **({} if single else {"batch": 10000})}
    if whole:
        start["pixels"] = 7  # bits, as the project has it
    counts = [{"threads": n} for n in threads]
    sizes = [] if single else [{"batch": n} for n in (64, 250, 1000, 2500)]
    forms = [{"pixels": 8}] if whole else []
    return Contender(
        "onnxruntime, int8" if whole else "onnxruntime",
        make,
        [counts, forms, sizes, [{"spinning": 0}] if len(threads) > 1 else []],
        start,
    )


# --- The rows -------------------------------------------------------------------------------------


def make_rows(env):
    """By name, each a function, so that only what is asked for is set up."""

    def train(key, hidden, batch, sklearn=False, isa=None):
        net = name_of(hidden)
        title = f"Training {net}, batch {batch}, fp32" + (f", {isa} only" if isa else "")
        counts = [0, *sorted({1, CPUS}, reverse=True)]  # 0: as many as are faster, the default
        ours = [project_train(env, hidden, batch, threads, isa) for threads in counts]
        peers = [torch_train(env, hidden, batch, avx2=isa == "avx2")]
        if isa:
            peers.append(torch_train(env, hidden, batch))
        if sklearn:
            peers.append(sklearn_train(env, hidden, batch))
        return Row(key, title, RATE, ours, peers)

    def infer(key, hidden, threads, whole=False):
        net = name_of(hidden)
        kind = "int8" if whole else "fp32"
        title = f"Inference, 10,000 images, {net}, {kind}, {count(threads, 'thread')}"
        row = f"{net}{' int8' if whole else ''}, 10000 images"
        ours = [
            bench_row(env, row, threads, "images_per_second"),
            evaluation(env, hidden, threads, whole),
        ]
        peer = ort(env, hidden, list(range(1, threads + 1)), whole=whole)
        return Row(key, title, RATE, ours, [peer])

    def single():
        ours = bench_row(env, "784-128-10, one image, median", 1, "microseconds")
        figures = [("microseconds", "microseconds", False)]
        return Row("single", "One image, 784-128-10", figures, [ours], [ort(env, "128", [1], True)])

    def cold():
        figures = [("seconds", "seconds", False), ("megabytes", "MB at the peak", False)]
        figures.append(("accuracy", "% of the test images right", True))
        return Row(
            "cold",
            "A cold process to 98 % test accuracy",
            figures,
            [project_cold(env)],
            [torch_cold(env)],
        )

    return {
        "train-128": lambda: train("train-128", "128", 64, sklearn=True),
        "train-512": lambda: train("train-512", "512,512", 128),
        "train-avx2": lambda: train("train-avx2", "256", 128, isa="avx2"),
        **{
            f"{key}-{hidden.partition(',')[0]}-{n}": functools.partial(
                infer, f"{key}-{hidden.partition(',')[0]}-{n}", hidden, n, key == "int8"
            )
            for key in ("infer", "int8")
            for hidden in ("128", "512,512")
            for n in sorted({1, CPUS})
        },
        "single": single,
        "cold": cold,
    }
