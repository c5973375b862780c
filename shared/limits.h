/* SPDX-License-Identifier: ISC */
#ifndef SHARED_LIMITS_H
#define SHARED_LIMITS_H

/*
 * Every ceiling there is.  Sizes are octets, times are milliseconds unless a
 * name says otherwise.  Where the configuration may lower or raise a value,
 * the number here is its default and a name in MAX its highest.
 */
enum {
	/* RFC 5321 section 4.5.3.1 */
	ADDR_LOCAL_MAX		= 64,
	ADDR_DOMAIN_MAX		= 255,
	ADDR_PATH_MAX		= 256,	/* with both angle brackets */
	ADDR_TEXT_MAX		= 320,	/* local part, "@" and domain */
	COMMAND_LINE_MAX	= 2048,	/* 512, and room for extensions */
	REPLY_LINE_MAX		= 512,
	REPLY_TEXT_MAX		= 480,	/* what we keep of a reply's text */
	REPLY_LINES_MAX		= 64,	/* lines read of one remote reply */
	RECIPIENTS_MAX		= 1000,	/* of one transaction */

	/* names and paths that travel between processes */
	HOST_TEXT_MAX		= 255,
	USER_TEXT_MAX		= 64,
	PATH_TEXT_MAX		= 1024,
	DESTINATION_TEXT_MAX	= 400,	/* a key of LMDB holds it */
	HOP_NAME_MAX		= 64,
	SOCKET_PATH_MAX		= 107,	/* unix(7), less the NUL */
	PRIORITY_MAX		= 9,	/* and as low (RFC 6710); in rows of
					 * numbers it is the usual one */
	PARAMETERS_MAX		= 1024,	/* of a message, in words */
	RCPT_PARAMETERS_MAX	= 600,	/* of a recipient, likewise */
	ENVID_MAX		= 100,	/* RFC 3461 section 4, in xtext */
	ORCPT_MAX		= 500,	/* likewise, with its type */
	DSN_MAIL_MAX		= 120,	/* RET and ENVID, in words */
	CLIENT_TEXT_MAX		= 320,
	REASON_TEXT_MAX		= 200,
	CONFIG_NOTE_MAX		= 4096,	/* one error of the configuration */
	RELAY_TEXT_MAX		= 320,

	/* between processes */
	FRAME_MAX		= 65536,	/* one packet */
	FRAME_FDS_MAX		= 3,		/* descriptors in one packet */
	PEER_OUT_MAX		= 32 << 20,	/* waiting for one neighbour */
	PEER_OUT_HIGH		= 16 << 20,	/* past it nothing is asked */
	PEER_PACKETS_TURN	= 64,		/* packets read in one turn */
	PEER_PACKETS_CALL	= 4,		/* and by one call */
	RING_SLOT		= 65536,	/* content in one slot */
	RING_SLOTS_MAX		= 1024,
	INSTANCES_MAX		= 64,		/* processes of one role */
	MEMORY_MAX		= 1 << 30,	/* private, of a process */
	ADDRESS_SPACE_GIB	= 4,		/* with rings and libraries */

	/* smtpd */
	SESSIONS_MAX		= 8192,		/* in one worker */
	TRACE_ROOM		= 4096,	/* our Received line, above size_max */
	SESSION_SLOTS_MAX	= 4,		/* ring slots of one session */
	SESSION_ERRORS_MAX	= 20,	/* bad commands, then 421 */
	EXPN_MEMBERS_MAX	= 100,	/* of a list, told to EXPN */
	EXPN_TEXT_MAX		= 6000,	/* their addresses */
	STOP_CONTENT_TIME	= 20 * 1000,	/* for content that is coming */
	PROXY_HEADER_MAX	= 4096,	/* of version 2, with what is added */
	PROXY_TIME		= 5 * 1000,	/* until it is whole */
	SENDER_FIELD_MAX	= 8192,	/* From or Sender, of what is
					 * submitted */
	AUTHORS_MAX		= 16,	/* that From may name there */
	TRUSTED_MAX		= 256,	/* networks of a kind, of a listener */

