/* Parts of several sections: boxes that scroll sideways, and lists of names and values. */
#include "report/parts.h"

#include <string.h>

#define LONG_VALUE 40 /* bytes; longer values get a line of their own */

void mnist_put_scroll(mnist_text *text, const char *name)
{
    mnist_text_format(
        text, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n", name);
}

void mnist_put_facts(mnist_text *text, mnist_page_facts facts)
{
    mnist_text_put(text, "<dl class=\"facts\">\n");
    for (size_t i = 0; i < facts.count; i++) {
        if (facts.items[i].value) {
            mnist_text_put(text, strlen(facts.items[i].value) > LONG_VALUE
                                     ? "<div class=\"long\"><dt>"
                                     : "<div><dt>");
            mnist_text_escape(text, facts.items[i].name);
            mnist_text_put(text, "</dt><dd>");
            mnist_text_escape(text, facts.items[i].value);
            mnist_text_put(text, "</dd></div>\n");
        }
    }
    mnist_text_put(text, "</dl>\n");
}
