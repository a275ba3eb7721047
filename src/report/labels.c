/* What classes are called on a page. */
#include "report/parts.h"

void mnist_put_label(mnist_text *text, const mnist_labels *labels, unsigned class_index)
{
    char number[MNIST_LABEL_NUMBER];
    mnist_text_escape(text, mnist_label_of(labels, class_index, number));
}

bool mnist_labels_are_digits(const mnist_labels *labels, unsigned classes)
{
    return classes == MNIST_CLASSES && (!labels || (labels->count == 0 && labels->base == 0));
}
