/* Runs a net as C (HEADER, PREDICT) on a Cortex-M4 without an operating system, on COUNT images that lie in flash beside it:
 * prints over semihosting how many answers are not those that are expected, how far probabilities are, in billionths,
 * how many bytes of stack a call has touched, and its instructions on average: QEMU's clock of 25 MHz goes by 1 ns an
 * instruction with -icount shift=0. Of whole numbers (SOURCE in the place of HEADER, expected are logits) the call is the one
 * that gives the digit alone, and how many images have the net's logits to the bit is printed. */
#ifdef SOURCE
#include "exact.h"
#define CALL(pixels, out) ((void)(out), JOIN(PREDICT, _class)(pixels))
#else
#include HEADER
#define CALL(pixels, out) PREDICT(pixels, out)
#endif

extern const uint8_t images[COUNT][784];
extern const float expected[COUNT][10];
extern uint32_t stack_bottom[], stack_top[]; /* cortex_m4.ld */

__asm__(".section .rodata\n"
        ".balign 4\n"
        ".global images, expected\n"
        "images: .incbin \"images.bin\"\n"
        "expected: .incbin \"expected.bin\"\n"
        ".text\n");

/* ARM's semihosting, an operation and its argument; QEMU answers it. */
static void call_host(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

#define PRINT 4
#define EXIT  0x18

#define SYSTICK             ((volatile uint32_t *)0xE000E010u) /* control, reload, value, which counts down */
#define SYSTICK_BITS        0xFFFFFFu
#define INSTRUCTIONS_A_TICK 40

static void print_number(const char *name, uint32_t value)
{
    char text[12];
    int at = 11;
    text[at] = 0;
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    call_host(PRINT, name);
    call_host(PRINT, text + at);
}

/* The call alone, with all of the stack below it painted: the lowest byte that was touched tells how much it took. */
static __attribute__((noinline)) int predict(const uint8_t *pixels, float *out, uint32_t *bytes,
                                             uint32_t *ticks)
{
    uint32_t *here, *lowest = stack_bottom;
    __asm__ volatile("mov %0, sp" : "=r"(here));
    for (uint32_t *at = stack_bottom; at < here; at++) {
        *(volatile uint32_t *)at = 0xA5A5A5A5u;
    }
    const uint32_t start = SYSTICK[2];
    __asm__ volatile("" : "+r"(pixels)); /* the call stays between the two looks at the clock */
    int answer = CALL(pixels, out);
    __asm__ volatile("" : "+r"(answer));
    *ticks = (start - SYSTICK[2]) & SYSTICK_BITS;
    while (lowest < here && *(volatile uint32_t *)lowest == 0xA5A5A5A5u) {
        lowest++;
    }
    *bytes = (uint32_t)((char *)here - (char *)lowest);
    return answer;
}

static __attribute__((noinline)) void work(void)
{
#ifdef SOURCE
    uint32_t exact = 0;
#else
    float most = 0.0f;
#endif
    float out[10];
    uint32_t changed = 0, stack = 0, sum = 0, bytes, ticks;
    SYSTICK[1] = SYSTICK_BITS;
    SYSTICK[0] = 5; /* on, by the processor's clock */
    for (int i = 0; i < COUNT; i++) {
        int best = 0;
        const int answer = predict(images[i], out, &bytes, &ticks);
        sum += ticks;
        stack = bytes > stack ? bytes : stack;
#ifdef SOURCE
        exact += (uint32_t)is_exact(images[i], expected[i]);
        for (int c = 0; c < 10; c++) {
            best = expected[i][c] > expected[i][best] ? c : best;
        }
#else
        for (int c = 0; c < 10; c++) {
            const float difference = out[c] - expected[i][c];
            best = expected[i][c] > expected[i][best] ? c : best;
            most = difference > most ? difference : -difference > most ? -difference : most;
        }
#endif
        changed += answer != best;
    }
    print_number("n=", COUNT);
    print_number(" changed=", changed);
#ifdef SOURCE
    print_number(" exact=", exact);
#else
    print_number(" billionths=", (uint32_t)(most * 1e9f));
#endif
    print_number(" stack=", stack);
    print_number(" instructions=", (uint32_t)((uint64_t)sum * INSTRUCTIONS_A_TICK / COUNT));
    call_host(PRINT, "\n");
    call_host(EXIT, (const void *)0x20026);
}

static void reset(void)
{
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* the unit for floats is off after a reset */
    __asm__ volatile("dsb\n isb" ::: "memory");
    work();
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {stack_top,
                                                                                 (void *)reset};
