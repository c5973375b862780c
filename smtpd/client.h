/* SPDX-License-Identifier: ISC */
#ifndef SMTPD_CLIENT_H
#define SMTPD_CLIENT_H

#include <sys/socket.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "shared/limits.h"
#include "shared/span.h"

/*
 * Who is at the other end: an address and port, or a user of this machine
 * where the listener is a Unix socket.  A value, complete once it is named.
 */
struct client {
	unsigned	 flags;		/* of its listener: LISTENER_ */
	uint8_t		 address[16];	/* IPv4 mapped; zeros for a user */
	uint16_t	 port;
	uid_t		 uid;
	bool		 unnamed;	/* its proxy does not say who it is */
	char		*name;		/* that leads back to its address, or
					 * NULL; the session's to free */
	bool		 name_later;	/* none could be found out for now */
	char		*login;		/* by XCLIENT or AUTH, or NULL */
	char		*method;	/* AUTH's, or NULL: then `login` is no
					 * identity */
};

/* How a client is written. */
enum client_style {
	CLIENT_NAME,		/* "a.example[192.0.2.1]" or "uid 1000" */
	CLIENT_WITH_PORT,	/* "a.example[192.0.2.1]:2525" or "uid 1000" */
	CLIENT_TRACE		/* "a.example [192.0.2.1]" or "uid 1000" */
};

/* Who has no name is "unknown". */
enum { CLIENT_SIZE = CLIENT_TEXT_MAX + 1, IDENTITY_SIZE = USER_TEXT_MAX + 1 };

/* From what accept4(2) said; false when that is no client of ours. */
bool	 client_init(struct client *, int fd, unsigned flags,
	    const struct sockaddr_storage *);

/* 4 or 16 octets by family, AF_INET or AF_INET6; port: host order. */
void	 client_set_address(struct client *, int family,
	    const uint8_t *octets, uint16_t port);

bool	 client_is_local(const struct client *);	/* a user */
bool	 client_is_ipv4(const struct client *);

/* Has it logged in, with us?  What XCLIENT says is for the log. */
bool	 client_has_login(const struct client *);
void	 client_login(struct client *, struct span who, const char *method);
void	 client_forget_login(struct client *);

/* Whom it logged in as, with us or with who speaks for it; empty: nobody. */
struct span	 client_account(const struct client *);

/* Of a login; "uid:1000" of a user; empty: nobody has said who he is. */
void	 client_identity(char into[IDENTITY_SIZE], const struct client *);
void	 client_format(char into[CLIENT_SIZE], const struct client *,
	    enum client_style);

#endif
