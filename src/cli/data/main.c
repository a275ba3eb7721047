/* mnist-data: what data are, from and to other formats, parts of them, and lines of digits. */
#include "cli/data/tool.h"
#include "cli/shared/program.h"

static int run(void *settings, const mnist_parsed *parsed)
{
    static mnist_status (*const steps[MNIST_DATA_STEPS])(const mnist_tool_settings *,
                                                         mnist_error *) = {
        [MNIST_DATA_INFO] = mnist_data_info,       [MNIST_DATA_SHEET] = mnist_data_sheet,
        [MNIST_DATA_CONVERT] = mnist_data_convert, [MNIST_DATA_SPLIT] = mnist_data_split,
        [MNIST_DATA_LINES] = mnist_data_lines,
    };
    const mnist_tool_settings *s = settings;
    mnist_error err;
    (void)parsed;
    mnist_json_begin();
    return steps[s->step](s, &err) == MNIST_OK ? MNIST_EXIT_OK
                                               : mnist_program_error(MNIST_DATA_PROGRAM, &err);
}

int main(int argc, char **argv)
{
    mnist_tool_settings settings = mnist_tool_settings_defaults();
    return mnist_program_main(&mnist_data_program, argc, argv, &settings, run);
}
