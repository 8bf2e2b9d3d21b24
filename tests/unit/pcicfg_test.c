// SPDX-License-Identifier: MIT
/* Decoding of config space, also with hostile content: lib/pci/config.c. */
#include <linux/pci_regs.h>
#include <stdlib.h>

#include "lib/pci/config.h"
#include "tests/unit/test.h"

#define CAP 0x40
#define EXT 0x100

struct space {
	unsigned char bytes[4096];
	unsigned int size;    /* what is accessible */
	unsigned int fail_at; /* offset whose read fails, or 0 */
	unsigned int reads;
};

static int read_space(void *arg, unsigned int offset, void *buf, unsigned int size)
{
	struct space *s = arg;

	s->reads++;
	if (s->fail_at && offset == s->fail_at)
		return -EPERM;
	if (offset + size > s->size)
		return -ENODATA;
	memcpy(buf, s->bytes + offset, size);
	return 0;
}

static void put(struct space *s, unsigned int offset, uint32_t value, unsigned int size)
{
	memcpy(s->bytes + offset, &value, size);
}

static struct space *good_space(void)
{
	struct space *s = calloc(1, sizeof(*s));

	s->size = sizeof(s->bytes);
	put(s, PCI_VENDOR_ID, 0x11101af4, 4);
	put(s, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	put(s, PCI_STATUS, PCI_STATUS_CAP_LIST, 2);
	put(s, PCI_CAPABILITY_LIST, CAP, 1);
	put(s, CAP, PCI_CAP_ID_PM | 0x60 << 8, 2);
	put(s, 0x60, PCI_CAP_ID_EXP, 2);
	put(s, 0x60 + PCI_EXP_FLAGS, 2, 2);
	put(s, 0x60 + PCI_EXP_DEVCAP2, 3 << 12, 4);
	put(s, EXT, 0x0001 | 1 << 16 | 0x140u << 20, 4);
	put(s, 0x140, PCI_EXT_CAP_ID_TPH | 1 << 16, 4);
	put(s, 0x140 + PCI_TPH_CAP,
	    PCI_TPH_CAP_EXT_TPH | PCI_TPH_LOC_CAP | 62 << PCI_TPH_CAP_ST_SHIFT, 4);
	put(s, 0x140 + PCI_TPH_CTRL, PCI_TPH_REQ_EXT_TPH << 8, 4);
	return s;
}

static int decode(struct space *s, struct tphbuf_pci_info *info)
{
	struct pcicfg_reader reader = { read_space, s };

	memset(info, 0xee, sizeof(*info));
	return pcicfg_decode(&reader, info);
}

static void dead_function_is_eio(void **state)
{
	struct space *s = good_space();
	struct tphbuf_pci_info info;

	(void)state;
	memset(s->bytes, 0xff, sizeof(s->bytes));
	assert_int_equal(decode(s, &info), -EIO);
	assert_int_equal(info.completer, TPHBUF_TPH_UNKNOWN);
	assert_int_equal(info.requester, TPHBUF_TPH_UNKNOWN);
	free(s);
}

/* The IDs of a VF read as ones; those of a dead device are the cached ones. */
static void ids_do_not_tell_life(void **state)
{
	struct space *s = good_space();
	struct pcicfg_reader reader = { read_space, s };
	struct tphbuf_pci_info info;
	struct tphbuf_port port;

	(void)state;
	put(s, PCI_VENDOR_ID, UINT32_MAX, 4);
	put(s, PCI_COMMAND, 0, 2);
	assert_int_equal(decode(s, &info), 0);
	assert_int_equal(info.command, 0);
	assert_int_equal(info.completer, TPHBUF_TPH_ST_EXT);
	assert_int_equal(info.requester, TPHBUF_TPH_ST_EXT);
	assert_int_equal(pciport_decode(&reader, &port), 0);
	assert_int_equal(port.type, TPHBUF_PORT_ENDPOINT);
	memset(s->bytes + PCI_COMMAND, 0xff, sizeof(s->bytes) - PCI_COMMAND);
	put(s, PCI_VENDOR_ID, 0x11101af4, 4);
	assert_int_equal(decode(s, &info), -EIO);
	assert_int_equal(info.command, 0xffff);
	assert_int_equal(pciport_decode(&reader, &port), -EIO);
	free(s);
}

/* All ones would decode as Extended TPH. */
static void ones_in_devcap2_are_not_extended(void **state)
{
	struct space *s = good_space();
	struct tphbuf_pci_info info;

	(void)state;
	put(s, 0x60 + PCI_EXP_DEVCAP2, UINT32_MAX, 4);
	assert_int_equal(decode(s, &info), -EIO);
	assert_int_equal(info.completer, TPHBUF_TPH_UNKNOWN);
	free(s);
}

static void ones_in_tph_capability_are_eio(void **state)
{
	struct space *s = good_space();
	struct tphbuf_pci_info info;

	(void)state;
	put(s, 0x140 + PCI_TPH_CAP, UINT32_MAX, 4);
	assert_int_equal(decode(s, &info), -EIO);
	assert_int_equal(info.requester, TPHBUF_TPH_UNKNOWN);
	free(s);
}

static void looping_lists_end(void **state)
{
	struct space *s = good_space();
	struct tphbuf_pci_info info;

	(void)state;
	put(s, CAP, PCI_CAP_ID_PM | CAP << 8, 2);
	put(s, EXT, 0x0001 | 1 << 16 | (uint32_t)EXT << 20, 4);
	assert_int_equal(decode(s, &info), 0);
	assert_int_equal(info.completer, TPHBUF_TPH_NONE);
	assert_int_equal(info.requester, TPHBUF_TPH_NONE);
	assert_true(s->reads < 2000);
	free(s);
}

static void capability_at_the_very_end_is_not_overread(void **state)
{
	struct space *s = good_space();
	struct tphbuf_pci_info info;

	(void)state;
	put(s, CAP, PCI_CAP_ID_EXP | 0 << 8, 2);
	put(s, PCI_CAPABILITY_LIST, 0xfc, 1);
	put(s, 0xfc, PCI_CAP_ID_EXP, 2);
	put(s, EXT, 0x0001 | 1 << 16 | 0xffcu << 20, 4);
	put(s, 0xffc, PCI_EXT_CAP_ID_TPH | 1 << 16, 4);
	assert_int_equal(decode(s, &info), 0);
	assert_int_equal(info.completer, TPHBUF_TPH_NONE);
	assert_int_equal(info.requester, TPHBUF_TPH_NONE);
	free(s);
}

/* The ACS capability has 8 bytes: at 0xff8 its control is in the space, at 0xffc it is not. */
static void acs_at_the_very_end(void **state)
{
	const struct {
		uint32_t at;
		int32_t acs;
	} cases[] = { { 0xff8, 0x1d }, { 0xffc, TPHBUF_ACS_NONE } };
	struct space *s = good_space();
	struct pcicfg_reader reader = { .read = read_space, .arg = s };
	struct tphbuf_port port;
	size_t i;

	(void)state;
	put(s, 0xff8 + PCI_ACS_CTRL, 0x1d, 2);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(s, EXT, 0x0001 | 1 << 16 | cases[i].at << 20, 4);
		put(s, cases[i].at, PCI_EXT_CAP_ID_ACS | 1 << 16, 4);
		assert_int_equal(pciport_decode(&reader, &port), 0);
		assert_int_equal(port.acs, cases[i].acs);
	}
	free(s);
}

