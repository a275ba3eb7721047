/* mnist/nn.h: the multi-layer perceptron, its passes over a batch, optimiser and schedule.
 *
 * Layer l computes z = a W + b, a' = f(z), with W of shape (in, out); the last layer's z are the
 * logits. All parameters lie in one flat arena whose inner order is the library's own; the public
 * calls speak (in, out) row-major.
 */
#ifndef MNIST_NN_H
#define MNIST_NN_H

#include <mnist/kernels.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mnist_init {
    MNIST_INIT_AUTO,   /* as MNIST_ACTIVATION_LIST says; Xavier for nets without hidden layers */
    MNIST_INIT_HE,     /* uniform in ±sqrt(6 / in), He et al. 2015 */
    MNIST_INIT_XAVIER, /* uniform in ±sqrt(6 / (in + out)), Glorot & Bengio 2010 */
    MNIST_INITS
} mnist_init;

/* "auto", "he", "xavier"; NULL past the end. */
const char *mnist_init_name(mnist_init init);

#define MNIST_MAX_HIDDEN 16u
#define MNIST_MAX_WIDTH  65536u

typedef struct mnist_mlp_config {
    unsigned inputs;                   /* 1 to MNIST_MAX_WIDTH: rows * cols of the images */
    unsigned outputs;                  /* 1 to MNIST_MAX_WIDTH: the classes */
    unsigned hidden_count;             /* 0 (softmax regression) to MNIST_MAX_HIDDEN */
    unsigned hidden[MNIST_MAX_HIDDEN]; /* widths, each 1 to MNIST_MAX_WIDTH */
    mnist_activation activation;       /* of every hidden layer */
    /* Hidden layers normalise over the batch: f(gamma (z - mean) / sqrt(variance + 1e-5) + bias), z
     * = a W (Ioffe & Szegedy 2015). Only mnist_train makes such nets, for itself, where its
     * configuration says batch_norm: the net that it is given has none, and gets the result with
     * the normalisation folded into its weights. Other passes through such a net are not defined.
     */
    bool batch_norm;
} mnist_mlp_config;

typedef struct mnist_mlp mnist_mlp;

/* All parameters zero. Errors: MNIST_ERR_ARGUMENT (which field, its range), MNIST_ERR_MEMORY. */
mnist_status mnist_mlp_create(mnist_mlp **out, const mnist_mlp_config *config, mnist_error *err);
void mnist_mlp_free(mnist_mlp *mlp);

/* Weights drawn from seed; biases zero. A weight is a function of seed, layer and (in, out)
 * index. */
void mnist_mlp_init(mnist_mlp *mlp, mnist_init init, uint64_t seed);

/* mnist_mlp_create and mnist_mlp_init in one: a net that is ready to be trained. Errors: as
 * mnist_mlp_create. */
mnist_status mnist_mlp_create_drawn(mnist_mlp **out, const mnist_mlp_config *config,
                                    mnist_init init, uint64_t seed, mnist_error *err);

const mnist_mlp_config *mnist_mlp_shape(const mnist_mlp *mlp);

/* Number of trainable parameters. */
size_t mnist_mlp_parameters(const mnist_mlp *mlp);

/* Number of layers with parameters, hidden_count + 1; and the sizes of each. */
unsigned mnist_mlp_layers(const mnist_mlp *mlp);
unsigned mnist_mlp_layer_inputs(const mnist_mlp *mlp, unsigned layer);
unsigned mnist_mlp_layer_outputs(const mnist_mlp *mlp, unsigned layer);

/* Copies out or in: weights (in, out) row-major, bias (out). Either pointer may be NULL. */
void mnist_mlp_get_layer(const mnist_mlp *mlp, unsigned layer, float *weights, float *bias);
void mnist_mlp_set_layer(mnist_mlp *mlp, unsigned layer, const float *weights, const float *bias);

