// SPDX-License-Identifier: MIT
/*
 * One device as completer and as requester: a NIC writes into its memory with the tag of the dma-buf, while
 * the device itself writes into host memory with the tag of a CPU.
 */
#include <rdma/ib_user_ioctl_verbs.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/steer_ops.h"
#include "tests/guest/uverbs.h"

#define LEN    0x100000u /* of the dma-buf, and of a write of the NIC */
#define ROUNDS 20
#define ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)

struct peer {
	struct port port;
	struct side from, to;
	struct memory host;
	struct uverbs_mr mr; /* of the dma-buf */
};

static void peer_open(struct peer *peer, const char *nic)
{
	port_open(&peer->port, nic);
	memory_alloc(&peer->host, &peer->port, LEN, ACCESS);
	link_open(&peer->from, &peer->port, &peer->to, &peer->port, NULL);
}

static void peer_close(struct peer *peer)
{
	link_close(&peer->from, &peer->to);
	memory_free(&peer->host);
	port_close(&peer->port);
}

static void peer_register(struct peer *peer, int fd)
{
	int ret = uverbs_reg_dmabuf_flags(peer->port.pd, fd, LEN, ACCESS, UVERBS_NO_DMAH,
					  IB_UVERBS_MR_TPH_REQUIRE, &peer->mr);

	require(!ret, "registration: %s", strerror(-ret));
}

static void peer_write(struct peer *peer)
{
	struct ibv_sge sge = { .addr = (uintptr_t)peer->host.addr,
			       .length = LEN,
			       .lkey = peer->host.mr->lkey };
	struct ibv_send_wr wr = { .opcode = IBV_WR_RDMA_WRITE,
				  .sg_list = &sge,
				  .num_sge = 1,
				  .send_flags = IBV_SEND_SIGNALED,
				  .wr.rdma = { .remote_addr = 0, .rkey = peer->mr.rkey } };

	post(&peer->from, &wr);
}

static void set_buffer(struct steer *rig, int fd, uint16_t st)
{
	tph_t tph = {
		.dmabuf_fd = fd, .flags = VFIO_DMA_BUF_TPH_ST_EXT, .steering_tag_ext = st, .ph = 2
	};

	expect_errno("SET of the dma-buf", vfio_tph(rig->dev.fd, VFIO_DEVICE_FEATURE_SET, &tph), 0);
}

static void expect_buffer(struct steer *rig, int fd, uint16_t st)
{
	tph_t tph = { .dmabuf_fd = fd };

	expect_errno("GET of the dma-buf", vfio_tph(rig->dev.fd, VFIO_DEVICE_FEATURE_GET, &tph), 0);
	require(tph.flags == VFIO_DMA_BUF_TPH_ST_EXT && tph.steering_tag_ext == st && tph.ph == 2,
		"the dma-buf has tag 0x%x ph %u", tph.steering_tag_ext, tph.ph);
}

/* Both write at once; width 0: the device sends no hint. */
static void both_write(struct steer *rig, struct peer *peer, const char *what, uint16_t arrives,
		       uint32_t width, uint32_t sent)
{
	witness_put(rig, ENG_WIT_CLEAR, 1);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		peer_write(peer);
		steer_start(rig, HINT_ENTRY(0), STEER_LEN);
		steer_finish(rig, STEER_LEN);
		poll_ok(&peer->from, IBV_WC_RDMA_WRITE);
	}
	expect_row(rig, what, ENG_WIT_ARRIVED, 16, arrives, 2);
	expect_row(rig, what, ENG_WIT_SENT, width, sent, 1);
}

/* A new tag of the buffer is in effect with the next registration. */
static void retag(struct steer *rig, struct peer *peer, int fd, uint16_t st)
{
	uverbs_dereg(peer->port.ctx, &peer->mr);
	set_buffer(rig, fd, st);
	peer_register(peer, fd);
}

void test_both_roles(struct steer *rig, const char *nic)
{
	const struct vfio_region_dma_range range = { .offset = 0, .length = LEN };
	const uint32_t cpu0 = 0, cpu1 = 1;
	struct peer peer;
	int fd = vfio_export(rig->dev.fd, ENG_MEMORY_BAR, &range, 1);

	require(fd >= 0, "export: %s", strerror(-fd));
	peer_open(&peer, nic);
	set_buffer(rig, fd, 0x1234);
	peer_register(&peer, fd);
	both_write(rig, &peer, "own tags off", 0x1234, 0, 0);
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu1), 0);
	ctrl_put(rig, ENABLE(EXT, IV));
	expect_ctrl(rig, "enabled", ENABLE(EXT, IV));
	expect_buffer(rig, fd, 0x1234);
	both_write(rig, &peer, "both", 0x1234, 16, TAG_EXT(1));
	retag(rig, &peer, fd, 0x7777);
	both_write(rig, &peer, "other tag of the buffer", 0x7777, 16, TAG_EXT(1));
	expect_errno("SET", steer_set(rig, 0, 0, 1, &cpu0), 0);
	both_write(rig, &peer, "other CPU", 0x7777, 16, TAG_EXT(0));
	ctrl_put(rig, 0);
	expect_buffer(rig, fd, 0x7777);
	both_write(rig, &peer, "own tags off again", 0x7777, 0, 0);
	uverbs_dereg(peer.port.ctx, &peer.mr);
	peer_close(&peer);
	close(fd);
}
