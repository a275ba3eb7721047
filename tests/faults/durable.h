/* The account that faults.c keeps of what a machine that goes down would still have
 * afterwards. It is told of calls that have done what they should. It calls nothing that counts or
 * can be made to fail, allocates nothing, and leaves errno as it was. What it has found is asked
 * for by mnist_faults_undurable (faults.h).
 */
#ifndef MNIST_TESTS_FAULTS_DURABLE_H
#define MNIST_TESTS_FAULTS_DURABLE_H

/* Nothing has been written yet. */
void mnist_durable_begin(void);

/* The content of the open file has been changed. The standard streams are not looked at: they are
 * files of whoever has started the program. */
void mnist_durable_written(int fd);

/* fsync has been done on a file or a directory. */
void mnist_durable_synced(int fd);

/* Something now has this name. */
void mnist_durable_renamed(const char *to);

/* What has this name is to be removed: nobody needs it any more, even if that should fail. */
void mnist_durable_dropped(const char *path);

#endif
