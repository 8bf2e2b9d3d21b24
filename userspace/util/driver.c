// SPDX-License-Identifier: MIT
/* Kernel drivers by their names, see driver.h. */
#include <string.h>

#include "util/driver.h"

bool driver_is_vfio(const char *driver)
{
	return strstr(driver, "vfio");
}

bool driver_blocks_group(const char *driver)
{
	return driver[0] && !driver_is_vfio(driver) && strcmp(driver, "pci-stub") &&
	       strcmp(driver, "pcieport");
}
