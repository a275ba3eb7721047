"""Trains an MNIST net with scikit-learn's MLPClassifier; prints JSON. --help lists the flags.

fit() does more than train: it checks the data and encodes the labels. Only its epochs are timed, so
that none of this counts against it.
"""

import argparse
import json
import statistics
import time
import warnings

import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from idx import load_images, load_labels

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", required=True, help="folder of the four IDX files")
parser.add_argument("--hidden", default="128", help="widths of the hidden layers: 128 or 512,512")
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--epochs", type=int, default=3, help="measure so many, after a first one")
parser.add_argument("--images", type=int, help="an epoch is only so many images")
args = parser.parse_args()

warnings.simplefilter("ignore", ConvergenceWarning)
images = load_images(args.data, "train")[: args.images]
labels = load_labels(args.data, "train")[: args.images]


class TimedClassifier(MLPClassifier):
    """Notes when an epoch is over, where the classifier looks whether it still learns."""

    def _update_no_improvement_count(self, *arguments):
        epoch_ends.append(time.perf_counter())
        return super()._update_no_improvement_count(*arguments)


epoch_ends = []
model = TimedClassifier(
    hidden_layer_sizes=tuple(int(width) for width in args.hidden.split(",")),
    solver="sgd",
    batch_size=args.batch,
    learning_rate_init=0.05,
    momentum=0.9,
    nesterovs_momentum=False,
    alpha=0.0,
    max_iter=1 + args.epochs,
    tol=0.0,
    n_iter_no_change=1 + args.epochs,
    random_state=1,
)
model.fit(images, labels)
seconds = [end - start for start, end in zip(epoch_ends, epoch_ends[1:])]
result = {
    "version": sklearn.__version__,
    "images_per_second": len(images) / statistics.median(seconds),
    "epochs": len(seconds),
}
print(json.dumps(result))
