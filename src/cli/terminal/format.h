/* Numbers as people read them on a terminal: short, and in columns that stay put from line to
 * line. */
#ifndef MNIST_CLI_TERMINAL_FORMAT_H
#define MNIST_CLI_TERMINAL_FORMAT_H

/* Room for the small formats. */
#define MNIST_FORMAT_TEXT 24

/* Four columns: " 950", "9.5k", "412k", "1.2M", right-aligned; "   -" below 0 or not finite. */
void mnist_format_rate(char text[MNIST_FORMAT_TEXT], double per_second);
/* "0:02", "12:34", "1:02:03", "2d 03h"; rounded up; "-:--" below 0 or not finite. */
void mnist_format_duration(char text[MNIST_FORMAT_TEXT], double seconds);
/* Five columns and "%": "98.41%", " 9.80%"; "100.0%" only for all. */
void mnist_format_accuracy(char text[MNIST_FORMAT_TEXT], double fraction);
/* Six columns: "0.0512", "12.345", "123.46", " 1e+05", "   nan". */
void mnist_format_loss(char text[MNIST_FORMAT_TEXT], double loss);

#define MNIST_POSITION_TEXT 96

/* "run 2/5  epoch  3/10" */
void mnist_format_position(char text[MNIST_POSITION_TEXT], unsigned run, unsigned runs,
                           unsigned epoch, unsigned epochs);

#endif
