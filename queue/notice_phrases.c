/* SPDX-License-Identifier: ISC */
#include "queue/notice_phrases.h"

static const struct phrases	 english = {
	.tag = "en",
	.weekdays = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
	    "Friday", "Saturday" },
	.months = { "January", "February", "March", "April", "May", "June",
	    "July", "August", "September", "October", "November",
	    "December" },
	.date = "{weekday}, {day} {month} {year}, {hour}:{minute} UTC",
	.units = { { "day", "days" }, { "hour", "hours" },
	    { "minute", "minutes" }, { "second", "seconds" } },

	.subjects = {
		"Undelivered Mail Returned to Sender",
		"Delayed Mail (still being retried)",
		"Successful Mail Delivery Report",
		"Successful Mail Delivery Report",
		"Successful Mail Delivery Report"
	},
	.subject_double = "Undelivered Notice (double bounce)",

	.opening = {
		"This is an automatic notice from the mail system at {host}. "
		    "It is about this message that you sent:",
		"This is an automatic notice from the mail system at {host}. "
		    "It is about {count} messages that you sent, and comes "
		    "instead of {count} notices that would be alike.",
		"This is an automatic notice from the mail system at {host} "
		    "to its postmaster. Another notice of this system could "
		    "not be delivered, so that whoever sent the message that "
		    "it is about does not know what became of it. It is this "
		    "notice:"
	},
	.sent = "Date: {date}",
	.subject = "Subject: {subject}",
	.came = {
		[ACTION_FAILED] = {
			"The message could not be delivered to the recipient "
			    "below. It will not be tried again.",
			"The message could not be delivered to the recipients "
			    "below. It will not be tried again.",
			"The messages could not be delivered to the recipients "
			    "below. They will not be tried again."
		},
		[ACTION_DELAYED] = {
			"The message has not yet been delivered to the "
			    "recipient below. You need not do anything: it is "
			    "still being tried. Please do not send it again.",
			"The message has not yet been delivered to the "
			    "recipients below. You need not do anything: it "
			    "is still being tried. Please do not send it "
			    "again.",
			"The messages have not yet been delivered to the "
			    "recipients below. You need not do anything: they "
			    "are still being tried. Please do not send them "
			    "again."
		},
		[ACTION_DELIVERED] = {
			"The message has been delivered to the recipient "
			    "below.",
			"The message has been delivered to the recipients "
			    "below.",
			"The messages have been delivered to the recipients "
			    "below."
		},
		[ACTION_RELAYED] = {
			"The message has been handed to the mail server of "
			    "the recipient below. That server does not report "
			    "what becomes of it, so you may hear no more, "
			    "unless it cannot be delivered.",
			"The message has been handed to the mail servers of "
			    "the recipients below. Those servers do not "
			    "report what becomes of it, so you may hear no "
			    "more, unless it cannot be delivered.",
			"The messages have been handed to the mail servers "
			    "of the recipients below. Those servers do not "
			    "report what becomes of them, so you may hear no "
			    "more, unless one cannot be delivered."
		},
		[ACTION_EXPANDED] = {
			"The address below stands for several recipients. The "
			    "message has been passed on to all of them; you "
			    "will not be told when each of them has it.",
			"Each of the addresses below stands for several "
			    "recipients. The message has been passed on to "
			    "all of them; you will not be told when each of "
			    "them has it.",
			"Each of the addresses below stands for several "
			    "recipients. The messages have been passed on to "
			    "all of them; you will not be told when each of "
			    "them has one."
		}
	},

	.original = "(you wrote to <{address}>)",
	.expired = "It was tried for {life}{attempts}, without success.",
	.attempts = { " ({count} attempt)", " ({count} attempts)" },
	.tried = "Last attempt: {date}.",
	.tried_often = "Attempts so far: {count}, the last on {date}.",
	.until = "It will be tried until {date}. If it is still not delivered "
	    "then, you will get another notice.",
	.counsels = {
		[COUNSEL_SPELLING] = "Please look for typing mistakes in the "
		    "address. If it is right, ask the recipient in another "
		    "way, by telephone for example, for the address to use.",
		[COUNSEL_DOMAIN] = "Please look for typing mistakes in the "
		    "address, above all behind the \"@\". If it is right, "
		    "tell the recipient in another way.",
		[COUNSEL_PERSON] = "Please ask the recipient in another way, "
		    "by telephone for example, for the address to use.",
		[COUNSEL_LATER] = "This may pass. Please send your message "
		    "again later, or tell the recipient in another way.",
		[COUNSEL_FULL] = "Please tell the recipient in another way, "
		    "and send your message again when there is room.",
		[COUNSEL_SIZE] = "Please send it again without large "
		    "attachments, or in several smaller messages.",
		[COUNSEL_FEWER] = "Please send it again, to fewer recipients "
		    "at a time.",
		[COUNSEL_FORMAT] = "Please send it again in a simpler form: "
		    "as plain text, without attachments.",
		[COUNSEL_LIST] = "Please ask those who look after the list.",
		[COUNSEL_RULES] = "What it said is below, and may tell why. "
		    "If that does not help, ask the recipient in another way, "
		    "or us: see the end of this notice.",
		[COUNSEL_HELP] = "You can hardly do anything about this "
		    "yourself. Please ask for help, as the end of this notice "
		    "says."
	},

	.said_host = "The mail server {host} said:",
	.said_network = "What happened at the mail server {host}:",
	.said = "In technical words:",
	.returned_header = "The header of your message is attached.",
	.returned_content = "Your message is attached.",
	.returned_first = "The header of the first message is attached.",
	.returned_notice = "The header of that notice is attached.",
	.help = "If you need help, forward this notice to <{contact}>.",
	.help_admin = "More is in the log.",
	.number = "The number of the message here is {id}.",
	.number_of = "Number here: {id}"
};

