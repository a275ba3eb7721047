/* The runs that are made with failing calls: the programs in their various ways, on the smallest
 * data that reach all code. */
#define _POSIX_C_SOURCE 200809L
#include "mains.h"
#include "sweep.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define TRAIN    .program = "mnist-train", .main = mnist_train_main
#define EVAL     .program = "mnist-eval", .main = mnist_eval_main
#define PREDICT  .program = "mnist-predict", .main = mnist_predict_main
#define BENCH    .program = "mnist-bench", .main = mnist_bench_main
#define CONVERT  .program = "mnist-convert", .main = mnist_convert_main
#define COMPRESS .program = "mnist-compress", .main = mnist_compress_main
#define SCORE    .program = "mnist-score", .main = mnist_score_main
#define DATA     .program = "mnist-data", .main = mnist_data_main

/* A training of 8 steps that writes all that there is. */
#define SMALL                                                                                      \
    "--data-dir", "../base", "--hidden", "5", "--batch-size", "8", "--val-split", "8", "--quiet"
#define KEPT                                                                                       \
    "--json", "--output", "m.st", "--log", "l.csv", "--log-every", "1", "--checkpoint", "c.ckpt",  \
        "--checkpoint-every", "3steps"
#define DRAWN                                                                                      \
    "--dataset", "synthetic", "--synthetic-train", "60", "--synthetic-test", "20", "--quiet"

