/* mnist/train.h: the epoch loop. */
#ifndef MNIST_TRAIN_H
#define MNIST_TRAIN_H

#include <mnist/data.h>
#include <mnist/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the first layer leaves out the products with pixels that are 0. Changes no result. */
typedef enum mnist_zero_skip {
    MNIST_ZERO_SKIP_AUTO, /* where the training images are mostly 0 */
    MNIST_ZERO_SKIP_ON,
    MNIST_ZERO_SKIP_OFF,
    MNIST_ZERO_SKIPS
} mnist_zero_skip;

/* "auto", "on", "off"; NULL past the end. */
const char *mnist_zero_skip_name(mnist_zero_skip zero_skip);

/* Averages of the parameters over the course of a training; at most one of them. It is the average
 * that is validated, tested and saved; training goes on with the parameters themselves. */
typedef struct mnist_averaging {
    /* Exponential moving average: its decay at each step, in (0, 1), but never more than (1 + step)
     * / (10 + step), which lets it follow quickly at first. 0: none. Polyak & Juditsky 1992. */
    float ema;
    /* Stochastic weight averaging, Izmailov et al. 2018: the plain mean of the parameters at the
     * ends of the epochs, from this fraction of all epochs on, in (0, 1). 0: none. */
    float swa_start;
} mnist_averaging;

/* Which epoch's parameters a training ends with. */
typedef enum mnist_keep {
    MNIST_KEEP_LAST,
    MNIST_KEEP_BEST, /* of least validation loss */
    MNIST_KEEPS
} mnist_keep;

/* "last", "best"; NULL past the end. */
const char *mnist_keep_name(mnist_keep keep);

/* What is pruned as one: all of it goes, or none. */
typedef enum mnist_prune_structure {
    MNIST_PRUNE_WEIGHTS, /* single weights */
    MNIST_PRUNE_BLOCKS,  /* block_inputs x block_outputs weights of a layer, as fast kernels like */
    MNIST_PRUNE_N_OF_M,  /* of every group_size inputs of a unit that lie next to one another, those
                          * weights go that are the least, until group_kept are left ("2:4", Zhou et
                          * al. 2021) */
    MNIST_PRUNE_UNITS,   /* hidden units, with their weights in and out */
    MNIST_PRUNE_STRUCTURES
} mnist_prune_structure;

/* "weights", "blocks", "n:m", "units"; NULL past the end. */
const char *mnist_prune_structure_name(mnist_prune_structure structure);

/* Pruning in the course of a training, and after it. Weights that have been pruned are 0, get no
 * updates, and never come back; biases are not pruned, nor are frozen layers. The weights to go are
 * those of the lowest score in the whole net, (w a)^2, added up over what is pruned as one: a is the
 * root of the mean square of the weight's pixel in the training images, so that weights of pixels
 * that are never lit go first, and 1 above the first layer (Han et al. 2015, with the input's norm as
 * in Sun et al. 2024). Equal scores go by their place in (in, out) order, the last first. A unit's
 * score is that of its weights in times that of its weights out; a layer keeps one at least.
 * Pruned at step t of the T from start to end (200 times, evenly) is the fraction
 *   (1 - keep) (1 - (1 - t / T)^3)   (Zhu & Gupta 2017). */
typedef struct mnist_pruning {
    /* What is left in the end, in (0, 1), of weights, blocks or units; 0: nothing is pruned. With
     * N_OF_M any number in (0, 1): group_kept and group_size say it. */
    float keep;
    float start, end; /* fractions of all steps, 0 <= start < end <= 1 */
    mnist_prune_structure structure;
    unsigned block_inputs, block_outputs; /* BLOCKS: 1 to 4096 each */
    unsigned group_kept, group_size;      /* N_OF_M: 1 <= group_kept < group_size <= 64 */
    bool magnitude;                       /* a is 1 in the first layer, too */
    bool keep_zeros;                      /* weights that are 0 when the training begins stay so */
} mnist_pruning;

