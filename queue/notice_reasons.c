/* SPDX-License-Identifier: ISC */
/*
 * What enhanced codes (RFC 3463, and those registered since) mean to somebody
 * who has never heard of them.  A row with detail 0 stands for all of its
 * subject that have none of their own.
 */
#include "queue/notice_phrases.h"

enum { WITHOUT_CODE = 99 };	/* no subject, by the kind of its code */

static const struct reason {
	uint16_t	 subject, detail;
	enum counsel	 counsel;
	const char	*why[NOTICE_LANGUAGE_COUNT];
} reasons[] = {
	{ 1, 0, COUNSEL_SPELLING, {
	    "The recipient's mail system does not accept this address.",
	    "Le système de messagerie du destinataire n'accepte pas cette "
	    "adresse." } },
	{ 1, 1, COUNSEL_SPELLING, {
	    "There is no mailbox with this address.",
	    "Il n'existe pas de boîte aux lettres à cette adresse." } },
	{ 1, 2, COUNSEL_DOMAIN, {
	    "What stands behind the \"@\" of the address does not exist, or "
	    "cannot receive mail.",
	    "Ce qui suit le signe «~@~» de l'adresse n'existe pas, ou ne peut "
	    "pas recevoir de courrier." } },
	{ 1, 3, COUNSEL_SPELLING, {
	    "The address is not written as an address must be.",
	    "L'adresse n'est pas écrite comme une adresse doit l'être." } },
	{ 1, 4, COUNSEL_SPELLING, {
	    "The address may mean more than one mailbox.",
	    "L'adresse peut désigner plusieurs boîtes aux lettres." } },
	{ 1, 6, COUNSEL_PERSON, {
	    "The mailbox has moved, and its new address is not known.",
	    "La boîte aux lettres a changé d'adresse, et la nouvelle n'est "
	    "pas connue." } },
	{ 1, 7, COUNSEL_HELP, {
	    "The recipient's mail system does not accept your own address, as "
	    "that of the sender.",
	    "Le système de messagerie du destinataire n'accepte pas votre "
	    "propre adresse, celle de l'expéditeur." } },
	{ 1, 8, COUNSEL_HELP, {
	    "The recipient's mail system does not accept your own address: it "
	    "could not answer to it.",
	    "Le système de messagerie du destinataire n'accepte pas votre "
	    "propre adresse~: il ne pourrait pas y répondre." } },
	{ 1, 10, COUNSEL_DOMAIN, {
	    "What stands behind the \"@\" of the address is a name that takes "
	    "no mail at all.",
	    "Ce qui suit le signe «~@~» de l'adresse est un nom qui n'accepte "
	    "aucun courrier." } },
	{ 2, 0, COUNSEL_LATER, {
	    "Something is wrong with the recipient's mailbox.",
	    "La boîte aux lettres du destinataire rencontre un problème." } },
	{ 2, 1, COUNSEL_PERSON, {
	    "The recipient's mailbox is closed.",
	    "La boîte aux lettres du destinataire est fermée." } },
	{ 2, 2, COUNSEL_FULL, {
	    "The recipient's mailbox is full.",
	    "La boîte aux lettres du destinataire est pleine." } },
	{ 2, 3, COUNSEL_SIZE, {
	    "Your message is larger than the recipient's mailbox accepts.",
	    "Votre message est plus volumineux que ce qu'accepte la boîte aux "
	    "lettres du destinataire." } },
	{ 2, 4, COUNSEL_LIST, {
	    "The mailing list with this address does not work.",
	    "La liste de diffusion à cette adresse ne fonctionne pas." } },
	{ 3, 0, COUNSEL_LATER, {
	    "The recipient's mail system has a problem.",
	    "Le système de messagerie du destinataire rencontre un "
	    "problème." } },
	{ 3, 1, COUNSEL_LATER, {
	    "The recipient's mail system has no room left.",
	    "Le système de messagerie du destinataire n'a plus de place." } },
	{ 3, 2, COUNSEL_LATER, {
	    "The recipient's mail system takes no mail at present.",
	    "Le système de messagerie du destinataire n'accepte pas de "
	    "courrier en ce moment." } },
	{ 3, 3, COUNSEL_FORMAT, {
	    "The recipient's mail system cannot do what your message needs.",
	    "Le système de messagerie du destinataire ne sait pas faire ce "
	    "qu'exige votre message." } },
	{ 3, 4, COUNSEL_SIZE, {
	    "Your message is larger than the recipient's mail system accepts.",
	    "Votre message est plus volumineux que ce qu'accepte le système "
	    "de messagerie du destinataire." } },
	{ 3, 5, COUNSEL_HELP, {
	    "A mail system on the way is not set up correctly.",
	    "Un système de messagerie sur le trajet est mal configuré." } },
	{ 4, 0, COUNSEL_LATER, {
	    "The recipient's mail system could not be reached.",
	    "Le système de messagerie du destinataire n'a pas pu être "
	    "joint." } },
	{ 4, 1, COUNSEL_LATER, {
	    "The recipient's mail system does not answer.",
	    "Le système de messagerie du destinataire ne répond pas." } },
	{ 4, 2, COUNSEL_LATER, {
	    "The connection to the recipient's mail system broke.",
	    "La connexion au système de messagerie du destinataire a été "
	    "interrompue." } },
	{ 4, 3, COUNSEL_LATER, {
	    "It could not be found out which server takes mail for what "
	    "stands behind the \"@\" of the address.",
	    "Il n'a pas été possible de savoir quel serveur reçoit le "
	    "courrier pour ce qui suit le signe «~@~» de l'adresse." } },
	{ 4, 4, COUNSEL_DOMAIN, {
	    "No way is known to what stands behind the \"@\" of the address.",
	    "Aucun chemin n'est connu vers ce qui suit le signe «~@~» de "
	    "l'adresse." } },
	{ 4, 5, COUNSEL_LATER, {
	    "The recipient's mail system has too much to do.",
	    "Le système de messagerie du destinataire est surchargé." } },
	{ 4, 6, COUNSEL_HELP, {
	    "The message went round in a circle: each mail server took "
	    "another one for the right one.",
	    "Le message tournait en rond~: chaque serveur de messagerie en "
	    "croyait un autre responsable." } },
	{ 4, 7, COUNSEL_LATER, {
	    "The message could not be delivered in the time that there is for "
	    "it.",
	    "Le message n'a pas pu être remis dans le délai prévu." } },
	{ 5, 0, COUNSEL_HELP, {
	    "The mail systems did not understand each other.",
	    "Les systèmes de messagerie ne se sont pas compris." } },
	{ 5, 3, COUNSEL_FEWER, {
	    "Your message has more recipients than the recipient's mail "
	    "system accepts.",
	    "Votre message a plus de destinataires que n'en accepte le "
	    "système de messagerie du destinataire." } },
	{ 6, 0, COUNSEL_FORMAT, {
	    "The recipient's mail system cannot take a message of this kind.",
	    "Le système de messagerie du destinataire ne peut pas accepter un "
	    "message de ce type." } },
	{ 6, 7, COUNSEL_PERSON, {
	    "The recipient's mail system does not know all of the letters in "
	    "an address.",
	    "Le système de messagerie du destinataire ne connaît pas toutes "
	    "les lettres d'une adresse." } },
	{ 7, 0, COUNSEL_RULES, {
	    "The recipient's mail system refuses your message, by its rules.",
	    "Le système de messagerie du destinataire refuse votre message, "
	    "selon ses règles." } },
	{ 7, 2, COUNSEL_LIST, {
	    "The mailing list with this address does not accept your "
	    "messages.",
	    "La liste de diffusion à cette adresse n'accepte pas vos "
	    "messages." } },
	{ 7, 8, COUNSEL_HELP, {
	    "The next mail system on the way does not know us as we said who "
	    "we are.",
	    "Le système de messagerie suivant ne nous a pas reconnus." } },
	{ 7, 10, COUNSEL_HELP, {
	    "Your message may only travel encrypted, and that was not "
	    "possible.",
	    "Votre message ne peut voyager que chiffré, ce qui n'a pas été "
	    "possible." } },
	{ 7, 17, COUNSEL_PERSON, {
	    "The mailbox belongs to somebody else by now.",
	    "La boîte aux lettres appartient désormais à quelqu'un "
	    "d'autre." } },
	{ 7, 18, COUNSEL_PERSON, {
	    "What stands behind the \"@\" of the address belongs to somebody "
	    "else by now.",
	    "Ce qui suit le signe «~@~» de l'adresse appartient désormais à "
	    "quelqu'un d'autre." } },
	{ 7, 20, COUNSEL_HELP, {
	    "The recipient's mail system could not make sure that the message "
	    "comes from you.",
	    "Le système de messagerie du destinataire n'a pas pu s'assurer "
	    "que le message vient de vous." } },
	{ 7, 25, COUNSEL_HELP, {
	    "The recipient's mail system does not know who we are, by the "
	    "name of our server.",
	    "Le système de messagerie du destinataire ne sait pas qui nous "
	    "sommes, d'après le nom de notre serveur." } },
	{ 7, 27, COUNSEL_HELP, {
	    "Your own address, that of the sender, cannot receive mail, and "
	    "is therefore refused.",
	    "Votre propre adresse, celle de l'expéditeur, ne peut pas "
	    "recevoir de courrier, et est donc refusée." } },
	{ 7, 28, COUNSEL_LATER, {
	    "The recipient's mail system has had too many messages in a short "
	    "time.",
	    "Le système de messagerie du destinataire a reçu trop de messages "
	    "en peu de temps." } },
	{ WITHOUT_CODE, 4, COUNSEL_LATER, {
	    "The recipient's mail system does not take the message now.",
	    "Le système de messagerie du destinataire n'accepte pas le "
	    "message pour l'instant." } },
	{ WITHOUT_CODE, 5, COUNSEL_RULES, {
	    "The recipient's mail system refuses your message.",
	    "Le système de messagerie du destinataire refuse votre "
	    "message." } }
};