/* 64 bytes: hidden from this user. 256: there are no extended registers. */
static void short_space_is_unknown_or_none(void **state)
{
	struct space *s = good_space();
	struct tphbuf_pci_info info;

	(void)state;
	s->size = 64;
	assert_int_equal(decode(s, &info), 0);
	assert_int_equal(info.command, PCI_COMMAND_MEMORY);
	assert_int_equal(info.completer, TPHBUF_TPH_UNKNOWN);
	assert_int_equal(info.requester, TPHBUF_TPH_UNKNOWN);
	s->size = 256;
	assert_int_equal(decode(s, &info), 0);
	assert_int_equal(info.completer, TPHBUF_TPH_ST_EXT);
	assert_int_equal(info.requester, TPHBUF_TPH_NONE);
	s->size = 258;
	assert_int_equal(decode(s, &info), 0);
	assert_int_equal(info.requester, TPHBUF_TPH_UNKNOWN);
	s->size = 0;
	assert_int_equal(decode(s, &info), 0);
	assert_int_equal(info.command, 0xffff);
	free(s);
}

static void every_read_error_is_passed_on(void **state)
{
	static const unsigned int at[] = {
		PCI_COMMAND,
		PCI_STATUS,
		PCI_CAPABILITY_LIST,
		CAP,
		0x60 + PCI_EXP_FLAGS,
		0x60 + PCI_EXP_DEVCAP2,
		EXT,
		0x140,
		0x140 + PCI_TPH_CAP,
		0x140 + PCI_TPH_CTRL,
	};
	struct tphbuf_pci_info info;
	size_t i;

	(void)state;
	for (i = 0; i < NR(at); i++) {
		struct space *s = good_space();

		s->fail_at = at[i];
		assert_int_equal(decode(s, &info), -EPERM);
		assert_int_equal(info.requester, TPHBUF_TPH_UNKNOWN);
		free(s);
	}
}

