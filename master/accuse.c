/* SPDX-License-Identifier: ISC */
#include "master/accuse.h"
#include "master/suite.h"
#include "master/wiring.h"
#include "shared/log.h"

enum verdict
accuse_judge(enum role by, enum role accused)
{
	if (roles_talk(by, accused) && role_trust(accused) < role_trust(by))
		return VERDICT_BELIEVED;
	return VERDICT_LIE;
}

void
accuse_hear(struct child *by, const struct msg_accuse *m)
{
	struct child	*accused;
	char		 label[LABEL_SIZE], other[LABEL_SIZE];

	child_label(by, label);
	if (accuse_judge(by->role, m->role) == VERDICT_LIE) {
		log_error("%s accuses %s %u (%.*s), which is not believed: %s "
		    "is killed", label, role_name(m->role), m->instance,
		    (int)m->reason.len, m->reason.ptr, label);
		child_kill(by);
		return;
	}
	accused = children_find(by->suite, m->role, m->instance);
	if (accused == NULL) {
		log_error("%s accuses %s %u (%.*s), which is gone already",
		    label, role_name(m->role), m->instance,
		    (int)m->reason.len, m->reason.ptr);
		return;
	}
	log_error("%s accuses %s (%.*s), which is killed", label,
	    child_label(accused, other), (int)m->reason.len, m->reason.ptr);
	child_kill(accused);
}
