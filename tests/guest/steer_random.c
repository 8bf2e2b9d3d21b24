// SPDX-License-Identifier: MIT
/*
 * Random SET, GET, and reads and writes of the capability, most of them wrong. A model of the documented rules
 * predicts each answer, and what control register and table are afterwards.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/guest/random.h"
#include "tests/guest/steer_ops.h"

#define GET   VFIO_DEVICE_FEATURE_GET
#define SET   VFIO_DEVICE_FEATURE_SET
#define PROBE VFIO_DEVICE_FEATURE_PROBE
#define KNOWN (uint32_t)(GET | SET | PROBE)
#define CLEAR VFIO_TPH_ST_CLEAR
#define HEAD \
	(uint32_t)(sizeof(struct vfio_device_feature) + sizeof(struct vfio_device_feature_tph_st))
#define DATA	64   /* words of a request */
#define LOOK_AT 1000 /* inputs between two looks at the table of the hardware */
#define PM_BIT	0x80000000u

enum kind { FEATURE, WRITE, READ, NR_KINDS };

struct model {
	struct steer *rig;
	uint64_t random;
	bool unsafe;
	uint32_t n, cap, modes, end; /* entries, registers, length of the capability */
	uint32_t nr_cpus, allowed;   /* that the kernel has; of this thread, a mask */
	uint32_t ctrl, entry[DATA];  /* CPU, with PM_BIT, or CLEAR */
	unsigned long seen[NR_KINDS], ok, einval, eperm;
};

struct input {
	struct vfio_device_feature_tph_st head;
	uint32_t op, argsz, data[DATA];
};

static uint32_t tag_of(uint32_t entry, bool ext)
{
	uint32_t cpu = entry & ~PM_BIT;

	if (entry == CLEAR)
		return 0;
	if (entry & PM_BIT)
		return ext ? TAG_PM_EXT(cpu) : TAG_PM(cpu);
	return ext ? TAG_EXT(cpu) : TAG(cpu);
}

/* What GET says of an entry */
static uint32_t word_of(uint32_t entry)
{
	if (entry == CLEAR)
		return 0;
	return VFIO_TPH_ST_VALID | VFIO_TPH_ST_EXT_VALID | tag_of(entry, false) << 16 |
	       tag_of(entry, true);
}

static int predict_cpus(const struct model *m, const struct input *in)
{
	for (uint32_t i = 0; i < in->head.count; i++) {
		if (in->data[i] == CLEAR)
			continue;
		if (in->data[i] >= m->nr_cpus)
			return -EINVAL;
		if (!(m->allowed >> in->data[i] & 1))
			return -EPERM;
	}
	return 0;
}

/* The order of kernel/README.md */
static int predict(const struct model *m, const struct input *in)
{
	bool get = in->op & GET, set = in->op & SET;

	if (in->argsz < sizeof(struct vfio_device_feature) || in->op & ~KNOWN ||
	    (get && set && !(in->op & PROBE)))
		return -EINVAL;
	if (get && !m->unsafe)
		return -EPERM;
	if (in->op & PROBE)
		return 0;
	if (!(get || set) || in->argsz < HEAD || !in->head.count ||
	    in->argsz < HEAD + 4u * in->head.count ||
	    (uint32_t)in->head.index + in->head.count > m->n ||
	    in->head.flags & ~(set ? (uint32_t)VFIO_TPH_ST_PM : 0))
		return -EINVAL;
	return set ? predict_cpus(m, in) : 0;
}

static uint32_t random_cpu(struct model *m)
{
	uint32_t any = (uint32_t)random_next(&m->random);

	switch (random_below(&m->random, 20)) {
	case 0:
		return CLEAR;
	case 1:
		return any;
	case 2:
		return any % (2 * m->nr_cpus);
	default:
		return any % 2;
	}
}