static const struct phrases	 french = {
	.tag = "fr",
	.weekdays = { "dimanche", "lundi", "mardi", "mercredi", "jeudi",
	    "vendredi", "samedi" },
	.months = { "janvier", "février", "mars", "avril", "mai", "juin",
	    "juillet", "août", "septembre", "octobre", "novembre",
	    "décembre" },
	.date = "{weekday} {day} {month} {year} à {hour}~h~{minute} (UTC)",
	.units = { { "jour", "jours" }, { "heure", "heures" },
	    { "minute", "minutes" }, { "seconde", "secondes" } },

	.subjects = {
		"Message non remis, retourné à l'expéditeur",
		"Message retardé (nouvelles tentatives en cours)",
		"Accusé de remise de votre message",
		"Accusé de remise de votre message",
		"Accusé de remise de votre message"
	},
	.subject_double = "Avis non remis (double retour)",

	.opening = {
		"Ceci est un avis automatique du système de messagerie {host}, "
		    "au sujet de ce message que vous avez envoyé~:",
		"Ceci est un avis automatique du système de messagerie {host}, "
		    "au sujet de {count} messages que vous avez envoyés. Il "
		    "remplace {count} avis qui auraient été semblables.",
		"Ceci est un avis automatique du système de messagerie {host} "
		    "à son administrateur. Un autre avis de ce système n'a pas "
		    "pu être remis~; l'expéditeur du message dont il traite "
		    "ignore donc ce que celui-ci est devenu. Il s'agit de cet "
		    "avis~:"
	},
	.sent = "Date~: {date}",
	.subject = "Objet~: {subject}",
	.came = {
		[ACTION_FAILED] = {
			"Le message n'a pas pu être remis au destinataire "
			    "ci-dessous. Il n'y aura pas de nouvelle "
			    "tentative.",
			"Le message n'a pas pu être remis aux destinataires "
			    "ci-dessous. Il n'y aura pas de nouvelle "
			    "tentative.",
			"Les messages n'ont pas pu être remis aux "
			    "destinataires ci-dessous. Il n'y aura pas de "
			    "nouvelle tentative."
		},
		[ACTION_DELAYED] = {
			"Le message n'a pas encore été remis au destinataire "
			    "ci-dessous. Vous n'avez rien à faire~: de "
			    "nouvelles tentatives sont en cours. Il est "
			    "inutile de le renvoyer.",
			"Le message n'a pas encore été remis aux destinataires "
			    "ci-dessous. Vous n'avez rien à faire~: de "
			    "nouvelles tentatives sont en cours. Il est "
			    "inutile de le renvoyer.",
			"Les messages n'ont pas encore été remis aux "
			    "destinataires ci-dessous. Vous n'avez rien à "
			    "faire~: de nouvelles tentatives sont en cours. "
			    "Il est inutile de les renvoyer."
		},
		[ACTION_DELIVERED] = {
			"Le message a été remis au destinataire ci-dessous.",
			"Le message a été remis aux destinataires ci-dessous.",
			"Les messages ont été remis aux destinataires "
			    "ci-dessous."
		},
		[ACTION_RELAYED] = {
			"Le message a été confié au serveur de messagerie du "
			    "destinataire ci-dessous. Ce serveur n'envoie pas "
			    "d'accusé de remise~: sauf échec, vous n'aurez "
			    "sans doute pas d'autres nouvelles.",
			"Le message a été confié aux serveurs de messagerie "
			    "des destinataires ci-dessous. Ces serveurs "
			    "n'envoient pas d'accusé de remise~: sauf échec, "
			    "vous n'aurez sans doute pas d'autres nouvelles.",
			"Les messages ont été confiés aux serveurs de "
			    "messagerie des destinataires ci-dessous. Ces "
			    "serveurs n'envoient pas d'accusé de remise~: "
			    "sauf échec, vous n'aurez sans doute pas d'autres "
			    "nouvelles."
		},
		[ACTION_EXPANDED] = {
			"L'adresse ci-dessous désigne plusieurs destinataires. "
			    "Le message leur a été transmis à tous~; vous ne "
			    "recevrez pas d'accusé pour chacun d'eux.",
			"Chacune des adresses ci-dessous désigne plusieurs "
			    "destinataires. Le message leur a été transmis à "
			    "tous~; vous ne recevrez pas d'accusé pour chacun "
			    "d'eux.",
			"Chacune des adresses ci-dessous désigne plusieurs "
			    "destinataires. Les messages leur ont été transmis "
			    "à tous~; vous ne recevrez pas d'accusé pour "
			    "chacun d'eux."
		}
	},

	.original = "(vous avez écrit à <{address}>)",
	.expired = "La remise a été tentée pendant {life}{attempts}, sans "
	    "succès.",
	.attempts = { " ({count} tentative)", " ({count} tentatives)" },
	.tried = "Dernière tentative~: {date}.",
	.tried_often = "Tentatives effectuées~: {count}, la dernière le "
	    "{date}.",
	.until = "Les tentatives continueront jusqu'au {date}. Si le message "
	    "n'est toujours pas remis à cette date, vous recevrez un autre "
	    "avis.",
	.counsels = {
		[COUNSEL_SPELLING] = "Veuillez vérifier que l'adresse ne "
		    "contient pas de faute de frappe. Si elle est correcte, "
		    "demandez au destinataire par un autre moyen, par "
		    "exemple par téléphone, quelle adresse utiliser.",
		[COUNSEL_DOMAIN] = "Veuillez vérifier que l'adresse ne "
		    "contient pas de faute de frappe, surtout après le signe "
		    "«~@~». Si elle est correcte, prévenez le destinataire "
		    "par un autre moyen.",
		[COUNSEL_PERSON] = "Veuillez demander au destinataire par un "
		    "autre moyen, par exemple par téléphone, quelle adresse "
		    "utiliser.",
		[COUNSEL_LATER] = "Cette difficulté est peut-être passagère. "
		    "Veuillez renvoyer votre message plus tard, ou prévenir "
		    "le destinataire par un autre moyen.",
		[COUNSEL_FULL] = "Veuillez prévenir le destinataire par un "
		    "autre moyen, et renvoyer votre message lorsqu'il y aura "
		    "de nouveau de la place.",
		[COUNSEL_SIZE] = "Veuillez le renvoyer sans pièces jointes "
		    "volumineuses, ou en plusieurs messages plus petits.",
		[COUNSEL_FEWER] = "Veuillez le renvoyer à moins de "
		    "destinataires à la fois.",
		[COUNSEL_FORMAT] = "Veuillez le renvoyer sous une forme plus "
		    "simple~: en texte brut, sans pièces jointes.",
		[COUNSEL_LIST] = "Veuillez vous adresser aux responsables de "
		    "la liste.",
		[COUNSEL_RULES] = "Sa réponse figure ci-dessous et peut en "
		    "donner la raison. Si elle ne vous aide pas, adressez-vous "
		    "au destinataire par un autre moyen, ou à nous~: voyez la "
		    "fin de cet avis.",
		[COUNSEL_HELP] = "Vous ne pouvez guère y remédier vous-même. "
		    "Veuillez demander de l'aide, comme l'indique la fin de "
		    "cet avis."
	},

	.said_host = "Réponse du serveur de messagerie {host}~:",
	.said_network = "Constaté auprès du serveur de messagerie {host}~:",
	.said = "En termes techniques~:",
	.returned_header = "L'en-tête de votre message est joint à cet avis.",
	.returned_content = "Votre message est joint à cet avis.",
	.returned_first = "L'en-tête du premier message est joint à cet avis.",
	.returned_notice = "L'en-tête de l'avis non remis est joint.",
	.help = "Pour obtenir de l'aide, transmettez cet avis à <{contact}>.",
	.help_admin = "Le journal en dit davantage.",
	.number = "Le numéro du message chez nous est {id}.",
	.number_of = "Numéro chez nous~: {id}"
};

const struct phrases *
phrases_of(enum notice_language language)
{
	return language == NOTICE_FRENCH ? &french : &english;
}
