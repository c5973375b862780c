/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "lookup/failure.h"
#include "shared/alloc.h"
#include "shared/limits.h"
#include "shared/scram.h"

enum { PREFIX_IPV6 = 8, MILLISECOND = 1000 * 1000 };

static int
compare(const struct failure *a, const struct failure *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return memcmp(a->digest, b->digest, sizeof a->digest);
}

RB_PROTOTYPE(failure_tree, failure, by_key, compare)
RB_GENERATE(failure_tree, failure, by_key, compare)

void
failures_init(struct failures *fs)
{
	unsigned	 kind;

	memset(fs, 0, sizeof *fs);
	failures_set(fs, LOGIN_DELAY_FIRST, LOGIN_DELAY_MAX);
	RB_INIT(&fs->tree);
	for (kind = 0; kind < FAILURE_KIND_COUNT; kind++)
		TAILQ_INIT(&fs->used[kind]);
}

void
failures_set(struct failures *fs, int64_t first, int64_t max)
{
	fs->first = first > 0 ? first : LOGIN_DELAY_FIRST;
	fs->max = max > fs->first ? max : fs->first;
}

/* ---- the table ----------------------------------------------------------- */

static void
forget(struct failures *fs, struct failure *f)
{
	TAILQ_REMOVE(&fs->used[f->kind], f, used);
	RB_REMOVE(failure_tree, &fs->tree, f);
	fs->count[f->kind]--;
	free(f);
}

void
failures_clear(struct failures *fs)
{
	struct failure	*f;

	while ((f = RB_ROOT(&fs->tree)) != NULL)
		forget(fs, f);
}

/* Those that have something open stand in the way at most once each. */
static bool
make_room(struct failures *fs, enum failure_kind kind)
{
	struct failure	*f;

	if (fs->count[kind] < FAILURE_ROWS_MAX)
		return true;
	TAILQ_FOREACH(f, &fs->used[kind], used)
		if (f->open == 0) {
			forget(fs, f);
			return true;
		}
	return false;
}

static struct failure *
find(struct failures *fs, struct failure *key, bool make)
{
	struct failure	*f = RB_FIND(failure_tree, &fs->tree, key);

	if (f != NULL) {
		TAILQ_REMOVE(&fs->used[f->kind], f, used);
	} else {
		if (!make || !make_room(fs, key->kind))
			return NULL;
		f = xcalloc(1, sizeof *f);
		*f = *key;
		RB_INSERT(failure_tree, &fs->tree, f);
		fs->count[f->kind]++;
	}
	TAILQ_INSERT_TAIL(&fs->used[f->kind], f, used);
	return f;
}

/* What of an address its owner cannot choose. */
static struct span
network_of(struct span address)
{
	static const uint8_t	 mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (address.len < sizeof mapped ||
	    memcmp(address.ptr, mapped, sizeof mapped) == 0)
		return address;
	return span_head(address, PREFIX_IPV6);
}

static void
digest(struct failure *key, struct span network, struct span account)
{
	uint8_t	 text[16 + ACCOUNT_TEXT_MAX] = { 0 };
	uint8_t	 whole[SCRAM_HASH];
	size_t	 i;

	network = span_head(network, 16);
	account = span_head(account, ACCOUNT_TEXT_MAX);
	memcpy(text, network.ptr, network.len);
	for (i = 0; i < account.len; i++) {
		text[16 + i] = account.ptr[i];
		if (account.ptr[i] >= 'A' && account.ptr[i] <= 'Z')
			text[16 + i] += 'a' - 'A';
	}
	scram_hash(text, 16 + account.len, whole);
	memcpy(key->digest, whole, sizeof key->digest);
}

static struct failure
key_of(enum failure_kind kind, struct span network, struct span account)
{
	struct failure	 key = { .kind = kind };

	digest(&key, network, account);
	return key;
}

struct failure *
failure_of_network(struct failures *fs, struct span address)
{
	struct failure	 key = key_of(FAILURE_NETWORK, network_of(address),
			    span_of(""));

	return find(fs, &key, true);
}

struct failure *
failure_of_account(struct failures *fs, struct span account)
{
	struct failure	 key = key_of(FAILURE_ACCOUNT, span_of(""), account);

	return find(fs, &key, true);
}

/* ---- counting ------------------------------------------------------------ */

void
failure_open(struct failure *f)
{
	f->open++;
}

void
failure_close(struct failure *f)
{
	f->open--;
}

static void
fade(const struct failures *fs, struct failure *f, struct instant now)
{
	int64_t	 quiet = now.ns - f->until.ns, each = fs->max * MILLISECOND;

	if (f->count == 0 || quiet < each)
		return;
	f->count -= quiet / each < f->count ? quiet / each : f->count;
	f->until.ns += quiet / each * each;
}

int64_t
failure_wait(const struct failures *fs, struct failure *f, struct instant now)
{
	if (f == NULL)
		return 0;
	fade(fs, f, now);
	if (f->until.ns <= now.ns)
		return 0;
	return (f->until.ns - now.ns + MILLISECOND - 1) / MILLISECOND;
}

/* The wait of one begins behind that of the one before, but is never longer
 * than the maximum from now. */
int64_t
failure_add(const struct failures *fs, struct failure *f, struct instant now)
{
	int64_t		 delay = fs->first;
	unsigned	 i;

	if (f == NULL)
		return fs->first;
	fade(fs, f, now);
	for (i = 0; i < f->count && delay < fs->max; i++)
		delay = delay < fs->max / 2 ? delay * 2 : fs->max;
	if (delay < fs->max)
		f->count++;
	f->until = clock_after(now, delay);
	return delay;
}

/* ---- friends ------------------------------------------------------------- */

static bool
look(struct failures *fs, struct span address, struct span account, bool make)
{
	struct failure	 key = key_of(FAILURE_FRIEND, network_of(address),
			    account);

	return find(fs, &key, make) != NULL;
}

void
failures_befriend(struct failures *fs, struct span address,
    struct span account)
{
	(void)look(fs, address, account, true);
	(void)look(fs, address, span_of(""), true);
}

bool
failures_is_friend(struct failures *fs, struct span address,
    struct span account)
{
	return look(fs, address, account, false);
}