static uint32_t random_op(struct model *m)
{
	uint32_t any = (uint32_t)random_next(&m->random);

	switch (random_below(&m->random, 20)) {
	case 0:
		return any & KNOWN;
	case 1:
		return any & ~(uint32_t)VFIO_DEVICE_FEATURE_MASK;
	default:
		return any & 3 ? SET : GET;
	}
}

static void random_input(struct model *m, struct input *in)
{
	bool wild = random_chance(&m->random, 20);
	uint32_t count;

	in->op = random_op(m);
	in->head.flags = random_chance(&m->random, 80) ? random_below(&m->random, 2) :
							 1u << random_below(&m->random, 32);
	if (in->op == GET && random_chance(&m->random, 80))
		in->head.flags = 0;
	in->head.index =
		(uint16_t)(wild ? random_next(&m->random) : random_below(&m->random, m->n + 1));
	in->head.count =
		(uint16_t)(wild ? random_next(&m->random) : random_below(&m->random, m->n + 1));
	count = in->head.count < DATA ? in->head.count : DATA;
	in->argsz = HEAD + 4 * count;
	if (random_chance(&m->random, 20))
		in->argsz = random_below(&m->random, in->argsz + 5);
	for (uint32_t i = 0; i < count; i++)
		in->data[i] = random_cpu(m);
}

static void take_over(struct model *m, const struct input *in)
{
	uint32_t first = in->head.index;

	for (uint32_t i = 0; i < in->head.count; i++) {
		if (in->op == GET)
			require(in->data[i] == word_of(m->entry[first + i]),
				"GET of entry %u: 0x%x instead of 0x%x", first + i, in->data[i],
				word_of(m->entry[first + i]));
		else if (in->op == SET)
			m->entry[first + i] = in->data[i] == CLEAR ?
						      CLEAR :
						      in->data[i] | (in->head.flags ? PM_BIT : 0);
	}
}

static void do_feature(struct model *m)
{
	struct input in;
	int want, got;

	random_input(m, &in);
	want = predict(m, &in);
	got = steer_raw(m->rig, in.op, in.argsz, &in.head, in.data,
			in.head.count < DATA ? in.head.count : DATA);
	require(got == want, "op %x: %d instead of %d (flags %x index %u count %u argsz %u)", in.op,
		got, want, in.head.flags, in.head.index, in.head.count, in.argsz);
	if (!got)
		take_over(m, &in);
	m->ok += !got;
	m->einval += got == -EINVAL;
	m->eperm += got == -EPERM;
}

/* The mode can be written while TPH is off; what may not be enabled reads back as off. */
static uint32_t predict_ctrl(const struct model *m, uint32_t value)
{
	uint32_t enabled = m->ctrl >> 8 & 3, type = value >> 8 & 3;
	uint32_t mode = (enabled && type ? m->ctrl : value) & 7;

	if ((type != TPH && type != EXT) || !(m->modes & 1u << mode))
		return mode;
	return ENABLE(type, mode);
}

static uint32_t mask_of(uint32_t len)
{
	return len == 4 ? UINT32_MAX : (1u << 8 * len) - 1;
}

static void random_place(struct model *m, uint32_t *off, uint32_t *len)
{
	*len = 1u << random_below(&m->random, 3);
	*off = *len * random_below(&m->random, m->end / *len);
	if (random_chance(&m->random, 50))
		*off = FAB_TPH_CTRL + *off % 4;
}

static void do_write(struct model *m)
{
	uint32_t off, len, value = (uint32_t)random_next(&m->random), shift, mask;

	random_place(m, &off, &len);
	shift = 8 * (off % 4);
	if (random_chance(&m->random, 50))
		value = ENABLE(random_below(&m->random, 4), random_below(&m->random, 4)) >> shift;
	mask = mask_of(len) << shift & 0x307;
	if (off / 4 == FAB_TPH_CTRL / 4)
		m->ctrl = predict_ctrl(m, (m->ctrl & ~mask) | (value << shift & mask));
	cfg_put(m->rig, off, value & mask_of(len), len);
	require(ctrl_get(m->rig) == m->ctrl,
		"after 0x%x at %u of %u bytes control is 0x%x instead of 0x%x", value, off, len,
		ctrl_get(m->rig), m->ctrl);
}

