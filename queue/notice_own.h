/* SPDX-License-Identifier: ISC */
#ifndef QUEUE_NOTICE_OWN_H
#define QUEUE_NOTICE_OWN_H

#include "queue/notice.h"

/*
 * What the sources of a notice share, and nobody else sees: notice.c is the
 * whole and its header, notice_words.c speaks to people in the phrases of
 * notice_phrases.c, notice_status.c to machines, notice_original.c returns
 * what came; notice_line.c has what all of them write with.
 */
enum notice_return { RETURN_NOTHING, RETURN_HEADER, RETURN_CONTENT };

enum { BOUNDARY_SIZE = 40, DESCRIBED_SIZE = 64 };

struct notice_writer {
	struct buf	*out;
	const struct notice *notice;
	enum notice_language language;
	enum notice_return returned;
	bool		 utf8;		/* it goes as UTF-8 */
	bool		 done;		/* nothing was refused */
	char		 boundary[BOUNDARY_SIZE];
};

/* ---- notice_line.c ------------------------------------------------------- */

/* A line that we know: its end is added. */
void	 notice_line(struct notice_writer *, const char *, ...)
	    __attribute__((__format__(__printf__, 2, 3)));
void	 notice_octets(struct notice_writer *, struct span);

/* The boundary before a part; its type, and how it is encoded. */
void	 notice_part(struct notice_writer *, const char *type);

/*
 * A field whose value somebody else has a part in: it is cleaned and folded.
 * The type, which may be NULL, stands before the value: "dns; value".
 */
void	 notice_field(struct notice_writer *, const char *name,
	    const char *type, struct span value);

/* Appends what can be seen of `s`, control characters being blanks, anything
 * that is neither ASCII nor, where it may be, UTF-8 being "?". */
void	 notice_clean(struct span s, bool utf8, struct buf *);

/* The host in "host[address]:port", else the address in its brackets; empty
 * when there is neither. */
struct span	 notice_host(struct span relay);

/* "550 5.1.1 text", all in one line. */
enum { SAID_SIZE = REPLY_TEXT_MAX + 64 };
struct span	 notice_said(const struct reply *, char into[SAID_SIZE]);

/* ---- the parts ----------------------------------------------------------- */

void	 notice_words(struct notice_writer *);
void	 notice_status(struct notice_writer *);
void	 notice_original(struct notice_writer *);

/* May the content be returned, or at least the header?  As they are, they have
 * lines that anybody takes, and no NUL. */
enum notice_return	 notice_returned(const struct notice *);

/* ---- the header of a message --------------------------------------------- */

/* The only field of that name; empty when there is none, or several. */
struct span	 notice_only_field(struct span header, const char *name);

/* Its Message-ID, when it has one that is one; else empty. */
struct span	 notice_message_id(struct span header);

/* Fields that make it an answer to the message. */
void	 notice_thread(struct notice_writer *, struct span header);

enum notice_language	 notice_language_of(struct span header,
			    enum notice_language otherwise);

#endif
