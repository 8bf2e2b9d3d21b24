// SPDX-License-Identifier: GPL-2.0-only
/*
 * An importer of dma-bufs with PCIe processing hints, for the test rig.
 *
 * The device is a virtual DMA engine that writes a value to a range of bus
 * addresses and can put a steering tag of its own choice into each transfer.
 * The driver shows the duties of an importer:
 *
 * - ask for the tag in the namespace that the device has been enabled to send,
 * - ask in the same hold of the reservation lock that maps,
 * - drop the answer together with the mapping, and ask again for the next one.
 *
 * A mapping is used only while the reservation lock is held, so that nothing is
 * in flight when the exporter invalidates it.
 *
 * Locks: tph_engine.lock, then the reservation lock of the dma-buf.
 */

#include <linux/bitfield.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/idr.h>
#include <linux/iopoll.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci-tph.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "tph_engine.h"

MODULE_IMPORT_NS("DMA_BUF");

/* Registers in BAR 0, 32 bits each, little endian */
#define ENGINE_MAGIC	    0x00 /* ro: ENGINE_MAGIC_VALUE */
#define ENGINE_ADDR_LO	    0x08
#define ENGINE_ADDR_HI	    0x0c
#define ENGINE_LENGTH	    0x10 /* bytes, 4 to ENGINE_LENGTH_MAX */
#define ENGINE_VALUE	    0x14
#define ENGINE_HINT	    0x18 /* of the next transfer */
#define ENGINE_HINT_PRESENT BIT(31)
#define ENGINE_HINT_PH	    GENMASK(17, 16)
#define ENGINE_HINT_TAG	    GENMASK(15, 0)
#define ENGINE_START	    0x1c /* wo: 1 starts a transfer */
#define ENGINE_STATUS	    0x20 /* ro */
#define ENGINE_BUSY	    1
#define ENGINE_DONE	    2
#define ENGINE_FAILED	    3

#define ENGINE_MAGIC_VALUE  0x45485054
#define ENGINE_LENGTH_MAX   SZ_1M
#define ENGINE_TIMEOUT_US   USEC_PER_SEC

struct tph_engine {
	struct kref kref;
	struct miscdevice misc;
	int id;
	struct mutex lock;    /* everything below, and one transfer at a time */
	struct pci_dev *pdev; /* NULL: removed */
	void __iomem *regs;
	struct list_head sessions;
};

/*
 * One imported dma-buf. The exporter may invalidate as soon as the attachment
 * exists, so each attachment has one.
 */
struct tph_import {
	struct tph_engine *engine;
	struct dma_buf_attachment *attach;

	/* Protected by the reservation lock of the dma-buf */
	struct sg_table *sgt;
	u8 hint_width; /* 0: none */
	u8 hint_ph;
	u16 hint_tag;
};

/* One open of the character device, importing at most one dma-buf */
struct tph_session {
	struct tph_engine *engine;
	struct list_head elm;
	struct tph_import *import;
};

static DEFINE_IDA(engine_ids);

/* --- importing --- */

static void import_unmap(struct dma_buf_attachment *attach)
{
	struct tph_import *import = attach->importer_priv;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (!import->sgt)
		return;

	dma_buf_unmap_attachment(attach, import->sgt, DMA_FROM_DEVICE);
	import->sgt = NULL;
	import->hint_width = 0;
}

static const struct dma_buf_attach_ops import_attach_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = import_unmap,
};

static int import_query_hint(struct tph_import *import, u8 *width)
{
	u8 req_type = pcie_tph_enabled_req_type(import->engine->pdev);
	bool extended = req_type == PCI_TPH_REQ_EXT_TPH;
	int ret;

	*width = 0;
	if (req_type == PCI_TPH_REQ_DISABLE)
		return 0;

	ret = dma_buf_get_pci_tph(import->attach, extended, &import->hint_tag, &import->hint_ph);
	if (ret == -EOPNOTSUPP || ret == -ENODATA || ret == -EXDEV)
		return 0;
	if (ret)
		return ret;

	*width = extended ? 16 : 8;
	return 0;
}