/* Below level unsafe the table reads as 0. Above, it is that of the hardware, which is looked at elsewhere. */
static void do_read(struct model *m)
{
	uint32_t off, len, want = 0, got;

	random_place(m, &off, &len);
	got = cfg_get(m->rig, off, len);
	if (off < PCI_TPH_CAP || (m->unsafe && off >= FAB_TPH_ST_TABLE))
		return;
	if (off < FAB_TPH_CTRL)
		want = m->cap;
	else if (off < FAB_TPH_ST_TABLE)
		want = m->ctrl;
	want = want >> 8 * (off % 4) & mask_of(len);
	require(got == want, "%u bytes at %u are 0x%x instead of 0x%x", len, off, got, want);
}

static void change_affinity(struct model *m)
{
	cpu_set_t set;

	m->allowed = 1 + random_below(&m->random, 3);
	CPU_ZERO(&set);
	for (size_t cpu = 0; cpu < 2; cpu++)
		if (m->allowed >> cpu & 1)
			CPU_SET(cpu, &set);
	require(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity: %m");
}

static void look_at_hardware(struct model *m)
{
	uint32_t type = m->ctrl >> 8 & 3;

	expect_ctrl(m->rig, "after random inputs", m->ctrl);
	for (uint32_t i = 0; type && (m->ctrl & 7) != NS && i < m->n; i++)
		require(table_entry(m->rig, i) == tag_of(m->entry[i], type == EXT),
			"entry %u is 0x%x instead of 0x%x", i, table_entry(m->rig, i),
			tag_of(m->entry[i], type == EXT));
}

/* "0-1": the CPUs that can ever be there */
static uint32_t possible_cpus(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/possible", "re");
	uint32_t last = 0;

	require(file && fscanf(file, "0-%u", &last) == 1, "possible CPUs: %m");
	fclose(file);
	return last + 1;
}

static void start(struct model *m, struct steer *rig)
{
	*m = (struct model){ .rig = rig,
			     .random = random_seed(getenv("SEED")),
			     .unsafe = !steer_probe(rig, GET),
			     .cap = cfg_get(rig, PCI_TPH_CAP, 4),
			     .nr_cpus = possible_cpus(),
			     .allowed = 3 };
	printf("seed %llu\n", (unsigned long long)m->random);
	m->modes = m->cap & 7;
	m->n = ((m->cap & PCI_TPH_CAP_ST_MASK) >> PCI_TPH_CAP_ST_SHIFT) + 1;
	m->end = FAB_TPH_ST_TABLE + ((2 * m->n + 3) & ~3u);
	require(m->n <= DATA, "%u entries", m->n);
	memset(m->entry, 0xff, sizeof(m->entry)); /* CLEAR */
}

void test_random_inputs(struct steer *rig, const char *arg)
{
	static void (*const kinds[NR_KINDS])(struct model *m) = { do_feature, do_write, do_read };
	uint32_t many = (uint32_t)args_number("ARGUMENT", arg, 1, UINT32_MAX);
	struct model m;

	start(&m, rig);
	for (uint32_t i = 0; i < many; i++) {
		uint32_t percent = random_below(&m.random, 100);
		enum kind kind = percent < 80 ? FEATURE : percent < 90 ? WRITE : READ;

		if (random_chance(&m.random, 1))
			change_affinity(&m);
		kinds[kind](&m);
		m.seen[kind]++;
		if (i % LOOK_AT == 0)
			look_at_hardware(&m);
	}
	look_at_hardware(&m);
	printf("%lu feature calls (%lu good, %lu EINVAL, %lu EPERM), %lu writes, %lu reads\n",
	       m.seen[FEATURE], m.ok, m.einval, m.eperm, m.seen[WRITE], m.seen[READ]);
	require(m.ok && m.einval && m.eperm, "an answer never came");
	ctrl_put(rig, 0);
}
