/* SPDX-License-Identifier: ISC */
#ifndef MASTER_CONFIG_H
#define MASTER_CONFIG_H

#include <sys/types.h>

#include "shared/buf.h"
#include "shared/ipc.h"

/*
 * The values of relais.conf(5).  config_load reads and checks all of a file;
 * what it found is complete and in range, or there is at least one error.
 * Sizes are octets, times are milliseconds.
 */
enum {
	CONFIG_LINE_MAX		= 8192,	/* octets of one line, less one */
	CONFIG_WORDS_MAX	= 128,	/* words of one line */
	CONFIG_ERRORS_MAX	= 100,	/* errors told of one file */
	CONFIG_NOTES_MAX	= 1 << 20,	/* octets of all errors */
	DOMAINS_MAX		= 1024,
	NETWORKS_MAX		= 256,
	IDENTITIES_MAX		= 256,
	RESOLVERS_MAX		= 4,
	MASQUERADES_MAX		= 64,	/* domains, and users that are spared */
	LISTEN_ADDRESSES_MAX	= 16,	/* of one block */
	RUNTIME_PATH_MAX	= 96,	/* leaves room for "/control" below */
	SPOOL_PATH_MAX		= PATH_TEXT_MAX - 16	/* likewise "/queue" */
};

struct config_log {
	bool		 said;
	enum log_kind	 kind;
	char		 path[PATH_TEXT_MAX + 1];
};

struct config_network {
	uint8_t	 address[16];		/* v4 mapped */
	uint8_t	 prefix;		/* of 128 */
};

struct config_networks {
	unsigned		 n;
	struct config_network	 item[NETWORKS_MAX];
};

struct config_servers {
	unsigned	 n;
	char		 item[RESOLVERS_MAX][HOST_TEXT_MAX + 1];
};

struct config_address {
	int	 family;		/* AF_INET, AF_INET6 */
	uint8_t	 octets[16];
};

struct config_addresses {
	unsigned		 n;
	struct config_address	 item[LISTEN_ADDRESSES_MAX];
};

struct config_delivery {
	enum delivery_kind	 kind;
	char			 path[PATH_TEXT_MAX + 1];
};

/* What is counted is counted for a prefix and in all; 0: no limit. */
struct config_ceiling {
	uint64_t	 each, all;
};

struct config_limit {
	struct config_ceiling	 connections;	/* at once */
	struct config_ceiling	 connects, messages, recipients;
	struct config_ceiling	 errors, unknown;	/* per minute */
	struct config_ceiling	 slow;		/* at once, of a process */
	uint64_t		 minimum_rate, greet_delay;
	uint64_t		 prefix4, prefix6;
	bool			 early_talk, exempt_relays;
};

/* Of tls-minimum. */
enum config_version { VERSION_UNSAID, VERSION_TLS_1_2, VERSION_TLS_1_3 };

/* What a listener has of TLS and AUTH; as in the words of its keywords. */
enum config_listen_tls {
	LISTEN_TLS_UNSAID, LISTEN_TLS_NO, LISTEN_TLS_OFFERED,
	LISTEN_TLS_REQUIRED, LISTEN_TLS_IMMEDIATE
};

enum config_listen_auth {
	LISTEN_AUTH_UNSAID, LISTEN_AUTH_NO, LISTEN_AUTH_OFFERED,
	LISTEN_AUTH_REQUIRED
};

enum config_answer { ANSWER_UNSAID, ANSWER_NO, ANSWER_YES };

struct config_listen {
	unsigned		 line;
	char			 name[HOST_TEXT_MAX + 1];
	struct config_addresses	 addresses;
	bool			 anywhere;	/* no address was said */
	uint64_t		 port;
	char			 socket[SOCKET_PATH_MAX + 1];
	bool			 relay, vrfy, expn, lmtp;
	unsigned		 tls;		/* enum config_listen_tls */
	unsigned		 auth;		/* enum config_listen_auth */
	unsigned		 submission;	/* enum config_answer */
	bool			 hide_client, any_sender, client_certificate;
	struct config_networks	 trust[TRUST_KIND_COUNT];
	struct config_limit	 limit;
	uint32_t		 limited;	/* keywords that it says */
};

