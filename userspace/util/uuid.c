// SPDX-License-Identifier: MIT
/* UUID text, see uuid.h. */
#include <errno.h>

#include "util/number.h"
#include "util/uuid.h"

int uuid_text_parse(const char *text, unsigned char *uuid)
{
	int i;

	for (i = 0; i < UUID_SIZE; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return -EINVAL;
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return -EINVAL;
		uuid[i] = (unsigned char)(high << 4 | low);
		text += 2;
	}
	return *text ? -EINVAL : 0;
}