/* Memory for one batch's activations and gradients. Borrows the net and the pool. Once it is
 * created, its calls neither allocate nor fail. */
typedef struct mnist_pass mnist_pass;

/* capacity: the most images a call may be given, >= 1. Errors: MNIST_ERR_ARGUMENT,
 * MNIST_ERR_MEMORY. */
mnist_status mnist_pass_create(mnist_pass **out, mnist_mlp *mlp, mnist_pool *pool, size_t capacity,
                               mnist_error *err);
void mnist_pass_free(mnist_pass *pass);

/* logits (count, outputs) of x (count, inputs), both row-major. */
void mnist_pass_forward(mnist_pass *pass, const float *x, size_t count, float *logits);

/* Forward and backward. losses (count): each image's cross-entropy,
 *   -sum_c t_c log softmax(z)_c,  t = (1 - smoothing) onehot(label) + smoothing / outputs
 * (Szegedy et al. 2016). Afterwards mnist_pass_get_gradient gives d(mean loss)/d(parameters). */
void mnist_pass_gradient(mnist_pass *pass, const float *x, const uint8_t *labels, size_t count,
                         float smoothing, float *losses);
void mnist_pass_get_gradient(const mnist_pass *pass, unsigned layer, float *weights, float *bias);

/* The fields of mnist_optimizer_config that some optimisers read and others do not. */
enum mnist_optimizer_field {
    MNIST_USES_MOMENTUM = 1,
    MNIST_USES_NESTEROV = 2,
    MNIST_USES_BETA1 = 4,
    MNIST_USES_BETA2 = 8,
    MNIST_USES_RHO = 16,
    MNIST_USES_EPSILON = 32
};

/* The optimisers there are, and all that has to be known of each (src/nn/README.md says how to add
 * one):
 *   code      MNIST_<code>
 *   name      <name>_update in src/nn/optimizer.c is its rule
 *   text      what flags and settings call it
 *   states    how many numbers it keeps for each parameter, from update to update: 0 to 2
 *   lr        the peak learning rate where none is given
 *   adaptive  a step is about as long as the learning rate, whatever the gradient's scale
 *   uses      fields of mnist_optimizer_config that are its own
 * SGD: v = momentum v + g;  w -= lr v,  or Nesterov's  w -= lr (g + momentum v)  (Sutskever et al.
 * 2013, in the form that keeps lr out of v).
 * ADAM, Kingma & Ba 2015: m and v are moving averages of g and g^2, corrected for their start at 0;
 * w -= lr m / (sqrt v + epsilon).
 * ADAMW, Loshchilov & Hutter 2019: Adam, and w -= lr weight_decay w instead of a decay within g.
 * RMSPROP, Hinton 2012: v = rho v + (1 - rho) g^2;  w -= lr g / (sqrt v + epsilon). */
/* clang-format off */
#define MNIST_OPTIMIZER_LIST(X)                                                                    \
    X(SGD, sgd, "sgd", 1, 0.1f, false, MNIST_USES_MOMENTUM | MNIST_USES_NESTEROV)                  \
    X(ADAM, adam, "adam", 2, 0.001f, true,                                                         \
      MNIST_USES_BETA1 | MNIST_USES_BETA2 | MNIST_USES_EPSILON)                                    \
    X(ADAMW, adamw, "adamw", 2, 0.001f, true,                                                      \
      MNIST_USES_BETA1 | MNIST_USES_BETA2 | MNIST_USES_EPSILON)                                    \
    X(RMSPROP, rmsprop, "rmsprop", 2, 0.001f, true, MNIST_USES_RHO | MNIST_USES_EPSILON)
/* clang-format on */

typedef enum mnist_optimizer_kind {
#define MNIST_OPTIMIZER_ENUM(code, ...) MNIST_##code,
    MNIST_OPTIMIZER_LIST(MNIST_OPTIMIZER_ENUM)
#undef MNIST_OPTIMIZER_ENUM
        MNIST_OPTIMIZERS /* how many there are */
} mnist_optimizer_kind;

