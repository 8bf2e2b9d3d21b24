// SPDX-License-Identifier: MIT
/* The tag value: lib/buffer/tag.c. */
#include "tests/unit/test.h"

static const struct {
	const char *text;
	const char *why; /* part of the reason */
} bad_texts[] = {
	{ "", "no '='" },
	{ "st", "no '='" },
	{ "st=", "not a number" },
	{ "=5", "unknown key" },
	{ "st=5,", "no '='" },
	{ ",st=5", "no '='" },
	{ "st=5,,ph=1", "no '='" },
	{ "st=5 ", "not a number" },
	{ " st=5", "unknown key" },
	{ "st=-1", "not a number" },
	{ "st=+1", "not a number" },
	{ "st=0x", "not a number" },
	{ "st=0xg", "not a number" },
	{ "st=1e1", "not a number" },
	{ "st=256", "8 bits" },
	{ "st=0x100,ph=2", "8 bits" },
	{ "st=99999999999999999999999", "8 bits" },
	{ "xst=65536", "16 bits" },
	{ "xst=0x10000", "16 bits" },
	{ "st=1,ph=4", "ph is out of range" },
	{ "st=1,ph=0x100000000", "ph is out of range" },
	{ "ph=2", "not a tag" },
	{ "st=1,st=2", "twice" },
	{ "st=1,ph=1,ph=1", "twice" },
	{ "ST=1", "unknown key" },
	{ "stt=1", "unknown key" },
	{ "s=1", "unknown key" },
	{ "none,ph=1", "no '='" },
	{ "None", "no '='" },
	{ "st=1;ph=2", "not a number" },
};

static void parse_bad_text_is_einval(void **state)
{
	const struct tphbuf_tag before = { 1, 2, 3, 1 };
	size_t i;

	(void)state;
	for (i = 0; i < NR(bad_texts); i++) {
		struct tphbuf_tag tag = before;
		const char *why = NULL;

		if (tphbuf_tag_parse(bad_texts[i].text, &tag, &why) != -EINVAL)
			fail_msg("'%s' is accepted", bad_texts[i].text);
		if (!why || !strstr(why, bad_texts[i].why))
			fail_msg("'%s': reason '%s'", bad_texts[i].text, why);
		assert_memory_equal(&tag, &before, sizeof(tag));
		assert_int_equal(tphbuf_tag_parse(bad_texts[i].text, &tag, NULL), -EINVAL);
	}
}

static void parse_null_is_einval(void **state)
{
	struct tphbuf_tag tag;
	const char *why = NULL;

	(void)state;
	assert_int_equal(tphbuf_tag_parse(NULL, &tag, &why), -EINVAL);
	assert_non_null(why);
	assert_int_equal(tphbuf_tag_parse("st=1", NULL, NULL), -EINVAL);
}

