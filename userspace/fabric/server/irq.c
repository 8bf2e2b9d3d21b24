// SPDX-License-Identifier: MIT
/*
 * vfio-user interrupts: MSI-X by eventfds only. The client emulates the table.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <string.h>

#include "fabric/core/device.h"
#include "fabric/server/proto.h"

#define DATA_FLAGS \
	((uint32_t)(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_DATA_EVENTFD))

int srv_irq_info(struct srv_session *session, struct srv_msg *msg)
{
	const struct vfio_irq_info *asked = msg->body;
	struct vfio_irq_info answer = { .argsz = sizeof(answer),
					.index = asked->index,
					.flags = VFIO_IRQ_INFO_EVENTFD };

	if (asked->argsz < sizeof(answer) || asked->index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	if (asked->index == VFIO_PCI_MSIX_IRQ_INDEX) {
		answer.count = session->dev->vectors;
		answer.flags |= VFIO_IRQ_INFO_NORESIZE;
	}
	memcpy(msg->reply, &answer, sizeof(answer));
	msg->reply_len = sizeof(answer);
	return 0;
}

/* Sets the client's eventfds. Without files: removes those of these vectors. */
static int set_eventfds(struct fab_device *dev, const struct vfio_irq_set *set, struct srv_msg *msg)
{
	uint32_t i;
	int flags;

	if (msg->nfds && msg->nfds != set->count)
		return -EINVAL;
	/* Signalling must not wait for the client. */
	for (i = 0; i < msg->nfds; i++) {
		flags = fcntl(msg->fds[i], F_GETFL);
		if (flags < 0 || fcntl(msg->fds[i], F_SETFL, flags | O_NONBLOCK))
			return -EINVAL;
	}
	for (i = 0; i < set->count; i++) {
		fab_device_set_irq(dev, set->start + i, msg->nfds ? msg->fds[i] : -1);
		if (msg->nfds)
			msg->fds[i] = -1;
	}
	return 0;
}

/* Loopback: signal vectors as the device does. data: one byte each, NULL: all of them. */
static void fire(struct fab_device *dev, const struct vfio_irq_set *set, const uint8_t *data)
{
	uint32_t i;

	for (i = 0; i < set->count; i++)
		if (!data || data[i])
			fab_device_irq(dev, set->start + i);
}

int srv_irq_set(struct srv_session *session, struct srv_msg *msg)
{
	const struct vfio_irq_set *set = msg->body;
	struct fab_device *dev = session->dev;
	uint32_t vectors = set->index == VFIO_PCI_MSIX_IRQ_INDEX ? dev->vectors : 0;
	uint32_t data = set->flags & DATA_FLAGS, data_len = msg->len - (uint32_t)sizeof(*set), i;

	if (set->argsz < sizeof(*set) || set->index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	if ((set->flags & ~DATA_FLAGS) != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -EINVAL;
	if (set->start > vectors || set->count > vectors - set->start)
		return -EINVAL;
	if (msg->nfds && data != VFIO_IRQ_SET_DATA_EVENTFD)
		return -EINVAL;
	switch (data) {
	case VFIO_IRQ_SET_DATA_NONE:
		for (i = 0; !set->count && i < vectors; i++)
			fab_device_set_irq(dev, i, -1);
		fire(dev, set, NULL);
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		if (data_len != set->count)
			return -EINVAL;
		fire(dev, set, set->data);
		return 0;
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return set_eventfds(dev, set, msg);
	default:
		return -EINVAL;
	}
}