/* A file of a tls block, as it was when it was checked. */
struct config_pem {
	char	*text;
	size_t	 len;
};

struct config_tls {
	unsigned		 line;
	char			 name[RULE_NAME_MAX + 1];	/* or "" */
	char			 certificate[PATH_TEXT_MAX + 1];
	char			 key[PATH_TEXT_MAX + 1];
	struct config_pem	 certificate_pem, key_pem;
};

/* Who judges passwords, and by which file or socket. */
struct config_passwords {
	enum judge_kind		 kind;
	char			 path[PATH_TEXT_MAX + 1];
};

struct config_domain {
	unsigned		 line;
	char			 name[HOST_TEXT_MAX + 1];
	char			 aliases[PATH_TEXT_MAX + 1];	/* or "" */
	struct config_delivery	 delivery;
};

/* Directories in which mailboxes stand that are not in homes, for BOOT. */
struct config_places {
	unsigned	 n;
	char		 list[PATH_TEXT_MAX + 1];	/* parted by ":" */
};

/* What a route looks at is a condition of rules, or a tag. */
enum { CONDITION_TAG = CONDITION_COUNT, CONFIG_CONDITIONS };

/* A value of a condition: its text in lower case, or a network. */
struct config_pattern {
	unsigned		 kind;		/* enum condition */
	bool			 except;	/* behind "!" */
	char			 text[ADDR_TEXT_MAX + 1];
	struct config_network	 network;
};

struct config_patterns {
	unsigned		 n;
	struct config_pattern	*item;
};

/* Of tls in routes and remote; as in the words, and in enum hop_tls. */
enum config_remote_tls {
	REMOTE_TLS_UNSAID, REMOTE_TLS_MAY, REMOTE_TLS_NO, REMOTE_TLS_REQUIRED,
	REMOTE_TLS_VERIFIED
};

struct config_source {
	bool	 has4, has6;
	uint8_t	 octets4[4], octets6[16];
};

/* Its file is read with the configuration. */
struct config_login {
	char			 user[ACCOUNT_TEXT_MAX + 1];	/* or "" */
	char			 path[PATH_TEXT_MAX + 1];
	struct config_pem	 secret;
};

/* How others are spoken to: by a route, or where no route says. */
struct config_hop {
	unsigned		 line;
	char			 name[HOP_NAME_MAX + 1];	/* or "" */
	unsigned		 tls;		/* enum config_remote_tls */
	unsigned		 immediate, xforward;	/* enum config_answer */
	struct config_source	 source;
	char			 helo[HOST_TEXT_MAX + 1];	/* or "" */
	char			 fallback[DESTINATION_TEXT_MAX + 1];
	char			 mechanisms[REASON_TEXT_MAX + 1];
	struct config_login	 login;
	uint64_t		 recipients, mails;	/* 0: unsaid */
	bool			 by_via, by_path;	/* of a socket */
	char			 destination[DESTINATION_TEXT_MAX + 1];
};

/* One pattern of a block; all of a block have the same hop. */
struct config_route {
	unsigned		 line;
	char			 pattern[ADDR_TEXT_MAX + 1];
	char			 destination[DESTINATION_TEXT_MAX + 1];
	struct reply		 reply;		/* without a destination */
	struct config_patterns	*all;		/* of all routes */
	unsigned		 first, n;	/* its own of these */
};

/* A route block, as it is read. */
struct config_way {
	struct config_route	 route;
	bool			 discard;
	struct config_hop	 hop;
};

/* What an address becomes on its way out; strings of their own. */
struct config_rewrite {
	char		*from, *to;
	unsigned	 where;		/* enum rewrite_where */
};

