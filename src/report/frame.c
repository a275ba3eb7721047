/* What every page begins and ends with. */
#include "base/digest.h"
#include "report/assets.h"
#include "report/parts.h"

#include <mnist/nn.h>

#include <stdlib.h>
#include <string.h>

/* The script begins with the activations that net.js chooses from; the files of this folder follow. */
#define SCRIPT_LINE(code, name, text, reads, init, script) "    '" text "': " script ",\n"
static const char script_start[] =
    "'use strict';\n\nconst ACTIVATIONS = {\n" MNIST_ACTIVATION_LIST(SCRIPT_LINE) "};\n\n";
#undef SCRIPT_LINE

/* 'sha256-…' of start followed by asset, as a Content-Security-Policy names what it allows (W3C,
 * "Content Security Policy Level 3", 2.3.1). */
static void put_hash(mnist_text *text, const char *start, mnist_asset asset)
{
    char hex[MNIST_SHA256_TEXT];
    uint8_t digest[32];
    mnist_sha256(start, strlen(start), asset.data, asset.size, hex);
    for (size_t i = 0; i < sizeof digest; i++) {
        const char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        digest[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    mnist_text_put(text, "'sha256-");
    mnist_text_base64(text, digest, sizeof digest);
    mnist_text_put(text, "'");
}

void mnist_put_head(mnist_text *text, const char *first, const char *second)
{
    mnist_text_put(text,
                   "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                   "img-src data:; style-src ");
    put_hash(text, "", mnist_asset_style);
    mnist_text_put(text, "; script-src ");
    put_hash(text, script_start, mnist_asset_script);
    mnist_text_put(text,
                   "; base-uri 'none'; form-action 'none'\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n"
                   "<link rel=\"icon\" href=\"data:,\">\n<title>");
    mnist_text_escape(text, first);
    mnist_text_put(text, ": ");
    mnist_text_escape(text, second);
    mnist_text_put(text, "</title>\n<style>");
    mnist_text_add(text, mnist_asset_style.data, mnist_asset_style.size);
    mnist_text_put(text, "</style>\n</head>\n<body>\n");
}

void mnist_put_headline(mnist_text *text, const char *program, const char *heading)
{
    mnist_text_put(text, "<header><p class=\"quiet\">");
    mnist_text_escape(text, program);
    mnist_text_put(text, " ");
    mnist_text_escape(text, mnist_version());
    mnist_text_put(text, "</p>\n<h1>");
    mnist_text_escape(text, heading);
    mnist_text_put(text, "</h1>\n");
}

void mnist_put_end(mnist_text *text)
{
    mnist_text_put(text, "</main>\n<script>");
    mnist_text_put(text, script_start);
    mnist_text_add(text, mnist_asset_script.data, mnist_asset_script.size);
    mnist_text_put(text, "</script>\n</body>\n</html>\n");
}
