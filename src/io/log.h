/* What a log's writer and its reader agree on. Shared by io/log.c and io/log_read.c only. */
#ifndef MNIST_IO_LOG_H
#define MNIST_IO_LOG_H

/* The most bytes of a line, its line feed and a zero included: nine fields of at most 20 digits or
 * MNIST_NUMBER_TEXT bytes, and their names. */
#define MNIST_LOG_LINE 1024

/* The first line of CSV, without its line feed. */
#define MNIST_LOG_HEADER                                                                           \
    "kind,seed,epoch,step,lr,train_loss,train_accuracy,validation_loss,validation_accuracy"

#endif
