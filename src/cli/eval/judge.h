/* Last stage of mnist-eval: whether the result is good enough. */
#ifndef MNIST_CLI_EVAL_JUDGE_H
#define MNIST_CLI_EVAL_JUDGE_H

#include "cli/eval/analyse.h"

/* Does the result pass all gates of settings? Says on stderr which it does not. */
bool mnist_eval_judge(const mnist_eval_settings *settings, const mnist_eval_analysis *analysis);

#endif
