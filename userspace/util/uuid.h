/* SPDX-License-Identifier: MIT */
/* UUID text, as the kernel's uuid_t takes it. */
#ifndef UTIL_UUID_H
#define UTIL_UUID_H

#define UUID_SIZE     16
#define UUID_TEXT_LEN 36

/* "bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3". Return: 0 or -EINVAL. */
int uuid_text_parse(const char *text, unsigned char *uuid);

#endif
