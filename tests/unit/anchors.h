/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_ANCHORS_H
#define TESTS_UNIT_ANCHORS_H

/* A new file with the certificate of somebody who vouches for himself; it is
 * the caller's to remove.  NULL: there is none. */
const char	*anchors_write(void);

#endif
