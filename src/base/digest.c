#include "base/digest.h"

#include <nettle/sha2.h>
#include <stdint.h>

void mnist_sha256(const void *head, size_t head_size, const void *body, size_t body_size,
                  char text[MNIST_SHA256_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&context);
    sha256_update(&context, head_size, head);
    sha256_update(&context, body_size, body);
    sha256_digest(&context, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        text[2 * i] = hex[digest[i] >> 4];
        text[2 * i + 1] = hex[digest[i] & 15];
    }
    text[2 * sizeof digest] = '\0';
}
