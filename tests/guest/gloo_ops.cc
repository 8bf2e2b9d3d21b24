// SPDX-License-Identifier: MIT
/*
 * gloo_ops RANK NIC FOLDER MEMORY: two processes meet in FOLDER and run Gloo's collectives over its ibverbs transport, in
 * memory of the host or of a device (memory.h). Every value is compared.
 *
 * Gloo's algorithms do not wait for the completion of their last send, and Gloo's ibverbs buffers end the program when
 * they are destroyed before it ("Destructing buffer expecting completions", seen on a loaded machine). The algorithms
 * are therefore kept, and the program ends without destructors when both ranks have all data.
 */
#include <gloo/allgather_ring.h>
#include <gloo/allreduce_halving_doubling.h>
#include <gloo/allreduce_ring.h>
#include <gloo/broadcast_one_to_all.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/file_store.h>
#include <gloo/rendezvous/prefix_store.h>
#include <gloo/transport/ibverbs/device.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/guest/memory.h"
#include "tests/harness/args.h"

static constexpr int count = 100003;
/* Gloo's own is 30 s, which a loaded machine may exceed. */
static constexpr std::chrono::seconds limit(120);

static std::vector<std::unique_ptr<gloo::Algorithm>> algorithms;

static void run(gloo::Algorithm *algorithm)
{
	algorithms.emplace_back(algorithm);
	algorithm->run();
}

static void require(bool ok, const char *what)
{
	if (ok)
		return;
	std::fprintf(stderr, "gloo_ops: %s: the data is wrong\n", what);
	std::exit(1);
}

static void all_gather(const std::shared_ptr<gloo::Context> &context, int rank, float *in,
		       float *out)
{
	bool ok = true;

	for (int i = 0; i < count; i++)
		in[i] = static_cast<float>(i + 1000 * rank);
	run(new gloo::AllgatherRing<float>(context, { in }, out, count));
	for (int i = 0; i < 2 * count; i++)
		ok = ok && out[i] == static_cast<float>(i % count + 1000 * (i / count));
	require(ok, "all-gather");
}

static void broadcast(const std::shared_ptr<gloo::Context> &context, int rank, float *data)
{
	bool ok = true;

	for (int i = 0; i < count; i++)
		data[i] = static_cast<float>(rank ? 0 : i);
	run(new gloo::BroadcastOneToAll<float>(context, { data }, count));
	for (int i = 0; i < count; i++)
		ok = ok && data[i] == static_cast<float>(i);
	require(ok, "broadcast");
}

template <class Algorithm>
static void all_reduce(const std::shared_ptr<gloo::Context> &context, int rank, float *data,
		       const char *what)
{
	bool ok = true;

	for (int i = 0; i < count; i++)
		data[i] = static_cast<float>(i % 1000 * (rank + 1));
	run(new Algorithm(context, { data }, count));
	for (int i = 0; i < count; i++)
		ok = ok && data[i] == static_cast<float>(i % 1000 * 3);
	require(ok, what);
}

int main(int argc, char **argv)
{
	args_count(argc, 4, 4, "RANK NIC FOLDER MEMORY");
	int rank = static_cast<int>(args_number("RANK", argv[1], 0, 1));
	memory memory;

	memory_get(&memory, argv[4], 4 * count * sizeof(float));
	auto data = reinterpret_cast<float *>(memory.addr);
	auto context = std::make_shared<gloo::rendezvous::Context>(rank, 2);
	auto device = gloo::transport::ibverbs::CreateDevice({ argv[2], 1, 0 });
	gloo::rendezvous::FileStore store(argv[3]);
	gloo::rendezvous::PrefixStore prefix("run", store);

	context->setTimeout(limit);
	context->connectFullMesh(prefix, device);
	all_gather(context, rank, data, data + count);
	broadcast(context, rank, data);
	all_reduce<gloo::AllreduceRing<float>>(context, rank, data, "all-reduce, ring");
	all_reduce<gloo::AllreduceHalvingDoubling<float>>(context, rank, data,
							  "all-reduce, halving doubling");
	store.set("end" + std::to_string(rank), {});
	store.wait({ "end" + std::to_string(1 - rank) }, limit);
	std::puts("gloo_ops: ok");
	std::fflush(stdout);
	std::_Exit(0);
}
