/* SPDX-License-Identifier: ISC */
#ifndef MASTER_CONFIG_READ_H
#define MASTER_CONFIG_READ_H

#include "master/config_table.h"

/* The words of one line, without quotes; they live in `text`, which a line and
 * a blank behind it cannot pass. */
struct words {
	char		 text[CONFIG_LINE_MAX];
	size_t		 used;
	struct span	 word[CONFIG_WORDS_MAX];
	unsigned	 n;
	bool		 opens, closes;		/* { or } was its end */
};

struct reader {
	struct config		*config;
	const char		*file;
	struct config_notes	*notes;
	unsigned		 line;

	enum config_section	 section;	/* where the next line is */
	unsigned		 head;		/* line of the open block */
	unsigned		 outer_head;	/* of the listen around it */
	unsigned		 passing;	/* blocks passed over */
	unsigned		 heads[SECTION_COUNT];	/* last of its kind */
	unsigned		 said[SECTION_COUNT][CONFIG_KEYWORDS_MAX];
	struct words		 words, names;

	/* the open block's, before it joins the configuration */
	struct config_listen	 listen;
	struct config_domain	 domain;
	struct config_way	 way;
	struct config_rule	 rule;
	struct config_tls	 tls;
	struct config_advice	 advice;
	struct config_destination destination;
};

#define COMPLAIN(r, ...) \
	config_error((r)->notes, (r)->file, (r)->line, __VA_ARGS__)

/* Where a block stands: one stands in another. */
enum config_section	 reader_outside_of(enum config_section);

/* SECTION_TOP: no block is called so, here or at all. */
enum config_section	 reader_find_block(struct span word,
			    enum config_section here);

/* What the keywords of the open block are read into. */
void	*reader_base(struct reader *);

/* Does the open block say this keyword of it? */
bool	 reader_says(const struct reader *, const char *word);

/* No keyword and no block is called so. */
void	 reader_unknown_word(struct reader *, struct span);

/* The line that was read is the head of a block, or its end. */
void	 reader_begin_block(struct reader *);
void	 reader_end_block(struct reader *);

/* config_way.c, config_destination.c: the end of such a block. */
void	 reader_end_route(struct reader *);
void	 reader_end_destination(struct reader *);

#endif
