/* The team of workers, as other rooms use it. */
#ifndef MNIST_BASE_POOL_H
#define MNIST_BASE_POOL_H

#include <mnist/base.h>

/* Which worker of a team a task runs as: it tells the task's part of the work. */
typedef struct mnist_worker {
    mnist_pool *pool;
    unsigned index; /* from 0: the calling thread */
    unsigned count;
} mnist_worker;

typedef void (*mnist_pool_task)(void *argument, mnist_worker worker);

/* Runs task on every worker, the calling thread as worker 0, and returns when all have ended. Not
 * to be called from within a task. */
void mnist_pool_run(mnist_pool *pool, mnist_pool_task task, void *argument);

/* Runs task on the calling thread alone, as the only worker: for work too small to share. */
static inline void mnist_pool_run_alone(mnist_pool *pool, mnist_pool_task task, void *argument)
{
    task(argument, (mnist_worker){pool, 0, 1});
}

/* Inside a task: waits until every worker has come here. What was written before it is seen by all
 * after it. */
void mnist_pool_barrier(mnist_worker worker);

/* Worker's share [*first, *end) of total equal pieces: contiguous, in order, sizes differ by at
 * most one. */
static inline void mnist_worker_share(mnist_worker worker, size_t total, size_t *first, size_t *end)
{
    size_t quotient = total / worker.count, rest = total % worker.count;
    *first = quotient * worker.index + (worker.index < rest ? worker.index : rest);
    *end = *first + quotient + (worker.index < rest ? 1 : 0);
}

#endif
