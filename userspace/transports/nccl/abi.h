/* SPDX-License-Identifier: MIT */
/*
 * The binary interface of NCCL's network plugins, versions 6 to 12, written down from
 * the published interface. NCCL looks a table up by the symbol ncclNetPlugin_vN.
 *
 * Each version is a structure of its own, because NCCL reads it by layout. What
 * changed from one to the next is said above each table.
 */
#ifndef TRANSPORTS_NCCL_ABI_H
#define TRANSPORTS_NCCL_ABI_H

#include <stddef.h>
#include <stdint.h>

enum nccl_result {
	NCCL_SUCCESS = 0,
	NCCL_CUDA_ERROR = 1,
	NCCL_SYSTEM_ERROR = 2,	   /* a system call or the hardware failed */
	NCCL_INTERNAL_ERROR = 3,   /* NCCL or the plugin broke the contract */
	NCCL_INVALID_ARGUMENT = 4, /* one argument is wrong */
	NCCL_INVALID_USAGE = 5,	   /* the user asked for what cannot be */
	NCCL_REMOTE_ERROR = 6,	   /* the peer failed or is gone */
};

enum nccl_log_level {
	NCCL_LOG_NONE = 0,
	NCCL_LOG_VERSION = 1,
	NCCL_LOG_WARN = 2,
	NCCL_LOG_INFO = 3,
	NCCL_LOG_ABORT = 4,
	NCCL_LOG_TRACE = 5,
};

/* Subsystems of a log line, as bits */
#define NCCL_LOG_INIT 0x1ul
#define NCCL_LOG_NET  0x10ul
#define NCCL_LOG_REG  0x2000ul

/* Kinds of memory: the type of regMr and the bits of ptrSupport */
#define NCCL_PTR_HOST	     0x1
#define NCCL_PTR_CUDA	     0x2 /* device memory of any vendor */
#define NCCL_PTR_DMABUF	     0x4

#define NCCL_HANDLE_SIZE     128
#define NCCL_MAX_REQUESTS    32 /* of one comm, each of up to maxRecvs parts */
#define NCCL_MAX_REQUESTS_V6 8	/* up to version 6 */
#define NCCL_MAX_DEVS_V9     4
#define NCCL_MAX_DEVS_V12    8
#define NCCL_DEVICE_HOST     0 /* netDeviceType: no device offload */
#define NCCL_UNDEFINED	     (-1)

/* On entry of irecv, *request may be this instead of NULL: completion need not be reported. */
#define NCCL_OPTIONAL_RECV_COMPLETION ((void *)0x1)

