#include "base/digest.h"

#include <nettle/sha2.h>

static void finish(struct sha256_ctx *context, char text[MNIST_SHA256_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(context, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        text[2 * i] = hex[digest[i] >> 4];
        text[2 * i + 1] = hex[digest[i] & 15];
    }
    text[2 * sizeof digest] = '\0';
}

void mnist_sha256(const void *head, size_t head_size, const void *body, size_t body_size,
                  char text[MNIST_SHA256_TEXT])
{
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, head_size, head);
    sha256_update(&context, body_size, body);
    finish(&context, text);
}

void mnist_sha256_raised(const void *head, size_t head_size, const uint8_t *body, size_t body_size,
                         uint8_t raise, char text[MNIST_SHA256_TEXT])
{
    struct sha256_ctx context;
    uint8_t part[4096];
    sha256_init(&context);
    sha256_update(&context, head_size, head);
    for (size_t at = 0, count; at < body_size; at += count) {
        count = body_size - at < sizeof part ? body_size - at : sizeof part;
        for (size_t i = 0; i < count; i++) {
            part[i] = (uint8_t)(body[at + i] + raise);
        }
        sha256_update(&context, count, part);
    }
    finish(&context, text);
}
