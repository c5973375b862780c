/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_TLS_RIG_H
#define TESTS_UNIT_TLS_RIG_H

#include <openssl/ssl.h>

#include "shared/stream.h"
#include "smtpd/signer.h"
#include "smtpd/tls.h"

/*
 * A server's end, with smtpd's contexts and provider, and a client's by
 * OpenSSL, at the two ends of a pair of sockets, in one loop.  Keys are here,
 * and sign, refuse, or are silent.
 */
enum { RIG_KEYS_MAX = 4, RIG_TEXT = 1 << 17 };

enum rig_mood { RIG_SIGNS, RIG_REFUSES, RIG_SILENT };

struct rig {
	struct loop	*loop;
	struct timer	 tick, late;
	struct tls	*tls;

	EVP_PKEY	*keys[RIG_KEYS_MAX];
	uint8_t		 names[RIG_KEYS_MAX][KEY_NAME_SIZE];
	unsigned	 count;
	enum rig_mood	 mood;
	struct signing	*signing;	/* that nobody has answered */
	struct signing	 asked;		/* the last one, a copy */
	unsigned	 signatures;

	struct stream	*stream;	/* the server's, or NULL */
	bool		 done, crowded, closed;
	char		 why[256];	/* it failed; or empty */
	int		 error;
	struct buf	 heard;
	const char	*context;
	bool		 asks;		/* for a certificate */

	SSL_CTX		*client_context;
	SSL		*client;
	int		 far;
};

void	 rig_init(struct rig *);		/* no certificates yet */
void	 rig_clear(struct rig *);

/* A new key of this kind ("RSA", "EC"), and a certificate of it for
 * names that are parted by blanks; a NUL within one is written '@'. */
X509	*rig_certify(struct rig *, const char *kind, const char *names);

/* Master's side. */
void	 rig_add(struct rig *, unsigned generation, unsigned number, X509 *);
void	 rig_use(struct rig *, unsigned generation, unsigned count,
	    unsigned minimum, unsigned life);
void	 rig_ticket(struct rig *, uint64_t number);

/* With one certificate of each of these kinds, for mail.example.org. */
void	 rig_serve(struct rig *, const char *kinds, unsigned life);

/* A connection, and its client; the same, and the server has read a part of
 * what this client, or another one, is about to send. */
void	 rig_connect(struct rig *);
void	 rig_connect_with(struct rig *, struct span early);
void	 rig_hang_up(struct rig *);
void	 rig_turn(struct rig *);		/* all that is ready */

/* Both sides go on until the handshake is over for both: were both content? */
bool	 rig_shake(struct rig *);
void	 rig_answer(struct rig *);		/* in the present mood */

#endif
