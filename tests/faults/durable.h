/* Keeps track of which files would survive a crash of the machine. faults.c tells it of calls that
 * have succeeded. It makes no call that is counted or can be made to fail, allocates nothing, and
 * leaves errno as it was. mnist_faults_undurable (faults.h) gives what it has found. */
#ifndef MNIST_TESTS_FAULTS_DURABLE_H
#define MNIST_TESTS_FAULTS_DURABLE_H

/* Starts anew: nothing has been written yet. */
void mnist_durable_begin(void);

/* The content of the open file was changed. Standard streams are ignored: they belong to whoever
 * started the program. */
void mnist_durable_written(int fd);

/* fsync was done on a file or a directory. */
void mnist_durable_synced(int fd);

/* A file was put in place under this name. */
void mnist_durable_renamed(const char *to);

/* The file of this name will be removed: it no longer needs to last, even if the removal fails. */
void mnist_durable_dropped(const char *path);

#endif
