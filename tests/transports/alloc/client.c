// SPDX-License-Identifier: MIT
/*
 * A program whose large allocations libtphbuf-alloc.so serves from a device (fake_device.h). TAP.
 *
 *   client works   TPHBUF_ALLOC names 1 MiB from 64 KiB on of BAR 4, min 128 KiB, max 512 KiB, and a tag
 *   client rest    the length is not given
 *   client fails   the device cannot be used
 *   client wrong   TPHBUF_ALLOC is wrong
 *   client off     TPHBUF_ALLOC is empty
 */
#define _GNU_SOURCE /* memfd_create */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/args.h"
#include "tests/transports/alloc/fake_device.h"

#define KIB 1024u
#define MIN (128 * KIB)
#define MAX (512 * KIB)
#define ALL (1024 * KIB)

static int number, failed;
static int messages; /* standard error of the library */

static void result(bool ok, const char *what)
{
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ++number, what);
	failed |= !ok;
}

/* Number of times that the library has said @text since the last call */
static int said(const char *text)
{
	static char buffer[4096];
	ssize_t n = pread(messages, buffer, sizeof(buffer) - 1, 0);
	int times = 0;

	buffer[n > 0 ? n : 0] = '\0';
	for (const char *at = buffer; (at = strstr(at, text)); at++)
		times++;
	if (ftruncate(messages, 0) || lseek(messages, 0, SEEK_SET))
		return -1;
	return times;
}

/* The compiler must not take an allocation away. */
static void *volatile kept;

static void *get(size_t size)
{
	kept = malloc(size);
	return kept;
}

static bool in_device(const void *p)
{
	return fake_device.base && (uintptr_t)p - (uintptr_t)fake_device.base < FAKE_BAR_BYTES;
}

static bool device_block(void *p)
{
	bool yes = in_device(p);

	free(p);
	return yes;
}

static bool host_block(void *p)
{
	bool yes = p && !in_device(p);

	free(p);
	return yes;
}

static void sizes(void)
{
	result(host_block(get(MIN - 1)) && !fake_device.opens,
	       "a smaller allocation does not open the device");
	result(device_block(get(MIN)) && device_block(get(MAX)) && fake_device.opens == 1,
	       "from min to max: of the device, which is opened once");
	result(host_block(get(MAX + 1)), "above max: of the host");
	result(host_block(fake_device.from_malloc), "of the host while the device is opened");
	result(!strcmp(fake_device.bdf, "0000:03:00.0") && fake_device.memory &&
		       fake_device.bar == 4 && fake_device.range.offset == 64 * KIB &&
		       fake_device.range.length == ALL && fake_device.tag.valid == TPHBUF_TAG_ST &&
		       fake_device.tag.st == 0x5a && fake_device.tag.ph == 2,
	       "range and tag of the device are those of TPHBUF_ALLOC");
	result(host_block(calloc(1, MIN)), "calloc: of the host");
}

static void alignments(void)
{
	void *p = memalign(256 * KIB, MIN), *untouched = &number;
	volatile size_t odd = 3, none = 0; /* compilers warn of wrong constants */

	result(in_device(p) && (uintptr_t)p % (256 * KIB) == 0 && device_block(p),
	       "memalign: of the device, aligned");
	result(device_block(aligned_alloc(64, MIN)) && host_block(aligned_alloc(64, MIN - 1)),
	       "aligned_alloc: by size");
	result(!in_device(memalign(odd, MIN)) && !in_device(memalign(none, MIN)),
	       "an alignment that is no power of two is glibc's business");
	p = untouched;
	result(posix_memalign(&p, none, MIN) == EINVAL &&
		       posix_memalign(&p, odd * 8, MIN) == EINVAL &&
		       posix_memalign(&p, 4, MIN) == EINVAL && p == untouched,
	       "posix_memalign: a wrong alignment");
	errno = E2BIG;
	result(!posix_memalign(&p, 8, MIN) && errno == E2BIG && device_block(p),
	       "posix_memalign: of the device");
	result(!posix_memalign(&p, 8, 0) && host_block(p), "posix_memalign: of the host");
}

static void moves(void)
{
	char *p = realloc(NULL, MIN), *q;

	result(in_device(p) && malloc_usable_size(p) == MIN, "realloc(NULL)");
	q = get(MIN + 1);
	result(malloc_usable_size(q) == MIN + 4096, "usable size: whole pages");
	result(realloc(q, MIN + 4096) == q && realloc(q, MIN) == q,
	       "realloc: the block is large enough");
	strcpy(q, "content");
	q = realloc(q, MAX);
	result(in_device(q) && !strcmp(q, "content"), "realloc: a larger block of the device");
	q = realloc(q, 64);
	result(q && !in_device(q) && !strcmp(q, "content") && malloc_usable_size(q) >= 64,
	       "realloc: below min, a copy of the host");
	q = realloc(q, MIN);
	result(q && !in_device(q) && !strcmp(q, "content") && host_block(q),
	       "realloc: a block of the host stays one");
	q = get(MIN);
	result(in_device(q) && !realloc(q, 0), "realloc to nothing");
	free(p);
	result(device_block(get(MAX)), "what was given back is free");
	q = realloc(NULL, 64);
	result(host_block(q), "realloc(NULL) of a small block");
}