/* Map and get the hint that belongs to the mapping */
static int import_map(struct tph_import *import)
{
	struct dma_resv *resv = import->attach->dmabuf->resv;
	struct sg_table *sgt;
	u8 width;
	long ret;

	dma_resv_assert_held(resv);

	if (!import->sgt) {
		ret = import_query_hint(import, &width);
		if (ret)
			return ret;

		sgt = dma_buf_map_attachment(import->attach, DMA_FROM_DEVICE);
		if (IS_ERR(sgt))
			return PTR_ERR(sgt);
		import->sgt = sgt;
		import->hint_width = width;
	}

	/* Wait until the exporter has moved the buffer */
	ret = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_KERNEL, true, MAX_SCHEDULE_TIMEOUT);
	return ret < 0 ? ret : 0;
}

static struct tph_import *import_new(struct tph_engine *engine, int fd)
{
	struct dma_buf_attachment *attach;
	struct tph_import *import;
	struct dma_buf *dmabuf;

	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return ERR_CAST(dmabuf);

	import = kzalloc_obj(*import);
	if (!import) {
		dma_buf_put(dmabuf);
		return ERR_PTR(-ENOMEM);
	}
	import->engine = engine;

	attach = dma_buf_dynamic_attach(dmabuf, &engine->pdev->dev, &import_attach_ops, import);
	if (IS_ERR(attach)) {
		kfree(import);
		dma_buf_put(dmabuf);
		return ERR_CAST(attach);
	}
	import->attach = attach;
	return import;
}

static void import_free(struct tph_import *import)
{
	struct dma_buf *dmabuf;

	if (!import)
		return;

	dmabuf = import->attach->dmabuf;
	dma_resv_lock(dmabuf->resv, NULL);
	import_unmap(import->attach);
	dma_resv_unlock(dmabuf->resv);
	dma_buf_detach(dmabuf, import->attach);
	dma_buf_put(dmabuf);
	kfree(import);
}

static int session_import(struct tph_session *session, int fd)
{
	struct tph_import *import = NULL;

	lockdep_assert_held(&session->engine->lock);

	if (fd != -1) {
		import = import_new(session->engine, fd);
		if (IS_ERR(import))
			return PTR_ERR(import);
	}
	import_free(session->import);
	session->import = import;
	return 0;
}

/* --- transfers --- */

static int engine_transfer(struct tph_engine *engine, dma_addr_t addr, u32 length, u32 value,
			   u32 hint)
{
	void __iomem *regs = engine->regs;
	u32 status;
	int ret;

	writel(lower_32_bits(addr), regs + ENGINE_ADDR_LO);
	writel(upper_32_bits(addr), regs + ENGINE_ADDR_HI);
	writel(length, regs + ENGINE_LENGTH);
	writel(value, regs + ENGINE_VALUE);
	writel(hint, regs + ENGINE_HINT);
	writel(1, regs + ENGINE_START);

	ret = readl_poll_timeout(regs + ENGINE_STATUS, status, status != ENGINE_BUSY, 10,
				 ENGINE_TIMEOUT_US);
	if (ret) {
		/* The mapping may be invalidated at any time from here on: no more writes */
		pci_clear_master(engine->pdev);
		return ret;
	}
	return status == ENGINE_DONE ? 0 : -EIO;
}

static u32 import_hint(const struct tph_import *import)
{
	if (!import->hint_width)
		return 0;

	return ENGINE_HINT_PRESENT | FIELD_PREP(ENGINE_HINT_PH, import->hint_ph) |
	       FIELD_PREP(ENGINE_HINT_TAG, import->hint_tag);
}

