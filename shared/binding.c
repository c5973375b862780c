/* SPDX-License-Identifier: ISC */
#include "shared/binding.h"

enum { EXPORTED = 32 };		/* RFC 9266 section 2 */

/* RFC 5929 section 4.1: the hash of the certificate's own signature, but none
 * weaker than SHA-256. */
static bool
end_point(X509 *certificate, struct binding *b)
{
	const EVP_MD	*hash = NULL;
	unsigned	 len;
	int		 nid;

	if (certificate == NULL || !X509_get_signature_info(certificate, &nid,
	    NULL, NULL, NULL))
		return false;
	if (nid == NID_undef)
		return false;
	if (nid != NID_md5 && nid != NID_sha1)
		hash = EVP_get_digestbynid(nid);
	if (hash == NULL)
		hash = EVP_sha256();
	if (EVP_MD_get_size(hash) > BINDING_MAX ||
	    !X509_digest(certificate, hash, b->data, &len))
		return false;
	b->type = "tls-server-end-point";
	b->len = len;
	return true;
}

bool
binding_make(SSL *ssl, X509 *certificate, struct binding *b)
{
	static const char	 label[] = "EXPORTER-Channel-Binding";

	if (SSL_version(ssl) < TLS1_3_VERSION)
		return end_point(certificate, b);
	b->type = "tls-exporter";
	b->len = EXPORTED;
	return SSL_export_keying_material(ssl, b->data, b->len, label,
	    sizeof(label) - 1, (const unsigned char *)"", 0, 1);
}
