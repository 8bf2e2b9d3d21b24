// SPDX-License-Identifier: MIT
/*
 * Drive a fuzz target without libFuzzer: each file of a corpus as it is, cut
 * at each length, and changed at random from a fixed seed. TAP.
 *
 *   fuzz_NAME DIR
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 8192
#define MUTATIONS 2000
#define MAX_CUTS  600

static uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* In memory of exactly its size, so that the sanitizer detects reads past the end. */
static void feed(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static size_t mutate(uint8_t *data, size_t size, uint32_t *state)
{
	static const uint8_t special[] = {
		0, 1, 0x7f, 0x80, 0xff, ' ', '+', ',', '.', '0', '9', ':', '=', 'f', 'x', '-', '\n',
	};
	unsigned int changes = 1 + next(state) % 4;

	while (changes-- && size) {
		size_t at = next(state) % size;

		switch (next(state) % 5) {
		case 0:
			data[at] ^= (uint8_t)(1u << next(state) % 8);
			break;
		case 1:
			data[at] = special[next(state) % sizeof(special)];
			break;
		case 2:
			data[at] = (uint8_t)next(state);
			break;
		case 3:
			memmove(data + at, data + at + 1, size - at - 1);
			size--;
			break;
		default:
			if (size == INPUT_MAX)
				break;
			memmove(data + at + 1, data + at, size - at);
			size++;
		}
	}
	return size;
}

static unsigned int replay(const uint8_t *data, size_t size)
{
	uint8_t changed[INPUT_MAX];
	uint32_t state = 2463534242u;
	unsigned int runs = 0, i;
	size_t cut;

	feed(data, size);
	for (cut = 0; cut < size && cut < MAX_CUTS; cut++, runs++)
		feed(data, cut);
	for (i = 0; i < MUTATIONS; i++, runs++) {
		memcpy(changed, data, size);
		feed(changed, mutate(changed, size, &state));
	}
	return runs + 1;
}

int main(int argc, char **argv)
{
	unsigned int files = 0, runs = 0;
	uint8_t data[INPUT_MAX];
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	dir = argc == 2 ? opendir(argv[1]) : NULL;
	if (!dir) {
		fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(dir))) {
		ssize_t size;
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		fd = open(path, O_RDONLY);
		size = fd < 0 ? -1 : read(fd, data, sizeof(data));
		if (size < 0) {
			printf("not ok - %s: %s\n", path, strerror(errno));
			return 1;
		}
		close(fd);
		runs += replay(data, (size_t)size);
		files++;
	}
	closedir(dir);
	printf("%sok - %s: %u inputs, %u runs\n", files ? "" : "not ", argv[1], files, runs);
	return !files;
}
