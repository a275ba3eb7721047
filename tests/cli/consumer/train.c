/* Trains a net on the MNIST files in data/mnist, tests it, saves it. A failing call fills err. */
#include <mnist/mnist.h>
#include <stdio.h>

int main(void)
{
    mnist_mlp_config shape = {.inputs = 784, .outputs = 10, .hidden_count = 1, .hidden = {128}};
    mnist_dataset *train, *test;
    mnist_mlp *net;
    mnist_evaluation tested;
    mnist_error err;
    if (mnist_dataset_load_dir(&train, "data/mnist", MNIST_IDX_TRAIN, &err) ||
        mnist_dataset_load_dir(&test, "data/mnist", MNIST_IDX_TEST, &err) ||
        mnist_mlp_create_drawn(&net, &shape, MNIST_INIT_AUTO, 1, &err) ||
        mnist_train(&(mnist_train_job){.net = net, .train = mnist_dataset_view(train)}, &err) ||
        mnist_evaluate(net, mnist_dataset_view(test), NULL, NULL, &tested, &err) ||
        mnist_model_save("mnist.safetensors", net, NULL, NULL, 0, NULL, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("test_acc=%g\n", tested.accuracy);
    mnist_mlp_free(net);
    mnist_dataset_free(test);
    mnist_dataset_free(train);
}
