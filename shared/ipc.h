/* SPDX-License-Identifier: ISC */
#ifndef SHARED_IPC_H
#define SHARED_IPC_H

#include "shared/addr.h"
#include "shared/limits.h"
#include "shared/reply.h"

/*
 * The messages of ipc.def as C.  A frame is one packet of a seqpacket pair and
 * holds one or more records: u16 type, u32 length of what follows, fields in
 * the order of the row, numbers little-endian, text as u32 length and octets.
 * A decoder takes nothing that its row does not allow: short or long records,
 * numbers above their max, text above its length or with control characters,
 * addresses and replies that do not parse.
 */
enum { IPC_VERSION = 1 };

enum role {
#define ROLE(ID, name, trust)	ROLE_##ID,
#include "shared/ipc.def"
	ROLE_COUNT
};

#define R(role)		(1u << ROLE_##role)
#define ANYONE		((1u << ROLE_COUNT) - 1)
#define FULL		UINT64_MAX	/* a number's whole range */

const char	*role_name(enum role);
int		 role_trust(enum role);

/* Values of fields. */
enum boot_flags {
	BOOT_UNPRIVILEGED = 1,	/* as the present user, no chroot */
	BOOT_BINDS	= 2	/* connections may have a source address */
};

enum log_kind { LOG_TO_STDERR, LOG_TO_FILE, LOG_TO_SYSLOG, LOG_KIND_COUNT };

enum listener_flags {
	LISTENER_UNIX	= 1,	/* the caller's uid is the identity */
	LISTENER_RELAY	= 2,	/* whoever connects here may send anywhere */
	LISTENER_LMTP	= 4,	/* RFC 2033 */
	LISTENER_VRFY	= 256,	/* VRFY and EXPN are answered */
	LISTENER_EXPN	= 512,
	LISTENER_TLS	= 1 << 10,	/* from the first octet: RFC 8314 */
	LISTENER_STARTTLS = 1 << 11,	/* RFC 3207 */
	LISTENER_TLS_FIRST = 1 << 12,	/* no mail without */
	LISTENER_AUTH	= 1 << 13,	/* RFC 4954, under TLS alone */
	LISTENER_AUTH_FIRST = 1 << 14,	/* no mail without */
	LISTENER_SUBMISSION = 1 << 15,	/* RFC 6409 */
	LISTENER_HIDES_CLIENT = 1 << 16, /* in our Received line */
	LISTENER_ANY_SENDER = 1 << 17,	/* not only an identity's own */
	LISTENER_CERTIFICATE = 1 << 18	/* the client is asked for one */
};

enum judge_kind {
	JUDGE_NONE, JUDGE_PASSWORDS, JUDGE_DOVECOT, JUDGE_KIND_COUNT
};

enum judged_outcome {
	JUDGED_GOOD,
	JUDGED_BAD,		/* no such account, or not its password */
	JUDGED_LATER,		/* who knows is not there */
	JUDGED_MALFORMED,	/* not as the mechanism wants it */
	JUDGED_CANCELLED,
	JUDGED_WEAK,		/* this account has no such mechanism */
	JUDGED_OUTCOME_COUNT
};

/* In what a client is believed: who its own client is, for a connection, for
 * all it sends from now on, or for the log alone. */
enum trust_kind {
	TRUST_PROXY, TRUST_XCLIENT, TRUST_XFORWARD, TRUST_KIND_COUNT
};

enum rule_verdict {
	RULE_ACCEPT, RULE_REFUSE, RULE_DEFER, RULE_TAG, RULE_PRIORITY,
	RULE_VERDICT_COUNT
};

/* What a rule looks at. */
enum condition {
	CONDITION_CLIENT, CONDITION_NAME, CONDITION_HELO, CONDITION_SENDER,
	CONDITION_RECIPIENT, CONDITION_TLS, CONDITION_IDENTITY,
	CONDITION_LISTENER, CONDITION_CERTIFICATE, CONDITION_COUNT
};

enum message_flags {
	MESSAGE_8BIT	= 1,	/* BODY=8BITMIME */
	MESSAGE_LOCAL	= 2,	/* handed in by a user of this machine */
	MESSAGE_NOTICE	= 4,	/* a failure notice of ours */
	MESSAGE_UTF8	= 8,	/* SMTPUTF8 (RFC 6531) */
	MESSAGE_DOUBLE	= 16,	/* a notice of a notice: the last one */
	MESSAGE_HELD	= 256,	/* an admin holds it */
	MESSAGE_QUARANTINED = 512 /* held, for what it did to us */
};

/* Of a recipient, on disk. */
enum recipient_marks {
	MARK_DELAY_TOLD	= 1,	/* its sender knows that it waits */
	MARK_DIGEST	= 2	/* failed, and told of with others, when due */
};