typedef void (*nccl_logger)(enum nccl_log_level level, unsigned long flags, const char *file,
			    int line, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
typedef enum nccl_result (*nccl_profiler)(void **event, int type, void *phandle, int64_t plugin,
					  void *data);

struct nccl_device_handle {
	int type;
	int version;
	void *handle;
	size_t size;
	int needs_proxy_progress;
};

struct nccl_comm_config {
	int traffic_class;
};

struct nccl_vdevice_v9 {
	int n;
	int devs[NCCL_MAX_DEVS_V9];
};

struct nccl_vdevice_v12 {
	int n;
	int devs[NCCL_MAX_DEVS_V12];
};

struct nccl_comm_attr {
	int32_t max_concurrent_peers;
	int32_t min_concurrent_peers;
	int32_t max_flows_per_peer;
	int32_t min_flows_per_peer;
};

struct nccl_net_attr {
	struct nccl_comm_attr send;
	struct nccl_comm_attr recv;
	uint32_t op;
	uint32_t algo;
	uint32_t proto;
};

struct nccl_props_v6 {
	char *name;
	char *pci_path;
	uint64_t guid;
	int ptr_support;
	int speed; /* Mb/s */
	int port;
	float latency; /* microseconds, 0 for unknown */
	int max_comms;
	int max_recvs;
};

struct nccl_props_v7 {
	char *name;
	char *pci_path;
	uint64_t guid;
	int ptr_support;
	int speed;
	int port;
	float latency;
	int max_comms;
	int max_recvs;
	int device_type;
	int device_version;
};

struct nccl_props_v8 {
	char *name;
	char *pci_path;
	uint64_t guid;
	int ptr_support;
	int reg_is_global;
	int speed;
	int port;
	float latency;
	int max_comms;
	int max_recvs;
	int device_type;
	int device_version;
};

/* Version 10 has the same. */
struct nccl_props_v9 {
	char *name;
	char *pci_path;
	uint64_t guid;
	int ptr_support;
	int reg_is_global;
	int force_flush;
	int speed;
	int port;
	float latency;
	int max_comms;
	int max_recvs;
	int device_type;
	int device_version;
	struct nccl_vdevice_v9 vdevice;
	size_t max_p2p_bytes;
	size_t max_coll_bytes;
};

struct nccl_props_v11 {
	char *name;
	char *pci_path;
	uint64_t guid;
	int ptr_support;
	int reg_is_global;
	int force_flush;
	int speed;
	int port;
	float latency;
	int max_comms;
	int max_recvs;
	int device_type;
	int device_version;
	struct nccl_vdevice_v9 vdevice;
	size_t max_p2p_bytes;
	size_t max_coll_bytes;
	int max_multi_request;
};

struct nccl_props_v12 {
	char *name;
	char *pci_path;
	uint64_t guid;
	int ptr_support;
	int reg_is_global;
	int force_flush;
	int speed;
	int port;
	float latency;
	int max_comms;
	int max_recvs;
	int device_type;
	int device_version;
	struct nccl_vdevice_v12 vdevice;
	size_t max_p2p_bytes;
	size_t max_coll_bytes;
	int max_multi_request;
	int16_t rail_id;
	int16_t plane_id;
};

/* Functions that did not change between versions */
typedef enum nccl_result (*nccl_devices_fn)(int *n);
typedef enum nccl_result (*nccl_reg_dmabuf_fn)(void *comm, void *data, size_t size, int type,
					       uint64_t offset, int fd, void **mhandle);
typedef enum nccl_result (*nccl_dereg_fn)(void *comm, void *mhandle);
typedef enum nccl_result (*nccl_flush_fn)(void *comm, int n, void **data, int *sizes,
					  void **mhandles, void **request);
typedef enum nccl_result (*nccl_test_fn)(void *request, int *done, int *sizes);
typedef enum nccl_result (*nccl_close_fn)(void *comm);
typedef enum nccl_result (*nccl_device_mr_fn)(void *comm, void *mhandle, void **dptr_mhandle);
typedef enum nccl_result (*nccl_consumed_fn)(void *comm, int n, void *request);

/* Functions that did; the number is the version that introduced the form. */
typedef enum nccl_result (*nccl_init_v6_fn)(nccl_logger log);
typedef enum nccl_result (*nccl_init_v10_fn)(nccl_logger log, nccl_profiler profiler);
typedef enum nccl_result (*nccl_init_v11_fn)(void **ctx, uint64_t comm_id,
					     struct nccl_comm_config *config, nccl_logger log,
					     nccl_profiler profiler);
typedef enum nccl_result (*nccl_listen_v6_fn)(int dev, void *handle, void **listen_comm);
typedef enum nccl_result (*nccl_listen_v11_fn)(void *ctx, int dev, void *handle, void **listen_comm);
typedef enum nccl_result (*nccl_connect_v6_fn)(int dev, void *handle, void **send_comm);
typedef enum nccl_result (*nccl_connect_v7_fn)(int dev, void *handle, void **send_comm,
					       struct nccl_device_handle **dh);
typedef enum nccl_result (*nccl_connect_v10_fn)(int dev, struct nccl_comm_config *config,
						void *handle, void **send_comm,
						struct nccl_device_handle **dh);
typedef enum nccl_result (*nccl_connect_v11_fn)(void *ctx, int dev, void *handle, void **send_comm,
						struct nccl_device_handle **dh);
typedef enum nccl_result (*nccl_accept_v6_fn)(void *listen_comm, void **recv_comm);
typedef enum nccl_result (*nccl_accept_v7_fn)(void *listen_comm, void **recv_comm,
					      struct nccl_device_handle **dh);
typedef enum nccl_result (*nccl_reg_v6_fn)(void *comm, void *data, int size, int type,
					   void **mhandle);
typedef enum nccl_result (*nccl_reg_v8_fn)(void *comm, void *data, size_t size, int type,
					   void **mhandle);
typedef enum nccl_result (*nccl_send_v6_fn)(void *comm, void *data, int size, int tag,
					    void *mhandle, void **request);
typedef enum nccl_result (*nccl_send_v9_fn)(void *comm, void *data, size_t size, int tag,
					    void *mhandle, void **request);
typedef enum nccl_result (*nccl_send_v10_fn)(void *comm, void *data, size_t size, int tag,
					     void *mhandle, void *phandle, void **request);
typedef enum nccl_result (*nccl_recv_v6_fn)(void *comm, int n, void **data, int *sizes, int *tags,
					    void **mhandles, void **request);
typedef enum nccl_result (*nccl_recv_v9_fn)(void *comm, int n, void **data, size_t *sizes,
					    int *tags, void **mhandles, void **request);
typedef enum nccl_result (*nccl_recv_v10_fn)(void *comm, int n, void **data, size_t *sizes,
					     int *tags, void **mhandles, void **phandles,
					     void **request);
typedef enum nccl_result (*nccl_vdevice_v9_fn)(int *dev, struct nccl_vdevice_v9 *props);
typedef enum nccl_result (*nccl_vdevice_v12_fn)(int *dev, struct nccl_vdevice_v12 *props);
typedef enum nccl_result (*nccl_finalize_fn)(void *ctx);
typedef enum nccl_result (*nccl_set_attr_fn)(void *ctx, struct nccl_net_attr *attr);

/* Sizes are int; no device handles. */
struct nccl_net_v6 {
	const char *name;
	nccl_init_v6_fn init;
	nccl_devices_fn devices;
	enum nccl_result (*get_properties)(int dev, struct nccl_props_v6 *props);
	nccl_listen_v6_fn listen;
	nccl_connect_v6_fn connect;
	nccl_accept_v6_fn accept;
	nccl_reg_v6_fn reg_mr;
	nccl_reg_dmabuf_fn reg_mr_dmabuf;
	nccl_dereg_fn dereg_mr;
	nccl_send_v6_fn isend;
	nccl_recv_v6_fn irecv;
	nccl_flush_fn iflush;
	nccl_test_fn test;
	nccl_close_fn close_send;
	nccl_close_fn close_recv;
	nccl_close_fn close_listen;
};

/* Device handles, getDeviceMr, irecvConsumed. */
struct nccl_net_v7 {
	const char *name;
	nccl_init_v6_fn init;
	nccl_devices_fn devices;
	enum nccl_result (*get_properties)(int dev, struct nccl_props_v7 *props);
	nccl_listen_v6_fn listen;
	nccl_connect_v7_fn connect;
	nccl_accept_v7_fn accept;
	nccl_reg_v6_fn reg_mr;
	nccl_reg_dmabuf_fn reg_mr_dmabuf;
	nccl_dereg_fn dereg_mr;
	nccl_send_v6_fn isend;
	nccl_recv_v6_fn irecv;
	nccl_flush_fn iflush;
	nccl_test_fn test;
	nccl_close_fn close_send;
	nccl_close_fn close_recv;
	nccl_close_fn close_listen;
	nccl_device_mr_fn get_device_mr;
	nccl_consumed_fn irecv_consumed;
};

/* size_t in regMr, regIsGlobal. */
struct nccl_net_v8 {
	const char *name;
	nccl_init_v6_fn init;
	nccl_devices_fn devices;
	enum nccl_result (*get_properties)(int dev, struct nccl_props_v8 *props);
	nccl_listen_v6_fn listen;
	nccl_connect_v7_fn connect;
	nccl_accept_v7_fn accept;
	nccl_reg_v8_fn reg_mr;
	nccl_reg_dmabuf_fn reg_mr_dmabuf;
	nccl_dereg_fn dereg_mr;
	nccl_send_v6_fn isend;
	nccl_recv_v6_fn irecv;
	nccl_flush_fn iflush;
	nccl_test_fn test;
	nccl_close_fn close_send;
	nccl_close_fn close_recv;
	nccl_close_fn close_listen;
	nccl_device_mr_fn get_device_mr;
	nccl_consumed_fn irecv_consumed;
};

/* size_t in isend and irecv, makeVDevice. */
struct nccl_net_v9 {
	const char *name;
	nccl_init_v6_fn init;
	nccl_devices_fn devices;
	enum nccl_result (*get_properties)(int dev, struct nccl_props_v9 *props);
	nccl_listen_v6_fn listen;
	nccl_connect_v7_fn connect;
	nccl_accept_v7_fn accept;
	nccl_reg_v8_fn reg_mr;
	nccl_reg_dmabuf_fn reg_mr_dmabuf;
	nccl_dereg_fn dereg_mr;
	nccl_send_v9_fn isend;
	nccl_recv_v9_fn irecv;
	nccl_flush_fn iflush;
	nccl_test_fn test;
	nccl_close_fn close_send;
	nccl_close_fn close_recv;
	nccl_close_fn close_listen;
	nccl_device_mr_fn get_device_mr;
	nccl_consumed_fn irecv_consumed;
	nccl_vdevice_v9_fn make_vdevice;
};

/* init gets a profiler, connect a configuration, isend and irecv profiler handles. */
struct nccl_net_v10 {
	const char *name;
	nccl_init_v10_fn init;
	nccl_devices_fn devices;
	enum nccl_result (*get_properties)(int dev, struct nccl_props_v9 *props);
	nccl_listen_v6_fn listen;
	nccl_connect_v10_fn connect;
	nccl_accept_v7_fn accept;
	nccl_reg_v8_fn reg_mr;
	nccl_reg_dmabuf_fn reg_mr_dmabuf;
	nccl_dereg_fn dereg_mr;
	nccl_send_v10_fn isend;
	nccl_recv_v10_fn irecv;
	nccl_flush_fn iflush;
	nccl_test_fn test;
	nccl_close_fn close_send;
	nccl_close_fn close_recv;
	nccl_close_fn close_listen;
	nccl_device_mr_fn get_device_mr;
	nccl_consumed_fn irecv_consumed;
	nccl_vdevice_v9_fn make_vdevice;
};

/* init for each communicator, with a context; finalize; setNetAttr. */
struct nccl_net_v11 {
	const char *name;
	nccl_init_v11_fn init;
	nccl_devices_fn devices;
	enum nccl_result (*get_properties)(int dev, struct nccl_props_v11 *props);
	nccl_listen_v11_fn listen;
	nccl_connect_v11_fn connect;
	nccl_accept_v7_fn accept;
	nccl_reg_v8_fn reg_mr;
	nccl_reg_dmabuf_fn reg_mr_dmabuf;
	nccl_dereg_fn dereg_mr;
	nccl_send_v10_fn isend;
	nccl_recv_v10_fn irecv;
	nccl_flush_fn iflush;
	nccl_test_fn test;
	nccl_close_fn close_send;
	nccl_close_fn close_recv;
	nccl_close_fn close_listen;
	nccl_device_mr_fn get_device_mr;
	nccl_consumed_fn irecv_consumed;
	nccl_vdevice_v9_fn make_vdevice;
	nccl_finalize_fn finalize;
	nccl_set_attr_fn set_net_attr;
};

/* Eight devices in a virtual one, rail and plane. */
struct nccl_net_v12 {
	const char *name;
	nccl_init_v11_fn init;
	nccl_devices_fn devices;
	enum nccl_result (*get_properties)(int dev, struct nccl_props_v12 *props);
	nccl_listen_v11_fn listen;
	nccl_connect_v11_fn connect;
	nccl_accept_v7_fn accept;
	nccl_reg_v8_fn reg_mr;
	nccl_reg_dmabuf_fn reg_mr_dmabuf;
	nccl_dereg_fn dereg_mr;
	nccl_send_v10_fn isend;
	nccl_recv_v10_fn irecv;
	nccl_flush_fn iflush;
	nccl_test_fn test;
	nccl_close_fn close_send;
	nccl_close_fn close_recv;
	nccl_close_fn close_listen;
	nccl_device_mr_fn get_device_mr;
	nccl_consumed_fn irecv_consumed;
	nccl_vdevice_v12_fn make_vdevice;
	nccl_finalize_fn finalize;
	nccl_set_attr_fn set_net_attr;
};

#endif