const scenario scenarios[] = {
    {TRAIN, .name = "train", .words = {SMALL, KEPT, "--threads", "1", "--epochs", "2"},
     .older = {"older.st=m.st"},
     .outputs = {{"m.st", FILE_WHOLE}, {"l.csv", FILE_GROWING}, {"c.ckpt", FILE_CHECKPOINT}},
     .log = "l.csv", .model = "m.st"},
    {TRAIN, .name = "resume",
     .words = {"--resume", "c.ckpt", "--epochs", "2", "--threads", "1", "--json", "--quiet"},
     .given = {"c.ckpt", "l.csv"}, .older = {"older.st=m.st"},
     .outputs = {{"m.st", FILE_WHOLE}, {"l.csv", FILE_GROWING}, {"c.ckpt", FILE_CHECKPOINT}},
     .log = "l.csv", .model = "m.st"},
    {TRAIN, .name = "methods",
     .words = {DRAWN,
               "--hidden",
               "6,5",
               "--epochs",
               "2",
               "--batch-size",
               "10",
               "--ensemble",
               "2",
               "--augment",
               "light,elastic=34:4,thickness=0.3",
               "--batch-norm",
               "--keep",
               "best",
               "--dropout",
               "0.2",
               "--mixup",
               "0.2",
               "--optimizer",
               "adam",
               "--clip-norm",
               "1",
               "--output",
               "m{seed}.st",
               "--log",
               "l.jsonl",
               "--val-split",
               "10"},
     .outputs = {{"m1.st", FILE_WHOLE}, {"m2.st", FILE_WHOLE}, {"l.jsonl", FILE_GROWING}}},
    {TRAIN, .name = "runs",
     .words = {DRAWN, "--threads", "1", "--hidden", "none", "--epochs", "1", "--runs", "2",
               "--json", "--adversarial", "0.1", "--ema", "0.9", "--precision", "bf16"}},
    {TRAIN, .name = "threads", .words = {SMALL, "--threads", "3", "--epochs", "1"}},
    {TRAIN, .name = "fewer-threads", .words = {SMALL, "--epochs", "1"}},
    {TRAIN, .name = "plan", .words = {SMALL, "--dry-run", "--json", "--output", "m.st"}},
    {TRAIN, .name = "config", .words = {"--config", "config.json", "--print-config"},
     .given = {"config.json"}, .config = true},
    {TRAIN, .name = "help", .words = {"--help"}},
    {TRAIN, .name = "csv",
     .words = {"--train-images", "../base/train.csv.gz", "--test-images", "../base/train.csv.gz",
               "--hidden", "5", "--epochs", "1", "--threads", "1", "--quiet"}},
    {TRAIN, .name = "folder",
     .words = {"--data-dir", "../base/classes", "--as-is", "--hidden", "5", "--epochs", "1",
               "--threads", "1", "--quiet"}},
    {TRAIN, .name = "recipes", .words = {"--recipe", "list"}},
    {TRAIN, .name = "preview", .words = {SMALL, "--preview", "p.png", "--augment", "simard"},
     .older = {"l.csv=p.png"}, .outputs = {{"p.png", FILE_WHOLE}}},
    {TRAIN, .name = "tune-plan",
     .words = {SMALL, "--threads", "1", "--tune", "1", "--dry-run", "--json"}},
    {TRAIN, .name = "tune",
     .words = {SMALL, "--tune", "0.2", "--epochs", "1", "--json", "--threads", "1"},
     .clocked = true},
    {TRAIN, .name = "tune-file",
     .words = {SMALL, "--tune", "0.2", "--epochs", "1", "--output", "best.json", "--threads", "1"},
     .clocked = true},
    {EVAL, .name = "eval", .words = {"m.st", "--data-dir", "../base", "--json", "--confusion"},
     .given = {"m.st"}},
    {EVAL, .name = "eval-several",
     .words = {"m.st", "older.st", "--data-dir", "../base", "--confusion", "--tta", "2",
               "--augment", "shift=1"},
     .given = {"m.st", "older.st"}},
    {EVAL, .name = "eval-all",
     .words = {"m.st", "--data-dir", "../base", "--json", "--metrics", "--predictions", "p.csv"},
     .given = {"m.st"}, .outputs = {{"p.csv", FILE_WHOLE}}},
    {PREDICT, .name = "predict", .words = {"m.st", "../base/t10k-images-idx3-ubyte"},
     .given = {"m.st"}},
    {PREDICT, .name = "predict-json", .words = {"m.st", "../base/t10k-images-idx3-ubyte", "--json"},
     .given = {"m.st"}},
    {PREDICT, .name = "predict-image",
     .words = {"m.st", "digit.pgm", "digit.ppm", "-", "--center", "mass", "--prob"},
     .in = "digit.pgm", .given = {"m.st", "digit.pgm", "digit.ppm"}},
    {PREDICT, .name = "predict-line", .words = {"m.st", "line.png", "--line", "--json"},
     .given = {"m.st", "line.png"}},
    {EVAL, .name = "eval-baseline",
     .words = {"m.st", "--data-dir", "../base", "--threads", "1", "--baseline", "older.json"},
     .given = {"m.st", "older.json"}},
    /* two measurements, of a committee, and its temperature */
    {EVAL, .name = "eval-temperature",
     .words = {"m.st", "older.st", "--data-dir", "../base", "--threads", "1", "--temperature",
               "fit", "--val-split", "5", "--json"},
     .given = {"m.st", "older.st"}},
    /* everything that a model states of its data and images is taken over */
    {EVAL, .name = "eval-adopted", .words = {"drawn.st", "--threads", "1", "--tta", "2", "--json"},
     .given = {"drawn.st"}},
    {EVAL, .name = "eval-report",
     .words = {"m.st", "--data-dir", "../base", "--threads", "1", "--report", "r.html", "--log",
               "l.csv"},
     .given = {"m.st", "l.csv"}, .older = {"l.csv=r.html"}, .outputs = {{"r.html", FILE_PAGE}}},
    {EVAL, .name = "eval-report-json",
     .words = {"m.st", "--data-dir", "../base", "--threads", "1", "--report", "r.html", "--log",
               "l.jsonl"},
     .given = {"m.st", "l.jsonl"}, .older = {"l.csv=r.html"}, .outputs = {{"r.html", FILE_PAGE}}},
    {TRAIN, .name = "report",
     .words = {DRAWN, "--threads", "1", "--hidden", "4", "--epochs", "2", "--val-split", "10",
               "--report", "r.html", "--output", "m.st"},
     .older = {"l.csv=r.html"}, .outputs = {{"r.html", FILE_PAGE}, {"m.st", FILE_WHOLE}}},
    /* soft targets for every batch; and for all images, with the bias calibrated */
    {TRAIN, .name = "taught",
     .words = {SMALL, "--threads", "1", "--epochs", "1", "--augment", "shift=1", "--teacher",
               "m.st,older.st", "--output", "p.st"},
     .given = {"m.st", "older.st"}, .older = {"older.st=p.st"}, .outputs = {{"p.st", FILE_WHOLE}}},
    {TRAIN, .name = "taught-once",
     .words = {SMALL, "--threads", "1", "--epochs", "1", "--teacher", "m.st", "--omit-class", "3",
               "--calibrate-bias", "--json", "--output", "p.st"},
     .given = {"m.st"}, .outputs = {{"p.st", FILE_WHOLE}}},
    {TRAIN, .name = "transfer",
     .words = {SMALL, "--threads", "1", "--epochs", "1", "--init-from", "m.st", "--fresh-last",
               "--per-class", "2", "--prune", "20%", "--quantize", "codebook:4", "--output",
               "p.st"},
     .given = {"m.st"}, .older = {"older.st=p.st"}, .outputs = {{"p.st", FILE_WHOLE}}},
    {TRAIN, .name = "steps",
     .words = {DRAWN, "--hidden", "5", "--epochs", "1", "--max-pixel", "200", "--invert",
               "--transpose", "--threads", "1", "--json", "--output", "s.st"},
     .outputs = {{"s.st", FILE_WHOLE}}},
    {COMPRESS, .name = "compress-quantize",
     .words = {"quantize", "m.st", "--data-dir", "../base", "--test", "--threads", "1", "--json",
               "--output", "q.st"},
     .given = {"m.st"}, .older = {"older.st=q.st"}, .outputs = {{"q.st", FILE_WHOLE}}},
    {COMPRESS, .name = "compress-quantize-trained",
     .words = {"quantize", "drawn.st", "--bits", "binary", "--epochs", "1", "--threads", "1",
               "--batch-size", "10", "--quiet", "--output", "q.st"},
     .given = {"drawn.st"}, .outputs = {{"q.st", FILE_WHOLE}}},
    {COMPRESS, .name = "compress-pack",
     .words = {"pack", "m.st", "--data-dir", "../base", "--test", "--threads", "1", "--levels", "4",
               "--json", "--output", "q.mlpk"},
     .given = {"m.st"}, .older = {"older.st=q.mlpk"}, .outputs = {{"q.mlpk", FILE_WHOLE}}},
    {COMPRESS, .name = "compress-packed",
     .words = {"pack", "m.mlpk", "--data-dir", "../base", "--threads", "1", "--dry-run"},
     .given = {"m.mlpk"}},
    {COMPRESS, .name = "compress-prune",
     .words = {"prune", "drawn.st", "--keep", "40%,units", "--epochs", "1", "--threads", "1",
               "--batch-size", "10", "--quiet", "--output", "q.st"},
     .given = {"drawn.st"}, .outputs = {{"q.st", FILE_WHOLE}}},
    {COMPRESS, .name = "compress-rewind",
     .words = {"prune", "drawn.st", "--keep", "5%", "--rewind", "drawn.st", "--teacher",
               "drawn.st,drawn.st", "--epochs", "1", "--threads", "1", "--batch-size", "10",
               "--quiet", "--output", "q.st"},
     .given = {"drawn.st"}, .outputs = {{"q.st", FILE_WHOLE}}},
    {COMPRESS, .name = "compress-auto",
     .words = {"auto", "drawn.st", "--max-bytes", "700", "--epochs", "1", "--tries", "1",
               "--codebooks", "2", "--threads", "1", "--batch-size", "10", "--json", "--output",
               "q.mlpk"},
     .given = {"drawn.st"}, .older = {"older.st=q.mlpk"}, .outputs = {{"q.mlpk", FILE_WHOLE}}},
    {COMPRESS, .name = "compress-sweep",
     .words = {"sweep", "drawn.st", "--keep", "50%,20%", "--codebooks", "2", "--epochs", "1",
               "--threads", "1", "--batch-size", "10", "--quiet", "--output", ".", "--report",
               "r.html"},
     .given = {"drawn.st"},
     .outputs = {{"0.5-2.mlpk", FILE_WHOLE}, {"0.2-2.mlpk", FILE_WHOLE}, {"r.html", FILE_WHOLE}}},
    {CONVERT, .name = "convert",
     .words = {"m.st", "n.pt.st", "--to", "torch", "--verify", "--vectors", "2", "--data-dir",
               "../base", "--json"},
     .given = {"m.st"}, .older = {"older.st=n.pt.st"},
     .outputs = {{"n.pt.st", FILE_WHOLE}, {"n.pt.st.vectors.json", FILE_WHOLE}}},
    {CONVERT, .name = "convert-foreign",
     .words = {"m.pt.st", "n.st", "--to", "native", "--layers", "0,2", "--input-order", "columns",
               "--normalize", "0.1:0.3"},
     .given = {"m.pt.st"}, .older = {"older.st=n.st"}, .outputs = {{"n.st", FILE_WHOLE}}},
    {CONVERT, .name = "convert-c", .words = {"m.st", "n.c"}, .given = {"m.st"},
     .outputs = {{"n.c", FILE_WHOLE}, {"n.h", FILE_WHOLE}}},
    {CONVERT, .name = "convert-c-integers", .words = {"whole.st", "n.c"}, .given = {"whole.st"},
     .outputs = {{"n.c", FILE_WHOLE}, {"n.h", FILE_WHOLE}}},
    {CONVERT, .name = "convert-html",
     .words = {"drawn.st", "n.html", "--verify", "--dataset", "synthetic", "--synthetic-test", "5"},
     .given = {"drawn.st"}, .older = {"l.csv=n.html"}, .outputs = {{"n.html", FILE_WHOLE}}},
#ifdef TEST_ZIP
    {CONVERT, .name = "convert-npz",
     .words = {"m.st", "n.npz", "--vectors", "2", "--data-dir", "../base"}, .given = {"m.st"},
     .older = {"m.npz=n.npz"},
     .outputs = {{"n.npz", FILE_WHOLE}, {"n.npz.vectors.npz", FILE_WHOLE}}},
    {CONVERT, .name = "convert-from-npz", .words = {"m.npz", "n.safetensors", "-v"},
     .given = {"m.npz"}, .outputs = {{"n.safetensors", FILE_WHOLE}}},
#endif
    {CONVERT, .name = "convert-gguf", .words = {"m.st", "n.gguf"}, .given = {"m.st"},
     .older = {"m.gguf=n.gguf"}, .outputs = {{"n.gguf", FILE_WHOLE}}},
    {CONVERT, .name = "convert-from-gguf", .words = {"m.gguf", "n.safetensors"},
     .given = {"m.gguf"}, .outputs = {{"n.safetensors", FILE_WHOLE}}},
#ifdef TEST_ONNX
    {CONVERT, .name = "convert-onnx", .words = {"m.st", "n.onnx"}, .given = {"m.st"},
     .older = {"m.onnx=n.onnx"}, .outputs = {{"n.onnx", FILE_WHOLE}}},
    {CONVERT, .name = "convert-from-onnx", .words = {"m.onnx", "n.safetensors"},
     .given = {"m.onnx"}, .outputs = {{"n.safetensors", FILE_WHOLE}}},
    {CONVERT, .name = "convert-whole-onnx", .words = {"whole.st", "n.onnx"}, .given = {"whole.st"},
     .older = {"m.onnx=n.onnx"}, .outputs = {{"n.onnx", FILE_WHOLE}}},
    {CONVERT, .name = "convert-from-whole-onnx", .words = {"whole.onnx", "n.safetensors"},
     .given = {"whole.onnx"}, .outputs = {{"n.safetensors", FILE_WHOLE}}},
#endif
    {SCORE, .name = "score", .words = {"refs.txt", "-", "--json", "--each", "--resamples", "40"},
     .in = "hyps.txt", .given = {"refs.txt", "hyps.txt"}},
    {SCORE, .name = "score-13a",
     .words = {"refs.txt", "hyps.txt", "refs.txt", "--tokenize", "13a", "--chrf-words", "2"},
     .given = {"refs.txt", "hyps.txt"}},
    {DATA, .name = "data-info", .words = {"info", "../base", "--json"}},
    {DATA, .name = "data-show", .words = {"info", "../base/t10k-images-idx3-ubyte", "--show"}},
    {DATA, .name = "data-sheet", .words = {"sheet", "p.png", "--data-dir", "../base"},
     .older = {"l.csv=p.png"}, .outputs = {{"p.png", FILE_WHOLE}}},
    {DATA, .name = "data-npz", .words = {"convert", "n.npz", "--data-dir", "../base"},
     .older = {"l.csv=n.npz"}, .outputs = {{"n.npz", FILE_WHOLE}}},
    /* into the folder of the run, which is empty */
    {DATA, .name = "data-lines",
     .words = {"lines", ".", "-n", "2", "--digits", "1:3", "--data-dir", "../base"},
     .outputs = {{"1.png", FILE_WHOLE}, {"2.png", FILE_WHOLE}, {"refs.txt", FILE_WHOLE}}},
    {DATA, .name = "data-split", .words = {"split", ".", "--test", "20%", "--data-dir", "../base"},
     .outputs = {{"train-images-idx3-ubyte", FILE_WHOLE},
                 {"train-labels-idx1-ubyte", FILE_WHOLE},
                 {"t10k-images-idx3-ubyte", FILE_WHOLE},
                 {"t10k-labels-idx1-ubyte", FILE_WHOLE}}},
    {DATA, .name = "data-csv", .words = {"convert", "n.csv", "--data-dir", "../base"},
     .older = {"l.csv=n.csv"}, .outputs = {{"n.csv", FILE_WHOLE}}},
    {BENCH, .name = "bench-help", .words = {"--help"}},
    {.name = NULL},
};

