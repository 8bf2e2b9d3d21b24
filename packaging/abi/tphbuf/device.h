/* SPDX-License-Identifier: MIT */
#ifndef TPHBUF_DEVICE_H
#define TPHBUF_DEVICE_H 
#include <tphbuf/ctx.h>
#ifdef __cplusplus
extern "C" {
#endif
#define TPHBUF_NUM_BARS 6
#define TPHBUF_BDF_MAX 20
#define TPHBUF_NAME_MAX 64
struct tphbuf_device;
enum tphbuf_tph {
 TPHBUF_TPH_UNKNOWN = -1,
 TPHBUF_TPH_NONE = 0,
 TPHBUF_TPH_ST = 1,
 TPHBUF_TPH_ST_EXT = 3,
};
enum tphbuf_st_table {
 TPHBUF_ST_TABLE_NONE,
 TPHBUF_ST_TABLE_CAP,
 TPHBUF_ST_TABLE_MSIX,
};
#define TPHBUF_BAR_PRESENT (1u << 0)
#define TPHBUF_BAR_IO (1u << 1)
#define TPHBUF_BAR_64BIT (1u << 2)
#define TPHBUF_BAR_PREFETCH (1u << 3)
#define TPHBUF_BAR_MAPPABLE (1u << 4)
#define TPHBUF_BAR_EXPORTABLE (1u << 5)
struct tphbuf_bar {
 uint64_t size;
 uint64_t addr;
 uint32_t flags;
 uint32_t reserved;
};
struct tphbuf_pci_info {
 size_t size;
 char bdf[TPHBUF_BDF_MAX];
 char driver[TPHBUF_NAME_MAX];
 char vfio[TPHBUF_NAME_MAX];
 int32_t iommu_group;
 uint16_t vendor;
 uint16_t device;
 uint32_t class_code;
 uint16_t command;
 uint16_t st_entries;
 enum tphbuf_tph completer;
 enum tphbuf_tph requester;
 enum tphbuf_tph requester_enabled;
 enum tphbuf_st_table st_table;
 struct tphbuf_bar bar[TPHBUF_NUM_BARS];
 char rdma[TPHBUF_NAME_MAX];
};
TPHBUF_API int tphbuf_bdf_parse(const char *text, char *bdf);
TPHBUF_API int tphbuf_pci_read(struct tphbuf_ctx *ctx, const char *bdf,
          struct tphbuf_pci_info *info);
TPHBUF_API int tphbuf_pci_list(struct tphbuf_ctx *ctx, char (**bdfs)[TPHBUF_BDF_MAX], size_t *n);
TPHBUF_API void tphbuf_pci_list_free(char (*bdfs)[TPHBUF_BDF_MAX]);
enum tphbuf_backend {
 TPHBUF_BACKEND_AUTO,
 TPHBUF_BACKEND_IOMMUFD,
 TPHBUF_BACKEND_GROUP,
};
#define TPHBUF_DEVICE_NOIOMMU (1u << 0)
struct tphbuf_device_opts {
 size_t size;
 const char *vf_token;
 enum tphbuf_backend backend;
 uint32_t flags;
};
TPHBUF_API int tphbuf_device_open(struct tphbuf_ctx *ctx, const char *where,
      const struct tphbuf_device_opts *opts, struct tphbuf_device **dev);
TPHBUF_API int tphbuf_device_from_fd(struct tphbuf_ctx *ctx, int fd, const char *where,
         struct tphbuf_device **dev);
TPHBUF_API void tphbuf_device_close(struct tphbuf_device *dev);
TPHBUF_API int tphbuf_device_fd(const struct tphbuf_device *dev);
TPHBUF_API const char *tphbuf_device_bdf(const struct tphbuf_device *dev);
TPHBUF_API const char *tphbuf_device_backend(const struct tphbuf_device *dev);
#define TPHBUF_REGION_ROM 6
#define TPHBUF_REGION_CONFIG 7
#define TPHBUF_REGION_READ (1u << 0)
#define TPHBUF_REGION_WRITE (1u << 1)
#define TPHBUF_REGION_MMAP (1u << 2)
struct tphbuf_region {
 size_t size;
 uint64_t length;
 uint64_t offset;
 uint32_t flags;
};
TPHBUF_API int tphbuf_device_region(struct tphbuf_device *dev, unsigned int index,
        struct tphbuf_region *region);
TPHBUF_API int tphbuf_device_info(struct tphbuf_device *dev, struct tphbuf_pci_info *info);
TPHBUF_API int tphbuf_device_map(struct tphbuf_device *dev, unsigned int bar, uint64_t offset,
     uint64_t length, void **addr);
TPHBUF_API void tphbuf_device_unmap(struct tphbuf_device *dev, void *addr, uint64_t length);
TPHBUF_API int tphbuf_device_memory(struct tphbuf_device *dev, bool on);
TPHBUF_API int tphbuf_device_reset(struct tphbuf_device *dev);
#ifdef __cplusplus
}
#endif
#endif