struct config_rewrites {
	unsigned		 n, cap;
	struct config_rewrite	*item;
};

struct config_words {
	unsigned	 n;
	char		 item[MASQUERADES_MAX][HOST_TEXT_MAX + 1];
};

/* What to make of a reply; its domains are values of `all`. */
struct config_advice {
	unsigned		 line;
	char			 name[RULE_NAME_MAX + 1];
	struct config_patterns	*all;
	unsigned		 first, n;
	unsigned		 code;		/* as in CONF_ADVICE */
	char			 text[REASON_TEXT_MAX + 1];
	bool			 slow, family, final;
	uint64_t		 pause;		/* 0: none */
};

/* How destinations are served; 0: unsaid. */
#define CONFIG_NEVER	UINT64_MAX	/* of delay_notice */

struct config_destination {
	unsigned	 line;
	char		 pattern[DESTINATION_TEXT_MAX + 1];
	uint64_t	 retry_first, retry_maximum;
	uint64_t	 lifetime, notice_lifetime, delay_notice;
	uint64_t	 window, window_first;
	uint64_t	 per_second, per_hour;
	uint64_t	 recipients, mails, share;
	uint64_t	 priority;	/* one more than in CONF_DESTINATION */
};

struct config_rule {
	unsigned		 line;
	char			 name[RULE_NAME_MAX + 1];
	struct config_patterns	*all;		/* of all rules */
	unsigned		 first, n;	/* its own of these */
	enum rule_verdict	 verdict;
	unsigned		 priority;	/* as in CONF_RULE */
	char			 tag[TAG_MAX + 1];
	struct reply		 reply;
};

struct config {
	char			 hostname[HOST_TEXT_MAX + 1];
	char			 spool[SPOOL_PATH_MAX + 1];
	char			 runtime[RUNTIME_PATH_MAX + 1];
	char			 users[PATH_TEXT_MAX + 1];
	char			 aliases[PATH_TEXT_MAX + 1];
	char			 senders[PATH_TEXT_MAX + 1];	/* or "" */
	char			 postmaster[ADDR_TEXT_MAX + 1];
	uint64_t		 minimum_uid;
	uint64_t		 message_size;
	uint64_t		 watchdog, drain;
	struct config_log	 log;
	struct config_servers	 resolvers;
	struct config_networks	 relay_from;
	struct config_patterns	 relay_identity;
	struct {
		unsigned	 line;
		uint64_t	 first, maximum, lifetime, notice_lifetime;
	} retry;
	struct {
		unsigned	 line;
		uint64_t	 limit, segment, message;	/* octets */
	} journal;
	struct {
		uint64_t	 delay, gather, digest_after, digest_time;
		uint64_t	 content;	/* octets */
		unsigned	 language;	/* notice_language + 1 */
		char		 double_bounces[ADDR_TEXT_MAX + 1];
	} notices;
	struct {
		uint64_t	 crashes, probes;
	} queue;
	struct {
		uint64_t	 processes, sessions, recipients;
		uint64_t	 command_time, data_time, errors;
		uint64_t	 greeting_time, answer_time;
		bool		 names;
		uint64_t	 name_time;
	} smtpd;
	struct {
		uint64_t	 connect_time, command_time;
		uint64_t	 content_time, final_time;
		uint64_t	 processes;
		char		 anchors[PATH_TEXT_MAX + 1];	/* or "" */
		struct config_hop hop;
	} remote;
	struct config_passwords	 passwords;
	uint64_t		 auth_delay, auth_delay_maximum;
	unsigned		 tls_minimum;	/* enum config_version */
	uint64_t		 tls_tickets;	/* their life; 0: none */
	struct config_tls	*tls;
	unsigned		 ntls;
	struct config_limit	 limit;		/* for all that say nothing */
	struct {
		uint64_t	 hour_messages, day_messages;
		uint64_t	 hour_recipients, day_recipients;
	} quota;				/* of each identity; 0: none */
	struct config_listen	*listens;
	unsigned		 nlistens;
	struct config_domain	*domains;
	unsigned		 ndomains;
	struct config_places	 mailboxes;	/* of all domains */
	struct config_route	*routes;
	unsigned		 nroutes;
	struct config_hop	*hops;		/* but for remote.hop */
	unsigned		 nhops;
	struct config_patterns	 route_conditions;	/* of all routes */
	struct config_addresses	 self;		/* ours, behind NAT */
	struct config_rewrites	 rewrites;
	char			 rewrite_table[PATH_TEXT_MAX + 1];
	struct config_words	 masquerade, unmasked;
	struct config_advice	*advices;
	unsigned		 nadvices;
	struct config_patterns	 advice_domains;	/* of all of them */
	struct config_destination *destinations; /* most specific first */
	unsigned		 ndestinations;
	struct config_rule	*rules;
	unsigned		 nrules;
	struct config_patterns	 conditions;	/* of all rules */
};

