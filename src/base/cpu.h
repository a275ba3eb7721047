/* How many CPUs this process may use. */
#ifndef MNIST_BASE_CPU_H
#define MNIST_BASE_CPU_H

/* CPUs that a quota amounts to, rounded up: from the text of cgroup v2's cpu.max, "QUOTA PERIOD" in
 * microseconds. 0: no limit ("max"), or a text that is not understood. */
unsigned mnist_quota_cpus(const char *cpu_max);

#endif