/* What a notice says of a recipient (RFC 3464 section 2.3.3). */
enum notice_action {
	ACTION_FAILED, ACTION_DELAYED, ACTION_DELIVERED, ACTION_RELAYED,
	ACTION_EXPANDED, ACTION_COUNT
};

/* What became of the wish to hear of success (RFC 3461 section 5.2). */
enum passed {
	PASSED_NOT,	/* relayed to one who does not announce DSN */
	PASSED_ON,	/* it has the parameters: it will tell */
	PASSED_FINAL,	/* this was the delivery */
	PASSED_COUNT
};

enum notice_language {
	NOTICE_ENGLISH, NOTICE_FRENCH, NOTICE_LANGUAGE_COUNT
};

enum queue_order {
	ORDER_HOLD, ORDER_RELEASE,	/* also from quarantine */
	ORDER_RETRY,		/* due now */
	ORDER_DELETE,		/* nobody is told */
	ORDER_BOUNCE,		/* failed now */
	ORDER_EXPIRE,		/* too old now */
	ORDER_REDIRECT,		/* another destination */
	ORDER_READDRESS,	/* another recipient */
	ORDER_COUNT
};

enum ordered_outcome {
	ORDERED_DONE,
	ORDERED_NOTHING,	/* it is so already */
	ORDERED_BUSY,		/* it is being delivered now */
	ORDERED_OUTCOME_COUNT
};

enum shown_outcome {
	SHOWN_OK, SHOWN_UNKNOWN, SHOWN_FAILED, SHOWN_OUTCOME_COUNT
};

/* In the history of a message. */
enum event {
	EVENT_DEFERRED, EVENT_FAILED, EVENT_REPLACED, EVENT_LOST,
	EVENT_QUARANTINED, EVENT_HELD, EVENT_RELEASED, EVENT_RETRIED,
	EVENT_BOUNCED, EVENT_EXPIRED, EVENT_REDIRECTED, EVENT_READDRESSED,
	EVENT_COUNT
};

/* What a route looks at besides the recipient. */
enum route_condition {
	ROUTE_IF_SENDER, ROUTE_IF_TAG, ROUTE_CONDITION_COUNT
};

enum hop_flags {
	HOP_XFORWARD	= 1,	/* who the client was is passed on */
	HOP_IMMEDIATE	= 2,	/* TLS from the first octet */
	HOP_TLS_SAID	= 4	/* `tls` is not that of the empty name */
};

enum hop_tls {
	HOP_TLS_MAY,		/* when it is offered; nobody is verified */
	HOP_TLS_NO,
	HOP_TLS_REQUIRED,	/* or no mail; nobody is verified */
	HOP_TLS_VERIFIED,	/* by the anchors, for the name of the host */
	HOP_TLS_COUNT
};

enum rewrite_where {
	REWRITE_SENDER		= 1,	/* of the envelope */
	REWRITE_RECIPIENT	= 2,	/* likewise */
	REWRITE_HEADER		= 4	/* fields of senders, and recipients */
};

enum advice {
	ADVICE_NONE,
	ADVICE_SLOW,		/* one at a time, for a while */
	ADVICE_PAUSE,		/* nothing for `pause` seconds */
	ADVICE_FAMILY,		/* the other address family */
	ADVICE_FINAL,		/* this is no temporary failure */
	ADVICE_COUNT
};

/* What a line of a recorded dialogue is. */
enum trace_mark {
	TRACE_NOTE,		/* what happened, in our words */
	TRACE_CONNECT,		/* a host[ip]:port that is tried */
	TRACE_SAID, TRACE_HEARD,
	TRACE_VERDICT,		/* what became of a recipient */
	TRACE_GAP,		/* so many lines are left out here */
	TRACE_MARK_COUNT
};

enum destination_state {
	DESTINATION_OPEN,
	DESTINATION_PROBING,	/* one job, behind failures */
	DESTINATION_CLOSED,	/* by them, for a while */
	DESTINATION_PAUSED,	/* by a rule */
	DESTINATION_STATE_COUNT
};

/* What a destination waits for. */
enum destination_change {
	DESTINATION_CHANGE_NONE,	/* nothing: mail goes, or none is due */
	DESTINATION_CHANGE_PROBE,	/* the next attempt behind failures */
	DESTINATION_CHANGE_OPENS,	/* the end of a pause */
	DESTINATION_CHANGE_RATE,	/* the next message that may go */
	DESTINATION_CHANGE_PLACE,	/* that fewer others are probed */
	DESTINATION_CHANGE_DUE,		/* the time of who waits */
	DESTINATION_CHANGE_COUNT
};

enum delivery_kind { DELIVERY_MAILDIR, DELIVERY_KIND_COUNT };

enum stop_reason { STOP_FOR_GOOD, STOP_FOR_SUCCESSOR };

