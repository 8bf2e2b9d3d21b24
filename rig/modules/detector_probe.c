// SPDX-License-Identifier: GPL-2.0-only
/*
 * detector_probe - deliberate faults, to show that the detectors of a debug kernel work
 *
 * A run without reports is evidence only if faults are reported. On loading, this module allocates memory and drops
 * the only pointer to it (kmemleak), and two threads increment one plain variable (KCSAN).
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>

static unsigned int leaks;
module_param(leaks, uint, 0444);
MODULE_PARM_DESC(leaks, "Objects of 96 bytes to allocate and to forget (default 0)");

static unsigned int race_ms;
module_param(race_ms, uint, 0444);
MODULE_PARM_DESC(race_ms, "How long two threads race, in milliseconds (default 0)");

static unsigned long detector_probe_counter;

static noinline void detector_probe_count(void)
{
	detector_probe_counter++;
}

static int detector_probe_thread(void *done)
{
	unsigned long end = jiffies + msecs_to_jiffies(race_ms);

	while (time_before(jiffies, end)) {
		for (int i = 0; i < 1000; i++)
			detector_probe_count();
		cond_resched();
	}
	complete(done);
	return 0;
}

static void detector_probe_race(void)
{
	DECLARE_COMPLETION_ONSTACK(done);
	int threads = 0;

	for (int i = 0; i < 2; i++)
		if (!IS_ERR(kthread_run(detector_probe_thread, &done, "detector_probe/%d", i)))
			threads++;
	while (threads--)
		wait_for_completion(&done);
}

static noinline void detector_probe_leak(void)
{
	void *volatile forgotten = kmalloc(96, GFP_KERNEL);

	forgotten = NULL;
}

static int __init detector_probe_init(void)
{
	for (unsigned int i = 0; i < leaks; i++)
		detector_probe_leak();
	if (race_ms)
		detector_probe_race();
	return 0;
}
module_init(detector_probe_init);

/* Reports resolve names of this module only while it is loaded. */
static void __exit detector_probe_exit(void)
{
}
module_exit(detector_probe_exit);

MODULE_DESCRIPTION("Faults on purpose, for the detectors of debug kernels");
MODULE_LICENSE("GPL");