/* 28 x 28: the elastic distortions of --augment are for such. */
enum { SIDE = 28, TRAINING = 40, TEST = 20 };

static void put32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static bool write_plain(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "w");
    bool good = file && fwrite(data, 1, size, file) == size;
    return file && fclose(file) == 0 && good;
}

static bool write_packed(const char *path, const void *data, size_t size)
{
    gzFile file = gzopen(path, "w");
    bool good = file && gzwrite(file, data, (unsigned)size) == (int)size;
    return file && gzclose(file) == Z_OK && good;
}

/* Image i is of class i modulo 10: a bright square of its own. Packed, or plain. */
static bool write_set(const char *images, const char *labels, uint32_t count, bool packed)
{
    const size_t image_size = 16 + (size_t)count * SIDE * SIDE, label_size = 8 + (size_t)count;
    uint8_t *pixels = calloc(image_size, 1), *classes = calloc(label_size, 1);
    bool good = pixels && classes;
    if (good) {
        put32(pixels, 0x803);
        put32(pixels + 4, count);
        put32(pixels + 8, SIDE);
        put32(pixels + 12, SIDE);
        put32(classes, 0x801);
        put32(classes + 4, count);
    }
    for (uint32_t i = 0; good && i < count; i++) {
        classes[8 + i] = (uint8_t)(i % 10);
        for (uint32_t y = 0; y < 6; y++) {
            uint8_t *row = pixels + 16 + ((size_t)i * SIDE + i % 10 / 5 * 12 + y + 2) * SIDE;
            memset(row + i % 5 * 5 + 1, (int)(200 + i), 5);
        }
    }
    good = good &&
           (packed ? write_packed(images, pixels, image_size)
                   : write_plain(images, pixels, image_size)) &&
           write_plain(labels, classes, label_size);
    free(pixels);
    free(classes);
    return good;
}