enum stored_outcome {
	STORED_OK, STORED_ABORTED, STORED_NO_SPACE, STORED_TOO_BIG,
	STORED_FAILED, STORED_OUTCOME_COUNT
};

enum resolve_kind { RESOLVE_MX, RESOLVE_HOST, RESOLVE_KIND_COUNT };

enum resolved_outcome {
	RESOLVED_OK,		/* count addresses came */
	RESOLVED_UNKNOWN,	/* no such name, or no address: permanent */
	RESOLVED_NULL_MX,	/* RFC 7505: this domain takes no mail */
	RESOLVED_LATER,		/* SERVFAIL, time-out, no server */
	RESOLVED_OUTCOME_COUNT
};

enum named_outcome {
	NAMED_FOUND,
	NAMED_NONE,		/* no name, or none that leads back */
	NAMED_LATER,		/* SERVFAIL, time-out, no server */
	NAMED_OUTCOME_COUNT
};

enum user_outcome {
	USER_FOUND, USER_UNKNOWN, USER_LATER, USER_OUTCOME_COUNT
};

enum message_state {
	MESSAGE_INCOMING,	/* stored, recipients not yet looked up */
	MESSAGE_ACTIVE,		/* some recipient is being worked on */
	MESSAGE_WAITING,	/* all recipients wait for their due time */
	MESSAGE_IS_HELD,
	MESSAGE_IS_QUARANTINED,
	MESSAGE_STATE_COUNT
};

enum recipient_state {
	RECIPIENT_NEW,		/* not yet looked up */
	RECIPIENT_WAITING,
	RECIPIENT_RUNNING,	/* handed out */
	RECIPIENT_FAILED,	/* the sender is to be told */
	RECIPIENT_STATE_COUNT
};

enum process_state {
	PROCESS_RUNNING, PROCESS_WAITING, PROCESS_STOPPING,
	PROCESS_STATE_COUNT
};

enum deleted_outcome {
	DELETED_OK,
	DELETED_UNKNOWN,	/* there is no such message */
	DELETED_BUSY,		/* it is being delivered, or reported, now */
	DELETED_OUTCOME_COUNT
};

/* The C type and the width on the wire of each field type. */
typedef uint8_t		ipc_u8;
typedef uint16_t	ipc_u16;
typedef uint32_t	ipc_u32;
typedef uint64_t	ipc_u64;
typedef struct span	ipc_text;
typedef struct span	ipc_bytes;
typedef struct addr	ipc_addr;
typedef struct reply	ipc_reply;

enum msg_type {
	MSG_NONE,		/* so that a zeroed frame is no message */
#define MSG(ID, name, from, to, kind, fds)	MSG_##ID,
#include "shared/ipc.def"
	MSG_COUNT
};

enum msg_kind { NOTE, ASK, PART, ANSWER };

#define IPC_FIELD(type, name, max)	ipc_##type name;
#define MSG(ID, name, from, to, kind, fds) \
	struct msg_##name { ID##_FIELDS(IPC_FIELD) };
#include "shared/ipc.def"

/*
 * One message.  Spans inside a received one borrow from its frame and die when
 * the handler returns; those of a sent one are copied by peer_put.
 * Descriptors of a received message belong to the handler: what it keeps it
 * sets to -1, the rest is closed behind it.  Those of a sent one are
 * duplicated by peer_put and stay the caller's.
 */
struct msg {
	enum msg_type	type;
	int		fds[FRAME_FDS_MAX];	/* meaningful up to nfds */
	unsigned	nfds;
	union {
#define MSG(ID, name, from, to, kind, fds)	struct msg_##name name;
#include "shared/ipc.def"
	};
};

/* What the table says about a type; NULL for a type that is in no row. */
struct msg_row {
	const char	*name;
	unsigned	 senders, receivers;	/* masks of R(role) */
	enum msg_kind	 kind;
	unsigned	 fds;
};

const struct msg_row	*msg_row(unsigned type);

/* May `from` say `type` to `to`? */
bool	 msg_allowed(unsigned type, enum role from, enum role to);

/* Does it hold what nobody is to find in our memory? */
bool	 msg_is_secret(unsigned type);

/* Has either of these two anything to ask the other, so that master joins them
 * by a pair?  Rows that many roles share prove nothing. */
bool	 roles_talk(enum role, enum role);

/* Slots of the ring from `writer` to `reader`, 0 when there is none. */
unsigned	 ring_slots(enum role writer, enum role reader);

/* Appends a record; false when the buf refuses or a field passes its max. */
bool	 msg_encode(const struct msg *, struct buf *);

/*
 * Takes one record off the head of `*frame`; false when it is not as its row
 * demands, and then nothing more of the frame may be read.  nfds is set to 0.
 */
bool	 msg_decode(struct span *frame, struct msg *);

#endif
