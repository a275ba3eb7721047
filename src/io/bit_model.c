#include "io/bit_model.h"

#include <assert.h>
#include <stdlib.h>

/* Found on nets of 784-300-100-10 with 2 and 5 % of their weights (README.md). A mixer's learning
 * begins at RATE_LEAST + RATE_AT_FIRST; what is above RATE_LEAST is half of that after RATE_SOON bits. */
#define RATE_AT_FIRST 40
#define RATE_SOON     16
#define RATE_LEAST    6
#define DOUBT         10 /* half this many bits seen, and a chance counts half */
#define LEARNT_FIRST  3  /* a chance's first bit moves it by 2 of this */

#define ONE_BITS  22 /* mnist_chance.one */
#define ONE_LEAST 64u

/* e^(-1/256), of 2^32 */
#define POWER_STEP 4278222828u

void mnist_odds_tables_init(mnist_odds_tables *tables)
{
    uint64_t power = (uint64_t)1 << 32; /* e^(-i / 256), of 2^32 */
    int16_t next = 0;
    for (size_t i = 0; i <= MNIST_LOG_ODDS_MOST; i++) {
        tables->chance[i] = (uint16_t)(((uint64_t)65536 << 32) / (((uint64_t)1 << 32) + power));
        power = power * POWER_STEP >> 32;
    }
    for (size_t i = 0; i < 32768; i++) {
        while (next < MNIST_LOG_ODDS_MOST && tables->chance[next + 1] <= 32768 + i) {
            next++;
        }
        tables->odds[i] = next;
    }
    for (uint32_t i = 0; i <= MNIST_CHANCE_COUNT_MOST; i++) {
        tables->step[i] = 2 * 65536 / (2 * i + LEARNT_FIRST);
        tables->trust[i] = 2 * 65536 * i / (2 * i + DOUBT);
    }
}

/* chance: of 65536 */
static int32_t odds_of(const mnist_odds_tables *tables, uint32_t chance)
{
    return chance >= 32768 ? tables->odds[chance - 32768] : -tables->odds[32767 - chance];
}

static uint32_t chance_of(const mnist_odds_tables *tables, int32_t odds)
{
    return odds >= 0 ? tables->chance[odds] : 65536u - tables->chance[-odds];
}

static int32_t limit(int64_t odds)
{
    return odds > MNIST_LOG_ODDS_MOST    ? MNIST_LOG_ODDS_MOST
           : odds < -MNIST_LOG_ODDS_MOST ? -MNIST_LOG_ODDS_MOST
                                         : (int32_t)odds;
}

int32_t mnist_log_odds(const mnist_odds_tables *tables, uint64_t part, uint64_t whole)
{
    assert(whole > 0 && part <= whole && whole < (uint64_t)1 << 47);
    const uint64_t chance = part * 65536 / whole;
    return odds_of(tables, chance > 65535 ? 65535 : (uint32_t)chance);
}

bool mnist_mixer_create(mnist_mixer *mixer, unsigned chances, unsigned facts, unsigned sets,
                        const int8_t *first)
{
    const size_t inputs = chances + facts, all = (size_t)MNIST_MIX_WAYS * sets;
    assert(chances <= MNIST_MIX_CHANCES && facts <= MNIST_MIX_FACTS);
    *mixer = (mnist_mixer){.chances = chances, .facts = facts, .sets = sets};
    mixer->weights = malloc(all * inputs * sizeof *mixer->weights);
    mixer->bits = calloc(all, sizeof *mixer->bits);
    if (!mixer->weights || !mixer->bits) {
        mnist_mixer_free(mixer);
        return false;
    }
    for (size_t i = 0; i < all * inputs; i++) {
        mixer->weights[i] = first[i % inputs] * 65536 / 100;
    }
    return true;
}

void mnist_mixer_free(mnist_mixer *mixer)
{
    free(mixer->weights);
    free(mixer->bits);
    *mixer = (mnist_mixer){.weights = NULL};
}

static void learn(const mnist_odds_tables *tables, mnist_chance *chance, unsigned bit)
{
    const int64_t top = (int64_t)1 << ONE_BITS;
    const int64_t now = chance->count > 0 ? chance->one : top / 2;
    const int64_t moved = now + ((bit ? top : 0) - now) * tables->step[chance->count] / 65536;
    chance->one = (uint32_t)(moved < ONE_LEAST         ? ONE_LEAST
                             : moved > top - ONE_LEAST ? top - ONE_LEAST
                                                       : moved);
    chance->count += chance->count < MNIST_CHANCE_COUNT_MOST;
}