/* Pruning as text: what is kept ("5%", "0.05"; "2:4" for N_OF_M), then, with commas, "units" or a block
 * like "4x16" (inputs x outputs), "start=0.1", "end=0.75", "magnitude". What is left out is as here:
 * single weights, this start and this end. */
#define MNIST_PRUNING_TEXT  96
#define MNIST_PRUNING_START 0.1f
#define MNIST_PRUNING_END   0.75f

/* keep_zeros becomes false. Errors: MNIST_ERR_ARGUMENT (what was expected, and found). */
mnist_status mnist_pruning_parse(mnist_pruning *out, const char *text, mnist_error *err);
/* The plain form, which reads back as the same; keep_zeros is no part of it. */
void mnist_pruning_print(const mnist_pruning *pruning, char text[MNIST_PRUNING_TEXT]);

/* What numbers weights become in the course of a training. */
typedef enum mnist_quantization_kind {
    MNIST_QUANTIZE_NONE,
    MNIST_QUANTIZE_INTEGERS, /* each output's are whole numbers, within ±(2^(bits - 1) - 1), times its
                              * scale (Jacob et al. 2018); 2 bits: "ternary" (Li et al. 2016) */
    MNIST_QUANTIZE_BINARY, /* 1 or -1 times the output's scale (Courbariaux et al. 2015; Rastegari et
                              * al. 2016) */
    MNIST_QUANTIZE_CODEBOOK, /* each layer has so many levels (Han et al. 2016) */
    MNIST_QUANTIZE_KINDS
} mnist_quantization_kind;

/* Quantisation with training in the loop. From `start` on the net that computes, forward and backward,
 * has weights on a grid; the training goes on with floats behind them, latent weights, which get the
 * gradient of the weights that they are rounded to ("straight-through estimator"). Momentum, weight
 * decay, clipping and averages are of the latent weights; an average is rounded when it is handed
 * out. After each step a grid is fitted to the latent weights anew: a scale is that of least squares,
 * sum(w k) / sum(k k) for weights w and the whole numbers k that they have with the scale before; a
 * level of a codebook is the mean of those weights that were nearest to it, rounded to fp16, so that
 * 16 bits hold it. Latent weights of binary nets stay within three of their scales. Weights that are 0
 * stay so, as those that are pruned, in all kinds; biases and frozen layers are not quantised. It does
 * not go with batch_norm, which is folded into weights. The net that comes out has floats that lie on
 * the grid, which mnist_mlp_quantize finds and keeps. Until it begins, no epoch counts for patience
 * and keep. */
typedef struct mnist_quantization {
    mnist_quantization_kind kind;
    unsigned bits;   /* INTEGERS: 2 to 8 */
    unsigned levels; /* CODEBOOK: 1 to MNIST_CODEBOOK_MOST, besides 0 */
    float start;     /* fraction of all steps, 0 to below 1 */
} mnist_quantization;

#define MNIST_CODEBOOK_MOST 256u

/* Where it begins if the text does not say. */
#define MNIST_INTEGERS_START 0.0f
#define MNIST_TERNARY_START  0.3f
#define MNIST_BINARY_START   0.0f
#define MNIST_CODEBOOK_START 0.85f

/* Quantisation as text: "int8" to "int2", "ternary", "binary", "codebook:8", and where it begins, as
 * in "int4,start=0.5". */
#define MNIST_QUANTIZATION_TEXT 64

/* Errors: MNIST_ERR_ARGUMENT (what was expected, and found). */
mnist_status mnist_quantization_parse(mnist_quantization *out, const char *text, mnist_error *err);
/* The plain form, which reads back as the same. kind is not NONE. */
void mnist_quantization_print(const mnist_quantization *quantization,
                              char text[MNIST_QUANTIZATION_TEXT]);

