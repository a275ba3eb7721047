/* Files of this folder that go into the page as they are: src/report/embed.cmake makes arrays of
 * them when the library is built. */
#ifndef MNIST_REPORT_ASSETS_H
#define MNIST_REPORT_ASSETS_H

#include <stddef.h>

typedef struct mnist_asset {
    const unsigned char *data;
    size_t size;
} mnist_asset;

extern const mnist_asset mnist_asset_style; /* page.css */
/* prepare.js, net.js and pad.js, one after the other; 'use strict' and ACTIVATIONS come before
 * them */
extern const mnist_asset mnist_asset_script;

#endif