/* Others that mean the same. */
static const struct {
	uint16_t	 subject, detail, as;
} same[] = {
	{ 1, 5, 0 }, { 1, 9, 0 }, { 4, 8, 0 },
	{ 6, 9, 7 }, { 6, 10, 7 },
	{ 7, 3, 2 }, { 7, 9, 8 }, { 7, 11, 10 }, { 7, 30, 10 },
	{ 7, 21, 20 }, { 7, 22, 20 }, { 7, 23, 20 }, { 7, 24, 20 },
	{ 7, 26, 20 }
};

static const struct reason *
find(unsigned subject, unsigned detail)
{
	size_t	 i;

	for (i = 0; i < sizeof same / sizeof same[0]; i++)
		if (same[i].subject == subject && same[i].detail == detail)
			detail = same[i].as;
	for (i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].subject == subject &&
		    reasons[i].detail == detail)
			return &reasons[i];
	return detail == 0 ? NULL : find(subject, 0);
}

const char *
phrase_reason(const struct reply *r, enum notice_language language,
    enum counsel *counsel)
{
	const struct reason	*found = NULL;

	if (r->class != 0)
		found = find(r->subject, r->detail);
	if (found == NULL && (reply_is_later(r) || reply_is_refusal(r)))
		found = find(WITHOUT_CODE, r->code / 100);
	*counsel = found == NULL ? COUNSEL_NONE : found->counsel;
	return found == NULL ? NULL : found->why[language];
}