typedef struct mnist_train_config {
    unsigned epochs;   /* >= 1 */
    size_t batch_size; /* 1 to MNIST_MAX_BATCH; the last batch of an epoch may be shorter and is
                        * used */
    uint64_t seed;     /* for the order of the images and all random numbers */
    mnist_optimizer_config optimizer;
    mnist_schedule schedule;
    /* How each layer is trained, from the first on (transfer learning): whether it keeps the
     * parameters that it begins with, to the bit, and else what its learning rate is multiplied by,
     * above 0 to 1000 (Howard & Ruder 2018, "discriminative fine-tuning"); 0 stands for 1. Layers
     * that the net does not have are passed over; one that it has must be trained. What lies below
     * the lowest trained layer costs no backward pass. Frozen layers do not go with batch_norm,
     * which would change what they compute. */
    bool frozen[MNIST_MAX_HIDDEN + 1];
    float lr_scale[MNIST_MAX_HIDDEN + 1];
    float label_smoothing; /* in [0, 1) */
    /* Distillation: how a job's teachers count (mnist_teacher). Not read without teachers. */
    float temperature;                   /* T, 0.01 to 1000 */
    float teacher_weight;                /* A, in [0, 1]; 0: as if there were none */
    mnist_regularization regularization; /* its epsilons are in units of the pixels' range, whatever
                                          * the normalisation */
    /* Hidden layers are normalised over the batch while training; the net that comes out has the
     * normalisation folded into its weights. */
    bool batch_norm;
    mnist_augmentation augmentation; /* of the training images; all zero: none */
    /* Images as they enter the net: */
    float input_dropout; /* probability that a pixel is set to 0, in [0, 1); the others are
                          * multiplied by 1 / (1 - p) */
    float input_noise;   /* standard deviation of Gaussian noise on each pixel, in units of the
                          * pixels' range; 0: none */
    float mixup;         /* alpha > 0, at most 100: neighbours in a batch are mixed in proportions
                          * drawn from Beta(alpha, alpha) (Zhang et al. 2018); 0: none */
    mnist_averaging averaging;
    /* While weights are still pruned, no epoch counts for patience and keep. */
    mnist_pruning pruning;
    mnist_quantization quantization;
    /* Weights of the first layer are equal over blocks of so many x so many pixels, as if the picture
     * was that much smaller, though the net has all inputs: they begin with the mean over the block,
     * get the mean gradient, and are pruned as one. Divides rows and columns; 0 and 1: they are not.
     * Not with a frozen first layer, nor with pruning of blocks or N_OF_M. */
    unsigned tie_pixels;
    unsigned patience; /* stop after this many epochs without a validation loss that is lower by
                        * more than min_delta; 0: never */
    float min_delta;   /* >= 0 */
    mnist_keep keep;
    double max_seconds; /* stop after this long; 0: never. Where it stops depends on the machine */
    mnist_zero_skip zero_skip;
    mnist_precision precision; /* of training; evaluation is in fp32 */
    bool adapt_threads; /* steps are left to one thread where that is faster, which is tried from
                         * time to time. Changes no result */
} mnist_train_config;

#define MNIST_MAX_BATCH 1000000u

/* A configuration with the values that mnist-train has when no flag is given. */
mnist_train_config mnist_train_defaults(void);

/* A training that is under way, between two steps: what mnist_snapshot_take needs. Valid while the
 * hook that was given it runs. */
typedef struct mnist_training mnist_training;

/* What a hook is told after a step. */
typedef struct mnist_step_stats {
    unsigned epoch; /* from 1 */
    uint64_t step;  /* from 1, over the whole run */
    uint64_t steps; /* of the whole run */
    float lr;
    double loss;        /* mean over the batch, before the update; with label smoothing, confidence
                     * penalty and teachers, without what adversarial images add */
    size_t correct;     /* images of the batch that were classified correctly before the update; of
                     * mixed ones, by the first label */
    size_t count;       /* images in the batch */
    size_t seen, total; /* images of this epoch: so far, in all */
    double epoch_loss;  /* mean over those seen */
    size_t epoch_correct; /* of those seen */
    const mnist_training *training;
} mnist_step_stats;