/* Fill [offset, offset + length) of the mapping, which may be in pieces */
static int import_transfer(struct tph_import *import, u64 offset, u64 length, u32 value)
{
	struct scatterlist *sg;
	int ret, i;

	for_each_sgtable_dma_sg(import->sgt, sg, i)
	{
		u64 sg_len = sg_dma_len(sg);

		if (offset >= sg_len) {
			offset -= sg_len;
			continue;
		}
		while (length && offset < sg_len) {
			u32 len = min3(length, sg_len - offset, (u64)ENGINE_LENGTH_MAX);

			if (fatal_signal_pending(current))
				return -EINTR;
			ret = engine_transfer(import->engine, sg_dma_address(sg) + offset, len,
					      value, import_hint(import));
			if (ret)
				return ret;
			offset += len;
			length -= len;
		}
		if (!length)
			return 0;
		offset = 0;
	}
	return -EIO; /* the mapping is shorter than the dma-buf */
}

static int session_fill(struct tph_session *session, struct tph_engine_fill *fill)
{
	struct tph_import *import = session->import;
	struct dma_buf *dmabuf;
	u64 end;
	int ret;

	lockdep_assert_held(&session->engine->lock);

	if (!import)
		return -ENXIO;

	dmabuf = import->attach->dmabuf;
	if (!fill->length || !IS_ALIGNED(fill->offset | fill->length, 4) ||
	    check_add_overflow(fill->offset, fill->length, &end) || end > dmabuf->size)
		return -EINVAL;
	if (memchr_inv(fill->reserved, 0, sizeof(fill->reserved)))
		return -EINVAL;

	ret = dma_resv_lock_interruptible(dmabuf->resv, NULL);
	if (ret)
		return ret;

	ret = import_map(import);
	if (ret)
		goto unlock;

	ret = import_transfer(import, fill->offset, fill->length, fill->value);
	fill->hint_width = import->hint_width;
	fill->hint_tag = import->hint_width ? import->hint_tag : 0;
	fill->hint_ph = import->hint_width ? import->hint_ph : 0;
unlock:
	dma_resv_unlock(dmabuf->resv);
	return ret;
}

/* --- character device --- */

static void engine_release(struct kref *kref)
{
	struct tph_engine *engine = container_of(kref, struct tph_engine, kref);

	ida_free(&engine_ids, engine->id);
	kfree(engine->misc.name);
	mutex_destroy(&engine->lock);
	kfree(engine);
}

static int tph_engine_open(struct inode *inode, struct file *file)
{
	/* misc_open() holds misc_mtx, against which misc_deregister() waits */
	struct tph_engine *engine = container_of(file->private_data, struct tph_engine, misc);
	struct tph_session *session = kzalloc_obj(*session);

	if (!session)
		return -ENOMEM;

	kref_get(&engine->kref);
	session->engine = engine;
	mutex_lock(&engine->lock);
	list_add(&session->elm, &engine->sessions);
	mutex_unlock(&engine->lock);
	file->private_data = session;
	return 0;
}

static int tph_engine_close(struct inode *inode, struct file *file)
{
	struct tph_session *session = file->private_data;
	struct tph_engine *engine = session->engine;

	mutex_lock(&engine->lock);
	import_free(session->import);
	list_del(&session->elm);
	mutex_unlock(&engine->lock);
	kfree(session);
	kref_put(&engine->kref, engine_release);
	return 0;
}

static long tph_engine_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct tph_session *session = file->private_data;
	struct tph_engine *engine = session->engine;
	void __user *user = (void __user *)arg;
	struct tph_engine_fill fill;
	__s32 fd;
	int ret;

	switch (cmd) {
	case TPH_ENGINE_IMPORT:
		if (get_user(fd, (__s32 __user *)user))
			return -EFAULT;
		break;
	case TPH_ENGINE_FILL:
		if (copy_from_user(&fill, user, sizeof(fill)))
			return -EFAULT;
		break;
	default:
		return -ENOTTY;
	}

	ret = mutex_lock_interruptible(&engine->lock);
	if (ret)
		return ret;
	if (!engine->pdev)
		ret = -ENODEV;
	else if (cmd == TPH_ENGINE_IMPORT)
		ret = session_import(session, fd);
	else
		ret = session_fill(session, &fill);
	mutex_unlock(&engine->lock);

	if (!ret && cmd == TPH_ENGINE_FILL && copy_to_user(user, &fill, sizeof(fill)))
		ret = -EFAULT;
	return ret;
}