static void reserved_encoding_means_none(void **state)
{
	static const enum tphbuf_tph meaning[] = {
		TPHBUF_TPH_NONE,
		TPHBUF_TPH_ST,
		TPHBUF_TPH_NONE,
		TPHBUF_TPH_ST_EXT,
	};
	struct tphbuf_pci_info info;
	uint32_t field;

	(void)state;
	for (field = 0; field < 4; field++) {
		struct space *s = good_space();

		put(s, 0x60 + PCI_EXP_DEVCAP2, 0xfff00fffu | field << 12, 4);
		put(s, 0x140 + PCI_TPH_CTRL, field << 8, 4);
		assert_int_equal(decode(s, &info), 0);
		assert_int_equal(info.completer, meaning[field]);
		assert_int_equal(info.requester_enabled, meaning[field]);
		free(s);
	}
}

static void version_1_has_no_devcap2(void **state)
{
	struct space *s = good_space();
	struct tphbuf_pci_info info;

	(void)state;
	put(s, 0x60 + PCI_EXP_FLAGS, 1, 2);
	assert_int_equal(decode(s, &info), 0);
	assert_int_equal(info.completer, TPHBUF_TPH_NONE);
	free(s);
}

static void st_table_location_and_size(void **state)
{
	static const struct {
		uint32_t loc;
		enum tphbuf_st_table table;
		unsigned int entries;
	} cases[] = {
		{ PCI_TPH_LOC_NONE, TPHBUF_ST_TABLE_NONE, 0 },
		{ PCI_TPH_LOC_CAP, TPHBUF_ST_TABLE_CAP, 63 },
		{ PCI_TPH_LOC_MSIX, TPHBUF_ST_TABLE_MSIX, 63 },
		{ PCI_TPH_CAP_LOC_MASK, TPHBUF_ST_TABLE_NONE, 0 },
	};
	struct tphbuf_pci_info info;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct space *s = good_space();

		put(s, 0x140 + PCI_TPH_CAP, cases[i].loc | 62 << PCI_TPH_CAP_ST_SHIFT, 4);
		assert_int_equal(decode(s, &info), 0);
		assert_int_equal(info.requester, TPHBUF_TPH_ST);
		assert_int_equal(info.st_table, cases[i].table);
		assert_int_equal(info.st_entries, cases[i].entries);
		free(s);
	}
}

/* Any content: no crash, no endless walk. */
static void random_content_terminates(void **state)
{
	struct tphbuf_pci_info info;
	unsigned int round, i;

	(void)state;
	srand(1);
	for (round = 0; round < 3000; round++) {
		struct space *s = good_space();

		for (i = 0; i < sizeof(s->bytes); i++)
			if (rand() % 4 == 0)
				s->bytes[i] = (unsigned char)rand();
		s->size = (unsigned int)rand() % (sizeof(s->bytes) + 1);
		decode(s, &info);
		assert_true(s->reads < 2000);
		free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dead_function_is_eio),
		cmocka_unit_test(ids_do_not_tell_life),
		cmocka_unit_test(ones_in_devcap2_are_not_extended),
		cmocka_unit_test(ones_in_tph_capability_are_eio),
		cmocka_unit_test(looping_lists_end),
		cmocka_unit_test(capability_at_the_very_end_is_not_overread),
		cmocka_unit_test(acs_at_the_very_end),
		cmocka_unit_test(short_space_is_unknown_or_none),
		cmocka_unit_test(every_read_error_is_passed_on),
		cmocka_unit_test(reserved_encoding_means_none),
		cmocka_unit_test(version_1_has_no_devcap2),
		cmocka_unit_test(st_table_location_and_size),
		cmocka_unit_test(random_content_terminates),
	};

	return cmocka_run_group_tests_name("pcicfg", tests, NULL, NULL);
}