	/* TLS and AUTH */
	CERTIFICATES_MAX	= 64,
	CERTIFICATE_FILE_MAX	= 1 << 20,
	SIGN_CONTENT_MAX	= 512,	/* a transcript's digest, or a point */
	SIGNATURE_MAX		= 1024,	/* RSA of 8192 bits */
	SIGNS_MAX		= 1024,	/* outstanding from an smtpd */
	SIGNS_ABOVE		= 16,	/* more than connections */
	CLIENT_CERTIFICATES_MAX	= 1 << 15, /* octets, of one client */
	HANDSHAKES_MAX		= 1024,	/* at once, in an smtpd */
	TLS_JOBS_MAX		= 64,	/* handshakes that wait for one */
	TLS_NAMES_MAX		= 4096,	/* of all certificates */
	TLS_TEXT_MAX		= 127,	/* version and cipher */
	MECHANISM_MAX		= 20,	/* RFC 4422 section 3.1 */
	LOGIN_LINE_MAX		= 12288, /* RFC 4954 section 4 */
	LOGIN_OCTETS_MAX	= 9216,	/* the same without base64 */
	BINDING_NAME_MAX	= 32,
	BINDING_MAX		= 64,
	ACCOUNT_TEXT_MAX	= 255,
	LOGINS_MAX		= 1024,	/* outstanding from an smtpd */
	LOGINS_OF_NETWORK_MAX	= 10,	/* at once */
	LOGINS_OF_ACCOUNT_MAX	= 20,	/* whose answers wait */
	LOGIN_DELAY_FIRST	= 1000,	/* that a failed one costs */
	LOGIN_DELAY_MAX		= 60 * 1000,
	FAILURE_ROWS_MAX	= 65536, /* networks or accounts counted */

	/* those who judge passwords */
	JUDGES_MAX		= 256,	/* outstanding from lookup */
	SASL_MESSAGE_MAX	= 1024,	/* of a mechanism, without base64 */
	SCRAM_SALT_MAX		= 64,
	SCRAM_SALT_NEW		= 16,	/* of new keys */
	SCRAM_ITERATIONS_MAX	= 1000000,
	SCRAM_ITERATIONS	= 10000, /* of new keys */
	LOGIN_ITERATIONS_MAX	= 200000, /* that others may ask of us */
	PASSWORD_FILE_MAX	= 64 << 20,
	PASSWORD_LINE_MAX	= 4096,
	PASSWORD_HASHES_MAX	= 8,	/* of one account */
	DOVECOT_LINE_MAX	= 8192,	/* as long as Dovecot takes them */
	DOVECOT_FIRST		= 100,	/* back-off of its socket */
	DOVECOT_MAX		= 10 * 1000,
	DOVECOT_TIME		= 60 * 1000, /* until it answers */

	/* rules of policy */
	POLICY_RULES_MAX	= 256,
	RULE_VALUES_MAX		= 4096,		/* of all rules */
	RULE_NAME_MAX		= 64,
	TAG_MAX			= 32,
	TAGS_MAX		= 8,		/* of one message */

	/* queue */
	OPEN_ENVELOPES_MAX	= SESSIONS_MAX,	/* of one smtpd worker */
	STAGED_MAX		= 32 << 20,	/* content held in memory */
	SMALL_MESSAGE_MAX	= 65536,	/* held whole until its end */
	ACTIVE_MESSAGES_MAX	= 4096,		/* envelopes in memory */
	RECEIVED_MAX		= 100,		/* hops, RFC 5321 6.3 */
	GENERATIONS_MAX		= 20,
	WINDOW_LIMIT		= 1000,	/* highest `window` */
	DESTINATION_RULES_MAX	= 1024,	/* patterns with settings */
	LIVES_MAX		= 16,	/* different times of life in these */
	WINDOW_START		= 5,	/* jobs at once, at first */
	WINDOW_MAX		= 20,
	SHOW_MAX		= 32768, /* octets of content in one answer */

