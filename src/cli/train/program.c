/* mnist-train for the option engine: its texts, and its functions that check settings. They stand
 * apart from settings.c because adopt is in resume.c, which uses settings. */
#include "cli/shared/option_parts.h"
#include "cli/train/initial.h"
#include "cli/train/recipes.h"
#include "cli/train/resume.h"
#include "cli/train/settings.h"

static const mnist_example train_examples[] = {
    {"mnist-train -o mnist.safetensors", "train on MNIST with the defaults and keep the model"},
    {"mnist-train --dataset synthetic", "no download: built-in digits"},
    {"mnist-train --hidden 128 --epochs 10 --json | jq .test.accuracy",
     "the accuracy alone, for a script"},
    {"mnist-train --checkpoint run.ckpt; mnist-train --resume run.ckpt",
     "what was interrupted goes on"},
    {"mnist-train --report run.html", "a page with curves, errors and a pad to draw digits on"},
    {"mnist-train --min-accuracy 97%", "a gate for CI: exit code 3 if it is missed"},
    {"mnist-train --tune 60 >best.json; mnist-train --config best.json",
     "a minute's search for good settings"},
    {"mnist-train --lr 0.05 --print-config >exp.json; mnist-train --config exp.json",
     "an experiment in a file"},
};

static const mnist_exit_text train_exits[] = {
    {MNIST_EXIT_OK, "all went well"},
    {MNIST_EXIT_FAILURE, "something could not be read, written or done"},
    {MNIST_EXIT_USAGE, "bad command line or config file"},
    {MNIST_EXIT_GATE, "--min-accuracy or --max-loss was missed"},
    {MNIST_EXIT_DIVERGED, "training diverged"},
    {MNIST_EXIT_SIGHUP, "the terminal hung up (SIGHUP)"},
    {MNIST_EXIT_SIGINT, "interrupted (SIGINT)"},
    {MNIST_EXIT_SIGTERM, "terminated (SIGTERM)"},
};

static const mnist_named_text train_environment[] = {
    DATA_ENVIRONMENT, ISA_ENVIRONMENT, TERMINAL_ENVIRONMENT, VIEW_ENVIRONMENT, {NULL, NULL},
};

static void set_defaults(void *settings)
{
    *(mnist_train_settings *)settings = mnist_train_settings_defaults();
}

/* A checkpoint holds all settings, and the weights; else a model may have some of them. */
static bool adopt(void *settings, mnist_parsed *parsed, mnist_error *err)
{
    const mnist_train_settings *s = settings;
    if (s->resume && s->init_from) {
        return mnist_options_fail(err, "--init-from and --resume exclude each other: a checkpoint "
                                       "holds the weights that it goes on from");
    }
    return s->resume ? mnist_resume_adopt(settings, parsed, err)
                     : mnist_initial_adopt(settings, parsed, err);
}

const mnist_program mnist_train_program = {
    .name = "mnist-train",
    .summary = "train multi-layer perceptrons on MNIST",
    .description = "Trains a multi-layer perceptron on MNIST, or on data of its shape, measures it "
                   "on the test images, prints the result on stdout and, if asked to, saves the "
                   "model. The same options give the same model, bit for bit, on every machine.",
    .settings_size = sizeof(mnist_train_settings),
    .defaults = set_defaults,
    .sections = mnist_train_sections,
    .section_count = MNIST_TRAIN_SECTIONS,
    .recipes = mnist_train_recipes,
    .examples = train_examples,
    .example_count = LENGTH(train_examples),
    .exits = train_exits,
    .exit_count = LENGTH(train_exits),
    .environment = train_environment,
    .files = mnist_data_files,
    .settle = mnist_train_settle,
    .validate = mnist_train_validate,
    .adopt = adopt,
};