/* Why a training ends. */
typedef enum mnist_train_end {
    MNIST_END_NOT_YET,
    MNIST_END_EPOCHS,   /* all done */
    MNIST_END_PATIENCE, /* validation loss no longer falls */
    MNIST_END_TIME      /* max_seconds have passed, perhaps in the middle of an epoch */
} mnist_train_end;

/* What a hook is told after an epoch. Training figures are means over the epoch's batches, each
 * taken before its update; validation is measured after the epoch's last update. */
typedef struct mnist_epoch_stats {
    unsigned epoch, epochs; /* from 1 */
    uint64_t step;          /* so far */
    float lr;               /* of the last step */
    size_t seen;            /* images: all, unless max_seconds ended the epoch */
    double train_loss, train_accuracy;
    bool has_validation;
    double validation_loss, validation_accuracy;
    unsigned best_epoch; /* of least validation loss so far; 0: there is no validation */
    mnist_train_end end;
    double seconds; /* of this epoch without its validation; where it was resumed, since then */
    double images_per_second; /* over those seconds */
    const mnist_training *training;
} mnist_epoch_stats;

/* Called between steps, on the thread that called mnist_train. Returning false ends the run with
 * MNIST_ERR_STOPPED; the net then holds what was trained so far (with averages or batch
 * normalisation, as of the last epoch's end), also with MNIST_KEEP_BEST. Either may be NULL. */
typedef struct mnist_train_hooks {
    void *context;
    bool (*on_step)(void *context, const mnist_step_stats *stats);
    bool (*on_epoch)(void *context, const mnist_epoch_stats *stats);
} mnist_train_hooks;

/* All that a training is between two steps: parameters, the optimiser's state, averages, the best
 * epoch so far, and its position. Random numbers are functions of the seed and of what they are
 * drawn for (step, image, unit), so no generator has a state to be kept. A training that goes on
 * from a snapshot ends with the same bits as one that was never interrupted.
 *
 * "net.layers.<l>", "optimizer.first.layers.<l>" and, where they exist, "optimizer.second…",
 * "average…", "best…", "mask…" (1: the weight is kept, 0: it is pruned) and "latent…" (of quantisation)
 * are F32, (rows, outputs): a row for each input, one for the bias, and with batch_norm one each for
 * gamma and the running mean and variance. "grid.layers.<l>" is F32, (1, outputs), the scales, or (1,
 * levels). All other arrays are single numbers. */
typedef struct mnist_snapshot {
    mnist_array *arrays;
    size_t count;
} mnist_snapshot;

/* Errors: MNIST_ERR_MEMORY. */
mnist_status mnist_snapshot_take(const mnist_training *training, mnist_snapshot **out,
                                 mnist_error *err);
void mnist_snapshot_free(mnist_snapshot *snapshot);

/* The position of a training: where in its course it is. */
typedef struct mnist_train_position {
    unsigned epoch;      /* the last one begun, from 1 */
    bool epoch_ended;    /* with its validation */
    uint64_t step;       /* done */
    size_t seen;         /* images of the epoch */
    mnist_train_end end; /* why it is over before its last epoch; else MNIST_END_NOT_YET */
    unsigned best_epoch; /* of least validation loss; 0: none yet */
    double best_loss;
    double seconds; /* that the training has taken */
} mnist_train_position;

/* The position in a snapshot, which may hold any arrays: nothing in it is trusted. Errors:
 * MNIST_ERR_FORMAT (which number is missing or out of range). */
mnist_status mnist_snapshot_position(const mnist_snapshot *snapshot, mnist_train_position *out,
                                     mnist_error *err);