	/* lookup */
	ALIAS_DEPTH_MAX		= 20,
	ALIAS_TARGETS_MAX	= 10000,	/* leaves of one recipient */
	ALIAS_FILE_MAX		= 64 << 20,
	EXPANSIONS_MAX		= 1024,		/* outstanding from queue */
	LOOKUPS_MAX		= SESSIONS_MAX,	/* outstanding from smtpd */
	USERS_MAX		= 4096,		/* outstanding from lookup */
	VISITS_MAX		= SESSIONS_MAX,	/* clients of one smtpd */
	COUNTERS_MAX		= 65536,	/* prefixes that are counted */
	QUOTAS_MAX		= 65536,	/* identities, likewise */

	/* routes */
	ROUTES_MAX		= 1024,
	ROUTE_VALUES_MAX	= 4096,	/* of all their conditions */
	HOP_SECRET_MAX		= 8192,	/* a password, or a token */
	REWRITES_MAX		= 65536,
	ADVICES_MAX		= 256,
	SELF_ADDRESSES_MAX	= 1024,
	ANCHORS_FILE_MAX	= 16 << 20,
	TLS_SESSIONS_MAX	= 1024,	/* of all servers, to take up again */
	TLS_SESSIONS_OF_HOST	= 8,
	TLS_SESSION_MAX		= 8192,	/* octets of one; larger: not kept */
	TLS_SESSION_TIME	= 3600 * 1000,
	TLS_AVOIDED_MAX		= 1024,	/* hosts whose TLS does not work */
	TLS_AVOIDED_TIME	= 3600 * 1000,
	TLS_HANDSHAKE_TIME	= 60 * 1000,

	/* resolver and remote */
	QUESTIONS_MAX		= 4096,		/* outstanding from remote */
	NAMES_MAX		= 1024,		/* outstanding from an smtpd */
	NAMES_AT_ONCE		= 2048,		/* addresses asked about */
	NAMES_OF_ADDRESS_MAX	= 5,		/* that are tried */
	CNAMES_MAX		= 8,		/* to one name */
	MX_MAX			= 10,
	ADDRESSES_MAX		= 16,		/* of one destination */
	CONNECTS_MAX		= 1024,		/* outstanding from remote */
	REMOTES_MAX		= 16,
	JOBS_REMOTE_MAX		= 4096,		/* of each of them */
	CONTENT_REMOTE_MAX	= 128 << 20,	/* content of all jobs */
	JOB_RECIPIENTS_MAX	= 100,
	REMOTE_REPLY_MAX	= 16384,	/* octets of one reply */
	TRACE_TEXT_MAX		= 2048,	/* one line of a dialogue, escaped */
	TRACES_MAX		= 16,	/* outstanding from monitor */

	/* local */
	JOBS_LOCAL_MAX		= 64,
	AGENTS_MAX		= 32,
	AGENT_IDLE		= 10 * 1000,
	MAILBOX_PLACES_MAX	= 8,	/* directories of mailboxes */

	/* control and monitor */
	ADMIN_SESSIONS_MAX	= 64,
	ADMIN_LINE_MAX		= 8192,	/* a filter, all of it in xtext */
	LIST_ROWS_MAX		= 64,		/* messages in one answer */

	/* logger */
	LOG_LINE_MAX		= 4096,
	LOG_PACKET_MAX		= 16384,	/* lines of one turn */
	LOG_KEPT_MAX		= 256 << 10,	/* lines that wait for it */
	LOG_AGAIN		= 20,		/* then they are sent again */

	/* master */
	CONFIG_FILE_MAX		= 4 << 20,
	LISTENERS_MAX		= 64,
	LISTEN_BACKLOG		= 1024,
	RESTART_FIRST		= 100,		/* back-off of a dead child */
	RESTART_MAX		= 30 * 1000,
	RESTART_GOOD		= 60 * 1000,	/* life that ends back-off */
	STOP_TIME		= 30 * 1000,	/* of each stage of a stop */
	DRAIN_TIME		= 600 * 1000,	/* beside a successor */
	WATCHDOG_EVERY		= 10 * 1000,
	WATCHDOG_TIME		= 60 * 1000	/* of silence, then killed */
};

#endif
