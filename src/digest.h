/*-------------------------------------------------------------------------
 *
 * digest.h
 *	  Checksums of texts, as this and other tools compute them.
 *
 * Texts are in the database's encoding and are digested in UTF-8, as their
 * files have it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MIG_DIGEST_H
#define MIG_DIGEST_H

#include "common/cryptohash.h"
#include "lib/stringinfo.h"

extern char *mig_digest_hex(pg_cryptohash_type type, const char *text, int len);
extern char *mig_digest_hex_bytes(pg_cryptohash_type type, const void *data,
								  int len);
extern char *mig_digest_base64_bytes(pg_cryptohash_type type,
									 const void *data, int len);
extern uint32 mig_digest_crc32(const void *data, int len);
extern uint64 mig_digest_siphash13(const void *data, int len);
extern char *mig_digest_utf8(const char *text, int len, int *utf8_len);

#endif							/* MIG_DIGEST_H */