/* A line of the list. */
typedef struct mnist_optimizer_traits {
    const char *name;
    unsigned states;
    float lr;
    bool adaptive;
    unsigned uses; /* of mnist_optimizer_field, added up */
} mnist_optimizer_traits;

/* NULL past the end of the list. */
const mnist_optimizer_traits *mnist_optimizer_describe(mnist_optimizer_kind kind);

/* Its text in the list, like "sgd"; NULL past the end. */
const char *mnist_optimizer_name(mnist_optimizer_kind kind);

/* g is the gradient of the mean loss, clipped to clip_norm in L2 norm over all parameters; weights
 * (not biases) are decayed: g += weight_decay w, save with ADAMW. */
typedef struct mnist_optimizer_config {
    mnist_optimizer_kind kind;
    float momentum; /* in [0, 1) */
    bool nesterov;
    float beta1, beta2; /* in [0, 1) */
    float rho;          /* in [0, 1) */
    float epsilon;      /* > 0, where it is used */
    float weight_decay; /* >= 0 */
    float clip_norm;    /* > 0; 0 does not clip */
    float max_norm;     /* > 0: no hidden unit's incoming weights are longer, in L2 norm, after an
                         * update (Srivastava et al. 2014); 0: no limit */
} mnist_optimizer_config;

/* What a training step does against overfitting, besides label smoothing. All fields 0: nothing. */
typedef struct mnist_regularization {
    /* Probability that an output of a hidden layer is dropped, each in [0, 1), rounded to the
     * nearest 1/65536; outputs that are kept are multiplied by 1 / (1 - p) (Srivastava et al.
     * 2014). */
    float dropout[MNIST_MAX_HIDDEN];
    /* Weight of the confidence penalty, >= 0: the entropy of the softmax times this is subtracted
     * from the loss (Pereyra et al. 2017). */
    float confidence_penalty;
    /* Adversarial training (Goodfellow et al. 2015): the loss is
     * (1 - share) L(x) + share L(x + epsilon sign(dL/dx)); epsilon in units of the inputs, 0: off.
     */
    float adversarial_epsilon, adversarial_share;
    /* Virtual adversarial training (Miyato et al. 2016): virtual_weight KL(p(x) || p(x + r)) is
     * added to the loss, where r, of length virtual_epsilon in units of the inputs, is found by one
     * power iteration; 0: off. */
    float virtual_epsilon, virtual_weight;
} mnist_regularization;

typedef enum mnist_schedule_kind {
    MNIST_SCHEDULE_CONSTANT,
    MNIST_SCHEDULE_STEP,      /* multiplied by step_factor at each of step_count equally spaced
                               * points */
    MNIST_SCHEDULE_COSINE,    /* half a cosine from lr to 0 (Loshchilov & Hutter 2017) */
    MNIST_SCHEDULE_ONE_CYCLE, /* falls linearly to 0 after the warm-up (Smith & Topin 2018) */
    MNIST_SCHEDULES
} mnist_schedule_kind;

/* "constant", "step", "cosine", "one-cycle"; NULL past the end. */
const char *mnist_schedule_name(mnist_schedule_kind kind);

/* Every kind first rises linearly from 0 to lr over the first steps: warmup is their fraction of
 * all steps. */
typedef struct mnist_schedule {
    mnist_schedule_kind kind;
    float lr;            /* > 0: the peak */
    float warmup;        /* in [0, 1) */
    float step_factor;   /* STEP: in (0, 1] */
    unsigned step_count; /* STEP: >= 1 drops */
} mnist_schedule;

/* The learning rate of step (from 0) out of steps. Computed without libm: same bits everywhere. */
float mnist_schedule_lr(const mnist_schedule *schedule, uint64_t step, uint64_t steps);

#ifdef __cplusplus
}
#endif

#endif