static void parse_reads_every_form(void **state)
{
	static const struct {
		const char *text;
		struct tphbuf_tag tag;
	} good[] = {
		{ "none", { 0, 0, 0, 0 } },
		{ "st=0", { TPHBUF_TAG_ST, 0, 0, 0 } },
		{ "st=0x5a,ph=2", { TPHBUF_TAG_ST, 0, 0x5a, 2 } },
		{ "st=010", { TPHBUF_TAG_ST, 0, 10, 0 } },
		{ "ph=3,st=255", { TPHBUF_TAG_ST, 0, 255, 3 } },
		{ "xst=0x1234,ph=1", { TPHBUF_TAG_XST, 0x1234, 0, 1 } },
		{ "xst=0XFFFF", { TPHBUF_TAG_XST, 0xffff, 0, 0 } },
		{ "xst=7,ph=1,st=9", { TPHBUF_TAG_MASK, 7, 9, 1 } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NR(good); i++) {
		struct tphbuf_tag tag;

		assert_int_equal(tphbuf_tag_parse(good[i].text, &tag, NULL), 0);
		assert_memory_equal(&tag, &good[i].tag, sizeof(tag));
	}
}

static void format_bad_tag_or_room_fails(void **state)
{
	const struct tphbuf_tag good = { TPHBUF_TAG_MASK, 0xffff, 0xff, 3 };
	const struct tphbuf_tag bits = { 4, 0, 0, 0 }, ph = { 1, 0, 0, 4 };
	char text[TPHBUF_TAG_TEXT_MAX];
	size_t size;

	(void)state;
	assert_int_equal(tphbuf_tag_format(NULL, text, sizeof(text)), -EINVAL);
	assert_int_equal(tphbuf_tag_format(&good, NULL, 9), -EINVAL);
	assert_int_equal(tphbuf_tag_format(&bits, text, sizeof(text)), -EINVAL);
	assert_int_equal(tphbuf_tag_format(&ph, text, sizeof(text)), -EINVAL);
	for (size = 0; size <= strlen("st=0xff,xst=0xffff,ph=3"); size++)
		assert_int_equal(tphbuf_tag_format(&good, text, size), -ENOSPC);
	assert_int_equal(tphbuf_tag_format(&good, text, size), size - 1);
	assert_string_equal(text, "st=0xff,xst=0xffff,ph=3");
}

static void format_then_parse_gives_the_same(void **state)
{
	char text[TPHBUF_TAG_TEXT_MAX];
	uint32_t valid, st, ph;

	(void)state;
	for (valid = 0; valid <= TPHBUF_TAG_MASK; valid++)
		for (st = 0; st <= 0xffff; st += 13)
			for (ph = 0; ph <= 3; ph++) {
				struct tphbuf_tag tag = { valid, (uint16_t)st, (uint8_t)st,
							  (uint8_t)ph },
						  back;

				assert_true(tphbuf_tag_format(&tag, text, sizeof(text)) > 0);
				assert_int_equal(tphbuf_tag_parse(text, &back, NULL), 0);
				assert_true(tphbuf_tag_equal(&tag, &back));
			}
}

static void check_names_the_missing_namespace(void **state)
{
	const struct tphbuf_tag st = { TPHBUF_TAG_ST, 0, 1, 0 };
	const struct tphbuf_tag xst = { TPHBUF_TAG_XST, 1, 0, 0 };
	const struct tphbuf_tag none = { 0, 0, 0, 0 };
	const char *why = NULL;

	(void)state;
	assert_int_equal(tphbuf_tag_check(NULL, 3, &why), -EINVAL);
	assert_int_equal(tphbuf_tag_check(&xst, TPHBUF_TAG_ST, &why), -EOPNOTSUPP);
	assert_non_null(strstr(why, "Extended"));
	assert_int_equal(tphbuf_tag_check(&st, 0, &why), -EOPNOTSUPP);
	assert_non_null(strstr(why, "not a TPH completer"));
	assert_int_equal(tphbuf_tag_check(&st, TPHBUF_TAG_ST, &why), 0);
	assert_int_equal(tphbuf_tag_check(&none, 0, NULL), 0);
}

static void equal_ignores_fields_without_a_value(void **state)
{
	const struct tphbuf_tag a = { TPHBUF_TAG_ST, 7, 1, 2 };
	struct tphbuf_tag b = { TPHBUF_TAG_ST, 9, 1, 2 };

	(void)state;
	assert_true(tphbuf_tag_equal(&a, &b));
	b.ph = 1;
	assert_false(tphbuf_tag_equal(&a, &b));
	b = a;
	b.st = 2;
	assert_false(tphbuf_tag_equal(&a, &b));
	b = a;
	b.valid = TPHBUF_TAG_MASK;
	assert_false(tphbuf_tag_equal(&a, &b));
	b.valid = 0;
	assert_false(tphbuf_tag_equal(&a, &b));
	assert_false(tphbuf_tag_equal(&a, NULL));
	assert_false(tphbuf_tag_equal(NULL, &a));
	assert_true(tphbuf_tag_equal(&b, &(struct tphbuf_tag){ 0, 1, 1, 1 }));
	b = (struct tphbuf_tag){ TPHBUF_TAG_XST, 9, 0, 0 };
	assert_false(tphbuf_tag_equal(&b, &(struct tphbuf_tag){ TPHBUF_TAG_XST, 8, 0, 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_bad_text_is_einval),
		cmocka_unit_test(parse_null_is_einval),
		cmocka_unit_test(parse_reads_every_form),
		cmocka_unit_test(format_bad_tag_or_room_fails),
		cmocka_unit_test(format_then_parse_gives_the_same),
		cmocka_unit_test(check_names_the_missing_namespace),
		cmocka_unit_test(equal_ignores_fields_without_a_value),
	};

	return cmocka_run_group_tests_name("tag", tests, NULL, NULL);
}