/* What a chance says, the less the fewer bits it has seen. */
static int32_t opinion(const mnist_odds_tables *tables, const mnist_chance *chance)
{
    const int64_t odds = odds_of(tables, chance->one >> (ONE_BITS - 16));
    return chance->count == 0 ? 0 : (int32_t)(odds * tables->trust[chance->count] / 65536);
}

/* -log2 of a chance of 65536, of 65536: its whole part, then a bit for each squaring. */
static uint64_t cost_of(uint32_t chance)
{
    const uint64_t half = (uint64_t)1 << 31;
    uint64_t scaled = (uint64_t)chance << 16, log = 0;
    while (scaled < half) {
        scaled *= 2;
        log += 65536;
    }
    for (uint64_t bit = 32768; bit > 0; bit /= 2) {
        scaled = scaled * scaled >> 32;
        if (scaled < half) {
            scaled *= 2;
            log += bit;
        }
    }
    return log;
}

static unsigned code(const mnist_bit_coder *to, uint32_t chance, unsigned bit)
{
    if (!to->coder) {
        return bit;
    }
    bit = mnist_range_code(to->coder, chance, bit);
    if (to->tally) {
        to->tally->spent[to->tally->part] += cost_of(bit ? chance : 65536 - chance);
    }
    return bit;
}

uint32_t mnist_bits_plain(const mnist_bit_coder *to, uint32_t value, unsigned bits)
{
    uint32_t coded = 0;
    assert(bits <= 32);
    for (unsigned i = bits; i-- > 0;) {
        coded = coded << 1 | code(to, 32768, value >> i & 1);
    }
    return coded;
}

unsigned mnist_bit_mix(const mnist_bit_coder *to, mnist_mixer *mixer,
                       const mnist_bit_context *context, unsigned bit)
{
    const size_t inputs = mixer->chances + mixer->facts;
    int32_t in[MNIST_MIX_INPUTS], odds[MNIST_MIX_WAYS], sum = 0;
    for (size_t i = 0; i < mixer->chances; i++) {
        in[i] = opinion(to->tables, context->chances[i]);
    }
    for (size_t i = 0; i < mixer->facts; i++) {
        in[mixer->chances + i] = limit(context->facts[i]);
    }
    for (size_t way = 0; way < MNIST_MIX_WAYS; way++) {
        assert(context->set[way] < mixer->sets);
        const int32_t *weights = mixer->weights + (way * mixer->sets + context->set[way]) * inputs;
        int64_t dot = 0; /* weights stay within 32 bits: no overflow */
        for (size_t i = 0; i < inputs; i++) {
            dot += (int64_t)weights[i] * in[i];
        }
        odds[way] = limit(dot / 65536);
        sum += odds[way];
    }
    bit = code(to, chance_of(to->tables, sum / MNIST_MIX_WAYS), bit);
    for (size_t way = 0; way < MNIST_MIX_WAYS; way++) {
        const size_t set = way * mixer->sets + context->set[way];
        const int64_t error = (bit ? 65536 : 0) - (int64_t)chance_of(to->tables, odds[way]);
        const int64_t rate = RATE_LEAST + RATE_AT_FIRST / (1 + mixer->bits[set] / RATE_SOON);
        mixer->bits[set]++;
        for (size_t i = 0; i < inputs; i++) {
            int32_t *weight = &mixer->weights[set * inputs + i];
            const int64_t moved = *weight + in[i] * error * rate / ((int64_t)1 << 18);
            *weight = (int32_t)(moved > INT32_MAX   ? INT32_MAX
                                : moved < INT32_MIN ? INT32_MIN
                                                    : moved);
        }
    }
    for (size_t i = 0; i < mixer->chances; i++) {
        learn(to->tables, context->chances[i], bit);
    }
    return bit;
}

unsigned mnist_bit_code(const mnist_bit_coder *to, mnist_chance *chance, unsigned bit)
{
    const uint32_t one = chance->count > 0 ? chance->one >> (ONE_BITS - 16) : 32768;
    bit = code(to, one < 32 ? 32 : one > 65504 ? 65504 : one, bit);
    learn(to->tables, chance, bit);
    return bit;
}

uint64_t mnist_number_code(const mnist_bit_coder *to, mnist_number_model *model, uint64_t number)
{
    unsigned length = 0;
    assert(number >> MNIST_NUMBER_BITS == 0);
    while (length < MNIST_NUMBER_BITS &&
           mnist_bit_code(to, &model->length[length], number >> length != 0)) {
        length++;
    }
    if (length < 2) {
        return length;
    }
    uint64_t coded = 2 | mnist_bit_code(to, &model->below[length], number >> (length - 2) & 1);
    for (unsigned i = length - 2; i-- > 0;) {
        coded = coded << 1 | code(to, 32768, number >> i & 1);
    }
    return coded;
}