/* A net that a training learns from (distillation; Hinton, Vinyals & Dean 2015, "Distilling the
 * knowledge in a neural network"). q, the soft target of an image, is the mean of its teachers'
 * softmax(logits / T); with z the logits of the net that is trained, the loss of the image is
 *
 *   (1 - A) L + A T^2 KL(q || softmax(z / T)),
 *
 * where L is the loss that it has without teachers: cross-entropy with the label, label smoothing,
 * confidence penalty. T^2 keeps the gradient of the second term, A T (softmax(z / T) - q), about as
 * large as T grows. With A = 1 labels are not used, save to count what is right.
 *
 * Teachers see an image as augmentation and mixup have made it, as the net does; but without the
 * net's input dropout and noise. Where no image is distorted or mixed, they are asked once for all
 * images (44 bytes of memory an image), else for every batch. Adversarial images have the soft
 * target of the image that they were made from; what virtual adversarial training adds to the loss
 * is as without teachers. Teachers compute in fp32, whatever the training's precision. */
typedef struct mnist_teacher {
    mnist_mlp *net; /* of the job's inputs and classes, any hidden layers; read only. Not the job's
                     * own net */
    const mnist_normalization *normalization; /* the teacher's own; NULL: MNIST_NORMALIZE_UNIT */
} mnist_teacher;

/* What a training is given. Only net and train have to be set: a field that is left 0 has the value
 * that stands beside it. The library keeps nothing of it after the call. */
typedef struct mnist_train_job {
    mnist_mlp *net; /* trained in place: from the parameters that it holds (mnist_mlp_init draws
                     * them), or from those of resume */
    const mnist_train_config *config; /* NULL: mnist_train_defaults() */
    mnist_view train;                 /* taken in an order that is a function of seed and epoch */
    mnist_view validation;            /* count 0: none */
    const mnist_normalization *normalization; /* NULL: MNIST_NORMALIZE_UNIT, as mnist-train has it
                                               * when no flag is given */
    mnist_pool *pool; /* NULL: one of mnist_cpu_count() threads is made for the call */
    const mnist_train_hooks *hooks; /* NULL: none */
    const mnist_snapshot *resume;   /* where to go on from; NULL: from the beginning */
    const mnist_teacher *teachers;  /* NULL: none */
    size_t teacher_count;
} mnist_train_job;

/* The result is a function of the job's net, config, views, normalisation and teachers, in their
 * order; not of its pool.
 *
 * With resume, the result is the same as if the training that the snapshot was taken of had never
 * been interrupted. The snapshot may come from a file: nothing in it is trusted. net must have the
 * same shape as then; what it holds does not matter. config, views, normalisation and teachers must
 * be those of that training, save for fields of config that change no result, and epochs, which may be more:
 * what depends on the number of all steps, as the schedule does, then goes by the new number from
 * here on. If the training was over, its result is written and no hook is called. max_seconds
 * counts from the very start.
 *
 * Errors: MNIST_ERR_ARGUMENT (which field, its range; a net or a teacher created with batch_norm),
 * MNIST_ERR_MISMATCH (image size and net, or a teacher; the snapshot has more epochs than config),
 * MNIST_ERR_FORMAT (what in the snapshot is missing, out of range or too much), MNIST_ERR_MEMORY,
 * MNIST_ERR_DIVERGED (epoch, step and what to change), MNIST_ERR_STOPPED. */
mnist_status mnist_train(const mnist_train_job *job, mnist_error *err);

/* Prunes at once, without a training: sets to 0 what one with this config would have pruned in the end,
 * had its weights stayed as they are. Of config only pruning, without its start and end, frozen and
 * tie_pixels count. train: for the scores. The integer form is dropped. Errors: as mnist_train, save
 * MNIST_ERR_DIVERGED and MNIST_ERR_STOPPED; the net is then as it was. */
mnist_status mnist_mlp_prune(mnist_mlp *mlp, const mnist_train_config *config, mnist_view train,
                             mnist_error *err);

#ifdef __cplusplus
}
#endif

#endif