static void no_room(void)
{
	void *a = get(MAX), *b = get(3 * MIN), *c = get(MIN), *p = &number;

	said("tphbuf-alloc");
	errno = 0;
	result(in_device(a) && in_device(b) && in_device(c) && !get(MIN) && errno == ENOMEM &&
		       said("131072 bytes: no room left") == 1,
	       "no room: ENOMEM and the reason");
	errno = E2BIG;
	result(posix_memalign(&p, 8, MIN) == ENOMEM && errno == E2BIG && p == &number,
	       "no room: posix_memalign");
	result(!realloc(c, 2 * MIN) && malloc_usable_size(c) == MIN,
	       "no room: realloc keeps the block");
	errno = E2BIG;
	free(b);
	result(errno == E2BIG, "free keeps errno");
	result(device_block(get(MIN)), "room again");
	free(a);
	free(c);
	free(NULL);
}

/* Exit status of a child that runs @body, or minus its signal */
static int child(int (*body)(void *p), void *p)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(body(p));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1000;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int allocates(void *p)
{
	(void)p;
	return get(MIN) ? 1 : errno == ENOMEM ? 2 : 3;
}

static int frees(void *p)
{
	free(p);
	return 0;
}

static void children(void)
{
	char *p = get(MIN);

	said("tphbuf-alloc");
	result(child(allocates, NULL) == 2 && said("a forked child gets no device memory") == 1,
	       "a child gets no device memory");
	result(child(frees, p) == 0 && child(frees, p + 1) == 0,
	       "a child's free() leaves the parent's blocks alone");
	result(malloc_usable_size(p) == MIN && device_block(p), "the parent goes on");
}

static sigjmp_buf aborted;

static void on_abort(int number_of_signal)
{
	siglongjmp(aborted, number_of_signal);
}

static void wrong_address(void)
{
	char *block = get(MIN);

	signal(SIGABRT, on_abort);
	said("tphbuf-alloc");
	if (!sigsetjmp(aborted, 1))
		free(block + 4096);
	else
		block = NULL;
	result(!block && said("where no block begins") == 1,
	       "free() of an address inside a block ends the program");
}

static void works(void)
{
	sizes();
	alignments();
	moves();
	no_room();
	children();
	wrong_address();
}

static void rest(void)
{
	result(device_block(get(MIN)) && fake_device.range.offset == FAKE_BAR_BYTES - 2 * MIN &&
		       fake_device.range.length == 2 * MIN && !fake_device.tag.valid,
	       "to the end of the BAR, no tag");
	result(in_device(get(2 * MIN)) && !get(MIN), "no more than that");
}

static void fails(void)
{
	errno = 0;
	result(!get(MIN) && errno == ENOMEM, "no device: ENOMEM");
	result(!get(MIN) && fake_device.opens == 1, "it is opened once");
	result(said("no device memory: the fake device fails") == 1, "the reason is said once");
	result(!fake_device.open_devices && !fake_device.open_buffers, "nothing is left open");
	result(host_block(get(MIN - 1)), "smaller allocations are the host's");
}

/* The reason is said before main(). */
static void wrong(void)
{
	errno = 0;
	result(!get(64 * KIB) && errno == ENOMEM && !fake_device.opens,
	       "a wrong text: no allocation of 64 KiB or more");
	result(host_block(get(64 * KIB - 1)), "smaller allocations are the host's");
}

static void off(void)
{
	result(host_block(get(MIN)) && host_block(memalign(64, MIN)) && !fake_device.opens,
	       "no device is named: all memory is the host's");
}

int main(int argc, char **argv)
{
	static void (*const parts[])(void) = { works, rest, fails, wrong, off };
	unsigned int part;

	args_count(argc, 1, 1, "works|rest|fails|wrong|off");
	part = args_word("PART", argv[1], "works|rest|fails|wrong|off");
	messages = memfd_create("messages", MFD_CLOEXEC);
	if (messages < 0 || dup2(messages, STDERR_FILENO) < 0) {
		perror("alloc_client: messages");
		return 1;
	}
	parts[part]();
	printf("1..%d\n", number);
	return failed || !number;
}
