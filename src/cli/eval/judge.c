#include "cli/eval/judge.h"

#include "cli/shared/figures.h"
#include "cli/shared/gate.h"

bool mnist_eval_judge(const mnist_eval_settings *settings, const mnist_eval_analysis *analysis)
{
    const mnist_eval_comparison *comparison = &analysis->comparison;
    const char *program = mnist_eval_program.name;
    bool passed =
        mnist_gate_check(program, &settings->gate, analysis->test.accuracy, analysis->test.loss);
    if (settings->baseline && analysis->measured && !comparison->passed) {
        char fall[MNIST_REAL_TEXT], tolerance[MNIST_REAL_TEXT];
        mnist_real_format(-comparison->pairing.difference, fall);
        mnist_real_format(settings->tolerance, tolerance);
        fprintf(stderr, "%s: gate failed: test accuracy is %s below that of ", program, fall);
        mnist_print_plain(settings->baseline, stderr);
        fprintf(stderr, ", more than --tolerance %s\n", tolerance);
        passed = false;
    }
    return passed;
}
