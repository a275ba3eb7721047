/* Trains a small net on synthetic digits and prints its test accuracy. */
#include <mnist/mnist.h>
#include <stdio.h>

int main(void)
{
    mnist_error err;
    mnist_pool *pool = NULL;
    mnist_dataset *train = NULL, *test = NULL;
    mnist_mlp *mlp = NULL;
    const mnist_mlp_config shape = {
        .inputs = 784, .outputs = 10, .hidden_count = 1, .hidden = {32}};
    mnist_train_config config = mnist_train_defaults();
    mnist_evaluation result;
    config.epochs = 2;
    bool ok = mnist_pool_create(&pool, 2, &err) == MNIST_OK &&
              mnist_dataset_create_synthetic(&train, 0, 4000, 1, &err) == MNIST_OK &&
              mnist_dataset_create_synthetic(&test, 4000, 1000, 1, &err) == MNIST_OK &&
              mnist_mlp_create_drawn(&mlp, &shape, MNIST_INIT_AUTO, 1, &err) == MNIST_OK;
    if (ok) {
        const mnist_train_job job = {
            .net = mlp, .config = &config, .train = mnist_dataset_view(train), .pool = pool};
        ok = mnist_train(&job, &err) == MNIST_OK &&
             mnist_evaluate(mlp, mnist_dataset_view(test), NULL, pool, &result, &err) == MNIST_OK;
    }
    if (ok) {
        printf("libmnist %s test_acc=%.4f n=%zu\n", mnist_version(), result.accuracy, result.count);
    } else {
        fprintf(stderr, "consumer: %s\n", err.text);
    }
    mnist_mlp_free(mlp);
    mnist_dataset_free(test);
    mnist_dataset_free(train);
    mnist_pool_free(pool);
    return ok ? 0 : 1;
}
