// SPDX-License-Identifier: MIT
/* The tree of the fake machine, see fake.h. */
#define _GNU_SOURCE /* nftw */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/mock/fake.h"
#include "tests/mock/region.h"

static char root[PATH_MAX];

#define SYS_DEV	    "sys/bus/pci/devices/" FAKE_BDF
#define SYS_NIC	    "sys/bus/pci/devices/" FAKE_NIC_BDF

#define EXP_CAP	    0x40
#define TPH_EXT_CAP 0x100

static void die(const char *what, const char *path)
{
	fprintf(stderr, "fake machine: %s %s: ", what, path);
	perror(NULL);
	exit(1);
}

const char *fake_root(void)
{
	return root;
}

const char *fake_path(const char *fmt, ...)
{
	static char path[2 * PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/", root);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + n, sizeof(path) - (size_t)n, fmt, ap);
	va_end(ap);
	return path;
}

/* With all parents. */
void fake_mkdir(const char *relative)
{
	char path[2 * PATH_MAX], *p;

	snprintf(path, sizeof(path), "%s", fake_path("%s", relative));
	for (p = path + strlen(root) + 1;; p++) {
		char saved = *p;

		if (saved && saved != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			die("mkdir", path);
		if (!saved)
			return;
		*p = saved;
	}
}

static void make_parent(const char *relative)
{
	char path[PATH_MAX], *slash;

	snprintf(path, sizeof(path), "%s", relative);
	slash = strrchr(path, '/');
	if (slash) {
		*slash = '\0';
		fake_mkdir(path);
	}
}

void fake_bytes(const char *relative, uint64_t offset, const void *data, size_t size)
{
	const char *path = fake_path("%s", relative);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || pwrite(fd, data, size, (off_t)offset) != (ssize_t)size)
		die("write", path);
	close(fd);
}

void fake_write(const char *relative, const void *data, size_t size)
{
	make_parent(relative);
	unlink(fake_path("%s", relative));
	fake_bytes(relative, 0, data, size);
}

void fake_text(const char *relative, const char *text)
{
	fake_write(relative, text, strlen(text));
}

void fake_link(const char *relative, const char *target)
{
	make_parent(relative);
	unlink(fake_path("%s", relative));
	if (symlink(target, fake_path("%s", relative)))
		die("symlink", relative);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void fake_remove(const char *relative)
{
	const char *path = fake_path("%s", relative);

	if (nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS))
		die("remove", path);
}

void fake_teardown(void)
{
	fake_remove("");
	root[0] = '\0';
}

void fake_device_config(unsigned int offset, uint32_t value, unsigned int size)
{
	fake_bytes(DEV_NODE, REGION_OFFSET(REGION_CONFIG) + offset, &value, size);
}

void fake_config(unsigned int offset, uint32_t value, unsigned int size)
{
	fake_bytes(SYS_DEV "/config", offset, &value, size);
	fake_device_config(offset, value, size);
}

static void build_config(void)
{
	static const unsigned char zeros[4096];

	fake_write(SYS_DEV "/config", zeros, sizeof(zeros));
	fake_bytes(DEV_NODE, REGION_OFFSET(REGION_CONFIG), zeros, sizeof(zeros));
	fake_config(PCI_VENDOR_ID, 0x11101af4, 4);
	fake_config(PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	fake_config(PCI_STATUS, PCI_STATUS_CAP_LIST, 2);
	fake_config(PCI_CAPABILITY_LIST, EXP_CAP, 1);
	fake_config(EXP_CAP, PCI_CAP_ID_EXP | 2 << 16, 4);
	fake_config(EXP_CAP + PCI_EXP_DEVCAP2, PCI_EXP_DEVCAP2_TPH_COMP_EXT_TPH << 12, 4);
	fake_config(TPH_EXT_CAP, PCI_EXT_CAP_ID_TPH | 1 << 16, 4);
	fake_config(TPH_EXT_CAP + PCI_TPH_CAP,
		    PCI_TPH_CAP_ST_DS | PCI_TPH_CAP_EXT_TPH | PCI_TPH_LOC_CAP |
			    63 << PCI_TPH_CAP_ST_SHIFT,
		    4);
	fake_config(TPH_EXT_CAP + PCI_TPH_CTRL, PCI_TPH_REQ_TPH_ONLY << 8, 4);
}

static void build_sysfs(void)
{
	fake_text(SYS_DEV "/vendor", "0x1af4\n");
	fake_text(SYS_DEV "/device", "0x1110\n");
	fake_text(SYS_DEV "/class", "0x050000\n");
	fake_text(SYS_DEV "/resource", "0x00000000fe000000 0x00000000fe000fff 0x0000000000040200\n"
				       "0x000000000000c000 0x000000000000c01f 0x0000000000040101\n"
				       "0x00000000f8000000 0x00000000fbffffff 0x000000000014220c\n"
				       "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
				       "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
				       "0x00000000fe001000 0x00000000fe0010ff 0x0000000000040200\n"
				       "0x0000000000000000 0x0000000000000000 0x0000000000000000\n");
	fake_link(SYS_DEV "/driver", "../../../../bus/pci/drivers/vfio-pci");
	fake_link(SYS_DEV "/iommu_group", "../../../../kernel/iommu_groups/12");
	fake_link("sys/kernel/iommu_groups/12/devices/" FAKE_BDF,
		  "../../../../bus/pci/devices/" FAKE_BDF);
	fake_text(SYS_DEV "/vfio-dev/vfio0/dev", "511:0\n");
	fake_link("sys/dev/char/511:0", "../../bus/pci/devices/" FAKE_BDF "/vfio-dev/vfio0");

	fake_text(SYS_NIC "/vendor", "0x15b3\n");
	fake_text(SYS_NIC "/device", "0x1021\n");
	fake_text(SYS_NIC "/class", "0x020700\n");
	fake_text(SYS_NIC "/resource", "0x00000000f4000000 0x00000000f5ffffff 0x000000000014220c\n");
	fake_link(SYS_NIC "/driver", "../../../../bus/pci/drivers/mlx5_core");
	fake_mkdir(SYS_NIC "/infiniband/mlx5_0");
	fake_write(SYS_NIC "/config", "\xb3\x15\x21\x10", 4);
	fake_link("sys/class/infiniband/mlx5_0/device", "../../../bus/pci/devices/" FAKE_NIC_BDF);

	fake_text("sys/bus/pci/devices/not-a-device", "");
	fake_text("dev/iommu", "");
	fake_text("dev/udmabuf", "");
	fake_text("dev/dma_heap/system", "");
	fake_text("sys/class/misc/iommu/dev", "10:126\n");
	fake_text("sys/class/misc/udmabuf/dev", "10:125\n");
	fake_text("sys/class/dma_heap/system/dev", "251:0\n");
}

void fake_group_nodes(void)
{
	fake_text(FAKE_CONTAINER, "");
	fake_text(FAKE_GROUP, "");
	fake_text("sys/class/misc/vfio/dev", "10:196\n");
	fake_text("sys/class/vfio/12/dev", "510:12\n");
	fake_text("sys/class/vfio/noiommu-12/dev", "510:12\n");
}

void tree_build(void)
{
	snprintf(root, sizeof(root), "%s/tphbuf-test.XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(root))
		die("mkdtemp", root);
	fake_text(DEV_NODE, "");
	if (truncate(fake_path(DEV_NODE), REGION_OFFSET(REGION_CONFIG + 1)))
		die("truncate", DEV_NODE);
	build_sysfs();
	build_config();
}

unsigned int fake_count_fds(void)
{
	unsigned int n = 0;
	DIR *dir = opendir("/proc/self/fd");

	if (!dir)
		die("opendir", "/proc/self/fd");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}
