/* SPDX-License-Identifier: MIT */
/* The calloc() of a test program is the plugin's, too (export_dynamic), and can fail. */
#ifndef FAIL_CALLOC_H
#define FAIL_CALLOC_H

extern unsigned int fail_calloc; /* the nth call from now fails; 0: none */

#endif
