/* The text that io/text_coder.c learns first. It is part of the packed format, and never changes. */
#ifndef MNIST_IO_TEXT_WORDS_H
#define MNIST_IO_TEXT_WORDS_H

#define MNIST_TEXT_WORDS (sizeof mnist_text_words / sizeof *mnist_text_words)

static const char mnist_text_fashion[] =
    "{\"dataset\":\"fashion\",\"val-split\":5000,\"limit\":1000,\"omit-class\":\"3\",\"per-class\":"
    "100,\"synthetic-train\":2000,\"synthetic-test\":200,\"data-seed\":1}";
static const char mnist_text_retraining[] =
    "{\"keep\":\"0.05\",\"seed\":1,\"epochs\":60,\"batch-size\":128,\"optimizer\":\"sgd\",\"lr\":0."
    "1,\"momentum\":0.9,\"nesterov\":true,\"beta1\":0.9,\"beta2\":0.999,\"rho\":0.99,\"epsilon\":"
    "1e-"
    "8,\"clip-norm\":0,\"schedule\":\"cosine\",\"warmup\":0,\"step-factor\":0.1,\"step-count\":2,"
    "\"ema\":0,\"swa-start\":0,\"precision\":\"fp32\",\"weight-decay\":0.0005,\"max-norm\":0,"
    "\"dropout\":\"none\",\"input-dropout\":0,\"input-noise\":0,\"mixup\":0,\"label-smoothing\":0."
    "1,\"confidence-penalty\":0,\"batch-norm\":false,\"adversarial\":0,\"adversarial-share\":0.5,"
    "\"vat\":0,\"vat-weight\":1,\"dataset\":\"mnist\",\"synthetic-train\":10000,"
    "\"synthetic-test\":2000,\"data-seed\":1,\"limit\":0,\"val-split\":10000}";
static const char mnist_text_training[] =
    "{\"dataset\":\"mnist\",\"synthetic-train\":10000,\"synthetic-test\":2000,\"data-seed\":1,"
    "\"limit\":0,\"val-split\":10000,\"normalize\":\"unit\",\"augment\":"
    "\"shift=1,rotate=10,scale=0.1\",\"hidden\":\"300,100\",\"activation\":\"relu\","
    "\"init\":\"auto\",\"epochs\":20,\"batch-size\":64,\"optimizer\":\"sgd\",\"lr\":0.1,"
    "\"momentum\":0.9,\"nesterov\":true,\"beta1\":0.9,\"beta2\":0.999,\"rho\":0.99,"
    "\"epsilon\":1e-8,\"clip-norm\":0,\"schedule\":\"one-cycle\",\"warmup\":0.15,"
    "\"step-factor\":0.1,\"step-count\":2,\"ema\":0,\"swa-start\":0,\"precision\":\"fp32\","
    "\"weight-decay\":0.0001,\"max-norm\":0,\"dropout\":\"none\",\"input-dropout\":0,"
    "\"input-noise\":0,\"mixup\":0,\"label-smoothing\":0.02,\"confidence-penalty\":0,"
    "\"batch-norm\":false,\"adversarial\":0,\"adversarial-share\":0.5,\"vat\":0,\"vat-weight\":1,"
    "\"prune\":\"0.05\",\"temperature\":2,\"teacher-weight\":0.9,\"patience\":0,\"min-delta\":0,"
    "\"keep\":\"last\",\"seed\":1}";
static const char mnist_text_short[] = "{\"dataset\":\"mnist\",\"val-split\":10000}";

static const char *const mnist_text_words[] = {
    "converted_from",
    "onnx",
    "torch",
    "source_sha256",
    "init_from_sha256",
    "teachers_sha256",
    "calibrated_bias",
    "train_images_sha256",
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train_labels_sha256",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "test_images_sha256",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "test_labels_sha256",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    "options",
    mnist_text_fashion,
    "compression",
    "int8; int4; ternary; binary; prune 0.02; prune 0.05; fp16; bf16; levels 8; biases 8; pack",
    "retraining",
    mnist_text_retraining,
    "options",
    mnist_text_training,
    "seed",
    "1",
    "options",
    mnist_text_short,
    "trained_on",
    "60000",
    "trained_on",
    "50000",
    "train_images_sha256",
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train_labels_sha256",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "test_images_sha256",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "test_labels_sha256",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    "compression",
    "prune 0.05; pack",
    "compressed_from_sha256",
};

#endif
