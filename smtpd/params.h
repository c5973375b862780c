/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_PARAMS_H
#define SMTPD_PARAMS_H

#include "shared/addr.h"
#include "shared/dsn.h"
#include "shared/reply.h"

/* The parameters behind MAIL's path: SIZE (RFC 1870), BODY (RFC 6152; not
 * BINARYMIME of RFC 3030, for what comes here must be lines), RET and ENVID
 * (RFC 3461), and AUTH (RFC 4954 section 5) where there is such a command. */
struct mail_params {
	uint64_t	size;		/* declared octets; 0: not told */
	bool		eight_bit;	/* BODY=8BITMIME */
	bool		has_author;	/* AUTH= was told */
	struct addr	author;		/* and this; null: <> */
	enum dsn_ret	ret;
	struct span	envid;		/* xtext, borrowed; empty: not told */
};

/* Those behind RCPT's path. */
struct rcpt_params {
	unsigned	notify;		/* enum dsn_notify; 0: not told */
	struct span	orcpt;		/* borrowed; empty: not told */
};

struct mail_rules {
	uint64_t	size_max;	/* 0: any */
	bool		auth;		/* AUTH= is known */
};

/*
 * All of `s`.  False, and `*why` is the answer: 555 when a parameter or its
 * value is not known, 501 when it is wrong or told twice, 552 when the size is
 * more than may be.
 */
bool	 params_parse(struct span s, const struct mail_rules *,
	    struct mail_params *, struct reply *why);

bool	 params_parse_rcpt(struct span s, struct rcpt_params *,
	    struct reply *why);

/* What stands behind BDAT (RFC 3030 section 2): "SIZE" or "SIZE LAST". */
enum chunk_status {
	CHUNK_OK,
	CHUNK_MALFORMED,	/* the size is told, the rest is wrong */
	CHUNK_UNFRAMED		/* no size: what follows may be anything */
};

enum chunk_status	 params_parse_chunk(struct span s, uint64_t *size,
			    bool *last);

#endif