/* The same data set as text, packed, and as folders of pictures. None is read by libarchive, which ends the process, or
 * crashes, where some of its own allocations fail. */
static bool write_forms(void)
{
    static const char table[] = "3,0,255,0,9\n1,9,9,0,0\n2,0,0,0,255\n0,1,2,3,4\n";
    static const char *const folders[] = {"base/classes",         "base/classes/train",
                                          "base/classes/test",    "base/classes/train/1",
                                          "base/classes/train/2", "base/classes/test/1"};
    static const char *const pictures[] = {
        "base/classes/train/1/1.pgm", "base/classes/train/2/2.pgm", "base/classes/test/1/1.pgm"};
    static const char picture[] = "P5 2 2 255\n\0\xff\0\x7f";
    bool good = write_packed("base/train.csv.gz", table, sizeof table - 1);
    for (size_t i = 0; good && i < sizeof folders / sizeof folders[0]; i++) {
        good = mkdir(folders[i], 0700) == 0;
    }
    for (size_t i = 0; good && i < sizeof pictures / sizeof pictures[0]; i++) {
        good = write_plain(pictures[i], picture, sizeof picture - 1);
    }
    return good;
}

/* A grey digit and a coloured one, each a stroke that has to be found, cut out and moved. */
static bool write_pictures(void)
{
    enum { WIDTH = 40, HEIGHT = 30 };
    uint8_t grey[64 + WIDTH * HEIGHT], colour[64 + 3 * WIDTH * HEIGHT];
    const size_t heads[2] = {
        (size_t)snprintf((char *)grey, 64, "P5\n# a stroke\n%d %d\n255\n", WIDTH, HEIGHT),
        (size_t)snprintf((char *)colour, 64, "P6 %d %d 255\n", WIDTH, HEIGHT)};
    for (size_t i = 0; i < WIDTH * HEIGHT; i++) {
        const size_t x = i % WIDTH, y = i / WIDTH;
        const bool ink = x >= 12 && x < 16 && y >= 4 && y < 26;
        grey[heads[0] + i] = ink ? 20 : 240;
        memset(colour + heads[1] + 3 * i, ink ? 250 : 5, 3);
    }
    return write_plain("base/digit.pgm", grey, heads[0] + WIDTH * HEIGHT) &&
           write_plain("base/digit.ppm", colour, heads[1] + 3 * WIDTH * HEIGHT);
}

