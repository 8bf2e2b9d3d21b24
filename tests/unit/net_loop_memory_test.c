// SPDX-License-Identifier: MIT
/* Memory of the network plugin's loop back end: mapped dma-bufs, and those that only a copy hook reaches. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/net_rig.h"
#include "tests/unit/test.h"
#include "userspace/transports/nccl/loop.h"

#define SIZE   0x1000
#define LENGTH 0x10000

static struct net_device *dev;
static const struct tphbuf_net_copy *hook;
static int check_error;

/* Of loop.c and copy.c, which are not part of this program */
const struct net_backend net_loop;

const struct tphbuf_net_copy *net_copy(void **state)
{
	*state = NULL;
	return hook;
}

static int check(void *state, const void *device, size_t length)
{
	(void)state;
	(void)device;
	(void)length;
	return check_error;
}

static const struct tphbuf_net_copy copies = { .size = sizeof(copies),
					       .name = "copies",
					       .check = check };

static void open_device(enum net_tag_policy tag)
{
	int n = 0;

	config.tag = tag;
	said[0] = '\0';
	net_set_logger(keep_log);
	assert_int_equal(loop_devices(&dev, &n), 0);
	assert_int_equal(n, 1);
}

static void close_device(void)
{
	said[0] = '\0';
	loop_device_close(dev);
	assert_string_equal(said, "");
	free(dev);
	hook = NULL;
	check_error = 0;
}

static enum nccl_result try(struct fixture *f, struct net_mr *mr, uint64_t offset)
{
	*mr = (struct net_mr){ .id = 7, .dev = dev, .data = (char *)0x10000, .size = SIZE };
	return loop_reg_dmabuf(dev, mr, offset, tphbuf_buffer_fd(f->buf));
}

static void mapped(void **state)
{
	struct fixture *f = *state;
	struct net_mr mr, again;

	open_device(NET_TAG_PREFER);
	assert_int_equal(dev->ptr_support, NCCL_PTR_HOST | NCCL_PTR_DMABUF);
	assert_int_equal(try(f, &mr, 0x2000), NCCL_SUCCESS);
	assert_said("region 7: 4096 bytes, no tag applied: the loop back end copies by CPU");
	assert_int_equal(try(f, &again, 0x3000), NCCL_SUCCESS);
	assert_ptr_equal(again.cpu, mr.cpu + 0x1000);
	loop_device_close(dev);
	assert_said("regions are still registered");
	loop_unreg(&mr);
	loop_unreg(&again);
	close_device();

	open_device(NET_TAG_IGNORE);
	assert_int_equal(try(f, &mr, 0), NCCL_SUCCESS);
	assert_string_equal(said, "");
	loop_unreg(&mr);
	close_device();
}

static void refused(void **state)
{
	struct fixture *f = *state;
	struct net_mr mr;

	open_device(NET_TAG_REQUIRE);
	assert_int_equal(try(f, &mr, 0), NCCL_INVALID_USAGE);
	assert_said("applies no tag; use TPHBUF_NET_BACKEND=verbs");
	close_device();
	open_device(NET_TAG_PREFER);
	assert_int_equal(try(f, &mr, LENGTH), NCCL_INVALID_ARGUMENT);
	assert_said("offset 65536");
	mr = (struct net_mr){ .size = SIZE };
	assert_int_equal(loop_reg_dmabuf(dev, &mr, 0, -1), NCCL_INVALID_ARGUMENT);
	assert_said("descriptor -1");
	close_device();
}

static void not_mapped(void **state)
{
	struct fixture *f = *state;
	struct net_mr mr;

	open_device(NET_TAG_PREFER);
	fake_fail_call("mmap", ENODEV);
	assert_int_equal(try(f, &mr, 0), NCCL_INVALID_USAGE);
	assert_said("the dma-buf cannot be mapped, and there is no copy hook");
	close_device();

	hook = &copies;
	open_device(NET_TAG_PREFER);
	assert_int_equal(dev->ptr_support, NCCL_PTR_HOST | NCCL_PTR_DMABUF | NCCL_PTR_CUDA);
	fake_fail_call("mmap", ENODEV);
	assert_int_equal(try(f, &mr, 0), NCCL_SUCCESS);
	assert_null(mr.cpu);
	loop_unreg(&mr);
	close_device();

	hook = &copies;
	open_device(NET_TAG_PREFER);
	check_error = -EFAULT;
	fake_fail_call("mmap", ENODEV);
	assert_int_equal(try(f, &mr, 0), NCCL_INVALID_USAGE);
	assert_said("the copy hook copies does not reach 0x10000: Bad address");
	close_device();
}

static void by_address(void **state)
{
	struct net_mr mr = { .data = (char *)0x5000, .size = SIZE, .type = NCCL_PTR_HOST };

	(void)state;
	open_device(NET_TAG_PREFER);
	assert_int_equal(loop_reg(dev, &mr), NCCL_SUCCESS);
	assert_ptr_equal(mr.cpu, mr.data);
	loop_unreg(&mr);
	mr.type = NCCL_PTR_CUDA;
	mr.cpu = NULL;
	assert_int_equal(loop_reg(dev, &mr), NCCL_INVALID_USAGE);
	assert_said("device memory by its address, and there is no copy hook");
	hook = &copies;
	assert_int_equal(loop_reg(dev, &mr), NCCL_SUCCESS);
	assert_null(mr.cpu);
	close_device();
}

/* Each failure on the way is an error with a text, and leaves nothing. */
static void every_call_fails(void **state)
{
	unsigned int fds = fake_count_fds(), failures = 0, memory = 0;
	struct fixture *f = *state;
	bool hit = true;

	config.tag = NET_TAG_PREFER;
	net_set_logger(keep_log);
	for (unsigned int n = 1; hit; n++) {
		struct net_mr mr;
		int count, err;

		assert_true(n < MAX_FAULTS);
		said[0] = '\0';
		fault_arm(n);
		err = loop_devices(&dev, &count);
		if (!err) {
			err = (int)try(f, &mr, 0);
			if (!err)
				loop_unreg(&mr);
			loop_device_close(dev);
			free(dev);
		}
		hit = fault_disarm();
		assert_int_equal(fake_count_fds(), fds);
		assert_true(hit || !err);
		failures += err != 0;
		memory += err == NCCL_SYSTEM_ERROR;
		assert_true(!err || err == -ENOMEM || said[0]);
	}
	assert_true(failures > 5 && memory > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mapped, buffer),	  TEST(refused, buffer),	  TEST(not_mapped, buffer),
		TEST(by_address, buffer), TEST(every_call_fails, buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
