/* mnist/mnist.h: the whole public API of libmnist. */
#ifndef MNIST_MNIST_H
#define MNIST_MNIST_H

#include <mnist/base.h>
#include <mnist/bench.h>
#include <mnist/compress.h>
#include <mnist/convert.h>
#include <mnist/data.h>
#include <mnist/eval.h>
#include <mnist/export.h>
#include <mnist/image.h>
#include <mnist/import.h>
#include <mnist/integers.h>
#include <mnist/io.h>
#include <mnist/kernels.h>
#include <mnist/labels.h>
#include <mnist/metrics.h>
#include <mnist/nn.h>
#include <mnist/report.h>
#include <mnist/score.h>
#include <mnist/sparse.h>
#include <mnist/steps.h>
#include <mnist/train.h>

#endif
