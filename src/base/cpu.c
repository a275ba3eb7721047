#define _GNU_SOURCE /* sched_getaffinity */
#include "base/cpu.h"

#include <mnist/base.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

unsigned mnist_quota_cpus(const char *cpu_max)
{
    char *rest;
    const unsigned long long quota = strtoull(cpu_max, &rest, 10);
    const unsigned long long period =
        rest != cpu_max && *rest == ' ' ? strtoull(rest, NULL, 10) : 0;
    if (quota == 0 || period == 0) {
        return 0;
    }
    unsigned long long cpus = (quota - 1) / period + 1;
    return cpus < MNIST_MAX_THREADS ? (unsigned)cpus : MNIST_MAX_THREADS;
}

#ifdef __linux__

/* The first line of a small file, without its newline; false if it cannot be read. */
static bool read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    bool ok = file && fgets(line, (int)size, file);
    if (file) {
        fclose(file);
    }
    if (ok) {
        line[strcspn(line, "\n")] = '\0';
    }
    return ok;
}

/* This process's group in the unified hierarchy, "/a/b"; false if there is none. */
static bool own_group(char *group, size_t size)
{
    char line[1024];
    bool found = false;
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && !found && fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::/", 4) == 0) {
            line[strcspn(line, "\n")] = '\0';
            found = snprintf(group, size, "%s", line + 3) < (int)size;
        }
    }
    if (file) {
        fclose(file);
    }
    return found;
}

/* The smallest CPU quota of this process's control group and those above it (cgroup v2), or of the
 * group that version 1 shows inside a container; 0: none. */
static unsigned quota(void)
{
    char group[512], path[640], text[64], period[32];
    unsigned least = 0;
    for (bool more = own_group(group, sizeof group); more;) {
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
        unsigned cpus = read_line(path, text, sizeof text) ? mnist_quota_cpus(text) : 0;
        least = cpus > 0 && (least == 0 || cpus < least) ? cpus : least;
        char *slash = strrchr(group, '/');
        more = slash != NULL;
        if (more) {
            *slash = '\0';
        }
    }
    if (least == 0 && read_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", text, sizeof text / 2) &&
        read_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period, sizeof period)) {
        snprintf(path, sizeof path, "%s %s", text, period); /* -1: no limit */
        least = text[0] == '-' ? 0 : mnist_quota_cpus(path);
    }
    return least;
}

#endif

unsigned mnist_cpu_count(void)
{
    unsigned count = 0;
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
        count = (unsigned)CPU_COUNT(&set);
    }
    unsigned limit = quota();
    if (count > 0 && limit > 0 && limit < count) {
        count = limit;
    }
#endif
    if (count == 0) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        count = online > 0 ? (unsigned)online : 1;
    }
    return count;
}
