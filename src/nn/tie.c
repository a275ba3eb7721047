/* Inputs whose weights are one (pass.h). */
#include "nn/parts.h"

/* Sets the rows of each block of inputs of a panel to their mean, added up from the first row on. */
static void tie_panel(const mnist_layer *layer, mnist_tie tie, size_t panel, float *arena)
{
    const size_t width = mnist_panel_width(layer, panel), side = tie.side;
    const float share = 1.0f / (float)(side * side);
    float *rows = arena + mnist_panel_row(layer, panel, 0);
    for (size_t block = 0; block < layer->inputs; block += side * tie.columns) {
        for (size_t column = 0; column < tie.columns; column += side) {
            float mean[MNIST_PANEL] = {0.0f};
            for (size_t k = 0; k < side * side; k++) {
                const float *row =
                    rows + (block + k / side * tie.columns + column + k % side) * width;
                for (size_t n = 0; n < width; n++) {
                    mean[n] += row[n] * share;
                }
            }
            for (size_t k = 0; k < side * side; k++) {
                float *row = rows + (block + k / side * tie.columns + column + k % side) * width;
                for (size_t n = 0; n < width; n++) {
                    row[n] = mean[n];
                }
            }
        }
    }
}

void mnist_tie_weights(const mnist_layer *layer, mnist_tie tie, float *arena)
{
    for (size_t panel = 0; panel < layer->panels; panel++) {
        tie_panel(layer, tie, panel, arena);
    }
}

void mnist_pass_tie_part(mnist_pass *pass, mnist_worker worker)
{
    const mnist_layer *layer = &pass->mlp->layers[0];
    const size_t blocks = weight_blocks(layer);
    size_t panel, end;
    mnist_worker_share(worker, layer->panels, &panel, &end);
    for (; panel < end; panel++) {
        tie_panel(layer, pass->tie, panel, pass->gradient);
        for (size_t b = 0; b < blocks; b++) {
            const size_t first = b * WEIGHT_BLOCK,
                         rows = smaller(first + WEIGHT_BLOCK, layer->trained) - first;
            pass->norms[panel * blocks + b] =
                pass->kernels->sum_squares(pass->gradient + mnist_panel_row(layer, panel, first),
                                           rows * mnist_panel_width(layer, panel));
        }
    }
}