/* ---- reading ------------------------------------------------------------ */

struct config	*config_new(void);
void		 config_free(struct config *);

/* Errors and warnings, a line each, "file:line: what was expected". */
struct config_notes {
	struct buf	 errors, warnings;
	unsigned	 nerrors;
};

void	 config_notes_init(struct config_notes *);
void	 config_notes_clear(struct config_notes *);

/* line 0: no line of the file is meant. */
void	 config_error(struct config_notes *, const char *file, unsigned line,
	    const char *fmt, ...)
	    __attribute__((__format__(__printf__, 4, 5)));
void	 config_warning(struct config_notes *, const char *file, unsigned line,
	    const char *fmt, ...)
	    __attribute__((__format__(__printf__, 4, 5)));

/* Lines to values; then all that concerns more than one line.  True without
 * errors. */
bool	 config_parse(struct config *, const char *file, struct span text,
	    struct config_notes *);
bool	 config_check(struct config *, const char *file,
	    struct config_notes *);

/* What listeners have of TLS and AUTH where they do not say; and whether it can
 * be had. */
void	 config_fill_tls(struct config *);
void	 config_check_tls(const struct config *, const char *file,
	    struct config_notes *);

/* A file of at most `max` octets that others cannot read; -1, and why, when it
 * is not as it has to be. */
int	 config_open_secret(const char *path, off_t max, const char **why);

/* What hops have that do not say; and what cannot be. */
void	 config_fill_hops(struct config *);
void	 config_check_routes(const struct config *, const char *file,
	    struct config_notes *);

/* Somebody is verified: that is by the file `remote.anchors`. */
bool	 config_needs_anchors(const struct config *);
bool	 config_has_sources(const struct config *);
bool	 config_has_sockets(const struct config *);

/* The path of a route's Unix socket; empty: it leads to none. */
struct span	 config_socket_of(const struct config_route *);

/* Puts the patterns of destinations in order; and what cannot be in them. */
void	 config_check_destinations(struct config *, const char *file,
	    struct config_notes *);

/* Reads the secrets of logins. */
void	 config_read_secrets(struct config *, const char *file,
	    struct config_notes *);

/* After config_check: looks whether there are anchors where they are needed. */
void	 config_read_anchors(const struct config *, const char *file,
	    struct config_notes *);

/* A table of addresses, lines "FROM TO"; then the rows of masquerade. */
void	 config_read_rewrites(struct config *, const char *file,
	    struct config_notes *);
bool	 config_parse_rewrites(struct config *, const char *file, struct span,
	    struct config_notes *);
void	 config_fill_rewrites(struct config *);

/* Reads the files of the tls blocks, and looks whether they are good. */
void	 config_read_certificates(struct config *, const char *file,
	    struct config_notes *);

/* Opens, reads, parses and checks. */
bool	 config_load(struct config *, const char *file, struct config_notes *);

#endif