static const struct file_operations tph_engine_fops = {
	.owner = THIS_MODULE,
	.open = tph_engine_open,
	.release = tph_engine_close,
	.unlocked_ioctl = tph_engine_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* --- PCI device --- */

static struct tph_engine *engine_alloc(struct pci_dev *pdev)
{
	struct tph_engine *engine = kzalloc_obj(*engine);

	if (!engine)
		return NULL;

	engine->id = ida_alloc(&engine_ids, GFP_KERNEL);
	if (engine->id < 0)
		goto err_free;

	engine->misc.name = kasprintf(GFP_KERNEL, "tph_engine%d", engine->id);
	if (!engine->misc.name)
		goto err_id;

	engine->misc.minor = MISC_DYNAMIC_MINOR;
	engine->misc.fops = &tph_engine_fops;
	engine->misc.parent = &pdev->dev;
	engine->pdev = pdev;
	kref_init(&engine->kref);
	mutex_init(&engine->lock);
	INIT_LIST_HEAD(&engine->sessions);
	return engine;

err_id:
	ida_free(&engine_ids, engine->id);
err_free:
	kfree(engine);
	return NULL;
}

static int tph_engine_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct tph_engine *engine;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;

	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;

	engine = engine_alloc(pdev);
	if (!engine)
		return -ENOMEM;

	engine->regs = pcim_iomap_region(pdev, 0, "tph_engine");
	if (IS_ERR(engine->regs)) {
		ret = PTR_ERR(engine->regs);
		goto err_put;
	}
	if (readl(engine->regs + ENGINE_MAGIC) != ENGINE_MAGIC_VALUE) {
		ret = -ENODEV;
		goto err_put;
	}

	pci_set_master(pdev);
	/* The engine works without TPH, too: see pcie_tph_enabled_req_type() */
	if (pcie_enable_tph(pdev, PCI_TPH_ST_DS_MODE))
		pci_info(pdev, "no TPH\n");

	pci_set_drvdata(pdev, engine);
	ret = misc_register(&engine->misc);
	if (ret)
		goto err_tph;
	return 0;

err_tph:
	pcie_disable_tph(pdev);
	pci_clear_master(pdev);
err_put:
	kref_put(&engine->kref, engine_release);
	return ret;
}

static void tph_engine_remove(struct pci_dev *pdev)
{
	struct tph_engine *engine = pci_get_drvdata(pdev);
	struct tph_session *session;

	misc_deregister(&engine->misc);

	mutex_lock(&engine->lock);
	list_for_each_entry(session, &engine->sessions, elm)
	{
		import_free(session->import);
		session->import = NULL;
	}
	engine->pdev = NULL;
	engine->regs = NULL;
	mutex_unlock(&engine->lock);

	pcie_disable_tph(pdev);
	pci_clear_master(pdev);
	kref_put(&engine->kref, engine_release);
}

static const struct pci_device_id tph_engine_ids[] = { { PCI_DEVICE(0x1234, 0x5445) }, {} };
MODULE_DEVICE_TABLE(pci, tph_engine_ids);

static struct pci_driver tph_engine_driver = {
	.name = "tph_engine",
	.id_table = tph_engine_ids,
	.probe = tph_engine_probe,
	.remove = tph_engine_remove,
};
module_pci_driver(tph_engine_driver);

MODULE_DESCRIPTION("Sample importer of dma-bufs with PCIe processing hints");
MODULE_LICENSE("GPL");