/* Makes the base files with the programs themselves; what they print goes into a file beside
 * each. */
static bool run_in_base(const scenario *program, const char *const *words, const char *out)
{
    const ending end = run_child(program, words, "base", NULL, out, "stderr");
    if (end.code != 0) {
        fprintf(stderr, "fault-sweep: %s for the base ended with %d; see base and stderr\n",
                program->program, end.code);
    }
    return end.code == 0;
}

bool make_base(void)
{
    static const scenario train = {TRAIN}, eval = {EVAL}, convert = {CONVERT};
    static const scenario compress = {COMPRESS};
    static const char *const older[] = {SMALL, "--epochs", "1",        "--seed",
                                        "7",   "--output", "older.st", NULL};
    static const char *const half[] = {SMALL, KEPT, "--epochs", "1", NULL};
    static const char *const logged[] = {SMALL, "--epochs", "1", "--log", "l.jsonl", NULL};
    static const char *const drawn[] = {
        DRAWN,       "--epochs",         "1",           "--hidden", "4", "--output", "drawn.st",
        "--augment", "shift=1,rotate=5", "--data-seed", "3",        NULL};
    static const char *const line[] = {DRAWN, "--preview", "line.png", NULL};
    static const char *const evaluated[] = {"older.st", "--data-dir", "../base", "--json", NULL};
    static const char *const foreign[] = {"m.st", "m.pt.st", "--to", "torch", NULL};
    static const char *const packed[] = {"pack", "m.st",     "--data-dir", "../base", "--levels",
                                         "3",    "--output", "m.mlpk",     NULL};
    static const char *const archive[] = {"m.st", "m.npz", NULL};
    static const char *const whole[] = {"quantize", "m.st",      "--data-dir",
                                        "../base",  "--threads", "1",
                                        "--output", "whole.st",  NULL};
    static const char *const keyed[] = {"m.st", "m.gguf", NULL};
#ifdef TEST_ONNX
    static const char *const graph[] = {"m.st", "m.onnx", NULL};
    static const char *const rounded[] = {"whole.st", "whole.onnx", NULL};
#else
    static const char *const *const graph = keyed;
    static const char *const *const rounded = keyed;
#endif
    static const char config[] = "{\"hidden\": [7, 5], \"lr\": 0.03, \"recipe\": \"simard\", "
                                 "\"output\": \"a name that is longer than sixteen letters\"}\n";
    static const char refs[] = "a.png\t12345\nb.png\tone, two\n";
    static const char hyps[] = "x/b.png\tone two\t0.5\nx/a.png\t12745\t0.5\n";
    return write_set("base/train-images-idx3-ubyte.gz", "base/train-labels-idx1-ubyte", TRAINING,
                     true) &&
           write_set("base/t10k-images-idx3-ubyte", "base/t10k-labels-idx1-ubyte", TEST, false) &&
           write_plain("base/config.json", config, sizeof config - 1) && write_pictures() &&
           write_forms() && write_plain("base/refs.txt", refs, sizeof refs - 1) &&
           write_plain("base/hyps.txt", hyps, sizeof hyps - 1) &&
           run_in_base(&train, older, "stdout") && run_in_base(&train, half, "stdout") &&
           run_in_base(&train, logged, "stdout") && run_in_base(&train, drawn, "stdout") &&
           run_in_base(&train, line, "stdout") && run_in_base(&convert, foreign, "stdout") &&
           run_in_base(&convert, archive, "stdout") && run_in_base(&convert, keyed, "stdout") &&
           run_in_base(&convert, graph, "stdout") && run_in_base(&compress, packed, "stdout") &&
           run_in_base(&compress, whole, "stdout") && run_in_base(&convert, rounded, "stdout") &&
           run_in_base(&eval, evaluated, "base/older.json");
}
